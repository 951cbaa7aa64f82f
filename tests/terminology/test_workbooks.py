"""Excel workbooks: tables as in CSV, several sheets, nothing calculated; bombs and broken files are refused."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glossary_files import LAUGHS, load, message, names
from headgate import Glossary, PolicyError
from headgate.terminology.reading import parse_glossary

openpyxl = pytest.importorskip("openpyxl", reason="workbooks need openpyxl: pip install 'headgate[xlsx]'")

ROWS = [["canonical", "alias", "mode"], ["LarkDesk", "LDX", "flag"], ["LarkDesk", "Otter", "flag"], []]


def book(*sheets: Sequence[Any], hidden: Sequence[int] = ()) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for number, rows in enumerate(sheets):
        sheet = made.create_sheet(f"Sheet {number}")
        sheet.sheet_state = "hidden" if number in hidden else "visible"
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def changed(data: bytes, **parts: bytes | None) -> bytes:
    """Return a workbook with some of its parts replaced; a name's dots are written `__`, its slashes `_S_`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        mine = {name.replace("_S_", "/").replace("__", "."): content for name, content in parts.items()}
        for name in old.namelist():
            new.writestr(name, old.read(name) if mine.get(name) is None else mine[name] or b"")
    return stream.getvalue()


def sheet_of(body: str, dimension: str = "A1:B2") -> bytes:
    return (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="{dimension}"/><sheetData>{body}</sheetData></worksheet>'
    ).encode()


def inline(cells: str, row: int | str = 1) -> str:
    texts = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells.split(","))
    return f'<row r="{row}">{texts}</row>'


@pytest.mark.parametrize("name", ["t.xlsx", "t.xlsm", "export", "t.csv"])
def test_a_sheet_is_read_as_the_same_table_in_csv(tmp_path: Path, name: str) -> None:
    glossary = load(tmp_path, name, book(ROWS))
    assert [(one.canonical, one.aliases, one.mode, one.line) for one in glossary.concepts] == [
        ("LarkDesk", ("LDX", "Otter"), "flag", 2)
    ]


def test_values_are_what_a_person_sees(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Our terms"],
        ["Term", "Synonyms", "plurals", "note"],
        ["LarkDesk", "LDX; Otter", True, 3.5],
        [2024, 2.0, None, None],
        [None, None, None, "only a note"],
    ]
    found = message(tmp_path, "t.xlsx", book(rows))
    assert "t.xlsx:5: the row has no canonical term" in found
    glossary = load(tmp_path, "t.xlsx", book(rows[:4]))
    assert [(one.canonical, one.aliases, one.plurals) for one in glossary.concepts] == [
        ("LarkDesk", ("LDX", "Otter"), True),
        ("2024", ("2",), None),
    ]
    assert [one.kind for one in glossary.remarks] == ["column"]


def test_a_long_sheet_is_read_from_its_header_to_its_end(tmp_path: Path) -> None:
    rows = [["title"], [], ["alias", "canonical"], *([f"a{number}", f"C{number}"] for number in range(40))]
    glossary = load(tmp_path, "t.xlsx", book(rows))
    assert [(one.canonical, one.aliases, one.line) for one in glossary.concepts] == [
        (f"C{number}", (f"a{number}",), number + 4) for number in range(40)
    ]


def test_every_visible_sheet_with_columns_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    more = [["from", "to"], ["Mink", "Stoat"]]
    glossary = load(
        tmp_path, "t.xlsx", book(ROWS, more, [["Notes"]], [["canonical", "alias"], ["x", "y"]], [], hidden=[3])
    )
    assert names(glossary) == {"LarkDesk": {"LDX", "Otter"}, "Stoat": {"Mink"}}
    assert [one.text for one in glossary.remarks] == [
        "the sheet 'Sheet 3' is hidden, and is left out.",
        "no row at the top of the sheet 'Sheet 2' names the columns.",
    ]
    assert re.search(
        r"columns canonical and alias; found here: 'a', 'b'", message(tmp_path, "t.xlsx", book([["a", "b"]], [["c"]]))
    )
    assert "found here: nothing" in message(tmp_path, "t.xlsx", book([]))


def test_all_problems_of_all_sheets_come_at_once_with_sheet_and_row(tmp_path: Path) -> None:
    first = [["canonical", "alias", "modee"], ["A", "=B1&B2"], ["B", None], ["#REF!", "c"]]
    second = [["canonical", "alias", "mode"], ["D", "d", "shout"], ["E", "Alpha"], ["F", "Alpha"]]
    found = message(tmp_path, "t.xlsx", book(first, second))
    for part in (
        "t.xlsx:1 Sheet 0: unknown column 'modee'. Did you mean 'mode'?",
        "t.xlsx:2 Sheet 0: '=B1&B2' is a formula, which is never calculated here.",
        "t.xlsx:3 Sheet 0: 'B' has no alias",
        "t.xlsx:4 Sheet 0: '#REF!' is an error of a spreadsheet",
        "t.xlsx:2 Sheet 1.mode",
    ):
        assert part in found, found
    assert "t.xlsx:3 Sheet 1: the alias 'alpha' is claimed by" in message(
        tmp_path, "t.xlsx", book([[]], [*second[:1], *second[2:]])
    )


@pytest.mark.parametrize("formula", ["=A1", "=[1]Sheet!A1", "={1,2}", "=#REF!", '="a"', "=SUM(1;2)", "=-1"])
def test_a_formula_is_never_calculated_and_a_text_that_looks_like_one_is_a_text(tmp_path: Path, formula: str) -> None:
    assert "a formula" in message(tmp_path, "t.xlsx", book([["canonical", "alias"], ["A", formula]]))
    made = openpyxl.Workbook()
    made.active.append(["canonical", "alias", "note"])
    made.active.append(["A", "b", formula])  # in a column that does not count
    for cell, value in (("A3", "-x"), ("B3", "=A1")):
        made.active[cell] = value
        made.active[cell].data_type = "s"
    made.save(tmp_path / "t.xlsx")
    assert names(Glossary.load(tmp_path / "t.xlsx")) == {"A": {"b"}, "-x": {"=A1"}}
    array = openpyxl.Workbook()
    array.active.append(["canonical", "alias"])
    array.active["A2"], array.active["B2"] = "A", openpyxl.worksheet.formula.ArrayFormula("B2:B3", "=C1:C2")
    array.save(tmp_path / "a.xlsx")
    with pytest.raises(PolicyError, match="a formula"):
        Glossary.load(tmp_path / "a.xlsx")


def _bomb() -> bytes:
    return changed(book(ROWS), xl_S_worksheets_S_sheet1__xml=sheet_of("<row>" + " " * 60_000_000 + "</row>"))


def _sheets(count: int) -> bytes:
    return book(*([ROWS] * count))


SHARED = '<c r="A{}"><f t="shared" si="0" ref="A1:A9">{}</f><v>1</v></c>'
HOSTILE: list[tuple[str, Any, str | None]] = [
    ("zip-bomb", _bomb, "more than 50,000,000 bytes once it is unpacked"),
    ("laughs", lambda: _part(f"<!DOCTYPE x [{LAUGHS}]>", "&l11;"), "document type"),
    ("external", lambda: _part('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>', "&a;"), "document type"),
    ("wide-external", lambda: _part('<!DOCTYPE x [<!ENTITY a SYSTEM "x">]>', "&a;", "utf-16"), "document type"),
    ("last-row", lambda: _body(inline("canonical,alias") + inline("A,b", 9_999_999_999)), "more than 1,000,000 rows"),
    ("negative-row", lambda: _body(inline("canonical,alias") + inline("A,b", -5)), None),
    ("row-of-words", lambda: _body(inline("canonical,alias", "x")), "cannot be read"),
    (
        "styles",
        lambda: changed(book(ROWS), xl_S_styles__xml=b"<styleSheet>" + b"<a/>" * 2_100_000 + b"</styleSheet>"),
        "8,000,000",
    ),
    ("deep", lambda: _body("<a>" * 200 + "</a>" * 200), "nested too deeply"),
    ("formula", lambda: _body(f"<row>{SHARED.format(1, 'A' * 9_000)}</row>"), "formulas"),
    (
        "formulas",
        lambda: _body(f"<row>{SHARED.format(1, '1+' * 4_000)}{SHARED.format(2, '') * 7_000}</row>"),
        "formulas",
    ),
    ("sheets", lambda: _sheets(201), "201 sheets"),
    ("strings", lambda: _body('<row><c t="s"><v>9</v></c></row>'), "cannot be read"),
    ("cut", lambda: book(ROWS)[:-40], "ZIP archive|not an Excel workbook"),
    ("no-sheet", lambda: changed(book(ROWS), xl_S_worksheets_S_sheet1__xml=b"<a"), "not XML"),
    ("no-types", lambda: changed(book(ROWS), **{"[Content_Types]__xml": b"<a/>"}), "cannot be read"),
]


def _part(doctype: str, text: str, encoding: str = "utf-8") -> bytes:
    body = sheet_of(inline(text)).decode()
    return changed(
        book(ROWS),
        xl_S_worksheets_S_sheet1__xml=f'<?xml version="1.0" encoding="{encoding}"?>{doctype}{body}'.encode(encoding),
    )


def _body(body: str) -> bytes:
    return changed(book(ROWS), xl_S_worksheets_S_sheet1__xml=sheet_of(body))


@pytest.mark.parametrize(("name", "make", "expected"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_bombs_and_broken_workbooks_are_refused(tmp_path: Path, name: str, make: Any, expected: str | None) -> None:
    data = make()
    if expected is None:
        parse_glossary(data, Path("t.xlsx"))
        return
    found = message(tmp_path, "t.xlsx", data)
    assert re.search(expected, found), found


def test_what_a_sheet_says_of_its_size_makes_no_more_of_it(tmp_path: Path) -> None:
    data = changed(
        book(ROWS),
        xl_S_worksheets_S_sheet1__xml=sheet_of(inline("canonical,alias") + inline("A,b", 2), "A1:XFD1048576"),
    )
    assert names(load(tmp_path, "t.xlsx", data)) == {"A": {"b"}}


def test_without_openpyxl_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = book(ROWS)
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    assert "pip install 'headgate[xlsx]'" in message(tmp_path, "t.xlsx", data)


WHOLE = book(ROWS)
SHEET = sheet_of(
    inline("canonical,alias") + inline("A,b", 2) + '<row r="3"><c r="A3" t="n"><f>A1</f><v>3</v></c></row>'
)


@settings(max_examples=100)
@given(st.binary(max_size=30), st.integers(0, 100_000), st.integers(0, 40), st.booleans())
def test_no_workbook_crashes_the_reader(noise: bytes, position: int, gone: int, in_sheet: bool) -> None:
    data = SHEET if in_sheet else WHOLE
    position %= len(data)
    data = data[:position] + noise + data[position + gone :]
    try:
        parse_glossary(changed(WHOLE, xl_S_worksheets_S_sheet1__xml=data) if in_sheet else data, Path("t.xlsx"))
    except PolicyError as error:
        assert str(error)  # noqa: PT017 - whatever else is raised, fails

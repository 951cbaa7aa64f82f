"""Tables and pages as documents: JSON, CSV, Parquet and HTML, and what is said of what was passed over."""

from __future__ import annotations

import csv
import json
import os
import shlex
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from growing import is_growing_too_fast
from headgate.cli.app import app
from headgate.corpus import CorpusItem, Fields, read_corpus
from headgate.corpus.html import decode_html, read_html
from headgate.errors import HeadgateError
from headgate.limits import Limits

ROWS: list[dict[str, object]] = [
    {"body": 'Thirty days, "or" more.\nEvery year.', "link": "https://a.example/1", "changed": "2026-05-01", "n": "1"},
    {"body": "Ümläute; semicolons, commas", "link": "https://a.example/2", "changed": "2026-05-02", "n": "2"},
]
FIELDS = ["--text-field", "body", "--field-map", "source=link,last_modified=changed"]


def fields() -> Fields:
    return Fields.parse("body", ["source=link", "last_modified=changed"])


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, delimiter: str = ",") -> Path:
    if path.suffix == ".json":
        path.write_text(json.dumps({"total": 2, "items": ROWS}))
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, ROWS)))
    elif path.suffix == ".parquet":
        arrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.Table.from_pylist(ROWS), path)
    else:
        with path.open("w", newline="", encoding="utf-8-sig") as stream:
            table = csv.DictWriter(stream, list(ROWS[0]), delimiter=delimiter)
            table.writeheader()
            table.writerows(ROWS)
    return path


@pytest.mark.parametrize(
    ("name", "delimiter"),
    [("t.json", ""), ("t.jsonl", ""), ("t.parquet", ""), ("t.csv", ","), ("t.csv", ";"), ("t.tsv", "\t")],
)
def test_every_table_says_the_same(tmp_path: Path, name: str, delimiter: str) -> None:
    found = list(read_corpus(write(tmp_path / name, delimiter), fields=fields()))
    assert [item.problem for item in found] == [None, None]
    chunks = [item.chunk for item in found if item.chunk is not None]
    assert [chunk.text for chunk in chunks] == [row["body"] for row in ROWS]
    assert [chunk.metadata["source"] for chunk in chunks] == ["https://a.example/1", "https://a.example/2"]
    assert chunks[1].metadata["last_modified"] == "2026-05-02"
    assert chunks[1].metadata["n"] == "2"


def test_the_commands_read_them(here: Path) -> None:
    write(here / "t.csv")
    done = run("init", "t.csv", *FIELDS)
    assert done.exit_code == 0, done.output
    assert "https://a.example/*" in (here / "headgate.yaml").read_text()
    # What is suggested next reads what was read now.
    suggested = done.stdout.partition("Next: headgate ")[2].splitlines()[0]
    assert run(*shlex.split(suggested)).exit_code == 0, suggested
    assert run("audit", "t.csv", *FIELDS).exit_code == 0
    done = run("audit", "t.csv", "--text-field", "body", "--field-map", "source=url")
    assert done.exit_code == 1
    assert "no document has a field 'url'" in done.stderr
    done = run("audit", "t.csv")
    assert done.exit_code == 1
    assert "--text-field names another" in done.output
    for wrong in ("source", "=link", "source="):
        assert "NAME=FIELD" in str(run("audit", "t.csv", "--field-map", wrong).exception)


def test_nested_fields_and_times_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps([{"doc": {"body": "Text.", "meta": {"url": "https://a.example/x"}}}, {"doc": {}}, 7]))
    first, second, third = read_corpus(path, fields=Fields.parse("doc.body", ["source=doc.meta.url"]))
    assert first.chunk is not None
    assert (first.chunk.text, first.chunk.metadata["source"]) == ("Text.", "https://a.example/x")
    assert second.chunk is None
    assert "'doc.body' must hold one" in str(second.problem)
    assert third.problem == "it is not a JSON object"
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    row = {"text": "T", "updated": datetime(2026, 5, 1, tzinfo=timezone.utc), "source": "kb/a", "none": None}
    parquet.write_table(arrow.Table.from_pylist([row]), tmp_path / "t.parquet")
    (item,) = read_corpus(tmp_path / "t.parquet")
    assert item.chunk is not None
    assert item.chunk.metadata == {"updated": "2026-05-01T00:00:00+00:00", "source": "kb/a"}


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("t.json", b"[" * 9_000, "not JSON"),
        ("t.json", b'{"text": "a", "text": "b"}', "is there twice"),
        ("t.json", b"\xff\xfe{}", "not JSON"),
        ("t.json", b'{"text": 7}', "it has no text"),
        ("t.csv", b"text,source\nok,a\nx,y,z\n", "3 fields, and there are 2 columns"),
        ("t.csv", b"text,text\na,b\n", "two columns"),
        ("t.csv", b'text\n"never closed', "cannot be read to its end"),
        ("t.csv", b"text\n\xff\xfe\n", "not UTF-8"),
        ("t.csv", b"text\n" + b"x" * 5_000, "longer than"),
        ("t.csv", b"a" * 5_000, "longer than"),
        ("t.csv", b"a,b\n1,2\n", "it has no text"),
        ("t.parquet", b"PAR1 nothing of the kind PAR1", "cannot be read"),
        ("t.parquet", b"", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named_and_ends_nothing(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(data)
    limit = csv.field_size_limit()
    found: list[CorpusItem] = list(read_corpus(tmp_path / name, limits=Limits(text_bytes=2_000)))
    assert any(said in str(item.problem) for item in found), found
    assert csv.field_size_limit() == limit


@given(st.binary(max_size=200))
def test_no_bytes_end_the_reading(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("t")
    for name in ("t.csv", "t.json", "t.html", "t.tsv"):
        (folder / name).write_bytes(data)
        for item in read_corpus(folder / name):
            assert item.chunk is not None or item.problem


def test_tables_in_a_folder_are_read_when_it_is_said_what_they_mean(tmp_path: Path) -> None:
    write(tmp_path / "t.csv")
    (tmp_path / "package.json").write_text("{}")
    skipped = list(read_corpus(tmp_path))
    assert all(item.chunk is None and not item.is_document for item in skipped)
    assert "--text-field" in str(skipped[1].problem)
    assert sum(item.chunk is not None for item in read_corpus(tmp_path, fields=fields())) == 2


PAGE = """<!DOCTYPE html><html><head><title>Leave &amp; sick days</title>
<meta name="last-modified" content="2026-05-01"><meta property="article:expiration_time" content="2027-01-01">
<meta http-equiv="expires" content="0"><meta name="description" content="no date"><style>p {color: red}</style></head>
<body><nav>Home</nav><h1>Leave</h1><p>Thirty <b>day</b>s<br>a year &lt;3.</p><script>evil("<p>x</p>")</script>
<ul><li>one<li>two</ul><!-- hidden --><template>no</template><a title="a > b">link</a></body></html>"""


def test_a_page_is_the_text_that_its_reader_sees(tmp_path: Path) -> None:
    metadata, text = read_html(PAGE)
    assert text == "Home\nLeave\nThirty days\na year <3.\none\ntwo\nlink"
    assert metadata == {
        "title": "Leave & sick days",
        "last-modified": "2026-05-01",
        "article:expiration_time": "2027-01-01",
    }
    (tmp_path / "page.html").write_text(PAGE)
    (item,) = read_corpus(tmp_path)
    assert item.chunk is not None
    assert item.chunk.text == text
    assert "mtime" not in item.chunk.metadata


def test_a_page_names_its_encoding(tmp_path: Path) -> None:
    page = '<meta charset="windows-1252"><p>Müller</p>'
    assert read_html(decode_html(page.encode("cp1252")))[1] == "Müller"
    assert read_html(decode_html(page.encode("utf-8")))[1] == "Müller"
    assert read_html(decode_html(page.encode("utf-16")))[1] == "Müller"
    for charset in ("rot13", "unicode_escape", "zlib", "idna", "nothing"):
        with pytest.raises(ValueError, match="not UTF-8"):
            decode_html(f'<meta charset="{charset}">\xff'.encode("latin-1"))


@pytest.mark.parametrize(
    "piece", ["<", "<!--", "<a ", '<a b="', "<![CDATA[", "&", "</", "<div>", "<script>", "<?", "<a/", "<title>", "&#1"]
)
def test_no_page_takes_long(piece: str) -> None:
    assert not is_growing_too_fast(lambda: read_html(piece * 4_000), lambda: read_html(piece * 16_000), 0.01)


def test_what_was_passed_over_is_counted_and_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "docs").mkdir()
    (here / "docs" / "a.md").write_text("A page.")
    for number in range(30):
        (here / "docs" / f"{number:02}.pptx").write_bytes(b"%PDF")
    (here / "docs" / "closed").mkdir()
    scandir = os.scandir

    def refusing(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    done = run("init", "docs")
    assert done.exit_code == 1
    assert "30 places: files of this kind are not read (.pptx): docs/00.pptx" in done.stderr
    assert "25 more" in done.stderr
    assert "the folder cannot be read (Permission denied): docs/closed" in done.stderr
    (here / "docs" / "a.md").unlink()
    for command in ("audit", "init"):
        done = run(command, "docs", *(["--force"] if command == "init" else []))
        assert isinstance(done.exception, HeadgateError)  # exit code 2: there was nothing to look at
        assert "no document to look at" in str(done.exception)

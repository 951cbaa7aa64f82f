"""Encodings, columns, cells and lines of glossary files: what is read, what is refused, and where it is said to be."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest

from headgate import Glossary, PolicyError
from headgate.terminology import Concept
from headgate.terminology.columns import find_columns
from headgate.terminology.encodings import decode
from headgate.terminology.foreign import foreign_text_problem
from headgate.terminology.formats import build
from headgate.terminology.plain_yaml import read_plain
from headgate.terminology.synonyms import has_synonym_lists, read_synonyms, synonyms_in
from headgate.terminology.tables import is_table, read_records, read_table
from headgate.terminology.writing import write_glossary


def _error(data: bytes, encoding: str | None = None) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        decode(data, encoding)
    return caught.value


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("\u00e9".encode("cp1252"), "cp1252"),
        (codecs.BOM_UTF8 + "\u00e9".encode(), None),
        (codecs.BOM_UTF16_LE + "\u00e9".encode("utf-16-le"), None),
        (codecs.BOM_UTF16_BE + "\u00e9".encode("utf-16-be"), None),
        (codecs.BOM_UTF32_LE + "\u00e9".encode("utf-32-le"), None),
        (codecs.BOM_UTF32_BE + "\u00e9".encode("utf-32-be"), None),
        ("\u00e9".encode(), None),
    ],
)
def test_a_file_is_read_as_its_mark_or_its_reader_says(data: bytes, encoding: str | None) -> None:
    assert decode(data, encoding) == "\u00e9"


def test_more_than_a_quarter_of_nulls_at_the_top_is_utf_16_without_a_mark() -> None:
    assert _error(b"a\0" * 10).line == 1
    assert "UTF-16" in _error(b"aa\0").problem
    assert decode(b"aaa\0") == "aaa\0"
    assert decode(b"a" * 1_024 + b"\0" * 2_000) == "a" * 1_024 + "\0" * 2_000
    assert decode(b"a\0", "utf-16-le") == "a"
    assert decode(b"a\0" * 4, "utf-8") == "a\0" * 4


@pytest.mark.parametrize(
    ("data", "line", "byte", "shown"),
    [
        (b"a\n\nb\xff c\nd", 3, 4, "'b\u00ff c'"),
        (b"\xffabc", 1, 0, "'\u00ffabc'"),
        (b"ab\n\xff", 2, 3, "'\u00ff'"),
        (b"x" * 60 + b"\xff" + b"y" * 40, 1, 60, f"'{'x' * 20}\u00ff{'y' * 19}'"),
        (b"x" * 1_024 + b"\0\xff", 1, 1_025, "\u00ff"),
    ],
)
def test_a_byte_that_is_not_utf_8_is_shown_with_its_line_and_its_neighbours(
    data: bytes, line: int, byte: int, shown: str
) -> None:
    error = _error(data)
    assert error.line == line
    assert f"byte {byte} is not UTF-8" in error.problem
    assert shown in error.problem


def test_what_is_no_text_or_not_what_it_is_said_to_be_is_refused() -> None:
    assert "not a text file" in _error(b"x" * 1_023 + b"\0\xff").problem
    assert "no encoding 'no-such'" in _error(b"a", "no-such").problem
    assert "byte 1 is not ascii" in _error(b"a\xff", "ascii").problem


@pytest.mark.parametrize(
    ("header", "canonical", "aliases"),
    [
        (["canonical", "alias"], 0, ((1, False),)),
        (["Alias(es)", "Canonical"], 1, ((0, False),)),
        (["#canonical", "*alias*"], 0, ((1, False),)),
        (["term", "synonym 2"], 0, ((1, True),)),
        (["Term (English)", "AKA"], 0, ((1, True),)),
        (["preferred term", "term"], 0, ((1, False),)),
        (["term", "preferred term"], 1, ((0, False),)),
        (["term", "word"], 0, ((1, False),)),
        (["old name", "new_name"], 1, ((0, False),)),
        (["use", "avoid", "alias"], 0, ((1, True), (2, False))),
        (["alias", "alias2", "canonical"], 2, ((0, False), (1, False))),
        (["name", "term", "synonyms"], 0, ((2, True),)),
        (["term", "canonical", "x"], 1, ((0, False),)),
    ],
)
def test_columns_are_told_by_their_names(
    header: list[str], canonical: int, aliases: tuple[tuple[int, bool], ...]
) -> None:
    found = find_columns(header)
    assert found is not None
    assert (found.canonical, found.aliases) == (canonical, aliases)


@pytest.mark.parametrize("header", [["a", "b"], ["canonical"], ["canonical", "canonical"], ["alias"], []])
def test_a_row_without_both_columns_is_no_header(header: list[str]) -> None:
    assert find_columns(header) is None


def test_settings_are_columns_and_their_misspellings_are_told_from_notes() -> None:
    found = find_columns(
        [
            *("canonical", "alias", "mode", "keep quoted", "definition", "sorces", "near", "nearr"),
            *("noteson", "", "plural"),
        ]
    )
    assert found is not None
    assert found.settings == {"mode": 2, "keep_quoted": 3, "near": 6}
    assert found.misspelt == (("sorces", "sources"), ("nearr", "near"), ("plural", "plurals"))
    assert found.ignored == ("definition", "noteson")


def _concepts(text: str) -> dict[str, tuple[str, ...]]:
    return {one.canonical: one.aliases for one in read_table(text, "t.csv").concepts}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("canonical,alias\nA,b\nA,c\n", {"A": ("b", "c")}),
        ("sep=;\ncanonical;alias\nA;b\n", {"A": ("b",)}),
        ("canonical\talias\nA\tb\n", {"A": ("b",)}),
        ("canonical|aliases\nA|b\n", {"A": ("b",)}),
        ('canonical,aliases\nA,"b; c, d"\n', {"A": ("b", "c, d")}),
        ('canonical,aliases\nA,"b, c,d"\n', {"A": ("b", "c", "d")}),
        ('canonical,aliases\nA,"1,000, 2"\n', {"A": ("1,000", "2")}),
        ('canonical,alias\nA,"b, c; d"\n', {"A": ("b, c; d",)}),
        ("canonical,alias\nA,b|c\n", {"A": ("b", "c")}),
        ('canonical,alias\nA,"b|c\nd"\n', {"A": ("b|c", "d")}),
        ('canonical,alias,synonyms\nA,b,"c, d"\n', {"A": ("b", "c", "d")}),
        ("canonical,alias\nA,b,x,y\n,,\n\nB,c\n", {"A": ("b",), "B": ("c",)}),
        ("alias,x,canonical\nb,1,A\nc\n", None),
        ("a note\n\ncanonical,alias\nA,b\n", {"A": ("b",)}),
        ("\n" * 9 + "x\ncanonical,alias\nA,b\n", None),
        ("\n" * 9 + "canonical,alias\nA,b\n", {"A": ("b",)}),
        ("canonical,alias\n'=A,b\n", {"=A": ("b",)}),
        ("canonical,alias\nA,''@b\n", {"A": ("'@b",)}),
        ("canonical,alias\nA,'tis\n", {"A": ("'tis",)}),
    ],
)
def test_cells_list_by_lines_bars_semicolons_or_commas(text: str, expected: dict[str, tuple[str, ...]] | None) -> None:
    if expected is None:
        with pytest.raises(PolicyError):
            read_table(text, "t.csv")
        return
    assert _concepts(text) == expected


def test_concepts_of_tables_know_their_first_line_and_their_settings() -> None:
    text = "sep=,\ncanonical,alias,mode,plurals,near\nA,b,flag,TRUE,x|y\nB,c,,,\nA,d,flag,TRUE,x|y\nA,e,,faux,\n"
    found = read_table(text, "t.csv").concepts
    assert [(one.canonical, one.aliases, one.line) for one in found] == [
        ("A", ("b", "d"), 3),
        ("B", ("c",), 4),
        ("A", ("e",), 6),
    ]
    assert [(one.mode, one.plurals, one.near) for one in found] == [
        ("flag", True, ("x", "y")),
        ("replace", None, ()),
        ("replace", False, ()),
    ]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("canonical,alias\nA,\n,b\n", [(2, "'A' has no alias"), (3, "no canonical term")]),
        ("canonical,alias\nA,=1+2\nB,#REF!\n", [(2, "is a formula"), (3, "an error of a spreadsheet")]),
        ('canonical,alias\nA,b\nC,"d\nE,f\n', [(3, "this is not CSV")]),
        ("canonical,alias,mode\nA,b,shout\nB,c,shout\n", [(2, "mode 'shout'"), (3, "mode 'shout'")]),
        ("sep=,\ncanonical,alias,sorces\nA,b,x\n", [(2, "unknown column 'sorces'")]),
        ("x,y\n1,2\n", [(1, "found here: 'x', 'y'")]),
        ("\n", [(1, "found here: nothing")]),
    ],
)
def test_problems_of_tables_are_said_with_their_lines(text: str, problems: list[tuple[int, str]]) -> None:
    with pytest.raises(PolicyError) as caught:
        read_table(text, "t.csv")
    found = [caught.value, *caught.value.others]
    assert [one.line for one in found] == [line for line, _ in problems]
    for one, (_, part) in zip(found, problems, strict=True):
        assert part in one.problem


def test_of_very_wide_tables_the_first_columns_are_named() -> None:
    with pytest.raises(PolicyError) as caught:
        read_table(",".join(f"c{number}" for number in range(10)) + "\n", None)
    assert "'c7'" in caught.value.problem
    assert "'c8'" not in caught.value.problem


def test_a_table_is_told_by_its_header_or_by_the_separator_it_declares() -> None:
    assert is_table("sep=;\nx;y\n")
    assert is_table("canonical;alias\n")
    assert not is_table("canonical: [alias]\n")
    assert not is_table("\n" * 10 + "canonical,alias\n")


def test_records_are_rows_and_what_is_missing_in_one_is_empty() -> None:
    records: list[dict[str, object]] = [
        {"term": "A", "synonyms": ["b", "c, d"]},
        {"term": "B", "synonyms": "e; f"},
        {"term": "", "synonyms": None},
    ]
    found = read_records(records, "t.json", lambda number: number + 10)
    assert [(one.canonical, one.aliases, one.line) for one in found.concepts[:2]] == [
        ("A", ("b", "c, d"), 10),
        ("B", ("e", "f"), 11),
    ]
    with pytest.raises(PolicyError) as caught:
        read_records([{"term": "A", "synonyms": []}], "t.json", lambda number: number + 10)
    assert caught.value.line == 10
    with pytest.raises(PolicyError) as caught:
        read_records([{"x": 1}], "t.json", lambda number: number + 10)
    assert caught.value.line == 10


def test_synonyms_are_looked_for_twelve_levels_down() -> None:
    value: object = {"synonyms": ["a => b"]}
    for _ in range(12):
        value = {"x": value}
    assert has_synonym_lists(value)
    assert not has_synonym_lists({"x": value})
    assert not has_synonym_lists([value])
    found = synonyms_in(
        {"a": [{"synonyms": "x"}, {"synonyms": ["y", "z"]}, {"synonyms": {"synonyms": ["q"]}}], "b": "c"}
    )
    assert list(found) == ["x", "y", "z", "q"]
    assert list(synonyms_in({"synonyms": [1, "y"]})) == []


def test_lines_of_synonyms_rename_or_list() -> None:
    lines = ["# a => b", "", "  ", "a, b => C", "d => C", "C, C => C", "f, g, f", "h\\,i => j\\=>k", "x => x, y"]
    found = read_synonyms(enumerate(lines, 1), "s.txt")
    assert [(one.canonical, one.aliases, one.line) for one in found.concepts] == [
        ("C", ("a", "b", "d"), 4),
        ("f", ("g",), 7),
        ("j=>k", ("h,i",), 8),
    ]
    assert [(one.kind, one.line) for one in found.remarks] == [("several-replacements", 9), ("first-is-canonical", 7)]


@pytest.mark.parametrize("line", ["a", "a,", "=> b", "a =>", "a => b => c", ", => b", "a => b, c"])
def test_other_lines_are_no_synonyms(line: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_synonyms([(7, line)], "s.txt")
    assert caught.value.line == 7


@pytest.mark.parametrize(
    ("text", "suffix", "kind"),
    [
        ("x", ".trig", "TriG"),
        ("s(1,1,'x'", "", "WordNet"),
        ("{}", ".jsonl", "JSON Lines"),
        ("<x/>", "", "this is XML"),
        ("  <tmx>", "", "TMX"),
        (" " * 4_090 + "<tmx >", "", "TMX"),
        ("<xliff>", "", "XLIFF"),
    ],
)
def test_formats_that_are_not_read_are_named(text: str, suffix: str, kind: str) -> None:
    problem = foreign_text_problem(text, suffix)
    assert problem is not None
    assert kind in problem.problem
    assert problem.line == 1


def test_what_is_far_below_says_nothing_of_the_format() -> None:
    assert foreign_text_problem(" " * 4_096 + "<tmx>", "") is None
    assert foreign_text_problem("a <tmx>", "") is None
    assert foreign_text_problem("{}", ".json") is None
    page = foreign_text_problem("<!DOCTYPE html><html/>", "")
    assert page is not None
    assert "an HTML page" in page.problem


def test_terms_beyond_ascii_are_written_as_they_are() -> None:
    concepts = [Concept(canonical="\u5009\u5eab", aliases=("\u30c7\u30dd", "\U0001f40b"))]
    for form in ("json", "yaml", "csv", "solr", "vale", "renames"):
        text = write_glossary(concepts, form)[0]
        assert "\u5009\u5eab" in text
        assert "\U0001f40b" in text
    assert json.loads(write_glossary(concepts, "json")[0]) == {
        "terms": {"\u5009\u5eab": ["\u30c7\u30dd", "\U0001f40b"]}
    }
    assert "\\u0085" in write_glossary([Concept(canonical="a\x85", aliases=("b",))], "yaml")[0]


def test_an_alias_that_a_rule_has_already_keeps_no_other_one_out_of_it() -> None:
    concepts = [Concept(canonical="A", aliases=("a1",)), Concept(canonical="B", aliases=("a1", "b1"))]
    for form in ("vale", "renames"):
        text, losses = write_glossary(concepts, form)
        assert ('"a1": "A"' in text, '"a1": "B"' in text, '"b1": "B"' in text) == (True, False, True)
        assert losses == ["'a1' of 'B': it stands for 'A' already"]


LARGE = "".join(f"  Term {number}: [alias {number}]\n" for number in range(4_000))


def test_the_plain_form_of_a_large_file_is_read_with_its_settings_and_lines() -> None:
    document = read_plain(f'# c\nfuzzy: flag\nterms:\n{LARGE}  X:\n    - y\n    - "z w"\n  Y: v\n')
    assert document is not None
    value: Any = document.value
    assert value["fuzzy"] == "flag"
    assert list(value["terms"].items())[-3:] == [("Term 3999", ["alias 3999"]), ("X", ["y", "z w"]), ("Y", "v")]
    assert [document.lines[path] for path in (("terms",), ("terms", "Term 0"), ("terms", "X"), ("terms", "Y"))] == [
        *(3, 4, 4_004, 4_007)
    ]  # fmt: skip
    assert document.lines[()] == 2


@pytest.mark.parametrize(
    "text",
    [
        f"terms:\n{LARGE}  X: [yes]\n",
        f"terms:\n{LARGE}  X: [12]\n",
        f"terms:\n{LARGE}  X: [null]\n",
        f"terms:\n{LARGE}  Term 7: [y]\n",
        f"terms:\n{LARGE}  {'x' * 201}: [y]\n",
        f"terms:\n{LARGE}  X: {{aliases: [y]}}\n",
        f"terms:\n{LARGE}  X: [y]",
        f"terms: {{}}\nterms:\n{LARGE}",
        f"- a\nterms:\n{LARGE}",
        f"a: [\nterms:\n{LARGE}",
        "terms:\n  X: [y]\n",
    ],
)
def test_whatever_is_not_certainly_plain_is_left_to_the_parser(text: str) -> None:
    assert read_plain(text) is None


def test_a_key_of_two_hundred_characters_is_plain() -> None:
    assert read_plain(f"terms:\n{LARGE}  {'x' * 200}: [y]\n") is not None


@pytest.mark.parametrize(
    ("value", "path", "part"),
    [
        ([], (), "`terms:`"),
        ({"terms": 3}, ("terms",), "a mapping or a list, not int"),
        ({"terms": {"A": {"canonical": "B", "aliases": ["b"]}}}, ("terms", "A", "canonical"), "the key already"),
        ({"terms": {"A": 3}}, ("terms", "A"), "not int"),
        ({"terms": {"A": {"aliases": ["b"], "sort": 1}}}, ("terms", "A", "sort"), "unknown key 'sort'"),
        ({"terms": {"A": {}}}, ("terms", "A", "aliases"), "'aliases' is missing"),
        ({"terms": {"A": ["b", 3]}}, ("terms", "A", 1), "must be a string, not int"),
        ({"terms": [{"canonical": "A", "aliases": ["b", 3]}]}, ("terms", 0, "aliases", 1), "must be a string"),
        ({"renames": ["a"]}, ("renames",), "a mapping of old names to new ones, not list"),
        ({"renames": {"a": 3}}, ("renames", "a"), "must be a string, not int"),
        ({"terms": {}, "sort": 1}, ("sort",), "unknown key 'sort'"),
    ],
)
def test_what_is_wrong_with_a_value_is_said_with_its_path(
    value: object, path: tuple[str | int, ...], part: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        build(value, "t.yaml", lambda _: 5)
    assert caught.value.path == path
    assert part in caught.value.problem
    assert caught.value.line == 5


def test_defaults_of_a_file_hold_where_an_entry_says_nothing() -> None:
    settings = {"mode": "flag", "case": "sensitive", "plurals": True, "keep_quoted": True, "identifiers": True}
    own = {"aliases": [" c "], "mode": "annotate", "case": "smart", "plurals": False, "keep_quoted": False}
    file = build({**settings, "terms": {" A ": ["b "], "B": own}, "renames": {"d": "D "}}, None, lambda _: None)
    told = [(one.canonical, one.aliases, one.mode, one.case, one.plurals, one.keep_quoted) for one in file.concepts]
    assert told == [
        ("A", ("b",), "flag", "sensitive", True, True),
        ("B", ("c",), "annotate", "smart", False, False),
        ("D", ("d",), "flag", "sensitive", True, True),
    ]
    assert {one.zones for one in file.concepts} == {"identifiers"}


def test_files_that_are_loaded_together_are_one_glossary(tmp_path: Path) -> None:
    for name, text in (
        ("a.yaml", "fuzzy: flag\nordinary: [kubernetez]\nterms: {Kubernetes: [K8s]}\n"),
        ("b.yaml", "fuzzy: replace\nterms: {LarkDesk: [LDX]}\n"),
        ("c.yaml", "terms: {warehouse: [depot]}\n"),
    ):
        (tmp_path / name).write_text(text)
    paths = [tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml")]
    glossary = Glossary.load(*paths)
    assert glossary.rewrite("kubernetez Kuberntes LDX depot").text == "kubernetez Kubernetes LarkDesk warehouse"
    assert Glossary.load(paths[0], paths[2]).rewrite("Kuberntes depot").text == "Kuberntes warehouse"
    assert Glossary.load(paths[2]).rewrite("Kuberntes depot").edits[0].alias == "depot"
    assert Glossary.load(*paths) is glossary
    assert repr(glossary) == "Glossary(3 concepts, 3 aliases)"

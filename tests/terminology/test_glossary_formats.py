"""Glossaries that people have already: tables of every dialect, synonyms, rules, renames; the others are named."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from growing import GROWTH, is_growing_too_fast
from headgate import Glossary, PolicyError

READS = "LDX and Otter"
BECOMES = "LarkDesk and LarkDesk"
ROWS = "canonical,alias\nLarkDesk,LDX\nLarkDesk,Otter\n"


def _load(folder: Path, name: str, content: str | bytes) -> Glossary:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Glossary.load(path)


def _message(folder: Path, name: str, content: str | bytes) -> str:
    with pytest.raises(PolicyError) as caught:
        _load(folder, name, content)
    return str(caught.value)


def _semicolons(text: str) -> str:
    return text.replace(",", ";")


READ = [
    ("semicolons.csv", _semicolons(ROWS)),
    ("bars.csv", ROWS.replace(",", "|")),
    ("tabs.csv", ROWS.replace(",", "\t")),
    ("table.tab", ROWS.replace(",", "\t")),
    ("unicode.txt", ROWS.replace(",", "\t").encode("utf-16")),
    ("big-endian.csv", b"\xfe\xff" + ROWS.encode("utf-16-be")),
    ("marked.csv", ROWS.encode("utf-8-sig")),
    ("windows.csv", ROWS.replace("\n", "\r\n")),
    ("old-mac.csv", ROWS.replace("\n", "\r")),
    ("declared.csv", "sep=;\r\n" + _semicolons(ROWS)),
    ("declared-odd.csv", '"sep=^"\n' + ROWS.replace(",", "^")),
    ("quoted.csv", '"canonical","alias"\n"LarkDesk","LDX"\n"LarkDesk","Otter"\n'),
    ("empty-rows.csv", ",,\n\ncanonical,alias,\n,,\nLarkDesk,LDX,\n\nLarkDesk,Otter,\n,,\n,,\n"),
    ("title.csv", "Our terms,,\nas of March,,\ncanonical,alias,owner\nLarkDesk,LDX,me\nLarkDesk,Otter\n"),
    ("short-rows.csv", "canonical,alias,definition\nLarkDesk,LDX\nLarkDesk,Otter,a,b,c\n"),
    ("cells.csv", 'canonical,aliases\nLarkDesk,"LDX, Otter"\n'),
    ("cells-lines.csv", 'canonical,alias\nLarkDesk,"LDX\nOtter"\n'),
    ("cells-semicolons.csv", "Term,Synonyms\nLarkDesk,LDX;Otter\n"),
    ("cells-of-semicolons.csv", 'Term;Synonyms\nLarkDesk;"LDX;Otter"\n'),
    ("headings.csv", "No.,Also known as,Preferred term\n1,LDX | Otter,LarkDesk\n"),
    ("several-columns.csv", "Term (English),Alias 1,Alias 2,Alias 3,No.\nLarkDesk,LDX,,Otter,7\n"),
    ("kinds-of-names.csv", "Preferred term,Acronym,Synonym(s)\nLarkDesk,LDX,\nLarkDesk,,Otter\n"),
    ("from-to.csv", "From,To\nLDX,LarkDesk\nOtter,LarkDesk\n"),
    ("term-preferred.csv", "Term,Preferred Term\nLDX,LarkDesk\nOtter,LarkDesk\n"),
    ("acronyms.csv", "Acronym,Meaning\nLDX,LarkDesk\nOtter,LarkDesk\n"),
    ("terms.json", json.dumps({"terms": {"LarkDesk": ["LDX", "Otter"]}})),
    ("indented.json", json.dumps({"renames": {"LDX": "LarkDesk", "Otter": "LarkDesk"}}, indent="\t")),
    ("records.json", json.dumps([{"id": 7, "term": "LarkDesk", "synonyms": ["LDX", "Otter"]}])),
    ("records.yaml", "- {from: LDX, to: LarkDesk}\n- {from: Otter, to: LarkDesk}\n"),
    ("renames.yml", "renames:\n  LDX: LarkDesk\n  Otter: LarkDesk\n"),
    ("both.yml", "renames: {LDX: LarkDesk}\nterms: {LarkDesk: [Otter]}\n"),
    ("solr.txt", "# ours\nLDX, Otter => LarkDesk\n\n"),
    ("lists.synonyms", "LarkDesk, LDX\nLarkDesk,Otter\n"),
    ("no-ending", "LDX, Otter => LarkDesk\n"),
    (
        "settings.json",
        json.dumps(
            {"settings": {"analysis": {"filter": {"f": {"type": "synonym", "synonyms": ["LDX, Otter => LarkDesk"]}}}}}
        ),
    ),
    ("set.json", json.dumps({"synonyms_set": [{"id": "1", "synonyms": "LDX, Otter => LarkDesk"}]})),
    ("vale.yml", "extends: substitution\nmessage: Use '%s'.\nignorecase: true\nswap:\n  LDX|Otter: LarkDesk\n"),
]


@pytest.mark.parametrize(("name", "content"), READ, ids=[name for name, _ in READ])
def test_what_people_have_is_read(tmp_path: Path, name: str, content: str | bytes) -> None:
    glossary = _load(tmp_path, name, content)
    assert glossary.rewrite(READS).text == BECOMES
    assert {concept.canonical for concept in glossary.concepts} == {"LarkDesk"}


NAMED = [
    ("memory.tmx", '<tmx version="1.4"/>', "translation memory"),
    ("graphs.trig", ":g { :a :b :c }", "TriG.*Turtle"),
    ("page.html", "<!DOCTYPE html><table></table>", "HTML"),
    ("book.xlsx", b"PK\x03\x04\x14\x00", "not an Excel workbook.*CSV UTF-8"),
    ("book.csv", b"PK\x03\x04\x14\x00", "ZIP archive, and not an Excel workbook.*CSV UTF-8"),
    ("book.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel workbook"),
    ("book.ods", b"PK\x03\x04\x14\x00", "OpenDocument.*CSV"),
    ("terms.csv.gz", b"\x1f\x8b\x08", "compressed"),
    ("terms.jsonl", "{}\n{}\n", "JSON Lines.*jq"),
    ("wn_s.pl", "s(100001740,1,'entity',n,1,11).\n", "WordNet"),
    ("existence.yml", "extends: existence\ntokens: [foo]\n", "'existence', which names nothing to write instead"),
    ("swapless.yml", "extends: substitution\n", "`swap:`"),
    (
        "ansi.csv",
        "canonical,alias\nGem\u00e4\u00df,gemaess\n".encode("cp1252"),
        r":2: .*Windows-1252.*'Gem\u00e4\u00df",
    ),
    ("unmarked.csv", ROWS.encode("utf-16-le"), "UTF-16 without a byte order mark"),
    ("no-text.csv", bytes(range(256)), "not a text file"),
    ("plain.yaml", "LarkDesk: [LDX]\n", "`terms:`.*renames"),
    ("null.yaml", "", "`terms:`"),
    ("broken.json", '{"terms": {"A": ["b"],}}', r"broken\.json:1: this is not JSON"),
    ("twice.json", '{"terms": {\n"A": ["b"],\n"A": ["c"]}}', r"twice\.json:3: the key 'A' is here twice"),
    ("deep.json", "[" * 100_000, "JSON"),
    ("wrong.json", '{"terms": {\n\t"A": ["b"],\n\t"B": [\n\t\t"c", 3]}}', r"wrong\.json:4 terms\.B\[1\]"),
]


@pytest.mark.parametrize(("name", "content", "message"), NAMED, ids=[name for name, _, _ in NAMED])
def test_what_is_not_read_is_named_with_the_way_out(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    import re

    found = _message(tmp_path, name, content)
    assert re.search(message, found), found
    assert str(tmp_path / name) in found


SEVERAL = [
    (
        "three.yaml",
        "mode: shout\nterms:\n  Alpha: []\n  Beta: [shared]\n  Gamma: {aliases: [3], sort: x}\n  Delta: 5\n",
        (":1 mode", ":5 terms.Gamma.aliases[0]", ":5 terms.Gamma.sort", ":6 terms.Delta"),
    ),
    (
        "whole.yaml",
        "terms:\n  Alpha: []\n  Beta: [shared]\n  Gamma: [shared]\n  Delta: [Epsilon]\n  Epsilon: [eps, '--']\n",
        (":2 ", ":4 terms.Gamma: the alias 'shared'", ":6: note: ", ":6 terms.Epsilon: the term '--'"),
    ),
    (
        "many.csv",
        "sep=,\ncanonical,alias,mode\nA,,\n,b,\nC,=1+A1,\nD,#REF!,\nE,e,shout\nF,f,\n",
        (":3: 'A' has no alias", ":4: the row has no canonical", ":5: '=1+A1' is a formula", ":6: '#REF!'", ":7 mode"),
    ),
    ("many.txt", "a => b\nc =>\nd => e => f\ng => h, i\nj\n", (":2: ", ":3: ", ":4: 'g' has 2", ":5: ")),
    ("many.yml", "extends: substitution\nswap:\n  a: ''\n  b: 3\n  c: d\n", (":3 swap.a", ":4 swap.b")),
    ("many-renames.yml", "renames:\n  a: [b]\n  c: 3\n", (":2 renames.a", ":3 renames.c")),
]


@pytest.mark.parametrize(("name", "content", "parts"), SEVERAL, ids=[name for name, _, _ in SEVERAL])
def test_all_problems_of_a_file_are_in_one_message(
    tmp_path: Path, name: str, content: str, parts: tuple[str, ...]
) -> None:
    message = _message(tmp_path, name, content)
    for part in parts:
        assert f"{name}{part}" in message


def test_of_very_many_problems_the_first_are_named(tmp_path: Path) -> None:
    message = _message(tmp_path, "t.yaml", "terms:\n" + "".join(f"  T{number}: []\n" for number in range(5_000)))
    assert "and 4,899 more problems" in message
    assert message.count("\n") == 101


def test_a_chain_of_renames_is_followed_to_its_end_and_reported() -> None:
    glossary = Glossary.from_mapping({"third": ["second"], "second": ["first"], "other": ["else"]})
    assert glossary.rewrite("first second third else").text == "third third third other"
    assert [(one.kind, "'first' \u2192 'second' \u2192 'third'" in one.text) for one in glossary.remarks] == [
        ("chain", True)
    ]
    long = {f"name {number + 1}": [f"name {number}"] for number in range(2_000)}
    assert Glossary.from_mapping(long).rewrite("name 0, name 1000").text == "name 2000, name 2000"


def test_a_chain_within_one_source_is_followed_there_and_only_there(tmp_path: Path) -> None:
    glossary = _load(
        tmp_path,
        "t.yaml",
        "terms:\n  - {canonical: third, aliases: [second]}\n  - {canonical: second, aliases: [first], sources: [s]}\n",
    )
    assert glossary.rewrite("first", "s").text == "third"
    assert glossary.rewrite("first", "t").text == "first"
    apart = _load(
        tmp_path,
        "u.yaml",
        "terms:\n  - {canonical: B, aliases: [a1], sources: [s]}\n  - {canonical: A1, aliases: [c1], sources: [t]}\n",
    )
    assert (apart.rewrite("a1", "s").text, apart.rewrite("c1", "t").text) == ("B", "A1")


def test_canonical_terms_that_differ_only_in_case_are_one_and_the_first_spelling_counts() -> None:
    glossary = Glossary.from_mapping({"LarkDesk": ["LDX"], "larkdesk": ["Otter"], "LARKDESK": ["Mink"]})
    assert glossary.rewrite("LDX, Otter, Mink").text == "LarkDesk, LarkDesk, LarkDesk"
    assert [remark.kind for remark in glossary.remarks] == ["spelling", "spelling"]


VALE = r"""
extends: substitution
message: Use '%s' instead of '%s'.
level: warning
nonword: true
exceptions: [web hook]
swap:
  (?:log|sign) ?on: sign in
  'e\.g\.': for example
  '[Ww]eb ?hook': webhook
  colou?r: hue
  \bcat\b: dog
  'depots?\b': warehouse
  mobile phone: phone|cell
  '\w+ing': x
  (?=look): y
  'a(b)': c$1
"""


def test_the_plain_part_of_vales_expressions_is_read_and_the_rest_is_named(tmp_path: Path) -> None:
    glossary = _load(tmp_path, "v.yml", VALE)
    found = {concept.canonical: concept.aliases for concept in glossary.concepts}
    assert found == {
        "sign in": ("log on", "logon", "sign on", "signon"),
        "for example": ("e.g.",),
        "webhook": ("Webhook",),
        "hue": ("colour", "color"),
        "dog": ("cat",),
        "warehouse": ("depots", "depot"),
    }
    assert {concept.case for concept in glossary.concepts} == {"sensitive"}
    kinds = [(remark.kind, remark.line) for remark in glossary.remarks]
    assert sorted(kinds) == [
        ("expression", 15),
        ("expression", 16),
        ("expression", 17),
        ("rule-setting", 5),
        ("several-replacements", 14),
    ]


def test_phrases_that_vale_excepts_are_kept(tmp_path: Path) -> None:
    rule = "extends: substitution\nexceptions: [master's degree]\nswap:\n  master: main branch\n"
    glossary = _load(tmp_path, "v.yml", rule)
    assert glossary.rewrite("the master, a master's degree").text == "the main branch, a master's degree"


@pytest.mark.parametrize(
    "expression",
    ["(a|b)?" * 40, "[abcd]" * 60, "(" * 500 + ")" * 500, "a**", "(a", "a)", "[a", "a{9999999}", "\\", "a" * 5_000],
)
def test_an_expression_that_stands_for_very_much_is_passed_over(tmp_path: Path, expression: str) -> None:
    rule = {"extends": "substitution", "swap": {expression: "x", "LDX": "LarkDesk", "Otter": "LarkDesk"}}
    glossary = _load(tmp_path, "v.json", json.dumps(rule))
    assert glossary.rewrite(READS).text == BECOMES
    assert [remark.kind for remark in glossary.remarks] == ["expression"]


def test_synonyms_that_only_widen_a_search_rename_nothing(tmp_path: Path) -> None:
    glossary = _load(tmp_path, "s.txt", "ldx => ldx, larkdesk\nold\\, bad, older => new\nfirst, second\n")
    assert glossary.rewrite("ldx, older, second, old, bad").text == "ldx, new, first, new"
    assert [remark.kind for remark in glossary.remarks] == ["several-replacements", "first-is-canonical"]


def test_a_cell_that_is_quoted_against_calculation_is_its_text(tmp_path: Path) -> None:
    glossary = _load(tmp_path, "q.csv", "canonical,alias\n'=A1,LDX\n+1 line,'-v flag\n#5,'tis\n")
    assert [(c.canonical, c.aliases) for c in glossary.concepts] == [
        ("=A1", ("LDX",)),
        ("+1 line", ("-v flag",)),
        ("#5", ("'tis",)),
    ]


def test_numbers_in_a_cell_are_not_taken_apart(tmp_path: Path) -> None:
    glossary = _load(tmp_path, "n.csv", 'canonical,aliases\nten thousand,"10,000, 10 000"\n')
    assert glossary.concepts[0].aliases == ("10,000", "10 000")


def test_columns_without_a_meaning_are_named(tmp_path: Path) -> None:
    glossary = _load(tmp_path, "g.csv", "canonical,alias,definition,owner\nLarkDesk,LDX,The desk,me\n")
    assert "definition, owner" in str(glossary.remarks[0])


@pytest.mark.parametrize("address", ["https://terms.example/a.yaml", "s3://bucket/a.csv", "file:///etc/terms.yaml"])
def test_a_glossary_is_never_fetched(address: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="nothing is fetched"):
        Glossary.load(address)
    with pytest.raises(PolicyError, match="unknown key 'import'"):
        _load(tmp_path, "t.yaml", f"import: {address}\nterms: {{A: [b1]}}\n")


def test_a_json_file_whose_lines_cannot_be_told_is_read(tmp_path: Path) -> None:
    terms = {"LarkDesk": ["LDX", "Otter"], "x" * 1_500: ["y"]}
    message = _message(tmp_path, "long.json", json.dumps({"terms": terms}))
    assert "too long" in message


def test_large_files_take_time_in_proportion(tmp_path: Path) -> None:
    def write(rows: int, name: str) -> Path:
        path = tmp_path / f"{rows}{name}"
        lines = [f"alias{row} => term{row}" for row in range(rows)]
        if name.endswith(".yaml"):
            lines = ["terms:", *(f"  term{row}: [alias{row}]" for row in range(rows))]
        path.write_text("\n".join(lines))
        return path

    for name in (".yaml", ".txt", ""):
        small, large = write(500, name), write(GROWTH * 500, name)
        assert not is_growing_too_fast(partial(Glossary.load, small), partial(Glossary.load, large))

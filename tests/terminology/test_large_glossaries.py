"""Glossaries with tens of thousands of terms: read and searched in other ways than small ones, with one result."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Glossary
from headgate.errors import PolicyError
from headgate.policy.documents import parse_yaml
from headgate.terminology import plain_yaml, wording
from headgate.terminology.wording import Automaton, WordIndex

WORDS = st.sampled_from([b"a", b"ab", b"b", b"c1", b"abc"])
TERMS = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(b" ".join), max_size=8)
SPREAD = st.lists(st.tuples(WORDS, st.integers(1, 3)), max_size=30).map(
    lambda parts: b" " + b"".join(word + b" " * blanks for word, blanks in parts)
)


@given(TERMS, SPREAD)
def test_an_index_of_words_finds_what_an_automaton_does(terms: list[bytes], spread: bytes) -> None:
    leading = {word: None for term in terms for word in term.split()[:-1]}
    automaton = Automaton([term.decode() for term in terms], [word.decode() for word in leading])
    assert sorted(WordIndex(terms).find(spread)) == sorted(automaton.find(spread))


BARE = ["Kubernetes", "K8s", "two words", "12", "true", "No", "null", "1e3", "C++", "a#b", "ünï", "~", "a  b", "x "]
MARKED = [
    '"in quotes"',
    '"a: b"',
    '"x\\ty"',
    '"ünï"',
    "- x",
    "[x]",
    "*x",
    "&x",
    " x",
    "'x'",
    '""',
    "a:b",
    "x #y",
    "yes",
]
ITEMS = st.sampled_from([*BARE, *MARKED])
ENTRIES = st.one_of(
    st.tuples(ITEMS, st.lists(ITEMS, max_size=3)).map(lambda e: f"  {e[0]}: [{', '.join(e[1])}]\n"),
    st.tuples(ITEMS, ITEMS).map(lambda e: f"  {e[0]}: {e[1]}\n"),
    st.tuples(ITEMS, st.lists(ITEMS, max_size=3)).map(lambda e: f"  {e[0]}:\n" + "".join(f"    - {i}\n" for i in e[1])),
    st.sampled_from(["\n", "# comment\n", "  X: {aliases: [a], mode: flag}\n"]),
)


@given(st.sampled_from(["", "version: 1\n", "fuzzy: flag\n\n", "terms: {}\n", "x"]), st.lists(ENTRIES, max_size=5))
def test_the_plain_form_is_read_as_all_of_yaml_is(head: str, entries: list[str]) -> None:
    text = f"{head}terms:\n{''.join(entries)}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_yaml, "_LARGE", 0)
        quick = plain_yaml.read_plain(text)
    if quick is None:
        return
    whole = parse_yaml(text, line_depth=2)
    assert quick.value == whole.value
    for path, line in quick.lines.items():
        assert whole.lines[path] == line


def test_a_large_file_has_the_terms_and_the_errors_of_a_small_one(tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    lines = [f"  Term {number}: [alias{number}, other{number} name]\n" for number in range(5_000)]
    path.write_text("version: 1\nterms:\n" + "".join(lines), encoding="utf-8")
    glossary = Glossary.load(path)
    assert len(glossary) == 5_000
    assert glossary.concepts[7].line == 10
    assert glossary.rewrite("See alias4999 and\n   other12   name.").text == "See Term 4999 and\n   Term 12."
    path.write_text("version: 1\nterms:\n" + "".join([*lines, "  Term 3: [x]\n"]), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"the key 'Term 3' is here twice") as caught:
        Glossary.load(path)
    assert caught.value.line == 5_003


def test_terms_of_many_words_are_found_with_either_index(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = {f"Term {number}": [f"w{number} x{number}", f"y{number}"] for number in range(50)}
    text = " ".join(f"the w{number}\n x{number}, y{number}." for number in range(50))
    expected = Glossary.from_mapping(terms).rewrite(text)
    monkeypatch.setattr(wording, "_MOST_LEADING", 10)
    assert Glossary.from_mapping(terms).rewrite(text) == expected
    assert len(expected.edits) == 100

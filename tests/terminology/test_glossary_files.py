"""Glossary files: what they may say, and that a mistake is named with its place."""

from __future__ import annotations

import csv
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from growing import GROWTH, is_growing_too_fast
from headgate import Glossary, PolicyError
from headgate.terminology import Concept


def _load(folder: Path, content: str, name: str = "terms.yaml") -> Glossary:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return Glossary.load(path)


YAML_MISTAKES = [  # content, what the message says
    ("- a list", "a glossary is a mapping"),
    ("mode: replace", "a glossary is a mapping"),
    ("terms:\n  Kubernetes: []\n", r"terms\.yaml:2 .*'Kubernetes' has no alias"),
    ("terms:\n  - {canonical: K, aliases: [k8s], sort: x}\n", r"terms\.yaml:2 .*unknown key 'sort'.*near"),
    ("terms: {}\nfoo: 1\n", r"terms\.yaml:2 .*unknown key 'foo'.*fuzzy"),
    ("terms:\n  - {canonical: '', aliases: [k8s]}\n", r"terms\.yaml:2"),
    ("terms:\n  A: ['--']\n", "has no letter or digit"),
    ("terms:\n  '!!': [a]\n", "has no letter or digit"),
    ('terms:\n  "A\\nB": [c]\n', "has a line break"),
    ("terms: {A: [x], B: [x]}\n", "claimed by 'A' and 'B'"),
    ("mode: shout\nterms: {A: [b]}\n", "mode"),
    ("terms:\n  A: [a1]\n  B:\n    aliases: {c: d}\n", r"terms\.yaml:4 terms\.B\.aliases: .*list of names, not dict"),
    ("terms:\n  A: [a1]\n  B:\n    aliases: [b1]\n    mod: flag\n", r"terms\.yaml:5 terms\.B\.mod: .*'mod'.*near"),
    ("terms:\n  A: [a1]\n  B:\n    mode: flag\n", r"terms\.yaml:3 terms\.B\.aliases: 'aliases' is missing"),
    ("terms:\n  A: [a1]\n  B:\n    - b1\n    - 3\n", r"terms\.yaml:5 terms\.B\[1\]: .*string, not int"),
    ("terms:\n  A: [a1]\n  B: {aliases: [b],\n  canonical: C}\n", r"terms\.yaml:4 terms\.B\.canonical: .*key already"),
    ("terms:\n  A: [a1]\n  B: 3\n", r"terms\.yaml:3 terms\.B: .*`term: \[alias"),
    ("terms: 3\n", r"terms\.yaml:1 terms: "),
]


@pytest.mark.parametrize(("content", "message"), YAML_MISTAKES)
def test_a_mistake_in_a_file_is_named_with_its_place(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        _load(tmp_path, content)


def test_a_term_of_the_short_form_may_have_settings(tmp_path: Path) -> None:
    terms: dict[str, Any] = {
        "Alpha": ["one"],
        "Beta": {"aliases": "two", "mode": "flag", "near": ["b"]},
        "Gamma": "three",
    }
    for glossary in (_load(tmp_path, "terms: " + json.dumps(terms)), Glossary.from_mapping(terms)):
        alpha, beta, gamma = glossary.concepts
        assert (beta.canonical, beta.aliases, beta.mode, beta.near) == ("Beta", ("two",), "flag", ("b",))
        assert (alpha.mode, gamma.aliases) == ("replace", ("three",))
        assert beta.path == ("terms", "Beta")
        assert glossary.rewrite("one two three").text == "Alpha two Gamma"


def test_settings_at_the_top_are_defaults_for_the_terms(tmp_path: Path) -> None:
    glossary = _load(
        tmp_path,
        "mode: annotate\ncase: sensitive\nplurals: true\nkeep_quoted: true\nterms:\n"
        "  - {canonical: Alpha, aliases: one, sources: s, near: n}\n"
        "  - {canonical: Beta, aliases: [two], mode: flag, case: insensitive, plurals: false, keep_quoted: false}\n",
    )
    alpha, beta = glossary.concepts
    assert (alpha.mode, alpha.case, alpha.plurals, alpha.keep_quoted) == ("annotate", "sensitive", True, True)
    assert (alpha.aliases, alpha.sources, alpha.near) == (("one",), frozenset(("s",)), ("n",))
    assert (beta.mode, beta.case, beta.plurals, beta.keep_quoted) == ("flag", "insensitive", False, False)
    assert (alpha.path, alpha.line) == (("terms", 0), 6)
    assert str(alpha.file).endswith("terms.yaml")


def test_several_files_are_one_glossary(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("fuzzy: flag\nterms: {Kubernetes: [orchestrator]}")
    (tmp_path / "b.yaml").write_text("fuzzy: replace\nordinary: [orchestratos]\nambiguous: report\nterms: {B: [beta]}")
    (tmp_path / "c.yaml").write_text("terms: {C: [beta]}")
    glossary = Glossary.load(*(tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml")))
    assert glossary.rewrite("orchestratro, orchestratos").text == "Kubernetes, orchestratos"
    assert glossary.rewrite("beta").ambiguous == ((0, 4, "beta", ("B", "C")),)
    flagging = Glossary.load(tmp_path / "a.yaml", tmp_path / "c.yaml")
    assert [(edit.mode, edit.fuzzy) for edit in flagging.rewrite("orchestratro").edits] == [("flag", True)]
    assert len(flagging) == 2
    assert repr(flagging) == "Glossary(2 concepts, 2 aliases)"


def test_a_csv_file_may_have_lists_settings_and_empty_rows(tmp_path: Path) -> None:
    glossary = _load(
        tmp_path,
        "Canonical, aliases ,mode,sources,near,case\n"
        "Kubernetes,K8s | kube,,,,\n"
        "Kubernetes,kubes,,,,\n"
        ",,,,,\n"
        "Mercury Bank,Mercury,flag,a|b,loan | account,sensitive\n",
        "terms.csv",
    )
    first, second = glossary.concepts
    assert (first.aliases, first.mode, first.sources, first.case) == (
        ("K8s", "kube", "kubes"),
        "replace",
        frozenset(),
        "smart",
    )
    assert (second.mode, second.sources, second.near) == ("flag", frozenset(("a", "b")), ("loan", "account"))
    assert (second.case, second.line, second.path) == ("sensitive", 5, ())
    assert str(second.file).endswith("terms.csv")


CSV_MISTAKES = [
    ("", r"terms\.csv:1.*columns canonical and alias; found here: nothing.*first row"),
    ("canonical,mode\nA,flag\n", "columns canonical and alias; found here: 'canonical', 'mode'"),
    ("canonical,alias,source\nA,b,red\n", r"terms\.csv:1: unknown column 'source'. Did you mean 'sources'"),
    ("canonical,alias,mode\nA,b,\nC,d,shout\n", r"terms\.csv:3"),
    ("canonical,alias\n,b\n", r"terms\.csv:2"),
]


@pytest.mark.parametrize(("content", "message"), CSV_MISTAKES)
def test_a_mistake_in_a_csv_file_is_named_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        _load(tmp_path, content, "terms.csv")


def test_blanks_may_stand_before_a_field_in_quotation_marks(tmp_path: Path) -> None:
    glossary = _load(tmp_path, 'canonical, alias\nKubernetes, "k, 8s"\n', "terms.csv")
    assert glossary.concepts[0].aliases == ("k, 8s",)


def test_a_mistake_in_a_mapping_has_no_line() -> None:
    with pytest.raises(PolicyError) as caught:
        Glossary.from_mapping({"A": [1]})  # type: ignore[list-item]
    assert caught.value.line is None


def test_a_file_that_says_nothing_of_near_misses_finds_none(tmp_path: Path) -> None:
    assert _load(tmp_path, "terms: {Kubernetes: [orchestrator]}").rewrite("orchestratos").edits == ()


def test_a_field_too_long_for_the_csv_module_is_a_mistake_and_the_limit_stays(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    with pytest.raises(PolicyError, match="not CSV"):
        _load(tmp_path, f"canonical,alias\nA,{'b' * (limit + 1)}\n", "terms.csv")
    assert csv.field_size_limit() == limit


def test_many_rows_for_one_term_take_time_in_proportion(tmp_path: Path) -> None:
    def load(rows: int) -> None:
        path = tmp_path / f"{rows}.csv"
        path.write_text("canonical,alias\n" + "".join(f"Term,alias{row}\n" for row in range(rows)))
        assert len(Glossary.load(path).concepts[0].aliases) == rows

    assert not is_growing_too_fast(lambda: load(2_000), lambda: load(GROWTH * 2_000))


def _concept(canonical: str, *aliases: str, **settings: object) -> Concept:
    return Concept(canonical=canonical, aliases=aliases, **settings)  # type: ignore[arg-type]


CONTRADICTIONS = [
    ([_concept("A", "b"), _concept("a", "c", case="sensitive")], "one canonical term in two spellings"),
    ([_concept("A", "b"), _concept("B", "a")], "each other's alias"),
    ([_concept("A", "b", mode="flag"), _concept("B", "c")], "'B' is an alias of 'A'.* cannot always be followed"),
    ([_concept("A", "b", sources={"s"}), _concept("B", "c")], "'B' is an alias of 'A'.* cannot always be followed"),
    ([_concept("A", "b", near=("n",)), _concept("B", "c")], "'B' is an alias of 'A'.* cannot always be followed"),
    ([_concept("A", "B", case="sensitive"), _concept("b", "c")], "'b' is an alias of 'A'.* cannot always be followed"),
    ([_concept("A", "b"), _concept("B", "c"), _concept("C", "a")], "in a circle: 'B' \u2192 'A' \u2192 'C' \u2192 'B'"),
    ([_concept("A", "x"), _concept("B", "x")], "the alias 'x' is claimed by 'A' and 'B'"),
    ([_concept("A", "x", sources={"s", "t"}), _concept("B", "x", sources={"t"})], "claimed by 'A' and 'B'"),
    ([_concept("A", "x", sources={"s"}), _concept("B", "x")], "claimed by 'A' and 'B'"),
    ([_concept("A", "x"), _concept("B", "x", sources={"s"})], "claimed by 'A' and 'B'"),
    ([_concept("A", "x"), _concept("A", "x", sources={"s"}), _concept("C", "x", sources={"s"})], "claimed"),
    ([_concept("A", "y" * 201)], "too long"),
    ([_concept("A", "x", near=("n",)), _concept("B", "x"), _concept("C", "x")], "claimed by 'B' and 'C'"),
    ([_concept("A", "\ud800x")], "a character that no text can have"),
    ([_concept("A", "\udfffx")], "a character that no text can have"),
    ([_concept("A", "a\0")], "a character that no text can have"),
    ([_concept("A\rB", "c")], "a line break"),
    ([_concept("A", "b\u202ec")], r"nobody sees \(U\+202E\)"),
    ([_concept("A\u200b", "b")], r"nobody sees \(U\+200B\)"),
    ([_concept("A", "b\x1b[2J")], r"nobody sees \(U\+001B\)"),
    ([_concept("A", "b\U000e0041")], r"nobody sees \(U\+E0041\)"),
]


@pytest.mark.parametrize(("concepts", "message"), CONTRADICTIONS)
def test_concepts_that_contradict_one_another_are_refused(concepts: list[Concept], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        Glossary.from_concepts(concepts)


AGREEMENTS = [
    [_concept("A", "x", sources={"s"}), _concept("B", "x", sources={"t"})],
    [_concept("A", "x", near=("n",)), _concept("B", "x")],
    [_concept("A", "x"), _concept("A", "x", "y")],
    [_concept("A", "a")],
    [_concept("A", "y" * 200)],
]


@pytest.mark.parametrize("concepts", AGREEMENTS)
def test_concepts_between_which_something_decides_are_accepted(concepts: list[Concept]) -> None:
    assert Glossary.from_concepts(concepts).concepts == tuple(concepts)


def test_a_glossary_of_too_many_aliases_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from headgate.limits import Limits

    monkeypatch.setattr("headgate.terminology.consistency.DEFAULT_LIMITS", Limits(glossary_aliases=2))
    Glossary.from_mapping({"A": ["b", "c"]})
    with pytest.raises(PolicyError, match="too many aliases"):
        Glossary.from_mapping({"A": ["b", "c"], "D": ["e"]})


def test_everything_that_decides_how_texts_are_rewritten_is_in_the_digest() -> None:
    base = {"canonical": "A", "aliases": ("b", "c")}
    variants: list[dict[str, object]] = [
        {},
        {"canonical": "D"},
        {"aliases": ("b",)},
        {"mode": "flag"},
        {"sources": frozenset({"s"})},
        {"near": ("n",)},
        {"case": "sensitive"},
        {"plurals": True},
        {"keep_quoted": True},
    ]
    digests = {Glossary.from_concepts([Concept(**{**base, **variant})]).digest for variant in variants}  # type: ignore[arg-type]
    digests.add(Glossary.from_concepts([Concept(**base)], report_ambiguous=True).digest)  # type: ignore[arg-type]
    assert len(digests) == len(variants) + 1
    turned = Glossary.from_concepts([Concept(canonical="A", aliases=("c", "b"))])
    assert turned.digest == Glossary.from_concepts([Concept(**base)]).digest  # type: ignore[arg-type]


def test_a_glossary_survives_pickling() -> None:
    glossary = Glossary.from_mapping({"Kubernetes": ["K8s"]})
    copy = pickle.loads(pickle.dumps(glossary))
    assert copy.rewrite("K8s").text == "Kubernetes"
    assert copy.digest == glossary.digest


def test_an_alias_of_many_concepts_is_checked_in_one_pass() -> None:
    def check(count: int) -> None:
        Glossary.from_concepts([_concept(f"T{number}", "x", sources={f"s{number}"}) for number in range(count)])

    assert not is_growing_too_fast(lambda: check(1_000), lambda: check(GROWTH * 1_000))


def test_a_file_is_compiled_once_for_its_content_and_anew_when_that_changes(tmp_path: Path) -> None:
    first = _load(tmp_path, "terms: {Kubernetes: [K8s]}")
    assert _load(tmp_path, "terms: {Kubernetes: [K8s]}") is first
    changed = _load(tmp_path, "terms: {Kubernetes: [kub]}")
    assert (changed.rewrite("K8s kub").text, first.rewrite("K8s kub").text) == ("K8s Kubernetes", "Kubernetes kub")
    # The name is part of it: messages and remarks name the file.
    assert _load(tmp_path, "terms: {Kubernetes: [K8s]}", "other.yaml").concepts[0].file == str(tmp_path / "other.yaml")


@pytest.mark.parametrize("word", ["NO", "no", "On", "OFF", "yes"])
@pytest.mark.parametrize(
    ("glossary", "line"),
    [
        ("terms:\n  Norway: [{}]\n", 2),
        ("terms:\n  {}: [Norway]\n", 2),
        ("terms:\n  Norway:\n    aliases: [N.O., {}]\n", 3),
    ],
)
def test_a_word_that_others_read_as_a_truth_value_is_to_be_quoted(
    tmp_path: Path, glossary: str, line: int, word: str
) -> None:
    file = tmp_path / "glossary.yaml"
    for filler in ("", "".join(f"  Term {number}: [alias {number}]\n" for number in range(4_000))):
        file.write_text(glossary.format(word) + filler)
        with pytest.raises(PolicyError, match=rf"glossary.yaml:{line} .*{word} is a truth value.*quotation marks"):
            Glossary.load(file)
        file.write_text(glossary.format(f'"{word}"') + filler)
        assert Glossary.load(file)

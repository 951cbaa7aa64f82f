"""A glossary that was written is read as what it was, in every format that can say it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Glossary, PolicyError
from headgate.policy.documents import parse_yaml
from headgate.terminology import Concept
from headgate.terminology.reading import parse_glossary
from headgate.terminology.writing import FORMATS, write_glossary

ENDINGS = {"yaml": "yaml", "json": "json", "csv": "csv", "tsv": "tsv", "solr": "txt", "vale": "yml", "renames": "yml"}
SIGNS = st.sampled_from(
    [*"abcdefgh", "Z", "7", " ", "'", '"', ",", ";", "#", "=>", "=", "\\", "é", "漢", "😀", ":", "-"]
)
TERMS = st.lists(SIGNS, min_size=1, max_size=8).map(lambda signs: "x" + "".join(signs).strip() + "y")


def _said(glossary: Glossary) -> dict[str, set[str]]:
    said: dict[str, set[str]] = {}
    for concept in glossary.concepts:
        # A run of blanks is one blank, in every comparison.
        aliases = (" ".join(alias.split()) for alias in concept.aliases)
        said.setdefault(" ".join(concept.canonical.split()), set()).update(aliases)
    return said


def _read_back(text: str, form: str) -> Glossary:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"terms.{ENDINGS[form]}"
        path.write_text(text, encoding="utf-8", newline="")
        return Glossary.load(path)


@pytest.mark.parametrize("form", FORMATS)
@given(terms=st.dictionaries(TERMS, st.lists(TERMS, min_size=1, max_size=3, unique=True), max_size=4))
def test_what_is_written_is_read_as_it_was(form: str, terms: dict[str, list[str]]) -> None:
    try:
        glossary = Glossary.from_mapping(terms)
    except PolicyError:
        return  # terms that contradict one another
    plain = {canonical: {a for a in aliases if a != canonical} for canonical, aliases in _said(glossary).items()}
    if form == "vale" and not terms:
        return  # a rule without a swap is none
    text, losses = write_glossary(glossary.concepts, form)
    assert not losses
    if form == "yaml":  # the same with libyaml and without it
        assert parse_yaml(text) == parse_yaml(text, is_large=True)
    read = {
        canonical: {a for a in aliases if a != canonical}
        for canonical, aliases in _said(_read_back(text, form)).items()
    }
    assert {c: a for c, a in read.items() if a} == {c: a for c, a in plain.items() if a}


@pytest.mark.parametrize("form", ["yaml", "json", "csv", "tsv"])
def test_settings_are_written_and_read(form: str) -> None:
    concepts = [
        Concept(canonical="A", aliases=("a1", "a2"), mode="flag", near=("n", "m"), case="sensitive", plurals=True),
        Concept(canonical="B", aliases=("=b1", "'-b2"), sources=frozenset({"s", "t"}), keep_quoted=True),
        Concept(canonical="B", aliases=("b3",), sources=frozenset({"u"})),
    ]
    text, losses = write_glossary(concepts, form)
    assert not losses
    assert _read_back(text, form).digest == Glossary.from_concepts(concepts).digest


def test_what_a_format_cannot_say_is_named() -> None:
    concepts = [
        Concept(canonical="A", aliases=("a1",), mode="flag", near=("n",)),
        Concept(canonical="B", aliases=("a1",), near=("m",)),
    ]
    for form in ("solr", "vale", "renames"):
        losses = write_glossary(concepts, form)[1]
        assert any("'A'" in loss and "mode, near" in loss for loss in losses), losses
    for form in ("vale", "renames"):
        assert any("'a1' of 'B'" in loss for loss in write_glossary(concepts, form)[1])
    assert "a|b" in write_glossary([Concept(canonical="A", aliases=("a|b",))], "csv")[1][0]


def test_spreadsheets_calculate_nothing_of_what_is_written() -> None:
    text, _ = write_glossary([Concept(canonical="=A1", aliases=("+1 x", "@x", "-x"))], "csv")
    assert [line.split(",")[1] for line in text.splitlines()[1:]] == ["'+1 x", "'@x", "'-x"]
    assert _said(_read_back(text, "csv")) == {"=A1": {"+1 x", "@x", "-x"}}


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_glossary_says_as_a_whole_is_written_or_named(form: str) -> None:
    settings = {"fuzzy": "replace", "ordinary": ["orchestratos", "a: b"]}
    text, losses = write_glossary([Concept(canonical="B", aliases=("beta",))], form, report_ambiguous=True, **settings)  # type: ignore[arg-type]
    if form in ("yaml", "json"):
        read = parse_glossary(text.encode(), Path(f"g.{form}"))
        assert (read.fuzzy, read.ordinary, read.report_ambiguous) == ("replace", ("orchestratos", "a: b"), True)
        assert losses == []
    else:
        assert losses == [f"`{name}` of the whole glossary" for name in ("ambiguous", "fuzzy", "ordinary")]

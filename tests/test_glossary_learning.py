"""`headgate glossary learn`: which words decide, how that is tested, and what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from headgate import Glossary
from headgate.cli.app import app
from headgate.terminology.concepts import Concept
from headgate.tuning.glossaries import Lessons

OBJECTIVE, AGREEMENT = "service level objective", "sales lead agreement"
TERMS = {OBJECTIVE: ["SLO", "level objective"], AGREEMENT: ["SLO"], "LarkDesk": ["LDX"]}
TALK = {
    OBJECTIVE: ("latency", "outage", "engineers", "budget for errors", "dashboards"),
    AGREEMENT: ("customer", "contract", "commission", "signed", "discount"),
}


def glossary_of(terms: dict[str, list[str]]) -> Glossary:
    concepts = [Concept(canonical=name, aliases=tuple(aliases)) for name, aliases in terms.items()]
    return Glossary.from_concepts(concepts, report_ambiguous=True)


def talks(count: int = 12) -> list[tuple[str, str]]:
    """Return texts with what they mean: each has some of the words that are used with it."""
    found = []
    for number in range(count):
        for meant, words in TALK.items():
            said = [words[(number + step) % len(words)] for step in range(3)]
            found.append(
                (f"About {said[0]} and the {said[1]}: the SLO of the {said[2]} was met in week {number}.", meant)
            )
    return found


def learnt_from(pairs: list[tuple[str, str]]) -> Lessons:
    lessons = Lessons(glossary_of(TERMS))
    for number, (text, meant) in enumerate(pairs):
        assert lessons.add_labelled(text, meant, f"d{number}") == 1
    return lessons


def test_words_that_are_used_with_a_meaning_are_learnt_and_decide() -> None:
    learnt = learnt_from(talks()).learn()
    assert len(learnt.lessons) == 1
    lesson = learnt.lessons[0]
    assert (lesson.alias, lesson.total, lesson.accepted) == ("slo", 24, True)
    assert lesson.precision == 1.0
    assert lesson.coverage > 0.9
    assert set(lesson.words[AGREEMENT]) == {"customer", "contract", "commission", "signed", "discount"}
    assert {"latency", "outage"} <= set(lesson.words[OBJECTIVE])
    # What both say teaches nothing.
    assert not {"about", "the", "week", "met"} & {word for words in lesson.words.values() for word in words}
    glossary = Glossary.from_concepts(learnt.concepts)
    assert glossary.rewrite("The SLO of the outage").text == f"The {OBJECTIVE} of the outage"
    assert glossary.rewrite("The customer has his SLO").text == f"The customer has his {AGREEMENT}"
    assert glossary.rewrite("The SLO is new").text == "The SLO is new"
    # An alias that only one concept has needs no words, before and after.
    assert glossary.rewrite("the level objective, LDX").text == f"the {OBJECTIVE}, LarkDesk"


def test_words_by_chance_are_not_accepted() -> None:
    texts = [text for text, _ in talks()]
    mixed = [(text, (OBJECTIVE, AGREEMENT)[(number // 2 + number * 7 // 5) % 2]) for number, text in enumerate(texts)]
    learnt = learnt_from(mixed).learn()
    assert [lesson.accepted for lesson in learnt.lessons] == [False]
    assert all(not concept.near for concept in learnt.concepts)
    assert learnt.lessons[0].precision < 0.9


def test_examples_of_one_document_are_on_one_side_of_every_test() -> None:
    lessons = Lessons(glossary_of(TERMS))
    for text, meant in talks():
        lessons.add_labelled(text, meant, f"one of {meant}")
    assert lessons.learn().without == ("slo",)


def test_a_document_that_defines_its_alias_is_an_example_without_its_definition() -> None:
    lessons = Lessons(glossary_of(TERMS))
    text = f"The {OBJECTIVE} (SLO) is new. " + "x " * 150 + "An outage broke the SLO of our engineers."
    assert lessons.add_defined(text, "a") == 1
    assert {example.canonical for example in lessons.examples} == {OBJECTIVE}
    assert all(OBJECTIVE not in example.text.lower() for example in lessons.examples)
    assert all(example.text[example.at :].startswith("SLO") for example in lessons.examples)
    assert lessons.add_defined("An outage broke the SLO.", "b") == 0
    assert lessons.add_defined("The slow lorry order (SLO) is new. The SLO came.", "c") == 0
    assert lessons.add_labelled("An outage broke the SLO.", "something else", "d") == 0


@given(
    st.lists(st.tuples(st.text(max_size=60), st.sampled_from([OBJECTIVE, AGREEMENT])), max_size=30), st.integers(0, 3)
)
def test_whatever_the_examples_say_what_is_learnt_is_a_glossary(pairs: list[tuple[str, str]], copies: int) -> None:
    lessons = Lessons(glossary_of(TERMS))
    for number, (text, meant) in enumerate(pairs):
        lessons.add_labelled(f"{text} SLO {text}" * (copies + 1), meant, str(number))
    learnt = lessons.learn()
    for lesson in learnt.lessons:
        assert 0 <= lesson.right <= lesson.decided <= lesson.total == sum(lesson.examples.values())
        assert not lesson.accepted or lesson.precision >= 0.9
    glossary = Glossary.from_concepts(learnt.concepts, report_ambiguous=True)
    aliases = {(one.canonical, alias) for one in glossary.concepts for alias in one.aliases}
    assert aliases == {(name, alias) for name, listed in TERMS.items() for alias in listed}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "terms.yaml").write_text(yaml.safe_dump({"terms": TERMS}))
    records = [
        {"text": text, "canonical": meant, "source": f"https://a.example/{n}"}
        for n, (text, meant) in enumerate(talks())
    ]
    (tmp_path / "labelled.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return tmp_path


def run(*arguments: str, code: int) -> str:
    result = CliRunner().invoke(app, ("glossary", "learn", *arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


def test_the_command_prints_figures_and_writes_a_glossary_to_be_read(folder: Path) -> None:
    shown = run("terms.yaml", "--examples", "labelled.jsonl", "--out", "learned.yaml", code=0)
    assert "100%" in shown
    assert "customer" in shown
    text = (folder / "learned.yaml").read_text()
    assert text.startswith("# `near:` words were learnt from examples. Read them: nobody has.")
    assert "# 'slo': 24 of 24 decisions right, 24 of 24 examples decided" in text
    assert Glossary.load("learned.yaml").rewrite("a contract, an SLO").text == f"a contract, a {AGREEMENT}"
    found: Any = json.loads(run("terms.yaml", "--examples", "labelled.jsonl", "--json", code=0))
    assert found["lessons"][0]["examples"] == {OBJECTIVE: 12, AGREEMENT: 12}
    assert found["lessons"][0]["precision"] == 1.0


def test_documents_that_define_their_aliases_are_enough(folder: Path) -> None:
    (folder / "docs").mkdir()
    for number, (text, meant) in enumerate(talks()):
        (folder / "docs" / f"{number}.md").write_text(f"We have a {meant} (SLO).\n\n" + "word " * 60 + f"\n\n{text}\n")
    found = json.loads(run("terms.yaml", "--documents", "docs", "--json", code=0))
    assert found["lessons"][0]["accepted"]
    assert sum(found["lessons"][0]["examples"].values()) >= 24


def test_what_cannot_be_learnt_from_is_said(folder: Path) -> None:
    result = CliRunner().invoke(app, ("glossary", "learn", "terms.yaml"))
    assert "Name documents with --documents" in str(result.exception)
    (folder / "plain.yaml").write_text("terms: {LarkDesk: [LDX]}\n")
    result = CliRunner().invoke(app, ("glossary", "learn", "plain.yaml", "--examples", "labelled.jsonl"))
    assert "No alias of this glossary has several meanings" in str(result.exception)
    (folder / "few.jsonl").write_text((folder / "labelled.jsonl").read_text().partition("\n")[0] + "\n")
    assert "too few examples" in run("terms.yaml", "--examples", "few.jsonl", code=1)


@pytest.mark.parametrize(
    "settings", [{"only_near": ("latency",)}, {"near": ("latency",)}, {"unless": ("discount",)}, {}]
)
def test_the_figures_are_those_of_what_is_written(settings: dict[str, Any]) -> None:
    concepts = [Concept(canonical=name, aliases=("SLO",), **(settings if name == OBJECTIVE else {})) for name in TALK]
    lessons = Lessons(Glossary.from_concepts(concepts, report_ambiguous=True))
    for number, (text, meant) in enumerate(talks()):
        # The part with the tested documents is what the rest was learnt without; here each text is there twice.
        lessons.add_labelled(text, meant, f"a{number}")
        lessons.add_labelled(text, meant, f"b{number}")
    (lesson,) = lessons.learn(0.5).lessons
    written = [
        Concept(canonical=name, aliases=("SLO",), **{**one, "near": (*one.get("near", ()), *lesson.words[name])})
        for name, one in ((name, settings if name == OBJECTIVE else {}) for name in TALK)
    ]
    glossary = Glossary.from_concepts(written, report_ambiguous=True)
    decided = sum(bool(glossary.rewrite(text).edits) for text, _ in talks())
    assert abs(lesson.decided - 2 * decided) <= 4, (lesson.decided, decided)


def test_a_meaning_of_some_sources_alone_has_examples_too() -> None:
    concepts = [
        Concept(canonical=OBJECTIVE, aliases=("SLO",), sources=frozenset({"wiki"})),
        Concept(canonical=AGREEMENT, aliases=("SLO",)),
    ]
    lessons = Lessons(Glossary.from_concepts(concepts, report_ambiguous=True))
    assert [lessons.add_labelled(text, meant, str(n)) for n, (text, meant) in enumerate(talks(3))] == [1] * 6

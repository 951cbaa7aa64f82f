"""What-if answers are what the gate would do."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from selectolax.lexbor import LexborHTMLParser

from headgate import Chunk, Gate, Glossary, HeadgateError, Policy
from headgate.demo.company import Company, open_company
from headgate.history import find_stale, score_sources, study_adoption
from headgate.record import DecisionLog
from headgate.testing import FixedClock, Publisher
from headgate.tuning import Traffic

mpl.use("Agg")
NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
CLOCK = FixedClock(NOW)
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
POLICY = Policy.from_mapping({"sources": [DOCS.source(freshness={"max_age": "90d"})]})


def aged(days: float | None, number: int = 0) -> Chunk:
    page = f"https://docs.example/{number}"
    modified = None if days is None else NOW - timedelta(days=days)
    return DOCS.seal(f"text {number} k8s", page, {"source": page}, modified=modified)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return open_company(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="module")
def traffic(company: Company) -> Traffic:
    chunks = [document.chunk for document in company.documents]
    return Traffic.of(company.gate.judge(chunks[n : n + 6]) for n in range(0, len(chunks), 3))


prompts = st.lists(st.lists(st.none() | st.integers(0, 400), min_size=1, max_size=5), min_size=1, max_size=8)


@settings(max_examples=60)
@given(prompts, st.integers(1, 500), st.sampled_from(["drop", "admit"]))
def test_a_curve_says_what_the_gate_would_do(ages: list[list[int | None]], days: int, missing: str) -> None:
    retrievals = [[aged(age, 10 * p + n) for n, age in enumerate(prompt)] for p, prompt in enumerate(ages)]
    gate = Gate(POLICY, clock=CLOCK)
    curve = Traffic.of(map(gate.judge, retrievals)).max_age(POLICY, "docs", missing=missing)
    tried = Gate({"sources": [DOCS.source(freshness={"max_age": f"{days}d", "missing": missing})]}, clock=CLOCK)
    admitted = [tried.judge(chunks).counts()["admit"] for chunks in retrievals]
    point = curve.at(timedelta(days=days))
    assert point.documents == sum(admitted)
    assert point.prompts == sum(map(bool, admitted))
    assert point.whole == sum(count == len(chunks) for count, chunks in zip(admitted, retrievals, strict=True))
    assert curve.undecided == 0


def test_the_shortest_age_for_a_share_of_the_prompts() -> None:
    gate = Gate(POLICY, clock=CLOCK)
    curve = Traffic.of(gate.judge([aged(age)]) for age in range(1, 101)).max_age(POLICY, "docs")
    assert curve.shortest(0.5) == timedelta(days=50)
    assert curve.shortest(1) == timedelta(days=100)
    assert curve.current == timedelta(days=90)
    assert curve.to_dicts()[-1]["documents"] == 100


def test_levels_of_assurance(company: Company, traffic: Traffic) -> None:
    levels = traffic.assurance(company.gate.policy)
    documents = [level.documents for level in levels.levels]
    assert documents == sorted(documents, reverse=True)
    assert levels["sealed"].reasons["P101"] > 0
    assert "P101" not in levels["none"].reasons


@pytest.mark.parametrize("modes", [{"mode": "audit"}, {"modes": {"provenance": "warn", "freshness": "audit"}}])
def test_a_policy_that_only_records_is_measured_as_if_it_were_enforced(modes: dict[str, Any]) -> None:
    rule = DOCS.source(freshness={"max_age": "90d"})
    watching = Policy.from_mapping({**modes, "sources": [{**rule, "mode": "audit"}], "default": {"mode": "warn"}})
    chunks = [aged(10, 1), aged(200, 2), aged(None, 3), Chunk("x", {"source": "https://docs.example/4"})]
    records = [Gate(policy, clock=CLOCK).judge(chunks) for policy in (POLICY, watching)]
    enforced, watched = (Traffic.of([record]) for record in records)
    assert records[1].counts()["admit"] == 4
    assert watched.max_age(watching, "docs") == enforced.max_age(POLICY, "docs")
    assert watched.assurance(watching) == enforced.assurance(POLICY)
    assert [move.after for move in watched.compare(watching, watching.enforced()).moves] == ["drop"] * 3
    assert watching.enforced().is_enforcing
    assert not watching.is_enforcing


def test_a_source_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="no source 'wiki'; it has docs, default"):
        Traffic([]).max_age(POLICY, "wiki")


def test_two_policies_are_compared_document_by_document() -> None:
    gate = Gate(POLICY, clock=CLOCK)
    traffic = Traffic.of([gate.judge([aged(10, 1), aged(60, 2)]), gate.judge([aged(60, 2)]), gate.judge([aged(5, 3)])])
    comparison = traffic.compare(POLICY, traffic.with_max_age(POLICY, "30d"))
    assert [(m.document, m.after, m.because, m.prompts) for m in comparison.moves] == [
        ("https://docs.example/2", "drop", ("F202",), 2)
    ]
    assert (comparison.admitted, comparison.changed_prompts, comparison.prompts) == ((4, 2), 2, 3)
    back = traffic.compare(traffic.with_max_age(POLICY, "30d"), POLICY)
    assert [(m.after, m.because) for m in back.moves] == [("admit", ("F202",))]


def test_a_glossary_is_tried_on_every_text_once() -> None:
    gate = Gate(POLICY, clock=CLOCK)
    traffic = Traffic.of([gate.judge([aged(1, 1), aged(1, 2)]), gate.judge([aged(1, 2)])])
    effect = traffic.glossary(None, Glossary.from_mapping({"Kubernetes": ["k8s"]}))
    assert (effect.documents, effect.changed, effect.after["Kubernetes"]) == (2, 2, 2)
    assert traffic.glossary(None, None).changed == 0
    bare = Traffic([{"decisions": [{"digest": "x", "source": "docs"}]}])
    assert bare.glossary(None, None).without_text == 1


def test_a_log_is_sampled_evenly_and_memory_stays_bounded(tmp_path: Path) -> None:
    gate = Gate(POLICY, clock=CLOCK)
    log = DecisionLog(tmp_path / "log.jsonl")
    for age in range(200):
        log.write(gate.judge([aged(age % 100)]))
    whole = Traffic.from_log(tmp_path / "log.jsonl")
    assert (len(whole), whole.seen) == (200, 200)
    part = Traffic.from_log(tmp_path / "log.jsonl", sample=50)
    assert (len(part), part.seen) == (50, 200)
    assert "a sample of 200" in repr(part)
    assert 40 <= Traffic.from_log(tmp_path / "log.jsonl", sample=100).max_age(POLICY).documents <= 100


def test_nothing_recorded_draws_an_empty_curve() -> None:
    curve = Traffic([]).max_age(POLICY)
    assert (curve.documents, curve.prompts) == (0, 0)
    assert curve.shortest(0.9) == timedelta(0)
    assert "0 documents in 0 prompts" in curve._repr_html_()


def test_everything_is_shown_and_drawn(company: Company, traffic: Traffic) -> None:
    policy = company.gate.policy
    results: list[Any] = [
        traffic.max_age(policy),
        traffic.assurance(policy),
        traffic.compare(policy, traffic.with_max_age(policy, "30d")),
        traffic.glossary(None, Glossary.from_mapping({"Larkfield desk": ["LDX"]})),
    ]
    for result in results:
        page = result._repr_html_()
        assert len(page.encode()) <= 256_000
        assert not LexborHTMLParser(page).css("script, svg")
        if hasattr(result, "plot"):
            axes = result.plot()
            axes.figure.canvas.draw()
            mpl.pyplot.close(axes.figure)


def test_questions_are_asked_through_a_function() -> None:
    found = {"a": [aged(1, 1)], "b": [aged(200, 2), Chunk("x", {"source": "https://docs.example/3"})]}
    traffic = Traffic.ask(lambda question: found[question], ["a", "b"], POLICY, now=NOW)
    assert [record["counts"]["admit"] for record in traffic.records] == [1, 0]
    assert json.dumps(traffic.records, default=str)
    assert traffic.max_age(POLICY, at=NOW).documents == 2


def test_plots_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(HeadgateError, match=r"pip install 'headgate\[plots\]'"):
        Traffic([]).max_age(POLICY).plot()


def test_every_answer_shows_itself_in_notebooks_in_terminals_and_when_it_is_printed(
    company: Company, traffic: Traffic
) -> None:
    policy = company.gate.policy
    stricter = traffic.with_max_age(policy, "1d")
    answers = {
        "prompts that lose none": traffic.max_age(policy),
        "kept out by": traffic.assurance(policy),
        "dropped": traffic.compare(policy, stricter),
        "put in then": traffic.glossary(None, Glossary.from_mapping({"Larkfield desk": ["LDX"]})),
        "Admitted then, dropped now": traffic.replay(stricter),
        "error budget": score_sources(traffic.records),
        "and what to do": study_adoption(traffic.records),
        "time left": find_stale(traffic.records, policy),
    }
    for words, answer in answers.items():
        bundle = answer._repr_mimebundle_()
        assert words in str(answer) == bundle["text/plain"]
        assert bundle["text/html"].startswith('<div class="headgate">')
        assert repr(answer).startswith(f"<{type(answer).__name__}: ")
        assert "\n" not in repr(answer)
        console = Console(width=110, record=True, file=StringIO())
        console.print(answer)
        assert words in console.export_text()

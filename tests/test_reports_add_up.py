"""Reports over whatever log: every document is counted once, and all figures of one report add up."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from headgate import Chunk, Gate
from headgate.cli.app import app
from headgate.codes import CODES
from headgate.history import score_sources, study_adoption
from headgate.history.causes import is_out
from headgate.record import log_record
from headgate.report import to_html, to_text
from worlds import CLOCK, gate_of, policies, retrievals

Log = list[dict[str, Any]]
few = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def logs(draw: st.DrawFn, modes: tuple[str, ...] = ("audit", "warn", "enforce")) -> Log:
    """Records of admissions under one policy, in one mode or in several as the policy was changed."""
    policy = draw(policies())
    entries = []
    for _ in range(draw(st.integers(1, 5))):
        rules = {**policy, "mode": draw(st.sampled_from(modes))}
        if draw(st.booleans()):
            # A source that is only being tried, inside a policy that enforces.
            first, *rest = rules["sources"]
            rules["sources"] = [{**first, "mode": "audit"}, *rest]
        chunks = [one.chunk for one in draw(retrievals())]
        admission = gate_of(rules).judge(chunks, "question", CLOCK.now)
        entries.append(json.loads(json.dumps(log_record(admission), default=str)))
    return entries


def decisions_of(log: Log) -> list[dict[str, Any]]:
    return [decision for entry in log for decision in entry["decisions"]]


@few
@given(logs())
def test_a_scorecard_adds_up(log: Log) -> None:
    card = score_sources(log)
    assert sum(card.modes.values()) == card.prompts == len(log)
    assert 0 <= card.sound_before <= card.sound <= card.prompts
    assert sum(score.documents for score in card.sources.values()) == len(decisions_of(log))
    for score in card.sources.values():
        assert score.admitted + sum(score.reasons.values()) == score.documents
        assert score.tampered <= score.failures <= score.kept_out
        assert score.let_in <= score.admitted
        assert score.spoiled <= score.prompts <= card.prompts
        assert list(score.to_dict()["reasons"].values()) == sorted(score.reasons.values(), reverse=True)  # type: ignore[attr-defined]
    for name in ("documents", "admitted", "failures"):
        by_period: Counter[str] = Counter()
        for period in card.periods.values():
            by_period.update(getattr(period, name))
        assert by_period == Counter({source: getattr(score, name) for source, score in card.sources.items()})
    assert card.budget_spent == pytest.approx((card.prompts - card.sound) / card.budget)
    assert (
        max(score.spoiled for score in card.sources.values()) <= card.prompts - card.sound_before
        if (card.sources)
        else True
    )


@few
@given(logs(modes=("audit", "warn")))
def test_a_log_of_a_trial_spends_no_budget_and_says_what_enforcement_would_do(log: Log) -> None:
    card = score_sources(log)
    assert card.sound == card.prompts
    assert (card.budget_spent, card.is_met) == (0, True)
    out = [decision for decision in decisions_of(log) if is_out(decision)]  # type: ignore[arg-type]
    assert sum(score.kept_out for score in card.sources.values()) == len(out)
    assert all(mode in to_text(card) for mode in card.modes)


@few
@given(logs(modes=("audit",)))
def test_a_trial_is_judged_as_enforcement_would_judge_it(log: Log) -> None:
    # The same documents, dropped instead of recorded.
    enforced = [
        {
            **entry,
            "mode": "enforce",
            "decisions": [
                {**decision, "action": "drop" if is_out(decision) else "admit"} for decision in entry["decisions"]
            ],
        }
        for entry in log
    ]
    tried, done = score_sources(log), score_sources(enforced)
    for name in ("prompts", "sound", "sound_before", "empty", "budget"):
        assert getattr(tried, name) == getattr(done, name)
    assert {n: s.to_dict() for n, s in tried.sources.items()} == {n: s.to_dict() for n, s in done.sources.items()}
    assert study_adoption(log).remedies() == study_adoption(enforced).remedies()


@few
@given(logs())
def test_every_blocked_document_has_one_row_in_the_adoption_report(log: Log) -> None:
    found = study_adoption(log)
    remedies = found.remedies()
    out = [decision for decision in decisions_of(log) if is_out(decision)]  # type: ignore[arg-type]
    assert found.documents == len(decisions_of(log))
    assert sum(remedy.documents for remedy in remedies) == found.blocked == len(out)
    assert sum(found.reasons.values()) == sum(found.together.values()) == sum(found.sources.values()) == len(out)
    for remedy in remedies:
        assert 0 <= remedy.alone <= remedy.documents
        assert remedy.todo
    # A seal by a stranger's key is never an invitation to trust it.
    assert not any("stranger" in remedy.todo + str(remedy.policy) for remedy in remedies)


@few
@given(logs())
def test_all_reports_count_by_the_same_first_reason(log: Log) -> None:
    card, found = score_sources(log), study_adoption(log)
    by_source: Counter[str] = Counter()
    for score in card.sources.values():
        by_source.update(score.reasons)
    if all(entry["mode"] != "enforce" for entry in log) or not any(s.let_in for s in card.sources.values()):
        assert by_source == found.reasons
    text, page = " ".join(to_text(found).split()), to_html(found)
    for remedy in found.remedies():
        assert f"{remedy.code} " in text
        assert f"{remedy.code}</" in page


@few
@given(log=logs())
def test_the_commands_print_the_same_figures(log: Log, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in log), encoding="utf-8")
    card, found = score_sources(log), study_adoption(log)
    done = CliRunner().invoke(app, ["sources", str(path), "--json"])
    assert done.exit_code == int(not card.is_met)
    assert {**json.loads(done.stdout)} == {**json.loads(json.dumps(card.to_dict())), "quarantine": [], "overrides": {}}
    done = CliRunner().invoke(app, ["report", "adoption", str(path), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == json.loads(json.dumps(found.to_dict()))


@pytest.mark.parametrize("code", [*CODES, "X999"])
@pytest.mark.parametrize("mode", ["audit", "enforce"])
def test_every_cause_has_a_row_with_advice(code: str, mode: str) -> None:
    gate = Gate({"mode": "audit", "default": {"provenance": {"require": "none"}}}, clock=CLOCK)
    entry: Any = json.loads(
        json.dumps(log_record(gate.judge([Chunk("x", {"source": "https://a.example/b"})])), default=str)
    )
    finding = {"code": code, "severity": "error", "mode": mode, "message": "it does not hold", "detail": {}}
    entry["decisions"][0].update(findings=[finding], action="drop" if mode == "enforce" else "admit")
    entry["mode"] = mode
    (remedy,) = study_adoption([entry]).remedies()
    assert (remedy.code, remedy.documents, remedy.alone) == (code, 1, 1)
    assert remedy.verdict in ("to fix", "to decide", "rightly out")
    assert remedy.todo
    assert code in to_text(study_adoption([entry]))


def test_what_was_dropped_without_a_reason_is_counted() -> None:
    gate = Gate({"default": {"provenance": {"require": "none"}}}, clock=CLOCK)
    entry: Any = json.loads(
        json.dumps(log_record(gate.judge([Chunk("x", {"source": "https://a.example/b"})])), default=str)
    )
    entry["decisions"][0]["action"] = "drop"
    found = study_adoption([entry])
    assert (found.blocked, [remedy.code for remedy in found.remedies()]) == (1, ["none"])
    assert score_sources([entry]).sources["default"].reasons == {"none": 1}


def test_what_did_not_fit_spoils_nothing() -> None:
    gate = Gate({"default": {"provenance": {"require": "none"}}}, clock=CLOCK)
    entry: Any = json.loads(
        json.dumps(log_record(gate.judge([Chunk("x", {"source": "https://a.example/b"})])), default=str)
    )
    finding = {"code": "B402", "severity": "error", "mode": "enforce", "message": "it is too long", "detail": {}}
    entry["decisions"][0].update(findings=[finding], action="drop")
    card = score_sources([entry])
    assert (card.sound, card.sound_before, card.empty) == (1, 1, 1)
    assert (card.sources["default"].kept_out, card.sources["default"].failures, card.sources["default"].spoiled) == (
        1,
        0,
        0,
    )


def test_many_places_and_sources_are_counted_with_bounded_memory_and_still_add_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("headgate.history.causes._CAUSES", 20)
    monkeypatch.setattr("headgate.history.adoption._NAMES", 20)
    gate = Gate({"mode": "audit"}, clock=CLOCK)
    chunks = [Chunk("x", {"source": f"https://host-{number}.example/page"}) for number in range(60)]
    found = study_adoption([json.loads(json.dumps(log_record(gate.judge(chunks)), default=str))])
    assert sum(remedy.documents for remedy in found.remedies()) == found.blocked == 60
    assert len(found.tally.documents) <= 21

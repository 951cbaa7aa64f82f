"""What a log says over time: scorecard, error budget, adoption, stale documents; streamed, in bounded memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from typer.testing import CliRunner

from headgate import Chunk, Gate, HeadgateError, Policy
from headgate.cli.app import app
from headgate.history import find_stale, score_sources, study_adoption
from headgate.history.counting import Histogram, MostFrequent
from headgate.record import log_record
from headgate.testing import HOSTILE_STRINGS, FixedClock, Publisher

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
CLOCK = FixedClock(NOW)
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
WIKI = Publisher("wiki", "https://wiki.example/**", CLOCK)
RULES: dict[str, Any] = {"freshness": {"max_age": "90d"}}


def gate_of(mode: str = "enforce") -> Gate:
    return Gate({"mode": mode, "sources": [DOCS.source(**RULES), WIKI.source(**RULES)]}, clock=CLOCK)


def record(gate: Gate, *chunks: Chunk, now: datetime = NOW) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json.dumps(log_record(gate.judge(chunks, "q", now)), default=str))
    return loaded


def good(days: float = 1, page: str = "a") -> Chunk:
    return DOCS.seal("text", f"https://docs.example/{page}", modified=NOW - timedelta(days=days))


def tampered(publisher: Publisher = WIKI) -> Chunk:
    page = f"https://{publisher.name}.example/a"
    return Chunk("changed", publisher.seal("text", page, modified=NOW - timedelta(days=1)).metadata)


def unsigned(page: str = "https://docs.example/b") -> Chunk:
    return Chunk("text", {"source": page, "last_modified": NOW.isoformat()})


@given(st.lists(st.floats(0, 1e9), min_size=1), st.sampled_from([0.5, 0.9, 0.99]))
def test_percentiles_are_right_to_five_per_cent(values: list[float], share: float) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    exact = sorted(values)[max(0, -(-int(share * len(values) * 1e6) // 10**6) - 1)]
    found = histogram.percentile(share)
    assert found is not None
    near = sorted(values)
    assert any(abs(found - value) <= 0.06 * value + 1 for value in near)
    assert found <= max(near) * 1.06 + 1
    assert exact >= 0


def test_the_rarest_are_forgotten_first() -> None:
    frequent: MostFrequent[int] = MostFrequent(100)
    for number in range(1_000):
        frequent.put("often", number)
        frequent.put(f"once-{number}", number)
    assert len(frequent) <= 100
    assert frequent.is_pruned
    assert {key: count for key, count, _ in frequent.items()}["often"] == 1_000


def test_a_scorecard_counts_per_source_and_day() -> None:
    gate = gate_of()
    entries = [
        record(gate, good(), good(40, "c")),
        record(gate, good(), tampered(), now=NOW + timedelta(days=1)),
        record(gate, good(200), now=NOW + timedelta(days=1)),
    ]
    card = score_sources(entries)
    docs, wiki = card.sources["docs"], card.sources["wiki"]
    assert (docs.documents, docs.admitted, docs.failures, docs.reasons["F202"]) == (4, 3, 0, 1)
    assert (wiki.documents, wiki.failures, wiki.tampered, wiki.spoiled) == (1, 1, 1, 1)
    assert list(card.periods) == ["2026-06-01", "2026-06-02"]
    assert card.periods["2026-06-02"].failures == {"wiki": 1}
    assert (card.prompts, card.sound, card.sound_before) == (3, 3, 1)
    second: Any = card.to_dict()["periods"]
    assert second["2026-06-02"]["sources"]["docs"] == {
        "documents": 2,
        "admitted": 1,
        "failures": 0,
        "reasons": {"F202": 1},
    }
    age = docs.ages.percentile(0.99)
    assert age is not None
    assert abs(age / 86_400 - 201) < 201 * 0.06


def test_the_error_budget_is_spent_by_prompts_that_held_what_they_should_not() -> None:
    # The policy enforces, and has this source in audit mode for a while.
    gate = Gate({"sources": [DOCS.source(**RULES), WIKI.source(mode="audit", **RULES)]}, clock=CLOCK)
    let_in = tampered().with_metadata(source="https://wiki.example/a")
    entries = [record(gate, good()) for _ in range(98)] + [record(gate, good(), let_in) for _ in range(2)]
    card = score_sources(entries, objective=0.99)
    assert card.sound == 98
    assert not card.is_met
    assert card.budget == pytest.approx(1.0)
    assert card.budget_spent == pytest.approx(2.0)
    assert (card.sources["wiki"].let_in, card.sources["wiki"].kept_out) == (2, 0)
    assert score_sources(entries, objective=0.98).is_met
    # What was recorded before the policy enforced leaves the others no more room.
    trial = [record(gate_of("audit"), good(), tampered()) for _ in range(1_000)]
    assert score_sources([*trial, *entries], objective=0.99).budget == pytest.approx(1.0)
    assert score_sources([], objective=0.99).is_met
    with pytest.raises(ValueError, match="not a share"):
        score_sources([], objective=99)


@pytest.mark.parametrize(("by", "first"), [("hour", "2026-06-01 12:00"), ("day", "2026-06-01"), ("week", "2026-W23")])
def test_periods(by: Any, first: str) -> None:
    assert list(score_sources([record(gate_of(), good())], by=by).periods) == [first]


def test_the_adoption_report_says_what_would_let_documents_in() -> None:
    any_date = DOCS.source(freshness={"max_age": "90d", "evidence": "any"})
    gate = Gate({"mode": "audit", "sources": [any_date, WIKI.source(**RULES)]}, clock=CLOCK)
    undated = [
        DOCS.seal("a", "https://docs.example/1", {"source": "https://docs.example/1", key: value}, modified=None)
        for key, value in [("stamp", "2026-05-01T00:00:00Z")] * 3
        + [("crawl-day", "2026-05-02")] * 2
        + [("last_modified", "03/04/2026"), ("other", "x")]
    ]
    elsewhere = Chunk("x", {"source": "https://blog.example/post"})
    stranger = Publisher("stranger", "https://x.example/**", CLOCK).seal("a", "https://docs.example/2")
    found = study_adoption([record(gate, *undated, unsigned(), unsigned(), elsewhere, stranger, good())])
    assert (found.documents, found.blocked, found.touched_prompts, found.empty_prompts) == (12, 11, 1, 0)
    remedies = {remedy.problem: remedy for remedy in found.remedies()}
    assert remedies["a date is under a key that nobody reads"].documents == 5
    assert remedies["a date is under a key that nobody reads"].policy == 'metadata: {modified: ["stamp", "crawl-day"]}'
    assert remedies["the date has two readings"].documents == 1
    assert remedies["no date at all"].documents == 1
    # The source has sealed documents, so what has no seal may be forged, and must not be let in by `declared`.
    assert remedies["no seal, where others have one"].documents == 2
    assert not any("declared" in str(remedy.policy) for remedy in remedies.values())
    # Nor does any advice name the key of whoever signed without being asked.
    unknown = remedies["sealed by a key that the policy does not list"]
    assert (unknown.documents, unknown.verdict, unknown.policy) == (1, "rightly out", None)
    assert "stranger" not in str(found.to_dict()["remedies"])
    assert 'match: "https://blog.example/**"' in str(remedies["no source of the policy matches"].policy)
    assert sum(remedy.documents for remedy in remedies.values()) == found.blocked
    assert [entry["retrieved"] for entry in found.manifest()] == [2]
    policy = Policy.from_mapping({"metadata": {"modified": ["stamp", "crawl-day"]}, "sources": [any_date]})
    assert Gate(policy, clock=CLOCK).judge(undated).counts()["admit"] == 5  # the advice is right


def test_a_source_without_any_seal_may_be_declared_for_a_while() -> None:
    gate = Gate({"mode": "audit", "sources": [DOCS.source()]}, clock=CLOCK)
    (remedy,) = study_adoption([record(gate, unsigned(), unsigned())]).remedies()
    assert (remedy.documents, remedy.policy) == (2, "provenance: {require: declared}")
    assert "lets in whatever claims" in remedy.todo


@pytest.mark.parametrize("by", ["hour", "week"])
def test_the_periods_of_sources_are_shown(by: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    gate = Gate({"sources": [DOCS.source()], "log": {"path": str(path)}}, clock=CLOCK)
    for days in (0, 8):
        gate.admit([good()], now=CLOCK() - timedelta(days=days))
    out = CliRunner().invoke(app, ["sources", str(path), "--by", by]).stdout
    assert f"By {by}" in out
    assert len([line for line in out.splitlines() if line.startswith("2026-")]) == 2


def test_the_adoption_report_says_whose_dates_nobody_signed() -> None:
    dated = DOCS.seal("a", "https://docs.example/1", {"last_modified": "2026-05-01T10:00:00"}, modified=None)
    (remedy,) = study_adoption([record(gate_of("audit"), dated)]).remedies()
    assert (remedy.problem, remedy.documents, remedy.alone) == ("the date is not signed", 1, 1)
    assert remedy.policy == "freshness: {evidence: any}"
    any_date = DOCS.source(freshness={"max_age": "90d", "evidence": "any"})
    assert Gate({"sources": [any_date]}, clock=CLOCK).judge([dated]).chunks  # the advice is right


def test_the_stale_list_puts_the_most_damage_first() -> None:
    gate = gate_of("warn")
    entries = [
        *(record(gate, good(80, "often-and-old")) for _ in range(10)),
        *(record(gate, good(1, "often-and-new")) for _ in range(10)),
        record(gate, good(89, "seldom")),
        record(gate, good(100, "past")),
        record(gate, DOCS.seal("x", "https://docs.example/ends", modified=None, expires=NOW + timedelta(days=1))),
        record(gate, tampered(DOCS)),
    ]
    found = find_stale(entries, gate.policy)
    names = [document.document.rpartition("/")[2] for document in found.documents]
    assert names[0] == "often-and-old"
    assert names.index("past") < names.index("ends")
    assert found.past == 1
    assert find_stale(entries, None).undated > 0
    assert find_stale(entries, gate.policy, now=NOW + timedelta(days=300)).past == len(found.documents)
    assert find_stale([], gate.policy).documents == []


def test_what_has_no_date_by_which_it_ends_is_said_with_its_true_cause() -> None:
    gate = gate_of("warn")
    undated = DOCS.seal("x", "https://docs.example/undated", modified=None)
    entries = [record(gate, good(1, "dated")), record(gate, undated)]
    ruled = str(find_stale(entries, gate.policy))
    assert "1 has no date that counts: `DateDocuments`" in " ".join(ruled.split())
    assert "--policy" not in ruled
    unruled = find_stale(entries, None)
    assert (unruled.undated, unruled.unruled) == (2, 1)
    said = " ".join(str(unruled).split())
    assert "1 has a date of change, and no policy says how old it may be (--policy)." in said
    assert "1 has no date that counts" in said
    elsewhere = Gate({"sources": [DOCS.source()]}, clock=CLOCK).policy
    assert "and no max_age of the policy is for it." in " ".join(str(find_stale(entries, elsewhere)).split())
    assert unruled.to_dict()["without_max_age"] == 1


def test_a_terminal_says_what_to_do_next_as_the_page_does() -> None:
    clean = [record(gate_of("audit"), good(1, "a"))]
    for result in (
        study_adoption(clean),
        find_stale([record(gate_of("warn"), good(100, "past"))], gate_of("warn").policy),
    ):
        assert "Do next" in str(result)
        assert "Do next" in result._repr_html_()
    enforced = [record(gate_of("enforce"), good(1, "a"))]
    assert "Do next" not in str(study_adoption(enforced))
    assert "in the way of enforcing the rest" in str(study_adoption([*clean, *enforced]))


def test_a_report_on_adoption_says_how_little_was_seen_and_under_which_policy(tmp_path: Path) -> None:
    one = record(gate_of("audit"), good(1, "a"))
    few, many = study_adoption([one]), study_adoption([one] * 100)
    assert "Seen so far: 1 prompt with 1 document," in few._repr_html_()
    assert "mode: enforce" not in str(few)
    assert "mode: enforce" in str(many)
    policy, log = tmp_path / "headgate.yaml", tmp_path / "log.jsonl"
    policy.write_text("mode: audit\n")
    log.write_text("".join(f"{json.dumps(one)}\n" for _ in range(100)))
    result = CliRunner().invoke(app, ["report", "adoption", str(log), "--policy", str(policy)])
    said = " ".join(result.output.split())
    assert "Decided under a different revision of the policy: 100 of 100 prompts." in said
    assert "mode: enforce" not in said


def test_nothing_recorded_is_said() -> None:
    for result in (score_sources([]), study_adoption([]), find_stale([])):
        text = result._repr_html_()
        assert "no admission" in text or "No document" in text


def test_names_from_documents_are_shown_as_text() -> None:
    gate = gate_of("audit")
    chunks = [
        Chunk("x", {"source": f"https://docs.example/{n}?{s}", "stamp": s}, id=s)
        for n, s in enumerate(HOSTILE_STRINGS[:60])
    ]
    broken = record(gate, *chunks)
    for number, decision in enumerate(broken["decisions"]):
        decision["source"] = HOSTILE_STRINGS[number].encode("utf-8", "replace").decode()
    for result in (score_sources([broken]), study_adoption([broken]), find_stale([broken])):
        page = result._repr_html_()
        assert len(page.encode()) <= 256_000
        assert not LexborHTMLParser(page).css("script, svg, iframe, a:not([href^='#code-'])")
        assert "\u202e" not in page


@pytest.mark.parametrize("value", [None, 3, [], {}, [None], float("inf"), float("nan"), 10**400, True, "x"], ids=str)
@pytest.mark.parametrize("study", [score_sources, study_adoption, find_stale])
def test_records_of_other_making_break_nothing(study: Any, value: object) -> None:
    for name in ("age_seconds", "source", "uri", "digest", "modified", "evidence", "action", "id"):
        odd = record(gate_of("audit"), good(), unsigned(), tampered())
        for decision in odd["decisions"]:
            decision[name] = value
        assert study([odd])._repr_html_()
    for name in ("mode", "policy_revision", "counts"):
        odd = record(gate_of("audit"), good())
        odd[name] = value
        assert study([odd])._repr_html_()


def records(count: int) -> Iterator[dict[str, Any]]:
    one = record(gate_of("audit"), good(), tampered(), unsigned())
    for number in range(count):
        one["now"] = (NOW + timedelta(seconds=number)).isoformat()
        one["decisions"][2]["digest"] = f"sha-256:{number}"
        one["decisions"][0]["uri"] = f"https://docs.example/{number}"
        one["decisions"][1]["source"] = f"source-{number}"
        yield one


@pytest.mark.parametrize("study", [score_sources, study_adoption, find_stale])
def test_a_long_log_takes_bounded_memory(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.history.adoption.MOST_UNSEALED", 500)
    monkeypatch.setattr("headgate.history.studies.MOST_DOCUMENTS", 500)
    peaks = []
    for count in (5_000, 20_000):
        tracemalloc.start()
        study(records(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 1_000_000


def test_the_commands(tmp_path: Path) -> None:
    gate = gate_of("audit")
    lines = [json.dumps(record(gate, good(page=str(n)), unsigned())) for n in range(20)]
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join([*lines, '{"schema":7,"type":"admission"}', "torn"]) + "\n")
    jwks = json.dumps(DOCS.key.public_jwks())
    policy = tmp_path / "headgate.yaml"
    source = (
        f"{{id: docs, match: 'https://docs.example/**', provenance: {{keys: {jwks}}}, freshness: {{max_age: 90d}}}}"
    )
    policy.write_text(f"sources: [{source}]\nquarantine: {{path: q.jsonl}}")
    held = {"at": NOW.isoformat(), "action": "hold", "source": "docs", "reason": "r"}
    (tmp_path / "q.jsonl").write_text(json.dumps(held) + "\n")

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, [*words])

    done = run("sources", str(log), "--policy", str(policy), "--html", str(tmp_path / "s.html"))
    assert done.exit_code == 1  # two lines of the log are torn, and named
    sentence = "20 of 20 prompts would hold only admissible documents; without the gate, none would have."
    assert sentence in " ".join(done.output.split())
    assert "0% of the error budget" in done.output
    assert "In quarantine since 2026-06-01 12:00 UTC: docs" in done.output
    assert "in quarantine" in (tmp_path / "s.html").read_text()
    assert json.loads(run("sources", str(log), "--json").stdout)["skipped_lines"] == 2
    done = run(
        "report", "adoption", str(log), "--unsealed", str(tmp_path / "u.jsonl"), "--html", str(tmp_path / "a.html")
    )
    assert done.exit_code == 1  # two lines of the log are torn, and named
    assert "2 lines skipped" in done.stderr
    assert "would have blocked 20 of 40 documents" in done.output
    assert "kept out only because a seal is missing." in done.output
    assert json.loads((tmp_path / "u.jsonl").read_text())["retrieved"] == 20
    done = run("report", "stale", str(log), "--policy", str(policy), "--html", str(tmp_path / "t.html"))
    assert done.exit_code == 1  # for the same two lines; no document is past its date
    assert not json.loads(run("report", "stale", str(log), "-p", str(policy), "--json").stdout)["past"]
    assert len(json.loads(run("report", "stale", str(log), "-p", str(policy), "--json").stdout)["documents"]) == 21
    for words in (
        ["sources", str(log), "--by", "year"],
        ["sources", str(log), "--objective", "0"],
        ["sources", "gone"],
    ):
        assert isinstance(run(*words).exception, HeadgateError)


@pytest.mark.parametrize(
    ("uri", "pattern"),
    [
        ("file:/srv/app/data/kb/a.md", "file:/srv/app/data/kb/**"),
        ("s3://bucket/team/x/a.md", "s3://bucket/team/x/**"),
        ("https://a.example/b/c", "https://a.example/**"),
        ("file:docs/a.md", "file:docs/**"),
    ],
)
def test_a_source_that_is_missing_is_advised_no_wider_than_its_folder(uri: str, pattern: str) -> None:
    from headgate.history.causes import cause_of

    record = log_record(Gate({}).admit([Chunk("x", {"source": uri})]))
    assert cause_of(record["decisions"][0]).detail == (pattern,)

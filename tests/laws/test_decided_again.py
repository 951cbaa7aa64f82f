"""What was decided before is decided again only where judging from the beginning decides the same."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate
from headgate.admission.observing import observing
from headgate.provenance import generate_signing_key
from headgate.provenance.revocation import Revocation, RevocationList
from headgate.testing import FixedClock, Publisher
from thorough import Thorough, told

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
PATTERN, PAGE = "https://handbook.example/**", "https://handbook.example/leave"
_publisher = Publisher("handbook", PATTERN, FixedClock(NOW))
_stranger = Publisher("stranger", PATTERN, FixedClock(NOW))

texts = st.sampled_from(
    ["Everyone gets 30 days.", "A service level agreement (SLA) holds.", "The SLA of LDX.", "LDX\u200b"]
)
harmless = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["LDX", "Leave"]),
        "page": st.sampled_from([1, 1.0, True, 2]),
        "relevance_score": st.sampled_from([0.25, 0.75, 1, 1.0]),
    },
)
telling = st.dictionaries(
    st.sampled_from(["last_modified", "valid_until", "valid_from", "status", "note", "source"]),
    st.sampled_from(["2026-05-20", "2026-06-02T00:00:00Z", "never", "draft", PAGE + "#x", 7, None]),
    min_size=1,
    max_size=2,
)
entries = st.one_of(harmless, harmless, telling)
kinds = st.sampled_from(["sealed", "sealed", "sealed", "open", "stranger", "none", "another text"])
pages = st.sampled_from([PAGE, PAGE, "https://handbook.example/pay"])
ages = st.sampled_from([1, 1, 2, 29, 100])
steps = st.lists(
    st.sampled_from([timedelta(0), timedelta(hours=1), timedelta(days=-1), timedelta(days=27), timedelta(days=9)]),
    min_size=4,
    max_size=8,
)


@st.composite
def chunks(draw: st.DrawFn, kinds: st.SearchStrategy[str] = kinds) -> Chunk:
    text, page, kind = draw(texts), draw(pages), draw(kinds)
    metadata = draw(harmless if kind == "genuine" else entries)
    if kind in ("none", "open"):
        days = draw(ages)
        dated = {"last_modified": (NOW - timedelta(days=days)).isoformat()} if days > 1 else {}
        return Chunk(text, {"source": page if kind == "none" else "https://elsewhere.example/x", **dated, **metadata})
    publisher = _stranger if kind == "stranger" else _publisher
    signed = {"source": page, **(metadata if draw(st.booleans()) else {})}
    sealed = publisher.seal(text, page, signed, modified=NOW - timedelta(days=draw(ages)))
    chunk = sealed.with_metadata(**metadata)
    return replace(chunk, text="Everyone gets 99 days.") if kind == "another text" else chunk


def _policy(tmp_path_factory: Any) -> dict[str, Any]:
    glossary = tmp_path_factory.mktemp("words") / "glossary.yaml"
    glossary.write_text("terms:\n  LarkDesk: [LDX]\n  service level agreement: [SLA]\n")
    rules = {"max_age": "30d", "warn_after": "28d", "supersede": True}
    return {
        "sources": [_publisher.source(freshness=rules, terminology=[str(glossary)])],
        "default": {"provenance": {"require": "declared"}, "freshness": {"supersede": True}},
    }


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return _policy(tmp_path_factory)


genuine = chunks(st.sampled_from(["genuine", "genuine", "genuine", "open"]))
pools = st.one_of(st.lists(genuine, min_size=2, max_size=3), st.lists(chunks(), min_size=2, max_size=3))


@given(pools, steps)
def test_an_admission_is_what_judging_from_the_beginning_decides(
    policy: dict[str, Any], found: list[Chunk], times: list[timedelta]
) -> None:
    gate, thorough, now = Gate(policy), Thorough(policy), NOW
    for step in times:
        now = now + step
        for _ in range(2):  # so that it is settled
            gate.judge(found, "q", now)
            thorough.judge(found, "q", now)
        again, beginning = gate.judge(found, "q", now), thorough.judge(found, "q", now)
        assert told(again) == told(beginning)
        gate.release(again)
        thorough.release(beginning)


@given(
    st.lists(chunks(), min_size=2, max_size=3),
    st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=3), min_size=2, max_size=8),
)
def test_in_whatever_company_a_chunk_comes(
    policy: dict[str, Any], pool: list[Chunk], retrievals: list[list[int]]
) -> None:
    gate, thorough = Gate(policy), Thorough(policy)
    alone = [[place] for place in range(len(pool)) for _ in range(3)]
    for places in [*alone, *alone, *retrievals, *retrievals]:
        found = [pool[place % len(pool)] for place in places]
        assert told(gate.judge(found, "q", NOW)) == told(thorough.judge(found, "q", NOW))


@given(st.one_of(genuine, chunks()), st.lists(st.tuples(entries, st.booleans()), min_size=1, max_size=6))
def test_other_metadata_is_judged_as_other_metadata(
    policy: dict[str, Any], chunk: Chunk, others: list[tuple[dict[str, Any], bool]]
) -> None:
    gate, thorough = Gate(policy), Thorough(policy)
    for _ in range(3):
        assert told(gate.judge([chunk], "q", NOW)) == told(thorough.judge([chunk], "q", NOW))
    for changes, is_anew in others:
        text = chunk.text[:1] + chunk.text[1:] if is_anew else chunk.text
        changed = replace(chunk, text=text, metadata={**chunk.metadata, **changes})
        assert told(gate.judge([changed], "q", NOW)) == told(thorough.judge([changed], "q", NOW))


def seen(gate: Gate, *found: Chunk) -> Gate:
    """Return a gate that has decided about chunks often enough to remember it."""
    for one in found:
        for _ in range(3):
            gate.judge([one], "q", NOW)
    return gate


def sealed(text: str = "The SLA of LDX.", page: str = PAGE, days: int = 1, **metadata: Any) -> Chunk:
    signed = _publisher.seal(text, page, {"source": page}, modified=NOW - timedelta(days=days))
    return signed.with_metadata(**metadata)


def test_a_score_is_the_one_of_this_retrieval(policy: dict[str, Any]) -> None:
    gate = seen(Gate(policy), sealed(relevance_score=0.25))
    assert gate.judge([sealed(relevance_score=0.75)], "q", NOW).chunks[0].metadata["relevance_score"] == 0.75


def test_a_score_that_is_signed_is_compared(policy: dict[str, Any]) -> None:
    signed = _publisher.seal(
        "text", PAGE, {"source": PAGE, "relevance_score": 0.25}, modified=NOW, cover=["relevance_score"]
    )
    gate = seen(Gate(policy), signed)
    assert gate.judge([signed], "q", NOW).chunks
    assert not gate.judge([signed.with_metadata(relevance_score=0.75)], "q", NOW).chunks


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (0, False),
        (0.0, -0.0),
        (Decimal("1.0"), Decimal("1.00")),
        (NOW, NOW.astimezone(timezone(timedelta(hours=2)))),
        (NOW, NOW.astimezone(ZoneInfo("Africa/Abidjan"))),
    ],
)
def test_equal_values_that_read_differently_are_two_values(policy: dict[str, Any], one: object, other: object) -> None:
    gate, open_page = Gate(policy), "https://elsewhere.example/x"
    seen(gate, Chunk("text", {"source": open_page, "part": one}))
    (left,) = gate.judge([Chunk("text", {"source": open_page, "part": other})], "q", NOW).chunks
    assert repr(left.metadata["part"]) == repr(other)


def test_what_another_admission_has_proved_counts_at_once(policy: dict[str, Any]) -> None:
    gate = seen(Gate(policy), sealed(days=2))
    gate.judge([sealed("Newer.", days=1)], "q", NOW)
    assert gate.judge([sealed(days=2)], "q", NOW).decisions[0].codes[-1] == "F205"


def test_what_stands_beside_it_counts(policy: dict[str, Any]) -> None:
    def opened(text: str, days: int) -> Chunk:
        dated = (NOW - timedelta(days=days)).isoformat()
        return Chunk(text, {"source": "https://elsewhere.example/x", "last_modified": dated})

    old, new = opened("Old.", 9), opened("New.", 2)
    gate = seen(Gate(policy), old, new)
    assert [one.codes for one in gate.judge([old, new], "q", NOW).decisions] == [("F205",), ()]


def test_what_one_chunk_defines_another_one_says(policy: dict[str, Any]) -> None:
    definition, use = sealed("A sea lion area (SLA) is closed."), sealed("The SLA is closed.")
    gate = seen(Gate(policy), definition, use, definition)
    assert [one.text for one in gate.judge([definition, use], "q", NOW).chunks] == [definition.text, use.text]
    assert [one.text for one in gate.judge([use], "q", NOW).chunks] == ["The service level agreement is closed."]


def test_a_decision_ends_when_its_time_is_over(policy: dict[str, Any]) -> None:
    gate = seen(Gate(policy), sealed())
    modified, second = NOW - timedelta(days=1), timedelta(seconds=1)

    def codes(now: datetime) -> tuple[str, ...]:
        return gate.judge([sealed()], "q", now).decisions[0].codes

    assert codes(modified + timedelta(days=28) - second) == ("T301",)
    assert codes(modified + timedelta(days=28) + second) == ("F209", "T301")
    assert codes(modified + timedelta(days=30) + second) == ("F202",)


def _judges(gate: Gate, *found: Chunk, at: datetime = NOW) -> bool:
    """Return whether a gate judges chunks from the beginning."""
    called = set()
    sys.setprofile(lambda frame, event, _: called.add(frame.f_code.co_name) if event == "call" else None)
    try:
        gate.judge(found, "q", at)
    finally:
        sys.setprofile(None)
    return "judge_admission" in called


def _revocations(folder: Path) -> dict[str, Any]:
    key = generate_signing_key("security")
    listed = RevocationList(issuer="security", version=1, issued=NOW, expires=NOW + timedelta(days=7))
    (folder / "revoked.jws").write_bytes(replace(listed, digests={"sha-256:" + "A" * 43: Revocation()}).sign(key))
    return {"revocations": [{"list": str(folder / "revoked.jws"), "keys": key.public_jwks()}]}


def _feeds(folder: Path) -> dict[str, Any]:
    (folder / "changes.jsonl").write_text("")
    source = _publisher.source(freshness={"feeds": [{"changes": str(folder / "changes.jsonl")}]})
    return {"sources": [source], "registry": {"path": str(folder / "registry.sqlite")}}


MORE: dict[str, Callable[[Path], dict[str, Any]]] = {
    "nothing": lambda _: {},
    "a mode": lambda _: {"mode": "warn"},
    "invisible": lambda _: {"invisible": "strip"},
    "a registry": lambda folder: {"registry": {"path": str(folder / "registry.sqlite")}},
    "a feed": _feeds,
    "revocations": _revocations,
    "overrides": lambda folder: {"overrides": {"path": str(folder / "overrides.json")}},
    "quarantine": lambda folder: {
        "sources": [_publisher.source(quarantine={"failures": "90%"})],
        "quarantine": {"path": str(folder / "quarantine.json")},
    },
}


@pytest.mark.parametrize("more", MORE)
def test_what_is_settled_is_not_judged_again(more: str, policy: dict[str, Any], tmp_path: Path) -> None:
    gate = Gate({**policy, **MORE[more](tmp_path)})
    page = "https://elsewhere.example/x"
    found = [
        sealed(),
        sealed("Everyone gets 30 days.", f"{PAGE}/days", title="LDX"),
        Chunk("An open page.", {"source": page}, "1"),
        Chunk("The same page goes on.", {"source": page, "relevance_score": 0.5}, "2"),
    ]
    assert _judges(gate, *found)
    seen(gate, *found)
    for retrieval in (found, found[::-1], found[:2], found[:1] * 2, [found[3], found[2]]):
        assert not _judges(gate, *retrieval), retrieval[0].text
        assert not _judges(gate, *retrieval, at=NOW + timedelta(hours=20)), retrieval[0].text
    assert not _judges(gate, replace(found[3], metadata={**found[3].metadata, "relevance_score": 0.75}))
    # Of each there may be another one that nobody has decided about.
    for other in (
        found[0].with_metadata(title="new"),
        replace(found[0], text="Something else."),
        replace(found[2], id="9"),
        replace(found[2], text=""),
    ):
        assert _judges(gate, other)
    assert _judges(gate, *found, at=NOW + timedelta(days=40))


def test_a_question_about_another_date_is_about_that_date(policy: dict[str, Any]) -> None:
    past, found = NOW - timedelta(days=25), [sealed(days=20), sealed("Newer.", f"{PAGE}/b", days=27)]
    gate, thorough = seen(Gate(policy), *found), Thorough(policy)
    for as_of in (past, None, past, None):
        expected = told(thorough.judge(found, "q", NOW, as_of))
        for _ in range(3):
            assert told(gate.judge(found, "q", NOW, as_of)) == expected


def test_what_is_kept_out_for_what_it_is_stays_so() -> None:
    gate = Gate({"sources": [_publisher.source()]})
    forged = Chunk("Nobody signed this.", {"source": PAGE})
    seen(gate, forged)
    assert not _judges(gate, forged)
    (decision,) = gate.judge([forged], "q", NOW).decisions
    assert (decision.action, decision.codes) == ("drop", ("P101",))


def test_what_depends_on_more_than_the_chunk_is_judged_each_time(policy: dict[str, Any], offline_tokens: None) -> None:
    budget = Gate({**policy, "budget": {"max_tokens": 1_000, "encoding": "bytes"}})
    seen(budget, sealed())
    assert _judges(budget, sealed())
    edition = {"pattern": "https://handbook.example/{version}/{page}", "current": "latest"}
    editions = Gate({**policy, "sources": [_publisher.source(identity=edition)]})
    seen(editions, sealed())
    assert _judges(editions, sealed())
    gate = seen(Gate(policy), sealed())
    assert not _judges(gate, sealed())
    with observing():
        assert _judges(gate, sealed())

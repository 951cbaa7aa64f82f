"""A restriction that is there and is over, or is not understood, keeps the document out, in whatever form it came."""

from __future__ import annotations

import string
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from doors import DOORS, ids_through
from headgate.freshness import CATALOGUE
from worlds import CLOCK, HANDBOOK, gate_of

URI = "https://handbook.example/1"
GATE = gate_of({"sources": [HANDBOOK.source()]})
LOOSE = gate_of({"sources": [{"id": "loose", "match": "https://**/**", "provenance": {"require": "none"}}]})

doors = st.sampled_from(sorted(DOORS))
ends = st.sampled_from(CATALOGUE["valid_until"])
# Long past in every zone, and in both readings of a date that has two.
past = st.datetimes(datetime(1995, 1, 1), datetime(2026, 1, 1))  # noqa: DTZ001 - written without a zone, too
spellings = st.sampled_from(
    [
        lambda t: t.isoformat(),
        lambda t: t.isoformat() + "Z",
        lambda t: t.isoformat(sep=" "),
        lambda t: f"{t:%Y-%m-%d}",
        lambda t: f"{t:%Y%m%d}",
        lambda t: f"{t:%Y%m%d%H%M%S}",
        lambda t: int(f"{t:%Y%m%d%H%M%S}"),
        lambda t: f"{t:%d/%m/%Y}",
        lambda t: f"{t:%m/%d/%Y}",
        lambda t: f"{t:%d.%m.%Y}",
        lambda t: f"{t:%d %b %Y %H:%M:%S} +0100 (CET)",
        lambda t: f"{t:%B} {t.day}, {t:%Y}",
        lambda t: f"D:{t:%Y%m%d%H%M%S}Z",
        lambda t: int(t.replace(tzinfo=timezone.utc).timestamp()),
        lambda t: str(int(t.replace(tzinfo=timezone.utc).timestamp() * 1_000)),
        lambda t: int(t.replace(tzinfo=timezone.utc).timestamp()) * 1_000_000,
        lambda t: int(t.replace(tzinfo=timezone.utc).timestamp()) * 1_000_000_000,
        lambda t: t,
        lambda t: t.date(),
        lambda t: [t.isoformat()],
        lambda t: (t.isoformat(), "2999-01-01T00:00:00Z"),
        lambda t: {"value": t.isoformat()},
    ]
)
letters = st.text(string.ascii_lowercase, min_size=8, max_size=30).filter(lambda text: text not in ("infinity",))
garbage = st.one_of(
    letters.filter(lambda text: not text.startswith(("never", "forever", "unlimited", "indefinite", "undefined"))),
    st.binary(min_size=1, max_size=20),
    st.just(object()),
    st.just({"nested": {"deeper": object()}}),
    st.integers(2**70, 2**80),
)


@given(ends, past, spellings, doors)
def test_what_is_over_stays_out(key: str, end: datetime, spell: Any, name: str) -> None:
    chunk = HANDBOOK.seal("text", URI).with_metadata(**{key: spell(end)})
    assert ids_through(DOORS[name], GATE, [chunk]) == []
    assert LOOSE.admit([chunk]).chunks == ()


@given(ends, garbage)
def test_what_is_not_understood_stays_out(key: str, value: Any) -> None:
    decision = GATE.admit([HANDBOOK.seal("text", URI).with_metadata(**{key: value})]).decisions[0]
    assert decision.codes == ("F203",)
    assert not decision.admitted


@given(st.sampled_from(CATALOGUE["valid_from"]), garbage)
def test_a_start_that_is_not_understood_has_not_come(key: str, value: Any) -> None:
    assert not GATE.admit([HANDBOOK.seal("text", URI).with_metadata(**{key: value})]).chunks


@given(st.sampled_from(CATALOGUE["superseded_by"]), garbage | st.uuids() | st.integers(1, 9) | st.just(["a", "b"]))
def test_a_successor_of_any_type_is_one(key: str, value: Any) -> None:
    assert not GATE.admit([HANDBOOK.seal("text", URI).with_metadata(**{key: value})]).chunks


@given(ends, past, spellings, st.lists(st.sampled_from(CATALOGUE["valid_until"]), max_size=4), st.data())
def test_no_other_entry_hides_an_end(key: str, end: datetime, spell: Any, others: list[str], data: Any) -> None:
    """Further keys of the same role, before or behind, and hundreds of keys of no role, change nothing."""
    later = {other: "2999-01-01T00:00:00Z" for other in others if other != key}
    many = {f"key {number}": "x" for number in range(data.draw(st.sampled_from([0, 300, 9_000])))}
    entries = {**later, **many, key: spell(end)}
    chunk = HANDBOOK.seal("text", URI, expires=CLOCK.now + timedelta(days=1)).with_metadata(**entries)
    assert not GATE.admit([chunk]).chunks


@given(ends, st.sampled_from(["", " ", "-", "N/A", "NaN", "nat", "None", "null", None, float("nan")]))
def test_what_spells_none_restricts_nothing(key: str, value: Any) -> None:
    assert GATE.admit([HANDBOOK.seal("text", URI).with_metadata(**{key: value})]).chunks

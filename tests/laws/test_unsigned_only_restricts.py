"""What nobody signed can only restrict: adding it never turns a drop into an admission."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate
from headgate.freshness import CATALOGUE
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
NOW = CLOCK.now
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
PAGES = [
    "https://docs.example/a",
    "https://docs.example/a#part",
    "https://docs.example/%C3%BC/",
    "https://docs.example/ü",
]

days = st.integers(-400, 400).map(lambda count: NOW - timedelta(days=count))
times = st.one_of(
    days.map(lambda at: at.isoformat()),
    days.map(lambda at: at.replace(tzinfo=None).isoformat()),
    days.map(lambda at: at.date().isoformat()),
    days.map(lambda at: int(at.timestamp())),
    days.map(lambda at: at.timestamp()),
    st.sampled_from(
        [
            "2999-01-01T00:00:00Z",
            "03/04/2026",
            "soon",
            "",
            None,
            "none",
            0,
            "20990101120000",
            ["2999-01-01"],
            2030010112,
        ]
    ),
)
names = st.sampled_from(sorted({name for names in CATALOGUE.values() for name in names} | {"x", "headgate_seal2"}))
spelled = (
    names | names.map(str.upper) | names.map(lambda name: name.replace("_", "-")) | names.map(lambda name: f"{name} ")
)
values = (
    times | st.integers(0, 5) | st.sampled_from(["https://docs.example/a", "https://evil.example/", "page 2", True])
)
entries = st.dictionaries(spelled, values, max_size=6)


@st.composite
def sealed(draw: st.DrawFn) -> Chunk:
    own = draw(st.dictionaries(names.filter(lambda name: name not in CATALOGUE["source"]), times, max_size=4))
    plain = {name: value for name, value in own.items() if isinstance(value, (str, int, float))}
    return DOCS.sealer.seal(
        Chunk(draw(st.sampled_from(["one", "two", "three"])), plain),
        subject=draw(st.sampled_from(PAGES)),
        modified=draw(st.none() | days),
        expires=draw(st.none() | days),
        not_before=draw(st.none() | days),
        version=draw(st.sampled_from([None, 1, 2, 3])),
        cover=sorted(plain)[: draw(st.integers(0, 4))],
    )


chunks = sealed() | st.builds(Chunk, st.sampled_from(["one", "two"]), entries)


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    freshness = {
        "max_age": draw(st.sampled_from([None, "30d", "365d"])),
        "missing": draw(st.sampled_from(["drop", "warn", "admit"])),
        "unreadable": draw(st.sampled_from(["drop", "warn"])),
        "evidence": draw(st.sampled_from([None, "sealed"])),
        "supersede": draw(st.sampled_from([None, True, False])),
        "supersede_tolerance": draw(st.sampled_from(["0s", "1h", "40d"])),
    }
    metadata = draw(
        st.sampled_from(
            [{}, {"timezone": "Europe/Berlin"}, {"date_order": "DMY"}, {"modified": ["x"], "valid_until": ["x"]}]
        )
    )
    return {"metadata": metadata, "sources": [DOCS.source(freshness=freshness)]}


def with_additions(chunk: Chunk, added: dict[str, object]) -> Chunk:
    new = {name: value for name, value in added.items() if name not in chunk.metadata}
    return chunk.with_metadata(**new)


@given(policies(), st.lists(st.tuples(chunks, entries), min_size=1, max_size=5), days)
def test_unsigned_entries_bring_nothing_in(
    policy: dict[str, Any], documents: list[tuple[Chunk, dict[str, object]]], now: Any
) -> None:
    gate = Gate(policy, clock=CLOCK)
    before = gate.judge([chunk for chunk, _ in documents], now=now).decisions
    after = gate.judge([with_additions(chunk, added) for chunk, added in documents], now=now).decisions
    for first, then in zip(before, after, strict=True):
        assert first.admitted or not then.admitted


@given(
    policies(),
    st.lists(sealed(), min_size=1, max_size=4),
    st.lists(st.builds(Chunk, st.just("x"), entries), max_size=4),
)
def test_unsigned_documents_change_nothing_for_proved_ones(
    policy: dict[str, Any], proved: list[Chunk], others: list[Chunk]
) -> None:
    gate = Gate(policy, clock=CLOCK)
    alone = gate.judge(proved).decisions
    among = gate.judge([*others, *proved]).decisions[len(others) :]
    assert [one.action for one in alone] == [one.action for one in among]

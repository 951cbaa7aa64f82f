"""An answer may be kept until `valid_until`: no decision changes before, whatever rules and ends there are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate
from headgate.testing import FixedClock
from worlds import CLOCK, HANDBOOK, LEDGER, LISTED, PRICES

AHEAD = st.integers(1, 72).map(lambda hours: timedelta(hours=hours))
AROUND = st.integers(-48, 12).map(lambda hours: timedelta(hours=hours))
TICK = timedelta(microseconds=1)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "max_age": st.sampled_from(["12h", "36h"]),
                "missing": st.sampled_from(["drop", "admit"]),
                "verified_within": st.sampled_from(["6h", "30h"]),
                "future_skew": st.sampled_from(["0s", "2h"]),
                "supersede": st.booleans(),
            },
        )
    )
    if "verified_within" in found and draw(st.booleans()):
        found["verified_grace"] = "5h"
    return found


@st.composite
def sealed(draw: st.DrawFn) -> Chunk:
    publisher = draw(st.sampled_from([HANDBOOK, PRICES]))
    claims: dict[str, Any] = {"version": draw(st.sampled_from([None, 1, 2]))}
    starts, ends = draw(st.none() | AHEAD), draw(st.none() | AHEAD)
    if starts is not None:
        claims["not_before"] = CLOCK.now + starts
    if ends is not None and (starts is None or ends > starts):
        claims["expires"] = CLOCK.now + ends
    claims["modified"] = CLOCK.now + draw(AROUND)
    uri = f"https://{publisher.name}.example/{draw(st.integers(0, 2))}"
    return publisher.seal(draw(st.sampled_from(["alpha", "beta"])), uri, **claims)


@given(
    st.tuples(rules(), rules(), rules()),
    st.lists(sealed() | sealed() | sealed() | st.sampled_from(LISTED), min_size=1, max_size=3),
    st.integers(0, 40),
)
def test_no_decision_changes_before_the_end_that_an_admission_names(
    given_rules: tuple[dict[str, Any], ...], chunks: list[Chunk], hours: int
) -> None:
    clock = FixedClock(CLOCK.now + timedelta(hours=hours))
    first, second, third = given_rules
    sources = [HANDBOOK.source(freshness=first), PRICES.source(freshness=second), LEDGER.source(freshness=third)]
    admission = Gate({"sources": sources}, clock=clock).admit(chunks)
    until = admission.valid_until
    assert until is None or until > clock.now
    end = until - TICK if until is not None else clock.now + timedelta(days=1_000)
    for instant in (clock.now + (end - clock.now) / 2, end):
        # A gate of its own: what the first one has learned since is news, and no matter of time.
        again = Gate({"sources": sources}, clock=FixedClock(instant)).admit(chunks)
        assert [one.action for one in again.decisions] == [one.action for one in admission.decisions]

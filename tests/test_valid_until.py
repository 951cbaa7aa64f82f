"""Until when an answer holds: the first instant at which a decision changes by itself, no earlier and no later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from headgate import Admission, Chunk, Gate
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
NOW = CLOCK.now
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
PAGE = "https://docs.example/a"


def _admit(chunks: list[Chunk], as_of: datetime | None = None, **freshness: Any) -> Admission:
    wiki = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
    of_wiki = {name: value for name, value in freshness.items() if not name.startswith("verified")}
    sources = [DOCS.source(freshness=freshness), {**wiki, "freshness": of_wiki}]
    return Gate({"sources": sources}, clock=CLOCK).admit(chunks, as_of=as_of)


def _open(name: str = "a", **metadata: object) -> Chunk:
    written = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in metadata.items()}
    return Chunk("text", {"source": f"https://wiki.example/{name}", **written})


CHANGED = _open(last_modified=NOW - DAY)
SEALED = DOCS.seal("text", PAGE, modified=NOW - DAY)
FORGED = Chunk("another text", SEALED.metadata)
CASES: list[tuple[list[Chunk], dict[str, Any], timedelta | None]] = [
    ([_open()], {}, None),
    ([CHANGED], {}, None),
    ([CHANGED], {"max_age": "30d"}, 29 * DAY),
    ([CHANGED], {"max_age": "30d", "warn_after": "20d"}, 29 * DAY),
    ([CHANGED], {"max_age": "12h"}, None),  # too old already, and for good
    ([_open(valid_until=NOW + 3 * DAY)], {}, 3 * DAY),
    ([_open(valid_until=NOW - DAY)], {}, None),
    ([_open(valid_until=NOW)], {}, None),
    ([_open(valid_from=NOW)], {}, None),
    ([_open(valid_from=NOW + 2 * DAY)], {}, 2 * DAY),
    ([_open(valid_from=NOW - DAY)], {}, None),
    ([_open(review_by=NOW + 4 * DAY)], {}, None),  # only a warning
    ([_open(review_by=NOW + 4 * DAY)], {"review": "drop"}, 4 * DAY),
    ([_open(review_by=NOW - DAY)], {}, None),
    ([_open(valid_from=NOW + 2 * DAY, valid_until=NOW + 3 * DAY)], {}, 2 * DAY),
    ([_open(valid_until=NOW + 9 * DAY), _open("b", valid_until=NOW + 3 * DAY)], {}, 3 * DAY),
    ([SEALED], {"max_age": "30d"}, 29 * DAY),
    ([SEALED], {"verified_within": "5d"}, 5 * DAY),
    ([SEALED], {"verified_within": "5d", "verified_grace": "1d"}, 6 * DAY),
    ([FORGED], {"max_age": "30d"}, None),  # what has no proof has none tomorrow
    ([FORGED, CHANGED], {"max_age": "30d"}, 29 * DAY),
    ([DOCS.seal("text", PAGE, not_before=NOW + 2 * DAY)], {}, 2 * DAY),
    ([DOCS.seal("text", PAGE, expires=NOW + 2 * DAY)], {}, 2 * DAY),
]


@pytest.mark.parametrize(("chunks", "freshness", "after"), CASES)
def test_an_answer_holds_until_the_first_decision_changes(
    chunks: list[Chunk], freshness: dict[str, Any], after: timedelta | None
) -> None:
    until = _admit(chunks, **freshness).valid_until
    if after is None:
        assert until is None
    else:
        assert until is not None
        assert abs(until - (NOW + after)) <= SECOND


@pytest.mark.parametrize(
    ("claims", "counts"),
    [
        # A little before its time, by what the source grants other people's clocks: five minutes.
        ({"modified": NOW + timedelta(minutes=4)}, NOW - timedelta(minutes=1)),
        ({"modified": NOW - DAY}, NOW - DAY - timedelta(minutes=5)),
        ({"not_before": NOW - timedelta(minutes=2)}, NOW - timedelta(minutes=2)),
    ],
)
def test_an_answer_ends_when_a_version_that_is_known_comes_into_force(claims: dict[str, Any], counts: datetime) -> None:
    clock, docs = FixedClock(NOW), Publisher("docs", "https://docs.example/**", FixedClock(NOW - 9 * DAY))
    gate = Gate({"sources": [docs.source()]}, clock=clock)
    old, new = docs.seal("old", PAGE, version=1), docs.seal("new", PAGE, version=2, **claims)
    assert [one.action for one in gate.admit([new]).decisions] == ["admit"]
    clock.now = counts - timedelta(hours=1)  # by another clock, or one that was set back
    admission = gate.admit([old])
    assert (admission.decisions[0].action, admission.valid_until) == ("admit", counts)
    for now, action in ((counts - SECOND, "admit"), (counts, "drop")):
        clock.now = now
        assert gate.admit([old]).decisions[0].action == action


@pytest.mark.parametrize("number", range(len(CASES)))
def test_what_held_on_another_date_holds_for_good_unless_somebody_has_to_vouch(number: int) -> None:
    chunks, freshness, _ = CASES[number]
    until = _admit(chunks, NOW - timedelta(hours=1), **freshness).valid_until
    assert (until is not None) is ("verified_within" in freshness)


@pytest.mark.parametrize("question", [None, "a question", 7, b"x"])
def test_only_a_question_in_words_is_kept(question: Any) -> None:
    admission = Gate({}, clock=CLOCK).judge([_open()], question)
    assert admission.query == (question if isinstance(question, str) else None)

"""What a registry learns of one more chunk, how much it holds, and what its file gives back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from headgate import HeadgateError
from headgate.registry import MemoryRegistry, Proved, SqliteRegistry
from headgate.registry.answers import Answer, AnswerRegistry
from headgate.registry.connection import SharedConnection, connect
from headgate.registry.facts import MAX_TEXTS, Known, learned
from headgate.registry.feeds import FeedRegistry, FeedState, Said
from headgate.registry.times import NEVER_TOLD, as_instant, as_micros

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def _proved(digest: str, version: int | None = None, modified: datetime | None = None, **more: object) -> Proved:
    return Proved("page", "key", digest, version, modified, **more)  # type: ignore[arg-type]


def _known(version: int | None, modified: datetime | None, **texts: datetime | None) -> Known:
    return Known("page", "key", version, modified, None, NOW, texts or {"a": modified})


VERSIONS = [  # what was known, what is proved, and what is known then: None for nothing new, "fresh" for it alone
    (_known(2, NOW), _proved("b", 3, NOW), "fresh"),
    (_known(2, NOW), _proved("b", 1, NOW), None),
    (_known(2, NOW), _proved("a", 2, NOW), None),
    (_known(2, NOW), _proved("b", 2, NOW - HOUR), NOW - HOUR),
    (_known(2, NOW), _proved("b", 2, NOW + HOUR), NOW),
    (_known(2, NOW), _proved("b", 2), NOW),
    (_known(2, None), _proved("b", 2, NOW), NOW),
    (_known(2, NOW), _proved("b", None, NOW + 9 * HOUR), None),
    (_known(None, NOW), _proved("b", 1, NOW - 9 * HOUR), "fresh"),
    # Without versions the time decides, within the tolerance.
    (_known(None, NOW), _proved("b", None, NOW + HOUR + TICK), "fresh"),
    (_known(None, NOW), _proved("b", None, NOW + HOUR), NOW + HOUR),
    (_known(None, NOW), _proved("b", None, NOW - HOUR), NOW),
    (_known(None, NOW), _proved("b", None, NOW - HOUR - TICK), None),
    (_known(None, NOW), _proved("a", None, NOW), None),
    (_known(None, NOW), _proved("a", None, NOW - HOUR), None),
    (_known(None, NOW), _proved("a", None, NOW + HOUR), NOW + HOUR),
    (_known(None, NOW), _proved("a", None, NOW + 2 * HOUR), "fresh"),
    (_known(None, NOW), _proved("b", None, NOW + 2 * HOUR, tolerance=2 * HOUR), NOW + 2 * HOUR),
    (_known(None, None), _proved("b", None, NOW), None),
    (_known(None, NOW), _proved("b"), None),
]


@pytest.mark.parametrize(("before", "proved", "expected"), VERSIONS)
def test_what_is_known_is_only_replaced_by_something_newer(
    before: Known, proved: Proved, expected: datetime | str | None
) -> None:
    at = NOW + 5 * HOUR
    after = learned(before, proved, at)
    if expected is None:
        assert after is None
    elif expected == "fresh":
        assert after == learned(None, proved, at)
        assert after is not None
        assert (after.verified, after.texts) == (at, {proved.digest: proved.modified})
    else:
        assert isinstance(expected, datetime)
        assert after == replace(before, modified=expected, texts={**before.texts, proved.digest: proved.modified})


def test_a_chunk_is_held_by_its_version_and_text() -> None:
    known = _known(2, NOW, a=NOW, b=None)
    assert known.holds(_proved("b", 2))
    assert not known.holds(_proved("c", 2))
    assert not known.holds(_proved("b", 3))


def test_without_versions_a_chunk_is_held_at_its_own_time_while_that_is_near() -> None:
    known = _known(None, NOW, a=NOW - HOUR, b=NOW - HOUR - TICK)
    assert known.holds(_proved("a", None, NOW - HOUR))
    assert known.holds(_proved("b", None, NOW - HOUR - TICK, tolerance=2 * HOUR))
    assert not known.holds(_proved("b", None, NOW - HOUR - TICK))
    assert not known.holds(_proved("a", None, NOW - HOUR + TICK))  # it is so again, later
    assert not known.holds(_proved("c", None, NOW))
    assert not known.holds(_proved("a", 1, NOW - HOUR))


def test_two_thousand_texts_of_a_version_are_remembered() -> None:
    for count, is_held in ((MAX_TEXTS - 1, True), (MAX_TEXTS, False)):
        before = replace(_known(1, NOW), texts={str(number): NOW for number in range(count)})
        after = learned(before, _proved("new", 1, NOW), NOW)
        assert after is not None
        assert ("new" in after.texts) is is_held
        assert len(after.texts) == MAX_TEXTS


def _one(document: int, digest: str = "a", key: str = "key") -> Proved:
    return Proved(f"page {document}", key, digest, 1, NOW)


def test_a_full_memory_forgets_the_half_that_was_learned_first() -> None:
    registry = MemoryRegistry(documents=4)
    registry.learn([_one(number) for number in range(4)], NOW)
    assert len(registry) == 4
    registry.learn([_one(4)], NOW)
    assert set(registry.known([f"page {number}" for number in range(5)])) == {"page 3", "page 4"}


def test_texts_are_counted_through_all_that_replaces_and_forgets_them() -> None:
    registry = MemoryRegistry(documents=100, texts=4)
    registry.learn([_one(0, "a"), _one(0, "b"), _one(1, "a"), _one(1, "b")], NOW)
    registry.put(Known("page 1", "key", 2, NOW, None, NOW, {"c": NOW}))  # in the place of two
    registry.learn([_one(2)], NOW)
    assert len(registry) == 3
    registry.learn([_one(2, "b")], NOW)  # the fifth
    assert set(registry.known(["page 0", "page 1", "page 2"])) == {"page 2"}
    registry.learn([_one(3, "a"), _one(3, "b")], NOW)
    assert len(registry) == 2
    registry.learn([_one(4)], NOW)
    assert len(registry) == 1


def test_each_key_has_its_own_fact_of_a_document() -> None:
    registry = MemoryRegistry(texts=3)
    registry.learn([_one(0, "a"), _one(0, "b", "other"), _one(0, "c")], NOW)
    facts = registry.known(["page 0", "page 9"])
    assert {one.key: set(one.texts) for one in facts["page 0"]} == {"key": {"a", "c"}, "other": {"b"}}
    assert list(facts) == ["page 0"]
    assert MemoryRegistry().known(["page 0"]) == {}


def test_a_file_gives_back_what_was_learned(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    registry = SqliteRegistry(path)
    later = NOW + HOUR
    registry.learn([_one(0, "a"), _one(0, "b"), _one(0, "c", "other")], NOW)
    registry.learn([replace(_one(1), valid_from=later), Proved("page 2", "key", "a", None, NOW)], later)
    expected = registry.known(["page 0", "page 1", "page 2", "page 3"])
    assert set(expected) == {"page 0", "page 1", "page 2"}
    assert {one.key: set(one.texts) for one in expected["page 0"]} == {"key": {"a", "b"}, "other": {"c"}}
    assert (expected["page 1"][0].valid_from, expected["page 1"][0].verified) == (later, later)
    assert expected["page 2"][0].version is None
    registry.close()
    other = SqliteRegistry(path)
    assert other.known(["page 0", "page 1", "page 2"]) == expected
    other.learn([Proved("page 1", "key", "z", 2, later)], later)
    other.close()
    assert {one.version: set(one.texts) for one in registry.known(["page 1"])["page 1"]} == {2: {"z"}}
    registry.close()


ANSWERS = [
    Answer(NOW),
    Answer(NOW, True, gone_since=NOW - HOUR),
    Answer(NOW, modified=NOW - HOUR, moved_to="https://a.example/b", etag='"x"', since=NOW - TICK),
    Answer(NOW, untold_until=NOW, stated=NOW - 2 * HOUR, lasts=timedelta(seconds=90, microseconds=3)),
    Answer(NOW, lasts=timedelta(0)),
]


@pytest.fixture
def answers(tmp_path: Path) -> AnswerRegistry:
    return AnswerRegistry(tmp_path / "r.sqlite")


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_comes_back_as_it_was_given(answer: Answer, answers: AnswerRegistry) -> None:
    answers.put_all({"https://a.example/\udcff": answer, "other": Answer(NOW + HOUR)}, NOW)
    assert answers.get_all(["https://a.example/\udcff", "nobody"]) == {"https://a.example/\udcff": answer}
    answers.close()
    assert answers.get_all(["https://a.example/\udcff"]) == {"https://a.example/\udcff": answer}


def test_a_later_answer_counts_and_one_that_must_not_be_kept_is_not(answers: AnswerRegistry) -> None:
    answers.put_all({"a": Answer(NOW, etag="1", modified=NOW - HOUR)}, NOW)
    answers.put_all({"a": Answer(NOW - TICK, etag="0")}, NOW)
    assert answers.get_all(["a"])["a"].etag == "1"
    answers.put_all({"a": Answer(NOW + TICK, etag="2"), "b": Answer(NOW, may_be_kept=False)}, NOW + HOUR)
    assert answers.get_all(["a", "b"]) == {"a": Answer(NOW + TICK, etag="2", modified=NOW - HOUR)}
    answers.put_all({"a": Answer(NOW + HOUR, modified=NOW)}, NOW + HOUR)
    assert answers.get_all(["a"])["a"].modified == NOW
    # What was written by a clock that is ahead does not stay for good.
    answers.put_all({"a": Answer(NOW + 9 * HOUR, etag="9")}, NOW + 9 * HOUR)
    answers.put_all({"a": Answer(NOW + 2 * HOUR, etag="3")}, NOW + 2 * HOUR)
    assert answers.get_all(["a"])["a"].etag == "3"


def test_more_answers_are_read_than_one_question_to_the_file_asks_for(answers: AnswerRegistry) -> None:
    names = [f"a{number}" for number in range(1_203)]
    answers.put_all({name: Answer(NOW, etag=name) for name in names}, NOW)
    found = answers.get_all([*names, "nobody"])
    assert {name: one.etag for name, one in found.items()} == {name: name for name in names}
    assert answers.get_all([]) == {}


def test_a_registry_in_which_no_server_ever_answered_has_no_answers(tmp_path: Path) -> None:
    SqliteRegistry(tmp_path / "r.sqlite").close()
    assert AnswerRegistry(tmp_path / "r.sqlite").get_all(["a"]) == {}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "x"),
        ("at", 2**62),
        ("moved_to", b"x"),
        ("etag", b"x"),
        ("modified", "x"),
        ("gone_since", 2**62),
    ],
)
def test_a_row_that_is_no_answer_was_never_given(
    column: str, value: object, answers: AnswerRegistry, tmp_path: Path
) -> None:
    answers.put_all({"a": Answer(NOW), "b": Answer(NOW)}, NOW)
    connection = sqlite3.connect(tmp_path / "r.sqlite")
    address = connection.execute("SELECT address FROM live_answers LIMIT 1").fetchone()[0]
    connection.execute(f"UPDATE live_answers SET {column} = ? WHERE address = ?", (value, address))  # noqa: S608
    connection.commit()
    connection.close()
    assert len(answers.get_all(["a", "b"])) == 1


def test_a_span_that_is_no_number_is_left_out(answers: AnswerRegistry, tmp_path: Path) -> None:
    answers.put_all({"a": Answer(NOW, lasts=HOUR)}, NOW)
    connection = sqlite3.connect(tmp_path / "r.sqlite")
    connection.execute("UPDATE live_answers SET lasts = 'x'")
    connection.commit()
    connection.close()
    assert answers.get_all(["a"]) == {"a": Answer(NOW)}


def test_times_are_kept_to_the_microsecond_and_within_the_calendar() -> None:
    for time in (NOW + TICK, NEVER_TOLD, datetime.min.replace(tzinfo=timezone.utc)):
        assert as_instant(as_micros(time)) == time
    assert as_micros(datetime(1970, 1, 1, 0, 0, 1, 5, timezone.utc)) == 1_000_005
    assert as_micros(None) is None
    assert as_instant(None) is None
    assert as_instant(as_micros(datetime.max.replace(tzinfo=timezone(-HOUR)))) == NEVER_TOLD
    for value in ("1", 1.5, b"1", 2**62):
        with pytest.raises(sqlite3.DatabaseError):
            as_instant(value)


def _state(pulled: datetime, **more: object) -> FeedState:
    return FeedState("feed", "f", pulled, True, False, "c", **more)  # type: ignore[arg-type]


def test_a_pull_is_taken_over_once_and_what_it_said_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    feeds, reader = FeedRegistry(path), FeedRegistry(path)
    assert reader.states() == {}
    said = [
        Said("a", NOW, True, "b", NOW - HOUR, NEVER_TOLD),
        Said("c", NOW),
    ]
    first, second = _state(NOW), replace(_state(NOW + HOUR), tells_changes=False, covers_unlisted=True)
    assert feeds.take(first, said)
    assert not feeds.take(second, [])  # it does not know of the first
    assert feeds.states() == reader.states() == {"feed": first}
    assert reader.said(["a", "c", "d"]) == {"a": ((first, said[0]),), "c": ((first, said[1]),)}
    assert feeds.documents_of("feed") == {"a": said[0], "c": said[1]}
    assert feeds.take(second, [Said("a", NOW + HOUR)], after=first)
    assert not feeds.take(first, [], after=first)
    for one in (feeds, reader):
        assert one.said(["a"]) == {"a": ((second, Said("a", NOW + HOUR)),)}
        one.close()
        assert one.states() == {"feed": second}
        one.close()


@pytest.mark.parametrize(
    ("modified", "untold", "since"),
    [(None, None, None), (NOW, None, NOW), (None, NOW, NOW), (NOW, NOW - HOUR, NOW), (NOW - HOUR, NOW, NOW)],
)
def test_a_document_is_known_since_the_later_of_its_two_times(
    modified: datetime | None, untold: datetime | None, since: datetime | None
) -> None:
    assert Said("a", NOW, modified=modified, untold_until=untold).known_since == since


def test_a_connection_that_failed_rests_and_is_opened_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    time, opened = [100.0], list[sqlite3.Connection]()
    monkeypatch.setattr("headgate.registry.connection.time.monotonic", lambda: time[0])

    def open_it() -> sqlite3.Connection:
        opened.append(connect(tmp_path / "r.sqlite")[0])
        return opened[-1]

    def fail(_: sqlite3.Connection) -> None:
        raise OSError("broken")

    shared = SharedConnection(tmp_path / "r.sqlite", open_it, 5.0)
    work: Callable[[sqlite3.Connection], int] = lambda connection: connection.execute("SELECT 7").fetchone()[0]  # noqa: E731
    assert shared.use(work) == shared.use(work) == 7
    assert len(opened) == 1
    with pytest.raises(HeadgateError, match="cannot be used \\(broken\\)"):
        shared.use(fail)
    for at in (100.0, 104.9):
        time[0] = at
        with pytest.raises(HeadgateError, match="a moment ago"):
            shared.use(work)
    time[0] = 105.0
    assert shared.use(work) == 7
    assert len(opened) == 2
    shared.close()


def test_another_database_is_no_registry_and_a_new_file_is_for_its_owner(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "o.sqlite")
    other.execute("CREATE TABLE x (y)")
    other.commit()
    other.close()
    for make in (SqliteRegistry, FeedRegistry):
        with pytest.raises(HeadgateError, match="another database"):
            make(tmp_path / "o.sqlite")
    SqliteRegistry(tmp_path / "r.sqlite").close()
    assert (tmp_path / "r.sqlite").stat().st_mode & 0o777 == 0o600

"""Live revalidation when something is wrong: servers that hang or refuse, stores that never answer, locked files."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import fsspec
import pytest

from headgate import Chunk, Gate
from headgate.origins.answers import read_answer
from headgate.origins.asking import Asker
from headgate.origins.filesystems import probe_store
from headgate.origins.lanes import Lanes
from headgate.origins.questions import Question
from headgate.origins.resting import Rests
from headgate.registry import Answer, AnswerRegistry
from headgate.testing import FixedClock, Publisher
from origin_fixtures import Origin, says

pytestmark = pytest.mark.enable_socket

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG = timedelta(seconds=20)


def test_a_source_whose_server_hangs_delays_no_other(origin: Origin, tmp_path: Path) -> None:
    slow = Origin(tmp_path, origin.clock, "slow")
    slow.server.hangs.clear()
    sources = [
        slow.publisher.source(freshness={"revalidate": {"timeout": "1ms"}}),
        origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}}),
    ]
    gate = Gate({"sources": sources, "key_sets": {"private": ["127.0.0.1"]}}, clock=origin.clock)
    try:
        assert set(says(gate, *(slow.page(f"s{number}") for number in range(100)))) == {"drop F208"}
        assert says(gate, origin.page()) == ["admit"]
    finally:
        slow.close()


@pytest.mark.parametrize("status", [403, 503])
def test_what_one_source_may_name_gives_no_server_of_another_a_rest(status: int, origin: Origin) -> None:
    freshness = {"revalidate": {"timeout": "10s", "after": "1m"}}
    sealed = Publisher("handbook", f"{origin.base}/handbook/**", origin.clock)
    users = {"id": "users", "match": f"{origin.base}/users/**", "provenance": {"require": "declared"}}
    sources = [sealed.source(freshness=freshness), {**users, "freshness": freshness}]
    gate = Gate({"sources": sources, "key_sets": {"private": ["127.0.0.1"]}}, clock=origin.clock)
    names = [f"users/{number}" for number in range(9)]
    origin.has(**{"handbook/a": (200, {"Last-Modified": origin.date(20)}), **dict.fromkeys(names, (status, {}))})
    modified = origin.clock.now.isoformat()
    posts = [Chunk(name, {"source": f"{origin.base}/{name}", "modified": modified}) for name in names]
    page = sealed.seal("text", f"{origin.base}/handbook/a", modified=origin.clock.now - 10 * DAY)
    assert set(says(gate, *posts)) == {"drop F208"}
    assert says(gate, page) == ["admit"]


def test_pages_that_are_refused_say_nothing_of_their_server(origin: Origin) -> None:
    gate = origin.gate()
    names = [f"private/{number}" for number in range(9)]
    origin.has(**dict.fromkeys(names, (403, {})), a=(200, {"Last-Modified": origin.date(20)}))
    assert set(says(gate, *map(origin.page, names))) == {"drop F208"}
    assert says(gate, origin.page()) == ["admit"]
    # One that is refused again and again is not asked for at every question.
    for _ in range(9):
        says(gate, origin.page(names[0]))
    assert origin.server.paths.count("/private/0") == 5


def test_what_waits_for_a_server_is_not_asked_once_that_has_a_rest(origin: Origin) -> None:
    gate = origin.gate()
    origin.server.status = 503
    origin.has()
    assert set(says(gate, *(origin.page(f"{number}") for number in range(60)))) == {"drop F208"}
    assert origin.server.asked < 30  # those under way when the fifth failed, and not the other half


class Hanging(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """A store that answers at one endpoint and hangs at every other."""

    protocol = "hanging"
    ends = threading.Event()

    def __init__(self, endpoint: str = "", **options: object) -> None:
        super().__init__(**options)
        self.endpoint = endpoint

    def info(self, path: str, **_: object) -> object:
        if self.endpoint == "gone":
            raise FileNotFoundError(path)
        if self.endpoint != "good":
            Hanging.ends.wait()
        return {"LastModified": "2026-05-01T00:00:00Z"}


@pytest.fixture
def hanging() -> Iterator[None]:
    fsspec.register_implementation("hanging", Hanging, clobber=True)
    Hanging.ends.clear()
    yield
    Hanging.ends.set()


class Stores:
    """A policy with a source in a store and one of files."""

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        self.folder, self.clock = folder, clock
        self.store = Publisher("store", "hanging://bucket/**", clock)
        self.files = Publisher("files", "file:docs/**", clock)

    def write(self, endpoint: str, timeout: str) -> Path:
        asked = {"timeout": timeout, "after": "50m", "store": {"endpoint": endpoint}}
        verified = {"verified_within": "1h", "verified_by": ["origin"]}
        sources = [
            self.store.source(freshness={"revalidate": asked, **verified}),
            self.files.source(freshness={"revalidate": {"timeout": "10s"}}),
        ]
        policy = self.folder / "headgate.yaml"
        policy.write_text(json.dumps({"registry": {"path": "registry.sqlite"}, "sources": sources}))
        return policy

    def file(self, folder: Path) -> Chunk:
        return file_of(folder, self.files, self.clock)


def file_of(folder: Path, publisher: Publisher, clock: FixedClock) -> Chunk:
    (folder / "docs").mkdir(parents=True, exist_ok=True)
    file, at = folder / "docs" / "a.md", (clock.now - 20 * DAY).timestamp()
    file.write_text("text")
    os.utime(file, (at, at))
    return publisher.seal("text", "docs/a.md", modified=clock.now - 10 * DAY)


def test_a_store_that_hangs_keeps_no_other_source_and_no_other_endpoint(
    tmp_path: Path, clock: FixedClock, hanging: None
) -> None:
    stores = Stores(tmp_path, clock)
    gate = Gate(stores.write("bad", "1ms"), clock=clock)
    pages = [stores.store.seal("y", f"hanging://bucket/{n}", modified=clock.now - 10 * DAY) for n in range(40)]
    assert set(says(gate, *pages)) == {"drop F210 F208"}
    assert says(gate, stores.file(tmp_path)) == ["admit"]
    stores.write("good", "10s")
    assert gate.reload()
    assert says(gate, pages[0]) == ["admit"]
    gate.close()


def test_an_answer_counts_for_the_endpoint_and_the_folder_that_gave_it(
    tmp_path: Path, clock: FixedClock, hanging: None
) -> None:
    stores = Stores(tmp_path, clock)
    gate = Gate(stores.write("good", "10s"), clock=clock)
    page = stores.store.seal("y", "hanging://bucket/a", modified=clock.now - 10 * DAY)
    assert says(gate, page) == ["admit"]
    stores.write("gone", "10s")
    assert gate.reload()
    assert says(gate, page) == ["drop F212"]
    gate.close()

    def gate_in(folder: Path) -> Gate:
        freshness = {"revalidate": {"timeout": "10s", "after": "1h"}}
        policy = {"registry": {"path": str(tmp_path / "shared.sqlite")}, "sources": [files.source(freshness=freshness)]}
        folder.mkdir(exist_ok=True)
        (folder / "headgate.yaml").write_text(json.dumps(policy))
        return Gate(folder / "headgate.yaml", clock=clock)

    files = Publisher("files", "file:docs/**", clock)
    one, two = gate_in(tmp_path / "one"), gate_in(tmp_path / "two")
    (tmp_path / "two" / "docs").mkdir()
    (tmp_path / "two" / "docs" / "other.md").write_text("other")
    file = file_of(tmp_path / "one", files, clock)
    assert says(one, file) == ["admit"]
    while not kept(tmp_path / "shared.sqlite"):
        pass
    assert says(two, file) == ["drop F212"]  # it has no such file
    one.close()
    two.close()


def kept(file: Path) -> int:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM live_answers").fetchone()[0])
        except sqlite3.OperationalError:  # it is being made
            return 0


def test_a_question_that_fails_takes_no_thread_with_it() -> None:
    lanes, done = Lanes(20.0), threading.Event()

    def fail() -> None:
        raise UnicodeEncodeError("utf-8", "", 0, 1, "of a store")

    for _ in range(40):
        assert lanes.submit("source", "host", fail)
    assert lanes.submit("source", "host", done.set)
    assert done.wait(20)


def test_what_could_not_be_written_is_written_at_the_end(origin: Origin, tmp_path: Path) -> None:
    file = tmp_path / "registry.sqlite"
    source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}})
    policy = {
        "registry": {"path": str(file)},
        "sources": [source],
        "key_sets": {"private": ["127.0.0.1"]},
    }
    gate, page = Gate(policy, clock=origin.clock), origin.page()
    origin.has(a=(404, {}))
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert says(gate, page) == ["drop F212"]
        for thread in threading.enumerate():
            if thread.name == "headgate-origin":
                thread.join()
        other.execute("ROLLBACK")
    gate.close()
    origin.has(a=(503, {}))
    assert says(Gate(policy, clock=origin.clock), page) == ["drop F212"]


def test_answers_come_while_another_process_writes_to_the_registry(origin: Origin, tmp_path: Path) -> None:
    file = tmp_path / "registry.sqlite"
    AnswerRegistry(file).put_all({}, origin.clock.now)
    origin.has(**{f"p{number}": (200, {"Last-Modified": origin.date(20)}) for number in range(40)})
    asker = Asker(origin.clock, ["127.0.0.1"], kept=AnswerRegistry(file))
    questions = [Question(f"{origin.base}/p{number}", HOUR) for number in range(40)]
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = asker.ask(questions[:20], origin.clock.now, LONG)
        assert all(answers.values())
        other.execute("ROLLBACK")
    assert all(asker.ask(questions[20:], origin.clock.now, LONG).values())
    while kept(file) < 20:
        pass
    asker.close()


def test_answers_are_kept_in_any_order_and_the_latest_one_stays(tmp_path: Path, clock: FixedClock) -> None:
    registry, page = AnswerRegistry(tmp_path / "registry.sqlite"), "https://a.example/"
    assert registry.get_all([page]) == {}  # there is no table yet
    later, earlier = Answer(clock.now, etag='"2"'), Answer(clock.now - HOUR, is_gone=True)
    many = {f"{page}{number}": earlier for number in range(1_200)}
    registry.put_all({page: later}, clock.now)
    registry.put_all({page: earlier, **many}, clock.now)
    assert registry.get_all([page, "https://b.example/"]) == {page: later}
    assert registry.get_all(many) == many
    registry.close()


@pytest.mark.parametrize(
    "path", ["..%2F..%2Fsecret.txt", "..%2f..%2fsecret.txt", "a%5C..%5Cb", "a%00b", "%2Fetc/hostname"]
)
def test_no_encoded_separator_leads_out_of_what_a_source_matches(path: str, tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "policy" / "docs").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("x")
    source = {"id": "docs", "match": "file:docs/**", "provenance": {"require": "declared"}}
    source["freshness"] = {"revalidate": {"timeout": "10s"}, "verified_within": "1h", "verified_by": ["origin"]}
    (tmp_path / "policy" / "headgate.yaml").write_text(json.dumps({"sources": [source]}))
    gate = Gate(tmp_path / "policy" / "headgate.yaml", clock=clock)
    chunk = Chunk("text", {"source": f"file:docs/{path}", "modified": (clock.now - DAY).isoformat()})
    (decision,) = gate.admit([chunk]).decisions
    assert not decision.admitted
    assert not any(code == "F212" for code in decision.codes)  # whether it is there is not told


def test_until_when_a_last_answer_holds_is_said(origin: Origin) -> None:
    gate, minute = origin.gate(after="15m", grace="30m"), timedelta(minutes=1)
    assert says(gate, origin.page()) == ["admit"]
    begun = origin.clock.now
    origin.has(a=(500, {}))
    origin.clock.advance(20 * minute)
    admission = gate.admit([origin.page()])
    assert [one.codes for one in admission.decisions] == [("F208",)]
    assert admission.valid_until == begun + 45 * minute
    origin.clock.advance(25 * minute)
    assert says(gate, origin.page()) == ["drop F208"]


def test_nothing_is_asked_about_what_is_out_already(origin: Origin) -> None:
    base = origin.base
    source = origin.publisher.source(
        freshness={"revalidate": {"timeout": "10s"}, "max_age": "30d"},
        identity={"pattern": f"{base}/{{version}}/{{page}}", "current": "v2"},
    )
    gate = Gate({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}, clock=origin.clock)
    now = origin.clock.now
    pages = [
        origin.publisher.seal("text", f"{base}/a", modified=now - DAY, expires=now - HOUR),
        origin.page("b", days=300),
        origin.page("v1/c"),
        origin.publisher.seal("text", f"{base}/d", {"status": "withdrawn"}, modified=now - DAY),
    ]
    assert says(gate, *pages) == ["drop F201", "drop F202", "drop F213", "drop F214"]
    assert origin.server.asked == 0
    origin.has(**{"v2/c": (200, {"Last-Modified": origin.date(20)})})
    assert says(gate, origin.page("v2/c")) == ["admit"]
    assert origin.server.asked == 1


def test_threads_are_shared_out_by_source_and_host() -> None:
    lanes, ends, ran = Lanes(patience=1e9), threading.Event(), threading.Semaphore(0)

    def wait() -> None:
        ran.release()
        ends.wait()

    for _ in range(20):
        assert lanes.submit("a", "one.example", wait)
    for _ in range(8):
        assert ran.acquire(timeout=20)
    assert lanes.submit("a", "two.example", wait)  # of the same source, at another host
    assert lanes.submit("b", "one.example", wait)  # the same host, for another source
    assert ran.acquire(timeout=20)
    assert ran.acquire(timeout=20)
    assert not ran.acquire(blocking=False)
    taken = sum(lanes.submit("a", "one.example", wait) for _ in range(600))
    assert taken == 512 - 12
    ends.set()
    for _ in range(12 + taken):
        assert ran.acquire(timeout=20)


def test_what_hangs_for_good_leaves_its_place_once() -> None:
    lanes, ends, ran = Lanes(patience=-1.0), threading.Event(), threading.Semaphore(0)

    def wait() -> None:
        ran.release()
        ends.wait()

    for _ in range(8):
        assert lanes.submit("a", "one.example", wait)
        assert ran.acquire(timeout=20)
    assert lanes.submit("a", "one.example", wait)
    assert lanes.submit("a", "two.example", wait)
    assert ran.acquire(timeout=20)
    assert not ran.acquire(blocking=False)
    ends.set()
    assert ran.acquire(timeout=20)


def test_a_rest_ends_with_one_trial() -> None:
    now = [0.0]
    rests = Rests(lambda: now[0])
    for _ in range(5):
        assert not rests.is_resting("server", "page")
        rests.begin_trial("server", "page")
        rests.failed("server")
    assert rests.is_resting("server", "page")
    assert not rests.is_resting("page")
    assert rests.has_failed_since("server", 4)
    assert not rests.has_failed_since("server", 5)
    now[0] = 31.0
    # Who only looks spends nothing: what could not be begun was no trial.
    assert not rests.is_resting("server", "other")
    assert not rests.is_resting("server", "other")
    rests.begin_trial("server", "other")
    assert rests.is_resting("server", "another")
    rests.answered("server")
    assert not rests.is_resting("server", "another")


def test_a_cached_answer_takes_nothing_back_that_came_after_it(origin: Origin) -> None:
    gate = origin.gate(after="1m", grace="6h")
    assert says(gate, origin.page()) == ["admit"]
    origin.clock.advance(HOUR)
    origin.has(a=(404, {}))
    assert says(gate, origin.page()) == ["drop F212"]
    origin.clock.advance(timedelta(minutes=2))
    origin.has(a=(200, {"Last-Modified": origin.date(20), "Age": "1800"}))
    assert says(gate, origin.page()) == ["drop F212 F208"]
    origin.has(a=(200, {"Last-Modified": origin.date(20)}))
    assert says(gate, origin.page()) == ["admit"]


def test_an_answer_of_a_wrong_clock_does_not_count(origin: Origin, tmp_path: Path) -> None:
    source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s", "after": "1m"}})
    policy = {"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}
    file = tmp_path / "registry.sqlite"
    gate = Gate({**policy, "registry": {"path": str(file)}}, clock=origin.clock)
    origin.clock.advance(700 * DAY)
    gate.admit([origin.page()])
    while not kept(file):
        pass
    origin.clock.advance(-700 * DAY)
    origin.has(a=(404, {}))
    assert says(gate, origin.page()) == ["drop F212"]
    registry = AnswerRegistry(file)
    while not any(answer.at <= origin.clock.now for answer in registry.get_all([f"{origin.base}/a"]).values()):
        pass  # the row of the wrong clock gives way
    gate.close()
    registry.close()


def test_each_source_is_waited_for_as_long_as_it_says(origin: Origin) -> None:
    origin.server.hangs.clear()
    asker = Asker(origin.clock, ["127.0.0.1"])
    question = Question(f"{origin.base}/a", HOUR, source="brief", timeout=timedelta(milliseconds=1))
    assert asker.ask([question], origin.clock.now, HOUR) == {question: None}
    assert not asker.wait(0.0)  # it is under way yet


async def until_asked(origin: Origin) -> None:
    while not origin.server.asked:  # noqa: ASYNC110 - it is asked in a thread, which knows no event of this loop
        await asyncio.sleep(0)


async def test_waiting_for_servers_keeps_no_thread(origin: Origin) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
    gate = origin.gate(timeout="10s")
    origin.server.hangs.clear()
    asked = [asyncio.ensure_future(gate.aadmit([origin.page(f"p{number}")])) for number in range(20)]
    await until_asked(origin)
    # All of them wait, and the two threads are free.
    assert await asyncio.to_thread(lambda: "done") == "done"
    origin.has(**{f"p{number}": (200, {"Last-Modified": origin.date(20)}) for number in range(20)})
    origin.server.hangs.set()
    assert [one.decisions[0].action for one in await asyncio.gather(*asked)] == ["admit"] * 20


async def test_who_gives_up_waiting_leaves_the_request_to_the_others(origin: Origin) -> None:
    gate, page = origin.gate(timeout="10s"), origin.page()
    origin.server.hangs.clear()
    given_up, waiting = (asyncio.ensure_future(gate.aadmit([page])) for _ in range(2))
    await until_asked(origin)
    given_up.cancel()
    origin.server.hangs.set()
    assert (await waiting).decisions[0].action == "admit"
    assert origin.server.asked == 1


def test_a_page_that_is_refused_ends_the_rest_of_its_server(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.origins.resting._SECONDS", 0.0)
    gate = origin.gate(after="1m")
    for status in (503,) * 5 + (403,):
        origin.has(a=(status, {}))
        assert says(gate, origin.page()) == ["drop F208"]
    origin.has(a=(403, {}), b=(200, {"Last-Modified": origin.date(20)}))
    assert says(gate, origin.page(), origin.page("b")) == ["drop F208", "admit"]


def test_an_old_answer_of_a_cache_is_called_that(origin: Origin) -> None:
    origin.has(a=(200, {"Last-Modified": origin.date(20), "Age": "18000"}))
    (decision,) = origin.gate(after="1h").admit([origin.page()]).decisions
    assert "an old one, from a cache" in decision.findings[0].message
    assert origin.server.received[0]["cache-control"] == "no-cache"


def test_an_answer_during_the_admission_is_not_from_the_future(origin: Origin) -> None:
    freshness = {"future_skew": "0s", "verified_within": "1h", "verified_by": ["origin"]}
    source = origin.publisher.source(freshness={**freshness, "revalidate": {"timeout": "10s", "after": "15m"}})
    start, calls = origin.clock.now, itertools.count()
    gate = Gate(
        {"sources": [source], "key_sets": {"private": ["127.0.0.1"]}},
        clock=lambda: start + next(calls) * timedelta(milliseconds=5),
    )
    assert [one.action for one in gate.admit([origin.page()]).decisions] == ["admit"]


def test_a_validator_that_was_seen_after_a_date_says_nothing_of_the_time_between(origin: Origin) -> None:
    freshness = {"verified_within": "2h", "verified_by": ["origin"]}
    source = origin.publisher.source(freshness={**freshness, "revalidate": {"timeout": "10s", "after": "1h"}})
    gate = Gate({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}, clock=origin.clock)
    page = origin.page()
    for headers, expected in (
        ({"Last-Modified": origin.date(20)}, "admit"),
        ({"ETag": '"v2"'}, "drop F210"),
        ({"ETag": '"v2"'}, "drop F210"),
    ):
        origin.has(a=(200, headers))
        assert says(gate, page) == [expected]
        origin.clock.advance(3 * HOUR)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_store_is_opened_anew_after_a_fork(tmp_path: Path, clock: FixedClock, hanging: None) -> None:
    opened: list[int] = []

    class Counting(Hanging):
        protocol = "hanging"
        cachable = True

        def __init__(self, **options: object) -> None:
            super().__init__(endpoint="good", **{name: value for name, value in options.items() if name != "endpoint"})
            opened.append(os.getpid())

    fsspec.register_implementation("hanging", Counting, clobber=True)
    options = json.dumps({"endpoint": "forked"})
    assert probe_store("hanging://bucket/a", options)[0] == 200
    assert probe_store("hanging://bucket/a", options)[0] == 200
    assert len(opened) == 1
    child = os.fork()
    if not child:
        probe_store("hanging://bucket/a", options)
        os._exit(0 if opened[-1] == os.getpid() else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("age", ["99999999999", "0, 18000", "1.5", "soon", "-1"])
def test_an_age_that_is_high_or_cannot_be_read_counts_for_nothing(age: str, origin: Origin) -> None:
    origin.has(a=(200, {"Last-Modified": origin.date(20), "Age": age}))
    assert says(origin.gate(after="1h"), origin.page()) == ["drop F208"]


def test_an_answer_that_was_sent_long_ago_is_as_old_as_that() -> None:
    now = datetime(2026, 6, 1, tzinfo=timezone.utc)
    for ago, expected in ((timedelta(days=3), now - timedelta(days=3)), (timedelta(seconds=30), now)):
        answer = read_answer(None, 200, {"date": format_datetime(now - ago, usegmt=True)}, now)
        assert answer is not None
        assert answer.at == expected


def test_a_date_of_asctime_is_one() -> None:
    now = datetime(2026, 6, 1, tzinfo=timezone.utc)
    answer = read_answer(None, 200, {"last-modified": "Sun May 31 00:00:00 2026"}, now)
    assert answer is not None
    assert answer.modified == now - DAY


def test_a_hash_route_is_not_asked_about(origin: Origin) -> None:
    freshness = {"verified_within": "1h", "verified_by": ["origin"], "revalidate": {"timeout": "10s"}}
    source = origin.publisher.source(freshness=freshness)
    gate = Gate({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}, clock=origin.clock)
    route = origin.publisher.seal("text", f"{origin.base}/a#/leave", modified=origin.clock.now - 10 * DAY)
    assert says(gate, route) == ["drop F210"]
    assert origin.server.asked == 0


def test_what_was_answered_is_known_after_a_reload_under_other_hosts(origin: Origin) -> None:
    source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}})
    file = origin.folder / "headgate.yaml"

    def write(*hosts: str) -> None:
        file.write_text(json.dumps({"sources": [source], "key_sets": {"private": ["127.0.0.1", *hosts]}}))

    write()
    gate = Gate(file, clock=origin.clock)
    assert says(gate, origin.page()) == ["admit"]
    write("keys.example")
    assert gate.reload()
    assert says(gate, origin.page()) == ["admit"]
    assert origin.server.asked == 1


def test_a_change_that_was_seen_is_kept_beside_what_others_say(tmp_path: Path, clock: FixedClock) -> None:
    registry, page = AnswerRegistry(tmp_path / "registry.sqlite"), "https://a.example/"
    registry.put_all({page: Answer(clock.now - HOUR, modified=clock.now - HOUR, etag='"2"')}, clock.now)
    registry.put_all({page: Answer(clock.now, modified=clock.now - DAY, etag='"2"')}, clock.now)
    assert registry.get_all([page])[page].modified == clock.now - HOUR
    registry.close()

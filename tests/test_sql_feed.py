"""A table of pages as a feed, on SQLite and on PostgreSQL: whole, and read on by times or versions."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from feed_site import DAY, HOUR, SITE, Site
from headgate import PolicyError
from headgate.cli.app import app
from headgate.origins.feeds import FeedError
from headgate.origins.feeds.databases import Database
from headgate.origins.feeds.marks import TimeMark, VersionMark
from headgate.policy import Policy
from headgate.testing import FixedClock
from shelves import temporary_folder

QUERY = "SELECT uri, version, updated_at, deleted FROM pages"
MINUTE = timedelta(minutes=1)


class Pages:
    """A table of pages in a SQLite file, and a site that hears of it."""

    def __init__(self, folder: Path, clock: FixedClock, **rule: Any) -> None:
        self.clock = clock
        self.file = sqlite3.connect(folder / "cms.db", isolation_level=None)
        self.file.execute("CREATE TABLE pages (id INTEGER PRIMARY KEY, uri, version, updated_at, deleted)")
        feed = {"sql": "sqlite:///cms.db", "query": QUERY, "timezone": "UTC", **rule}
        self.site = Site(folder, clock, feed, verified_within="24h", verified_by=["feed"])
        self.version = 0

    def has(self, name: str, days: float | None = None, *, deleted: object = 0, version: int | None = None) -> None:
        """Write a row that was changed so many days ago."""
        at = (self.clock.now - days * DAY).strftime("%Y-%m-%d %H:%M:%S") if days is not None else None
        self.version += 1
        row = (f"{SITE}/{name}", self.version if version is None else version, at, deleted)
        self.file.execute("INSERT INTO pages (uri, version, updated_at, deleted) VALUES (?, ?, ?, ?)", row)

    def changes(self, name: str, days: float | None = 0, *, deleted: object = 0) -> None:
        """Change the row of a page."""
        self.file.execute("DELETE FROM pages WHERE uri = ?", (f"{SITE}/{name}",))
        self.has(name, days, deleted=deleted)

    def says(self, *pages: tuple[str, float]) -> list[str]:
        return self.site.says(*(self.site.page(name, days=days) for name, days in pages))


@pytest.fixture
def pages(tmp_path: Path, clock: FixedClock) -> Iterator[Pages]:
    made = Pages(tmp_path, clock)
    yield made
    made.file.close()


@pytest.fixture
def growing(tmp_path: Path, clock: FixedClock) -> Iterator[Pages]:
    made = Pages(tmp_path, clock, incremental="updated_at")
    yield made
    made.file.close()


def test_a_query_says_what_is_there_what_was_changed_and_what_is_gone(pages: Pages) -> None:
    for name, days in (("a", 30), ("b", 20), ("c", 10)):
        pages.has(name, days)
    assert pages.site.pull().listed == 3
    assert pages.says(("a", 25), ("c", 15), ("c", 5)) == ["admit", "drop F207", "admit"]
    pages.changes("a", 0, deleted=1)
    pages.file.execute("DELETE FROM pages WHERE uri LIKE '%/b'")
    assert set(pages.site.pull().gone) == {f"{SITE}/a", f"{SITE}/b"}
    assert pages.says(("a", 25), ("b", 1)) == ["drop F212", "drop F212"]


def test_what_is_read_on_stays_as_it_was_and_what_is_marked_is_gone(growing: Pages) -> None:
    for name, days in (("a", 30), ("b", 20), ("c", 10), ("d", 5)):
        growing.has(name, days)
    assert growing.site.pull().listed == 4
    growing.clock.advance(HOUR)
    growing.changes("b", 0, deleted=1)
    growing.changes("c", 0)
    outcome = growing.site.pull()
    assert (outcome.gone, outcome.changed, outcome.listed) == ((f"{SITE}/b",), (f"{SITE}/c",), 3)
    assert growing.says(("a", 25), ("b", 15), ("c", 5)) == ["admit", "drop F212", "drop F207"]
    growing.clock.advance(30 * HOUR)
    assert growing.says(("a", 25)) == ["drop F211"]
    assert not growing.site.pull().is_news
    assert growing.says(("a", 25)) == ["admit"]


def test_no_more_is_read_than_what_was_changed_lately(growing: Pages) -> None:
    for number in range(50):
        growing.has(f"{number}", days=100 - number)
    growing.site.pull()
    growing.file.execute("UPDATE pages SET uri = NULL WHERE id < 40")  # a row that is read has to have one
    assert not growing.site.pull().is_news
    growing.file.execute("UPDATE pages SET uri = NULL")
    with pytest.raises(FeedError, match="a row has no uri"):
        growing.site.pull()


def test_what_a_transaction_shows_late_is_read(growing: Pages) -> None:
    growing.has("a", 30)
    growing.has("b", 20)
    growing.has("c", 0)
    growing.site.pull()
    growing.changes("a", 10 * MINUTE / DAY)  # written before the pull, and shown after it
    assert growing.site.pull().changed == (f"{SITE}/a",)


def test_a_database_that_is_an_older_copy_is_read_as_a_whole(growing: Pages) -> None:
    for name, days in (("a", 30), ("b", 20), ("c", 10)):
        growing.has(name, days)
    growing.site.pull()
    growing.file.execute("DELETE FROM pages WHERE uri LIKE '%/c'")
    growing.has("new", 40)
    outcome = growing.site.pull()
    assert (outcome.gone, outcome.added) == ((f"{SITE}/c",), (f"{SITE}/new",))
    assert outcome.notes == ("The row that was changed last is no longer there, so that all rows were read again.",)


def test_a_time_that_is_to_come_hides_no_change(growing: Pages) -> None:
    growing.has("a", 30)
    growing.has("future", -400)
    growing.has("unreadable")
    growing.file.execute("UPDATE pages SET updated_at = 'soon' WHERE uri LIKE '%/unreadable'")
    growing.site.pull()
    growing.changes("a", 1)
    assert growing.site.pull().changed == (f"{SITE}/a",)
    assert not growing.site.pull().notes
    growing.file.execute("DELETE FROM pages WHERE uri LIKE '%/a'")
    assert growing.site.pull().gone == (f"{SITE}/a",)  # the copy is an older one
    assert growing.says(("future", 1)) == ["drop F210"]


@pytest.mark.parametrize("dates", [True, False])
def test_versions_say_what_is_new_in_whatever_order_they_are_shown(
    dates: bool, tmp_path: Path, clock: FixedClock
) -> None:
    pages = Pages(tmp_path, clock, incremental="version", overlap="15m")
    ages = {"a": 30, "b": 20, "c": 10}
    for name, days in ages.items():
        pages.has(name, days if dates else None)
    late = pages.version + 1
    pages.version += 1
    pages.has("d", 1 if dates else None)
    for _ in range(3):
        pages.site.pull()
        clock.advance(20 * MINUTE)
    assert pages.says(("a", 25), ("a", 0)) == (["admit", "admit"] if dates else ["drop F210", "admit"])
    pages.changes("b", 0 if dates else None)
    assert pages.site.pull().changed == (f"{SITE}/b",)
    # It was written before the last pull, and its transaction ended after it.
    clock.advance(MINUTE)
    pages.has("late", 0 if dates else None, version=late)
    pages.changes("c", 0 if dates else None)
    assert set(pages.site.pull().changed) == {f"{SITE}/c"}
    clock.advance(10 * MINUTE)
    assert pages.says(("b", 15), ("c", 9)) == ["drop F207", "drop F207"]
    assert pages.says(("a", 0)) == ["admit"]
    pages.file.close()


def test_a_row_that_a_transaction_shows_late_has_been_read_by_its_version(tmp_path: Path, clock: FixedClock) -> None:
    pages = Pages(tmp_path, clock, incremental="version", overlap="15m")
    pages.has("a", 30, version=100)
    for _ in range(3):
        pages.site.pull()
        clock.advance(20 * MINUTE)
    pages.has("b", 1, version=120)
    pages.site.pull()
    clock.advance(10 * MINUTE)
    pages.has("late", 1, version=110)
    assert pages.site.pull().added == (f"{SITE}/late",)
    pages.file.close()


KINDS: dict[str, Callable[[datetime], object]] = {
    "text": lambda at: at.strftime("%Y-%m-%d %H:%M:%S"),
    "iso": lambda at: at.isoformat(),
    "other zone": lambda at: at.astimezone(timezone(timedelta(hours=14))).isoformat(),
    "seconds": lambda at: int(at.timestamp()),
    "milliseconds": lambda at: int(at.timestamp() * 1_000),
    "fraction": lambda at: at.timestamp(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_times_of_any_kind_are_read_on(kind: str, tmp_path: Path, clock: FixedClock) -> None:
    pages = Pages(tmp_path, clock, incremental="updated_at")
    for number, name in enumerate("abcd"):
        pages.has(name)
        at = KINDS[kind](clock.now - (number + 1) * HOUR)
        pages.file.execute("UPDATE pages SET updated_at = ? WHERE uri = ?", (at, f"{SITE}/{name}"))
    assert pages.site.pull().listed == 4
    clock.advance(3 * DAY)
    pages.file.execute("UPDATE pages SET updated_at = ? WHERE uri = ?", (KINDS[kind](clock.now - 2 * DAY), f"{SITE}/a"))
    outcome = pages.site.pull()
    assert (outcome.changed, outcome.gone, outcome.notes) == ((f"{SITE}/a",), (), ())
    pages.file.close()


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.booleans()), min_size=1, max_size=12),
    st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_reading_on_comes_to_what_reading_all_comes_to(events: list[tuple[str, int, bool]], pulled: list[bool]) -> None:
    """Whenever it is pulled between changes, and in whatever order they are shown within the overlap."""
    clock = FixedClock()
    made = [Pages(temporary_folder(), clock, **more) for more in ({"incremental": "updated_at"}, {})]
    for (name, minutes, is_deleted), is_pulled in zip(events, pulled, strict=False):
        clock.advance(20 * MINUTE)
        for pages in made:
            pages.changes(name, minutes / 10 * MINUTE / DAY, deleted=is_deleted)
            if is_pulled:
                pages.site.pull(accepts_losses=True)
    for pages in made:
        pages.site.pull(accepts_losses=True)
    for name in "abc":
        found = [pages.says((name, days))[0] for pages in made for days in (10, 0.001)]
        assert found[:2] == found[2:]
    for pages in made:
        pages.site.gate.close()
        pages.site.registry.close()
        pages.file.close()


@pytest.mark.parametrize("deleted", [1, True, "t", "yes", "2026-05-01", b"\x01", 2.0])
def test_what_marks_a_row_as_deleted(deleted: object, pages: Pages) -> None:
    pages.has("a", 30, deleted=deleted)
    pages.has("b", 20)
    pages.site.pull()
    assert pages.says(("a", 1), ("b", 1)) == ["drop F212", "admit"]


@pytest.mark.parametrize("deleted", [None, 0, False, "f", "No", "", b"\x00", "0"])
def test_what_does_not(deleted: object, pages: Pages) -> None:
    pages.has("a", 30, deleted=deleted)
    pages.site.pull()
    assert pages.says(("a", 1)) == ["admit"]


def test_of_several_rows_of_a_document_the_last_counts(pages: Pages) -> None:
    pages.has("a", 30)
    pages.has("a/", 10, deleted=1)
    pages.has("b", 30, deleted=1)
    pages.has("b?utm_source=x", 10)
    pages.has("c", 20)
    pages.has("c", 20, deleted=1, version=0)
    pages.site.pull()
    assert pages.says(("a", 1), ("b", 1), ("b", 15), ("c", 1)) == ["drop F212", "admit", "drop F207", "admit"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT 1 AS x", "no column `uri`"),
        ("SELECT uri FROM nowhere", "no such table: nowhere"),
        ("SELECT uri, updated_at FROM pages", "no column `deleted`"),
        ("SELECT uri, 0 AS deleted FROM pages", "no column `updated_at`"),
        ("SELECT 7 AS uri, updated_at, deleted FROM pages", "a row has no uri"),
        ("SELECT uri, NULL AS updated_at, deleted FROM pages UNION SELECT uri, updated_at, deleted FROM pages", None),
        ("SELECT uri, updated_at, deleted FROM pages WHERE uri = ':none'", "yields no row"),
        (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS uri FROM n",
            "a row|no answer|in",
        ),
    ],
)
def test_a_query_that_cannot_be_used_changes_nothing(
    query: str, words: str | None, tmp_path: Path, clock: FixedClock
) -> None:
    pages = Pages(tmp_path, clock, query=query, incremental="updated_at", timeout="500ms")
    pages.has("a", 30)
    if words is None:
        assert pages.site.pull().listed == 1
    else:
        with pytest.raises(FeedError, match=words):
            pages.site.pull()
        assert pages.site.registry.states() == {}
    pages.file.close()


def test_a_query_writes_nothing_and_makes_no_file(tmp_path: Path, clock: FixedClock) -> None:
    pages = Pages(tmp_path, clock, query="WITH x AS (SELECT 1) INSERT INTO pages (uri) SELECT 'u' FROM x")
    pages.has("a", 30)
    with pytest.raises(FeedError, match=r"read-?only"):
        pages.site.pull()
    assert pages.file.execute("SELECT count(*) FROM pages").fetchone() == (1,)
    missing = Site(tmp_path, clock, {"sql": "sqlite:///missing.db", "query": QUERY})
    with pytest.raises(FeedError, match="no such file"):
        missing.pull()
    assert not (tmp_path / "missing.db").exists()
    pages.file.close()


def test_a_query_without_an_end_costs_its_time_and_no_more(tmp_path: Path, clock: FixedClock) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) AS uri FROM n"
    pages = Pages(tmp_path, clock, query=endless, timeout="200ms")
    for _ in range(2):
        with pytest.raises(FeedError, match=r"interrupted|no answer within 0\.2 s|last pull yet"):
            pages.site.pull()
    pages.file.close()


def test_colons_semicolons_and_signs_of_percent_are_those_of_the_query(tmp_path: Path, clock: FixedClock) -> None:
    query = f"{QUERY} WHERE uri LIKE '%' AND ':a' <> '12:30' AND '\\:' <> '' -- : the end\n ; "
    pages = Pages(tmp_path, clock, query=query, incremental="updated_at")
    pages.has("a", 30)
    assert [pages.site.pull().listed for _ in range(2)] == [1, 1]
    pages.file.close()


RULE = {"sql": "sqlite:///cms.db", "query": QUERY}


@pytest.mark.parametrize(
    ("feed", "words"),
    [
        ({"sql": "cms.db"}, "sql names a database"),
        ({"sql": "postgresql://u:hunter2@h/d"}, "holds a password"),
        ({"sql": "postgresql://u:hun/ter2@h/d"}, "holds a password"),
        ({"sql": "postgresql://h/d?password=hunter2"}, "holds a password"),
        ({"sql": "mssql+pyodbc:///?odbc_connect=hunter2"}, "holds a password"),
        ({"secret_env": "hunter2"}, "not the name of an environment variable"),
        ({"query": ""}, "query is one SELECT"),
        ({"query": "DROP TABLE pages"}, "query is one SELECT"),
        ({"query": "SELECT 1; DROP TABLE pages"}, "query is one SELECT"),
        ({"overlap": "1m"}, "Add incremental"),
        ({"incremental": "size"}, "'updated_at' or 'version'"),
        ({"timezone": "Mars"}, "not a time zone"),
        ({"timeout": "0s"}, "greater than"),
        ({"base": "x"}, "about git"),
        ({"sql": None, "sitemap": "s.xml"}, "query is about sql"),
    ],
)
def test_a_rule_that_cannot_be_is_an_error_without_a_secret(feed: dict[str, Any], words: str) -> None:
    rule = {name: value for name, value in {**RULE, **feed}.items() if value is not None}
    source = {"id": "s", "match": f"{SITE}/**", "provenance": {"require": "declared"}, "freshness": {"feeds": [rule]}}
    with pytest.raises(PolicyError, match=words) as caught:
        Policy.from_mapping({"sources": [source], "registry": {"path": "registry.sqlite"}})
    assert "hunter2" not in str(caught.value)


def test_two_queries_of_a_database_are_two_feeds(tmp_path: Path, clock: FixedClock) -> None:
    first, second = (Pages(folder, clock).site for folder in (tmp_path, temporary_folder()))
    content = json.loads(first.file.read_text())
    feeds = content["sources"][0]["freshness"]["feeds"]
    content["sources"][0]["freshness"]["feeds"] = [*feeds, {**feeds[0], "query": f"{QUERY} WHERE uri LIKE '%x%'"}]
    first.file.write_text(json.dumps(content))
    for name in ("a", "x"):
        sqlite3.connect(tmp_path / "cms.db").execute(
            "INSERT INTO pages (uri) VALUES (?)", (f"{SITE}/{name}",)
        ).connection.commit()
    assert CliRunner().invoke(app, ["watch", "-p", str(first.file)]).exit_code == 0
    assert len(first.registry.states()) == 2
    with pytest.raises(FeedError, match="no row"):
        second.pull()


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from headgate.origins.feeds import feed_id, open_feed, pull_feed
from headgate.policy import Policy, UriPattern
from headgate.registry import FeedRegistry, FeedState

class Killing(FeedRegistry):
    def take(self, state, said, **more):
        def dying():
            yield from said
            if sys.argv[3] == "within":
                os.kill(os.getpid(), signal.SIGKILL)
        if sys.argv[3] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super().take(state, dying(), **more)
        os.kill(os.getpid(), signal.SIGKILL)

policy = Policy.load(sys.argv[1])
source = policy.sources[0]
(rule,) = source.freshness.feeds
state = FeedState(feed_id(rule, policy, source.id, source.match), "f", datetime.fromisoformat(sys.argv[2]))
registry = Killing(Path(sys.argv[1]).parent / "registry.sqlite")
pull_feed(open_feed(rule, policy), state, (UriPattern.parse(source.match[0]),), registry)
"""


@pytest.mark.parametrize(("moment", "is_taken"), [("before", False), ("within", False), ("after", True)])
def test_a_pull_that_is_killed_is_made_again(moment: str, is_taken: bool, growing: Pages) -> None:
    growing.has("a", 30)
    growing.has("b", 20)
    growing.site.pull()
    growing.changes("a", 0)
    growing.clock.advance(HOUR)
    arguments = [str(growing.site.file), growing.clock.now.isoformat(), moment]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)  # noqa: S603
    assert done.returncode == -9
    assert growing.says(("a", 15)) == (["drop F207"] if is_taken else ["admit"])
    growing.clock.advance(HOUR)
    assert growing.site.pull().changed == (() if is_taken else (f"{SITE}/a",))
    assert growing.says(("a", 15), ("b", 15)) == ["drop F207", "admit"]


# --- PostgreSQL


class PostgresPages:
    """A table of pages in PostgreSQL, whose sessions are in a zone that is not UTC, and a site that hears of it."""

    def __init__(self, url: str, folder: Path, clock: FixedClock, kind: str, **rule: Any) -> None:
        self.clock, self.engine = clock, create_engine(url)
        self.run("ALTER DATABASE postgres SET timezone TO 'America/New_York'")
        self.run("DROP TABLE IF EXISTS pages")
        self.run(f"CREATE TABLE pages (uri text PRIMARY KEY, version bigint, updated_at {kind}, deleted boolean)")
        feed = {"sql": url, "query": QUERY, "timezone": "UTC", **rule}
        self.site = Site(folder, clock, feed, verified_within="24h", verified_by=["feed"])
        self.is_local = kind == "timestamp"

    def run(self, statement: str, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def has(self, name: str, days: float, *, deleted: bool = False) -> None:
        at = self.clock.now - days * DAY
        self.run(
            "INSERT INTO pages VALUES (:uri, 1, :at, :deleted) ON CONFLICT (uri) DO UPDATE SET updated_at = :at, "
            "deleted = :deleted",
            uri=f"{SITE}/{name}",
            at=at.replace(tzinfo=None) if self.is_local else at,
            deleted=deleted,
        )

    def says(self, *pages: tuple[str, float]) -> list[str]:
        return self.site.says(*(self.site.page(name, days=days) for name, days in pages))


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
@pytest.mark.parametrize("incremental", ["updated_at", None])
def test_postgresql_says_the_same(
    kind: str, incremental: str | None, postgres: str, tmp_path: Path, clock: FixedClock
) -> None:
    more = {"incremental": incremental} if incremental else {}
    pages = PostgresPages(postgres, tmp_path, clock, kind, **more)
    for name, days in (("a", 30), ("b", 20), ("c", 10)):
        pages.has(name, days)
    assert pages.site.pull().listed == 3
    assert pages.says(("a", 25), ("c", 15)) == ["admit", "drop F207"]
    clock.advance(3 * DAY)
    pages.has("b", 1, deleted=True)
    pages.has("a", 1)
    outcome = pages.site.pull()
    assert (outcome.gone, outcome.changed, outcome.notes) == ((f"{SITE}/b",), (f"{SITE}/a",), ())
    assert pages.says(("a", 25), ("b", 1), ("c", 5)) == ["drop F207", "drop F212", "admit"]
    pages.engine.dispose()


def test_postgresql_writes_nothing_and_ends_in_time(postgres: str, tmp_path: Path, clock: FixedClock) -> None:
    pages = PostgresPages(postgres, tmp_path, clock, "timestamptz")
    pages.has("a", 30)
    writing = "WITH gone AS (DELETE FROM pages RETURNING uri) SELECT uri FROM gone"
    for query, words in ((writing, "read-only|0A000"), ("SELECT pg_sleep(600)::text AS uri", "statement")):
        database = Database(postgres, tmp_path, timeout=timedelta(seconds=1))
        with pytest.raises(FeedError, match=f"{words}|no answer within"):
            database.read(query)
    with pages.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pages")).scalar() == 1
    pages.engine.dispose()


def test_a_password_is_read_from_the_environment_and_stands_nowhere(
    postgres: str, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    url = postgres.replace("postgres@", "reader@")
    pages = PostgresPages(postgres, tmp_path, clock, "timestamptz", sql=url, secret_env="CMS_PASSWORD")
    pages.run("DROP ROLE IF EXISTS reader")
    pages.run("CREATE ROLE reader LOGIN PASSWORD 'hunter2'")
    pages.run("GRANT SELECT ON pages TO reader")
    pages.has("a", 30)
    outputs = []
    with pytest.raises(FeedError, match="CMS_PASSWORD is not set"):
        pages.site.pull()
    monkeypatch.setenv("CMS_PASSWORD", "hunter2")
    for query in (QUERY, "SELECT uri, 'hunter2' FROM nowhere"):
        content = json.loads(pages.site.file.read_text())
        content["sources"][0]["freshness"]["feeds"][0]["query"] = query
        pages.site.file.write_text(json.dumps(content))
        outputs.append(CliRunner().invoke(app, ["watch", "-p", str(pages.site.file), "--json"]).output)
    assert json.loads(outputs[0])["feeds"][0]["listed"] == 1
    assert "nowhere" in json.loads(outputs[1])["feeds"][0]["problem"]
    state = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("registry"))
    for place in (*outputs, caplog.text, state.decode("latin-1")):
        assert "hunter2" not in place
    pages.run("DROP OWNED BY reader")
    pages.engine.dispose()


# --- Marks alone


@given(st.lists(st.integers(0, 10**9), min_size=1), st.sampled_from([timezone.utc, None]))
def test_a_mark_reads_on_from_before_the_latest_and_knows_it_again(times: list[int], zone: timezone | None) -> None:
    values = [datetime.fromtimestamp(time, timezone.utc).replace(tzinfo=zone) for time in times]
    mark = TimeMark(TimeMark("", HOUR).after(values, FixedClock().now), HOUR)
    since = mark.since()
    assert isinstance(since, datetime)
    assert since + HOUR <= max(values)
    assert mark.is_there(values)
    assert not mark.is_there([value - timedelta(microseconds=1) for value in values])


@given(st.lists(st.tuples(st.integers(1, 120), st.integers(0, 5)), min_size=1, max_size=40))
def test_a_version_is_settled_only_once_the_overlap_is_over(pulls: list[tuple[int, int]]) -> None:
    now, highest, cursor = FixedClock().now, 0, ""
    seen: list[tuple[datetime, int]] = []
    for minutes, more in pulls:
        since = VersionMark(cursor, HOUR).since()
        if since is not None:
            # All that was there an hour before the last pull, and nothing that came later.
            assert since <= max(mark for at, mark in seen if at <= seen[-1][0] - HOUR)  # type: ignore[operator]
        now, highest = now + minutes * MINUTE, highest + more
        cursor = VersionMark(cursor, HOUR).after([highest], now)
        seen.append((now, highest))
        assert len(json.loads(cursor)) < 200


def test_a_pull_without_what_asks_says_what_to_install() -> None:
    code = (
        "import sys\n"
        "sys.modules['sqlalchemy'] = None\n"
        "from pathlib import Path\n"
        "from headgate.origins.feeds.databases import Database\n"
        "Database('sqlite:///x.db', Path()).read('SELECT 1')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ}, check=False)  # noqa: S603
    assert "pip install 'headgate[sql]'" in done.stderr


def test_gates_that_ask_one_database_at_once_are_all_answered(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "cms.db") as file:
        file.execute("CREATE TABLE pages (uri)")
        # Long enough that the questions overlap.
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT"
        file.execute(f"INSERT INTO pages {numbers} 'https://pages.example/' || i FROM n")
    database = Database("sqlite:///cms.db", tmp_path)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: len(database.read("SELECT uri FROM pages")), range(16)))
    assert answers == [20_000] * 16

"""`headgate freshness`: what ends soon, per source and document, what to fetch again, and how often to verify."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from feed_site import Site, sitemap
from headgate import Chunk, Gate, HeadgateError
from headgate.cli.app import app
from headgate.clock import utc_now
from headgate.origins.git import Commit
from headgate.provenance import digest_text
from headgate.record import read_log
from headgate.record.refetch import Refetch, refetching
from headgate.testing import FixedClock, Publisher
from headgate.tuning import history_of, look_ahead, read_history, suggest_verification
from shelves import Shelf, page

DAY = timedelta(days=1)
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Week:
    """Three sources, traffic of one day in a log, and a policy in a file."""

    def __init__(self, folder: Path, clock: FixedClock, handbook: Publisher) -> None:
        self.clock, self.folder = clock, folder
        self.shelf = Shelf(folder / "shelf", clock)
        self.shelf.publish([page("a", "one")])
        policy = {
            "sources": [
                handbook.source(freshness={"max_age": "90d"}),
                self.shelf.source(freshness={"verified_within": "3d"}, provenance={"grace": "1d"}),
            ],
            "log": {"path": "log.jsonl"},
        }
        self.policy = folder / "headgate.yaml"
        self.policy.write_text(json.dumps(policy))
        self.told: list[Refetch] = []
        with Gate(self.policy, clock=clock, sinks=[refetching(self.told.append)]) as gate:
            ages = handbook.seal("ages", "https://handbook.example/ages", modified=clock.ago(days=86))
            ends = handbook.seal("ends", "https://handbook.example/ends", expires=clock.now + 2 * DAY)
            stays = handbook.seal("stays", "https://handbook.example/stays")
            forged = Chunk("forged", stays.metadata)
            for chunks in ([ages, stays], [ends, page("a", "one")], [ends, forged]):
                gate.admit(chunks, query="?")

    def run(self, *arguments: str, code: int) -> str:
        arguments = ("freshness", "--policy", str(self.policy), "--now", self.clock.now.isoformat(), *arguments)
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == code, (result.output, result.exception)
        return result.output

    def outlook(self, *arguments: str, code: int = 1) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.run("--log", str(self.folder / "log.jsonl"), "--json", *arguments, code=code)
        )
        return found


@pytest.fixture
def week(tmp_path: Path, clock: FixedClock, handbook: Publisher) -> Week:
    return Week(tmp_path, clock, handbook)


def states(found: Mapping[str, Any]) -> dict[str, str]:
    return {one["source"]: one["state"] for one in found["sources"]}


def test_what_ends_within_the_week_is_named_with_its_reason(week: Week) -> None:
    found = week.outlook("--within", "7d")
    assert [(one["document"], one["prompts"], one["reasons"]) for one in found["endings"]] == [
        ("https://handbook.example/ends", 2, ["F201"]),
        ("https://handbook.example/ages", 1, ["F202"]),
    ]
    assert found["endings"][0]["at"] == (week.clock.now + 2 * DAY).isoformat()
    assert week.outlook("--within", "3d")["ending"] == 1


def test_a_source_says_who_vouched_last_and_until_when_that_holds(week: Week) -> None:
    found = week.outlook("--within", "7d")
    assert states(found) == {"shelf": "soon", "handbook": "open", "default": "open"}
    (shelf,) = (one for one in found["sources"] if one["source"] == "shelf")
    assert shelf["verified"] == [week.clock.now.isoformat(), "manifest", "list 1 of 'shelf'"]
    assert shelf["ends"] == (week.clock.now + 3 * DAY).isoformat()
    assert states(week.outlook("--within", "2d"))["shelf"] == "good"
    week.clock.advance(3 * DAY)
    assert states(week.outlook())["shelf"] == "over"
    week.shelf.renew()
    assert states(week.outlook("--within", "2d"))["shelf"] == "good"


def test_what_to_fetch_again_is_listed_and_told_to_who_subscribed(week: Week, handbook: Publisher) -> None:
    found = week.outlook()
    assert [(one["document"], one["code"]) for one in found["refetch"]] == [("https://handbook.example/stays", "P105")]
    assert [(one.document, one.code) for one in week.told] == [("https://handbook.example/stays", "P105")]
    with Gate(week.policy, clock=week.clock) as gate:
        gate.admit([handbook.seal("fetched", "https://handbook.example/stays")])
    assert week.outlook()["refetch"] == []


def test_where_nothing_is_to_be_done_the_exit_code_is_zero(week: Week) -> None:
    assert "Nothing ends within 1d" in week.run("--within", "1d", code=0)
    assert "1 source to be verified within 5d." in week.run("--within", "5d", code=1)


def test_the_page_names_what_the_terminal_names(week: Week, tmp_path: Path) -> None:
    log = str(tmp_path / "log.jsonl")
    said = week.run("--log", log, "--html", str(tmp_path / "out.html"), code=1)
    html = (tmp_path / "out.html").read_text(encoding="utf-8").replace("<wbr>", "")
    for words in (
        "https://handbook.example/ends",
        "F202 older than max_age",
        "P105",
        "To fetch again",
        "What ends soon",
    ):
        assert words in html
        assert words in said
    result = CliRunner().invoke(app, ["freshness", "-p", str(week.policy), "--log", log, "--html", log])
    assert isinstance(result.exception, HeadgateError)


def test_a_date_ahead_can_be_said_in_words(week: Week, tmp_path: Path, handbook: Publisher) -> None:
    documents = tmp_path / "documents.jsonl"
    chunk = handbook.seal("text", "https://handbook.example/1", expires=utc_now() + 3 * DAY, modified=utc_now())
    documents.write_text(json.dumps({"text": chunk.text, "metadata": dict(chunk.metadata)}))
    for words, code in (("in 2d", 0), ("in 4d", 1)):
        result = CliRunner().invoke(app, ["audit", str(documents), "-p", str(week.policy), "--at", words])
        assert result.exit_code == code, result.output
    result = CliRunner().invoke(app, ["audit", str(documents), "-p", str(week.policy), "--at", "in a while"])
    assert "'a while' is not a duration" in str(result.exception)


def commits(*events: tuple[float, str, str]) -> Iterator[Commit]:
    for day, kind, name in events:
        yield Commit(BEGIN + day * DAY, ((kind, name),))  # type: ignore[arg-type]  # a kind is one of three texts


def steady(documents: int, every: float, days: float) -> list[Commit]:
    """Documents that are each changed every so many days, one after the other."""
    found = [*commits(*((0, "added", str(number)) for number in range(documents)))]
    for number in range(documents):
        offset = every * (number + 1) / documents
        times = (offset + every * turn for turn in range(int(days / every)))
        found += commits(*((day, "changed", str(number)) for day in times if day <= days))
    return found


def test_a_steady_source_is_verified_as_often_as_its_budget_asks() -> None:
    # Changed every 100 days: of what was verified up to t days ago, t % were changed since.
    history = history_of(steady(400, 100, 1_000))
    found = suggest_verification(history, budget=0.1)
    shares = {round(one.within / DAY, 2): one.share for one in found.intervals}
    for days in (1, 7, 14, 30, 60):
        assert shares[days] == pytest.approx(days / 100, rel=0.05)
    assert found.within == 7 * DAY
    assert suggest_verification(history, budget=0.5).within == 30 * DAY
    assert "verified_within" not in found.why
    assert suggest_verification(history, budget=0.001).within is None


def test_few_changes_suggest_nothing() -> None:
    found = suggest_verification(history_of(steady(20, 500, 600)))
    assert found.within is None
    assert "20 changes of 20 documents are too few" in found.why


def test_what_touches_everything_at_once_is_no_evidence() -> None:
    history = steady(100, 100, 400)
    everything = Commit(BEGIN + 33 * DAY, tuple(("changed", str(number)) for number in range(100)))
    with_bulk, without = history_of([*history, everything]), history_of(history)
    assert with_bulk.bulk_changes == 100
    assert with_bulk.changes == without.changes
    assert suggest_verification(with_bulk).within == suggest_verification(without).within
    assert "100 changes in 1 commit touched so many documents" in suggest_verification(with_bulk).why


@given(st.integers(1, 60), st.floats(1, 200), st.integers(60, 900))
def test_longer_is_never_fresher_and_never_out_of_bounds(documents: int, every: float, days: int) -> None:
    found = suggest_verification(history_of(steady(documents, every, days)))
    for one in found.intervals:
        assert 0 <= one.share <= one.at_most <= 1
    assert found.within is None or found.within * 3 <= found.span


def git(folder: Path, day: float, *arguments: str) -> None:
    moment = (BEGIN + day * DAY).isoformat()
    environment = {**os.environ, "GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
    name = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *name, *arguments], cwd=folder, env=environment, check=True, capture_output=True)  # noqa: S603, S607


def test_a_folder_in_a_checkout_has_a_history(tmp_path: Path) -> None:
    git(tmp_path, 0, "init", "-q")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "empty").write_text("")
    for day, text in enumerate(("one", "two", "three")):
        (tmp_path / "docs" / "a\nb.md").write_text(text)
        (tmp_path / "other.md").write_text(text)
        git(tmp_path, day, "add", ".")
        git(tmp_path, day, "commit", "-qm", "change")
    git(tmp_path, 3, "rm", "-q", "docs/a\nb.md")
    git(tmp_path, 3, "commit", "-qm", "remove")
    life = next(life for life in read_history(tmp_path / "docs").lives if life.until)
    assert (life.since, life.until) == (BEGIN, BEGIN + 3 * DAY)
    assert life.changes == [BEGIN + DAY, BEGIN + 2 * DAY]


def test_changes_can_be_lines_of_a_file(tmp_path: Path) -> None:
    lines = tmp_path / "changes.jsonl"
    events = [event for commit in steady(40, 50, 400) for event in [(commit.at.isoformat(), *commit.files[0])]]
    lines.write_text("\n".join(json.dumps({"document": name, "at": at, "kind": kind}) for at, kind, name in events))
    plot = tmp_path / "plot.svg"
    result = CliRunner().invoke(app, ["freshness", "suggest", str(lines), "--json", "--plot", str(plot)])
    found = json.loads(result.stdout)
    assert (result.exit_code, found["verified_within"]) == (0, "2d")
    assert found["documents"] == 40
    assert plot.read_text(encoding="utf-8").lstrip().startswith("<?xml")
    lines.write_text('{"document": "a"}')
    result = CliRunner().invoke(app, ["freshness", "suggest", str(lines)])
    assert f"{lines}:1: the line is not a change" in str(result.exception)


def test_an_outlook_without_a_log_is_about_sources_only(week: Week) -> None:
    with Gate(week.policy, clock=week.clock) as gate:
        found = look_ahead(gate, now=week.clock.now, within=DAY)
    assert found.is_good
    assert {one.source for one in found.sources} == {"handbook", "shelf", "default"}


def lines_of(file: Path, events: Iterable[Mapping[str, str]]) -> Path:
    file.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return file


START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def test_stamps_of_a_build_are_no_changes_in_a_file_either(tmp_path: Path) -> None:
    events = [{"document": f"d{number}", "at": START.isoformat(), "kind": "added"} for number in range(200)]
    for month in range(1, 12):
        stamps = [START + month * 30 * DAY + timedelta(seconds=number / 10) for number in range(200)]
        events += [{"document": f"d{number}", "at": at.isoformat()} for number, at in enumerate(stamps)]
    found = suggest_verification(read_history(lines_of(tmp_path / "history.jsonl", events)))
    assert (found.changes, found.bulk_changes, found.within) == (0, 2_200, None)


def test_what_was_removed_is_out_of_date_as_well(tmp_path: Path) -> None:
    events = []
    for number in range(300):
        since = START + number * DAY
        events.append({"document": f"d{number}", "at": since.isoformat(), "kind": "added"})
        events.append({"document": f"d{number}", "at": (since + 30 * DAY).isoformat()})
        events.append({"document": f"d{number}", "at": (since + 60 * DAY).isoformat(), "kind": "removed"})
    found = suggest_verification(read_history(lines_of(tmp_path / "history.jsonl", events)), budget=0.05)
    shares = {one.within / DAY: one.share for one in found.intervals}
    # Each lives for sixty days, with a change in the middle: of fifteen days, half are followed by one or the other.
    assert shares[14] == pytest.approx(28 / 60, abs=0.02)
    assert found.within is not None
    assert found.within <= DAY


def test_a_feed_of_changes_is_a_history(tmp_path: Path) -> None:
    events = [
        {"uri": f"https://a.example/{number % 20}", "kind": kind, "at": (START + number * DAY).isoformat()}
        for number in range(300)
        for kind in (("listed",) if number < 20 else ("changed",))
    ]
    undated = {"uri": "https://a.example/1", "kind": "changed"}
    moved = {"uri": "https://a.example/1", "kind": "moved", "to": "/x", "at": (START + 400 * DAY).isoformat()}
    history = read_history(lines_of(tmp_path / "changes.jsonl", [*events, undated, moved]))
    assert (len(history.lives), history.changes) == (20, 280)


@pytest.fixture
def watched(tmp_path: Path, clock: FixedClock) -> Site:
    """A registry that has seen one pull of a sitemap: page N was changed N days ago, forty more at once."""
    pages = [(str(number), clock.now - number * DAY) for number in range(1, 121)]
    stamped = [(f"stamped-{number}", clock.now - 2.5 * DAY) for number in range(40)]
    (tmp_path / "sitemap.xml").write_text(sitemap(*pages, *stamped))
    site = Site(tmp_path, clock, {"sitemap": "sitemap.xml"})
    site.pull()
    return site


def test_the_last_changes_in_a_registry_are_a_history(watched: Site, tmp_path: Path) -> None:
    history = read_history(tmp_path / "registry.sqlite")
    found = suggest_verification(history, budget=0.1)
    shares = {one.within / DAY: one.share for one in found.intervals}
    # Of 120 pages the last change of N was N - 1 days before that of the first.
    assert [shares[days] for days in (1, 7, 30)] == [1 / 120, 7 / 120, 30 / 120]
    assert found.within == 7 * DAY
    assert "each time is looked at once" in found.why
    arguments = ["freshness", "suggest", str(tmp_path / "registry.sqlite"), "--json", "--budget", "10%"]
    for more in ([], ["--feed", "the feed"]):
        result = CliRunner().invoke(app, [*arguments, *more])
        assert (result.exit_code, json.loads(result.output)["verified_within"]) == (0, "7d")


def test_what_a_feed_misses_counts_as_out_of_date_and_many_at_once_as_nothing(
    watched: Site, tmp_path: Path, clock: FixedClock
) -> None:
    pages = [(str(number), clock.now - number * DAY) for number in range(4, 121)]
    stamped = [(f"stamped-{number}", clock.now - 2.5 * DAY) for number in range(40)]
    clock.advance(DAY)
    (tmp_path / "sitemap.xml").write_text(sitemap(*pages, *stamped))
    watched.pull()
    found = suggest_verification(read_history(tmp_path / "registry.sqlite"), budget=0.1)
    shares = {one.within / DAY: one.share for one in found.intervals}
    assert shares[2] == 3 / 120  # three are gone since yesterday, and none was changed
    assert (found.documents, found.bulk_changes) == (120, 0)  # the dates of a build were never believed


@pytest.mark.parametrize(("pages", "says"), [(20, "too few to tell"), (0, "no feed in it says when")])
def test_a_registry_of_few_changes_suggests_nothing(pages: int, says: str, tmp_path: Path, clock: FixedClock) -> None:
    old = [(f"old-{number}", clock.now - (400 + number) * DAY) for number in range(60 if pages else 0)]
    new = [(str(number), clock.now - number * DAY) for number in range(1, pages + 1)]
    undated = [(f"undated-{number}", None) for number in range(0 if pages else 60)]
    (tmp_path / "sitemap.xml").write_text(sitemap(*old, *new, *undated))
    Site(tmp_path, clock, {"sitemap": "sitemap.xml"}).pull()
    if not pages:
        with pytest.raises(HeadgateError, match=says):
            read_history(tmp_path / "registry.sqlite")
        return
    found = suggest_verification(read_history(tmp_path / "registry.sqlite"))
    assert found.within is None
    assert says in found.why


def test_a_registry_has_to_be_one_and_its_feed_has_to_be_clear(watched: Site, tmp_path: Path) -> None:
    registry, other = tmp_path / "registry.sqlite", tmp_path / "other.sqlite"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE documents (x)")
    before = other.read_bytes()
    for place, feed, says in (
        (other, None, "no feed was ever pulled into it"),
        (registry, "wiki", "it has the feeds 'the feed'. Name the one"),
        (tmp_path / "sitemap.xml", "site", "only a registry holds feeds"),
    ):
        with pytest.raises(HeadgateError, match=says):
            read_history(place, feed)
    assert other.read_bytes() == before


def test_a_feed_that_has_been_silent_for_too_long_is_not_good(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "a.jsonl"}, verified_within="24h")
    (tmp_path / "a.jsonl").write_text(json.dumps({"uri": "https://handbook.example/a", "kind": "listed"}) + "\n")
    assert not look_ahead(site.gate, now=clock.now).is_good  # never pulled
    site.pull()
    assert look_ahead(site.gate, now=clock.now).is_good
    clock.advance(2 * DAY)
    outlook = look_ahead(site.gate, now=clock.now)
    assert [one.is_late for one in outlook.feeds] == [True]
    assert not outlook.is_good


def test_what_entered_a_prompt_lately_and_is_over_by_now_is_said(week: Week) -> None:
    week.clock.advance(3 * DAY)
    found = week.outlook("--within", "7d")
    over = {one["document"]: one["reasons"] for one in found["endings"]}
    assert over["https://handbook.example/ends"] == ["F201"]
    week.clock.advance(30 * DAY)  # by then it may long have been replaced
    assert "https://handbook.example/ends" not in {one["document"] for one in week.outlook("--within", "7d")["endings"]}


def test_what_was_recorded_under_milder_rules_ends_nothing(
    tmp_path: Path, clock: FixedClock, handbook: Publisher
) -> None:
    log = tmp_path / "log.jsonl"
    bare = [Chunk(text, {"source": f"https://handbook.example/{text}"}) for text in ("one", "two")]
    declared = {"id": "handbook", "match": "https://handbook.example/**", "provenance": {"require": "declared"}}
    with Gate({"sources": [declared], "log": {"path": str(log)}}, clock=clock) as gate:
        assert len(gate.admit(bare, query="?").chunks) == 2
    asks_more = handbook.source(freshness={"max_age": "90d", "missing": "drop"})
    with Gate({"sources": [asks_more], "log": {"path": str(log)}}, clock=clock) as gate:
        outlook = look_ahead(gate, read_log([log]), now=clock.now + DAY)
        assert outlook.endings == []
        assert (outlook.otherwise, outlook.is_good) == (2, True)
        assert outlook.to_dict()["kept_out_otherwise"] == 2
        assert "keeps 2 documents out for a different reason than time" in str(outlook)
        # What was sealed since is judged by what was recorded of it last.
        sealed = [
            handbook.seal(chunk.text, str(chunk.metadata["source"]), modified=clock.ago(days=86)) for chunk in bare
        ]
        assert len(gate.admit(sealed[:1], query="?").chunks) == 1
        outlook = look_ahead(gate, read_log([log]), now=clock.now + DAY)
    assert [(one.document, one.reasons) for one in outlook.endings] == [("https://handbook.example/one", ("F202",))]
    assert outlook.otherwise == 1


def test_what_was_over_already_when_an_audit_let_it_pass_is_said(
    tmp_path: Path, clock: FixedClock, handbook: Publisher
) -> None:
    log = tmp_path / "log.jsonl"
    policy = {"mode": "audit", "sources": [handbook.source()], "log": {"path": str(log)}}
    with Gate(policy, clock=clock) as gate:
        gate.admit([handbook.seal("ended", "https://handbook.example/ended", expires=clock.ago(days=1))], query="?")
        outlook = look_ahead(gate, read_log([log]), now=clock.now + DAY)
    assert [one.reasons for one in outlook.endings] == [("F201",)]


def test_a_document_is_told_once_per_admission_and_no_piece_of_it_answers_for_another(
    tmp_path: Path, clock: FixedClock, handbook: Publisher
) -> None:
    told: list[Refetch] = []
    policy = {"sources": [handbook.source()], "log": {"path": str(tmp_path / "log.jsonl")}}
    good = handbook.seal("good", "https://handbook.example/a")
    bad = [Chunk(f"forged {number}", good.metadata) for number in range(5)]
    with Gate(policy, clock=clock, sinks=[refetching(told.append)]) as gate:
        gate.admit([*bad, good])
        outlook = look_ahead(gate, read_log([tmp_path / "log.jsonl"]), now=clock.now)
    assert [one.document for one in told] == ["https://handbook.example/a"]
    assert [one.document for one in outlook.refetch] == ["https://handbook.example/a"]
    # Which chunks of it have to leave the index: those, and not the good one.
    for (one,) in (told, outlook.refetch):
        assert len(one.pieces) == 5
        assert digest_text("good") not in one.pieces
        assert digest_text("forged 3") in one.pieces
        assert one.to_dict()["pieces"] == list(one.pieces)

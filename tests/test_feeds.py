"""Feeds: what says for many documents at once which there are and when they were changed, and what follows from it."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from feed_site import DAY, HOUR, SITE, Site, git, lines, sitemap
from headgate import Chunk, Gate, HeadgateError, PolicyError
from headgate.cli.app import app
from headgate.codes import CODES
from headgate.corpus import CorpusItem, audit_corpus
from headgate.origins.feeds import FeedError
from headgate.policy import Policy
from headgate.registry import FeedRegistry, FeedState, Said
from headgate.testing import FixedClock, Publisher
from servers import Server
from shelves import temporary_folder


@pytest.fixture
def site(tmp_path: Path, clock: FixedClock) -> Site:
    made = Site(tmp_path, clock, {"sitemap": "sitemap.xml"}, verified_within="24h", verified_by=["feed"])
    made.dated(a=30, b=20, c=10)
    return made


def test_what_a_feed_lists_unchanged_is_verified_by_each_pull(site: Site) -> None:
    page = site.page("a", days=25)
    assert site.says(page) == ["drop F210"]
    assert site.pull().listed == 3
    assert site.says(page) == ["admit"]
    (decision,) = site.gate.admit([page]).decisions
    assert str(decision.verified) == "current as of 2026-06-01 12:00 UTC (the feed)"
    site.clock.advance(2 * DAY)
    assert site.says(page) == ["drop F211"]
    site.pull()
    assert site.says(page) == ["admit"]


def test_what_was_changed_since_is_out_until_it_is_fetched_again(site: Site) -> None:
    site.pull()
    old, fresh = site.page("c", days=15), site.page("c", days=5)
    assert site.says(old) == ["drop F207"]
    assert site.says(fresh) == ["admit"]
    (finding,) = site.gate.admit([old]).decisions[0].findings
    assert finding.detail["changed"] == (site.clock.now - 10 * DAY).isoformat()
    lying = old.with_metadata(last_modified=site.clock.now.isoformat())
    assert site.says(lying)[0].startswith("drop F207")


def test_what_a_whole_list_no_longer_names_is_gone_and_comes_back_with_it(site: Site) -> None:
    page = site.page("a", days=25)
    site.pull()
    site.dated(b=20, c=10)
    assert site.pull().gone == (f"{SITE}/a",)
    assert site.says(page) == ["drop F212"]
    assert site.says(page, as_of=site.clock.now - DAY)[0] == "admit F212"
    site.dated(a=30, b=20, c=10)
    assert site.pull().added == (f"{SITE}/a",)
    assert site.says(page) == ["admit"]


def test_what_no_feed_ever_named_is_not_gone(site: Site) -> None:
    site.pull()
    assert site.says(site.page("unlisted", days=1)) == ["drop F210"]


def test_why_a_feed_does_not_verify_is_said(tmp_path: Path, clock: FixedClock) -> None:
    feeds = [{"sitemap": "sitemap.xml"}]
    source = {
        "id": "handbook",
        "match": f"{SITE}/**",
        "provenance": {"require": "declared"},
        "freshness": {"feeds": feeds, "verified_within": "24h"},
    }
    policy = {"sources": [source], "registry": {"path": "registry.sqlite"}}
    (tmp_path / "headgate.yaml").write_text(json.dumps(policy))
    dated = [(name, clock.now - 30 * DAY - number * HOUR) for number, name in enumerate("abcd")]
    (tmp_path / "sitemap.xml").write_text(sitemap(*dated, ("undated", None)))
    assert CliRunner().invoke(app, ["watch", "-p", str(tmp_path / "headgate.yaml")]).exit_code == 0
    gate = Gate(tmp_path / "headgate.yaml", clock=clock)
    date = {"last_modified": (clock.now - DAY).isoformat()}
    for name, metadata, why in (
        ("a", {}, "the text has no date that counts"),
        ("a", {}, "(DateDocuments or DateNodes give it one)"),
        ("unlisted", date, "its feed does not name this address"),
        ("undated", date, "does not say when it was changed"),
    ):
        (decision,) = gate.admit([Chunk("text", {"source": f"{SITE}/{name}", **metadata})]).decisions
        assert decision.codes == ("F210",)
        assert why in decision.findings[0].message


def test_a_feed_that_was_never_pulled_is_said_to_be_so(site: Site) -> None:
    def why() -> str:
        (decision,) = site.gate.admit([page]).decisions
        assert decision.codes == ("F210",)
        return decision.findings[0].message

    page = site.page("unlisted", days=1)
    never = "Nobody has verified it: what counts is feed, and its feed was never pulled (headgate watch)."
    assert [why(), why()] == [never, never]
    site.pull()
    assert "its feed does not name this address" in why()
    assert "headgate watch" in CODES["F210"].fix
    assert "DateDocuments" in CODES["F210"].fix


def test_looking_ahead_takes_feeds_to_go_on(site: Site) -> None:
    site.pull()
    found = CliRunner().invoke(
        app, ["freshness", "-p", str(site.file), "--within", "7d", "--now", site.clock.now.isoformat()]
    )
    assert found.exit_code == 0, found.output
    later = (site.clock.now + 13 * HOUR).isoformat()
    assert CliRunner().invoke(app, ["freshness", "-p", str(site.file), "--now", later]).exit_code == 1


def test_a_list_that_lost_very_much_at_once_is_not_believed(site: Site) -> None:
    (site.folder / "sitemap.xml").write_text(sitemap(*((f"{n}", site.clock.now - n * DAY) for n in range(1, 41))))
    site.pull()
    (site.folder / "sitemap.xml").write_text(sitemap(("1", site.clock.now - DAY)))
    with pytest.raises(FeedError, match="lost 39 of 40"):
        site.pull()
    assert site.says(site.page("7", days=1)) == ["admit"]
    assert len(site.pull(accepts_losses=True).gone) == 39
    assert site.says(site.page("7", days=1)) == ["drop F212"]


def test_a_stamp_that_all_documents_share_says_nothing(site: Site) -> None:
    stamp = site.clock.now - HOUR
    pages = [(f"{n}", stamp) for n in range(30)] + [("own", site.clock.now - 3 * DAY)]
    (site.folder / "sitemap.xml").write_text(sitemap(*pages))
    outcome = site.pull()
    assert "30 dates are shared by very many documents, and say nothing." in outcome.notes
    assert site.says(site.page("3", days=9)) == ["drop F210"]  # not changed, and not verified either
    assert site.says(site.page("own", days=9)) == ["drop F207"]


def test_a_gate_whose_policy_names_no_feed_hears_nothing(site: Site, clock: FixedClock) -> None:
    site.dated(b=20, c=10)
    site.pull()
    other = Gate(
        {"sources": [site.publisher.source()], "registry": {"path": str(site.folder / "registry.sqlite")}}, clock=clock
    )
    assert other.admit([site.page("c", days=15)]).decisions[0].admitted


def test_what_cannot_be_asked_is_not_admitted(site: Site) -> None:
    site.pull()
    page = site.page("a", days=25)
    site.gate.close()
    (site.folder / "registry.sqlite").write_bytes(b"no database" * 100)
    for name in ("registry.sqlite-wal", "registry.sqlite-shm"):
        (site.folder / name).unlink(missing_ok=True)
    assert "G901" in site.gate.admit([page]).decisions[0].codes
    assert not site.gate.admit([page]).chunks


def test_an_index_of_sitemaps_stays_in_its_folder(site: Site) -> None:
    parts = "".join(f"<sitemap><loc>{SITE}/maps/{n}.xml.gz</loc></sitemap>" for n in (1, 2))
    (site.folder / "sitemap.xml").write_text(f"<sitemapindex>{parts}</sitemapindex>")
    for number in (1, 2):
        (site.folder / f"{number}.xml.gz").write_bytes(
            gzip.compress(sitemap((f"{number}", site.clock.now - number * DAY)).encode())
        )
    assert site.pull().added == (f"{SITE}/1", f"{SITE}/2")


BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;&b;">]><urlset><url><loc>&c;</loc></url></urlset>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><urlset><url><loc>&b;</loc></url></urlset>'


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>sign in", b"<urlset></urlset>", b"\x1f\x8bno gzip", BOMB.encode(), OUTSIDE.encode(), b"\xff\xfe"],
)
def test_what_is_no_sitemap_changes_nothing(content: bytes, site: Site) -> None:
    site.pull()
    (site.folder / "sitemap.xml").write_bytes(content)
    with pytest.raises(FeedError):
        site.pull()
    assert site.says(site.page("a", days=25)) == ["admit"]


def test_a_packed_sitemap_of_any_size_is_read_to_a_bound(site: Site) -> None:
    (site.folder / "sitemap.xml").write_bytes(gzip.compress(b" " * 60_000_000))
    with pytest.raises(FeedError, match="more than 50,000,000 bytes"):
        site.pull()


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://handbook.example/"/>
<entry><title>A</title><link rel="edit" href="https://x.example"/><link href="https://handbook.example/a"/>
<updated>2026-05-20T00:00:00Z</updated><published>2020-01-01T00:00:00Z</published></entry>
<entry><link href="https://elsewhere.example/b"/><updated>2026-05-20T00:00:00Z</updated></entry></feed>"""
RSS = """<rss version="2.0"><channel><link>https://handbook.example/</link><item><link>https://handbook.example/a</link>
<pubDate>Wed, 20 May 2026 00:00:00 GMT</pubDate></item><item><title>no link</title></item></channel></rss>"""
RSS_CHANGED = RSS.replace("</pubDate>", "</pubDate><x:updated>2026-05-20T00:00:00Z</x:updated>").replace(
    "<rss", "<rss xmlns:x='u'"
)


@pytest.mark.parametrize("content", [ATOM, RSS_CHANGED])
def test_news_tell_of_what_they_name_and_of_nothing_else(content: str, tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"news": "news.xml"}, verified_within="24h", verified_by=["feed"])
    (tmp_path / "news.xml").write_text(content)
    outcome = site.pull()
    assert outcome.added == (f"{SITE}/a",)
    assert outcome.ignored == content.count("elsewhere")
    assert site.says(site.page("a", days=30)) == ["drop F207"]
    assert site.says(site.page("a", days=5)) == ["admit"]
    (tmp_path / "news.xml").write_text(content.replace("handbook.example/a", "handbook.example/b"))
    assert site.pull().gone == ()
    clock.advance(2 * DAY)
    assert site.says(site.page("a", days=5)) == ["drop F211"]


@pytest.mark.parametrize(
    "content",
    [
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{SITE}/"><entry><link href="a"/>{{}}</entry></feed>',
        f'<feed xml:base="{SITE}/x/"><entry xml:base="../y/"><link xml:base=".." href="a"/>{{}}</entry></feed>',
        f'<feed xml:base="https://["><entry xml:base="{SITE}/"><link href="/a"/>{{}}</entry></feed>',
        "<rss><channel><item><guid>https://handbook.example/a</guid>{}</item></channel></rss>",
        "<rss><channel><item><guid isPermaLink='true'> https://handbook.example/a </guid>{}</item></channel></rss>",
    ],
)
def test_news_name_documents_relative_to_what_they_say_and_by_identifiers(
    content: str, tmp_path: Path, clock: FixedClock
) -> None:
    site = Site(tmp_path, clock, {"news": "news.xml"}, verified_within="24h", verified_by=["feed"])
    (tmp_path / "news.xml").write_text(content.format(f"<updated>{(clock.now - DAY).isoformat()}</updated>"))
    assert site.pull().added == ("https://handbook.example/a",)
    assert site.says(site.page("a", days=0.5), site.page("a", days=2)) == ["admit", "drop F207"]


def test_an_identifier_that_is_no_address_names_no_document(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"news": "news.xml"})
    guid = '<guid isPermaLink="false">https://handbook.example/a</guid>'
    (tmp_path / "news.xml").write_text(f"<rss><channel><item>{guid}</item></channel></rss>")
    assert site.pull().listed == 0


@pytest.mark.parametrize("date", ["", "31 mai 2026 a 10h", "2026-06-01T12:01:00Z", "0001-01-01T00:00:00Z"])
def test_news_that_do_not_say_what_was_changed_verify_nothing(date: str, tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"news": "news.xml"}, verified_within="24h", verified_by=["feed"])
    updated = f"</pubDate><updated>{date}</updated>" if date else "</pubDate>"
    (tmp_path / "news.xml").write_text(RSS.replace("</pubDate>", updated))
    site.pull()
    assert site.says(site.page("a", days=30), site.page("a", days=5)) == ["drop F207", "drop F210"]


def test_a_file_of_changes_is_read_on_from_where_it_was_read_to(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "changes.jsonl"}, verified_within="24h", verified_by=["feed"])
    file = tmp_path / "changes.jsonl"
    at = (clock.now - 20 * DAY).isoformat()
    file.write_text(lines(*({"uri": f"{SITE}/{name}", "at": at} for name in "abc")))
    assert site.pull().added == tuple(f"{SITE}/{name}" for name in "abc")
    with file.open("a") as opened:
        opened.write(lines({"uri": f"{SITE}/a", "kind": "removed"}, {"uri": f"{SITE}/b", "at": clock.now.isoformat()}))
        opened.write(lines({"uri": f"{SITE}/c", "kind": "moved", "to": f"{SITE}/d"}) + '{"uri": "half')
    outcome = site.pull()
    assert (outcome.gone, outcome.changed) == ((f"{SITE}/a",), (f"{SITE}/b",))
    assert outcome.moved == ((f"{SITE}/c", f"{SITE}/d"),)
    assert site.says(*(site.page(name, days=10) for name in "abc")) == ["drop F212", "drop F207", "drop F212"]
    assert (
        "It is at https://handbook.example/d now." in site.gate.admit([site.page("c")]).decisions[0].findings[0].message
    )
    assert not site.pull().is_news
    file.write_text(lines({"uri": f"{SITE}/a", "at": at}))  # another file under the same name
    assert site.pull().added == (f"{SITE}/a",)


@pytest.mark.parametrize(
    "line", ["[]", "{}", '{"uri": 1}', '{"uri": "a", "kind": "lost"}', '{"uri": "a", "at": "soon"}', "\x00"]
)
def test_a_line_that_is_no_change_is_named_and_nothing_taken(line: str, tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "changes.jsonl"})
    (tmp_path / "changes.jsonl").write_text(lines({"uri": f"{SITE}/a"}) + line + "\n")
    with pytest.raises(FeedError, match=r"changes\.jsonl:2: the line is not a change"):
        site.pull()
    assert site.registry.states() == {}


def test_a_checkout_tells_of_commits_and_removals_and_not_of_what_touched_everything(
    tmp_path: Path, clock: FixedClock
) -> None:
    docs = tmp_path / "repository" / "docs"
    docs.mkdir(parents=True)
    begin = clock.now - 100 * DAY
    git(docs, begin, "init", "-q")
    for number in range(30):
        (docs / f"{number}.md").write_text("one")
        git(docs, begin + number * HOUR, "add", ".")
        git(docs, begin + number * HOUR, "commit", "-qm", "add")
    (docs / "5.md").write_text("two")
    git(docs, clock.now - 10 * DAY, "commit", "-qam", "change one")
    for number in range(30):
        (docs / f"{number}.md").write_text("header")
    git(docs, clock.now - 5 * DAY, "commit", "-qam", "change all")
    feed = {"git": "repository/docs", "base": f"{SITE}/", "strip": ".md"}
    site = Site(tmp_path, clock, feed, verified_within="24h", verified_by=["feed"])
    assert site.pull().listed == 30
    # Whether the last commit was about a page or about all, nobody can tell: a text from before is not verified.
    assert site.says(site.page("5", days=20), site.page("5", days=8), site.page("5", days=4)) == [
        "drop F207",
        "drop F210",
        "admit",
    ]
    assert site.says(site.page("6", days=20), site.page("6", days=4)) == ["drop F210", "admit"]
    git(docs, clock.now - DAY, "rm", "-q", "6.md")
    git(docs, clock.now - DAY, "commit", "-qm", "remove one")
    assert site.pull().gone == (f"{SITE}/6",)
    assert site.says(site.page("6", days=20)) == ["drop F212"]


@pytest.mark.enable_socket
def test_a_sitemap_at_an_address_is_pulled_by_the_guarded_network(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    server = Server(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    try:
        site = Site(tmp_path, clock, {"sitemap": server.url})
        server.body = sitemap(("a", clock.now - DAY)).encode()
        with pytest.raises(FeedError, match="private"):
            site.pull()
        content = json.loads(site.file.read_text())
        site.file.write_text(json.dumps({**content, "key_sets": {"private": ["127.0.0.1"]}}))
        site.policy = Policy.load(site.file)
        assert site.pull().added == (f"{SITE}/a",)
        for status, body, headers in (
            (302, b"", {"Location": "https://127.0.0.1:1/x"}),
            (500, b"", {}),
            (200, b"<html>", {}),
            (200, b"<sitemapindex><sitemap><loc>https://other.example/s.xml</loc></sitemap></sitemapindex>", {}),
        ):
            server.status, server.body, server.headers = status, body, headers
            with pytest.raises(FeedError):
                site.pull()
        assert site.says(site.page("a")) == ["admit"]
    finally:
        server.close()


KILLED = """
import os, signal, sys
from datetime import datetime, timezone
from pathlib import Path
from headgate.registry import FeedRegistry, FeedState, Said

now = datetime(2026, 6, 2, tzinfo=timezone.utc)
place, last = Path(sys.argv[1]), int(sys.argv[2])

def said():
    for number in range(5):
        if number == last:
            os.kill(os.getpid(), signal.SIGKILL)
        yield Said(f"d{number}", now, modified=now)
    if last == 5:
        os.kill(os.getpid(), signal.SIGKILL)

registry = FeedRegistry(place)
registry.take(FeedState("f", "feed", now, cursor="second"), said(), after=registry.states()["f"])
"""


@pytest.mark.parametrize("moment", [*range(6), 99])
def test_a_pull_that_is_killed_has_not_been(moment: int, tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "registry.sqlite"
    first = datetime(2026, 6, 1, tzinfo=timezone.utc)
    registry = FeedRegistry(path)
    registry.take(FeedState("f", "feed", first, cursor="first"), [Said("d0", first), Said("d1", first)])
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(moment)], check=False)  # noqa: S603
    assert (done.returncode == 0) == (moment == 99)
    state, known = registry.states()["f"], registry.documents_of("f")
    if moment == 99:
        assert (state.cursor, len(known)) == ("second", 5)
        assert all(one.modified is not None for one in known.values())
    else:
        assert (state.cursor, sorted(known), state.pulled) == ("first", ["d0", "d1"], first)


def test_a_registry_of_before_is_given_room_for_feeds(tmp_path: Path, handbook: Publisher, clock: FixedClock) -> None:
    path = tmp_path / "registry.sqlite"
    plain = {"sources": [handbook.source()], "registry": {"path": str(path)}}
    with Gate(plain, clock=clock) as gate:
        gate.admit([handbook.seal("two", "https://handbook.example/1", version=2)])
    FeedRegistry(path).take(FeedState("f", "feed", clock.now), [])
    with Gate(plain, clock=clock) as gate:
        old = handbook.seal("one", "https://handbook.example/1", version=1)
        assert gate.admit([old]).decisions[0].codes == ("F205",)
    other = tmp_path / "other.sqlite"
    sqlite3.connect(other).execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(HeadgateError, match="another database"):
        FeedRegistry(other)


def test_an_audit_hears_what_feeds_have_said(site: Site) -> None:
    site.pull()
    items = [CorpusItem(name, site.page(name, days=15)) for name in ("a", "c", "unlisted")]
    audit = audit_corpus(site.gate, items, site.clock.now)
    assert [row.decision.codes for row in audit.rows if row.decision is not None] == [(), ("F207",), ("F210",)]


def test_the_command_pulls_every_feed_and_says_what_is_new(site: Site) -> None:
    site.gate.close()

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["watch", "--policy", str(site.file), *arguments])
        assert result.exit_code == code, (result.output, result.exception)
        return result.output

    assert "handbook, sitemap sitemap.xml: 3 documents (3 added)." in run()
    site.dated(a=30, b=20, c=0)
    found = json.loads(run("--json"))
    assert found["feeds"][0]["changed"] == [f"{SITE}/c"]
    (site.folder / "sitemap.xml").write_text("<html>")
    assert "not pulled" in run(code=1)


def test_a_feed_that_cannot_be_pulled_keeps_no_other_one_from_it(site: Site) -> None:
    content = json.loads(site.file.read_text())
    feeds = content["sources"][0]["freshness"]["feeds"]
    content["sources"][0]["freshness"]["feeds"] = [{"changes": "c.jsonl"}, {"sitemap": "index.xml"}, *feeds]
    site.file.write_text(json.dumps(content))
    (site.folder / "c.jsonl").write_text(lines({"uri": f"{SITE}/\ud800", "kind": "moved", "to": "\ud800"}))
    (site.folder / "index.xml").write_text("<sitemapindex><sitemap><loc>https://[x</loc></sitemap></sitemapindex>")
    command = [sys.executable, "-m", "headgate", "watch", "--policy", str(site.file), "--every", "1s", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603

    def round_with(feeds: int) -> list[dict[str, Any]]:
        assert process.stdout is not None
        rounds = (json.loads(line)["feeds"] for line in process.stdout)
        return next(found for found in rounds if len(found) == feeds)

    try:
        first = round_with(3)
        site.file.write_text("sources: [")  # it is being edited
        assert "problem" in round_with(1)[0]
        site.file.write_text(json.dumps(content))
        later = round_with(3)
    finally:
        process.kill()
        process.communicate()
    for found in (first, later):
        assert ["problem" in one for one in found] == [False, True, False]
        assert found[-1]["listed"] == 3


def test_looking_ahead_names_the_feed_that_is_silent(site: Site) -> None:
    def look(code: int) -> dict[str, Any]:
        arguments = [
            "freshness",
            "-p",
            str(site.file),
            "--within",
            "12h",
            "--now",
            site.clock.now.isoformat(),
            "--json",
        ]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == code, (result.output, result.exception)
        found: dict[str, Any] = json.loads(result.output)
        return found

    found = look(1)
    assert (found["feeds"][0]["pulled"], found["sources"][0]["state"]) == (None, "unknown")
    site.pull()
    found = look(0)
    assert found["sources"][0]["verified"] == [site.clock.now.isoformat(), "feed", "the feed"]
    site.clock.advance(14 * HOUR)
    assert look(1)["sources"][0]["state"] == "soon"
    site.clock.advance(DAY)
    assert look(1)["sources"][0]["state"] == "over"


def test_the_policy_of_the_page_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "feeds.md").read_text(encoding="utf-8")
    policy, *feeds = re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S)
    for feed in ("", *feeds):
        text = f"{policy}{indent(feed, 8 * ' ')}"
        (tmp_path / "headgate.yaml").write_text(text, encoding="utf-8")
        (source,) = Policy.load(tmp_path / "headgate.yaml").sources
        assert source.verifiers == ("feed",)
        assert len(source.freshness.feeds) == 1 + len(re.findall("^- ", feed, re.M))


@pytest.mark.parametrize(
    ("feed", "more", "words"),
    [
        ({}, {}, "a feed is one of"),
        ({"sitemap": "a", "news": "b"}, {}, "a feed is one of"),
        ({"sitemap": "http://h/s.xml"}, {}, "not an https"),
        ({"git": "docs"}, {}, "add base"),
        ({"sitemap": "a", "base": "x"}, {}, "about git"),
        ({"rss": "a"}, {}, "unknown key"),
        ({"sitemap": "a"}, {"registry": None}, "Add registry"),
    ],
)
def test_a_feed_that_cannot_be_is_an_error(feed: dict[str, str], more: dict[str, Any], words: str) -> None:
    source = {"id": "s", "match": f"{SITE}/**", "provenance": {"require": "declared"}, "freshness": {"feeds": [feed]}}
    policy = {"sources": [source], "registry": {"path": "registry.sqlite"}, **more}
    with pytest.raises(PolicyError, match=words):
        Policy.from_mapping({name: value for name, value in policy.items() if value is not None})


NAMES = st.sampled_from(["a", "b", "c"])
AGES = st.integers(0, 40)


@given(
    st.lists(st.dictionaries(NAMES, AGES, min_size=1), min_size=1, max_size=4),
    NAMES,
    AGES,
    st.dictionaries(st.sampled_from(["last_modified", "updated", "verified"]), st.just("2026-06-01T12:00:00Z")),
)
def test_what_nobody_signed_outdoes_no_feed(
    pulls: list[dict[str, int]], name: str, age: int, unsigned: dict[str, str]
) -> None:
    clock = FixedClock()
    site = Site(temporary_folder(), clock, {"sitemap": "sitemap.xml"}, verified_within="24h", verified_by=["feed"])
    for listed in pulls:
        site.dated(**listed)
        site.pull(accepts_losses=True)
    sealed = site.page(name, days=age)
    before, after = (site.gate.admit([chunk]).decisions[0] for chunk in (sealed, sealed.with_metadata(**unsigned)))
    assert before.admitted or not after.admitted
    # The latest change that was ever said counts, also after the document has been gone for a while.
    changes = [listed[name] for listed in pulls if name in listed]
    assert before.admitted == (name in pulls[-1] and min(changes) >= age)
    site.gate.close()
    site.registry.close()


def test_what_watch_prints_has_no_secrets_of_addresses(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "c.jsonl"}, verified_within="24h")
    site.gate.close()
    uri = f"{SITE}/a?X-Amz-Signature=SECRET123"
    for event in ({"kind": "changed", "at": clock.ago(days=20).isoformat()}, {"kind": "removed"}, {"kind": "changed"}):
        with (tmp_path / "c.jsonl").open("a") as opened:
            opened.write(lines({"uri": uri, **event}))
        for arguments in ((), ("--json",)):
            result = CliRunner().invoke(app, ["watch", "--policy", str(site.file), *arguments])
            assert result.exit_code == 0
            assert "SECRET123" not in result.output

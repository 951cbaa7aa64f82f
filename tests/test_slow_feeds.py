"""Feeds that are slow: a pull has an end, however much it reads, and keeps no other feed waiting."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from feed_site import DAY, SITE, git, lines, sitemap
from headgate.cli.app import app
from headgate.origins.feeds import FeedError, open_feed
from headgate.origins.feeds.changes import Changes
from headgate.origins.feeds.feed import Reading
from headgate.origins.feeds.news import News
from headgate.origins.feeds.repository import Repository
from headgate.origins.feeds.sitemap import Sitemap
from headgate.policy import Policy
from headgate.testing import FixedClock, Publisher
from servers import Server

KINDS = {"sitemap": Sitemap, "news": News, "changes": Changes}


class Noting(Reading):
    """Notes until when it may read."""

    noted: list[float | None] = []  # noqa: RUF012 - one for the class, whose instances are frozen

    def read(self, place: str | Path, deadline: float | None = None) -> bytes:
        self.noted.append(deadline)
        return super().read(place, deadline)


class Freeing(Server):
    """Frees another server once it is asked itself."""

    other: Server

    def page(self, path: str, etag: str | None) -> tuple[int, dict[str, str]]:
        self.other.hangs.set()
        return super().page(path, etag)


def policy_of(publisher: Publisher, feed: dict[str, Any]) -> Policy:
    source = publisher.source(freshness={"feeds": [feed]})
    return Policy.from_mapping({"sources": [source], "registry": {"path": "registry.sqlite"}})


def test_all_parts_of_an_index_have_one_deadline(tmp_path: Path, clock: FixedClock) -> None:
    parts = "".join(f"<sitemap><loc>{SITE}/{number}.xml</loc></sitemap>" for number in range(3))
    (tmp_path / "index.xml").write_text(f"<sitemapindex>{parts}</sitemapindex>")
    for number in range(3):
        (tmp_path / f"{number}.xml").write_text(sitemap((str(number), clock.now - number * DAY)))
    reading = Noting()
    assert len(Sitemap(tmp_path / "index.xml", reading).pull("", clock.now).entries) == 3
    assert len(reading.noted) == 4
    assert len(set(reading.noted)) == 1
    assert None not in reading.noted


@pytest.mark.parametrize("kind", KINDS)
def test_a_pull_that_has_no_time_left_ends_and_says_what_gives_it_more(
    kind: str, tmp_path: Path, clock: FixedClock
) -> None:
    (tmp_path / "place").write_text(sitemap(("a", clock.now)) if kind != "changes" else lines({"uri": SITE}))
    feed: Any = KINDS[kind](tmp_path / "place", Reading(within=timedelta(0)))
    with pytest.raises(FeedError, match=r"no end within 0 s\. Give the feed more: timeout: 10m"):
        feed.pull("", clock.now)


@pytest.mark.parametrize("kind", [*KINDS, "manifest"])
def test_a_policy_says_how_long_a_pull_may_take(kind: str, handbook: Publisher) -> None:
    for more, within in (({}, timedelta(minutes=1)), ({"timeout": "3m"}, timedelta(minutes=3))):
        policy = policy_of(handbook, {kind: "https://handbook.example/place", **more})
        (rule,) = policy.sources[0].freshness.feeds
        feed: Any = open_feed(rule, policy)
        assert feed.reading.within == within
    policy = policy_of(handbook, {"git": "docs", "base": f"{SITE}/", "timeout": "3m"})
    repository: Any = open_feed(policy.sources[0].freshness.feeds[0], policy)
    assert repository.within == timedelta(minutes=3)


def commit(folder: Path, at: datetime, name: str) -> None:
    (folder / name).write_text("text")
    git(folder, at, "add", ".")
    git(folder, at, "commit", "-q", "-m", name)


@pytest.fixture
def checkout(tmp_path: Path, clock: FixedClock) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, clock.now, "init", "-q")
    commit(folder, clock.now - 9 * DAY, "a.md")
    return folder


@pytest.mark.parametrize("hanging", ["rev-parse", "ls-tree", "log", "rev-list", "diff"])
def test_a_pull_of_a_checkout_ends_whichever_of_its_commands_hangs(
    hanging: str, checkout: Path, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Repository(checkout, f"{SITE}/")
    cursor = feed.pull("", clock.now).cursor
    commit(checkout, clock.now - DAY, "b.md")
    real, stand_in = shutil.which("git"), tmp_path / "bin" / "git"
    stand_in.parent.mkdir()
    pipe = tmp_path / "never"
    os.mkfifo(pipe)
    script = f'for word in "$@"; do [ "$word" = {hanging} ] && exec cat {pipe}; done\nexec {real} "$@"\n'
    stand_in.write_text(f"#!/bin/sh\n{script}")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(stand_in.parent), prepend=os.pathsep)
    begun = time.monotonic()
    with pytest.raises(FeedError, match=r"no end within 1 s\. Give the feed more: timeout: 10m"):
        Repository(checkout, f"{SITE}/", within=timedelta(seconds=1)).pull(cursor, clock.now)
    assert time.monotonic() - begun < 20  # a minute and more by the bound of a command alone
    with pytest.raises(FeedError, match="no end within 0 s"):
        Repository(checkout, f"{SITE}/", within=timedelta(0)).pull(cursor, clock.now)


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Server]]:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    slow, fast = Server(tmp_path), Freeing(tmp_path)
    fast.other = slow
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    yield slow, fast
    slow.hangs.set()
    slow.close()
    fast.close()


@pytest.mark.enable_socket
def test_a_feed_waits_for_no_other(servers: tuple[Server, Server], tmp_path: Path, clock: FixedClock) -> None:
    slow, fast = servers
    slow.hangs.clear()  # until the other one has been asked
    slow.body = fast.body = sitemap(("a", clock.now - DAY)).encode()
    feeds = [{"sitemap": slow.url, "name": "slow"}, {"sitemap": fast.url, "name": "fast"}]
    source = {"id": "a", "match": f"{SITE}/**", "provenance": {"require": "declared"}, "freshness": {"feeds": feeds}}
    content = {"sources": [source], "registry": {"path": "r.sqlite"}, "key_sets": {"private": ["127.0.0.1"]}}
    (tmp_path / "headgate.yaml").write_text(json.dumps(content))
    result = CliRunner().invoke(app, ["watch", "--policy", str(tmp_path / "headgate.yaml"), "--json"])
    told = json.loads(result.output)["feeds"]
    assert [(one["feed"], one.get("problem"), one.get("listed")) for one in told] == [
        ("slow", None, 1),
        ("fast", None, 1),
    ]

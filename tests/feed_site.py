"""A handbook with one feed, for the tests of feeds."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from headgate import Chunk, Gate
from headgate.origins.feeds import Outcome, feed_id, open_feed, pull_feed
from headgate.policy import Policy, UriPattern
from headgate.record.writing import log_record
from headgate.registry import FeedRegistry, FeedState
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SITE = "https://handbook.example"


class Site:
    """A handbook with one feed, a registry, and a gate."""

    def __init__(self, folder: Path, clock: FixedClock, feed: dict[str, str], **freshness: Any) -> None:
        self.folder, self.clock = folder, clock
        self.publisher = Publisher("handbook", f"{SITE}/**", clock)
        source = self.publisher.source(freshness={"feeds": [feed], **freshness})
        self.file = folder / "headgate.yaml"
        self.file.write_text(json.dumps({"sources": [source], "registry": {"path": "registry.sqlite"}}))
        self.policy = Policy.load(self.file)
        self.registry = FeedRegistry(folder / "registry.sqlite")
        self.gate = Gate(self.file, clock=clock)

    def pull(self, **options: bool) -> Outcome:
        (rule,) = self.policy.sources[0].freshness.feeds
        state = FeedState(
            feed_id(rule, self.policy, "handbook", self.policy.sources[0].match), "the feed", self.clock.now
        )
        patterns = (UriPattern.parse(f"{SITE}/**"),)
        return pull_feed(open_feed(rule, self.policy), state, patterns, self.registry, **options)

    def dated(self, **days: float) -> None:
        """Write a sitemap in which documents were changed so many days ago."""
        pages = [(name, self.clock.now - age * DAY) for name, age in days.items()]
        (self.folder / "sitemap.xml").write_text(sitemap(*pages))

    def page(self, name: str, days: float = 0) -> Chunk:
        return self.publisher.seal(f"text of {name}", f"{SITE}/{name}", modified=self.clock.now - days * DAY)

    def says(self, *chunks: Chunk, **options: Any) -> list[str]:
        admission = self.gate.admit(chunks, **options)
        record = json.loads(json.dumps(log_record(admission)))
        again = Redecider(self.gate.policy).redecide(record)
        assert [one.action for one in again] == [one.action for one in admission.decisions]
        return [" ".join((one.action, *one.codes)) for one in admission.decisions]


def sitemap(*pages: tuple[str, datetime | None]) -> str:
    urls = "".join(
        f"<url><loc>{SITE}/{name}</loc>{f'<lastmod>{at.isoformat()}</lastmod>' if at else ''}</url>"
        for name, at in pages
    )
    return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'


def lines(*events: Mapping[str, object]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def git(folder: Path, at: datetime, *arguments: str) -> None:
    stamp = {"GIT_AUTHOR_DATE": at.isoformat(), "GIT_COMMITTER_DATE": at.isoformat()}
    name = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *name, *arguments], cwd=folder, env={**os.environ, **stamp}, check=True, capture_output=True)  # noqa: S603, S607

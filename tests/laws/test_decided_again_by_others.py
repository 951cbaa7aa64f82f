"""What others say of documents counts at once, also of those that were decided about before."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate
from headgate.admission import deciding
from headgate.admission.overriding import Override, OverrideFile
from headgate.admission.quarantine import QuarantineFile
from headgate.origins.feeds import feed_id
from headgate.provenance import generate_signing_key
from headgate.provenance.revocation import Revocation, RevocationList
from headgate.provenance.seals import digest_text
from headgate.registry import FeedRegistry, FeedState, Said
from headgate.testing import FixedClock, Publisher
from thorough import Thorough, told

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SITE = "https://handbook.example"
FEED = {"sitemap": "sitemap.xml"}


class World:
    """A source about which everybody may say something, and two gates: one judges everything from the beginning."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.list_version = folder, FixedClock(), 0
        self.publisher = Publisher("handbook", f"{SITE}/**", self.clock)
        self.security = generate_signing_key("security")
        rules = {"feeds": [FEED], "verified_within": "24h", "verified_grace": "12h", "supersede": True}
        quarantine = {"failures": "90%", "at_least": 1_000}
        policy = {
            "cache": "cache",
            "sources": [self.publisher.source(freshness=rules, quarantine=quarantine)],
            "default": {"provenance": {"require": "declared"}},
            "registry": {"path": "registry.sqlite"},
            "quarantine": {"path": "quarantine.jsonl"},
            "overrides": {"path": "overrides.jsonl"},
            "revocations": [{"list": "revoked.jws", "keys": self.security.public_jwks(), "grace": "24h"}],
        }
        file = folder / "headgate.yaml"
        file.write_text(json.dumps(policy))
        self.take_back({})
        self.gate, self.thorough = Gate(file, clock=self.clock), Thorough(file, clock=self.clock)
        known = self.gate.policy
        (rule,) = known.sources[0].freshness.feeds
        self.state = FeedState(feed_id(rule, known, "handbook", known.sources[0].match), "the feed", self.clock.now)
        self.feeds = FeedRegistry(folder / "registry.sqlite")
        self.pulled: FeedState | None = None
        self.say("there", 0)

    def page(self, name: str, version: int = 1, text: str = "text") -> Chunk:
        days = 10 - version
        sealed = self.publisher.seal(f"{text} {name}", f"{SITE}/{name}", version=version, modified=START - days * DAY)
        return sealed.with_metadata(relevance_score=version / 7)

    def take_back(self, entries: Mapping[str, Any]) -> None:
        self.list_version += 1
        now = self.clock.now
        empty = RevocationList(issuer="s", version=self.list_version, issued=now, expires=now + 2 * DAY)
        (self.folder / "revoked.jws").write_bytes(replace(empty, **entries).sign(self.security))

    def say(self, what: str, hours: int) -> None:
        """Have the feed say that page a is there, changed or gone; all others are there."""
        now = self.clock.now + hours * HOUR
        after = replace(self.state, pulled=now)
        first = Said(f"{SITE}/a", now, what == "gone", None, now if what == "changed" else START - 20 * DAY)
        others = (Said(f"{SITE}/{name}", now, modified=START - 20 * DAY) for name in "bc")
        assert self.feeds.take(after, [first, *others], after=self.pulled)
        self.pulled = after

    def happens(self, event: str, hours: int) -> None:
        """Have something happen."""
        now = self.clock.now
        held, opened = QuarantineFile(self.folder / "quarantine.jsonl"), self.folder / "overrides.jsonl"
        overrides = OverrideFile(opened, DAY)
        digest = {digest_text("text b"): Revocation("wrong")}
        thumbprint = next(iter(self.publisher.sealer.public)).thumbprint
        happenings: dict[str, Callable[[], object]] = {
            "time": lambda: self.clock.advance(hours * HOUR),
            "there": lambda: self.say("there", hours % 3),
            "changed": lambda: self.say("changed", hours % 3),
            "gone": lambda: self.say("gone", hours % 3),
            "hold": lambda: held.hold("handbook", now, "too many"),
            "release": lambda: held.release("handbook", now, "ops"),
            "open": lambda: overrides.open(Override("handbook", now + hours * HOUR / 9, now + DAY, "night", "ops")),
            "close": lambda: overrides.close("handbook", now, "ops"),
            "take back a text": lambda: self.take_back({"digests": digest}),
            "take back a page": lambda: self.take_back({"documents": {f"{SITE}/a": Revocation("wrong", 1)}}),
            "take back the key": lambda: self.take_back({"keys": {thumbprint: Revocation("stolen")}}),
            "take back nothing": lambda: self.take_back({}),
            "another process proves a version": lambda: Gate(self.folder / "headgate.yaml", clock=self.clock).admit(
                [self.page("c", 2)]
            ),
        }
        happenings[event]()


START = FixedClock().now
EVENTS = [
    *("time", "time", "there", "there", "changed", "gone", "hold", "release", "release", "open", "close"),
    *("take back a text", "take back a page", "take back the key", "take back nothing", "take back nothing"),
    "another process proves a version",
]
events = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(1, 15)), min_size=3, max_size=8)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True), events)
def test_an_admission_is_what_judging_from_the_beginning_decides(
    names: list[str], events: list[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        found = [world.page(name) for name in names]
        open_page = Chunk("open", {"source": "https://elsewhere.example/x"})
        for event, hours in [("there", 0), *events]:
            world.happens(event, hours)
            for _ in range(3):
                again, beginning = world.gate.judge([*found, open_page]), world.thorough.judge([*found, open_page])
                assert told(again) == told(beginning)
        world.gate.close()
        world.thorough.close()


@pytest.mark.parametrize("event", ["changed", "gone", "hold", "take back a page", "take back the key"])
def test_what_keeps_a_page_out_does_so_at_once(event: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    page = world.page("a")
    for _ in range(4):
        assert world.gate.admit([page]).chunks
    world.happens(event, 1)
    assert not world.gate.admit([page]).chunks


def test_what_is_verified_is_so_until_its_time_is_over(tmp_path: Path) -> None:
    world = World(tmp_path)
    page = world.page("a")

    def codes(hours: int) -> list[str]:
        world.clock.advance(hours * HOUR)
        for _ in range(3):
            world.gate.admit([page])
        return list(world.gate.admit([page]).decisions[0].codes)

    assert [codes(0), codes(23), codes(2), codes(12)] == [[], [], ["F211"], ["F211"]]
    assert not world.gate.admit([page]).chunks
    world.say("there", 0)
    assert codes(0) == []


def test_what_nobody_says_anything_new_about_is_not_judged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    pages = [world.page(name) for name in "abc"]
    for _ in range(3):
        world.gate.judge(pages)

    def never(*_: object) -> None:
        raise AssertionError("it was judged from the beginning")

    monkeypatch.setattr(deciding, "judge_admission", never)
    assert len(world.gate.judge(pages).chunks) == 3
    world.say("changed", 0)
    with pytest.raises(AssertionError, match="from the beginning"):
        world.gate.judge(pages)

"""A manifest as a feed: the publisher's signed list tells what is there and what was changed, as of its timestamp."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headgate import Chunk, Gate, PolicyError
from headgate.admission.feed_signers import feed_signers
from headgate.cli.app import app
from headgate.origins.feeds import FeedError, Outcome, feed_id, open_feed, pull_feed
from headgate.policy import Policy, UriPattern
from headgate.provenance import SigningKey, generate_signing_key
from headgate.provenance.revocation import Revocation, RevocationList
from headgate.registry import FeedRegistry, FeedState
from headgate.testing import FixedClock, Publisher
from servers import Server
from shelves import Shelf

SITE = "https://shelf.example"
DAY = timedelta(days=1)


class Watched:
    """A shelf whose manifest is the feed of a source of sealed pages."""

    def __init__(self, folder: Path, clock: FixedClock, place: str = "shelf", **rules: Any) -> None:
        self.clock, self.folder = clock, folder
        self.shelf = Shelf(folder / "shelf", clock)
        self.publisher = Publisher("pages", f"{SITE}/**", clock)
        keys = {"keys": [*self.publisher.key.public_jwks()["keys"], *self.shelf.key.public_jwks()["keys"]]}
        source = self.publisher.source(
            freshness={"feeds": [{"manifest": place}], "verified_within": "1d"}, provenance={"keys": keys}
        )
        self.file = folder / "headgate.yaml"
        policy = {
            "sources": [source],
            "registry": {"path": "registry.sqlite"},
            "cache": "cache",
            "key_sets": {"private": ["127.0.0.1"]},
        }
        self.file.write_text(json.dumps({**policy, **rules}))
        self.policy = Policy.load(self.file)
        self.registry = FeedRegistry(folder / "registry.sqlite")
        self.gate = Gate(self.file, clock=clock)

    def names_keys(self, *keys: SigningKey) -> None:
        """Write into the policy who may sign."""
        policy = json.loads(self.file.read_text())
        jwks = {"keys": [one for key in keys for one in key.public_jwks()["keys"]]}
        policy["sources"][0]["provenance"]["keys"] = jwks
        self.file.write_text(json.dumps(policy))
        self.policy = Policy.load(self.file)

    def names(self, corpus: str) -> None:
        """Write into the policy of which corpus the feed is."""
        policy = json.loads(self.file.read_text())
        policy["sources"][0]["freshness"]["feeds"][0]["corpus"] = corpus
        self.file.write_text(json.dumps(policy))
        self.policy = Policy.load(self.file)

    def lists(self, **days: float | None) -> None:
        """Publish the next version, which lists documents that were changed so many days ago."""
        self.shelf.publish([self.listed(name, age) for name, age in days.items()])

    def listed(self, name: str, days: float | None) -> Chunk:
        date = {"last_modified": (self.clock.now - days * DAY).isoformat()} if days is not None else {}
        return Chunk(f"text of {name}", {"source": f"{SITE}/{name}", **date})

    def pull(self) -> Outcome:
        source = self.policy.sources[0]
        (rule,) = source.freshness.feeds
        state = FeedState(feed_id(rule, self.policy, source.id, source.match), "the list", self.clock.now)
        feed = open_feed(rule, self.policy, feed_signers(self.policy, source, self.clock))
        return pull_feed(feed, state, (UriPattern.parse(f"{SITE}/**"),), self.registry)

    def says(self, name: str, days: float) -> str:
        chunk = self.publisher.seal(f"text of {name}", f"{SITE}/{name}", modified=self.clock.now - days * DAY)
        (decision,) = self.gate.admit([chunk]).decisions
        return " ".join((decision.action, *decision.codes))


def test_a_list_tells_what_is_there_and_what_was_changed(tmp_path: Path, clock: FixedClock) -> None:
    watched = Watched(tmp_path, clock)
    watched.lists(a=10, b=1, c=5)
    assert watched.pull().listed == 3
    assert [watched.says(name, 5) for name in "abc"] == ["admit", "drop F207", "admit"]
    clock.advance(timedelta(hours=1))
    watched.lists(a=10.1, b=1.1)
    assert watched.pull().gone == (f"{SITE}/c",)
    assert watched.says("c", 5) == "drop F212"
    assert watched.says("never", 5) == "drop F210"


def test_it_verifies_as_of_its_timestamp_and_not_of_the_pull(tmp_path: Path, clock: FixedClock) -> None:
    watched = Watched(tmp_path, clock)
    watched.lists(a=10)
    clock.advance(timedelta(hours=20))
    watched.pull()
    assert watched.says("a", 5) == "admit"
    clock.advance(timedelta(hours=5))
    watched.pull()  # who holds back a newer one freezes nothing unseen
    assert watched.says("a", 5) == "drop F211"
    watched.shelf.renew()
    watched.pull()
    assert watched.says("a", 5) == "admit"


def test_a_document_without_a_date_may_have_been_changed_until_it_was_listed(tmp_path: Path, clock: FixedClock) -> None:
    watched = Watched(tmp_path, clock)
    watched.lists(a=None)
    watched.pull()
    assert watched.says("a", 5) == "drop F210"
    clock.advance(timedelta(hours=1))
    watched.shelf.renew()
    watched.pull()
    assert watched.says("a", 0) == "admit"


@pytest.mark.parametrize("is_revoked", [True, False])
def test_a_key_that_leaked_runs_no_feed_ahead_for_ever(is_revoked: bool, tmp_path: Path, clock: FixedClock) -> None:
    """What it signed last holds until it is revoked, or out of the policy, and is then no answer of the feed at all."""
    security, file = generate_signing_key("security"), tmp_path / "revoked.jws"
    ends = clock.now + 30 * DAY
    none = RevocationList(issuer="security", version=1, issued=clock.now, expires=ends)
    file.write_bytes(none.sign(security))
    rules = [{"list": str(file), "keys": security.public_jwks()}]
    watched = Watched(tmp_path, clock, revocations=rules)
    leaked, fresh = watched.shelf.key, generate_signing_key("fresh")
    watched.names_keys(watched.publisher.key, leaked, fresh)
    watched.lists(a=10)
    watched.pull()
    watched.shelf.publish([watched.listed("x", 1)], version=2**63 - 1)
    watched.pull()
    watched.shelf.key = fresh
    watched.shelf.publish([watched.listed("a", 10)], version=2)
    with pytest.raises(FeedError, match="accepted before"):
        watched.pull()
    if is_revoked:
        (key,) = leaked.public
        file.write_bytes(replace(none, version=2, keys={key.thumbprint: Revocation()}).sign(security))
    else:
        watched.names_keys(watched.publisher.key, fresh)
    assert watched.pull().listed == 1
    watched.shelf.key = leaked
    watched.shelf.publish([watched.listed("x", 1)], version=2**63 - 1)
    with pytest.raises(FeedError, match="P103"):
        watched.pull()
    watched.shelf.key = fresh
    watched.shelf.publish([watched.listed("a", 10)], version=1)
    with pytest.raises(FeedError, match="accepted before"):
        watched.pull()


def test_what_does_not_verify_changes_nothing(tmp_path: Path, clock: FixedClock) -> None:
    watched = Watched(tmp_path, clock)
    watched.lists(a=10)
    shutil.copytree(tmp_path / "shelf", tmp_path / "first")
    clock.advance(timedelta(hours=1))
    watched.lists(a=10, b=10)
    watched.pull()
    for state, problem in (("first", "P108|version"), (None, "P106|cannot be read"), ("other", "P103|P10")):
        shutil.rmtree(tmp_path / "shelf")
        if state == "first":
            shutil.copytree(tmp_path / "first", tmp_path / "shelf")
        if state == "other":  # signed by nobody of the source
            Shelf(tmp_path / "shelf", clock, "shelf").publish([watched.listed("evil", 1)], version=9)
        else:
            (tmp_path / "shelf").mkdir(exist_ok=True)
        with pytest.raises(FeedError, match=problem):
            watched.pull()
    assert [watched.says(name, 5) for name in ("a", "b", "evil")] == ["admit", "admit", "drop F210"]


def test_another_corpus_is_not_pulled_unless_the_policy_names_it(tmp_path: Path, clock: FixedClock) -> None:
    watched = Watched(tmp_path, clock)
    watched.lists(a=10, b=10)
    watched.pull()
    watched.shelf.name = "drafts"
    watched.shelf.publish([watched.listed("a", 1)], version=1, namespace=[f"{SITE}/**"])
    with pytest.raises(FeedError, match=r"of the corpus 'drafts', and was of 'shelf'\. .*`corpus: NAME`"):
        watched.pull()
    watched.names("shelf")
    with pytest.raises(FeedError, match="of the corpus 'drafts', not 'shelf'"):
        watched.pull()
    assert watched.says("a", 5) == "admit"
    watched.names("drafts")
    assert watched.pull().gone == (f"{SITE}/b",)


def test_a_corpus_is_named_of_a_manifest_only() -> None:
    feed = {"sitemap": "https://a.example/sitemap.xml", "corpus": "docs"}
    with pytest.raises(PolicyError, match="corpus is about manifest"):
        Policy.from_mapping({"sources": [{"id": "a", "match": "https://a.example/**", "freshness": {"feeds": [feed]}}]})


def test_a_list_whose_timestamp_has_expired_is_not_pulled(tmp_path: Path, clock: FixedClock) -> None:
    watched = Watched(tmp_path, clock)
    watched.lists(a=10)
    clock.advance(8 * DAY)
    with pytest.raises(FeedError, match="expired"):
        watched.pull()


def test_a_manifest_that_nobody_may_sign_is_refused_with_the_policy() -> None:
    source = {
        "id": "docs",
        "match": f"{SITE}/**",
        "provenance": {"require": "declared"},
        "freshness": {"feeds": [{"manifest": "shelf"}]},
    }
    with pytest.raises(PolicyError, match=r"provenance\.keys"):
        Policy.from_mapping({"sources": [source], "registry": {"path": "r.sqlite"}})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = Server(tmp_path)
    made.folder = tmp_path
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    yield made
    made.close()


@pytest.mark.enable_socket
def test_a_list_at_an_address_is_brought_and_kept(tmp_path: Path, clock: FixedClock, server: Server) -> None:
    watched = Watched(tmp_path, clock, place=server.url.replace("jwks.json", "shelf"))
    watched.lists(a=10, b=1)
    watched.pull()
    assert [watched.says(name, 5) for name in "ab"] == ["admit", "drop F207"]
    server.status, server.folder = 500, None
    with pytest.raises(FeedError, match="500"):
        watched.pull()
    assert watched.says("a", 5) == "admit"


@pytest.mark.enable_socket
def test_another_corpus_at_an_address_is_pulled_where_the_policy_names_it(
    tmp_path: Path, clock: FixedClock, server: Server
) -> None:
    watched = Watched(tmp_path, clock, place=server.url.replace("jwks.json", "shelf"))
    watched.lists(a=10, b=10)
    watched.pull()
    watched.shelf.name = "drafts"
    watched.shelf.publish([watched.listed("a", 1)], version=1, namespace=[f"{SITE}/**"])
    with pytest.raises(FeedError, match=r"another corpus, 'shelf'.*`corpus: NAME`"):
        watched.pull()
    watched.names("drafts")
    assert watched.pull().gone == (f"{SITE}/b",)


@pytest.mark.enable_socket
def test_a_timestamp_from_the_future_at_an_address_can_be_corrected(
    tmp_path: Path, clock: FixedClock, server: Server
) -> None:
    watched = Watched(tmp_path, clock, place=server.url.replace("jwks.json", "shelf"))
    watched.lists(a=10)
    clock.advance(365 * DAY)
    watched.shelf.renew()
    clock.advance(-365 * DAY)
    with pytest.raises(FeedError, match="from the future"):
        watched.pull()
    watched.shelf.renew()
    assert watched.pull().listed == 1
    clock.advance(timedelta(hours=1))
    long = (tmp_path / "shelf/timestamp.json").read_bytes()
    watched.shelf.renew(lifetime=2 * DAY)
    watched.pull()
    (tmp_path / "shelf/timestamp.json").write_bytes(long)
    with pytest.raises(FeedError, match="P108"):
        watched.pull()


def test_the_command_pulls_it(tmp_path: Path, clock: FixedClock) -> None:
    watched = Watched(tmp_path, clock)
    watched.shelf.publish([watched.listed("a", 10)], lifetime=timedelta(days=36_500))
    found = CliRunner().invoke(app, ["watch", "--policy", str(watched.file), "--json"])
    assert (found.exit_code, json.loads(found.output)["feeds"][0]["listed"]) == (0, 1)

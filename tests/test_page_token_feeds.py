"""Services with page tokens as feeds, Microsoft Graph and Google Drive, asked by HTTPS on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from feed_site import DAY, HOUR, SITE, Site
from headgate import PolicyError
from headgate.cli.app import app
from headgate.origins.feeds import FeedError, Outcome, feed_id, open_feed, pull_feed
from headgate.origins.feeds.api import Api
from headgate.origins.feeds.items import Items
from headgate.policy import Policy, UriPattern
from headgate.registry import FeedState
from headgate.testing import FixedClock
from shelves import temporary_folder
from stand_ins import Answer, GoogleDrive, GraphDrive, ok

pytestmark = pytest.mark.enable_socket
TOKEN = "secret-token"


class Drive:
    """A drive on loopback, and a site that hears of it.

    Args:
        folder: where the certificate and the registry are.
        clock: tells when it is pulled.
        kind: of the service.
        more: further keys of the feed.
    """

    def __init__(self, folder: Path, clock: FixedClock, kind: str, **more: Any) -> None:
        self.service = (GraphDrive if kind == "graph" else GoogleDrive)(folder)
        self.clock, self.kind, self.pauses = clock, kind, list[float]()
        feed = {kind: self.service.url, "secret_env": "DRIVE_TOKEN", **more}
        self.site = Site(folder, clock, feed, verified_within="24h", verified_by=["feed"])
        content = json.loads(self.site.file.read_text())
        self.site.file.write_text(json.dumps({**content, "key_sets": {"private": ["127.0.0.1"]}}))
        self.site.policy = Policy.load(self.site.file)

    def has(self, name: str, days: float, at: str = "", **more: Any) -> None:
        modified = (self.clock.now - days * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.service.has(name, f"{SITE}/{at or name}", modified, **more)

    def pull(self, **options: bool) -> Outcome:
        """Pull it; it waits without waiting."""
        (rule,) = self.site.policy.sources[0].freshness.feeds
        feed = open_feed(rule, self.site.policy)
        assert isinstance(feed, Items)
        api = feed.api
        feed = Items(feed.service, Api(api.start, api.reading, api.timeout, api.secret_env, self.pauses.append))
        match = self.site.policy.sources[0].match
        state = FeedState(feed_id(rule, self.site.policy, "handbook", match), "the feed", self.clock.now)
        return pull_feed(feed, state, (UriPattern.parse(match[0]),), self.site.registry, **options)

    def says(self, *pages: tuple[str, float]) -> list[str]:
        return self.site.says(*(self.site.page(name, days=days) for name, days in pages))

    def close(self) -> None:
        self.service.close()
        self.site.gate.close()
        self.site.registry.close()


@pytest.fixture(params=["graph", "drive"])
def drive(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Drive]:
    made = Drive(tmp_path, clock, request.param)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    monkeypatch.setenv("DRIVE_TOKEN", TOKEN)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody between may see the token
    yield made
    made.close()


@pytest.fixture
def filled(drive: Drive) -> Drive:
    drive.has("folder", 100, is_folder=True)
    for number, name in enumerate("abcde"):
        drive.has(name, 30 - number)
    assert drive.pull().listed == 5
    drive.clock.advance(HOUR)
    return drive


def test_all_is_listed_page_by_page_and_later_what_was_changed(filled: Drive) -> None:
    assert filled.says(("a", 25), ("a", 40)) == ["admit", "drop F207"]
    asked = len(filled.service.received)
    filled.has("b", 0)
    filled.has("new", 0)
    filled.service.removes("c")
    outcome = filled.pull()
    assert (outcome.changed, outcome.added, outcome.gone) == ((f"{SITE}/b",), (f"{SITE}/new",), (f"{SITE}/c",))
    assert len(filled.service.received) - asked == 2
    assert filled.says(("a", 25), ("b", 25), ("c", 1)) == ["admit", "drop F207", "drop F212"]
    filled.clock.advance(30 * HOUR)
    assert filled.says(("a", 25)) == ["drop F211"]
    assert not filled.pull().is_news
    assert filled.says(("a", 25)) == ["admit"]
    assert {headers["authorization"] for _, headers in filled.service.received} == {f"Bearer {TOKEN}"}


def test_what_has_another_address_is_moved(filled: Drive) -> None:
    filled.has("a", 0, at="elsewhere")
    assert filled.pull().moved == ((f"{SITE}/a", f"{SITE}/elsewhere"),)
    assert filled.says(("a", 25)) == ["drop F212"]


def test_a_folder_that_is_renamed_has_all_read_again(filled: Drive) -> None:
    for name in ("a", "b"):
        filled.service.things[name].uri = f"{SITE}/renamed/{name}"  # and no word of it
    filled.has("folder", 0, at="renamed", is_folder=True)
    outcome = filled.pull()
    assert set(outcome.moved) == {(f"{SITE}/{name}", f"{SITE}/renamed/{name}") for name in ("a", "b")}
    assert "A folder is gone or has another address" in outcome.notes[0]
    assert filled.says(("a", 25), ("renamed/a", 25)) == ["drop F212", "admit"]


def test_what_comes_with_an_older_date_came_at_any_time(filled: Drive) -> None:
    filled.has("a", 29.5)  # another content, with a date from before the last pull
    filled.has("b", 0, at="b", tag=filled.service.things["b"].tag)
    filled.pull()
    assert filled.says(("a", 25), ("a", 0)) == ["drop F210", "admit"]
    filled.clock.advance(HOUR)
    filled.has("other", 40, at="c")  # in the place of one that was there
    filled.service.removes("c")
    filled.has("fresh", 40, at="fresh")
    filled.pull()
    assert filled.says(("c", 25), ("fresh", 25)) == ["drop F210", "admit"]


def test_what_is_named_again_without_another_content_stays_verified(filled: Drive) -> None:
    thing = filled.service.things["a"]
    filled.service.has("a", thing.uri, thing.modified, tag=thing.tag)  # somebody was given access
    filled.pull()
    assert filled.says(("a", 25)) == ["admit"]


def test_a_place_that_is_no_longer_known_has_all_read_again(filled: Drive) -> None:
    filled.service.removes("a")
    filled.has("b", 0)
    del filled.service.things["c"]  # forgotten altogether
    filled.service.forgets()
    outcome = filled.pull()
    assert (set(outcome.gone), outcome.changed) == ({f"{SITE}/a", f"{SITE}/c"}, (f"{SITE}/b",))
    assert "no longer known to the service" in outcome.notes[0]
    assert not filled.pull().is_news


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_place_that_is_refused_is_not_asked_for_ever(status: int, filled: Drive) -> None:
    filled.has("a", 0)
    filled.service.strange = [(status, {}, b"{}")]
    assert filled.pull().changed == (f"{SITE}/a",)
    filled.service.strange = [(status, {}, b"{}")] * 2
    with pytest.raises(FeedError, match=f"is {status}"):
        filled.pull()


def test_a_service_that_has_lost_very_much_is_not_believed(drive: Drive) -> None:
    for number in range(30):
        drive.has(f"{number}", number + 1)
    drive.pull()
    for number in range(29):
        del drive.service.things[f"{number}"]
    drive.service.forgets()
    with pytest.raises(FeedError, match="lost 29 of 30"):
        drive.pull()
    assert len(drive.pull(accepts_losses=True).gone) == 29


def test_a_service_that_asks_to_be_left_alone_is(filled: Drive) -> None:
    filled.service.strange = [(429, {"Retry-After": "7"}, b""), (503, {}, b"")]
    filled.has("a", 0)
    assert filled.pull().changed == (f"{SITE}/a",)
    assert [round(pause) for pause in filled.pauses] == [7, 2]
    filled.service.strange = [(429, {"Retry-After": "3600"}, b"")]
    asked = len(filled.service.received)
    for _ in range(2):
        with pytest.raises(FeedError, match=r"asks to be left alone for 3,?\d{3} s"):
            filled.pull()
    assert len(filled.service.received) == asked + 1


def test_what_is_refused_names_the_variable_and_no_token(filled: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    for status, words in ((401, "Renew the token in DRIVE_TOKEN"), (403, "DRIVE_TOKEN"), (418, "is 418")):
        filled.service.strange = [(status, {}, b"secret-token")]
        with pytest.raises(FeedError, match=words) as caught:
            filled.pull()
        assert TOKEN not in str(caught.value)
    for value in ("", "two words", "line\nbreak", "\u00e9"):
        monkeypatch.setenv("DRIVE_TOKEN", value)
        with pytest.raises(FeedError, match="DRIVE_TOKEN is not set, or does not hold a token"):
            filled.pull()
    assert filled.says(("a", 25)) == ["admit"]


def test_the_token_goes_to_no_other_server(filled: Drive, tmp_path: Path) -> None:
    other = GraphDrive(tmp_path)
    try:
        away = {"Location": f"{other.base}/x"}
        for status in (301, 302, 303, 307, 308):
            filled.service.strange = [(status, away, b"")]
            with pytest.raises(FeedError, match="it is not followed"):
                filled.pull()
        if filled.kind == "graph":
            for name in ("@odata.nextLink", "@odata.deltaLink"):
                for link in (f"{other.base}/x", "http://127.0.0.1/x", "https://u:p@127.0.0.1/x", "https://127.0.0.1/x"):
                    filled.service.strange = [ok({"value": [], name: link})]
                    with pytest.raises(FeedError, match=r"another server|only https|names a user"):
                        filled.pull()
        assert other.received == []
    finally:
        other.close()


def test_no_private_address_is_asked_that_the_policy_does_not_open(filled: Drive) -> None:
    content = json.loads(filled.site.file.read_text())
    filled.site.file.write_text(json.dumps({**content, "key_sets": {}}))
    filled.site.policy = Policy.load(filled.site.file)
    asked = len(filled.service.received)
    with pytest.raises(FeedError, match="private"):
        filled.pull()
    assert len(filled.service.received) == asked


def test_pages_that_lead_in_a_circle_have_an_end(tmp_path: Path, drive: Drive) -> None:
    if drive.kind == "graph":
        page: dict[str, object] = {"value": [], "@odata.nextLink": f"{drive.service.url}?token=0-0"}
        drive.service.strange = [ok(page)] * 5
    else:
        drive.service.strange = [ok({"startPageToken": "1"}), *[ok({"files": [], "nextPageToken": "1"})] * 5]
    with pytest.raises(FeedError, match="in a circle"):
        drive.pull()


DEEP = b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HOSTILE = [
    b"",
    b"<html>sign in",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"value": NaN}',
    b'{"value": [], "value": []}',
    b'{"value": ' + b"9" * 10_000 + b"}",
    DEEP,
    b'{"value": {}}',
    b'{"value": [1]}',
    b'{"value": []}',
    b'{"value": [], "@odata.nextLink": 7}',
    b'{"value": [], "@odata.deltaLink": {}}',
    b'{"value": [{"webUrl": "https://handbook.example/a"}]}',
    b'{"value": [{"id": {}}]}',
    b'{"value": [{"id": "x"}]}',
    b'{"value": [{"id": "x", "webUrl": 7}]}',
    b'{"value": [{"id": "' + b"x" * 9_000 + b'", "deleted": {}}]}',
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_not_a_page_changes_nothing(body: bytes, filled: Drive) -> None:
    answer: Answer = 200, {}, body.replace(b"value", b"changes") if filled.kind == "drive" else body
    filled.service.strange = [answer]
    with pytest.raises(FeedError):
        filled.pull()
    assert filled.says(("a", 25)) == ["admit"]
    filled.has("a", 0)
    assert filled.pull().changed == (f"{SITE}/a",)


@pytest.mark.parametrize("at", [{}, [], 7, "soon", "\ud800", None, "9999-12-31T23:59:59Z"])
def test_a_date_that_is_none_verifies_nothing(at: Any, filled: Drive) -> None:
    filled.has("a", 0)
    filled.service.things["a"].modified = at
    filled.pull()
    assert filled.says(("a", 25)) == ["drop F210"]


def test_a_page_without_an_end_and_one_that_hangs_cost_their_time(
    tmp_path: Path, clock: FixedClock, drive: Drive
) -> None:
    drive.has("a", 30)
    drive.service.strange = [(200, {"Content-Length": str(10**9)}, b"{")]
    with pytest.raises(FeedError, match="more than 20,000,000 bytes"):
        drive.pull()
    content = json.loads(drive.site.file.read_text())
    content["sources"][0]["freshness"]["feeds"][0]["timeout"] = "300ms"
    drive.site.file.write_text(json.dumps(content))
    drive.site.policy = Policy.load(drive.site.file)
    drive.service.hangs.clear()
    with pytest.raises(FeedError, match=r"Timeout|timed out|no end within|Error"):
        drive.pull()
    drive.service.hangs.set()
    assert drive.site.registry.states() == {}


def test_the_command_keeps_the_token_out_of_all_it_writes(
    filled: Drive, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    filled.has("a", 0)
    filled.service.strange = [(500, {"Retry-After": "0"}, b""), (401, {}, b"")]
    outputs = [CliRunner().invoke(app, ["watch", "-p", str(filled.site.file), "--json"]).output for _ in range(2)]
    assert "problem" in json.loads(outputs[0])["feeds"][0]
    assert json.loads(outputs[1])["feeds"][0]["changed"] == [f"{SITE}/a"]
    state = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("registry"))
    for place in (*outputs, caplog.text, state.decode("latin-1")):
        assert TOKEN not in place


@pytest.mark.parametrize(
    ("feed", "words"),
    [
        ({"graph": "delta.json", "secret_env": "T"}, "is an https"),
        ({"graph": "http://graph.example/delta", "secret_env": "T"}, "not an https"),
        ({"drive": "https://drive.example/v3"}, "needs a token"),
        ({"drive": "https://drive.example/v3", "secret_env": "ya29.a0Af"}, "not the name of an environment variable"),
        ({"sitemap": "https://a.example/s.xml", "secret_env": "T"}, "secret_env is about sql"),
    ],
)
def test_a_rule_that_cannot_be_is_an_error(feed: dict[str, str], words: str) -> None:
    source = {"id": "s", "match": f"{SITE}/**", "provenance": {"require": "declared"}, "freshness": {"feeds": [feed]}}
    with pytest.raises(PolicyError, match=words) as caught:
        Policy.from_mapping({"sources": [source], "registry": {"path": "registry.sqlite"}})
    assert "ya29" not in str(caught.value)


EVENTS = st.tuples(st.sampled_from("abc"), st.sampled_from(["change", "remove", "pull", "forget"]))


@pytest.mark.parametrize("kind", ["graph", "drive"])
@settings(max_examples=settings().max_examples // 3)
@given(events=st.lists(EVENTS, min_size=1, max_size=10))
def test_however_it_is_pulled_it_says_what_is_there(kind: str, events: list[tuple[str, str]]) -> None:
    folder = temporary_folder()
    with pytest.MonkeyPatch.context() as patched:
        drive = Drive(folder, FixedClock(), kind)
        patched.setenv("SSL_CERT_FILE", str(folder / "server.pem"))
        patched.setenv("DRIVE_TOKEN", TOKEN)
        drive.has("kept", 30)
        for name, event in events:
            drive.clock.advance(HOUR)
            if event == "change":
                drive.has(name, 0)
            elif event == "remove" and name in drive.service.things:
                drive.service.removes(name)
            elif event == "pull":
                drive.pull(accepts_losses=True)
            elif event == "forget":
                drive.service.forgets()
        drive.clock.advance(timedelta(minutes=1))
        drive.pull(accepts_losses=True)
        for name in "abc":
            thing = drive.service.things.get(name)
            is_there = thing is not None and not thing.is_gone
            assert (drive.says((name, 0)) == ["admit"]) == is_there
            assert drive.says((name, 31))[0].startswith("drop")
        drive.close()

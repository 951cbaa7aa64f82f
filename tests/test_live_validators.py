"""Live answers and what was sealed: validators bound to a text, conditions, and what servers tell caches."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate, Sealer
from headgate.chunk import SEAL_KEY
from headgate.encoding import canonical_json
from headgate.errors import SealError
from headgate.integration.publishing import Publishing
from headgate.origins.answers import conditions_for, read_answer
from headgate.origins.cached import may_be_kept, read_lifetime
from headgate.provenance import parse_seal, read_seal
from headgate.provenance.validators import Validators, read_validators
from headgate.registry import Answer
from headgate.testing import FixedClock
from origin_fixtures import Origin, says

pytestmark = pytest.mark.enable_socket
HOUR = timedelta(hours=1)
NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


def sealed(origin: Origin, text: str = "text", **validators: Any) -> Chunk:
    """Return a page whose seal says nothing of its date, and with which validators it was loaded."""
    sealer = Sealer(origin.publisher.key, issuer=origin.publisher.name, clock=origin.clock)
    return sealer.seal(
        Chunk(text, {"source": f"{origin.base}/a"}),
        subject=f"{origin.base}/a",
        validators=Validators(**validators) if validators else None,
    )


def test_a_text_with_the_tag_of_its_server_is_verified_whatever_dates_say(origin: Origin) -> None:
    origin.has(a=(200, {"ETag": 'W/"one"', "Last-Modified": origin.date(-0.0)}))
    source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}, "verified_within": "1h"})
    gate = Gate({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}, clock=origin.clock)
    chunk = sealed(origin, etag='"one"')
    assert says(gate, chunk) == ["admit"]
    assert origin.server.received[0]["if-none-match"] == '"one"'
    # Of a text that is bound to another content nothing is verified, however young its seal.
    origin.clock.advance(timedelta(minutes=1))
    assert says(gate, sealed(origin, "other", etag='"two"')) == ["drop F207"]
    assert says(gate, chunk) == ["admit"]


def test_the_tag_of_a_compressed_answer_is_that_of_the_document(origin: Origin) -> None:
    origin.has(a=(200, {"ETag": '"one"'}))
    assert says(origin.gate(), sealed(origin, etag='W/"one-gzip"')) == ["admit"]
    assert says(origin.gate(), sealed(origin, "b", etag='"one-gzipped"')) == ["drop F207"]


@pytest.mark.parametrize(("days", "expected"), [(20, "admit"), (19, "drop F207"), (21, "drop F210")])
def test_where_there_is_no_tag_the_date_is_compared(days: int, expected: str, origin: Origin) -> None:
    origin.has(a=(200, {"Last-Modified": origin.date(days)}))
    source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}, "verified_within": "1h"})
    gate = Gate({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}, clock=origin.clock)
    assert says(gate, sealed(origin, modified=origin.clock.now - timedelta(days=20))) == [expected]


def test_what_was_written_after_the_last_answer_is_asked_about_anew(origin: Origin) -> None:
    gate = origin.gate(after="1h")
    assert says(gate, origin.page()) == ["admit"]
    origin.clock.advance(timedelta(minutes=10))
    origin.has(a=(200, {"Last-Modified": origin.date(0.001), "ETag": '"two"'}))
    fresh = origin.publisher.seal("new", f"{origin.base}/a")  # no date: it is of when it was sealed
    assert says(gate, fresh) == ["admit"]
    assert origin.server.asked == 2
    assert says(gate, fresh, origin.page()) == ["admit", "drop F207 F205"]
    assert origin.server.asked == 2


def test_an_answer_from_before_a_text_verifies_it_only_by_its_validator(origin: Origin) -> None:
    source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}, "verified_within": "2h"})
    policy = {"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}
    # A cache between gives what it had before the text was sealed.
    origin.has(a=(200, {"ETag": '"one"', "Age": "600"}))
    assert says(Gate(policy, clock=origin.clock), sealed(origin)) == ["drop F210 F208"]
    assert says(Gate(policy, clock=origin.clock), sealed(origin, etag='"one"')) == ["admit"]
    # Nor is its other content a change of a text that came later.
    assert says(Gate(policy, clock=origin.clock), sealed(origin, etag='"new"')) == ["drop F210 F208"]


def test_a_question_about_the_past_is_kept_from_what_was_another_text_meanwhile(origin: Origin) -> None:
    origin.clock.advance(-10 * HOUR)
    chunk = sealed(origin, etag='"one"')
    origin.clock.advance(10 * HOUR)
    origin.has(a=(200, {"ETag": '"two"'}))
    gate = origin.gate()
    assert says(gate, chunk) == ["drop F207"]
    # It may have been the other one from when it was sealed on.
    assert says(gate, chunk, as_of=origin.clock.now - HOUR) == ["drop F207"]


def test_a_date_makes_a_condition_where_there_is_no_tag(origin: Origin) -> None:
    gate = origin.gate(after="1h")
    origin.has(a=(200, {"Last-Modified": origin.date(20)}))
    assert says(gate, origin.page()) == ["admit"]
    origin.clock.advance(2 * HOUR)
    origin.has(a=(304, {}))
    (decision,) = gate.admit([origin.page()]).decisions
    assert decision.admitted
    assert decision.verified is not None
    assert decision.verified.at == origin.clock.now
    sent = origin.server.received[1]["if-modified-since"]
    assert sent.endswith("GMT")
    assert "if-none-match" not in origin.server.received[1]


def test_304_says_nothing_where_nothing_was_asked() -> None:
    assert read_answer(None, 304, {}, NOW) is None
    assert read_answer(Answer(NOW), 304, {"etag": '"x"'}, NOW) is None
    assert conditions_for(Answer(NOW)) == {}
    tagged = Validators('"x"')
    assert read_answer(None, 304, {"etag": '"y"'}, NOW, sealed=tagged) is None
    answer = read_answer(None, 304, {}, NOW, sealed=tagged)
    assert answer is not None
    assert (answer.etag, answer.since, answer.untold_until) == ('"x"', NOW, NOW)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"cache-control": "public"}, None),
        ({"cache-control": "max-age=60"}, 60),
        ({"cache-control": "MAX-AGE = 60"}, 60),
        ({"cache-control": 'max-age="60"'}, 60),
        ({"cache-control": "max-age=60, s-maxage=600"}, 600),
        ({"cache-control": "max-age=60, max-age=30"}, 30),
        ({"cache-control": "max-age=later"}, 0),
        ({"cache-control": "max-age=-1"}, 0),
        ({"cache-control": "max-age"}, 0),
        ({"cache-control": "no-cache, max-age=60"}, 0),
        ({"cache-control": 'no-cache="set-cookie, x", max-age=60'}, 60),
        ({"cache-control": "no-store"}, 0),
        ({"cache-control": 'ext="a, no-cache", max-age=60'}, 60),
        ({"cache-control": ",, max-age=60 ,"}, 60),
        ({"cache-control": 'max-age=60, "'}, 0),
        ({"cache-control": "max-age=99999999999999"}, 315360000),
        ({"expires": "Mon, 01 Jun 2026 12:01:00 GMT"}, 60),
        ({"expires": "Mon, 01 Jun 2026 12:01:00 GMT", "date": "Mon, 01 Jun 2026 12:00:30 GMT"}, 30),
        ({"expires": "0"}, 0),
        ({"expires": "Mon, 01 Jun 2020 12:01:00 GMT"}, 0),
        ({"expires": "0", "cache-control": "max-age=60"}, 60),
    ],
)
def test_how_long_an_answer_may_be_used_is_read_as_caches_do(headers: dict[str, str], seconds: int | None) -> None:
    expected = timedelta(seconds=seconds) if seconds is not None else None
    assert read_lifetime(headers, NOW) == expected


def test_long_lists_of_directives_take_no_time() -> None:
    assert read_lifetime({"cache-control": "a=" + '"\\' * 100_000}, NOW) == timedelta(0)
    assert read_lifetime({"cache-control": "," * 1_000_000}, NOW) is None
    assert read_lifetime({"cache-control": "a " * 1_000_000}, NOW) == timedelta(0)


def test_what_must_not_be_kept_is_told() -> None:
    assert may_be_kept({"cache-control": "max-age=60"})
    assert may_be_kept({"cache-control": 'private="x-user"'})
    assert not may_be_kept({"cache-control": "private, max-age=60"})
    assert not may_be_kept({"cache-control": "no-store"})


def test_an_answer_counts_no_longer_than_its_server_lets_it(origin: Origin) -> None:
    page = {"Last-Modified": origin.date(20), "Cache-Control": "max-age=60"}
    gate, stubborn = origin.gate(after="1h"), origin.gate(after="1h", cache_control="ignore")
    origin.has(a=(200, page))
    for one in (gate, stubborn):
        assert says(one, origin.page()) == ["admit"]
    assert gate.admit([origin.page()]).valid_until == origin.clock.now + timedelta(seconds=60)
    assert stubborn.admit([origin.page()]).valid_until == origin.clock.now + HOUR
    assert origin.server.asked == 2
    origin.clock.advance(timedelta(seconds=61))
    origin.has(a=(410, {}))
    assert says(gate, origin.page()) == ["drop F212"]
    assert says(stubborn, origin.page()) == ["admit"]


def test_no_cache_has_each_question_asked_and_what_is_asked_at_once_asked_once(origin: Origin) -> None:
    origin.has(a=(200, {"Last-Modified": origin.date(20), "Cache-Control": "no-cache"}))
    gate = origin.gate(after="1h")
    assert says(gate, origin.page(), origin.page()) == ["admit", "admit"]
    assert origin.server.asked == 1
    origin.clock.advance(timedelta(seconds=2))
    assert says(gate, origin.page()) == ["admit"]
    assert origin.server.asked == 2


def test_what_a_server_wants_nobody_to_store_is_not_written_down(origin: Origin, tmp_path: Path) -> None:
    source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}})
    policy = {
        "registry": {"path": str(tmp_path / "registry.sqlite")},
        "sources": [source],
        "key_sets": {"private": ["127.0.0.1"]},
    }
    origin.has(
        a=(200, {"Last-Modified": origin.date(20), "Cache-Control": "no-store"}),
        b=(200, {"Last-Modified": origin.date(20), "Cache-Control": "max-age=600"}),
    )
    with Gate(policy, clock=origin.clock) as gate:
        assert says(gate, origin.page("a"), origin.page("b")) == ["admit", "admit"]
    with contextlib.closing(sqlite3.connect(tmp_path / "registry.sqlite")) as connection:
        assert connection.execute("SELECT lasts FROM live_answers").fetchall() == [(600_000_000,)]
    origin.has(b=(410, {}))
    with Gate(policy, clock=origin.clock) as gate:  # what was written down is known to the next one
        assert says(gate, origin.page("b")) == ["admit"]
        origin.clock.advance(timedelta(seconds=601))
        assert says(gate, origin.page("b")) == ["drop F212"]


def test_a_question_about_when_a_page_was_still_there_keeps_it(origin: Origin) -> None:
    gate = origin.gate(after="1h")
    page = origin.page()
    assert says(gate, page) == ["admit"]
    origin.clock.advance(5 * HOUR)
    origin.has(a=(404, {}))
    assert says(gate, page) == ["drop F212"]
    assert says(gate, page, as_of=origin.clock.now - 6 * HOUR) == ["admit F212"]
    assert says(gate, page, as_of=origin.clock.now - 4 * HOUR) == ["drop F212"]
    origin.clock.advance(5 * HOUR)  # that it is gone still changes nothing of since when
    assert says(gate, page) == ["drop F212"]
    assert says(gate, page, as_of=origin.clock.now - 11 * HOUR) == ["admit F212"]


def test_a_server_may_say_itself_since_when_a_page_is_gone(origin: Origin) -> None:
    gate = origin.gate(after="1h")
    origin.has(a=(410, {"Sunset": origin.date(2)}), b=(410, {"Sunset": origin.date(-2)}), c=(410, {}))
    for name, expected in (("a", "admit F212"), ("b", "drop F212"), ("c", "drop F212")):
        assert says(gate, origin.page(name), as_of=origin.clock.now - timedelta(days=3)) == [expected]
    assert says(gate, origin.page("a"), as_of=origin.clock.now - timedelta(days=1)) == ["drop F212"]


@pytest.mark.parametrize(
    "claim",
    [{}, [], "x", {"etag": ""}, {"etag": "a\r\nb"}, {"etag": "x" * 501}, {"etag": 1}, {"mod": True}, {"mod": "x"}],
)
def test_validators_of_another_form_are_refused(claim: object) -> None:
    with pytest.raises(SealError, match="'val'"):
        read_validators(claim)
    claims = {"iss": "i", "sub": "https://a.example/b", "dig": "sha-256:" + "A" * 43, "iat": 1, "val": claim}
    with pytest.raises(SealError):
        parse_seal(canonical_json(claims))


def _published(clock: FixedClock, metadata: dict[str, object], **options: Any) -> tuple[Validators | None, int]:
    sealer = Sealer(origin_key(), issuer="i", clock=clock)
    published = Publishing(**options).seal(sealer, Chunk("text", metadata))
    return read_seal(published.chunk.metadata[SEAL_KEY])[1].validators, len(published.problems)


def origin_key() -> object:
    from headgate.provenance import generate_signing_key

    return generate_signing_key("k")


def test_sealers_bind_what_loaders_keep_of_the_answer(clock: FixedClock) -> None:
    web, store = "https://docs.example/a", "s3://bucket/a"
    date = "Sun, 31 May 2026 10:00:00 GMT"
    modified = datetime(2026, 5, 31, 10, tzinfo=timezone.utc)
    cases: list[tuple[dict[str, object], Validators | None]] = [
        ({"source": web}, None),
        ({"source": web, "etag": '"x"'}, Validators('"x"')),
        ({"source": web, "headers": {"ETag": 'W/"x"', "Last-Modified": date}}, Validators('W/"x"', modified)),
        ({"source": web, "eTag": '"{8F},2"'}, None),  # of a different interface than the page's own
        ({"source": web, "last_modified": date}, None),
        ({"source": store, "ETag": "d41d8cd98f00b204e9800998ecf8427e"}, Validators("d41d8cd98f00b204e9800998ecf8427e")),
        ({"source": "docs/a.md", "etag": '"x"'}, None),
    ]
    for metadata, expected in cases:
        assert _published(clock, metadata) == (expected, 0)
    assert _published(clock, {"source": web, "etag": "not quoted"}) == (None, 1)
    assert _published(clock, {"source": web, "etag": '"x"'}, etag=lambda _: None) == (None, 0)
    assert _published(clock, {"source": web, "tag": '"x"'}, etag="tag") == (Validators('"x"'), 0)

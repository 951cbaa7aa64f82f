"""Live revalidation: documents' own servers are asked, within a time, once per document, and nobody else is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate, Policy, PolicyError
from headgate.corpus import CorpusItem, audit_corpus
from headgate.origins.addresses import FetchError, require_public
from headgate.origins.answers import read_answer
from headgate.origins.asking import Asker
from headgate.origins.questions import Question
from headgate.record.writing import log_record
from headgate.registry import Answer
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher
from origin_fixtures import Origin, says

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OPEN = {"id": "open", "match": "https://open.example/**", "provenance": {"require": "declared"}}


pytestmark = pytest.mark.enable_socket


def test_what_the_server_has_not_changed_since_is_verified_by_it(origin: Origin) -> None:
    gate = origin.gate()
    (decision,) = gate.admit([origin.page()]).decisions
    assert decision.admitted
    assert decision.verified is not None
    assert decision.verified.by == "origin"
    assert origin.server.asked == 1
    assert says(gate, origin.page(), origin.page()) == ["admit", "admit"]
    assert origin.server.asked == 1  # the answer counts for an hour


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ((200, {"Last-Modified": "Mon, 01 Jun 2026 00:00:00 GMT"}), "drop F207"),
        ((404, {}), "drop F212"),
        ((410, {}), "drop F212"),
        ((301, {"Location": "https://127.0.0.1:1/private"}), "drop F212"),
        ((308, {"Location": "/b"}), "drop F212"),
        ((302, {"Location": "https://127.0.0.1:1/private"}), "drop F208"),
        ((500, {}), "drop F208"),
        ((503, {}), "drop F208"),
        ((403, {}), "drop F208"),
        ((304, {}), "drop F208"),
        ((200, {}), "admit"),
        ((200, {"Last-Modified": "soon"}), "admit"),
        ((200, {"Last-Modified": "Fri, 01 Jan 2100 00:00:00 GMT"}), "admit"),
        ((200, {"ETag": '"x"'}), "admit"),
    ],
)
def test_every_answer_has_its_consequence(page: tuple[int, dict[str, str]], expected: str, origin: Origin) -> None:
    origin.has(a=page)
    assert says(origin.gate(), origin.page()) == [expected]


@pytest.mark.parametrize(("rules", "until"), [({}, HOUR), ({"after": "2h", "grace": "3h"}, 5 * HOUR)])
def test_an_answer_holds_for_as_long_however_often_it_is_asked_for(
    rules: dict[str, str], until: timedelta, origin: Origin
) -> None:
    gate, start = origin.gate(**rules), origin.clock.now
    for _ in range(4):
        admission = gate.admit([origin.page()])
        assert (admission.decisions[0].action, admission.valid_until) == ("admit", start + until)
        origin.clock.advance(timedelta(minutes=10))
    assert origin.server.asked == 1


def test_a_condition_is_sent_and_its_answer_renews(origin: Origin) -> None:
    gate = origin.gate(after="1h")
    assert says(gate, origin.page()) == ["admit"]
    origin.clock.advance(2 * HOUR)
    (decision,) = gate.admit([origin.page()]).decisions
    assert decision.admitted
    assert decision.verified is not None
    assert decision.verified.at == origin.clock.now
    assert [one.get("if-none-match") for one in origin.server.received] == [None, '"one"']
    assert says(gate, origin.page()) == ["admit"]
    assert origin.server.asked == 2  # the later answer is the one that is remembered
    origin.has(a=(200, {"Last-Modified": origin.date(20), "ETag": '"two"'}))  # it lies about the date
    origin.clock.advance(2 * HOUR)
    assert says(gate, origin.page()) == ["drop F207"]
    fresh = origin.publisher.seal("fetched again", f"{origin.base}/a", modified=origin.clock.now)
    assert says(gate, fresh) == ["admit"]


def test_an_answer_from_a_cache_is_as_old_as_it_says(origin: Origin) -> None:
    origin.has(a=(200, {"Last-Modified": origin.date(20), "Age": "1800"}))
    (decision,) = origin.gate().admit([origin.page()]).decisions
    assert decision.verified is not None
    assert decision.verified.at == origin.clock.now - timedelta(minutes=30)


def test_only_what_is_proved_is_asked_about_and_only_by_its_own_source(origin: Origin) -> None:
    gate = origin.gate()
    forged = Chunk("forged", {"source": f"{origin.base}/a"})
    elsewhere = Chunk("text", {"source": "https://127.0.0.1:9/internal"})
    assert {one.action for one in gate.admit([forged, elsewhere]).decisions} == {"drop"}
    assert origin.server.asked == 0
    (row,) = audit_corpus(gate, [CorpusItem("here", origin.page())], origin.clock.now).rows
    assert row.decision is not None
    assert row.decision.admitted
    assert origin.server.asked == 0


def test_a_reload_decides_which_private_servers_are_asked(origin: Origin) -> None:
    file = origin.folder / "headgate.yaml"

    def write(private: list[str], **more: Any) -> None:
        source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}})
        file.write_text(json.dumps({"sources": [source], "key_sets": {"private": private}, **more}))

    write([])
    gate = Gate(file, clock=origin.clock)
    assert says(gate, origin.page()) == ["drop F208"]
    write(["127.0.0.1"])
    assert gate.reload()
    assert says(gate, origin.page()) == ["admit"]
    write(["127.0.0.1"], invisible="drop")  # what was answered is still known
    assert gate.reload()
    assert says(gate, origin.page()) == ["admit"]
    assert origin.server.asked == 1
    write([])
    assert gate.reload()
    origin.clock.advance(2 * HOUR)
    assert says(gate, origin.page()) == ["drop F208"]
    assert origin.server.asked == 1


def test_a_source_that_wants_no_server_asked_stands_beside_one_that_does(origin: Origin) -> None:
    other = Publisher("other", "https://other.example/**", origin.clock)
    asking = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}})
    policy = {"sources": [other.source(), asking, OPEN], "key_sets": {"private": ["127.0.0.1"]}}
    quiet = other.seal("text", "https://other.example/a"), Chunk("text", {"source": "https://open.example/a"})
    assert says(Gate(policy, clock=origin.clock), *quiet, Chunk("text", {})) == ["admit", "admit", "drop P109 P101"]
    assert origin.server.asked == 0
    assert says(Gate(policy, clock=origin.clock), *quiet, origin.page()) == ["admit"] * 3
    assert origin.server.asked == 1


@pytest.mark.parametrize(
    ("identity", "asked"),
    [
        ({"current": "v2"}, ["v2/a"]),
        ({"current": "highest"}, ["v1/a", "v2/a"]),  # which one that is depends on what else is found
        ({"current": "v2", "asked": "warn"}, ["v1/a", "v2/a"]),  # the question may name it
        (None, ["v1/a", "v2/a"]),
    ],
)
def test_no_server_is_asked_about_a_page_that_stays_out_for_its_edition(
    identity: dict[str, str] | None, asked: list[str], origin: Origin
) -> None:
    pattern = {"pattern": f"{origin.base}/{{version}}/{{page}}", **identity} if identity is not None else None
    source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}}, identity=pattern)
    gate = Gate({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}, clock=origin.clock)
    for name in ("v1/a", "v2/a"):
        before = origin.server.asked
        gate.admit([origin.publisher.seal("text", f"{origin.base}/{name}")])
        assert origin.server.asked - before == int(name in asked), name


def test_an_audit_does_not_miss_what_it_does_not_ask(origin: Origin) -> None:
    source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}, "verified_within": "1h"})
    gate = Gate({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}, clock=origin.clock)
    (row,) = audit_corpus(gate, [CorpusItem("here", origin.page())], origin.clock.now).rows
    assert row.decision is not None
    assert row.decision.codes == ()
    origin.has(a=(200, {}))
    assert says(gate, origin.page()) == ["drop F210"]


def test_a_private_address_is_asked_only_where_the_policy_opens_it(origin: Origin, clock: FixedClock) -> None:
    source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}})
    assert says(Gate({"sources": [source]}, clock=clock), origin.page()) == ["drop F208"]
    assert origin.server.asked == 0


def test_what_kept_a_server_from_being_asked_is_said(origin: Origin, clock: FixedClock) -> None:
    source = origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}})
    (decision,) = Gate({"sources": [source]}, clock=clock).admit([origin.page()]).decisions
    assert "gave no answer that counts" in decision.findings[0].message
    assert "private network" in decision.findings[0].message


def test_a_server_that_does_not_answer_costs_the_time_and_its_documents_what_the_policy_says(origin: Origin) -> None:
    origin.server.hangs.clear()
    assert says(origin.gate(timeout="1ms", on_error="warn"), origin.page()) == ["admit F208"]
    file = origin.folder / "headgate.yaml"

    def waits(timeout: str) -> None:
        source = origin.publisher.source(freshness={"revalidate": {"timeout": timeout}})
        file.write_text(json.dumps({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}))

    waits("1ms")
    gate = Gate(file, clock=origin.clock)
    assert says(gate, origin.page()) == ["drop F208"]
    waits("10s")
    assert gate.reload()
    origin.server.hangs.set()
    # What is under way is waited for, and what came meanwhile is not asked again.
    assert says(gate, origin.page()) == ["admit"]
    assert says(gate, origin.page()) == ["admit"]
    assert origin.server.asked <= 2


def test_after_its_last_good_answer_a_server_has_the_grace_of_the_policy(origin: Origin) -> None:
    gate = origin.gate(after="1h", grace="6h")
    assert says(gate, origin.page()) == ["admit"]
    origin.has(a=(500, {}))
    origin.clock.advance(5 * HOUR)
    assert says(gate, origin.page()) == ["admit F208"]
    origin.clock.advance(2 * HOUR)
    assert says(gate, origin.page()) == ["drop F208"]


def test_a_server_that_fails_again_and_again_has_a_rest(origin: Origin) -> None:
    gate = origin.gate()
    origin.server.status = 503
    origin.has()
    for number in range(20):
        assert says(gate, origin.page(f"{number}")) == ["drop F208"]
    assert origin.server.asked == 5


async def test_a_thousand_admissions_of_one_document_are_one_request(origin: Origin) -> None:
    gate, page = origin.gate(), origin.page()
    with ThreadPoolExecutor(32) as threads:
        found = list(threads.map(lambda _: gate.admit([page]).decisions[0].action, range(500)))
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(16))
    found += [one.decisions[0].action for one in await asyncio.gather(*(gate.aadmit([page]) for _ in range(500)))]
    assert found == ["admit"] * 1_000
    assert origin.server.asked == 1


def test_more_than_can_be_asked_at_once_is_not_waited_for(origin: Origin) -> None:
    origin.server.hangs.clear()
    asker = Asker(origin.clock, ["127.0.0.1"])
    questions = [Question(f"{origin.base}/{number}", HOUR) for number in range(2_000)]
    answers = asker.ask(questions, origin.clock.now, timedelta(milliseconds=1))
    assert len(answers) == 2_000
    assert set(answers.values()) == {None}
    assert sum(thread.name == "headgate-origin" for thread in threading.enumerate()) < 200
    origin.server.hangs.set()
    assert asker.wait(60)
    assert origin.server.asked < 600


def test_a_gate_that_is_reloaded_remembers_what_servers_said(origin: Origin) -> None:
    gate = origin.gate()
    policy = origin.folder / "headgate.yaml"
    source = {**origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}})}
    policy.write_text(json.dumps({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}))
    gate = Gate(policy, clock=origin.clock)
    assert says(gate, origin.page()) == ["admit"]
    policy.write_text(json.dumps({"sources": [{**source, "mode": "warn"}], "key_sets": {"private": ["127.0.0.1"]}}))
    assert gate.reload()
    assert says(gate, origin.page()) == ["admit"]
    assert origin.server.asked == 1


def test_a_record_of_what_did_not_answer_is_left_undecided_by_a_milder_policy(origin: Origin) -> None:
    gate = origin.gate()
    origin.has(a=(500, {}))
    record = json.loads(json.dumps(log_record(gate.admit([origin.page()]))))
    plain = Policy.from_mapping({"sources": [origin.publisher.source()]})
    (again,) = Redecider(plain).redecide(record)
    assert (again.action, again.lack) == (None, "its server did not answer, which depends on the time")


def test_the_policy_of_the_page_is_one(tmp_path: Path, handbook: Publisher) -> None:
    page = (Path(__file__).parents[1] / "docs" / "live.md").read_text(encoding="utf-8")
    (policy,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S)
    (tmp_path / "headgate.yaml").write_text(policy, encoding="utf-8")
    (source,) = Policy.load(tmp_path / "headgate.yaml").sources
    assert source.verifiers == ("origin",)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"after": "0s"}, "after"),
        ({"timeout": "1h"}, "timeout"),
        ({"on_error": "admit"}, "on_error"),
        ({"retries": 3}, "unknown key"),
    ],
)
def test_a_rule_that_cannot_be_is_an_error(rules: dict[str, Any], words: str, handbook: Publisher) -> None:
    with pytest.raises(PolicyError, match=words):
        Gate({"sources": [handbook.source(freshness={"revalidate": rules})]})
    with pytest.raises(PolicyError, match="unmatched documents"):
        Gate({"default": {"freshness": {"revalidate": {}}}})
    with pytest.raises(PolicyError, match="shorter `after`"):
        Gate({"sources": [handbook.source(freshness={"revalidate": {"after": "2h"}, "verified_within": "1h"})]})


NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
TAGS = st.sampled_from([None, '"one"', '"two"', 'W/"one"'])
DATES = st.none() | st.integers(-3, 60).map(lambda days: NOW - days * DAY)
PAST = st.none() | st.integers(1, 60).map(lambda days: NOW - days * DAY)


@given(
    st.none() | st.builds(Answer, st.just(NOW - DAY), st.booleans(), PAST, st.none(), TAGS),
    st.sampled_from([200, 204, 301, 302, 304, 308, 403, 404, 410, 429, 500]),
    TAGS,
    DATES,
    st.text(max_size=12),
)
def test_no_answer_makes_a_change_unsaid(
    known: Answer | None, status: int, etag: str | None, date: datetime | None, age: str
) -> None:
    headers = {"age": age, **({"etag": etag} if etag else {})}
    if date is not None:
        headers["last-modified"] = format_datetime(date, usegmt=True)
    answer = read_answer(known, status, headers, NOW)
    if answer is None:
        assert status not in (200, 404, 410)
        return
    assert answer.at <= NOW
    assert answer.modified is None or answer.modified <= NOW
    if known is not None and known.modified is not None:
        assert answer.modified is not None
        assert answer.modified >= known.modified
    if known is not None and known.etag:
        assert answer.etag
        if status == 200 and not etag and date is None:
            assert answer.untold_until is not None
        if status == 200 and etag and known.etag[-5:] != etag[-5:]:
            assert answer.modified is not None
            assert answer.modified >= min(known.at, answer.at)


def test_a_change_that_was_seen_outlasts_answers_without_a_validator(origin: Origin) -> None:
    gate = origin.gate(after="1m")
    old, ends = origin.page(), {"Last-Modified": origin.date(20)}
    for headers in ({"ETag": '"two"', **ends}, {}, ends, {"ETag": '"two"'}):
        assert says(gate, old) in (["admit"], ["drop F207"])
        origin.has(a=(200, headers))
        origin.clock.advance(2 * HOUR)
        assert says(gate, old) == ["drop F207"], headers


def test_a_text_from_after_a_validator_was_seen_is_verified_as_long_as_it_holds(origin: Origin) -> None:
    gate = Gate(
        {
            "sources": [
                origin.publisher.source(
                    freshness={
                        "revalidate": {"timeout": "10s", "after": "1m"},
                        "verified_within": "1h",
                        "verified_by": ["origin"],
                    }
                )
            ],
            "key_sets": {"private": ["127.0.0.1"]},
        },
        clock=origin.clock,
    )
    origin.has(a=(200, {"ETag": '"one"'}))
    old, fresh = origin.page(), origin.publisher.seal("later", f"{origin.base}/a", modified=origin.clock.now + HOUR)
    assert says(gate, old) == ["drop F210"]  # nobody knows what the server had when it was written
    origin.clock.advance(2 * HOUR)
    assert says(gate, old) == ["drop F210"]
    assert says(gate, fresh) == ["admit"]
    origin.has(a=(200, {"ETag": '"two"'}))
    origin.clock.advance(2 * HOUR)
    assert says(gate, fresh) == ["drop F207"]
    for says_nothing in ({}, {"Last-Modified": "soon"}):
        origin.has(b=(200, says_nothing))
        assert says(gate, origin.page("b", days=0)) == ["drop F210"]


def kept(file: Path) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        try:
            return connection.execute("SELECT * FROM live_answers").fetchall()
        except sqlite3.OperationalError:  # it is being made
            return []


def test_what_one_process_was_told_another_one_knows(origin: Origin) -> None:
    policy = {
        "sources": [origin.publisher.source(freshness={"revalidate": {"timeout": "10s"}})],
        "key_sets": {"private": ["127.0.0.1"]},
        "registry": {"path": str(origin.folder / "registry.sqlite")},
    }
    first, page = Gate(policy, clock=origin.clock), origin.page()
    assert says(first, page) == ["admit"]
    second = Gate(policy, clock=origin.clock)
    while not kept(origin.folder / "registry.sqlite"):  # after it has been told
        pass
    assert says(second, page) == ["admit"]
    assert origin.server.asked == 1
    origin.has(a=(404, {}))
    origin.clock.advance(2 * HOUR)
    assert says(second, page) == ["drop F212"]
    while kept(origin.folder / "registry.sqlite")[0][2] != 1:
        pass
    assert says(first, page) == ["drop F212"]
    assert origin.server.asked == 2
    for gate in (first, second):
        gate.close()
    assert says(first, page) == ["drop F212"]  # what was closed is opened again
    (origin.folder / "registry.sqlite").write_bytes(b"no database" * 99)
    third = FixedClock(origin.clock.now + DAY)
    other = {**policy, "registry": {"path": str(origin.folder / "other.sqlite")}}
    gate = Gate(other, clock=third)
    gate.admit([page])
    while not kept(origin.folder / "other.sqlite"):
        pass
    content = sqlite3.connect(origin.folder / "other.sqlite")
    content.execute("UPDATE live_answers SET at = 'soon', etag = x'00'")
    content.commit()
    assert says(Gate(other, clock=third), page) == ["drop F212"]  # what is not an answer is asked for again


def test_an_answer_counts_for_its_own_address_alone(origin: Origin) -> None:
    gate = origin.gate(after="1m")
    page, other = origin.page(), origin.page("a/index.html")
    origin.server.status = 404
    origin.has(a=(200, {"Last-Modified": origin.date(20)}))
    assert says(gate, page, other) == ["admit", "drop F212"]
    assert says(gate, other, page) == ["drop F212", "admit"]


@pytest.mark.parametrize(
    "place",
    [
        *("192.0.0.192", "168.63.129.16", "192.88.99.1", "169.254.169.254", "100.100.100.200", "10.1.2.3", "127.1.2.3"),
        *("64:ff9b:1::7f00:1", "64:ff9b::a00:1", "fec0::1", "::127.0.0.1", "::ffff:0:7f00:1", "::ffff:10.0.0.1"),
        *("5f00::1", "fd00:ec2::254", "2002:7f00:1::", "fe80::1%eth0", "2001:db8::1", "240.0.0.1", "224.0.0.1"),
    ],
)
def test_no_special_network_is_public(place: str) -> None:
    with pytest.raises(FetchError, match="private network"):
        require_public("host.example", [place], ())
    require_public("host.example", [place], ("host.example",))
    require_public("host.example", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"], ())


@pytest.mark.parametrize(
    ("asked", "place", "is_gone"),
    [
        ("https://a.example/guide", "https://a.example/guide/", False),
        ("https://a.example/guide/index.html", "/guide/", False),
        ("https://a.example/guide", "https://A.example:443/guide", False),
        ("https://a.example/guide", "https://a.example/other", True),
        ("https://a.example/guide", "https://b.example/guide", True),
    ],
)
def test_a_redirect_to_another_spelling_of_the_same_page_is_no_move(asked: str, place: str, *, is_gone: bool) -> None:
    for status in (301, 308):
        answer = read_answer(None, status, {"location": place}, NOW, asked)
        assert answer is not None
        for nowhere in ("", "https://[::1"):  # a fault of the server
            assert read_answer(None, status, {"location": nowhere}, NOW, asked) is None
        assert answer.is_gone == is_gone
        assert answer.untold_until is not None or is_gone  # that it is there says nothing of its text


def http_date(ago: timedelta) -> str:
    return format_datetime(NOW - ago, usegmt=True)


MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("headers", "modified"),
    [
        ({"last-modified": http_date(DAY)}, NOW - DAY),
        ({"last-modified": "Thu, 01 Jan 1970 00:00:00 GMT"}, None),
        ({"last-modified": "Tue, 01 Jan 1980 00:00:00 GMT"}, None),
        # Made for the answer, whatever its way and its server's clock.
        ({"last-modified": http_date(30 * SECOND), "age": "30"}, None),
        ({"last-modified": http_date(12 * SECOND), "date": http_date(12 * SECOND)}, None),
        ({"last-modified": http_date(-MINUTE), "date": http_date(-MINUTE)}, None),
        ({"last-modified": http_date(MINUTE), "date": http_date(12 * SECOND)}, NOW - MINUTE),
    ],
)
def test_what_was_dated_for_the_answer_is_no_date(headers: dict[str, str], modified: datetime | None) -> None:
    answer = read_answer(None, 200, headers, NOW)
    assert answer is not None
    assert answer.modified == modified


def test_a_question_about_a_moment_ago_makes_no_answer_forgotten(origin: Origin) -> None:
    gate, page = origin.gate(after="1h"), origin.page()
    assert says(gate, page) == ["admit"]
    origin.clock.advance(2 * HOUR)
    origin.has(a=(200, {"Last-Modified": origin.date(20), "ETag": '"two"'}))
    assert says(gate, page) == ["drop F207"]
    origin.clock.advance(timedelta(minutes=1))
    gate.admit([page], now=origin.clock.now - timedelta(minutes=5))
    assert says(gate, page) == ["drop F207"]


def test_another_validator_dates_a_change_at_any_time_since_the_last_answer(origin: Origin) -> None:
    origin.has(a=(200, {"ETag": '"one"'}))
    source = origin.publisher.source(
        freshness={"verified_within": "24h", "revalidate": {"timeout": "10s", "after": "1h"}}
    )
    gate = Gate({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}, clock=origin.clock)
    before = origin.page(days=0)
    assert says(gate, before) == ["admit"]
    origin.clock.advance(HOUR)
    between = origin.page(days=0)
    origin.clock.advance(HOUR)
    origin.has(a=(200, {"ETag": '"two"'}))
    assert says(gate, origin.page(days=1)) == ["drop F207"]
    # It may have been written before the change, or after.
    assert says(gate, between) == ["drop F210"]
    assert says(gate, origin.page(days=0)) == ["admit"]


def test_an_answer_that_nothing_was_changed_renews_what_it_names(origin: Origin) -> None:
    gate, page = origin.gate(after="1h"), origin.page()
    assert says(gate, page) == ["admit"]
    for tag, expected in (('W/"one"', "admit"), ('"two"', "drop F208")):
        origin.clock.advance(2 * HOUR)
        origin.has(a=(304, {"ETag": tag}))
        assert says(gate, page) == [expected]


def test_what_is_gone_at_its_server_may_have_been_gone_in_the_past(origin: Origin) -> None:
    gate, page = origin.gate(after="1h"), origin.page()
    assert says(gate, page) == ["admit"]
    origin.has(a=(410, {}))
    for _ in range(3):
        origin.clock.advance(DAY)
        assert says(gate, page) == ["drop F212"]
        assert says(gate, page, as_of=origin.clock.now - DAY) == ["drop F212"]


def test_a_validator_that_is_too_long_to_keep_is_none() -> None:
    first = read_answer(None, 200, {"etag": '"' + "a" * 600 + '1"', "last-modified": http_date(2 * DAY)}, NOW - DAY)
    again = read_answer(first, 200, {"etag": '"' + "a" * 600 + '2"', "last-modified": http_date(HOUR)}, NOW)
    assert again is not None
    assert again.modified == NOW - HOUR


class _Reloading(dict[str, object]):
    """Metadata that has the gate reloaded while an admission is planned."""

    reload: Callable[[], object]

    def items(self) -> Any:
        self.reload()
        return super().items()


@pytest.mark.parametrize("is_async", [False, True])
def test_an_admission_ends_under_the_policy_under_which_it_began(
    origin: Origin, tmp_path: Path, is_async: bool
) -> None:
    origin.has(a=(404, {}))
    path = tmp_path / "headgate.yaml"

    def write(freshness: dict[str, Any]) -> None:
        source = origin.publisher.source(freshness=freshness)
        path.write_text(json.dumps({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}))

    write({"revalidate": {"timeout": "10s"}})
    gate = Gate(path, clock=origin.clock)
    before = gate.policy_revision
    write({})
    page = origin.page()
    metadata = _Reloading(page.metadata)
    metadata.reload = gate.reload
    chunk = replace(page, metadata=metadata)
    admission = asyncio.run(gate.aadmit([chunk])) if is_async else gate.admit([chunk])
    assert gate.policy_revision != before
    assert admission.policy_revision == before
    assert admission.decisions[0].codes == ("F212",)

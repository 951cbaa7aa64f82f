"""Rules for some documents of a source, words for a document's state, days of review, questions about the past."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from enum import Enum
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from llama_index.core import QueryBundle
from llama_index.core.schema import NodeWithScore, TextNode

from headgate import Chunk, Gate, Policy, PolicyError
from headgate.freshness import STATUS_WORDS, judge_freshness, quiet_window, resolve_timestamps
from headgate.policy import Freshness, MetadataKeys, UriPattern
from headgate.policy.freshness import restricted
from headgate.record.writing import log_record
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher
from langchain_headgate import guard
from llama_index.postprocessor.headgate import HeadgatePostprocessor

SITE = "https://wiki.example"
UTC = timezone.utc


def declared(clock: FixedClock, **freshness: Any) -> Gate:
    source = {"id": "wiki", "match": f"{SITE}/**", "provenance": {"require": "declared"}, "freshness": freshness}
    return Gate({"sources": [source]}, clock=clock)


def says(gate: Gate, path: str = "/a", as_of: datetime | None = None, **metadata: object) -> str:
    (decision,) = gate.admit([Chunk("text", {"source": f"{SITE}{path}", **metadata})], as_of=as_of).decisions
    (again,) = Redecider(gate.policy).redecide(json.loads(json.dumps(log_record_of(gate, path, as_of, metadata))))
    assert (again.action, again.codes) == (decision.action, decision.codes)
    return " ".join((decision.action, *decision.codes))


def log_record_of(gate: Gate, path: str, as_of: datetime | None, metadata: dict[str, object]) -> Any:
    return log_record(gate.admit([Chunk("text", {"source": f"{SITE}{path}", **metadata})], as_of=as_of))


class Broken(dict[str, object]):
    def items(self) -> Any:
        raise RuntimeError


class Stage(Enum):
    ARCHIVED = "archived"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("This document has been withdrawn", "drop F214"),
        ("final - withdrawn", "drop F214"),
        ("Published, then withdrawn", "drop F214"),
        ("currently valid, not withdrawn", "admit"),
        ("It is no longer a draft", "admit"),
        ("never superseded", "admit"),
        (" ".join(["a"] * 40) + " withdrawn", "admit"),
    ],
)
def test_a_status_may_be_a_sentence(status: str, expected: str, clock: FixedClock) -> None:
    assert says(declared(clock), status=status) == expected


@pytest.mark.parametrize(
    "word",
    [
        "withdrawn",
        "Withdrawn",
        "WITHDRAWN",
        " withdrawn ",
        "with\u200bdrawn",
        "with\u00addrawn",
        "in trash",
        "In_Trash",
    ],
)
def test_a_status_is_read_in_any_spelling(word: str, clock: FixedClock) -> None:
    assert says(declared(clock), status=word) == "drop F214"


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"status": "archived by its author"}, "drop F214"),
        ({"status": ["published", "superseded"]}, "drop F214"),
        ({"documentStatus": "draft"}, "drop F214"),
        ({"dcterms:status": "Retracted"}, "drop F214"),
        ({"is_archived": True}, "drop F214"),
        ({"isDeleted": "yes"}, "drop F214"),
        ({"deleted": 1}, "drop F214"),
        ({"draft": "of the second part"}, "drop F214"),
        ({"state": "deprecated"}, "admit F214"),
        ({"archived": False, "deleted": "no", "draft": 0, "retracted": None, "withdrawn": "none"}, "admit"),
        ({"status": "final"}, "admit"),
        ({"status": "not withdrawn"}, "admit"),
        ({"state": "Bavaria", "status": 200}, "admit"),
        ({"status": {"name": "withdrawn"}}, "drop F214"),
        ({"status": {"draft": True}}, "drop F214"),
        ({"status": [{"labels": {"isDeleted": "yes"}}]}, "drop F214"),
        ({"status": {"draft": False, "published": "yes"}}, "admit"),
        ({"status": {"current": False}}, "drop F214"),
        ({"status": ", ".join([*(f"label {n}" for n in range(300)), "withdrawn"])}, "drop F214"),
        ({"status": [Broken(), "withdrawn"]}, "drop F214"),
        ({"status": "withdrawn " * 100}, "drop F214"),
        (
            {"status": "Withdrawn: this page no longer holds, see the new one on the intranet, which says more"},
            "drop F214",
        ),
        ({"status": ["x"] * 300 + ["withdrawn"]}, "drop F214"),
        ({"status": [["archived"]]}, "drop F214"),
        ({"status": b"archived"}, "drop F214"),
        ({"status": Stage.ARCHIVED}, "drop F214"),
        ({"status": "final;archived"}, "drop F214"),
        ({"status": "status: archived"}, "drop F214"),
        ({"is_current": False}, "drop F214"),
        ({"active": "no"}, "drop F214"),
        ({"is_current": True, "active": 1, "isLatest": "yes"}, "admit"),
        ({"status": [[[[[[["archived"]]]]]]], "state": {"a": object()}}, "admit"),
    ],
)
def test_what_says_that_a_document_does_not_hold_keeps_it_out(
    metadata: dict[str, Any], expected: str, clock: FixedClock
) -> None:
    assert says(declared(clock), **metadata) == expected


def test_a_policy_says_what_a_word_means(clock: FixedClock) -> None:
    gate = declared(clock, status={"Draft": "warn", "archived": "admit", "Zur\u00fcckgezogen": "drop"})
    assert says(gate, status="draft") == "admit F214"
    assert says(gate, status="archived") == "admit"
    assert says(gate, status="ZUR\u00dcCKGEZOGEN") == "drop F214"
    assert says(gate, status="withdrawn") == "drop F214"
    for status in ({"": "drop"}, {"a": "stop"}, {"a b": "drop", "A_B": "warn"}, ["draft"]):
        with pytest.raises(PolicyError, match="status"):
            Policy.from_mapping({"default": {"freshness": {"status": status}}})


def test_no_word_of_a_document_is_recorded_but_those_that_are_known(clock: FixedClock) -> None:
    record = log_record_of(declared(clock), "/a", None, {"status": ["secret words", "withdrawn"]})
    assert "secret words" not in json.dumps(record)
    assert record["decisions"][0]["evidence"]["status"] == [["withdrawn", "metadata", "status"]]


def test_both_frameworks_keep_out_what_is_withdrawn(clock: FixedClock) -> None:
    found = [{"source": f"{SITE}/{word}", "status": word} for word in ("draft", "final")]

    class Found(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            return [
                Document("text", metadata={"source": f"{SITE}/{word}", "status": word}) for word in ("draft", "final")
            ]

    gate = declared(clock)
    assert [one.metadata["status"] for one in guard(Found(), gate).invoke("?")] == ["final"]
    nodes = [NodeWithScore(node=TextNode(text="text", metadata=dict(metadata))) for metadata in found]
    left = HeadgatePostprocessor(gate).postprocess_nodes(nodes, QueryBundle("?"))
    assert [node.metadata["status"] for node in left] == ["final"]


def test_a_review_that_is_due_is_a_warning_unless_the_policy_says_more(clock: FixedClock) -> None:
    due, later = (clock.now - timedelta(days=1)).isoformat(), (clock.now + timedelta(days=1)).isoformat()
    for rules, late in (({}, "admit F209"), ({"review": "drop"}, "drop F209"), ({"review": "admit"}, "admit")):
        gate = declared(clock, **rules)
        assert says(gate, review_by=due) == late
        assert says(gate, next_review_date=later) == "admit"
        assert says(gate, review_by=later, reviewDue=due) == late
        assert says(gate, review_by="soon") == late.replace("F209", "F203")


def test_a_question_about_the_past_is_not_answered_by_what_is_said_today(clock: FixedClock) -> None:
    gate = declared(clock, max_age="30d")
    then = datetime(2024, 1, 1, tzinfo=UTC)
    page = {"last_modified": "2023-12-20T00:00:00Z"}
    assert says(gate, as_of=then, superseded_by=f"{SITE}/b", **page) == "admit F205"
    assert says(gate, as_of=then, status="withdrawn", **page) == "admit F214"
    assert says(gate, as_of=then, valid_until="2023-12-31T00:00:00Z", **page) == "drop F201"
    now = {"last_modified": clock.now.isoformat()}
    assert says(gate, as_of=clock.now, superseded_by=f"{SITE}/b", **now) == "drop F205"
    assert says(gate, as_of=clock.now + timedelta(days=1), status="withdrawn", **now) == "drop F214"


def test_the_first_rule_that_fits_a_path_counts(clock: FixedClock) -> None:
    gate = declared(
        clock,
        max_age="365d",
        rules=[
            {"match": f"{SITE}/news/archive/**", "max_age": "10y"},
            {"match": f"{SITE}/news/**", "max_age": "7 days", "missing": "admit"},
        ],
    )
    month, decade = clock.ago(days=30).isoformat(), clock.ago(days=3_000).isoformat()
    assert says(gate, "/a", last_modified=month) == "admit"
    assert says(gate, "/news/a", last_modified=month) == "drop F202"
    assert says(gate, "/news/a") == "admit"
    assert says(gate, "/a") == "drop F203"
    assert says(gate, "/news/archive/a", last_modified=decade) == "admit"
    assert says(gate, "/a/news/a", last_modified=decade) == "drop F202"


def test_a_type_chooses_a_rule_where_metadata_counts(clock: FixedClock) -> None:
    gate = declared(clock, max_age="30d", rules=[{"type": ["Policy", "work instruction"], "max_age": "1y"}])
    old = clock.ago(days=90).isoformat()
    assert says(gate, last_modified=old) == "drop F202"
    assert says(gate, last_modified=old, type="note") == "drop F202"
    assert says(gate, last_modified=old, document_type="Work-Instruction") == "admit"
    assert says(gate, last_modified=old, type=["note", "policy"]) == "admit"


@pytest.mark.parametrize(
    ("value", "is_read"),
    [
        ([7, None, {"a": "policy"}, "policy"], True),
        (("policy",), True),
        (frozenset(("policy",)), True),
        ({"policy": 1}, False),
        (["note"] * 15 + ["policy"], True),
        (["note"] * 16 + ["policy"], False),
        ("policy" + " " * 58, True),
        ("policy" + " " * 59, False),
        (7, False),
        (["policy" + " " * 59, "policy"], True),
    ],
)
def test_of_types_sixteen_short_words_are_read(value: object, is_read: bool, clock: FixedClock) -> None:
    gate = declared(clock, max_age="30d", rules=[{"type": "policy", "max_age": "1y"}])
    found = says(gate, last_modified=clock.ago(days=90).isoformat(), type=value)
    assert found == ("admit" if is_read else "drop F202")


def test_a_type_that_nobody_signed_only_restricts(handbook: Publisher, clock: FixedClock) -> None:
    rules = [
        {"type": "law", "max_age": "10y"},
        {"type": "price", "max_age": "1d"},
        {"match": "https://handbook.example/x", "max_age": "1d"},
    ]
    gate = Gate({"sources": [handbook.source(freshness={"max_age": "30d", "rules": rules})]}, clock=clock)

    def codes(days: int, kind: str, *, signed: bool) -> str:
        sealed = handbook.seal(
            "text",
            "https://handbook.example/1",
            {"type": kind} if signed else {},
            cover=["type"] if signed else [],
            modified=clock.ago(days=days),
        )
        chunk = sealed if signed else sealed.with_metadata(type=kind)
        (decision,) = gate.admit([chunk]).decisions
        return " ".join((decision.action, *decision.codes))

    assert codes(90, "law", signed=True) == "admit"
    assert codes(90, "law", signed=False) == "drop F202"
    assert codes(10, "price", signed=True) == "drop F202"
    assert codes(10, "price", signed=False) == "drop F202"
    assert codes(10, "law", signed=False) == "admit"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"max_age": "1d"}, "about some documents"),
        ({"match": "**", "mode": "audit"}, "no mode of its own"),
        ({"match": "a//**/b/***"}, "rules"),
        ({"match": "**", "warn_after": "90d"}, r"rules\[0\] does not go with the rest"),
        ({"match": "**", "rules": []}, "unknown key 'rules'"),
        ({"match": "**", "verified_within": "1d"}, "somebody who verifies"),
    ],
)
def test_a_rule_that_cannot_count_is_an_error_at_its_place(rule: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Policy.from_mapping(
            {"default": {"provenance": {"require": "none"}, "freshness": {"max_age": "30d", "rules": [rule]}}}
        )


@pytest.mark.parametrize("pattern", ["news/**", "https://other.example/**", f"{SITE}/docs/*/x", f"{SITE}/a/**?lang=de"])
def test_a_rule_that_no_document_of_its_source_fits_is_an_error(pattern: str) -> None:
    freshness = {"max_age": "30d", "rules": [{"match": pattern, "max_age": "1d"}]}
    source = {"id": "wiki", "match": f"{SITE}/docs/guide?lang=*", "provenance": {"require": "declared"}}
    with pytest.raises(PolicyError, match="fits no address of this source"):
        Policy.from_mapping({"sources": [{**source, "freshness": freshness}]})
    for fits in (f"{SITE}/**", f"{SITE}/*/guide", "https://*.example/docs/**", f"{SITE}/docs/g*e?lang=de"):
        freshness["rules"] = [{"match": fits, "max_age": "1d"}]
        Policy.from_mapping({"sources": [{**source, "freshness": freshness}]})


SEGMENTS = st.lists(st.sampled_from(["a", "b", "*", "**", "a*", "*b"]), min_size=1, max_size=4).map("/".join)


@given(SEGMENTS, SEGMENTS)
def test_patterns_overlap_where_some_address_fits_both(one: str, other: str) -> None:
    first, second = UriPattern.parse(f"{SITE}/{one}"), UriPattern.parse(f"{SITE}/{other}")
    paths = ("/".join(parts) for size in range(1, 5) for parts in product(("a", "b", "ab"), repeat=size))
    fits = any(first.matches(uri) and second.matches(uri) for uri in (f"{SITE}/{path}" for path in paths))
    assert first.overlaps(second) == second.overlaps(first)
    assert first.overlaps(second) or not fits
    if "**" not in one:  # then it is no longer than the addresses that were tried
        assert first.overlaps(second) == fits


TYPES = st.sampled_from(["law", "price", "news"])
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "max_age": st.sampled_from(["1d", "30d", "3y"]),
        "missing": st.sampled_from(["drop", "warn", "admit"]),
        "status": st.dictionaries(st.sampled_from(["draft", "final"]), st.sampled_from(["drop", "warn", "admit"])),
        "review": st.sampled_from(["drop", "warn", "admit"]),
    },
)
RULES = st.lists(
    st.tuples(LIMITS, st.lists(TYPES, min_size=1, max_size=2, unique=True), st.booleans()).map(
        lambda rule: {**rule[0], "type": rule[1], **({"match": "https://handbook.example/1"} if rule[2] else {})}
    ),
    max_size=3,
)
CLOCK = FixedClock()
HANDBOOK = Publisher("handbook", "https://handbook.example/**", CLOCK)


@given(LIMITS, RULES, st.none() | TYPES, st.lists(TYPES, min_size=1, max_size=2), st.integers(0, 2_000), st.booleans())
def test_types_that_nobody_signed_let_nothing_in(
    limits: dict[str, Any],
    rules: list[dict[str, Any]],
    signed: str | None,
    added: list[str],
    days: int,
    has_draft: bool,
) -> None:
    gate = Gate({"sources": [HANDBOOK.source(freshness={**limits, "rules": rules})]}, clock=CLOCK)
    metadata: dict[str, object] = {"status": "draft"} if has_draft else {}
    if signed is not None:
        metadata["type"] = signed
    sealed = HANDBOOK.seal(
        "text", "https://handbook.example/1", metadata, cover=list(metadata), modified=CLOCK.ago(days=days)
    )
    before = gate.admit([sealed]).decisions[0]
    after = gate.admit([sealed.with_metadata(document_type=added)]).decisions[0]
    assert before.admitted or not after.admitted


MOMENTS = st.integers(-60, 60).map(lambda days: datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=days))
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        **{
            name: MOMENTS.map(datetime.isoformat)
            for name in ("last_modified", "valid_from", "valid_until", "review_by")
        },
        "status": st.sampled_from(["final", "draft", "deprecated", "withdrawn"]),
        "superseded_by": st.just(f"{SITE}/b"),
    },
)
WHOLE_RULES = st.builds(
    lambda limits, warn: Freshness(**{**limits, **({"warn_after": "12h"} if warn else {})}), LIMITS, st.booleans()
)


@given(ENTRIES, WHOLE_RULES, MOMENTS, st.booleans())
def test_within_the_quiet_window_there_is_nothing_to_say(
    entries: dict[str, object], rule: Freshness, now: datetime, is_past: bool
) -> None:
    times = resolve_timestamps(entries, keys=MetadataKeys(timezone="UTC"))
    window = quiet_window(times, rule)
    findings = judge_freshness(times, rule, now, is_past=is_past).findings
    assert (window is not None and window[0] <= now <= window[1]) == (not findings)


def test_every_word_of_the_catalogue_is_in_its_plain_spelling() -> None:
    assert all(word == " ".join(word.lower().split()) for word in STATUS_WORDS)


ACTIONS = ("admit", "warn", "drop")
some_days = st.none() | st.integers(1, 90).map(lambda days: f"{days}d")
some_words = st.dictionaries(st.sampled_from(["draft", "archived", "odd"]), st.sampled_from(ACTIONS), max_size=3)
some_rules = st.builds(
    lambda age, checked, unread, missing, words: Freshness.model_validate(
        {
            "max_age": age,
            **({"verified_within": checked, "verified_grace": "1h"} if checked else {}),
            "unreadable": unread,
            "missing": missing,
            "status": words,
        }
    ),
    some_days,
    some_days,
    st.sampled_from(["drop", "warn"]),
    st.sampled_from(["drop", "warn", "admit"]),
    some_words,
)


@given(some_rules, some_rules)
def test_a_rule_restricted_by_another_is_as_strict_as_the_stricter_of_both(one: Freshness, other: Freshness) -> None:
    both = restricted(one, other)
    for limit in ("max_age", "verified_within"):
        given_limits = [value for rule in (one, other) if (value := getattr(rule, limit)) is not None]
        assert getattr(both, limit) == min(given_limits, default=None)
    for choice in ("unreadable", "missing"):
        assert getattr(both, choice) == max(getattr(one, choice), getattr(other, choice), key=ACTIONS.index)
    for word, action in both.status.items():
        assert action in (one.status.get(word), other.status.get(word))
    for word in one.status.keys() | other.status.keys():
        stated = [rule.status[word] for rule in (one, other) if word in rule.status]
        strictest = max(stated, key=ACTIONS.index)
        # A word that only the other one knows may be stricter than "warn" by itself, so only "drop" is taken over.
        if word in one.status or strictest == "drop":
            assert both.status[word] == strictest
        else:
            assert word not in both.status


@pytest.mark.parametrize(("given_rule", "is_asked"), [(True, True), ({}, True), (False, False), (None, False)])
def test_a_source_may_simply_say_that_its_servers_are_asked(given_rule: object, is_asked: bool) -> None:
    rules = {"provenance": {"require": "declared"}, "freshness": {"revalidate": given_rule}}
    source = {"id": "wiki", "match": f"{SITE}/**", **rules}
    policy = Policy.from_mapping({"sources": [source]})
    assert (policy.sources[0].freshness.revalidate is not None) is is_asked

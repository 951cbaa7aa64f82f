"""A store that is told how old a document may be: it is asked less often, and nothing else is admitted for it."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from headgate import Chunk, Gate
from headgate.integration.narrowing import admissible_editions, earliest_admissible, edition_entry
from headgate.testing import FixedClock, Publisher
from langchain_headgate import edition_filter, freshness_filter, guard

BASE, DAY = "https://handbook.example/", timedelta(days=1)


class Ranked(Embeddings):
    """The older a text is, the nearer it is to any question."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[1.0, 1.0 / (1 + int(text.split()[1]))] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return [1.0, 0.0]


class Counting(Chroma):
    """A store that knows how often it was asked."""

    asked = 0

    def similarity_search(self, *args: Any, **kwargs: Any) -> list[Document]:
        Counting.asked += 1
        return super().similarity_search(*args, **kwargs)


def stored(publisher: Publisher, now: datetime, ages: list[int], name: str) -> Counting:
    documents = []
    for number, age in enumerate(ages):
        uri, modified = f"{BASE}{name}/{number}", now - age * DAY
        chunk = publisher.seal(
            f"age {age} {number}", uri, {"source": uri, "updated_ts": int(modified.timestamp())}, modified=modified
        )
        documents.append(Document(chunk.text, metadata=dict(chunk.metadata), id=f"{name}-{number}"))
    store = Counting(name, Ranked())
    store.add_documents(documents)
    return store


def test_fewer_fetches_for_the_same_documents(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source(freshness={"max_age": "90d"})]}, clock=clock)
    store = stored(handbook, clock.now, [*range(200, 260), *range(1, 9)], "many")
    retriever = guard(store.as_retriever(search_kwargs={"k": 4}), gate)
    asked, found = [], []
    narrowed: dict[str, Any] = {"filter": freshness_filter(gate, "updated_ts", "handbook")}
    for options in ({}, narrowed):
        Counting.asked = 0
        found.append([document.page_content for document in retriever.invoke("Which?", **options)])
        asked.append(Counting.asked)
    assert found[0] == found[1]
    assert len(found[0]) == 4
    assert asked == [3, 1]


SPANS = st.sampled_from(["30d", "36h", "5bd", "1bd", "0d"])


@given(st.lists(SPANS, min_size=1, max_size=3), st.integers(0, 400), st.integers(0, 60 * 24 * 30))
def test_no_document_that_could_be_admitted_is_kept_away(limits: list[str], shift: int, minutes: int) -> None:
    clock = FixedClock()
    clock.advance(timedelta(hours=shift))
    publishers = [Publisher(f"p{n}", f"https://p{n}.example/**", clock) for n in range(len(limits))]
    sources = [
        one.source(freshness={"max_age": limit, "future_skew": "0s"})
        for one, limit in zip(publishers, limits, strict=True)
    ]
    gate = Gate({"sources": sources, "default": {"freshness": {"max_age": "1d"}}}, clock=clock)
    for number, publisher in enumerate(publishers):
        modified = clock.now - timedelta(minutes=minutes)
        (decision,) = gate.admit([publisher.seal("text", f"https://p{number}.example/a", modified=modified)]).decisions
        for source in (None, publisher.name):
            earliest = earliest_admissible(gate, source)
            assert earliest is not None
            if decision.admitted:
                assert modified.timestamp() >= math.floor(earliest.timestamp())
    gate.close()


@pytest.mark.parametrize(
    ("freshness", "more"),
    [({}, {}), ({"max_age": "1d", "mode": "warn"}, {}), ({"max_age": "1d"}, {"mode": "audit"})],
)
def test_where_any_age_may_be_admitted_nothing_is_kept_away(
    freshness: dict[str, str], more: dict[str, str], handbook: Publisher
) -> None:
    gate = Gate({"sources": [handbook.source(freshness=freshness)], **more})
    assert freshness_filter(gate, "updated_ts", "handbook") is None
    with pytest.raises(ValueError, match="no source 'other'"):
        freshness_filter(gate, "updated_ts", "other")


def test_a_rule_for_some_documents_may_reach_further_back(handbook: Publisher, clock: FixedClock) -> None:
    rules = [{"type": "policy", "max_age": "900d"}]
    gate = Gate({"sources": [handbook.source(freshness={"max_age": "90d", "rules": rules})]}, clock=clock)
    assert earliest_admissible(gate, "handbook") == clock.now - 900 * DAY


DOCS = "https://docs.example/"
PATTERN = "https://docs.example/{version}/{page}"


def editions_of(**identity: str) -> Gate:
    source = {
        "id": "docs",
        "match": f"{DOCS}**",
        "provenance": {"require": "declared"},
        "identity": {"pattern": PATTERN, **identity},
    }
    other = {"id": "other", "match": "https://other.example/**", "provenance": {"require": "declared"}}
    return Gate({"sources": [source, other]}, clock=FixedClock())


def pages_of(gate: Gate, addresses: list[str], name: str) -> Counting:
    store = Counting(name, Ranked())
    store.add_documents(
        [
            Document(f"age {len(addresses) - n}", metadata={"source": address, "edition": edition_entry(gate, address)})
            for n, address in enumerate(addresses)
        ]
    )
    return store


def test_fewer_fetches_where_most_pages_are_of_other_editions() -> None:
    gate = editions_of(current="v3.10")
    old = [f"{DOCS}v3.{minor}/install" for minor in range(10)] + [f"{DOCS}next/{n}" for n in range(50)]
    store = pages_of(gate, [*old, f"{DOCS}v3.10/install", f"{DOCS}v3.10/use", f"{DOCS}about/team", f"{DOCS}"], "pages")
    retriever = guard(store.as_retriever(search_kwargs={"k": 4}), gate)
    asked, found = [], []
    narrowed: dict[str, Any] = {"filter": edition_filter(gate, "edition", "docs")}
    for options in ({}, narrowed):
        Counting.asked = 0
        found.append([document.metadata["source"] for document in retriever.invoke("Which?", **options)])
        asked.append(Counting.asked)
    assert found[0] == found[1]
    assert len(found[0]) == 4
    assert asked == [3, 1]


SEGMENTS = st.sampled_from(
    ["v3.10", "v3.9", "3.10", "V3.10", "latest", "next", "noble", "about", "v3.10 ", "2024", "%763.10"]
)
ENDS = st.sampled_from(["", "/", "/install", "//install", "/a/b?x=1", "#top"])


@given(
    SEGMENTS,
    ENDS,
    st.sampled_from(["v3.10", "latest", "noble", "unversioned"]),
    st.sampled_from([DOCS, "https://other.example/"]),
)
def test_no_page_that_could_be_admitted_is_kept_away_for_its_edition(
    segment: str, end: str, current: str, site: str
) -> None:
    address = f"{site}{segment}{end}"
    with editions_of(current=current) as gate:
        (decision,) = gate.admit([Chunk("text", {"source": address})]).decisions
        for source in ("docs", None):
            if source == "docs" and site != DOCS:
                continue
            editions = admissible_editions(gate, source)
            assert editions is not None
            assert decision.admitted == (edition_entry(gate, address) in editions)


@pytest.mark.parametrize(
    "policy",
    [
        {"current": "highest"},
        {"current": "v3.10", "asked": "warn"},
        {},
    ],
)
def test_where_any_edition_may_be_admitted_nothing_is_kept_away(policy: dict[str, str]) -> None:
    assert edition_filter(editions_of(**policy), "edition", "docs") is None
    assert edition_filter(editions_of(**policy), "edition") is None


def test_a_gate_that_does_not_enforce_keeps_no_edition_away() -> None:
    gate = editions_of(current="v3.10")
    assert edition_filter(gate, "edition") == {"edition": {"$in": ["", "v3.10"]}}
    assert edition_filter(gate, "edition", "other") is None
    watching = Gate({**gate.policy.model_dump(exclude_unset=True, by_alias=True), "mode": "audit"})
    assert edition_filter(watching, "edition") is None
    with pytest.raises(ValueError, match="no source 'else'"):
        edition_filter(gate, "edition", "else")

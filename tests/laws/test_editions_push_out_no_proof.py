"""Law 4 for editions: what nobody signed pushes out nothing that is, and what is named current is all that enters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate
from headgate.testing import FixedClock, Publisher

SITE = "https://docs.example"
PATTERN = f"{SITE}/{{version}}/{{page}}"
EDITIONS = st.sampled_from(
    ["1", "v1.9", "v1.10", "2.0", "2026-01", "next", "latest", "9" * 18, "v2-rc.1", "a%2Fb", "1/2"]
)
PAGES = st.tuples(EDITIONS, st.sampled_from(["", "/", "/a", "/b#c", "/a?v=3"])).map("".join)
SOURCES = st.sampled_from([None, "source", "url", "version", "row"])


def admitted(gate: Gate, chunks: list[Chunk]) -> list[bool]:
    return [one.admitted for one in gate.admit(chunks).decisions]


@given(
    st.lists(PAGES, min_size=1, max_size=4),
    st.lists(st.tuples(PAGES, SOURCES), max_size=4),
    st.sampled_from(["enforce", "audit", "warn"]),
    st.randoms(use_true_random=False),
)
def test_unsigned_pages_of_any_edition_change_nothing_for_proved_ones(
    proved: list[str], unsigned: list[tuple[str, str | None]], mode: str, chance: Any
) -> None:
    clock = FixedClock()
    publisher = Publisher("docs", f"{SITE}/**", clock)
    source = publisher.source(identity={"pattern": PATTERN})
    source["provenance"] = {**source["provenance"], "mode": mode}
    gate = Gate({"sources": [source]}, clock=clock)
    sealed = [publisher.seal(f"text of {page}", f"{SITE}/{page}") for page in proved]
    alone = admitted(gate, sealed)
    others = [Chunk(f"forged {page}", {key or "link": f"{SITE}/{page}"}) for page, key in unsigned]
    together = [*enumerate(sealed), *((-1, other) for other in others)]
    chance.shuffle(together)
    found = admitted(gate, [chunk for _, chunk in together])
    assert [found[[index for index, _ in together].index(place)] for place in range(len(sealed))] == alone


@given(st.lists(PAGES, min_size=1, max_size=6), st.sampled_from(["v1.10", "latest", "2026-01"]))
def test_of_the_pages_of_editions_only_those_of_the_named_one_enter(pages: list[str], current: str) -> None:
    source = {"id": "docs", "match": f"{SITE}/**", "provenance": {"require": "declared"}}
    gate = Gate({"sources": [{**source, "identity": {"pattern": PATTERN, "current": current}}]}, clock=FixedClock())
    for page in pages:
        for addition in ({}, {"version": current}, {"edition": current}, {"url": f"{SITE}/{current}/a"}):
            chunk = Chunk(page, {"source": f"{SITE}/{page}", **addition})
            if admitted(gate, [chunk])[0]:
                assert page.replace("%2F", "/").partition("?")[0].partition("#")[0].partition("/")[0] in (current, "a")


@pytest.mark.parametrize("current", ["highest", "v1.10"])
@given(pages=st.lists(PAGES, min_size=1, max_size=6), order=st.randoms(use_true_random=False))
def test_the_order_of_a_retrieval_decides_nothing(current: str, pages: list[str], order: Any) -> None:
    source = {"id": "docs", "match": f"{SITE}/**", "provenance": {"require": "declared"}}
    gate = Gate({"sources": [{**source, "identity": {"pattern": PATTERN, "current": current}}]}, clock=FixedClock())
    chunks = [Chunk(f"{number} {page}", {"source": f"{SITE}/{page}"}) for number, page in enumerate(pages)]
    before = dict(zip((one.text for one in chunks), admitted(gate, chunks), strict=True))
    order.shuffle(chunks)
    assert dict(zip((one.text for one in chunks), admitted(gate, chunks), strict=True)) == before

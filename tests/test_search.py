"""Asking until k are admissible: what is asked for, and that no retriever's error costs what it alone would give."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.integration.search import Search


class Shelf:
    """A retriever over a list of documents, True where one is admissible; raises when asked for too many."""

    def __init__(self, documents: list[bool], most: int | None = None) -> None:
        self.documents, self.most = documents, most
        self.asked: list[int] = []

    def find(self, count: int) -> list[bool]:
        self.asked.append(count)
        if self.most is not None and count > self.most:
            raise ValueError("more than there are")
        return self.documents[:count]


def ask(shelf: Shelf, wanted: int, *, first: int = 2, limit: int = 200) -> int:
    best = 0
    search = Search(wanted, first=first, limit=limit)
    for width in search:
        with search.attempt():
            found = shelf.find(width)
            best = sum(found)
            search.succeeded(best, len(found))
    return min(best, wanted)


async def aask(shelf: Shelf, wanted: int, *, first: int = 2, limit: int = 200) -> int:
    best = 0
    search = Search(wanted, first=first, limit=limit)
    for width in search:
        with search.attempt():
            found = await asyncio.sleep(0, shelf.find(width))
            best = sum(found)
            search.succeeded(best, len(found))
    return min(best, wanted)


@given(st.lists(st.booleans(), max_size=300), st.integers(1, 50), st.integers(1, 4))
def test_k_come_back_where_there_are_k(documents: list[bool], wanted: int, first: int) -> None:
    shelf = Shelf(documents)
    found = ask(shelf, wanted, first=first)
    assert found == min(wanted, sum(documents[: max(200, wanted * first)])) or sum(documents[:200]) < wanted
    assert found == asyncio.run(aask(Shelf(documents), wanted, first=first))
    assert max(shelf.asked) <= max(200, wanted)
    assert shelf.asked == sorted(set(shelf.asked))


@given(st.lists(st.booleans(), max_size=300), st.integers(1, 20), st.integers(20, 250))
def test_an_error_for_asking_too_much_costs_nothing(documents: list[bool], wanted: int, most: int) -> None:
    assert ask(Shelf(documents, most), wanted) >= min(wanted, sum(documents[:wanted]))


def test_an_error_of_the_plain_request_is_the_callers() -> None:
    with pytest.raises(ValueError, match="more than there are"):
        ask(Shelf([True] * 10, most=3), 4)
    with pytest.raises(ValueError, match="more than there are"):
        ask(Shelf([True] * 10, most=3), 4, first=1)


def test_an_interrupt_is_not_an_answer() -> None:
    def interrupted(count: int) -> list[bool]:
        raise KeyboardInterrupt(count)

    shelf = Shelf([])
    shelf.find = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        ask(shelf, 4)


def test_nothing_wanted_asks_nothing_and_no_number_asks_once() -> None:
    assert list(Search(0)) == []
    assert list(Search(-3)) == []
    assert list(Search(None)) == [0]


def test_a_round_that_says_nothing_ends_the_search() -> None:
    assert list(Search(5)) == [5]


def test_a_retriever_that_takes_no_number_is_asked_once() -> None:
    search = Search(5, first=2, is_adjustable=False)
    asked = []
    for width in search:
        with search.attempt():
            asked.append(width)
            search.succeeded(0, 5)
    assert asked == [5]

"""A memory of results keeps its bounds, and forgets the oldest first."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.caching import Memo, cached_property

entries = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 12)), max_size=60)


def kept(memo: Memo[int]) -> list[int]:
    return [key for key in range(100) if memo.get(key) is not None]


@pytest.mark.parametrize("most", range(1, 11))
def test_the_oldest_entry_goes_when_there_is_one_too_many(most: int) -> None:
    memo = Memo[int](most)
    for number in range(10):
        memo.put(number, number)
    assert kept(memo) == list(range(10 - most, 10))


def test_what_was_asked_for_stays_longer() -> None:
    memo = Memo[int](3)
    for number in range(3):
        memo.put(number, number)
    assert memo.get(0) == 0
    memo.put(3, 3)
    assert kept(memo) == [0, 2, 3]


def test_what_is_renewed_is_weighed_anew() -> None:
    memo = Memo[int](10, 100)
    memo.put("one", 1, 60)
    memo.put("other", 2, 30)
    assert memo.renew("one", 3, 70) == 3
    assert (memo.get("one"), memo.get("other")) == (3, 2)
    memo.renew("one", 4, 71)
    assert (memo.get("one"), memo.get("other")) == (4, None)


def test_nothing_goes_while_there_is_room() -> None:
    memo = Memo[int](10, 100)
    for number in range(10):
        assert memo.put(number, number, 10) == number
    assert kept(memo) == list(range(10))
    memo.put("one more", 1)
    assert kept(memo) == list(range(1, 10))


def test_what_has_no_weight_weighs_nothing() -> None:
    memo = Memo[int](50, 3)
    for number in range(50):
        memo.put(number, number)
    assert len(memo) == 50


def test_weights_count_as_long_as_their_entries_are_there() -> None:
    memo = Memo[int](1_000, 100)
    for number in range(4):
        memo.put(number, number, 25)
    memo.put(4, 4, 1)
    assert kept(memo) == [1, 2, 3, 4]
    memo.put(5, 5, 74)
    assert kept(memo) == [3, 4, 5]
    memo.put(6, 6, 1)
    assert kept(memo) == [4, 5, 6]


def test_what_is_there_already_is_neither_replaced_nor_weighed_again() -> None:
    memo = Memo[int](10, 100)
    for value in range(5):
        assert memo.put("key", value, 60) == value
    assert memo.get("key") == 0
    memo.put("other", 1, 40)
    assert len(memo) == 2


def test_what_is_heavier_than_the_bound_is_not_kept() -> None:
    memo = Memo[int](10, 100)
    memo.put("heavy", 1, 101)
    assert len(memo) == 0
    memo.put("just", 1, 100)
    assert memo.get("just") == 1


@given(entries, st.integers(1, 8), st.none() | st.integers(1, 30))
def test_the_bounds_hold_whatever_is_put(put: list[tuple[int, int]], most: int, weight: int | None) -> None:
    memo = Memo[int](most, weight)
    weights: dict[int, int] = {}
    for key, heavy in put:
        is_new = memo.get(key) is None
        memo.put(key, key, heavy)
        if is_new:
            weights[key] = heavy
        assert len(memo) == len(kept(memo)) <= most
        assert weight is None or sum(weights[one] for one in kept(memo)) <= weight
        # The newest stays, unless it alone is too much.
        assert not is_new or (memo.get(key) is not None) == (weight is None or heavy <= weight)


def test_a_copy_begins_empty_under_the_same_bounds() -> None:
    memo = Memo[int](2, 10)
    memo.put(1, 1)
    again: Memo[int] = pickle.loads(pickle.dumps(memo))
    assert len(again) == 0
    for number in range(9):
        again.put(number, number, 3)
        assert len(again) <= 2
    again.put("heavy", 1, 11)
    assert len(again) == 0


def test_a_property_is_worked_out_once_for_each_object() -> None:
    worked_out: list[int] = []

    class Number:
        def __init__(self, value: int) -> None:
            self.value = value

        @cached_property
        def square(self) -> int:
            """The square."""
            worked_out.append(self.value)
            return self.value**2

    two, three = Number(2), Number(3)
    assert [two.square, three.square, two.square, three.square] == [4, 9, 4, 9]
    assert worked_out == [2, 3]
    assert Number.square.__doc__ == "The square."

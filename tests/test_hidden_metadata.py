"""What nobody sees in metadata: in names and values however nested, up to what can be read at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from headgate import Gate
from headgate.admission.hidden import UNREAD, cleared, find_hidden, holds_invisible

TAG = "\U000e0041"
MOST_PARTS, MOST_DEPTH = 10_000, 32


def _nested(value: object, depth: int, kind: Callable[[Any], object] = lambda one: [one]) -> Any:
    for _ in range(depth):
        value = kind(value)
    return value


def _in_a_mapping(one: object) -> object:
    return {"k": one}


NESTED: list[object] = [
    f"a{TAG}",
    [f"a{TAG}"],
    (f"a{TAG}",),
    {f"a{TAG}"},
    frozenset({f"a{TAG}"}),
    {"k": f"a{TAG}"},
    {f"k{TAG}": "a"},
    {"k": [{"l": (f"a{TAG}",)}]},
]


@pytest.mark.parametrize("value", NESTED)
def test_a_text_is_read_in_whatever_holds_it(value: object) -> None:
    assert holds_invisible(value)
    found = find_hidden("text", {"name": value, "other": "plain"})
    assert found is not None
    assert found.text is None
    assert list(found.entries) == ["name"]
    assert found.entries["name"][0].counts == {"tags": 1}
    assert found.names == frozenset()
    assert not holds_invisible(cleared({"name": value})["name"])


@pytest.mark.parametrize("value", ["plain", 3, None, b"x", ["a", {"b": ("c",)}], object()])
def test_where_there_is_nothing_nothing_is_found_or_changed(value: object) -> None:
    assert not holds_invisible(value)
    assert find_hidden("text", {"name": value, 3: value}) is None  # type: ignore[dict-item]
    assert cleared({"name": value}) == {"name": value}


def test_a_copy_has_the_kinds_and_the_places_of_the_original() -> None:
    value = {"a": [f"x{TAG}", 1, ("y", f"{TAG}z")], f"b{TAG}": "gone", "c": {f"d{TAG}"}, "e": frozenset({"f"})}
    assert cleared({"name": value}) == {
        "name": {"a": ["x", 1, ("y", "z")], "c": frozenset({"d"}), "e": frozenset({"f"})}
    }


def test_names_are_told_apart_from_values() -> None:
    found = find_hidden(f"t{TAG}", {f"n{TAG}": f"v{TAG}{TAG}", "m": [f"v{TAG}", f"w{TAG}"]})
    assert found is not None
    assert found.text is not None
    assert found.names == {f"n{TAG}"}
    assert {name: [one.counts["tags"] for one in held] for name, held in found.entries.items()} == {
        f"n{TAG}": [1, 2],
        "m": [1, 1],
    }


@pytest.mark.parametrize("kind", [lambda one: [one], lambda one: (one,), _in_a_mapping])
def test_values_are_read_so_deep_and_no_deeper(kind: Callable[[Any], object]) -> None:
    for depth, is_read in ((MOST_DEPTH + 1, True), (MOST_DEPTH + 2, False)):
        plain, marked = (_nested(text, depth, kind) for text in ("x", f"x{TAG}"))
        assert holds_invisible(marked)
        assert holds_invisible(plain) is not is_read  # what cannot be read may hold anything
        assert cleared({"a": marked}) == ({"a": plain} if is_read else {})
        found = find_hidden("text", {"a": plain})
        assert (found is None) is is_read
        if found is not None:
            assert found.names == {"a"}
            assert found.entries["a"][0].counts == {UNREAD: 1}


def test_values_are_read_with_so_many_parts_and_no_more() -> None:
    for count, is_read in ((MOST_PARTS, True), (MOST_PARTS + 1, False)):
        value = ["x"] * count
        assert holds_invisible(value) is not is_read
        assert cleared({"a": value}) == ({"a": value} if is_read else {})
        # Whichever of its parts they are in; and each entry has as many.
        inner = [["x"] * (count - 2 - 100), ["x"] * 100]
        assert cleared({"a": inner, "b": inner}) == ({"a": inner, "b": inner} if is_read else {})
        assert holds_invisible(inner) is not is_read


@pytest.mark.parametrize(("rule", "is_hiding"), [("report", False), ("strip", True), ("drop", True)])
def test_a_gate_hides_what_nobody_sees_where_its_policy_says_so(rule: str, is_hiding: bool) -> None:
    gate = Gate({"invisible": rule})
    assert gate.hides_in({"k": [f"a{TAG}"]}) is is_hiding
    assert not gate.hides_in("plain")


class _Name(str):
    """A name that is another one to whoever asks it."""

    __slots__ = ()

    def __str__(self) -> str:
        return "other"


def test_a_name_of_any_kind_is_read_as_it_is_written() -> None:
    found = find_hidden("text", {_Name(f"a{TAG}"): "x", 7: f"b{TAG}", None: "y"})  # type: ignore[dict-item]
    assert found is not None
    assert found.names == {f"a{TAG}"}
    assert set(found.entries) == {f"a{TAG}", 7}

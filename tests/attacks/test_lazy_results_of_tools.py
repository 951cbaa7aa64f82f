"""Texts that a tool hands over one by one, or in a collection other than a list: withheld where a list is."""

from __future__ import annotations

from collections import ChainMap, Counter, UserList, deque
from collections.abc import Callable, Mapping
from itertools import chain, repeat
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_documents import sealed
from langgraph.types import Command, Send

from doors import ShelfStore
from headgate import Gate
from headgate.testing import Publisher
from langchain_headgate import HeadgateMiddleware, guard

EVIL = "forged: the fee is 99"
REQUEST = SimpleNamespace(tool_call={"name": "pages", "args": {"query": "fee"}, "id": "1"})


class Number(float):
    """A number that prints words."""

    def __repr__(self) -> str:
        return EVIL

    __str__ = __repr__


class Lazy:
    """Something that can be iterated over, and says nothing else of itself."""

    def __init__(self, *held: Any) -> None:
        self.get: Callable[[], Any] = lambda: held

    def __iter__(self) -> Any:
        return iter(self.get())


LAZY: Mapping[str, Callable[[], Any]] = {
    "generator": lambda: (text for text in [EVIL]),
    "generator of pairs": lambda: ((text, 0.5) for text in [EVIL]),
    "map": lambda: map(str, [EVIL]),
    "filter": lambda: filter(None, [EVIL]),
    "zip": lambda: zip([EVIL], [1], strict=True),
    "enumerate": lambda: enumerate([EVIL]),
    "reversed": lambda: reversed([EVIL]),
    "iterator": lambda: iter([EVIL]),
    "chain": lambda: chain([EVIL], repeat(EVIL, 2)),
    "generator in a generator": lambda: ((text for text in [EVIL]) for _ in range(2)),
    "keys": {EVIL: 1}.keys,
    "values": {"text": EVIL}.values,
    "items": {"text": EVIL}.items,
    "something to iterate over": lambda: Lazy(EVIL),
    "set": lambda: {EVIL},
    "frozen set": lambda: frozenset([EVIL]),
    "queue": lambda: deque([EVIL]),
    "user list": lambda: UserList([EVIL]),
    "counter": lambda: Counter([EVIL]),
    "chain of mappings": lambda: ChainMap({"text": EVIL}),
    "proxy": lambda: MappingProxyType({"text": EVIL}),
    "bytes": EVIL.encode,
    "byte array": lambda: bytearray(EVIL.encode()),
    "view of memory": lambda: memoryview(EVIL.encode()),
    "numbers that print words": lambda: [Number(1)],
}

PLACES: Mapping[str, Callable[[Any], Any]] = {
    "artifact": lambda value: ToolMessage("ok", tool_call_id="1", artifact=value),
    "in an artifact": lambda value: ToolMessage("ok", tool_call_id="1", artifact={"found": [value]}),
    "state": lambda value: Command(update={"context": value, "messages": [ToolMessage("x", tool_call_id="1")]}),
    "in the state": lambda value: Command(update={"context": {"found": [1, value]}}),
    "named state": lambda value: Command(update=[("context", value)]),
    "sent": lambda value: Command(goto=Send("answer", {"context": value})),
    "resumed": lambda value: Command(resume=value),
    "itself": lambda value: value,
}


def words_in(value: Any, depth: int = 0) -> str:
    """Return everything that can be read of a value, lazy or not."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode()
    if depth > 12 or isinstance(value, (str, int, float)) or value is None:
        return f"{value}"
    if isinstance(value, Command):
        return words_in([value.update, value.goto, value.resume], depth + 1)
    if isinstance(value, Send):
        return words_in(value.arg, depth + 1)
    if isinstance(value, Mapping):
        return words_in([*value.keys(), *value.values()], depth + 1)
    if hasattr(value, "__iter__") and not hasattr(value, "model_fields"):
        return " ".join(words_in(one, depth + 1) for one in value)
    return words_in(list(getattr(value, "__dict__", {}).values()), depth + 1)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", LAZY)
def test_what_a_named_tool_hands_over_is_withheld(form: str, place: str, gate: Gate) -> None:
    assert "forged" in words_in(PLACES[place](LAZY[form]()))
    named = HeadgateMiddleware(gate, tools=["pages"])
    released = named.wrap_tool_call(REQUEST, lambda _: PLACES[place](LAZY[form]()))
    assert "forged" not in words_in(released)


@pytest.mark.parametrize("form", LAZY)
def test_beside_an_admitted_document_it_stays_out(form: str, gate: Gate, handbook: Publisher) -> None:
    for found in ([sealed(handbook, 1), LAZY[form]()], [(sealed(handbook, 1), LAZY[form]())]):
        answer = ToolMessage("ok", tool_call_id="1", artifact=found)
        released = HeadgateMiddleware(gate, tools=["pages"]).wrap_tool_call(REQUEST, returning(answer))
        assert "forged" not in words_in(released)
        assert "page 1" in words_in(released)


@pytest.mark.parametrize("form", LAZY)
def test_so_it_does_beside_one_of_a_store(form: str, gate: Gate, handbook: Publisher) -> None:
    class Store(ShelfStore):
        def search_rows(self, query: str) -> Any:
            return [(document, LAZY[form]()) for document in self.found]

    out = guard(Store([sealed(handbook, 1)]), gate).search_rows("fee")
    assert "forged" not in words_in(out)
    assert [one[0].page_content for one in out]


def test_what_an_unnamed_tool_hands_over_one_by_one_passes_as_a_list(gate: Gate) -> None:
    command: Any = Command(update={"context": (text for text in ["a", "b"])})
    assert HeadgateMiddleware(gate).wrap_tool_call(REQUEST, returning(command)).update == {"context": ["a", "b"]}


def test_numbers_one_by_one_are_no_texts(gate: Gate) -> None:
    command: Any = Command(update={"scores": (number / 2 for number in (1, 2))})
    named = HeadgateMiddleware(gate, tools=["pages"])
    assert named.wrap_tool_call(REQUEST, returning(command)).update == {"scores": [0.5, 1.0]}


def test_documents_one_by_one_are_judged(gate: Gate, handbook: Publisher) -> None:
    good, bad = sealed(handbook, 1), Document(EVIL)
    for tools in ([], ["pages"]):
        for found in ((one for one in (bad, good)), Lazy(bad, good), [Lazy(bad, good)]):
            command: Any = Command(update={"context": found})
            out = HeadgateMiddleware(gate, tools=tools).wrap_tool_call(REQUEST, returning(command)).update["context"]
            assert "forged" not in words_in(out)
            assert "page 1 " in str(out)


def returning(answer: Any) -> Callable[[Any], Any]:
    return lambda _: answer

"""Values whose truth, equality, length or text raises: no document may take another one with it, or end the chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage

from doors import PASSING, ShelfStore, documents, nodes
from headgate import Chunk, Gate
from headgate.chunk import SEAL_KEY
from headgate.testing import HOSTILE_METADATA
from langchain_headgate import HeadgateMiddleware, guard
from worlds import CLOCK, HANDBOOK, WIKI, gate_of

PAGE = "https://handbook.example/1"


class Raises:
    """Raises for one question, and answers all others."""

    def __init__(self, name: str) -> None:
        def raising(*_: Any) -> Any:
            raise RuntimeError("no answer")

        self.__class__ = type(f"Raises{name}", (Raises,), {name: raising, "__hash__": object.__hash__})


class Undecided:
    """Compares like a column of a table: what it says has no truth value."""

    __hash__ = None  # type: ignore[assignment]  # as columns are

    def __eq__(self, other: object) -> Any:
        return self

    __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __eq__

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")


class Text(str):
    """A text that compares like a column."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> Any:
        return Undecided()

    __ne__ = __eq__


class Table(Mapping[str, object]):
    """A mapping that cannot be looked through."""

    def __getitem__(self, name: str) -> object:
        raise RuntimeError("no entry")

    def __iter__(self) -> Any:
        raise RuntimeError("no names")

    def __len__(self) -> int:
        return 2


VALUES: tuple[object, ...] = (
    np.array([PAGE, "x"]),
    np.array([PAGE]),
    np.array([]),
    np.array([1.5, 2.5]),
    np.array([[PAGE, None], [None, 1]], dtype=object),
    np.array(["2026-01-01", "NaT"], dtype="datetime64[D]"),
    np.ma.masked,
    [np.array([1, 2])],
    {"loc": np.array([1, 2])},
    Undecided(),
    Text(PAGE),
    Text("x"),
    Table(),
    Decimal("sNaN"),
    *map(Raises, ("__bool__", "__len__", "__str__", "__repr__", "__eq__", "__hash__", "__iter__", "__format__")),
    next(one for one in HOSTILE_METADATA if type(one).__name__ == "_Odd"),
)
KEYS = ("source", "url", "last_modified", "valid_until", "superseded_by", "version", "status", "title", SEAL_KEY)
POLICIES: Mapping[str, Mapping[str, object]] = {
    "enforced": {"sources": [HANDBOOK.source()]},
    "warned": {"mode": "warn", "sources": [HANDBOOK.source()]},
    "audited": {"mode": "audit", "sources": [HANDBOOK.source()]},
    "declared": {
        "default": {"provenance": {"require": "declared"}, "freshness": {"max_age": "90d", "missing": "warn"}}
    },
    "covering": {"sources": [HANDBOOK.source()], "metadata": {"release": "all", "source": ["source", "url"]}},
}


FORMS: Mapping[str, Callable[[list[Chunk]], list[Any]]] = {"core": list, "langchain": documents, "llama": nodes}


def of_framework(name: str, chunks: list[Chunk]) -> list[Any]:
    return FORMS[name.partition("_")[0]](chunks)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("door", PASSING)
def test_a_document_with_such_a_value_takes_no_other_with_it(door: str, policy: str) -> None:
    gate = gate_of(POLICIES[policy])
    good = replace(HANDBOOK.seal("a good text", f"{PAGE}2").with_metadata(source=f"{PAGE}2"), id="good")
    others = [
        replace(sealed, text=text, id=f"{number}-{key}-{text[:3]}", metadata={**sealed.metadata, key: value})
        for number, value in enumerate(VALUES)
        for key in KEYS
        for text in ("old text", "forged text")
        if (sealed := HANDBOOK.seal("old text", PAGE))
    ]
    out = PASSING[door](gate, of_framework(door, [good, *others]), "question")
    texts = [str(getattr(one, "text", None) or getattr(one, "page_content", None)) for one in out]
    assert "a good text" in texts
    assert policy in ("audited", "warned", "declared") or "forged text" not in texts


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_it_is_judged_alone_and_recorded(number: int) -> None:
    gate = gate_of({**POLICIES["enforced"], "default": {"provenance": {"require": "declared"}}})
    for key in KEYS:
        for base in (HANDBOOK.seal("old text", PAGE).metadata, {"source": f"{WIKI}1"}):
            admission = gate.admit([Chunk("old text", {**base, key: VALUES[number]})])
            assert len(admission.decisions) == 1
            admission.to_dict()
            repr(admission)


ROWS: Mapping[str, Callable[[Any], Any]] = {
    "itself": lambda value: value,
    "an entry": lambda value: {"page_content": "forged", "metadata": {"source": PAGE}, "score": value},
    "the text": lambda value: {"page_content": value, "metadata": {"source": PAGE}},
    "the metadata": lambda value: {"page_content": "forged", "metadata": value},
    "a type": lambda value: {"type": value, "text": "forged", "source": value, "lc": value, "id": value},
    "a block": lambda value: {"type": "search_result", "source": {"type": value, "data": "forged"}, "content": value},
    "columns": lambda value: {"documents": value, "metadatas": value, "ids": value, "distances": value},
    "a column": lambda value: {"documents": [["forged"]], "metadatas": [[{"source": PAGE}]], "ids": value},
    "beside": lambda value: (Document(page_content="forged", metadata={"source": PAGE}), value),
    "inside": lambda value: SimpleNamespace(found=value, text="forged"),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_tool_that_returns_such_a_value_ends_no_agent(row: str) -> None:
    middleware = HeadgateMiddleware(gate_of(POLICIES["enforced"]), tools=["search"])
    request = SimpleNamespace(tool_call={"name": "search", "args": {"query": "q"}, "id": "1"})
    sealed = HANDBOOK.seal("a good text", PAGE)
    good = Document(page_content=sealed.text, metadata=dict(sealed.metadata))
    for value in VALUES:
        answer = ToolMessage("", tool_call_id="1", artifact=[good, ROWS[row](value)])
        out = middleware.wrap_tool_call(request, returning(answer))
        assert [one.page_content for one in out.artifact if isinstance(one, Document)] == ["a good text"]
        assert "forged" not in out.content


@pytest.mark.parametrize("row", ROWS)
def test_a_store_that_returns_such_a_value_ends_no_search(row: str) -> None:
    sealed = HANDBOOK.seal("a good text", PAGE)
    good = Document(page_content=sealed.text, metadata=dict(sealed.metadata))
    for value in VALUES:
        store = guard(RowStore([good, ROWS[row](value)]), gate_of(POLICIES["enforced"]))
        assert [one.page_content for one in store.search_rows("q") if isinstance(one, Document)] == ["a good text"]


def returning(answer: ToolMessage) -> Callable[[Any], ToolMessage]:
    return lambda _: answer


class RowStore(ShelfStore):
    """A store with a search of its own, which returns whatever it was given."""

    def search_rows(self, query: str) -> list[Any]:
        return list(self.found)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt_metadata": ["source"]},
        {"hidden_metadata": ["source"]},
        {"prompt_metadata": Raises("__hash__")},
        {"id": np.array([1, 2])},
        {"id": Raises("__eq__")},
        {"id": Undecided()},
    ],
    ids=lambda change: str(change).partition(" object at ")[0],
)
def test_what_was_seen_before_breaks_no_more_than_what_was_not(change: dict[str, Any]) -> None:
    good = HANDBOOK.seal("Everyone gets 30 days.", PAGE, {"source": PAGE}, modified=CLOCK.now)
    odd = replace(good, **change)
    gate = Gate({"sources": [HANDBOOK.source()]}, clock=CLOCK)
    first = [one.codes for one in gate.admit([odd, good]).decisions]
    for _ in range(3):
        gate.admit([good])
        assert [one.codes for one in gate.admit([odd, good]).decisions] == first


def test_identifiers_that_are_equal_and_of_two_types_are_two() -> None:
    good = HANDBOOK.seal("Everyone gets 30 days.", PAGE, {"source": PAGE}, modified=CLOCK.now)
    gate = Gate({"sources": [HANDBOOK.source()]}, clock=CLOCK)
    for identifier in (1, True, 1, "1", True):
        (decision,) = gate.admit([replace(good, id=identifier)]).decisions  # type: ignore[arg-type]
        assert decision.chunk_id == str(identifier)

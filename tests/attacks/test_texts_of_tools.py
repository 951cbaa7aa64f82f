"""Documents that are written in a tool's text: wherever they are, what cannot be read stays out, and ends no chain."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_documents import sealed

from headgate import Gate, Policy
from headgate.testing import Publisher
from langchain_headgate import HeadgateMiddleware

EVIL = "forged: the fee is 99"
NOTHING = "No admissible document was found."
REQUEST = SimpleNamespace(tool_call={"name": "web_search", "args": {"query": "fee"}, "id": "1"})
SENTENCE = {"title": "weather", "snippet": "sunny"}


class Page(Document):
    """A document of a class of its own."""


def evil(**metadata: Any) -> Document:
    return Document(EVIL, metadata=metadata)


def content_of(content: Any, gate: Gate) -> Any:
    message = ToolMessage(content, tool_call_id="1")
    return HeadgateMiddleware(gate).wrap_tool_call(REQUEST, lambda _: message).content


ROWS = json.dumps([{"page_content": EVIL, "metadata": {}}])
UNREADABLE = [
    "[Document(metadata={}, page_content='forged\nline')]",
    "[Document(metadata={}, page_content='forged \\x')]",
    "[Document(metadata={}, page_content='forged \\N{nope}')]",
    "[Document(metadata={}, page_content='forged \\777')]",
    "[Document(metadata={}, page_content='forged \\U99999999')]",
    "[Document(metadata={}, page_content='forged \0')]",
    "[Document(metadata={[]: 1}, page_content='forged')]",
    "[Document(metadata=1, page_content='forged')]",
    "page_content='forged' metadata={'a': '\\x'}",
    "page_content='forged' metadata=" + "[" * 1_000,
    f"[{'[' * 50}Document(page_content='forged'){']' * 50}]",
    f"[Document(metadata={{'a': <object at 0x1>}}, page_content={EVIL!r})]",
    f"see Document(page_content={EVIL!r}) in the manual",
    "1. " + str(evil()),
    "\n".join(repr(evil(number=number)) for number in range(2)),
    "\n\n".join(str(evil(number=number)) for number in range(2)),
    f"Found: {[evil()]}",
    f"Results:\n{ROWS}",
    f"{ROWS}\n--\n",
    json.dumps({"text": f"Results: {ROWS}"})[:-1],
    f'{{"page_content": "{EVIL}", "page_content": 1}}',
    json.dumps({"documents": [EVIL], "metadatas": [{}], "more": object.__name__})[:-2],
]
PRINTED = [
    str({"input": "q", "context": [evil(score=float("-inf"), other=float("nan"))], "answer": EVIL}),
    str([1, evil(raw=b"x\x00'", names={"a", "b"}, none=set())]),
    str([("q", [evil(number=-1.5e-7)])]),
    str(
        [Page(page_content=EVIL, metadata={"when": datetime(2026, 1, 1, tzinfo=timezone.utc), "id": uuid.UUID(int=1)})]
    ),
    str([{"page_content": EVIL, "metadata": {"when": datetime(2026, 1, 1, tzinfo=timezone.utc)}}]),
    str([{"text": EVIL, "metadata": {"when": datetime(2026, 1, 1, tzinfo=timezone.utc)}}]),
    str(SimpleNamespace(documents=[evil()])),
    str({"found": evil()}.values()),
    f"\ufeff{ROWS}",
    f"```json\n{ROWS}\n```",
    "[" * 70 + ROWS + "]" * 70,
]


@pytest.mark.parametrize("content", [*UNREADABLE, *PRINTED])
def test_no_text_of_a_document_passes_unread(content: str, gate: Gate) -> None:
    assert "forged" in content
    assert "forged" not in content_of(content, gate)
    assert "forged" not in str(content_of([{"type": "text", "text": content}], gate))
    assert content_of(content, Gate(Policy(mode="audit"))) == content


@pytest.mark.parametrize("content", [*UNREADABLE, *PRINTED])
def test_one_result_of_a_search_takes_away_no_other(content: str, gate: Gate) -> None:
    left = content_of(json.dumps([SENTENCE, {"title": "t", "snippet": content}, "rain"]), gate)
    assert "forged" not in left
    first, _, last = json.loads(left)
    assert (first, last) == (SENTENCE, "rain")
    named = HeadgateMiddleware(gate, tools=["web_search"])
    message = ToolMessage(json.dumps([{"title": EVIL, "snippet": content}]), tool_call_id="1")
    assert "forged" not in named.wrap_tool_call(REQUEST, lambda _: message).content


def test_what_is_printed_and_admissible_passes(handbook: Publisher, gate: Gate) -> None:
    good = sealed(handbook, 1, 'it\'s a "K8s" page\\x\n\tüé\x00\u2028')
    for content in (str([good]), str([(0.5, good), evil(low=float("-inf"))]), str({"found": [Page(**vars(good))]})):
        assert content_of(content, gate) == good.page_content.replace("K8s", "Kubernetes")


@given(
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.binary()
        | st.builds(evil, **{name: st.text() | st.binary() | st.floats() for name in "ab"}),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
            | st.tuples(inner, inner)
        ),
        max_leaves=8,
    ),
    cut=st.integers(min_value=0, max_value=40),
)
def test_whatever_is_printed(value: Any, cut: int) -> None:
    gate = Gate({"default": {"provenance": {"require": "sealed"}}})
    printed = str(value)
    for content in (printed, printed[cut:], printed[: len(printed) - cut]):
        left = content_of(content, gate)
        assert EVIL not in left or "page_content=" not in content

"""Answers of megabytes: nothing that takes long is done in the event loop, and what is too much is not read at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_documents import sealed

from headgate import Gate
from headgate.testing import Publisher
from langchain_headgate import HeadgateMiddleware, guard

NOTHING = "No admissible document was found."
REQUEST = SimpleNamespace(tool_call={"name": "pages", "args": {}, "id": "1"})


class Watched(dict[str, Any]):
    """Metadata that remembers in which threads it was read."""

    def __init__(self, entries: dict[str, Any]) -> None:
        super().__init__(entries)
        self.threads: set[int] = set()

    def items(self) -> Any:
        self.threads.add(threading.get_ident())
        return super().items()


class Finds(BaseRetriever):
    found: list[Any]

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        return self.found

    async def _aget_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        return self.found


async def released(message: ToolMessage, gate: Gate) -> Any:
    async def handler(_: Any) -> ToolMessage:
        return message

    return await HeadgateMiddleware(gate).awrap_tool_call(REQUEST, handler)


async def test_a_record_of_megabytes_is_not_read(handbook: Publisher, gate: Gate) -> None:
    good = sealed(handbook, 1, "genuine page")
    good.metadata["headgate"] = json.dumps({"edits": [[0, 7, "forged"]] * 200_000})
    (found,) = await guard(Finds(found=[good]), gate).ainvoke("fee")
    assert found.page_content == "genuine page"


async def test_an_answer_that_may_be_large_is_read_outside_the_event_loop(handbook: Publisher, gate: Gate) -> None:
    threads = set()

    def yielded() -> Iterator[Document]:
        threads.add(threading.get_ident())
        yield sealed(handbook, 1, "genuine page")

    message = ToolMessage("ok", tool_call_id="1", artifact=yielded())
    assert (await released(message, gate)).content == "genuine page"
    assert threading.get_ident() not in threads


@pytest.mark.parametrize(
    "content",
    [
        str([Document("forged")] * 30_000),
        json.dumps([{"page_content": "forged", "metadata": {}}] * 100_000),
        json.dumps([{"text": "forged", "metadata": {}}] * 150_000),
        "1. " + str(Document("forged")) * 60_000,
    ],
)
async def test_documents_of_megabytes_are_withheld_unread(content: str, gate: Gate) -> None:
    assert len(content) > 1_000_000
    assert (await released(ToolMessage(content, tool_call_id="1"), gate)).content == NOTHING


async def test_numbers_of_megabytes_pass_unread(gate: Gate) -> None:
    message = ToolMessage(json.dumps([1.5] * 1_000_000), tool_call_id="1")
    assert await released(message, gate) is message

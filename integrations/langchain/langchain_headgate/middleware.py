"""HeadgateMiddleware: the gate between an agent's tools and its model."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
)
from langgraph.types import Command

from headgate import Admission, Gate
from headgate.integration.adapters import PolicyLike, as_gate
from langchain_headgate.convert import to_documents
from langchain_headgate.gating import aadmit_documents, admit_documents
from langchain_headgate.tracing import arecord, record

__all__ = ["HeadgateMiddleware"]

_NOTHING = "No admissible document was found."


class HeadgateMiddleware(AgentMiddleware[Any, Any]):
    """Judges the documents that tools return, before the agent's model reads them.

    Documents are found in a tool message's artifact (`response_format="content_and_artifact"`, as
    `create_retriever_tool` has it), and in content that is a JSON list of objects with `page_content` and `metadata`.
    The content is written again from the admissible documents. Other tools are left alone.

    Args:
        policy: a gate, a policy, or the path of a policy file; None runs in audit mode.
        tools: names of tools that return documents and nothing else: what they return without documents that can be
            judged is withheld from the model.
        separator: stands between the documents in the content.

    Raises:
        PolicyError: the policy cannot be used.
    """

    def __init__(self, policy: PolicyLike = None, *, tools: Sequence[str] = (), separator: str = "\n\n") -> None:
        super().__init__()
        self._gate = as_gate(policy)
        self._tools_to_prove = frozenset(tools)
        self._separator = separator

    @property
    def gate(self) -> Gate:
        """The gate."""
        return self._gate

    def wrap_tool_call(self, request: Any, handler: Callable[[Any], ToolMessage | Command[Any]]) -> Any:
        """Let the tool run, and judge what it returns."""
        result = handler(request)
        for message in _messages(result):
            documents = _documents_of(message)
            if documents is None:
                result = _replaced(result, message, self._without_documents(message))
                continue
            admission = admit_documents(self._gate, documents, _query_of(request))
            admission = record(self._gate, admission, get_callback_manager_for_config(ensure_config()))
            result = _replaced(result, message, self._rewritten(message, documents, admission))
        return result

    async def awrap_tool_call(
        self, request: Any, handler: Callable[[Any], Awaitable[ToolMessage | Command[Any]]]
    ) -> Any:
        """Let the tool run, and judge what it returns."""
        result = await handler(request)
        for message in _messages(result):
            documents = _documents_of(message)
            if documents is None:
                result = _replaced(result, message, self._without_documents(message))
                continue
            admission = await aadmit_documents(self._gate, documents, _query_of(request))
            admission = await arecord(self._gate, admission, get_async_callback_manager_for_config(ensure_config()))
            result = _replaced(result, message, self._rewritten(message, documents, admission))
        return result

    def _without_documents(self, message: ToolMessage) -> ToolMessage:
        if message.name not in self._tools_to_prove or self._gate.policy.mode != "enforce":
            return message
        return message.model_copy(update={"content": _NOTHING, "artifact": None})

    def _rewritten(self, message: ToolMessage, documents: list[Document], admission: Admission) -> ToolMessage:
        admitted = to_documents(documents, admission)
        if _is_documents(message.artifact):
            content = self._separator.join(document.page_content for document in admitted) or _NOTHING
            return message.model_copy(update={"content": content, "artifact": admitted})
        rows = [{"page_content": document.page_content, "metadata": document.metadata} for document in admitted]
        return message.model_copy(update={"content": json.dumps(rows, ensure_ascii=False, default=str)})


def _messages(result: Any) -> list[ToolMessage]:
    """Return the tool messages of a tool's result, which may be a command that updates the state."""
    if isinstance(result, ToolMessage):
        return [result]
    update = getattr(result, "update", None)
    found = update.get("messages", []) if isinstance(update, dict) else []
    return [message for message in found if isinstance(message, ToolMessage)]


def _replaced(result: Any, old: ToolMessage, new: ToolMessage) -> Any:
    if result is old:
        return new
    if old is new:
        return result
    messages = [new if message is old else message for message in result.update["messages"]]
    return Command(
        graph=result.graph, update={**result.update, "messages": messages}, resume=result.resume, goto=result.goto
    )


def _documents_of(message: ToolMessage) -> list[Document] | None:
    """Return the documents in a tool message, or None if it holds none."""
    if _is_documents(message.artifact):
        return list(message.artifact)
    if not isinstance(message.content, str) or not message.content.lstrip().startswith("["):
        return None
    try:
        rows = json.loads(message.content)
    except (ValueError, RecursionError):
        return None
    if not rows or not all(isinstance(row, dict) and isinstance(row.get("page_content"), str) for row in rows):
        return None
    return [
        Document(page_content=row["page_content"], metadata=metadata if isinstance(metadata, dict) else {})
        for row in rows
        for metadata in (row.get("metadata"),)
    ]


def _is_documents(artifact: object) -> bool:
    return isinstance(artifact, (list, tuple)) and bool(artifact) and all(isinstance(d, Document) for d in artifact)


def _query_of(request: Any) -> str | None:
    arguments = request.tool_call.get("args", {})
    query = arguments.get("query") if isinstance(arguments, dict) else None
    return query if isinstance(query, str) else None

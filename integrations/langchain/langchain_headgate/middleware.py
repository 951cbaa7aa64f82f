"""HeadgateMiddleware: the gate between an agent's tools and its model."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import ToolMessage
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
)
from langchain_core.tools import BaseTool
from langgraph.types import Command

from headgate import Gate, HeadgateError
from headgate.integration.adapters import PolicyLike, given_gate
from headgate.integration.mark import watching
from langchain_headgate.convert import by_index
from langchain_headgate.gating import aadmit_documents, admit_documents, off_loop
from langchain_headgate.toolresults import ToolResult
from langchain_headgate.tracing import arecord, record

__all__ = ["HeadgateMiddleware"]

_log = logging.getLogger("headgate")


class HeadgateMiddleware(AgentMiddleware[Any, Any]):
    """Judges the documents that tools return, before the agent's model reads them.

    Documents are found in a tool message's artifact (`response_format="content_and_artifact"`, as
    `create_retriever_tool` has it), in its content where that is JSON or content blocks, and in the messages and the
    state of a `Command`: as `Document`, as pairs that begin with one, as rows with `page_content`, in lists and
    mappings of these. The content is written again from the admissible documents; other text beside documents is left
    out. Tools that return no documents are left alone.

    A text in which documents are written that cannot be read stays out as a whole, for nobody can say which they are.
    Within JSON that is not a list of documents, such as the results of a search, that is decided for each text alone.

    Args:
        policy: a gate, a policy, or the path of a policy file.
        tools: tools, or their names, that return documents and nothing else: whatever they return that cannot be judged
            is withheld from the model, wherever it is in the result. A tool that returns text alone is named in a
            warning, once: `create_retriever_tool` needs `response_format="content_and_artifact"`.
        separator: put between the documents in the content.

    Raises:
        PolicyError: there is no policy, or it cannot be used.
        HeadgateError: one of the tools is neither a tool nor a name.
    """

    def __init__(
        self, policy: PolicyLike = None, *, tools: Sequence[str | BaseTool] = (), separator: str = "\n\n"
    ) -> None:
        super().__init__()
        self._gate = given_gate(policy, "HeadgateMiddleware")
        self._tools_to_prove = _names_of(tools)
        self._separator = separator
        self._told: set[str] = set()

    @property
    def gate(self) -> Gate:
        """The gate."""
        return self._gate

    def wrap_tool_call(self, request: Any, handler: Callable[[Any], ToolMessage | Command[Any]]) -> Any:
        """Let the tool run, and judge what it returns; what a gate in it has released is judged by its original."""
        with watching():
            found = self._read(request, handler(request))
            # No documents, no admission; but what a tool says instead may have to be withheld.
            if not found.documents:
                return found.released({})
            admission = admit_documents(self._gate, found.documents, _query_of(request))
        # Middleware is not given the config of its run; it is in a context variable.
        admission = record(self._gate, admission, get_callback_manager_for_config(ensure_config()))
        return found.released(by_index(found.documents, admission))

    async def awrap_tool_call(
        self, request: Any, handler: Callable[[Any], Awaitable[ToolMessage | Command[Any]]]
    ) -> Any:
        """As `wrap_tool_call`."""
        with watching():
            result = await handler(request)
            found = await off_loop(result, lambda: self._read(request, result))
            if not found.documents:
                return await off_loop(result, lambda: found.released({}))
            admission = await aadmit_documents(self._gate, found.documents, _query_of(request))
        released = await arecord(self._gate, admission, get_async_callback_manager_for_config(ensure_config()))
        return await off_loop(result, lambda: found.released(by_index(found.documents, released)))

    def _read(self, request: Any, result: Any) -> ToolResult:
        call = getattr(request, "tool_call", None)
        found = ToolResult(
            result,
            call if isinstance(call, Mapping) else {},
            proved=self._tools_to_prove,
            keeps_rest=not self._gate.keeps_out,
            separator=self._separator,
        )
        name = call.get("name") if isinstance(call, Mapping) else None
        if isinstance(name, str) and name in self._tools_to_prove and not found.documents and _is_text(result):
            self._tell(name)
        return found

    def _tell(self, name: str) -> None:
        """Say once what a tool lacks whose text can only be withheld, because an agent without documents looks fine."""
        if name in self._told or not self._gate.keeps_out:
            return
        self._told.add(name)
        _log.warning(
            "The tool %r returned text without documents, so the model reads none of it. Make the tool with "
            "response_format='content_and_artifact' (create_retriever_tool has that argument), so that the documents "
            "come along and can be judged.",
            name,
        )


def _is_text(result: Any) -> bool:
    return isinstance(result, ToolMessage) and result.artifact is None and bool(result.content)


def _names_of(tools: Sequence[str | BaseTool]) -> frozenset[str]:
    names = []
    for one in [tools] if isinstance(tools, (str, BaseTool)) else tools:
        name = one.name if isinstance(one, BaseTool) else one
        if not isinstance(name, str):
            # A name that matches no call would prove nothing, and nobody would notice.
            raise HeadgateError(f"HeadgateMiddleware(tools=...) takes tools or their names, not {type(name).__name__}.")
        names.append(name)
    return frozenset(names)


def _query_of(request: Any) -> str | None:
    call = getattr(request, "tool_call", None)
    arguments = call.get("args") if isinstance(call, Mapping) else None
    query = arguments.get("query") if isinstance(arguments, dict) else None
    return query if isinstance(query, str) else None

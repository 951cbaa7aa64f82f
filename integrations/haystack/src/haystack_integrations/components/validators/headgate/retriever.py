"""GatedRetriever: a component that finds documents, behind the gate, with the same inputs."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import replace
from typing import Any

from haystack import Document, component, default_from_dict, default_to_dict
from haystack.core.serialization import component_to_dict

from haystack_integrations.components.validators.headgate.adapter import HaystackAdapter
from haystack_integrations.components.validators.headgate.convert import to_documents
from haystack_integrations.components.validators.headgate.gating import (
    aadmit_documents,
    admit_documents,
    as_documents,
    off_loop,
)
from haystack_integrations.components.validators.headgate.tracing import arecord, record
from headgate import AdapterError, Admission, Gate
from headgate.integration.adapters import gate_from_reference, gate_reference, given_gate
from headgate.integration.search import Search
from headgate.integration.surface import Proxy, is_setting, refuse

__all__ = ["GatedRetriever"]

_K = "top_k"
_QUESTION = "query"
# What a pipeline calls before and behind its runs.
_LIFE = ("warm_up", "warm_up_async", "close", "close_async")


@component
class GatedRetriever(Proxy):
    """Finds the admissible documents of another component, in its order; for `isinstance` it is of its class too.

    It has the inputs of the component behind the gate. Asked for `top_k` documents it gives as many admissible ones,
    where there are that many: the component is asked for more than `top_k` at first, and for more again as long as
    documents are kept out and further ones may exist. One without `top_k` is asked once.

    Settings of the component behind the gate (`top_k`, `filters`) are read and set here too; `ungated` is the explicit
    way around, and everything else that could return documents raises.

    Args:
        retriever: the component behind the gate.
        policy: the path of a policy file, a policy, or a gate; a component whose policy is not a file cannot be
            serialised.
        overfetch: how many times `top_k` documents to ask for at first.
        max_fetch: the largest number of documents to ask for.

    Raises:
        AdapterError: the component does not find documents by itself.
        PolicyError: there is no policy, or it cannot be used.
    """

    def __init__(self, retriever: Any, policy: Any = None, overfetch: int = 2, max_fetch: int = 200) -> None:
        gate = given_gate(policy, "GatedRetriever")
        if not HaystackAdapter().accepts(retriever):
            raise AdapterError(
                f"{type(retriever).__name__} does not find documents by itself; connect a HeadgateValidator behind it."
            )
        if overfetch < 1 or max_fetch < 1:
            raise ValueError("overfetch and max_fetch must be at least 1.")
        self.__dict__.update(_gate=gate, _overfetch=overfetch, _max_fetch=max_fetch)
        for name, socket in retriever.__haystack_input__._sockets_dict.items():
            default = {} if socket.is_mandatory else {"default": socket.default_value}
            component.set_input_type(self, name, socket.type, **default)
        component.set_output_types(self, documents=list[Document])
        # Last: from here on it is of the class of what it guards, too, and Haystack would look for sockets there.
        self.__dict__["_retriever"] = retriever

    @property
    def gate(self) -> Gate:
        """The gate; `gate.reload()` reads the policy again."""
        gate: Gate = self.__dict__["_gate"]
        return gate

    @property
    def ungated(self) -> Any:
        """The component behind the gate: what it gives has not been judged."""
        return self.__dict__["_retriever"]

    def to_dict(self) -> dict[str, Any]:
        """Return the component with the one behind it, and a reference to its policy.

        Raises:
            PolicyError: the policy is not a file.
        """
        inner = component_to_dict(self.ungated, "retriever")
        bounds = {"overfetch": self.__dict__["_overfetch"], "max_fetch": self.__dict__["_max_fetch"]}
        return default_to_dict(self, retriever=inner, policy=gate_reference(self.gate), **bounds)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> GatedRetriever:
        """Return the component that `to_dict` described.

        Raises:
            PolicyError: path or revision of the policy is missing, or the file is of another revision by now.
        """
        parameters = dict(data.get("init_parameters") or {})
        # Before the component behind it is built, which may reach for a server.
        gate = gate_from_reference(parameters.get("policy"))
        return default_from_dict(cls, {**data, "init_parameters": {**parameters, "policy": gate}})

    def run(self, *args: Any, **kwargs: Any) -> dict[str, list[Document]]:
        """Return the admissible documents that the component behind the gate finds.

        Args:
            *args: its inputs, in its order.
            **kwargs: its inputs by name.

        Raises:
            NothingAdmissibleError: none is left, and the policy says `on_empty: raise`.
            Exception: whatever that component raises.
        """
        course = _Course(self, _named(self.ungated, args, kwargs))
        for width in course.search:
            with course.search.attempt():
                found = as_documents(self.ungated.run(**course.arguments(width)), self.ungated)
                course.answered(found, admit_documents(self.gate, found, course.question))
        if course.admission is None:
            return {"documents": []}
        return {"documents": to_documents(course.found, record(self.gate, course.limited()))}

    async def run_async(self, *args: Any, **kwargs: Any) -> dict[str, list[Document]]:
        """As `run`; a component that has no asynchronous way is run in a thread."""
        course = _Course(self, _named(self.ungated, args, kwargs))
        for width in course.search:
            with course.search.attempt():
                found = as_documents(await _run_async(self.ungated, course.arguments(width)), self.ungated)
                course.answered(found, await aadmit_documents(self.gate, found, course.question))
        if course.admission is None:
            return {"documents": []}
        admission = await arecord(self.gate, course.limited())
        return {"documents": await off_loop(course.found, lambda: to_documents(course.found, admission))}

    def _wrapped(self) -> Any:
        return self.__dict__.get("_retriever")

    def __getattr__(self, name: str) -> Any:
        inner = self.__dict__.get("_retriever")
        # While it is copied or unpickled, there is nothing behind it yet to ask.
        if inner is None or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = getattr(inner, name)
        if name in _LIFE or is_setting(inner, name, value) or not self.gate.keeps_out:
            return value
        raise refuse(inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        inner = self.__dict__.get("_retriever")
        if inner is None or name.startswith("_") or not hasattr(inner, name):
            object.__setattr__(self, name, value)  # the decorator makes another class, so there is no `super()`
        else:
            # `retriever.top_k = 20` is set on what the caller holds, and has to reach the search.
            setattr(inner, name, value)


class _Course:
    """One question to a gated component: asked for more and more, until enough admissible documents are there."""

    def __init__(self, gated: GatedRetriever, given: dict[str, Any]) -> None:
        gate, inner = gated.gate, gated.ungated
        question = given.get(_QUESTION)
        self.question = question if isinstance(question, str) else None
        self._given = given if self.question is None else {**given, _QUESTION: gate.reworded(self.question)}
        self._takes_k = _K in inner.__haystack_input__._sockets_dict
        chosen = given.get(_K)
        wanted = getattr(inner, _K, None) if chosen is None else chosen
        # A number that is not a count is for the component to refuse.
        self._wanted = wanted if type(wanted) is int and wanted > 0 else None
        filters = given.get("filters") or getattr(inner, "filters", None)
        self.search = Search(
            self._wanted,
            first=gated.__dict__["_overfetch"] if gate.keeps_out else 1,
            limit=gated.__dict__["_max_fetch"],
            is_adjustable=self._takes_k,
            has_pool=bool(filters),
        )
        self.found: list[Document] = []
        self.admission: Admission | None = None

    def arguments(self, width: int) -> dict[str, Any]:
        """Return the inputs that ask for `width` documents; 0 for those of the caller."""
        return {**self._given, _K: width} if width and self._takes_k else self._given

    def answered(self, found: list[Document], admission: Admission) -> None:
        self.found, self.admission = found, admission
        self.search.succeeded(len(admission.chunks), len(found))

    def limited(self) -> Admission:
        if self.admission is None:
            raise AssertionError("only an answer has an admission")
        if self._wanted is None:
            return self.admission
        return replace(self.admission, shortfall=self.search.shortfall).limited_to(self._wanted)


def _named(inner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of a component by name."""
    return dict(inspect.signature(inner.run).bind(*args, **kwargs).arguments) if args else kwargs


async def _run_async(inner: Any, arguments: dict[str, Any]) -> Any:
    run = getattr(inner, "run_async", None)
    if inspect.iscoroutinefunction(run):
        return await run(**arguments)
    return await asyncio.to_thread(inner.run, **arguments)

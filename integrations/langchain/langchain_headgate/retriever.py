"""GatedRetriever: a retriever behind the gate, which is a retriever."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import ConfigurableField, Runnable, RunnableSerializable
from langchain_core.vectorstores import VectorStore
from pydantic import Field, PrivateAttr, field_serializer, field_validator, model_validator

from headgate import AdapterError, Admission, Gate
from headgate.integration.adapters import gate_reference, given_gate
from headgate.integration.callers import judged_outside
from headgate.integration.returns import looked_at
from headgate.integration.search import Search
from headgate.integration.steps import is_trusted
from headgate.integration.surface import Proxy, is_harmless_method, is_setting, refuse
from headgate.integration.tracing import TraceInner, inner_trace
from langchain_headgate.comparing import Behind, Parts, as_part, collecting, released
from langchain_headgate.fetching import Reach, afetch, fetch
from langchain_headgate.gating import aadmit_documents, admit_documents, as_documents, off_loop
from langchain_headgate.outside import refuse_lookups
from langchain_headgate.parts import read_behind, rewriting_steps
from langchain_headgate.reading import refusal_of_readers
from langchain_headgate.tracing import arecord, record

__all__ = ["GatedRetriever"]


class GatedRetriever(Proxy, BaseRetriever):
    """Returns the admissible documents of another retriever, in its order; for `isinstance` it is of its class too.

    A request for k documents returns k admissible ones, where the inner retriever has them: it is asked for more than
    k at first, and for more again as long as documents are kept out and further ones may exist. An inner retriever
    that cannot be told how many to return is asked once.

    Where the inner retriever shows documents to a compressor or a model, as `ContextualCompressionRetriever` does, the
    retriever that it asks is behind the gate too, so that no model reads what is not admissible.

    The settings of the inner retriever (`search_kwargs`, `search_type`) are read and set here too. Its vector store
    and its parts come back guarded; `ungated` is the explicit way around.

    Attributes:
        retriever: the retriever behind the gate.
        policy: a gate, a policy, or the path of a policy file.
        k: how many documents to return; None for as many as the inner retriever would.
        overfetch: how many times k documents to ask for at first.
        max_fetch: the largest number of documents to ask for.
        trace_inner: how much tracers see of what the inner retriever returned, dropped documents included: `full`
            is its own run and all below it, `ids` one run with ids and digests instead of texts, `off` no run. By
            default `ids` where the gate keeps documents out, so that their texts do not go to whoever traces, and
            `full` where it does not.

    Raises:
        PolicyError: there is no policy, or it cannot be used.
        AdapterError: the retriever, or a step in it, is of a class of its own that has a model, and sources which the
            gate cannot be put before.
    """

    retriever: BaseRetriever
    policy: Any = Field(default=None, repr=False, validate_default=True)
    k: int | None = Field(default=None, ge=0)
    overfetch: int = Field(default=2, ge=1)
    max_fetch: int = Field(default=200, ge=1)
    trace_inner: TraceInner | None = None
    _is_looked_through: bool = PrivateAttr(default=False)

    @field_validator("policy", mode="before")
    @classmethod
    def _load(cls, policy: Any) -> Gate:
        # A mistake shows here and not at the first question.
        return given_gate(policy, "GatedRetriever")

    @field_serializer("policy")
    def _refer(self, policy: Any) -> dict[str, str]:
        return gate_reference(policy)

    @model_validator(mode="before")
    @classmethod
    def _configure_inner(cls, values: Any) -> Any:
        """Give settings of the inner retriever to it: `configurable_fields` makes a retriever again from its fields."""
        retriever = values.get("retriever") if isinstance(values, dict) else None
        if not isinstance(retriever, BaseRetriever):
            return values
        theirs = type(retriever).model_fields
        changes = {name: value for name, value in values.items() if name in theirs and name not in cls.model_fields}
        if not changes:
            return values
        fields = {name: value for name, value in retriever.__dict__.items() if name in theirs}
        own = {name: value for name, value in values.items() if name not in changes}
        # By its constructor, so that its own validators see the change.
        return {**own, "retriever": type(retriever)(**{**fields, **changes})}

    def model_post_init(self, context: Any) -> None:
        """Refuse what the gate cannot be put around, where it keeps anything out."""
        super().model_post_init(context)
        self._require_no_reader()

    def _require_no_reader(self) -> None:
        if self._is_looked_through or not self.gate.keeps_out:
            return
        refusal = refusal_of_readers(self.retriever)
        if refusal is not None:
            raise AdapterError(refusal)
        self._is_looked_through = True

    @property
    def gate(self) -> Gate:
        """The gate; `retriever.gate.reload()` reads the policy again.

        Raises:
            PolicyError: the policy has been taken away.
        """
        if not isinstance(self.policy, Gate):
            self.policy = given_gate(self.policy, "GatedRetriever")
        gate: Gate = self.policy
        return gate

    @property
    def ungated(self) -> BaseRetriever:
        """The retriever behind the gate: what it returns has not been judged."""
        return self.retriever

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        """Return the name of its run in traces."""
        return super().get_name(suffix, name=name or self.name or type(self).__name__)

    def configurable_fields(self, **kwargs: Any) -> RunnableSerializable[str, list[Document]]:
        """Return a runnable whose settings, those of the inner retriever included, are chosen when it is asked."""
        from langchain_headgate.runnables import GatedConfigurableFields

        return GatedConfigurableFields.over(self, kwargs)

    def configurable_alternatives(
        self, which: ConfigurableField, *, default_key: str = "default", prefix_keys: bool = False, **kwargs: Any
    ) -> RunnableSerializable[str, list[Document]]:
        """Return a runnable that asks this retriever or an alternative; alternatives are guarded too."""
        from langchain_headgate.runnables import guard_alternative

        guarded = {key: guard_alternative(alternative, self.gate) for key, alternative in kwargs.items()}
        return super().configurable_alternatives(which, default_key=default_key, prefix_keys=prefix_keys, **guarded)

    def with_fallbacks(self, fallbacks: Sequence[Runnable[str, list[Document]]], **kwargs: Any) -> Any:
        """Return a runnable that asks other retrievers where this one raises; fallbacks are guarded too."""
        from langchain_headgate.runnables import guard_part

        return super().with_fallbacks([guard_part(fallback, self.gate) for fallback in fallbacks], **kwargs)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None, **kwargs: Any
    ) -> list[Document]:
        gate = self.gate
        refuse_lookups(gate)
        course, shown = _Course(self, k, kwargs), inner_trace(self.trace_inner, gate)
        for width in course.search:
            with course.search.attempt():
                inner, arguments = course.ask(width)
                # What it finds is judged below, so that texts of its own do not lead around a gate.
                with judged_outside(gate), collecting(gate) as parts:
                    found = fetch(inner, gate.reworded(query), run_manager, arguments, shown)
                behind = course.compared(as_documents(found, self.retriever), parts)
                course.answered(width, behind, admit_documents(gate, behind.judged, query))
        if course.admission is None:
            return []
        return course.released(record(gate, course.limited(), run_manager.get_child()))

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        gate = self.gate
        refuse_lookups(gate)
        course, shown = _Course(self, k, kwargs), inner_trace(self.trace_inner, gate)
        for width in course.search:
            with course.search.attempt():
                inner, arguments = course.ask(width)
                with judged_outside(gate), collecting(gate) as parts:
                    found = await afetch(inner, gate.reworded(query), run_manager, arguments, shown)
                documents = as_documents(found, self.retriever)
                behind = await off_loop(documents, functools.partial(course.compared, documents, parts))
                course.answered(width, behind, await aadmit_documents(gate, behind.judged, query))
        if course.admission is None:
            return []
        return course.released(await arecord(gate, course.limited(), run_manager.get_child()))

    def _wrapped(self) -> BaseRetriever | None:
        return self.__dict__.get("retriever")

    def __repr_name__(self) -> str:
        return type(self).__name__

    def __getattr__(self, name: str) -> Any:
        inner = self._wrapped()
        # While it is copied or unpickled, there is no inner retriever yet to ask.
        if name.startswith("__") or inner is None or name in type(self).__private_attributes__:
            return super().__getattr__(name)  # type: ignore[misc]  # pydantic hides it from type checkers
        value = getattr(inner, name)
        gate = self.gate
        if is_setting(inner, name, value, (Embeddings,)):
            return value
        guarded = _guard_part(value, gate)
        if guarded is not None or not gate.keeps_out:
            return value if guarded is None else guarded
        if callable(value) and is_harmless_method(name):
            return looked_at(inner, name, value)
        raise refuse(inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if self._wrapped() is None or name in type(self).__private_attributes__:
            super().__setattr__(name, value)
            return
        self._is_looked_through = False
        if name in type(self).model_fields:
            # Not by the model's own way, which asks `__class__` what fields there are.
            self.__dict__[name] = value
            self.__pydantic_fields_set__.add(name)
        else:
            # `retriever.search_kwargs = ...` is set on what the caller holds, and has to reach the search.
            setattr(self.retriever, name, value)


class _Course:
    """One question to a gated retriever: asked for more and more, until k admissible documents are there."""

    def __init__(self, gated: GatedRetriever, k: int | None, kwargs: dict[str, Any]) -> None:
        gated._require_no_reader()  # the gate may keep out since it was reloaded
        self._kwargs, self._gate = kwargs, gated.gate
        self._retriever = read_behind(gated.retriever, gated.gate)
        self._steps = rewriting_steps(gated.retriever) if gated.gate.keeps_out else []
        self._reach = reach = Reach(self._retriever)
        self._wanted = next((one for one in (k, gated.k, reach.k) if one is not None), None)
        # What collapses is asked for as many as the caller asks for, and for more only if something is kept out; and a
        # gate that keeps nothing out must not change what a search finds.
        first = 1 if reach.is_collapsing or not gated.gate.keeps_out else gated.overfetch
        self.search = Search(
            self._wanted,
            first=first,
            limit=gated.max_fetch,
            is_adjustable=reach.is_adjustable,
            has_pool=reach.has_pool(kwargs),
        )
        self._behind = Behind([])
        self.admission: Admission | None = None

    def ask(self, width: int) -> tuple[BaseRetriever, dict[str, Any]]:
        if self._wanted is None:
            return self._retriever, self._kwargs
        return self._reach.ask_for(width, self._kwargs, self.search.scale)

    def compared(self, found: list[Document], parts: Parts) -> Behind:
        names = [type(step).__name__ for step in self._steps]
        may_rewrite = bool(names) and all(is_trusted(step, self._gate) for step in self._steps)
        return Behind(found, parts, names, may_rewrite=may_rewrite)

    def answered(self, width: int, behind: Behind, admission: Admission) -> None:
        self._behind, self.admission = behind, behind.explained(admission)
        found = len(behind.judged)
        self.search.succeeded(*self._reach.counts(width, self._wanted, len(admission.chunks), found))

    def released(self, admission: Admission) -> list[Document]:
        documents = self._behind.released(as_part(self._gate, admission))
        released(self._gate, documents, self._behind.judged, admission)
        return list(documents.values())

    def limited(self) -> Admission:
        if self.admission is None:
            raise AssertionError("only an answer has an admission")
        if self._wanted is None:
            return self.admission
        return replace(self.admission, shortfall=self.search.shortfall).limited_to(self._wanted)


def _guard_part(value: Any, gate: Gate) -> Any:
    """Return a part of a retriever behind the same gate; None for what is neither a retriever nor a store."""
    from langchain_headgate.vectorstore import GatedVectorStore

    if isinstance(value, (GatedRetriever, GatedVectorStore)):
        return value
    if isinstance(value, VectorStore):
        return GatedVectorStore(value, gate)
    if isinstance(value, BaseRetriever):
        return GatedRetriever(retriever=value, policy=gate)
    if isinstance(value, (list, tuple)) and value:
        parts = [_guard_part(part, gate) for part in value]
        return None if any(part is None for part in parts) else parts
    return None

"""Guarding what LangChain wraps around a retriever: bound, configurable, retried, with fallbacks.

The gate goes inside, next to the retriever, so that what is configured or bound reaches the retriever as before, and a
search still fills up to k.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase, RunnableEachBase
from langchain_core.runnables.configurable import RunnableConfigurableAlternatives, RunnableConfigurableFields
from langchain_core.runnables.utils import ConfigurableFieldSpec, get_unique_config_specs

from headgate import Gate
from langchain_headgate.compressor import gate_documents
from langchain_headgate.retriever import GatedRetriever

__all__ = ["GatedConfigurableFields", "guard_alternative", "guard_part", "guard_runnable", "is_retrieving"]


class GatedConfigurableFields(RunnableConfigurableFields[str, list[Document]]):
    """A gated retriever with settings, its own or those of the retriever behind the gate, chosen when it is asked."""

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Return False: LangChain's own form of it would come back without the gate."""
        return False

    @classmethod
    def over(cls, gated: GatedRetriever, fields: Mapping[str, Any]) -> GatedConfigurableFields:
        """Return a gated retriever with configurable fields.

        Raises:
            ValueError: neither it nor the retriever behind it has such a field.
        """
        known = type(gated).model_fields.keys() | type(gated.ungated).model_fields.keys()
        unknown = sorted(fields.keys() - known)
        if unknown:
            raise ValueError(f"Configuration key {unknown[0]} not found; available keys are {sorted(known)}.")
        return cls(default=gated, fields=dict(fields))

    def _prepare(self, config: RunnableConfig | None = None) -> tuple[Runnable[str, list[Document]], RunnableConfig]:
        """Return the retriever with the settings of a question, which is a gated one again."""
        gated, kind = self.default, type(self.default)

        # The base makes it of the `__class__` of its default, which a gated retriever shares with what is behind it.
        class Fields:
            model_fields = kind.model_fields
            __class__ = property(lambda _: kind)

        fields: Any = Fields()
        fields.__dict__.update(gated.__dict__)
        plain: Any = RunnableConfigurableFields.model_construct(default=fields, fields=self.fields)
        made, config = plain._prepare(config)
        return (gated if made is fields else made), config

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        """The settings, each described as the retriever that has it describes it."""
        gated: Any = self.default
        own = {name: field for name, field in self.fields.items() if name in type(gated).model_fields}
        theirs = {name: field for name, field in self.fields.items() if name not in own}
        specs = RunnableConfigurableFields(default=gated, fields=own).config_specs
        specs += RunnableConfigurableFields(default=gated.ungated, fields=theirs).config_specs
        return get_unique_config_specs(specs)


def is_retrieving(target: object) -> bool:
    """Return whether an object is a retriever, or something that LangChain has wrapped around one."""
    if isinstance(target, BaseRetriever):
        return True
    if isinstance(target, (RunnableBindingBase, RunnableEachBase)):
        return is_retrieving(target.bound)
    if isinstance(target, RunnableWithFallbacks):
        return all(map(is_retrieving, target.runnables))
    if isinstance(target, RunnableConfigurableFields):
        return isinstance(target.default, BaseRetriever)
    if isinstance(target, RunnableConfigurableAlternatives):
        parts = [part for part in target.alternatives.values() if isinstance(part, Runnable)]
        return all(map(is_retrieving, (target.default, *parts)))
    return False


def guard_runnable(target: Any, gate: Gate) -> Any:
    """Return the gated form of a retriever, or of what is wrapped around one.

    Args:
        target: something of which `is_retrieving` is true.
        gate: the gate.
    """
    if isinstance(target, BaseRetriever):
        # Name, tags and metadata too, so that traces show the run that they showed before; and a `k` of its own is one
        # that users read and set.
        k = getattr(target, "k", None) if "k" in type(target).model_fields else None
        own: dict[str, Any] = {"name": target.name, "tags": target.tags, "metadata": target.metadata}
        return GatedRetriever(retriever=target, policy=gate, k=k if type(k) is int else None, **own)
    if isinstance(target, (RunnableBindingBase, RunnableEachBase)):
        return target.model_copy(update={"bound": guard_runnable(target.bound, gate)})
    if isinstance(target, RunnableWithFallbacks):
        parts = [guard_runnable(part, gate) for part in target.runnables]
        return target.model_copy(update={"runnable": parts[0], "fallbacks": parts[1:]})
    if isinstance(target, RunnableConfigurableFields):
        guarded = guard_runnable(target.default, gate).configurable_fields(**target.fields)
        return guarded.with_config(target.config) if target.config else guarded
    alternatives = {key: guard_alternative(part, gate) for key, part in target.alternatives.items()}
    return target.model_copy(update={"default": guard_runnable(target.default, gate), "alternatives": alternatives})


def guard_part(part: Any, gate: Gate) -> RunnableSerializable[Any, Any] | Any:
    """Return a fallback or an alternative behind the gate, whatever it is that returns documents."""
    if is_retrieving(part):
        return part if isinstance(part, GatedRetriever) else guard_runnable(part, gate)
    return part | gate_documents(gate)


def guard_alternative(part: Any, gate: Gate) -> Any:
    """As `guard_part`, also for a function that makes the alternative when it is chosen."""
    return guard_part(part, gate) if isinstance(part, Runnable) else _Made(part, gate)


# An object rather than a closure, so that it can be pickled with its gate.
class _Made:
    """A function that makes an alternative, and guards it."""

    def __init__(self, make: Callable[[], Any], gate: Gate) -> None:
        self._make, self._gate = make, gate

    def __call__(self) -> Any:
        return guard_part(self._make(), self._gate)

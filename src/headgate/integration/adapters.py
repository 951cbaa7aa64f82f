"""`guard`: one line for any framework whose adapter is installed."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from headgate.admission.gate import Gate
from headgate.admission.trail import announce
from headgate.chunk import Chunk
from headgate.decision import Admission
from headgate.errors import AdapterError, PolicyError
from headgate.integration.loops import wait_for
from headgate.integration.sharing import shared_gate
from headgate.policy import Policy
from headgate.record.place import default_log_path

__all__ = [
    "Adapter",
    "PolicyLike",
    "adapter_of",
    "adapters",
    "as_gate",
    "gate_from_reference",
    "gate_reference",
    "given_gate",
    "guard",
    "log_dropped",
    "observe_target",
    "require_gate",
    "retrieving",
]

T = TypeVar("T")
PolicyLike = Gate | Policy | str | Path | Mapping[str, object] | None

_GROUP = "headgate.adapters"
_REFERENCE = {"path", "revision"}
# Which distribution adapts the objects of which framework; only named in messages, never imported.
_DISTRIBUTIONS = {
    "langchain_core": "langchain-headgate",
    "langchain_classic": "langchain-headgate",
    "langchain": "langchain-headgate",
    "llama_index": "llama-index-postprocessor-headgate",
    "haystack": "headgate-haystack",
}
_log = logging.getLogger("headgate")


@runtime_checkable
class Observer(Protocol):
    """What an adapter adds so that commands can judge what an application of the user's own really retrieves."""

    def observe(self, target: Any, question: str) -> list[Chunk] | None:
        """Return what a target retrieves for a question, before any gate; None for what is not of the framework.

        A target is anything that can be asked: a retriever, store, index, engine, chain, agent or graph.
        """


@runtime_checkable
class Adapter(Protocol):
    """What an integration registers under the entry-point group `headgate.adapters`."""

    name: str

    def accepts(self, target: object) -> bool:
        """Return whether this adapter can guard an object; must not import anything to find out."""

    def guard(self, target: Any, gate: Gate) -> Any:
        """Return the same kind of object, gated."""

    def documents(self, chunks: Sequence[Chunk]) -> list[Any]:
        """Return chunks as the framework's documents or nodes."""

    def retrieve(self, target: Any, question: str) -> list[Chunk]:
        """Return what a retriever finds, as chunks."""


@runtime_checkable
class Watcher(Protocol):
    """What an adapter adds so that a function of the user's own can be observed, which belongs to no framework."""

    def watched(self) -> AbstractContextManager[Callable[[], list[Chunk]]]:
        """Watch what retrieves, with every gate in observation; the function returns what has been retrieved."""


def adapter_of(target: object) -> Adapter:
    """Return the adapter of an object.

    Raises:
        AdapterError: no installed adapter accepts it; the message names the package to install.
    """
    for adapter in adapters():
        if adapter.accepts(target):
            return adapter
    raise AdapterError(_explain_missing(target))


def retrieving(retriever: object) -> Callable[[str], Sequence[Chunk]]:
    """Return a function that asks a retriever a question and returns chunks.

    Args:
        retriever: a retriever of LangChain or LlamaIndex, or such a function already.

    Raises:
        AdapterError: it is neither.
    """
    try:
        # The adapters first: a framework's object may be callable too, in a way of its own.
        adapter = adapter_of(retriever)
    except AdapterError:
        if callable(retriever):
            return retriever
        raise
    return lambda question: adapter.retrieve(retriever, question)


def observe_target(target: object, question: str) -> list[Chunk]:
    """Return what an object of any framework retrieves for a question, as it arrives there, before any gate.

    Args:
        target: anything that can be asked; a function of the question is called, and its models are really asked.
        question: what to ask.

    Raises:
        AdapterError: no installed adapter can ask it; the message names the package to install.
        Exception: whatever the target raises.
    """
    for adapter in adapters():
        found = adapter.observe(target, question) if isinstance(adapter, Observer) else None
        if found is not None:
            return found
    if inspect.isroutine(target):
        return _observe_call(target, question)
    raise AdapterError(_explain_unasked(target))


def _observe_call(function: Callable[..., Any], question: str) -> list[Chunk]:
    """Return what is retrieved while a function answers a question, wherever in it, before any gate."""
    with ExitStack() as stack:
        seen = [stack.enter_context(one.watched()) for one in adapters() if isinstance(one, Watcher)]
        try:
            answer = function(question)
            if inspect.isawaitable(answer):
                wait_for(answer)
        except Exception:
            if not any(found() for found in seen):
                raise
        return [chunk for found in seen for chunk in found()]


def guard(target: T, policy: PolicyLike = None) -> T:
    """Put the gate behind a retriever, a vector store or an engine.

    Args:
        target: an object of LangChain or LlamaIndex.
        policy: a gate, a policy, or the path of a policy file. Without one the gate runs in audit mode: nothing is
            dropped or rewritten, everything is recorded.

    Returns:
        The same kind of object; what it returns has passed the gate.

    Raises:
        AdapterError: no installed adapter can guard it; the message names the package to install.
        PolicyError: the policy cannot be used.
    """
    guarded: T = adapter_of(target).guard(target, as_gate(policy))
    return guarded


def adapters() -> Iterable[Adapter]:
    """Yield the installed adapters."""
    for entry in entry_points(group=_GROUP):
        adapter = entry.load()
        yield adapter() if isinstance(adapter, type) else adapter


def as_gate(policy: PolicyLike) -> Gate:
    """Return the gate that a policy means; without one, a gate in audit mode, and say so once.

    The path of a policy file means the gate that this process shares for it.

    Raises:
        PolicyError: the policy cannot be used.
    """
    if isinstance(policy, Gate):
        return policy
    if policy is None:
        return _audit_gate()
    return shared_gate(policy) if isinstance(policy, (str, Path)) else Gate(policy)


def require_gate(policy: PolicyLike, owner: str) -> Gate:
    """Return the gate that a policy means, for what is built without `guard`.

    Only `guard(x)` may be called without a policy. Anything else that lost its policy on the way must not turn into a
    gate that lets everything through.

    Args:
        policy: a gate, a policy, a mapping, or the path of a policy file.
        owner: what needs it, for the message.

    Raises:
        PolicyError: there is no policy, or it cannot be used.
    """
    if policy is None:
        raise PolicyError(
            f"{owner} has no policy.", "Give a path, a policy or a gate; to record only, a policy with `mode: audit`."
        )
    return as_gate(policy)


def gate_reference(gate: Gate) -> dict[str, str]:
    """Return what a serialised component carries instead of its gate: the policy's path and revision.

    Raises:
        PolicyError: the policy was not read from a file, so what is written could not be read again.
    """
    if gate.path is None:
        raise PolicyError(
            "a component whose policy is not a file cannot be serialised.",
            "Build it with the path of a policy file, or give it its policy again where it is loaded.",
        )
    return {"path": str(gate.path), "revision": gate.policy_revision}


def gate_from_reference(reference: object) -> Gate:
    """Return the gate that `gate_reference` described.

    Raises:
        PolicyError: path or revision is missing, the file cannot be used, or it is of another revision by now.
    """
    path = reference.get("path") if isinstance(reference, Mapping) else None
    revision = reference.get("revision") if isinstance(reference, Mapping) else None
    if not isinstance(path, str) or not isinstance(revision, str) or not path or not revision:
        raise PolicyError("the serialised component does not say which policy it had.", "Build it again.")
    # Loaded before it is compared, because the revision is over its keys and glossaries too; and as the file is now.
    gate = shared_gate(path, strict=True)
    if gate.policy_revision != revision:
        raise PolicyError(
            f"the policy is of revision {gate.policy_revision} by now, not {revision}.",
            "Build the component again under the policy that is in force.",
            file=path,
        )
    return gate


def given_gate(policy: Any, owner: str) -> Gate:
    """Return the gate of a component that is built with a policy, or read from its serialised form.

    Args:
        policy: a gate, a policy, the path of a policy file, or the reference that a serialised component carries.
        owner: the component's name, for the message.

    Raises:
        PolicyError: there is no policy, it cannot be used, or it is of a different revision than the serialised one.
    """
    # A mapping is a policy written inline, unless it has the keys of a reference, which no policy has.
    if isinstance(policy, Mapping) and (not policy or _REFERENCE & policy.keys()):
        return gate_from_reference(policy)
    return require_gate(policy, owner)


def log_dropped(admission: Admission) -> None:
    """Log, at level INFO, how many documents an admission dropped and for which reasons."""
    if admission.dropped and _log.isEnabledFor(logging.INFO):
        reasons = {code: count for code, count in sorted(admission.counts().items()) if code not in ("admit", "drop")}
        _log.info(
            "admission %s dropped %d of %d: %s",
            admission.id,
            len(admission.dropped),
            len(admission.decisions),
            reasons,
        )


# Once per process: chains are built per request in places.
@lru_cache(maxsize=1)
def _audit_gate() -> Gate:
    announce(
        default_log_path(),
        "headgate has no policy (`headgate init` drafts one, in five minutes) and runs in audit mode",
    )
    return Gate(Policy(mode="audit"))


def _distribution_for(target: object) -> tuple[str, str] | None:
    # By all bases, because a user's own retriever lives in the user's own module.
    homes = {base.__module__.partition(".")[0] for base in type(target).__mro__}
    return next(((home, name) for home, name in _DISTRIBUTIONS.items() if home in homes), None)


def _explain_unasked(target: object) -> str:
    kind = type(target)
    missing = _distribution_for(target)
    if missing is not None:
        return f"{kind.__qualname__} cannot be asked. If it is a part of {missing[0]}: pip install {missing[1]}"
    return (
        f"{kind.__module__}.{kind.__qualname__} is nothing that can be asked: not a retriever, store, index, engine, "
        "chain, agent or graph of LangChain, LlamaIndex or Haystack."
    )


def _explain_missing(target: object) -> str:
    kind = type(target)
    missing = _distribution_for(target)
    if missing is not None:
        return (
            f"{kind.__qualname__} cannot be guarded. If it is a retriever or vector store of {missing[0]}: "
            f"pip install {missing[1]}"
        )
    return (
        f"{kind.__module__}.{kind.__qualname__} cannot be guarded by headgate. Give a retriever or a vector store "
        "of LangChain, LlamaIndex or Haystack, or call Gate.admit on your own chunks."
    )

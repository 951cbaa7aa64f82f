"""prove: does the line work in your own chain? Canaries behind the real retriever, and a look at the prompt."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from headgate.admission.gate import Gate
from headgate.chunk import Chunk
from headgate.clock import utc_now
from headgate.errors import AdapterError, HeadgateError
from headgate.integration.adapters import adapters
from headgate.provenance import Sealer, generate_signing_key

__all__ = ["Canaries", "Diagnosis", "Leaf", "Probe", "prove"]

_PROMISES = {
    "genuine": "a genuine, current document reaches the prompt",
    "forged": "a forged document does not",
    "stale": "a stale document does not",
    "worded": "a document in other words reaches it in canonical terms",
}
_SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class Canaries:
    """Documents that show where they come from and what became of them.

    Attributes:
        chunks: forged, stale, in other words, and genuine.
        mark: a text that is in each of them and nowhere else.
    """

    chunks: tuple[Chunk, ...]
    mark: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place where documents come from.

    Attributes:
        path: the way to it through the chain's objects.
        kind: the name of its class.
        plant: puts canaries behind it, and returns what takes them away again.
    """

    path: str
    kind: str
    plant: Callable[[Canaries], Callable[[], None]]


class Probe(Protocol):
    """What an integration offers, as `prober(target)` of its adapter, so that its chains can be proved.

    Attributes:
        gates: the gates in the chain.
        leaves: where its documents come from.
        around: places from which a step behind the gate may add documents that no gate has judged, such as a document
            store beside a gated retriever; canaries cannot show whether it does.
    """

    gates: Sequence[Gate]
    leaves: Sequence[Leaf]
    around: Sequence[str]

    def observe(self, question: str, marks: Sequence[str], given: Any) -> str:
        """Ask the chain, and return everything that its model would read, or that it returned."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a proof has shown.

    Attributes:
        promises: for each place that was used, by its path: which promises hold.
        unused: places that the question did not lead to.
        advice: what to change.
        unproved: places from which documents may come around the gate, whatever the canaries have shown.
    """

    promises: dict[str, dict[str, bool]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()

    @property
    def is_kept(self) -> bool:
        """Whether every promise holds at every place that was used, and at least one was."""
        return bool(self.promises) and all(all(found.values()) for found in self.promises.values())

    @property
    def holds(self) -> bool:
        """Whether all promises are kept, and documents cannot come in another way."""
        return self.is_kept and not self.unproved

    def to_dict(self) -> dict[str, object]:
        """Return the diagnosis as plain JSON values."""
        return {
            "holds": self.holds,
            "promises": self.promises,
            "unused": list(self.unused),
            "unproved": list(self.unproved),
            "advice": list(self.advice),
        }

    def __str__(self) -> str:
        broken = "The line is not proved." if self.is_kept else "The line does not work."
        lines = ["The line works." if self.holds else broken]
        for path, found in self.promises.items():
            lines += ["", path]
            lines += [f"  {'holds ' if found[name] else 'BROKEN'}  {_PROMISES[name]}" for name in _PROMISES]
        lines += ["", *(f"Not used by this question: {path}" for path in self.unused)] if self.unused else []
        lines += ["", *self.advice] if self.advice else []
        return "\n".join(lines)


def prove(target: object, question: str = "What does the handbook say?", *, given: Any = None) -> Diagnosis:
    """Plant canaries behind a chain's own retrievers, and look at the prompt that its model would get.

    For the time of the proof, each gate in the chain knows one source more, that of the canaries, and records nothing;
    afterwards everything is as it was. The model is not asked, unless it has to speak before documents come (agents).
    Run it where nobody else uses the same objects.

    Args:
        target: a retriever, vector store, chain, engine or agent, gated or not.
        question: what to ask; the canaries are found whatever it is.
        given: the input, where it is not the question alone.

    Returns:
        Which promises hold, where the gate is bypassed, and what to change.

    Raises:
        AdapterError: no installed integration knows such an object.
        HeadgateError: the chain raised before its prompt could be seen, so nothing is proved.
    """
    probe = _find_probe(target)
    if not probe.leaves:
        raise AdapterError(f"No retriever and no vector store can be found in this {type(target).__name__}.")
    with ExitStack() as stack:
        # By the gate's own clock: by another, a fresh canary could be stale, or from the future.
        publisher = stack.enter_context(_publisher(probe.gates[0].now() if probe.gates else utc_now()))
        for gate in probe.gates:
            stack.enter_context(gate.knowing(publisher.source))
        planted = [(leaf, publisher.hatch(number)) for number, leaf in enumerate(probe.leaves)]
        for leaf, canaries in planted:
            # On the stack at once: whatever fails from here on, each is taken away again.
            stack.callback(leaf.plant(canaries))
        prompt = _observe(probe, question, [canaries.mark for _, canaries in planted], given)
    return _diagnose(probe, [(leaf, canaries.mark) for leaf, canaries in planted], prompt)


def _observe(probe: Probe, question: str, marks: Sequence[str], given: Any) -> str:
    try:
        return probe.observe(question, marks, given)
    except HeadgateError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:_SHOWN_CHARS].rstrip(".")
        raise HeadgateError(
            f"The chain could not be asked, so nothing is proved: {type(error).__name__}: {said}. "
            "If it needs another input, give it with prove(chain, given=...); if its prompt needs metadata of the "
            "documents, note that canaries have a source and times only."
        ) from error


def _find_probe(target: object) -> Probe:
    for adapter in adapters():
        prober = getattr(adapter, "prober", None)
        probe: Probe | None = prober(target) if prober is not None else None
        if probe is not None:
            return probe
    raise AdapterError(f"No installed integration supports the type {type(target).__name__}.")


class _Publisher:
    def __init__(self, folder: Path, now: datetime) -> None:
        self._now = now
        # Random, so that no document of the chain's own can hold it.
        self._word = f"hg{secrets.token_hex(4)}"
        # A host that nobody can have planted documents for, and that never resolves (RFC 2606, section 2).
        self._host = f"https://{secrets.token_hex(16)}.canary.headgate.invalid/"
        key = generate_signing_key(f"canary-{self._word}")
        self._sealer = Sealer(key, issuer="headgate-canary", clock=lambda: now)
        (folder / "canary.yaml").write_text(f"terms: {{{self._word}canonical: [{self._word}alias]}}", encoding="utf-8")
        self.source: dict[str, Any] = {
            "id": "headgate-canary",
            "match": [f"{self._host}**"],
            "provenance": {"require": "sealed", "keys": key.public_jwks()},
            "freshness": {"max_age": "1d"},
            "terminology": [str(folder / "canary.yaml")],
        }

    def hatch(self, number: int) -> Canaries:
        mark = f"{self._word}leaf{number}"
        uri = f"{self._host}{number}"
        now = self._now
        forged = Chunk(f"canary {mark}forged", {"source": uri, "last_modified": now.isoformat()}, f"{mark}-forged")
        stale = self._seal(f"canary {mark}stale", f"{uri}/stale", now - timedelta(days=400))
        worded = self._seal(f"canary {mark}worded {self._word}alias {mark}end", f"{uri}/worded", now)
        genuine = self._seal(f"canary {mark}genuine", f"{uri}/genuine", now)
        return Canaries((forged, stale, worded, genuine), mark)

    def _seal(self, text: str, uri: str, modified: Any) -> Chunk:
        identifier = f"canary-{secrets.token_hex(8)}"
        return self._sealer.seal(Chunk(text, {"source": uri}, identifier), subject=uri, modified=modified)


@contextmanager
def _publisher(now: datetime) -> Iterator[_Publisher]:
    with tempfile.TemporaryDirectory() as folder:
        yield _Publisher(Path(folder), now)


def _diagnose(probe: Probe, planted: Sequence[tuple[Leaf, str]], prompt: str) -> Diagnosis:
    promises: dict[str, dict[str, bool]] = {}
    unused = []
    for leaf, mark in planted:
        name = f"{leaf.kind} at {leaf.path or 'the object itself'}"
        if mark not in prompt:
            unused.append(name)
            continue
        promises[name] = {
            # The one in other words is genuine too, and the only one of a chain that takes a single document.
            "genuine": f"{mark}genuine" in prompt or f"{mark}worded" in prompt,
            "forged": f"{mark}forged" not in prompt,
            "stale": f"{mark}stale" not in prompt,
            "worded": _is_reworded(prompt, mark),
        }
    # Without a gate everything goes around it, and the advice says that already.
    around = tuple(probe.around) if probe.gates else ()
    return Diagnosis(promises, tuple(unused), tuple(_advise(probe, promises, around)), around)


def _is_reworded(prompt: str, mark: str) -> bool:
    """Whether the one canary in other words is there, in canonical terms."""
    _, found, rest = prompt.partition(f"{mark}worded ")
    return bool(found) and rest.partition(f" {mark}end")[0].endswith("canonical")


def _advise(probe: Probe, promises: dict[str, dict[str, bool]], around: Sequence[str]) -> Iterator[str]:
    if not probe.gates:
        yield "There is no gate in this chain. Add the line: retriever = guard(retriever, 'headgate.yaml')."
        return
    modes = sorted({gate.policy.mode for gate in probe.gates if gate.policy.mode != "enforce"})
    if modes:
        yield f"A gate runs in {' and '.join(modes)} mode, which keeps nothing out. Set mode: enforce in the policy."
    for path, found in promises.items():
        if not found["forged"] or not found["stale"]:
            if not modes:
                yield f"Documents from {path} go around the gate. Guard it too, or build the chain on the guarded one."
        elif not found["genuine"]:
            yield f"Nothing genuine came from {path}: a step between it and the gate changes the text, or drops it."
    if around:
        yield f"Documents may go around the gate, from {', '.join(around)}. Put guard() outside of what adds them."
    if not promises:
        yield "No canary reached the prompt: the question did not lead to retrieval. Try another question or input."

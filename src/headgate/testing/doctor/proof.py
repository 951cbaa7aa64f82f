"""prove: does the line work in your own chain? It is asked with every gate closed, and with canaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any, Protocol

from headgate.admission.emptiness import NOTE
from headgate.admission.gate import Gate
from headgate.admission.overriding import opened_by_hand
from headgate.admission.proving import proving
from headgate.admission.revision import ResolvedSource, Revision
from headgate.chunk import Chunk
from headgate.clock import utc_now
from headgate.errors import AdapterError, HeadgateError
from headgate.freshness.entries import find_entry
from headgate.integration.adapters import adapters
from headgate.policy.matching import normalise_uri
from headgate.testing.doctor.advising import Seen, advise, because_of, modes_of
from headgate.testing.doctor.around import come_around, strange, unknown
from headgate.testing.doctor.canaries import Canaries, Canary
from headgate.testing.doctor.diagnosis import Diagnosis, Fate, Verdict
from headgate.testing.doctor.functions import FunctionProbe
from headgate.testing.doctor.judging import judge_canary
from headgate.testing.doctor.opaque import Clients
from headgate.testing.doctor.run import Run

__all__ = ["Probe", "prove"]

_SHOWN_CHARS = 200
_MOST_SOURCES = 12
_MOST_ALONE = 12
_SEVERITY = {"holds": 0, "not proved": 1, "broken": 2}


class Probe(Protocol):
    """What an integration offers, as `prober(target)` of its adapter, so that its chains can be proved.

    For an object of another framework the adapter's `prober` returns None, and `reader(target)` what may be in it all
    the same: a chain may use several.

    Attributes:
        gates: the gates that can be found in the chain without asking it.
        around: places from which a step behind the gate may add documents, which no run may have shown.
        open: retrievers and stores that have no gate before them, each with the way to it.
        unfinished: what could not be looked through.
    """

    gates: Sequence[Gate]
    around: Sequence[str]
    open: Sequence[tuple[str, object]]
    unfinished: Sequence[str]

    def is_searched(self, item: object) -> bool:
        """Return whether an open store is searched by code of the chain itself, past retrievers made of it."""

    def is_known(self, item: object) -> bool:
        """Return whether an object is watched itself, speaks, embeds or traces: nothing behind it brings documents."""

    def retrieves(self) -> bool:
        """Return whether there is, or may come to be, something that retrieves."""

    def watching(self, run: Run) -> AbstractContextManager[None]:
        """Watch everything of the framework that retrieves, speaks or runs a tool, and tell the run."""

    def ask(self, question: str, given: Any) -> str:
        """Ask the chain once, to its end, and return the texts in what it returns."""

    def written(self) -> Iterable[str]:
        """Return the texts that the chain itself has: templates, prompts, examples, history, descriptions of tools."""


def prove(
    target: object, question: str = "What does the handbook say?", *, given: Any = None, run_tools: bool = False
) -> Diagnosis:
    """Ask a chain several times, and look at everything that its models read.

    First with canaries under each of the policy's sources: forged, changed, past their date, genuine. Then as it is.
    Then with every gate closed: what of the documents reaches a model then goes around the gate. Nothing is recorded
    meanwhile, and afterwards everything is as it was; but the chain's models are really asked. Run it where nobody
    else uses the same process for traffic.

    Args:
        target: a retriever, vector store, index, chain, engine, agent, graph or workflow, gated or not; or a function
            of one question, also an `async def`.
        question: what to ask; the canaries are found whatever it is.
        given: the input, where it is not the question alone.
        run_tools: whether to run tools that are not known to only read.

    Returns:
        Which promises hold, which are broken and where, and what was not proved.

    Raises:
        AdapterError: no installed integration knows such an object.
        HeadgateError: the chain raised before anything could be seen, or another proof is under way.
    """
    probe, readers = _find_probes(target)
    if not any(one.retrieves() for one in (probe, *readers)):
        raise AdapterError(f"No retriever and no vector store can be found in this {type(target).__name__}.")
    return _Proof(target, probe, readers, question, given, may_run_tools=run_tools).diagnose()


class _Proof:
    def __init__(
        self,
        target: object,
        probe: Probe,
        readers: Sequence[Probe],
        question: str,
        given: Any,
        *,
        may_run_tools: bool,
    ) -> None:
        self._probe = probe
        self._readers = [probe, *readers]
        self._question = question
        self._given = given
        self._may_run_tools = may_run_tools
        self._keeps_length = False
        self._clients = Clients(target, lambda item: any(one.is_known(item) for one in self._readers))
        self._unproved: list[str] = list(probe.unfinished)
        # Before anything is asked: what a chain keeps of a question afterwards may be a document.
        self._written = [text for one in self._readers for text in one.written()]

    def diagnose(self) -> Diagnosis:
        known = self._known
        canaries = Canaries(known[0].now() if known else utc_now(), self._question)
        # With canaries at once: a model may follow a script, and ask for documents the first time only.
        first = self._plant(canaries, lambda found: self._made(canaries, known, found))
        look = self._run(Run(may_run_tools=self._may_run_tools))
        if first.error is not None and look.error is None:
            first = self._plant_in_place(canaries, known) or first
        self._require_asked(first, look)
        closed = self._run(Run(is_closed=True, may_run_tools=self._may_run_tools))
        gates = list({id(gate): gate for gate in (*known, *first.gates.values(), *look.gates.values())}.values())
        if not known and gates:
            # By their own clock: by another, what is made now could be stale, or from the future.
            canaries = Canaries(gates[0].now(), self._question)
        judged = self._judge(first, canaries, [gate for gate in gates if gate not in known])
        every = [*self._around([first, look], closed, gates), *(one for verdicts, _ in judged for one in verdicts)]
        if gates and not any(one.promise == "genuine" for one in every):
            every.append(Verdict("genuine", "not proved", None, "no source of the policy could admit anything"))
        modes = modes_of(gates)
        verdicts = _summed(because_of(modes, every))
        for name in dict.fromkeys((*first.withheld_tools, *look.withheld_tools, *closed.withheld_tools)):
            self._unproved.append(f"the tool {name!r} was not run, because it may do more than read (--run-tools)")
        for kind in dict.fromkeys((*first.unread, *look.unread, *closed.unread)):
            self._unproved.append(f"what a model reads beside texts: {kind}")
        self._unproved += [f"what the gate refuses: {why}" for why in dict.fromkeys((*first.refusals, *look.refusals))]
        if gates:
            self._unproved += _unasked(self._readers, (first, look, closed))
            self._unproved += self._clients.unasked()
        around = tuple(self._probe.around) if gates else ()
        self._unproved += [f"what a step behind the gate may add from {place}" for place in around]
        seen, passed, reasons = _own(look if look.admissions else first, canaries.word, is_enforced=not modes)
        return Diagnosis(
            verdicts,
            tuple(fate for _, fate in judged),
            (seen, passed),
            reasons,
            tuple(advise(gates, verdicts, around, Seen.of((first, look), closed))),
            tuple(dict.fromkeys(self._unproved)),
            tuple(dict.fromkeys(str(one) for gate in gates for one in opened_by_hand(gate.policy, gate.now()))),
            tuple(modes),
        )

    @property
    def _known(self) -> list[Gate]:
        """The gates that can be found without asking."""
        return list({id(gate): gate for one in self._readers for gate in one.gates}.values())

    def _run(self, run: Run) -> Run:
        """Ask the chain once, under watch."""
        with ExitStack() as stack:
            stack.enter_context(proving(run))
            stack.enter_context(self._clients.watched())
            for reader in self._readers:
                stack.enter_context(reader.watching(run))
            try:
                run.result = self._probe.ask(self._question, self._given)
            except Exception as error:  # noqa: BLE001 - whatever the chain raises, the proof says so
                run.error = error
        return run

    def _require_asked(self, first: Run, look: Run) -> None:
        """Raise where a chain failed before a model read anything, and note where it failed later.

        What the runs after the first end with does not matter: a model may have said all that it had to say.
        """
        if first.error is None:
            return
        is_refusal = isinstance(first.error, AdapterError)
        said = " ".join(str(first.error).split())
        if not is_refusal and len(said) > _SHOWN_CHARS:
            said = f"{said[:_SHOWN_CHARS].rsplit(' ', 1)[0]} [...]"
        problem = f"{type(first.error).__name__}: {said.rstrip('.')}"
        if not first.prompts and look.error is not None and not look.prompts:
            if is_refusal:
                raise HeadgateError(
                    f"The gate refuses this chain, so there is nothing to prove: {said}"
                ) from first.error
            raise HeadgateError(
                f"The chain could not be asked, so nothing is proved: {problem}. "
                "If it needs another input, give it: --input JSON, in Python prove(chain, given=...); if it needs "
                "settings, name chain.with_config(...), or a function of the question that asks it."
            ) from first.error
        self._unproved.append(f"what comes after an error in the chain ({problem})")

    def _around(self, runs: Sequence[Run], closed: Run, gates: Sequence[Gate]) -> Iterator[Verdict]:
        """Judge whether documents reach a model in a way that leads through no gate."""
        written = [
            self._question,
            *_texts_in(self._given),
            *self._written,
            *(text for run in (*runs, closed) for text in run.refusals),
            NOTE,
        ]
        # What a template says that is made for one question explains words, and no document that was found.
        made = list(dict.fromkeys(text for run in (*runs, closed) for text in run.written))
        found = {
            chunk.text: name for run in (*runs, closed) for name, chunk in run.found if isinstance(chunk.text, str)
        }
        broken = list(come_around(closed, found, written))
        for run in runs if gates else ():
            released = [chunk.text for one in run.admissions for chunk in one.chunks]
            broken += come_around(run, found, [*written, *released])
        yield from (Verdict("around", "broken", None, way) for way in broken)
        yield from unknown(closed, [*written, *made])
        if gates:
            yield from strange(runs, [*written, *made])
        yield Verdict("around", "holds")

    def _made(self, canaries: Canaries, gates: Sequence[Gate], found: Sequence[Chunk]) -> list[Canary]:
        """Return canaries under the sources of gates, shaped like documents that were found."""
        if not gates:
            return [canaries.stray(found)]
        made = []
        for gate in gates:
            revision = gate.in_force
            places = [(revision.source_of(_place(one, revision)).id, one) for one in found]
            for source in self._sources(gate, {name for name, _ in places}):
                samples = [one for name, one in places if name == source.id] or list(found)
                made += canaries.under(revision, source, samples)
        # What has to be kept out first: where only some documents go on, a gate has to judge it all the same.
        return sorted(made, key=lambda one: one.kind in ("genuine", "uncovered"))

    def _sources(self, gate: Gate, found: Container[str]) -> list[ResolvedSource]:
        """Return a gate's sources: those that documents were found of, the default, and others within a bound."""
        revision = gate.in_force
        sources = [*revision.sources.values(), revision.default]
        sources.sort(key=lambda one: (one.id not in found, not one.requirement.is_default))
        if len(sources) > _MOST_SOURCES:
            self._unproved.append(f"the sources {', '.join(one.id for one in sources[_MOST_SOURCES:])}")
        return sources[:_MOST_SOURCES]

    def _judge(self, first: Run, canaries: Canaries, met: Sequence[Gate]) -> list[tuple[list[Verdict], Fate]]:
        """Judge the canaries of a run; where gates were met only in it, those of a run for these gates instead."""
        if met and not self._known:
            first = self._plant(canaries, lambda found: self._made(canaries, met, found))
        elif met:
            more = self._plant(canaries, lambda found: self._made(canaries, met, found))
            return [*self._judged(first, canaries), *self._judged(more, canaries)]
        return self._judged(first, canaries)

    def _judged(self, run: Run, canaries: Canaries) -> list[tuple[list[Verdict], Fate]]:
        judged = []
        alone = 0
        for canary in run.canaries:
            verdicts, fate = judge_canary(canary, run)
            # Where few documents go on, there is no room for all.
            if alone < _MOST_ALONE and any(one.outcome == "not proved" for one in verdicts):
                alone += 1
                again, other = judge_canary(canary, self._plant(canaries, partial(_only, canary)))
                if all(one.outcome != "not proved" for one in again):
                    verdicts, fate = again, other
            judged.append((verdicts, fate))
        return judged

    def _plant(self, canaries: Canaries, hatch: Callable[[Sequence[Chunk]], Sequence[Canary]]) -> Run:
        kept = self._keeps_length
        return self._run(Run(canaries.keys, hatch, may_run_tools=self._may_run_tools, keeps_length=kept))

    def _plant_in_place(self, canaries: Canaries, known: list[Gate]) -> Run | None:
        """Return a run with canaries in the places of documents; None if the chain fails at them all the same.

        A chain may count what a search returns, or find it again by its place.
        """
        self._keeps_length = True
        run = self._plant(canaries, lambda found: self._made(canaries, known, found))
        self._keeps_length = run.error is None
        return run if self._keeps_length else None


def _summed(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return one verdict for each promise and source: the one that says the least good."""
    worst: dict[tuple[str, str | None], Verdict] = {}
    for one in verdicts:
        key = (one.promise, one.source)
        if key not in worst or _SEVERITY[one.outcome] > _SEVERITY[worst[key].outcome]:
            worst[key] = one
    return tuple(worst.values())


def _only(canary: Canary, found: Sequence[Chunk]) -> list[Canary]:  # noqa: ARG001 - it is there already
    return [canary]


def _unasked(readers: Sequence[Probe], runs: Sequence[Run]) -> Iterator[str]:
    """Yield what could return documents without a gate, and was not seen to."""
    asked = [one for run in runs for one in run.asked]
    behind = [one for run in runs for one in run.asked_behind]
    for reader, (path, item) in ((one, found) for one in readers for found in one.open):
        # What a gate was put before for this question is meant to be behind one; a store is searched in other ways.
        seen = asked if reader.is_searched(item) else [*asked, *behind]
        if not any(one is item for one in seen):
            yield f"{type(item).__name__} at {path or 'the object itself'}: no gate, and not asked by this question"


def _place(chunk: Chunk, revision: Revision) -> str | None:
    entry = find_entry(chunk.metadata, "source", revision.metadata)
    return normalise_uri(entry[1]) if entry is not None else None


def _own(run: Run, word: str, *, is_enforced: bool) -> tuple[int, int, dict[str, int]]:
    """Return how many of the chain's own documents came to a gate, how many passed, and why the others did not.

    Where no gate enforces its policy, those pass that would if it did.
    """
    decisions = {
        decision.digest: decision
        for admission in run.admissions
        for chunk, decision in zip(admission.inputs, admission.decisions, strict=True)
        if word not in str(chunk.text)
    }
    kept_out = [one for one in decisions.values() if not one.admitted or (one.would_drop and not is_enforced)]
    reasons = Counter(one.reasons[0].code if one.reasons else "unknown" for one in kept_out)
    return len(decisions), len(decisions) - len(kept_out), dict(reasons)


def _texts_in(given: Any) -> Iterator[str]:
    if isinstance(given, str):
        yield given
    elif isinstance(given, dict):
        for value in given.values():
            yield from _texts_in(value)
    elif isinstance(given, (list, tuple)):
        for value in given:
            yield from _texts_in(value)
    elif isinstance(getattr(given, "content", None), str):
        yield given.content


def _find_probes(target: object) -> tuple[Probe, list[Probe]]:
    """Return what asks a target, and what reads in it what belongs to the other frameworks."""
    found: Probe | None = None
    others = []
    for adapter in adapters():
        prober = getattr(adapter, "prober", None)
        if prober is None:
            continue
        probe = prober(target) if found is None else None
        if probe is not None:
            found = probe
        else:
            reader = adapter.reader(target)  # type: ignore[attr-defined]  # whoever proves also reads
            # None where its framework is not in use.
            others += [reader] if reader is not None else []
    if found is None and callable(target) and not isinstance(target, type):
        found = FunctionProbe(target)
    if found is None:
        raise AdapterError(f"No installed integration supports the type {type(target).__name__}.")
    return found, others

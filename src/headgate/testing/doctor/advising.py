"""What a proof's verdicts come from, where it is the policy's mode, and what to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from headgate.admission.gate import Gate
from headgate.integration.surface import is_gated
from headgate.testing.doctor.diagnosis import Verdict
from headgate.testing.doctor.run import Run

__all__ = ["Seen", "advise", "because_of", "modes_of"]

_MOST_NAMED = 4
_ENDLESS = ("Endless", "GraphRecursionError")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the runs of a chain have shown that matters for advice.

    Attributes:
        is_gate_asked: whether a gate has decided something.
        asked: the names of what was asked for documents, and by no gate.
        is_endless: whether the chain went on and on with every gate closed.
        is_refused: whether a gate has refused what it was to guard.
    """

    is_gate_asked: bool
    asked: tuple[str, ...] = ()
    is_endless: bool = False
    is_refused: bool = False

    @classmethod
    def of(cls, runs: Sequence[Run], closed: Run) -> Seen:
        """Return what has been seen.

        Args:
            runs: those with the gates as they are.
            closed: the one with every gate closed.
        """
        asked = dict.fromkeys(type(one).__name__ for run in runs for one in run.asked if not is_gated(one))
        is_endless = type(closed.error).__name__ in _ENDLESS
        return cls(
            any(run.admissions for run in runs),
            tuple(asked)[:_MOST_NAMED],
            is_endless,
            any(one.refusals for one in runs),
        )


def modes_of(gates: Sequence[Gate]) -> list[str]:
    """Return the modes of gates that keep nothing out; none where one enforces, which has to keep its promises."""
    modes = {gate.policy.mode for gate in gates}
    return [] if "enforce" in modes else sorted(modes)


def because_of(modes: Sequence[str], verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Yield verdicts; of what is broken because a gate only observes, that is the reason, and no place in the chain."""
    for one in verdicts:
        is_observed = bool(modes) and one.outcome == "broken" and one.promise not in ("around", "genuine")
        yield replace(one, why=f"{' and '.join(modes)} mode keeps nothing out") if is_observed else one


def advise(gates: Sequence[Gate], verdicts: Sequence[Verdict], around: Sequence[str], seen: Seen) -> Iterator[str]:
    """Yield what to change.

    Args:
        gates: those that the chain has.
        verdicts: what was proved of it.
        around: places from which a step behind a gate may add documents.
        seen: what the runs have shown.
    """
    if not gates:
        where = (
            f" where {' and '.join(seen.asked)} {'is' if len(seen.asked) == 1 else 'are'} made" if seen.asked else ""
        )
        yield (
            f"There is no gate in this chain. Add the line{where}: retriever = guard(retriever, 'headgate.yaml'), with "
            "`from headgate import guard`. What is found in another way goes through a step: docs/adoption.md has a "
            "line for each. `headgate init` drafts the policy."
        )
        return
    modes = sorted({gate.policy.mode for gate in gates} - {"enforce"})
    if modes:
        yield f"A gate runs in {' and '.join(modes)} mode, which keeps nothing out. Set mode: enforce in the policy."
    if not seen.is_gate_asked and not seen.asked and not seen.is_refused:
        yield "No gate was asked: the question did not lead to retrieval. Try another question or input."
    broken = [one for one in verdicts if one.outcome == "broken"]
    goes_around = any(one.promise == "around" for one in broken)
    if goes_around:
        yield "Documents go around the gate. Guard what returns them too, or build the chain on what is guarded."
    # What goes around a gate says nothing about the policy.
    is_policy = not modes and not goes_around
    for source in dict.fromkeys(one.source for one in broken if one.promise == "forged" and is_policy):
        yield f"The source {source!r} lets in what nobody vouches for: see its `provenance.require` in the policy."
    if any(one.promise == "genuine" and one.outcome == "not proved" for one in verdicts) and seen.is_gate_asked:
        yield "Nothing genuine came to a model: a step between source and prompt changes the texts, or drops them."
    if seen.is_endless:
        yield (
            "With nothing admissible this chain asks its models again and again, and was stopped. In production it "
            "would go on: see `on_empty` in the policy, or give the chain a limit of its own."
        )
    if around:
        yield f"Documents may go around the gate, from {', '.join(around)}. Put guard() outside of what adds them."

"""What a proof's verdicts come from, where it is the policy's mode, and what to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from headgate.admission.gate import Gate
from headgate.testing.doctor.diagnosis import Verdict

__all__ = ["advise", "because_of", "modes_of"]


def modes_of(gates: Sequence[Gate]) -> list[str]:
    """Return the modes of gates that keep nothing out; none where one enforces, which has to keep its promises."""
    modes = {gate.policy.mode for gate in gates}
    return [] if "enforce" in modes else sorted(modes)


def because_of(modes: Sequence[str], verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Yield verdicts; of what is broken because a gate only observes, that is the reason, and no place in the chain."""
    for one in verdicts:
        is_observed = bool(modes) and one.outcome == "broken" and one.promise not in ("around", "genuine")
        yield replace(one, why=f"{' and '.join(modes)} mode keeps nothing out") if is_observed else one


def advise(
    gates: Sequence[Gate], verdicts: Sequence[Verdict], around: Sequence[str], *, is_asked: bool
) -> Iterator[str]:
    """Yield what to change.

    Args:
        gates: those that the chain has.
        verdicts: what was proved of it.
        around: places from which a step behind a gate may add documents.
        is_asked: whether a gate was asked.
    """
    if not gates:
        yield "There is no gate in this chain. Add the line: retriever = guard(retriever, 'headgate.yaml')."
        return
    modes = sorted({gate.policy.mode for gate in gates} - {"enforce"})
    if modes:
        yield f"A gate runs in {' and '.join(modes)} mode, which keeps nothing out. Set mode: enforce in the policy."
    if not is_asked:
        yield "No gate was asked: the question did not lead to retrieval. Try another question or input."
    broken = [one for one in verdicts if one.outcome == "broken"]
    goes_around = any(one.promise == "around" for one in broken)
    if goes_around:
        yield "Documents go around the gate. Guard what returns them too, or build the chain on what is guarded."
    # What goes around a gate says nothing about the policy.
    is_policy = not modes and not goes_around
    for source in dict.fromkeys(one.source for one in broken if one.promise == "forged" and is_policy):
        yield f"The source {source!r} lets in what nobody vouches for: see its `provenance.require` in the policy."
    if any(one.promise == "genuine" and one.outcome == "not proved" for one in verdicts) and is_asked:
        yield "Nothing genuine came to a model: a step between source and prompt changes the texts, or drops them."
    if around:
        yield f"Documents may go around the gate, from {', '.join(around)}. Put guard() outside of what adds them."

"""Steps behind the gate: which ones may rewrite what was admitted, and what is said of what another one has changed.

What such a step cuts out of an admitted text passes, for it was proved. What it fetches or rewrites is judged from
scratch. A step whose class the policy names in `trusted_steps` may rewrite: what it makes of an admitted text passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from headgate.admission.gate import Gate
from headgate.decision import Admission, Decision, Finding

__all__ = ["Change", "explained", "is_trusted", "last_of"]

Change = Literal["rewritten", "added"]


def is_trusted(step: object, gate: Gate) -> bool:
    """Return whether the policy in force trusts a step to rewrite texts: it names the step's class.

    Args:
        step: the step, not its class; a subclass is another class.
        gate: has the policy.
    """
    kind = type(step)
    names = {kind.__name__, kind.__qualname__, f"{kind.__module__}.{kind.__qualname__}"}
    return not names.isdisjoint(gate.policy.trusted_steps)


def last_of(admission: Admission, count: int) -> Admission:
    """Return the admission of the last `count` chunks alone, where the others are recorded already."""
    first = len(admission.decisions) - count
    decisions = tuple(replace(decision, index=decision.index - first) for decision in admission.decisions[first:])
    dropped = (one for one in admission.dropped if one.decision.index >= first)
    return replace(
        admission,
        chunks=tuple(chunk for chunk, decision in admission.admitted() if decision.index >= first),
        decisions=decisions,
        dropped=tuple(one._replace(decision=decisions[one.decision.index - first]) for one in dropped),
        inputs=admission.inputs[first:],
    )


def explained(admission: Admission, changes: Mapping[int, Change], step: str) -> Admission:
    """Return an admission in which what is not admissible says that a step behind the gate has added it (G907).

    Args:
        admission: the decisions about what the step gave.
        changes: what the step did, by the index of the decision.
        step: the name of the step's class.
    """
    decisions = tuple(_explain(decision, changes.get(decision.index), step) for decision in admission.decisions)
    dropped = tuple(one._replace(decision=decisions[one.decision.index]) for one in admission.dropped)
    return replace(admission, decisions=decisions, dropped=dropped)


def _explain(decision: Decision, change: Change | None, step: str) -> Decision:
    if change is None or not decision.reasons:
        return decision
    said = (
        f"{step} has changed this text behind the gate. If it may rewrite texts, name it: trusted_steps: [{step}]."
        if change == "rewritten"
        else f"{step} has added this behind the gate, where only what is admissible on its own may come in."
    )
    finding = Finding("G907", said, detail={"step": step, "change": change}, mode=decision.reasons[0].mode)
    return replace(decision, findings=(*decision.findings, finding))

"""A past admission judged again now, in five words: for an agent that is about to act on what it was told.

What was admitted an hour ago may have expired, have been replaced, or have lost its proof since. `recheck` asks a gate,
which has the texts; `recheck_record` asks a record of the log, which has the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from headgate.admission.gate import Gate
from headgate.admission.pulling import Pulled
from headgate.clock import require_aware
from headgate.codes import CONTRADICTED, UNTOLD
from headgate.decision import Admission, Finding
from headgate.display import Printable
from headgate.policy import Policy
from headgate.record import mend_admission, name_of
from headgate.replay.deciding import Redecided, Redecider

__all__ = ["Answer", "Recheck", "Rechecked", "recheck", "recheck_record"]

Answer = Literal["current", "stale", "contradicted", "unsupported", "unknown"]
"""What is true of what a prompt was given: all of it would be given again; some is past its date; some has been
replaced, withdrawn or revoked; some has no proof that counts, or there was nothing; it cannot be told."""

# The worst first: an answer speaks for everything that a prompt was given.
_ORDER: tuple[Answer, ...] = ("contradicted", "unsupported", "stale", "unknown", "current")


@dataclass(frozen=True, slots=True)
class Rechecked:
    """A document that a prompt was given, judged again.

    Attributes:
        document: its URI, id or digest.
        answer: what is true of it now.
        codes: the codes of what is wrong with it.
        why: in words; empty if nothing is.
    """

    document: str
    answer: Answer
    codes: tuple[str, ...] = ()
    why: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain JSON values."""
        return {"document": self.document, "answer": self.answer, "codes": list(self.codes), "why": self.why}


@dataclass(frozen=True, slots=True, repr=False)
class Recheck(Printable):
    """A past admission, judged again.

    Attributes:
        admission: its id.
        decided: when it was decided.
        now: the instant for which it was judged again.
        policy_revision: the digest of the policy under which.
        answer: the worst of the documents' answers; `unsupported` where the prompt was given none.
        documents: one per document that the prompt was given, in its order.
    """

    admission: str
    decided: str
    now: datetime
    policy_revision: str
    answer: Answer
    documents: tuple[Rechecked, ...]

    @property
    def is_current(self) -> bool:
        """Whether all that the prompt was given would be given again."""
        return self.answer == "current"

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain JSON values."""
        return {
            "admission": self.admission,
            "decided": self.decided,
            "now": self.now.isoformat(),
            "policy_revision": self.policy_revision,
            "answer": self.answer,
            "documents": [document.to_dict() for document in self.documents],
        }


def recheck(gate: Gate, admission: Admission, now: datetime | None = None) -> Recheck:
    """Judge again what an admission gave to the prompt; nothing is recorded or released.

    Args:
        gate: any gate with the policy that counts now; it need not be the one that admitted.
        admission: what it decided.
        now: the present, if the gate's clock is not to be asked; aware.

    Raises:
        ValueError: `now` has no time zone.
    """
    moment = require_aware(now, "now") if now is not None else gate.now()
    given = [decision for decision in admission.decisions if decision.admitted]
    judged = gate.judge([admission.inputs[decision.index] for decision in given], now=moment)
    documents = tuple(
        _rechecked(before.uri or before.chunk_id or before.digest, after.reasons)
        for before, after in zip(given, judged.decisions, strict=True)
    )
    return Recheck(
        admission.id, admission.now.isoformat(), moment, judged.policy_revision, _worst(documents), documents
    )


def recheck_record(
    record: Mapping[str, Any], policy: Policy, now: datetime, *, pulled: Pulled | None = None
) -> Recheck:
    """Judge again what a recorded admission gave to the prompt, from the evidence in the record.

    Args:
        record: a record of a decision log.
        policy: the policy that counts now, with its keys, manifests and lists as they are now.
        now: the present; aware.
        pulled: where the policy was pulled from, if it was: one that is over supports nothing.

    Raises:
        PolicyError: the policy cannot be used.
        ValueError: `now` has no time zone.
    """
    over = pulled.over if pulled is not None else None
    redecider = Redecider(policy, at=require_aware(now, "now"), is_present=True, over=over)
    whole = mend_admission(record)
    documents = tuple(_of_record(one) for one in redecider.redecide_read(whole) if one.before["action"] == "admit")
    return Recheck(whole["admission"], whole["now"], now, redecider.revision, _worst(documents), documents)


def _of_record(one: Redecided) -> Rechecked:
    name = name_of(one.before)
    return Rechecked(name, "unknown", (), one.lack or "") if one.action is None else _rechecked(name, one.reasons)


def _rechecked(document: str, reasons: Iterable[Finding]) -> Rechecked:
    found = [(_answer_of(reason), reason) for reason in reasons]
    if not found:
        return Rechecked(document, "current")
    answer, _ = min(found, key=lambda pair: _ORDER.index(pair[0]))
    why = "; ".join(reason.message for given, reason in found if given == answer)
    return Rechecked(document, answer, tuple(reason.code for _, reason in found), why)


def _answer_of(reason: Finding) -> Answer:
    if reason.code in CONTRADICTED:
        return "contradicted"
    if reason.code in UNTOLD:
        return "unknown"
    return "stale" if reason.check == "freshness" or reason.code == "P114" else "unsupported"


def _worst(documents: Iterable[Rechecked]) -> Answer:
    return min((document.answer for document in documents), key=_ORDER.index, default="unsupported")

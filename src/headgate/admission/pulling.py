"""A policy that is pulled from a place: which one is in force for this gate, and what there is to say about its age."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from headgate.admission.revision import Revision
from headgate.decision import Admission, Finding
from headgate.encoding import shown
from headgate.errors import PolicyError
from headgate.origins.policies import PulledPolicy, pulled_policy, unpacked
from headgate.policy import Policy
from headgate.policy.durations import format_duration
from headgate.provenance import KeySet
from headgate.provenance.bundles import Part, PolicyBundle
from headgate.record.schema import PulledRecord

__all__ = ["Pulled", "candidates", "gate_name", "other_of", "require_own_keys"]


@dataclass(frozen=True, slots=True, eq=False)
class Pulled:
    """What is in force of a policy that is pulled.

    Attributes:
        place: where it is pulled from.
        bundle: what was signed.
        part: which policy of it.
        other: while one is on trial, the policy of the other gates, loaded; None where it cannot be.
    """

    place: PulledPolicy
    bundle: PolicyBundle
    part: Part
    other: Revision | None = None

    def accept(self) -> None:
        """Keep it as the last good one, now that it is in force."""
        self.place.accept(self.bundle)

    def require_no_rollback(self, before: Pulled) -> None:
        """Raise if it is an earlier version than was in force, or another content of it, by a key that may still sign.

        What is remembered of versions begins again with another set of keys, and somebody may have waited for that.

        Raises:
            PolicyError: so it is.
        """
        new, old = self.bundle, before.bundle
        if new.name != old.name or new.digest == old.digest or new.version > old.version:
            return
        if any(key.thumbprint in old.signers for key in self.place.keys):
            problem = f"the policy {shown(new.name)} has version {new.version}; {old.version} is in force (P108)."
            raise PolicyError(problem, "The one before stays in force; publish a higher version.", ("pull", "keys"))

    def is_behind(self, now: datetime) -> bool:
        """Return whether the place has another policy; it is asked in the background if it is time."""
        return self.place.poll(now) not in ("", self.bundle.digest)

    @property
    def confirmed(self) -> datetime | None:
        """When the place was last known to have it."""
        return self.place.confirmed(self.bundle)

    def age(self, now: datetime) -> timedelta | None:
        """Return how long ago the place confirmed what is in force; None where that is not known."""
        confirmed = self.confirmed
        return None if confirmed is None else max(now - confirmed, timedelta(0))

    def standing(self, now: datetime) -> Finding | None:
        """Return what there is to say about its age and its end (G910), or None while it is in order."""
        ended = self.ended(now)
        if ended is not None:
            return ended
        rule, bundle, age = self.place.rule, self.bundle, self.age(now)
        if age is not None and age <= rule.warn_after and (rule.stop_after is None or age <= rule.stop_after):
            return None
        is_over = rule.stop_after is not None and (age is None or age > rule.stop_after)
        since = "" if age is None else f" for {format_duration(timedelta(seconds=int(age.total_seconds())))}"
        confirmed = self.confirmed.isoformat() if self.confirmed is not None else None
        message = f"The policy {shown(bundle.name)}, version {bundle.version}, was not confirmed by its place{since}."
        detail: dict[str, object] = {"policy": bundle.name, "version": bundle.version, "confirmed": confirmed}
        return Finding("G910", message, "error" if is_over else "warning", detail)

    def over(self, now: datetime) -> Finding | None:
        """Return why it keeps everything out (G910), or None while it does not."""
        finding = self.standing(now)
        return finding if finding is not None and finding.severity == "error" else None

    def ended(self, now: datetime) -> Finding | None:
        """Return that it has ended (G910), whatever its place has confirmed; None while it has not."""
        bundle = self.bundle
        if bundle.expires is None or now < bundle.expires:
            return None
        message = (
            f"The policy {shown(bundle.name)}, version {bundle.version}, ended at {bundle.expires:%Y-%m-%d %H:%M} UTC."
        )
        detail: dict[str, object] = {"policy": bundle.name, "version": bundle.version}
        return Finding("G910", message, detail={**detail, "expired": bundle.expires.isoformat()})

    def keeps_out(self, now: datetime, revision: Revision) -> bool:
        """Return whether it is over, and so keeps everything out that a revision may keep out."""
        finding = self.standing(now) if revision.keeps_out else None
        return finding is not None and finding.severity == "error"

    def record(self) -> PulledRecord:
        """Return what a record says of it."""
        return {"policy": self.bundle.name, "version": self.bundle.version, "part": self.part}

    def apply(self, admission: Admission, revision: Revision) -> Admission:
        """Return an admission with what there is to say about the policy, which keeps everything out if it is over.

        Args:
            admission: what was decided.
            revision: under which revision. Where it keeps nothing out, neither does this.
        """
        finding = self.standing(admission.now)
        if finding is not None and finding.severity == "error" and revision.keeps_out:
            return admission.refused(finding)
        if finding is not None:
            finding = replace(finding, severity="warning")
            decisions = (replace(one, findings=(*one.findings, finding)) for one in admission.decisions)
            return replace(admission, decisions=tuple(decisions), valid_until=self._until(admission))
        return replace(admission, valid_until=self._until(admission))

    def audit(self, admission: Admission, revision: Revision, *, is_ahead: bool = False) -> Admission:
        """As `apply`, for whoever asks what would be if every check were enforced.

        Args:
            admission: what was decided.
            revision: under which revision.
            is_ahead: whether it is about the future, until when the place is taken to go on confirming.
        """
        finding = self.ended(admission.now) if is_ahead else self.standing(admission.now)
        if finding is None or (finding.severity == "error" and revision.keeps_out):
            told = admission if finding is None else admission.refused(finding)
            return replace(told, valid_until=self._until(admission))
        decisions = (replace(one, findings=(*one.findings, finding)) for one in admission.decisions)
        return replace(admission, decisions=tuple(decisions), valid_until=self._until(admission))

    def _until(self, admission: Admission) -> datetime | None:
        return min((*self._ends(), *([admission.valid_until] if admission.valid_until else [])), default=None)

    def _ends(self) -> Iterator[datetime]:
        if self.bundle.expires is not None:
            yield self.bundle.expires
        confirmed, stop_after = self.confirmed, self.place.rule.stop_after
        if confirmed is not None and stop_after is not None:
            yield confirmed + stop_after


def candidates(
    written: Policy, now: datetime, current: Pulled | None = None, *, may_wait: bool
) -> Iterator[tuple[Pulled, Policy | PolicyError]]:
    """Yield the policies that may be in force for this gate, the latest first, each as it is or why it is none.

    Args:
        written: the policy of the file that says where it is pulled from.
        now: the present.
        current: what is in force, if nothing else is to be loaded.
        may_wait: whether the place may be asked.

    Raises:
        PolicyError: there is none.
    """
    place = current.place if current is not None else pulled_policy(written)
    found = (current.bundle,) if current is not None else place.found(now, may_wait=may_wait)
    for bundle in found:
        pulled = Pulled(place, bundle, bundle.part_of(gate_name(place.rule.gate_env)))
        try:
            yield pulled, unpacked(bundle, pulled.part, place.cache, written.base_dir)
        except PolicyError as error:
            yield pulled, error


def other_of(pulled: Pulled, base_dir: Path) -> Policy | None:
    """Return the policy of the gates that are not of the same part, while one is on trial.

    Raises:
        PolicyError: it cannot be used.
    """
    if not pulled.bundle.trial:
        return None
    part: Part = "trial" if pulled.part == "policy" else "policy"
    return unpacked(pulled.bundle, part, pulled.place.cache, base_dir)


def gate_name(variable: str) -> str:
    """Return what a gate is called, by which it is in a share of gates or not."""
    return os.environ.get(variable) or socket.gethostname()


def require_own_keys(signing: KeySet, revision: Revision) -> None:
    """Raise if a key that may sign policies speaks for a source too: whoever has it could write both.

    Args:
        signing: who may sign policies.
        revision: a policy with its keys.

    Raises:
        PolicyError: one does.
    """
    own = {key.thumbprint: key.kid for key in signing}
    rules = (*revision.sources.values(), revision.default)
    sets = [(one.id, keys) for one in rules for keys in (one.requirement.keys, one.timestamp_keys or KeySet())]
    for name, keys in (*sets, *(("revocations", keys) for keys in revision.revocation_keys)):
        for key in keys:
            if key.thumbprint in own:
                problem = f"the key {own[key.thumbprint]!r} that signs policies also speaks for {name!r}."
                raise PolicyError(problem, "Sign policies with a key of their own.")

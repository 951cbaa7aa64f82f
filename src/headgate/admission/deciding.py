"""Deciding about the documents of one retrieval: planned, asked for, judged; nothing is recorded here.

It is planned, asks what it must, and is judged; the asynchronous way does the same and moves what takes long to a
thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from headgate.admission.again import decide_again
from headgate.admission.concluding import judge_admission
from headgate.admission.going_back import require_no_rollback
from headgate.admission.loading import Loaded
from headgate.admission.observing import is_observing, under_observation
from headgate.admission.planning import Answers, Plan, plan_admission, weigh
from headgate.admission.proving import current_proof
from headgate.admission.pulling import Pulled
from headgate.admission.recording import Recorder
from headgate.admission.releases import RELEASES
from headgate.admission.revision import Revision
from headgate.admission.shared_state import SharedState
from headgate.admission.turns import in_turn
from headgate.chunk import Chunk
from headgate.clock import Clock, require_aware
from headgate.decision import Admission
from headgate.errors import PolicyError
from headgate.limits import Limits
from headgate.policy import Policy
from headgate.record.schema import OtherRecord
from headgate.record.sinks import Sink

__all__ = ["InForce"]

_log = logging.getLogger("headgate")
# Up to this weight an admission takes a few milliseconds even where nothing is remembered: a thread would cost more.
_INLINE_WEIGHT = 24_000
# Up to this weight, what was decided before is decided again within a millisecond: texts are hashed and no more.
_AGAIN_WEIGHT = 300_000


@dataclass(frozen=True, slots=True)
class InForce:
    """What a gate decides with: an admission has one from its start to its end, whoever reloads the gate meanwhile.

    Attributes:
        policy: the policy.
        revision: the policy with all that it names.
        shared: what is known beside it: what is held, taken back, current.
        recorder: records what is released.
        limits: bounds on what one admission may cost.
        clock: tells the time, once per admission.
        written: the policy as its file has it, which may say where the other is pulled from; what is loaded again.
        proved: the sources that are made up for a proof under way.
        pulled: where it was pulled from, if it was.
    """

    policy: Policy
    revision: Revision
    shared: SharedState
    recorder: Recorder
    limits: Limits
    clock: Clock
    written: Policy
    proved: frozenset[str] = frozenset()
    pulled: Pulled | None = None

    @classmethod
    def opened(
        cls, loaded: Loaded, limits: Limits, clock: Clock, sinks: Sequence[Sink], *, is_traffic: bool
    ) -> InForce:
        """Return what is in force of a policy, with its log, its registry and its revocation lists opened.

        Raises:
            PolicyError: one of them cannot be.
        """
        policy, revision, written, pulled = loaded
        recorder = Recorder(policy, sinks, is_traffic=is_traffic)
        try:
            shared = SharedState(policy, revision.revocation_keys, clock, is_traffic=is_traffic)
        except PolicyError:
            recorder.close()
            raise
        return cls(policy, revision, shared, recorder, limits, clock, written, pulled=pulled)

    @property
    def is_followed(self) -> bool:
        """Whether anything of it is fetched in the background."""
        return bool(self.revision.key_sets) or self.pulled is not None

    def standing(self, admission: Admission, revision: Revision) -> Admission:
        """Return an admission with which policy was in force and what there is to say of its age, where it was pulled.

        Args:
            admission: what was decided.
            revision: under which revision, if that is another one for an observation or a proof.
        """
        if self.pulled is None:
            return admission
        return replace(self.pulled.apply(admission, revision), pulled=self.pulled.record())

    def after(self, loaded: Loaded, *, may_wait: bool) -> InForce:
        """Return what is in force once a policy was loaded again; of the same revision if nothing has changed.

        Args:
            loaded: what was loaded.
            may_wait: whether a revocation list at an address may be fetched.

        Raises:
            PolicyError: it cannot be used or goes back, or a proof is under way and something has changed.
        """
        same = replace(self, written=loaded.written, pulled=loaded.pulled)
        if loaded.revision.state == self.revision.state:  # confirmed or renewed
            same._require_no_earlier_policy(self)
            return same
        if self.proved:
            raise PolicyError("a chain is being proved with this gate.", "Reload when the proof is over.")
        return same._under(self, loaded, may_wait=may_wait)

    def _under(self, before: InForce, loaded: Loaded, *, may_wait: bool) -> InForce:
        """Return the same under another policy; what is known stays known."""
        shared = self.shared.under(loaded.policy, loaded.revision.revocation_keys, may_wait=may_wait)
        after = replace(self, policy=loaded.policy, revision=loaded.revision, shared=shared)
        after.require_no_rollback(before)
        return replace(after, recorder=self.recorder.under(loaded.policy))

    def require_no_rollback(self, before: InForce) -> None:
        """Raise if a policy that is pulled, a revocation list or a manifest goes back behind what was in force before.

        Raises:
            PolicyError: so it does.
        """
        self._require_no_earlier_policy(before)
        self.shared.require_no_rollback(before.shared)
        require_no_rollback(self.revision, before.revision, self.shared.taken_back(), self.clock())

    def _require_no_earlier_policy(self, before: InForce) -> None:
        if self.pulled is not None and before.pulled is not None:
            self.pulled.require_no_rollback(before.pulled)

    @property
    def is_compared(self) -> bool:
        """Whether what another policy would decide is recorded too."""
        return self.pulled is not None and self.pulled.other is not None

    def recorded(self, gate: object, admission: Admission) -> Admission:
        """Return an admission with what its record says of another policy: what it would have decided.

        Nobody is asked for the other one, and nothing is learned from it. What was decided under a policy that is no
        longer in force is not compared.
        """
        if self.pulled is None or self.pulled.other is None or admission.pulled != self.pulled.record():
            return admission
        try:
            return replace(
                admission, pulled={**admission.pulled, "other": self._compared(gate, admission, self.pulled.other)}
            )
        except Exception:  # noqa: BLE001 - what is only compared keeps nothing out
            _log.warning("what another policy would decide is not known", exc_info=True)
            return admission

    def _compared(self, gate: object, admission: Admission, other: Revision) -> OtherRecord:
        beside, now, as_of = replace(self, revision=other, pulled=None), admission.now, admission.as_of
        found = beside._judge_again(admission.inputs, admission.query, now, as_of)
        if found is None:
            plan = beside._plan(gate, admission.inputs, admission.query, now, as_of)
            found = judge_admission(plan, self.shared.ask_nobody(plan), self.limits)
        if self.pulled is not None:
            found = self.pulled.apply(found, other)  # it is of the same age
        decisions = [[one.action, one.source, *(reason.code for reason in one.reasons)] for one in found.decisions]
        return {"revision": other.digest, "decisions": decisions}

    def judge(
        self, gate: object, chunks: Sequence[Chunk], query: str | None, now: datetime | None, as_of: datetime | None
    ) -> Admission:
        """Return what is decided about the chunks of one retrieval.

        Args:
            gate: whose admission it is, for a proof under way.
            chunks: what the retriever returned.
            query: what was asked.
            now: the present, if the clock is not to be asked; aware.
            as_of: judge freshness as of this instant, where it is another.
        """
        now = self.instant(now)
        again = self._judge_again(chunks, query, now, as_of)
        return again if again is not None else self.judge_anew(gate, chunks, query, now, as_of)

    async def ajudge(
        self, gate: object, chunks: Sequence[Chunk], query: str | None, now: datetime | None, as_of: datetime | None
    ) -> Admission:
        """As `judge`. Work of more than a few milliseconds is done in a thread, so that the event loop goes on."""
        if self.shared.is_asking:
            return await self._ask_and_judge(gate, chunks, query, self.instant(now), as_of)
        # Where a source can be in quarantine, or the registry is a file or a database, each admission looks there, and
        # that must not stop the event loop; nor so much that nothing else may have to wait for it.
        weight = _AGAIN_WEIGHT + 1 if self.shared.is_slow else weigh(chunks)
        if weight > _AGAIN_WEIGHT:
            return await asyncio.to_thread(self.judge, gate, chunks, query, now, as_of)
        now = self.instant(now)
        again = self._judge_again(chunks, query, now, as_of)
        if again is not None:
            return again
        if weight > _INLINE_WEIGHT:
            return await in_turn(self.judge_anew, gate, chunks, query, now, as_of)
        return self.judge_anew(gate, chunks, query, now, as_of)

    def instant(self, now: datetime | None) -> datetime:
        """Return the one reading of the clock that an admission has."""
        return require_aware(now, "now") if now is not None else self.clock()

    def judge_anew(
        self, gate: object, chunks: Sequence[Chunk], query: str | None, now: datetime, as_of: datetime | None
    ) -> Admission:
        """As `judge`, whatever was decided before."""
        plan = self._plan(gate, chunks, query, now, as_of)
        return self._decide(plan, self.shared.ask(plan))

    def is_proof(self, admission: Admission) -> bool:
        """Return whether an admission holds a document that was made up for a proof."""
        proved = self.proved
        # Only what is really sealed for the proof makes one: its source can be named by anybody.
        return bool(proved) and any(one.is_proved and one.source in proved for one in admission.decisions)

    async def _ask_and_judge(
        self, gate: object, chunks: Sequence[Chunk], query: str | None, now: datetime, as_of: datetime | None
    ) -> Admission:
        again = await asyncio.to_thread(self._judge_again, chunks, query, now, as_of)
        if again is not None:
            return again
        # Servers are waited for outside of threads: there are few, and others need them.
        plan = await asyncio.to_thread(self._plan, gate, chunks, query, now, as_of)
        return await asyncio.to_thread(self._decide, plan, await self.shared.aask(plan))

    def _judge_again(
        self, chunks: Sequence[Chunk], query: str | None, now: datetime, as_of: datetime | None
    ) -> Admission | None:
        """Return what is decided where all of it was decided before and others say the same, or None."""
        if not self._may_settle(as_of):
            return None
        revision = self.shared.revised(self.revision, self.limits)
        found = decide_again(revision, chunks, self.limits, self.shared.says_the_same, query=query, now=now)
        return self.standing(found, revision) if found is not None else None

    def _may_settle(self, as_of: datetime | None) -> bool:
        """Return whether an admission rests on nothing but the chunks, the time, and what others say of documents."""
        if as_of is not None or self.proved or self.revision.budget is not None:
            return False
        return not is_observing() and current_proof() is None

    def _plan(
        self, gate: object, chunks: Sequence[Chunk], query: str | None, now: datetime, as_of: datetime | None
    ) -> Plan:
        at = require_aware(as_of, "as_of") if as_of is not None else None
        revision = self.shared.revised(self.revision, self.limits)
        settles = self._may_settle(as_of)
        revision = under_observation(revision, self.limits) if is_observing() else revision
        proof = current_proof()
        if proof is not None:
            revision = proof.revision_of(gate, revision, self.limits)
        # A chunk that another gate released has no seal any more; only itself, because callers bring an index's too.
        found = [RELEASES.recall(chunk, is_own_only=True) for chunk in chunks[: self.limits.chunks]]
        found += chunks[self.limits.chunks :]
        return plan_admission(revision, found, self.limits, query=query, now=now, as_of=at, settles=settles)

    def _decide(self, plan: Plan, answers: Answers) -> Admission:
        admission = judge_admission(plan, answers, self.limits)
        # Documents made up for a proof are not news, and what a policy proves that is over is not known by it.
        is_over = self.pulled is not None and self.pulled.keeps_out(plan.now, plan.revision)
        if not (is_over or is_observing() or current_proof() is not None or self.is_proof(admission)):
            self.shared.learn(plan, answers)
        return self.standing(admission, plan.revision)

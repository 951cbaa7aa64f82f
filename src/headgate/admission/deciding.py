"""Deciding about the documents of one retrieval: planned, asked for, judged; nothing is recorded here.

An admission has one reading of the clock and one revision of the policy, taken at its start. It is planned, asks what
it must, and is judged; the asynchronous way does the same and moves what takes long to a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from headgate.admission.again import decide_again
from headgate.admission.concluding import judge_admission
from headgate.admission.observing import is_observing, under_observation
from headgate.admission.planning import Answers, Plan, plan_admission, weigh
from headgate.admission.proving import current_proof
from headgate.admission.releases import RELEASES
from headgate.admission.revision import Revision
from headgate.admission.shared_state import SharedState
from headgate.admission.turns import in_turn
from headgate.chunk import Chunk
from headgate.clock import Clock, require_aware
from headgate.decision import Admission
from headgate.limits import Limits

__all__ = ["Decider"]

# Up to this weight an admission takes a few milliseconds even where nothing is remembered: a thread would cost more.
_INLINE_WEIGHT = 24_000
# Up to this weight, what was decided before is decided again within a millisecond: texts are hashed and no more.
_AGAIN_WEIGHT = 300_000


class Decider:
    """What a gate decides with: the policy in force, and what is known beside it.

    Whoever inherits from it sets the attributes, and replaces each as a whole.
    """

    _revision: Revision
    _shared: SharedState
    _limits: Limits
    _clock: Clock
    _proved: frozenset[str]  # the sources that are made up for a proof under way

    def _follow_key_sets(self, now: datetime) -> None:
        """Take a key set into force that was fetched in the background."""

    def judge(
        self,
        chunks: Sequence[Chunk],
        query: str | None = None,
        now: datetime | None = None,
        as_of: datetime | None = None,
    ) -> Admission:
        """Decide as `admit` does, without recording it: nothing may enter a prompt before `release`.

        For adapters that ask a retriever for more and release only the last answer.
        """
        now = self._instant(now)
        again = self._judge_again(chunks, query, now, as_of)
        return again if again is not None else self._judge_anew(chunks, query, now, as_of)

    def _judge_anew(
        self, chunks: Sequence[Chunk], query: str | None, now: datetime, as_of: datetime | None
    ) -> Admission:
        plan = self._plan(chunks, query, now, as_of)
        return self._decide(plan, self._shared.ask(plan))

    def _instant(self, now: datetime | None) -> datetime:
        """Return the one reading of the clock that an admission has."""
        return require_aware(now, "now") if now is not None else self._clock()

    def _judge_again(
        self, chunks: Sequence[Chunk], query: str | None, now: datetime, as_of: datetime | None
    ) -> Admission | None:
        """Return what is decided where all of it was decided before and nothing else has to be asked, or None."""
        if not self._may_settle(as_of):
            return None
        self._follow_key_sets(now)
        revision = self._shared.revised(self._revision, self._limits, now)
        return decide_again(revision, chunks, self._limits, self._shared.says_the_same, query=query, now=now)

    def _may_settle(self, as_of: datetime | None) -> bool:
        """Return whether an admission rests on nothing but the chunks, the time, and what others say of documents."""
        if as_of is not None or self._proved or self._revision.budget is not None:
            return False
        return not is_observing() and current_proof() is None

    def _decide(self, plan: Plan, answers: Answers) -> Admission:
        admission = judge_admission(plan, answers, self._limits)
        # Documents made up for a proof are not news.
        if not (is_observing() or current_proof() is not None or self._is_proof(admission)):
            self._shared.learn(plan, answers)
        return admission

    async def ajudge(
        self,
        chunks: Sequence[Chunk],
        query: str | None = None,
        now: datetime | None = None,
        as_of: datetime | None = None,
    ) -> Admission:
        """As `judge`. Work of more than a few milliseconds is done in a thread, so that the event loop goes on."""
        # Where a source can be in quarantine, or the registry is a file, each admission looks at one, and a disk must
        # not stop the event loop.
        if self._shared.is_asking:
            # Servers are waited for outside of threads: there are few, and others need them.
            now = self._instant(now)
            again = await asyncio.to_thread(self._judge_again, chunks, query, now, as_of)
            if again is not None:
                return again
            plan = await asyncio.to_thread(self._plan, chunks, query, now, as_of)
            return await asyncio.to_thread(self._decide, plan, await self._shared.aask(plan))
        if self._shared.is_slow or self._revision.key_sets:
            return await asyncio.to_thread(self.judge, chunks, query, now, as_of)
        weight = weigh(chunks)
        if weight > _AGAIN_WEIGHT:  # so much that nothing else may have to wait for it
            return await asyncio.to_thread(self.judge, chunks, query, now, as_of)
        now = self._instant(now)
        again = self._judge_again(chunks, query, now, as_of)
        if again is not None:
            return again
        if weight > _INLINE_WEIGHT:
            return await in_turn(self._judge_anew, chunks, query, now, as_of)
        return self._judge_anew(chunks, query, now, as_of)

    def _plan(self, chunks: Sequence[Chunk], query: str | None, instant: datetime, as_of: datetime | None) -> Plan:
        at = require_aware(as_of, "as_of") if as_of is not None else None
        self._follow_key_sets(instant)
        revision = self._shared.revised(self._revision, self._limits, instant)
        settles = self._may_settle(as_of)
        revision = under_observation(revision, self._limits) if is_observing() else revision
        proof = current_proof()
        if proof is not None:
            revision = proof.revision_of(self, revision, self._limits)
        # A chunk that another gate released has no seal any more; only itself, because callers bring an index's too.
        found = [RELEASES.recall(chunk, is_own_only=True) for chunk in chunks[: self._limits.chunks]]
        found += chunks[self._limits.chunks :]
        return plan_admission(revision, found, self._limits, query=query, now=instant, as_of=at, settles=settles)

    def _is_proof(self, admission: Admission) -> bool:
        proved = self._proved
        # Only what is really sealed for the proof makes one: its source can be named by anybody.
        return bool(proved) and any(one.is_proved and one.source in proved for one in admission.decisions)

"""Gate: chunks in, one decision per chunk out. Fails closed.

An admission has one reading of the clock and one revision of the policy, taken at its start. Per chunk, provenance,
freshness and terminology each give findings; then the set-wide rules (supersession, budget) give theirs. A finding of
severity error, under a check that is enforced, keeps the chunk out. An exception inside a check is a finding too.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from headgate.admission.facts import check_failed
from headgate.admission.judging import Judgement, judge_chunk
from headgate.admission.quarantine import Watch
from headgate.admission.recording import Recorder
from headgate.admission.revision import Revision, resolve
from headgate.admission.setwide import apply_budget, apply_quarantine, apply_supersession, refuse_surplus
from headgate.chunk import Chunk
from headgate.clock import Clock, require_aware, utc_now
from headgate.decision import Admission, Decision, Dropped
from headgate.encoding import digest_label, replace_surrogates
from headgate.errors import HeadgateError, PolicyError
from headgate.forks import renew_after_fork
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy import Policy
from headgate.record.sinks import Sink

__all__ = ["Gate"]

_log = logging.getLogger("headgate")


class Gate:
    """Decides what may enter a prompt.

    A gate may be shared by threads and tasks, and survives a fork.

    Args:
        policy: a policy, the path of a policy file, or a mapping with a policy file's names.
        clock: tells the time, once per admission.
        limits: bounds on what one admission may cost.
        sinks: called with every admission that is released, each in a thread of its own.

    Raises:
        PolicyError: the policy, or a file that it names, cannot be used.
    """

    def __init__(
        self,
        policy: Policy | str | Path | Mapping[str, object],
        *,
        clock: Clock = utc_now,
        limits: Limits = DEFAULT_LIMITS,
        sinks: Sequence[Sink] = (),
    ) -> None:
        self._path = Path(policy) if isinstance(policy, (str, Path)) else None
        self._clock = clock
        self._limits = limits
        self._policy, self._revision = self._load(policy)
        self._reloading = threading.Lock()
        renew_after_fork(self)
        self._recorder = Recorder(self._policy, sinks)
        self._watch = Watch(self._policy)

    def _after_fork(self) -> None:
        self._reloading = threading.Lock()

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._policy

    @property
    def path(self) -> Path | None:
        """The policy file, if the policy was read from one."""
        return self._path

    @property
    def policy_revision(self) -> str:
        """The digest of the policy in force, with its keys and glossaries."""
        return self._revision.digest

    def now(self) -> datetime:
        """Return what the gate's clock shows."""
        return self._clock()

    @property
    def failures(self) -> Mapping[str, int]:
        """How often the decision `log`, a `sink` or `otel` failed since the gate was made."""
        return self._recorder.failures

    def admit(
        self,
        chunks: Sequence[Chunk],
        query: str | None = None,
        now: datetime | None = None,
        as_of: datetime | None = None,
    ) -> Admission:
        """Decide about the chunks of one retrieval, and record it.

        Args:
            chunks: what the retriever returned, in its order; never changed.
            query: what was asked; recorded as a digest.
            now: the present, if the gate's clock is not to be asked; aware.
            as_of: judge freshness as of this instant instead of now, for questions about another date; aware.

        Returns:
            One decision per chunk, and new chunks that may enter the prompt.

        Raises:
            ValueError: `now` or `as_of` has no time zone.
        """
        return self.release(self.judge(chunks, query, now, as_of))

    async def aadmit(
        self,
        chunks: Sequence[Chunk],
        query: str | None = None,
        now: datetime | None = None,
        as_of: datetime | None = None,
    ) -> Admission:
        """As `admit`. Nothing is awaited: no check of this version does I/O beyond the log's one write."""
        return self.release(await self.ajudge(chunks, query, now, as_of))

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
        revision = self._revision
        started = time.perf_counter()
        instant = require_aware(now, "now") if now is not None else self._clock()
        at = require_aware(as_of, "as_of") if as_of is not None else None
        return self._judge(revision, chunks, query, instant, at, started)

    async def ajudge(
        self,
        chunks: Sequence[Chunk],
        query: str | None = None,
        now: datetime | None = None,
        as_of: datetime | None = None,
    ) -> Admission:
        """As `judge`."""
        return self.judge(chunks, query, now, as_of)

    def release(self, admission: Admission, *, context: object = None, framework: str = "none") -> Admission:
        """Record an admission and tell the sinks; what it returns may enter the prompt.

        Args:
            admission: what `judge` returned, or its `limited_to`.
            context: the OpenTelemetry context whose span is the parent; by default the current one.
            framework: the framework that asked, for metrics.

        Returns:
            The admission; if it could not be recorded and the policy says so, one in which everything is dropped.
        """
        try:
            for held in self._watch.observe(admission):
                _log.warning("the source %r is in quarantine: %s", held.source, held.reason)
        except (OSError, HeadgateError) as error:
            # What is held cannot be said to the others; the next admission meets the same file and holds back.
            _log.warning("the quarantine could not be written: %s", error)
        return self._recorder.release(admission, context, framework)

    def reload(self) -> bool:
        """Read the policy file, and every file that it names, again.

        The new revision takes effect at once and as a whole; admissions that have begun end under the old one.

        Returns:
            Whether anything changed.

        Raises:
            PolicyError: the new files cannot be used; the old revision stays in force.
        """
        with self._reloading:
            source: Policy | Path = self._path if self._path is not None else self._policy
            policy, revision = self._load(source)
            if revision.digest == self._revision.digest:
                return False
            # One assignment each: whoever reads `_revision` has all of the old or all of the new.
            recorder = self._recorder.under(policy)
            self._policy = policy
            self._revision = revision
            self._recorder = recorder
            self._watch = Watch(policy)
            _log.info("policy revision %s is in force", revision.digest)
            return True

    @contextmanager
    def knowing(self, source: Mapping[str, object]) -> Iterator[None]:
        """Judge under the policy and one source more, and record nothing, as long as the context lasts.

        For proofs of a chain with documents that are made for it; whoever uses the gate meanwhile is not recorded.

        Args:
            source: an entry as under `sources:` in a policy.

        Raises:
            PolicyError: the source cannot be used.
        """
        extra = Policy.from_mapping({"sources": [source]}).sources
        policy = self._policy.model_copy(update={"sources": (*self._policy.sources, *extra), "log": None})
        unwatched = policy.model_copy(update={"sources": (), "quarantine": None})
        with self._reloading:
            before = (self._policy, self._revision, self._recorder, self._watch)
            self._revision = resolve(policy, self._limits)
            self._recorder, self._watch = Recorder(policy), Watch(unwatched)
            try:
                yield
            finally:
                self._policy, self._revision, self._recorder, self._watch = before

    def _load(self, policy: Policy | str | Path | Mapping[str, object]) -> tuple[Policy, Revision]:
        if isinstance(policy, (str, Path)):
            loaded = Policy.load(policy)
        elif isinstance(policy, Policy):
            loaded = policy
        else:
            loaded = Policy.from_mapping(policy)
        try:
            return loaded, resolve(loaded, self._limits)
        except PolicyError as error:
            raise error.at(str(self._path) if self._path else None) from None

    def _judge(
        self,
        revision: Revision,
        chunks: Sequence[Chunk],
        query: str | None,
        now: datetime,
        as_of: datetime | None,
        started: float,
    ) -> Admission:
        at = as_of or now
        judged = [
            judge_chunk(index, chunk, revision, at, self._limits)
            for index, chunk in enumerate(chunks[: self._limits.chunks])
        ]
        judged += refuse_surplus(chunks, self._limits, revision)
        self._hold_back(judged)
        apply_supersession(judged)
        apply_budget(judged, revision)
        return _conclude(judged, revision, query, now, as_of, started)

    def _hold_back(self, judged: Sequence[Judgement]) -> None:
        watch = self._watch
        if not watch.sources:
            return
        try:
            apply_quarantine(judged, watch.held())
        except (OSError, HeadgateError) as error:
            for judgement in judged:
                source = judgement.facts.source
                if source.id in watch.sources:
                    judgement.add([check_failed("quarantine", error)], source.modes["provenance"])

    def __copy__(self) -> Gate:
        return self

    # A copy of a component decides with the very gate of the original: its memory, its log, its reloads.
    def __deepcopy__(self, memo: object) -> Gate:
        return self

    def __getstate__(self) -> dict[str, object]:
        return {
            "policy": self._path if self._path is not None else self._policy,
            "revision": self._revision.digest,
            "clock": self._clock,
            "limits": self._limits,
            "sinks": self._recorder.sinks,
        }

    def __setstate__(self, state: dict[str, object]) -> None:
        revision = state.pop("revision")
        self.__init__(**state)  # type: ignore[misc]
        if self._revision.digest != revision:
            raise PolicyError(
                f"the pickled gate had the policy revision {revision}; here it is {self._revision.digest}.",
                "Bring the same policy, key and glossary files, or build the gate here.",
                file=str(self._path) if self._path is not None else None,
            )

    def __repr__(self) -> str:
        return f"Gate(mode={self._revision.mode!r}, revision={self._revision.digest!r})"


def _conclude(
    judged: Sequence[Judgement],
    revision: Revision,
    query: str | None,
    now: datetime,
    as_of: datetime | None,
    started: float,
) -> Admission:
    decisions: list[Decision] = []
    admitted: list[Chunk] = []
    dropped: list[Dropped] = []
    for judgement in judged:
        decision = judgement.decide()
        decisions.append(decision)
        if decision.admitted:
            admitted.append(judgement.outgoing())
        else:
            dropped.append(Dropped(judgement.chunk, decision))
    return Admission(
        id=uuid.uuid4().hex,
        policy_revision=revision.digest,
        mode=revision.mode,
        now=now,
        as_of=as_of,
        chunks=tuple(admitted),
        decisions=tuple(decisions),
        dropped=tuple(dropped),
        query_digest=digest_label(replace_surrogates(query).encode()) if isinstance(query, str) else None,
        inputs=tuple(judgement.chunk for judgement in judged),
        query=query if isinstance(query, str) else None,
        reading=revision.reading,
        seconds=time.perf_counter() - started,
    )

"""Gate: chunks in, one decision per chunk out. Fails closed.

An admission has one reading of the clock and one revision of the policy, taken at its start. Per chunk, provenance,
freshness and terminology each give findings; then the set-wide rules (supersession, budget) give theirs. A finding of
severity error, under a check that is enforced, keeps the chunk out. An exception inside a check is a finding too.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from headgate.admission.carrying import Carried
from headgate.admission.deciding import InForce
from headgate.admission.emptiness import require_admissible
from headgate.admission.following import Follower
from headgate.admission.hidden import holds_invisible
from headgate.admission.knowing import knowing
from headgate.admission.loading import load, load_with
from headgate.admission.observing import is_observing
from headgate.admission.proving import current_proof
from headgate.admission.pulling import Pulled
from headgate.admission.releases import RELEASES
from headgate.admission.revision import Revision
from headgate.admission.revoking import without_withdrawn
from headgate.chunk import Chunk
from headgate.clock import Clock, utc_now
from headgate.decision import Admission
from headgate.errors import PolicyError
from headgate.forks import renew_after_fork
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy import Policy
from headgate.policy.loading import locate
from headgate.record.sinks import Sink
from headgate.record.summary import TraceInner

__all__ = ["Gate"]

_log = logging.getLogger("headgate")
_INLINE_DECISIONS = 500  # more take longer to write down than an event loop should wait


class Gate(Carried):
    """Decides what may enter a prompt.

    A gate may be shared by threads and tasks, and survives a fork.

    Args:
        policy: a policy, the path of a policy file, or a mapping with a policy file's names.
        clock: tells the time, once per admission.
        limits: bounds on what one admission may cost.
        sinks: called with every admission that is released, each in a thread of its own.
        trace_inner: how much tracers see of what a retriever behind the gate returned, where its adapter is not told.

    Raises:
        PolicyError: the policy, or a file that it names, cannot be used.
    """

    _is_traffic = True  # a rehearsal says no, and leaves nothing where traffic leaves its trail

    def __init__(
        self,
        policy: Policy | str | Path | Mapping[str, object],
        *,
        clock: Clock = utc_now,
        limits: Limits = DEFAULT_LIMITS,
        sinks: Sequence[Sink] = (),
        trace_inner: TraceInner | None = None,
    ) -> None:
        self.trace_inner = trace_inner
        self._path = Path(policy) if isinstance(policy, (str, Path)) else None
        self._follower = Follower(self._follow, self._withdraw)
        self._reloading = threading.Lock()
        self._before_proof: InForce | None = None
        opened = partial(InForce.opened, limits=limits, clock=clock, sinks=sinks, is_traffic=self._is_traffic)
        self._take(load_with(opened, policy, self._path, limits, clock))
        renew_after_fork(self)

    def _take(self, in_force: InForce) -> None:
        """Decide with something else from now on."""
        # Replaced as a whole: whoever reads it has all of the old or all of the new.
        self._in_force = in_force
        if in_force.pulled is not None:
            in_force.pulled.accept()

    def _after_fork(self) -> None:
        """Let the child of a fork reload, whoever was reloading in the parent; a proof is not the child's."""
        self._reloading = threading.Lock()
        if self._before_proof is not None:
            self._in_force, self._before_proof = self._before_proof, None

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._in_force.policy

    @property
    def path(self) -> Path | None:
        """The policy file, if the policy was read from one."""
        return self._path

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the revision in force was read from: the policy, keys, glossaries, timestamps of manifests."""
        own = (self._path,) if self._path is not None else ()
        keys = self.written.named_files() if self.pulled is not None else ()
        return (*own, *keys, *self._in_force.revision.files)

    @property
    def written(self) -> Policy:
        """The policy as its file has it: the one in force, or one that says where that is pulled from."""
        return self._in_force.written

    @property
    def pulled(self) -> Pulled | None:
        """Which signed policy is in force, where it was pulled from and when that was confirmed; None if it was not."""
        return self._in_force.pulled

    @property
    def policy_revision(self) -> str:
        """The digest of the policy in force, with its keys and glossaries."""
        return self._in_force.revision.digest

    @property
    def in_force(self) -> Revision:
        """The policy in force with all that it names, manifests as well."""
        return self._in_force.revision

    @property
    def keeps_out(self) -> bool:
        """Whether anything can be kept out under the policy in force: some check of some source is enforced."""
        return self._in_force.revision.keeps_out and not is_observing()

    def hides_in(self, value: object) -> bool:
        """Return whether a value holds characters that nobody sees, and the policy keeps them out (`invisible:`)."""
        return self._in_force.revision.invisible != "report" and not is_observing() and holds_invisible(value)

    def reworded(self, query: str) -> str:
        """Return a question in the words in which the policy puts it to retrievers (`query:`), as adapters do."""
        terms = self._in_force.revision.query
        return terms.reworded(query) if terms is not None and not is_observing() else query

    def answered(self, reply: str, query: str) -> str:
        """Return a reply in the words of whoever asked, by the glossaries of `query:`."""
        terms = self._in_force.revision.query
        return terms.answered(reply, query).text if terms is not None and not is_observing() else reply

    def now(self) -> datetime:
        """Return what the gate's clock shows."""
        return self._in_force.clock()

    @property
    def failures(self) -> Mapping[str, int]:
        """How often the decision `log`, a `sink` or `otel` failed since the gate was made."""
        return self._in_force.recorder.failures

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
            NothingAdmissibleError: nothing admissible is left, and the policy says `on_empty: raise`.
        """
        admission = self.release(self.judge(chunks, query, now, as_of))
        require_admissible(admission)
        return admission

    async def aadmit(
        self,
        chunks: Sequence[Chunk],
        query: str | None = None,
        now: datetime | None = None,
        as_of: datetime | None = None,
    ) -> Admission:
        """As `admit`. Work of more than a few milliseconds is done in a thread, so that the event loop goes on."""
        admission = await self.arelease(await self.ajudge(chunks, query, now, as_of))
        require_admissible(admission)
        return admission

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
        in_force = self._in_force
        if in_force.is_followed:
            present = in_force.clock()  # not whatever instant a caller names: that would be when a place was asked
            now = now if now is not None else present
            self._follower.follow(in_force, present)
            in_force = self._in_force
        return in_force.judge(self, chunks, query, now, as_of)

    async def ajudge(
        self,
        chunks: Sequence[Chunk],
        query: str | None = None,
        now: datetime | None = None,
        as_of: datetime | None = None,
    ) -> Admission:
        """As `judge`. Work of more than a few milliseconds is done in a thread, so that the event loop goes on."""
        in_force = self._in_force
        if in_force.is_followed:
            present = in_force.clock()
            now = now if now is not None else present
            if self._follower.is_due(in_force, present):  # what was fetched is loaded, with all that the policy names
                await asyncio.to_thread(self._follower.follow, in_force, present)
            in_force = self._in_force
        return await in_force.ajudge(self, chunks, query, now, as_of)

    def release(
        self, admission: Admission, *, context: object = None, framework: str = "none", traced: bool = True
    ) -> Admission:
        """Record an admission and tell the sinks; what it returns may enter the prompt.

        Args:
            admission: what `judge` returned, or its `limited_to`.
            context: the OpenTelemetry context whose span is the parent; by default the current one.
            framework: the framework that asked, for metrics.
            traced: whether to show it in OpenTelemetry at once; if not, `trace` does.

        Returns:
            The admission; if it could not be recorded and the policy says so, one in which everything is dropped.
        """
        proof, in_force = current_proof(), self._in_force
        if proof is not None:
            proof.released(self, admission)
        # Documents made up for a proof would count as failures.
        elif not (is_observing() or in_force.is_proof(admission)):
            # Before recording: a log that fails gives every document G905, and a full disk would hold all sources.
            if in_force.shared.is_watching:
                in_force.shared.observe(admission)
            admission = in_force.recorder.release(in_force.recorded(self, admission))
            if traced:
                self.trace(admission, context=context, framework=framework)
        RELEASES.remember(admission, self)
        return admission

    async def arelease(
        self, admission: Admission, *, context: object = None, framework: str = "none", traced: bool = True
    ) -> Admission:
        """As `release`; a thread waits for a log that is forced to the disk, and writes down a great many decisions."""
        release = partial(self.release, context=context, framework=framework, traced=traced)
        in_force = self._in_force
        is_long = len(admission.decisions) > _INLINE_DECISIONS
        if is_long or in_force.is_compared or in_force.recorder.is_slow or in_force.shared.is_watching:
            return await asyncio.to_thread(release, admission)
        return release(admission)

    def trace(
        self, admission: Admission, *, context: object = None, framework: str = "none", spans: Sequence[object] = ()
    ) -> None:
        """Show in OpenTelemetry what `release` has returned, for adapters that have made spans for it.

        Args:
            admission: what `release` returned.
            context: the OpenTelemetry context whose span is the parent; by default the current one.
            framework: the framework that asked, for metrics.
            spans: the open spans of this very admission; they say what was decided, in place of a span of its own.
        """
        in_force = self._in_force
        if current_proof() is None and not in_force.is_proof(admission):
            in_force.recorder.trace(admission, context, framework, spans)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until the sinks have been told of everything that was released.

        Args:
            timeout: how long to wait, in seconds; None for as long as it takes.

        Returns:
            Whether they have.
        """
        return self._in_force.recorder.flush(timeout)

    def close(self) -> None:
        """Tell the sinks what they have not been told yet, and close the log and the registry; use opens them again."""
        self._in_force.recorder.close()
        self._in_force.shared.close()

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def reload(self) -> bool:
        """Read the policy file, and every file that it names, again; a place that it is pulled from is asked.

        The new revision takes effect at once and as a whole; admissions that have begun end under the old one.

        Returns:
            Whether anything changed.

        Raises:
            PolicyError: the new files cannot be used, or a place that was asked gives nothing that can be; the old
                revision stays in force.
        """
        if self.pulled is not None:
            self.pulled.place.ask_again(self.now())
        has_changed = self._reload(self._path or self.written, may_wait=True)
        if self.pulled is not None and self.pulled.place.problem is not None:
            error = PolicyError(self.pulled.place.problem, "The policy before stays in force.", ("pull",))
            raise locate(error, self._path) if self._path is not None else error
        return has_changed

    def settle(self, timeout: float) -> bool:
        """Wait until a policy that is being pulled is in force, or known to be none.

        Args:
            timeout: how long to wait for the place, and again for what it has, in seconds.

        Returns:
            Whether that is so.
        """
        return self._follower.settle(self._in_force, self.now(), timeout)

    def require_no_rollback(self, before: Gate) -> None:
        """Raise PolicyError if a policy, list or manifest of this gate goes back behind what is in force in another."""
        self._in_force.require_no_rollback(before._in_force)

    def _reload(self, source: Policy | Path, *, may_wait: bool) -> bool:
        with self._reloading:
            before = self._in_force
            # Key sets that are followed come into force under the policy that is, not under one not loaded yet.
            current = before.pulled if not may_wait else None
            loaded = load(source, self._path, before.limits, before.clock, may_wait=may_wait, current=current)
            after = before.after(loaded, may_wait=may_wait)
            if after.revision is before.revision:
                if not before.proved:
                    self._take(after)
                return False
            self._take(after)
            _log.info("policy revision %s is in force", after.revision.digest)
            return True

    @contextmanager
    def knowing(self, source: Mapping[str, object]) -> Iterator[None]:
        """Know one source more, for proofs of a chain with documents that are made for it.

        Everything else stays in force for everybody: the policy, what is held in quarantine, the log. Admissions that
        hold a document of the additional source are proofs: they are neither recorded nor counted.

        Args:
            source: an entry as under `sources:` in a policy, with an id and URIs that no other source has.

        Raises:
            PolicyError: the source cannot be used.
        """
        with self._reloading:
            before = self._in_force
            self._in_force, self._before_proof = knowing(before, source), before
        # The lock is free meanwhile: a chain that reloads its gate while it is proved gets an answer.
        try:
            yield
        finally:
            self._in_force, self._before_proof = before, None

    def _follow(self, may_wait: bool) -> bool:
        return self._reload(self.written, may_wait=may_wait)

    def _withdraw(self, now: datetime) -> bool:
        with self._reloading:
            before = self._in_force
            left = without_withdrawn(before.revision, now, before.policy.key_sets, before.limits)
            self._in_force = replace(before, revision=left)
            return not before.proved  # when a proof is over, what was in force before it is again

    def __repr__(self) -> str:
        return f"Gate(mode={self._in_force.revision.mode!r}, revision={self._in_force.revision.digest!r})"

"""Gate: chunks in, one decision per chunk out. Fails closed.

An admission has one reading of the clock and one revision of the policy, taken at its start. It is planned, asks what
it must, and is judged; `aadmit` does the same and moves what takes long to a thread. Per chunk, provenance, freshness
and terminology each give findings; then the set-wide rules (supersession, budget) give theirs. A finding of severity
error, under a check that is enforced, keeps the chunk out. An exception inside a check is a finding too.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from headgate.admission.deciding import Decider
from headgate.admission.emptiness import require_admissible
from headgate.admission.hidden import holds_invisible
from headgate.admission.loading import load
from headgate.admission.observing import is_observing
from headgate.admission.proving import current_proof
from headgate.admission.recording import Recorder
from headgate.admission.releases import RELEASES
from headgate.admission.resolving import with_source
from headgate.admission.revision import Revision
from headgate.admission.revoking import without_withdrawn
from headgate.admission.shared_state import SharedState
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


class Gate(Decider):
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
        self._clock = clock
        self._limits = limits
        self._policy, self._revision = load(policy, self._path, limits, clock)
        self._followed: Sequence[str] = ()
        self._reloading = threading.Lock()
        self._proved: frozenset[str] = frozenset()
        self._before_proof: Revision | None = None
        try:
            self._recorder = Recorder(self._policy, sinks, is_traffic=self._is_traffic)
            self._shared = SharedState(self._policy, self._revision.revocation_keys, clock, is_traffic=self._is_traffic)
        except PolicyError as error:
            raise (locate(error, self._path) if self._path is not None else error) from None
        renew_after_fork(self)

    def _after_fork(self) -> None:
        """Let the child of a fork reload, whoever was reloading in the parent; a proof is not the child's."""
        self._reloading = threading.Lock()
        if self._before_proof is not None:
            self._revision, self._proved, self._before_proof = self._before_proof, frozenset(), None

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._policy

    @property
    def path(self) -> Path | None:
        """The policy file, if the policy was read from one."""
        return self._path

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the revision in force was read from: the policy, keys, glossaries, timestamps of manifests."""
        own = (self._path,) if self._path is not None else ()
        return (*own, *self._revision.files)

    @property
    def policy_revision(self) -> str:
        """The digest of the policy in force, with its keys and glossaries."""
        return self._revision.digest

    @property
    def in_force(self) -> Revision:
        """The policy in force with all that it names, manifests as well."""
        return self._revision

    @property
    def keeps_out(self) -> bool:
        """Whether anything can be kept out under the policy in force: some check of some source is enforced."""
        return self._revision.keeps_out and not is_observing()

    def hides_in(self, value: object) -> bool:
        """Return whether a value holds characters that nobody sees, and the policy keeps them out (`invisible:`)."""
        return self._revision.invisible != "report" and not is_observing() and holds_invisible(value)

    def reworded(self, query: str) -> str:
        """Return a question in the words in which the policy puts it to retrievers (`query:`), as adapters do."""
        terms = self._revision.query
        return terms.reworded(query) if terms is not None and not is_observing() else query

    def answered(self, reply: str, query: str) -> str:
        """Return a reply in the words of whoever asked, by the glossaries of `query:`."""
        terms = self._revision.query
        return terms.answered(reply, query).text if terms is not None and not is_observing() else reply

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
        proof = current_proof()
        if proof is not None:
            proof.released(self, admission)
        # Documents made up for a proof would count as failures.
        elif not (is_observing() or self._is_proof(admission)):
            # Before recording: a log that fails gives every document G905, and a full disk would hold all sources.
            if self._shared.is_watching:
                self._shared.observe(admission)
            admission = self._recorder.release(admission)
            if traced:
                self.trace(admission, context=context, framework=framework)
        RELEASES.remember(admission, self)
        return admission

    async def arelease(
        self, admission: Admission, *, context: object = None, framework: str = "none", traced: bool = True
    ) -> Admission:
        """As `release`; a log that is forced to the disk is waited for in a thread."""
        release = partial(self.release, context=context, framework=framework, traced=traced)
        if self._recorder.is_slow or self._shared.is_watching:
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
        if current_proof() is None and not self._is_proof(admission):
            self._recorder.trace(admission, context, framework, spans)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until the sinks have been told of everything that was released.

        Args:
            timeout: how long to wait, in seconds; None for as long as it takes.

        Returns:
            Whether they have.
        """
        return self._recorder.flush(timeout)

    def close(self) -> None:
        """Tell the sinks what they have not been told yet, and close the log and the registry; use opens them again."""
        self._recorder.close()
        self._shared.close()

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def reload(self) -> bool:
        """Read the policy file, and every file that it names, again.

        The new revision takes effect at once and as a whole; admissions that have begun end under the old one.

        Returns:
            Whether anything changed.

        Raises:
            PolicyError: the new files cannot be used; the old revision stays in force.
        """
        return self._reload(self._path or self._policy, may_wait=True)

    def _reload(self, source: Policy | Path, *, may_wait: bool) -> bool:
        with self._reloading:
            policy, revision = load(source, self._path, self._limits, self._clock, may_wait=may_wait)
            if revision.state == self._revision.state:
                return False
            revision.require_no_rollback(self._revision)
            if self._proved:
                raise PolicyError("a chain is being proved with this gate.", "Reload when the proof is over.")
            # One assignment each: whoever reads `_revision` has all of the old or all of the new.
            # What can raise comes before the first assignment: a log that cannot be opened changes nothing.
            recorder = self._recorder.under(policy)
            shared = self._shared.under(policy, revision.revocation_keys, may_wait=may_wait)
            self._policy, self._recorder, self._shared, self._revision = policy, recorder, shared, revision
            _log.info("policy revision %s is in force", revision.digest)
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
        extra = Policy.from_mapping({"sources": [source]}).sources
        with self._reloading:
            before = self._revision
            if self._proved:
                raise PolicyError("another chain is being proved with this gate.", "Wait until that is over.")
            if extra[0].id in before.sources:
                raise PolicyError(f"the policy has a source {extra[0].id!r} already.", "Choose another id.")
            # Of the same digest: for all others it is the same policy. No file is read again.
            self._revision = with_source(before, self._policy, extra[0], self._limits)
            self._proved, self._before_proof = frozenset(one.id for one in extra), before
        # The lock is free meanwhile: a chain that reloads its gate while it is proved gets an answer.
        try:
            yield
        finally:
            self._revision, self._proved, self._before_proof = before, frozenset(), None

    def _follow_key_sets(self, now: datetime) -> None:
        """Take a key set into force that was fetched in the background; nothing here waits for the network."""
        found = self._revision.newer_keys(now, self._policy.key_sets)
        if found is None or found == self._followed or self._proved:
            return
        self._followed = found  # once each, also if the policy cannot be loaded meanwhile
        try:
            self._reload(self._policy, may_wait=False)
        except PolicyError as error:
            _log.warning("the policy in force stays, without keys that were added or withdrawn: %s", error)
            with self._reloading:
                self._revision = without_withdrawn(self._revision, now, self._policy.key_sets, self._limits)

    # A copy of a component decides with the very gate of the original: its memory, its log, its reloads.
    def __copy__(self) -> Gate:
        return self

    def __deepcopy__(self, memo: object) -> Gate:
        return self

    def __getstate__(self) -> dict[str, object]:
        return {
            "policy": self._path if self._path is not None else self._policy,
            "revision": self._revision.digest,
            "clock": self._clock,
            "limits": self._limits,
            "sinks": self._recorder.sinks,
            "trace_inner": self.trace_inner,
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

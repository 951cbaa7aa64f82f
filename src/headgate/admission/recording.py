"""What happens between a decision and the prompt: it is recorded, then shown. Recording may hold documents back."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from headgate.admission.collecting import collect
from headgate.admission.trail import AuditTrail, default_trail, trail_of
from headgate.decision import Admission, Finding
from headgate.errors import PolicyError
from headgate.forks import importing
from headgate.policy import Log, Policy
from headgate.record.log import DecisionLog
from headgate.record.sinks import Background, Sink

__all__ = ["Recorder"]

_log = logging.getLogger("headgate")


@lru_cache(maxsize=1)
def _emitter() -> Callable[..., None]:
    with importing():
        from headgate.record.otel import emit
    return emit


class Recorder:
    """The decision log, the sinks and OpenTelemetry of one gate.

    Args:
        policy: says where to record, and what happens if that fails.
        sinks: called with every admission.
        is_traffic: whether what is released is traffic, which leaves a trail where the policy only records.

    Raises:
        PolicyError: the policy's log cannot be opened.
    """

    def __init__(self, policy: Policy, sinks: Sequence[Sink] = (), *, is_traffic: bool = True) -> None:
        self.sinks = tuple(sinks)
        self._background = [Background(sink) for sink in sinks]
        self._counts: Counter[str] = Counter()
        self._settings: Log | None = None
        self._decision_log: DecisionLog | None = None
        self._drops_on_error = False
        self._is_traffic = is_traffic
        self._trail: AuditTrail | None = None
        self._configure(policy)

    @property
    def failures(self) -> Mapping[str, int]:
        """How often the `log`, a `sink` or `otel` failed."""
        counts = dict(self._counts)
        counts["sink"] = sum(sum(one.failures.values()) for one in self._background)
        return {name: count for name, count in counts.items() if count}

    def under(self, policy: Policy) -> Recorder:
        """Return the same under another policy; the log stays open where its settings are the same.

        Raises:
            PolicyError: the new log cannot be opened.
        """
        # Threads and counts are shared, and the old log stays open: a release that has begun still ends in it.
        other = object.__new__(Recorder)
        other.__dict__.update(self.__dict__)
        other._configure(policy)
        return other

    @property
    def is_slow(self) -> bool:
        """Whether recording waits for a disk."""
        return self._settings is not None and self._settings.fsync

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until the sinks have everything; return whether they have within `timeout` seconds."""
        done = [one.flush(timeout) for one in self._background]  # each of them, even if one is late
        return all(done)

    def close(self) -> None:
        """Flush the sinks and close the log."""
        for one in self._background:
            one.close()
        if self._decision_log is not None:
            self._decision_log.close()
        if self._trail is not None:
            self._trail.close()

    def release(self, admission: Admission) -> Admission:
        """Record an admission, then hand it to the sinks."""
        if self._decision_log is not None:
            try:
                self._decision_log.write(admission)
            except Exception as error:  # noqa: BLE001 - a decision that cannot be recorded is the policy's to judge
                admission = self._unrecorded(admission, error)
        if self._trail is not None:
            self._trail.see(admission)
        # After the log, so that sinks see what was released and not what was decided.
        for sink in self._background:
            sink(admission)
        collect(admission)
        return admission

    def trace(self, admission: Admission, context: object, framework: str, spans: Sequence[object]) -> None:
        """Show a released admission in OpenTelemetry."""
        # Only where the application has loaded OpenTelemetry: importing it here would tax everybody.
        if "opentelemetry.trace" in sys.modules:
            try:
                _emitter()(admission, context, framework, spans)
            except Exception:  # noqa: BLE001 - a trace that fails changes no decision
                self._count("otel", "OpenTelemetry failed; admissions go on, and this is counted")

    def _configure(self, policy: Policy) -> None:
        settings = policy.log
        is_followed = self._is_traffic and policy.mode == "audit"
        if settings is None:
            self._decision_log, self._settings = None, None
            self._trail = default_trail() if is_followed else None
            return
        # Under a policy that only observes, a full disk must not be the first thing that keeps documents out.
        on_error = settings.on_error or ("drop" if policy.keeps_out else "admit")
        self._drops_on_error = on_error == "drop"
        path = policy.resolve_path(settings.path)
        self._trail = trail_of(path) if is_followed else None
        if self._decision_log is not None and self._settings == settings and self._decision_log.path == path:
            return
        try:
            self._decision_log, self._settings = DecisionLog(path, settings), settings
        except OSError as error:
            problem = f"the log {path} cannot be opened ({error.strerror})."
            raise PolicyError(problem, "Make its folder, or choose another path.", ("log", "path")) from error

    def _unrecorded(self, admission: Admission, error: Exception) -> Admission:
        # An exception may quote what it could not write; the operating system's own words do not.
        reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        self._count("log", f"the decision log could not be written: {reason}")
        if not self._drops_on_error:
            return admission
        detail = {"error": reason}
        return admission.refused(Finding("G905", "The decision could not be recorded.", detail=detail))

    def _count(self, what: str, message: str) -> None:
        self._counts[what] += 1
        if self._counts[what] == 1:
            _log.warning(message, exc_info=True)

"""What audit mode leaves: a log where none is configured, a summary now and then, a warning where nothing was left."""

from __future__ import annotations

import logging
import shlex
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from headgate.decision import Admission
from headgate.encoding import in_number
from headgate.forks import renew_after_fork
from headgate.record.log import DecisionLog
from headgate.record.place import STATE_VARIABLE, default_log_path, open_default_log

__all__ = ["AuditTrail", "announce", "default_trail", "trail_of"]

_ADMISSIONS = 100
_HOUR = timedelta(hours=1)
# Where nothing is ever admissible, each request would say so; the summary has the rest.
_MOST_WARNINGS = 10
_NAMED_CODES = 5

_log = logging.getLogger("headgate")


@dataclass(slots=True)
class _Tally:
    """What has happened since the last summary."""

    since: datetime
    admissions: int = 0
    documents: int = 0
    emptied: int = 0
    causes: Counter[str] = field(default_factory=Counter)

    def add(self, admission: Admission, causes: Counter[str]) -> None:
        self.admissions += 1
        self.documents += len(admission.decisions)
        self.emptied += _is_emptied(admission)
        self.causes += causes


class AuditTrail:
    """Follows admissions that only record, for all gates of a process that write to one log.

    Args:
        path: where they are recorded; None for nowhere.
        is_default: whether nobody named that place, so that it is written here and said once.
    """

    def __init__(self, path: Path | None, *, is_default: bool) -> None:
        self._path, self._is_default = path, is_default
        self._broken = False
        self._tally: _Tally | None = None
        self._lock = threading.Lock()
        renew_after_fork(self)

    def see(self, admission: Admission) -> None:
        """Record an admission, if nobody else does, and say what there is to say; never raises."""
        try:
            if self._is_default:
                announce(self._path)
                self._write(admission)
            for level, line in self._count(admission):
                _log.log(level, line)
        except Exception:  # noqa: BLE001 - what only watches must not end the chain
            _log.debug("the audit trail failed", exc_info=True)

    def close(self) -> None:
        """Say what has not been said yet, and close the log; it is opened again when it is needed."""
        with self._lock:
            tally, self._tally = self._tally, None
        if tally is not None:
            _log.log(*self._summary(tally))
        log = self._opened()
        if log is not None:
            log.close()

    def _after_fork(self) -> None:
        # What was counted is the parent's to say.
        self._lock, self._tally = threading.Lock(), None

    def _opened(self) -> DecisionLog | None:
        if not self._is_default or self._path is None or self._broken:
            return None
        return open_default_log(self._path)

    def _write(self, admission: Admission) -> None:
        try:
            log = self._opened()
            if log is not None:
                log.write(admission)
        except Exception as error:  # noqa: BLE001 - a place that nobody chose may be read-only, full or not there
            self._broken = True
            reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
            _log.warning(
                "headgate cannot record decisions at %s (%s); the chain goes on without. Name a place with `log:` in "
                "the policy, or a folder in %s.",
                self._path,
                reason,
                STATE_VARIABLE,
            )

    def _count(self, admission: Admission) -> list[tuple[int, str]]:
        causes = Counter(one.reasons[0].code for one in admission.decisions if one.would_drop)
        lines = []
        with self._lock:
            tally = self._tally
            # A clock that is set back starts again, or there would be no summary until it has caught up.
            if tally is None or admission.now < tally.since:
                self._tally = tally = _Tally(admission.now)
            tally.add(admission, causes)
            if _is_emptied(admission) and tally.emptied <= _MOST_WARNINGS:
                lines.append((logging.WARNING, self._emptied(admission, causes)))
            if tally.admissions >= _ADMISSIONS or admission.now - tally.since >= _HOUR:
                lines.append(self._summary(tally))
                self._tally = None
        return lines

    def _emptied(self, admission: Admission, causes: Counter[str]) -> str:
        where = self._shown_path()
        log = f"; headgate log {where} --admission {admission.id[:12]}" if where else ""
        why = f"headgate explain {causes.most_common(1)[0][0]}{log}"
        return (
            f"audit mode: of {in_number(len(admission.decisions), 'document')} nothing is admissible "
            f"({_named(causes)}); enforced, this prompt would be empty. Why: {why}"
        )

    def _summary(self, tally: _Tally) -> tuple[int, str]:
        out = sum(tally.causes.values())
        since = tally.since.isoformat(timespec="seconds")
        where = self._shown_path()
        line = (
            f"audit mode: {in_number(tally.admissions, 'admission')} with {in_number(tally.documents, 'document')} "
            f"since {since}. Enforced, {in_number(out, 'document')} would be kept out"
            f"{f' ({_named(tally.causes)})' if out else ''}, and {in_number(tally.emptied, 'prompt')} would be empty."
            f"{f' What to do: headgate report adoption {where}' if where and out else ''}"
        )
        return (logging.WARNING if tally.emptied else logging.INFO), line

    def _shown_path(self) -> str | None:
        return None if self._path is None or self._broken else shlex.quote(str(self._path))


def announce(path: Path | None, mode: str = "headgate runs in audit mode") -> None:
    """Say, once for each place in a process, where decisions are recorded that no policy names a log for."""
    said = _said(path)
    if said:
        return
    said.append(True)
    if path is None:
        _log.warning("%s: nothing is dropped, and decisions are only in traces and sinks.", mode)
    else:
        _log.warning(
            "%s: nothing is dropped, and decisions are recorded in %s. `log:` in a policy names another place, %s "
            "another folder (`off`: none).",
            mode,
            path,
            STATE_VARIABLE,
        )


@lru_cache(maxsize=64)
def trail_of(path: Path | None, *, is_default: bool = False) -> AuditTrail:
    """Return the trail that all gates of this process share that record at one place."""
    return AuditTrail(path, is_default=is_default)


def default_trail() -> AuditTrail:
    """Return the trail of gates whose policy names no log."""
    return trail_of(default_log_path(), is_default=True)


@lru_cache(maxsize=64)
def _said(path: Path | None) -> list[bool]:  # noqa: ARG001 - what it is remembered by
    return []


def _is_emptied(admission: Admission) -> bool:
    return bool(admission.decisions) and all(one.would_drop for one in admission.decisions)


def _named(causes: Counter[str]) -> str:
    named = ", ".join(f"{code}: {count:,}" for code, count in causes.most_common(_NAMED_CODES))
    return f"{named}, ..." if len(causes) > _NAMED_CODES else named

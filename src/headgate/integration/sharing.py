"""One gate per policy file and revision in a process, however often `guard(x, "headgate.yaml")` is called.

A server that calls `guard` in a request handler must not load a glossary, or open a log, for each request. The gate of
a file is kept, and the files that it was read from are looked at whenever it is asked for: a change makes a new gate,
and whoever holds the old one goes on under the old revision, or calls `reload` on it. Gates that are built by hand
(`Gate`), with a clock or sinks of their own, are never shared.
"""

from __future__ import annotations

import hashlib
import logging
import stat
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headgate.admission.gate import Gate
from headgate.clock import utc_now
from headgate.errors import PolicyError
from headgate.forks import renew_after_fork
from headgate.origins.policies import PulledPolicy
from headgate.policy import Policy

__all__ = ["SharedGates", "shared_gate"]

_MOST_GATES = 64
# Two changes within one tick of a file system's clock look alike, so a file this young is compared by its content.
_YOUNG_SECONDS = 2.0
_MOST_BYTES = 256_000_000
_RETRY_SECONDS = 5.0  # what is missing may be something that is not looked at, such as the folder of the log
_ROUNDS = 3  # of loading files that change meanwhile

_log = logging.getLogger("headgate")

Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Files:
    """How some files looked at one moment.

    Attributes:
        paths: the files.
        stamps: what tells a changed file, per file; None for one that cannot be looked at.
        digests: of their content, per file.
        seen: when, in seconds since 1970.
    """

    paths: tuple[Path, ...]
    stamps: tuple[Stamp | None, ...]
    digests: tuple[bytes | None, ...]
    seen: float

    @classmethod
    def look(cls, paths: Sequence[Path]) -> _Files:
        # The stamps first: a change meanwhile leaves an old stamp with new content, and is looked at again.
        seen, stamps = utc_now().timestamp(), tuple(map(_stamp, paths))
        return cls(tuple(paths), stamps, tuple(map(_digest, paths, stamps)), seen)

    def again(self) -> _Files | None:
        """Return the same files as they are now, or None if their content has changed."""
        now, stamps = utc_now().timestamp(), tuple(map(_stamp, self.paths))
        if stamps == self.stamps and not self._is_young():
            return self
        digests = tuple(map(_digest, self.paths, stamps))
        return replace(self, stamps=stamps, seen=now) if digests == self.digests else None

    def _is_young(self) -> bool:
        changed = [stamp[0] / 1e9 for stamp in self.stamps if stamp is not None]
        return any(instant > self.seen - _YOUNG_SECONDS for instant in changed)


class SharedGates:
    """The gates of policy files, the most recently used ones.

    A gate that is no longer kept goes on for whoever holds it, and closes its log when nobody does. `close` on a shared
    gate flushes it and closes its log for the moment: whoever asks it next opens the log again.

    Args:
        most: how many files' gates to keep.
    """

    def __init__(self, most: int = _MOST_GATES) -> None:
        self._most = most
        self._kept: OrderedDict[Path, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        renew_after_fork(self)

    def get(self, path: str | Path, *, strict: bool = False) -> Gate:
        """Return the gate of a policy file, as the file is now.

        A file that has changed and cannot be used does not replace a working one: the gate before it is returned, and
        a warning is logged once.

        Args:
            path: the policy file.
            strict: whether to raise in that case.

        Raises:
            PolicyError: the file cannot be used, and there is no gate from before; or `strict` is set.
        """
        # Absolute, so that it is the same file after a change of folder; `..` stays, because a link may be before it.
        key = Path(path).absolute()
        with self._lock:
            kept = self._kept.setdefault(key, _Kept(key))
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return kept.current(strict=strict)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        for kept in list(self._kept.values()):
            kept.renew()


class _Kept:
    """The gate of one policy file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._gate: Gate | None = None
        self._files: _Files | None = None
        self._refused: tuple[_Files, PolicyError] | None = None
        self.renew()

    def renew(self) -> None:
        """Make the lock again: in the child of a fork, nobody may be left to give it back."""
        # One at a time: whoever comes while the file is being loaded gets what comes of it.
        self._lock = threading.Lock()

    def current(self, *, strict: bool) -> Gate:
        with self._lock:
            if self._gate is None or self._files is None:
                self._gate, self._files = self._load()
                return self._gate
            files = self._files.again()
            if files is not None:
                self._files, self._refused = files, None
                return self._gate
            error = self._replace(self._gate)
            if error is not None and strict:
                raise error
            return self._gate

    def _replace(self, before: Gate) -> PolicyError | None:
        """Take the changed files into use; return why they cannot be."""
        if self._refused is not None:
            files, error = self._refused
            is_recent = utc_now().timestamp() < files.seen + _RETRY_SECONDS
            if is_recent and files.again() is not None:
                return error
        refused = _Files.look(before.files)
        try:
            gate, files = self._load()
            gate.require_no_rollback(before)
        except PolicyError as error:
            if self._refused is None or str(self._refused[1]) != str(error):
                _log.warning("the policy has changed and cannot be used; the one before stays in force: %s", error)
            self._refused = refused, error
            return error
        self._refused, self._files = None, files
        # Somebody has reloaded the gate already, or nothing that matters has changed.
        if gate.in_force.state != before.in_force.state or _origin(gate) != _origin(before):
            self._gate = gate
            _log.info("policy revision %s is in force", gate.policy_revision)
        return None

    def _load(self) -> tuple[Gate, _Files]:
        """Return a gate, and how its files looked before it was loaded, so that a later change is noticed."""
        for _ in range(_ROUNDS):
            policy = Policy.load(self._path)
            files = _Files.look([self._path, *policy.named_files()])
            gate = Gate(self._path)
            if gate.written == policy:
                break
        return gate, files


_SHARED = SharedGates()


def shared_gate(path: str | Path, *, strict: bool = False) -> Gate:
    """Return the gate that this process shares for a policy file; see `SharedGates.get`."""
    return _SHARED.get(path, strict=strict)


def _origin(gate: Gate) -> tuple[Policy, PulledPolicy | None]:
    """Return where a gate has its policy from: the file, and the place with the keys that may sign for it."""
    return gate.written, gate.pulled.place if gate.pulled is not None else None


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev, found.st_mode


def _digest(path: Path, stamp: Stamp | None) -> bytes | None:
    """Return a digest of a file's content; None for what no policy could have been read from."""
    if stamp is None or not stat.S_ISREG(stamp[-1]) or stamp[2] > _MOST_BYTES:
        return None
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return None

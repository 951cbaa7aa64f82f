"""The revocation lists of a policy: read when a gate is made, and again whenever their files change."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headgate.errors import PolicyError, SealError
from headgate.files import read_config_bytes
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy import Policy
from headgate.policy.loading import named_here
from headgate.provenance import KeySet
from headgate.provenance.remembering import ManifestMemory
from headgate.provenance.revocation import RevocationList, Revocations

__all__ = ["RevocationFiles"]

_log = logging.getLogger("headgate")
_State = tuple[int, int, int] | None


class RevocationFiles:
    """The lists, each held until a later one verifies.

    A list that was replaced by one that does not verify, or is of an earlier version, stays in force; it ends when its
    own time does.

    Args:
        policy: names the files.
        keys: who may sign each of them, in the order of the policy.
        limits: bounds on what is read.

    Raises:
        PolicyError: a list cannot be used.
    """

    def __init__(self, policy: Policy, keys: Sequence[KeySet], limits: Limits = DEFAULT_LIMITS) -> None:
        cache = policy.resolve_path(policy.cache) if policy.cache is not None else None
        self._files = [
            _File(policy.resolve_path(rule.list), one, cache, limits)
            for rule, one in zip(policy.revocations, keys, strict=True)
        ]
        self._graces = [rule.grace for rule in policy.revocations]
        for number, file in enumerate(self._files):
            try:
                file.load()
            except PolicyError as error:
                raise named_here(error).under("revocations", number, "list") from None
        self._current = self._collected()

    def __bool__(self) -> bool:
        return bool(self._files)

    def current(self) -> Revocations:
        """Return what is in force; a file that has changed is read again."""
        changed = [file.refresh() for file in self._files]
        if any(changed):
            self._current = self._collected()
        return self._current

    def _collected(self) -> Revocations:
        return Revocations(
            tuple((file.held, grace) for file, grace in zip(self._files, self._graces, strict=True) if file.held)
        )


@dataclass(slots=True)
class _File:
    path: Path
    keys: KeySet
    cache: Path | None
    limits: Limits
    held: RevocationList | None = None
    _seen: _State = None

    def load(self) -> None:
        """Read the file.

        Raises:
            PolicyError: it cannot be used.
        """
        self._seen = self._state()
        data = read_config_bytes(self.path, self.limits.revocation_bytes)
        try:
            found = RevocationList.read(data, self.keys, self.limits)
            self._require_no_rollback(found)
        except SealError as error:
            raise PolicyError(
                f"{self.path}: the revocation list cannot be used: {error.problem} ({error.code}).",
                "Sign it again with `headgate revoke`.",
            ) from None
        self.held = found

    def refresh(self) -> bool:
        """Read the file again if it has changed, and return whether another list is in force now."""
        state = self._state()
        if state == self._seen:
            return False
        before = self.held
        try:
            self.load()
        except PolicyError as error:
            self._seen = state  # said once per change
            _log.warning("the revocation list before stays in force: %s", error)
        return self.held is not before

    def _state(self) -> _State:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _require_no_rollback(self, found: RevocationList) -> None:
        """Remember a version, also for other processes.

        Raises:
            SealError: a later one was accepted before, or another content of this one (P108).
        """
        memory = ManifestMemory(f"revocations of {found.issuer}", self.keys.digest, self.cache)
        highest = memory.highest()
        if highest is not None:
            version, digest = highest
            if found.version < version:
                raise SealError("P108", f"it has version {found.version}; version {version} was accepted before")
            if found.version == version and digest != found.digest:
                raise SealError("P108", f"version {version} was accepted with another content")
        memory.accept(found.version, found.digest)

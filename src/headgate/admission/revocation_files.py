"""The revocation lists of a policy, in files and at addresses: read when a gate is made, and again when they change."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from headgate.clock import Clock, utc_now
from headgate.encoding import safe_uri, shown
from headgate.errors import PolicyError, SealError
from headgate.files import read_config_bytes
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.origins import RemoteList, remote_list
from headgate.policy import KeySets, Policy
from headgate.policy.loading import named_here
from headgate.policy.settings import RevocationRule
from headgate.provenance import KeySet
from headgate.provenance.names import NameMemory
from headgate.provenance.remembering import ManifestMemory
from headgate.provenance.revocation import RevocationList, Revocations

__all__ = ["RevocationFiles"]

_log = logging.getLogger("headgate")


class RevocationFiles:
    """The lists, each held until a later one verifies.

    A list that was replaced by one that does not verify, or is of an earlier version, stays in force; it ends when its
    own time does.

    Args:
        policy: names the files and addresses.
        keys: who may sign each of them, in the order of the policy.
        limits: bounds on what is read.
        clock: tells whether what was kept of an address is young enough.
        may_wait: whether an address of which nothing is known yet is asked; otherwise that is an error.
        remembers: whether earlier versions, and other issuers, are refused from now on, also by other processes.

    Raises:
        PolicyError: a list cannot be used.
    """

    def __init__(
        self,
        policy: Policy,
        keys: Sequence[KeySet],
        limits: Limits = DEFAULT_LIMITS,
        clock: Clock = utc_now,
        *,
        may_wait: bool = True,
        remembers: bool = True,
    ) -> None:
        self._cache = policy.resolve_path(policy.cache) if policy.cache is not None else None
        place = partial(self._place, may_wait=may_wait)
        self._lists = [
            _List(place(policy, rule, one, limits, clock), one, self._cache, remembers, rule.issuer)
            for rule, one in zip(policy.revocations, keys, strict=True)
        ]
        self._graces = [rule.grace for rule in policy.revocations]
        for number, one in enumerate(self._lists):
            try:
                one.place.begin()
                one.load()
            except PolicyError as error:
                raise named_here(error).under("revocations", number, "list") from None
        self._current = self._collected()

    def __bool__(self) -> bool:
        return bool(self._lists)

    def require_no_rollback(self, before: RevocationFiles | None) -> None:
        """Raise if a list is an earlier one than was read from its place before, by a key that may still sign it.

        What is remembered of versions begins again with another set of keys, and somebody may have waited for that.

        Raises:
            PolicyError: so it is.
        """
        known = {one.place.where: one.held for one in before._lists} if before is not None else {}
        for number, one in enumerate(self._lists):
            held, last = one.held, known.get(one.place.where)
            if held is None or last is None or held.issuer != last.issuer:
                continue
            counts = any(key.thumbprint == last.signer for key in one.keys)
            if counts and (held.version, held.digest) != (last.version, last.digest) and held.version <= last.version:
                problem = f"{one.place.name}: the list has version {held.version}; {last.version} is in force (P108)."
                raise PolicyError(problem, "The one before stays in force.").under("revocations", number, "list")

    @property
    def held(self) -> Revocations:
        """What is in force, as it was read last."""
        return self._current

    def current(self) -> Revocations:
        """Return what is in force; a list that has changed is read again, and an address is asked in the background."""
        changed = [one.refresh() for one in self._lists]
        if any(changed):
            self._current = self._collected()
        return self._current

    def _place(
        self, policy: Policy, rule: RevocationRule, keys: KeySet, limits: Limits, clock: Clock, *, may_wait: bool
    ) -> _Place:
        if "://" not in rule.list:
            return _File(policy.resolve_path(rule.list), keys, limits)
        rules = policy.key_sets.model_copy(update={"refresh": rule.refresh})
        return _Address(remote_list(rule.list, self._cache, keys), rules, clock, may_wait=may_wait)

    def _collected(self) -> Revocations:
        return Revocations(
            tuple((one.held, grace) for one, grace in zip(self._lists, self._graces, strict=True) if one.held)
        )


class _Place(Protocol):
    """Where a list is."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def where(self) -> Path | str:
        """Its file or address."""

    def begin(self) -> None:
        """Have the list at hand.

        Raises:
            PolicyError: it cannot be had.
        """

    def state(self) -> object:
        """Return what tells its content from another."""

    def read(self) -> RevocationList:
        """Return the list there; nothing is waited for.

        Raises:
            PolicyError: it cannot be read.
            SealError: it does not verify.
        """


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    keys: KeySet
    limits: Limits

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def where(self) -> Path | str:
        return self.path

    def begin(self) -> None:
        """Do nothing: a file is there."""

    def state(self) -> object:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def read(self) -> RevocationList:
        return RevocationList.read(read_config_bytes(self.path, self.limits.revocation_bytes), self.keys, self.limits)


@dataclass(frozen=True, slots=True)
class _Address:
    remote: RemoteList
    rules: KeySets
    clock: Clock
    may_wait: bool

    @property
    def name(self) -> str:
        return safe_uri(self.remote.url)

    @property
    def where(self) -> Path | str:
        return self.remote.url

    def begin(self) -> None:
        self.remote.bring(self.clock(), self.rules, may_wait=self.may_wait)

    def state(self) -> object:
        self.remote.refresh_if_due(self.clock(), self.rules)
        found = self.remote.current
        return (found.version, found.digest) if found is not None else None

    def read(self) -> RevocationList:
        found = self.remote.current
        if found is None:
            raise PolicyError(f"{self.name}: no list was fetched yet.")
        return found


@dataclass(slots=True)
class _List:
    place: _Place
    keys: KeySet
    cache: Path | None
    remembers: bool
    issuer: str | None = None
    held: RevocationList | None = None
    _seen: object = None

    def load(self) -> None:
        """Read the list.

        Raises:
            PolicyError: it cannot be used.
        """
        self._seen = self.place.state()
        try:
            found = self.place.read()
            first = NameMemory("revocations", self.place.where, self.keys.digest, self.cache)
            self._require_issuer(found, first)
            self._require_no_rollback(found)
            if self.remembers:
                first.accept(found.issuer)
        except SealError as error:
            raise PolicyError(
                f"{self.place.name}: the revocation list cannot be used: {error.problem} ({error.code}).",
                "Sign it again with `headgate revoke`.",
            ) from None
        self.held = found

    def refresh(self) -> bool:
        """Read the list again if it has changed, and return whether another one is in force now."""
        state = self.place.state()
        if state == self._seen:
            return False
        before = self.held
        try:
            self.load()
        except PolicyError as error:
            self._seen = state  # said once per change
            _log.warning("the revocation list before stays in force: %s", error)
        return self.held is not before

    def _require_issuer(self, found: RevocationList, first: NameMemory) -> None:
        """Do nothing unless a list is of a different issuer than the policy names, or than was accepted there first.

        Raises:
            PolicyError: so it is: versions are counted per issuer.
        """
        wanted = self.issuer or first.accepted()
        if wanted is not None and found.issuer != wanted:
            problem = (
                f"{self.place.name}: the revocation list is of {shown(found.issuer)}, and has to be of {shown(wanted)}."
            )
            raise PolicyError(
                problem, "Put that one there, or write issuer: NAME beside `list` if another one is meant."
            )

    def _require_no_rollback(self, found: RevocationList) -> None:
        """Remember a version, also for other processes, where it is of what is in force.

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
        if self.remembers:
            memory.accept(found.version, found.digest)

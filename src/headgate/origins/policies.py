"""A policy that is pulled: verified, never an earlier one, and the last good one kept on the disk.

What the place gives is in force only once a gate could be made of it; until then, and whatever else the place says or
does not say, the one before stays.
"""

from __future__ import annotations

import hashlib
import logging
import os
import posixpath
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

from headgate.cache_folders import cache_folder, private_folder, temporary_folder
from headgate.caching import OncePerProcess
from headgate.clock import read_instant
from headgate.encoding import safe_uri, shown
from headgate.errors import HeadgateError, ManifestError, PolicyError
from headgate.files import read_config_bytes, write_bytes
from headgate.limits import DEFAULT_LIMITS
from headgate.origins.fetching import FetchError
from headgate.origins.git import GitProblem, read_blob
from headgate.origins.remote import Asking, Remote
from headgate.policy import Policy, PullRule
from headgate.provenance import KeySet
from headgate.provenance.bundles import PARTS, POLICY_FILE, Part, PolicyBundle
from headgate.provenance.remembering import ManifestMemory

__all__ = ["PulledPolicy", "pulled_policy", "unpacked"]

_AHEAD = timedelta(minutes=5)  # as clocks that are right differ
_KEPT = 8  # policies whose files stay on the disk: gates of other processes may still read them
_log = logging.getLogger("headgate")


class PulledPolicy(Remote[PolicyBundle]):
    """The policy at one place.

    Args:
        rule: where it is.
        keys: who may sign it.
        base_dir: where relative paths start.
        cache: the folder in which it is kept.
    """

    what = "policy"
    most = DEFAULT_LIMITS.bundle_bytes

    def __init__(self, rule: PullRule, keys: KeySet, base_dir: Path, cache: Path) -> None:
        self.rule, self.keys, self._base_dir, self.cache = rule, keys, base_dir, cache
        super().__init__(place_of(rule), cache / "policies")
        name = hashlib.sha256(f"{self.url}\0{rule.name}\0{keys.digest}".encode()).hexdigest()
        self._file = cache / "policies" / f"{name}.json"
        self._memory = ManifestMemory(f"policy:{rule.name}", keys.digest, cache)
        self._data: dict[str, bytes] = {}
        self._answered: datetime | None = None
        self._confirmed: dict[str, datetime] = {}
        self.good: PolicyBundle | None = None
        """What was in force last."""
        self.problem: str | None = None
        """Why the place has not confirmed what is in force, when it was asked last."""

    def confirmed(self, bundle: PolicyBundle) -> datetime | None:
        """Return when the place was last known to have what is in force; None where that is not known."""
        return self._confirmed.get(bundle.digest)

    @property
    def answered(self) -> datetime | None:
        """When the place has last given a policy that verifies."""
        return self._answered

    def found(self, now: datetime, *, may_wait: bool) -> tuple[PolicyBundle, ...]:
        """Return what may be in force, the latest first: what the place has, and the last good one.

        Args:
            now: the present.
            may_wait: whether the place may be asked.

        Raises:
            PolicyError: there is neither.
        """
        with self._bringing:
            if self.good is None:
                with self._lock:
                    self._recall(now)
            if may_wait and self._is_due(now, self.rule):
                self._attempted = now
                self._try(now, self.rule)
            latest, good = self._value, self.good
        if latest is None and good is None:
            problem = f"the policy {shown(self.rule.name)} cannot be used: {self.problem or 'it was not asked for'}"
            raise PolicyError(problem, "Nothing that was good before is kept here.", ("pull",))
        both = (latest, good) if latest is None or good is None or latest.digest != good.digest else (latest,)
        return tuple(one for one in both if one is not None)

    def ask_again(self, now: datetime) -> None:
        """Ask the place at once, however short ago it was asked; what is wrong with the answer is `problem`."""
        with self._bringing:
            if self.good is None:
                with self._lock:
                    self._recall(now)
            self._attempted = now
            self._try(now, self.rule)

    def poll(self, now: datetime) -> str:
        """Begin to ask in the background if it is time, and return what tells what the place has from another."""
        self.refresh_if_due(now, self.rule)
        latest = self._value
        return latest.digest if latest is not None else ""

    def accept(self, bundle: PolicyBundle) -> None:
        """Keep what has come into force, and refuse earlier versions from now on."""
        with self._lock:
            known = self.good
            if known is not None and known.version > bundle.version:
                return  # another gate of the process is further
            self.good = bundle
            data = self._data.pop(bundle.digest, None)
            # In this order: a process that ends in between leaves a policy that the next one can begin with, and never
            # one that looks younger than it is.
            if data is not None:
                self._keep(self._file, data)
            if bundle.digest in self._confirmed:
                self._confirm(self._confirmed[bundle.digest])
            self._memory.accept(bundle.version, bundle.digest)
        if data is not None:
            _prune(self.cache, _digests(self.good, self._value))

    def refuse(self, bundle: PolicyBundle, error: PolicyError) -> None:
        """Say why what the place has cannot come into force."""
        self.problem = f"version {bundle.version} cannot be used: {error}"
        is_kept = self.good is not None and self.good.digest != bundle.digest
        _log.warning("%s: %s", "the policy before stays in force" if is_kept else "the policy", self.problem)

    def ask(self, rules: Asking) -> bytes:
        """Return what is at the place now."""
        rule = self.rule
        if rule.git is not None:
            repository, deadline = self._base_dir / rule.git.repository, time.monotonic() + rule.timeout.total_seconds()
            try:
                return read_blob(repository, rule.git.revision, rule.git.file, self.most, deadline)
            except GitProblem as problem:
                raise FetchError(f"{safe_uri(self.url)}: {problem}.") from None
        if rule.path is not None:
            return read_config_bytes(self._base_dir / rule.path, self.most)
        return super().ask(rules)

    def parse(self, data: bytes) -> PolicyBundle:
        """Return the policy in an answer.

        Raises:
            PolicyError: it does not verify, or is of another name.
        """
        place = safe_uri(self.url)
        try:
            found = PolicyBundle.read(data, self.keys)
        except ManifestError as error:
            raise PolicyError(f"{place}: {error.problem} ({error.code}).") from None
        if found.name != self.rule.name:
            raise PolicyError(f"{place}: it is the policy {shown(found.name)}, not {shown(self.rule.name)}.")
        return found

    def _try(self, now: datetime, rules: Asking) -> None:
        try:
            self._refresh(now, rules)
        except (FetchError, PolicyError) as error:
            self.problem = str(error)
            if self.good is not None:
                _log.warning("the policy before stays in force: %s", error)

    def _refresh(self, now: datetime, rules: Asking) -> None:
        data = self.ask(rules)
        found = self.parse(data)
        self._require_later(found, now)
        with self._lock:
            self._answered, self.problem = now, None
            # Gates of the process that are not that far yet are as old as what they have.
            self._confirmed = {**dict(list(self._confirmed.items())[-_KEPT:]), found.digest: now}
            if self._value is None or self._value.digest != found.digest:
                self._value, self._data = found, {found.digest: data}
            elif self._value.expires != found.expires:  # another signature under the same statement
                self._value = found
            if self.good is not None and self.good.digest == found.digest:
                self._confirm(now)

    def _require_later(self, found: PolicyBundle, now: datetime) -> None:
        """Raise if a policy may not come into force.

        Raises:
            PolicyError: it is from the future, has ended, or is an earlier one than what was accepted.
        """
        place = safe_uri(self.url)
        if found.issued - now > _AHEAD:
            raise PolicyError(f"{place}: it is from the future, {found.issued:%Y-%m-%d %H:%M} UTC.")
        if found.expires is not None and found.expires <= now:
            raise PolicyError(f"{place}: it ended at {found.expires:%Y-%m-%d %H:%M} UTC.")
        if found.version < self.rule.at_least:
            raise PolicyError(f"{place}: it has version {found.version}, and {self.rule.at_least} is wanted (P108).")
        highest = self._memory.highest()
        if highest is None or found.version > highest[0] or highest == (found.version, found.digest):
            return
        what = "another version" if found.version == highest[0] else f"it has version {found.version}; version"
        raise PolicyError(f"{place}: {what} {highest[0]} was accepted before (P108).")

    def _confirm(self, now: datetime) -> None:
        """Remember when the place had what is good; where it has something else, it is asked again soon."""
        self._fetched = now
        self._keep(self._stamp, now.isoformat().encode())

    @property
    def _stamp(self) -> Path:
        return self._file.with_suffix(".confirmed")

    def _keep(self, file: Path, data: bytes) -> None:
        try:
            private_folder(file.parent)
            write_bytes(file, data)
        except (OSError, RuntimeError, HeadgateError) as error:
            _log.warning("a policy is remembered by this process alone: %s", error)

    def _recall(self, now: datetime) -> None:
        """Read what was good before; not where others can write, because nobody is asked then."""
        if not self._file.exists():
            return
        try:
            private_folder(self._file.parent)
            found = self.parse(read_config_bytes(self._file, self.most))
            highest = self._memory.highest()
            if found.version < self.rule.at_least or (highest is not None and found.version < highest[0]):
                return
        except (OSError, RuntimeError, ValueError, HeadgateError) as error:
            _log.warning("the policy that was good before cannot be used: %s", error)
            return
        self.good = found
        confirmed = self._recall_stamp()
        # From the future it would be young for as long as somebody likes.
        if confirmed is not None and confirmed <= now:
            self._fetched = self._confirmed[found.digest] = confirmed

    def _recall_stamp(self) -> datetime | None:
        """Return when the place had what is kept; where that is not there or cannot be read, its age is not known."""
        try:
            return read_instant(read_config_bytes(self._stamp, 100).decode())
        except (OSError, ValueError, HeadgateError) as error:
            _log.warning("when the policy that was good before was confirmed is not known: %s", error)
            return None


def place_of(rule: PullRule) -> str:
    """Return where a policy is, as text."""
    if rule.git is not None:
        return f"git:{rule.git.repository}:{rule.git.revision}:{rule.git.file}"
    return rule.url or f"file:{rule.path}"


_KNOWN = OncePerProcess[tuple[str, Path, str], PulledPolicy]()


def pulled_policy(policy: Policy) -> PulledPolicy:
    """Return what a policy file pulls, one per process whatever the number of gates.

    Args:
        policy: of a file that says where the policy is pulled from.

    Raises:
        PolicyError: its keys cannot be used.
    """
    rule = policy.pull
    if rule is None:
        raise PolicyError("this file pulls no policy.", "Add pull: {url: ..., name: ..., keys: ...}.")
    keys = KeySet()
    for number, entry in enumerate(rule.keys):
        try:
            named = KeySet.load(policy.resolve_path(entry)) if isinstance(entry, str) else KeySet.from_jwks(entry)
            keys = keys | named
        except PolicyError as error:
            raise error.under("pull", "keys", number) from None
    cache = policy.resolve_path(policy.cache) if policy.cache is not None else cache_folder()
    here = policy.base_dir.absolute()
    key = rule.model_dump_json(), here / cache, keys.digest
    return _KNOWN.get(key, lambda: PulledPolicy(rule, keys, here, here / cache))


def unpacked(bundle: PolicyBundle, part: Part, cache: Path, base_dir: Path) -> Policy:
    """Return a policy of a bundle, whose files are put into a folder that is theirs in every version.

    Args:
        bundle: the bundle, verified.
        part: which policy of it.
        cache: the folder for what can be made again.
        base_dir: where paths start that name none of its files.

    Raises:
        PolicyError: it cannot be used, pulls another one, or names a file that was not signed with it.
    """
    try:
        folder = _folder(cache, bundle.digest_of(part))
        files = {name: folder / name for name in bundle.part(part)}
        for name, data in bundle.part(part).items():
            if files[name].is_symlink() or not _holds(files[name], data):
                write_bytes(files[name], data, is_forced=False)
    except OSError as error:  # also of the temporary folder
        raise PolicyError(f"the policy cannot be unpacked ({error.strerror}).", "Name a folder: cache.") from None
    policy = Policy.load(files[POLICY_FILE])
    if policy.pull is not None:
        raise PolicyError("a pulled policy cannot pull another.", "Publish that one.", ("pull",))
    missing = [name for name in policy.files_to_sign() if posixpath.normpath(name) not in files]
    if missing:
        names = ", ".join(map(shown, missing))
        raise PolicyError(f"it names what was not signed with it: {names}.", "Publish it again.")
    return policy.with_files(files, base_dir)


def _holds(file: Path, data: bytes) -> bool:
    try:
        return file.read_bytes() == data
    except OSError:
        return False


def _folder(cache: Path, digest: str) -> Path:
    try:
        folder = private_folder(cache / "policies" / "files" / digest)
        os.utime(folder)  # what is in use is the last to be removed
    except (OSError, RuntimeError) as error:
        _log.warning("a policy is unpacked into a temporary folder: %s", error)
        return temporary_folder() / "policies" / digest
    return folder


def _digests(*bundles: PolicyBundle | None) -> frozenset[str]:
    return frozenset(one.digest_of(part) for one in bundles if one is not None for part in PARTS)


def _prune(cache: Path, known: frozenset[str]) -> None:
    """Remove the files of policies that are long out of force, but of none that is known."""
    try:
        with os.scandir(cache / "policies" / "files") as found:
            folders = sorted(found, key=lambda one: one.stat(follow_symlinks=False).st_mtime_ns, reverse=True)
    except OSError:
        return
    for old in folders[_KEPT:]:
        if old.name not in known:
            shutil.rmtree(old.path, ignore_errors=True)

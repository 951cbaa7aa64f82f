"""Of which corpus a manifest was, or whose a revocation list, when it was first accepted, so that another is noticed.

Versions are counted per corpus and per issuer, as the signed statement names itself. Without this memory, whoever can
write to its folder could put there what the same key has signed for another purpose, such as drafts.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from pathlib import Path

from headgate.cache_folders import cache_folder, is_private, private_folder
from headgate.errors import HeadgateError, ManifestError
from headgate.files import write_bytes
from headgate.forks import renew_after_fork

__all__ = ["NameMemory", "OtherCorpusError", "require_corpus"]

_MOST_BYTES = 1_000
_log = logging.getLogger("headgate")


class OtherCorpusError(ManifestError):
    """A manifest is of a different corpus than the one that it has to be of."""


class _Process:
    """What this process remembers, whatever the cache folder."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.accepted: dict[str, str] = {}
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self.lock = threading.Lock()


_PROCESS = _Process()


class NameMemory:
    """What the statement in one place has called itself.

    Args:
        user: what it is for: the id of a source, or what else there is one of.
        place: where it is. Another place begins again: the policy was changed.
        keys: the digest of the key set. Another set begins again, as for versions.
        folder: the cache folder; by default the user's.
    """

    def __init__(self, user: str, place: Path | str, keys: str, folder: Path | None = None) -> None:
        where = str(place.absolute()) if isinstance(place, Path) else place
        self._name = hashlib.sha256("\0".join((keys, user, where)).encode()).hexdigest()[:32]
        self._root = folder

    def accepted(self) -> str | None:
        """Return the name that was accepted, or None where none was, or it is not known any more."""
        with _PROCESS.lock:
            known = _PROCESS.accepted.get(self._name)
        return known if known is not None else self._kept()

    def accept(self, name: str) -> None:
        """Remember a name, in place of any other one: what a policy names is meant."""
        with _PROCESS.lock:
            _PROCESS.accepted[self._name] = name
        if self._kept() == name:
            return
        try:
            write_bytes(private_folder(self._file.parent) / self._name, name.encode("utf-8"))
        except (OSError, RuntimeError, HeadgateError) as error:
            _log.warning("what a manifest or a list is called is remembered by this process alone: %s", error)

    @property
    def _file(self) -> Path:
        return (self._root if self._root is not None else cache_folder()) / "names" / self._name

    def _kept(self) -> str | None:
        try:
            file = self._file
            if not is_private(file.parent):
                return None
            with file.open("rb") as opened:
                return opened.read(_MOST_BYTES).decode("utf-8") or None
        except (OSError, RuntimeError, ValueError):
            return None


def require_corpus(found: str, wanted: str | None, memory: NameMemory | None, file: str) -> None:
    """Do nothing unless a manifest is of a different corpus than the policy names, or than was accepted first.

    Args:
        found: the corpus that it names.
        wanted: the one that the policy names, if it does.
        memory: what was accepted first, where that is remembered.
        file: the manifest, for the error.

    Raises:
        OtherCorpusError: so it is (P105).
    """
    if wanted is not None:
        if found != wanted:
            raise OtherCorpusError("P105", f"it is of the corpus {found!r}, not {wanted!r}", file)
        return
    accepted = memory.accepted() if memory is not None else None
    if accepted is not None and accepted != found:
        problem = f"it is of another corpus, {found!r}; what this source accepted before was of {accepted!r}"
        raise OtherCorpusError("P105", problem, file)

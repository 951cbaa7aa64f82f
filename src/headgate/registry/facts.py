"""What a registry holds, and the one rule by which it learns. No I/O.

A fact belongs to the key that proved it: a registry is shared by gates of different policies, and each believes what
its own keys have signed. When a key goes, what it said goes with it, so that a key that leaked cannot run versions
ahead for good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

__all__ = ["MAX_TEXTS", "Known", "Proved", "Registry", "learned"]

MAX_TEXTS = 2_000
"""How many texts of one version are remembered; of a version with more, some old chunks are taken for replaced."""


@dataclass(frozen=True, slots=True)
class Proved:
    """A chunk that was admitted, as far as somebody signed it.

    Attributes:
        document: what makes two chunks versions of one document.
        key: the thumbprint of the key that signed (RFC 7638).
        digest: the digest of its text.
        version: the signed version, if any.
        modified: the signed time of its last modification, if any; aware. There is a version, a time, or both.
        valid_from: from when on it is in force, if not at once.
        tolerance: how far apart the times of one version may be.
    """

    document: str
    key: str
    digest: str
    version: int | None = None
    modified: datetime | None = None
    valid_from: datetime | None = None
    tolerance: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Known:
    """The current version of a document, as far as one key has proved it.

    Attributes:
        document: as in `Proved`.
        key: the same.
        version: the highest version; None where the document has none.
        modified: when it was modified; of several chunks of a version the earliest, without versions the latest time.
        valid_from: from when on it is in force.
        verified: when this version was proved for the first time.
        texts: the digests of the texts of this version that were seen, each with its own time.
    """

    document: str
    key: str
    version: int | None
    modified: datetime | None
    valid_from: datetime | None
    verified: datetime
    texts: Mapping[str, datetime | None]

    def holds(self, proved: Proved) -> bool:
        """Return whether a chunk says nothing new: it is of this very version, and its text is known."""
        if self.version != proved.version or proved.digest not in self.texts:
            return False
        if self.version is not None or self.modified is None or proved.modified is None:
            return True
        # Without versions, its time may have come nearer meanwhile, or the current version's have moved on.
        known = self.texts[proved.digest]
        is_known = known is not None and known >= proved.modified
        return is_known and self.modified - proved.modified <= proved.tolerance


class Registry(Protocol):
    """Where facts are kept. Threads share one, and so may processes.

    Attributes:
        is_slow: whether asking or learning may wait for a disk or a database.
    """

    is_slow: bool

    def known(self, documents: Collection[str]) -> Mapping[str, tuple[Known, ...]]:
        """Return what is known of documents, one fact per key; documents of which nothing is known are left out.

        Raises:
            HeadgateError: it cannot be read.
        """

    def learn(self, proved: Iterable[Proved], at: datetime) -> None:
        """Remember what was proved and admitted.

        Args:
            proved: the chunks.
            at: the present.

        Raises:
            HeadgateError: it cannot be written; this process remembers it nevertheless.
        """

    def close(self) -> None:
        """Close what is open; what is used again opens it."""


def learned(before: Known | None, proved: Proved, at: datetime) -> Known | None:
    """Return what is known after one more chunk was proved; None if that is nothing new.

    A version decides where there is one, otherwise the time. Nothing that is known is ever replaced by something older.
    """
    fresh = Known(
        proved.document,
        proved.key,
        proved.version,
        proved.modified,
        proved.valid_from,
        at,
        {proved.digest: proved.modified},
    )
    if before is None:
        return fresh
    if proved.version is None and before.version is None:
        return _later(before, fresh, proved)
    if before.version is None or (proved.version is not None and proved.version > before.version):
        return fresh
    if proved.version != before.version or proved.digest in before.texts:
        return None
    times = [time for time in (before.modified, proved.modified) if time is not None]
    return replace(before, modified=min(times, default=None), texts=_with(before.texts, proved))


def _later(before: Known, fresh: Known, proved: Proved) -> Known | None:
    if before.modified is None or proved.modified is None:
        return None
    if proved.modified - before.modified > proved.tolerance:
        return fresh
    if before.modified - proved.modified > proved.tolerance:
        return None
    known = before.texts.get(proved.digest)
    if known is not None and known >= proved.modified:
        return None
    newest = max(before.modified, proved.modified)
    return replace(before, modified=newest, texts=_with(before.texts, proved))


def _with(texts: Mapping[str, datetime | None], proved: Proved) -> Mapping[str, datetime | None]:
    if len(texts) >= MAX_TEXTS and proved.digest not in texts:
        return texts
    return {**texts, proved.digest: proved.modified}

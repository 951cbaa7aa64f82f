"""A zip file of which every part is known by its digest, and that is the same whenever it is written."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

__all__ = ["Archive", "Part"]

_STAMP = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_MODE = 0o644


class Part:
    """One part while it is written: its digest and length are known at its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.length = 0

    def write(self, data: bytes) -> None:
        """Write bytes."""
        self._stream.write(data)
        self._hash.update(data)
        self.length += len(data)

    @property
    def digest(self) -> str:
        """The SHA-256 of what was written, in hexadecimal."""
        return self._hash.hexdigest()


class Archive:
    """Writes parts one after another.

    Args:
        stream: where to.

    Attributes:
        parts: of each part that is complete, the digest and the length in bytes.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED)
        self.parts: dict[str, tuple[str, int]] = {}

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *exception: object) -> None:
        self._zip.close()

    @contextmanager
    def part(self, name: str) -> Iterator[Part]:
        """Open a part for writing; `name` is a relative path with slashes."""
        entry = zipfile.ZipInfo(name, _STAMP)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = _MODE << 16
        with self._zip.open(entry, "w", force_zip64=True) as stream:
            part = Part(stream)
            yield part
        self.parts[name] = part.digest, part.length

    def add(self, name: str, data: bytes) -> None:
        """Write a whole part."""
        with self.part(name) as part:
            part.write(data)

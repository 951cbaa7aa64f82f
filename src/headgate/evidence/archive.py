"""A zip file of which every part is known by its digest, and that is the same whenever it is written."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

__all__ = ["Archive", "Part", "layout_problems"]

_STAMP = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_MODE = 0o644
_LOCAL_HEADER = 30
_ZIP64 = 0x0001


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


def layout_problems(archive: zipfile.ZipFile, file: BinaryIO) -> Iterator[str]:
    """Yield what of a zip file is laid out otherwise than `Archive` does it.

    Nobody signs what a zip file says besides its parts, and programs differ in what they make of it: bytes before or
    between the parts, other names, links.

    Args:
        archive: the zip file, opened for reading.
        file: its bytes.
    """
    place = 0
    for entry in archive.infolist():
        if entry.header_offset != place:
            yield "there are bytes before or between its parts"
            return
        file.seek(place)
        header = file.read(_LOCAL_HEADER)
        lengths = [int.from_bytes(header[start : start + 2], "little") for start in (26, 28)]
        place += _LOCAL_HEADER + sum(lengths) + entry.compress_size
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if (
            entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            or entry.flag_bits & 0x1  # encrypted
            or kind not in (0, stat.S_IFREG)
            or entry.comment
            or not _is_plain(entry.extra)
            or not _is_plain(file.read(sum(lengths))[lengths[0] :])
        ):
            yield f"{entry.filename!a} is stored in a way that headgate does not write"
    if place != archive.start_dir or archive.comment:
        yield "there are bytes behind its parts, or a comment"


def _is_plain(extra: bytes) -> bool:
    """Return whether what comes with the name of a part says how long the part is, and nothing else."""
    while extra:
        kind, length = (int.from_bytes(extra[start : start + 2], "little") for start in (0, 2))
        if kind != _ZIP64 or len(extra) < 4 + length:
            return False
        extra = extra[4 + length :]
    return True

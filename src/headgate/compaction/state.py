"""What a folder of tables holds, and how far each file of a log has been read: one small file, replaced as a whole.

A part counts once it is named here. Whatever a run was doing when it was killed, the folder is as it was before or as
it is after; what the run had written and not yet named is removed by the next one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from headgate.errors import HeadgateError
from headgate.files import write_text

__all__ = ["STATE_FILE", "TABLES", "Part", "Progress", "State", "Torn", "load_state", "locked", "sweep"]

STATE_FILE = "_headgate_log.json"
TABLES = ("admissions", "decisions", "skipped")
_FORMAT = "headgate-log-tables"
_VERSION = 1
_PART = re.compile(r"part-[0-9a-f]{32}\.parquet")
_ASIDE = re.compile(r"\.headgate-[0-9a-f]{16}\.part")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|mixed|unknown|")
_DAMAGED = "It may be damaged: compact the log into a new folder."


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a table.

    Attributes:
        table: one of `TABLES`.
        day: of its records, as in the name of its folder; empty for what is not kept by day.
        name: of the file.
        rows: how many rows it holds.
        bytes: how long it is.
        first: the number of its first line of the log.
        last: the number of the last one.
        commit: which commit brought it; the records of one follow those of the one before.
    """

    table: str
    day: str
    name: str
    rows: int
    bytes: int
    first: int
    last: int
    commit: int

    @property
    def place(self) -> str:
        """The file below the folder."""
        return f"{self.table}/day={self.day}/{self.name}" if self.day else f"{self.table}/{self.name}"


@dataclass(slots=True)
class Progress:
    """How far a file of a log has been read.

    Attributes:
        log: the log, as a path from the folder of the tables.
        first: the digest of the file's first line, which tells it from others, whatever it is called now.
        name: what it was called last.
        bytes: how much of it has been read.
        lines: how many lines that is.
        last: the digest of the last line that was read.
        last_bytes: how long that line is, with its line break.
    """

    log: str
    first: str
    name: str
    bytes: int = 0
    lines: int = 0
    last: str = ""
    last_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Torn:
    """What comes after the last line break of a file, and is read once the line is whole."""

    log: str
    file: str
    line: int
    bytes: int


@dataclass(slots=True)
class State:
    """Everything about a folder of tables.

    Attributes:
        parts: the files that count, in the order in which they were written.
        files: of the logs.
        torn: lines that were not whole when the log was read last.
        seq: the number of the next line.
        row: the number of the next decision.
        commits: how many commits there were.
    """

    parts: list[Part] = field(default_factory=list)
    files: list[Progress] = field(default_factory=list)
    torn: list[Torn] = field(default_factory=list)
    seq: int = 0
    row: int = 0
    commits: int = 0

    def save(self, folder: Path) -> None:
        """Replace what a folder says of itself.

        Raises:
            OSError: it cannot be written; the old state holds.
        """
        value = {"format": _FORMAT, "version": _VERSION, **asdict(self)}
        write_text(folder / STATE_FILE, json.dumps(value, separators=(",", ":")))

    def of(self, table: str) -> list[Part]:
        """Return the parts of a table."""
        return [part for part in self.parts if part.table == table]


def load_state(folder: Path) -> State | None:
    """Return what a folder says of itself; None if it is not a folder of tables.

    Raises:
        HeadgateError: it cannot be read, or is of another version.
    """
    path = folder / STATE_FILE
    try:
        value = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise HeadgateError(f"{path}: it cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError):
        raise HeadgateError(f"{path}: this is not JSON. {_DAMAGED}") from None
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        raise HeadgateError(f"{path}: this is not what `headgate log compact` writes.")
    if value.get("version") != _VERSION:
        raise HeadgateError(
            f"{path}: the tables are of another version of headgate. Compact the log into a new folder."
        )
    try:
        return _read(value)
    except (LookupError, TypeError, ValueError):
        raise HeadgateError(f"{path}: what it says of the tables cannot be read. {_DAMAGED}") from None


def _read(value: Mapping[str, Any]) -> State:
    parts = [Part(**part) for part in value["parts"]]
    for part in parts:
        # Names become paths, and the file may come from anywhere.
        is_place = part.table in TABLES and _PART.fullmatch(part.name) and _DAY.fullmatch(part.day)
        if not is_place or not all(type(n) is int for n in (part.rows, part.bytes, part.first, part.last, part.commit)):
            raise ValueError("a part has no place")
    files = [Progress(**file) for file in value["files"]]
    torn = [Torn(**line) for line in value["torn"]]
    if not all(
        type(n) is int and n >= 0
        for n in (value["seq"], value["row"], value["commits"], *(file.bytes for file in files))
    ):
        raise ValueError("a number is none")
    return State(parts, files, torn, value["seq"], value["row"], value["commits"])


def sweep(folder: Path, state: State) -> int:
    """Remove what a run that was killed left behind, and return how many files that were."""
    known = {folder / part.place for part in state.parts}
    count = 0
    for table in TABLES:
        for file in (folder / table).glob("**/*"):
            # By the whole name, so that nothing of anybody else's goes.
            is_ours = _PART.fullmatch(file.name) or _ASIDE.fullmatch(file.name)
            if is_ours and file not in known:
                file.unlink(missing_ok=True)
                count += 1
    return count


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder; the lock goes with the process that holds it.

    Raises:
        HeadgateError: another run is at work there.
    """
    with (folder / f"{STATE_FILE}.lock").open("a+b") as lock:
        try:
            _lock(lock.fileno())
        except OSError:
            raise HeadgateError(
                f"{folder}: another run is writing there. Wait for it, or name another folder."
            ) from None
        yield


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

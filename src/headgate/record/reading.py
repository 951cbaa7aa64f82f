"""Reading decision logs: line by line, whatever else the file holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import IO, Any

from headgate.encoding import digest_label
from headgate.errors import HeadgateError
from headgate.record.schema import SCHEMA, AdmissionRecord
from headgate.record.validating import read_admission
from headgate.record.writing import LONGEST_LINE

__all__ = [
    "LogEntry",
    "lines_in",
    "log_files",
    "parse_line",
    "raw_lines",
    "read_log",
    "record_in",
    "records_in",
    "too_long",
]

# Nested empty values take some 25 times their length in memory.
_MAX_LINE = LONGEST_LINE
_BEGIN = b'{"schema":'
# What is nested may have an entry of that name, after a document's; only a record has a number and its type there.
_BEGINNING = re.compile(rb'\{"schema":[0-9]{1,9},"type":"')


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of a decision log.

    Attributes:
        place: the file and the line.
        record: the admission; None for a line that holds none.
        notice: why it holds none, or what else is wrong with the line.
        line: its bytes; none for a record that comes from anywhere else.
    """

    place: str
    record: AdmissionRecord | None
    notice: str | None = None
    line: bytes = field(default=b"", repr=False)

    @property
    def digest(self) -> str | None:
        """The digest of the record in the line, by which the log's chain names it."""
        return digest_label(record_in(self.line)) if self.record is not None and self.line else None


def read_log(paths: Iterable[str | Path]) -> Iterator[LogEntry]:
    """Yield the lines of log files, in order; a torn or foreign line comes with a notice instead of a record.

    Raises:
        HeadgateError: a file cannot be read.
    """
    for path in paths:
        for place, line in raw_lines(path):
            if line is None:
                yield LogEntry(place, None, too_long())
            else:
                yield parse_line(line, place)


def raw_lines(path: str | Path) -> Iterator[tuple[str, bytes | None]]:
    """Yield the lines of a file that are not empty, each with its place; None for one that is too long to be read.

    Raises:
        HeadgateError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as lines:
            for number, line in lines_in(lines):
                yield f"{path}:{number}", line
    except OSError as error:
        raise HeadgateError(f"{path}: the log cannot be read ({error.strerror}).") from error


def lines_in(lines: IO[bytes], number: int = 0) -> Iterator[tuple[int, bytes | None]]:
    """Yield the lines of an open file that are not empty, from where it is; None for one that is too long to be read.

    Args:
        lines: the file.
        number: how many lines come before.

    Raises:
        OSError: the file cannot be read.
    """
    # Not by iterating, which would take in a line of any length.
    while line := lines.readline(_MAX_LINE):
        number += 1
        if len(line) == _MAX_LINE and not line.endswith(b"\n"):
            _skip_line(lines)
            yield number, None
        elif line.strip():
            yield number, line


def too_long() -> str:
    """Return what is said of a line that is not read."""
    return f"the line is longer than {_MAX_LINE:,} bytes"


def record_in(line: bytes) -> bytes:
    """Return the bytes of the record in a line, without its line break and without a torn record before it."""
    line = line.strip()
    start = line.rfind(_BEGIN)
    while start > 0:
        if _BEGINNING.match(line, start):
            return line[start:]
        start = line.rfind(_BEGIN, 0, start)
    return line


def log_files(path: Path) -> list[Path]:
    """Return a log with its rotated files, the oldest first."""
    rotated = []
    for file in path.parent.glob(f"{escape(path.name)}.*"):
        ending = file.name[len(path.name) + 1 :]
        if ending.isascii() and ending.isdigit():
            # As numbers, so that `.10` is older than `.9`.
            rotated.append((int(ending), file))
    return [*(file for _, file in sorted(rotated, reverse=True)), *([path] if path.exists() else [])]


def parse_line(line: bytes, place: str) -> LogEntry:
    """Return what one line holds.

    Where a process was killed within a write, the next record follows in the same line. It is found by how records
    begin, which cannot occur within a record: there the quotation marks would be escaped.
    """
    if not line.endswith(b"\n"):
        return LogEntry(place, None, "the line is torn")
    value = _parse(line)
    if value is not None:
        return _entry(value, place, line)
    record = record_in(line)
    value = _parse(record) if len(record) < len(line.strip()) else None
    if value is None:
        return LogEntry(place, None, "the line is not JSON")
    return _entry(value, place, line, "the line begins with a torn record")


def records_in(entries: Iterable[LogEntry | Mapping[str, Any]]) -> Iterator[LogEntry]:
    """Yield log entries as they are, and records from anywhere else as entries, validated alike.

    Args:
        entries: what `read_log` yields, or records as tracers receive them; read once, one at a time.
    """
    for entry in entries:
        if isinstance(entry, LogEntry):
            yield entry
            continue
        try:
            yield LogEntry("", read_admission(entry))
        except ValueError:
            yield LogEntry("", None, "the admission lacks what every admission has")


def _skip_line(lines: IO[bytes]) -> None:
    while (rest := lines.readline(_MAX_LINE)) and not rest.endswith(b"\n"):
        pass


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _entry(value: Any, place: str, line: bytes, notice: str | None = None) -> LogEntry:
    """Return the line that a JSON value makes."""
    problem = _problem(value)
    if problem is None:
        try:
            return LogEntry(place, read_admission(value), notice, line)
        except ValueError:
            problem = "the admission lacks what every admission has"
    return LogEntry(place, None, notice or problem)


def _problem(value: Any) -> str | None:
    """Return why a value is not an admission of this version, or None if it is one."""
    if not isinstance(value, dict) or value.get("type") != "admission":
        return "the line is not an admission"
    found = value.get("schema")
    if found == SCHEMA:
        return None
    # Figures only, and small ones: notices are counted, so there must not be one for every line.
    is_version = isinstance(found, int) and 0 <= found < 100
    return f"the line has schema {found}, not {SCHEMA}" if is_version else "the line has no known schema"

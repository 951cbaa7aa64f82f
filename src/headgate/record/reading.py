"""Reading decision logs: line by line, whatever else the file holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from headgate.errors import HeadgateError
from headgate.record.schema import SCHEMA, AdmissionRecord
from headgate.record.validating import read_admission
from headgate.record.writing import LONGEST_LINE

__all__ = ["LogEntry", "log_files", "parse_line", "read_log", "records_in"]

# Nested empty values take some 25 times their length in memory.
_MAX_LINE = LONGEST_LINE
_BEGIN = b'{"schema":'


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of a decision log.

    Attributes:
        place: the file and the line.
        record: the admission; None for a line that holds none.
        notice: why it holds none, or what else is wrong with the line.
    """

    place: str
    record: AdmissionRecord | None
    notice: str | None = None


def read_log(paths: Iterable[str | Path]) -> Iterator[LogEntry]:
    """Yield the lines of log files, in order; a torn or foreign line comes with a notice instead of a record.

    Raises:
        HeadgateError: a file cannot be read.
    """
    for path in paths:
        try:
            with Path(path).open("rb") as lines:
                number = 0
                # Not by iterating, which would take in a line of any length.
                while line := lines.readline(_MAX_LINE):
                    number += 1
                    if len(line) == _MAX_LINE and not line.endswith(b"\n"):
                        _skip_line(lines)
                        yield LogEntry(f"{path}:{number}", None, f"the line is longer than {_MAX_LINE:,} bytes")
                    elif line.strip():
                        yield parse_line(line, f"{path}:{number}")
        except OSError as error:
            raise HeadgateError(f"{path}: the log cannot be read ({error.strerror}).") from error


def log_files(path: Path) -> list[Path]:
    """Return a log with its rotated files, the oldest first."""
    rotated = []
    for file in path.parent.glob(f"{path.name}.*"):
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
        return _entry(value, place)
    start = line.rfind(_BEGIN)
    value = _parse(line[start:]) if start > 0 else None
    if value is None:
        return LogEntry(place, None, "the line is not JSON")
    return _entry(value, place, "the line begins with a torn record")


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


def _skip_line(lines: BinaryIO) -> None:
    while (rest := lines.readline(_MAX_LINE)) and not rest.endswith(b"\n"):
        pass


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _entry(value: Any, place: str, notice: str | None = None) -> LogEntry:
    """Return the line that a JSON value makes."""
    problem = _problem(value)
    if problem is None:
        try:
            return LogEntry(place, read_admission(value), notice)
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

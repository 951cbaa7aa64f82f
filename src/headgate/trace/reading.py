"""Reading decision logs: line by line, whatever else stands in the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.errors import HeadgateError
from headgate.trace.log import SCHEMA

__all__ = ["LogEntry", "log_files", "parse_line", "read_log"]

_MAX_LINE = 256_000_000


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of a decision log.

    Attributes:
        place: the file and the line.
        record: the admission; None for a line that holds none.
        notice: why it holds none.
    """

    place: str
    record: Mapping[str, Any] | None
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
                while line := lines.readline(_MAX_LINE):
                    number += 1
                    if line.strip():
                        yield parse_line(line, f"{path}:{number}")
        except OSError as error:
            raise HeadgateError(f"{path}: the log cannot be read ({error.strerror}).") from error


def log_files(path: Path) -> list[Path]:
    """Return a log with its rotated files, the oldest first."""
    rotated = []
    for file in path.parent.glob(f"{path.name}.*"):
        ending = file.name[len(path.name) + 1 :]
        if ending.isascii() and ending.isdigit():
            rotated.append((int(ending), file))
    return [*(file for _, file in sorted(rotated, reverse=True)), *([path] if path.exists() else [])]


def parse_line(line: bytes, place: str) -> LogEntry:
    """Return what stands in one line."""
    if not line.endswith(b"\n"):
        return LogEntry(place, None, "the line is torn")
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return LogEntry(place, None, "the line is no JSON")
    if not isinstance(record, dict) or record.get("type") != "admission":
        return LogEntry(place, None, "the line is no admission")
    if record.get("schema") != SCHEMA:
        return LogEntry(place, None, f"the line has schema {str(record.get('schema'))[:20]}, not {SCHEMA}")
    if not _is_whole(record):
        return LogEntry(place, None, "the admission lacks what every admission has")
    return LogEntry(place, record)


def _is_whole(record: Mapping[str, Any]) -> bool:
    decisions = record.get("decisions")
    return (
        isinstance(record.get("now"), str)
        and isinstance(record.get("admission"), str)
        and isinstance(decisions, list)
        and all(
            isinstance(decision, dict)
            and isinstance(decision.get("findings"), list)
            and all(isinstance(f, dict) and isinstance(f.get("code"), str) for f in decision["findings"])
            for decision in decisions
        )
    )

"""Reading decision logs: line by line, whatever else stands in the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from headgate.errors import HeadgateError
from headgate.record.log import SCHEMA

__all__ = ["LogEntry", "log_files", "parse_line", "read_log"]

# Nested empty values take some 25 times their length in memory.
_MAX_LINE = 64_000_000
_CODE = re.compile(r"[A-Z][0-9]{3}")
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
            rotated.append((int(ending), file))
    return [*(file for _, file in sorted(rotated, reverse=True)), *([path] if path.exists() else [])]


def parse_line(line: bytes, place: str) -> LogEntry:
    """Return what stands in one line.

    Where a process was killed within a write, the next record follows in the same line. It is found by how records
    begin, which cannot stand within a record: there the quotation marks would be escaped.
    """
    if not line.endswith(b"\n"):
        return LogEntry(place, None, "the line is torn")
    record = _parse(line)
    if record is None:
        start = line.rfind(_BEGIN)
        record = _parse(line[start:]) if start > 0 else None
        if record is None:
            return LogEntry(place, None, "the line is no JSON")
        return LogEntry(place, record if _problem(record) is None else None, "the line begins with a torn record")
    problem = _problem(record)
    return LogEntry(place, record if problem is None else None, problem)


def _skip_line(lines: BinaryIO) -> None:
    while (rest := lines.readline(_MAX_LINE)) and not rest.endswith(b"\n"):
        pass


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _problem(record: Any) -> str | None:
    """Return why a value is no admission of this version, if it is none."""
    if not isinstance(record, dict) or record.get("type") != "admission":
        return "the line is no admission"
    if record.get("schema") != SCHEMA:
        found = record.get("schema")
        # Figures only, and small ones: notices are counted, so there must not be one for every line.
        is_version = isinstance(found, int) and 0 <= found < 100
        return f"the line has schema {found}, not {SCHEMA}" if is_version else "the line has no known schema"
    return None if _is_whole(record) else "the admission lacks what every admission has"


def _is_whole(record: Mapping[str, Any]) -> bool:
    decisions = record.get("decisions")
    return (
        isinstance(record.get("now"), str)
        and isinstance(record.get("admission"), str)
        and isinstance(decisions, list)
        and all(map(_is_decision, decisions))
    )


def _is_decision(decision: object) -> bool:
    return (
        isinstance(decision, dict)
        and decision.get("action") in ("admit", "drop")
        and isinstance(decision.get("source"), str)
        and isinstance(decision.get("uri"), str | None)
        and isinstance(decision.get("digest", ""), str)
        and isinstance(decision.get("findings"), list)
        and all(map(_is_finding, decision["findings"]))
    )


def _is_finding(finding: object) -> bool:
    return (
        isinstance(finding, dict)
        and isinstance(finding.get("code"), str)
        and _CODE.fullmatch(finding["code"]) is not None
    )

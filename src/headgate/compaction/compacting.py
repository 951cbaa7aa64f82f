"""From decision logs to tables: every line once, continued where the last run stopped, safe to be killed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from headgate.compaction.columns import Place, admission_row, decision_row
from headgate.compaction.files import OpenFile, open_files
from headgate.compaction.parts import PartWriter, arrow, batch_of, day_of
from headgate.compaction.rebuilding import is_written_as, rebuild
from headgate.compaction.state import STATE_FILE, Progress, State, Torn, load_state, locked, sweep
from headgate.errors import HeadgateError
from headgate.record import LogEntry
from headgate.record.chain import line_digest
from headgate.record.reading import lines_in, log_files, parse_line, record_in, too_long

__all__ = ["Compaction", "compact_log"]

# So much of a log is held in memory at once; its records take several times as much there.
_BATCH_BYTES = 32_000_000
_BATCH_LINES = 10_000
# So much of a log makes one part per day and table.
_PART_BYTES = 1_000_000_000
# What is kept of a line that holds no record.
_RAW_BYTES = 1_000_000
_LOG_NAME = re.compile(r"(.+\.jsonl)(?:\.[0-9]+)?")


@dataclass(slots=True)
class Compaction:
    """What a run has done.

    Attributes:
        folder: of the tables.
        admissions: how many records it added.
        decisions: how many decisions.
        skipped: how many lines hold no record; they are kept in the table `skipped`.
        torn: how many files end in the middle of a line, which is left for the next run.
        bytes: how much of the log was read.
        raw: how many records other programs wrote, so that their line is kept too.
        swept: files that a run which was killed had left behind.
        total: how many admissions the tables hold now.
        problems: what could not be taken in, with the reason.
    """

    folder: Path
    admissions: int = 0
    decisions: int = 0
    skipped: int = 0
    torn: int = 0
    bytes: int = 0
    raw: int = 0
    swept: int = 0
    total: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether every line was taken in as a record."""
        return not (self.skipped or self.torn or self.problems)

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain JSON values."""
        names = ("admissions", "decisions", "skipped", "torn", "bytes", "raw", "swept", "total")
        return {
            "folder": str(self.folder),
            **{name: getattr(self, name) for name in names},
            "problems": list(self.problems),
        }


def compact_log(
    path: str | Path, folder: str | Path, *, progress: Callable[[int], object] = lambda _: None
) -> Compaction:
    """Add to a folder of tables what a log holds beyond what they hold already.

    The log is only read. Its files are known by their first lines, so that they may be rotated meanwhile.

    Args:
        path: the log, whose rotated files are read too; or a folder, whose logs (`*.jsonl`) are all read.
        folder: of the tables; made if there is none.
        progress: told how many bytes have been read since it was told last.

    Raises:
        HeadgateError: there is no log; the folder holds something else; another run is at work there.
        OSError: something cannot be read or written; what was committed before stays, and the next run goes on there.
    """
    arrow()
    logs = _logs_in(Path(path))
    into = Path(folder)
    _require_place(into)
    into.mkdir(parents=True, exist_ok=True)
    with locked(into):
        state = load_state(into)
        if state is None:
            state = State()
            state.save(into)
        result = Compaction(into, swept=sweep(into, state))
        state.torn = []
        run = _Run(into, state, result, progress)
        try:
            for log in logs:
                run.take(log)
            run.commit()
        finally:
            run.discard()
        result.total = sum(part.rows for part in state.of("admissions"))
    return result


def _logs_in(path: Path) -> list[Path]:
    if load_state(path) is not None:
        raise HeadgateError(f"{path}: these are tables already. Name the log.")
    if not path.is_dir():
        if not log_files(path):
            raise HeadgateError(f"{path}: there is no such log.")
        return [path]
    found = {match[1] for file in path.iterdir() if (match := _LOG_NAME.fullmatch(file.name)) and file.is_file()}
    if not found:
        raise HeadgateError(f"{path}: there is no log (*.jsonl) in this folder.")
    return [path / name for name in sorted(found)]


def _require_place(folder: Path) -> None:
    if folder.is_dir() and load_state(folder) is None:
        # A run that was killed before it began has left its lock.
        if any(not file.name.startswith((STATE_FILE, ".headgate-")) for file in folder.iterdir()):
            raise HeadgateError(f"{folder}: the folder holds something else. Name a new one with --out.")
    elif folder.exists() and not folder.is_dir():
        raise HeadgateError(f"{folder}: this is not a folder. Name one with --out.")


class _Run:
    """One run: lines become rows, rows become parts, and parts are committed with how far the files were read."""

    def __init__(self, folder: Path, state: State, result: Compaction, progress: Callable[[int], object]) -> None:
        self._folder, self._state, self._result, self._progress = folder, state, result, progress
        self._writer = PartWriter(folder)
        self._admissions: list[dict[str, Any]] = []
        self._decisions: list[dict[str, Any]] = []
        self._skipped: list[dict[str, Any]] = []
        self._lines: list[tuple[dict[str, Any], bytes]] = []
        self._held = 0
        self._in_part = 0

    def take(self, log: Path) -> None:
        """Take in what is new in a log.

        Raises:
            OSError: a file cannot be read, or a part not be written.
        """
        name = os.path.relpath(log.absolute(), self._folder.absolute())
        with ExitStack() as stack:
            for file in open_files(log, name, self._state, stack):
                if file.problem is not None:
                    self._result.problems.append(f"{file.path}: {file.problem}")
                elif file.progress is not None:
                    self._read(file, file.progress)
                elif file.is_torn:
                    self._tear(name, file, 1, 0)

    def discard(self) -> None:
        """Remove what was written and not committed."""
        self._writer.discard()

    def _read(self, file: OpenFile, progress: Progress) -> None:
        if progress not in self._state.files:
            self._state.files.append(progress)
        start = end = progress.bytes
        for number, line, begin, after in _whole_lines(file.stream, progress.bytes, progress.lines):
            if after is None:
                self._tear(progress.log, file, number, begin)
                break
            place = Place(self._state.seq, progress.log, file.path.name, number)
            self._state.seq += 1
            self._add(place, line, after - begin)
            self._held += after - progress.bytes
            start, end = begin, after
            progress.bytes, progress.lines = after, number
            if self._held >= _BATCH_BYTES or len(self._admissions) + len(self._skipped) >= _BATCH_LINES:
                file.settle(start, end)
                self._flush()
                if self._in_part >= _PART_BYTES:
                    self.commit()
        if end > start:
            file.settle(start, end)

    def _tear(self, log: str, file: OpenFile, line: int, start: int) -> None:
        self._result.torn += 1
        size = os.fstat(file.stream.fileno()).st_size - start
        self._state.torn.append(Torn(log, file.path.name, line, size))

    def _add(self, place: Place, line: bytes | None, size: int) -> None:
        entry = parse_line(line, "") if line is not None else LogEntry("", None, too_long())
        if entry.record is None or line is None:
            raw = line if line is not None and size <= _RAW_BYTES else None
            row = {"notice": entry.notice, "bytes": size, "raw": raw}
            self._skipped.append({"seq": place.seq, "log": place.log, "file": place.file, "line": place.line, **row})
            self._result.skipped += 1
            return
        row = admission_row(entry.record, place, digest=line_digest(line), notice=entry.notice)
        self._admissions.append(row)
        for decision in entry.record["decisions"]:
            self._decisions.append(decision_row(decision, row, self._state.row))
            self._state.row += 1
        self._lines.append((row, line))
        self._result.admissions += 1
        self._result.decisions += len(entry.record["decisions"])

    def _flush(self) -> None:
        """Write the rows that are held to their parts."""
        if self._admissions:
            decisions = batch_of("decisions", self._decisions)
            self._keep_odd_lines(decisions)
            self._writer.write(
                "admissions", batch_of("admissions", self._admissions), list(map(day_of, self._admissions))
            )
            if self._decisions:
                self._writer.write("decisions", decisions, list(map(day_of, self._decisions)))
        if self._skipped:
            self._writer.write("skipped", batch_of("skipped", self._skipped), [""] * len(self._skipped))
        for rows in (self._admissions, self._decisions, self._skipped, self._lines):
            rows.clear()
        self._progress(self._held)
        self._result.bytes += self._held
        self._in_part += self._held
        self._held = 0

    def _keep_odd_lines(self, decisions: Any) -> None:
        """Keep the line of every record that its rows alone would not give back as it was."""
        admissions = batch_of("admissions", self._admissions)
        for (row, line), rebuilt in zip(self._lines, rebuild([admissions], [decisions]), strict=True):
            if not is_written_as(rebuilt.record, record_in(line)):
                row["raw"] = line
                self._result.raw += 1

    def commit(self) -> None:
        """Bring what was written to its place, and say that it counts: before this it does not, after it it does."""
        self._flush()
        self._state.parts += self._writer.place(self._state.commits)
        self._state.commits += 1
        self._state.save(self._folder)
        self._in_part = 0


def _whole_lines(stream: BinaryIO, start: int, number: int) -> Iterator[tuple[int, bytes | None, int, int | None]]:
    """Yield the lines of a file from where it was left: number, bytes, begin and end; no end for one that is torn."""
    stream.seek(start)
    for found, line in lines_in(stream, number):
        end = stream.tell()
        if line is not None:
            begin, is_whole = end - len(line), line.endswith(b"\n")
        else:
            begin = start
            stream.seek(end - 1)
            is_whole = stream.read(1) == b"\n"
        yield found, line, begin, end if is_whole else None
        start = end

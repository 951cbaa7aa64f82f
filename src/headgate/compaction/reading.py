"""Tables of a log, read: as the lines that they were, or asked by SQL."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from operator import itemgetter
from pathlib import Path
from typing import Any

from headgate.compaction.columns import DECISIONS, names_of
from headgate.compaction.parts import arrow
from headgate.compaction.rebuilding import entry_of, rebuild
from headgate.compaction.sql import Tables, open_tables
from headgate.compaction.state import Part, State, load_state
from headgate.errors import HeadgateError
from headgate.record import LogEntry

__all__ = ["CompactedLog", "is_compacted"]

_BATCH_ROWS = 10_000
_TORN = "the line is torn"
# What a record is made of; the others are for those who ask by SQL.
_OF_DECISION = [
    name for name in names_of(DECISIONS) if name not in ("row", "time", "hour", "mode", "codes", "errors", "undated")
]
_Numbered = tuple[int, str, LogEntry]


def is_compacted(path: Path) -> bool:
    """Return whether a path is a folder of tables of a log."""
    return load_state(path) is not None


class CompactedLog:
    """The tables of a log. Iterating gives every line, as `read_log` does for the log itself.

    Args:
        folder: of the tables.

    Raises:
        HeadgateError: there are none, or a part of them is missing or damaged.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        state = load_state(self._folder)
        if state is None:
            raise HeadgateError(f"{folder}: there are no tables of a log. `headgate log compact` makes them.")
        self._state: State = state
        for part in state.parts:
            _require(self._folder / part.place, part.bytes)

    @property
    def folder(self) -> Path:
        """Where the tables are."""
        return self._folder

    @property
    def admissions(self) -> int:
        """How many records there are."""
        return sum(part.rows for part in self._state.of("admissions"))

    @property
    def skipped(self) -> int:
        """How many lines hold no record that can be used."""
        return sum(part.rows for part in self._state.of("skipped")) + len(self._state.torn)

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return self.admissions + self.skipped

    @property
    def logs(self) -> list[Path]:
        """The logs that the tables were made from, where they were then."""
        return [self._folder / name for name in dict.fromkeys(file.log for file in self._state.files)]

    def connect(self) -> AbstractContextManager[Tables]:
        """Open the tables for SQL, with the views `admissions`, `decisions` and `skipped`; nothing can be written.

        Raises:
            HeadgateError: DuckDB is not installed.
        """
        return open_tables(self._folder, self._state.parts)

    def __iter__(self) -> Iterator[LogEntry]:
        """Yield every line of the logs, in their order; parts of records are shared, so nobody changes them."""
        return self.entries()

    def lines_by_log(self) -> Iterator[Iterator[tuple[str, bytes | None, bool]]]:
        """Yield the lines of each log, as `verify_lines` takes them: written again from the tables, byte for byte.

        Raises:
            HeadgateError: a part is damaged.
        """
        for log in dict.fromkeys(file.log for file in self._state.files):
            yield self._lines_of(log)

    def _lines_of(self, log: str) -> Iterator[tuple[str, bytes | None, bool]]:
        is_oldest = sum(file.log == log for file in self._state.files) > 1
        before = 0
        for entry in self.entries(with_lines=True, log=log):
            # Within a file the numbers of lines grow, whatever it was called when they were read.
            line = int(entry.place.rpartition(":")[2])
            is_oldest = is_oldest and line > before
            before = line
            yield entry.place, entry.line or None, is_oldest

    def entries(
        self, *, with_lines: bool = False, only: Iterable[int] | None = None, log: str | None = None
    ) -> Iterator[LogEntry]:
        """Yield lines of the logs, in their order.

        Args:
            with_lines: whether the bytes of the lines are wanted too.
            only: the numbers (`seq`) of the lines that are wanted; by default all.
            log: whose lines are wanted, as the tables call it; by default those of all.

        Raises:
            HeadgateError: a part is damaged.
        """
        wanted = sorted(set(only)) if only is not None else None
        for commit in dict.fromkeys(part.commit for part in self._state.parts):
            parts = [part for part in self._state.parts if part.commit == commit]
            streams = [self._stream(part, parts, wanted, with_lines=with_lines) for part in parts]
            for _, of, entry in heapq.merge(*streams, key=itemgetter(0)):
                if log is None or of == log:
                    yield entry
        if wanted is None and log is None:
            yield from self._torn()

    def skipped_lines(self) -> Iterator[LogEntry]:
        """Yield the lines that hold no record, in their order.

        Raises:
            HeadgateError: a part is damaged.
        """
        for part in self._state.of("skipped"):
            yield from map(itemgetter(2), self._skipped(part, None))
        yield from self._torn()

    def _torn(self) -> Iterator[LogEntry]:
        for torn in self._state.torn:
            yield LogEntry(f"{torn.file}:{torn.line}", None, _TORN)

    def _stream(
        self, part: Part, beside: Sequence[Part], wanted: Sequence[int] | None, *, with_lines: bool
    ) -> Iterator[_Numbered]:
        if part.table == "skipped":
            return self._skipped(part, wanted)
        if part.table == "admissions":
            return self._records(part, beside, wanted, with_lines=with_lines)
        return iter(())

    def _records(
        self, part: Part, beside: Sequence[Part], wanted: Sequence[int] | None, *, with_lines: bool
    ) -> Iterator[_Numbered]:
        decisions = (
            batch
            for one in beside
            if one.table == "decisions" and one.day == part.day
            for batch in self._batches(one, wanted, ["seq", *_OF_DECISION])
        )
        for rebuilt in rebuild(self._batches(part, wanted), decisions):
            yield rebuilt.row["seq"], rebuilt.row["log"], entry_of(rebuilt, with_line=with_lines)

    def _skipped(self, part: Part, wanted: Sequence[int] | None) -> Iterator[_Numbered]:
        for batch in self._batches(part, wanted, ["seq", "log", "file", "line", "notice", "raw"]):
            for row in batch.to_pylist():
                entry = LogEntry(f"{row['file']}:{row['line']}", None, row["notice"], row["raw"] or b"")
                yield row["seq"], row["log"], entry

    def _batches(self, part: Part, wanted: Sequence[int] | None, columns: list[str] | None = None) -> Iterator[Any]:
        """Yield the rows of a part, those of the wanted lines only."""
        pa = arrow()
        path = self._folder / part.place
        if wanted is not None and not _between(wanted, part.first, part.last):
            return
        try:
            with pa.parquet.ParquetFile(path) as file:
                texts = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
            with pa.parquet.ParquetFile(path, read_dictionary=texts) as file:
                groups = [n for n in range(file.num_row_groups) if _is_wanted(file, n, wanted)]
                for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups, columns=columns):
                    yield batch if wanted is None else batch.filter(_mask(batch.column("seq"), wanted))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise HeadgateError(f"{path}: the part cannot be read ({type(error).__name__}); it is damaged.") from None


def _require(path: Path, size: int) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise HeadgateError(f"{path}: a part of the tables cannot be read ({error.strerror}).") from None
    if found != size:
        raise HeadgateError(f"{path}: the part has {found:,} bytes instead of {size:,}; it is damaged.")


def _between(wanted: Sequence[int], first: int, last: int) -> Sequence[int]:
    return wanted[bisect_left(wanted, first) : bisect_right(wanted, last)]


def _is_wanted(file: Any, group: int, wanted: Sequence[int] | None) -> bool:
    statistics = file.metadata.row_group(group).column(file.schema_arrow.names.index("seq")).statistics
    if wanted is None or statistics is None or not statistics.has_min_max:
        return True
    return bool(_between(wanted, statistics.min, statistics.max))


def _mask(numbers: Any, wanted: Sequence[int]) -> Any:
    pa = arrow()
    import pyarrow.compute as pc

    near = _between(wanted, numbers[0].as_py(), numbers[-1].as_py()) if len(numbers) else ()
    return pc.is_in(numbers, value_set=pa.array(near, type=pa.int64()))

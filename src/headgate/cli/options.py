"""Options that several commands share, and how results are printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from headgate.cli.loading import is_place, load_target
from headgate.cli.stores import instead_of
from headgate.corpus import NO_FIELDS, CorpusItem, Fields, observe_corpus, read_corpus, read_questions
from headgate.encoding import in_number, to_json
from headgate.errors import HeadgateError
from headgate.record import LogEntry, read_log
from headgate.record.reading import log_files
from headgate.report import visible, visible_json

if TYPE_CHECKING:
    from headgate.compaction import CompactedLog

__all__ = [
    "CorpusArgument",
    "Documents",
    "DocumentsArgument",
    "FieldMapOption",
    "HtmlOption",
    "JobsOption",
    "JsonOption",
    "LogArgument",
    "LogEntries",
    "MaybePolicyOption",
    "PolicyOption",
    "PrefixOption",
    "QuestionsOption",
    "TextFieldOption",
    "console",
    "cores",
    "print_json",
    "report_problems",
    "tables_of",
    "track",
]

T = TypeVar("T")
NAMED = 5
_NAMED_SINGLY = 20

DocumentsArgument = Annotated[
    Path, typer.Argument(metavar="DOCUMENTS", help="A folder of text files, one file, or JSON Lines (.gz too).")
]
CorpusArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DOCUMENTS",
        help="A folder of text files, a file, or MODULE:NAME: a retriever, store, index, engine or chain of yours, or "
        "a function that builds one.",
    ),
]
QuestionsOption = Annotated[
    Path | None,
    typer.Option("--questions", "-q", metavar="FILE", help="What to ask MODULE:NAME, one question per line."),
]
LogArgument = Annotated[
    Path,
    typer.Argument(
        metavar="LOG",
        help="The decision log, with its rotated files; or the tables that `headgate log compact` made of it.",
    ),
]
PolicyOption = Annotated[Path, typer.Option("--policy", "-p", help="The policy file.")]
MaybePolicyOption = Annotated[Path | None, typer.Option("--policy", "-p", help="The policy that is in force.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
TextFieldOption = Annotated[
    str | None,
    typer.Option("--text-field", metavar="FIELD", help="The field of JSON, CSV or Parquet that holds the text."),
]
FieldMapOption = Annotated[
    list[str] | None,
    typer.Option("--field-map", metavar="NAME=FIELD", help="Take a metadata entry from a field: source=link."),
]
HtmlOption = Annotated[Path | None, typer.Option("--html", help="Also write the result as an HTML page.")]
JobsOption = Annotated[
    int,
    typer.Option(
        "--jobs",
        "-j",
        "--workers",
        "-w",
        min=0,
        max=1_024,
        help="How many processes work on many documents; 0: one per core.",
    ),
]
PrefixOption = Annotated[
    str | None,
    typer.Option("--prefix", help="What the URIs of files begin with; by default file: and the folder's name."),
]


def console() -> Console:
    """Return the console for results: as wide as the terminal or `COLUMNS`, or wide enough for tables in a pipe."""
    # What rich calls a terminal may be a notebook or a pipeline that asked for colours.
    columns = os.environ.get("COLUMNS", "")
    if sys.stdout.isatty() or (columns.isascii() and columns.isdigit() and int(columns)):
        return Console(highlight=False)
    return Console(highlight=False, width=120)


def cores(jobs: int) -> int:
    """Return how many processes are meant: as many as this one may use cores, if it is left open."""
    if jobs:
        return jobs
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print one JSON object, in characters that standard output can carry and a terminal only shows."""
    is_ascii = not (sys.stdout.encoding or "").lower().startswith("utf")
    typer.echo(visible_json(to_json(value, indent=indent, is_ascii=is_ascii)))


class LogEntries:
    """The lines of a log and of its rotated files, or of its tables, counted on stderr while they are read.

    Args:
        path: the log, or the folder that `headgate log compact` made of it.
        quiet: whether nothing is counted on stderr.
        with_lines: whether the bytes of the lines are wanted too.

    Attributes:
        tables: of the log, if that is what there is.

    Raises:
        HeadgateError: there is no such log.
    """

    def __init__(self, path: Path, *, quiet: bool, with_lines: bool = False) -> None:
        self._path, self._quiet, self._with_lines = path, quiet, with_lines
        self._lines = 0
        self._skipped: list[str] = []
        self._count = 0
        self._files: list[Path] = []
        self.tables = tables_of(path)
        if self.tables is None:
            self._files = log_files(path)
            if not self._files:
                raise HeadgateError(f"{path}: there is no such log.")

    def __iter__(self) -> Iterator[LogEntry]:
        """Yield every line, also those that hold no record."""
        lines = read_log(self._files) if self.tables is None else self.tables.entries(with_lines=self._with_lines)
        return self.counted(lines)

    def counted(self, lines: Iterable[LogEntry]) -> Iterator[LogEntry]:
        """Yield lines, and count them and those that hold no record."""
        for entry in track(lines, "records", quiet=self._quiet):
            self._lines += 1
            if entry.record is None:
                self._count += 1
                if len(self._skipped) < NAMED:
                    self._skipped.append(f"{entry.place}: {entry.notice}")
            yield entry

    def for_report(self) -> CompactedLog | Iterator[LogEntry]:
        """Return what a report is made from: the tables, which are asked by SQL, or every line."""
        if self.tables is None:
            return iter(self)
        self._lines, self._count = self.tables.lines, self.tables.skipped
        self._skipped = [f"{entry.place}: {entry.notice}" for entry in islice(self.tables.skipped_lines(), NAMED)]
        return self.tables

    def finish(self, *, are_named: bool = False) -> bool:
        """Name on stderr the lines that were skipped, and return whether there were any.

        Args:
            are_named: whether each was named already when it was read.

        Raises:
            HeadgateError: there was nothing to look at.
        """
        if not self._lines and not (self.tables is not None and self.tables.lines):
            raise HeadgateError(f"{self._path}: the log is empty; there is nothing to look at.")
        if self._count and not are_named:
            typer.echo(f"{in_number(self._count, 'line')} skipped", err=True)
            report_problems(self._skipped)
            if self._count > len(self._skipped):
                more = self._count - len(self._skipped)
                typer.echo(f"  and {more:,} more; `headgate log {self._path}` names each", err=True)
        return bool(self._count)


def tables_of(path: Path) -> CompactedLog | None:
    """Return the tables of a log, if a path is their folder.

    Raises:
        HeadgateError: it is a folder of something else, or of tables that are damaged.
    """
    # Here, so that the other commands start without it.
    from headgate.compaction import CompactedLog, is_compacted

    if is_compacted(path):
        return CompactedLog(path)
    if path.is_dir():
        raise HeadgateError(f"{path}: this is a folder. Name the log, or what `headgate log compact` made of it.")
    return None


class Documents:
    """The documents that a command was given, counted on stderr while they are read.

    Args:
        path: a folder or a file, or `module:name` of an application that is asked.
        what: what is done with them, for the count.
        prefix: what the URIs of files begin with.
        quiet: whether nothing is counted on stderr.
        questions: the file of questions for an application.
        fields: what the fields of records mean.

    Attributes:
        problems: what was skipped, and of what something was left out, with the reason.

    Raises:
        HeadgateError: there is no such folder or file, or no such application.
    """

    def __init__(
        self,
        path: Path,
        what: str,
        *,
        prefix: str | None,
        quiet: bool,
        questions: Path | None = None,
        fields: Fields = NO_FIELDS,
    ) -> None:
        self._path, self._what, self._quiet = path, what, quiet
        self.is_application = is_place(str(path))
        if self.is_application and fields.are_named:
            raise HeadgateError("--text-field and --field-map are for files; an application gives texts and metadata.")
        if self.is_application:
            self._items = _observed(str(path), questions, prefix)
        elif questions is not None:
            raise HeadgateError(f"--questions is for an application, module:name; {path} is read as files.")
        elif not path.exists() and (instead := instead_of(path)) is not None:
            raise HeadgateError(instead)
        else:
            self._items = read_corpus(path, prefix=prefix, fields=fields)
        self._documents = 0
        self._fields = fields
        self._reasons: dict[str, list[str]] = {}
        self.problems: list[str] = []

    def __iter__(self) -> Iterator[CorpusItem]:
        """Yield every item, also those that hold no chunk."""
        for item in track(self._items, self._what, quiet=self._quiet):
            self._documents += item.is_document
            if item.problem is not None:
                self.problems.append(f"{item.place}: {item.problem}")
                self._reasons.setdefault(item.problem, []).append(item.place)
            yield item

    def require_some(self) -> None:
        """Raise unless there was a document.

        Raises:
            HeadgateError: there was none, so there was nothing to look at.
        """
        if self._documents:
            return
        instead = None if self.is_application else instead_of(self._path)
        if instead is not None:
            raise HeadgateError(instead)
        passed_over = f" {in_number(len(self.problems), 'thing')} passed over" if self.problems else ""
        first = f"{passed_over}, the first: {self.problems[0]}." if self.problems else ""
        raise HeadgateError(f"{self._path}: there is no document to look at.{first}")

    def finish(self) -> bool:
        """Name on stderr what was skipped, and return whether anything was.

        Raises:
            HeadgateError: there was nothing to look at.
        """
        self.require_some()
        for field in sorted(self._fields.unseen):
            self.problems.append(f"--text-field and --field-map: no document has a field {field!r}")
            self._reasons.setdefault(self.problems[-1], []).append(str(self._path))
        report_problems(self.problems if len(self.problems) <= _NAMED_SINGLY else self._by_reason())
        return bool(self.problems)

    def _by_reason(self) -> list[str]:
        """Return a line per reason, with how many it holds for, the most frequent first."""
        lines = []
        for reason, places in sorted(self._reasons.items(), key=lambda one: -len(one[1])):
            more = f" and {len(places) - NAMED:,} more (--json names each)" if len(places) > NAMED else ""
            lines.append(f"{in_number(len(places), 'place')}: {reason}: {', '.join(places[:NAMED])}{more}")
        return lines


def _observed(place: str, questions: Path | None, prefix: str | None) -> Iterator[CorpusItem]:
    if prefix is not None:
        raise HeadgateError("--prefix is for files; what an application retrieves names its own sources.")
    if questions is None:
        raise HeadgateError(f"{place}: what is it to be asked? Give --questions FILE, with one question per line.")
    asked = read_questions(questions)
    return observe_corpus(load_target(place, may_answer=True), asked)


def report_problems(problems: Sequence[str], headline: str | None = None) -> None:
    """Name on stderr what could not be used, each with its reason: what is skipped silently is lost."""
    if headline is not None and problems:
        typer.echo(headline, err=True)
    for problem in problems:
        typer.echo(visible(f"  {problem}"), err=True)


def track(items: Iterable[T], what: str, *, quiet: bool) -> Iterator[T]:
    """Yield the items, and count them on stderr if that is a terminal."""
    error_console = Console(stderr=True)
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=error_console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        for item in items:
            yield item
            progress.advance(task)

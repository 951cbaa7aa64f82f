"""Options that several commands share, and how results are printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from headgate.clock import utc_now
from headgate.encoding import to_json
from headgate.errors import HeadgateError
from headgate.freshness import Unreadable, read_time
from headgate.record import LogEntry, read_log
from headgate.record.reading import log_files
from headgate.report import document_page, escape, visible

__all__ = [
    "DocumentsArgument",
    "HtmlOption",
    "JsonOption",
    "LogArgument",
    "NowOption",
    "PolicyOption",
    "PrefixOption",
    "console",
    "instant",
    "log_entries",
    "print_json",
    "report_unreadable",
    "track",
    "write_page",
]

T = TypeVar("T")
_NAMED = 5

DocumentsArgument = Annotated[
    Path, typer.Argument(metavar="DOCUMENTS", help="A folder of text files, one file, or JSON Lines (.gz too).")
]
LogArgument = Annotated[Path, typer.Argument(metavar="LOG", help="The decision log; its rotated files are read too.")]
PolicyOption = Annotated[Path, typer.Option("--policy", "-p", help="The policy file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
NowOption = Annotated[
    str | None, typer.Option("--now", metavar="TIME", help="Judge as of this instant (ISO 8601 with offset).")
]
HtmlOption = Annotated[Path | None, typer.Option("--html", help="Also write a page with the same.")]
PrefixOption = Annotated[
    str | None,
    typer.Option("--prefix", help="What the URIs of files begin with; by default file: and the folder's name."),
]


def console() -> Console:
    """Return the console for results; as wide as the terminal, or wide enough for tables where there is none."""
    # What rich calls a terminal may be a notebook or a pipeline that asked for colours.
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=120)


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print one JSON object, in characters that standard output can carry."""
    is_ascii = not (sys.stdout.encoding or "").lower().startswith("utf")
    typer.echo(to_json(value, indent=indent, is_ascii=is_ascii))


def log_entries(path: Path, *, quiet: bool) -> Iterator[LogEntry]:
    """Yield the lines of a log and of its rotated files, and count them on stderr.

    Raises:
        HeadgateError: there is no such log.
    """
    files = log_files(path)
    if not files:
        raise HeadgateError(f"{path}: there is no such log.")
    return track(read_log(files), "records", quiet=quiet)


def write_page(path: Path | None, title: str, body: Callable[[], str]) -> None:
    """Write a page, if one is wanted, and say where on stderr."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document_page(title, f"<h1>{escape(title)}</h1>{body()}"), encoding="utf-8")
    typer.echo(f"The same as a page: {path}", err=True)


def report_unreadable(problems: Sequence[str]) -> None:
    """Name on stderr what could not be used, the first of it."""
    for problem in problems[:_NAMED]:
        typer.echo(visible(f"  {problem}"), err=True)
    if len(problems) > _NAMED:
        typer.echo(f"  and {len(problems) - _NAMED:,} more", err=True)


def instant(text: str | None, option: str = "--now") -> datetime:
    """Return the instant that an option names, or the present.

    Raises:
        HeadgateError: it is no instant.
    """
    if text is None:
        return utc_now()
    try:
        interval = read_time(text, zone=None, date_order=None)
    except Unreadable as error:
        raise HeadgateError(f"{option} {text!r}: {error}. Write 2026-06-01T12:00:00Z.") from None
    if not interval.is_instant:
        raise HeadgateError(f"{option} {text!r} names a whole day. Write 2026-06-01T12:00:00Z.")
    return interval.earliest


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

"""Options that several commands share, and how results are printed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from headgate.clock import utc_now
from headgate.errors import HeadgateError
from headgate.freshness import Unreadable, read_time

__all__ = [
    "DocumentsArgument",
    "JsonOption",
    "NowOption",
    "PolicyOption",
    "PrefixOption",
    "console",
    "instant",
    "print_json",
    "track",
]

T = TypeVar("T")

DocumentsArgument = Annotated[Path, typer.Argument(help="A folder of text files, one file, or JSON Lines (.gz too).")]
PolicyOption = Annotated[Path, typer.Option("--policy", "-p", help="The policy file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
NowOption = Annotated[
    str | None, typer.Option("--now", metavar="TIME", help="Judge as of this instant (ISO 8601 with offset).")
]
PrefixOption = Annotated[
    str | None,
    typer.Option("--prefix", help="What the URIs of files begin with; by default file: and the folder's name."),
]


def console() -> Console:
    """Return the console for results; as wide as the terminal, or wide enough for tables where there is none."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=120)


def print_json(value: object) -> None:
    """Print one JSON object."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def instant(text: str | None) -> datetime:
    """Return the instant that `--now` names, or the present.

    Raises:
        HeadgateError: it is no instant.
    """
    if text is None:
        return utc_now()
    try:
        interval = read_time(text, zone=None, date_order=None)
    except Unreadable as error:
        raise HeadgateError(f"--now {text!r}: {error}. Write 2026-06-01T12:00:00Z.") from None
    if not interval.is_instant:
        raise HeadgateError(f"--now {text!r} names a whole day. Write 2026-06-01T12:00:00Z.")
    return interval.earliest


def track(items: Iterable[T], what: str, *, quiet: bool) -> Iterator[T]:
    """Yield the items, and count them on stderr if that is a terminal."""
    error_console = Console(stderr=True)
    if quiet or not error_console.is_terminal:
        yield from items
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=error_console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        for item in items:
            yield item
            progress.advance(task)

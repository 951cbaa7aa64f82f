"""`headgate log` over the tables of a log, and `headgate log compact`, which makes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from headgate.cli.options import JsonOption, console, print_json, report_problems
from headgate.encoding import in_number
from headgate.record import LogEntry
from headgate.record.reading import log_files
from headgate.report import new_table, plain

if TYPE_CHECKING:
    from headgate.compaction import CompactedLog, Compaction

__all__ = ["EXAMPLE_COMPACT", "compact", "count_days", "narrowed", "run_sql", "with_prefix"]

EXAMPLE_COMPACT = "Example: headgate log compact decisions.jsonl --out decisions.tables"
_SHOWN_ROWS = 500
_SHOWN_CHARS = 200
_ASKERS = ("user", "tenant", "session", "run")


def compact(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="LOG", help="The log, with its rotated files; or a folder, with all its logs (*.jsonl)."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="The folder of the tables; by default LOG.tables beside it."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a log as tables too: Parquet by day, a fraction of the size, for all commands that read logs, and for SQL.

    The log is only read. Run it again to add what was written since; it can be ended at any time. Exit code 1 if lines
    hold no record or a file could not be read.
    """
    from headgate.compaction import compact_log

    folder = out if out is not None else path.with_name(f"{path.name}.tables")
    files = log_files(path) if not path.is_dir() else [file for file in path.glob("*.jsonl*") if file.is_file()]
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    screen = Console(stderr=True)
    with Progress(
        *columns, TimeRemainingColumn(), console=screen, transient=True, disable=as_json or not screen.is_terminal
    ) as progress:
        task = progress.add_task("log", total=sum(file.stat().st_size for file in files))
        done = compact_log(path, folder, progress=lambda size: progress.advance(task, size))
    if as_json:
        print_json(done.to_dict())
    else:
        _show(done)
    raise typer.Exit(int(not done.is_whole))


def _show(done: Compaction) -> None:
    screen = console()
    added, total = in_number(done.admissions, "admission"), in_number(done.total, "admission")
    screen.print(plain(f"{added} of {in_number(done.decisions, 'document')} added; {total} in {done.folder}."))
    problems = list(done.problems)
    if done.skipped:
        problems.append(f"{in_number(done.skipped, 'line')} without a record; `headgate log {done.folder}` names each")
    if done.torn:
        problems.append(f"{in_number(done.torn, 'file')} ending within a line, which is left for the next run")
    if done.raw:
        screen.print(plain(f"{in_number(done.raw, 'record')} of other programs: their lines are kept as they are."))
    report_problems(problems)


def with_prefix(log: CompactedLog, admission: str) -> Iterator[LogEntry]:
    """Yield the admissions whose ids begin so, and every line that was skipped."""
    with log.connect() as tables:
        found = tables.rows("SELECT seq FROM admissions WHERE starts_with(admission, $1) ORDER BY seq", [admission])
        wanted = [number for (number,) in found]
    yield from log.entries(only=wanted)
    yield from log.skipped_lines()


def narrowed(
    log: CompactedLog,
    *,
    codes: frozenset[str],
    source: str | None,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
    askers: Mapping[str, frozenset[str]],
) -> Iterator[LogEntry]:
    """Yield the lines of which something may be wanted, and those with a notice."""
    if not (codes or source is not None or action or since or until or askers):
        yield from log
        return
    where, values = _where(codes, source, action, since, until, askers)
    with log.connect() as tables:
        found = tables.rows(f"SELECT DISTINCT d.seq FROM decisions d {_JOIN} WHERE {where}", values)
        wanted = {number for (number,) in found}
        wanted.update(number for (number,) in tables.rows("SELECT seq FROM admissions WHERE notice IS NOT NULL"))
        wanted.update(number for (number,) in tables.rows("SELECT seq FROM skipped"))
    yield from log.entries(only=wanted)


def count_days(
    log: CompactedLog,
    *,
    codes: frozenset[str],
    source: str | None,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
    askers: Mapping[str, frozenset[str]],
) -> dict[str, Counter[str]]:
    """Return how many documents there were per day, and of them with each action and code."""
    where, values = _where(codes, source, action, since, until, askers)
    join = _JOIN if askers else ""
    days: dict[str, Counter[str]] = {}
    with log.connect() as tables:
        alike = tables.rows(
            f"SELECT d.date, d.action, d.codes, count(*) FROM decisions d {join} WHERE {where}"
            " GROUP BY d.date, d.action, d.codes ORDER BY min(d.row)",
            values,
        )
        for date, decided, found, count in alike:
            day = days.setdefault(date, Counter())
            for name in ("documents", decided, *dict.fromkeys(found.split())):
                day[name] += count
    return days


_JOIN = "JOIN admissions a ON a.seq = d.seq"


def _where(
    codes: frozenset[str],
    source: str | None,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
    askers: Mapping[str, frozenset[str]],
) -> tuple[str, list[Any]]:
    """Return a condition and its parameters; nothing that was asked for is a part of its text."""
    parts = ["d.time IS NOT NULL"]
    values: list[Any] = []

    def add(condition: str, value: object) -> None:
        values.append(value)
        parts.append(condition.format(f"${len(values)}"))

    if codes:
        add("list_has_any(string_split(d.codes, ' '), {})", sorted(codes))
    if source is not None:
        add("d.source = {}", source)
    if action is not None:
        add("d.action = {}", action)
    if since is not None:
        add("d.time >= {}", since)
    if until is not None:
        add("d.time < {}", until)
    for role in _ASKERS:
        if role in askers:
            add(f"list_contains({{}}, a.asker_{role})", sorted(askers[role]))
    return " AND ".join(parts), values


def run_sql(log: CompactedLog, query: str, *, as_json: bool) -> None:
    """Print what a query of the user's own returns.

    Raises:
        HeadgateError: it is not one SELECT, or it fails.
    """
    with log.connect() as tables:
        names, rows = tables.ask(query)
        if as_json:
            for row in rows:
                print_json(dict(zip(names, row, strict=True)), indent=None)
            return
        table = new_table(None, [(name, False) for name in names])
        more = 0
        for row in rows:
            if table.row_count < _SHOWN_ROWS:
                table.add_row(*(plain(str(value) if value is not None else "", _SHOWN_CHARS) for value in row))
            else:
                more += 1
    console().print(table)
    if more:
        typer.echo(f"and {in_number(more, 'more row')}; --json prints all", err=True)

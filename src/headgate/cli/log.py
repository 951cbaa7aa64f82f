"""`headgate log`: look into decision logs."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.instants import SINCE, UNTIL, first_instant
from headgate.cli.log_table import DecisionTable
from headgate.cli.logchain import asked_for, verify_log
from headgate.cli.logtables import count_days, narrowed, run_sql, with_prefix
from headgate.cli.options import JsonOption, LogArgument, LogEntries, console, print_json
from headgate.cli.pages import write_page
from headgate.clock import read_instant
from headgate.codes import CODES
from headgate.errors import HeadgateError
from headgate.record import AdmissionRecord, DecisionRecord, LogEntry
from headgate.record.reading import parse_line
from headgate.report import admission_html, admission_rich, escape, new_table, plain, prose, visible

__all__ = ["EXAMPLE_LOG", "log"]

EXAMPLE_LOG = "Example: headgate log decisions.jsonl --code P105 --since 2026-06-01"
_POLL_SECONDS = 0.5
_MOST_WHOLE = 20


def log(
    path: LogArgument,
    code: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Only documents with this reason code.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Only documents of this source.")] = None,
    action: Annotated[str | None, typer.Option(help="Only documents with this action: admit or drop.")] = None,
    since: Annotated[str | None, SINCE] = None,
    until: Annotated[str | None, UNTIL] = None,
    admission: Annotated[
        str | None, typer.Option(metavar="ID", help="Show one admission in full; a unique prefix of its id is enough.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="PAGE", help="Also write what is listed, or the admission, as an HTML page."),
    ] = None,
    counts: Annotated[bool, typer.Option("--counts", help="Count per day and code instead of listing.")] = False,
    user: Annotated[str | None, typer.Option(help="Only what this user asked for.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only what this tenant asked for.")] = None,
    session: Annotated[str | None, typer.Option(help="Only what was asked for in this session.")] = None,
    run: Annotated[str | None, typer.Option(help="Only what was asked for in this run.")] = None,
    sql: Annotated[
        str | None, typer.Option(metavar="SELECT", help="Of tables: print what a query of your own returns.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the chain: find records that were removed, changed or re-ordered.")
    ] = False,
    heads: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="With --verify: what an earlier `--verify --json` printed, or a receipt; the log must contain it.",
        ),
    ] = None,
    keys: Annotated[Path | None, typer.Option(help="With --heads RECEIPT: the public keys of its issuer.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing records as they are written.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show who decided what about which document, and when.

    Exit code 1 if torn or foreign lines were skipped, or if --verify found something.
    """
    if html is not None and (verify or counts or follow):
        raise HeadgateError("--html writes a list of documents or an admission as a page: leave out the other option.")
    if verify:
        raise typer.Exit(verify_log(path, heads or [], keys, as_json=as_json))
    if heads:
        raise HeadgateError("--heads is for --verify.")
    askers = {"user": user, "tenant": tenant, "session": session, "run": run}
    entries = LogEntries(path, quiet=True)
    tables = entries.tables
    _require_possible(tables, sql, follow=follow)
    logs = path if tables is None else tables.logs
    table = DecisionTable()
    wanted = _Filter.make(code, source, action, since, until, asked_for(logs, askers))
    if tables is not None and sql is not None:
        run_sql(tables, sql, as_json=as_json)
        entries.for_report()
    elif admission is not None:
        lines = iter(entries) if tables is None else entries.counted(with_prefix(tables, admission))
        _show_whole(path, lines, admission, html, as_json=as_json)
    elif counts:
        _count(entries, wanted, as_json=as_json)
    else:
        lines = iter(entries) if tables is None else entries.counted(narrowed(tables, **asdict(wanted)))
        _show(lines, wanted, table, as_json=as_json, is_kept=html is not None)
        if follow:
            _show(_follow(path), wanted, table, as_json=as_json)
            return
    is_partial = entries.finish(are_named=admission is None and not counts and sql is None)
    if admission is None:
        write_page(html, "headgate: what was decided", table.html, log=path)
    raise typer.Exit(int(is_partial))


def _require_possible(tables: object, sql: str | None, *, follow: bool) -> None:
    if tables is None and sql is not None:
        raise HeadgateError("--sql is for tables of a log; `headgate log compact` makes them.")
    if tables is not None and follow:
        raise HeadgateError("--follow is for the log itself; its tables are written by `headgate log compact`.")


@dataclass(frozen=True)
class _Filter:
    codes: frozenset[str]
    source: str | None
    action: str | None
    since: datetime | None
    until: datetime | None
    askers: Mapping[str, frozenset[str]]

    @classmethod
    def make(
        cls,
        codes: list[str] | None,
        source: str | None,
        action: str | None,
        since: str | None,
        until: str | None,
        askers: Mapping[str, frozenset[str]],
    ) -> _Filter:
        unknown = [code for code in codes or () if code.upper() not in CODES]
        if unknown:
            raise HeadgateError(f"{unknown[0][:40]!r} is not a reason code. `headgate explain` lists all.")
        if action not in (None, "admit", "drop"):
            raise HeadgateError(f"--action {action!r}: write admit or drop.")
        return cls(
            frozenset(code.upper() for code in codes or ()),
            source,
            action,
            first_instant(since, "--since") if since else None,
            first_instant(until, "--until") if until else None,
            askers,
        )

    def matches(self, record: AdmissionRecord) -> Iterator[DecisionRecord]:
        """Yield the decisions of a record that are wanted."""
        moment = _moment(record)
        if moment is None or (self.since and moment < self.since) or (self.until and moment >= self.until):
            return
        asker = record.get("asker", {})
        if any(asker.get(role) not in names for role, names in self.askers.items()):
            return
        for decision in record["decisions"]:
            found = {finding["code"] for finding in decision["findings"]}
            if (
                (not self.codes or self.codes & found)
                and (self.source is None or decision["source"] == self.source)
                and (self.action is None or decision["action"] == self.action)
            ):
                yield decision


def _moment(record: AdmissionRecord) -> datetime | None:
    try:
        return read_instant(record["now"])
    except ValueError:
        return None


def _show(
    entries: Iterator[LogEntry], wanted: _Filter, table: DecisionTable, *, as_json: bool, is_kept: bool = False
) -> None:
    for entry in entries:
        if entry.notice is not None:
            skipped = "; skipped" if entry.record is None else ""
            typer.echo(visible(f"{entry.place}: {entry.notice}{skipped}"), err=True)
        if entry.record is None:
            continue
        decisions = list(wanted.matches(entry.record))
        for decision in decisions if as_json else ():
            line = {"now": entry.record["now"], "admission": entry.record["admission"], **decision}
            print_json(line, indent=None)
        table.add(entry.record, decisions, is_kept=is_kept, is_printed=not as_json)


def _show_whole(path: Path, entries: Iterator[LogEntry], admission: str, html: Path | None, *, as_json: bool) -> None:
    matching = (e.record for e in entries if e.record is not None and e.record["admission"].startswith(admission))
    found = list(islice(matching, _MOST_WHOLE))
    deque(entries, maxlen=0)  # to the end, so that every line that was skipped is named
    if not found:
        raise HeadgateError(f"{path}: no admission with an id that begins with {admission[:80]!r}.")
    write_page(html, "headgate: what the model read", lambda: _wholes(found), log=path)
    for record in found:
        if as_json:
            print_json(record)
        else:
            screen = console()
            screen.print(prose(_facts(record)))
            screen.print(admission_rich(record))


def _wholes(found: Sequence[AdmissionRecord]) -> str:
    if len(found) == 1:
        return admission_html(found[0])
    return "".join(f"<h2>Admission {escape(one['admission'][:64])}</h2>{admission_html(one)}" for one in found)


def _facts(record: AdmissionRecord) -> str:
    judged = f", judged as of {record['as_of'][:19]} UTC" if record["as_of"] else ""
    mode, revision = record["mode"] or "unknown", record["policy_revision"] or "unknown"
    return f"Admission {record['admission']}, {record['now'][:19]} UTC{judged}, mode {mode}, policy {revision}."


def _count(entries: LogEntries, wanted: _Filter, *, as_json: bool) -> None:
    if entries.tables is not None:
        entries.for_report()
        _show_counts(count_days(entries.tables, **asdict(wanted)), entries.tables.skipped, as_json=as_json)
        return
    days: dict[str, Counter[str]] = {}
    skipped = 0
    for entry in entries:
        if entry.record is None:
            skipped += 1
            continue
        for decision in wanted.matches(entry.record):
            day = days.setdefault(entry.record["now"][:10], Counter())
            day["documents"] += 1
            day[decision["action"]] += 1
            day.update(dict.fromkeys((finding["code"] for finding in decision["findings"]), 1))
    _show_counts(days, skipped, as_json=as_json)


def _show_counts(days: Mapping[str, Counter[str]], skipped: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"days": {day: dict(counter) for day, counter in sorted(days.items())}, "skipped_lines": skipped})
        return
    names = ("day", "documents", "admitted", "dropped", "with the code")
    table = new_table(None, [(name, name in ("documents", "admitted", "dropped")) for name in names])
    for date, counter in sorted(days.items()):
        codes = ", ".join(f"{code} {count:,}" for code, count in sorted(counter.items()) if code in CODES)
        row = (f"{counter[name]:,}" for name in ("documents", "admit", "drop"))
        table.add_row(plain(date), *row, codes)
    console().print(table)


def _follow(path: Path) -> Iterator[LogEntry]:
    """Yield what is written to a log from now on, through rotations, until interrupted."""
    file = path.open("rb")
    file.seek(0, 2)
    pending = b""
    try:
        while True:
            # A record may be half written when it is read; the rest comes with the next look.
            pending += file.readline()
            if pending.endswith(b"\n"):
                yield parse_line(pending, str(path))
                pending = b""
            # Asked only at the end of the file, so that nothing of the old one is left unread.
            elif _is_rotated(path, file.fileno()):
                file.close()
                file, pending = path.open("rb"), b""
            else:
                time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        return
    finally:
        file.close()


def _is_rotated(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino != os.fstat(descriptor).st_ino
    except FileNotFoundError:
        # Between the renames of a rotation there is no such file; the new one comes in a moment.
        return False

"""`headgate override`: opening a source for a stated time and reason, although its lists are out of date."""

from __future__ import annotations

import getpass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from headgate.admission.loading import policy_of
from headgate.admission.overriding import LIFTED, Override, OverrideFile, overrides_of
from headgate.cli.instants import NowOption, end_of, instant
from headgate.cli.options import JsonOption, PolicyOption, console, print_json
from headgate.errors import HeadgateError
from headgate.policy.durations import format_duration
from headgate.report import new_table, plain

__all__ = ["EXAMPLE_OVERRIDE", "override"]

EXAMPLE_OVERRIDE = "Example: headgate override docs --until 4h --reason 'the nightly job failed, ticket 4711'"


def override(
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help="The source to open.")] = None,
    policy: PolicyOption = Path("headgate.yaml"),
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Until when: a time with offset, or a duration such as 4h.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why, in a sentence; every decision says it.")] = None,
    end: Annotated[bool, typer.Option("--end", help="End the override of SOURCE now.")] = False,
    by: Annotated[str | None, typer.Option(help="Who is opening it; by default the user of this process.")] = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a source whose manifest's timestamp or revocation list is out of date; without SOURCE, show what is open.

    Nothing else is lifted: what was refuted, taken back, rolled back or never listed stays out. Exit code 1 if any
    source is open.
    """
    loaded = policy_of(policy)
    file = overrides_of(loaded)
    if file is None:
        raise HeadgateError(
            f"{policy}: nothing says where overrides are kept. Add overrides: {{path: overrides.jsonl}}."
        )
    at, who = instant(now), by or getpass.getuser()
    # Read first: to a file that cannot be understood nothing is added.
    current = file.current(at)
    if source is None and (until or reason or end):
        raise HeadgateError("Name the source that is meant.")
    if source is not None:
        if source not in {"default", *(entry.id for entry in loaded.sources)}:
            raise HeadgateError(f"{source[:80]!r} is not a source of {policy}.")
        if end:
            if source not in current:
                raise HeadgateError(f"{source!r} is not open.")
            file.close(source, at, who)
        else:
            file.open(_opened(file, source, at, until, reason, who))
        current = file.current(at)
    _show(sorted(current.values(), key=lambda one: one.since), as_json=as_json)


def _opened(file: OverrideFile, source: str, at: datetime, until: str | None, reason: str | None, who: str) -> Override:
    if not until or not reason or not reason.strip():
        raise HeadgateError("An override has an end and a reason: give --until 4h --reason 'why'.")
    end = end_of(until, at)
    if not at < end <= at + file.at_most:
        most = format_duration(file.at_most)
        raise HeadgateError(f"--until {until!r}: write a time after now, and within {most} (overrides.at_most).")
    return Override(source, at, end, " ".join(reason.split()), who)


def _show(current: list[Override], *, as_json: bool) -> None:
    if as_json:
        print_json({"open": [one.to_dict() for one in current], "lifts": sorted(LIFTED)})
    elif current:
        table = new_table(None, [("source", False), ("until", False), ("by", False), ("why", False)])
        for one in current:
            table.add_row(plain(one.source), f"{one.until:%Y-%m-%d %H:%M} UTC", plain(one.by), plain(one.reason))
        console().print(table)
    else:
        typer.echo("No source is open.")
    raise typer.Exit(int(bool(current)))

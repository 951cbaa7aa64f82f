"""`headgate quarantine`: which sources are held back, and letting them in again."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from headgate.admission.loading import policy_of
from headgate.admission.quarantine import QuarantineFile
from headgate.cli.instants import NowOption, instant
from headgate.cli.options import JsonOption, PolicyOption, console, print_json
from headgate.errors import HeadgateError
from headgate.report import new_table, plain

__all__ = ["EXAMPLE_QUARANTINE", "quarantine"]

EXAMPLE_QUARANTINE = "Example: headgate quarantine --policy headgate.yaml --release wiki"


def quarantine(
    policy: PolicyOption = Path("headgate.yaml"),
    release: Annotated[str | None, typer.Option(metavar="SOURCE", help="Let a source in again.")] = None,
    hold: Annotated[str | None, typer.Option(metavar="SOURCE", help="Hold a source back by hand.")] = None,
    by: Annotated[str | None, typer.Option(help="Who is opening it; by default the user of this process.")] = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which sources are held back, release one, or hold one. Exit code 1 if any is held."""
    loaded = policy_of(policy)
    if loaded.quarantine is None:
        raise HeadgateError(
            f"{policy}: nothing says where quarantine is kept. Add quarantine: {{path: quarantine.jsonl}}."
        )
    file = QuarantineFile(loaded.resolve_path(loaded.quarantine.path))
    who = by or getpass.getuser()
    for source in (release, hold):
        if source is not None and source not in {entry.id for entry in loaded.sources}:
            raise HeadgateError(f"{source[:80]!r} is not a source of {policy}.")
    if release is not None:
        # Read first: to a file that cannot be understood nothing is added.
        if release not in file.held():
            raise HeadgateError(f"{release!r} is not held.")
        file.release(release, instant(now), who)
    if hold is not None:
        file.hold(hold, instant(now), f"held by {who}")
    held = sorted(file.held().values(), key=lambda one: one.since)
    if as_json:
        print_json({"held": [{"source": h.source, "since": h.since.isoformat(), "reason": h.reason} for h in held]})
    elif held:
        table = new_table(None, [("source", False), ("since", False), ("why", False)])
        for one in held:
            table.add_row(plain(one.source), f"{one.since:%Y-%m-%d %H:%M} UTC", plain(one.reason))
        console().print(table)
    else:
        typer.echo("No source is held back.")
    raise typer.Exit(int(bool(held)))

"""`headgate recheck`: whether what a prompt was given still holds."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.admission.loading import policy_and_pulled
from headgate.cli.instants import NowOption, instant
from headgate.cli.options import JsonOption, LogArgument, LogEntries, PolicyOption, console, print_json
from headgate.errors import HeadgateError

__all__ = ["EXAMPLE_RECHECK", "recheck"]

EXAMPLE_RECHECK = "Example: headgate recheck 3f2a91 decisions.jsonl --policy headgate.yaml"


def recheck(
    admission: Annotated[
        str, typer.Argument(metavar="ADMISSION", help="The admission's id, or a unique prefix of it.")
    ],
    path: LogArgument,
    policy: PolicyOption,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a past admission again: current, stale, contradicted, unsupported or unknown.

    Exit code 1 unless it is current.
    """
    from headgate.replay import recheck_record

    entries = LogEntries(path, quiet=as_json)
    records = (entry.record for entry in entries if entry.record is not None)
    found = [record for record in records if record["admission"].startswith(admission)]
    entries.finish()
    if len(found) != 1:
        how_many = "no admission" if not found else f"{len(found):,} admissions"
        raise HeadgateError(f"{path}: {how_many} with an id that begins with {admission[:80]!r}.")
    loaded, pulled = policy_and_pulled(policy)
    result = recheck_record(found[0], loaded, instant(now), pulled=pulled)
    if as_json:
        print_json(result.to_dict())
    else:
        console().print(result)
    raise typer.Exit(int(not result.is_current))

"""`headgate policy compare`: what a policy on trial does otherwise than the one of the other gates."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from headgate.cli.options import JsonOption, LogArgument, LogEntries, console, print_json
from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.replay.rollouts import Rollout, compare_rollout
from headgate.report import new_table, plain, prose

__all__ = ["EXAMPLE_COMPARE", "compare"]

EXAMPLE_COMPARE = "Example: headgate policy compare decisions.jsonl"


def compare(
    path: LogArgument,
    name: Annotated[str | None, typer.Option("--name", help="The policy, where the log is of several.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a policy on trial with the one of the other gates, by what all of them have recorded.

    Exit code 1 if any document is admitted by one of them only, or if something could not be compared.
    """
    entries = LogEntries(path, quiet=as_json)
    found = compare_rollout(iter(entries), policy=name)
    is_partial = entries.finish()
    if found is None:
        raise HeadgateError(
            f"{path}: no record tells of a policy on trial. `headgate policy publish --share` begins one."
        )
    if as_json:
        print_json(found.to_dict())
    else:
        _show(found)
    raise typer.Exit(int(is_partial or found.differs or bool(found.undecided)))


def _show(found: Rollout) -> None:
    screen, counts = console(), found.admissions
    total = in_number(counts.total(), "admission")
    old, new = sum(found.only_old.values()), sum(found.only_new.values())
    trial = f"{counts['trial']:,} of them under the new policy"
    screen.print(prose(f"{found.policy!r}, version {found.version}: {total}, {trial}."))
    which = f"both {found.both:,}, the old one only {old:,}, the new one only {new:,}, neither {found.neither:,}"
    screen.print(prose(f"Documents admitted by {which}."))
    if found.undecided:
        screen.print(prose(f"{in_number(found.undecided, 'admission')} could not be compared.", "red"))
    for by, causes, whose in (("old", found.only_old, "new"), ("new", found.only_new, "old")):
        if causes:
            _table(found, by, causes, whose)


def _table(found: Rollout, by: str, causes: Counter[tuple[str, str]], whose: str) -> None:
    columns = [("documents", True), ("source", False), (f"code of the {whose} one", False), ("such as", False)]
    table = new_table(f"Admitted by the {by} one only", columns)
    for (source, code), count in causes.most_common():
        examples = ", ".join(one.document for one in found.examples[by, source, code])
        table.add_row(f"{count:,}", plain(source), plain(code), plain(examples))
    console().print(table)

"""`headgate sources`: how the sources did over time, by a decision log."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.admission.loading import policy_of
from headgate.admission.overriding import overrides_of
from headgate.admission.quarantine import QuarantineFile
from headgate.cli.options import (
    HtmlOption,
    JsonOption,
    LogArgument,
    LogEntries,
    MaybePolicyOption,
    console,
    print_json,
)
from headgate.cli.pages import policy_in_force, write_page
from headgate.clock import utc_now
from headgate.errors import HeadgateError

__all__ = ["EXAMPLE_SOURCES", "sources"]

EXAMPLE_SOURCES = "Example: headgate sources decisions.jsonl --objective 99 --html sources.html"
_BY = ("hour", "day", "week")


def sources(
    path: LogArgument,
    by: Annotated[str, typer.Option(help="hour, day or week.")] = "day",
    objective: Annotated[float, typer.Option(help="Per cent of the prompts that must be sound.")] = 99.0,
    policy: MaybePolicyOption = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show source health: what was asked for, admitted, refuted, how old it was, and the error budget.

    Exit code 1 if the objective is missed, or if lines of the log were skipped.
    """
    from headgate.history import score_sources
    from headgate.history.views import scorecard_html, scorecard_rich

    if by not in _BY:
        raise HeadgateError(f"--by {by!r}: write hour, day or week.")
    if not 0 < objective <= 100:
        raise HeadgateError(f"--objective {objective}: write per cent, such as 99.")
    loaded = policy_of(policy) if policy is not None else None
    held = {}
    if loaded is not None and loaded.quarantine is not None:
        held = dict(QuarantineFile(loaded.resolve_path(loaded.quarantine.path)).held())
    overrides = overrides_of(loaded) if loaded is not None else None
    opened = overrides.current(utc_now()) if overrides is not None else {}
    entries = LogEntries(path, quiet=as_json)
    card = score_sources(entries.for_report(), by=by, objective=objective / 100)  # type: ignore[arg-type]  # checked above
    is_partial = entries.finish()
    write_page(
        html,
        "headgate: source health",
        lambda: scorecard_html(card, held, opened, log=str(path)),
        log=path,
        policy=policy_in_force(policy) if html else None,
    )
    if as_json:
        print_json(
            {
                **card.to_dict(),
                "quarantine": sorted(held),
                "overrides": {name: opened[name].to_dict() for name in sorted(opened)},
            }
        )
    else:
        console().print(scorecard_rich(card, log=str(path)))
        for one in held.values():
            typer.echo(f"In quarantine since {one.since:%Y-%m-%d %H:%M} UTC: {one.source}")
        for open_one in opened.values():
            typer.echo(f"Opened by hand: {open_one}")
    raise typer.Exit(int(is_partial or not card.is_met))

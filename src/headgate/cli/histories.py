"""`headgate sources` and `headgate report`: what a decision log says over time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.admission.quarantine import QuarantineFile
from headgate.cli.options import (
    HtmlOption,
    JsonOption,
    LogArgument,
    NowOption,
    console,
    instant,
    log_entries,
    print_json,
    write_page,
)
from headgate.encoding import to_json
from headgate.errors import HeadgateError
from headgate.policy import Policy

__all__ = ["EXAMPLE_ADOPTION", "EXAMPLE_SOURCES", "EXAMPLE_STALE", "adoption", "sources", "stale"]

EXAMPLE_SOURCES = "Example: headgate sources decisions.jsonl --objective 99 --html sources.html"
EXAMPLE_ADOPTION = "Example: headgate report adoption decisions.jsonl --unsealed to-seal.jsonl"
EXAMPLE_STALE = "Example: headgate report stale decisions.jsonl --policy headgate.yaml"
_BY = ("hour", "day", "week")

MaybePolicy = Annotated[Path | None, typer.Option("--policy", "-p", help="The policy that is in force.")]


def sources(
    path: LogArgument,
    by: Annotated[str, typer.Option(help="hour, day or week.")] = "day",
    objective: Annotated[float, typer.Option(help="Per cent of the prompts that must be sound.")] = 99.0,
    policy: MaybePolicy = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how sources do: what was asked for, admitted, refuted, how old it was, and the error budget.

    Exit code 1 if the objective is missed.
    """
    from headgate.history import score_sources
    from headgate.history.views import scorecard_html

    if by not in _BY:
        raise HeadgateError(f"--by {by!r}: write hour, day or week.")
    if not 0 < objective <= 100:
        raise HeadgateError(f"--objective {objective}: write per cent, such as 99.")
    loaded = Policy.load(policy) if policy is not None else None
    held = {}
    if loaded is not None and loaded.quarantine is not None:
        held = dict(QuarantineFile(loaded.resolve_path(loaded.quarantine.path)).held())
    entries = log_entries(path, quiet=as_json)
    card = score_sources(entries, by=by, objective=objective / 100)  # type: ignore[arg-type]  # checked above
    write_page(html, "headgate: how sources do", lambda: scorecard_html(card, held))
    if as_json:
        print_json({**card.to_dict(), "quarantine": sorted(held)})
    else:
        console().print(card)
        for one in held.values():
            typer.echo(f"In quarantine since {one.since:%Y-%m-%d %H:%M} UTC: {one.source}")
    raise typer.Exit(int(not card.is_met))


def adoption(
    path: LogArgument,
    unsealed: Annotated[
        Path | None, typer.Option(help="Write the documents that lack only a seal, as JSON Lines.")
    ] = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what enforcement would block, why, and what would let it in; best after a week in audit mode."""
    from headgate.history import study_adoption
    from headgate.history.reports import adoption_html

    found = study_adoption(log_entries(path, quiet=as_json))
    write_page(html, "headgate: on the way to enforcement", lambda: adoption_html(found))
    if unsealed is not None:
        unsealed.write_text("".join(f"{to_json(entry)}\n" for entry in found.manifest()), encoding="utf-8")
    if as_json:
        print_json(found.to_dict())
    else:
        console().print(found)


def stale(
    path: LogArgument,
    policy: MaybePolicy = None,
    now: NowOption = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the documents that entered most prompts and are nearest to their date, or past it, first.

    Exit code 1 if any is past its date.
    """
    from headgate.history import find_stale
    from headgate.history.reports import stale_html

    loaded = Policy.load(policy) if policy is not None else None
    found = find_stale(log_entries(path, quiet=as_json), loaded, now=instant(now) if now else None)
    write_page(html, "headgate: what grows stale", lambda: stale_html(found))
    if as_json:
        print_json(found.to_dict())
    else:
        console().print(found)
    raise typer.Exit(int(bool(found.past)))

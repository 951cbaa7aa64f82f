"""`headgate freshness`: what is about to go out of date, and how often a source has to be verified."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.instants import NowOption, instant
from headgate.cli.loading import load_gate
from headgate.cli.options import HtmlOption, JsonOption, LogEntries, console, print_json
from headgate.cli.pages import policy_in_force, write_page
from headgate.errors import HeadgateError
from headgate.policy.durations import parse_duration

__all__ = ["EXAMPLE_OUTLOOK", "EXAMPLE_SUGGEST", "duration_of", "freshness", "suggest"]

EXAMPLE_OUTLOOK = "Example: headgate freshness --policy headgate.yaml --log decisions.jsonl --within 7d"
EXAMPLE_SUGGEST = "Example: headgate freshness suggest handbook/ --budget 5%"


def freshness(
    context: typer.Context,
    policy: Annotated[Path, typer.Option("--policy", "-p", help="The policy file.")] = Path("headgate.yaml"),
    log: Annotated[
        Path | None, typer.Option("--log", metavar="LOG", help="A decision log: which documents are in use.")
    ] = None,
    within: Annotated[str, typer.Option(metavar="DURATION", help="How far to look ahead.")] = "7d",
    html: HtmlOption = None,
    as_json: JsonOption = False,
    now: NowOption = None,
) -> None:
    """Say per source when it was verified last and what ends soon; with a log, which documents, and what to fetch.

    Exit code 1 if a source is out of date or will be, a document ends within that time, or one has to be fetched again.
    """
    if context.invoked_subcommand is not None:
        return
    from headgate.tuning import look_ahead
    from headgate.tuning.outlooks import outlook_html, outlook_rich

    entries = LogEntries(log, quiet=as_json) if log is not None else None
    found = look_ahead(load_gate(policy), entries or (), now=instant(now), within=duration_of(within, "--within"))
    is_partial = entries.finish() if entries is not None else False
    write_page(
        html,
        "headgate: what goes out of date",
        lambda: outlook_html(found, policy=str(policy)),
        log=log,
        policy=policy_in_force(policy) if html else None,
    )
    if as_json:
        print_json(found.to_dict())
    else:
        console().print(outlook_rich(found, policy=str(policy)))
    raise typer.Exit(int(is_partial or not found.is_good))


def suggest(
    history: Annotated[
        Path,
        typer.Argument(metavar="HISTORY", help="A folder in a git checkout, JSON Lines of changes, or a registry."),
    ],
    feed: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a registry: the feed that is meant, if it has several.")
    ] = None,
    budget: Annotated[str, typer.Option(metavar="SHARE", help="The share that may be out of date.")] = "5%",
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw it: PNG, SVG or PDF.")] = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose how often a source has to be verified, from how its documents have changed.

    Exit code 1 if nothing is proposed.
    """
    from headgate.tuning import read_history, suggest_verification
    from headgate.tuning.views import suggestion_html

    found = suggest_verification(read_history(history, feed), _share(budget))
    write_page(html, "headgate: how often to verify", lambda: suggestion_html(found), history=history)
    if plot is not None:
        found.plot().figure.savefig(plot)
    if as_json:
        print_json(found.to_dict())
    else:
        console().print(found)
    raise typer.Exit(int(found.within is None))


def duration_of(text: str, option: str) -> timedelta:
    """Return the duration that an option names.

    Raises:
        HeadgateError: it is not one.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise HeadgateError(f"{option}: {error}") from None


def _share(text: str) -> float:
    try:
        share = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise HeadgateError(f"--budget {text[:40]!r} is not a share. Write 5%.")
    return share

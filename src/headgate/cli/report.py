"""`headgate report`: what a decision log says to do next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.admission.loading import policy_of
from headgate.cli.instants import NowOption, instant
from headgate.cli.loading import load_gate
from headgate.cli.options import HtmlOption, JsonOption, LogArgument, LogEntries, MaybePolicyOption, console, print_json
from headgate.cli.pages import policy_in_force, write_page
from headgate.encoding import to_json
from headgate.files import write_text

__all__ = ["EXAMPLE_ADOPTION", "EXAMPLE_STALE", "adoption", "stale"]

EXAMPLE_ADOPTION = "Example: headgate report adoption decisions.jsonl --unsealed to-seal.jsonl"
EXAMPLE_STALE = "Example: headgate report stale decisions.jsonl --policy headgate.yaml"


def adoption(
    path: LogArgument,
    unsealed: Annotated[
        Path | None, typer.Option(help="Write the documents that lack only a seal, as JSON Lines.")
    ] = None,
    policy: MaybePolicyOption = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what enforcement would block, why, and what would let it in; best after a week in audit mode.

    Exit code 1 if lines of the log were skipped.
    """
    from headgate.history import study_adoption
    from headgate.history.reports import adoption_html

    entries = LogEntries(path, quiet=as_json)
    found = study_adoption(entries.for_report())
    is_partial = entries.finish()
    found.in_force = load_gate(policy).policy_revision if policy is not None else None
    write_page(html, "headgate: on the way to enforcement", lambda: adoption_html(found), log=path, policy=policy)
    if unsealed is not None:
        write_text(unsealed, "".join(f"{to_json(entry)}\n" for entry in found.manifest()))
    if as_json:
        print_json(found.to_dict())
    else:
        console().print(found)
    raise typer.Exit(int(is_partial))


def stale(
    path: LogArgument,
    policy: MaybePolicyOption = None,
    now: NowOption = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the documents that entered most prompts, those closest to expiry (or past it) first.

    Exit code 1 if any is past its date, or if lines of the log were skipped.
    """
    from headgate.history import find_stale
    from headgate.history.reports import stale_html

    loaded = policy_of(policy) if policy is not None else None
    entries = LogEntries(path, quiet=as_json)
    found = find_stale(entries.for_report(), loaded, now=instant(now) if now else None)
    is_partial = entries.finish()
    write_page(
        html,
        "headgate: documents going stale",
        lambda: stale_html(found),
        log=path,
        policy=policy_in_force(policy) if html else None,
    )
    if as_json:
        print_json(found.to_dict())
    else:
        console().print(found)
    raise typer.Exit(int(bool(found.past) or is_partial))

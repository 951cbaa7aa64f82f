"""`headgate replay`: recorded traffic under another policy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.admission.loading import policy_and_pulled
from headgate.cli.instants import instant
from headgate.cli.options import HtmlOption, JsonOption, LogArgument, LogEntries, console, print_json
from headgate.cli.pages import policy_in_force, write_page

__all__ = ["EXAMPLE_REPLAY", "replay"]

EXAMPLE_REPLAY = "Example: headgate replay decisions.jsonl --policy new.yaml --html replay.html"


def replay(
    path: LogArgument,
    policy: Annotated[Path, typer.Option("--policy", "-p", help="The policy to try.")],
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Decide as of this instant instead of then.")] = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide recorded traffic again, under another policy or at another date, and say what would change.

    Exit code 1 if any decision would change or could not be made again, or if lines of the log were skipped.
    """
    # Here, so that the other commands start without it.
    from headgate.replay import replay_records
    from headgate.replay.views import replay_html

    entries = LogEntries(path, quiet=as_json)
    loaded, pulled = policy_and_pulled(policy)
    result = replay_records(iter(entries), loaded, at=instant(at, "--at") if at else None, pulled=pulled)
    is_partial = entries.finish()
    write_page(
        html,
        "headgate: what another policy would change",
        lambda: replay_html(result),
        log=path,
        policy=policy_in_force(policy, result.policy_revision),
    )
    if as_json:
        print_json(result.to_dict())
    else:
        console().print(result)
    raise typer.Exit(int(is_partial or result.is_changed or bool(result.undecided)))

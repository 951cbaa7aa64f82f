"""`headgate doctor`: prove that the line works in your own chain."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.cli.loading import load_target
from headgate.cli.options import JsonOption, print_json

__all__ = ["EXAMPLE_DOCTOR", "doctor"]

EXAMPLE_DOCTOR = "Example: headgate doctor app.rag:chain"


def doctor(
    target: Annotated[
        str, typer.Argument(metavar="MODULE:NAME", help="Where the chain, engine or retriever is: module:name.")
    ],
    question: Annotated[str, typer.Option(help="What to ask.")] = "What does the handbook say?",
    as_json: JsonOption = False,
) -> None:
    """Plant canaries behind your own retriever and look at the prompt.

    Exit code 1 if a promise does not hold, 2 if the chain could not be asked.
    """
    from headgate.testing import prove

    diagnosis = prove(load_target(target), question)
    if as_json:
        print_json(diagnosis.to_dict())
    else:
        typer.echo(str(diagnosis))
    if not diagnosis.holds:
        raise typer.Exit(1)

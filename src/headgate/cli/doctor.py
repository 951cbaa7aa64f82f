"""`headgate doctor`: prove that the line works in your own chain."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from headgate.cli.loading import load_object
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
    """Plant canaries behind your own retriever and look at the prompt; exit code 1 if a promise does not hold."""
    from headgate.testing import prove

    diagnosis = prove(_load(target), question)
    if as_json:
        print_json(diagnosis.to_dict())
    else:
        typer.echo(str(diagnosis))
    if not diagnosis.holds:
        raise typer.Exit(1)


def _load(target: str) -> Any:
    found = load_object(target)
    # A function is taken as one that builds the chain.
    return found() if callable(found) and not hasattr(found, "invoke") and not hasattr(found, "retrieve") else found

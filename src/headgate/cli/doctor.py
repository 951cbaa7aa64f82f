"""`headgate doctor`: prove that the line works in your own chain."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from headgate.cli.loading import load_target
from headgate.cli.options import HtmlOption, JsonOption, console, print_json
from headgate.cli.pages import write_view

__all__ = ["EXAMPLE_DOCTOR", "doctor"]

EXAMPLE_DOCTOR = "Example: headgate doctor app.rag:chain"


def doctor(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:NAME", help="Your chain, engine, retriever, or function of a question, as module:name."
        ),
    ],
    question: Annotated[str, typer.Option(help="What to ask.")] = "What does the handbook say?",
    given: Annotated[
        str | None,
        typer.Option(
            "--input", metavar="JSON", help="The input, where it is not the question alone: the state of a graph."
        ),
    ] = None,
    run_tools: Annotated[
        bool, typer.Option("--run-tools", help="Run tools that may do more than read, if a model asks for them.")
    ] = False,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask your own chain with canaries in it, and with every gate closed, and look at what its models read.

    Its models are really asked, a few times. Exit code 1 if a promise is broken or not proved, or
    none of your own documents is admissible; 2 if the chain could not be asked.
    """
    from headgate.testing import prove

    diagnosis = prove(load_target(target, may_answer=True), question, given=_read_input(given), run_tools=run_tools)
    write_view(html, "headgate: does the line work?", diagnosis, chain=target, question=given or question)
    if as_json:
        print_json(diagnosis.to_dict())
    elif sys.stdout.isatty():
        console().print(diagnosis)
    else:
        typer.echo(str(diagnosis))
    if not diagnosis.holds or diagnosis.lets_nothing_through:
        raise typer.Exit(1)


def _read_input(given: str | None) -> Any:
    """Return the input that a JSON text says, or the text itself."""
    if given is None:
        return None
    try:
        return json.loads(given)
    except ValueError:
        return given

"""`headgate doctor`: prove that the line works in your own chain."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.cli.options import JsonOption, print_json
from headgate.errors import HeadgateError

__all__ = ["EXAMPLE_DOCTOR", "doctor"]

EXAMPLE_DOCTOR = "Example: headgate doctor app.rag:chain"


def doctor(
    target: Annotated[str, typer.Argument(help="Where the chain, engine or retriever is: module:name.")],
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
    module_name, colon, name = target.partition(":")
    if not colon or not module_name or not name:
        raise HeadgateError(f"{target[:80]!r}: write module:name, such as app.rag:chain.")
    # As `python -m` does: what is in the current folder can be imported.
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
    except ImportError as error:
        raise HeadgateError(f"{module_name[:80]!r} cannot be imported: {error}") from error
    finally:
        sys.path.pop(0)
    for step in name.split("."):
        if not hasattr(found, step):
            raise HeadgateError(f"{module_name!r} has no {name!r}.")
        found = getattr(found, step)
    # A function is taken as one that builds the chain.
    return found() if callable(found) and not hasattr(found, "invoke") and not hasattr(found, "retrieve") else found

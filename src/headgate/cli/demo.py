"""`headgate demo`: a chain over a company's documents, without and with the gate."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.cli.options import HtmlOption, JsonOption, console, print_json
from headgate.cli.pages import origin_of
from headgate.files import write_text

__all__ = ["EXAMPLE_DEMO", "demo"]

EXAMPLE_DEMO = "Example: headgate demo --html demo.html"


def demo(
    html: HtmlOption = None,
    questions: Annotated[int | None, typer.Option(min=1, help="Only the first N questions.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a chain over a company's documents, without and with the gate; no network, no key."""
    from headgate.demo import load_chain_builder, render_console, render_page, run_demo

    result = run_demo(load_chain_builder(), limit=questions)
    if html is not None:
        write_text(html, render_page(result, origin_of(corpus="the demo company, in this package")))
    if as_json:
        print_json(result.to_dict())
    else:
        render_console(result, console())
        if html is not None:
            typer.echo(f"Also written to {html}")

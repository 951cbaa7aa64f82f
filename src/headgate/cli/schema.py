"""`headgate schema`: the JSON Schema of policy files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from headgate.files import write_text
from headgate.policy import Policy

__all__ = ["EXAMPLE_SCHEMA", "schema"]

EXAMPLE_SCHEMA = "Example: headgate schema --out headgate.schema.json"


def schema(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file instead of printing.")] = None,
) -> None:
    """Print the JSON Schema of policy files, for editors that complete and check as you type."""
    text = json.dumps(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **Policy.model_json_schema()}, indent=2
    )
    if out is None:
        typer.echo(text)
        return
    write_text(out, text + "\n")
    typer.echo(f"{out} written. In an editor with YAML support, begin the policy with:")
    typer.echo(f"# yaml-language-server: $schema={out}")

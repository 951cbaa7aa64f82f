"""`headgate explain` and `headgate schema`."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Annotated

import typer
from rapidfuzz import process

from headgate.cli.options import JsonOption, print_json
from headgate.codes import CODES, Code, check_of
from headgate.errors import HeadgateError
from headgate.policy import Policy

__all__ = ["EXAMPLE_EXPLAIN", "EXAMPLE_SCHEMA", "codes_page", "explain", "schema"]

EXAMPLE_EXPLAIN = "Example: headgate explain F202"
EXAMPLE_SCHEMA = "Example: headgate schema --out headgate.schema.json"


def explain(
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", help="A reason code, such as P105; without one, list all.")
    ] = None,
    as_json: JsonOption = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a page of all codes.")] = False,
) -> None:
    """Say what a reason code means, why it matters and how to fix it."""
    if as_markdown:
        typer.echo(codes_page(), nl=False)
        return
    found = list(CODES.values()) if code is None else [_find(code)]
    if as_json:
        rows = [_as_dict(entry) for entry in found]
        print_json(rows if code is None else rows[0])
    elif code is None:
        for entry in found:
            typer.echo(f"{entry.code}  {entry.title}{'' if entry.emitted else '  (reserved)'}")
    else:
        typer.echo(_describe(found[0]))


def codes_page() -> str:
    """Return a Markdown page of all codes."""
    lines = [
        "# Reason codes",
        "",
        "Made by `headgate explain --markdown`. Codes are stable: a code never changes its meaning.",
    ]
    check = ""
    for entry in CODES.values():
        if check_of(entry.code) != check:
            check = check_of(entry.code)
            lines += ["", f"## {check.capitalize()}"]
        reserved = "" if entry.emitted else " (reserved: this version never reports it)"
        lines += ["", f"### {entry.code} {entry.title}{reserved}", ""]
        lines += [entry.meaning, "", f"Why it matters: {entry.matters}", "", f"How to fix it: {entry.fix}"]
    return "\n".join(lines) + "\n"


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
    out.write_text(text + "\n", encoding="utf-8")
    typer.echo(f"{out} written. In an editor with YAML support, begin the policy with:")
    typer.echo(f"# yaml-language-server: $schema={out}")


def _find(code: str) -> Code:
    entry = CODES.get(code.strip().upper())
    if entry is not None:
        return entry
    near = process.extractOne(code.strip().upper(), list(CODES), score_cutoff=60)
    hint = f"Did you mean {near[0]}?" if near else "`headgate explain` lists all."
    raise HeadgateError(f"{code[:40]!r} is no reason code. {hint}")


def _as_dict(entry: Code) -> dict[str, object]:
    return {
        "code": entry.code,
        "check": check_of(entry.code),
        "title": entry.title,
        "meaning": entry.meaning,
        "matters": entry.matters,
        "fix": entry.fix,
        "emitted": entry.emitted,
    }


def _describe(entry: Code) -> str:
    lines = [f"{entry.code}  {entry.title}  ({check_of(entry.code)})"]
    if not entry.emitted:
        lines.append("Reserved: this version never reports it.")
    for name, text in (("What", entry.meaning), ("Why it matters", entry.matters), ("How to fix it", entry.fix)):
        lines += ["", name, textwrap.fill(text, 88, initial_indent="  ", subsequent_indent="  ")]
    return "\n".join(lines)

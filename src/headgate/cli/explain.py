"""`headgate explain`: what a reason code means, and the page of all codes."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer
from rapidfuzz import process

from headgate.cli.options import JsonOption, print_json
from headgate.codes import CODES, Code, check_of
from headgate.errors import HeadgateError

__all__ = ["EXAMPLE_EXPLAIN", "codes_page", "explain"]

EXAMPLE_EXPLAIN = "Example: headgate explain F202"


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


def _find(code: str) -> Code:
    entry = CODES.get(code.strip().upper())
    if entry is not None:
        return entry
    near = process.extractOne(code.strip().upper(), list(CODES), score_cutoff=60)
    hint = f"Did you mean {near[0]}?" if near else "`headgate explain` lists all."
    raise HeadgateError(f"{code[:40]!r} is not a reason code. {hint}")


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

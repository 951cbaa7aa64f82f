"""`headgate delegate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.instants import NowOption, end_of, instant
from headgate.cli.outputs import file_of, require_unread
from headgate.errors import HeadgateError
from headgate.files import write_bytes
from headgate.provenance import KeySet, load_signer
from headgate.provenance.delegation import delegate as sign_delegation

__all__ = ["EXAMPLE_DELEGATE", "delegate"]

EXAMPLE_DELEGATE = (
    "Example: headgate delegate --key keys/docs.private.jwk.json --to keys/api-team.jwks.json "
    "--match 'https://docs.example/api/**' --until 400d --out delegations/api.jws"
)


def delegate(
    key: Annotated[str, typer.Option("--key", "-k", help="The private key of the source, or its URI (hsm:...).")],
    to: Annotated[Path, typer.Option("--to", help="The public keys that may seal.")],
    match: Annotated[list[str], typer.Option("--match", metavar="PATTERN", help="For which URIs; may be repeated.")],
    until: Annotated[str, typer.Option(metavar="TIME", help="Until when: 400d, or ISO 8601 with offset.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the delegation.")],
    now: NowOption = None,
) -> None:
    """Let other keys seal within a part of a source; whoever has this key need not have theirs."""
    begin = instant(now)
    end = end_of(until, begin)
    if end <= begin:
        raise HeadgateError(f"--until {until!r} is over: nothing that the keys sign would be admitted.")
    require_unread([out], {"key": file_of(key), "to": to})
    keys = KeySet.load(to)
    token = sign_delegation(load_signer(key), keys, match, issued=begin, expires=end)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(out, f"{token}\n".encode())
    names = ", ".join(one.kid for one in keys)
    typer.echo(f"{out}: {names} may seal {', '.join(match)} until {end:%Y-%m-%d %H:%M} UTC.")
    typer.echo(f"\nIn the policy, beside the key that signed it:\n    provenance: {{delegations: {out}}}")

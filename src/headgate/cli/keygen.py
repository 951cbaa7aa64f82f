"""`headgate keygen`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.options import JsonOption, NowOption, end_of, instant, print_json
from headgate.errors import HeadgateError
from headgate.provenance import generate_signing_key

__all__ = ["EXAMPLE_KEYGEN", "keygen"]

EXAMPLE_KEYGEN = "Example: headgate keygen --out keys/handbook"


def keygen(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where to write: PREFIX.private.jwk.json, PREFIX.jwks.json.")
    ],
    kid: Annotated[str | None, typer.Option(help="The key's name; by default the last part of --out.")] = None,
    algorithm: Annotated[str, typer.Option(help="Ed25519, ES256, PS256 or RS256.")] = "Ed25519",
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Until when what it signs is in force: 400d, or ISO 8601 with offset."),
    ] = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key pair: the private key seals, the public key set goes into the policy."""
    try:
        key = generate_signing_key(kid or out.name, algorithm)
    except ValueError as error:
        raise HeadgateError(f"--algorithm: {error}.") from None
    at = instant(now)
    end = end_of(until, at) if until is not None else None
    if end is not None and end <= at:
        raise HeadgateError(f"--until {until!r} is over: nothing that the key signs would be admitted.")
    private, public = key.save(out, valid_until=end)
    if as_json:
        values = {"kid": key.kid, "algorithm": key.algorithm, "private": str(private), "public": str(public)}
        print_json({**values, "valid_until": end.isoformat() if end is not None else None})
        return
    typer.echo(f"{private}  the private key; keep it secret, it seals")
    until_when = f", in force until {end:%Y-%m-%d %H:%M} UTC" if end is not None else ""
    typer.echo(f"{public}  the public key set; name it in the policy{until_when}")
    typer.echo(f"\nIn the policy:\n    provenance: {{require: sealed, keys: {public}}}")

"""`headgate keygen`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.options import JsonOption, print_json
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
    as_json: JsonOption = False,
) -> None:
    """Make a key pair: the private key seals, the public key set goes into the policy."""
    try:
        key = generate_signing_key(kid or out.name, algorithm)
    except ValueError as error:
        raise HeadgateError(f"--algorithm: {error}.") from None
    private, public = key.save(out)
    if as_json:
        print_json({"kid": key.kid, "algorithm": key.algorithm, "private": str(private), "public": str(public)})
        return
    typer.echo(f"{private}  the private key; keep it secret, it seals")
    typer.echo(f"{public}  the public key set; name it in the policy")
    typer.echo(f"\nIn the policy:\n    provenance: {{require: sealed, keys: {public}}}")

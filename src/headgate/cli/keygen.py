"""`headgate keygen`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.instants import NowOption, end_of, instant
from headgate.cli.options import JsonOption, print_json
from headgate.errors import HeadgateError
from headgate.files import create
from headgate.provenance import generate_signing_key
from headgate.provenance.custody import CustodyKey, is_key_uri

__all__ = ["EXAMPLE_KEYGEN", "keygen"]

EXAMPLE_KEYGEN = "Example: headgate keygen --out keys/handbook"
_PLACES = (
    ("seals", "provenance: {{require: sealed, keys: {keys}}}"),
    ("manifests", "provenance: {{require: manifest, manifest: FOLDER, keys: {keys}}}"),
    ("revocations", "revocations: [{{list: FILE, keys: {keys}}}]"),
    ("policies", "pull: {{name: NAME, url: ADDRESS, keys: {keys}}}"),
)


def keygen(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where to write: PREFIX.private.jwk.json, PREFIX.jwks.json.")
    ],
    kid: Annotated[str | None, typer.Option(help="The key's name; by default the last part of --out.")] = None,
    algorithm: Annotated[str, typer.Option(help="Ed25519, ES256, PS256 or RS256.")] = "Ed25519",
    custody: Annotated[
        str | None,
        typer.Option("--from", metavar="URI", help="Make no key; write the public half of one in custody (hsm:...)."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Until when what it signs is in force: 400d, or ISO 8601 with offset."),
    ] = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key pair: the private key signs, the public key set goes into the policy."""
    if custody is not None:
        _export(custody, kid, out, as_json=as_json)
        return
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
    typer.echo(f"{private}  the private key; keep it secret, it signs")
    until_when = f", in force until {end:%Y-%m-%d %H:%M} UTC" if end is not None else ""
    typer.echo(f"{public}  the public key set; name it in the policy{until_when}")
    _show_places(public)


def _export(uri: str, kid: str | None, out: Path, *, as_json: bool) -> None:
    """Write the public key set of a key in custody.

    Raises:
        HeadgateError: it cannot be reached, or there is such a file already.
    """
    if not is_key_uri(uri):
        raise HeadgateError(f"--from {uri[:80]!r} is not the URI of a key in custody. Write hsm:2?label=docs, say.")
    key, public = CustodyKey.open(uri, kid), Path(f"{out}.jwks.json")
    if public.exists():
        raise HeadgateError(f"{public} exists already. Choose another name; keys are never overwritten.")
    public.parent.mkdir(parents=True, exist_ok=True)
    create(public, json.dumps(key.public_jwks(), indent=2) + "\n")
    if as_json:
        print_json({"kid": key.kid, "algorithm": key.algorithm, "key": uri, "public": str(public)})
        return
    typer.echo(f"{public}  the public key set of {uri}; name it in the policy")
    _show_places(public)


def _show_places(public: Path) -> None:
    """Print where a policy names a public key set: what its key will sign is not known here."""
    typer.echo("\nIn the policy, by what the key signs:")
    for what, line in _PLACES:
        typer.echo(f"    {what:<12} {line.format(keys=public)}")

"""`headgate manifest sign`: a further signature under a manifest, where a policy wants several (`threshold`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.instants import NowOption, instant
from headgate.cli.manifest import ExpiresOption, FolderArgument, duration, timestamp_values
from headgate.cli.options import JsonOption, print_json
from headgate.encoding import in_number
from headgate.provenance import KeySet, load_signer
from headgate.provenance.cosigning import cosign, latest_version, put_in_force

__all__ = ["EXAMPLE_SIGN", "sign"]

EXAMPLE_SIGN = (
    "Example: headgate manifest sign manifests/docs --key keys/bea.private.jwk.json --keys keys/team.jwks.json "
    "--threshold 2 --timestamp-key keys/stamp.private.jwk.json"
)


def sign(
    folder: FolderArgument,
    key: Annotated[str, typer.Option("--key", "-k", help="The private key (JWK or PEM), or its URI (hsm:...).")],
    keys: Annotated[Path, typer.Option("--keys", help="The public keys of all who may sign it, --key's among them.")],
    version: Annotated[int | None, typer.Option(min=0, help="Which one; by default the latest.")] = None,
    threshold: Annotated[int, typer.Option(min=1, max=8, help="How many must have signed before it is in force.")] = 1,
    timestamp_key: Annotated[
        str | None, typer.Option(help="Put it in force, once enough have signed, with a timestamp by this key.")
    ] = None,
    expires: ExpiresOption = "7d",
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a manifest that somebody else has built with --pending; what is there is verified first.

    Look at what you sign: `headgate manifest show` and `manifest diff`. Exit code 1 if it has too few signatures yet.
    """
    named = version if version is not None else latest_version(folder)
    known = KeySet.load(keys)
    statement, signers = cosign(folder, named, load_signer(key), known)
    distinct = {one.thumbprint: one.kid for one in signers}
    is_enough = len(distinct) >= threshold
    stamp = None
    if is_enough and timestamp_key is not None:
        bounds = {"issued": instant(now), "lifetime": duration(expires, "--expires")}
        stamp = put_in_force(folder, named, load_signer(timestamp_key), known, threshold=threshold, **bounds)  # type: ignore[arg-type]
    if as_json:
        values = {
            "corpus": statement.corpus,
            "version": statement.version,
            "signed_by": sorted(distinct.values()),
            "is_enough": is_enough,
            "timestamp": timestamp_values(stamp) if stamp is not None else None,
        }
        print_json(values)
    else:
        size = f"{in_number(statement.documents, 'document')}, {in_number(statement.chunks, 'chunk')}"
        names = ", ".join(distinct.values())
        typer.echo(f"{statement.corpus!r}, version {statement.version}: {size}. Signed by {names}.")
        if not is_enough:
            typer.echo(f"It takes {threshold} keys: {threshold - len(distinct)} more.", err=True)
        elif stamp is not None:
            typer.echo(f"It is in force until {stamp.expires:%Y-%m-%d %H:%M} UTC.")
        else:
            typer.echo("Give --timestamp-key to put it in force.", err=True)
    raise typer.Exit(int(not is_enough))

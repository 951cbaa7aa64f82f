"""`headgate manifest fetch`: fetch a published manifest into a folder, for a scheduled job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.instants import NowOption, instant
from headgate.cli.manifest import duration
from headgate.cli.manifests import KeysOption, TimestampKeysOption
from headgate.cli.options import JsonOption, print_json
from headgate.encoding import in_number
from headgate.provenance import KeySet

__all__ = ["EXAMPLE_FETCH", "fetch"]

EXAMPLE_FETCH = (
    "Example: headgate manifest fetch https://docs.example/manifest/ --out manifests/docs --keys keys/docs.jwks.json"
)


def fetch(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The https:// address of the manifest's folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to put it into, which the policy names.")],
    keys: KeysOption,
    timestamp_keys: TimestampKeysOption = None,
    at_least: Annotated[int, typer.Option(min=0, help="The lowest version to accept.")] = 0,
    within: Annotated[str, typer.Option(metavar="DURATION", help="How long all of it may take.")] = "10m",
    timeout: Annotated[str, typer.Option(metavar="DURATION", help="How long one file may take.")] = "30s",
    private: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="A host that is allowed to be in a private network.")
    ] = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a manifest from its publisher's address, verified, and put it in place only when all of it is there.

    What is there already is not fetched again; an earlier version, or an earlier timestamp, replaces nothing. Gates
    take it with their next reload. Exit code 1 if the timestamp has expired.
    """
    from headgate.origins.manifests import bring_manifest

    found = bring_manifest(
        address,
        out,
        KeySet.load(keys),
        timestamp_keys=KeySet.load(timestamp_keys) if timestamp_keys is not None else None,
        at_least=at_least,
        within=duration(within, "--within").total_seconds(),
        timeout=duration(timeout, "--timeout").total_seconds(),
        private=private or (),
        now=instant(now),
    )
    stamp = found.timestamp
    is_over = stamp.expires <= instant(now)
    if as_json:
        values = {"corpus": stamp.corpus, "version": stamp.version, "expires": stamp.expires.isoformat()}
        print_json({**values, "is_new": found.is_new, "files": found.files, "is_expired": is_over})
    else:
        what = f"{in_number(found.files, 'file')} fetched" if found.is_new else "as it was"
        until = f"{'expired' if is_over else 'in force until'} {stamp.expires:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{stamp.corpus!r}, version {stamp.version}, {what}; {until}.")
    raise typer.Exit(int(is_over))

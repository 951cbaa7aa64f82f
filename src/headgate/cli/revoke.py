"""`headgate revoke`: take back keys, documents and texts by a signed list that gates follow without a restart."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.instants import NowOption, instant
from headgate.cli.manifest import duration
from headgate.cli.options import HtmlOption, JsonOption, console, print_json
from headgate.cli.pages import write_view
from headgate.encoding import in_number
from headgate.errors import HeadgateError, PolicyError, SealError
from headgate.files import read_config_bytes, write_bytes
from headgate.limits import DEFAULT_LIMITS
from headgate.policy import normalise_uri
from headgate.provenance import KeySet, Signer, load_signer
from headgate.provenance.revocation import Revocation, RevocationList
from headgate.report import new_table, plain

__all__ = ["EXAMPLE_ADD", "EXAMPLE_REMOVE", "EXAMPLE_RENEW", "EXAMPLE_SHOW", "add", "remove", "renew", "show"]

EXAMPLE_ADD = (
    "Example: headgate revoke add revoked.jws --key keys/security.private.jwk.json --issuer security "
    "--leaked keys/docs.jwks.json --reason 'the laptop was stolen'"
)
EXAMPLE_REMOVE = (
    "Example: headgate revoke remove revoked.jws --key keys/security.private.jwk.json --document https://docs.example/a"
)
EXAMPLE_RENEW = "Example: headgate revoke renew revoked.jws --key keys/security.private.jwk.json --expires 7d"
EXAMPLE_SHOW = "Example: headgate revoke show revoked.jws --keys keys/security.jwks.json"

ListArgument = Annotated[Path, typer.Argument(metavar="LIST", help="The file of the list.")]
KeyOption = Annotated[
    str, typer.Option("--key", "-k", help="The private key that signs the list (JWK or PEM), or its URI (hsm:...).")
]
LeakedOption = Annotated[
    list[str] | None,
    typer.Option(metavar="KEYS", help="A key to revoke: its public key set, or its thumbprint (RFC 7638)."),
]
DocumentOption = Annotated[
    list[str] | None, typer.Option(metavar="URI", help="A document to revoke; URI@3 for versions up to 3.")
]
DigestOption = Annotated[
    list[str] | None, typer.Option(metavar="DIGEST", help="A text to revoke, by its digest (sha-256:...).")
]
ExpiresOption = Annotated[
    str, typer.Option("--expires", metavar="DURATION", help="How long the list can be relied on, such as 7d.")
]


def add(
    path: ListArgument,
    key: KeyOption,
    issuer: Annotated[
        str | None, typer.Option("--issuer", "-i", help="The issuer's name; needed for a new list.")
    ] = None,
    leaked: LeakedOption = None,
    document: DocumentOption = None,
    digest: DigestOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Since when others may have had the key (ISO 8601 with offset); by default now. What it signed "
            "counts only where another key's manifest had listed it before.",
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, in a few words; gates record it.")] = "",
    expires: ExpiresOption = "7d",
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke keys, documents or texts: sign the list with them, as the next version."""
    signing = load_signer(key)
    if not (leaked or document or digest):
        raise HeadgateError("Nothing is named: give --leaked, --document or --digest.")
    before = _read(path, signing.public) if path.exists() else None
    if before is None and not issuer:
        raise HeadgateError(f"{path}: there is no such list yet. Give --issuer to begin one.")
    began = instant(now)
    leaked_at = instant(since, "--since") if since is not None else began
    empty = RevocationList(issuer=issuer or "", version=0, issued=began, expires=began + timedelta(seconds=1))
    held = before or empty
    added = replace(
        held,
        issuer=issuer or held.issuer,
        keys={
            **held.keys,
            **{one: Revocation(reason, None, leaked_at) for name in leaked or () for one in _thumbprints(name)},
        },
        documents={**held.documents, **{uri: Revocation(reason, upto) for uri, upto in map(_document, document or ())}},
        digests={**held.digests, **{label: Revocation(reason) for label in digest or ()}},
    )
    _publish(path, added, signing, began, expires, as_json=as_json)


def remove(
    path: ListArgument,
    key: KeyOption,
    leaked: LeakedOption = None,
    document: DocumentOption = None,
    digest: DigestOption = None,
    expires: ExpiresOption = "7d",
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take entries out of the list, and sign it as the next version."""
    signing = load_signer(key)
    held = _read(path, signing.public)
    keys = {one for name in leaked or () for one in _thumbprints(name)}
    documents = {_document(text)[0] for text in document or ()}
    if not (keys or documents or digest):
        raise HeadgateError("Nothing is named: give --leaked, --document or --digest.")
    kept = replace(
        held,
        keys=_without(held.keys, keys, path),
        documents=_without(held.documents, documents, path),
        digests=_without(held.digests, set(digest or ()), path),
    )
    _publish(path, kept, signing, instant(now), expires, as_json=as_json)


def renew(
    path: ListArgument,
    key: KeyOption,
    expires: ExpiresOption = "7d",
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the list again for another time, for a scheduled job; what it says stays what it is."""
    signing = load_signer(key)
    _publish(path, _read(path, signing.public), signing, instant(now), expires, as_json=as_json)


def show(
    path: ListArgument,
    keys: Annotated[Path, typer.Option("--keys", help="The public keys of whoever signs the list.")],
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a list and print what it says."""
    found = _read(path, KeySet.load(keys))
    write_view(html, "headgate: what is revoked", found, list=path, keys=keys)
    if as_json:
        print_json(_values(found))
        return
    typer.echo(f"{found.issuer!r}, version {found.version}, signed {found.issued:%Y-%m-%d %H:%M} UTC")
    typer.echo(f"can be relied on until {found.expires:%Y-%m-%d %H:%M} UTC")
    table = new_table(None, [("what", False), ("which", False), ("why", False)])
    for what, entries in (("key", found.keys), ("document", found.documents), ("text", found.digests)):
        for value, entry in entries.items():
            upto = f", versions up to {entry.version}" if entry.version is not None else ""
            since = f", since {entry.since:%Y-%m-%d %H:%M} UTC" if entry.since is not None else ""
            table.add_row(what, plain(value + upto + since), plain(entry.reason))
    console().print(table)


def _without(entries: Mapping[str, Revocation], gone: Collection[str], path: Path) -> dict[str, Revocation]:
    absent = sorted(set(gone) - entries.keys())
    if absent:
        raise HeadgateError(f"{absent[0][:200]!r} is not in {path}.")
    return {value: entry for value, entry in entries.items() if value not in gone}


def _publish(path: Path, held: RevocationList, key: Signer, issued: datetime, expires: str, *, as_json: bool) -> None:
    lifetime = duration(expires, "--expires")
    fresh = replace(held, version=held.version + 1, issued=issued, expires=issued + lifetime)
    try:
        data = fresh.sign(key)
    except SealError as error:
        raise HeadgateError(f"{path}: {error.problem}.") from None
    if len(data) > DEFAULT_LIMITS.revocation_bytes:
        raise HeadgateError(f"{path}: it would have more than {DEFAULT_LIMITS.revocation_bytes:,} bytes.")
    write_bytes(path, data)
    if as_json:
        print_json(_values(fresh))
        return
    counts = (
        in_number(len(fresh.keys), "key"),
        in_number(len(fresh.documents), "document"),
        in_number(len(fresh.digests), "text"),
    )
    until = f"{fresh.expires:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"{path}: version {fresh.version}, {', '.join(counts)} revoked, until {until}.")


def _read(path: Path, keys: KeySet) -> RevocationList:
    data = read_config_bytes(path, DEFAULT_LIMITS.revocation_bytes)
    try:
        return RevocationList.read(data, keys)
    except SealError as error:
        raise HeadgateError(f"{path}: {error.problem} ({error.code}).") from None


def _thumbprints(name: str) -> Sequence[str]:
    """Return the thumbprints of a key set, or the one that is given."""
    if not Path(name).exists():
        return [name]
    try:
        return [key.thumbprint for key in KeySet.load(name)]
    except PolicyError as error:
        raise HeadgateError(f"--leaked {error}") from None


def _document(text: str) -> tuple[str, int | None]:
    uri, mark, version = text.rpartition("@")
    named, upto = (uri, int(version)) if mark and version.isascii() and version.isdigit() else (text, None)
    normal = normalise_uri(named)
    if normal is None:
        raise HeadgateError(f"--document {text[:200]!r} is not a URI.")
    return normal, upto


def _values(found: RevocationList) -> dict[str, object]:
    return {
        "issuer": found.issuer,
        "version": found.version,
        "issued": found.issued.isoformat(),
        "expires": found.expires.isoformat(),
        "keys": {value: entry.reason for value, entry in found.keys.items()},
        "documents": {
            value: {"version": entry.version, "reason": entry.reason} for value, entry in found.documents.items()
        },
        "digests": {value: entry.reason for value, entry in found.digests.items()},
    }

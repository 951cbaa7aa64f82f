"""The commands of `headgate manifest` that look at what is there: verify, diff, completeness and show."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from headgate.cli.instants import NowOption, instant
from headgate.cli.manifest import (
    CollectionOption,
    CorpusArgument,
    FolderArgument,
    read_index,
    timestamp_values,
)
from headgate.cli.metadata import metadata_keys
from headgate.cli.options import (
    JsonOption,
    MaybePolicyOption,
    PrefixOption,
    QuestionsOption,
    print_json,
    report_problems,
)
from headgate.corpus import diff_manifests, measure_completeness
from headgate.decision import Finding
from headgate.encoding import are, in_number
from headgate.errors import HeadgateError, ManifestError
from headgate.limits import DEFAULT_LIMITS
from headgate.provenance import KeySet, Manifest
from headgate.provenance.envelopes import peek_envelope
from headgate.provenance.manifest_files import manifest_path, written_versions
from headgate.provenance.statements import ManifestStatement, TimestampStatement
from headgate.report import visible

__all__ = [
    "EXAMPLE_COMPLETENESS",
    "EXAMPLE_DIFF",
    "EXAMPLE_SHOW",
    "EXAMPLE_VERIFY",
    "completeness",
    "diff",
    "show",
    "verify",
]

EXAMPLE_VERIFY = "Example: headgate manifest verify manifests/docs --keys keys/docs.jwks.json"
EXAMPLE_DIFF = (
    "Example: headgate manifest diff manifests/docs/manifests/811.json manifests/docs --keys keys/docs.jwks.json"
)
EXAMPLE_COMPLETENESS = "Example: headgate manifest completeness manifests/docs export.jsonl --keys keys/docs.jwks.json"
EXAMPLE_SHOW = "Example: headgate manifest show manifests/docs"
_SHOWN = 20

KeysOption = Annotated[Path, typer.Option("--keys", help="The public keys of the manifest.")]
TimestampKeysOption = Annotated[
    Path | None, typer.Option(help="The public keys of its timestamp, if that has keys of its own.")
]


def verify(
    folder: FolderArgument,
    keys: KeysOption,
    timestamp_keys: TimestampKeysOption = None,
    at_least: Annotated[int, typer.Option(min=0, help="The lowest version to accept.")] = 0,
    threshold: Annotated[int, typer.Option(min=1, max=8, help="How many of the keys must have signed it.")] = 1,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a manifest as a gate does: signatures, every shard, the version, the time. Exit code 1 if it fails."""
    problems: list[str] = []
    manifest = None
    try:
        manifest = _load(folder, keys, timestamp_keys, at_least, threshold)
        problems += [f"{found.message} ({found.code})" for found in _findings(manifest, now)]
        outside = manifest.index.outside() if manifest.index is not None else 0
        if outside:
            problems.append(f"{in_number(outside, 'document')} outside its namespace: they prove nothing.")
    except ManifestError as error:
        problems.append(str(error))
    if as_json:
        said = _values(manifest.statement, manifest.timestamp) if manifest is not None else {}
        print_json({**said, "problems": problems})
    elif not problems and manifest is not None:
        _say(manifest.statement, manifest.timestamp)
        names = " and ".join(repr(key.kid) for key in manifest.quorum.signers)
        typer.echo(f"It verifies. Signed by {names}, the timestamp by {manifest.timestamp_key.kid!r}.")
        _say_pending(folder, manifest.statement.version)
    report_problems(() if as_json else problems, "It does not hold:")
    raise typer.Exit(int(bool(problems)))


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A folder, or a manifest's own file in one.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same.")],
    keys: KeysOption,
    timestamp_keys: TimestampKeysOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name the documents that were added, removed and changed. Exit code 1 if there are any."""
    found = diff_manifests(*(_listing(_either(path, keys, timestamp_keys)) for path in (old, new)))
    parts = {"added": found.added, "removed": found.removed, "changed": found.changed}
    if as_json:
        print_json({**parts, "unchanged": found.unchanged})
    else:
        for name, uris in parts.items():
            _list(uris, f"{in_number(len(uris), 'document')} {name}")
        typer.echo(f"{in_number(found.unchanged, 'document')} unchanged")
    raise typer.Exit(int(any(parts.values())))


def completeness(
    folder: FolderArgument,
    corpus: CorpusArgument,
    keys: KeysOption,
    timestamp_keys: TimestampKeysOption = None,
    collection: CollectionOption = None,
    policy: MaybePolicyOption = None,
    prefix: PrefixOption = None,
    questions: QuestionsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how much of a manifest an index holds. Exit code 1 if something is missing or is not listed."""
    manifest = _listing(_load(folder, keys, timestamp_keys, 0))
    items = read_index(corpus, "Comparing", collection, prefix, questions, quiet=as_json)
    found = measure_completeness(manifest, items, metadata_keys(policy))
    if as_json:
        print_json(
            {
                "documents": found.documents,
                "complete": found.complete,
                "chunks": found.chunks,
                "found": found.found,
                "partial": found.partial,
                "missing": found.missing,
                "unlisted": found.unlisted,
            }
        )
    else:
        verb = are(1 if found.documents == 1 else found.complete)
        typer.echo(f"{found.complete:,} of {in_number(found.documents, 'document')} {verb} there in full,")
        typer.echo(f"{found.found:,} of {in_number(found.chunks, 'chunk')}.")
        _list(found.partial, f"{in_number(len(found.partial), 'document')} in part")
        _list(found.missing, f"{in_number(len(found.missing), 'document')} missing")
        _list(found.unlisted, f"{in_number(len(found.unlisted), 'place')} in the index, not listed")
    raise typer.Exit(int(bool(found.partial or found.missing or found.unlisted)))


def show(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder of the manifest, or a manifest's own file in it.")
    ],
    keys: Annotated[Path | None, typer.Option("--keys", help="The public keys to verify it with.")] = None,
    timestamp_keys: TimestampKeysOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what a manifest and its timestamp say; of a folder where none is in force yet, what the latest says.

    Without --keys nothing is verified.
    """
    statement, stamp = _shown(folder, keys, timestamp_keys)
    if as_json:
        print_json({**_values(statement, stamp), "verified": keys is not None})
        return
    _say(statement, stamp)
    typer.echo("Verified." if keys is not None else "Not verified: give --keys.")
    if not folder.is_file():
        _say_pending(folder, stamp.version if stamp is not None else -1)


def _shown(
    place: Path, keys: Path | None, timestamp_keys: Path | None
) -> tuple[ManifestStatement, TimestampStatement | None]:
    """Return what a manifest says, and the timestamp that puts it in force, if it is the one in force."""
    is_stamped = (place / "timestamp.json").exists()
    file = place if place.is_file() else None
    if file is None and not is_stamped and written_versions(place):
        file = manifest_path(place, written_versions(place)[-1])
    if file is not None and keys is not None:
        return Manifest.load_version(file, KeySet.load(keys)).statement, None
    if file is not None:
        return ManifestStatement.read(_peek(file, DEFAULT_LIMITS.manifest_bytes)), None
    if keys is not None:
        manifest = _load(place, keys, timestamp_keys, 0)
        return manifest.statement, manifest.timestamp
    stamp = TimestampStatement.read(_peek(place / "timestamp.json", DEFAULT_LIMITS.timestamp_bytes))
    listed = min(stamp.length, DEFAULT_LIMITS.manifest_bytes)
    return ManifestStatement.read(_peek(manifest_path(place, stamp.version), listed)), stamp


def _say_pending(folder: Path, in_force: int) -> None:
    for version in written_versions(folder)[-1:]:
        if version > in_force:
            typer.echo(f"Version {version} is pending: `headgate manifest sign` puts it in force.", err=True)


def _load(folder: Path, keys: Path, timestamp_keys: Path | None, at_least: int, threshold: int = 1) -> Manifest:
    if not folder.is_dir():
        raise HeadgateError(f"{folder}: there is no such folder.")
    loaded = KeySet.load(keys)
    own = KeySet.load(timestamp_keys) if timestamp_keys is not None else None
    with Console(stderr=True).status("Verifying"):  # shown in terminals only
        # To look at a manifest is not to accept it: no gate of this machine must be held to it.
        return Manifest.load(
            folder, loaded, timestamp_keys=own, at_least=at_least, threshold=threshold, remembers=False
        )


def _listing(manifest: Manifest) -> Manifest:
    """Return a manifest that lists something.

    Raises:
        HeadgateError: it was rolled back, and lists nothing.
    """
    if manifest.refusal is not None:
        raise HeadgateError(f"{manifest.folder}: {manifest.refusal.message} ({manifest.refusal.code})")
    return manifest


def _either(path: Path, keys: Path, timestamp_keys: Path | None) -> Manifest:
    if not path.is_file():
        return _load(path, keys, timestamp_keys, 0)
    return Manifest.load_version(path, KeySet.load(keys))


def _findings(manifest: Manifest, now: str | None) -> list[Finding]:
    standing = manifest.standing(instant(now), timedelta(0), timedelta(minutes=5))
    return [found for found in (manifest.refusal, standing) if found is not None]


def _peek(file: Path, most: int) -> bytes:
    with file.open("rb") as opened:
        return peek_envelope(opened.read(most))[0]


def _values(statement: ManifestStatement, stamp: TimestampStatement | None) -> dict[str, object]:
    own = {"corpus": statement.corpus, "version": statement.version, "issuer": statement.issuer}
    return {
        **(timestamp_values(stamp) if stamp is not None else {**own, "issued": None, "expires": None}),
        "signed": statement.issued.isoformat(),
        "documents": statement.documents,
        "chunks": statement.chunks,
        "shards": len(statement.shards),
        "namespace": list(statement.namespace),
    }


def _say(statement: ManifestStatement, stamp: TimestampStatement | None) -> None:
    held = f"{in_number(statement.documents, 'document')}, {in_number(statement.chunks, 'chunk')}"
    signed = f"{statement.issued:%Y-%m-%d %H:%M}"
    typer.echo(
        visible(f"{statement.corpus!r}, version {statement.version}, by {statement.issuer!r}, signed {signed} UTC")
    )
    typer.echo(f"{held}, in {in_number(len(statement.shards), 'shard')}")
    typer.echo(visible(f"speaks for {', '.join(statement.namespace)}"))
    if stamp is not None:
        typer.echo(f"in force from {stamp.issued:%Y-%m-%d %H:%M} until {stamp.expires:%Y-%m-%d %H:%M} UTC")


def _list(entries: list[str], headline: str) -> None:
    typer.echo(headline)
    for entry in entries[:_SHOWN]:
        typer.echo(visible(f"  {entry}"))
    if len(entries) > _SHOWN:
        typer.echo(f"  and {len(entries) - _SHOWN:,} more (--json names all)")

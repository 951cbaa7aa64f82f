"""The files of a manifest: where they are, and how they are read within bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from headgate.errors import ManifestError
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy.matching import UriPattern, normalise_uri
from headgate.provenance.indexing import ShardReader
from headgate.provenance.keys import VerificationKey
from headgate.provenance.shards import inflate
from headgate.provenance.statements import ManifestStatement, Shard

__all__ = ["changes_path", "manifest_path", "read_file", "shard_path", "shard_reader", "written_versions"]

_MOST_OVERHEAD = 1_024  # of gzip, beside a thousandth of what cannot be compressed


def manifest_path(folder: Path, version: int) -> Path:
    """Return the file of a manifest."""
    return folder / "manifests" / f"{version}.json"


def written_versions(folder: Path) -> list[int]:
    """Return the versions of which there is a manifest in a folder, in force or not, in order."""
    return sorted(int(path.stem) for path in (folder / "manifests").glob("*.json") if path.stem.isdecimal())


def shard_path(folder: Path, shard: Shard) -> Path:
    """Return the file of a shard."""
    return folder / "shards" / f"{shard.digest}.jsonl.gz"


def changes_path(folder: Path, changes: Shard) -> Path:
    """Return the file of what changed since an earlier version."""
    return folder / "changes" / f"{changes.digest}.jsonl.gz"


def read_file(file: Path, most: int) -> bytes:
    """Return the content of a file, one byte more than `most` at most.

    Raises:
        ManifestError: it cannot be read.
    """
    try:
        if file.exists() and not file.is_file():
            raise ManifestError("P106", "this is not a regular file", str(file))
        with file.open("rb") as opened:
            return opened.read(most + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ManifestError("P106", f"it cannot be read ({reason})", str(file)) from None


def shard_reader(
    folder: Path, statement: ManifestStatement, key: VerificationKey, limits: Limits = DEFAULT_LIMITS
) -> ShardReader:
    """Return what reads and verifies the shards of a manifest, and its changes (steps 5 and 6).

    Raises:
        ManifestError: together they are longer than `limits` allow.
    """
    if sum(shard.length for shard in statement.shards) > limits.listing_bytes:
        raise ManifestError("P106", f"its shards have more than {limits.listing_bytes:,} bytes", str(folder))

    namespace = statement.namespace
    return ShardReader(
        statement.shards,
        statement.bits,
        namespace,
        text_of=partial(_text_of, shard_path, folder, limits),
        speaks_for=_speaks_for(namespace),
        changes=statement.changes,
        changes_text=partial(_text_of, changes_path, folder, limits),
        signer=key.thumbprint,
        name_of=lambda shard: str(shard_path(folder, shard)),
    )


def _text_of(path: Callable[[Path, Shard], Path], folder: Path, limits: Limits, shard: Shard) -> bytes:
    """Return the verified text of a shard, or of changes.

    Raises:
        ManifestError: the file is not what was signed, or is longer than `limits` allow.
    """
    file = path(folder, shard)
    if shard.length > limits.shard_bytes:
        raise ManifestError("P106", f"it has more than {limits.shard_bytes:,} bytes", str(file))
    data = read_file(file, shard.length + shard.length // 1_000 + _MOST_OVERHEAD)
    try:
        return inflate(data, shard)
    except ManifestError as error:
        raise error.at(str(file)) from None


def _speaks_for(namespace: Sequence[str]) -> Callable[[str], bool]:
    patterns = [UriPattern.parse(pattern) for pattern in namespace]
    # What begins with the fixed part of `https://host/folder/**` matches; the rest is compared part by part.
    starts = tuple(start for start in map(_start_of, patterns) if start is not None)

    def speaks_for(uri: str) -> bool:
        return uri.startswith(starts) or any(pattern.matches(uri) for pattern in patterns)

    return speaks_for


def _start_of(pattern: UriPattern) -> str | None:
    text = normalise_uri(pattern.text) or ""
    if pattern.query is not None or not text.endswith("/**") or "*" in text[:-2]:
        return None
    return text[:-2]

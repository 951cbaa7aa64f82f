"""A manifest that several keys must sign: a further signature, and putting it in force once there are enough."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from headgate.errors import HeadgateError, ManifestError
from headgate.files import write_bytes
from headgate.limits import DEFAULT_LIMITS
from headgate.provenance.envelopes import add_signature, open_envelope_signers, peek_envelope, sign_envelope
from headgate.provenance.keys import KeySet, VerificationKey
from headgate.provenance.manifest_files import manifest_path, written_versions
from headgate.provenance.quorum import quorum_of
from headgate.provenance.signers import Signer
from headgate.provenance.statements import ManifestStatement, TimestampStatement, in_seconds
from headgate.provenance.values import EPOCH

__all__ = ["cosign", "latest_version", "put_in_force"]


def latest_version(folder: Path) -> int:
    """Return the highest version of which there is a manifest in a folder, in force or not.

    Raises:
        HeadgateError: there is none.
    """
    found = written_versions(folder)
    if not found:
        raise HeadgateError(f"{folder}: there is no manifest.")
    return found[-1]


def cosign(
    folder: Path, version: int, key: Signer, keys: KeySet
) -> tuple[ManifestStatement, tuple[VerificationKey, ...]]:
    """Add a signature to a manifest that is not in force yet.

    Args:
        folder: of the manifest.
        version: which one.
        key: signs; its public half is in `keys`.
        keys: who may sign it. What is there already is by one of them at least, and every signature by one verifies.

    Returns:
        What it says, and who has signed it now.

    Raises:
        ManifestError: what is there does not verify.
        HeadgateError: it is in force, or the key is not one that may sign it.
        OSError: it cannot be written.
    """
    (public,) = key.public
    known = keys.get(key.kid)
    if known is None or known.thumbprint != public.thumbprint:
        raise HeadgateError(f"the key {key.kid!r} is not among those that may sign it. Name the right set of keys.")
    file, data, _ = _read(folder, version, keys)
    stamp = folder / "timestamp.json"
    if stamp.is_file() and hashlib.sha256(data).hexdigest().encode() in _payload_of(stamp):
        # Its timestamp names the file by its digest: readers would refuse it until a new one is there.
        raise HeadgateError(f"{file} is in force, and stays as it is. Build the next version with --pending.")
    signed = add_signature(data, key)
    payload, signers = open_envelope_signers(signed, keys)
    write_bytes(file, signed)
    return ManifestStatement.read(payload), signers


def put_in_force(
    folder: Path,
    version: int,
    key: Signer,
    keys: KeySet,
    *,
    threshold: int,
    issued: datetime,
    lifetime: timedelta,
) -> TimestampStatement:
    """Sign a timestamp for a manifest that enough keys have signed.

    Args:
        folder: of the manifest.
        version: which one.
        key: signs the timestamp.
        keys: who may have signed the manifest.
        threshold: how many of them must have.
        issued: the present.
        lifetime: how long the timestamp is in force.

    Raises:
        ManifestError: too few have signed it (P103), or it does not verify.
        OSError: it cannot be written.
    """
    file, data, signers = _read(folder, version, keys)
    payload, _ = open_envelope_signers(data, keys)
    statement = ManifestStatement.read(payload)
    quorum_of(signers, threshold, {}, statement.issuer, str(file))
    timestamp = TimestampStatement(
        corpus=statement.corpus,
        version=statement.version,
        issuer=statement.issuer,
        issued=_whole(issued),
        expires=_whole(issued + lifetime),
        digest=hashlib.sha256(data).hexdigest(),
        length=len(data),
    )
    write_bytes(folder / "timestamp.json", sign_envelope(timestamp.to_payload(), [key]))
    return timestamp


def _read(folder: Path, version: int, keys: KeySet) -> tuple[Path, bytes, tuple[VerificationKey, ...]]:
    file = manifest_path(folder, version)
    try:
        with file.open("rb") as opened:
            data = opened.read(DEFAULT_LIMITS.manifest_bytes + 1)
    except OSError as error:
        raise ManifestError("P106", f"it cannot be read ({error.strerror})", str(file)) from None
    try:
        return file, data, open_envelope_signers(data, keys)[1]
    except ManifestError as error:
        raise error.at(str(file)) from None


def _payload_of(stamp: Path) -> bytes:
    return peek_envelope(stamp.read_bytes()[: DEFAULT_LIMITS.timestamp_bytes])[0]


def _whole(instant: datetime) -> datetime:
    return EPOCH + timedelta(seconds=in_seconds(instant))

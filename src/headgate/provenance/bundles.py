"""A policy that many gates share: the file and all that it names, signed as one, with a version and a time.

An in-toto statement in a DSSE envelope, as manifests are; docs/fleet.md has the format. A bundle may hold a second
policy, which a share of gates tries.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Final, Literal

from headgate.encoding import shown
from headgate.errors import ManifestError
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.provenance.envelopes import open_envelope_signers, sign_envelope
from headgate.provenance.keys import KeySet
from headgate.provenance.signers import Signer
from headgate.provenance.statements import (
    in_seconds,
    read_instant,
    read_name,
    read_number,
    read_seconds,
    read_statement,
    write_statement,
)
from headgate.provenance.values import EPOCH

__all__ = ["BUNDLE_TYPE", "PARTS", "POLICY_FILE", "WHOLE", "Part", "PolicyBundle", "require_file_name"]

BUNDLE_TYPE: Final = "https://headgate.dev/policy/v1"
POLICY_FILE: Final = "headgate.yaml"
"""The name of the policy in a bundle; the files that it names are beside it."""
Part = Literal["policy", "trial"]
"""What is in force, and what a share of gates tries."""
WHOLE: Final = 10_000
"""What a share is a part of."""
PARTS: Final[tuple[Part, ...]] = ("policy", "trial")
_NAME_CHARS = 500
_NO_FILE_NAME = frozenset('\\:*?"<>|')
# Devices of Windows, in every folder and with every extension.
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyBundle:
    """A signed policy.

    Attributes:
        name: which policy it is, of all that one key signs.
        version: grows with every bundle of this name.
        issued: when it was signed, or from when its key is in force.
        expires: until before when it is in force; None without an end.
        files: the policy and the files that it names, by their names.
        trial: the same of another policy, which a share of gates tries; empty if there is none.
        share: which part of the gates tries it, of ten thousand.
        earlier: the digest of the bundle that all gates had before, to go back to; empty where there is none.
        digest: the SHA-256 of the statement, in hexadecimal; empty before it is signed.
        lifetime: for how long it was signed, however short the window of its key is; None without an end.
        signers: the thumbprints of the keys that signed it, of those that may.
    """

    name: str
    version: int
    issued: datetime
    expires: datetime | None = None
    files: Mapping[str, bytes] = field(repr=False)
    trial: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    share: int = 0
    earlier: str = ""
    digest: str = ""
    lifetime: timedelta | None = None
    signers: frozenset[str] = frozenset()

    @classmethod
    def read(cls, data: bytes, keys: KeySet, limits: Limits = DEFAULT_LIMITS) -> PolicyBundle:
        """Return what a bundle holds, verified.

        Args:
            data: the content of its file.
            keys: who may sign it.
            limits: `bundle_bytes` and `bundle_files` bound it.

        Raises:
            ManifestError: it does not verify (P102, P103), holds a different file than it says (P105), or is of another
                form (P106).
        """
        if len(data) > limits.bundle_bytes:
            raise ManifestError("P106", f"it is longer than {limits.bundle_bytes:,} bytes")
        payload, (key, *others) = open_envelope_signers(data, keys)
        found = cls._of_statement(payload, limits)
        # A key bounds what it signs: the narrower of two windows counts.
        issued = found.issued if key.valid_from is None else max(found.issued, key.valid_from)
        ends = [end for end in (found.expires, key.valid_until) if end is not None]
        lifetime = found.expires - found.issued if found.expires is not None else None
        signers = frozenset(one.thumbprint for one in (key, *others))
        end = min(ends, default=None)
        return replace(found, issued=issued, expires=end, lifetime=lifetime, signers=signers)

    @classmethod
    def _of_statement(cls, payload: bytes, limits: Limits) -> PolicyBundle:
        subjects, predicate = read_statement(payload, BUNDLE_TYPE)
        if len(subjects) > limits.bundle_files:
            raise ManifestError("P106", f"it holds more than {limits.bundle_files:,} files")
        contents = predicate.get("contents")
        if not isinstance(contents, dict):
            raise ManifestError("P106", "'contents' is missing or is not an object")
        parts: dict[Part, dict[str, bytes]] = {"policy": {}, "trial": {}}
        known: dict[str, bytes] = {}
        for subject, digest in subjects:
            part, name = _placed(subject)
            if name in parts[part]:
                raise ManifestError("P106", f"the file {shown(subject)} is there twice")
            if digest not in known:
                known[digest] = _content(contents.get(digest), digest, subject)
            parts[part][name] = known[digest]
        if contents.keys() - known.keys():
            raise ManifestError("P106", "it holds content that no file has")
        expires = read_seconds(predicate, "expires")
        found = cls(
            name=read_name(predicate, "name"),
            version=read_number(predicate, "version"),
            issued=read_instant(predicate, "issued"),
            expires=EPOCH + timedelta(seconds=expires) if expires is not None else None,
            files=parts["policy"],
            trial=parts["trial"],
            share=read_number(predicate, "share") if parts["trial"] else 0,
            earlier=read_name(predicate, "earlier") if "earlier" in predicate else "",
            digest=hashlib.sha256(payload).hexdigest(),
        )
        found._require_whole()
        return found

    def sign(self, key: Signer) -> bytes:
        """Return the bundle as a file, signed.

        Raises:
            ManifestError: it is not of the form that a reader wants.
        """
        subjects: list[tuple[str, str]] = []
        contents: dict[str, str] = {}
        for part in PARTS:
            for name, data in sorted(self.part(part).items()):
                digest = hashlib.sha256(data).hexdigest()
                subjects.append((f"{part}/{name}", digest))
                contents[digest] = base64.b64encode(data).decode("ascii")
        predicate: dict[str, object] = {
            "name": self.name,
            "version": self.version,
            "issued": in_seconds(self.issued),
            "contents": contents,
            **({"expires": in_seconds(self.expires)} if self.expires is not None else {}),
            **({"share": self.share} if self.trial else {}),
            **({"earlier": self.earlier} if self.earlier else {}),
        }
        payload = write_statement(BUNDLE_TYPE, subjects, predicate)
        self._of_statement(payload, DEFAULT_LIMITS)
        data = sign_envelope(payload, [key])
        if len(data) > DEFAULT_LIMITS.bundle_bytes:
            raise ManifestError("P106", f"it is longer than {DEFAULT_LIMITS.bundle_bytes:,} bytes")
        return data + b"\n"

    def part(self, part: Part) -> Mapping[str, bytes]:
        """Return the files of a part, by their names."""
        return self.files if part == "policy" else self.trial

    def digest_of(self, part: Part) -> str:
        """Return the SHA-256 of the files of a part and of their names: the same in every version that has them."""
        return hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in _sorted(self.part(part)))).hexdigest()

    def part_of(self, gate: str) -> Part:
        """Return which policy is in force for a gate.

        By a digest of its name and of what is tried: a share that grows keeps who was in it, and another trial is for
        others.
        """
        if not self.trial:
            return "policy"
        drawn = f"{self.digest_of('trial')}\0{gate}".encode("utf-8", "surrogatepass")
        place = int.from_bytes(hashlib.sha256(drawn).digest()[:8], "big")
        return "trial" if place * WHOLE < self.share << 64 else "policy"

    def _require_whole(self) -> None:
        for part in PARTS:
            files = self.part(part)
            if POLICY_FILE not in files and (files or part == "policy"):
                raise ManifestError("P106", f"there is no {part}/{POLICY_FILE} in it")
            folded = {unicodedata.normalize("NFC", name).casefold() for name in files}
            folders = {str(parent) for name in folded for parent in PurePosixPath(name).parents}
            if len(folded) != len(files) or folded & folders:
                raise ManifestError("P106", "two of its files would be one on some disks")
        if self.trial and not 0 < self.share < WHOLE:
            raise ManifestError("P106", "'share' is not a part of all gates")
        if self.expires is not None and self.expires <= self.issued:
            raise ManifestError("P106", "it ends before it begins")


def require_file_name(name: str) -> None:
    """Raise unless a name is that of a file below a folder, on every system.

    Raises:
        ManifestError: it is absolute, leads out of the folder, is written in two ways, or names a device (P106).
    """
    is_plain = 0 < len(name) <= _NAME_CHARS and name.isprintable() and not _NO_FILE_NAME & set(name)
    parts = name.split("/")
    if not is_plain or not all(_is_plain(part) for part in map(_undotted, parts)):
        raise ManifestError("P106", f"{shown(name)} is not the name of a file below the policy's folder")


def _is_plain(part: str) -> bool:
    return part not in ("", ".", "..") and part == part.strip(" .") and _DEVICE.fullmatch(part) is None


def _undotted(part: str) -> str:
    """Return a part of a name without the dot of hidden files, which may begin one."""
    return part[1:] if part.startswith(".") and part.strip(".") else part


def _placed(subject: str) -> tuple[Part, str]:
    first, _, name = subject.partition("/")
    for part in PARTS:
        if first == part:
            require_file_name(name)
            return part, name
    raise ManifestError("P106", f"{shown(subject)} is neither of the policy nor of a trial")


def _content(value: object, digest: str, subject: str) -> bytes:
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (ValueError, binascii.Error):
        data = None
    if data is None:
        raise ManifestError("P106", f"the content of {shown(subject)} is missing or is not base64")
    if hashlib.sha256(data).hexdigest() != digest:
        raise ManifestError("P105", f"the content of {shown(subject)} is not what its digest says")
    return data


def _sorted(files: Mapping[str, bytes]) -> Iterator[bytes]:
    for name, data in sorted(files.items()):
        yield name.encode("utf-8")
        yield data

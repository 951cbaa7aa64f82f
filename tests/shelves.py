"""A corpus with a manifest, for tests: published into a folder, and an entry in a policy."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from headgate import Chunk
from headgate.corpus import CorpusItem, list_corpus
from headgate.files import write_bytes
from headgate.provenance import SigningKey, generate_signing_key
from headgate.provenance.envelopes import sign_envelope
from headgate.provenance.manifests import manifest_path
from headgate.provenance.publication import Publication, renew_timestamp
from headgate.provenance.statements import ManifestStatement, TimestampStatement
from headgate.testing import FixedClock

__all__ = ["WEEK", "Shelf", "page", "resign", "temporary_folder"]

WEEK = timedelta(days=7)


class Shelf:
    """A publisher of one corpus.

    Args:
        folder: where its manifest is.
        clock: tells when it is signed.
        name: of the source, its key, its issuer and its corpus; the host of its documents is NAME.example.
        timestamp_key: signs timestamps, if not the publisher's own key.
        key: the publisher's key; by default a new one.
    """

    def __init__(
        self,
        folder: Path,
        clock: FixedClock,
        name: str = "shelf",
        *,
        timestamp_key: SigningKey | None = None,
        key: SigningKey | None = None,
    ) -> None:
        self.folder, self.clock, self.name = folder, clock, name
        self.key = key or generate_signing_key(name)
        self.timestamp_key = timestamp_key
        self.namespace = (f"https://{name}.example/**",)
        self.version = 0

    @property
    def publication(self) -> Publication:
        return Publication(
            folder=self.folder,
            key=self.key,
            corpus=self.name,
            issuer=self.name,
            timestamp_key=self.timestamp_key,
        )

    def publish(
        self,
        chunks: Iterable[Chunk],
        *,
        version: int | None = None,
        lifetime: timedelta = WEEK,
        namespace: Sequence[str] | None = None,
        cover: Sequence[str] = ("*",),
        hide: Sequence[str] = (),
    ) -> int:
        """List chunks, the next version unless another is given, and return the version."""
        listing = list_corpus((CorpusItem("test", chunk) for chunk in chunks), cover=cover, hide=hide)
        assert not listing.not_listed, listing.not_listed
        self.version = version if version is not None else self.version + 1
        self.publication.publish(
            listing.entries,
            version=self.version,
            namespace=namespace or self.namespace,
            issued=self.clock.now,
            lifetime=lifetime,
        )
        return self.version

    def renew(self, lifetime: timedelta = WEEK) -> None:
        """Sign the timestamp again."""
        key = self.timestamp_key or self.key
        renew_timestamp(self.folder, key, keys=self.key.public, issued=self.clock.now, lifetime=lifetime)

    def source(self, **rules: Any) -> dict[str, Any]:
        """Return the source as an entry under `sources:` in a policy; `rules` are further keys."""
        provenance: dict[str, Any] = {
            "require": "manifest",
            "manifest": str(self.folder),
            "keys": self.key.public_jwks(),
        }
        if self.timestamp_key is not None:
            provenance["timestamp_keys"] = self.timestamp_key.public_jwks()
        provenance.update(rules.pop("provenance", {}))
        return {"id": self.name, "match": list(self.namespace), "provenance": provenance, **rules}


def page(name: str, text: str, host: str = "shelf", **metadata: object) -> Chunk:
    """Return a chunk of https://HOST.example/NAME."""
    return Chunk(text, {"source": f"https://{host}.example/{name}", **metadata})


def temporary_folder() -> Path:
    """Return a folder for what a module makes once for all of its tests."""
    folder = Path(tempfile.mkdtemp(prefix="headgate-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def resign(
    shelf: Shelf, statement: ManifestStatement, key: SigningKey | None = None, payload: bytes | None = None
) -> None:
    """Sign a manifest that no publisher would, and the timestamp for it."""
    data = sign_envelope(statement.to_payload() if payload is None else payload, [key or shelf.key])
    write_bytes(manifest_path(shelf.folder, statement.version), data)
    stamp = TimestampStatement(
        corpus=statement.corpus,
        version=statement.version,
        issuer=statement.issuer,
        issued=shelf.clock.now,
        expires=shelf.clock.now + WEEK,
        digest=hashlib.sha256(data).hexdigest(),
        length=len(data),
    )
    write_bytes(shelf.folder / "timestamp.json", sign_envelope(stamp.to_payload(), [shelf.timestamp_key or shelf.key]))

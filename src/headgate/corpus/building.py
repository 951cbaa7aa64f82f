"""Building a manifest: from what an index holds to a signed list of it in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from typing_extensions import Self

from headgate.clock import Clock, require_aware, utc_now
from headgate.corpus.gathering import items_of
from headgate.corpus.item import CorpusItem
from headgate.corpus.listing import Listing, list_corpus, namespace_of_uris
from headgate.corpus.origin import Origin
from headgate.errors import HeadgateError
from headgate.policy import MetadataKeys, UriPattern
from headgate.provenance import Manifest as VerifiedManifest
from headgate.provenance import Sealer, load_signer
from headgate.provenance.publication import Publication
from headgate.provenance.statements import ManifestStatement, TimestampStatement

__all__ = ["DEFAULT_LIFETIME", "Manifest", "namespace_for", "publish_listing"]

DEFAULT_LIFETIME = timedelta(days=7)
"""How long a timestamp is in force unless something else is said."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Manifest(VerifiedManifest):
    """The signed list of what a corpus holds: built by its publisher, loaded by whoever relies on it.

    Attributes:
        listing: what was listed and what was not, where it was built here.
    """

    listing: Listing | None = None

    @classmethod
    def build(
        cls,
        documents: object,
        *,
        corpus: str,
        signer: Sealer | object,
        issuer: str | None = None,
        out: str | Path | None = None,
        against: object = None,
        cover: Sequence[str] | None = None,
        hide: Sequence[str] = (),
        keys: MetadataKeys | None = None,
        namespace: Sequence[str] = (),
        version: int | None = None,
        lifetime: timedelta = DEFAULT_LIFETIME,
        timestamp_signer: object = None,
        cache: str | Path | None = None,
        clock: Clock = utc_now,
    ) -> Self:
        """Sign the list of what an index holds, put it in force, and return it as it is loaded again.

        Nothing in the index is changed. What is in the index is signed, poison included, unless `against` names the
        documents as their origin has them: then only what the origin confirms is listed.

        Args:
            documents: what the index holds, as for `headgate.corpus.gathering.items_of`: a vector store or index, a
                path, or documents, nodes or chunks.
            corpus: its name.
            signer: a sealer, or a private key as for `Sealer`.
            issuer: who vouches; by default the sealer's issuer, otherwise the name of the corpus.
            out: the folder of the manifest; by default `manifests/<corpus>`.
            against: the documents as their origin has them, in any of the forms of `documents`.
            cover: names of metadata entries that are covered too; by default all that can be.
            hide: names of those that are kept out of the prompt.
            keys: which metadata keys name the source and the times.
            namespace: the URI patterns that it speaks for; by default what its documents suggest.
            version: by default one more than the version in force.
            lifetime: how long its timestamp is in force.
            timestamp_signer: the private key for the timestamp, if it has one of its own.
            cache: the folder for indexes, as for `load`.
            clock: tells when it is signed.

        Raises:
            HeadgateError: nothing can be listed, what is in the folder is of another corpus or key, or a gate of this
                machine has accepted a higher version of it before.
            PolicyError: a key cannot be used.
        """
        key = signer.key if isinstance(signer, Sealer) else load_signer(signer)
        named = issuer or (signer.issuer if isinstance(signer, Sealer) else corpus)
        stamping = load_signer(timestamp_signer) if timestamp_signer is not None else None
        folder = Path(out) if out is not None else Path("manifests") / corpus
        publication = Publication(folder=folder, key=key, corpus=corpus, issuer=named, timestamp_key=stamping)
        listing = _listing(documents, against, cover=cover, hide=hide, keys=keys)
        publish_listing(
            publication,
            listing,
            namespace=namespace,
            version=version,
            issued=require_aware(clock(), "the clock"),
            lifetime=lifetime,
        )
        timestamp_keys = stamping.public if stamping is not None else None
        loaded = cls.load(folder, key.public, timestamp_keys=timestamp_keys, cache=cache)
        if loaded.refusal is not None:
            raise HeadgateError(f"{folder}: readers of this machine refuse it. {loaded.refusal.message}")
        object.__setattr__(loaded, "listing", listing)  # frozen for everybody else
        return loaded


def publish_listing(
    publication: Publication,
    listing: Listing,
    *,
    namespace: Sequence[str] = (),
    version: int | None = None,
    issued: datetime,
    lifetime: timedelta = DEFAULT_LIFETIME,
) -> tuple[ManifestStatement, TimestampStatement]:
    """Sign a listing and put it in force.

    Args:
        publication: where, and by whom.
        listing: what `list_corpus` found.
        namespace: the URI patterns; by default those of the version in force if they cover all documents, so that
            readers keep what they have indexed, otherwise what the documents suggest.
        version: by default one more than the version in force.
        issued: the present.
        lifetime: how long the timestamp is in force.

    Raises:
        HeadgateError: nothing is listed, or what is in the folder is of another corpus or key.
    """
    before = publication.current() if version is None else None
    if not listing.entries:
        why = f"The first problem: {listing.not_listed[0]}" if listing.not_listed else "It is empty."
        raise HeadgateError(f"no document can be listed. {why}")
    return publication.publish(
        listing.entries,
        version=version if version is not None else before.version + 1 if before is not None else 1,
        namespace=tuple(namespace) or namespace_for(lambda: (entry.uri for entry in listing.entries), before),
        issued=issued,
        lifetime=lifetime,
    )


def _listing(
    documents: object,
    against: object,
    *,
    cover: Sequence[str] | None,
    hide: Sequence[str],
    keys: MetadataKeys | None,
) -> Listing:
    items: Iterable[CorpusItem] = items_of(documents)
    if against is None:
        return list_corpus(items, keys=keys, cover=cover, hide=hide)
    with Origin(items_of(against), keys) as origin:
        return list_corpus(items, keys=keys, cover=cover, hide=hide, origin=origin)


def namespace_for(uris: Callable[[], Iterable[str]], before: ManifestStatement | None) -> tuple[str, ...]:
    """Return the URI patterns of a manifest: those before, if they cover all documents; otherwise what these suggest.

    Args:
        uris: returns the documents, in normal form; may be called twice.
        before: the manifest in force, if there is one.
    """
    if before is not None:
        patterns = [UriPattern.parse(pattern) for pattern in before.namespace]
        if all(any(pattern.matches(uri) for pattern in patterns) for uri in uris()):
            return before.namespace
    return namespace_of_uris(uris())

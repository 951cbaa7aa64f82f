"""SealDocuments: the last step of an indexing pipeline before embedding and writing, after splitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from haystack import Document, component, default_from_dict, default_to_dict

from haystack_integrations.components.validators.headgate.convert import as_it_is
from headgate import HeadgateError, PolicyError, Sealer
from headgate.encoding import safe_id
from headgate.integration.published import Prepared, naming, report_problems, seal_prepared
from headgate.integration.publishing import Publishing, names_of
from headgate.policy import MetadataKeys

__all__ = ["SealDocuments"]


@component
class SealDocuments:
    """Adds a seal to every document.

    Seal what will be stored: after splitting and cleaning, because a seal covers the text exactly as it is, and the
    binary content too. The claims are made as `headgate seal` makes them
    (`headgate.integration.publishing.Publishing`): entries with times, a version or a successor are covered too, so
    that nobody can change them in the store. Documents keep their ids.

    Args:
        key: the path of the private key, or a `Sealer`. Only a path is kept when the component is serialised.
        issuer: who vouches; not needed with a `Sealer`.
        subject: the metadata key that holds the document's URI; by default the keys of the usual loaders (`source`,
            `url`, `file_path`, ...).
        modified: the metadata key that holds the last modification; by default the keys of the usual loaders. A time
            that cannot be read is not sealed, which is logged as a warning.
        expires: the metadata key that holds the end of validity; by default as `modified`.
        not_before: the metadata key that holds the start of validity; by default as `modified`.
        version: the metadata key that holds a version, as a whole number; by default as `modified`.
        cover: names of metadata entries that the seal covers too, by default all (`*`): a template may print any of
            them, and where proof is required the gate takes out what no seal covers.
        hide: names of those that are kept out of the prompt, should another framework print them.
        timezone: the zone of times that have none.
        date_order: `DMY` or `MDY`, how to read 03/04/2026.
        batch: whether all documents of one run share one signature (docs/batch-format.md), instead of one each.

    Raises:
        PolicyError: the key cannot be used.
        HeadgateError: from `run`, for a document that names no source, or whose restriction would be lost.
    """

    def __init__(
        self,
        key: Any,
        issuer: str | None = None,
        subject: str | None = None,
        modified: str | None = None,
        expires: str | None = None,
        not_before: str | None = None,
        version: str | None = None,
        cover: Sequence[str] = ("*",),
        hide: Sequence[str] = (),
        timezone: str | None = None,
        date_order: Any = None,
        batch: bool = False,
    ) -> None:
        if not isinstance(key, Sealer) and not issuer:
            raise HeadgateError(
                "SealDocuments needs an issuer: SealDocuments('keys/team.private.jwk.json', issuer='team')."
            )
        self._sealer = key if isinstance(key, Sealer) else Sealer(key, issuer=str(issuer))
        self._key = str(key) if isinstance(key, (str, Path)) else None
        self._readers = {
            "subject": subject,
            "modified": modified,
            "expires": expires,
            "not_before": not_before,
            "version": version,
        }
        self._times = {"timezone": timezone, "date_order": date_order}
        self._names = {"cover": list(names_of(cover)), "hide": list(names_of(hide))}
        self._batch = batch
        self._publishing = Publishing(
            **self._readers,
            cover=tuple(self._names["cover"]),
            hide=tuple(self._names["hide"]),
            keys=MetadataKeys(timezone=timezone, date_order=date_order),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the component with the path of its key.

        Raises:
            PolicyError: the key is not a file.
        """
        if self._key is None:
            raise PolicyError(
                "a component whose key is not a file cannot be serialised.", "Build it with the path of the key."
            )
        own = {"key": self._key, "issuer": self._sealer.issuer, "batch": self._batch}
        return default_to_dict(self, **own, **self._readers, **self._names, **self._times)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SealDocuments:
        """Return the component that `to_dict` described."""
        return default_from_dict(cls, data)

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]) -> dict[str, list[Document]]:
        """Return copies of the documents, each with a seal in its metadata.

        Args:
            documents: what will be embedded and written.
        """
        prepared = [self._prepare(document) for document in documents]
        published = seal_prepared(self._sealer, prepared, batch=self._batch)
        report_problems(published)
        sealed = zip(documents, published, strict=True)
        return {"documents": [replace(document, meta=dict(one.chunk.metadata)) for document, one in sealed]}

    def _prepare(self, document: Document) -> Prepared:
        with naming(f"the document {safe_id(document.id)}"):
            return self._publishing.prepare(self._sealer, as_it_is(document), document)

"""SealDocuments: the last step of an ingestion pipeline, after splitting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import BaseDocumentTransformer, Document

from headgate import Chunk, HeadgateError, Sealer
from headgate.encoding import safe_id
from headgate.integration.defining import share_definitions
from headgate.integration.proofs import SpanProver, prove_all
from headgate.integration.published import Prepared, naming, report_problems, seal_prepared
from headgate.integration.publishing import Publishing, Reader, names_of
from headgate.policy import MetadataKeys

__all__ = ["ProveDocuments", "SealDocuments"]


class SealDocuments(BaseDocumentTransformer):
    """Adds a seal to every document.

    Seal what will be stored: after splitting and cleaning, because a seal covers the text exactly as it is. The
    claims are made as `headgate seal` makes them (`headgate.integration.publishing.Publishing`): entries with times,
    a version or a successor are covered too, so that nobody can change them in the index.

    Args:
        key: the path of the private key, or a `Sealer`.
        issuer: who vouches; not needed with a `Sealer`.
        subject: the metadata key, or a function of the document, that gives the document's URI; by default the keys
            of the usual loaders (`source`, `url`, ...).
        modified: the metadata key, or a function, that gives the last modification as an aware datetime or in a form
            that can be read without guessing; by default the keys of the usual loaders. A time that cannot be read
            is not sealed, which is logged as a warning.
        expires: the metadata key, or a function, that gives the end of validity; by default as `modified`.
        not_before: the metadata key, or a function, that gives the start of validity; by default as `modified`.
        version: the metadata key, or a function, that gives a version as a whole number; by default as `modified`.
        etag: the metadata key, or a function, that gives the entity tag that the document's server gave with this
            content, for live checks; by default the header of that name, where the loader keeps it.
        cover: names of metadata entries that the seal covers too, by default all (`*`): a template may print any of
            them, and where proof is required the gate takes out what no seal covers.
        hide: names of those that are kept out of the prompt, should another framework print them.
        keys: how to read times without a zone, and further names of metadata keys.
        batch: whether all documents of one call share one signature (docs/batch-format.md), instead of one each.

    Raises:
        PolicyError: the key cannot be used.
        HeadgateError: from `transform_documents`, for a document that names no source, or whose restriction would be
            lost.
    """

    def __init__(
        self,
        key: Sealer | str | Path,
        issuer: str | None = None,
        *,
        subject: Reader = None,
        modified: Reader = None,
        expires: Reader = None,
        not_before: Reader = None,
        version: Reader = None,
        etag: Reader = None,
        cover: str | Sequence[str] = ("*",),
        hide: str | Sequence[str] = (),
        keys: MetadataKeys | None = None,
        batch: bool = False,
    ) -> None:
        if not isinstance(key, Sealer) and not issuer:
            raise HeadgateError(
                "SealDocuments needs an issuer: SealDocuments('keys/team.private.jwk.json', issuer='team')."
            )
        self._sealer = key if isinstance(key, Sealer) else Sealer(key, issuer=str(issuer))
        self._batch = batch
        self._publishing = Publishing(
            subject=subject,
            modified=modified,
            expires=expires,
            not_before=not_before,
            version=version,
            etag=etag,
            cover=names_of(cover),
            hide=names_of(hide),
            keys=keys or MetadataKeys(),
        )

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[Document]:  # noqa: ARG002 - the base's signature
        """Return copies of the documents, each with a seal in its metadata."""
        # What one chunk of a document defines is sealed with those of its others that mention it.
        prepared = share_definitions(self._sealer, [self._prepare(document) for document in documents])
        published = seal_prepared(self._sealer, prepared, batch=self._batch)
        report_problems(published)
        return [
            document.model_copy(update={"metadata": dict(one.chunk.metadata)})
            for document, one in zip(documents, published, strict=True)
        ]

    def _prepare(self, document: Document) -> Prepared:
        chunk = Chunk(document.page_content, document.metadata, document.id)
        with naming(f"the document {safe_id(document.id)}" if document.id is not None else None):
            return self._publishing.prepare(self._sealer, chunk, document)


class ProveDocuments(BaseDocumentTransformer):
    """Gives each chunk its proof under the seal of its whole document, after splitting; needs no key. Experimental.

    A chunk that is not a run of whole blocks gets no proof: where one is required the gate keeps it out.
    Splitters that cut at ends of sentences or lines and change nothing fit, such as
    `RecursiveCharacterTextSplitter` with separators at line breaks and behind sentences (docs/document-seal-format.md).

    Args:
        documents: the documents before they were split, as `headgate seal --whole` wrote them.

    Raises:
        ValueError: a document is not sealed as a whole, or its text has changed since.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        self._prover = SpanProver(Chunk(one.page_content, one.metadata, one.id) for one in documents)

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[Document]:  # noqa: ARG002 - the base's signature
        """Return copies of the chunks, each with its proof in its metadata."""
        chunks = [Chunk(one.page_content, one.metadata, one.id) for one in documents]
        return [
            one.model_copy(update={"metadata": dict(chunk.metadata)})
            for one, chunk in zip(documents, prove_all(self._prover, chunks), strict=True)
        ]

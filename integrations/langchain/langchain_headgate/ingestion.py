"""SealDocuments: the last step of an ingestion pipeline, after splitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.documents import BaseDocumentTransformer, Document

from headgate import Chunk, Sealer
from headgate.integration.publishing import Publishing, Reader, report_problems
from headgate.policy import MetadataKeys

__all__ = ["SealDocuments"]


class SealDocuments(BaseDocumentTransformer):
    """Adds a seal to every document.

    Seal what will be stored: after splitting and cleaning, because a seal covers the text exactly as it is. The
    claims are made as `headgate seal` makes them (`headgate.integration.publishing.Publishing`): entries with times,
    a version or a successor are covered too, so that nobody can change them in the index.

    Args:
        sealer: signs on behalf of the publisher.
        subject: the metadata key, or a function of the document, that gives the document's URI; by default the keys
            of the usual loaders (`source`, `url`, ...).
        modified: the metadata key, or a function, that gives the last modification as an aware datetime or in a form
            that can be read without guessing; by default the keys of the usual loaders. A time that cannot be read
            is not sealed, which is logged as a warning.
        expires: the metadata key, or a function, that gives the end of validity; by default as `modified`.
        not_before: the metadata key, or a function, that gives the start of validity; by default as `modified`.
        version: the metadata key, or a function, that gives a version as a whole number; by default as `modified`.
        cover: names of metadata entries that the seal covers too, by default all (`*`): a template may print any of
            them, and where proof is required the gate takes out what no seal covers.
        hide: names of those that are kept out of the prompt, should another framework print them.
        keys: how to read times without a zone, and further names of metadata keys.

    Raises:
        HeadgateError: from `transform_documents`, for a document that names no source, or whose restriction would be
            lost.
    """

    def __init__(
        self,
        sealer: Sealer,
        *,
        subject: Reader = None,
        modified: Reader = None,
        expires: Reader = None,
        not_before: Reader = None,
        version: Reader = None,
        cover: Sequence[str] = ("*",),
        hide: Sequence[str] = (),
        keys: MetadataKeys | None = None,
    ) -> None:
        self._sealer = sealer
        self._publishing = Publishing(
            subject=subject,
            modified=modified,
            expires=expires,
            not_before=not_before,
            version=version,
            cover=tuple(cover),
            hide=tuple(hide),
            keys=keys or MetadataKeys(),
        )

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[Document]:  # noqa: ARG002 - the base's signature
        """Return copies of the documents, each with a seal in its metadata."""
        problems: list[str] = []
        sealed = [self._seal(document, problems) for document in documents]
        report_problems(problems)
        return sealed

    def _seal(self, document: Document, problems: list[str]) -> Document:
        chunk = Chunk(document.page_content, document.metadata, document.id)
        published = self._publishing.seal(self._sealer, chunk, document)
        problems.extend(published.problems)
        return document.model_copy(update={"metadata": dict(published.chunk.metadata)})

"""SealDocuments: the last step of an ingestion pipeline, after splitting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from langchain_core.documents import BaseDocumentTransformer, Document

from headgate import Chunk, HeadgateError, Sealer
from headgate.chunk import SEAL_KEY
from headgate.freshness import find_entry, resolve_timestamps
from headgate.policy import MetadataKeys
from langchain_headgate.convert import RECORD_KEY

__all__ = ["SealDocuments"]

Reader = str | Callable[[Document], Any] | None


class SealDocuments(BaseDocumentTransformer):
    """Adds a seal to every document.

    Seal what will be stored: after splitting and cleaning, because a seal covers the text exactly as it is.

    Args:
        sealer: signs on behalf of the publisher.
        subject: the metadata key, or a function of the document, that gives the document's URI; by default the keys
            of the usual loaders (`source`, `url`, ...).
        modified: the metadata key, or a function, that gives the last modification as an aware datetime or in a form
            that can be read without guessing; by default the keys of the usual loaders. A time that cannot be read
            is not sealed, and the gate will say so.
        expires: the metadata key, or a function, that gives the end of validity.
        version: the metadata key, or a function, that gives a version as an integer.
        cover: names of metadata entries that the seal covers too: whatever can reach a prompt, such as `title`.
        keys: how to read times without a zone, and further names of metadata keys.

    Raises:
        HeadgateError: from `transform_documents`, for a document without a subject.
    """

    def __init__(
        self,
        sealer: Sealer,
        *,
        subject: Reader = None,
        modified: Reader = None,
        expires: Reader = None,
        version: Reader = None,
        cover: Sequence[str] = (),
        keys: MetadataKeys | None = None,
    ) -> None:
        self._sealer = sealer
        self._subject, self._modified, self._expires, self._version = subject, modified, expires, version
        self._cover = tuple(cover)
        self._keys = keys or MetadataKeys()

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[Document]:  # noqa: ARG002 - the base's signature
        """Return copies of the documents, each with a seal in its metadata."""
        return [self._seal(document) for document in documents]

    def _seal(self, document: Document) -> Document:
        metadata = {key: value for key, value in document.metadata.items() if key not in (SEAL_KEY, RECORD_KEY)}
        chunk = Chunk(document.page_content, metadata, document.id)
        sealed = self._sealer.seal(
            chunk,
            subject=self._find_subject(document),
            modified=self._find_time(document, "modified", self._modified),
            expires=self._find_time(document, "valid_until", self._expires),
            version=_read(self._version, document),
            cover=self._cover,
        )
        return document.model_copy(update={"metadata": dict(sealed.metadata)})

    def _find_subject(self, document: Document) -> str:
        value = _read(self._subject, document)
        if self._subject is None:
            entry = find_entry(document.metadata, "source", self._keys)
            value = entry[1] if entry else None
        if not isinstance(value, str) or not value:
            shown = ", ".join(sorted(map(str, document.metadata)))[:200] or "none"
            raise HeadgateError(
                f"A document names no source, so it cannot be sealed. Give SealDocuments(subject=...); its metadata "
                f"keys are: {shown}."
            )
        return value

    def _find_time(self, document: Document, role: str, reader: Reader) -> datetime | None:
        metadata = document.metadata
        if reader is not None:
            value = _read(reader, document)
            metadata = {} if value is None else {role: value}
        times = resolve_timestamps(metadata, keys=self._keys, roles=(role,))
        return times.modified if role == "modified" else times.valid_until


def _read(reader: Reader, document: Document) -> Any:
    if reader is None:
        return None
    return document.metadata.get(reader) if isinstance(reader, str) else reader(document)

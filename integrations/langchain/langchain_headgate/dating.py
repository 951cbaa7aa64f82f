"""DateDocuments: an early step of an ingestion pipeline, before splitting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import BaseDocumentTransformer, Document

from headgate.integration.dating import EVIDENCE, Dating, report_undated
from headgate.policy import MetadataKeys

__all__ = ["DateDocuments"]


class DateDocuments(BaseDocumentTransformer):
    """Adds `last_modified` to documents that do not say when they were last changed, and says what it rests on.

    Before splitting, because front matter is at the top of a document. A document that has a date of its own is
    left as it is; one that only has its file's time, as folder loaders write it, is not dated by that.

    Args:
        root: where relative paths begin; no file outside of it is looked at. By default the current folder.
        evidence: what to use, the first that is there: `front_matter`, `http` (the header `Last-Modified`, as loaders
            leave it in `headers`), `git` (the last commit that touched the file).
        file_time: `separate` writes the file's own time as `file_time` where nothing better was found; `modified`
            writes it as `last_modified`; `off` leaves it out.
        keys: how to read times without a zone, and further names of metadata keys.

    Raises:
        HeadgateError: there is no such evidence.
    """

    def __init__(
        self,
        root: str | Path = ".",
        *,
        evidence: Sequence[str] = EVIDENCE,
        file_time: str = "separate",
        keys: MetadataKeys | None = None,
    ) -> None:
        self._dating = Dating(root, evidence=evidence, file_time=file_time, keys=keys)

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[Document]:  # noqa: ARG002 - the base's signature
        """Return copies of the documents with dates; what could not be dated is logged."""
        found = self._dating.date_all([(document.page_content, document.metadata) for document in documents])
        report_undated(found)
        return [
            document.model_copy(update={"metadata": dated.metadata})
            for document, dated in zip(documents, found, strict=True)
        ]

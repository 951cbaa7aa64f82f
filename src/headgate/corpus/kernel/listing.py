"""The kernel of manifests: what the list will say of every row, and the way back from such rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from headgate.chunk import SEAL_KEY
from headgate.corpus.item import CorpusItem
from headgate.corpus.kernel.calling import Kernel
from headgate.corpus.kernel.schemas import LISTED
from headgate.corpus.listing import ListingWork, Piece
from headgate.corpus.records import NO_FIELDS, Fields
from headgate.encoding import to_json
from headgate.integration.published import SealArguments
from headgate.integration.publishing import EVERYTHING, Publishing
from headgate.policy import MetadataKeys

__all__ = ["ListRows", "piece_of"]


@dataclass(frozen=True)
class ListRows(Kernel):
    """Says what a manifest will say of rows; `headgate.corpus.listing.entry_of` puts those of a document together.

    Args:
        cover: names of the metadata entries that are covered; `*` for all.
        hide: names of those that are kept out of the prompt.
        keys: which metadata keys name the source and the times, and how to read what has no zone.
        fields: which columns are the text, and metadata under other names.
    """

    cover: tuple[str, ...] = (EVERYTHING,)
    hide: tuple[str, ...] = ()
    keys: MetadataKeys = field(default_factory=MetadataKeys)
    fields: Fields = NO_FIELDS

    def schema_for(self, rows: Any) -> Any:  # noqa: ARG002 - the same for all
        """Return `LISTED`."""
        return LISTED

    def about(self) -> Mapping[str, object]:
        """Return what is covered, and how metadata is read."""
        return {
            "work": "list",
            "form": 2,
            "cover": list(self.cover),
            "hide": list(self.hide),
            "keys": self.keys.model_dump(mode="json"),
            "fields": self.fields.about(),
        }

    def _make(self, items: Sequence[CorpusItem], batch: Any) -> Any:  # noqa: ARG002 - the documents are all
        publishing = Publishing(keys=self.keys, cover=self.cover, hide=self.hide)
        work = ListingWork(publishing, None, covers_all=False, lists_unseen=False)
        rows = [_row(found, item.problem) for found, item in zip(work(items), items, strict=True)]
        columns = zip(*rows, strict=True) if rows else [()] * len(LISTED)
        arrays = [pa.array(values, kind.type) for values, kind in zip(columns, LISTED, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=LISTED)


def _row(found: tuple[str, Piece, tuple[str, ...]] | str, problem: str | None) -> tuple[Any, ...]:
    if isinstance(found, str):
        return (*(None,) * 11, found, [])
    uri, piece, problems = found
    says = piece.says
    return (
        uri,
        says["subject"],
        piece.digest,
        to_json({name: value for name, value in piece.metadata.items() if name != SEAL_KEY}),
        list(says["cover"]),
        list(says["hidden"]),
        says["version"],
        says["modified"],
        says["not_before"],
        says["expires"],
        piece.root or None,
        None,
        [one for one in (problem, *problems) if one],
    )


def piece_of(row: Mapping[str, Any], place: str) -> Piece:
    """Return the chunk that a row of the schema `LISTED` is about, on its way into the entry of its document.

    Args:
        row: the columns by name; one that is listed.
        place: where the chunk is, for messages.
    """
    says = SealArguments(
        subject=row["subject"],
        modified=row["modified"],
        expires=row["expires"],
        not_before=row["not_before"],
        version=row["version"],
        cover=tuple(row["covered"]),
        hidden=tuple(row["hidden"]),
        # An entry of a manifest has none of both.
        definitions={},
        validators=None,
    )
    return Piece(place, row["digest"], json.loads(row["metadata"]), {}, says, row["root"] or b"")

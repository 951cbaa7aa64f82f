"""The rows of a Milvus collection, whatever framework wrote them; `pymilvus` itself is not needed here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from headgate.chunk import SEAL_KEY
from headgate.errors import AdapterError
from headgate.integration.backfilling import SealedRow, StoredRow
from headgate.integration.collections import MakeMetadata, MakeRow, row_of, seal_of

__all__ = ["MilvusRows"]

_VECTORS = 100
"""The types of fields from this number on are vectors."""


class MilvusRows:
    """A Milvus collection as a `StoredIndex`, read by pages of entities.

    An update of Milvus is a whole entity, written again under its own key: vectors and all other fields as they were.

    Args:
        client: a `pymilvus.MilvusClient`.
        collection: the name of the collection.
        text: the field of the text.
        metadata: the JSON field that holds the metadata; None where every entry is a field of its own.
        make_row: makes a row of id, text and metadata; by default as LangChain reads them.
        make_metadata: the entries to write for a row; by default the seal alone. Entries that are not named stay.
    """

    def __init__(
        self,
        client: Any,
        collection: str,
        text: str,
        metadata: str | None = None,
        make_row: MakeRow | None = None,
        make_metadata: MakeMetadata | None = None,
    ) -> None:
        self._client, self._collection = client, collection
        self._text, self._metadata = text, metadata
        self._make_row, self._make_metadata = make_row or row_of, make_metadata or seal_of
        self.name = f"the Milvus collection {collection!r}"
        if not client.has_collection(collection):
            raise AdapterError(f"There is no {self.name.removeprefix('the ')}.")
        self._schema = client.describe_collection(collection)
        fields = self._schema["fields"]
        self._key = next(str(field["name"]) for field in fields if field.get("is_primary"))
        self._fields = frozenset(str(field["name"]) for field in fields)
        self._vectors = frozenset(str(field["name"]) for field in fields if int(field["type"]) >= _VECTORS)
        # What the server computes from other fields cannot be given to it.
        self._computed = frozenset(
            str(name) for made in self._schema.get("functions") or () for name in made.get("output_field_names") or ()
        )

    def count(self) -> int:
        """Return how many entities there are."""
        found = self._client.query(self._collection, filter="", output_fields=["count(*)"], consistency_level="Strong")
        return int(found[0]["count(*)"])

    def require_writable(self) -> None:
        """Raise where the collection has no room for a seal, or gives what is written new keys.

        Raises:
            AdapterError: so it is.
        """
        instead = "`headgate manifest build` signs a list of the entities and writes nothing into them."
        if self._schema.get("auto_id"):
            raise AdapterError(
                f"{self.name} makes its own keys (auto_id), and makes new ones for whatever is written again: fill one "
                f"with ids of yours. Or leave it: {instead}"
            )
        has_room = self._metadata is not None or self._schema.get("enable_dynamic_field") or SEAL_KEY in self._fields
        if not has_room:
            raise AdapterError(
                f"{self.name} has no dynamic fields, so there is no room for a seal: make it again with "
                f"enable_dynamic_field=True, or add a field to it (docs/backfill.md). Or leave it: {instead}"
            )

    def pages(self, size: int) -> Iterator[Sequence[StoredRow]]:
        """Yield all entities, one partition after the other."""
        for partition in self._partitions():
            iterator = self._client.query_iterator(
                self._collection,
                batch_size=size,
                output_fields=["*"],
                partition_names=[partition] if partition is not None else None,
                consistency_level="Strong",
            )
            try:
                while entities := iterator.next():
                    yield [self._row(entity, partition) for entity in entities]
            finally:
                iterator.close()

    def write(self, rows: Sequence[SealedRow]) -> Collection[str]:
        """Write these entities again with their seals.

        Returns:
            The ids of entities that are gone, or are not what they were when they were read.
        """
        self.require_writable()
        missed: list[str] = []
        for partition in dict.fromkeys(_held(row)[1] for row in rows):
            wanted = [row for row in rows if _held(row)[1] == partition]
            present = self._present([_held(row)[0][self._key] for row in wanted], partition)
            fits: list[SealedRow] = []
            others: list[SealedRow] = []
            for row in wanted:
                entity = _held(row)[0]
                (fits if present.get(entity[self._key]) == [entity] else others).append(row)
            missed += [row.row.id for row in others]
            if fits:
                entities = [self._sealed(row) for row in fits]
                named = {"partition_name": partition} if partition is not None else {}
                self._client.upsert(self._collection, entities, **named)
        return missed

    def finish(self) -> None:
        """Do nothing: what is written is written."""

    def _partitions(self) -> Sequence[str | None]:
        # By a key the collection chooses the partition itself; one that was chosen by name has to be named again.
        if any(field.get("is_partition_key") for field in self._schema["fields"]):
            return [None]
        names = [str(name) for name in self._client.list_partitions(self._collection)]
        return names if len(names) > 1 else [None]

    def _present(self, keys: Sequence[Any], partition: str | None) -> dict[Any, list[Any]]:
        """Return the entities of these keys as they are; several of one key were inserted, and count as changed."""
        found: dict[Any, list[Any]] = {}
        entities = self._client.query(
            self._collection,
            ids=list(keys),
            output_fields=["*"],
            partition_names=[partition] if partition is not None else None,
            consistency_level="Strong",
        )
        for entity in entities:
            found.setdefault(entity[self._key], []).append(dict(entity))
        return found

    def _row(self, found: Mapping[str, Any], partition: str | None) -> StoredRow:
        entity = dict(found)
        identifier, text = str(entity[self._key]), entity.get(self._text)
        if self._metadata is None:
            metadata = {
                name: value for name, value in entity.items() if name not in self._vectors and name != self._text
            }
        else:
            metadata = entity.get(self._metadata) or {}
        if not isinstance(metadata, dict):
            return StoredRow(identifier, None, f"what it has under {self._metadata!r} is not a mapping")
        row = self._make_row(identifier, text, metadata)
        return replace(row, held=(entity, partition, row.held))

    def _sealed(self, row: SealedRow) -> dict[str, Any]:
        """Return an entity with its seal, as it is written."""
        entity, _, inner = _held(row)
        new = self._make_metadata(replace(row, row=replace(row.row, held=inner)))
        if self._metadata is not None:
            new = {self._metadata: {**(entity.get(self._metadata) or {}), **new}}
        return {name: value for name, value in {**entity, **new}.items() if name not in self._computed}


def _held(row: SealedRow) -> tuple[dict[str, Any], str | None, Any]:
    held = row.row.held
    assert isinstance(held, tuple)  # noqa: S101 - every row here holds what it was read from
    return held

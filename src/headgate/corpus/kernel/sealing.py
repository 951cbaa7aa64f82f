"""The sealing kernel: rows with a seal each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from headgate.chunk import SEAL_KEY
from headgate.corpus.item import CorpusItem
from headgate.corpus.kernel.calling import Kernel
from headgate.corpus.kernel.schemas import SEALED
from headgate.corpus.records import NO_FIELDS, Fields
from headgate.corpus.sealing import SealingWork
from headgate.errors import HeadgateError
from headgate.integration.publishing import EVERYTHING, Publishing
from headgate.policy import MetadataKeys
from headgate.provenance import Sealer
from headgate.provenance.custody import is_key_uri

__all__ = ["SealRows"]


@dataclass(frozen=True)
class SealRows(Kernel):
    """Seals rows: they come back as they are, with the columns of `SEALED` at the end, in place of such columns before.

    The key is read from its file in each process, and is never sent to one.

    Args:
        key: the path of the private key, as workers see it too.
        issuer: who vouches.
        cover: names of the metadata entries that the seal covers; `*` for all.
        hide: names of those that are kept out of the prompt.
        keys: which metadata keys name the source and the times, and how to read what has no zone.
        is_batch: whether all rows of a record batch share one signature.
        fields: which columns are the text, and metadata under other names.

    Raises:
        PolicyError: the key cannot be used.
    """

    key: str | Path
    issuer: str
    cover: tuple[str, ...] = (EVERYTHING,)
    hide: tuple[str, ...] = ()
    keys: MetadataKeys = field(default_factory=MetadataKeys)
    is_batch: bool = False
    fields: Fields = NO_FIELDS

    def __post_init__(self) -> None:
        if not is_key_uri(str(self.key)):
            object.__setattr__(self, "key", str(Path(self.key).absolute()))
        _sealer_of(str(self.key), self.issuer)  # where the job is planned, not on its workers

    def schema_for(self, rows: Any) -> Any:
        """Return the columns of the rows, and those of `SEALED`."""
        return pa.schema([*(one for one in rows if one.name not in SEALED.names), *SEALED])

    def about(self) -> Mapping[str, object]:
        """Return the key's name and thumbprint, the issuer, and what is sealed."""
        (public,) = _sealer_of(str(self.key), self.issuer).public
        return {
            "work": "seal",
            "key": [public.kid, public.thumbprint],
            "issuer": self.issuer,
            "cover": list(self.cover),
            "hide": list(self.hide),
            "keys": self.keys.model_dump(mode="json"),
            "batch": self.is_batch,
            "fields": self.fields.about(),
        }

    def _make(self, items: Sequence[CorpusItem], batch: Any) -> Any:
        if SEAL_KEY in (self.fields.text, *self.fields.names.values()):
            raise HeadgateError(f"{SEAL_KEY} is where seals are put; it cannot be read as anything else.")
        publishing = Publishing(keys=self.keys, cover=self.cover, hide=self.hide)
        sealer = _sealer_of(str(self.key), self.issuer)
        work = SealingWork(sealer, publishing, is_batch=self.is_batch, is_whole=False)
        results = work(items)
        seals = [entries[SEAL_KEY] if entries is not None else None for entries, _ in results]
        kept = [name for name in batch.schema.names if name not in SEALED.names]
        columns = [batch.column(name) for name in kept]
        added: Iterable[Any] = (pa.array(seals, pa.string()), pa.array([why for _, why in results], pa.string()))
        return pa.RecordBatch.from_arrays([*columns, *added], schema=self.schema_for(batch.schema))


@lru_cache(maxsize=4)
def _sealer_of(key: str, issuer: str) -> Sealer:
    return Sealer(key, issuer)

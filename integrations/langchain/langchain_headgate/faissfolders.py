"""The folder in which LangChain keeps a FAISS index: documents in a pickle, which is read without running anything."""

from __future__ import annotations

import io
import os
import pickle  # what is loaded is named below, and nothing else is
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, SafeUUID

from langchain_core.documents import Document

from headgate import AdapterError, HeadgateError
from headgate.chunk import SEAL_KEY
from headgate.integration.backfilling import SealedRow, StoredRow
from headgate.integration.collections import chosen
from langchain_headgate.convert import to_chunk

__all__ = ["FaissFolder", "is_faiss"]

_INDEX, _DOCUMENTS = ".faiss", ".pkl"


class FaissFolder:
    """The documents of a FAISS index that `save_local` wrote. The vectors are in another file, which is not opened.

    Args:
        path: the pickle of the documents, which is replaced at the end, as a whole.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._state = path, _state_of(path)
        self._docstore, self._ids = _load(path)
        self._is_changed = False
        self.name = f"the FAISS index {path.with_suffix('')}"

    @classmethod
    def open(cls, place: str, name: str | None) -> FaissFolder:
        """Return the documents of a folder.

        Raises:
            AdapterError: there are several indexes in it, or none of this name; or the file holds something else.
        """
        names = sorted(path.stem for path in _indexes(place))
        return cls(Path(place) / f"{chosen(names, name, place)}{_DOCUMENTS}")

    def count(self) -> int:
        """Return how many documents there are."""
        return len(self._ids)

    def pages(self, size: int) -> Iterator[Sequence[StoredRow]]:
        """Yield all documents in the order of the index."""
        for start in range(0, len(self._ids), size):
            yield [self._row(name) for name in self._ids[start : start + size]]

    def write(self, rows: Sequence[SealedRow]) -> Collection[str]:
        """Add the seals to the documents that are in memory; `finish` writes them."""
        for sealed in rows:
            document = sealed.row.held
            assert isinstance(document, Document)  # noqa: S101 - every row with a chunk holds its document
            document.metadata[SEAL_KEY] = sealed.seal
            self._is_changed = True
        return ()

    def finish(self) -> None:
        """Write the file again beside the old one and put it in its place, so that it is there whole at any moment.

        Raises:
            HeadgateError: somebody else wrote it since it was read.
        """
        if not self._is_changed:
            return
        if _state_of(self._path) != self._state:
            raise HeadgateError(f"{self._path} was changed while this ran; nothing was written. Run it again.")
        new = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            with new.open("wb") as file:
                pickle.dump(self._docstore, file)
            shutil.copymode(self._path, new)
            new.replace(self._path)
        finally:
            new.unlink(missing_ok=True)

    def _row(self, name: str) -> StoredRow:
        found = self._docstore[0]._dict.get(name)
        if not isinstance(found, Document):
            return StoredRow(name, None, "the index names it, and there is no document of that name")
        return StoredRow(name, to_chunk(found), held=found)


def is_faiss(place: str) -> bool:
    """Return whether a folder is one in which LangChain keeps FAISS indexes."""
    return bool(_indexes(place))


def _indexes(place: str) -> list[Path]:
    return [path for path in Path(place).glob(f"*{_INDEX}") if path.with_suffix(_DOCUMENTS).is_file()]


def _state_of(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


class _Fixed(type):
    """The type of what stands in for a class: a pickle may set attributes of classes, and it stays as it is."""

    def __setattr__(cls, name: str, value: object) -> None:
        raise pickle.UnpicklingError("it changes a class")


class _HeldDocument(metaclass=_Fixed):
    """The state of a document in a pickle."""


class _HeldDocstore(metaclass=_Fixed):
    """The state of what holds the documents."""


class _HeldUuid(UUID, metaclass=_Fixed):
    """A UUID, which is written as any other."""

    __slots__ = ()

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        object.__setattr__(self, "int", UUID(int=state["int"]).int)
        object.__setattr__(self, "is_safe", SafeUUID.unknown)

    def __reduce__(self) -> tuple[type[UUID], tuple[str]]:
        return UUID, (self.hex,)


class _Making:
    """Makes values of a class, and shows nothing of the class."""

    __slots__ = ("_kind",)
    _kind: Callable[..., object]

    def __init__(self, kind: Callable[..., object]) -> None:
        object.__setattr__(self, "_kind", kind)

    def __call__(self, *values: object) -> object:
        return self._kind(*values)

    def __setattr__(self, name: str, value: object) -> None:
        raise pickle.UnpicklingError("it changes a class")


_KNOWN: Mapping[tuple[str, str], object] = {
    ("langchain_community.docstore.in_memory", "InMemoryDocstore"): _HeldDocstore,
    ("langchain_core.documents.base", "Document"): _HeldDocument,
    ("datetime", "date"): _Making(date),
    ("datetime", "datetime"): _Making(datetime),
    ("datetime", "time"): _Making(time),
    ("datetime", "timedelta"): _Making(timedelta),
    ("datetime", "timezone"): _Making(timezone),
    ("decimal", "Decimal"): _Making(Decimal),
    ("uuid", "UUID"): _HeldUuid,
    # Its members are the same for the whole process.
    ("uuid", "SafeUUID"): _Making(int),
}
"""What may be in such a pickle, documents, what holds them and values of their metadata, and what stands in for it."""


class _Documents(pickle.Unpickler):
    """Loads documents; a pickle that names anything else is refused, before anything of it is called."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names {module[:80]}.{name[:80]}, which a document does not hold")
        return _KNOWN[module, name]


def _document(held: object) -> object:
    """Return the document of which a pickle held the state; anything else as it is."""
    if type(held) is not _HeldDocument:
        return held
    fields = vars(held)["__dict__"]
    return Document(**{name: fields[name] for name in Document.model_fields if name in fields})


def _require_plain(values: Iterable[object]) -> None:
    """Raise if there are documents within values of metadata.

    Raises:
        TypeError: there are some.
    """
    left, seen = list(values), set[int]()
    while left:
        value = left.pop()
        if isinstance(value, (_HeldDocument, _HeldDocstore, _Fixed, _Making)):
            raise TypeError("it holds documents within documents")
        if not isinstance(value, (dict, list, tuple, set, frozenset)) or id(value) in seen:
            continue
        seen.add(id(value))
        left += [*value, *value.values()] if isinstance(value, dict) else value


def _load(path: Path) -> tuple[Any, list[str]]:
    """Return what the file holds, and the identifiers of its documents in the order of the index."""
    try:
        from langchain_community.docstore.in_memory import InMemoryDocstore

        held, by_number = _Documents(io.BytesIO(path.read_bytes())).load()
        documents: dict[str, Any] = {name: _document(one) for name, one in vars(held)["_dict"].items()}
        _require_plain(
            [*documents, *(one.metadata if isinstance(one, Document) else one for one in documents.values())]
        )
        _require_plain([by_number])
        ids = [str(by_number[number]) for number in sorted(by_number)]
    except ImportError:
        raise AdapterError(f"{path} is read with langchain-community: pip install langchain-community") from None
    except Exception as error:  # noqa: BLE001 - whatever a file may be that says that it is one
        problem = str(error)[:300] or type(error).__name__
        raise AdapterError(
            f"{path} cannot be read: {problem}. Files are read without running what is in them, so they may hold "
            "documents and plain values only. Give the store of your own program to headgate.integration.backfilling "
            "instead (docs/backfill.md), or seal documents before they are added (SealDocuments)."
        ) from None
    return (InMemoryDocstore(documents), by_number), ids

"""The folder in which LangChain keeps a FAISS index: documents in a pickle, which is read without running anything."""

from __future__ import annotations

import io
import os
import pickle  # what is loaded is named below, and nothing else is
import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import Document

from headgate import AdapterError, HeadgateError
from headgate.chunk import SEAL_KEY
from headgate.integration.backfilling import SealedRow, StoredRow
from headgate.integration.collections import chosen
from langchain_headgate.convert import to_chunk

__all__ = ["FaissFolder", "is_faiss"]

_INDEX, _DOCUMENTS = ".faiss", ".pkl"
_KNOWN = {
    ("langchain_community.docstore.in_memory", "InMemoryDocstore"),
    ("langchain_core.documents.base", "Document"),
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "time"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("decimal", "Decimal"),
    ("uuid", "UUID"),
    ("uuid", "SafeUUID"),
}
"""What may be in such a pickle: documents, what holds them, and values of their metadata."""


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


class _Documents(pickle.Unpickler):
    """Loads documents; a pickle that names anything else is refused, before anything of it is called."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names {module[:80]}.{name[:80]}, which a document does not hold")
        return super().find_class(module, name)


def _load(path: Path) -> tuple[Any, list[str]]:
    """Return what the file holds, and the identifiers of its documents in the order of the index."""
    try:
        found = _Documents(io.BytesIO(path.read_bytes())).load()
        docstore, by_number = found
        documents = docstore._dict
        ids = [str(by_number[number]) for number in sorted(by_number)]
        if not isinstance(documents, dict):
            raise TypeError("it holds no documents")  # noqa: TRY301 - read as the others
    except ImportError:
        raise AdapterError(f"{path} is read with langchain-community: pip install langchain-community") from None
    except Exception as error:  # noqa: BLE001 - whatever a file may be that says that it is one
        problem = str(error)[:300] or type(error).__name__
        raise AdapterError(
            f"{path} cannot be read: {problem}. Files are read without running what is in them, so they may hold "
            "documents and plain values only. Give the store of your own program to headgate.integration.backfilling "
            "instead (docs/backfill.md), or seal documents before they are added (SealDocuments)."
        ) from None
    return found, ids

"""From what a program has at hand to the items of a corpus: documents of any framework, a store, a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from headgate.chunk import Chunk
from headgate.corpus.item import CorpusItem
from headgate.corpus.reading import read_corpus
from headgate.errors import AdapterError, HeadgateError, one_line
from headgate.integration.adapters import Adapter, adapters
from headgate.integration.backfilling import PAGE, StoredIndex, StoredRow

__all__ = ["items_of", "stored_items"]


def items_of(documents: object) -> Iterator[CorpusItem]:
    """Yield the items of a corpus, one at a time.

    Args:
        documents: a path as for `read_corpus`; a vector store or index of LangChain or LlamaIndex; or an iterable of
            LangChain documents, LlamaIndex nodes, chunks or corpus items.

    Raises:
        AdapterError: it is none of these.
        HeadgateError: it cannot be read.
    """
    if isinstance(documents, (str, Path)):
        yield from read_corpus(documents)
        return
    known = list(adapters())  # looked up once, because it searches what is installed
    for adapter in known:
        stored = getattr(adapter, "stored_index", None)
        index = stored(documents) if stored is not None else None
        if index is not None:
            yield from stored_items(index)
            return
    if not isinstance(documents, Iterable):
        raise AdapterError(
            f"{type(documents).__name__} holds no documents that an installed adapter can read. "
            "Give a path, a store, or a list of documents, nodes or chunks."
        )
    for number, document in enumerate(documents, 1):
        yield _item(document, f"document {number}", known)


def stored_items(index: StoredIndex) -> Iterator[CorpusItem]:
    """Yield the rows of a store as items of a corpus.

    Raises:
        HeadgateError: the store's client failed.
    """
    pages = iter(index.pages(PAGE))
    while True:
        try:
            page = next(pages, None)
        except HeadgateError:
            raise
        except Exception as error:  # whatever a store's own client raises
            raise HeadgateError(f"{index.name}: {one_line(error)}.") from error
        if page is None:
            return
        for row in page:
            yield _of_row(row, f"{index.name}, row {row.id[:80]}")


def _item(document: object, place: str, known: Iterable[Adapter]) -> CorpusItem:
    if isinstance(document, CorpusItem):
        return document
    if isinstance(document, Chunk):
        return CorpusItem(place, document)
    for adapter in known:
        row_of = getattr(adapter, "stored_row", None)
        row = row_of(document) if row_of is not None else None
        if row is not None:
            return _of_row(row, place)
    raise AdapterError(f"{place} is of type {type(document).__name__}: no document, node or chunk that is known here.")


def _of_row(row: StoredRow, place: str) -> CorpusItem:
    problem = None if row.chunk is not None else row.problem or "it has no text"
    return CorpusItem(place, row.chunk, problem, cover=row.cover, hide=row.hide)

"""Sealing what a publisher vouches for, from a folder or a file to JSON Lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from headgate.corpus.item import CorpusItem
from headgate.errors import HeadgateError
from headgate.integration.publishing import Prepared, Publishing, seal_prepared
from headgate.policy import MetadataKeys
from headgate.provenance import Sealer

__all__ = ["seal_corpus"]


def seal_corpus(
    items: Iterable[CorpusItem],
    sealer: Sealer,
    *,
    keys: MetadataKeys | None = None,
    cover: Sequence[str] = ("*",),
    hide: Sequence[str] = (),
    batch: int = 1,
    whole: bool = False,
) -> Iterator[CorpusItem]:
    """Yield the items with a seal each; an item that cannot be sealed comes back without a chunk.

    The claims are those of `headgate.integration.publishing.Publishing`. What an item's metadata holds and its seal
    does not (a time that cannot be read without guessing) is named in its `problem`.

    Args:
        items: what `read_corpus` yields.
        sealer: signs on behalf of the publisher.
        keys: which metadata keys name the source and the times, and how to read what has no zone.
        cover: names of metadata entries that the seal covers too; by default all (`*`).
        hide: names of those that are kept out of the prompt, where a framework would print them.
        batch: how many chunks share one signature; 1 for seals of their own.
        whole: whether the items are documents that are split afterwards.
    """
    publishing = Publishing(keys=keys or MetadataKeys(), cover=tuple(cover), hide=tuple(hide))
    if whole:
        yield from (_seal_whole(item, publishing, sealer) for item in items)
        return
    held: list[tuple[CorpusItem, Prepared | None]] = []
    for item in items:
        held.append(_prepare(item, publishing, sealer))
        if len(held) >= batch:
            yield from _seal(held, sealer, is_batch=batch > 1)
            held = []
    yield from _seal(held, sealer, is_batch=batch > 1)


def _seal_whole(item: CorpusItem, publishing: Publishing, sealer: Sealer) -> CorpusItem:
    if item.chunk is None:
        return item
    try:
        published = publishing.seal_whole(sealer, item.chunk)
    except (ValueError, HeadgateError) as error:
        return CorpusItem(item.place, None, f"it cannot be sealed: {error}")
    problems = [problem for problem in (item.problem, *published.problems) if problem]
    return CorpusItem(item.place, published.chunk, "; ".join(problems) or None)


def _prepare(item: CorpusItem, publishing: Publishing, sealer: Sealer) -> tuple[CorpusItem, Prepared | None]:
    if item.chunk is None:
        return item, None
    try:
        return item, publishing.prepare(sealer, item.chunk)
    except (ValueError, HeadgateError) as error:
        return CorpusItem(item.place, None, f"it cannot be sealed: {error}"), None


def _seal(
    held: Sequence[tuple[CorpusItem, Prepared | None]], sealer: Sealer, *, is_batch: bool
) -> Iterator[CorpusItem]:
    """Yield items in their order; one that cannot be sealed spoils none of the others."""
    published = iter(seal_prepared(sealer, [one for _, one in held if one is not None], batch=is_batch))
    for item, prepared in held:
        if prepared is None:
            yield item
            continue
        one = next(published)
        problems = [problem for problem in (item.problem, *one.problems) if problem]
        yield CorpusItem(item.place, one.chunk, "; ".join(problems) or None)

"""Sealing what a publisher vouches for, from a folder or a file to JSON Lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from headgate.corpus.item import CorpusItem
from headgate.errors import HeadgateError
from headgate.integration.publishing import Publishing
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
    """
    publishing = Publishing(keys=keys or MetadataKeys(), cover=tuple(cover), hide=tuple(hide))
    for item in items:
        if item.chunk is None:
            yield item
            continue
        try:
            published = publishing.seal(sealer, item.chunk)
        except (ValueError, HeadgateError) as error:
            yield CorpusItem(item.place, None, f"it cannot be sealed: {error}")
            continue
        problems = [problem for problem in (item.problem, *published.problems) if problem]
        yield CorpusItem(item.place, published.chunk, "; ".join(problems) or None)

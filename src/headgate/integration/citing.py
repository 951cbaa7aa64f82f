"""From what is cited in a reply back to the words of the original document.

A reply cites a document as it was released, a part that a later step cut out, or a quotation from either. What was
rewritten there is not what anybody wrote; the citation that a reader can check is in the original.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from headgate.admission.released import Release
from headgate.admission.releases import RELEASES
from headgate.chunk import Chunk
from headgate.terminology.edits import Rewrite

__all__ = ["Citation", "cite"]

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Citation:
    """Where an original document says what a reply cites.

    Attributes:
        text: the words of the original.
        start: where they begin in its text, in code points.
        end: where they end.
        uri: which document it is, as records write it; None if it names none.
        digest: the digest of the original text.
        admission: the id of the admission by which it was released.
    """

    text: str
    start: int
    end: int
    uri: str | None
    digest: str
    admission: str


def cite(chunk: Chunk, quote: str | None = None) -> Citation | None:
    """Return the original words behind a released document, or behind a quotation from it.

    Args:
        chunk: the document as it was released, or a part of it with the same metadata.
        quote: a quotation from it, to the letter but for white space; None for all of it.

    Returns:
        The citation, widened to whole terms where some were rewritten; None where the process does not remember to have
        released such a document, or the quotation is not in it.
    """
    release = RELEASES.find(chunk) or RELEASES.containing(chunk)
    if release is None:
        return None
    whole = _find(chunk.text, release.released.text, 0)
    if whole is None:
        return None
    span = whole if quote is None else _find(quote, release.released.text[: whole[1]], whole[0])
    if span is None:
        return None
    mapped = _to_original(release, *span)
    if mapped is None:  # a later gate has cut what an earlier one had rewritten
        earlier = (_to_original(one, *span) for one in RELEASES.continuing(release))
        mapped = next((one for one in earlier if one is not None), None)
    if mapped is None:
        return None
    start, end = mapped
    decision, text = release.decision, release.original.text
    return Citation(text[start:end], start, end, decision.uri, decision.digest, release.admission)


def _find(words: str, text: str, start: int) -> tuple[int, int] | None:
    """Return where words are in a text from a place on; white space may differ, as splitters and models have it."""
    words = words.strip()
    if not words:
        return None
    place = text.find(words, start)
    if place >= 0:
        return place, place + len(words)
    written = list(_WORD.finditer(text, start))
    # Where each word of the text begins if one blank is between them.
    begins = [0, *accumulate(len(word[0]) + 1 for word in written)]
    wanted = " ".join(words.split())
    place = " ".join(word[0] for word in written).find(wanted)
    if place < 0:
        return None
    first, last = (bisect_right(begins, at) - 1 for at in (place, place + len(wanted) - 1))
    return written[first].start() + place - begins[first], written[last].start() + place + len(wanted) - begins[last]


def _to_original(release: Release, start: int, end: int) -> tuple[int, int] | None:
    rewrite, released, original = release.decision.rewrite, release.released.text, release.original.text
    if original.startswith(released):  # as it came, or its beginning
        return start, end
    if isinstance(rewrite, Rewrite) and rewrite.text.startswith(released):
        return rewrite.to_original(start, end)
    return None  # the words of more than one gate

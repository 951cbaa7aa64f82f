"""Validators of an origin that a seal binds to its text: what the server said with the very content that was sealed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from headgate.errors import SealError
from headgate.provenance.values import EPOCH, SECONDS, in_seconds

__all__ = ["MAX_TAG_CHARS", "Comparison", "Validators", "is_same_tag", "read_validators"]

Comparison = Literal["same", "other", "doubt"]
MAX_TAG_CHARS = 500
"""How long an entity tag may be; one that is cut could be another one's."""

# What is between quotes is any visible character (RFC 9110, section 8.8.3); stores have tags without quotes.
_TAG = re.compile(r"[\x21-\x7e\x80-\U0010ffff]+")
# Servers that compress mark their tags so, although the document is the same (Apache's DeflateAlterETag).
_CODING = re.compile(r'(?:--?|[;:])(?:gzip|br|df|zstd|deflate)(?="?$)')


class Validators(NamedTuple):
    """What an origin says of the content that a text was made from (RFC 9110, section 8.8).

    Attributes:
        etag: its entity tag, as the origin writes it.
        modified: its last modification, to the second.
    """

    etag: str | None = None
    modified: datetime | None = None

    def compare(self, etag: str | None, modified: datetime | None) -> Comparison | None:
        """Return how the content that an origin has compares with that one; None where it says nothing comparable.

        The tag decides where both have one, otherwise the date (RFC 9110, section 13.2.2). An earlier date is a doubt:
        older content was put back, or the date was made up.

        Args:
            etag: the tag that the origin has now.
            modified: the last modification that it says now.
        """
        if self.etag is not None and etag is not None:
            return "same" if is_same_tag(self.etag, etag) else "other"
        if self.modified is None or modified is None:
            return None
        stated = modified.replace(microsecond=0)
        return "same" if stated == self.modified else "other" if stated > self.modified else "doubt"

    def to_claim(self) -> dict[str, object]:
        """Return the claim `val`.

        Raises:
            ValueError: there is neither a tag nor a date, or the tag cannot be sent in a header.
        """
        claim: dict[str, object] = {}
        if self.etag is not None:
            claim["etag"] = self.etag
        if self.modified is not None:
            claim["mod"] = in_seconds(self.modified)
        try:
            read_validators(claim)
        except SealError as error:
            raise ValueError(f"the validators cannot be sealed: {error.problem}") from None
        return claim


def read_validators(value: object) -> Validators | None:
    """Return the validators of a claim `val`; None where there is none.

    Raises:
        SealError: it is of another form (P106).
    """
    if value is None:
        return None
    claim: Mapping[str, object] = value if isinstance(value, dict) else {}
    etag, modified = claim.get("etag"), claim.get("mod")
    is_tag = etag is None or (isinstance(etag, str) and len(etag) <= MAX_TAG_CHARS and _TAG.fullmatch(etag) is not None)
    is_time = modified is None or (isinstance(modified, int) and not isinstance(modified, bool) and modified in SECONDS)
    if not is_tag or not is_time or (etag is None and modified is None):
        raise SealError("P106", "the claim 'val' is not {etag: ..., mod: ...}")
    return Validators(
        etag if isinstance(etag, str) else None,
        EPOCH + timedelta(seconds=modified) if isinstance(modified, int) else None,
    )


def is_same_tag(one: str, other: str) -> bool:
    """Return whether two entity tags are the same by weak comparison (RFC 9110, section 8.8.3.2).

    What marks one of a compressed answer is left out: the document is the same.
    """
    return _opaque(one) == _opaque(other)


def _opaque(tag: str) -> str:
    return _CODING.sub("", tag.removeprefix("W/"))

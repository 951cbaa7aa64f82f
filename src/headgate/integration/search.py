"""Asking for more: how many documents to ask a retriever for, so that k admissible ones come back."""

from __future__ import annotations

__all__ = ["Widening"]

_FACTOR = 4


class Widening:
    """The course of asking a retriever for more and more documents.

    Ask for `width` documents as long as it is not None; say how it went with `succeeded` or `failed`. Some retrievers
    raise when they are asked for more than they have, so after a failure the widths between are tried: what a caller
    gets is never less than the retriever alone would have given.

    Args:
        wanted: how many admissible documents are wanted; None for whatever one request brings.
        first: how many times as many to ask for at first.
        limit: the largest number to ask for.
        is_adjustable: whether the retriever can be asked for a number.

    Attributes:
        width: how many documents to ask for next; 0 for a request without a number; None when it is over.
    """

    def __init__(self, wanted: int | None, *, first: int = 1, limit: int = 200, is_adjustable: bool = True) -> None:
        self._wanted = wanted
        self._limit = limit
        self._is_adjustable = is_adjustable
        self._worked = 0
        self._too_much: int | None = None
        self.width: int | None
        if wanted is None:
            self.width = 0
        elif wanted <= 0:
            self.width = None
        else:
            self.width = min(wanted * first, max(limit, wanted)) if is_adjustable else wanted

    def succeeded(self, admitted: int, found: int) -> None:
        """Take note of an answer.

        Args:
            admitted: how many of the documents are admissible.
            found: how many documents there were; fewer than asked for means that there are no more.
        """
        width, wanted = self.width or 0, self._wanted
        self._worked = width
        if not self._is_adjustable or wanted is None or admitted >= wanted or found < width:
            self.width = None
        elif self._too_much is not None:
            self._try_between()
        else:
            self.width = min(width * _FACTOR, self._limit) if width < self._limit else None

    def failed(self) -> bool:
        """Take note of an error; return whether a smaller number can still be asked for."""
        if self.width is None or self._wanted is None or self.width <= self._wanted or not self._is_adjustable:
            return False
        self._too_much = self.width
        if self._worked:
            self._try_between()
        else:
            self.width = self._wanted
        return True

    def _try_between(self) -> None:
        between = (self._worked + (self._too_much or 0)) // 2
        self.width = between if between > self._worked else None

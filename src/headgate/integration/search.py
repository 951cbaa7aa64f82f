"""Searching until k are admissible: how many documents to ask a retriever for, and when to stop asking.

The loop is the same for every framework, synchronous and asynchronous, because asking is the caller's part:

    for width in search:
        with search.attempt():
            found = retriever.invoke(query, k=width)  # or `await retriever.ainvoke(...)`
            admission = gate.judge(...)
            search.succeeded(len(admission.chunks), len(found))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType

from headgate.decision import Shortfall, ShortfallReason
from headgate.integration.mark import watching

__all__ = ["POOLS", "Search", "wider_pool"]

POOLS = ("fetch_k", "num_candidates", "prefetch_k", "mmr_prefetch_k", "sparse_top_k", "hybrid_top_k")
"""What stores call the number of candidates that they choose from: no more come back than the pool holds."""

# Few rounds matter more than few documents: from 10 to 200 in four requests.
_FACTOR = 4
_SMALLEST_POOL = 20  # a default of a store's own may be smaller than what is asked for, and is hardly larger
_LARGEST_POOL = 2_000


def wider_pool(sizes: Mapping[str, object], width: int, scale: int = 1) -> dict[str, int]:
    """Return the arguments that let a store choose `width` documents, where it chooses from pools of candidates.

    Args:
        sizes: the pools by name, as they would be; None for a default of the store's own.
        width: how many documents it is asked for.
        scale: how many times as large as before a pool is to be: a filter may leave little of one.
    """
    wider: dict[str, int] = {}
    for name, size in sizes.items():
        if size is None:
            wider[name] = max(width, _SMALLEST_POOL * scale)
        elif type(size) is int and size > 0:
            scaled = max(width, min(size * scale, max(size, _LARGEST_POOL)))
            if scaled > size:
                wider[name] = scaled
    return wider


class Search:
    """The course of asking a retriever for more and more documents.

    Iterate over it for the number to ask for, 0 meaning a request without a number, and say in each round how it went:
    `succeeded` inside `attempt`. Some retrievers raise when they are asked for more than they have, so after an error
    the widths between are tried: what a caller gets is never less than the retriever alone would have given.

    Args:
        wanted: how many admissible documents are wanted; None for whatever one request returns.
        first: how many times as many to ask for at first.
        limit: the largest number to ask for.
        is_adjustable: whether the retriever can be asked for a number.
        has_pool: whether it chooses from a pool of candidates, or filters: then fewer documents than asked for do not
            mean that there are no more.
    """

    def __init__(
        self,
        wanted: int | None,
        *,
        first: int = 1,
        limit: int = 200,
        is_adjustable: bool = True,
        has_pool: bool = False,
    ) -> None:
        self._wanted = wanted
        self._limit = limit
        self._is_adjustable = is_adjustable
        self._has_pool = has_pool
        self._admitted, self._found = 0, 0
        self._began: int | None = None
        self._worked = 0
        self._too_much: int | None = None
        self._is_answered = False
        self._width: int | None
        if wanted is None:
            self._width = 0
        elif wanted <= 0:
            self._width = None
        else:
            # A limit below what is wanted bounds the asking for more, not the request itself.
            self._width = min(wanted * first, max(limit, wanted)) if is_adjustable else wanted

    def __iter__(self) -> Iterator[int]:
        while self._width is not None:
            self._is_answered = False
            yield self._width
            if not self._is_answered:  # a round that says nothing has nothing more to hope for
                self._width = None

    @property
    def width(self) -> int | None:
        """How many documents to ask for next; None when it is over."""
        return self._width

    @property
    def scale(self) -> int:
        """How many times as many are asked for now as at first."""
        return max(1, (self._width or 0) // self._began) if self._began else 1

    @property
    def shortfall(self) -> Shortfall | None:
        """Why fewer are admissible than are wanted; None if they are not fewer."""
        if self._wanted is None or self._wanted <= 0 or self._admitted >= self._wanted:
            return None
        return Shortfall(self._wanted, self._worked, self._found, self._reason())

    def attempt(self) -> _Attempt:
        """Return the context of one request: an error within it ends the search only if no smaller number is left."""
        return _Attempt(self)

    def succeeded(self, admitted: int, found: int) -> None:
        """Take note of an answer.

        Args:
            admitted: how many of the documents are admissible.
            found: how many documents there were; fewer than asked for means that there are no more.
        """
        width, wanted = self._width or 0, self._wanted
        self._worked, self._is_answered = width, True
        self._admitted, self._found = admitted, found
        self._began = self._began or width
        # Where nothing is kept out, the store's own answer is all that is wanted.
        is_all = found < width and not (self._has_pool and admitted < found)
        if not self._is_adjustable or wanted is None or admitted >= wanted or is_all:
            self._width = None
        elif self._too_much is not None:
            self._try_between()
        else:
            self._width = min(width * _FACTOR, self._limit) if width < self._limit else None

    def failed(self) -> bool:
        """Take note of an error; return whether a smaller number can still be asked for."""
        if self._width is None or self._wanted is None or self._width <= self._wanted or not self._is_adjustable:
            return False
        self._too_much, self._is_answered = self._width, True
        if self._worked:
            self._try_between()
        else:
            self._width = self._wanted
        return True

    def _reason(self) -> ShortfallReason:
        if not self._is_adjustable:
            return "not_adjustable"
        if self._too_much is not None:
            return "error"
        if self._found >= self._worked:
            return "limit"
        return "pool" if self._has_pool else "no_more"

    def _try_between(self) -> None:
        # By halves, so that a retriever's own maximum is met in a few requests.
        between = (self._worked + (self._too_much or 0)) // 2
        self._width = between if between > self._worked else None


class _Attempt:
    """One request of a search; swallows the error of a request that a smaller one can take the place of."""

    __slots__ = ("_search", "_watching")

    def __init__(self, search: Search) -> None:
        self._search = search
        # Of what the request finds, only what gates release meanwhile has passed one.
        self._watching = watching()

    def __enter__(self) -> None:
        self._watching.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._watching.__exit__(None, None, None)
        # Cancellation and interrupts are not answers of a retriever: they end the search.
        return isinstance(error, Exception) and self._search.failed()

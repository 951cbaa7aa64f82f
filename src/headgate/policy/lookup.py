"""Looking up the pattern that a URI belongs to without trying all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from headgate.policy.matching import UriPattern, split_uri

__all__ = ["PatternIndex"]

V = TypeVar("V")
_Parts = tuple[str, ...]


class PatternIndex(Generic[V]):
    """Patterns by what comes before their first wildcard, each with a value.

    A look-up tries the patterns whose beginning the URI has, so that ten thousand sources cost what ten do.

    Args:
        patterns: the patterns with their values, the one that counts first coming first.
    """

    __slots__ = ("_hosts", "_paths", "_ranked")

    def __init__(self, patterns: Iterable[tuple[UriPattern, V]]) -> None:
        self._ranked = tuple(patterns)
        # By the whole host and the beginning of the path; by the beginning of a host that has a wildcard.
        self._paths: dict[_Parts, _Beginnings] = {}
        self._hosts = _Beginnings()
        for rank, (pattern, _) in enumerate(self._ranked):
            host = _beginning(pattern.host)
            if host == pattern.host:
                self._paths.setdefault(host, _Beginnings()).add(_beginning(pattern.path), rank)
            else:
                self._hosts.add(host, rank)

    def __iter__(self) -> Iterator[tuple[UriPattern, V]]:
        return iter(self._ranked)

    def find(self, uri: str, default: V) -> V:
        """Return the value of the first pattern that covers a URI in its normal form, or the default."""
        host, path, query = split_uri(uri)
        ranks = self._hosts.of(host)
        beginnings = self._paths.get(host)
        if beginnings is not None:
            ranks += beginnings.of(path)
        for rank in sorted(ranks):
            pattern, value = self._ranked[rank]
            if pattern.covers(host, path, query):
                return value
        return default


def _beginning(parts: _Parts) -> _Parts:
    """Return what comes before the first wildcard."""
    for place, part in enumerate(parts):
        if "*" in part:
            return parts[:place]
    return parts


class _Beginnings:
    """The ranks of patterns by what they begin with."""

    __slots__ = ("_lengths", "_ranks")

    def __init__(self) -> None:
        self._ranks: dict[_Parts, list[int]] = {}
        self._lengths: set[int] = set()

    def add(self, beginning: _Parts, rank: int) -> None:
        self._ranks.setdefault(beginning, []).append(rank)
        self._lengths.add(len(beginning))

    def of(self, parts: _Parts) -> list[int]:
        """Return the ranks of the patterns whose beginning `parts` has."""
        found = (self._ranks.get(parts[:length]) for length in self._lengths if length <= len(parts))
        return [rank for ranks in found if ranks for rank in ranks]

"""Which editions of a site its feeds list, so that the highest one is known whatever a retrieval holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from headgate.admission.revision import ResolvedSource
from headgate.registry import FeedRegistry, FeedState

__all__ = ["ListedEditions"]

_State = tuple[object, tuple[FeedState, ...]]


class ListedEditions:
    """The editions that feeds list; read again only after a pull.

    Args:
        feeds: what feeds have said.
    """

    def __init__(self, feeds: FeedRegistry) -> None:
        self._feeds = feeds
        self._known: dict[str, tuple[_State, frozenset[str]]] = {}

    def of(self, sources: Iterable[ResolvedSource]) -> Mapping[str, frozenset[str]]:
        """Return the editions that are listed and not gone, by source; of those that admit the highest only.

        Raises:
            HeadgateError: the registry cannot be read.
        """
        return {source.id: self._of(source) for source in sources if _wants_highest(source)}

    def _of(self, source: ResolvedSource) -> frozenset[str]:
        states = tuple(state for name, state in self._feeds.states().items() if name in source.feeds)
        state: _State = source.identity, states
        known = self._known.get(source.id)
        if known is None or known[0] != state:
            known = self._known[source.id] = state, self._read(source, states)
        return known[1]

    def _read(self, source: ResolvedSource, states: Iterable[FeedState]) -> frozenset[str]:
        if source.identity is None:
            return frozenset()
        # What one feed lists and another one misses is there.
        there = (
            name for state in states for name, said in self._feeds.documents_of(state.feed).items() if not said.is_gone
        )
        editions = map(source.identity.edition_of, there)
        return frozenset(edition for edition in editions if edition is not None)


def _wants_highest(source: ResolvedSource) -> bool:
    return bool(source.feeds) and source.identity is not None and source.identity.current == "highest"

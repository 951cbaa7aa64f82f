"""One pull of a feed, from what it says to what the registry remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from headgate.clock import FIRST_DATE
from headgate.encoding import in_number, safe_name, safe_uri
from headgate.freshness import identify_document
from headgate.origins.feeds.feed import Entry, Feed, FeedError, ItemFeed, Pull
from headgate.policy import UriPattern, normalise_uri
from headgate.registry import NEVER_TOLD, FeedRegistry, FeedState, Said

__all__ = ["Outcome", "pull_feed"]

# A list that has lost so much at once was cut off, or its job is broken: nothing that it no longer names is gone.
_MOST_LOST, _SHARE_LOST = 10, 0.5
_PLACE_CHARS = 2_048


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a pull has brought.

    Attributes:
        listed: how many documents of the source are there now.
        added: those that were not there before.
        changed: those that say a later change than before.
        gone: those that are there no more.
        moved: those that are elsewhere now, with where.
        ignored: how many it names that belong to no pattern of the source.
        notes: what there is to say about it, in sentences.
    """

    listed: int
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    ignored: int = 0
    notes: tuple[str, ...] = ()

    @property
    def is_news(self) -> bool:
        """Whether anything has changed since before."""
        return bool(self.added or self.changed or self.gone or self.moved)


def pull_feed(
    feed: Feed | ItemFeed,
    state: FeedState,
    patterns: tuple[UriPattern, ...],
    registry: FeedRegistry,
    *,
    accepts_losses: bool = False,
) -> Outcome:
    """Pull a feed and remember what it says: all of it, or where it fails nothing.

    Args:
        feed: the feed.
        state: what it is known by, and in `pulled` the present.
        patterns: the URIs of its source; what it says of others is ignored.
        registry: where it is remembered.
        accepts_losses: whether a list that has lost very many documents at once is believed.

    Raises:
        FeedError: it cannot be pulled.
        HeadgateError: the registry cannot be used.
    """
    now, known = state.pulled, registry.states().get(state.feed)
    kept = registry.documents_of(state.feed)
    before = {name: _by_now(one, now) for name, one in kept.items()}
    cursor = known.cursor if known is not None else ""
    if isinstance(feed, ItemFeed):
        pull = feed.pull_items(cursor, now, registry.items_of(state.feed))
    else:
        pull = feed.pull(cursor, now)
    now -= pull.age
    if known is not None and pull.age and now < known.pulled:
        raise FeedError("a cache gave a copy of it from before the last pull, so it says nothing new.")
    said, ignored = _said(pull, before, patterns, now)
    said = {**{name: one for name, one in before.items() if one != kept[name]}, **said}
    if pull.is_complete:
        _require_some(said, pull)
        lost = [name for name, one in before.items() if not one.is_gone and (name not in said or said[name].is_gone)]
        _require_no_loss(lost, before, accepts_losses=accepts_losses)
        missing = [name for name in lost if name not in said]
        said.update((name, replace(before[name], seen=now, is_gone=True, moved_to=None)) for name in missing)
    if pull.has_gap:
        undated = {name: said.get(name, one) for name, one in before.items()} | said
        said.update((name, _in_doubt(one, now, before.get(name))) for name, one in undated.items() if not one.is_gone)
    # What a list repeats needs no row of its own: the pull itself says that it still holds.
    news = {name: one for name, one in said.items() if name not in kept or one != replace(kept[name], seen=now)}
    rows = news if pull.covers_unlisted else said
    taken = FeedState(state.feed, state.name, now, pull.tells_changes, pull.covers_unlisted, pull.cursor)
    if not registry.take(taken, rows.values(), after=known, items=pull.items):
        return Outcome(
            _count(before), notes=("Another pull of it ended meanwhile: what this one has read is left out.",)
        )
    return _outcome(before, said, news, pull, ignored)


def _by_now(one: Said, now: datetime) -> Said:
    """Return what was said as far as it can be true: what was changed in the future was dated by a wrong clock."""
    modified = min(one.modified, now) if one.modified is not None else None
    untold = one.untold_until if one.untold_until in (None, NEVER_TOLD) else min(one.untold_until or now, now)
    seen = one.seen if one.seen <= now else FIRST_DATE  # nobody knows when
    if (modified, untold, seen) == (one.modified, one.untold_until, one.seen):
        return one
    return replace(one, modified=modified, untold_until=untold, seen=seen)


def _in_doubt(one: Said, now: datetime, before: Said | None) -> Said:
    """Return what is said of a document that may have been changed since the last pull, unless this one dates it.

    A date that was known says nothing of the time since: what lacks changes may be an older copy.
    """
    is_dated = one.seen == now and one.modified is not None and one.untold_until is None
    is_news = before is None or (not before.is_gone and _is_later(one, before))
    return one if is_dated and is_news else replace(one, untold_until=now)


def _said(
    pull: Pull, before: Mapping[str, Said], patterns: tuple[UriPattern, ...], now: datetime
) -> tuple[dict[str, Said], int]:
    """Return what a pull says of the documents of a source, by document, and how much it says of others.

    Nothing that was said is taken back by what says less: a later change stays one.
    """
    said: dict[str, Said] = {}
    ignored = 0
    rows: list[tuple[str, str | None, Entry | None]] = [(uri, None, None) for uri in pull.removed]
    rows += [(uri, to, None) for uri, to in pull.moved.items()]
    rows += [(entry.uri, None, entry) for entry in _together(pull.entries)]
    for uri, to, entry in rows:
        document = _document(uri, patterns, before)
        if document is None:
            ignored += 1
            continue
        known = before.get(document, Said(document, now))
        if entry is None:
            place = safe_name(to)[:_PLACE_CHARS] if to is not None else None
            said[document] = replace(known, seen=now, is_gone=True, moved_to=place)
        else:
            listed = _listed(known, entry, pull)
            # What is there again may be another text.
            if (known.is_gone and entry.modified is None) or (entry.is_other and document in before):
                listed = replace(listed, untold_until=max(listed.untold_until or now, now))
            said[document] = replace(listed, seen=now)
    return said, ignored


def _together(entries: Iterable[Entry]) -> Iterable[Entry]:
    """Return one entry per document: two spellings, or two entries, say together the latest that either says."""
    found: dict[str, Entry] = {}
    for entry in entries:
        name = identify_document(entry.uri) or entry.uri
        other = found.setdefault(name, entry)
        if other is not entry:
            modified, untold = (
                max((time for time in times if time is not None), default=None)
                for times in ((other.modified, entry.modified), (other.untold_until, entry.untold_until))
            )
            found[name] = Entry(other.uri, modified, untold, other.is_other or entry.is_other)
    return found.values()


def _document(uri: str, patterns: tuple[UriPattern, ...], before: Mapping[str, Said]) -> str | None:
    """Return which document of the source a URI names, in whatever spelling it was named before; otherwise None."""
    normal, document = normalise_uri(uri), identify_document(uri)
    if normal is None or (document not in before and not any(pattern.matches(normal) for pattern in patterns)):
        return None
    return document


def _listed(known: Said, entry: Entry, pull: Pull) -> Said:
    """Return what a pull says of a document that it names.

    Args:
        known: what was said of it before.
        entry: what it says of it now.
        pull: the pull.
    """
    dates = (known.modified, entry.modified)
    if entry.untold_until is not None or entry.modified is not None:
        untold = entry.untold_until
    else:
        # A log that names a document without a date has nothing new to say of its changes; a list says them no more.
        untold = known.untold_until if pull.is_log and known.modified is not None else NEVER_TOLD
    modified = max((date for date in dates if date is not None), default=None)
    return Said(known.document, known.seen, modified=modified, untold_until=untold)


def _require_some(said: Mapping[str, Said], pull: Pull) -> None:
    """Raise if a list names documents, and none of the source.

    Raises:
        FeedError: it is the list of something else.
    """
    if pull.entries and not said:
        raise FeedError(
            f"none of its {in_number(len(pull.entries), 'document')} belongs to the source, so it is not believed. "
            f"Compare its addresses with `match`; the first is {safe_uri(pull.entries[0].uri)}."
        )


def _require_no_loss(lost: list[str], before: Mapping[str, Said], *, accepts_losses: bool) -> None:
    """Raise if a list has lost very many documents at once.

    Raises:
        FeedError: it has, and nobody has said that this may be so.
    """
    there = _count(before)
    if not accepts_losses and len(lost) > max(_MOST_LOST, _SHARE_LOST * there):
        raise FeedError(
            f"it has lost {len(lost):,} of {there:,} documents since the last pull, so it is not believed. If they are "
            f"gone, pull once with --accept-losses. The first of them: {', '.join(map(safe_uri, lost[:3]))}."
        )


def _outcome(
    before: Mapping[str, Said], said: Mapping[str, Said], news: Mapping[str, Said], pull: Pull, ignored: int
) -> Outcome:
    there = {name: one for name, one in news.items() if not one.is_gone}
    added = dict.fromkeys(name for name in there if name not in before or before[name].is_gone)
    gone = [one for one in news.values() if one.is_gone and one.document in before]
    now = {**before, **said}
    return Outcome(
        listed=_count(now),
        added=tuple(added),
        changed=tuple(name for name, one in there.items() if name not in added and _is_later(one, before[name])),
        gone=tuple(one.document for one in gone if one.moved_to is None),
        moved=tuple((one.document, one.moved_to) for one in gone if one.moved_to is not None),
        ignored=ignored,
        notes=tuple(pull.notes),
    )


def _count(documents: Mapping[str, Said]) -> int:
    return sum(not one.is_gone for one in documents.values())


def _is_later(now: Said, before: Said) -> bool:
    return now.modified is not None and (before.modified is None or now.modified > before.modified)

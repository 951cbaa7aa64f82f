"""What gates of this process have released: the way back from a document to its original and its decision.

A released document has neither its seal nor a record in it: whatever is in a document may be printed. So the seal, the
original text and the decision are kept here, and found again by what was released. A second gate judges the original.

The memory is bounded; what it has forgotten is judged as it is. Nothing in a document says that it was released, so
nobody can write such a thing into an index:

- The very string that was released is recognised wherever it turns up: nobody else can have it.
- An equal text is recognised where it was released during the search or the call that found it (`watching`).
- Elsewhere, in a step that is given documents, an equal text with the same metadata and the same identifier, if it has
  one, is recognised as long as the gate that released it is there.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from headgate.admission.emptiness import is_note
from headgate.admission.released import Last, Release, is_equal, weigh_release
from headgate.chunk import Chunk
from headgate.decision import Admission
from headgate.forks import renew_after_fork
from headgate.limits import DEFAULT_LIMITS, Limits

__all__ = ["RELEASES", "Releases", "watching"]

# How many documents had been released before the search in which we are; None outside of any.
_since: ContextVar[int | None] = ContextVar("headgate_released_since", default=None)

# Documents of one text: copies of a page under several addresses.
_MOST_OF_ONE_TEXT = 16


class Releases:
    """A bounded memory of what was released, safe to share between threads.

    Args:
        limits: how many texts it keeps, and of how many characters.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        # By text; what was released the longest ago comes first.
        self._known: OrderedDict[str, tuple[Release, ...]] = OrderedDict()
        # How many releases have each string, by its identity: the releases keep the strings alive.
        self._own: Counter[int] = Counter()
        self._weight = 0
        self._number = 0
        self._lock = threading.Lock()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        """Go on in the child: another thread of the parent may have been half-way through a change."""
        self._lock = threading.Lock()
        every = [one for known in self._known.values() for one in known]
        self._own, self._weight = Counter(id(one.released.text) for one in every), _weight_of(every)

    def __len__(self) -> int:
        return len(self._known)

    @property
    def weight(self) -> int:
        """About how much it keeps, in characters."""
        return self._weight

    @property
    def number(self) -> int:
        """How many documents have been released so far."""
        return self._number

    def remember(self, admission: Admission, gate: object) -> None:
        """Keep what was released; what cannot be kept, or is too large, is not recognised later."""
        if not admission.chunks:
            return
        reference = weakref.ref(gate)
        with self._lock:
            for released, decision in admission.admitted():
                if is_note(released):  # nobody's document must become one for having its words
                    continue
                try:
                    self._number += 1
                    last = Last(admission.id, decision, self._number, reference)
                    if not self._keep_again(released, last):
                        left, original = _kept(released), _kept(admission.inputs[decision.index], released.text)
                        self._keep(Release(left, original, last, weigh_release(original, left, decision)))
                except Exception:  # noqa: BLE001, S112 - metadata may be any mapping; what is not kept is judged again
                    continue

    def find(self, chunk: Chunk) -> Release | None:
        """Return what was released as this text with this metadata, by whatever gate; of equals, the last one."""
        try:
            fitting = [one for one in self._of(chunk.text) if one.is_text_of(chunk) or not one.changes(chunk.metadata)]
            return min(
                fitting,
                key=lambda one: (
                    *one.distance(chunk.metadata),
                    not one.is_named(chunk.id),
                    one.released.text is not chunk.text,
                    -one.number,
                ),
                default=None,
            )
        except Exception:  # noqa: BLE001 - metadata may be any mapping, and fail at any time
            return None

    def continuing(self, release: Release) -> Iterator[Release]:
        """Yield what else was released of the same original with a text that begins with this one, last ones first."""
        try:
            for known in reversed(tuple(self._known.values())):
                for one in reversed(known):
                    if (
                        one is not release
                        and one.original.text == release.original.text
                        and one.released.text.startswith(release.released.text)
                        and one.decision.uri == release.decision.uri
                    ):
                        yield one
        except Exception:  # noqa: BLE001 - metadata may be any mapping, and fail at any time
            return

    def containing(self, chunk: Chunk) -> Release | None:
        """Return what was released last with this metadata and a text of which this one is a part."""
        try:
            words, metadata = chunk.text.strip(), chunk.metadata
            for known in reversed(tuple(self._known.values())):
                for one in reversed(known):
                    if words in one.released.text and one.distance(metadata) == (0, 0):
                        return one
        except Exception:  # noqa: BLE001, S110 - as above
            pass
        return None

    def recall(self, chunk: Chunk, *, is_own_only: bool = False) -> Chunk:
        """Return the original of a chunk that a gate has released; the chunk itself where that is not known.

        Args:
            chunk: a chunk.
            is_own_only: whether only the very string that was released counts.
        """
        if chunk.released is not None:
            return chunk
        try:
            since = _since.get()
            known = [
                one
                for one in self._of(chunk.text)
                if (one.is_text_of(chunk) if is_own_only else one.is_known_as(chunk, since))
            ]
            if not known:
                return chunk
            return _most_fitting(known, chunk).restore(chunk)
        except Exception:  # noqa: BLE001 - as above; what cannot be recognised is judged as it is
            return chunk

    def holds(self, text: str) -> bool:
        """Return whether a string is one that was released, and not only equal to one."""
        return id(text) in self._own

    def own(self, text: str, spare: str | None = None) -> str:
        """Return a text as the string that is released: one that nobody else has, and the same each time.

        Args:
            text: the text.
            spare: what to return while none is released; an equal string of which the same is true.
        """
        known = self._of(text)
        if known:
            return known[0].released.text
        return spare if spare is not None else text[:1] + text[1:]

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known, self._own, self._weight = OrderedDict(), Counter(), 0

    def _of(self, text: object) -> tuple[Release, ...]:
        return self._known.get(text, ()) if type(text) is str else ()

    def _keep_again(self, released: Chunk, last: Last) -> bool:
        """Keep what was kept under this text the last time, and return whether it is that: nearly always it is."""
        known = self._known.get(released.text)
        if known is None:
            return False
        one, decision = known[-1], last.decision
        before = one.last.decision
        # One object of evidence stands for one text and one metadata, types and all: facts are remembered by these.
        if (
            one.released.text is released.text  # by which it is recognised
            and before.evidence is decision.evidence
            and before.rewrite is decision.rewrite
            and not (before.metadata_rewrites or decision.metadata_rewrites)
            and is_equal(one.released.id, released.id)
            and is_equal(one.released.metadata, released.metadata)
        ):
            one.last = last
            self._known.move_to_end(released.text)
            return True
        return False

    def _keep(self, release: Release) -> None:
        if release.weight > self._limits.released_chars:
            return
        text = release.released.text
        before = self._take(text)
        others = [one for one in before if not _is_replaced(one, release)]
        known = (*others[-(_MOST_OF_ONE_TEXT - 1) :], release)
        self._known[text] = known  # at the end: the oldest goes first
        self._own.update(id(one.released.text) for one in known)
        self._weight += _weight_of(known)
        while len(self._known) > self._limits.released_texts or self._weight > self._limits.released_chars:
            self._take(next(iter(self._known)))

    def _take(self, text: str) -> tuple[Release, ...]:
        """Forget what was released as a text, and return it."""
        known = self._known.pop(text, ())
        for one in known:
            name = id(one.released.text)
            self._own[name] -= 1
            if not self._own[name]:
                del self._own[name]
        self._weight -= _weight_of(known)
        return known


RELEASES = Releases()
"""The memory of this process."""


@contextmanager
def watching(since: int | None = None) -> Iterator[None]:
    """Recognise, among what is found within this context, only what is released within it as well.

    For whatever asks a store or a tool: a copy of a released text that somebody has written into an index is not what
    was released.

    Args:
        since: how many documents had been released when the search began; by default it begins now.
    """
    token = _since.set(RELEASES.number if since is None else since)
    try:
        yield
    finally:
        _since.reset(token)


def _kept(chunk: Chunk, equal: str | None = None) -> Chunk:
    """Return what is kept of a chunk; its text as the string `equal`, where it is that."""
    if not isinstance(chunk.text, str):
        raise TypeError(type(chunk.text).__name__)
    # The caller may change its own mapping later.
    return Chunk(equal if equal == chunk.text else chunk.text, dict(chunk.metadata), chunk.id)


def _most_fitting(known: list[Release], chunk: Chunk) -> Release:
    """Return the release that a chunk is: by its metadata, its identifier, and then the last one.

    Of several under one seal, the original with the fewest entries, so that a copy with further entries that nobody
    signed cannot take the place of what it is a copy of.
    """
    order = {id(one): (*one.distance(chunk.metadata), not one.is_named(chunk.id)) for one in known}
    best = min(known, key=lambda one: (order[id(one)], -one.number))
    equal = [one for one in known if order[id(one)] == order[id(best)] and one.has_seal_of(best)]
    return min(equal, key=lambda one: (len(one.original.metadata), -one.number))


def _is_replaced(old: Release, new: Release) -> bool:
    """Return whether the newer release takes the place of an older one."""
    return (
        old.released.id == new.released.id
        and old.released.metadata.keys() == new.released.metadata.keys()
        and not old.changes(new.released.metadata)
        and (len(old.original.metadata) >= len(new.original.metadata) or not old.has_seal_of(new))
        and (new.leads_back or not old.leads_back)
        and (old.admission != new.admission or old.original.text == new.original.text)
    )


def _weight_of(known: Sequence[Release]) -> int:
    return sum(one.weight for one in known)

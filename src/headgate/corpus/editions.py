"""Editions in the addresses of a corpus: a segment that is a version, with the same pages beside it in another one."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from headgate.corpus.places import Place, place_of
from headgate.freshness import read_release
from headgate.policy import UNVERSIONED, looks_like_an_edition

__all__ = ["Editions", "EditionsSurvey"]

# A number alone is a page number or a year as often as an edition, so pages must be there in both.
_FEWEST_EDITIONS, _FEWEST_SHARED, _SHARE = 2, 2, 0.3
_SEGMENTS, _PAGES, _PLACES, _NAMES = 4, 20_000, 2_000, 200
_LONGEST = 40
_WILD = re.compile(r"[*{}]")
_CURRENT = ("stable", "latest", "current")


@dataclass(frozen=True, slots=True)
class EditionsSurvey:
    """Editions that exist side by side.

    Attributes:
        pattern: where an address names one, as a policy writes it.
        pages: the number of pages of each, the highest or the named ones first.
        distinct: how many different pages there are.
        current: the one that looks current: pages without an edition, if most are there; what is called so; otherwise
            the highest.
    """

    pattern: str
    pages: dict[str, int]
    distinct: int
    current: str


class Editions:
    """Finds editions in addresses; what is beyond its bounds is not looked at."""

    def __init__(self) -> None:
        self._found: dict[Place, dict[str, set[int]]] = {}
        self._unversioned: dict[Place, set[int]] = {}

    def add(self, uri: str) -> None:
        """Look at the address of a document, in normal form."""
        root, folders = place_of(uri)
        page = uri.partition("?")[0].rpartition("/")[2]
        if _WILD.search(root) or any(map(_WILD.search, folders)):
            return
        if not any(map(_is_edition, folders[:_SEGMENTS])):
            self._add_unversioned(root, folders, page)
            return
        for index, segment in enumerate(folders[:_SEGMENTS]):
            if not _is_edition(segment):
                continue
            place = root, folders[:index]
            if place not in self._found and len(self._found) >= _PLACES:
                return
            editions = self._found.setdefault(place, defaultdict(set))
            if (segment in editions or len(editions) < _NAMES) and len(editions[segment]) < _PAGES:
                editions[segment].add(hash((*folders[index + 1 :], page)))

    def _add_unversioned(self, root: str, folders: tuple[str, ...], page: str) -> None:
        for index in range(min(len(folders), _SEGMENTS) + 1):
            place = root, folders[:index]
            if place not in self._unversioned and len(self._unversioned) >= _PLACES:
                return
            pages = self._unversioned.setdefault(place, set())
            if len(pages) < _PAGES:
                pages.add(hash((*folders[index:], page)))

    def found(self) -> list[EditionsSurvey]:
        """Return the editions that share pages, those of the most pages first."""
        surveys = [
            survey
            for place, editions in self._found.items()
            if (survey := _survey(place, editions, self._unversioned.get(place, set()))) is not None
        ]
        return sorted(surveys, key=lambda one: (-one.distinct, one.pattern))


def _survey(place: Place, editions: dict[str, set[int]], unversioned: set[int]) -> EditionsSurvey | None:
    (root, before), every = place, set[int]().union(*editions.values())
    shared = sum(sum(page in pages for pages in editions.values()) > 1 for page in every)
    smallest = min(map(len, editions.values()))
    if len(editions) < _FEWEST_EDITIONS or shared < max(_FEWEST_SHARED, _SHARE * smallest):
        return None
    names = sorted(editions, key=_order)
    current = next((name for name in _CURRENT if name in editions), names[0])
    # Pages that editions have, under addresses without one: those are the current ones.
    if len(every & unversioned) >= max(_FEWEST_SHARED, _SHARE * smallest):
        current = UNVERSIONED
    pattern = f"{root}{''.join(f'{folder}/' for folder in before)}{{version}}/{{page}}"
    return EditionsSurvey(pattern, {name: len(editions[name]) for name in names}, len(every), current)


def _is_edition(segment: str) -> bool:
    return len(segment) <= _LONGEST and looks_like_an_edition(segment)


def _order(name: str) -> tuple[bool, str, tuple[int, ...], str]:
    """Return what sorts the highest version first, and words behind all of them."""
    release = read_release(name)
    if release is None:
        return True, "", (), name
    return False, release.scheme, tuple(-part for part in release.parts), name

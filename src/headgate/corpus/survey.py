"""What is in a corpus: sources, seals, and times that can be read; and the policy that this suggests."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from headgate.chunk import SEAL_KEY
from headgate.corpus.acronyms import Acronyms, Proposal
from headgate.corpus.editions import Editions, EditionsSurvey
from headgate.corpus.item import CorpusItem
from headgate.corpus.places import Place, group_places, place_of
from headgate.errors import SealError
from headgate.freshness import find_entry, find_time_like, resolve_timestamps
from headgate.freshness.catalogue import SIDE_ROLES, present_roles
from headgate.freshness.entries import NO_KEYS
from headgate.limits import DEFAULT_LIMITS
from headgate.policy import normalise_uri
from headgate.provenance import Seal, read_seal

__all__ = ["SourceSurvey", "Survey", "survey_corpus"]

_SECONDS_A_DAY = 86_400
_SOURCES = 50
_PLACES = 10_000
_ELSEWHERE: Place = ("", ())
_LONGEST_KEY = 100
# A URI, or a path with a folder or an ending: what a key holds that no loader is known to use.
_LIKE_A_PLACE = re.compile(
    r"[a-z][a-z0-9+.-]{1,20}://[^\s/]+\S*$|(?:[A-Za-z]:)?[\w .~@%+=,()-]*(?:[\\/][\w .~@%+=,()-]+)+\.\w{1,8}$"
)


@dataclass(slots=True)
class SourceSurvey:
    """What is known about the documents of one source.

    Attributes:
        patterns: the URI patterns that cover them.
        documents: how many there are.
        sealed: how many carry a seal that can be read; nothing is verified here.
        kids: how often each key is named by these seals.
        dated: how many have a time that can be read without guessing.
        time_keys: how often each metadata key gave that time.
        ages: days since then.
        problems: why other times could not be read, with the keys that hold them.
        of_files: how many have the time of a file and no other.
        time_like: how often a key that nobody knows holds something like a time, where there is no time.
    """

    patterns: tuple[str, ...]
    documents: int = 0
    sealed: int = 0
    kids: Counter[str] = field(default_factory=Counter)
    dated: int = 0
    time_keys: Counter[str] = field(default_factory=Counter)
    ages: list[float] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    of_files: int = 0
    time_like: Counter[str] = field(default_factory=Counter)

    @property
    def pattern(self) -> str:
        """The first of the patterns."""
        return self.patterns[0]

    def add(self, other: SourceSurvey) -> None:
        """Count in what is known about further documents."""
        self.documents += other.documents
        self.sealed += other.sealed
        self.dated += other.dated
        self.ages += other.ages
        self.kids += other.kids
        self.time_keys += other.time_keys
        self.problems += other.problems
        self.time_like += other.time_like
        self.of_files += other.of_files

    def age_percentiles(self) -> tuple[int, int, int] | None:
        """Return the median, the 90th percentile and the greatest age in days, or None where nothing is dated."""
        if not self.ages:
            return None
        ages = sorted(self.ages)
        # Rounded up, so that a bound made of them admits what was counted.
        return math.ceil(statistics.median(ages)), math.ceil(ages[len(ages) * 9 // 10]), math.ceil(ages[-1])


@dataclass(slots=True)
class Survey:
    """What is in a corpus.

    Attributes:
        sources: by their first pattern, the largest first.
        documents: how many documents could be read.
        unreadable: places that could not be read, with the reason.
        without_source: how many documents name no source.
        source_keys: how often each metadata key named the source.
        guessed_keys: how often a key that no loader is known to use held something like a URI or a path, where
            nothing else named the source.
        acronyms: short forms that the texts define.
        editions: editions that exist side by side, as addresses name them.
    """

    sources: dict[str, SourceSurvey] = field(default_factory=dict)
    documents: int = 0
    unreadable: list[str] = field(default_factory=list)
    without_source: int = 0
    source_keys: Counter[str] = field(default_factory=Counter)
    guessed_keys: Counter[str] = field(default_factory=Counter)
    acronyms: list[Proposal] = field(default_factory=list)
    editions: list[EditionsSurvey] = field(default_factory=list)


def survey_corpus(items: Iterable[CorpusItem], now: datetime) -> Survey:
    """Return what is in a corpus.

    Args:
        items: what `read_corpus` yields.
        now: the instant from which ages count.
    """
    survey, places, acronyms, editions = Survey(), _Places(), Acronyms(), Editions()
    for item in items:
        if item.chunk is None:
            survey.unreadable.append(f"{item.place}: {item.problem}")
            continue
        survey.documents += 1
        metadata = item.chunk.metadata
        acronyms.add(item.chunk.text)
        uri = _uri_of(metadata, survey)
        if uri is None:
            survey.without_source += 1
        else:
            _add_document(places.at(uri), metadata, now)
            editions.add(uri)
    survey.sources = places.sources()
    survey.editions = editions.found()
    survey.acronyms = acronyms.proposals()
    return survey


class _Places:
    """What is known about documents, by where they are; merged to sources when all have been seen."""

    def __init__(self) -> None:
        self._found: dict[Place, SourceSurvey] = {}

    def at(self, uri: str) -> SourceSurvey:
        root, folders = place_of(uri)
        place = (root, folders)
        # Folders without number are merged further up; hosts without number into one entry.
        if place not in self._found and len(self._found) >= _PLACES:
            place = (root, folders[:1])
            if place not in self._found and len(self._found) >= 2 * _PLACES:
                place = _ELSEWHERE
        return self._found.setdefault(place, SourceSurvey(()))

    def sources(self) -> dict[str, SourceSurvey]:
        groups = group_places([place for place in self._found if place != _ELSEWHERE])
        merged = []
        for patterns, places in groups.items():
            source = SourceSurvey(patterns)
            for place in places:
                source.add(self._found[place])
            merged.append(source)
        merged.sort(key=lambda source: -source.documents)
        rest = SourceSurvey(("https://**/**",))  # too many hosts to name each; one entry stands for the rest
        for source in merged[_SOURCES:]:
            rest.add(source)
        if _ELSEWHERE in self._found:
            rest.add(self._found[_ELSEWHERE])
        kept = [*merged[:_SOURCES], *([rest] if rest.documents else [])]
        return {source.pattern: source for source in kept}


def _uri_of(metadata: Mapping[str, object], survey: Survey) -> str | None:
    claimed = _claimed(metadata)
    entry = find_entry(metadata, "source")
    if entry is not None:
        survey.source_keys[entry[0]] += 1
    if claimed is not None:
        return claimed.uri
    if entry is not None:
        return normalise_uri(entry[1])
    for key in islice(metadata, DEFAULT_LIMITS.metadata_keys):
        value = metadata[key]
        if isinstance(key, str) and len(key) <= _LONGEST_KEY and _is_like_a_place(value):
            survey.guessed_keys[key] += 1
            return normalise_uri(value)
    return None


def _is_like_a_place(value: object) -> bool:
    return isinstance(value, str) and len(value) <= DEFAULT_LIMITS.uri_chars and bool(_LIKE_A_PLACE.match(value))


def _claimed(metadata: Mapping[str, object]) -> Seal | None:
    """Return what a document's seal claims, unverified: a draft of a policy knows no keys yet."""
    try:
        return read_seal(metadata.get(SEAL_KEY))[1]
    except SealError:
        return None


def _add_document(source: SourceSurvey, metadata: Mapping[str, object], now: datetime) -> None:
    source.documents += 1
    claimed = _claimed(metadata)
    signed: dict[str, datetime] = {}
    if claimed is not None:
        source.sealed += 1
        source.kids[claimed.kid or "(no kid)"] += 1
        if claimed.modified is not None:
            signed["modified"] = claimed.modified
    times = resolve_timestamps(metadata, signed=signed)
    basis = times.age_basis()
    if basis is not None:
        source.dated += 1
        evidence = times.evidence[basis[0]]
        source.time_keys["the seal" if evidence.kind == "seal" else evidence.key] += 1
        source.ages.append((now - basis[1].earliest).total_seconds() / _SECONDS_A_DAY)
    else:
        source.problems.update(
            f"{e.key}: {e.problem}" for e in (*times.evidence.values(), *times.unread.values()) if e.problem
        )
        present = present_roles(metadata, NO_KEYS)
        of_copies = {name for role in SIDE_ROLES for name in present.get(role, ())}
        source.time_like.update(name for name in find_time_like(metadata) if name not in of_copies)
        source.of_files += "file_time" in present

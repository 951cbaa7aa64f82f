"""What is in a corpus: sources, seals, and times that can be read; and the policy that this suggests."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from headgate.chunk import SEAL_KEY
from headgate.corpus.item import CorpusItem
from headgate.errors import SealError
from headgate.freshness import find_entry, resolve_timestamps
from headgate.policy import normalise_uri
from headgate.provenance import Seal, read_seal

__all__ = ["SourceSurvey", "Survey", "survey_corpus"]

_SECONDS_A_DAY = 86_400
_SOURCES = 50


@dataclass(slots=True)
class SourceSurvey:
    """What is known about the documents of one source.

    Attributes:
        pattern: the URI pattern that covers them.
        documents: how many there are.
        sealed: how many carry a seal that can be read; nothing is verified here.
        kids: how often each key is named by these seals.
        dated: how many have a time that can be read without guessing.
        time_keys: how often each metadata key gave that time.
        ages: days since then.
        problems: why other times could not be read, with the keys that hold them.
    """

    pattern: str
    documents: int = 0
    sealed: int = 0
    kids: Counter[str] = field(default_factory=Counter)
    dated: int = 0
    time_keys: Counter[str] = field(default_factory=Counter)
    ages: list[float] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)

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
        sources: by pattern, the largest first.
        documents: how many documents could be read.
        unreadable: places that could not be read, with the reason.
        without_source: how many documents name no source.
        source_keys: how often each metadata key named the source.
        metadata_keys: how often each metadata key occurs.
    """

    sources: dict[str, SourceSurvey] = field(default_factory=dict)
    documents: int = 0
    unreadable: list[str] = field(default_factory=list)
    without_source: int = 0
    source_keys: Counter[str] = field(default_factory=Counter)
    metadata_keys: Counter[str] = field(default_factory=Counter)


def survey_corpus(items: Iterable[CorpusItem], now: datetime) -> Survey:
    """Return what is in a corpus.

    Args:
        items: what `read_corpus` yields.
        now: the instant from which ages count.
    """
    survey = Survey()
    for item in items:
        if item.chunk is None:
            survey.unreadable.append(f"{item.place}: {item.problem}")
            continue
        survey.documents += 1
        survey.metadata_keys.update(str(key) for key in item.chunk.metadata)
        source = _source_of(item.chunk.metadata, survey)
        if source is not None:
            _add_document(source, item.chunk.metadata, now)
    survey.sources = dict(sorted(survey.sources.items(), key=lambda pair: -pair[1].documents))
    return survey


def _source_of(metadata: Mapping[str, object], survey: Survey) -> SourceSurvey | None:
    claimed = _claimed(metadata)
    entry = find_entry(metadata, "source")
    if entry is not None:
        survey.source_keys[entry[0]] += 1
    uri = claimed.uri if claimed is not None else normalise_uri(entry[1]) if entry is not None else None
    if uri is None:
        survey.without_source += 1
        return None
    pattern = _pattern_of(uri)
    if pattern not in survey.sources and len(survey.sources) >= _SOURCES:
        pattern = "https://**/**"  # too many hosts to name each; one entry stands for the rest
    return survey.sources.setdefault(pattern, SourceSurvey(pattern))


def _claimed(metadata: Mapping[str, object]) -> Seal | None:
    """Return what a document's seal claims, unverified: a draft of a policy knows no keys yet."""
    try:
        return read_seal(metadata.get(SEAL_KEY))[1]
    except SealError:
        return None


def _pattern_of(uri: str) -> str:
    """Return the pattern of everything at the same host, or below the same first folder."""
    scheme, _, rest = uri.partition(":")
    if rest.startswith("//"):
        return f"{scheme}://{rest[2:].partition('/')[0]}/**"
    root, first = ("/", rest[1:]) if rest.startswith("/") else ("", rest)
    folder, slash, _ = first.partition("/")
    return f"{scheme}:{root}{folder}/**" if slash else f"{scheme}:{root}*"


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

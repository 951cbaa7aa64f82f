"""Reports from recorded admissions: line by line, or by SQL where the log was made into tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from headgate.compaction import CompactedLog
from headgate.history.adopting import study_tables
from headgate.history.adoption import Adoption, study_lines
from headgate.history.ageing import last_dates
from headgate.history.counting import MostFrequent
from headgate.history.scorecard import By, Scorecard, score_lines
from headgate.history.scoring import score_tables
from headgate.history.stale import MOST_DOCUMENTS, Dates, StaleList, dates_in, list_stale
from headgate.policy import Policy
from headgate.record import LogEntry

__all__ = ["find_stale", "score_sources", "study_adoption"]

Entries = Iterable[LogEntry | Mapping[str, Any]]


def score_sources(entries: Entries, *, by: By = "day", objective: float = 0.99) -> Scorecard:
    """Return how sources do, from recorded admissions; read once, in bounded memory.

    Args:
        entries: what `read_log` yields, records, or the tables of a log, which are asked by SQL.
        by: the length of a period.
        objective: the share of the prompts that must hold only admissible documents, between 0 and 1.

    Raises:
        ValueError: the objective is not a share.
    """
    if not 0 < objective <= 1:
        raise ValueError(f"the objective is {objective}, not a share between 0 and 1")
    card = Scorecard(by, objective)
    if isinstance(entries, CompactedLog):
        score_tables(entries, card)
    else:
        score_lines(card, entries)
    card.sources = dict(sorted(card.sources.items(), key=lambda pair: -pair[1].documents))
    card.periods = dict(sorted(card.periods.items()))
    return card


def study_adoption(entries: Entries) -> Adoption:
    """Return what enforcement would do with recorded traffic; read once, in bounded memory.

    Args:
        entries: what `read_log` yields, records, or the tables of a log; usually of a week in audit mode.
    """
    found = Adoption()
    if isinstance(entries, CompactedLog):
        study_tables(entries, found)
    else:
        study_lines(found, entries)
    return found


def find_stale(entries: Entries, policy: Policy | None = None, *, now: datetime | None = None) -> StaleList:
    """Return the documents that entered prompts, worst first; read once, in bounded memory.

    Args:
        entries: what `read_log` yields, records, or the tables of a log, which are asked by SQL.
        policy: says how old documents of a source may be; without it only dates of validity count.
        now: the instant to judge for; by default that of the last record.
    """
    seen: MostFrequent[Dates] = MostFrequent(MOST_DOCUMENTS)
    last, skipped = last_dates(entries, seen) if isinstance(entries, CompactedLog) else dates_in(entries, seen)
    return list_stale(seen, policy, now=now, last=last, skipped=skipped)

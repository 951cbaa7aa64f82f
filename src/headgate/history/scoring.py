"""The scorecard from the tables of a log: the same figures as from the log itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from headgate.compaction import CompactedLog
from headgate.compaction.sql import Tables
from headgate.history.counting import GROWTH
from headgate.history.scorecard import (
    LONGEST,
    SOURCE_CHARS,
    Scorecard,
    count_documents,
    judge,
    label_mode,
    label_source,
    period_at,
    week_of,
)
from headgate.history.tables import codes_in

__all__ = ["score_tables"]

# What is known of a document, or of the documents of one source in a prompt, as bits.
_AGAINST, _UNSOUND, _ADMITTED = 1, 2, 4
_DAY = "left(hour, -6)"
_SOURCE = f"left(source, {SOURCE_CHARS})"


def score_tables(log: CompactedLog, card: Scorecard) -> None:
    """Fill an empty scorecard from the tables of a log.

    Raises:
        HeadgateError: the tables cannot be read, or DuckDB is not installed.
    """
    with log.connect() as tables:
        starts, modes = _count_prompts(tables, card)
        ((without_hour,),) = tables.rows("SELECT count(*) FROM admissions WHERE hour IS NULL")
        card.skipped = log.skipped + without_hour
        labels = _count_documents(tables, card, starts, modes)
        ages = tables.rows(
            f"SELECT {_SOURCE} AS name, CAST(floor(ln(1 + age_seconds) / $1) AS INTEGER) AS bucket, count(*)"
            " FROM decisions WHERE hour IS NOT NULL AND age_seconds BETWEEN 0 AND $2 GROUP BY name, bucket",
            [GROWTH, LONGEST],
        )
        for source, bucket, count in ages:
            card.sources[labels[source]].ages.add_bucket(bucket, count)
        _count_sound(tables, card, starts, labels)


def _count_prompts(tables: Tables, card: Scorecard) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Count prompts, as if all were sound, and return what hours or days, and what modes, are counted under."""
    starts: dict[str, str] = {}
    modes: dict[str, str] = {}
    prompts = tables.rows(
        f"SELECT {_start(card)} AS start, mode, count(*) FROM admissions WHERE hour IS NOT NULL"
        " GROUP BY start, mode ORDER BY min(seq)"
    )
    for start, mode, count in prompts:
        # Not as ISO 8601, for years before 1000 have fewer digits here.
        name = starts[start] = week_of(date(*map(int, start.split("-")))) if card.by == "week" else start
        period = period_at(card, name)
        modes[mode] = label_mode(card, mode)
        card.modes[modes[mode]] += count
        for counted in (card, period):
            counted.prompts += count
            counted.sound += count
            counted.sound_before += count
    return starts, modes


def _count_documents(
    tables: Tables, card: Scorecard, starts: Mapping[str, str], modes: Mapping[str, str]
) -> Mapping[str, str]:
    """Count documents, leave a table of what is known of each kind, and return what sources are counted under."""
    labels: dict[str, str] = {}
    kinds: dict[tuple[str, str, str], int] = {}
    alike = tables.rows(
        f"SELECT {_start(card)} AS start, mode, {_SOURCE} AS name, action, errors, count(*)"
        " FROM decisions WHERE hour IS NOT NULL GROUP BY start, mode, name, action, errors ORDER BY min(row)"
    )
    for start, mode, source, action, errors, count in alike:
        if source not in labels:
            labels[source] = label_source(card, source)
        judged = judge(action, codes_in(errors), modes[mode])
        count_documents(card, period_at(card, starts[start]), labels[source], judged, count)
        bits = (_AGAINST if judged.is_against else 0) | (_ADMITTED if judged.is_admitted else 0)
        kinds[mode, action, errors] = bits | (_UNSOUND if judged.is_against and judged.is_admitted else 0)
    names = ("mode", "action", "errors")
    tables.give(
        "kinds", {**{name: [kind[n] for kind in kinds] for n, name in enumerate(names)}, "bits": [*kinds.values()]}
    )
    return labels


def _count_sound(tables: Tables, card: Scorecard, starts: Mapping[str, str], labels: Mapping[str, str]) -> None:
    """Take out the prompts that held, or would have held, what should not be there."""
    tables.give("labels", {"name": [*labels], "label": [*labels.values()]})
    for part in tables.sources:
        tables.run(
            f"CREATE OR REPLACE TEMP TABLE asked AS SELECT seq, any_value({_start(card)}) AS start, label,"
            f" bit_or(bits) AS bits FROM {part} JOIN kinds USING (mode, action, errors)"
            f" JOIN labels ON {_SOURCE} = name WHERE hour IS NOT NULL GROUP BY seq, label"
        )
        of_sources = tables.rows(
            "SELECT label, count(*), count(*) FILTER (bits & $1 > 0) FROM asked GROUP BY label", [_AGAINST]
        )
        for label, count, spoiled in of_sources:
            card.sources[label].prompts += count
            card.sources[label].spoiled += spoiled
        of_prompts = tables.rows(
            "SELECT start, count(*) FILTER (bits & $1 > 0), count(*) FILTER (bits & $2 > 0),"
            " count(*) FILTER (bits & $3 = 0) FROM (SELECT any_value(start) AS start, bit_or(bits) AS bits FROM asked"
            " GROUP BY seq) GROUP BY start",
            [_AGAINST, _UNSOUND, _ADMITTED],
        )
        for start, spoiled, unsound, empty in of_prompts:
            card.empty += empty
            for counted in (card, period_at(card, starts[start])):
                counted.sound -= unsound
                counted.sound_before -= spoiled


def _start(card: Scorecard) -> str:
    return "hour" if card.by == "hour" else _DAY

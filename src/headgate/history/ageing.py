"""What the tables of a log say of the dates of documents that entered prompts."""

from __future__ import annotations

from datetime import datetime, timezone

from headgate.compaction import CompactedLog
from headgate.history.counting import MostFrequent
from headgate.history.stale import MOST_DOCUMENTS, NAMELESS, Dates
from headgate.history.tables import NAME

__all__ = ["last_dates"]


def last_dates(log: CompactedLog, seen: MostFrequent[Dates]) -> tuple[datetime | None, int]:
    """Count the documents that entered prompts, each with what was said of its dates last.

    Args:
        log: the tables of the log.
        seen: what counts them.

    Returns:
        When the last record was made, and how many lines hold no record with a time.

    Raises:
        HeadgateError: the tables cannot be read, or DuckDB is not installed.
    """
    with log.connect() as tables:
        ((last, untimed),) = tables.rows("SELECT epoch_us(max(time)), count(*) FILTER (time IS NULL) FROM admissions")
        # The rows are counted first, because one value of each is enough.
        tables.run(
            f"CREATE TEMP TABLE named AS SELECT {NAME} AS name, count(*) AS prompts, min(row) AS first,"
            " max(row) AS last FROM decisions WHERE action = 'admit' AND time IS NOT NULL GROUP BY name"
            " ORDER BY prompts DESC, first LIMIT $1",
            [MOST_DOCUMENTS + 1],
        )
        documents = tables.rows(
            "SELECT n.name, n.prompts, left(d.source, 100), d.modified, d.valid_until"
            " FROM named n JOIN decisions d ON d.row = n.last ORDER BY n.first"
        )
        for name, prompts, source, modified, valid_until in documents:
            seen.put_many(name or NAMELESS, Dates(source, modified, valid_until), prompts)
    return _instant(last), untimed + log.skipped


def _instant(microseconds: int | None) -> datetime | None:
    if microseconds is None:
        return None
    seconds, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest)

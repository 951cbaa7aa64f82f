"""The report on adoption from the tables of a log: the same figures as from the log itself."""

from __future__ import annotations

from headgate.compaction import CompactedLog
from headgate.compaction.sql import Tables
from headgate.history.adoption import (
    LACKS_A_SEAL,
    MOST_UNSEALED,
    Adoption,
    count_admissions,
    count_documents,
    count_revision,
    list_unsealed,
)
from headgate.history.causes import reason_of
from headgate.history.tables import alike, codes_in

__all__ = ["study_tables"]


def study_tables(log: CompactedLog, found: Adoption) -> None:
    """Fill a report on adoption from the tables of a log.

    Args:
        log: the tables.
        found: an empty report.

    Raises:
        HeadgateError: the tables cannot be read, or DuckDB is not installed.
    """
    found.skipped = log.skipped
    with log.connect() as tables:
        modes = tables.rows(
            "SELECT mode, min(now), max(now), count(*), count(*) FILTER (blocked > 0),"
            " count(*) FILTER (blocked > 0 AND blocked = documents) FROM admissions GROUP BY mode ORDER BY min(seq)"
        )
        for mode, since, until, count, touched, empty in modes:
            count_admissions(found, mode, since, until, count)
            found.touched_prompts += touched
            found.empty_prompts += empty
        revisions = "SELECT policy_revision, count(*) FROM admissions GROUP BY policy_revision ORDER BY min(seq)"
        for revision, count in tables.rows(revisions):
            count_revision(found, revision or "", count)
        _count(tables, found)


def _count(tables: Tables, found: Adoption) -> None:
    sets = {errors: codes_in(errors) for (errors,) in tables.rows("SELECT DISTINCT errors FROM decisions")}
    # Of these the place is counted, and of no others: there may be as many places as documents.
    placed = [errors for errors, codes in sets.items() if reason_of(codes) == "P109"]
    unsealed = [errors for errors, codes in sets.items() if frozenset(codes) == LACKS_A_SEAL]
    alike_documents = tables.rows(
        "SELECT action, left(source, 100) AS name, errors, assurance, undated,"
        " CASE WHEN list_contains($1, errors) THEN uri END AS place, count(*)"
        " FROM decisions GROUP BY action, name, errors, assurance, undated, place ORDER BY min(row)",
        [placed],
    )
    for action, source, errors, assurance, undated, uri, count in alike_documents:
        decision = alike(action, source, errors, uri=uri, assurance=assurance, undated=undated)
        count_documents(found, decision, count)
    listed = tables.rows(
        "SELECT left(digest, 60) AS named, arg_max_null(uri, row), arg_max_null(id, row), arg_max(source, row),"
        " count(*) AS retrieved FROM decisions WHERE list_contains($1, errors) GROUP BY named"
        " ORDER BY retrieved DESC, min(row) LIMIT $2",
        [unsealed, MOST_UNSEALED],
    )
    for digest, uri, identifier, source, count in listed:
        list_unsealed(found, digest, uri, identifier, source, count)

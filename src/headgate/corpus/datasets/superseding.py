"""Supersession over a whole corpus: the rule of one retrieval, as windows in SQL over all judged rows.

The rule is that of `headgate.freshness.supersession`: of each document the current version is chosen, and each row is
compared with that one alone. DuckDB runs it within a bound of memory, and sorts on disk what does not fit.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headgate.corpus.datasets.summary import Summary
from headgate.errors import HeadgateError

__all__ = ["connected", "find_superseded_rows", "require_duckdb"]

# It would fetch extensions from its own server when a query names one.
_CONFIG = {"memory_limit": "1GB", "autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}

# Rows of documents that can hold more than one version; all others need not be compared.
_COMPARED = """
CREATE TEMP TABLE compared AS
WITH every AS (
    SELECT place, id, source, digest, action, would_drop, supersession.*
        REPLACE (epoch_us(supersession.earliest) AS earliest, epoch_us(supersession.latest) AS latest)
    FROM read_parquet($parts) WHERE supersession IS NOT NULL
), several AS (
    SELECT document, evidence FROM every GROUP BY document, evidence
    HAVING count(DISTINCT (scheme, parts, earliest, latest, unit)) > 1 AND bool_or(applies)
)
SELECT every.*, row_number() OVER () AS row FROM every JOIN several USING (document, evidence)
"""
# A version number decides where a row that counts has one, and all have one scheme. Otherwise the time does.
_CURRENT = """
CREATE TEMP TABLE current AS
WITH ranked AS (
    SELECT *,
        count(DISTINCT scheme) FILTER (counts) OVER document_of = 1 AS by_version,
        max(parts) FILTER (counts AND scheme IS NOT NULL) OVER document_of AS newest
    FROM compared
    WINDOW document_of AS (PARTITION BY document, evidence)
), eligible AS (
    SELECT *, row_number() OVER (
        PARTITION BY document, evidence
        ORDER BY
            CASE WHEN by_version THEN coalesce(earliest, 9223372036854775807) END ASC,
            CASE WHEN by_version THEN coalesce(latest, 9223372036854775807) END ASC,
            CASE WHEN by_version THEN coalesce(unit, '') END ASC,
            earliest DESC, latest DESC, unit DESC, row
    ) AS rank
    FROM ranked
    WHERE counts AND CASE WHEN by_version THEN scheme IS NOT NULL AND parts = newest ELSE earliest IS NOT NULL END
)
SELECT document, evidence, by_version, newest, place, id, scheme, parts, earliest, latest, unit, has_zone
FROM eligible WHERE rank = 1
"""
_BEFORE = """
coalesce(
    CASE WHEN r.unit = c.unit AND r.has_zone = c.has_zone THEN r.earliest ELSE r.latest END + r.tolerance < c.earliest,
    false
)
"""
_MEMBERS = f"""
CREATE TEMP TABLE joined AS
SELECT r.*, c.place AS newest_place, c.id AS newest_id, c.scheme AS c_scheme, c.parts AS c_parts,
    c.earliest AS c_earliest, {_BEFORE} AS is_before,
    r.counts AND CASE WHEN c.by_version THEN r.scheme IS NOT NULL AND r.parts = c.newest
        ELSE r.earliest IS NOT NULL AND NOT {_BEFORE} END AS is_member
FROM compared r JOIN current c USING (document, evidence)
"""  # noqa: S608 - of constants
_SUPERSEDED = """
CREATE TEMP TABLE superseded AS
WITH texts AS (SELECT DISTINCT document, evidence, digest FROM joined WHERE is_member AND digest IS NOT NULL)
SELECT place, id, source, uri, action, would_drop, mode,
    CASE WHEN scheme = c_scheme THEN 'version ' || array_to_string(parts, '.')
        ELSE make_timestamp(earliest)::VARCHAR || 'Z' END AS found,
    CASE WHEN scheme = c_scheme THEN 'version ' || array_to_string(c_parts, '.')
        ELSE make_timestamp(c_earliest)::VARCHAR || 'Z' END AS newest,
    newest_place, newest_id
FROM joined ANTI JOIN texts USING (document, evidence, digest)
WHERE applies AND NOT is_member AND CASE WHEN scheme = c_scheme THEN parts < c_parts ELSE is_before END
"""
_STEPS = (_COMPARED, _CURRENT, _MEMBERS, _SUPERSEDED)


def require_duckdb() -> Any:
    """Return DuckDB.

    Raises:
        HeadgateError: it is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        message = "comparing the versions in a whole corpus needs DuckDB: pip install 'headgate[scale]'"
        raise HeadgateError(message) from error
    return duckdb


def find_superseded_rows(parts: Sequence[Path], out: Path, summary: Summary, *, aside: Path) -> int:
    """Write which judged rows are superseded by another one, and count them in a summary.

    Args:
        parts: Parquet files of the schema `JUDGED` with a column `place`.
        out: the Parquet file that is written, whole or not at all: `place`, `id`, `source` and `uri` of each row, what
            it was (`action`, `would_drop`, and the `mode` of freshness), the version `found` and the `newest` one.
        summary: of the rows, before.
        aside: a folder for what does not fit into memory.

    Returns:
        How many rows are superseded.

    Raises:
        HeadgateError: DuckDB is not installed, or fails.
    """
    written = out.with_name(f".{out.name}.part")
    written.unlink(missing_ok=True)
    with connected(aside, "the versions cannot be compared") as connection:
        connection.execute(_STEPS[0], {"parts": [str(path) for path in parts]})
        for step in _STEPS[1:]:
            connection.execute(step)
        connection.table("superseded").write_parquet(str(written), compression="zstd")
        _count(connection, summary)
        (number,) = connection.execute("SELECT count(*) FROM superseded").fetchone()
    written.replace(out)
    return int(number)


@contextmanager
def connected(aside: Path, what: str) -> Iterator[Any]:
    """Give a connection to a database of DuckDB in memory, which writes aside what does not fit.

    Args:
        aside: the folder for that; it is removed afterwards.
        what: could not be done, where it fails.

    Raises:
        HeadgateError: DuckDB is not installed, or fails.
    """
    duckdb = require_duckdb()
    aside.mkdir(parents=True, exist_ok=True)
    try:
        with duckdb.connect(config={**_CONFIG, "temp_directory": str(aside)}) as connection:
            yield connection
    except duckdb.Error as error:
        raise HeadgateError(f"{what}: {str(error).splitlines()[0][:200]}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _count(connection: Any, summary: Summary) -> None:
    counted = connection.execute(
        "SELECT source, would_drop, action = 'admit' AND mode = 'enforce', count(*), min(coalesce(id, uri)) "
        "FROM superseded GROUP BY ALL"
    )
    for source, was_out, is_dropped, number, example in counted.fetchall():
        summary.supersede(source, str(example or ""), number, was_out=was_out, is_dropped=is_dropped)

"""From listed rows to the entries of a manifest: the rows of a document are brought together, on disk where need be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import groupby
from pathlib import Path
from typing import Any

from headgate.corpus.building import namespace_for
from headgate.corpus.datasets.superseding import connected
from headgate.corpus.kernel import piece_of
from headgate.corpus.listing import entry_of
from headgate.encoding import safe_uri
from headgate.errors import HeadgateError
from headgate.policy import MetadataKeys
from headgate.provenance.publication import Publication
from headgate.provenance.shards import Entry
from headgate.provenance.statements import ManifestStatement, TimestampStatement

__all__ = ["ListedRows", "opened_listing", "publish_rows"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TIMES = ("modified", "not_before", "expires")
_AT_ONCE = 20_000
_LISTED = """
CREATE VIEW listed AS
SELECT rows.*, files.number FROM read_parquet($parts, filename = true, file_row_number = true) AS rows
JOIN files ON rows.filename = files.name WHERE uri IS NOT NULL
"""
_ORDERED = """
SELECT place, uri, subject, digest, metadata, covered, hidden, version,
    epoch_us(modified) AS modified, epoch_us(not_before) AS not_before, epoch_us(expires) AS expires, root
FROM listed ORDER BY sha256(uri), uri, number, file_row_number
"""


@dataclass(slots=True)
class ListedRows:
    """The rows of a listing, as entries.

    Attributes:
        documents: how many documents there are.
        not_listed: documents and versions of them that are not listed, with the reason; known when all were asked for.
    """

    documents: int
    _connection: Any
    _keys: MetadataKeys
    not_listed: list[str] = field(default_factory=list)

    def uris(self) -> Iterator[str]:
        """Yield every document once, in normal form."""
        found = self._connection.cursor().execute("SELECT DISTINCT uri FROM listed")
        while rows := found.fetchmany(_AT_ONCE):
            for (uri,) in rows:
                yield uri

    def entries(self) -> Iterator[Entry]:
        """Yield the entry of every document, in the order of their places in a manifest."""
        self.not_listed.clear()
        for uri, rows in groupby(self._rows(), key=lambda row: str(row["uri"])):
            try:
                yield entry_of(uri, [piece_of(row, row["place"]) for row in rows], self._keys, self.not_listed)
            except (ValueError, HeadgateError) as error:
                self.not_listed.append(f"{safe_uri(uri)}: it is not listed: {error}")

    def _rows(self) -> Iterator[dict[str, Any]]:
        found = self._connection.cursor().execute(_ORDERED)
        names = [column[0] for column in found.description]
        while rows := found.fetchmany(_AT_ONCE):
            for row in rows:
                values = dict(zip(names, row, strict=True))
                for name in _TIMES:
                    if values[name] is not None:
                        values[name] = _EPOCH + timedelta(microseconds=values[name])
                yield values


@contextmanager
def opened_listing(files: Sequence[Path], keys: MetadataKeys, *, aside: Path) -> Iterator[ListedRows]:
    """Give the rows of a listing as entries, in a bound of memory.

    Args:
        files: Parquet files of the schema `LISTED` with a column `place`, in the order of the data set.
        keys: how times are read.
        aside: a folder for what does not fit into memory.

    Raises:
        HeadgateError: DuckDB is not installed, or fails.
    """
    names = [str(path) for path in files]
    with connected(aside, "the documents cannot be brought together") as connection:
        connection.execute(
            "CREATE TABLE files AS SELECT unnest($names) AS name, generate_subscripts($names, 1) AS number",
            {"names": names},
        )
        # A view takes no parameters, so the names are in it as text.
        listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
        connection.execute(_LISTED.replace("$parts", f"[{listed}]"))
        (documents,) = connection.execute("SELECT count(DISTINCT uri) FROM listed").fetchone()
        yield ListedRows(documents, connection, keys)


def publish_rows(
    publication: Publication,
    rows: ListedRows,
    *,
    namespace: Sequence[str] = (),
    version: int | None = None,
    issued: datetime,
    lifetime: timedelta,
) -> tuple[ManifestStatement, TimestampStatement]:
    """Sign the list of listed rows and put it in force, as `headgate.corpus.publish_listing` does for a listing.

    Args:
        publication: where, and by whom.
        rows: what is listed.
        namespace: the URI patterns; by default as for `publish_listing`.
        version: by default one more than the version in force.
        issued: the present.
        lifetime: how long the timestamp is in force.

    Raises:
        HeadgateError: nothing is listed, or what is in the folder is of another corpus or key.
    """
    before = publication.current() if version is None else None
    return publication.publish_ordered(
        rows.entries(),
        rows.documents,
        version=version if version is not None else before.version + 1 if before is not None else 1,
        namespace=tuple(namespace) or namespace_for(rows.uris, before),
        issued=issued,
        lifetime=lifetime,
    )

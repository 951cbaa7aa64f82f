"""From rows back to records, and to the lines that they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from headgate.compaction.columns import ADMISSIONS, DECISIONS, MAY_BE_EMPTY, MAY_BE_NULL, Column
from headgate.compaction.texts import load
from headgate.encoding import to_json
from headgate.record import SCHEMA, AdmissionRecord, LogEntry
from headgate.record.reading import parse_line

__all__ = ["Rebuilt", "entry_of", "is_written_as", "rebuild"]

# The order in which the log's writer puts the entries of a record.
_ADMISSION = (
    *("admission", "policy_revision", "mode", "now", "as_of", "query_digest", "counts", "surplus", "seconds"),
    *(
        "findings",
        "valid_until",
        "decisions",
        "shortfall",
        "pulled",
        "reading",
        "masked",
        "query",
        "asker",
        "pid",
        "chain",
    ),
)
_DECISION = (
    *("index", "action", "source", "uri", "id", "digest", "assurance", "issuer", "modified", "age_seconds"),
    *("findings", "edits", "metadata_edits", "withheld", "verified", "tokens", "evidence", "prompt_digest", "text"),
)
_ASKERS = ("user", "tenant", "session", "run")
_KINDS: Mapping[str, str] = {column.name: column.kind for column in (*ADMISSIONS, *DECISIONS)}


class Rebuilt(NamedTuple):
    """A row of an admission, with its decisions.

    Attributes:
        row: the admission's row.
        record: the record, which may share parts with others: nobody changes it.
    """

    row: Mapping[str, Any]
    record: AdmissionRecord


def rebuild(admissions: Iterable[Any], decisions: Iterable[Any]) -> Iterator[Rebuilt]:
    """Yield records in their order.

    Args:
        admissions: batches of rows (`pyarrow.RecordBatch`), by `seq`.
        decisions: batches of rows of at least these admissions, by `row`.
    """
    rows = _decision_rows(decisions)
    waiting = next(rows, None)
    for row in _rows(admissions, ADMISSIONS):
        found: list[dict[str, Any]] = []
        while waiting is not None and waiting[0] <= row["seq"]:
            if waiting[0] == row["seq"]:
                found.append(waiting[1])
            waiting = next(rows, None)
        yield Rebuilt(row, _admission(row, found))


def entry_of(rebuilt: Rebuilt, *, with_line: bool = False) -> LogEntry:
    """Return the line of the log that a row was.

    Args:
        rebuilt: the row.
        with_line: whether the bytes of the line are wanted too.
    """
    row = rebuilt.row
    place = f"{row['file']}:{row['line']}"
    if row["raw"] is not None:
        # Written by somebody else, so that its columns may not carry all of it.
        return parse_line(row["raw"], place)
    line = _line_of(row, rebuilt.record) if with_line else b""
    return LogEntry(place, rebuilt.record, row["notice"], line)


def is_written_as(record: AdmissionRecord, line: bytes) -> bool:
    """Return whether a record is what a line holds, byte for byte."""
    return line == _fast_json(record) or line == to_json(record).encode("utf-8")


def _line_of(row: Mapping[str, Any], record: AdmissionRecord) -> bytes:
    from headgate.record.chain import line_digest

    fast = _fast_json(record)
    return fast if line_digest(fast) == row["digest"] else to_json(record).encode("utf-8")


def _fast_json(record: AdmissionRecord) -> bytes:
    import orjson

    try:
        return orjson.dumps(record)
    except TypeError:
        return b""


def _admission(row: Mapping[str, Any], decisions: list[dict[str, Any]]) -> AdmissionRecord:
    rest = dict(row["rest"] or {})
    record: dict[str, Any] = {"schema": rest.pop("schema", SCHEMA), "type": rest.pop("type", "admission")}
    asker = {role: row[f"asker_{role}"] for role in _ASKERS if row[f"asker_{role}"] is not None}
    for name in _ADMISSION:
        if name in rest:
            record[name] = rest.pop(name)
        elif name == "decisions":
            record[name] = decisions
        elif name == "asker" and asker:
            record[name] = asker
        elif name == "chain" and row["chain"] is not None:
            record[name] = {"id": row["chain"], "n": row["chain_n"], "prev": row["chain_prev"]}
        elif name in row and name != "chain":
            _restore(record, name, row[name])
    return cast("AdmissionRecord", {**record, **rest})


def _restore(record: dict[str, Any], name: str, value: Any) -> None:
    if value is not None:
        record[name] = value
    elif name in MAY_BE_NULL:
        record[name] = None
    elif name in MAY_BE_EMPTY:
        record[name] = MAY_BE_EMPTY[name]()


def _rows(batches: Iterable[Any], columns: tuple[Column, ...]) -> Iterator[dict[str, Any]]:
    names = [column.name for column in columns]
    for batch in batches:
        for values in zip(*(_values(batch.column(name), _KINDS[name]) for name in names), strict=True):
            yield dict(zip(names, values, strict=True))


def _decision_rows(batches: Iterable[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield decisions, each with the number of its admission."""
    for batch in batches:
        numbers = batch.column("seq").to_pylist()
        columns = [_values(batch.column(name), _KINDS[name]) for name in _DECISION]
        ages = _DECISION.index("age_seconds")
        # The gate writes whole seconds.
        columns[ages] = [int(age) if age is not None and age.is_integer() else age for age in columns[ages]]
        for seq, rest, *values in zip(numbers, _values(batch.column("rest"), "json"), *columns, strict=True):
            record: dict[str, Any] = {}
            for name, value in zip(_DECISION, values, strict=True):
                if rest is not None and name in rest:
                    record[name] = rest[name]
                else:
                    _restore(record, name, value)
            if rest is not None:
                record.update(rest)
            yield seq, record


def _values(column: Any, kind: str) -> list[Any]:
    """Return the values of a column; JSON that is written the same is read once."""
    if kind == "json" and not hasattr(column, "dictionary"):
        column = column.dictionary_encode()
    dictionary = getattr(column, "dictionary", None)
    if dictionary is None:
        values: list[Any] = column.to_pylist()
        return values
    known = [load(value) for value in dictionary.to_pylist()] if kind == "json" else dictionary.to_pylist()
    return [known[index] if index is not None else None for index in column.indices.to_pylist()]

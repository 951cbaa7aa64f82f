"""From the rows of an Arrow table to documents: one row, one document, whatever the columns hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any

from headgate.corpus.item import CorpusItem
from headgate.corpus.records import NO_FIELDS, Fields, parse_json, to_item
from headgate.encoding import shown
from headgate.limits import DEFAULT_LIMITS, Limits

__all__ = ["NOTICES", "read_rows", "require_distinct"]

NOTICES = frozenset(("headgate_problem",))
"""Columns that headgate adds for people to read; they are not metadata of a document."""

_METADATA = "metadata"
_TOO_LONG = "the column {name} has more than {most:,} bytes"


def read_rows(
    batch: Any, limits: Limits = DEFAULT_LIMITS, fields: Fields = NO_FIELDS, *, place: str = "", first: int = 0
) -> Iterator[CorpusItem]:
    """Yield the documents of a `pyarrow.RecordBatch`, one per row, in the order of the rows.

    A column `text` (or `page_content`, `content`) holds the text. Metadata is a column `metadata` (a struct, a map, or
    JSON as text), or else all further columns but lists of floats, which are embeddings. A null says nothing; a time is
    what JSON would write of it. A row whose values cannot be read is yielded with the reason, and spoils no other.

    Args:
        batch: the rows.
        limits: bounds on the text and on each value.
        fields: which columns are the text, and metadata under other names.
        place: what the places of the rows begin with.
        first: the number of the first row.

    Raises:
        ValueError: two columns have one name.
    """
    names = [one.name for one in batch.schema if one.name not in NOTICES and not _is_vector(one.type)]
    require_distinct(names)
    problems: dict[int, str] = {}
    columns = [_values(batch.column(name), name, limits, problems) for name in names]
    notices = _notices(batch)
    rows = zip(*columns, strict=True) if columns else iter([()] * batch.num_rows)
    for number, row in enumerate(rows):
        where = f"{place}[{first + number}]"
        problem = problems.get(number)
        if problem is not None:
            yield CorpusItem(where, None, problem)
            continue
        record = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        item = to_item(record, where, limits, fields)
        # Whoever wrote the table may have said why there is no text.
        if item.chunk is None and number < len(notices) and notices[number]:
            item = CorpusItem(where, None, str(notices[number]))
        yield item


def require_distinct(names: Sequence[str]) -> None:
    """Refuse a table in which one column hides another of its name: it may be the one that restricts.

    Raises:
        ValueError: two columns have one name.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"it has two columns {shown(twice[0], 60)}")


def _notices(batch: Any) -> list[Any]:
    (name,) = NOTICES
    return list(batch.column(name).to_pylist()) if batch.schema.names.count(name) == 1 else []


def _is_vector(kind: Any) -> bool:
    """Return whether a column holds embeddings: to a reader they say nothing, and as Python objects they are large."""
    from pyarrow import types

    is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(is_list and types.is_floating(kind.value_type))


def _values(column: Any, name: str, limits: Limits, problems: dict[int, str]) -> list[Any]:
    """Return the values of a column as JSON would hold them; what cannot be read is None, and a problem of its row."""
    from pyarrow import types

    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    column = _bounded(column, kind, name, limits, problems)
    if types.is_timestamp(kind) and kind.unit == "ns":
        # Python has no nanoseconds; cut, not rounded, so that no time gets later.
        column = column.cast(_microseconds(kind), safe=False)
    values = _read(column, name, problems)
    plain = _plain_of(kind, name)
    return values if plain is None else _mapped(values, plain, name, problems)


def _bounded(column: Any, kind: Any, name: str, limits: Limits, problems: dict[int, str]) -> Any:
    """Return a column without values that are too long to be looked at: no copy is made of them."""
    from pyarrow import compute, types

    has_length = types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind)
    has_length = has_length or types.is_large_binary(kind)
    if not has_length or column.nbytes <= limits.text_bytes:
        return column
    plain = column.dictionary_decode() if types.is_dictionary(column.type) else column
    is_long = compute.greater(compute.fill_null(compute.binary_length(plain), 0), limits.text_bytes)
    long = [number for number, is_one in enumerate(is_long.to_pylist()) if is_one]
    if not long:
        return column
    for number in long:
        problems.setdefault(number, _TOO_LONG.format(name=shown(name, 60), most=limits.text_bytes))
    return compute.if_else(is_long, None, plain)


def _microseconds(kind: Any) -> Any:
    from pyarrow import timestamp

    return timestamp("us", kind.tz)


def _read(column: Any, name: str, problems: dict[int, str]) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (ValueError, ArithmeticError, LookupError, NotImplementedError, TypeError):
        pass  # bytes that are not UTF-8, a time in the year 300,000: one value, and not the others
    found: list[Any] = []
    for number in range(len(column)):
        try:
            found.append(column[number].as_py())
        except (ValueError, ArithmeticError, LookupError, NotImplementedError, TypeError) as error:
            problems.setdefault(number, f"the column {shown(name, 60)} cannot be read ({type(error).__name__})")
            found.append(None)
    return found


def _plain_of(kind: Any, name: str) -> Callable[[Any], Any] | None:
    """Return what makes a value of a column plain; None for those that are."""
    from pyarrow import types

    if types.is_temporal(kind):
        return _plain
    if types.is_map(kind):
        return _of_map
    if types.is_struct(kind):
        return _of_struct
    is_text = types.is_string(kind) or types.is_large_string(kind)
    return _of_json if name == _METADATA and is_text else None


def _mapped(values: list[Any], plain: Callable[[Any], Any], name: str, problems: dict[int, str]) -> list[Any]:
    found: list[Any] = []
    for number, value in enumerate(values):
        try:
            found.append(plain(value) if value is not None else None)
        except (ValueError, ArithmeticError, TypeError) as error:
            problems.setdefault(number, f"the column {shown(name, 60)} cannot be read: {str(error)[:160]}")
            found.append(None)
    return found


def _plain(value: Any) -> Any:
    """Return a value of a table as JSON would hold it: times as text."""
    return value.isoformat() if isinstance(value, (datetime, date, time)) else value


def _of_struct(value: dict[str, Any]) -> dict[str, Any]:
    # A field that this row has not got is null in Arrow, as is one that says nothing.
    return {name: _plain(one) for name, one in value.items() if one is not None}


def _of_map(value: list[tuple[Any, Any]]) -> dict[Any, Any]:
    found = dict(value)
    if len(found) != len(value):
        raise ValueError("a key is there twice")
    return _of_struct(found)


def _of_json(value: str) -> object:
    return parse_json(value.encode("utf-8", "surrogatepass"))

"""The columns of the tables, and how a record becomes rows of them.

A row holds what a record says, so that the record can be written again as the line that it was. Where that cannot be
done, because somebody else wrote the line, the line is kept as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Literal, NamedTuple

from headgate.clock import read_instant
from headgate.compaction.texts import dump, fits
from headgate.encoding import replace_surrogates
from headgate.record import SCHEMA, AdmissionRecord, DecisionRecord, error_codes

__all__ = [
    "ADMISSIONS",
    "DECISIONS",
    "SKIPPED",
    "Column",
    "Place",
    "admission_row",
    "decision_row",
    "hour_of",
    "instant_of",
]

Kind = Literal["text", "json", "whole", "number", "instant", "bytes"]


class Column(NamedTuple):
    """A column of a table."""

    name: str
    kind: Kind


class Place(NamedTuple):
    """Where a line stands: its number in the table, the log, the file as it was called then, and the line in it."""

    seq: int
    log: str
    file: str
    line: int


def _columns(kinds: Mapping[str, Kind]) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in kinds.items())


ADMISSIONS = _columns(
    {
        "seq": "whole",
        "time": "instant",
        "hour": "text",
        "admission": "text",
        "policy_revision": "text",
        "mode": "text",
        "now": "text",
        "as_of": "text",
        "query_digest": "text",
        "counts": "json",
        "surplus": "whole",
        "seconds": "number",
        "documents": "whole",
        "admitted": "whole",
        "blocked": "whole",
        "shortfall": "json",
        "findings": "json",
        "valid_until": "text",
        "reading": "text",
        "masked": "json",
        "query": "text",
        "pid": "whole",
        "asker_user": "text",
        "asker_tenant": "text",
        "asker_session": "text",
        "asker_run": "text",
        "chain": "text",
        "chain_n": "whole",
        "chain_prev": "text",
        "digest": "text",
        "log": "text",
        "file": "text",
        "line": "whole",
        "notice": "text",
        "rest": "json",
        "raw": "bytes",
    }
)
DECISIONS = _columns(
    {
        "row": "whole",
        "seq": "whole",
        "time": "instant",
        "date": "text",
        "hour": "text",
        "mode": "text",
        "index": "whole",
        "action": "text",
        "source": "text",
        "uri": "text",
        "id": "text",
        "digest": "text",
        "assurance": "text",
        "issuer": "text",
        "modified": "text",
        "age_seconds": "number",
        "codes": "text",
        "errors": "text",
        "valid_until": "text",
        "undated": "json",
        "findings": "json",
        "edits": "json",
        "metadata_edits": "json",
        "withheld": "json",
        "verified": "json",
        "tokens": "json",
        "evidence": "json",
        "prompt_digest": "text",
        "text": "text",
        "rest": "json",
    }
)
SKIPPED = _columns(
    {"seq": "whole", "log": "text", "file": "text", "line": "whole", "notice": "text", "bytes": "whole", "raw": "bytes"}
)

_ASKERS = ("user", "tenant", "session", "run")
# What these findings say is sorted further by reports.
_STUDIED = frozenset(("P105", "F203"))
_SORTED_BY = ("role", "unreadable", "unsigned", "uncovered")
# Columns that carry the entry of their name.
_OF_ADMISSION: Mapping[str, Kind] = {
    column.name: column.kind
    for column in ADMISSIONS
    if column.name in AdmissionRecord.__annotations__ and column.name not in ("chain",)
}
_OF_DECISION: Mapping[str, Kind] = {
    column.name: column.kind for column in DECISIONS if column.name in DecisionRecord.__annotations__
}
# Of what every record has, these are null where nothing is said, and so are these where they are empty.
MAY_BE_NULL = frozenset(("as_of", "query_digest", "uri", "id", "issuer", "modified", "age_seconds"))
MAY_BE_EMPTY: Mapping[str, Callable[[], Any]] = {
    "counts": dict,
    "edits": list,
    "metadata_edits": dict,
    "withheld": list,
}


def admission_row(record: AdmissionRecord, place: Place, *, digest: str, notice: str | None) -> dict[str, Any]:
    """Return the row of an admission, without its decisions.

    Args:
        record: as the reader of logs returns it.
        place: where it stands.
        digest: by which the log's chain names it.
        notice: what else is wrong with its line.
    """
    row: dict[str, Any] = dict.fromkeys(names_of(ADMISSIONS))
    rest = _fill(row, record, _OF_ADMISSION)
    del rest["decisions"]
    if rest.get("schema") == SCHEMA:
        del rest["schema"]
    if rest.get("type") == "admission":
        del rest["type"]
    _fill_askers(row, rest)
    _fill_chain(row, rest)
    decisions = record["decisions"]
    row["time"], row["hour"] = instant_of(record["now"]), hour_of(record["now"])
    row["documents"] = len(decisions)
    row["admitted"] = sum(decision["action"] == "admit" for decision in decisions)
    row["blocked"] = sum(_is_blocked(decision) for decision in decisions)
    row["digest"], row["notice"] = digest, notice
    row["seq"], row["log"], row["file"], row["line"] = place
    row["rest"] = dump(rest) if rest else None
    return row


def decision_row(decision: DecisionRecord, admission: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return the row of a decision.

    Args:
        decision: as the reader of logs returns it.
        admission: the row of its admission.
        number: of the row, in the whole table.
    """
    row: dict[str, Any] = dict.fromkeys(names_of(DECISIONS))
    rest = _fill(row, decision, _OF_DECISION)
    row["row"] = number
    for name in ("seq", "time", "hour", "mode"):
        row[name] = admission[name]
    row["date"] = admission["now"][:10]
    row["codes"] = " ".join(finding["code"] for finding in decision["findings"])
    row["errors"] = " ".join(error_codes(decision))
    row["valid_until"] = _valid_until(decision)
    row["undated"] = _undated(decision)
    row["rest"] = dump(rest) if rest else None
    return row


def instant_of(now: str) -> datetime | None:
    """Return the instant of a record in UTC; None if it cannot be read."""
    try:
        instant = read_instant(now)
    except ValueError:
        return None
    try:
        return instant.astimezone(timezone.utc)
    except OverflowError:  # within a day of the end of all dates
        least, most = (date.replace(tzinfo=timezone.utc) for date in (datetime.min, datetime.max))  # noqa: DTZ901
        return least if instant.year == 1 else most


def hour_of(now: str) -> str | None:
    """Return the hour of a record, as scorecards have it; None if there is none."""
    try:
        return f"{datetime.fromisoformat(now):%Y-%m-%d %H}:00"
    except ValueError:
        return None


def _fill(row: dict[str, Any], record: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Put the entries of a record into their columns, and return those that no column carries."""
    rest: dict[str, Any] = {}
    for name, value in record.items():
        kind = kinds.get(name)
        if kind is None:
            rest[name] = value
        elif value is None:
            if name not in MAY_BE_NULL:
                rest[name] = None
        elif kind == "json":
            if value or name not in MAY_BE_EMPTY:
                row[name] = dump(value)
        elif _is_carried(value, kind):
            row[name] = _CARRIED[kind](value)
        else:
            rest[name] = value
    return rest


def _is_carried(value: object, kind: Kind) -> bool:
    """Return whether a value is of the kind of a column, which for some entries nobody has looked at."""
    if kind == "text":
        return isinstance(value, str)
    return fits(value) if kind == "whole" else type(value) is float or fits(value)


_CARRIED: Mapping[Kind, Callable[[Any], Any]] = {"text": replace_surrogates, "whole": int, "number": float}


def _fill_askers(row: dict[str, Any], rest: dict[str, Any]) -> None:
    asker: Mapping[str, str] = rest.get("asker", {})
    for role in _ASKERS:
        if role in asker:
            row[f"asker_{role}"] = replace_surrogates(asker[role])
    if asker and set(_ASKERS).issuperset(asker):
        del rest["asker"]


def _fill_chain(row: dict[str, Any], rest: dict[str, Any]) -> None:
    chain: Mapping[str, Any] = rest.get("chain", {})
    name, number, previous = chain.get("id"), chain.get("n"), chain.get("prev")
    if not isinstance(name, str) or not fits(number) or not (previous is None or isinstance(previous, str)):
        return
    row["chain"], row["chain_n"] = replace_surrogates(name), number
    row["chain_prev"] = replace_surrogates(previous) if previous is not None else None
    if len(chain) == len(("id", "n", "prev")):
        del rest["chain"]


def _is_blocked(decision: DecisionRecord) -> bool:
    """Return whether a document was dropped, or would have been."""
    return decision["action"] != "admit" or bool(error_codes(decision))


def _valid_until(decision: DecisionRecord) -> str | None:
    times = decision.get("evidence", {}).get("times", {})
    until = times["valid_until"][0] if "valid_until" in times else None
    return replace_surrogates(until) if isinstance(until, str) else None


def _undated(decision: DecisionRecord) -> str | None:
    """Return what reports look at of a document that was changed or has no date that counts."""
    details = [
        [one["code"], {name: one["detail"][name] for name in _SORTED_BY if name in one["detail"]}]
        for one in decision["findings"]
        if one["code"] in _STUDIED
    ]
    if not details:
        return None
    evidence = decision.get("evidence", {})
    said: dict[str, object] = {name: evidence[name] for name in ("unreadable", "time_like") if name in evidence}
    return dump({"details": details, **said})


def names_of(columns: Sequence[Column]) -> list[str]:
    """Return the names of columns."""
    return [column.name for column in columns]

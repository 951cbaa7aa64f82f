"""Tables of terms: CSV and TSV as spreadsheets write them, and lists of records in JSON and YAML."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from headgate.errors import PolicyError
from headgate.policy.documents import Steps
from headgate.terminology.columns import Columns, find_columns
from headgate.terminology.concepts import Concept
from headgate.terminology.formats import FileModel, GlossaryFile, TermModel, concept_of, explain
from headgate.terminology.remarks import Remark, looks_like_a_list, on_one_alias, refuse

__all__ = ["HEADER_WITHIN", "find_header", "is_table", "no_columns", "read_below", "read_records", "read_table"]

_SEP = re.compile(r"[ ]*\"?sep=(.)\"?[;,\t ]*\r?\n", re.IGNORECASE)
_DELIMITERS = (",", ";", "\t", "|")
HEADER_WITHIN = 10
"""In how many rows from the top the columns are looked for."""
_HEAD_CHARS = 20_000
_FIRST_OF_FORMULAS = frozenset("=#'")
_FORMULA = re.compile(r"=\s*[\w+(\"'@\[{#$!-]")
_QUOTED = re.compile("'+[=+@-]")
_ERROR = re.compile(r"#(?:NAME\?|REF!|VALUE!|DIV/0!|NULL!|NUM!|N/A|SPILL!|CALC!)")
_COMMA = re.compile(r",(?!\d)|(?<!\d),")
_HEADER_REMEDY = "Name the columns in the first row: canonical,alias. Known too: term, synonyms, from, to and the like."
_LIST_REMEDY = "For several, name the column `aliases`, or put | between them."
_MOST_SHOWN = 8


def read_table(text: str, file: str | None) -> GlossaryFile:
    """Return what a table of terms says, a row for each term or each alias.

    The longest field is what the process allows (`csv.field_size_limit`), which is not ours to change.

    Args:
        text: the whole file.
        file: its name.

    Raises:
        PolicyError: with every problem, its line and the remedy.
    """
    declared = _SEP.match(text)
    skipped = declared.end() if declared is not None else 0
    delimiter, columns, header_line = _layout(text[skipped : skipped + _HEAD_CHARS], declared and declared[1])
    rows = _Rows(columns, file)
    # The declaration of the separator is a line, too.
    lines_before = int(declared is not None)
    line = lines_before + header_line + 1
    reader = _reader(text[skipped:], delimiter)
    try:
        for row in reader:
            if reader.line_num > header_line:
                rows.add(row, lines_before + reader.line_num)
            line = lines_before + reader.line_num + 1
    except csv.Error as error:
        # Where the row begins: a quote that is not closed swallows the lines up to the end of the file.
        rows.problems.append(PolicyError(f"this is not CSV: {error}.", "Check the quotes.", file=file, line=line))
    return rows.finish(lines_before + header_line)


def is_table(text: str) -> bool:
    """Return whether a text begins like a table of terms: with a row that names its columns."""
    head = text[:_HEAD_CHARS]
    if _SEP.match(head) is not None:
        return True
    return any(find_columns(row) for delimiter in _DELIMITERS for row, _ in _first_rows(head, delimiter))


def read_records(
    records: Sequence[Mapping[str, object]], file: str | None, line_of: Callable[[int], int | None]
) -> GlossaryFile:
    """Return what a list of records says, such as `[{"term": ..., "synonyms": [...]}]`.

    Raises:
        PolicyError: as `read_table`.
    """
    names = list(dict.fromkeys(str(name) for record in records for name in record))
    columns = find_columns(names)
    if columns is None:
        raise no_columns(names, line_of(0))
    rows = _Rows(columns, file)
    for number, record in enumerate(records):
        rows.add([_cell(record.get(name)) for name in names], line_of(number))
    return rows.finish(line_of(0))


def find_header(rows: Sequence[tuple[int, Sequence[str]]]) -> tuple[Columns, int] | None:
    """Return the columns and the line of the first row at the top of a table that names them, or None."""
    for line, row in rows[:HEADER_WITHIN]:
        columns = find_columns(row)
        if columns is not None:
            return columns, line
    return None


def read_below(
    columns: Columns, rows: Iterable[tuple[int, Sequence[str]]], header_line: int, file: str | None, place: Steps
) -> GlossaryFile:
    """Return what the rows below a header say, each with its line.

    Args:
        columns: what the header names.
        rows: all rows that are left.
        header_line: the line of the header.
        file: the file's name.
        place: where in the file, such as the name of a sheet.

    Raises:
        PolicyError: as `read_table`.
    """
    found = _Rows(columns, file, place)
    for line, row in rows:
        found.add(row, line)
    return found.finish(header_line)


def _cell(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "\n".join(str(one) for one in value)
    return "" if value is None else str(value)


def _reader(text: str, delimiter: str) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)


def _layout(head: str, declared: str | None) -> tuple[str, Columns, int]:
    """Return the separator, the columns and the line of the header.

    Nothing is counted or guessed: the separator is the one with which a row at the top names the columns.
    """
    widest: list[str] = []
    for delimiter in (declared,) if declared else _DELIMITERS:
        for row, line in _first_rows(head, delimiter):
            columns = find_columns(row)
            if columns is not None:
                return delimiter, columns, line
            widest = max(widest, row, key=len)
    raise no_columns(widest, 1)


def _first_rows(head: str, delimiter: str) -> Iterator[tuple[list[str], int]]:
    reader = _reader(head, delimiter)
    try:
        for row in reader:
            yield row, reader.line_num
            if reader.line_num >= HEADER_WITHIN:
                return
    except csv.Error:
        return


def no_columns(found: Sequence[str], line: int | None) -> PolicyError:
    """Return what is wrong with a table of which no row names the columns.

    Args:
        found: the row that names most.
        line: its line.
    """
    shown = ", ".join(repr(name.strip()[:40]) for name in found[:_MOST_SHOWN] if name.strip()) or "nothing"
    problem = f"a table of terms has the columns canonical and alias; found here: {shown}."
    return PolicyError(problem, _HEADER_REMEDY, line=line)


class _Rows:
    """Gathers rows to concepts: those that differ only in their alias are one."""

    def __init__(self, columns: Columns, file: str | None, place: Steps = ()) -> None:
        self.problems: list[PolicyError] = []
        self._columns, self._file, self._place = columns, file, place
        self._settings = tuple(columns.settings.items())
        self._unsplit: list[tuple[int | None, str]] = []
        self._found: dict[tuple[str, tuple[str, ...]], tuple[int | None, list[str]]] = {}
        # Tables have few different settings.
        self._models: dict[tuple[str, ...], TermModel | None] = {}

    def add(self, row: Sequence[str], line: int | None) -> None:
        """Take a row; spreadsheets leave empty ones, and rows that are too short or too long."""
        columns = self._columns
        canonical = row[columns.canonical].strip() if columns.canonical < len(row) else ""
        aliases: list[str] = []
        for at, may_list in columns.aliases:
            if at < len(row) and row[at]:
                listed = _listed(row[at], may_list=may_list)
                aliases += listed
                if not may_list:
                    self._unsplit += [(line, alias) for alias in listed if looks_like_a_list(alias)]
        if not canonical or not aliases:
            if any(value and not value.isspace() for value in row):
                self._note_gap(canonical, line)
            return
        if canonical[0] in _FIRST_OF_FORMULAS or any(alias[0] in _FIRST_OF_FORMULAS for alias in aliases):
            canonical, aliases = self._without_formulas(canonical, aliases, line)
        given = self._given(row) if self._settings else ()
        if self._model(given, line) is None:
            return
        key = (canonical, given)
        known = self._found.get(key)
        if known is None:
            self._found[key] = (line, aliases)
        else:
            known[1].extend(aliases)

    def _given(self, row: Sequence[str]) -> tuple[str, ...]:
        return tuple([row[at].strip() if at < len(row) else "" for _, at in self._settings])

    def _note_gap(self, canonical: str, line: int | None) -> None:
        if canonical:
            problem = PolicyError(f"{canonical!r} has no alias.", "Add one, or remove the row.")
        else:
            problem = PolicyError("the row has no canonical term.", "Write it in every row; merged cells lose it.")
        self._note(problem, line)

    def _note(self, problem: PolicyError, line: int | None) -> None:
        self.problems.append(problem.under(*self._place).at(self._file, line))

    def _without_formulas(self, canonical: str, aliases: list[str], line: int | None) -> tuple[str, list[str]]:
        for text in (canonical, *aliases):
            if _FORMULA.match(text) or _ERROR.fullmatch(text):
                what = "a formula" if text[0] == "=" else "an error of a spreadsheet"
                problem = f"{text[:40]!r} is {what}, which is never calculated here."
                remedy = "Paste its value, or put ' before it if it is a term."
                self._note(PolicyError(problem, remedy), line)
        return _unquoted(canonical), [_unquoted(alias) for alias in aliases]

    def _model(self, given: tuple[str, ...], line: int | None) -> TermModel | None:
        """Return the settings of a row; None if they are wrong, which is noted."""
        if given not in self._models:
            entry: dict[str, object] = {"canonical": "x", "aliases": ["x"]}
            for (name, _), value in zip(self._settings, given, strict=True):
                if value:
                    entry[name] = _listed(value, may_list=True) if name in _LISTS else _plain_value(value)
            try:
                self._models[given] = TermModel.model_validate(entry)
            except ValidationError as error:
                for one in explain(error, TermModel):
                    self._note(one, line)
                return None
        return self._models[given]

    def finish(self, header_line: int | None) -> GlossaryFile:
        """Return what was gathered.

        Raises:
            PolicyError: there were problems.
        """
        for name, meant in self._columns.misspelt:
            self._note(PolicyError(f"unknown column {name!r}.", f"Did you mean {meant!r}?"), header_line)
        remarks: tuple[Remark, ...] = ()
        if self._columns.ignored:
            text = f"columns without a meaning here, passed over: {', '.join(self._columns.ignored)[:200]}."
            remarks = (Remark("column", text, self._file, header_line),)
        remarks += on_one_alias(self._unsplit, _LIST_REMEDY, self._file)
        refuse(self.problems, remarks)
        return GlossaryFile(tuple(self._concepts()), remarks=remarks)

    def _concepts(self) -> Iterator[Concept]:
        defaults = FileModel()
        plain = {given: concept_of(model, defaults, (), None, None) for given, model in self._models.items() if model}
        for (canonical, given), (line, aliases) in self._found.items():
            like = plain[given]
            yield Concept(
                canonical=canonical,
                aliases=tuple(aliases),
                path=self._place,
                file=self._file,
                line=line,
                **{name: getattr(like, name) for name, _ in self._settings},
            )


_LISTS = frozenset(name for name, field in TermModel.model_fields.items() if field.default == ())


def _plain_value(value: str) -> object:
    lowered = value.lower()
    # As spreadsheets write what was entered as true or false.
    return {"true": True, "false": False, "wahr": True, "falsch": False, "vrai": True, "faux": False}.get(
        lowered, lowered
    )


def _listed(cell: str, *, may_list: bool) -> list[str]:
    """Return what a cell lists: by lines, bars or semicolons; by commas, where a column's name says that it lists."""
    if "\n" in cell:
        parts = cell.splitlines()
    elif "|" in cell:
        parts = cell.split("|")
    elif may_list and ";" in cell:
        parts = cell.split(";")
    elif may_list and "," in cell:
        parts = _COMMA.split(cell)
    else:
        parts = [cell]
    return [part for part in map(str.strip, parts) if part]


def _unquoted(text: str) -> str:
    """Return a term without the sign that keeps spreadsheets from calculating it."""
    return text[1:] if _QUOTED.match(text) else text

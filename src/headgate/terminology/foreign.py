"""Files that are glossaries of a kind that is not read, or none: named, with the way to convert them; never parsed."""

from __future__ import annotations

import re

from headgate.errors import PolicyError

__all__ = ["foreign_problem", "foreign_text_problem"]

_EXCEL = (
    "this is not an Excel workbook that can be read (.xlsx).",
    "Save it as .xlsx, or the sheet as `CSV UTF-8` (File, Save As), with the columns canonical and alias.",
)
_OPEN_DOCUMENT = ("this is an OpenDocument spreadsheet.", "Save the sheet as CSV, with the character set UTF-8.")
_MAGIC = (
    (b"\xd0\xcf\x11\xe0", ("this is an old Excel workbook (.xls), or another Office file.", _EXCEL[1])),
    (b"PK\x03\x04", ("this is a ZIP archive, and not an Excel workbook.", _EXCEL[1])),
    (b"\x1f\x8b", ("this is compressed (gzip).", "Decompress it: gunzip FILE.")),
    (b"%PDF", ("this is a PDF.", "Write the terms as CSV, with the columns canonical and alias.")),
    (b"PAR1", ("this is Parquet.", "Write it as CSV: pandas.read_parquet(FILE).to_csv(NEW, index=False).")),
    (b"SQLite format 3", ("this is an SQLite database.", "Export the table: sqlite3 -header -csv FILE 'SELECT ...'.")),
)
_SPREADSHEETS = {".xlsx": _EXCEL, ".xlsm": _EXCEL, ".xlsb": _EXCEL, ".xls": _EXCEL, ".ods": _OPEN_DOCUMENT}
_GRAPHS = {".trig": "TriG", ".nq": "N-Quads", ".trix": "TriX", ".n3": "Notation3"}
_XML_KINDS = (
    (re.compile(r"<tmx\b", re.IGNORECASE), "TMX, a translation memory", "the pairs you want"),
    (re.compile(r"<xliff\b", re.IGNORECASE), "XLIFF, a file of translations", "the pairs you want"),
    (re.compile(r"<!doctype html|<html\b", re.IGNORECASE), "an HTML page", "the terms of its table"),
)
_WORDNET = re.compile(r"\s*s\(\d+,\d+,'")
_HEAD = 4_096


def foreign_problem(data: bytes, suffix: str) -> PolicyError | None:
    """Return what is wrong with a file that is not text, or None.

    Args:
        data: the file.
        suffix: how its name ends, in lower case.
    """
    for magic, (problem, remedy) in _MAGIC:
        if data.startswith(magic):
            return PolicyError(*_SPREADSHEETS.get(suffix, (problem, remedy)))
    return PolicyError(*_SPREADSHEETS[suffix]) if suffix in _SPREADSHEETS else None


def foreign_text_problem(text: str, suffix: str) -> PolicyError | None:
    """Return what is wrong with a text in a format that is not read, or None.

    Args:
        text: the file's text.
        suffix: how its name ends, in lower case.
    """
    head = text[:_HEAD]
    if head.lstrip("\ufeff \t\r\n").startswith("<"):
        return _xml_problem(head)
    if suffix in _GRAPHS:
        problem = f"this is {_GRAPHS[suffix]}, which is not read."
        return PolicyError(problem, "Write the graph of terms as Turtle (.ttl), with `riot` or rdflib.", line=1)
    if _WORDNET.match(head):
        problem = "these are WordNet synonyms (Prolog), which are not read."
        return PolicyError(problem, "Write Solr synonyms: old, older => new.", line=1)
    if suffix == ".jsonl":
        return PolicyError("this is JSON Lines.", "Make it one JSON array: jq -s . FILE > NEW.json.", line=1)
    return None


def _xml_problem(head: str) -> PolicyError:
    kind, what = next(
        ((name, what) for pattern, name, what in _XML_KINDS if pattern.search(head)), ("XML", "the terms")
    )
    problem = f"this is {kind}, which is not read."
    return PolicyError(problem, f"Export {what} as CSV, with the columns canonical and alias.", line=1)

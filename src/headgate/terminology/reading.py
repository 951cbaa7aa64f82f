"""From a glossary file to what it says: which format it is in, by its name and content."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from headgate.encoding import safe_uri
from headgate.errors import PolicyError
from headgate.files import read_config_bytes
from headgate.limits import DEFAULT_LIMITS
from headgate.policy.documents import OLD_TRUTHS, Steps, YamlDocument, parse_yaml
from headgate.terminology.encodings import decode
from headgate.terminology.foreign import foreign_problem, foreign_text_problem
from headgate.terminology.formats import GlossaryFile, build
from headgate.terminology.metrics import is_dbt, read_dbt
from headgate.terminology.plain_yaml import read_plain
from headgate.terminology.recognising import graph_form, xml_form
from headgate.terminology.remarks import Remark
from headgate.terminology.skos import is_json_ld, read_skos
from headgate.terminology.synonyms import has_synonym_lists, read_synonyms, synonyms_in
from headgate.terminology.tables import is_table, read_records, read_table
from headgate.terminology.tbx import read_tbx
from headgate.terminology.vale import is_vale, read_vale
from headgate.terminology.workbooks import is_workbook, read_workbook

__all__ = ["parse_glossary", "read_glossary_bytes", "read_glossary_file"]

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # a path has one slash of the two left
_TABLES = frozenset((".csv", ".tsv", ".tab"))
_SYNONYMS = frozenset((".txt", ".syn", ".synonyms"))
_YAML = frozenset((".yaml", ".yml"))
_JSON = frozenset((".json", ".jsonld"))
_ENTRY_DEPTH = 2
"""`terms`, then the entry: how deep lines are kept while nothing is wrong."""


def read_glossary_file(path: Path, encoding: str | None = None, languages: Sequence[str] = ()) -> GlossaryFile:
    """Return what a glossary file says, whatever of the formats that are read it is in.

    Args:
        path: the file.
        encoding: what it is in, if it is not UTF-8 and has no byte order mark.
        languages: the languages that are wanted of a file that has several.

    Raises:
        PolicyError: with every problem, its line and the remedy.
    """
    return parse_glossary(read_glossary_bytes(path), path, encoding, languages)


def read_glossary_bytes(path: Path) -> bytes:
    """Return the content of a glossary file.

    Raises:
        PolicyError: it is missing, unreadable or too long, or an address: nothing is fetched.
    """
    if _ADDRESS.match(str(path)):
        problem = "a glossary is a file; nothing is fetched from an address."
        raise PolicyError(problem, "Download it, and name the file.", file=safe_uri(str(path)))
    return read_config_bytes(path, DEFAULT_LIMITS.glossary_bytes)


def parse_glossary(data: bytes, path: Path, encoding: str | None = None, languages: Sequence[str] = ()) -> GlossaryFile:
    """Return what the content of a glossary file says; as `read_glossary_file`.

    Args:
        data: the content.
        path: the file's name, which says what it is and stands in messages.
        encoding: what it is in.
        languages: the languages that are wanted of a file that has several.
    """
    file = str(path)
    try:
        return _read(data, file, path.suffix.lower(), encoding, tuple(languages))
    except PolicyError as error:
        others = tuple(other.at(file) for other in error.others)
        raise PolicyError(error.problem, error.remedy, error.path, error.file or file, error.line, others) from None


def _read(data: bytes, file: str, suffix: str, encoding: str | None, languages: tuple[str, ...]) -> GlossaryFile:
    form = xml_form(data, suffix)
    if form == "tbx":
        return read_tbx(data, file, languages, encoding)
    if form == "rdf":
        # What it is in, it says itself; here the text is for lines only.
        return read_skos(data, data.decode("utf-8", "replace"), "xml", file, languages, encoding)
    if is_workbook(data):
        return _in_no_language(read_workbook(data, file), file, languages)
    _refuse_foreign(foreign_problem(data, suffix))
    text = decode(data, encoding)
    graph = graph_form(text, suffix)
    document = _Json(text) if suffix in _JSON else None
    if graph is None and document is not None and is_json_ld(document.value):
        graph = "json-ld"
    if graph is not None:
        return read_skos(data, text, graph, file, languages)
    _refuse_foreign(foreign_text_problem(text, suffix))
    found = _structured(document, file) if document is not None else _parse(text, file, suffix)
    return _in_no_language(found, file, languages)


def _refuse_foreign(problem: PolicyError | None) -> None:
    if problem is not None:
        raise problem


def _in_no_language(found: GlossaryFile, file: str, languages: tuple[str, ...]) -> GlossaryFile:
    """Return a glossary of a format without languages, with a remark where one was chosen."""
    if not languages:
        return found
    remark = Remark("language", f"a file of this format has no languages, and {languages[0]!r} chooses nothing.", file)
    return replace(found, remarks=(*found.remarks, remark))


def _parse(text: str, file: str, suffix: str) -> GlossaryFile:
    if suffix in _TABLES:
        return read_table(text, file)
    if suffix not in _YAML:
        # "Unicode text" of Excel is a table that is called .txt.
        if is_table(text):
            return read_table(text, file)
        if suffix in _SYNONYMS or _has_arrow(text):
            return read_synonyms(enumerate(text.split("\n"), 1), file)
    return _structured(_Yaml(text), file)


def _has_arrow(text: str) -> bool:
    return "=>" in text and any("=>" in line and not line.startswith("#") for line in text.split("\n"))


class _Yaml:
    """A YAML document: with the lines of its entries, and of everything in them once something is wrong."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._document = read_plain(text) or parse_yaml(text, is_large=True, line_depth=_ENTRY_DEPTH, quoted=OLD_TRUTHS)
        self._whole: YamlDocument | None = None
        self.value = self._document.value

    def line_of(self, path: Steps) -> int | None:
        """Return the line of a place."""
        if len(path) <= _ENTRY_DEPTH:
            return self._document.line_of(path)
        self._whole = self._whole or parse_yaml(self._text, is_large=True, quoted=OLD_TRUTHS)
        return self._whole.line_of(path)


class _Json:
    """A JSON document. Once a line is asked for it is read as YAML, which valid JSON is but for its tabs."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: _Yaml | None = None
        self._is_asked = False
        try:
            self.value = json.loads(text, object_pairs_hook=_without_twins)
        except json.JSONDecodeError as error:
            raise PolicyError(f"this is not JSON: {error.msg}.", "", line=error.lineno) from None
        except _Twice as error:
            line = text.count("\n", 0, text.rfind(json.dumps(error.key, ensure_ascii=False))) + 1
            raise PolicyError(f"the key {error.key[:60]!r} is here twice.", "Keep one.", line=line) from None
        except (ValueError, RecursionError) as error:  # numbers without end, nesting without end
            raise PolicyError(f"this is not JSON that can be read ({type(error).__name__}).", "", line=1) from None

    def line_of(self, path: Steps) -> int | None:
        """Return the line of a place."""
        if not self._is_asked:
            self._is_asked = True
            # A key of more than a thousand characters is one of JSON and none of YAML.
            with suppress(PolicyError):
                self._lines = _Yaml(self._text.replace("\t", " "))
        return self._lines.line_of(path) if self._lines is not None else None


class _Twice(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        raise _Twice(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found


def _structured(document: _Yaml | _Json, file: str) -> GlossaryFile:
    value = document.value
    is_native = isinstance(value, Mapping) and bool({"terms", "renames"} & value.keys())
    if is_native:
        return build(value, file, document.line_of)
    if is_dbt(value):
        return read_dbt(value, file, document.line_of)
    if is_vale(value):
        return read_vale(value, file, document.line_of)
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        return read_records(value, file, lambda number: document.line_of((number,)))
    if has_synonym_lists(value):
        return read_synonyms(((None, line) for line in synonyms_in(value)), file)
    return build(value, file, document.line_of)

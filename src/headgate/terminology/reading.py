"""From a glossary file to what it says: which format it is in, by its name and content."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
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
from headgate.terminology.plain_yaml import read_plain
from headgate.terminology.synonyms import has_synonym_lists, read_synonyms, synonyms_in
from headgate.terminology.tables import is_table, read_records, read_table
from headgate.terminology.vale import is_vale, read_vale

__all__ = ["parse_glossary", "read_glossary_bytes", "read_glossary_file"]

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # a path has one slash of the two left
_TABLES = frozenset((".csv", ".tsv", ".tab"))
_SYNONYMS = frozenset((".txt", ".syn", ".synonyms"))
_YAML = frozenset((".yaml", ".yml"))
_ENTRY_DEPTH = 2
"""`terms`, then the entry: how deep lines are kept while nothing is wrong."""


def read_glossary_file(path: Path, encoding: str | None = None) -> GlossaryFile:
    """Return what a glossary file says: YAML, JSON, CSV or TSV, Solr synonyms, or a Vale substitution rule.

    Args:
        path: the file.
        encoding: what it is in, if it is not UTF-8 and has no byte order mark.

    Raises:
        PolicyError: with every problem, its line and the remedy.
    """
    return parse_glossary(read_glossary_bytes(path), path, encoding)


def read_glossary_bytes(path: Path) -> bytes:
    """Return the content of a glossary file.

    Raises:
        PolicyError: it is missing, unreadable or too long, or an address: nothing is fetched.
    """
    if _ADDRESS.match(str(path)):
        problem = "a glossary is a file; nothing is fetched from an address."
        raise PolicyError(problem, "Download it, and name the file.", file=safe_uri(str(path)))
    return read_config_bytes(path, DEFAULT_LIMITS.glossary_bytes)


def parse_glossary(data: bytes, path: Path, encoding: str | None = None) -> GlossaryFile:
    """Return what the content of a glossary file says; as `read_glossary_file`.

    Args:
        data: the content.
        path: the file's name, which says what it is and stands in messages.
        encoding: what it is in.
    """
    file, suffix = str(path), path.suffix.lower()
    try:
        foreign = foreign_problem(data, suffix)
        if foreign is None:
            text = decode(data, encoding)
            foreign = foreign_text_problem(text, suffix)
        if foreign is not None:
            raise foreign
        return _parse(text, file, suffix)
    except PolicyError as error:
        others = tuple(other.at(file) for other in error.others)
        raise PolicyError(error.problem, error.remedy, error.path, error.file or file, error.line, others) from None


def _parse(text: str, file: str, suffix: str) -> GlossaryFile:
    if suffix in _TABLES:
        return read_table(text, file)
    if suffix == ".json":
        return _structured(_Json(text), file)
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
    if is_vale(value):
        return read_vale(value, file, document.line_of)
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        return read_records(value, file, lambda number: document.line_of((number,)))
    if has_synonym_lists(value):
        return read_synonyms(((None, line) for line in synonyms_in(value)), file)
    return build(value, file, document.line_of)

"""Names of data: the semantic models, metrics and columns of dbt and MetricFlow, with the synonyms in their `meta`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from headgate.errors import PolicyError
from headgate.policy.documents import Steps
from headgate.terminology.formats import GlossaryFile
from headgate.terminology.languages import Entry, Label, in_languages
from headgate.terminology.remarks import Remark, refuse

__all__ = ["is_dbt", "read_dbt"]

_TOP = ("semantic_models", "metrics", "models", "saved_queries", "sources", "seeds", "snapshots", "exposures")
_ONE = ("semantic_model", "metric")
_INNER = ("entities", "dimensions", "measures", "metrics", "columns", "tables", "derived_semantics")
_SYNONYMS = ("synonyms", "synonym")
_EXPRESSION = re.compile(r"\{[{%]")
_SEPARATOR = re.compile(r"[,;\n]")
_MOST_DEPTH = 6
_EXAMPLE = "Write `synonyms: [first, second]`."


def is_dbt(value: object) -> bool:
    """Return whether a YAML or JSON value describes models or metrics as dbt and MetricFlow do."""
    if not isinstance(value, Mapping):
        return False
    return any(_items(value.get(key)) for key in _TOP) or any(
        isinstance(value.get(key), Mapping) and "name" in value[key] for key in _ONE
    )


def read_dbt(value: Any, file: str | None, line_of: Callable[[Steps], int | None]) -> GlossaryFile:
    """Return what a file of dbt or MetricFlow says things are called.

    The `label` is canonical, or the name with blanks for its underscores. Aliases are the synonyms in `meta` or
    `config.meta`, and beside a label the name, if it is of several words: a single one may be any word.

    Args:
        value: the whole document.
        file: the file's name.
        line_of: tells the line of a place in it.

    Raises:
        PolicyError: with every problem, its line and the remedy.
    """
    reading = _Reading(file, line_of)
    reading.read(value, (), (*_TOP, *_ONE))
    refuse(reading.problems, reading.remarks)
    return in_languages(reading.entries, (), file, reading.remarks)


def _items(value: Any) -> list[tuple[str | int, Mapping[str, Any]]]:
    """Return the items of a list, or of a mapping by unique ids, as dbt's manifests have it."""
    if isinstance(value, list):
        pairs: Sequence[tuple[Any, Any]] = list(enumerate(value))
    else:
        pairs = list(value.items()) if isinstance(value, Mapping) else []
    return [(key, one) for key, one in pairs if isinstance(one, Mapping) and isinstance(one.get("name"), str)]


class _Reading:
    def __init__(self, file: str | None, line_of: Callable[[Steps], int | None]) -> None:
        self.entries: list[Entry] = []
        self.problems: list[PolicyError] = []
        self.remarks: list[Remark] = []
        self._file, self._line_of = file, line_of

    def read(self, value: Mapping[str, Any], path: Steps, keys: Sequence[str]) -> None:
        """Take everything that has a name, and what is below it."""
        for key in keys:
            given = value.get(key)
            if key in _ONE or key == "derived_semantics":
                items = [((*path, key), given)] if isinstance(given, Mapping) else []
            else:
                items = [((*path, key, at), item) for at, item in _items(given)]
            for place, item in items:
                if isinstance(item.get("name"), str):
                    self._take(item, place)
                if len(place) <= 2 * _MOST_DEPTH:
                    self.read(item, place, _INNER)

    def _take(self, item: Mapping[str, Any], path: Steps) -> None:
        words = " ".join(item["name"].replace("_", " ").split())
        label = item.get("label")
        canonical = " ".join(label.split()) if isinstance(label, str) and label.strip() else words
        line = self._line_of(path)
        if _EXPRESSION.search(canonical):
            text = f"the label {canonical[:60]!r} is an expression, which is never evaluated; it is left out."
            self.remarks.append(Remark("expression", text, self._file, line))
            return
        aliases = list(self._synonyms(item, path))
        if " " in words:
            aliases.append(words)
        # All aliases are kept as they are written, with the names of columns that say so in their own words.
        self.entries.append(
            Entry([Label(canonical, "", line)], [Label(alias, "", line) for alias in dict.fromkeys(aliases)])
        )

    def _synonyms(self, item: Mapping[str, Any], path: Steps) -> Iterator[str]:
        config = item.get("config")
        places: list[tuple[Steps, Any]] = [((*path, "meta"), item.get("meta"))]
        if isinstance(config, Mapping):
            places.append(((*path, "config", "meta"), config.get("meta")))
        for place, meta in places:
            for key in _SYNONYMS:
                if isinstance(meta, Mapping) and meta.get(key) is not None:
                    yield from self._listed(meta[key], (*place, key))

    def _listed(self, given: Any, path: Steps) -> Iterator[str]:
        values = _SEPARATOR.split(given) if isinstance(given, str) else given
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            problem = "synonyms are a list of strings."
            self.problems.append(PolicyError(problem, _EXAMPLE, path, self._file, self._line_of(path)))
            return
        yield from (text for text in (" ".join(one.split()) for one in values) if text)

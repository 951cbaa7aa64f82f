"""A glossary written for other programs, and for this one: YAML, JSON, CSV, TSV, Solr synonyms, Vale, renames."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from headgate.terminology.concepts import Concept

__all__ = ["FORMATS", "write_glossary"]

# Where a concept is in its file is not part of what it says.
_SETTINGS = tuple(one for one in fields(Concept) if one.name not in ("canonical", "aliases", "path", "file", "line"))
_CALCULATED = re.compile("'*[=+@-]")
_SPECIAL = re.compile(r"([\\,#]|=>)")
_EXPRESSION = re.compile(r"([\\.+*?()|\[\]{}^$])")


def write_glossary(
    concepts: Sequence[Concept],
    form: str,
    *,
    report_ambiguous: bool = False,
    fuzzy: str = "off",
    ordinary: Sequence[str] = (),
) -> tuple[str, list[str]]:
    """Return concepts as a file, and what of them that format cannot say.

    Args:
        concepts: the concepts.
        form: one of `FORMATS`.
        report_ambiguous: whether an alias of several concepts is reported rather than refused.
        fuzzy: what is done with near misses.
        ordinary: words that are not near misses.

    Raises:
        KeyError: there is no such format.
    """
    text, losses = FORMATS[form](concepts)
    settings: dict[str, Any] = {"ambiguous": "report"} if report_ambiguous else {}
    settings |= {"fuzzy": fuzzy} if fuzzy != "off" else {}
    settings |= {"ordinary": list(ordinary)} if ordinary else {}
    if form == "yaml":
        # Words of ours need no quotation marks.
        head = "".join(f"{name}: {one if isinstance(one, str) else _quoted(one)}\n" for name, one in settings.items())
        text = head + text
    elif form == "json":
        head = "".join(f"  {json.dumps(name)}: {_quoted(value)},\n" for name, value in settings.items())
        text = text.replace("{\n", f"{{\n{head}", 1)
    else:
        losses += [f"`{name}` of the whole glossary" for name in settings]
    return text, losses


def _settings_of(concept: Concept) -> dict[str, Any]:
    found = {}
    for one in _SETTINGS:
        value = getattr(concept, one.name)
        if value != _default(one):
            found[one.name] = sorted(value) if isinstance(value, frozenset) else value
    return found


def _default(field: Any) -> Any:
    return field.default_factory() if callable(field.default_factory) else field.default


def _entries(concepts: Sequence[Concept]) -> Any:
    """Return the value of `terms:`: a mapping, or a list where one canonical term has several entries."""
    if len({concept.canonical for concept in concepts}) == len(concepts):
        return {concept.canonical: _entry(concept) for concept in concepts}
    return [
        {"canonical": concept.canonical, "aliases": list(concept.aliases), **_settings_of(concept)}
        for concept in concepts
    ]


def _entry(concept: Concept) -> Any:
    settings = _settings_of(concept)
    aliases = list(concept.aliases)
    return {"aliases": aliases, **settings} if settings else aliases


def _yaml(concepts: Sequence[Concept]) -> tuple[str, list[str]]:
    # Strings of JSON are strings of YAML, and whatever is in them is escaped.
    entries = _entries(concepts)
    lines = ["terms:" if concepts else "terms: {}"]
    if isinstance(entries, Mapping):
        lines += [f"  {_quoted(canonical)}: {_quoted(entry)}" for canonical, entry in entries.items()]
    else:
        lines += [f"  - {_quoted(entry)}" for entry in entries]
    return "\n".join(lines) + "\n", []


def _quoted(value: Any) -> str:
    # Escapes of two halves, as JSON writes what is beyond the first plane, mean two characters in YAML.
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff]", lambda sign: f"\\u{ord(sign[0]):04x}", text)


def _json(concepts: Sequence[Concept]) -> tuple[str, list[str]]:
    return json.dumps({"terms": _entries(concepts)}, indent=2, ensure_ascii=False) + "\n", []


def _table(delimiter: str) -> Callable[[Sequence[Concept]], tuple[str, list[str]]]:
    def write(concepts: Sequence[Concept]) -> tuple[str, list[str]]:
        used = [one.name for one in _SETTINGS if any(one.name in _settings_of(concept) for concept in concepts)]
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(["canonical", "alias", *used])
        losses = []
        for concept in concepts:
            cells = [_cell(getattr(concept, name)) for name in used]
            for alias in concept.aliases:
                if "|" in alias or "\n" in alias:
                    losses.append(f"{alias!r} of {concept.canonical!r}: a cell that holds | or a line break is a list")
                writer.writerow([_text(concept.canonical), _text(alias), *cells])
        return stream.getvalue(), losses

    return write


def _cell(value: Any) -> str:
    if value is None:  # left to what is usual
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, frozenset)):
        return "|".join(sorted(value) if isinstance(value, frozenset) else value)
    return str(value)


def _text(term: str) -> str:
    # What a spreadsheet would calculate is marked as a text; the sign is taken off where the table is read.
    return f"'{term}" if _CALCULATED.match(term) else term


def _solr(concepts: Sequence[Concept]) -> tuple[str, list[str]]:
    lines = [f"{', '.join(map(_escaped, concept.aliases))} => {_escaped(concept.canonical)}" for concept in concepts]
    return "".join(f"{line}\n" for line in lines), list(_lost_settings(concepts, "synonyms"))


def _escaped(term: str) -> str:
    return _SPECIAL.sub(lambda found: "\\" + found[0], term)


def _vale(concepts: Sequence[Concept]) -> tuple[str, list[str]]:
    lines = [
        "extends: substitution",
        "message: \"Use '%s' instead of '%s'.\"",
        "level: warning",
        f"ignorecase: {'true' if all(concept.case == 'insensitive' for concept in concepts) else 'false'}",
        "swap:",
    ]
    losses = list(_lost_settings(concepts, "Vale"))
    taken: dict[str, str] = {}
    for concept in concepts:
        for alias in concept.aliases:
            if taken.setdefault(alias, concept.canonical) != concept.canonical:
                losses.append(f"{alias!r} of {concept.canonical!r}: it stands for {taken[alias]!r} already")
                continue
            expression = _EXPRESSION.sub(r"\\\1", alias)
            lines.append(f"  {_quoted(expression)}: {_quoted(concept.canonical)}")
    return "\n".join(dict.fromkeys(lines)) + "\n", losses


def _renames(concepts: Sequence[Concept]) -> tuple[str, list[str]]:
    lines: dict[str, str] = {}
    losses = list(_lost_settings(concepts, "a map of renames"))
    losses += [
        f"{alias!r} of {concept.canonical!r}: it stands for {lines[alias]!r} already"
        for concept in concepts
        for alias in concept.aliases
        if lines.setdefault(alias, concept.canonical) != concept.canonical
    ]
    body = "".join(f"  {_quoted(old)}: {_quoted(new)}\n" for old, new in lines.items())
    return f"renames:\n{body}" if body else "renames: {}\n", losses


def _lost_settings(concepts: Sequence[Concept], what: str) -> Iterator[str]:
    for concept in concepts:
        lost = [name for name in _settings_of(concept) if name != "case"]
        if lost:
            yield f"{concept.canonical!r}: {what} cannot say {', '.join(lost)}"


FORMATS: Mapping[str, Callable[[Sequence[Concept]], tuple[str, list[str]]]] = {
    "yaml": _yaml,
    "json": _json,
    "csv": _table(","),
    "tsv": _table("\t"),
    "solr": _solr,
    "vale": _vale,
    "renames": _renames,
}

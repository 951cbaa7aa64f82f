"""SKOS: thesauri in Turtle, N-Triples, RDF/XML and JSON-LD, read by rdflib; nothing that they name is fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from headgate.errors import PolicyError
from headgate.terminology.formats import GlossaryFile
from headgate.terminology.languages import Entry, Label, in_languages, normal_language
from headgate.terminology.remarks import Remark
from headgate.terminology.triples import Triples, read_triples
from headgate.terminology.turtle import lines_of_texts

__all__ = ["RdfForm", "is_json_ld", "read_skos"]

RdfForm = Literal["turtle", "xml", "json-ld"]
_SKOS = "http://www.w3.org/2004/02/skos/core#"
_XL = "http://www.w3.org/2008/05/skos-xl#"
_LITERAL_FORM = f"{_XL}literalForm"
_DEPRECATED = "http://www.w3.org/2002/07/owl#deprecated"
_REPLACED_BY = "http://purl.org/dc/terms/isReplacedBy"
_REPLACES = "http://purl.org/dc/terms/replaces"
_PREFERRED = frozenset(f"{base}prefLabel" for base in (_SKOS, _XL))
_OTHERS = frozenset(f"{base}{name}" for base in (_SKOS, _XL) for name in ("altLabel", "hiddenLabel"))
_KEPT = _PREFERRED | _OTHERS | {_LITERAL_FORM, _DEPRECATED, _REPLACED_BY, _REPLACES}
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\[^\n])*)"|\n')
_BETWEEN_TAGS = re.compile(r">([^<>\n]+)<|\n")
_MOST_SHOWN = 5


def is_json_ld(value: object) -> bool:
    """Return whether a JSON value is linked data."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, Mapping) and "@id" in one for one in value[:5])
    return isinstance(value, Mapping) and bool({"@context", "@graph"} & value.keys())


def read_skos(
    data: bytes, text: str, form: RdfForm, file: str | None, languages: tuple[str, ...], encoding: str | None = None
) -> GlossaryFile:
    """Return the glossary of a thesaurus in the languages that are wanted.

    `skos:prefLabel` is canonical, `skos:altLabel` and `skos:hiddenLabel` are its aliases, also as SKOS-XL has them. A
    concept that is `owl:deprecated` lends its names to the one that replaces it (`dct:isReplacedBy`, `dct:replaces`);
    if none does, they are left out.

    Args:
        data: the file.
        text: the same as text, for the lines of labels.
        form: how it is written.
        file: its name.
        languages: the tags of the languages; without any, the file must have one language.
        encoding: what XML is in, whatever it says itself.

    Raises:
        PolicyError: with every problem, its line where it is known, and the remedy.
    """
    line_of = _lines(text, form)
    triples = read_triples(data, text, form, _KEPT, encoding)
    if not triples.of:
        remedy = "Name a file with skos:prefLabel and skos:altLabel."
        raise PolicyError("there is no label of SKOS here.", remedy, file=file, line=1)
    entries = _entries(triples, line_of)
    remarks = _hand_over(triples, entries, file)
    return in_languages(entries.values(), languages, file, remarks)


def _lines(text: str, form: RdfForm) -> Callable[[str], int | None]:
    """Return what tells the line on which a label is written first; the parsers keep none."""
    if form == "turtle":
        found = lines_of_texts(text)
    else:
        found, line = {}, 1
        for match in (_BETWEEN_TAGS if form == "xml" else _QUOTED).finditer(text):
            if match[1] is None:
                line += 1
            else:
                found.setdefault(" ".join(match[1].split()), line)

    def line_of(label: str) -> int | None:
        return found.get(label) or found.get(json.dumps(label)[1:-1])

    return line_of


def _entries(triples: Triples, line_of: Callable[[str], int | None]) -> dict[Any, Entry]:
    entries: dict[Any, Entry] = {}
    for subject, pairs in triples.of.items():
        for predicate, value in pairs:
            if predicate not in _PREFERRED and predicate not in _OTHERS:
                continue
            entry = entries.setdefault(subject, Entry())
            labels = entry.preferred if predicate in _PREFERRED else entry.others
            for literal in _literals(triples, value):
                name = " ".join(str(literal).split())
                if name:
                    labels.append(Label(name, normal_language(literal.language or ""), line_of(name)))
    for entry in entries.values():
        # As parsers hand them out, their order is by chance.
        entry.preferred = sorted(dict.fromkeys(entry.preferred))
        entry.others = sorted(dict.fromkeys(entry.others), key=lambda label: (label.line or 0, label.text))
    return entries


def _literals(triples: Triples, value: Any) -> Iterator[Any]:
    """Yield a label, or that of SKOS-XL, which is a node of its own."""
    if hasattr(value, "language"):
        yield value
        return
    for predicate, inner in triples.of.get(value, ()):
        if predicate == _LITERAL_FORM and hasattr(inner, "language"):
            yield inner


def _hand_over(triples: Triples, entries: dict[Any, Entry], file: str | None) -> list[Remark]:
    """Give the names of deprecated concepts to those that replace them; return what has to be said of the others."""
    deprecated, replaced = _replacements(triples)
    lost: list[Label] = []
    for subject in deprecated:
        entry = entries.pop(subject, None)
        if entry is None:
            continue
        last = _last(subject, replaced)
        heir = entries.get(last) if last not in deprecated else None
        if heir is not None:
            heir.others += [*entry.preferred, *entry.others]
        else:
            lost += entry.preferred or entry.others
    if not lost:
        return []
    shown = ", ".join(repr(label.text[:40]) for label in lost[:_MOST_SHOWN])
    more = f" and {len(lost) - _MOST_SHOWN:,} more" if len(lost) > _MOST_SHOWN else ""
    text = f"deprecated, and nothing here replaces it, so that it is left out: {shown}{more}."
    return [Remark("deprecated", text, file, lost[0].line)]


def _replacements(triples: Triples) -> tuple[dict[Any, None], dict[Any, Any]]:
    deprecated: dict[Any, None] = {}
    replaced: dict[Any, Any] = {}
    for subject, pairs in triples.of.items():
        for predicate, value in pairs:
            if predicate == _DEPRECATED and str(value).strip().lower() in ("true", "1"):
                deprecated[subject] = None
            elif predicate == _REPLACED_BY:
                replaced.setdefault(subject, value)
            elif predicate == _REPLACES:
                replaced.setdefault(value, subject)
    return deprecated, replaced


def _last(subject: Any, replaced: Mapping[Any, Any]) -> Any:
    """Return what a concept was replaced by in the end; itself, if it goes round in a circle."""
    seen = {subject}
    last = subject
    while last in replaced:
        last = replaced[last]
        if last in seen:
            return subject
        seen.add(last)
    return last

"""Glossary files: YAML and CSV to concepts, with the line of every mistake."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from headgate.errors import PolicyError
from headgate.files import read_config_text
from headgate.limits import DEFAULT_LIMITS
from headgate.policy.documents import Steps
from headgate.policy.loading import YamlDocument, parse_yaml
from headgate.terminology.concepts import Case, Concept, Fuzzy

__all__ = ["GlossaryFile", "TermModel", "concepts_from_mapping", "read_glossary_file"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_SHORT_FORM = "Write `term: [alias, ...]`, or `term: {aliases: [...], mode: flag}` where it has settings."
_Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class TermModel(BaseModel):
    """One entry under `terms:` in a glossary file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    canonical: str = Field(min_length=1)
    aliases: _Texts
    mode: Literal["replace", "annotate", "flag"] | None = None
    sources: _Texts = ()
    near: _Texts = ()
    case: Case | None = None
    plurals: bool | None = None
    keep_quoted: bool | None = None


class _FileModel(BaseModel):
    """The settings at the top of a glossary file; they are defaults for its terms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    mode: Literal["replace", "annotate", "flag"] = "replace"
    case: Case = "smart"
    plurals: bool = False
    keep_quoted: bool = False
    ambiguous: Literal["error", "report"] = "error"
    fuzzy: Fuzzy = "off"
    ordinary: _Texts = ()
    terms: tuple[TermModel, ...]


@dataclass(frozen=True, slots=True)
class GlossaryFile:
    """What a glossary file says."""

    concepts: tuple[Concept, ...]
    report_ambiguous: bool = False
    fuzzy: Fuzzy = "off"
    ordinary: tuple[str, ...] = ()


def read_glossary_file(path: Path) -> GlossaryFile:
    """Return what a YAML or CSV glossary says.

    Raises:
        PolicyError: with the file, the line and the remedy.
    """
    text = read_config_text(path, DEFAULT_LIMITS.glossary_bytes)
    try:
        if path.suffix.lower() == ".csv":
            return _from_csv(text, str(path))
        return _from_yaml(text, str(path))
    except PolicyError as error:
        raise error.at(str(path)) from None


def concepts_from_mapping(mapping: Mapping[str, object]) -> tuple[Concept, ...]:
    """Return the concepts of `{canonical: [alias, ...]}`; in place of the list, a mapping of aliases and settings.

    Raises:
        PolicyError: a key or an alias is not a string, or a setting is unknown.
    """
    return _build({"terms": mapping}, None, None).concepts


def _from_yaml(text: str, file: str) -> GlossaryFile:
    document = parse_yaml(text)
    value = document.value
    if not isinstance(value, dict) or "terms" not in value:
        raise PolicyError("a glossary is a mapping with `terms:`.", "Write terms: with {canonical, aliases} entries.")
    return _build(value, file, document)


def _from_csv(text: str, file: str) -> GlossaryFile:
    """Read the columns `canonical`, `alias` (one per row) or `aliases` (split at |), `mode`, `sources`, `near`, `case`.

    The longest field is what the process allows (`csv.field_size_limit`), which is not ours to change.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    names = {name.strip().lower(): name for name in reader.fieldnames or () if isinstance(name, str)}
    if "canonical" not in names or not ({"alias", "aliases"} & set(names)):
        remedy = (
            "Separate columns by commas, not semicolons." if ";" in text.partition("\n")[0] else "Add a header row."
        )
        raise PolicyError("a CSV glossary has the columns canonical and alias.", remedy, line=1)
    unknown = set(names) - {"canonical", "alias", "aliases", "mode", "sources", "near", "case"}
    if unknown:
        raise PolicyError(
            f"unknown column {sorted(unknown)[0]!r}.",
            "Known: canonical, alias, mode, sources, near, case.",
            line=1,
        )
    concepts: dict[tuple[object, ...], Concept] = {}
    aliases: dict[tuple[object, ...], list[str]] = {}
    line = 2
    try:
        for row in reader:
            line = reader.line_num + 1
            # A row that is too short has None in what it lacks.
            entry = {plain: row.get(name) or "" for plain, name in names.items()}
            if not any(value.strip() for value in entry.values()):
                continue  # spreadsheets leave empty rows at the end
            concept = _csv_concept(entry, reader.line_num)
            # Rows that differ only in their alias are one concept.
            key = (concept.canonical, concept.mode, concept.sources, concept.near, concept.case)
            concepts.setdefault(key, concept)
            aliases.setdefault(key, []).extend(concept.aliases)
    except csv.Error as error:
        # Where the row begins: a quote that is not closed swallows the lines up to the end of the file.
        raise PolicyError(f"this is not CSV: {error}.", "Check the quotes.", line=line) from error
    return GlossaryFile(
        tuple(replace(concept, file=file, aliases=tuple(aliases[key])) for key, concept in concepts.items())
    )


def _csv_concept(row: Mapping[str, str], line: int) -> Concept:
    entry: dict[str, object] = {
        "canonical": row["canonical"].strip(),
        "aliases": [part.strip() for part in (row.get("alias") or row.get("aliases") or "").split("|") if part.strip()],
    }
    for name in ("mode", "case"):
        if row.get(name, "").strip():
            entry[name] = row[name].strip()
    for name in ("sources", "near"):
        entry[name] = [part.strip() for part in row.get(name, "").split("|") if part.strip()]
    try:
        return _concept(TermModel.model_validate(entry), _FileModel(terms=()), (), None, line)
    except ValidationError as error:
        raise _explain(error).at(None, line) from None


def _build(value: Mapping[str, object], file: str | None, document: YamlDocument | None) -> GlossaryFile:
    mapping = value["terms"] if isinstance(value["terms"], Mapping) else None
    try:
        terms = value["terms"] if mapping is None else [_entry(*item) for item in mapping.items()]
        model = _FileModel.model_validate({**value, "terms": terms})
    except ValidationError as error:
        raise _placed(_explain(error), mapping, file, document) from None
    except PolicyError as error:
        raise _placed(error, None, file, document) from None
    concepts = []
    for number, term in enumerate(model.terms):
        path = _written_path(("terms", number), mapping)
        concepts.append(_concept(term, model, path, file, document.line_of(path) if document else None))
    return GlossaryFile(tuple(concepts), model.ambiguous == "report", model.fuzzy, model.ordinary)


def _entry(canonical: object, given: object) -> dict[str, object]:
    """Return an entry of the short form, `term: [alias, ...]` or `term: {aliases: ..., mode: ...}`, in the long one."""
    if not isinstance(given, Mapping):
        return {"canonical": canonical, "aliases": given}
    if "canonical" in given:
        path = ("terms", str(canonical), "canonical")
        raise PolicyError("the canonical term is the key already.", "Remove canonical here.", path)
    return {**given, "canonical": canonical}


def _written_path(path: Steps, mapping: Mapping[str, object] | None) -> Steps:
    """Return a path in the long form as the file has it: in the short form, terms have names instead of numbers."""
    if mapping is None or len(path) < 2 or not isinstance(path[1], int):
        return path
    name, given = list(mapping.items())[path[1]]
    rest = path[3:] if path[2:3] == ("aliases",) and not isinstance(given, Mapping) else path[2:]
    return ("terms", str(name), *rest)


def _placed(
    error: PolicyError, mapping: Mapping[str, object] | None, file: str | None, document: YamlDocument | None
) -> PolicyError:
    path = _written_path(error.path, mapping)
    line = document.line_of(path) if document else None
    return PolicyError(error.problem, error.remedy, path, file, line)


def _concept(
    term: TermModel, defaults: _FileModel, path: tuple[str | int, ...], file: str | None, line: int | None
) -> Concept:
    return Concept(
        canonical=term.canonical.strip(),
        aliases=tuple(alias.strip() for alias in term.aliases),
        mode=term.mode or defaults.mode,
        sources=frozenset(term.sources),
        near=term.near,
        case=term.case or defaults.case,
        plurals=defaults.plurals if term.plurals is None else term.plurals,
        keep_quoted=defaults.keep_quoted if term.keep_quoted is None else term.keep_quoted,
        path=path,
        file=file,
        line=line,
    )


def _explain(error: ValidationError) -> PolicyError:
    item = error.errors(include_url=False, include_context=False)[0]
    path, kind = tuple(item["loc"]), type(item["input"]).__name__
    if item["type"] == "extra_forbidden":
        known = ", ".join(TermModel.model_fields if path[0] == "terms" else _FileModel.model_fields)
        return PolicyError(f"unknown key {path[-1]!r}.", f"Known here: {known}.", path)
    if item["type"] == "missing":
        return PolicyError(f"{path[-1]!r} is missing.", "Add it.", path)
    if item["type"] == "tuple_type":
        return PolicyError(f"this must be a name or a list of names, not {kind}.", _SHORT_FORM, path)
    if item["type"] == "string_type":
        return PolicyError(f"this must be a string, not {kind}.", "Put it in quotes.", path)
    return PolicyError(f"{item['msg']}.", "", path)

"""Findings as SARIF 2.1.0, which code hosts show beside the lines that they are about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from headgate.terminology.reviewing import Note
from headgate.tuning.glossaries.linting import Hit
from headgate.version import __version__

__all__ = ["sarif_of"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {
    "alias": "A word that the glossary replaces",
    "near-miss": "A word that is one or two letters away from one of the glossary",
    "ambiguous": "An alias of several terms, between which nothing decides",
    "unsettled": "A document that could not be looked at in whole",
    "mistake": "The glossary cannot be used",
    "remark": "How the glossary was read",
    "ordinary-word": "An alias that is an ordinary word",
    "short-alias": "A very short alias",
    "canonical-contains-alias": "A canonical term that contains an alias",
    "never-seen": "A term that the documents never have",
    "instruction": "A term that reads like an instruction to a model",
    "markup": "A term with markup",
    "no-terms": "A glossary without terms",
    "chain": "A chain of renames, followed to its end",
    "spelling": "Two spellings of one canonical term",
}


def sarif_of(findings: Iterable[Note | Hit]) -> dict[str, Any]:
    """Return findings as one SARIF log with one run.

    Args:
        findings: notes about a glossary, or hits in documents.
    """
    rules: dict[str, int] = {}
    results = []
    for one in findings:
        index = rules.setdefault(one.rule, len(rules))
        result: dict[str, Any] = {
            "ruleId": one.rule,
            "ruleIndex": index,
            "level": one.level,
            "message": {"text": one.text},
        }
        if one.file is not None:
            result["locations"] = [{"physicalLocation": _location(one)}]
        results.append(result)
    driver = {
        "name": "headgate",
        "version": __version__,
        "rules": [{"id": rule, "shortDescription": {"text": _RULES.get(rule, rule)}} for rule in rules],
    }
    # Columns are counted as Python counts characters.
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _location(one: Note | Hit) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(one.file or "")}}
    if one.line is not None:
        location["region"] = {"startLine": one.line}
        if isinstance(one, Hit) and one.column is not None:
            location["region"] |= {"startColumn": one.column, "endColumn": one.end_column}
    return location


def _uri(file: str) -> str:
    path = Path(file)
    if path.is_absolute():
        try:
            path = path.relative_to(Path.cwd())
        except ValueError:
            return path.as_uri()
    return quote(path.as_posix())

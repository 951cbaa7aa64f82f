"""What reports share that ask the tables of a log: SQL groups what is alike, and the rules judge each group once."""

from __future__ import annotations

import json
from typing import Any, cast

from headgate.record import DecisionRecord

__all__ = ["NAME", "alike", "codes_in"]

NAME = "left(coalesce(nullif(uri, ''), nullif(id, ''), digest), 500)"
"""What a document is called, as `name_of` has it."""


def codes_in(text: str) -> tuple[str, ...]:
    """Return the codes in a column of them."""
    return tuple(text.split(" ")) if text else ()


def alike(
    action: str, source: str, errors: str, *, uri: str | None = None, assurance: str = "", undated: str | None = None
) -> DecisionRecord:
    """Return a decision that stands for all those that are alike in these columns."""
    said: dict[str, Any] = json.loads(undated) if undated is not None else {}
    details: list[list[Any]] = said.pop("details", [])
    findings = []
    for code in codes_in(errors):
        known = next((one for one in details if one[0] == code), None)
        if known is not None:
            details.remove(known)
        findings.append(_finding(code, known[1] if known is not None else {}))
    findings += [_finding(code, detail, "info") for code, detail in details]
    decision = {
        "index": 0,
        "action": action,
        "source": source,
        "uri": uri,
        "id": None,
        "digest": "",
        "issuer": None,
        "assurance": assurance,
        "modified": None,
        "age_seconds": None,
        "findings": findings,
        "edits": [],
        "metadata_edits": {},
        "withheld": [],
        "evidence": said,
    }
    return cast("DecisionRecord", decision)


def _finding(code: str, detail: dict[str, object], severity: str = "error") -> dict[str, object]:
    return {"code": code, "severity": severity, "mode": "", "message": "", "detail": detail}

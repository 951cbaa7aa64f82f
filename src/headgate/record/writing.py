"""The one way from an admission to its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from headgate.decision import Admission
from headgate.encoding import digest_label
from headgate.record.schema import SCHEMA, AdmissionRecord, DecisionRecord, EvidenceRecord

__all__ = ["LONGEST_LINE", "log_record"]

LONGEST_LINE = 64_000_000
"""In bytes, with its line break. What is longer is not read, and so must not be written either."""

# JSON Pointers (RFC 6901), with `*` for every element.
_HIDDEN = ["/query", "/decisions/*/text", "/decisions/*/metadata"]


def log_record(admission: Admission, *, full: bool = False) -> AdmissionRecord:
    """Return what the log holds about an admission.

    An admission makes its decisions into plain values once; the log, tracers and receipts share them.

    Args:
        admission: what was decided.
        full: whether to keep the question and the documents' original texts.
    """
    prompts = {decision.index: chunk.text for chunk, decision in admission.admitted()}
    decisions: list[DecisionRecord] = []
    for made, decision, original in zip(admission.made(), admission.decisions, admission.inputs, strict=True):
        evidence = decision.evidence if full else _without_definitions(decision.evidence)
        record: DecisionRecord = {**made, "evidence": cast("EvidenceRecord", dict(evidence))}
        text = prompts.get(decision.index)
        # Where nothing was changed, `digest` says it already.
        if text is not None and text != original.text:
            # In audit mode a text with a lone surrogate gets this far.
            record["prompt_digest"] = digest_label(text.encode("utf-8", "surrogatepass"))
        if full:
            record["text"] = original.text if isinstance(original.text, str) else None
        decisions.append(record)
    whole: AdmissionRecord = {"schema": SCHEMA, "type": "admission", **admission.to_dict()}
    whole["decisions"] = decisions
    whole["reading"] = admission.reading
    whole["masked"] = ["/decisions/*/metadata"] if full else list(_HIDDEN)
    if full:
        whole["query"] = admission.query
    return whole


def _without_definitions(evidence: Mapping[str, object]) -> Mapping[str, object]:
    """Return evidence without what a document's short forms stand for, which is a part of what it says."""
    seal = evidence.get("seal")
    if not isinstance(seal, Mapping) or "defs" not in seal:
        return evidence
    return {**evidence, "seal": {name: value for name, value in seal.items() if name != "defs"}}

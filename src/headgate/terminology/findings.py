"""What a rewritten text gives rise to: the findings T301 to T305."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from headgate.decision import Finding
from headgate.terminology.edits import Edit, Rewrite

__all__ = ["describe_rewrite"]

_SHOWN = 20


def describe_rewrite(rewrite: Rewrite) -> tuple[Finding, ...]:
    """Return what there is to say about a rewritten text: T301 to T305."""
    edits = rewrite.edits
    if not (edits or rewrite.ambiguous or rewrite.unsettled):
        return ()
    findings = [
        *_about_unsettled(rewrite),
        *_about_edits("T301", "Rewritten", [edit for edit in edits if edit.changes_text and edit.canonical]),
        *_about_edits("T303", "Near misses", [edit for edit in edits if edit.fuzzy]),
        *_about_edits("T304", "Flagged", [edit for edit in edits if edit.mode == "flag" and not edit.fuzzy]),
        *_about_ambiguous(rewrite),
    ]
    return tuple(findings)


def _about_unsettled(rewrite: Rewrite) -> list[Finding]:
    if rewrite.unsettled is None:
        return []
    return [Finding("T305", f"The text stays as it is: {rewrite.unsettled}.", "warning")]


def _about_ambiguous(rewrite: Rewrite) -> list[Finding]:
    if not rewrite.ambiguous:
        return []
    shown = [f"{alias} ({' or '.join(names)})" for _, _, alias, names in rewrite.ambiguous[:_SHOWN]]
    message = f"Ambiguous, left as it is: {', '.join(dict.fromkeys(shown))}."
    return [Finding("T302", message, "warning", {"count": len(rewrite.ambiguous)})]


def _about_edits(code: str, title: str, edits: Sequence[Edit]) -> list[Finding]:
    if not edits:
        return []
    counts = Counter(_label(edit) for edit in edits)
    shown = [f"{label} ({count}\u00d7)" if count > 1 else label for label, count in counts.most_common(_SHOWN)]
    more = f", and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else ""
    return [Finding(code, f"{title}: {', '.join(shown)}{more}.", "info", {"count": len(edits)})]


def _label(edit: Edit) -> str:
    # An alias is a word of the glossary. A near miss is a word of the document, and findings are written to the log,
    # which holds no text of documents: it is named by the term that it resembles.
    alias = "a near miss" if edit.fuzzy else " ".join(edit.alias.split())
    return f"{alias} \u2192 {edit.canonical}"

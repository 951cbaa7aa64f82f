"""Policies, glossaries and rewrites for people."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from rich.console import Group

from headgate.assurance import DECLARED, MANIFEST, NONE, SEALED
from headgate.encoding import in_number
from headgate.policy import Policy, SourceRule
from headgate.policy.durations import format_span
from headgate.policy.values import GlossaryEntry
from headgate.report.escaping import clip, escape
from headgate.report.html import diff_html, table, within
from headgate.report.tables import new_table, plain, prose
from headgate.report.verdicts import Step, Verdict, steps_rich, verdict_html, verdict_rich
from headgate.terminology import Glossary
from headgate.terminology.edits import Rewrite

__all__ = ["glossary_html", "glossary_rich", "policy_html", "policy_rich", "rewrite_html", "rewrite_rich"]

_CELL_CHARS = 300
_POLICY_COLUMNS = ("source", "documents", "provenance", "freshness", "terminology", "mode")
_GLOSSARY_COLUMNS = ("canonical term", "aliases", "what happens", "only where")
_REWRITE_COLUMNS = ("at", "written", "now", "canonical term", "what happened")
_CONCEPTS, _ROWS = 100, 50
_ON_EMPTY = {
    "note": "Where nothing is admissible, a note says so.",
    "raise": "Where nothing is admissible, an error is raised.",
}
_MEANING = {"enforce": "documents are dropped", "warn": "documents are marked", "audit": "documents are only recorded"}


def policy_html(policy: Policy) -> str:
    """Return a policy as HTML: a verdict, and one row per source."""
    rest = _policy_rest(policy)
    sentence = verdict_html(_policy_verdict(policy), f"<p>{escape(rest)}</p>" if rest else "")
    rows = ([_cell(cell) for cell in row] for row in _policy_rows(policy))
    kept, rest = within(rows, len(policy.sources) + 1, "sources", 200)
    return sentence + table(_POLICY_COLUMNS, kept) + rest


def policy_rich(policy: Policy) -> Group:
    """Return a policy for a terminal."""
    listed = new_table(None, [(name, False) for name in _POLICY_COLUMNS])
    for row in _policy_rows(policy):
        listed.add_row(*(plain(cell) for cell in row))
    verdict, rest = _policy_verdict(policy), _policy_rest(policy)
    return Group(verdict_rich(verdict), *([prose(rest)] if rest else []), listed, steps_rich(verdict))


def glossary_html(glossary: Glossary) -> str:
    """Return a glossary as HTML: one row per concept."""
    rows = ([_cell(cell) for cell in row] for row in _glossary_rows(glossary))
    kept, rest = within(rows, len(glossary), "concepts", _CONCEPTS)
    return f"<p><strong>{escape(_glossary_sentence(glossary))}</strong></p>" + table(_GLOSSARY_COLUMNS, kept) + rest


def glossary_rich(glossary: Glossary) -> Group:
    """Return a glossary for a terminal."""
    listed = new_table(None, [(name, False) for name in _GLOSSARY_COLUMNS])
    for row in islice(_glossary_rows(glossary), _CONCEPTS):
        listed.add_row(*(plain(cell) for cell in row))
    listed.caption = _more(len(glossary) - _CONCEPTS, "concept")
    return Group(prose(_glossary_sentence(glossary), "bold"), listed)


def rewrite_html(rewrite: Rewrite) -> str:
    """Return what became of a text: the text with its edits drawn in, and one row per edit."""
    text = rewrite.original
    parts = [f"<p><strong>{escape(_rewrite_sentence(rewrite))}</strong></p>"]
    if rewrite.unsettled:
        parts.append(f"<p>The text stays as it is: {escape(clip(rewrite.unsettled, _CELL_CHARS))}.</p>")
    parts.append(f'<div class="text" dir="auto">{diff_html(text, rewrite.edits)}</div>')
    if rewrite.edits or rewrite.ambiguous:
        rows = ([_cell(cell) for cell in row] for row in _rewrite_rows(rewrite))
        kept, rest = within(rows, len(rewrite.edits) + len(rewrite.ambiguous), "places")
        parts += [table(_REWRITE_COLUMNS, kept), rest]
    return "".join(parts)


def rewrite_rich(rewrite: Rewrite) -> Group:
    """Return what became of a text, for a terminal."""
    listed = new_table(None, [(name, False) for name in _REWRITE_COLUMNS])
    for row in islice(_rewrite_rows(rewrite), _ROWS):
        listed.add_row(*(plain(cell) for cell in row))
    listed.caption = _more(len(rewrite.edits) + len(rewrite.ambiguous) - _ROWS, "place")
    said = prose(_rewrite_sentence(rewrite), "bold")
    return Group(said, plain(rewrite.text, 600), *([listed] if listed.row_count else []))


def _cell(text: str) -> str:
    return f"<bdi>{escape(clip(text, _CELL_CHARS))}</bdi>"


def _more(count: int, what: str) -> str | None:
    return f"and {in_number(count, f'more {what}')}" if count > 0 else None


def _policy_verdict(policy: Policy) -> Verdict:
    sources = in_number(len(policy.sources), "source")
    said = f"Mode {policy.mode}: {_MEANING[policy.mode]}. {sources}, and a rule for the rest."
    if policy.mode == "enforce":
        return Verdict("good", said)
    log = policy.log.path if policy.log is not None else "LOG"
    step = Step("See what enforcement would block, then set the mode.", f"headgate report adoption {log}")
    return Verdict("warn", said, steps=(step, Step("In the policy:", "mode: enforce")))


def _policy_rest(policy: Policy) -> str:
    said = []
    if policy.budget is not None:
        said.append(f"At most {policy.budget.max_tokens:,} tokens ({policy.budget.encoding}).")
    if policy.on_empty != "empty":
        said.append(_ON_EMPTY[policy.on_empty])
    if policy.log is not None:
        said.append(f"Decisions are recorded in {policy.log.path}.")
    named = {name: value for name, value in policy.metadata.model_dump(exclude_defaults=True).items() if value}
    if named:
        said.append("Metadata: " + "; ".join(f"{name}: {_flat(value)}" for name, value in named.items()) + ".")
    return " ".join(said)


def _flat(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _policy_rows(policy: Policy) -> Iterator[tuple[str, ...]]:
    for source in policy.sources:
        yield source.id, ", ".join(source.match), *_rule(policy, source)
    yield "default", "everything else", *_rule(policy, policy.default)


_PROOFS = {
    SEALED: "a seal",
    MANIFEST: "an entry in the manifest",
    DECLARED: "a URI of the source",
    NONE: "nothing",
}


def _rule(policy: Policy, rule: SourceRule) -> tuple[str, ...]:
    proof = _PROOFS[rule.provenance.require]
    if rule.provenance.manifest is not None and rule.provenance.require == SEALED:
        proof += ", and an entry in the manifest"
    proof += f", by {', '.join(map(_issuer, rule.provenance.issuers.items()))}" if rule.provenance.issuers else ""
    proof += f", covering {', '.join(rule.provenance.cover)}" if rule.provenance.cover else ""
    modes = {check: policy.effective_mode(rule, check) for check in ("provenance", "freshness", "terminology")}
    said = modes["provenance"] if len(set(modes.values())) == 1 else ", ".join(f"{c}: {m}" for c, m in modes.items())
    return proof, _freshness(rule), ", ".join(map(_glossary_name, rule.terminology)) or "\u2013", said


def _glossary_name(entry: str | GlossaryEntry) -> str:
    if isinstance(entry, str):
        return entry
    return f"{entry.file} ({', '.join(entry.language)})" if entry.language else entry.file


def _issuer(entry: tuple[str, tuple[str, ...] | None]) -> str:
    name, keys = entry
    return name if keys is None else f"{name} ({', '.join(keys)})"


def _freshness(rule: SourceRule) -> str:
    fresh = rule.freshness
    said = []
    if fresh.max_age is not None:
        said.append(f"at most {format_span(fresh.max_age)} old")
        said.append(
            {"drop": "with a time", "warn": "a missing time is marked", "admit": "or without a time"}[fresh.missing]
        )
    if fresh.warn_after is not None:
        said.append(f"marked after {format_span(fresh.warn_after)}")
    # What counts for documents that get in: those with a seal, where seals are required.
    if fresh.evidence_for(rule.provenance.require, is_proved=True) == "sealed" and (fresh.max_age or fresh.warn_after):
        said.append("signed times only")
    if fresh.supersede:
        said.append("only the newest version")
    return ", ".join(said) or "what its dates of validity say"


def _glossary_sentence(glossary: Glossary) -> str:
    aliases = sum(len(concept.aliases) for concept in glossary.concepts)
    return f"{in_number(len(glossary), 'concept')}, {aliases:,} {'alias' if aliases == 1 else 'aliases'}."


def _glossary_rows(glossary: Glossary) -> Iterator[tuple[str, ...]]:
    verbs = {
        "replace": "replaced",
        "annotate": "annotated",
        "introduce": "introduced, then replaced",
        "flag": "flagged only",
    }
    for concept in glossary.concepts:
        where = [f"sources {', '.join(sorted(concept.sources))}"] if concept.sources else []
        where += [f"near {', '.join(concept.near)}"] if concept.near else []
        where += [f"only near {', '.join(concept.only_near)}"] if concept.only_near else []
        where += [f"unless near {', '.join(concept.unless)}"] if concept.unless else []
        where += [f"but for {', '.join(concept.keep)}"] if concept.keep else []
        yield concept.canonical, ", ".join(concept.aliases), verbs[concept.mode], "; ".join(where) or "everywhere"


def _rewrite_sentence(rewrite: Rewrite) -> str:
    changed = sum(edit.changes_text for edit in rewrite.edits)
    said = f"{in_number(changed, 'place')} rewritten"
    flagged = len(rewrite.edits) - changed
    said += f", {flagged:,} flagged" if flagged else ""
    return said + (f", {len(rewrite.ambiguous):,} left as ambiguous." if rewrite.ambiguous else ".")


def _rewrite_rows(rewrite: Rewrite) -> Iterator[tuple[str, ...]]:
    for edit in rewrite.edits:
        what = ("near miss, " if edit.fuzzy else "") + edit.mode
        yield f"{edit.start:,}\u2013{edit.end:,}", edit.alias, edit.replacement, edit.canonical, what
    for start, end, alias, candidates in rewrite.ambiguous:
        yield f"{start:,}\u2013{end:,}", alias, alias, " or ".join(candidates), "ambiguous, left alone"

"""What a document enters the prompt as: which of its metadata, without what nobody sees, in canonical terms.

Freshness is judged before, and proof before that, because it covers the original; what stays out has no need of words.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from headgate.admission.examining import check_failed
from headgate.admission.facts import Facts, MetadataChoice
from headgate.admission.hidden import UNREAD
from headgate.admission.judging import Judgement, judge_times
from headgate.admission.naming import is_name
from headgate.admission.revision import ResolvedSource, Revision
from headgate.chunk import Chunk
from headgate.decision import Finding, has_error
from headgate.limits import Limits
from headgate.provenance import check_prompt_metadata, hidden_though_covered, unproved_words
from headgate.terminology.composing import compose_rewrites
from headgate.terminology.edits import Definitions, Rewrite
from headgate.terminology.findings import describe_rewrite
from headgate.terminology.folding import fold
from headgate.terminology.invisible import find_invisible, without_invisible

__all__ = ["defined_by_seal", "has_words", "judge_chunk", "judge_invisible", "reword", "share_definitions"]

_MOST_CHOICES = 4  # of one chunk: the ways in which its index shows it
_NOTHING: Definitions = {}
_WORD = re.compile(r"[^\W_]+")
_MANIFESTS = "marks of C2PA manifests"


def judge_chunk(
    judgement: Judgement, revision: Revision, now: datetime, limits: Limits, *, is_past: bool = False
) -> None:
    """Add what freshness and terminology find about one chunk; never raises for anything that a chunk may hold."""
    facts = judgement.facts
    if not facts.digest:  # it could not even be read
        return
    modes = facts.source.modes
    try:
        judge_times(judgement, now, is_past=is_past)
    except Exception as error:  # noqa: BLE001 - whatever broke the check, it must not admit
        judgement.add((check_failed("freshness", error),), modes["freshness"])
    # From here on it is about how a text enters; what stays out has no need of it.
    for check, step in _STEPS:
        if judgement.is_kept_out:
            return
        try:
            step(judgement, revision, limits)
        except Exception as error:  # noqa: BLE001 - as above
            judgement.add((check_failed(check, error),), modes[check])
            return


def judge_invisible(judgement: Judgement, revision: Revision) -> None:
    """Add what the policy says of characters that nobody sees (G906), of which a chunk has some."""
    counts, rule, modes = judgement.invisible, revision.invisible, judgement.facts.source.modes
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
    is_taken_out = rule == "strip" and modes["terminology"] != "audit"
    message = f"It holds characters that nobody sees{', which are taken out' if is_taken_out else ''}: {kinds}."
    detail = {"count": sum(count for kind, count in counts.items() if kind != _MANIFESTS)}
    finding = Finding("G906", message, "error" if rule == "drop" else "warning", detail)
    judgement.add((finding,), modes["provenance"])


def _look_for_invisible(judgement: Judgement, revision: Revision, _: Limits) -> None:
    """Count the signs of a chunk that nobody sees, of what may enter the prompt."""
    hidden = judgement.facts.hidden
    if hidden is None:
        return
    counts = Counter(hidden.text.counts if hidden.text is not None else ())
    manifests = hidden.text.manifests if hidden.text is not None else 0
    for name, held in hidden.entries.items():
        if name not in judgement.removed and name not in judgement.withheld:
            for found in held:
                counts.update(found.counts)
                manifests += found.manifests
    if manifests:
        counts[_MANIFESTS] = manifests
    if revision.invisible == "report":  # of what enters as it is, nothing is claimed that nobody has read
        del counts[UNREAD]
    if counts:
        judgement.invisible = dict(counts)
        judge_invisible(judgement, revision)


def _is_audited_in_vain(judgement: Judgement) -> bool:
    """Return whether words would only be looked up for a record about a document that enforcement keeps out anyway."""
    return judgement.facts.source.modes["terminology"] == "audit" and _is_objected_to(judgement)


def _choose_metadata(judgement: Judgement, _: Revision, __: Limits) -> None:
    """Settle which metadata the prompt has: where proof is required, what is covered and nothing else."""
    facts, chunk = judgement.facts, judgement.chunk
    if judgement.shown == () and not chunk.hidden_metadata:
        return
    key = (chunk.prompt_metadata, chunk.hidden_metadata)
    known = facts.memory.choices if facts.memory is not None else None
    choice = known.get(key) if known is not None else None
    if choice is None:
        choice = _choice(chunk, facts)
        if known is not None and len(known) < _MOST_CHOICES:
            known[key] = choice
    if choice.findings:
        judgement.findings = (*judgement.findings, *choice.findings)
    judgement.shown, judgement.withheld, judgement.removed = choice.shown, choice.withheld, choice.removed


def _choice(chunk: Chunk, facts: Facts) -> MetadataChoice:
    requirement = facts.source.requirement
    withheld, findings = check_prompt_metadata(chunk, facts.attestation, requirement, facts.source_key)
    removed = unproved_words(chunk, facts.attestation, requirement, facts.source_key)
    shown = chunk.prompt_metadata
    if shown is not None:
        named = (*shown, *hidden_though_covered(chunk, facts.attestation, requirement))
        hidden = frozenset(withheld)
        shown = tuple(name for name in named if name not in hidden)
    return MetadataChoice(shown, withheld if findings else (), removed, findings)


def share_definitions(judged: Sequence[Judgement], revision: Revision, limits: Limits) -> None:
    """Rewrite again what other chunks of its document define the short forms of, each by what those say.

    Where two of them say different things, it is left open. Only what is proved defines the words of what is proved,
    and what fails a check defines nothing.
    """
    told: dict[_Origin, list[Definitions]] = {}
    for judgement in judged:
        if judgement.definitions and not _is_objected_to(judgement):
            told.setdefault(_origin_of(judgement), []).append(judgement.definitions)
    merged = {origin: _merged(definitions) for origin, definitions in told.items() if origin.document is not None}
    for judgement in judged if merged else ():
        own, origin = judgement.definitions, _origin_of(judgement)
        if own is None or judgement.is_kept_out or origin not in merged:
            continue
        others = merged[origin]
        # By what it mentions: each chunk of a long document may define something.
        defined = {short: others[short] for short in sorted(_mentioned(judgement, others)) if short not in own}
        if not defined:
            continue
        judgement.findings = tuple(one for one in judgement.findings if one.check != "terminology")
        try:
            _rewrite(judgement, revision, limits, defined)
        except Exception as error:  # noqa: BLE001 - whatever broke the check, it must not admit
            judgement.add((check_failed("terminology", error),), judgement.facts.source.modes["terminology"])


def _mentioned(judgement: Judgement, shorts: Definitions) -> set[str]:
    """Return which short forms may occur in what enters of a chunk: they are one word each."""
    shown = (judgement.chunk.metadata.get(name) for name in judgement.shown or ())
    texts = (judgement.chunk.text, judgement.text, *(value for value in shown if isinstance(value, str)))
    words = {word for text in dict.fromkeys(texts) for word in _WORD.findall(fold(text))}
    return shorts.keys() & {form for word in words for form in (word, word.removesuffix("s"))}


class _Origin(NamedTuple):
    """What chunks have in common that may define one another's words: source and document, and whether it is proved."""

    source: str
    document: str | None
    is_proved: bool


def _origin_of(judgement: Judgement) -> _Origin:
    facts = judgement.facts
    return _Origin(facts.source.id, facts.document, facts.attestation is not None)


def _is_objected_to(judgement: Judgement) -> bool:
    return has_error(judgement.findings)


def _merged(all_of_them: Sequence[Definitions]) -> Definitions:
    merged: dict[str, frozenset[str]] = {}
    contradicted = set()
    for definitions in all_of_them:
        for short, names in definitions.items():
            if merged.setdefault(short, names) != names:
                contradicted.add(short)
    # What means two things in one document is left alone where nothing beside it says which.
    return {short: names if short not in contradicted else frozenset() for short, names in merged.items()}


def has_words(judgement: Judgement, revision: Revision) -> bool:
    """Return whether anything may change the words in which a chunk enters, or is said of them."""
    strips = bool(judgement.invisible) and revision.invisible == "strip"
    return (judgement.facts.source.glossary is not None or strips) and not _is_audited_in_vain(judgement)


def _rewrite(judgement: Judgement, revision: Revision, limits: Limits, defined: Definitions = _NOTHING) -> None:
    """Settle in which words a chunk enters the prompt."""
    source, chunk = judgement.facts.source, judgement.chunk
    if not has_words(judgement, revision):
        return
    mode = source.modes["terminology"]
    words = _Words(source, revision, limits, {**defined, **defined_by_seal(judgement.facts, chunk.text)})
    rewrite, findings = words.of(chunk.text, judgement.digest)
    if findings:
        judgement.add(findings, mode)
    judgement.definitions = rewrite.definitions
    reworded = rewrite
    if chunk.released is not None:
        # What is decided and recorded is about the original; what enters is in the words of both gates.
        reworded = words.of(chunk.released.text)[0]
    changed = _cleared_entries(judgement, revision)
    for name in judgement.shown or ():
        value = (chunk.released or chunk).metadata.get(name)
        if not isinstance(value, str) or not isinstance(name, str) or is_name(name) or len(value) > limits.text_bytes:
            continue
        found, findings = words.of(value)
        judgement.add([replace(finding, detail={**finding.detail, "metadata": name}) for finding in findings], mode)
        if found.edits:
            changed[name] = found
    if mode != "audit":  # audit records what would change, and changes nothing
        judgement.rewrite, judgement.reworded, judgement.text = rewrite, reworded, reworded.text
        judgement.metadata_rewrites = changed
        if judgement.facts.hidden is not None and revision.invisible == "strip":
            judgement.removed |= judgement.facts.hidden.names
            judgement.is_cleared = True


def _cleared_entries(judgement: Judgement, revision: Revision) -> dict[str, Rewrite]:
    """Return the metadata that leaves without what nobody sees in it."""
    hidden, chunk = judgement.facts.hidden, judgement.chunk
    cleared: dict[str, Rewrite] = {}
    if hidden is None or revision.invisible != "strip":
        return cleared
    for name in hidden.entries.keys() - judgement.removed:
        value = (chunk.released or chunk).metadata.get(name)
        found = find_invisible(str.__str__(value)) if isinstance(value, str) else None
        if isinstance(value, str) and found is not None:
            cleared[name] = without_invisible(str.__str__(value), found)
    return cleared


def defined_by_seal(facts: Facts, text: str) -> Definitions:
    """Return what the publisher says that short forms in a text stand for, in the words of its source's glossary."""
    told = facts.attestation.definitions if facts.attestation is not None else None
    if not told or facts.source.glossary is None:
        return _NOTHING
    mentioned = {short: long for short, long in told.items() if short in text}
    return dict(sorted(facts.source.glossary.told(mentioned, facts.source.id).items()))


class _Words(NamedTuple):
    """In which words texts of a source enter a prompt.

    Attributes:
        source: the source.
        revision: the policy in force.
        limits: bounds on the work.
        defined: what other chunks of the same document say that short forms stand for.
    """

    source: ResolvedSource
    revision: Revision
    limits: Limits
    defined: Definitions

    def of(self, text: str, digest: bytes = b"") -> tuple[Rewrite, tuple[Finding, ...]]:
        """Return what becomes of a text; remembered, because the same passages are retrieved again and again."""
        digest = digest or hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        # By source too: the same words may be scoped to one source and mean something else in another.
        key = (digest, self.source.id, *self.defined.items())
        known = self.revision.rewrites.get(key)
        if known is None:
            rewrite = reword(text, self.source, self.revision, self.limits, self.defined)
            known = (rewrite, describe_rewrite(rewrite))
            self.revision.rewrites.put(key, known, len(rewrite.text))
        return known


def reword(
    text: str, source: ResolvedSource, revision: Revision, limits: Limits, defined: Definitions = _NOTHING
) -> Rewrite:
    """Return what becomes of a text: without what nobody sees, where the policy says so, and in canonical terms."""
    glossary = source.glossary
    found = find_invisible(text) if revision.invisible == "strip" else None
    cleared = without_invisible(text, found) if found is not None else Rewrite(text)
    if glossary is None:
        return cleared
    rewrite = glossary.rewrite(cleared.text, source.id, limits=limits, defined=defined)
    return compose_rewrites(text, cleared, rewrite) if cleared.edits else rewrite


_Step = Callable[[Judgement, Revision, Limits], None]
# In this order, each with the check whose mode it is under.
_STEPS: tuple[tuple[str, _Step], ...] = (
    ("provenance", _choose_metadata),
    ("provenance", _look_for_invisible),
    ("terminology", _rewrite),
)

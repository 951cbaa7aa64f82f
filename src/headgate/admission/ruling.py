"""Which rules of freshness count for one document of a source. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from headgate.admission.revision import ResolvedSource, Revision
from headgate.freshness.entries import Entries
from headgate.limits import Limits
from headgate.policy import UriPattern, restricted
from headgate.policy.values import plain_word
from headgate.provenance import Attestation
from headgate.record.schema import EvidenceRecord

__all__ = ["DocumentTypes", "read_types", "recalled_types", "recorded_types", "under_rules"]

_MOST_TYPES, _MOST_CHARS = 16, 64


@dataclass(frozen=True, slots=True)
class DocumentTypes:
    """What metadata calls a document, as far as a rule of its source asks for it.

    Attributes:
        signed: the words that a proof covers.
        unsigned: those that nobody signed.
    """

    signed: frozenset[str] = frozenset()
    unsigned: frozenset[str] = frozenset()


def read_types(
    metadata: Mapping[str, object],
    source: ResolvedSource,
    attestation: Attestation | None,
    revision: Revision,
    limits: Limits,
) -> DocumentTypes:
    """Return what a document says of its type."""
    wanted = {word for rule in source.rules for word in rule.types}
    if not wanted:
        return DocumentTypes()
    covered = frozenset(attestation.covered if attestation is not None else ())
    entries = Entries(metadata, covered, revision.metadata, limits)
    found: dict[str, set[str]] = {"covered": set(), "metadata": set()}
    for kind, _, value in entries.values(revision.metadata.type):
        found[kind].update(word for word in _words(value) if word in wanted)
    return DocumentTypes(frozenset(found["covered"]), frozenset(found["metadata"]))


def under_rules(source: ResolvedSource, uri: str | None, types: DocumentTypes, *, is_proved: bool) -> ResolvedSource:
    """Return a source as it counts for one document: with the first rule that fits, and what else restricts it.

    A type that nobody signed chooses no milder rule, and does not take the place of one that fits without it.

    Args:
        source: the source of the document.
        uri: its URI in normal form.
        types: what it says of its type.
        is_proved: whether a proof of it was verified.
    """
    if not source.rules:
        return source
    signed, unsigned = types.signed, types.unsigned
    if source.freshness.evidence_for(source.requirement.require, is_proved=is_proved) == "any":
        signed, unsigned = signed | unsigned, frozenset()
    fitting = [rule for rule in source.rules if not rule.patterns or _matches(rule.patterns, uri)]
    first = next((rule for rule in fitting if not rule.types or rule.types & signed), None)
    freshness, verifiers = source.freshness, source.verifiers
    if first is not None:
        freshness, verifiers = first.freshness, first.verifiers
    for rule in fitting:
        if rule is not first and rule.types & unsigned:
            freshness = restricted(freshness, rule.freshness)
            verifiers = tuple(one for one in verifiers if one in rule.verifiers)
    return replace(source, freshness=freshness, verifiers=verifiers, rules=())


def _matches(patterns: Collection[UriPattern], uri: str | None) -> bool:
    return uri is not None and any(pattern.matches(uri) for pattern in patterns)


def _words(value: object) -> Iterator[str]:
    values = list(value)[:_MOST_TYPES] if isinstance(value, (list, tuple, Set)) else [value]
    for one in values:
        if isinstance(one, str) and len(one) <= _MOST_CHARS:
            yield plain_word(one)


def recorded_types(types: DocumentTypes) -> dict[str, object]:
    """Return the types as a record holds them: words of the policy, and no others."""
    words = [[word, "covered"] for word in sorted(types.signed)] + [
        [word, "metadata"] for word in sorted(types.unsigned)
    ]
    return {"type": words} if words else {}


def recalled_types(evidence: EvidenceRecord) -> DocumentTypes:
    """Return the types that a record holds."""
    found = [(str(word), kind) for word, kind in evidence.get("type", ())]
    return DocumentTypes(
        frozenset(word for word, kind in found if kind == "covered"),
        frozenset(word for word, kind in found if kind != "covered"),
    )

"""Which metadata entry names a document's source, and which row of it a chunk is. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.admission.revision import ResolvedSource, Revision, is_score
from headgate.assurance import is_proof
from headgate.chunk import SEAL_KEY
from headgate.freshness import Row, candidate_keys, find_entry, find_row, is_table
from headgate.limits import Limits
from headgate.policy import normalise_uri
from headgate.provenance import Attestation, Requirement

__all__ = ["cited_subject", "find_source", "row_in", "scores_in"]


def find_source(metadata: Mapping[str, object], revision: Revision, limits: Limits) -> tuple[str, object] | None:
    """Return the key and the value of the entry that names a document's source, or None."""
    entry = find_entry(metadata, "source", revision.metadata, limits)
    if entry is None or SEAL_KEY in metadata or revision.metadata.source:
        return entry
    return _page_of_row(entry, metadata, revision, limits) or entry


def _page_of_row(
    entry: tuple[str, object], metadata: Mapping[str, object], revision: Revision, limits: Limits
) -> tuple[str, object] | None:
    """Return the entry that names the page which a row of a table is about, if the same rules count for both.

    What a row says takes it to no other source: it is unsigned, and the other one may ask for less.
    """
    table = normalise_uri(entry[1], limits.uri_chars)
    if not is_table(table) or find_row(metadata, table, None) is None:
        return None
    source = revision.source_of(table)
    for key in candidate_keys(metadata, "source", revision.metadata, limits):
        value = metadata.get(key)
        if isinstance(value, str) and value.startswith("https://"):
            page = normalise_uri(value, limits.uri_chars)
            if page is not None and revision.source_of(page) is source:
                return key, value
    return None


def row_in(
    metadata: Mapping[str, object], uri: str | None, source: ResolvedSource, attestation: Attestation | None
) -> Row | None:
    """Return which row of its source a chunk is, or None where it is not a row."""
    key = source.identity.row_key if source.identity is not None else None
    return find_row(metadata, uri, key, attestation.covered if attestation is not None else ())


def cited_subject(
    attestation: Attestation | None, requirement: Requirement, key: str | None, declared: object
) -> str | None:
    """Return the proved subject for the entry that names the source, unless that is what it says or it is covered.

    To the letter, because what is equal only in its normal form may differ in a fragment or a segment that says
    something to a model. Without its seal, a document that names no source would no longer say where it is from.

    Args:
        attestation: what is proved, if it counts.
        requirement: what its source requires.
        key: of the entry that names the source, if there is one.
        declared: what that entry holds.
    """
    if attestation is None or not is_proof(requirement.require) or requirement.mode == "audit":
        return None
    if key is None:
        return attestation.subject if requirement.is_strict and "source" not in attestation.covered else None
    if key in attestation.covered or _is_written(declared, attestation.subject):
        return None
    return attestation.subject


def _is_written(value: object, text: str) -> bool:
    """Return whether a value is a text, to the letter; what is none, such as a column of a table, is not asked."""
    return isinstance(value, str) and str.__eq__(value, text)


def scores_in(
    metadata: Mapping[str, object], attestation: Attestation | None, source: ResolvedSource, revision: Revision
) -> frozenset[str]:
    """Return the entries that decide nothing, and that searches and rerankers write again each time.

    Floats under the names of scores, where the policy reads nothing of such a name and no proof covers it. Where a
    proof is asked for and there is none, it may be for what an entry holds.
    """
    found = [name for name, value in metadata.items() if type(value) is float and is_score(name)]
    if not found or revision.reads_scores or (attestation is None and source.requirement.is_strict):
        return frozenset()
    covered = attestation.covered if attestation is not None else ()
    return frozenset(name for name in found if name not in covered)

"""What is in force: one immutable revision of a policy with all that it names, under which admissions are decided."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from headgate.admission.budget import TokenBudget
from headgate.caching import Memo, cached_property
from headgate.decision import Finding, Mode, OnEmpty
from headgate.freshness import NO_REDIRECTS, Redirects
from headgate.limits import Limits
from headgate.origins import RemoteKeys
from headgate.policy import Freshness, Identity, KeySets, MetadataKeys, Revalidation, UriPattern
from headgate.policy.lookup import PatternIndex
from headgate.provenance import KeySet, Manifest, Requirement, Verdict
from headgate.terminology import Glossary
from headgate.terminology.asking import QueryTerms
from headgate.terminology.edits import Rewrite
from headgate.verification import Verifier

__all__ = ["ResolvedRule", "ResolvedSource", "Revision", "is_score", "memories", "owners_of"]

_SCORE = re.compile(r"score|similarit|relevan|distance|(?:^|_)rank", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ResolvedRule:
    """What counts for some documents of a source in place of its own rule of freshness.

    Attributes:
        patterns: of their URIs; none for all.
        types: words for their type; none for all.
        freshness: what counts for them.
        verifiers: what counts as a verification of them.
    """

    patterns: tuple[UriPattern, ...]
    types: frozenset[str]
    freshness: Freshness
    verifiers: tuple[Verifier, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedSource:
    """A source with everything it names loaded.

    Attributes:
        id: the source's id; `default` for the rule of unmatched documents.
        requirement: what provenance requires.
        freshness: what freshness requires.
        glossary: its terms, if any.
        modes: the mode of each check.
        verifiers: what counts as a verification of its documents.
        rules: what differs for some of its documents; the first that fits counts.
        feeds: its feeds, by what the registry knows them by.
        revalidate: whether the servers of its documents are asked.
        identity: how the addresses of its pages name an edition.
        redirects: which of its addresses lead to others.
        timestamp_keys: who may sign the timestamp of its manifest, if not the source's own keys.
        corpus: of which corpus its manifest has to be, if the policy says so.
    """

    id: str
    requirement: Requirement
    freshness: Freshness
    glossary: Glossary | None
    modes: Mapping[str, Mode]
    verifiers: tuple[Verifier, ...] = ()
    rules: tuple[ResolvedRule, ...] = ()
    feeds: frozenset[str] = frozenset()
    revalidate: Revalidation | None = None
    identity: Identity | None = None
    redirects: Redirects = NO_REDIRECTS
    timestamp_keys: KeySet | None = None
    corpus: str | None = None


@dataclass(frozen=True)
class Revision:
    """A policy in force, with what has been learned under it.

    Attributes:
        digest: identifies the policy, its keys and its glossaries.
        mode: the policy's mode.
        reading: the digest of the policy's `metadata` section: which keys are read, and how.
        metadata: which metadata keys to look at.
        sources: the sources by id.
        default: the rule of unmatched documents.
        owners: for each key name, the sources that list it.
        budget: the token budget, if any.
        query: in which words questions are put to retrievers, if in others than their own.
        budget_mode: its mode.
        files: the files this revision was read from.
        facts: what is settled about chunks, by digest and metadata.
        verdicts: seals verified, by token, digest and source.
        patterns: the sources by their patterns, the most specific first.
        rewrites: texts rewritten and what there is to say about them, by digest and source.
        places: sources by normalised URI.
        strictest: the strictest mode of provenance of any source, for what cannot be judged and so has no source.
        keeps_out: whether anything can be kept out: a check that may, of some source, is enforced.
        invisible: what happens to characters that nobody sees.
        on_empty: what a chain gets where nothing admissible is left.
        revocation_keys: who may sign each of the policy's revocation lists.
        key_sets: the key sets at addresses, each with the digest of what was in it.
    """

    digest: str
    mode: Mode
    reading: str
    metadata: MetadataKeys
    sources: Mapping[str, ResolvedSource]
    default: ResolvedSource
    owners: Mapping[str, tuple[str, ...]]
    budget: TokenBudget | None
    query: QueryTerms | None
    budget_mode: Mode
    files: tuple[Path, ...]
    patterns: PatternIndex[ResolvedSource]
    facts: Memo[Any] = field(compare=False)  # of Facts, which is defined above this floor
    verdicts: Memo[Verdict] = field(compare=False)
    rewrites: Memo[tuple[Rewrite, tuple[Finding, ...]]] = field(compare=False)
    places: Memo[ResolvedSource] = field(compare=False)
    strictest: Mode = "enforce"
    keeps_out: bool = True
    invisible: Literal["report", "strip", "drop"] = "report"
    on_empty: OnEmpty = "empty"
    revocation_keys: tuple[KeySet, ...] = ()
    key_sets: tuple[tuple[RemoteKeys, str], ...] = ()

    @cached_property
    def reads_scores(self) -> bool:
        """Whether the policy names a metadata entry that has the name of a search score."""
        identities = (one.identity for one in (*self.sources.values(), self.default))
        rows = [one.row_key for one in identities if one is not None and isinstance(one.row_key, str)]
        keys = [name for names in self.metadata.model_dump().values() if isinstance(names, tuple) for name in names]
        return any(map(is_score, (*keys, *rows)))

    @property
    def state(self) -> tuple[object, ...]:
        """What is in force: the policy with its keys and glossaries, and what the manifests of its sources say."""
        fetched = (digest for _, digest in self.key_sets)
        return (self.digest, *fetched, *((name, manifest.state) for name, manifest in self.manifests()))

    def under(self, change: Callable[[ResolvedSource], ResolvedSource]) -> Revision:
        """Return a revision in which each source, and the default, is what `change` makes of it."""
        sources = {name: change(one) for name, one in self.sources.items()}
        patterns = PatternIndex((pattern, sources[source.id]) for pattern, source in self.patterns)
        return replace(self, sources=sources, default=change(self.default), patterns=patterns)

    def forgetting(self, limits: Limits) -> Revision:
        """Return a revision that remembers nothing of what was decided."""
        return replace(self, **memories(limits))

    def newer_keys(self, now: datetime, rules: KeySets) -> tuple[str, ...] | None:
        """Return what tells the present key sets from those that were loaded, or None where nothing has changed.

        A refresh that is due is begun in the background.
        """
        if not self.key_sets:
            return None
        found = tuple(one.poll(now, rules) for one, _ in self.key_sets)
        return found if found != tuple(digest for _, digest in self.key_sets) else None

    def resolved(self, name: str) -> ResolvedSource:
        """Return a source by its id; the default where there is none."""
        return self.sources.get(name, self.default)

    def manifests(self) -> Iterator[tuple[str, Manifest]]:
        """Yield every source that has a manifest, and the manifest."""
        for one in (*self.sources.values(), self.default):
            if one.requirement.manifest is not None:
                yield one.id, one.requirement.manifest

    def source_of(self, uri: str | None) -> ResolvedSource:
        """Return the source that a normalised URI belongs to: the most specific match, or the default."""
        if uri is None:
            return self.default
        known = self.places.get(uri)
        if known is None:
            known = self.places.put(uri, self._match(uri))
        return known

    def _match(self, uri: str) -> ResolvedSource:
        # Sorted by falling specificity, so the first match is the most specific one.
        return self.patterns.find(uri, self.default)


def memories(limits: Limits) -> dict[str, Any]:
    """Return what a revision remembers of what it has decided, by its attributes, and nothing in it yet."""
    return {
        "facts": Memo(limits.memo_entries, limits.memo_chars),
        "verdicts": Memo(limits.memo_entries, limits.memo_chars),
        "rewrites": Memo(limits.memo_entries, limits.memo_chars),
        "places": Memo(limits.memo_entries),
    }


def is_score(name: str) -> bool:
    """Return whether a metadata entry has the name of what searches and rerankers write again each time."""
    return _SCORE.search(name) is not None


def owners_of(sources: Iterable[ResolvedSource]) -> dict[str, tuple[str, ...]]:
    """Return for each key name the sources that list it."""
    owners: dict[str, tuple[str, ...]] = {}
    for source in sources:
        for key in source.requirement.keys:
            owners[key.kid] = (*owners.get(key.kid, ()), source.id)
    return owners

"""Policy, keys and glossaries loaded: one immutable revision, under which whole admissions are decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Any

from headgate.admission.budget import TokenBudget
from headgate.admission.key_loading import KeyLoader
from headgate.assurance import is_proof
from headgate.caching import Memo
from headgate.clock import Clock, utc_now
from headgate.decision import Finding, Mode, OnEmpty, stricter
from headgate.encoding import canonical_json, digest_label, shown
from headgate.errors import BudgetError, ManifestError, PolicyError
from headgate.limits import Limits
from headgate.origins import RemoteKeys
from headgate.origins.feeds import feed_id
from headgate.policy import Freshness, KeySets, MetadataKeys, Policy, Provenance, Source, SourceRule, UriPattern
from headgate.policy.loading import named_here
from headgate.provenance import KeySet, Manifest, Requirement, Verdict
from headgate.provenance.issuers import Issuers, bind
from headgate.terminology import Glossary
from headgate.terminology.edits import Rewrite
from headgate.verification import Verifier

__all__ = ["ResolvedSource", "Revision", "owners_of", "resolve", "with_source"]

_CHECKS = ("provenance", "freshness", "terminology")


@dataclass(frozen=True, slots=True)
class ResolvedRule:
    """What counts for some documents of a source in place of its own rule of freshness.

    Attributes:
        patterns: of their URIs; none for all.
        types: words for their type; none for all.
        freshness: what counts for them.
    """

    patterns: tuple[UriPattern, ...]
    types: frozenset[str]
    freshness: Freshness


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
        timestamp_keys: who may sign the timestamp of its manifest, if not the source's own keys.
    """

    id: str
    requirement: Requirement
    freshness: Freshness
    glossary: Glossary | None
    modes: Mapping[str, Mode]
    verifiers: tuple[Verifier, ...] = ()
    rules: tuple[ResolvedRule, ...] = ()
    feeds: frozenset[str] = frozenset()
    timestamp_keys: KeySet | None = None


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
        budget_mode: its mode.
        files: the files this revision was read from.
        facts: what is settled about chunks, by digest and metadata.
        verdicts: seals verified, by token, digest and source.
        patterns: the sources' patterns, the most specific first.
        rewrites: texts rewritten and what there is to say about them, by digest and source.
        places: sources by normalised URI.
        strictest: the strictest mode of provenance of any source, for what cannot be judged and so has no source.
        keeps_out: whether anything can be kept out: a check that may, of some source, is enforced.
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
    budget_mode: Mode
    files: tuple[Path, ...]
    patterns: tuple[tuple[UriPattern, ResolvedSource], ...]
    facts: Memo[Any] = field(compare=False)  # of Facts, which is defined above this floor
    verdicts: Memo[Verdict] = field(compare=False)
    rewrites: Memo[tuple[Rewrite, tuple[Finding, ...]]] = field(compare=False)
    places: Memo[ResolvedSource] = field(compare=False)
    strictest: Mode = "enforce"
    keeps_out: bool = True
    on_empty: OnEmpty = "empty"
    revocation_keys: tuple[KeySet, ...] = ()
    key_sets: tuple[tuple[RemoteKeys, str], ...] = ()

    @property
    def state(self) -> tuple[object, ...]:
        """What is in force: the policy with its keys and glossaries, and what the manifests of its sources say."""
        fetched = (digest for _, digest in self.key_sets)
        return (self.digest, *fetched, *((name, manifest.state) for name, manifest in self._manifests()))

    def newer_keys(self, now: datetime, rules: KeySets) -> tuple[str, ...] | None:
        """Return what tells the present key sets from those that were loaded, or None where nothing has changed.

        A refresh that is due is begun in the background.
        """
        if not self.key_sets:
            return None
        found = tuple(one.poll(now, rules) for one, _ in self.key_sets)
        return found if found != tuple(digest for _, digest in self.key_sets) else None

    def require_no_rollback(self, before: Revision) -> None:
        """Do nothing unless a manifest was replaced by one that lists nothing, under the same policy.

        Under another policy it may be meant: whoever raises `at_least` wants nothing of what was in force.

        Args:
            before: the revision in force.

        Raises:
            PolicyError: a manifest was rolled back (P108), or is of another corpus.
        """
        if self.digest != before.digest:
            return
        good = {name: one.statement.corpus for name, one in before._manifests() if one.refusal is None}
        for name, manifest in self._manifests():
            before_it = good.get(name)
            if before_it is not None and before_it != manifest.statement.corpus:
                problem = f"{name!r}: the manifest is of another corpus, {shown(manifest.statement.corpus)}."
                raise PolicyError(problem, "The one before stays in force; make a new gate if it is meant.")
            refusal = manifest.refusal
            if refusal is not None and name in good:
                remedy = "The one before stays in force."
                raise PolicyError(f"{name!r}: {refusal.message} ({refusal.code})", remedy)

    def _manifests(self) -> Iterator[tuple[str, Manifest]]:
        for one in (*self.sources.values(), self.default):
            if one.requirement.manifest is not None:
                yield one.id, one.requirement.manifest

    def source_of(self, uri: str | None) -> ResolvedSource:
        """Return the source that a normalised URI belongs to: the most specific match, else the default."""
        if uri is None:
            return self.default
        known = self.places.get(uri)
        if known is None:
            known = self.places.put(uri, self._match(uri))
        return known

    def _match(self, uri: str) -> ResolvedSource:
        # Sorted by falling specificity, so the first match is the most specific one.
        return next((source for pattern, source in self.patterns if pattern.matches(uri)), self.default)


def with_source(revision: Revision, policy: Policy, source: Source, limits: Limits) -> Revision:
    """Return a revision that knows one source more and remembers nothing; what it has loaded is not read again.

    Raises:
        PolicyError: a key or glossary file of the source cannot be used.
    """
    extra = _resolve_source(policy, source, source.id, limits, KeyLoader(policy, utc_now, may_wait=False))
    patterns = [*revision.patterns, *((UriPattern.parse(pattern), extra) for pattern in source.match)]
    patterns.sort(key=lambda pair: pair[0].specificity, reverse=True)
    return replace(
        revision,
        sources={**revision.sources, source.id: extra},
        owners={**revision.owners, **{key.kid: (source.id,) for key in extra.requirement.keys}},
        patterns=tuple(patterns),
        facts=Memo(limits.memo_entries, limits.memo_chars),
        verdicts=Memo(limits.memo_entries, limits.memo_chars),
        rewrites=Memo(limits.memo_entries, limits.memo_chars),
        places=Memo(limits.memo_entries),
    )


def resolve(policy: Policy, limits: Limits, clock: Clock = utc_now, *, may_wait: bool = True) -> Revision:
    """Load what a policy names.

    Args:
        policy: the policy.
        limits: bounds on what is read.
        clock: tells how old a fetched key set is.
        may_wait: whether a key set that is not at hand is fetched; else it has no keys.

    Raises:
        PolicyError: a key or glossary file cannot be used; the error names both the file and the place in the policy.
    """
    keys_of = KeyLoader(policy, clock, may_wait=may_wait)
    sources: dict[str, ResolvedSource] = {}
    problems: list[PolicyError] = []
    for number, source in enumerate(policy.sources):
        try:
            sources[source.id] = _resolve_source(policy, source, source.id, limits, keys_of)
        except PolicyError as error:
            problems.append(error.under("sources", number))
    try:
        default = _resolve_source(policy, policy.default, "default", limits, keys_of)
    except PolicyError as error:
        problems.append(error.under("default"))
    revocation_keys: list[KeySet] = []
    for number, listed in enumerate(policy.revocations):
        try:
            revocation_keys.append(keys_of(listed.keys))
        except PolicyError as error:
            problems.append(error.under("revocations", number, "keys"))
    known = (*sources.values(), *((default,) if not problems else ()))
    problems += _shared_keys(revocation_keys, known)
    try:
        budget = _budget(policy)
    except PolicyError as error:
        problems.append(error)
    if problems:
        first, *others = problems
        raise PolicyError(first.problem, first.remedy, first.path, first.file, first.line, tuple(others))
    patterns = [
        (UriPattern.parse(pattern), sources[source.id]) for source in policy.sources for pattern in source.match
    ]
    # Stable: of patterns that are equally specific, the first in the policy decides.
    patterns.sort(key=lambda pair: pair[0].specificity, reverse=True)
    return Revision(
        digest=_digest(policy, (*sources.values(), default), revocation_keys),
        mode=policy.mode,
        reading=digest_label(canonical_json(policy.metadata.model_dump(mode="json", exclude={"release"}))),
        metadata=policy.metadata,
        sources=sources,
        default=default,
        owners=owners_of((*sources.values(), default)),
        budget=budget,
        budget_mode=policy.modes.budget or policy.mode,
        files=policy.named_files(),
        patterns=tuple(patterns),
        facts=Memo(limits.memo_entries, limits.memo_chars),
        verdicts=Memo(limits.memo_entries, limits.memo_chars),
        rewrites=Memo(limits.memo_entries, limits.memo_chars),
        places=Memo(limits.memo_entries),
        strictest=reduce(stricter, (one.modes["provenance"] for one in (*sources.values(), default)), policy.mode),
        keeps_out=policy.keeps_out,
        # Where only a log that fails can keep something out, nothing takes the place of the documents.
        on_empty=policy.on_empty if policy.keeps_out else "empty",
        revocation_keys=tuple(revocation_keys),
        key_sets=keys_of.fetched(),
    )


def owners_of(sources: Iterable[ResolvedSource]) -> dict[str, tuple[str, ...]]:
    """Return for each key name the sources that list it."""
    owners: dict[str, tuple[str, ...]] = {}
    for source in sources:
        for key in source.requirement.keys:
            owners[key.kid] = (*owners.get(key.kid, ()), source.id)
    return owners


def _shared_keys(revoking: Sequence[KeySet], sources: Sequence[ResolvedSource]) -> Iterator[PolicyError]:
    """Find keys that sign revocation lists and speak for a source too: one that leaks could clear itself."""
    signing = {
        key.thumbprint: one.id
        for one in sources
        for keys in (one.requirement.keys, one.timestamp_keys or ())
        for key in keys
    }
    for number, keys in enumerate(revoking):
        for key in keys:
            if key.thumbprint in signing:
                problem = f"the key {key.kid!r} also speaks for {signing[key.thumbprint]!r}."
                yield PolicyError(
                    problem, "Sign revocation lists with a key of their own.", ("revocations", number, "keys")
                )


def _resolve_source(policy: Policy, rule: SourceRule, name: str, limits: Limits, keys_of: KeyLoader) -> ResolvedSource:
    provenance = rule.provenance
    try:
        keys = keys_of(provenance.keys)
    except PolicyError as error:
        raise error.under("provenance", "keys") from None
    try:
        timestamp_keys = keys_of(provenance.timestamp_keys) or None
    except PolicyError as error:
        raise error.under("provenance", "timestamp_keys") from None
    issuers = _bound_issuers(provenance, keys, keys_of)
    return ResolvedSource(
        id=name,
        requirement=Requirement(
            source=name,
            require=provenance.require,
            keys=keys,
            issuers=issuers,
            cover=frozenset(provenance.cover),
            mode=policy.effective_mode(rule, "provenance"),
            is_default=name == "default",
            release=policy.metadata.released,
            manifest=_load_manifest(policy, provenance, (keys, timestamp_keys), issuers, limits, keys_of.now),
            grace=provenance.grace,
        ),
        freshness=rule.freshness,
        glossary=_load_glossary(policy, rule),
        modes={check: policy.effective_mode(rule, check) for check in _CHECKS},
        verifiers=rule.verifiers,
        feeds=frozenset(feed_id(one, name) for one in rule.freshness.feeds),
        rules=tuple(
            ResolvedRule(tuple(map(UriPattern.parse, one.match)), frozenset(one.type), rule.freshness.under(one))
            for one in rule.freshness.rules
        ),
        timestamp_keys=timestamp_keys,
    )


def _bound_issuers(provenance: Provenance, keys: KeySet, keys_of: KeyLoader) -> Issuers:
    named = [entry for entry in provenance.keys if isinstance(entry, str)]
    wanted = {name for names in (provenance.issuers or {}).values() for name in names or ()}
    try:
        sets = {entry: keys_of([entry]) for entry in named if entry in wanted}
        # What is published elsewhere may come and go.
        is_complete = not any("://" in entry for entry in named)
        return bind(provenance.issuers or {}, keys, sets, is_complete=is_complete)
    except PolicyError as error:
        raise error.under("provenance", "issuers") from None


def _load_manifest(
    policy: Policy,
    provenance: Provenance,
    keys: tuple[KeySet, KeySet | None],
    issuers: Issuers,
    limits: Limits,
    clock: Clock,
) -> Manifest | None:
    # Where no proof is required, a list of what is proved keeps nothing out.
    if provenance.manifest is None or not is_proof(provenance.require):
        return None
    try:
        manifest = Manifest.load(
            policy.resolve_path(provenance.manifest),
            keys[0],
            timestamp_keys=keys[1],
            issuers=issuers,
            at_least=provenance.at_least,
            cache=policy.resolve_path(policy.cache) if policy.cache is not None else None,
            limits=limits,
            now=clock(),
        )
    except ManifestError as error:
        raise PolicyError(str(error), "`headgate manifest verify` says more.", ("provenance", "manifest")) from None
    if provenance.corpus is not None and manifest.statement.corpus != provenance.corpus:
        problem = f"the manifest is of the corpus {shown(manifest.statement.corpus)}, not {shown(provenance.corpus)}."
        raise PolicyError(problem, "Name its folder, or its corpus.", ("provenance", "corpus"))
    return manifest


def _load_glossary(policy: Policy, rule: SourceRule) -> Glossary | None:
    if not rule.terminology:
        return None
    paths = [policy.resolve_path(entry) for entry in rule.terminology]
    try:
        return Glossary.load(*paths)
    except PolicyError as error:
        raise named_here(error).under("terminology") from None


def _budget(policy: Policy) -> TokenBudget | None:
    if policy.budget is None:
        return None
    try:
        return TokenBudget(policy.budget.max_tokens, policy.budget.encoding, cut=policy.budget.cut)
    except BudgetError as error:
        raise PolicyError(str(error), "", ("budget", "encoding")) from error


def _digest(policy: Policy, sources: tuple[ResolvedSource, ...], revocation_keys: Sequence[KeySet]) -> str:
    loaded = {
        # What the files hold too: another key under an old file name is another revision.
        source.id: [
            source.requirement.keys.digest,
            source.glossary.digest if source.glossary else None,
            source.timestamp_keys.digest if source.timestamp_keys else None,
        ]
        for source in sources
    }
    lists = [keys.digest for keys in revocation_keys]
    return digest_label(canonical_json([policy.model_dump(mode="json"), loaded, *([lists] if lists else [])]))

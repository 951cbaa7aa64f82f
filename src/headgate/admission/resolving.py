"""From a policy to what is in force: its keys, glossaries, manifests and rules, loaded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import TypeVar

from headgate.admission.budget import TokenBudget
from headgate.admission.key_loading import KeyLoader
from headgate.admission.manifest_loading import ManifestKeys, load_manifest, taken_back
from headgate.admission.revision import ResolvedRule, ResolvedSource, Revision, memories, owners_of
from headgate.clock import Clock, utc_now
from headgate.decision import stricter
from headgate.encoding import canonical_json, digest_label
from headgate.errors import BudgetError, PolicyError
from headgate.files import read_config_text
from headgate.freshness import NO_REDIRECTS, Redirects, read_redirects
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.origins.feeds import feed_id
from headgate.policy import Policy, Provenance, Source, SourceRule, UriPattern
from headgate.policy.freshness import FreshnessRule, Revalidation
from headgate.policy.loading import named_here
from headgate.policy.lookup import PatternIndex
from headgate.provenance import KeySet, Requirement
from headgate.provenance.delegation import with_delegations
from headgate.provenance.issuers import Issuers, bind
from headgate.provenance.revocation import Revocations
from headgate.terminology import Glossary
from headgate.terminology.asking import QueryTerms
from headgate.terminology.reviewing import require_names

__all__ = ["bound_issuers", "digest_under", "resolve", "with_source"]

_MOST_BYTES = 20_000_000
_log = logging.getLogger("headgate")
_CHECKS = ("provenance", "freshness", "terminology")
T = TypeVar("T")


def resolve(
    policy: Policy, limits: Limits, clock: Clock = utc_now, *, may_wait: bool = True, remembers: bool = True
) -> Revision:
    """Load what a policy names.

    Args:
        policy: the policy.
        limits: bounds on what is read.
        clock: tells how old a fetched key set is.
        may_wait: whether a key set that is not there yet is fetched; otherwise it has no keys.
        remembers: whether earlier versions of its manifests and lists are refused from now on; for what is in force.

    Raises:
        PolicyError: a key or glossary file cannot be used; the error names both the file and the place in the policy.
    """
    if policy.pull is not None:
        remedy = "Give the one that is in force: Gate(...).policy."
        raise PolicyError("this says where the policy is pulled from, and is none itself.", remedy, ("pull",))
    keys_of = KeyLoader(policy, clock, may_wait=may_wait)
    problems: list[PolicyError] = []
    unread: list[PolicyError] = []
    revocation_keys = [
        _tried(unread, partial(keys_of, listed.keys), "revocations", number, "keys") or KeySet()
        for number, listed in enumerate(policy.revocations)
    ]
    revoked = taken_back(policy, revocation_keys, limits, clock, may_wait=may_wait, remembers=remembers)
    read = partial(_resolve_source, policy, limits=limits, keys_of=keys_of, revoked=revoked, remembers=remembers)
    resolved = [
        _tried(problems, partial(read, source, source.id), "sources", number)
        for number, source in enumerate(policy.sources)
    ]
    default = _tried(problems, partial(read, policy.default, "default"), "default")
    problems += unread
    sources = {one.id: one for one in resolved if one is not None}
    problems += _shared_keys(revocation_keys, (*sources.values(), *((default,) if default is not None else ())))
    budget = _tried(problems, partial(_budget, policy))
    query = _tried(problems, partial(_query, policy))
    if problems or default is None:
        first, *others = problems
        raise PolicyError(first.problem, first.remedy, first.path, first.file, first.line, tuple(others))
    return replace(_revision(policy, sources, default, revocation_keys, budget, limits, keys_of), query=query)


def _tried(problems: list[PolicyError], load: Callable[[], T], *steps: str | int) -> T | None:
    """Return what is loaded, or None and the problem, with its place, among the others."""
    try:
        return load()
    except PolicyError as error:
        problems.append(error.under(*steps) if steps else error)
        return None


def _revision(
    policy: Policy,
    sources: Mapping[str, ResolvedSource],
    default: ResolvedSource,
    revocation_keys: Sequence[KeySet],
    budget: TokenBudget | None,
    limits: Limits,
    keys_of: KeyLoader,
) -> Revision:
    every = (*sources.values(), default)
    patterns = [
        (UriPattern.parse(pattern), sources[source.id]) for source in policy.sources for pattern in source.match
    ]
    # Stable: of patterns that are equally specific, the first in the policy decides.
    patterns.sort(key=lambda pair: pair[0].specificity, reverse=True)
    return Revision(
        digest=_digest(policy, every, revocation_keys),
        mode=policy.mode,
        reading=digest_label(canonical_json(policy.metadata.model_dump(mode="json", exclude={"release"}))),
        metadata=policy.metadata,
        sources=sources,
        default=default,
        owners=owners_of(every),
        budget=budget,
        query=None,
        budget_mode=policy.modes.budget or policy.mode,
        files=policy.named_files(),
        patterns=PatternIndex(patterns),
        **memories(limits),
        strictest=reduce(stricter, (one.modes["provenance"] for one in every), policy.mode),
        keeps_out=policy.keeps_out,
        invisible=policy.invisible,
        # Where only a log that fails can keep something out, nothing takes the place of the documents.
        on_empty=policy.on_empty if policy.keeps_out else "empty",
        revocation_keys=tuple(revocation_keys),
        key_sets=keys_of.fetched(),
    )


def with_source(revision: Revision, policy: Policy, source: Source, limits: Limits) -> Revision:
    """Return a revision that knows one source more and remembers nothing; what it has loaded is not read again.

    Raises:
        PolicyError: a key or glossary file of the source cannot be used.
    """
    extra = _resolve_source(
        policy, source, source.id, limits, KeyLoader(policy, utc_now, may_wait=False), Revocations()
    )
    patterns = [*revision.patterns, *((UriPattern.parse(pattern), extra) for pattern in source.match)]
    patterns.sort(key=lambda pair: pair[0].specificity, reverse=True)
    return replace(
        revision,
        sources={**revision.sources, source.id: extra},
        owners={**revision.owners, **{key.kid: (source.id,) for key in extra.requirement.keys}},
        patterns=PatternIndex(patterns),
        **memories(limits),
    )


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


def _resolve_source(
    policy: Policy,
    rule: SourceRule,
    name: str,
    limits: Limits,
    keys_of: KeyLoader,
    revoked: Revocations,
    *,
    remembers: bool = True,
) -> ResolvedSource:
    provenance = rule.provenance
    try:
        keys = keys_of(provenance.keys)
    except PolicyError as error:
        raise error.under("provenance", "keys") from None
    sealing = _delegated(policy, provenance, keys)
    try:
        timestamp_keys = keys_of(provenance.timestamp_keys) or None
    except PolicyError as error:
        raise error.under("provenance", "timestamp_keys") from None
    issuers = bound_issuers(provenance, sealing, keys_of)
    signers = ManifestKeys(keys, timestamp_keys, issuers, revoked)
    return ResolvedSource(
        id=name,
        requirement=Requirement(
            source=name,
            require=provenance.require,
            keys=sealing,
            issuers=issuers,
            cover=frozenset(provenance.cover),
            mode=policy.effective_mode(rule, "provenance"),
            is_default=name == "default",
            release=policy.metadata.released,
            manifest=load_manifest(policy, name, provenance, signers, limits, keys_of.now, remembers=remembers),
            grace=provenance.grace,
        ),
        freshness=rule.freshness,
        glossary=_load_glossary(policy, rule),
        modes={check: policy.effective_mode(rule, check) for check in _CHECKS},
        verifiers=rule.verifiers,
        feeds=_feed_ids(policy, rule, name),
        revalidate=_asked_in_time(rule),
        identity=rule.identity if isinstance(rule, Source) else None,
        redirects=_load_redirects(policy, rule) if isinstance(rule, Source) else NO_REDIRECTS,
        rules=tuple(_resolve_rule(rule, one) for one in rule.freshness.rules),
        timestamp_keys=timestamp_keys,
        corpus=provenance.corpus,
    )


def _resolve_rule(source: SourceRule, rule: FreshnessRule) -> ResolvedRule:
    freshness = source.freshness.under(rule)
    patterns = tuple(map(UriPattern.parse, rule.match))
    return ResolvedRule(patterns, frozenset(rule.type), freshness, source.verifiers_under(freshness))


def _asked_in_time(rule: SourceRule) -> Revalidation | None:
    """Return when servers are asked: where the policy does not say how often, often enough for `verified_within`."""
    revalidate, within = rule.freshness.revalidate, rule.freshness.shortest_verified_within
    if revalidate is None or within is None or "after" in revalidate.model_fields_set:
        return revalidate
    return revalidate.model_copy(update={"after": min(revalidate.after, within)})


def _feed_ids(policy: Policy, rule: SourceRule, name: str) -> frozenset[str]:
    """Return what the feeds of a source are known by, in the registry and in records."""
    match = rule.match if isinstance(rule, Source) else ()
    ids = [feed_id(one, policy, name, match) for one in rule.freshness.feeds]
    return frozenset((*ids, *(one.partition(".")[0] for one in ids)))


def bound_issuers(provenance: Provenance, keys: KeySet, keys_of: KeyLoader) -> Issuers:
    """Return the accepted issuers with the keys that each may use.

    Raises:
        PolicyError: an issuer names a key that is not there.
    """
    named = [entry for entry in provenance.keys if isinstance(entry, str)]
    wanted = {name for names in (provenance.issuers or {}).values() for name in names or ()}
    try:
        sets = {entry: keys_of([entry]) for entry in named if entry in wanted}
        # What is published elsewhere may come and go.
        is_complete = not any("://" in entry for entry in named)
        return bind(provenance.issuers or {}, keys, sets, is_complete=is_complete)
    except PolicyError as error:
        raise error.under("provenance", "issuers") from None


def _delegated(policy: Policy, provenance: Provenance, keys: KeySet) -> KeySet:
    """Return the keys of a source with those that they have delegated to."""
    for number, entry in enumerate(provenance.delegations):
        try:
            keys = with_delegations(keys, [read_config_text(policy.resolve_path(entry), DEFAULT_LIMITS.policy_bytes)])
        except PolicyError as error:
            raise named_here(error).under("provenance", "delegations", number) from None
    return keys


def _load_redirects(policy: Policy, rule: Source) -> Redirects:
    if rule.identity is None or rule.identity.redirects is None:
        return NO_REDIRECTS
    path = policy.resolve_path(rule.identity.redirects)
    origins = {UriPattern.parse(pattern).origin for pattern in rule.match}
    try:
        text = read_config_text(path, _MOST_BYTES)
        redirects = read_redirects(text, origins.pop() if len(origins) == 1 else None)
    except PolicyError as error:
        raise named_here(error).under("identity", "redirects") from None
    except ValueError as error:
        raise PolicyError(f"{path.name}: {error}", "", ("identity", "redirects")) from None
    if redirects.skipped:
        _log.warning("%s: %s redirects with placeholders or conditions are not followed", path, redirects.skipped)
    return redirects


def _load_glossary(policy: Policy, rule: SourceRule) -> Glossary | None:
    if not rule.terminology:
        return None
    try:
        glossary = Glossary.of_files(policy.resolve_glossaries(rule.terminology))
        if rule.glossary_terms == "names":
            require_names(glossary.concepts)
        return glossary
    except PolicyError as error:
        raise named_here(error).under("terminology") from None


def _budget(policy: Policy) -> TokenBudget | None:
    if policy.budget is None:
        return None
    try:
        rule = policy.budget
        return TokenBudget(rule.max_tokens, rule.encoding, cut=rule.cut, floor=rule.floor)
    except BudgetError as error:
        raise PolicyError(str(error), "", ("budget", "encoding")) from error


def _query(policy: Policy) -> QueryTerms | None:
    """Return how questions are put to retrievers; as they are where terminology is only audited."""
    rule = policy.query
    if rule is None or (policy.modes.terminology or policy.mode) == "audit":
        return None
    try:
        return QueryTerms(Glossary.of_files(policy.resolve_glossaries(rule.rewrite)), rule.mode)
    except PolicyError as error:
        raise named_here(error).under("query", "rewrite") from None


def digest_under(policy: Policy, revision: Revision) -> str:
    """Return the digest of a policy with the keys and glossaries that a part of it has loaded already.

    Args:
        policy: the whole policy.
        revision: of the same policy without sections that load nothing: log, budget, quarantine, overrides.
    """
    return _digest(policy, (*revision.sources.values(), revision.default), revision.revocation_keys)


def _digest(policy: Policy, sources: tuple[ResolvedSource, ...], revocation_keys: Sequence[KeySet]) -> str:
    loaded = {
        # What the files hold too: another key under an old file name is another revision.
        source.id: [
            source.requirement.keys.digest,
            source.glossary.digest if source.glossary else None,
            source.timestamp_keys.digest if source.timestamp_keys else None,
            *([source.redirects.digest] if source.redirects.targets else []),
        ]
        for source in sources
    }
    lists = [keys.digest for keys in revocation_keys]
    return digest_label(canonical_json([policy.model_dump(mode="json"), loaded, *([lists] if lists else [])]))

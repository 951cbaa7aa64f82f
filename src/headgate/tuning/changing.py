"""Policies with one thing changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

from headgate.policy import Freshness, Policy, SourceRule

__all__ = ["verified_on", "with_freshness", "with_provenance"]

F = TypeVar("F", bound=Freshness)
R = TypeVar("R", bound=SourceRule)
_FOR_GOOD = timedelta.max


def with_freshness(policy: Policy, source: str | None, **changes: Any) -> Policy:
    """Return the policy with other freshness rules for a source, or for all.

    Raises:
        ValueError: there is no such source.
    """
    return _changed(policy, source, "freshness", changes)


def with_provenance(policy: Policy, source: str | None, **changes: Any) -> Policy:
    """Return the policy with other provenance rules for a source, or for all.

    Raises:
        ValueError: there is no such source.
    """
    return _changed(policy, source, "provenance", changes)


def verified_on(policy: Policy) -> Policy:
    """Return the policy as it is for as long as what verifies its sources by itself goes on: feeds, servers, lists.

    A document that nobody has verified yet stays so: what goes on has to have begun. What a publisher's sealing
    verifies ends all the same.
    """
    return policy.model_copy(update={"sources": tuple(map(_verified_on, policy.sources))})


def _verified_on(source: R) -> R:
    freshness = source.freshness
    rules = tuple(_lasting(rule, freshness.under(rule), source) for rule in freshness.rules)
    base = _lasting(freshness, freshness, source)
    return source.model_copy(update={"freshness": base.model_copy(update={"rules": rules})})


def _lasting(rule: F, whole: Freshness, source: SourceRule) -> F:
    """Return a rule under which a verification lasts, if others than the publisher verify.

    Args:
        rule: the rule.
        whole: what counts under it, with what it does not say itself.
        source: whose rule it is.
    """
    if whole.verified_within is None:
        return rule
    lasts = set(source.verifiers_under(whole)) - {"seal"}
    # Said by each rule itself, because others may verify the documents of the source.
    return rule.model_copy(update={"verified_within": _FOR_GOOD if lasts else whole.verified_within})


def _changed(policy: Policy, source: str | None, section: str, changes: dict[str, Any]) -> Policy:
    known = [rule.id for rule in policy.sources]
    if source is not None and source not in (*known, "default"):
        raise ValueError(f"the policy has no source {source!r}; it has {', '.join((*known, 'default'))}")

    def change(rule: R, name: str) -> R:
        if source not in (None, name):
            return rule
        # `model_copy` validates nothing: seals without keys are not a policy, but how much they cost can be measured.
        return rule.model_copy(update={section: getattr(rule, section).model_copy(update=changes)})

    sources = tuple(change(rule, rule.id) for rule in policy.sources)
    return policy.model_copy(update={"sources": sources, "default": change(policy.default, "default")})

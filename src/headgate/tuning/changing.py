"""Policies with one thing changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

from headgate.policy import Freshness, Policy, SourceRule

__all__ = ["verified_on", "with_freshness", "with_provenance"]

F = TypeVar("F", bound=Freshness)
R = TypeVar("R", bound=SourceRule)


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

    What a publisher's sealing verifies ends all the same.
    """
    return policy.model_copy(update={"sources": tuple(map(_verified_on, policy.sources))})


def _verified_on(source: R) -> R:
    freshness = source.freshness
    rules = tuple(
        _unverified(rule) if set(source.verifiers_under(freshness.under(rule))) - {"seal"} else rule
        for rule in freshness.rules
    )
    if set(source.verifiers) - {"seal"}:
        freshness = _unverified(freshness)
    return source.model_copy(update={"freshness": freshness.model_copy(update={"rules": rules})})


def _unverified(rule: F) -> F:
    """Return a rule that asks for no verification, whatever others do."""
    changed = rule.model_copy(update={"verified_within": None, "verified_by": (), "verified_grace": timedelta(0)})
    changed.model_fields_set.difference_update(("verified_by", "verified_grace"))
    return changed


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

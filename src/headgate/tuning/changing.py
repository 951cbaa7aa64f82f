"""Policies with one thing changed."""

from __future__ import annotations

from typing import Any, TypeVar

from headgate.policy import Policy, SourceRule

__all__ = ["verified_on", "with_freshness", "with_provenance"]

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
    for source in policy.sources:
        if source.freshness.verified_within is not None and set(source.verifiers) - {"seal"}:
            policy = with_freshness(policy, source.id, verified_within=None)
    return policy


def _changed(policy: Policy, source: str | None, section: str, changes: dict[str, Any]) -> Policy:
    known = [rule.id for rule in policy.sources]
    if source is not None and source not in (*known, "default"):
        raise ValueError(f"the policy has no source {source!r}; it has {', '.join((*known, 'default'))}")

    def change(rule: R, name: str) -> R:
        if source not in (None, name):
            return rule
        # `model_copy` validates nothing: seals without keys are no policy, but how much they cost can be measured.
        return rule.model_copy(update={section: getattr(rule, section).model_copy(update=changes)})

    sources = tuple(change(rule, rule.id) for rule in policy.sources)
    return policy.model_copy(update={"sources": sources, "default": change(policy.default, "default")})

"""Which rule of which source let something through."""

from __future__ import annotations

import re
from datetime import timedelta

from headgate.assurance import is_proof
from headgate.policy import Policy
from headgate.policy.durations import format_duration
from headgate.policy.rules import SourceRule
from headgate.rehearsal.injecting import Injection

__all__ = ["rule_behind"]

_RULE = re.compile(r"\b(provenance|freshness)\.([a-z_]+)")


def rule_behind(policy: Policy, source: str, injection: Injection) -> str:
    """Return the rule that would have stopped an injection, as the policy has it for a source.

    Args:
        policy: the policy of the rehearsal.
        source: the id of the source under which the document was admitted; `default` where none matched.
        injection: what came through; where it does not say what stops it, the requirement of a proof is named.

    Returns:
        Such as `provenance.require of 'wiki' is declared`.
    """
    found = _RULE.search(injection.stopped_by)
    section, name = found.groups() if found is not None else ("provenance", "require")
    rule: SourceRule = next((one for one in policy.sources if one.id == source), policy.default)
    # Of two rules that have to come together, the one that is missing.
    if name == "max_age" and "missing:" in injection.stopped_by and rule.freshness.max_age is not None:
        name = "missing"
    if section == "provenance":
        if not is_proof(rule.provenance.require):
            # Without a proof no key is looked at.
            return f"provenance.require of {source!r} is {rule.provenance.require}"
        if name == "keys":
            return f"provenance.keys of {source!r} list that key"
    value = getattr(getattr(rule, section), name, None)
    return f"{section}.{name} of {source!r} is {_shown(value)}"


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, timedelta):
        return format_duration(value)
    return str(value).lower() if isinstance(value, bool) else str(value)

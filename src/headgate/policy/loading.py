"""From a YAML file to a Policy, with errors that name file, line, path and remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rapidfuzz import process

from headgate.errors import PolicyError
from headgate.files import MISSING_HERE, MISSING_IN_POLICY, read_config_text
from headgate.limits import DEFAULT_LIMITS
from headgate.policy.documents import Steps, YamlDocument, parse_yaml
from headgate.policy.feeds import FeedRule
from headgate.policy.freshness import FreshnessRule, Revalidation, SourceFreshness
from headgate.policy.identity import Identity
from headgate.policy.model import Policy
from headgate.policy.pulling import GitPlace, PullRule
from headgate.policy.rules import MetadataKeys, Modes, Provenance, Quarantine, Source, SourceRule
from headgate.policy.settings import (
    Budget,
    KeySets,
    Log,
    OverrideStore,
    QuarantineStore,
    QueryRule,
    RegistryStore,
    RevocationRule,
)
from headgate.policy.showing import as_written, shown_value
from headgate.policy.values import ENTRY_TAGS, GlossaryEntry

__all__ = ["YamlDocument", "load_policy", "locate", "named_here", "parse_yaml", "policy_from_mapping"]

_FIELDS = {
    "provenance": tuple(Provenance.model_fields),
    "freshness": tuple(SourceFreshness.model_fields),
    "revalidate": tuple(Revalidation.model_fields),
    "feeds": tuple(FeedRule.model_fields),
    "rules": tuple(FreshnessRule.model_fields),
    "terminology": tuple(GlossaryEntry.model_fields),
    "rewrite": tuple(GlossaryEntry.model_fields),
    "identity": tuple(Identity.model_fields),
    "metadata": tuple(MetadataKeys.model_fields),
    "modes": tuple(Modes.model_fields),
    "budget": tuple(Budget.model_fields),
    "query": tuple(QueryRule.model_fields),
    "log": tuple(Log.model_fields),
    "quarantine": tuple(Quarantine.model_fields),
    "overrides": tuple(OverrideStore.model_fields),
    "key_sets": tuple(KeySets.model_fields),
    "registry": tuple(RegistryStore.model_fields),
    "revocations": tuple(RevocationRule.model_fields),
    "pull": tuple(PullRule.model_fields),
    "git": tuple(GitPlace.model_fields),
    "sources": tuple(Source.model_fields),
    "default": tuple(SourceRule.model_fields),
}
# Embeddings, overrides and isolates of the bidirectional algorithm; the marks for single places turn nothing.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TOP = tuple(name for name in Policy.model_fields if name != "base_dir")


def load_policy(path: Path) -> Policy:
    """Return the policy in a YAML file.

    Raises:
        PolicyError: with the file, line, path and remedy of every problem.
    """
    text = read_config_text(path, DEFAULT_LIMITS.policy_bytes)
    try:
        _require_one_direction(text)
        document = parse_yaml(text)
    except PolicyError as error:
        raise error.at(str(path)) from None
    if not isinstance(document.value, dict):
        raise _no_mapping(str(path))
    return _validate(document.value, path.parent, str(path), document)


def _require_one_direction(text: str) -> None:
    """Raise if a policy holds characters that show what follows them in another order.

    Raises:
        PolicyError: it does: whoever reviews it would read another policy.
    """
    found = _TURNING.search(text)
    if found is not None:
        problem = f"the line holds a character that turns the direction of what follows it (U+{ord(found[0]):04X})."
        raise PolicyError(problem, "Remove it.", line=text.count("\n", 0, found.start()) + 1)


def locate(error: PolicyError, path: Path) -> PolicyError:
    """Return an error about what a policy names (a key or glossary file, a log) with its line in the policy file.

    Args:
        error: raised while a gate was made of the policy.
        path: the policy file.
    """
    if error.line is not None or error.file not in (None, str(path)):
        return error
    try:
        line = parse_yaml(read_config_text(path, DEFAULT_LIMITS.policy_bytes)).line_of(error.path)
    except PolicyError:
        return error
    others = tuple(locate(other, path) for other in error.others)
    return PolicyError(error.problem, error.remedy, error.path, str(path), line, others)


def named_here(error: PolicyError) -> PolicyError:
    """Return the error of a file that the policy names, as an error at the place where the policy names it."""
    if error.file is None:
        return error
    if error.remedy == MISSING_HERE:
        error = PolicyError(error.problem, MISSING_IN_POLICY, error.path, error.file, error.line)
    # All problems of the file, each with its own place.
    return PolicyError(str(error), "")


def policy_from_mapping(mapping: Mapping[str, object], base_dir: Path) -> Policy:
    """Return the policy that a mapping with the file's names describes.

    Raises:
        PolicyError: with the path and remedy of every problem.
    """
    if not isinstance(mapping, Mapping):
        raise _no_mapping(None)
    return _validate(dict(mapping), base_dir, None, None)


def _no_mapping(file: str | None) -> PolicyError:
    return PolicyError("a policy is a mapping.", "Begin with `version: 1`; `headgate init` writes one.", file=file)


def _validate(value: dict[str, object], base_dir: Path, file: str | None, document: YamlDocument | None) -> Policy:
    if "base_dir" in value:  # a field of the model that only the loader sets
        raise _explain({"loc": ("base_dir",), "type": "extra_forbidden", "msg": ""}, value, file, document)
    try:
        return Policy.model_validate({**value, "base_dir": base_dir})
    except ValidationError as error:
        problems = [_explain(item, value, file, document) for item in error.errors(include_url=False)]
        first, *others = problems
        raise PolicyError(first.problem, first.remedy, first.path, first.file, first.line, tuple(others)) from None
    except (ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RecursionError) as error:
        # Values that no validator expected are the file's fault, and a reload must survive them.
        raise PolicyError(f"the policy cannot be read ({type(error).__name__}: {error}).", "", file=file) from error


def _explain(item: Any, value: object, file: str | None, document: YamlDocument | None) -> PolicyError:
    # What contradicts another part is seen in the policy as a whole, so the error itself says where.
    path: Steps = (
        *(step for step in item["loc"] if step not in ENTRY_TAGS),
        *getattr(item.get("ctx", {}).get("error"), "steps", ()),
    )
    problem, remedy = str(item["msg"]).removeprefix("Value error, "), ""
    found = as_written(value, path, item.get("input"))
    if item["type"] == "extra_forbidden":
        problem, remedy = f"unknown key {path[-1]!r}.", _suggest(path)
    elif item["type"] == "missing":
        problem, remedy = f"{path[-1]!r} is missing.", "Add it."
    elif item["type"] != "value_error":
        problem = f"{shown_value(found)} does not fit:"
        remedy = f"{item['msg'][:1].lower()}{item['msg'][1:]}."
    line = document.line_of(path) if document else None
    return PolicyError(problem, remedy, path, file, line)


def _suggest(path: Steps) -> str:
    name = str(path[-1])
    known = _known_keys(path[:-1])
    match = process.extractOne(name, known, score_cutoff=70)
    if match:
        return f"Did you mean {match[0]!r}?"
    return f"Known here: {', '.join(known)}."


def _known_keys(place: Steps) -> tuple[str, ...]:
    parent = next((step for step in reversed(place) if isinstance(step, str)), None)
    if parent is None:
        return _TOP
    # At the top it says where the list is kept, in a source when the source is held back.
    return tuple(QuarantineStore.model_fields) if place == ("quarantine",) else _FIELDS[parent]

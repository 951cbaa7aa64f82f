"""From a survey to a commented policy that begins in audit mode."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from headgate.corpus.survey import SourceSurvey, Survey
from headgate.encoding import in_number

__all__ = ["draft_policy"]

_STANDARD_SOURCE_KEY = "source"
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9]+")
# What was loaded last week says little about how old it may become.
_FEWEST_DAYS = 30


def draft_policy(survey: Survey, keys: Sequence[str] = (), name: str = "headgate.yaml") -> str:
    """Return the text of a policy that fits what is in a corpus.

    A source asks for seals where its documents have them and a key file is given; else it takes documents at their
    word (`declared`), which the comments say how to tighten.

    Args:
        survey: what is in the corpus.
        keys: public key files, relative to the policy.
        name: the name of the policy file, for the commands in its comments.
    """
    lines = [
        f"# What may enter the prompt, drafted from {in_number(survey.documents, 'document')}. Read and tighten it.",
        f"# Try it:    headgate audit DOCUMENTS --policy {name}",
        "# Codes:     headgate explain F202",
        "version: 1",
        "",
        "# audit: everything is admitted, every decision is recorded. Change it to enforce when the audit is clean.",
        "mode: audit",
        "",
        *_metadata_lines(survey),
        "sources:" if survey.sources else "sources: []  # no document names its source",
    ]
    ids: set[str] = set()
    for source in survey.sources.values():
        lines += _source_lines(source, keys, _unique_id(source.pattern, ids))
    lines += [
        "",
        "# Documents that match no source. Nothing configured, nothing admitted.",
        "default:",
        "  provenance: {require: sealed}",
    ]
    if survey.without_source:
        lines.insert(-2, f"# {in_number(survey.without_source, 'document')} without any source: under this rule.")
    lines += [
        "",
        "# At most this many tokens in one prompt (pip install 'headgate[tokens]').",
        "# budget: {max_tokens: 6000, encoding: o200k_base}",
    ]
    return "\n".join(lines) + "\n"


def _metadata_lines(survey: Survey) -> list[str]:
    keys = [key for key, _ in survey.source_keys.most_common(3)]
    is_standard = not keys or keys[0] == _STANDARD_SOURCE_KEY
    mark = "# " if is_standard else ""
    return [
        "# Which metadata keys name the source and the times; looked at before the built-in names.",
        f"{mark}metadata:",
        f"{mark}  source: {_flow(keys or [_STANDARD_SOURCE_KEY])}",
        "#   timezone: UTC      # the zone of times that have none; without it they are all the 26 hours they can mean",
        "#   date_order: DMY    # how to read 03/04/2026; without it such dates are not read",
        "",
    ]


def _source_lines(source: SourceSurvey, keys: Sequence[str], identifier: str) -> list[str]:
    lines = ["", f"  - id: {identifier}", f"    match: [{json.dumps(source.pattern)}]"]
    lines.append(f"    # {in_number(source.documents, 'document')}, {source.sealed:,} with a seal{_kids(source)}.")
    if source.sealed and keys:
        lines.append(f"    provenance: {{require: sealed, keys: {_flow(keys)}}}")
    else:
        named = _flow(keys) if keys else "keys/NAME.jwks.json"
        lines.append(f"    # Declared: taken at its word. Seal at ingestion, then: {{require: sealed, keys: {named}}}")
        lines.append("    provenance: {require: declared}")
    return lines + _freshness_lines(source)


def _kids(source: SourceSurvey) -> str:
    names = ", ".join(_comment(kid) for kid, _ in source.kids.most_common(3))
    return f" (keys: {names})" if names else ""


def _freshness_lines(source: SourceSurvey) -> list[str]:
    lines = []
    percentiles = source.age_percentiles()
    if percentiles is None:
        lines.append("    # No document has a time that can be read, so no age can be required.")
    else:
        median, ninetieth, oldest = percentiles
        names = ", ".join(_comment(key) for key, _ in source.time_keys.most_common(3))
        lines.append(f"    # {source.dated:,} have a time (from {names}): half are within {median}d, 90 % within")
        lines.append(
            f"    # {ninetieth}d, the oldest is {oldest}d old. Set what the business allows, not what is there."
        )
    if source.problems:
        problem, count = source.problems.most_common(1)[0]
        lines.append(f"    # {in_number(count, 'time')} not read, because nothing is guessed: {_comment(problem, 200)}")
    if percentiles is None:
        lines.append("    # freshness: {max_age: 365d, warn_after: 270d}")
    else:
        age = max(_FEWEST_DAYS, percentiles[1])
        missing = "drop" if source.dated == source.documents else "warn"
        lines.append(f"    freshness: {{max_age: {age}d, missing: {missing}}}")
    lines.append("    # terminology: [glossary.yaml]")
    return lines


def _unique_id(pattern: str, taken: set[str]) -> str:
    base = _NOT_IN_ID.sub("-", pattern.partition(":")[2]).strip("-").lower()[:60] or "everything"
    identifier, number = base, 2
    while identifier in taken or identifier == "default":
        identifier, number = f"{base}-{number}", number + 1
    taken.add(identifier)
    return identifier


def _flow(values: Sequence[str]) -> str:
    # A JSON string is a YAML string too, and whatever is in it is escaped.
    return "[" + ", ".join(json.dumps(value) for value in values) + "]"


def _comment(text: str, most: int = 60) -> str:
    """Return outside text for a comment: one line, printable, short."""
    plain = ascii(text)[1:-1]
    return plain if len(plain) <= most else plain[: most - 3] + "..."

"""From a survey to a commented policy that begins in audit mode."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from headgate.corpus.auditing import Audit
from headgate.corpus.editions import EditionsSurvey
from headgate.corpus.survey import SourceSurvey, Survey
from headgate.encoding import in_number
from headgate.policy import UriPattern

__all__ = ["admits_unproved", "describe_editions", "draft_policy", "enforced_counts"]

_STANDARD_SOURCE_KEY = "source"
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9]+")
# What was loaded last week says little about how old it may become.
_FEWEST_DAYS = 90
_HEADROOM = 1.5
# Older documents than this are the rule for somebody, and an age that lets them all in keeps nothing out.
_MOST_DAYS = 1_000
_SHOWN_EDITIONS = 9
# A place of so small a share beside a larger one is as often a stray as a source.
_STRAY_SHARE = 0.2


def draft_policy(
    survey: Survey,
    keys: Sequence[str] = (),
    name: str = "headgate.yaml",
    *,
    glossary: str | None = None,
    documents: str = "DOCUMENTS",
    check: Audit | None = None,
) -> str:
    """Return the text of a policy that fits what is in a corpus.

    A source asks for seals where its documents have them and a key file is given; otherwise it takes documents at their
    word (`declared`), which the comments say how to tighten. Whatever would keep documents out of those that it was
    drafted from, is said at its top.

    Args:
        survey: what is in the corpus.
        keys: public key files, relative to the policy.
        name: the name of the policy file, for the commands in its comments.
        glossary: the glossary that was drafted with it, relative to the policy.
        documents: what the command line calls the corpus, for the commands in its comments.
        check: those documents under this policy, as if it were enforced.
    """
    lines = [
        f"# What may enter the prompt, drafted from {in_number(survey.documents, 'document')}. Read and tighten it.",
        f"# Try it:    headgate audit {_comment(documents, 100)} --policy {name}",
        "# Codes:     headgate explain F202",
        *_check_lines(check),
        "version: 1",
        "",
        "# audit: everything is admitted, every decision is recorded. Change it to enforce when the audit is clean.",
        "mode: audit",
        "",
        "# Every decision, relative to this file; its folder must exist. After a week: headgate report adoption FILE",
        "log: {path: decisions.jsonl}",
        "",
        *_metadata_lines(survey),
        "sources:" if survey.sources else "sources: []  # no document names its source",
    ]
    ids: set[str] = set()
    for source in survey.sources.values():
        lines += _source_lines(source, keys, _unique_id(source.pattern, ids), glossary, survey)
        lines += _edition_lines(source, survey)
    lines += ["", *_default_lines(survey)]
    lines += [
        "",
        "# At most this many tokens in one prompt (pip install 'headgate[tokens]').",
        "# budget: {max_tokens: 6000, encoding: o200k_base}",
    ]
    return "\n".join(lines) + "\n"


def enforced_counts(check: Audit) -> str:
    """Return in words what a policy would keep out if it were enforced, with the codes and their numbers."""
    counts = check.counts()
    judged, kept_out = counts["documents"] - counts["unreadable"], counts["kept_out"] - counts["unreadable"]
    if not kept_out:
        return f"Enforced as it is, it would keep out none of these {in_number(judged, 'document')}."
    causes: dict[str, int] = {}
    for row in check.rows:
        if row.decision is not None and row.decision.would_drop:
            code = row.decision.reasons[0].code
            causes[code] = causes.get(code, 0) + 1
    named = ", ".join(f"{code}: {count:,}" for code, count in sorted(causes.items(), key=lambda one: -one[1]))
    which = "every one" if kept_out == judged else f"{kept_out:,}"
    return f"Enforced as it is, it would keep out {which} of these {in_number(judged, 'document')} ({named})."


def admits_unproved(survey: Survey) -> bool:
    """Return whether a draft lets documents in that name no source, because most do not."""
    return survey.without_source * 2 > survey.documents


def _check_lines(check: Audit | None) -> list[str]:
    return [] if check is None else [f"# {enforced_counts(check)}"]


def _metadata_lines(survey: Survey) -> list[str]:
    guessed = [key for key, _ in survey.guessed_keys.most_common(2)]
    keys = [*(key for key, _ in survey.source_keys.most_common(3)), *guessed]
    is_standard = not keys or (keys[0] == _STANDARD_SOURCE_KEY and not guessed)
    mark = "# " if is_standard else ""
    lines = ["# Which metadata keys name the source and the times; looked at before the built-in names."]
    if guessed:
        lines.append(
            f"# Is this where a document comes from? Guessed from its values: {', '.join(map(_comment, guessed))}"
        )
    lines += [f"{mark}metadata:", f"{mark}  source: {_flow(keys or [_STANDARD_SOURCE_KEY])}"]
    time_like = _most_common_times(survey)
    if time_like:
        lines.append(
            f"#   modified: {_flow(time_like)}    # looks like a time. Is it when the document was last changed?"
        )
    return [
        *lines,
        "#   timezone: UTC      # the zone of times that have none; without it they are all the 26 hours they can mean",
        "#   date_order: DMY    # how to read 03/04/2026; without it such dates are not read",
        "",
    ]


def _most_common_times(survey: Survey) -> list[str]:
    found = sum((source.time_like for source in survey.sources.values()), start=type(survey.source_keys)())
    return [key for key, _ in found.most_common(3)]


def _source_lines(
    source: SourceSurvey, keys: Sequence[str], identifier: str, glossary: str | None, survey: Survey
) -> list[str]:
    lines = ["", f"  - id: {identifier}", f"    match: {_flow(source.patterns)}"]
    if _is_stray(source, survey):
        verb = "comes" if source.documents == 1 else "come"
        share = f"{source.documents:,} of {in_number(survey.documents, 'document')}"
        lines.append(f"    # {share} {verb} from here. Yours? If not, remove this source.")
    lines.append(f"    # {in_number(source.documents, 'document')}, {source.sealed:,} with a seal{_kids(source)}.")
    if source.sealed and keys:
        if source.sealed < source.documents:
            without = in_number(source.documents - source.sealed, "document")
            lines.append(f"    # Enforced, this keeps out {without} without a seal.")
        lines.append(f"    provenance: {{require: sealed, keys: {_flow(keys)}}}")
    else:
        named = _flow(keys) if keys else "keys/NAME.jwks.json"
        next_step = (
            "Whose seals these are, a draft cannot know: name the keys (headgate init --keys FILE)"
            if source.sealed
            else "Seal at ingestion"
        )
        lines += [
            "    # declared: taken at its word. It keeps out what names another place, or none, and not what somebody",
            "    # put into the index under this place. `sealed` does, and with it everything without a seal.",
            f"    # {next_step}, then: {{require: sealed, keys: {named}}}",
            "    provenance: {require: declared}",
        ]
    lines += _freshness_lines(source)
    lines.append(f"    terminology: {_flow([glossary])}" if glossary else "    # terminology: [glossary.yaml]")
    return lines


def _is_stray(source: SourceSurvey, survey: Survey) -> bool:
    """Return whether few documents come from a place, beside another one from which many do."""
    most = max(other.documents for other in survey.sources.values())
    return source.documents <= _STRAY_SHARE * most


def _edition_lines(source: SourceSurvey, survey: Survey) -> list[str]:
    """Return what to decide about editions of a source; a draft decides nothing that keeps documents out."""
    patterns = [UriPattern.parse(pattern) for pattern in source.patterns]
    found = [one for one in survey.editions if any(pattern.matches(_example(one)) for pattern in patterns)]
    if not found:
        return []
    editions = found[0]
    lines = [
        f"    # {_comment(describe_editions(editions), 200)}",
        "    # The others are kept out then, also where one is found alone:",
        f"    # identity: {{pattern: {json.dumps(editions.pattern)}, current: {json.dumps(editions.current)}}}",
    ]
    others = ", ".join(_comment(one.pattern, 100) for one in found[1:3])
    return (
        [*lines, f"    # There are editions at {others} too; a pattern may have {{lang}} and the like."]
        if others
        else lines
    )


def describe_editions(editions: EditionsSurvey) -> str:
    """Return in words which editions there are, and what to decide."""
    names = list(editions.pages)
    named = ", ".join(f"{name}: {editions.pages[name]:,}" for name in names[:_SHOWN_EDITIONS])
    more = ", ..." if len(names) > _SHOWN_EDITIONS else ""
    return f"{len(names)} editions of {in_number(editions.distinct, 'page')} ({named}{more}). Which is current?"


def _example(editions: EditionsSurvey) -> str:
    return editions.pattern.replace("{version}", editions.current).replace("{page}", "page")


def _kids(source: SourceSurvey) -> str:
    names = ", ".join(_comment(kid) for kid, _ in source.kids.most_common(3))
    return f" (keys: {names})" if names else ""


def _freshness_lines(source: SourceSurvey) -> list[str]:
    lines = []
    percentiles = source.age_percentiles()
    if percentiles is not None:
        median, ninetieth, oldest = percentiles
        names = ", ".join(_comment(key) for key, _ in source.time_keys.most_common(3))
        spread = f"half within {median}d, 90% within {ninetieth}d, the oldest {oldest}d old"
        lines.append(
            f"    # {source.dated:,} {'has' if source.dated == 1 else 'have'} a time (from {names}): {spread}."
        )
    if source.problems:
        problem, count = source.problems.most_common(1)[0]
        lines.append(f"    # {in_number(count, 'time')} not read, because nothing is guessed: {_comment(problem, 200)}")
    why_not = _why_no_age(source)
    if why_not is not None or percentiles is None:
        lines.append(f"    # No age is required: {why_not}.")
        if percentiles is None:
            lines.append("    # Times that a loader took from files are those of a copy, and are not counted.")
            lines.append("    # DateDocuments (LangChain) and DateNodes (LlamaIndex) find dates at ingestion.")
        lines.append(
            "    # How old may a document be before it is wrong? Then: freshness: {max_age: 365d, warn_after: 270d}"
        )
        return lines
    age = max(_FEWEST_DAYS, -(-int(percentiles[2] * _HEADROOM) // 30) * 30)
    missing = "drop" if source.dated == source.documents else "warn"
    lines.append("    # With headroom over the oldest, so that nothing here is out yet. Set what the business allows.")
    lines.append(f"    freshness: {{max_age: {age}d, missing: {missing}}}")
    return lines


def _why_no_age(source: SourceSurvey) -> str | None:
    """Return why no age can be required of a source, or None if one can."""
    percentiles = source.age_percentiles()
    if percentiles is None and source.of_files:
        return "the only times are those of files, which a checkout or a copy resets"
    if percentiles is None:
        return "no document has a time that can be read"
    if source.dated * 2 < source.documents:
        return f"only {source.dated:,} of {source.documents:,} documents have a time"
    if percentiles[2] > _MOST_DAYS:
        return f"the oldest is {percentiles[2]:,}d old, and an age that lets it in would keep out little"
    if percentiles[2] < 0:
        return "the times lie in the future"
    return None


def _default_lines(survey: Survey) -> list[str]:
    if not admits_unproved(survey):
        lines = [
            "# Documents that match no source, from places that were not seen. Nothing configured, nothing admitted."
        ]
        if survey.without_source:
            lines.append(
                f"# Enforced, this keeps out {in_number(survey.without_source, 'document')} without any source."
            )
        return [*lines, "default:", "  provenance: {require: sealed}"]
    return [
        f"# {in_number(survey.without_source, 'document')} of {survey.documents:,} name no source, so nothing tells",
        "# them apart, and this lets all of them in: no provenance at all. Which metadata key says where a document",
        "# comes from? Name it under `metadata: source:`, or have the loader write one; then write {require: sealed}.",
        "default:",
        "  provenance: {require: none}",
    ]


def _unique_id(pattern: str, taken: set[str]) -> str:
    base = _NOT_IN_ID.sub("-", pattern.partition(":")[2]).strip("-").lower()[:60].strip("-") or "everything"
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

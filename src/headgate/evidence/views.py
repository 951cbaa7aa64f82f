"""The first page of a bundle: what is in it, what it shows under which law or standard, and what it does not show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from headgate.encoding import in_number
from headgate.evidence.format import CHAINS, RECEIPTS, RECORDS, SUMMARY, Bundle
from headgate.evidence.mapping import FRAMEWORKS, NOT_SHOWN, Framework
from headgate.evidence.surveying import Survey
from headgate.report import (
    Origin,
    Step,
    Verdict,
    details,
    document_page,
    escape,
    escape_words,
    figures,
    table,
    titled_html,
    uri_html,
    verdict_html,
)

__all__ = ["bundle_page", "bundle_verdict"]

_ROWS = 100
_NAMED = 3
_REVISION_CHARS = 60
_PARTS = (
    (RECORDS, "the records, byte for byte as the log has them"),
    (CHAINS, "what the chains of the whole log showed, and where each begins and ends here"),
    (SUMMARY, "the figures: by code, source and day"),
    ("policies.json", "the revisions of the policy that decided; below policies/, the files that were handed over"),
    ("keys.json", "the keys that proved admitted documents, and those that each policy trusts"),
    ("overrides.json", "what was opened by hand: by whom, why, until when"),
    ("codes.json", "what the reason codes mean"),
    ("mapping.json", "the tables below, for machines"),
    (RECEIPTS, "a signed receipt per admission that had a question"),
)


def bundle_verdict(found: Survey, bundle: Bundle, command: str = "headgate evidence build ...") -> Verdict:
    """Return whether the bundle holds what it should.

    Args:
        found: what the log says about the span.
        bundle: what is in the bundle.
        command: what makes it again, but for what it lacks.
    """
    said = f"{in_number(found.records, 'admission')} and {in_number(found.counts['documents'], 'document')}"
    steps = []
    if bundle.missing:
        steps.append(Step(_missing(found, bundle), f"{command} --policy FILE"))
    if not bundle.is_signed:
        steps.append(Step("Nobody signed this bundle: it shows damage, and no intent.", f"{command} --key KEY"))
    if found.check.count or found.skipped:
        problems = (
            f"{in_number(found.check.count, 'problem')} in its chains, {in_number(found.skipped, 'line')} skipped"
        )
        return Verdict("bad", f"The log is not whole: {problems}. It holds {said} of this period.", steps=steps)
    sentence = f"The log is whole, as far as its chains reach. It holds {said} of this period."
    return Verdict("warn" if steps or found.unchained else "good", sentence, steps=steps)


def _missing(found: Survey, bundle: Bundle) -> str:
    lacking = len(bundle.missing)
    whose = "the policy of 1 is" if lacking == 1 else f"the policies of {lacking:,} are"
    named = ", ".join(name[:_REVISION_CHARS] for name in bundle.missing[:_NAMED])
    more = f" and {lacking - _NAMED:,} more" if lacking > _NAMED else ""
    decided = f"of {in_number(len(found.revisions), 'revision')} that decided"
    return f"Hand over the policies too: {decided}, {whose} not in the bundle: {named}{more}."


def bundle_page(found: Survey, bundle: Bundle, made: datetime) -> str:
    """Return the page.

    Args:
        found: what the log says about the span.
        bundle: what is in the bundle.
        made: when it is made.
    """
    ends = (found.span.since, found.span.until)
    since, until = (f"{time.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC" for time in ends)
    body = [
        "<h1>Evidence: what the model was given, and by what rules</h1>",
        f"<p>From {since} to {until}, which is no longer part of it.</p>",
        verdict_html(bundle_verdict(found, bundle)),
        _figures(found),
        "<h2>What is in the bundle</h2>",
        table(
            ("part", "what it is"),
            [(uri_html(name), escape(words)) for name, words in _PARTS if _is_there(name, bundle)],
        ),
        *_lists(found, bundle),
        "<h2>What it shows, and what it does not</h2>",
        "<p>This is not legal advice: check the wording against the edition that applies to you.</p>",
        *map(_framework, FRAMEWORKS),
        "<h3>What no part of it shows</h3>",
        f"<ul>{''.join(f'<li>{escape_words(one)}</li>' for one in NOT_SHOWN)}</ul>",
    ]
    return document_page(
        "headgate: evidence",
        "".join(body),
        Origin((("log", f"{RECORDS}, in this bundle"), ("policies", "policies.json, in this bundle")), made=made),
    )


def _is_there(name: str, bundle: Bundle) -> bool:
    return name != RECEIPTS or bool(bundle.receipts)


def _figures(found: Survey) -> str:
    counts = found.counts
    return figures(
        (
            (f"{counts['admissions']:,}", "admissions"),
            (f"{counts['admitted']:,}", "documents admitted"),
            (f"{counts['dropped']:,}", "documents kept out"),
            (f"{counts['empty']:,}", "prompts without any document left"),
            (f"{len(found.overrides):,}", "overrides in use"),
        )
    )


def _lists(found: Survey, bundle: Bundle) -> Iterator[str]:
    yield "<h2>By reason</h2>"
    errors = [(titled_html(code), f"{count:,}") for code, count in found.kept_out.most_common()]
    yield _listed(("reason", "documents"), errors, (1,), "No document was objected to.")
    yield "<h2>By source</h2>"
    rows = [(escape(name), _of(one, "admitted"), _of(one, "dropped")) for name, one in sorted(found.sources.items())]
    yield _listed(("source", "admitted", "kept out"), rows, (1, 2), "There is no document.")
    yield "<h2>Policies that decided</h2>"
    yield _listed(
        ("revision", "modes", "from", "to", "admissions", "handed over"),
        [
            (
                uri_html(name),
                escape(", ".join(sorted(use.modes))),
                escape(use.first[:16].replace("T", " ")),
                escape(use.last[:16].replace("T", " ")),
                f"{use.admissions:,}",
                "no" if name in bundle.missing else "yes",
            )
            for name, use in sorted(found.revisions.items(), key=lambda one: one[1].first)
        ],
        (4,),
        "None.",
    )
    if found.overrides:
        yield "<h2>Opened by hand</h2>"
        yield _listed(
            ("source", "since", "until", "by", "reason", "documents"),
            [(*_said(one.detail), f"{one.documents:,}") for one in found.overrides.values()],
            (5,),
            "",
        )
    if found.check.findings or found.notices:
        lines = [*found.check.findings, *found.notices]
        yield details("What is wrong with the log", "".join(f"<p>{escape(line)}</p>" for line in lines[:_ROWS]))


def _said(detail: Mapping[str, Any]) -> Iterator[str]:
    return (escape(str(detail[name])) for name in ("source", "since", "until", "by", "reason"))


def _of(counted: Mapping[str, int], name: str) -> str:
    return f"{counted.get(name, 0):,}"


def _listed(head: tuple[str, ...], rows: Sequence[Sequence[str]], numbers: tuple[int, ...], nothing: str) -> str:
    if not rows:
        return f"<p>{nothing}</p>"
    rest = f'<p class="soft">{len(rows) - _ROWS:,} more are in <code>{SUMMARY}</code>.</p>' if len(rows) > _ROWS else ""
    return table(head, rows[:_ROWS], numbers=numbers) + rest


def _framework(one: Framework) -> str:
    rows = [
        (
            escape(clause.clause),
            escape_words(clause.asked),
            f'{escape_words(clause.shows)}<br><span class="soft">in {escape(", ".join(clause.files))}</span>',
            escape_words(clause.lacks),
        )
        for clause in one.clauses
    ]
    head = ("clause", "asked for", "the bundle shows", "and does not")
    return f"<h3>{escape(one.name)}, {escape(one.edition)}</h3>{table(head, rows)}"

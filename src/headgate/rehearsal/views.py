"""A rehearsal for people: figures, a chart, a table, examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Group
from rich.text import Text

from headgate.codes import titled
from headgate.rehearsal.result import InjectionResult, Rehearsal
from headgate.report import (
    Bar,
    add_view,
    badge,
    bar_chart,
    clip,
    document_page,
    escape,
    figures,
    new_table,
    plain,
    prose,
    ranked,
    table,
)

__all__ = ["rehearsal_html", "rehearsal_page", "rehearsal_rich"]

_EXCERPT_CHARS = 260
_HEAD = ("what production does", "injected", "prompts without", "prompts with", "what stopped it")


def rehearsal_page(rehearsal: Rehearsal, title: str) -> str:
    """Return a rehearsal as a whole page."""
    return document_page(title, f"<h1>{escape(title)}</h1>{rehearsal_html(rehearsal, cases=5)}")


def rehearsal_html(rehearsal: Rehearsal, *, cases: int = 0) -> str:
    """Return a rehearsal as HTML with at most so many examples per injection."""
    parts = [f'<p class="lead">{escape(_conditions(rehearsal))}</p>']
    parts.append(figures((figure, words) for figure, words in _figures(rehearsal)))
    parts += [f"<p>{escape(note)}</p>" for note in _notes(rehearsal)]
    bad = [one for one in rehearsal.injections.values() if one.injection.is_bad]
    if bad and rehearsal.questions:
        parts += [
            "<h3>Prompts that held at least one such document</h3>"
            '<p class="soft">Green: without the gate only. Red: with the gate too.</p>',
            _chart(rehearsal, bad),
        ]
    parts.append(table(_HEAD, map(_cells, bad), numbers=(1, 2, 3)))
    noisy = [one for one in rehearsal.injections.values() if not one.injection.is_bad]
    if noisy:
        head = ("good documents in other words", "injected", "prompts without", "prompts with", "noticed", "codes")
        parts += ["<h3>Words</h3>", table(head, map(_word_cells, noisy), numbers=(1, 2, 3, 4))]
    examples = [_examples(one, cases) for one in rehearsal.injections.values() if one.cases]
    if examples and cases:
        parts += ["<h3>Examples</h3>", *examples]
    return "".join(parts)


def rehearsal_rich(rehearsal: Rehearsal) -> Group:
    """Return a rehearsal for a terminal."""
    parts: list[Any] = [prose(_conditions(rehearsal)), Text()]
    parts += [Text.assemble((f"{figure:>16}", "bold"), f"  {words}") for figure, words in _figures(rehearsal)]
    parts += [prose(note) for note in _notes(rehearsal)]
    listed = new_table(None, [(_HEAD[0], False), *((name, True) for name in _HEAD[1:4]), (_HEAD[4], False)])
    for one in rehearsal.injections.values():
        if one.injection.is_bad:
            style = "red" if one.prompts_with else "green"
            listed.add_row(
                plain(one.injection.name, 60),
                f"{one.injected:,}",
                f"{one.prompts_without:,}",
                Text(f"{one.prompts_with:,}", style=style),
                prose(_stopped(one)),
            )
    parts += [Text(), listed]
    noisy = [one for one in rehearsal.injections.values() if not one.injection.is_bad]
    if noisy:
        words = new_table(None, [("words", False), ("injected", True), ("noticed in prompts", True), ("codes", False)])
        for one in noisy:
            words.add_row(plain(one.injection.name, 60), f"{one.injected:,}", f"{one.noticed:,}", _codes(one))
        parts += [Text(), words]
    return Group(*parts)


def _conditions(rehearsal: Rehearsal) -> str:
    said = (
        f"{rehearsal.curated:,} curated documents became an index of {rehearsal.indexed:,} as production would have "
        f"it on {rehearsal.now:%d %B %Y}; {rehearsal.questions:,} questions were asked without and with the gate"
    )
    said += f", through a retriever of {rehearsal.framework}" if rehearsal.framework != "none" else ""
    return f"{said} (seed {rehearsal.seed})."


def _figures(rehearsal: Rehearsal) -> Iterator[tuple[str, str]]:
    total = rehearsal.questions
    yield f"{rehearsal.spoiled_without:,} of {total:,}", "prompts held a bad document without the gate"
    yield f"{rehearsal.spoiled_with:,} of {total:,}", "prompts hold a bad document with the gate"
    lost = sum(rehearsal.good_lost.values())
    yield f"{lost:,} of {rehearsal.good_without:,}", "good documents lost"
    yield f"{rehearsal.rewritten:,}", "terms rewritten"


def _notes(rehearsal: Rehearsal) -> Iterator[str]:
    if not rehearsal.was_enforced:
        yield "The policy itself does not enforce yet; the rehearsal did."
    if rehearsal.left_out:
        reasons = ", ".join(f"{titled(code)}: {count:,}" for code, count in ranked(Counter(rehearsal.left_out)))
        yield f"Left out of the curated corpus, because the policy would not admit them as they are: {reasons}."
    if rehearsal.is_empty:
        yield "Nothing was tried: no document was injected." if not rehearsal.injected else "Nothing was tried."
    elif not rehearsal.spoiled_without and any(one.injection.is_bad for one in rehearsal.injections.values()):
        yield "No bad document was found for any question, even without the gate: ask others, or raise the doses."
    if rehearsal.idle:
        names = ", ".join(rehearsal.idle)
        yield f"Found nothing to work on (no seal, no term, or too small a dose): {names}."
    if rehearsal.good_lost:
        reasons = ", ".join(f"{titled(code)}: {count:,}" for code, count in ranked(rehearsal.good_lost))
        yield f"Good documents lost to {reasons}."
    if rehearsal.questions and rehearsal.empty == rehearsal.questions:
        most = rehearsal.dropped.most_common(1)
        reason = f"; what dropped most is {titled(most[0][0])}" if most else ""
        yield f"Every prompt with the gate was empty{reason}."
    elif rehearsal.short:
        yield f"{rehearsal.short:,} prompts had fewer documents with the gate, {rehearsal.empty:,} had none."
    if rehearsal.failed:
        question, error = rehearsal.failed[0]
        yield f"The retriever failed for {len(rehearsal.failed):,} questions, such as {clip(question, 80)!r}: {error}"


def _chart(rehearsal: Rehearsal, results: list[InjectionResult]) -> str:
    bars = [
        Bar(
            one.injection.name,
            one.prompts_with,
            max(0, one.prompts_without - one.prompts_with),
            f"{one.prompts_without:,} \u2192 {one.prompts_with:,}",
            "bad",
            "good",
        )
        for one in results
    ]
    said = "; ".join(f"{r.injection.name}: {r.prompts_without:,}, then {r.prompts_with:,}" for r in results)
    alt = f"Prompts without and with the gate. {said}"
    return bar_chart(bars, alt=alt, longest=rehearsal.questions)


def _cells(one: InjectionResult) -> tuple[str, ...]:
    words = badge(f"{one.prompts_with:,}", "bad" if one.prompts_with else "good")
    stopped = escape(_codes(one))
    if one.prompts_with:
        stopped += f'<br><span class="soft">{escape(_through(one))}</span>'
    name = f'<strong>{escape(one.injection.name)}</strong><br><span class="soft">{escape(one.injection.what)}</span>'
    return name, f"{one.injected:,}", f"{one.prompts_without:,}", words, stopped


def _word_cells(one: InjectionResult) -> tuple[str, ...]:
    name = f'<strong>{escape(one.injection.name)}</strong><br><span class="soft">{escape(one.injection.what)}</span>'
    numbers = (one.injected, one.prompts_without, one.prompts_with, one.noticed)
    return (name, *(f"{number:,}" for number in numbers), escape(_codes(one)))


def _examples(one: InjectionResult, most: int) -> str:
    rows = [
        (
            badge("\u2717 dropped", "bad") if case.action == "drop" else badge("\u2713 admitted", "good"),
            escape(clip(case.question, 160)),
            f'<code>{escape(clip(case.document, 120))}</code><div class="text">{_excerpt(case.text)}</div>',
            escape(clip(f"{' '.join(case.codes)}: {case.message}" if case.codes else "nothing to say", 240)),
        )
        for case in one.cases[:most]
    ]
    return table(
        ("decision", "question", "document", "why"), rows, caption=f"{one.injection.name}: {one.injection.what}"
    )


def _stopped(one: InjectionResult) -> str:
    if not one.prompts_with:
        return _codes(one)
    return f"{_codes(one)}; {_through(one)}" if one.codes else _through(one)


def _through(one: InjectionResult) -> str:
    """Return which rules let an injection through, and what stops it."""
    rules = "; ".join(f"{rule} ({count:,})" for rule, count in ranked(one.let_through))
    hint = f" What stops it: {one.injection.stopped_by}." if one.injection.stopped_by else ""
    return f"Let through, because {rules}.{hint}" if rules else f"Let through.{hint}"


def _excerpt(text: str) -> str:
    return escape(clip(" ".join(text.split()), _EXCERPT_CHARS))


def _codes(one: InjectionResult) -> str:
    return ", ".join(f"{titled(code)} ({count:,})" for code, count in ranked(one.codes)) or "\u2013"


add_view(Rehearsal, rehearsal_html, rehearsal_rich, rehearsal_page)

"""A rehearsal for people: figures, a chart, a table, examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Group
from rich.text import Text

from headgate.codes import titled
from headgate.encoding import in_number
from headgate.rehearsal.result import Case, InjectionResult, Rehearsal
from headgate.report import (
    Bar,
    Step,
    Verdict,
    add_view,
    badge,
    bar_chart,
    clip,
    code_badge,
    details,
    escape,
    figures,
    framework_in_words,
    new_table,
    plain,
    prose,
    ranked,
    signed,
    steps_rich,
    table,
    titled_html,
    uri_html,
    verdict_html,
    verdict_rich,
)

__all__ = ["rehearsal_body", "rehearsal_html", "rehearsal_rich", "rehearsal_verdict"]

_EXCERPT_CHARS = 260
_SHOWN = _STEPS = 3
_HEAD = ("what production does", "injected", "prompts without", "prompts with", "what stopped it")


def rehearsal_verdict(rehearsal: Rehearsal) -> Verdict:
    """Return whether the gate kept out what production did to the corpus."""
    total, lost = rehearsal.questions, sum(rehearsal.good_lost.values())
    before = f"{rehearsal.spoiled_without:,} of {in_number(total, 'prompt')} held a bad document without the gate"
    after = f"{rehearsal.spoiled_with:,} of {total:,} hold one with it; {in_number(lost, 'good document')} lost"
    if rehearsal.is_empty:
        return Verdict("warn", "Nothing was tried.")
    worst = [one for one in rehearsal.injections.values() if one.injection.is_bad and one.prompts_with]
    worst.sort(key=lambda one: -one.prompts_with)
    steps = [Step(f"{one.injection.name}: {_through(one)}") for one in worst[:_STEPS]]
    steps += [
        Step(f"Good documents lost: {titled(c)}.", f"headgate explain {c}") for c, _ in ranked(rehearsal.good_lost)[:1]
    ]
    if rehearsal.is_clean:
        sentence = "No bad document came through, and no good one was lost."
        is_tried = rehearsal.spoiled_without or not any(one.injection.is_bad for one in rehearsal.injections.values())
        return Verdict("good" if is_tried else "warn", sentence, before, after)
    said = []
    if rehearsal.spoiled_with:
        said.append(f"bad documents came through in {rehearsal.spoiled_with:,} of {in_number(total, 'prompt')}")
    if lost:
        said.append(f"{in_number(lost, 'good document')} lost")
    if rehearsal.failed:
        said.append(f"{in_number(len(rehearsal.failed), 'question')} failed")
    sentence = "; ".join(said)
    return Verdict("bad", f"{sentence[:1].upper()}{sentence[1:]}.", before, after, steps)


def rehearsal_body(rehearsal: Rehearsal) -> str:
    """Return a rehearsal as the HTML of a whole page, with examples."""
    return rehearsal_html(rehearsal, cases=5)


def rehearsal_html(rehearsal: Rehearsal, *, cases: int = 0) -> str:
    """Return a rehearsal as HTML with at most so many examples per injection."""
    parts = [verdict_html(rehearsal_verdict(rehearsal)), f'<p class="lead">{escape(_conditions(rehearsal))}</p>']
    parts.append(figures((figure, words) for figure, words in _figures(rehearsal)))
    parts += [f"<p>{escape(note)}</p>" for note in _notes(rehearsal)]
    bad = [one for one in rehearsal.injections.values() if one.injection.is_bad]
    if bad and rehearsal.questions:
        parts += [
            "<h2>Prompts that held at least one such document</h2>",
            _chart(rehearsal, bad),
        ]
    # What came through first.
    bad.sort(key=lambda one: -one.prompts_with)
    if bad:
        parts.append(table(_HEAD, map(_cells, bad), numbers=(1, 2, 3)))
    noisy = [one for one in rehearsal.injections.values() if not one.injection.is_bad]
    if noisy:
        head = ("good documents in other words", "injected", "prompts without", "prompts with", "noticed", "codes")
        parts += ["<h2>Words</h2>", table(head, map(_word_cells, noisy), numbers=(1, 2, 3, 4))]
    examples = [_examples(one, cases) for one in rehearsal.injections.values() if one.cases]
    if examples and cases:
        parts += ["<h2>Examples</h2>", *examples]
    return "".join(parts)


def rehearsal_rich(rehearsal: Rehearsal) -> Group:
    """Return a rehearsal for a terminal."""
    verdict = rehearsal_verdict(rehearsal)
    parts: list[Any] = [verdict_rich(verdict), prose(_conditions(rehearsal)), Text()]
    parts += [Text.assemble((f"{figure:>16}", "bold"), f"  {words}") for figure, words in _figures(rehearsal)]
    parts += [prose(note) for note in _notes(rehearsal)]
    listed = new_table(None, [(_HEAD[0], False), *((name, True) for name in _HEAD[1:4]), (_HEAD[4], False)])
    for one in rehearsal.injections.values():
        if one.injection.is_bad:
            listed.add_row(
                plain(one.injection.name, 60),
                f"{one.injected:,}",
                f"{one.prompts_without:,}",
                signed(f"{one.prompts_with:,}", "bad" if one.prompts_with else "good"),
                prose(_stopped(one)),
            )
    parts += [Text(), listed]
    noisy = [one for one in rehearsal.injections.values() if not one.injection.is_bad]
    if noisy:
        words = new_table(None, [("words", False), ("injected", True), ("noticed in prompts", True), ("codes", False)])
        for one in noisy:
            words.add_row(plain(one.injection.name, 60), f"{one.injected:,}", f"{one.noticed:,}", _codes(one))
        parts += [Text(), words]
    return Group(*parts, steps_rich(verdict))


def _conditions(rehearsal: Rehearsal) -> str:
    asked = f"{in_number(rehearsal.questions, 'question')} {'was' if rehearsal.questions == 1 else 'were'} asked"
    said = (
        f"{in_number(rehearsal.curated, 'curated document')} became an index of {rehearsal.indexed:,} as production "
        f"would have it on {rehearsal.now.day} {rehearsal.now:%B %Y}; {asked} without and with the gate"
    )
    if rehearsal.framework != "none":
        said += f", through a {framework_in_words(rehearsal.framework)} retriever"
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
        reason = f", mostly because of {titled(most[0][0])}" if most else ""
        yield f"Every prompt with the gate was empty{reason}."
    elif rehearsal.short:
        yield f"{in_number(rehearsal.short, 'prompt')} had fewer documents with the gate, {rehearsal.empty:,} had none."
    if rehearsal.failed:
        question, error = rehearsal.failed[0]
        failed = in_number(len(rehearsal.failed), "question")
        yield f"The retriever failed for {failed}, such as {clip(question, 80)!r}: {error}"


def _chart(rehearsal: Rehearsal, results: list[InjectionResult]) -> str:
    bars = [
        Bar(
            one.injection.name,
            one.prompts_with,
            max(0, one.prompts_without - one.prompts_with),
            f"{one.prompts_without:,} \u2192 {one.prompts_with:,}",
            "bad",
            "before",
        )
        for one in results
    ]
    alt = f"Prompts of {rehearsal.questions:,} that held at least one such document, without and then with the gate"
    legend = (("before", "without the gate only"), ("bad", "with the gate too: came through"))
    return bar_chart(bars, alt=alt, longest=rehearsal.questions, legend=legend)


def _cells(one: InjectionResult) -> tuple[str, ...]:
    kind, sign = ("bad", "\u2717") if one.prompts_with else ("good", "\u2713")
    words = badge(f"{sign} {one.prompts_with:,}", kind)
    stopped = _linked_codes(one)
    if one.prompts_with:
        stopped += f'<br><span class="soft">{escape(_through(one))}</span>'
    name = f'<strong>{escape(one.injection.name)}</strong><br><span class="soft">{escape(one.injection.what)}</span>'
    return name, f"{one.injected:,}", f"{one.prompts_without:,}", words, stopped


def _word_cells(one: InjectionResult) -> tuple[str, ...]:
    name = f'<strong>{escape(one.injection.name)}</strong><br><span class="soft">{escape(one.injection.what)}</span>'
    numbers = (one.injected, one.prompts_without, one.prompts_with, one.noticed)
    return (name, *(f"{number:,}" for number in numbers), _linked_codes(one))


def _examples(one: InjectionResult, most: int) -> str:
    rows = [
        (
            badge("\u2717 dropped", "bad") if case.action == "drop" else badge("\u2713 admitted", "good"),
            f'<bdi dir="auto">{escape(clip(case.question, 160))}</bdi>',
            f'{uri_html(case.document)}<div class="text" dir="auto">{_excerpt(case.text)}</div>',
            _why(case) if case.codes else "nothing to say",
        )
        for case in one.cases[:most]
    ]
    head = ("decision", "question", "document", "why")
    shown = table(head, rows[:_SHOWN], row_head=2)
    rest = rows[_SHOWN:]
    folded = details(in_number(len(rest), "more example"), table(head, rest, row_head=2)) if rest else ""
    return f"<h3>{escape(one.injection.name)}</h3><p>{escape(one.injection.what)}</p>{shown}{folded}"


def _why(case: Case) -> str:
    codes = " ".join(code_badge(code, "before") for code in case.codes)
    return f"{codes} <bdi>{escape(clip(case.message, 240))}</bdi>"


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


def _linked_codes(one: InjectionResult) -> str:
    return ", ".join(f"{titled_html(code)} ({count:,})" for code, count in ranked(one.codes)) or "\u2013"


def _codes(one: InjectionResult) -> str:
    return ", ".join(f"{titled(code)} ({count:,})" for code, count in ranked(one.codes)) or "\u2013"


add_view(Rehearsal, rehearsal_html, rehearsal_rich, rehearsal_body)

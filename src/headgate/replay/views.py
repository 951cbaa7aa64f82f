"""A replay for people."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from rich.console import Group
from rich.text import Text

from headgate.codes import CODES, titled
from headgate.encoding import in_number
from headgate.replay.rechecking import Recheck
from headgate.replay.reporting import Example, Replay
from headgate.report import (
    Bar,
    Listing,
    Step,
    Verdict,
    add_view,
    bar_chart,
    clip,
    code_badge,
    details,
    escape,
    escape_words,
    new_table,
    plain,
    prose,
    signed,
    steps_rich,
    table,
    titled_html,
    uri_html,
    verdict_html,
    verdict_rich,
    within,
)

__all__ = ["recheck_html", "recheck_rich", "replay_html", "replay_rich", "replay_verdict"]

_ROWS = 40
_SHOWN = 3
_EXAMPLES = ("document", "decided", "findings then", "reason now")
_ANSWERS = {
    "current": "current: all that the prompt was given would be given again.",
    "stale": "stale: something that the prompt was given is past its date.",
    "contradicted": "contradicted: something that the prompt was given has been replaced, withdrawn or revoked.",
    "unsupported": "unsupported: something that the prompt was given has no proof that counts, or nothing was given.",
    "unknown": "unknown: it cannot be told what is true of what the prompt was given.",
}
_RECHECKED = ("document", "now", "codes", "why")
_DROPPED = "admitted then, dropped now"
_ADMITTED = "dropped then, admitted now"


def replay_verdict(replay: Replay) -> Verdict:
    """Return what another policy would change."""
    if not replay.admissions:
        return Verdict("warn", _sentence(replay))
    kind: Literal["good", "bad", "warn"] = (
        "bad" if replay.emptied_prompts else "warn" if replay.is_changed or replay.undecided else "good"
    )
    steps = []
    if replay.newly_dropped:
        (source, code), count = replay.newly_dropped.most_common(1)[0]
        words = f"{in_number(count, 'document')} of {clip(source, 60)} would be dropped for {titled(code)}."
        words += f" {CODES[code].fix}" if code in CODES else ""
        steps.append(Step(words, f"headgate explain {code}" if code in CODES else ""))
    if sum(replay.undecided.values()) == replay.documents:
        return Verdict(kind, _sentence(replay), steps=steps)
    before = f"{in_number(replay.admitted_before, 'document')} admitted"
    return Verdict(kind, _sentence(replay), before, f"{in_number(replay.admitted_after, 'document')} admitted", steps)


def replay_html(replay: Replay) -> str:
    """Return a replay as HTML."""
    parts = [verdict_html(replay_verdict(replay)), *(f"<p>{escape_words(note)}</p>" for note in _notes(replay))]
    bars = [
        Bar(f"{source}: {titled(code)}", count, note=f"{sign}{count:,}", kind=kind)
        for counts, sign, kind in ((replay.newly_dropped, "\u2212", "bad"), (replay.newly_admitted, "+", "good"))
        for (source, code), count in counts.most_common(12)
    ]
    if bars:
        legend = [("bad", _DROPPED), ("good", _ADMITTED)]
        parts.append(bar_chart(bars, alt="Documents whose decision would change, by source and reason", legend=legend))
    for words, counts in ((_DROPPED, replay.newly_dropped), (_ADMITTED, replay.newly_admitted)):
        counted = (
            (f"<bdi>{escape(clip(s, 80))}</bdi>", titled_html(c), f"{n:,}") for (s, c), n in counts.most_common()
        )
        kept, rest = within(counted, len(counts), "rows", _ROWS)
        if kept:
            parts += [
                f"<h2>{words.capitalize()}</h2>",
                table(("source", "reason", "documents"), kept, numbers=(2,)),
                rest,
            ]
    for key, examples in replay.examples.items():
        code, sign = key[2:], key[:1]
        rows = [_example(example) for example in examples]
        words = _DROPPED if sign == "-" else _ADMITTED
        parts.append(f"<h3>{'Dropped' if sign == '-' else 'Admitted'}: {titled_html(code)}</h3>")
        parts.append(table(_EXAMPLES, rows[:_SHOWN], caption=f"examples of {words}"))
        if rows[_SHOWN:]:
            parts.append(details(in_number(len(rows) - _SHOWN, "more example"), table(_EXAMPLES, rows[_SHOWN:])))
    return "".join(parts)


def _example(example: Example) -> tuple[str, ...]:
    return (
        uri_html(example.document),
        f'<span class="nowrap">{escape(example.now[:19].replace("T", " "))}</span>',
        ", ".join(map(_code, example.before)) or "nothing",
        f"<bdi>{escape(clip('; '.join(example.after) or 'nothing', 240))}</bdi>",
    )


def _code(code: str) -> str:
    """Return a recorded code as a link to its meaning, or as text."""
    return code_badge(code, "before") if code in CODES else escape(clip(code, 40))


def replay_rich(replay: Replay) -> Group:
    """Return a replay for a terminal."""
    verdict = replay_verdict(replay)
    parts: list[Any] = [verdict_rich(verdict)]
    parts += [prose(note) for note in _notes(replay)]
    for words, counts in ((_DROPPED, replay.newly_dropped), (_ADMITTED, replay.newly_admitted)):
        if counts:
            parts += [Text(), _counted(words, counts)]
    listed = new_table("Examples", [("change", False), *((name, False) for name in _EXAMPLES)])
    for key, examples in replay.examples.items():
        for example in examples[:_SHOWN]:
            change = signed("dropped", "bad") if key.startswith("-") else signed("added", "good")
            then, now = ", ".join(example.before) or "nothing", "; ".join(example.after) or "nothing"
            listed.add_row(change, plain(example.document, 60), plain(example.now[:19]), plain(then), plain(now, 120))
    if listed.row_count:
        parts += [Text(), listed]
    return Group(*parts, steps_rich(verdict))


def recheck_html(recheck: Recheck) -> str:
    """Return a past admission, judged again, as HTML."""
    rows = [
        (
            uri_html(one.document),
            escape(one.answer),
            ", ".join(map(_code, one.codes)),
            f"<bdi>{escape(clip(one.why, 240))}</bdi>",
        )
        for one in recheck.documents[:_ROWS]
    ]
    listed = table(_RECHECKED, rows, caption="what the prompt was given") if rows else ""
    return verdict_html(_recheck_verdict(recheck), f"<p>{escape(_facts(recheck))}</p>") + listed


def recheck_rich(recheck: Recheck) -> Group:
    """Return a past admission, judged again, for a terminal."""
    listed = new_table(None, [(name, False) for name in _RECHECKED])
    for one in recheck.documents[:_ROWS]:
        listed.add_row(plain(one.document, 60), plain(one.answer), plain(", ".join(one.codes)), plain(one.why, 160))
    shown = [listed] if listed.row_count else []
    return Group(verdict_rich(_recheck_verdict(recheck)), prose(_facts(recheck)), *shown)


def _recheck_verdict(recheck: Recheck) -> Verdict:
    kind: Literal["good", "bad", "warn"] = "good" if recheck.is_current else "bad"
    return Verdict("warn" if recheck.answer == "unknown" else kind, _ANSWERS[recheck.answer])


def _facts(recheck: Recheck) -> str:
    count = len(recheck.documents)
    given = f"{in_number(count, 'document')}" if count else "no document"
    more = f"; the first {_ROWS} are shown" if count > _ROWS else ""
    return (
        f"Admission {recheck.admission[:64]} of {recheck.decided[:19]} gave the prompt {given}, judged again for "
        f"{recheck.now.isoformat(timespec='seconds')} under policy {recheck.policy_revision}{more}."
    )


def _counted(words: str, counts: Counter[tuple[str, str]]) -> Listing:
    listed = new_table(words.capitalize(), [("source", False), ("reason", False), ("documents", True)])
    for (source, code), count in counts.most_common(_ROWS):
        listed.add_row(plain(source), plain(titled(code)), f"{count:,}")
    return listed


def _sentence(replay: Replay) -> str:
    if not replay.admissions:
        return "The log holds no admission that could be decided again."
    gone, come = sum(replay.newly_dropped.values()), sum(replay.newly_admitted.values())
    undecided = sum(replay.undecided.values())
    if undecided == replay.documents and undecided:
        return f"None of {in_number(undecided, 'document')} can be decided again: this says nothing about the policy."
    rest = f" Of {in_number(undecided, 'more document')} it cannot be told." if undecided else ""
    return (
        f"{replay.changed_prompts:,} of {in_number(replay.admissions, 'prompt')} would change: "
        f"{in_number(gone, 'document')} would be dropped, {come:,} added "
        f"({replay.admitted_before:,} admitted then, {replay.admitted_after:,} now).{rest}"
    )


def _notes(replay: Replay) -> list[str]:
    notes = []
    if not replay.is_enforcing:
        notes.append("The policy does not enforce every check: documents that it would only report count as admitted.")
    if replay.emptied_prompts:
        notes.append(f"{in_number(replay.emptied_prompts, 'prompt')} would have no document left.")
        if replay.admitted_after == 0:
            most = replay.newly_dropped.most_common(1)
            notes[-1] += (
                f" Nothing would be admitted any more, mostly because of {titled(most[0][0][1])}." if most else ""
            )
    if replay.undecided:
        total = sum(replay.undecided.values())
        notes.append(
            f"{total:,} of {in_number(replay.documents, 'document')} cannot be decided again from what was recorded:"
        )
        notes += [f"  {count:,}: {lack}" for lack, count in replay.undecided.most_common(8)]
    if replay.texts:
        notes.append(
            f"Terms: {in_number(replay.rewritten_before, 'place')} rewritten then, {replay.rewritten_after:,} now."
        )
    elif replay.documents:
        notes.append("Terminology and budget were left out: the log keeps no texts (`log: {content: full}` would).")
    if replay.skipped:
        lines = "; ".join(f"{count:,} where {why}" for why, count in replay.skipped.most_common(5))
        notes.append(f"Lines skipped: {lines}.")
    return notes


add_view(Replay, replay_html, replay_rich)
add_view(Recheck, recheck_html, recheck_rich)

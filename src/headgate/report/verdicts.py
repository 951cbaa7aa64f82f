"""The first thing that a page and a terminal say: how it stands, before and after, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from rich.console import Group
from rich.text import Text

from headgate.report.escaping import escape, escape_words, visible
from headgate.report.html import copied
from headgate.report.palette import SIGNS, TERMINAL
from headgate.report.tables import prose

__all__ = ["Step", "Verdict", "steps_rich", "verdict_html", "verdict_rich"]


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next.

    Attributes:
        words: a sentence.
        code: a command, or a part of a policy, to copy.
    """

    words: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How something stands.

    Attributes:
        kind: `good`, `bad`, or `warn` for what wants attention.
        sentence: a sentence that stands alone.
        before: how it was before, or is without the gate; empty where there is no such thing.
        after: how it is after, or with the gate; without a `before`, more about how it stands.
        steps: what to do next.
    """

    kind: Literal["good", "bad", "warn"]
    sentence: str
    before: str = ""
    after: str = ""
    steps: Sequence[Step] = field(default=())


def verdict_html(verdict: Verdict, note: str = "") -> str:
    """Return a verdict as HTML.

    Args:
        verdict: the verdict.
        note: HTML that belongs to the sentence.
    """
    parts = [
        f'<p class="says"><span class="sign">{escape(SIGNS[verdict.kind])}</span> {escape(verdict.sentence)}</p>{note}'
    ]
    if verdict.before and verdict.after:
        shift = (("before", verdict.before), ("after", verdict.after))
        entries = "".join(f"<div><dt>{name}</dt><dd>{escape(said)}</dd></div>" for name, said in shift)
        parts.append(f'<dl class="shift">{entries}</dl>')
    elif verdict.before or verdict.after:
        parts.append(f"<p>{escape(verdict.before or verdict.after)}</p>")
    if verdict.steps:
        steps = "".join(
            f"<p><strong>{'Do next' if number == 0 else 'Then'}:</strong> {escape_words(step.words)}</p>"
            + (copied(step.code) if step.code else "")
            for number, step in enumerate(verdict.steps)
        )
        parts.append(f'<div class="next">{steps}</div>')
    return f'<div class="verdict {verdict.kind}">{"".join(parts)}</div>'


def verdict_rich(verdict: Verdict) -> Group:
    """Return a verdict for a terminal."""
    lines = [Text.assemble((f"{SIGNS[verdict.kind]} ", TERMINAL[verdict.kind]), (visible(verdict.sentence), "bold"))]
    shift = [(name, said) for name, said in (("before", verdict.before), ("after", verdict.after)) if said]
    # Where there is no change to show, a label would only ask for the other half.
    lines += [prose(f"  {name}: {said}" if len(shift) > 1 else f"  {said}") for name, said in shift]
    return Group(*lines)


def steps_rich(verdict: Verdict) -> Group:
    """Return what to do next for a terminal, where it is read last."""
    lines = []
    for number, step in enumerate(verdict.steps):
        name = "Do next" if number == 0 else "Then"
        lines.append(Text.assemble((f"{name}: ", "bold"), visible(step.words)))
        if step.code:
            lines.append(prose("\n".join(f"  {line}" for line in step.code.splitlines())))
    return Group(*([Text(), *lines] if lines else []))

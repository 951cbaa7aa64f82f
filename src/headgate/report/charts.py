"""Charts as images: SVG inside `<img>`, which no viewer strips and which can run nothing.

Each has a background of its own, so that it is legible on any page, and says in its `alt` text what it shows.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass

from headgate.report.escaping import clip, visible

__all__ = ["Bar", "bar_chart", "funnel_chart", "line_chart"]

_WIDTH = 720
_ROW = 26
_LABEL = 280
_BARS = 40
# Beside what there was, what is left, and the rest of the reasons.
_REASONS = _BARS - 3
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1c2430}.soft{fill:#5b6675}.ground{fill:#f5f7fa;stroke:#d9dfe7}"
    ".good{fill:#2f8f5b}.bad{fill:#c8443f}.rest{fill:#dde3ea}.line{fill:none;stroke-width:2}.grid{stroke:#d9dfe7}"
    ".s0{stroke:#1f5fbf}.s1{stroke:#2f8f5b}.s2{stroke:#c8443f}.s3{stroke:#8a5a00}"
    ""
    "@media (prefers-color-scheme:dark){text{fill:#e4e9f0}.soft{fill:#9aa6b5}.ground{fill:#1a2029;stroke:#2d3642}"
    ".good{fill:#4fb07c}.bad{fill:#e0736d}.rest{fill:#2d3642}.grid{stroke:#2d3642}.s0{stroke:#8fb4ff}"
    ".s1{stroke:#7fd6a2}.s2{stroke:#ff9c93}.s3{stroke:#f0c674}}"
)
# Dashes tell lines apart where colour does not.
_DASHES = ("", "6 4", "2 3", "10 3 2 3")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart.

    Attributes:
        label: plain text on its left.
        value: its length.
        lost: the part after it that went away here.
        note: plain text on its right.
        kind: `good`, `bad` or `rest`.
        lost_kind: the same for the part that went away.
    """

    label: str
    value: float
    lost: float = 0
    note: str = ""
    kind: str = "good"
    lost_kind: str = "bad"


def funnel_chart(total: int, losses: Sequence[tuple[str, int]], end: str, *, start: str = "retrieved") -> str:
    """Return a funnel: how many there were, what each reason took, and how many are left.

    Args:
        total: how many there were.
        losses: reasons in their order, each with how many it took.
        end: the name of what is left.
        start: the name of what there was.
    """
    said = "; ".join(f"{reason}: {count:,}" for reason, count in losses)
    if len(losses) > _REASONS:
        rest = losses[_REASONS:]
        losses = [*losses[:_REASONS], (f"{len(rest):,} other reasons", sum(count for _, count in rest))]
    left = total
    bars = [Bar(start, total, note=f"{total:,}")]
    for reason, count in losses:
        left -= count
        bars.append(Bar(reason, left, count, f"\u2212{count:,}"))
    bars.append(Bar(end, left, note=f"{left:,}"))
    return bar_chart(bars, alt=f"{total:,} {start}, {left:,} {end}" + (f". Lost to {said}" if said else ""))


def bar_chart(bars: Sequence[Bar], *, alt: str, longest: float | None = None) -> str:
    """Return horizontal bars as an image.

    Args:
        bars: from top to bottom; at most 40 are drawn.
        alt: what the chart shows, in words.
        longest: the value that fills the width; by default the greatest there is.
    """
    drawn = bars[:_BARS]
    # All may be zero, by which nothing can be divided.
    most = longest or max((bar.value + bar.lost for bar in drawn), default=0) or 1
    room = _WIDTH - _LABEL - 110
    parts = []
    for number, bar in enumerate(drawn):
        y = 10 + number * _ROW
        width, lost = room * bar.value / most, room * bar.lost / most
        parts.append(f'<text x="{_LABEL - 8}" y="{y + 16}" text-anchor="end">{_text(bar.label, 38)}</text>')
        if bar.kind != "rest":
            parts.append(_rect("rest", _LABEL, y, room, ' opacity=".5"'))
        parts.append(_rect(bar.kind, _LABEL, y, width))
        if bar.lost:
            parts.append(_rect(bar.lost_kind, _LABEL + width, y, lost))
        parts.append(f'<text class="soft" x="{_LABEL + room + 8}" y="{y + 16}">{_text(bar.note, 16)}</text>')
    return _image("".join(parts), 20 + len(drawn) * _ROW, alt)


def line_chart(
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    *,
    alt: str,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    mark: tuple[float, str] | None = None,
    is_step: bool = True,
) -> str:
    """Return lines over one axis as an image.

    Args:
        lines: at most four; each a name and points with x and y between 0 and 1.
        alt: what the chart shows, in words.
        x_ticks: places between 0 and 1 on the lower axis, with their labels.
        y_ticks: the same for the left axis.
        mark: a place on the lower axis that is worth a line of its own, with its label.
        is_step: whether a value holds until the next point, rather than changing evenly.
    """
    left, top, wide, high = 60, 34, _WIDTH - 90, 200
    parts = []
    for place, label in y_ticks:
        y = top + high * (1 - place)
        parts.append(f'<line class="grid" x1="{left}" x2="{left + wide}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="soft" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{_text(label, 8)}</text>')
    for place, label in x_ticks:
        x = left + wide * place
        parts.append(
            f'<text class="soft" x="{x:.1f}" y="{top + high + 20}" text-anchor="middle">{_text(label, 12)}</text>'
        )
    if mark is not None:
        x = left + wide * mark[0]
        parts.append(
            f'<line class="line s3" stroke-dasharray="4 3" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + high}"/>'
        )
        parts.append(f'<text x="{x:.1f}" y="{top + high + 38}" text-anchor="middle">{_text(mark[1], 40)}</text>')
    for number, (name, points) in enumerate(lines[: len(_DASHES)]):
        path, last = "", 0.0
        for place, value in points:
            x, y = left + wide * place, top + high * (1 - value)
            step = f"L{x:.1f} {last:.1f}" if path and is_step else ""
            path += f"{step}{'L' if path else 'M'}{x:.1f} {y:.1f}"
            last = y
        dashes = f' stroke-dasharray="{_DASHES[number]}"' if _DASHES[number] else ""
        parts.append(f'<path class="line s{number}"{dashes} d="{path}"/>')
        at = left + number * wide / max(1, len(lines))
        parts.append(f'<line class="line s{number}"{dashes} x1="{at:.0f}" x2="{at + 24:.0f}" y1="18" y2="18"/>')
        parts.append(f'<text x="{at + 30:.0f}" y="22">{_text(name, 34)}</text>')
    return _image("".join(parts), top + high + (50 if mark else 32), alt)


def _rect(kind: str, x: float, y: float, width: float, extra: str = "") -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="18" rx="2"{extra}/>'


def _image(content: str, height: int, alt: str) -> str:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}"><style>{_STYLE}</style>'
        f'<rect class="ground" x=".5" y=".5" width="{_WIDTH - 1}" height="{height - 1}" rx="6"/>{content}</svg>'
    )
    data = base64.b64encode(svg.encode("utf-8")).decode("ascii")
    words = html.escape(clip(visible(alt), 1_000))
    return f'<img alt="{words}" width="{_WIDTH}" height="{height}" src="data:image/svg+xml;base64,{data}">'


def _text(text: str, chars: int) -> str:
    return html.escape(visible(clip(" ".join(text.split()), chars)))

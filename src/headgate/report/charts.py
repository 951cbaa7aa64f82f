"""Charts as images: SVG inside `<img>`, which no viewer strips and which can run nothing.

Each has a background of its own, so that it is legible on any page, and a narrow form for phones. Its `alt` text says
what it shows, data included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headgate.report.drawing import NARROW_WIDTH, WIDE, Form, image, label, line, rect

__all__ = ["Bar", "bar_chart", "funnel_chart", "line_chart"]

_BARS = 40
# Beside what there was, what is left, and the rest of the reasons.
_REASONS = _BARS - 3
# Dashes tell lines apart where colour does not.
_DASHES = {
    "s0": "",
    "s1": "6 4",
    "s2": "2 3",
    "s3": "10 3 2 3",
    "good": "",
    "before": "6 4",
    "warn": "2 3",
    "bad": "3 5",
}
_SERIES = ("s0", "s1", "s2", "s3")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart.

    Attributes:
        label: plain text on its left.
        value: its length.
        lost: the part after it that went away here.
        note: plain text on its right.
        kind: `good`, `bad`, `warn` or `before`.
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
    bars = [Bar(start, total, note=f"{total:,}", kind="before")]
    for reason, count in losses:
        left -= count
        bars.append(Bar(reason, left, count, f"\u2212{count:,}", "before"))
    bars.append(Bar(end, left, note=f"{left:,}"))
    alt = f"{total:,} {start}, {left:,} {end}" + (f". Lost to {said}" if said else "")
    legend = [("before", start), *([("bad", "kept out")] if losses else []), ("good", end)]
    return _bars(bars, alt, None, legend)


def bar_chart(
    bars: Sequence[Bar], *, alt: str, longest: float | None = None, legend: Sequence[tuple[str, str]] = ()
) -> str:
    """Return horizontal bars as an image.

    Args:
        bars: from top to bottom; at most 40 are drawn.
        alt: what the chart shows, in words; the bars' labels and notes are added.
        longest: the value that fills the width; by default the greatest there is.
        legend: what the kinds of bars mean, as kind and words.
    """
    said = "; ".join(f"{bar.label}: {bar.note or format(bar.value, ',g')}" for bar in bars[:_BARS])
    return _bars(bars[:_BARS], f"{alt}. {said}", longest, legend)


def line_chart(
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    *,
    alt: str,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    mark: tuple[float, str] | None = None,
    is_step: bool = True,
    kinds: Sequence[str] = _SERIES,
) -> str:
    """Return lines over one axis as an image.

    Args:
        lines: at most four; each a name and points with x and y between 0 and 1.
        alt: what the chart shows, in words, with its data.
        x_ticks: places between 0 and 1 on the lower axis, with their labels.
        y_ticks: the same for the left axis.
        mark: a place on the lower axis that is worth a line of its own, with its label.
        is_step: whether a value holds until the next point, rather than changing evenly.
        kinds: what each line is: `good`, `before` and `warn`, or `s0` to `s3` for what is neither.
    """
    forms: list[Form] = []
    for width in (WIDE, NARROW_WIDTH):
        named = lines[: len(_SERIES)]
        left = 60 if width == WIDE else 50
        columns = len(named) if width == WIDE else 1
        top = 34 if columns > 1 else 12 + 22 * len(named)
        frame = _Frame(left, top, width - left - 30, 200)
        parts = [*_grid(frame, x_ticks, y_ticks, width), *(_mark(frame, mark) if mark else ())]
        for number, (name, points) in enumerate(named):
            kind = kinds[number % len(kinds)]
            drawn = f'class="line {kind}"' + (f' stroke-dasharray="{_DASHES[kind]}"' if _DASHES[kind] else "")
            parts.append(f'<path {drawn} d="{_path(frame, points, is_step=is_step)}"/>')
            x = left + (number * frame.wide / columns if columns > 1 else 0)
            y = 18 if columns > 1 else 16 + 22 * number
            parts += [line(drawn, x, y, x + 24, y), label(name, x + 30, y + 4, 34)]
        forms.append(("".join(parts), width, frame.top + frame.high + (50 if mark else 32)))
    return image(forms, alt)


@dataclass(frozen=True, slots=True)
class _Frame:
    left: float
    top: float
    wide: float
    high: float

    def x(self, place: float) -> float:
        return self.left + self.wide * place

    def y(self, value: float) -> float:
        return self.top + self.high * (1 - value)


def _grid(
    frame: _Frame, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]], width: int
) -> list[str]:
    parts = []
    for place, words in y_ticks:
        y = frame.y(place)
        parts.append(line('class="grid"', frame.left, y, frame.left + frame.wide, y))
        parts.append(label(words, frame.left - 8, y + 4, 8, "soft", "end"))
    last = -1.0
    for place, words in x_ticks:
        # A narrow chart has room for every other label.
        if width == WIDE or place - last >= 0.2:
            parts.append(label(words, frame.x(place), frame.top + frame.high + 20, 12, "soft", "middle"))
            last = place
    return parts


def _mark(frame: _Frame, mark: tuple[float, str]) -> list[str]:
    x, bottom = frame.x(mark[0]), frame.top + frame.high
    anchor = "end" if mark[0] > 0.8 else "start" if mark[0] < 0.2 else "middle"
    drawn = line('class="line warn" stroke-dasharray="4 3"', x, frame.top, x, bottom)
    return [drawn, label(mark[1], x, bottom + 38, 40, "", anchor)]


def _path(frame: _Frame, points: Sequence[tuple[float, float]], *, is_step: bool) -> str:
    path, last = "", 0.0
    for place, value in points:
        x, y = frame.x(place), frame.y(value)
        step = f"L{x:.1f} {last:.1f}" if path and is_step else ""
        path += f"{step}{'L' if path else 'M'}{x:.1f} {y:.1f}"
        last = y
    return path


def _bars(bars: Sequence[Bar], alt: str, longest: float | None, legend: Sequence[tuple[str, str]]) -> str:
    # All may be zero, by which nothing can be divided.
    most = longest or max((bar.value + bar.lost for bar in bars), default=0) or 1
    forms = []
    for width in (WIDE, NARROW_WIDTH):
        is_wide = width == WIDE
        left, row, notes = (292, 26, 110) if is_wide else (12, 44, 96)
        room, top = width - left - notes, 10
        parts: list[str] = []
        if legend:
            parts, top = _legend(legend, is_wide=is_wide)
        for number, bar in enumerate(bars):
            y = top + number * row
            if is_wide:
                parts.append(label(bar.label, left - 8, y + 16, 40, "", "end"))
            else:
                parts.append(label(bar.label, left, y + 14, 44))
                y += 18
            parts += _bar(bar, left, y, room, room / most)
            parts.append(label(bar.note, left + room + 8, y + 16, 16, "soft"))
        forms.append(("".join(parts), width, top + 10 + len(bars) * row))
    return image(forms, alt)


def _bar(bar: Bar, left: float, y: float, room: float, scale: float) -> list[str]:
    parts = [rect("rest", left, y, room)]
    if bar.value:
        parts.append(rect(f"{bar.kind} edge", left, y, max(1.5, bar.value * scale)))
    if bar.lost:
        parts.append(rect(f"{bar.lost_kind} edge", left + bar.value * scale, y, max(1.5, bar.lost * scale)))
    return parts


def _legend(legend: Sequence[tuple[str, str]], *, is_wide: bool) -> tuple[list[str], int]:
    """Return what the kinds mean, and where the bars begin."""
    parts = []
    step = (WIDE - 24) // len(legend)
    for number, (kind, words) in enumerate(legend):
        x, y = (12 + number * step, 6) if is_wide else (12, 6 + 22 * number)
        parts += [rect(f"{kind} edge", x, y, 22), label(words, x + 30, y + 16, (step - 40) // 7 if is_wide else 44)]
    return parts, 36 if is_wide else 14 + 22 * len(legend)

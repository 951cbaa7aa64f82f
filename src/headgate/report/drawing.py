"""What charts are drawn with: pieces of SVG, and images of them in a wide and a narrow form."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from typing import TypeAlias

from headgate.report.escaping import clip, visible
from headgate.report.palette import DARK, DARK_CHART, LIGHT, LIGHT_CHART, SERIES
from headgate.report.style import NARROW

__all__ = ["NARROW_WIDTH", "WIDE", "Form", "image", "label", "line", "rect"]

Form: TypeAlias = "tuple[str, int, float]"
"""What is drawn, and its width and height in pixels."""

WIDE = 720
NARROW_WIDTH = 350
_ALT_CHARS = 1_500


def _rules(colours: dict[str, str], surfaces: dict[str, tuple[str, str]], scheme: int) -> str:
    parts = [
        f"text{{fill:{colours['ink']}}}.soft{{fill:{colours['soft']}}}.grid{{stroke:{colours['line']}}}"
        f".ground{{fill:{colours['panel']};stroke:{colours['line']}}}.rest{{fill:{colours['line']};opacity:.45}}"
    ]
    for kind, (fill, edge) in surfaces.items():
        filled = "url(#hatch)" if kind == "bad" else fill
        parts.append(f".{kind}{{fill:{filled};stroke:{edge}}}.line.{kind}{{stroke:{edge}}}")
    parts.append(f".hatched{{fill:{surfaces['bad'][0]};stroke:none}}.stripe{{stroke:{colours['panel']}}}")
    parts += [f".s{number}{{stroke:{pair[scheme]}}}" for number, pair in enumerate(SERIES)]
    return "".join(parts)


_STYLE = (
    "text{font:13px system-ui,sans-serif}.line{stroke-width:2}"
    + _rules(LIGHT, LIGHT_CHART, 0)
    + f"@media (prefers-color-scheme:dark){{{_rules(DARK, DARK_CHART, 1)}}}"
    + ".line.line{fill:none}"
)
_HATCH = (
    '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="hatched" width="7" height="7"/><line class="stripe" x1="0" x2="0" y1="0" y2="7" stroke-width="3"/>'
    "</pattern></defs>"
)


def rect(kinds: str, x: float, y: float, width: float) -> str:
    """Return a bar of a chart."""
    return f'<rect class="{kinds}" x="{x:.1f}" y="{y + 3:.1f}" width="{width:.1f}" height="18" rx="2"/>'


def line(attributes: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a line; `attributes` say its class and dashes."""
    return f'<line {attributes} x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"/>'


def label(text: str, x: float, y: float, chars: int, kind: str = "", anchor: str = "start") -> str:
    """Return outside text within a chart: one line, clipped, nothing hidden."""
    words = html.escape(visible(clip(" ".join(text.split()), chars)))
    kinds = f' class="{kind}"' if kind else ""
    anchored = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text{kinds} x="{x:.1f}" y="{y:.1f}"{anchored}>{words}</text>'


def image(forms: Sequence[Form], alt: str) -> str:
    """Return a chart as an image.

    Args:
        forms: what is drawn, with width and height in pixels: for a page, then for a phone.
        alt: what it shows, in words.
    """
    (wide, width, height), (narrow, narrow_width, narrow_height) = forms
    words = html.escape(clip(visible(alt), _ALT_CHARS))
    return (
        f'<picture><source media="(max-width:{NARROW})" width="{narrow_width}" height="{narrow_height}" '
        f'srcset="{_data(narrow, narrow_width, narrow_height)}">'
        f'<img alt="{words}" width="{width}" height="{height}" src="{_data(wide, width, height)}"></picture>'
    )


def _data(content: str, width: int, height: float) -> str:
    hatch = _HATCH if '"bad ' in content else ""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><style>{_STYLE}</style>{hatch}'
        f'<rect class="ground" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="6"/>{content}</svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode('utf-8')).decode('ascii')}"

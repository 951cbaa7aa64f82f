"""The one language of colours in pages, charts, plots and terminals.

Grey is how it was before, or without the gate; green is what is admitted; red is what is wrong with a document, or
came through; amber wants attention. Colour never stands alone: badges carry a sign, and red surfaces are hatched.

Text has a contrast of at least 4.5:1 to its ground and edges of surfaces 3:1 (WCAG 2.2, 1.4.3 and 1.4.11). The kinds
stay apart for readers who see no difference between red and green.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DARK", "DARK_CHART", "LIGHT", "LIGHT_CHART", "SERIES", "SIGNS", "TERMINAL"]

SIGNS: Final = {"good": "\u2713", "bad": "\u2717", "warn": "!", "before": "\u00b7"}
"""What says the same as the colour of a kind."""

LIGHT: Final = {
    "paper": "#ffffff",
    "panel": "#f5f7fa",
    "ink": "#1c2430",
    "soft": "#566170",
    "line": "#d3dae3",
    "good": "#00705a",
    "good-bg": "#e0f3ee",
    "bad": "#8f1414",
    "bad-bg": "#fbe6e3",
    "warn": "#8f5c00",
    "warn-bg": "#fdf1d6",
    "before": "#566170",
    "before-bg": "#eaeef3",
    "accent": "#1f4fa3",
}
"""Text and grounds on a light page."""

DARK: Final = {
    "paper": "#12161c",
    "panel": "#1a2029",
    "ink": "#e4e9f0",
    "soft": "#9aa6b5",
    "line": "#333d4a",
    "good": "#6fdcc0",
    "good-bg": "#0f3029",
    "bad": "#ff8f7d",
    "bad-bg": "#3a1917",
    "warn": "#f5d67a",
    "warn-bg": "#352a10",
    "before": "#9aa6b5",
    "before-bg": "#222a34",
    "accent": "#8fb4ff",
}
"""Text and grounds on a dark page."""

LIGHT_CHART: Final = {
    "good": ("#12866f", "#0a5f4e"),
    "bad": ("#a3231b", "#7d1510"),
    "warn": ("#e3a11a", "#8f5c00"),
    "before": ("#b9c2cd", "#6b7684"),
}
"""Surfaces on a light panel: what fills them, and their edge."""

DARK_CHART: Final = {
    "good": ("#4fc7a8", "#6fdcc0"),
    "bad": ("#e0614f", "#ff8f7d"),
    "warn": ("#f5d67a", "#f5d67a"),
    "before": ("#5b6675", "#9aa6b5"),
}
"""The same on a dark panel."""

SERIES: Final = (
    ("#1f5fbf", "#8fb4ff"),
    ("#b5560a", "#f0a35e"),
    ("#00705a", "#6fdcc0"),
    ("#566170", "#b4bdc9"),
)
"""Lines that are neither good nor bad, on a light and on a dark panel; each is dashed in its own way too."""

TERMINAL: Final = {
    "good": "#008563",
    "bad": "#d33f2e",
    "warn": "#9d6b00",
    "before": "#6d7680",
}
"""Words in a terminal, whose ground nobody knows: as light as has a contrast of 4.5:1 to white and to black."""

"""The colours of everything that is shown: contrast by WCAG 2.2, and apart for readers who see no red or no green."""

from __future__ import annotations

from itertools import combinations

import pytest

from headgate.report.palette import DARK, DARK_CHART, LIGHT, LIGHT_CHART, SERIES, SIGNS, TERMINAL

Linear = tuple[float, float, float]
# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
DEFICIENCIES = {
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
}
KINDS = ("good", "bad", "warn", "before")
# A difference in CIELAB that nobody misses, and one that is seen side by side.
FAR, APART = 20, 10


def linear(colour: str) -> Linear:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    straight = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return straight[0], straight[1], straight[2]


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def lab(light: Linear) -> Linear:
    rows = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.072175), (0.0193339, 0.119192, 0.9503041))
    white = (0.95047, 1.0, 1.08883)
    ratios = [sum(a * b for a, b in zip(row, light, strict=True)) / w for row, w in zip(rows, white, strict=True)]
    x, y, z = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, deficiency: str) -> float:
    """How far apart two colours are for a reader, in CIELAB (CIE 1976)."""
    rows = DEFICIENCIES[deficiency]
    seen = []
    for colour in (one, other):
        light = linear(colour)
        red, green, blue = (min(1.0, max(0.0, sum(a * b for a, b in zip(row, light, strict=True)))) for row in rows)
        seen.append(lab((red, green, blue)))
    return float(sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5)


def test_the_measures_are_those_of_the_standards() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    # A red and a green that such readers take for one colour.
    assert distance("#8f7a00", "#a07000", "deuteranopia") < APART
    assert distance("#000000", "#ffffff", "deuteranopia") == pytest.approx(100, abs=1)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_legible_on_every_ground(theme: dict[str, str]) -> None:
    for name in ("ink", "soft", "accent", *KINDS):
        for ground in ("paper", "panel"):
            assert contrast(theme[name], theme[ground]) >= 4.5, (name, ground)
    for kind in KINDS:
        assert contrast(theme[kind], theme[f"{kind}-bg"]) >= 4.5, kind


@pytest.mark.parametrize(("surfaces", "theme"), [(LIGHT_CHART, LIGHT), (DARK_CHART, DARK)], ids=["light", "dark"])
def test_edges_and_lines_of_charts_stand_out(surfaces: dict[str, tuple[str, str]], theme: dict[str, str]) -> None:
    for kind, (_, edge) in surfaces.items():
        assert contrast(edge, theme["panel"]) >= 3, kind
    for pair in SERIES:
        assert contrast(pair[theme is DARK], theme["panel"]) >= 3


def test_words_in_a_terminal_are_legible_on_white_and_on_black() -> None:
    for kind, colour in TERMINAL.items():
        assert contrast(colour, "#ffffff") >= 4.5, kind
        assert contrast(colour, "#000000") >= 4.5, kind


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_kinds_are_apart_for_readers_who_see_no_red_or_no_green(deficiency: str) -> None:
    fills = [{kind: fill for kind, (fill, _) in chart.items()} for chart in (LIGHT_CHART, DARK_CHART)]
    for colours in (LIGHT, DARK, *fills):
        for one, other in combinations(KINDS, 2):
            least = FAR if {one, other} == {"good", "bad"} else APART
            assert distance(colours[one], colours[other], deficiency) >= least, (one, other)
    assert distance(TERMINAL["good"], TERMINAL["bad"], deficiency) >= 0.9 * FAR
    for scheme in (0, 1):
        for one_pair, other_pair in combinations(SERIES[:3], 2):
            assert distance(one_pair[scheme], other_pair[scheme], deficiency) >= FAR


def test_what_is_equally_light_in_a_terminal_has_signs_of_its_own() -> None:
    assert len(set(SIGNS.values())) == len(SIGNS) == len(TERMINAL)

"""Which replacements need no second look, whose stars go with a term, and where two words are no term."""

from __future__ import annotations

import pytest

from headgate.terminology import Concept
from headgate.terminology.emphasis import with_its_marks
from headgate.terminology.lines import is_broken
from headgate.terminology.matching import Matcher


def _concept(canonical: str, *aliases: str, **settings: object) -> Concept:
    return Concept(canonical=canonical, aliases=aliases, **settings)  # type: ignore[arg-type]


DEPOT = _concept("warehouse", "depot")
PLAIN = [DEPOT, _concept("X Y", "beta gamma"), _concept("service level agreement", "SLA"), _concept("new beta", "nb")]


def _settles(concepts: list[Concept], marked: str, replacement: str) -> bool:
    start, end = marked.index("{"), marked.index("}") - 1
    text = marked.replace("{", "").replace("}", "")
    return Matcher(concepts).settles(text, start, end, replacement)


@pytest.mark.parametrize(
    "text",
    [
        *("the {depot} is", "{depot}", "({depot})", "\n{depot}\n", "{depot}.", "{depot}. x", "{depot}: x", "{depot}?"),
        *("\u30c7{depot}", "\u201c{depot}\u201d", "{depot}, x", "{depot}! x", "a {depot}\u2026", "{de pot}"),
    ],
)
def test_a_plain_word_between_blanks_and_signs_settles(text: str) -> None:
    assert _settles(PLAIN, text, "warehouse")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a-{depot}",
            "{depot}-x",
            "{depot}.x",
            "{depot}..",
            "{depot}+",
            "{depot}?x",
            "/{depot}",
            "x{depot}",
            "1{depot}",
        ),
        *(
            "\u00e9{depot}",
            "x\u0301{depot}",
            "_{depot}_",
            "{d*ep*ot}",
            "@{depot}",
            "{depot}@x",
            "{depot}=",
            "{depot}\\",
        ),
    ],
)
def test_what_stands_within_a_token_is_looked_at_again(text: str) -> None:
    assert not _settles(PLAIN, text, "warehouse")


@pytest.mark.parametrize(
    ("replacement", "expected"),
    [
        *(("X Y", True), ("new beta", True), ("C1", True), ("other word", True), ("it's-so", True)),
        *(("C", False), ("1C", False), ("a/b", False), ("beta", False), ("gamma", False), ("beta new", False)),
    ],
)
def test_a_term_that_is_a_part_of_another_one_or_no_plain_word_does_not_settle(
    replacement: str, expected: bool
) -> None:
    assert _settles(PLAIN, "the {depot} is", replacement) is expected


@pytest.mark.parametrize(
    ("text", "replacement", "expected"),
    [
        ("{an SLA}", "a service level agreement", True),
        ("{an *SLA}", "a *service level agreement", True),
        ("{an [SLA}](x)", "a [service level agreement", True),
        ("{an *SLA}-x", "a *service level agreement", False),
        ("{an *SLA}", "the *service level agreement", False),
        ("{so *SLA}", "a *service level agreement", False),
        ("{an *SLA}", "a *new", False),
    ],
)
def test_an_article_that_was_fitted_settles_with_its_term(text: str, replacement: str, expected: bool) -> None:
    assert _settles(PLAIN, text, replacement) is expected
    # Where a term has an article in it, another one may form it.
    assert not _settles([*PLAIN, _concept("plan a", "old plan")], text, replacement)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        *(({"near": ("x",)}, False), ({"only_near": ("x",)}, False), ({"unless": ("x",)}, False)),
        *(({"keep": ("x y",)}, False), ({"keep_quoted": True}, False), ({"mode": "annotate"}, False)),
        *(({"mode": "introduce"}, False), ({"mode": "flag"}, True), ({"zones": "none"}, True)),
        *(({"sources": frozenset({"s"})}, True), ({"case": "sensitive"}, True), ({"plurals": True}, True)),
    ],
)
def test_nothing_settles_where_a_term_depends_on_more_than_its_place(
    settings: dict[str, object], expected: bool
) -> None:
    assert _settles([_concept("warehouse", "depot", **settings)], "{depot}", "warehouse") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*{P* O}", "*P* O"),
        ("x *{P* *O}* y", "P* *O"),
        ("***{P** O}*", "**P** O"),
        ("**{P *O***}", "P *O*"),
        ("**{P *O}***", "P *O*"),
        ("x**{P** O}** x", "**P** O"),
        ("*{P* **O}**", "*P* **O**"),
        ("**a** *{P* **O}** b", "*P* **O**"),
        ("**{P**x O}", "**P**x O"),
        ("{P**x**O}", "P**x**O"),
        ("*{P* O}*", "*P* O"),
        ("**{P* O}", "*P* O"),
        ("*{P O}*", "P O"),
        ("****{P*** O}", "***P*** O"),
        ("{P* *O}", ""),
        ("{P **O}", ""),
        ("{P** O}", ""),
        ("* {P* O}", ""),
        ("*{P *O}", ""),
        ("{P* O}*", ""),
    ],
)
def test_stars_that_were_for_a_part_of_a_term_go_with_it(text: str, expected: str) -> None:
    start, end = text.index("{"), text.index("}") - 1
    plain = text.replace("{", "").replace("}", "")
    first, last = with_its_marks(plain, start, end)
    assert plain[first:last] == expected
    assert expected or first == start


@pytest.mark.parametrize(
    "text",
    [
        *(
            "{a\n\nb}",
            "{a\tb}",
            "{a    b}",
            "{a\n \t\nb}",
            "{a\n\tb}",
            "{a\t\tb}",
            "{a\r\n\r\nb}",
            "{a\r\rb}",
        ),
        *("# {a\nb}", "> # {a\nb}", "== {a\nb}", "###### {a\nb}", "#\t{a\nb}", "x\n# {a\nb}"),
        *("{a\n  b}", "{a\n   b}", "  {a\n    b}", "{a\r\n  b}", "x\n{a\n  b}"),
        *("| {a\nb} |", "x\n| {a\nb} | y\nz", "x | {a\nb} | y"),
    ],
)
def test_no_term_goes_over_a_border(text: str) -> None:
    start, end = text.index("{"), text.index("}") - 1
    assert is_broken(text.replace("{", "").replace("}", ""), start, end)


@pytest.mark.parametrize(
    "text",
    [
        *("{a\nb}", "{a\r\nb}", "{a\rb}", "{a   b}", "{a \n b}", "{a b}", "{a\n b}", "{ab}"),
        *("x # {a\nb}", "####### {a\nb}", "# x\n{a\nb}"),
        *("  {a\n   b}", "x {a\n    b}", "x {a\n  b}"),
        *("| {a\nb}", "{a\nb} |", "|\n{a\nb} |", "| {a\nb}\n|", "{a b} |"),
    ],
)
def test_a_term_goes_on_within_its_paragraph(text: str) -> None:
    start, end = text.index("{"), text.index("}") - 1
    assert not is_broken(text.replace("{", "").replace("}", ""), start, end)

"""How much of one kind is looked at in one text: as much as was asked for, and nothing beyond it."""

from __future__ import annotations

import dataclasses

import pytest

from headgate import Glossary
from headgate.limits import DEFAULT_LIMITS
from headgate.terminology.bounds import TooMuchWork
from headgate.terminology.inline import code_spans
from headgate.terminology.zones import Protected, code_zones

GLOSSARY = Glossary.from_mapping({"warehouse": ["depot"], "Zed": ["zq", "xq"]})

# What is counted, and how many of it one has.
OF_THE_TEXT = [
    ("<!-- x -->\n", 1, "comments"),
    ("<code>x</code> ", 2, "marks of markup"),
    ("{code}x{code}\n", 1, "blocks of code"),
    ("....\nx\n....\n", 1, "blocks of code"),
    ("\\begin{math}\nx\n\\end{math}\n", 1, "blocks of code"),
    ("#+begin_src\nx\n#+end_src\n", 1, "blocks of code"),
    ("[a][b] ", 1, "marks of markup"),
    ("[a]: /u\n", 0, ""),
    ("{{ x }} ", 1, "templates"),
    ("{x} ", 1, "marks of markup"),
    ("<b>", 1, "marks of markup"),
    ("$$x^2$$\n", 1, "marks of markup"),
    (".. x\n\n", 1, "marks of markup"),
    ("a::\n\n  x\n\n", 1, "marks of markup"),
    (".. x::\n\n", 1, "marks of markup"),
    ("const x = 1\n\n", 1, "marks of markup"),
]
OF_ITS_LINE = [
    *("me@a.example ", "https://a.example ", "www.a.example ", "\\ref{x} ", "[x](y) ", '{"a": 1} ', "%(x)s "),
    *("[^1] ", "|x| ", "[1]_ ", "[a]#b# ", "[[a|b]] ", "pass:[x] ", "$x_1$ "),
]
CODE = [
    ("$ x\n", "sessions"),
    ("import x\n", "sessions"),
    ("a::\n\n  x\n\n", "literal blocks"),
    (".. code::\n\n  x\n\n", "directives"),
    ("<code>x</code> ", "tags"),
    ("{code}x{code}\n", "blocks of code"),
]


@pytest.mark.parametrize(("unit", "count", "what"), OF_THE_TEXT)
@pytest.mark.parametrize("is_whole", [False, True])
def test_marks_of_a_text_are_counted_until_there_are_too_many(unit: str, count: int, what: str, is_whole: bool) -> None:
    text = f"depot\n\n{unit * 3}"
    Protected(text, 3 * count, is_whole=is_whole).touches(0, 5)
    if count:
        with pytest.raises(TooMuchWork, match=f"more than {3 * count - 1} {what}"):
            Protected(text, 3 * count - 1, is_whole=is_whole).touches(0, 5)


@pytest.mark.parametrize("unit", OF_ITS_LINE)
def test_marks_of_a_line_are_counted_where_the_line_is_asked_about(unit: str) -> None:
    text = f"{unit * 3}depot\n\nso depot"
    place = text.index("depot")
    Protected(text, 3).touches(place, place + 5)
    Protected(text, 0).touches(len(text) - 5, len(text))
    with pytest.raises(TooMuchWork, match="more than 2 marks of markup in one line"):
        Protected(text, 2).touches(place, place + 5)


@pytest.mark.parametrize(("unit", "what"), CODE)
def test_code_alone_is_counted_too(unit: str, what: str) -> None:
    code_zones(unit * 3, 3)
    with pytest.raises(TooMuchWork, match=f"more than 2 {what}"):
        code_zones(unit * 3, 2)


def test_keys_of_front_matter_are_counted() -> None:
    text = "---\na: 1\nb: 2\nc: 3\n---\ndepot"
    Protected(text, 3).touches(24, 29)
    with pytest.raises(TooMuchWork, match="more than 2 keys"):
        Protected(text, 2).touches(24, 29)


def test_backticks_are_counted_by_runs() -> None:
    text = "`a` ``b``"
    assert list(code_spans(text, [(0, 9)], 4)) == [(0, 3), (4, 9)]
    with pytest.raises(TooMuchWork, match="more than 3 backticks"):
        list(code_spans(text, [(0, 9)], 3))


@pytest.mark.parametrize(
    ("text", "inline", "expected"),
    [
        ("`a` b", [(0, 5)], [(0, 3)]),
        ("``a` b``", [(0, 8)], [(0, 8)]),
        ("\\`a` b`", [(0, 7)], [(3, 7)]),
        ("\\\\`a` b", [(0, 7)], [(2, 5)]),
        ("\\``a` b", [(0, 7)], [(2, 5)]),
        ("`a\\` b`", [(0, 7)], [(0, 4)]),
        ("`a `b` c`", [(0, 9)], [(0, 4), (5, 9)]),
        ("`a` `b`", [(0, 3), (4, 7)], [(0, 3), (4, 7)]),
        ("`a `b`", [(0, 3), (3, 6)], [(3, 6)]),
        ("`a`", [], []),
        ("x `a`", [(0, 2)], []),
        ("x`a`", [(0, 1)], []),
        ("``a''", [(0, 5)], []),
        ("``a'' b``", [(0, 9)], []),
        ("``a b`` c''", [(0, 11)], [(0, 7)]),
        ("```a'' b```", [(0, 11)], [(0, 11)]),
        (f"{chr(92) * 50}`a` b`", [(0, 56)], [(50, 53)]),
        (f"{chr(92) * 49}`a` b`", [(0, 55)], [(51, 55)]),
    ],
)
def test_a_run_of_backticks_closes_with_the_next_of_its_length_in_its_paragraph(
    text: str, inline: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    assert list(code_spans(text, inline, 100)) == expected


def test_a_text_is_rewritten_up_to_the_bounds_that_are_given() -> None:
    def rewrite(text: str, **bounds: int) -> tuple[str, str | None]:
        found = GLOSSARY.rewrite(text, limits=dataclasses.replace(DEFAULT_LIMITS, **bounds))
        return found.text, found.unsettled

    assert rewrite("depot depot", edits=2) == ("warehouse warehouse", None)
    assert rewrite("depot depot", edits=1) == ("depot depot", "more than 1 edits")
    # Of words that stay four times as many are looked at.
    assert rewrite("depot " + "warehouse " * 3, edits=1)[1] is None
    assert rewrite("depot " + "warehouse " * 4, edits=1)[1] == "more than 4 occurrences"
    assert rewrite("depot", text_bytes=5) == ("warehouse", None)
    assert rewrite("depots", text_bytes=5) == ("depots", "more than 5 characters")


BEYOND = "Far away. " * 120


@pytest.mark.parametrize(
    "marked",
    [
        # What is far away counts where it tells something of the whole text, and else not.
        f"<!-- DEPOT\n\n{BEYOND}\n\nDEPOT --> depot",
        f"<pre>\n\n{BEYOND}\n\nDEPOT</pre> depot",
        f"{{{{ DEPOT\n\n{'x' * 300}\n\nDEPOT }}}} depot",
        f"{{code}}\n\n{BEYOND}\n\nDEPOT\n{{code}}\n\ndepot",
        f"depot\n\n```\n{BEYOND}\n\nDEPOT\n```\n\n{BEYOND}\n\ndepot",
        f"see [DEPOT]\n\n{BEYOND}\n\n[depot]: /u".replace("[depot]:", "[DEPOT]:"),
        f"- depot\n\n{BEYOND}\n\n    DEPOT\n\ndepot",
        f"- depot\n\n  {BEYOND}\n\n    depot\n\ndepot",
        f"depot::\n\n  {BEYOND}\n\n  DEPOT\n\ndepot",
        f"depot\n\n{BEYOND}\n\n    DEPOT\n\n{BEYOND}\n\ndepot\n\n\tDEPOT",
        f"{BEYOND}\n\ndepot `DEPOT` depot\n\ndepot ` depot\n\ndepot ` depot\n\n{BEYOND}",
        f"{BEYOND}\n\ndepot\n    depot `DEPOT`\n\n{BEYOND}",
        f"{BEYOND}\n\ndepot <b title='DEPOT'> ${{DEPOT}} {{DEPOT}} $$DEPOT^2$$ depot\n\n{BEYOND}",
        f"{BEYOND}\r\n\r\n    DEPOT\r\n\r\ndepot\r\n\r\n{BEYOND}",
        f"\\begin{{math}}\n\n{BEYOND}\n\nDEPOT\n\\end{{math}} depot",
        f"{BEYOND}\n\n<!-- DEPOT -->\n\n```\n<!-- DEPOT\n```\n\ndepot",
        f"{BEYOND}\n\n<code>DEPOT</code> `<code>` depot\n\n{BEYOND}depot",
        f"{BEYOND}\n\n- a\n  ```\n  DEPOT\n  ```\n  depot\n\n{BEYOND}\n\ndepot\n\n    DEPOT",
    ],
)
def test_a_long_text_has_its_code_and_markup_where_a_short_one_has_it(marked: str) -> None:
    text = marked.replace("DEPOT", "depot")
    expected = marked.replace("depot", "warehouse").replace("DEPOT", "depot")
    assert GLOSSARY.rewrite(text).text == expected
    # The same where nearly all of it is asked about, and it is read at once.
    dense = text + "\n\n" + "depot " * len(text)
    wide = dataclasses.replace(DEFAULT_LIMITS, edits=100_000)
    assert GLOSSARY.rewrite(dense, limits=wide).text == expected + "\n\n" + "warehouse " * len(text)

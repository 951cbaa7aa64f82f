"""Code is what CommonMark calls code: nothing in it is edited, and no prose outside is left."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from headgate import Glossary
from headgate.terminology.zones import Protected

GLOSSARY = Glossary.from_mapping({"warehouse": ["depot"]})
PARSER = MarkdownIt("commonmark").enable("table")

PREFIXES = st.sampled_from(
    [
        "",
        "",
        "",
        "> ",
        "- ",
        "1. ",
        "  ",
        "   ",
        "    ",
        "     ",
        "        ",
        "\t",
        "> - ",
        "- > ",
        "10) ",
        "* - ",
        *(
            "2. ",
            "+ ",
            "-\t",
            ">\t",
            ">",
            ">> ",
            " > ",
            "1.  ",
            "-    ",
            "-     ",
            "   - ",
            "> > ",
            "- - ",
            ">     ",
            "- \t",
        ),
    ]
)
CONTENTS = st.sampled_from(
    [
        *("the depot", "a depot opens.", "`depot`", "the `depot` and the depot", "``the ` depot`` and a depot"),
        *("```", "```sh", "~~~", "~~~~", "````", "``` `depot`", "", "", "\\` the depot ` and the depot"),
        *("# the depot", "## a ` depot", "| depot | `depot` |", "|---|---|", "a ` tick", "two `` ticks and a depot"),
        *(
            "<!-- the depot -->",
            "===",
            "-",
            "1.",
            "- ```",
            "> ```",
            "___",
            "* * *",
            "a \\` depot `",
            "#\tdepot",
            "depot: `a`",
        ),
        *("depot list", "- depot", "***", "---", "the depot\\", "**the depot**", "[depot](depot)", "`depot", "depot`"),
    ]
)
_LAZY = re.compile(r"^[ \t]*(?:[-*>|]|\d+[.)])[^\n]*\n(?:[^\n]+\n)*?(?:[ ]*\t| {4,})\S", re.MULTILINE)
LINES = st.lists(st.tuples(PREFIXES, CONTENTS).map("".join), max_size=9)


def leaves(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.children:
            yield from leaves(token.children)
        else:
            yield token


@given(LINES)
@settings(max_examples=max(500, settings().max_examples))
def test_code_is_what_commonmark_calls_code(lines: list[str]) -> None:
    text = "\n".join(lines)
    # A deeply indented line that goes on with the paragraph above it, which stands in a list or a quotation: the parser
    # takes some of them for code, and the specification none.
    assume(not _LAZY.search(text))
    rewritten = GLOSSARY.rewrite(text).text
    begins_within = _looks_cut(text)
    for token in leaves(PARSER.parse(rewritten)):
        if token.type in ("code_inline", "fence", "code_block"):
            assert begins_within or "warehouse" not in token.content, (text, rewritten)
        elif token.type == "text":
            assert begins_within or "depot" not in token.content, (text, rewritten)


def _looks_cut(text: str) -> bool:
    """Return whether a text may be read as a chunk that begins within a fenced block, as no parser would read it."""
    fences = [token for token in PARSER.parse(text) if token.type == "fence"]
    return bool(fences) and not fences[0].info.strip()


@given(st.lists(LINES.map("\n".join), min_size=1, max_size=4).map("\n\n".join))
@example("- the depot\n\n\n\n    the depot")
def test_a_paragraph_alone_has_the_zones_that_it_has_in_its_text(text: str) -> None:
    text = f"{text}\n\n{'Long enough. ' * 50}"
    whole = Protected(text, 10_000, is_whole=True)
    for match in re.finditer("depot", text):
        assert Protected(text, 10_000).touches(*match.span()) == whole.touches(*match.span())

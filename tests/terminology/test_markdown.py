"""Code is what CommonMark calls code: nothing in it is edited, and no prose outside is left."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from headgate import Glossary

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
        "> > ",
        "> - ",
        "- > ",
        "10) ",
        "* - ",
    ]
)
CONTENTS = st.sampled_from(
    [
        *("the depot", "a depot opens.", "`depot`", "the `depot` and the depot", "``the ` depot`` and a depot"),
        *("```", "```sh", "~~~", "~~~~", "````", "``` `depot`", "", "", "\\` the depot ` and the depot"),
        *("# the depot", "## a ` depot", "| depot | `depot` |", "|---|---|", "a ` tick", "two `` ticks and a depot"),
        *("depot list", "- depot", "***", "---", "the depot\\", "**the depot**", "[depot](depot)", "`depot", "depot`"),
    ]
)
LINES = st.lists(st.tuples(PREFIXES, CONTENTS).map("".join), max_size=9)


def leaves(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.children:
            yield from leaves(token.children)
        else:
            yield token


@given(LINES)
def test_code_is_what_commonmark_calls_code(lines: list[str]) -> None:
    text = "\n".join(lines)
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

"""Fenced blocks: which lines open and close one, and how a chunk is read that may begin within one."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headgate import Glossary
from headgate.terminology.blocks import read_blocks
from headgate.terminology.bounds import TooMuchWork
from headgate.terminology.fences import INFO_WEIGHT, leaning, read_fences

GLOSSARY = Glossary.from_mapping({"warehouse": ["depot"]})
LINES = st.sampled_from(
    [
        *("", "", "text", "text.", "why?", "so:", "now!", "```", "```", "```sh", "````", "~~~", "~~~~", "~~~ a`b"),
        *("``` a`b", "a ``` b", "`` x", "``", "---", "title: x", "   ", "```  ", "```sh x"),
    ]
)  # fmt: skip


@given(st.lists(LINES, max_size=9).map("\n".join))
@settings(max_examples=max(300, settings().max_examples))
@example("text\n```\ntext")
@example("text.\n```\ntext")
@example("---\ntitle: x\n---\n```\ntext")
@example("```\ntext\n````\ntext")
@example("````\ntext\n```\n````\ntext")
def test_fences_at_the_margin_are_read_as_all_blocks_are(text: str) -> None:
    quick = read_fences(text, 1_000)
    assert quick is not None
    assert quick == read_blocks(text, 1_000).code


@pytest.mark.parametrize("prefix", ["> ", "- ", "* ", "+ ", "\u2022 ", "  ", "\t", "1. ", "a) ", "> - "])
def test_a_fence_within_something_else_needs_all_lines(prefix: str) -> None:
    assert read_fences(f"{prefix}```\n", 1_000) is None
    assert read_fences(f"```\n{prefix}```\n", 1_000) is None


@pytest.mark.parametrize("text", ["x ```\n", "1.5 ```", "abcdefghij. ```", "a <!-- b"])
def test_signs_behind_a_word_are_no_fence(text: str) -> None:
    assert read_fences(text, 1_000) == []


def test_what_is_in_a_comment_is_told_with_all_lines_only() -> None:
    assert read_fences("<!--\n```\n-->", 1_000) is None


BEFORE = {"": 1, "so:": 1, "text": 0, "text.": 1, "text. ": 1, "why?": 1, "now!": 1, "  ": 1}
AFTER = {"": -1, "text": 0, "text.": -1, "why?": -1, "now!": -1, "  ": -1, "so:": 0}


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize(("above", "below"), [("", ""), ("x:\n", "\nx."), ("x\n", "\nx"), ("\n", "\n")])
def test_the_lines_around_a_fence_tell_whether_it_opens(before: str, after: str, above: str, below: str) -> None:
    text = f"{above}{before}\n```\n{after}{below}"
    start = len(above) + len(before) + 1
    lean = BEFORE[before] + AFTER[after]
    assert leaning(text, start, start + 3, has_info=False) == lean
    assert leaning(text, start, start + 3, has_info=True) == lean + INFO_WEIGHT


def test_where_a_text_begins_or_ends_there_is_nothing_around_a_fence() -> None:
    assert leaning("```\ntext", 0, 3, has_info=False) == 1
    assert leaning("text\n```", 5, 8, has_info=False) == -1
    assert leaning("```", 0, 3, has_info=False) == 0


CLOSED = [  # `DEPOT` is code there
    "DEPOT\n```\n\nThe depot is open.",
    "DEPOT\n```\n\ndepot\n\n```sh\nDEPOT\n```\ndepot",
    "DEPOT\n~~~\n\nThe depot is open.",
    "DEPOT\n````\n\nThe depot is open.",  # how many signs opened it was cut off, too
    "The depot.\n```\nDEPOT\n```\nThe depot.",
    "DEPOT\n```\n```sh\nDEPOT\n```\ndepot",
]
OPEN = [
    "DEPOT\n```\nDEPOT",  # nothing speaks for either way
    "The depot:\n```\nDEPOT",
    "---\nx: depot\n---\ndepot\n```\nDEPOT",
    "+++\nx = 'depot'\n+++\ndepot\n```\nDEPOT",
    "```sh\nDEPOT",
]
IN_A_LIST = "\n\n- x\n  ```sh\n  DEPOT\n  ```\n"  # with which fences alone do not tell


@pytest.mark.parametrize("marked", [*CLOSED, *OPEN, *(f"{text}{IN_A_LIST}" for text in CLOSED)])
def test_a_chunk_that_begins_within_a_block_is_read_so_where_its_lines_say_it(marked: str) -> None:
    text = marked.replace("DEPOT", "depot")
    assert GLOSSARY.rewrite(text).text == marked.replace("depot", "warehouse").replace("DEPOT", "depot")


UNITS = [  # what is counted, and how many of it one has
    ("```\na\n```\n", 2),
    ("> ```\n> a\n> ```\n\n", 2),
    ("- a\n\n      code\n\n", 1),
    ("    code\n\na\n\n", 1),
]


@pytest.mark.parametrize(("unit", "count"), UNITS)
def test_no_more_fences_and_indented_blocks_are_looked_at_than_asked_for(unit: str, count: int) -> None:
    read_blocks(unit * 5, 5 * count)
    with pytest.raises(TooMuchWork):
        read_blocks(unit * 5, 5 * count - 1)


def test_no_more_fences_at_the_margin_are_looked_at_than_asked_for() -> None:
    text = "```\na\n```\n" * 5
    assert len(read_fences(text, 10) or ()) == 5
    with pytest.raises(TooMuchWork, match="more than 9 fences"):
        read_fences(text, 9)


def test_ten_times_as_many_paragraphs_are_looked_at_as_marks_of_one_kind() -> None:
    read_blocks("a `b`\n\n" * 31, 3)
    with pytest.raises(TooMuchWork, match="more than 30 paragraphs"):
        read_blocks("a `b`\n\n" * 32, 3)
    read_blocks("a b\n\n" * 100, 3)  # nobody asks what could hold a code span

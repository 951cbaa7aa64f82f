"""Marks within a term, dashes between words, the ends of lines, and lines in capitals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Glossary

GLOSSARY = Glossary.from_mapping(
    {
        "warehouse": ["depot"],
        "Kubernetes": ["K8s"],
        "LarkDesk": ["Project Otter"],
        "PostgreSQL": ["postgresql"],
        "\ucc3d\uace0": ["\ub370\ud3ec"],
        "United States": ["US"],
        "information technology": ["IT"],
    }
)


def _rewritten(text: str) -> str:
    rewrite = GLOSSARY.rewrite(text)
    assert rewrite.original == text
    assert GLOSSARY.rewrite(rewrite.text).text == rewrite.text
    return rewrite.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*Project* **Otter**", "LarkDesk"),
        ("**Project** *Otter*", "LarkDesk"),
        ("***Project*** Otter", "LarkDesk"),
        ("****Project**** Otter", "****Project**** Otter"),
        ("***Project** Otter*", "*LarkDesk*"),
        ("**Project *Otter***", "**LarkDesk**"),
        ("*Project **Otter***", "*LarkDesk*"),
        ("**a** *Project* **Otter** b", "**a** LarkDesk b"),
        ("**Pro**ject Otter", "LarkDesk"),
        ("Pro**ject Ot**ter", "LarkDesk"),
        ("**Project** Otter** x", "LarkDesk** x"),
        ("**Project** **Otter**", "**LarkDesk**"),
        ("**Project Otter**", "**LarkDesk**"),
        ("**Project Otter", "**LarkDesk"),
        ("Project** Otter", "Project** Otter"),
        ("Project **Otter", "Project **Otter"),
    ],
)
def test_marks_of_emphasis_stay_paired(text: str, expected: str) -> None:
    assert _rewritten(text) == expected


@given(
    st.lists(st.sampled_from(["*", "**", "***", "Project", "Otter", " ", "a", "Pro", "ject"]), max_size=9).map("".join)
)
def test_stars_go_in_pairs(text: str) -> None:
    assert (text.count("*") - _rewritten(text).count("*")) % 2 == 0


@pytest.mark.parametrize(
    "text",
    [
        *(
            "the depot--which is open--closes",
            "It closed---depot and all",
            "A depot.--The other",
            "So the x--depot: it is",
        ),
        *("the ==depot== is open", "==the depot==", "a--depot--b"),
    ],
)
def test_a_dash_and_a_highlight_end_a_word(text: str) -> None:
    assert _rewritten(text) == text.replace("depot", "warehouse")


@pytest.mark.parametrize(
    "text",
    [
        *("--depot", "--no--depot", "a/depot--b", "block__depot--open", "xn--depot", "x--depot.py", "x--depot()"),
        *("a==depot", "a==depot==b", "=depot=", "x--depot-3b", "--postgresql"),
    ],
)
def test_identifiers_with_such_signs_stay(text: str) -> None:
    assert _rewritten(text) == text


def test_a_dash_makes_no_package_of_a_spelling() -> None:
    assert _rewritten("slow--postgresql---fast") == "slow--PostgreSQL---fast"
    assert _rewritten("a slow-postgresql, a postgresql-client") == "a slow-postgresql, a postgresql-client"


@pytest.mark.parametrize(
    "text",
    [
        "See Project\n \nOtter runs.",
        "See Project\n\t\nOtter runs.",
        "See Project\r\n \r\nOtter runs.",
        "See Project\r\n\r\nOtter runs.",
        "See Project\r\rOtter runs.",
        "See Project\n\n\n \nOtter runs.",
        "# Project\nOtter runs.",
        "a\n\n## Project\nOtter runs.",
        "a\r\n### Project\r\nOtter runs.",
        "== Project\nOtter runs.",
        "a | Project\nOtter | b",
        "| Project\n| Otter",
        "Project\n    Otter runs.",
        "Project\tOtter",
        "Project      Otter",
    ],
)
def test_no_term_goes_on_beyond_a_paragraph_a_heading_a_row_or_a_column(text: str) -> None:
    assert _rewritten(text) == text


@pytest.mark.parametrize(
    "text", ["Project\nOtter", "Project\r\nOtter", "Project\rOtter", "Project \n Otter", "Project   Otter"]
)
def test_a_term_goes_on_in_the_next_line_of_its_paragraph(text: str) -> None:
    assert _rewritten(f"a\n\n{text} b | c") == "a\n\nLarkDesk b | c"


def test_what_a_word_without_its_digit_makes_of_its_neighbour_is_rewritten_at_once() -> None:
    assert _rewritten("x [ab-\ub370\ud3ecK8s").endswith("Kubernetes")


@pytest.mark.parametrize("text", ["WHY US?", "LET US", "WE DO IT", "IT IS", "# ASK US\n", "NOT IT!"])
def test_a_short_line_in_capitals_is_no_line_of_acronyms(text: str) -> None:
    assert _rewritten(text) == text


@pytest.mark.parametrize("text", ["US", "US API", "US, NO", "| US | BE |", "BUY: US", "Buy in the US."])
def test_acronyms_beside_one_another_are(text: str) -> None:
    assert _rewritten(text) == text.replace("US", "United States")

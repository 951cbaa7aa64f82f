"""The plain part of regular expressions: every spelling that one stands for, and no other expression."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.terminology.expressions import NotPlain, spellings

letters = st.text(st.sampled_from("abc-"), min_size=1, max_size=3).map(re.escape)
expressions = st.recursive(
    letters,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        inner.map(lambda one: f"(?:{one})?"),
        st.sampled_from(["[ab]", "a?", r"\s", r"\b"]),
    ),
    max_leaves=6,
)


@given(expressions)
def test_what_an_expression_stands_for_is_what_it_matches(expression: str) -> None:
    try:
        found = spellings(expression)
    except NotPlain:
        return
    for text in found:
        assert re.search(expression.replace(r"\b", ""), text) is not None
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("colou?r", {"color", "colour"}),
        ("(?i)e-?mail", {"email", "e-mail"}),
        ("(grey|gray)s?", {"grey", "greys", "gray", "grays"}),
        ("[Kk]8s", {"K8s", "k8s"}),
        (r"\bsign\sin\b", {"sign in"}),
        (r"C\+\+", {"C++"}),
    ],
)
def test_a_few_spellings_are_written_out(expression: str, expected: set[str]) -> None:
    assert set(spellings(expression)) == expected


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("a??", "lazy or possessive"),
        ("a?+", "lazy or possessive"),
        ("a*", "repeats"),
        ("a+", "repeats"),
        ("a{2}", "repeats"),
        ("(?=a)b", "looks around"),
        ("(?P<n>a)", "looks around"),
        ("a.b", "any text"),
        ("^a", "beginning or end"),
        ("a$", "beginning or end"),
        ("(a", "not closed"),
        ("a)", "not opened"),
        ("[^a]", "all other"),
        ("a" * 1_001, "too long"),
        ("(" * 21 + "a" + ")" * 21, "too deeply"),
    ],
)
def test_any_other_expression_is_refused_with_the_reason(expression: str, why: str) -> None:
    with pytest.raises(NotPlain, match=why):
        spellings(expression)


def test_two_hundred_spellings_are_a_few_and_more_are_not() -> None:
    two_hundred = "|".join("".join(pair) for pair in product("abcdefghij", "abcdefghijklmnopqrst"))
    assert len(spellings(two_hundred)) == 200
    with pytest.raises(NotPlain, match="too many"):
        spellings(two_hundred + "|zz")
    assert len(spellings("[abcdefghij][abcdefghijklmnopqrst]")) == 200
    with pytest.raises(NotPlain, match="too many"):
        spellings("[abcdefghij][abcdefghijklmnopqrstu]")

"""Where a word ends and what a token is: emphasis, versions, members, sentences, dashes and entities, to the sign."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Glossary
from headgate.terminology.boundaries import Tokens, is_whole_word, occurs_as_word

GLOSSARY = Glossary.from_mapping(
    {
        "warehouse": ["depot"],
        "Kubernetes": ["K8s"],
        "Celsius": ["C"],
        "Zed": ["ZX"],
        "yard": ["dep ot"],
        "\u5009\u5eab": ["\u30c7\u30dd"],
    }
)


@pytest.mark.parametrize(
    "text",
    [
        *("_depot_", "__depot__", "___depot___", "~~depot~~", "==depot==", "x _depot_ y", "(_depot_)", "_depot_, so"),
        *("_depot x_", "_x depot_", "~~depot x~~", "==x depot==", "It is the _depot_.", "It is _the depot_... x"),
        *("__depot is__ x", "a __big depot__", f"_depot {'x ' * 90}_x y_", f"_x {'x ' * 90}depot_"),
    ],
)
def test_marks_of_emphasis_in_pairs_are_no_part_of_the_word(text: str) -> None:
    assert GLOSSARY.rewrite(text).text == text.replace("depot", "warehouse")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "____depot____",
            "~depot~",
            "~~~depot~~~",
            "=depot=",
            "===depot===",
            "_depot",
            "depot_",
            "_depot x",
            "x depot_",
        ),
        *(
            "x_depot_",
            "_depot_x",
            "a/_depot_",
            "/_depot_",
            "_depot_/b",
            "._depot_",
            "_depot_.x",
            "$_depot_",
            "_depot_=",
        ),
        *("xx__depot__", "a/__depot x__", "x depot_/y", "_ x depot_", "x_ depot_", "_depot _x", "_depot=x_y"),
        *(f"_depot {'x ' * 110}_x y_", f"_x {'x ' * 110}depot_"),
    ],
)
def test_marks_that_do_not_pair_or_join_it_to_something_are(text: str) -> None:
    assert GLOSSARY.rewrite(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        *("depot>=1", "depot<=1", "depot==1", "depot!=1", "depot~=1", "depot>1", "depot<2", "depot^1", "depot~1"),
        *(
            "depot()",
            "x-depot()",
            "depot->open",
            "depot->9",
            "C++",
            "C++ x",
            "C#",
            "C# x",
            "C#xy",
            "C++.",
            "the C++ of",
        ),
        *("a.depot", "a.Depot", "here.Depot(", "here.Depot.x", "depot.next", "depot.Next(", "depot.N", "Depot.Next.x"),
        *("x-K8s:n", "K8s:nn", "K8s:s:t", "depot/office/x", "depot/lib", "api/depot", "src/K8s", "a/b/depot", "depot/"),
        *("depot-a-b", "a-depot-b", "depot-3", "3-depot", "depot-v2", "K8s-3", "-depot", "--depot-x", "depot----x"),
        *("depot&x", "a&depot;b", "depot&toolonganame;x", "x--depot.py", "xn--depot", "....depot.x", "depot..x"),
        *(
            "dep ot/x",
            "x/dep ot",
            "dep ot-a-b",
            "a.dep ot",
            "depot\\x",
            "depot:x",
            "a\\depot",
            "depot@x",
            "me@depot.example",
        ),
    ],
)
def test_a_part_of_a_name_stays(text: str) -> None:
    assert GLOSSARY.rewrite(text).text == text
    assert GLOSSARY.rewrite(f"So {text} is").text == f"So {text} is"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("depot> 1, depot>x, depot!1, depot! depot~", "warehouse> 1, warehouse>x, warehouse!1, warehouse! depot~"),
        ("depot( ), depot (x), depot-> x, depot->", "warehouse( ), warehouse (x), warehouse-> x, warehouse->"),
        ("C++x, C+, C+x, C.", "Celsius++x, Celsius+, Celsius+x, Celsius."),
        ("is here.Depot opens", "is here.Warehouse opens"),
        ("the depot.Next one", "the warehouse.Next one"),
        ("K8s:n K8s:ssa. K8s:s", "Kubernetes:n Kubernetes:ssa. Kubernetes:s"),
        ("depot/office, K8s/Docker-x", "warehouse/office, Kubernetes/Docker-x"),
        ("depot-to-door, up-to-depot, up-to-depot-3", "warehouse-to-door, up-to-warehouse, up-to-warehouse-3"),
        ("K8s-based, a K8s-a, C-like", "Kubernetes-based, a Kubernetes-a, Celsius-like"),
        ("depot&amp;x&amp;depot", "warehouse&amp;x&amp;warehouse"),
        ("depot&#38;depot&#x26;x", "warehouse&#38;warehouse&#x26;x"),
        ("depot--x--depot a---depot", "warehouse--x--warehouse a---warehouse"),
        ("...depot, ..depot, depot...", "...warehouse, ..warehouse, warehouse..."),
        ("x/dep ot dep ot", "x/dep ot yard"),
        ("dep ot dep ot/x", "yard dep ot/x"),
        ("a-b-dep ot K8s-based", "a-b-dep ot Kubernetes-based"),
        ("depot\\ depot? depot: depot?x", "warehouse\\ warehouse? warehouse: warehouse?x"),
        ("a \\depot", "a \\depot"),
    ],
)
def test_a_word_beside_a_sign_is_no_part_of_a_name(text: str, expected: str) -> None:
    assert GLOSSARY.rewrite(text).text == expected


def test_raised_digits_end_a_word_of_three_letters_and_are_a_part_of_a_shorter_one() -> None:
    assert (
        GLOSSARY.rewrite("all of depot\u00b2, K8s\u00b9 and ZX\u00b2").text
        == "all of warehouse\u00b2, Kubernetes\u00b9 and ZX\u00b2"
    )


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        ("depot", 0, 5, True),
        ("a depot b", 2, 7, True),
        ("adepot", 1, 6, False),
        ("depot_", 0, 5, False),
        ("_depot", 1, 6, False),
        ("depot_x", 0, 6, False),
        ("depot_", 0, 6, True),
        ("__id", 1, 4, True),
        ("x_id", 1, 4, False),
        ("depot\u0301", 0, 5, False),
        ("\u0301depot", 0, 6, True),
        ("a\u0301depot", 1, 7, False),
        # Kana and Latin letters: each ends where the other begins.
        ("\u30c7\u30ddx", 0, 2, True),
        ("x\u30c7\u30dd", 1, 3, True),
        ("\u30c7\u30dd\u30ed", 0, 2, False),
        ("\u30ed\u30c7\u30dd", 1, 3, False),
        ("\u30ed\u30c7x", 1, 3, False),
        ("x\u30c7\u30ed", 0, 2, False),
        ("\u30ed\u30c7", 1, 2, False),
        # Korean and Arabic beside Latin letters; particles of Korean.
        ("ab\ub370", 0, 2, True),
        ("\ub370ab", 1, 3, True),
        ("\u0628ab", 1, 3, True),
        ("\u00e9ab", 1, 3, False),
        ("\u043bab", 1, 3, False),
        ("\ub370\ud3ec\ub97c", 0, 2, True),
        ("\ub370\ud3ec\ub9ac", 0, 2, False),
        ("\uad6c\ub370\ud3ec", 1, 3, False),
        # Thai: a vowel that is written before its consonant begins the next word.
        ("\u0e01\u0e02\u0e40\u0e01", 0, 2, True),
        ("\u0e01\u0e02\u0e01", 0, 2, False),
        ("\u0e40\u0e01\u0e02", 1, 3, False),
        ("\u0e01\u0e02\u0e01", 1, 3, True),
        ("\u0e01\u0e02 \u0e01", 0, 2, True),
    ],
)
def test_a_word_stands_alone_as_its_script_says(text: str, start: int, end: int, expected: bool) -> None:
    assert is_whole_word(text, start, end) is expected


@pytest.mark.parametrize(
    ("word", "text", "first", "last", "expected"),
    [
        ("ab", "ab", 0, 2, True),
        ("ab", "xab ab", 0, 6, True),
        ("ab", "xab aby", 0, 7, False),
        ("a b", "xa b b a b", 0, 10, True),
        ("aa", "aaa aa", 0, 6, True),
        ("ab", "xab", 1, 3, False),
        ("ab", "ab ab", 1, 4, False),
        ("ab", "cab ab", 2, 6, True),
    ],
)
def test_a_word_is_found_within_bounds_and_what_is_around_them_counts(
    word: str, text: str, first: int, last: int, expected: bool
) -> None:
    assert occurs_as_word(word, text, first, last) is expected


SIGNS = st.sampled_from([*"-./_:#@&+$?\\~=", "--", "...", "()", "->", " ", "  ", "\n", ",", "&amp;", "\u30c7"])
WORDS = st.sampled_from(["a", "b3", "src", "to", "Ab", "ab", "n"])


@given(st.lists(WORDS | SIGNS, max_size=16), st.data())
def test_a_token_says_of_each_of_its_words_what_it_says_when_it_is_read_anew(
    pieces: list[str], data: st.DataObject
) -> None:
    text, places, position = "".join(pieces), [], 0
    for piece in pieces:
        if piece.isalnum():
            places.append((position, position + len(piece)))
        position += len(piece)
    if len(places) > 1 and data.draw(st.booleans()):  # a term of several words
        first = data.draw(st.integers(0, len(places) - 2))
        places[first : first + 2] = [(places[first][0], places[first + 1][1])]
    tokens = Tokens(text)
    for start, end in places:
        assert tokens.is_identifier(start, end) == Tokens(text).is_identifier(start, end)

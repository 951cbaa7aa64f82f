"""Capitals, folded forms, terms within terms and words that are nearly names, function by function."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Glossary
from headgate.terminology import Concept
from headgate.terminology.casing import carry_case, is_lower_name, is_other_word, is_shouted, is_titled
from headgate.terminology.folding import fold_alias, fold_text
from headgate.terminology.formats import GlossaryFile
from headgate.terminology.parts import Parts
from headgate.terminology.spans import Zones
from headgate.terminology.wording import WordIndex


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("WE DO US", True), ("US IS", True), ("A US", True), ("OPEN US NOW", True), ("LONG US", True)),
        *(("US API", False), ("US, NO", False), ("open US", False), ("US", False), ("AB CD US", False)),
        *(("AB CD EF US", True), ("US AB CD EF", True), ("US OPEn", False), ("API US API", False)),
        # Only its own line and sentence count, or the line where the sentence has no other word.
        *(("US\nOPEN IT", False), ("OPEN IT\nUS", False), ("Open. ASK US", True), ("ASK US. Open it", True)),
        *(("OPEN. US", True), ("OPEN. US.", True), ("Open. US.", False), ("ASK.  US", False)),
        # And not what is far away.
        *((f"OPEN{' ' * 116}US", True), (f"OPEN{' ' * 117}US", False), (f"US{' ' * 116}OPEN", True)),
        *((f"US{' ' * 117}OPEN", False), (f"x{'A' * 120} US", True), (f"x{'A' * 118} US", False)),
        # A small word counts directly beside it.
        *(("ASK    US", True), ("ASK     US", False), ("US    ASK", True), ("US     ASK", False), ("ASKS US", True)),
        *(("xASK US", False), ("US ASKx", False), ("ASK-US", False)),
        # Scripts without capitals say nothing.
        *(
            ("\u4e2d US OPEN", True),
            ("\u4e2d\u6587 US", False),
            ("\u4e2d\u6587 \u4e2d\u6587 \u4e2d\u6587 US AB", False),
        ),
    ],
)
def test_a_sentence_in_capitals_has_a_long_word_several_or_a_small_one(text: str, expected: bool) -> None:
    start = text.index("US")
    assert is_shouted(text, start, start + 2) is expected


@pytest.mark.parametrize(
    ("text", "alias", "replacement", "expected"),
    [
        ("the [CONSIGNMENT] x", "consignment", "shipment", "SHIPMENT"),
        ("the [Depot]", "depot", "house", "House"),
        ("the [depot]", "depot", "house", "house"),
        ("the [DEPOT]", "depot", "House", "House"),
        ("the [DEPOT]", "DEPOT", "house", "house"),
        ("the [DE-POT]", "de-pot", "house", "House"),
        ("OPEN THE [DEPOT]", "depot", "House", "HOUSE"),
        ("OPEN THE [DEPOT]", "DEPOT", "House", "HOUSE"),
        ("OPEN THE [DEPOT]", "depot", "stra\u00dfe", "stra\u00dfe"),  # STRASSE is one letter longer
        ("the [A] x", "a", "shipment", "Shipment"),
        ("OPEN [A] X", "a", "shipment", "Shipment"),
        ("[AB]", "ab", "shipment", "SHIPMENT"),
        ("the [eMail]", "eMail", "letter", "letter"),
        ("the [EMail]", "eMail", "letter", "Letter"),
        ("the [Depot]", "Depot", "house", "house"),
        ("the [Depot]", "depot", "House", "House"),
    ],
)
def test_a_term_is_written_in_the_case_of_its_alias(text: str, alias: str, replacement: str, expected: str) -> None:
    start, end = text.index("["), text.index("]") - 1
    assert carry_case(text.replace("[", "").replace("]", ""), start, end, alias, replacement) == expected


@pytest.mark.parametrize(
    ("text", "alias", "canonical", "expected"),
    [
        ("an [ADR]", "adr", "address", True),
        ("an [adr]", "adr", "address", False),
        ("SEND THE [ADR] NOW", "adr", "address", False),
        ("an [ABCDE]", "abcde", "x", True),
        ("an [ABCDEF]", "abcdef", "x", False),
        ("[GIT]", "git", "Git", False),
        ("[GIT]", "Git", "x", False),
        ("ASK [US]", "US", "United", True),
        ("ASK [BCD]", "BCD", "Bee", False),
        ("in [US]", "US", "United", False),
        ("[A1B]", "a1b", "x", False),
    ],
)
def test_capitals_tell_an_acronym_from_a_word(text: str, alias: str, canonical: str, expected: bool) -> None:
    start, end = text.index("["), text.index("]") - 1
    assert is_other_word(text.replace("[", "").replace("]", ""), start, end, alias, canonical) is expected


def test_titles_and_common_nouns() -> None:
    assert [is_titled(term) for term in ("War Room", "War", "war Room", "WAR", "War-Room", "War 2")] == [
        *(True, True, False, False, False, False)
    ]  # fmt: skip
    pairs = [("kUBE", "Kube"), ("kube", "Kube"), ("kube", "kUBE"), ("Kube", "Kube"), ("kube", "kube")]
    assert [is_lower_name(*pair) for pair in pairs] == [True, True, False, False, False]


TERMS = [*("war room", "war", "new york city", "plan c+", "+d plan", "\u4ed3\u5e93", "\u4ed3\u5e93\u5e97", "a-b c-d")]
PARTS = Parts(TERMS)


@pytest.mark.parametrize("term", ["peace", "war room", "new york city", "xwar", "wars", "\u4ed3\u5e93\u5e97"])
def test_what_is_no_part_of_another_term_stands_for_itself(term: str) -> None:
    assert PARTS.is_self_contained(term)


@pytest.mark.parametrize(
    "term", ["war", "room", "new", "york", "city", "\u4ed3\u5e93", "c", "d", "plan", "a", "b", "city hall", "room two"]
)
def test_a_part_of_another_term_and_what_ends_with_its_last_word_do_not(term: str) -> None:
    assert not Parts([*TERMS, *([term] if " " in term else [])]).is_self_contained(term)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        *(([], True), (["a"], True), (["war room"], True), (["plan b", "an"], True), (["banana split"], True)),
        *((["plan a"], False), (["an hour"], False), (["an a-b"], False), (["a_b c"], True), (["vitamin-a"], False)),
    ],
)
def test_articles_are_free_where_no_longer_term_has_one(terms: list[str], expected: bool) -> None:
    assert Parts(terms).are_articles_free is expected


def test_a_word_in_very_many_terms_is_taken_for_a_part() -> None:
    few, many = ([f"xroom {number}" for number in range(count)] for count in (99, 100))
    assert Parts(few).is_self_contained("room")
    assert not Parts(many).is_self_contained("room")


FOLDED_PIECES = [
    *("a", "B", "\u00df", "\u0130", "\u03a3", "\u03c2", " ", "  ", "\n", "\t", "\r\n", "\u00ad", "\u200b", "\ufb03"),
    *("\uff21", "\u3000", "\u2019", "\u043e\u0301"),
]
FOLDED = st.lists(st.sampled_from(FOLDED_PIECES), max_size=12).map("".join)


@given(FOLDED)
def test_every_sign_of_a_folded_text_is_where_it_was_written(text: str) -> None:
    folded = fold_text(text)
    position = 0
    for place, sign in enumerate(folded.text):
        start, end = folded.to_source(place, place + 1)
        assert 0 <= start <= end <= len(text)
        assert start <= position or sign == " " or fold_alias(text[position:start]) == ""
        if not (sign.isspace() or sign == "\0"):
            assert sign in fold_alias(text[start:end])
        position = max(position, end)
    if "\0" not in folded.text:
        assert fold_alias(folded.text) == fold_alias(text)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5)).map(lambda one: (one[0], one[0] + one[1])), max_size=6)
)
def test_zones_touch_what_shares_a_character_with_one_of_their_spans(spans: list[tuple[int, int]]) -> None:
    zones = Zones(spans)
    for start in range(15):
        for end in range(start + 1, 16):
            is_shared = any(max(start, first) < min(end, last) for first, last in spans)
            assert zones.touches(start, end) is is_shared


WORDS = [f"w{number}".encode() for number in range(12)]
SEVERAL = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(b" ".join)


@given(st.lists(SEVERAL, max_size=14), st.lists(st.sampled_from(WORDS), max_size=30), st.sampled_from([b" ", b"  "]))
def test_an_index_of_words_finds_every_term_once_wherever_it_is(
    terms: list[bytes], words: list[bytes], gap: bytes
) -> None:
    spread = b" %s " % gap.join(words)
    expected = []
    for number, term in enumerate(terms):
        count = term.count(b" ") + 1
        for place in range(len(words) - count + 1):
            if words[place : place + count] == term.split():
                start = 1 + sum(len(word) + len(gap) for word in words[:place])
                expected.append((number, start, start + len(gap.join(words[place : place + count]))))
    assert sorted(WordIndex(terms).find(spread)) == sorted(expected)


def _near(text: str, *names: str, ordinary: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    concepts = tuple(Concept(canonical=name, aliases=(f"zq{number}x",)) for number, name in enumerate(names))
    rewrite = Glossary(GlossaryFile(concepts, fuzzy="replace", ordinary=ordinary)).rewrite(text)
    return [(edit.alias, edit.mode) for edit in rewrite.edits]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the Jupyter notbook viewer", "Jupyter notbook viewer"),
        ("the jupyter\nnotbook viewer is", "jupyter\nnotbook viewer"),
        ("the Jupyter notbook\nviewer", "Jupyter notbook\nviewer"),
        ("Jupyter notbook viewer", "Jupyter notbook viewer"),
        ("the Juypter notebook viewer", "Juypter notebook viewer"),
        ("the Jupyter notebook veiwer", "Jupyter notebook veiwer"),
        ("notbook viewer", None),
        ("upyter notbook viewer", None),
        ("other notbook viewer", None),
        ("Jupyter-notbook viewer", None),
        ("Jupyter, notbook viewer", None),
        ("Jupyter notbook-viewer", None),
        ("Jupyter notbook view", None),
        ("Jupyter notbook viewers", None),
        ("xJupyter notbook viewer", None),
    ],
)
def test_a_misspelt_word_of_a_longer_name_is_one_where_the_others_stand_beside_it(text: str, found: str | None) -> None:
    assert _near(text, "Jupyter notebook viewer") == ([] if found is None else [(found, "replace")])


@pytest.mark.parametrize(
    ("name", "word", "expected"),
    [
        ("zqwxrtk", "zqwxrtks", []),  # in the plural
        ("zqwxrtk", "zqwxrt", []),
        ("zqwxrtk", "zqwxrkt", []),  # a short one ends right
        ("zqwxrtk", "zqxwrtk", ["replace"]),
        ("zqwxrt", "zqxwrt", ["replace"]),
        ("zqwxr", "zqxwr", []),  # five letters are too few
        ("zqwxrtkv", "zqwxrtvk", ["replace"]),
        ("zqwxrtkvbn", "zqxxrtxvbn", ["flag"]),  # two letters of ten
        ("zqwxrtkvbnmp", "zqxxrtxvbnmp", ["replace"]),
        ("zqwxrtkvbnm", "zqxxrtxvbnm", ["flag"]),
        ("zqwxrt", "zqxxxt", []),
        ("publisher", "publishing", []),
        ("publishx", "publishq", ["replace"]),
        ("compliant", "compliance", []),
    ],
)
def test_how_near_a_word_is_to_a_name_depends_on_their_length(name: str, word: str, expected: list[str]) -> None:
    assert [mode for _, mode in _near(f"the {word} page", name)] == expected


def test_a_word_of_forty_letters_may_be_a_near_miss_and_a_longer_one_not() -> None:
    for length, expected in ((40, "replace"), (41, None)):
        name = ("zqwxrtkv" * 6)[:length]
        word = name[:10] + "q" + name[11:]
        assert [mode for _, mode in _near(f"the {word} page", name)] == ([expected] if expected else [])

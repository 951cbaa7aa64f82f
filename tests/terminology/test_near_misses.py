"""Near misses: one letter in eight to eleven, two in twelve or more, the first one right, and no guess between two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from headgate import Glossary
from headgate.terminology import Concept
from headgate.terminology.formats import GlossaryFile

SHORT, LONG = "zabcdefg", "zbcdefghijkl"


def _glossary(*aliases: str, mode: str = "replace", ordinary: tuple[str, ...] = (), **settings: object) -> Glossary:
    concept = Concept(canonical="Term", aliases=aliases, **settings)  # type: ignore[arg-type]
    return Glossary(GlossaryFile((concept,), fuzzy=mode, ordinary=ordinary))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "word", ["zabcdefh", "zbacdefg", "zabcdefgh", "zxabcdefg", "zabxcdefg", "ZABCDEFH", "Zabcdexg"]
)
def test_a_word_with_one_letter_wrong_is_a_near_miss(word: str) -> None:
    rewrite = _glossary(SHORT).rewrite(f"the {word}.")
    assert rewrite.text == "the Term."
    assert [edit.fuzzy for edit in rewrite.edits] == [True]


@pytest.mark.parametrize(
    "word", ["zabcdehf0", "zabcdfh", "yabcdefg", "zxbcdefh", "zabcdefgs", "zabcdefg-x1", "zabcdef", "zabcdefh_x"]
)
def test_other_words_are_not(word: str) -> None:
    assert _glossary(SHORT).rewrite(f"the {word}.").text == f"the {word}."


@pytest.mark.parametrize(
    "word", ["zbcdefghijxx", "zcbdefghijlk", "zbcdefghijklmn", "zxxbcdefghijkl", "zbcdefghijklm", "zcdefghijkl"]
)
def test_a_long_word_may_have_two_letters_wrong(word: str) -> None:
    assert _glossary(LONG).rewrite(word).text == "Term"


@pytest.mark.parametrize(
    "word", ["zbcdefghixxx", "zbcdefghijklmno", "zbcdefghijkls", "zbcdefghijk", "zbcdefghi", "zbcdefgxx"]
)
def test_but_no_more(word: str) -> None:
    assert _glossary(LONG).rewrite(word).text == word


def test_two_letters_may_be_missing() -> None:
    assert _glossary("zbcdefghijklmn").rewrite("zdefghijklmn").text == "Term"


@pytest.mark.parametrize(("alias", "word"), [("zabcdef", "zabcdefx"), ("zabcdefg1", "zabcdefgh")])
def test_a_short_alias_and_one_with_digits_have_no_near_misses(alias: str, word: str) -> None:
    assert _glossary(alias).rewrite(word).text == word


def test_a_tie_is_a_guess_and_left_alone() -> None:
    assert _glossary("zabcdefx", "zabcdefy").rewrite("zabcdefz").text == "zabcdefz"
    assert _glossary("zabcdefx", "zabcdexy").rewrite("zabcdefz").text == "Term"


def test_ordinary_words_and_words_of_the_glossary_are_not_misspelt() -> None:
    assert _glossary(SHORT, ordinary=("Zabcdefh",)).rewrite("zabcdefh").text == "zabcdefh"
    assert _glossary(SHORT, "zabcdefh more").rewrite("zabcdefh").text == "zabcdefh"


def test_near_misses_in_code_addresses_and_mentions_are_left_alone() -> None:
    for text in ("`zabcdefh`", "https://zabcdefh.example", "/zabcdefh", "the word zabcdefh", "Term (zabcdefh)"):
        assert _glossary(SHORT).rewrite(text).text == text


def test_near_misses_follow_scope_mode_and_case() -> None:
    scoped = _glossary(SHORT, sources=frozenset({"handbook"}))
    assert scoped.rewrite("zabcdefh", "handbook").text == "Term"
    assert scoped.rewrite("zabcdefh", "other").text == "zabcdefh"
    annotating = Glossary(
        GlossaryFile((Concept(canonical="Term", aliases=(SHORT,), mode="annotate"),), fuzzy="replace")
    )
    assert annotating.rewrite("zabcdefh").text == "zabcdefh (Term)"
    assert annotating.rewrite("zabcdefh (Term)").edits == ()
    flagged = _glossary(SHORT, mode="flag").rewrite("zabcdefh, zabcdefg")
    assert (flagged.text, [edit.mode for edit in flagged.edits]) == ("zabcdefh, Term", ["flag", "replace"])
    assert len(_glossary(SHORT, mode="flag").rewrite("zabcdefh zabcdefx").edits) == 2
    capitals = _glossary(SHORT.upper())
    assert capitals.rewrite("zabcdefh ZABCDEFH").text == "zabcdefh Term"


def test_an_alias_wins_over_a_near_miss_within_it() -> None:
    glossary = Glossary(
        GlossaryFile(
            (Concept(canonical="Alpha", aliases=("zabcdefh zone",)), Concept(canonical="Beta", aliases=(SHORT,))),
            fuzzy="replace",
        )
    )
    assert glossary.rewrite("the zabcdefh zone, zabcdefx").text == "the Alpha, Beta"
    assert glossary.rewrite("zabcdefx zabcdefg").text == "Beta Beta"
    joined = Glossary(
        GlossaryFile(
            (Concept(canonical="Alpha", aliases=("zabcdefh-zone",)), Concept(canonical="Beta", aliases=(SHORT,))),
            fuzzy="replace",
        )
    )
    assert joined.rewrite("the zabcdefh-zone, zabcdefx").text == "the Alpha, Beta"


def test_where_words_have_no_spaces_between_them_an_alias_wins_too() -> None:
    numbers = "\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03"
    concepts = (
        Concept(canonical="Term", aliases=(f"{numbers}\u516b",)),
        Concept(canonical="Nine", aliases=("\u4e5d",)),
        Concept(canonical="Sign", aliases=("C+",)),
    )
    glossary = Glossary(GlossaryFile(concepts, fuzzy="replace"))
    assert glossary.rewrite(f"{numbers}\u4e5d").text == f"{numbers}Nine"
    assert glossary.rewrite(f"C+{numbers}\u5341").text == "SignTerm"


def test_a_near_miss_that_an_edit_uncovers_is_found_too() -> None:
    concepts = (Concept(canonical="Term", aliases=(SHORT,)), Concept(canonical="so", aliases=("called",)))
    assert Glossary(GlossaryFile(concepts, fuzzy="replace")).rewrite("called zabcdefh").text == "so Term"


def test_a_near_miss_that_stays_does_not_keep_others() -> None:
    assert _glossary(SHORT).rewrite("the word zabcdefh. A zabcdefx.").text == "the word zabcdefh. A Term."


names = st.text("abc", min_size=7, max_size=13).map(lambda tail: "a" + tail)


@given(st.lists(names, min_size=1, max_size=6, unique=True), names)
def test_the_index_misses_no_name_that_is_near(aliases: list[str], word: str) -> None:
    reach = 2 if len(word) >= 12 else 1
    distances = sorted(OSA.distance(word, alias) for alias in aliases)
    near = [alias for alias in aliases if OSA.distance(word, alias) == distances[0]]
    is_near = 0 < distances[0] <= reach and len(near) == 1 and word not in (near[0] + "s", near[0][:-1])
    expected = "Term" if is_near or word in aliases else word
    assert _glossary(*aliases).rewrite(word).text == expected


def test_too_many_different_words_leave_the_text_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.terminology.fuzzy._COMPARISONS_PER_TEXT", 3)
    glossary = _glossary(SHORT)
    assert glossary.rewrite("wwwwwwww vvvvvvvv uuuuuuuu").unsettled is None
    text = "wwwwwwww vvvvvvvv uuuuuuuu tttttttt"
    for _ in range(2):  # what is remembered counts too
        assert glossary.rewrite(text).text == text
        assert glossary.rewrite(text).unsettled == "too many words to look for near misses"
    assert glossary.rewrite("zabcdefh zabcdefh").unsettled == "too many words to look for near misses"

"""Laws of rewriting: it settles, it aligns, it leaves everything else alone."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from headgate import Glossary, PolicyError
from headgate.testing import HOSTILE_STRINGS

WORDS = [
    "k8s",
    "kube",
    "war",
    "room",
    "GIL",
    "grey",
    "pack",
    "B3",
    "APIs",
    "straße",
    "STRASSE",
    "İstanbul",
    "Σίσυφος",
    "デポ",
    "ab",
]
PIECES = [
    *WORDS,
    " ",
    "  ",
    "\n",
    "\n\n",
    "\t",
    "-",
    "_",
    ".",
    "/",
    "`",
    "```\n",
    "'",
    '"',
    "(",
    ")",
    "<b>",
    "::",
    "e\u0301",
    "中文",
    "ไทย",
]
words = st.sampled_from(WORDS)
terms = st.lists(words, min_size=1, max_size=3).map(" ".join)
texts = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=200)


@st.composite
def glossaries(draw: st.DrawFn) -> Glossary:
    mapping = draw(st.dictionaries(terms, st.lists(terms, min_size=1, max_size=3), min_size=1, max_size=5))
    try:
        return Glossary.from_mapping(mapping)
    except PolicyError:
        assume(False)
        raise


@given(glossaries(), texts)
def test_rewriting_twice_changes_nothing_more(glossary: Glossary, text: str) -> None:
    once = glossary.rewrite(text)
    assert glossary.rewrite(once.text).text == once.text


@given(glossaries(), texts)
def test_the_edits_alone_explain_the_text(glossary: Glossary, text: str) -> None:
    rewrite = glossary.rewrite(text)
    parts, position = [], 0
    for edit in rewrite.edits:
        assert position <= edit.start < edit.end <= len(text)
        assert text[edit.start : edit.end] == edit.alias
        parts += [text[position : edit.start], edit.replacement]
        position = edit.end
    assert "".join((*parts, text[position:])) == rewrite.text
    assert rewrite.original == text


@given(glossaries(), texts, st.data())
def test_a_span_there_and_back_holds_what_it_held(glossary: Glossary, text: str, data: st.DataObject) -> None:
    rewrite = glossary.rewrite(text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    there = rewrite.to_rewritten(start, end)
    back = rewrite.to_original(*there)
    assert 0 <= there[0] <= there[1] <= len(rewrite.text)
    if start < end and there[0] < there[1]:
        assert back[0] <= start
        assert end <= back[1]


@given(glossaries(), texts)
def test_outside_the_edits_every_character_keeps_its_counterpart(glossary: Glossary, text: str) -> None:
    rewrite = glossary.rewrite(text)
    touched = {place for edit in rewrite.edits for place in range(edit.start, edit.end)}
    for place, character in enumerate(text):
        if place not in touched:
            start, end = rewrite.to_rewritten(place, place + 1)
            assert rewrite.text[start:end] == character


@given(st.sampled_from(HOSTILE_STRINGS), glossaries())
def test_hostile_text_settles_too(text: str, glossary: Glossary) -> None:
    once = glossary.rewrite(text)
    assert glossary.rewrite(once.text).text == once.text


@given(texts)
def test_canonical_terms_are_left_alone(text: str) -> None:
    glossary = Glossary.from_mapping({"war": ["conflict"], "grey pack": ["battery"]})
    assume("conflict" not in text.lower())
    assume("battery" not in text.lower())
    assert glossary.rewrite(text).text == text


PROTECTED = ["https://{}.example/{}", "`{} {}`", "/{}/{}", "{}.{}@host.example", "{}_{}", "--{}={}", "<b {}={}>"]
protected = st.builds(str.format, st.sampled_from(PROTECTED), words, words)


@given(glossaries(), st.lists(protected | words, max_size=12))
def test_nothing_is_edited_within_urls_addresses_paths_identifiers_and_code(
    glossary: Glossary, pieces: list[str]
) -> None:
    text = " ".join(pieces)
    rewrite = glossary.rewrite(text)
    position = 0
    for piece in pieces:
        if piece not in WORDS:
            assert not any(edit.start < position + len(piece) and edit.end > position for edit in rewrite.edits)
        position += len(piece) + 1


@given(glossaries(), st.text(st.characters(exclude_categories=["L", "N"]), max_size=60))
def test_a_text_without_an_alias_is_returned_unchanged(glossary: Glossary, text: str) -> None:
    rewrite = glossary.rewrite(text)
    assert (rewrite.text, rewrite.edits, rewrite.ambiguous, rewrite.unsettled) == (text, (), (), None)


CUES = ["formerly", "(", ")", ",", "or", "not", "called", "the", "renamed", "was", "/", ": ", "for short", ". "]


@given(glossaries(), st.lists(words | st.sampled_from(CUES), max_size=30).map(" ".join))
def test_rewriting_twice_changes_nothing_more_where_words_are_mentioned(glossary: Glossary, text: str) -> None:
    once = glossary.rewrite(text)
    assert glossary.rewrite(once.text).text == once.text

"""Labels, citations and substitutions stay on both sides of a reference, and words in brackets do not."""

from __future__ import annotations

import pytest

from headgate import Glossary
from headgate.terminology import Concept

REPLACING = Glossary.from_mapping({"warehouse": ["depot"]})
ANNOTATING = Glossary.from_concepts([Concept(canonical="LarkDesk", aliases=("LDX",), mode="annotate")])


@pytest.mark.parametrize(
    "text",
    [
        "see [the page][depot]",
        "see ![a plan][depot]",
        "see [depot][] too\n\n[Depot]: /u",
        "see [depot] too\n\n[DEPOT]: /u",
        "[depot]: /u 'and no title'\n\nsee [Depot].",
        "> [depot]: /u\n\nsee [depot]",
        "a note[^depot]",
        "a note[^depot]\n\n[^depot]: what it says",
        "so it says [depot]_.\n\n.. [depot] A book",
        "so it says [#depot]_.\n\n.. [#depot] A note",
        "|depot| runs\n\n.. |depot| replace:: it",
        ".. _depot:\n\nA place",
        "(depot)=\n# A place",
        "it is |depot|_ here",
        "[[depot][a text of Org]]",
        "[[depot|a text of a wiki]]",
    ],
)
def test_labels_stay(text: str) -> None:
    assert REPLACING.rewrite(text).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the [depot] is open", "the [warehouse] is open"),
        ("the [depot][place]", "the [warehouse][place]"),
        ("the [depot](/u)", "the [warehouse](/u)"),
        ("- [x] the depot", "- [x] the warehouse"),
        ("[^1]: the depot", "[^1]: the warehouse"),
        (".. [a] the depot", ".. [a] the warehouse"),
        ("| depot | shed |", "| warehouse | shed |"),
        ("|depot|shed|", "|warehouse|shed|"),
    ],
)
def test_words_beside_labels_do_not(text: str, expected: str) -> None:
    assert REPLACING.rewrite(text).text == expected


@pytest.mark.parametrize("text", ["[x][LDX]\n\n[LDX]: /u", "|LDX| runs\n\n.. |LDX| replace:: x"])
def test_a_label_is_not_explained(text: str) -> None:
    assert ANNOTATING.rewrite(text).text == text


def test_a_definition_counts_however_far_it_is_from_its_reference() -> None:
    between = "\n\n".join("The depot is open." for _ in range(3))
    text = f"See [depot].\n\n{between}\n\n[depot]: /u"
    assert REPLACING.rewrite(text).text == text.replace("The depot", "The warehouse")

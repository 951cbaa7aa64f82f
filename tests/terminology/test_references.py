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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: {depot: 2, image: depot}\nc: 3\n", "a: 1\nb: {depot: 2, image: warehouse}\nc: 3\n"),
        ("a: 1\nb: 2\n? depot\n: one depot\nc: 3\n", "a: 1\nb: 2\n? depot\n: one warehouse\nc: 3\n"),
        (
            "web:\n  depends_on:\n    - db\n    - depot\n  tags:\n    - depot\ndepot:\n  image: depot\ndb: 1\n",
            "web:\n  depends_on:\n    - db\n    - depot\n  tags:\n    - warehouse\ndepot:\n  image: warehouse\ndb: 1\n",
        ),
        ("a:\n  needs: [build, depot]\ndepot: 1\nb: 2\n", "a:\n  needs: [build, depot]\ndepot: 1\nb: 2\n"),
        # What no key is named like is no reference.
        ("a:\n  needs: [build, depot]\nc: 1\nb: 2\n", "a:\n  needs: [build, warehouse]\nc: 1\nb: 2\n"),
        ("#+title: Depot\n\n# the depot\n: the depot\nThe depot.\n", None),
        ("# The depot\n\nOf the depot.\n", "# The warehouse\n\nOf the warehouse.\n"),
        ("[x](a\\)depot) [y](depot(depot)) depot", "[x](a\\)depot) [y](depot(depot)) warehouse"),
        ("[depot]#text#, [.depot]##text##, [depot]#5", "[depot]#text#, [.depot]##text##, [warehouse]#5"),
        ("Note, 'depot': yes", "Note, 'warehouse': yes"),
        ("{'a': 1, 'depot': 2}", "{'a': 1, 'depot': 2}"),
    ],
)
def test_what_names_something_stays_and_what_is_said_does_not(text: str, expected: str | None) -> None:
    glossary = Glossary.from_mapping({"warehouse": ["depot"]})
    if expected is None:  # of Org, only comments and lines of fixed width stay
        expected = "#+title: Warehouse\n\n# the depot\n: the depot\nThe warehouse.\n"
    assert glossary.rewrite(text).text == expected


@pytest.mark.parametrize("text", ["*an* SLA", "_an_ SLA", "**an SLA**", "an *SLA*"])
def test_an_article_is_carried_through_emphasis(text: str) -> None:
    glossary = Glossary.from_mapping({"service level agreement": ["SLA"]})
    assert glossary.rewrite(text).text == text.replace("an", "a", 1).replace("SLA", "service level agreement")

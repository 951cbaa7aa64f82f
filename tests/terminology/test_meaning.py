"""What a word means in its place: acronyms and ordinary words, words nearby, definitions, case, number and article."""

from __future__ import annotations

import pytest

from headgate import Glossary
from headgate.terminology import Concept


def _rewrite(concepts: dict[str, list[str]] | list[Concept], text: str) -> str:
    if isinstance(concepts, dict):
        glossary = Glossary.from_mapping(concepts)
    else:
        glossary = Glossary.from_concepts(concepts, report_ambiguous=True)
    once = glossary.rewrite(text)
    assert glossary.rewrite(once.text).text == once.text
    assert once.original == text
    return once.text


CASES = [
    # A lower-case alias is not an acronym, unless all of the line is in capitals, or the word is too long for one.
    ({"address": ["adr"]}, "An ADR and an adr.", "An ADR and an address."),
    ({"address": ["adr"]}, "SEND THE ADR NOW", "SEND THE ADDRESS NOW"),
    ({"shipment": ["consignment"]}, "The CONSIGNMENT left.", "The SHIPMENT left."),
    ({"Git": ["git"]}, "GIT is fine.", "Git is fine."),
    ({"LarkDesk": ["ldx", "LDX"]}, "LDX, ldx", "LarkDesk, LarkDesk"),
    # In a line of capitals an acronym may be a word, if it can be spoken.
    ({"United States": ["US"]}, "# TELL US EVERYTHING\n\nIn the US.", "# TELL US EVERYTHING\n\nIn the United States."),
    ({"LarkDesk": ["LDX"]}, "OPEN LDX FIRST", "OPEN LARKDESK FIRST"),
    ({"LarkDesk": ["LDX"]}, "LDX API", "LarkDesk API"),
    # Plurals.
    ({"service level agreement": ["SLA"]}, "Two SLAs.", "Two service level agreements."),
    ({"Windows": ["win", "wins"]}, "It wins.", "It Windows."),
    ({"box": ["case", "cases"]}, "Cases, a case", "Boxes, a box"),
    # Articles.
    ({"outage": ["failure"]}, "A failure is not a failure.", "An outage is not an outage."),
    ({"user": ["operator"]}, "An operator, an operator", "A user, a user"),
    ({"hour": ["day"]}, "a day", "an hour"),
    ({"URL": ["address"]}, "an address", "a URL"),
    ({"SQL": ["language"]}, "a language", "an SQL"),
    ({"unit": ["item"]}, 'an "item"', 'a "unit"'),
    ({"8-bit unit": ["byte"]}, "a byte", "an 8-bit unit"),
    (
        {"outage": ["failure"]},
        "vitamin A failure, plan-a failure, (a failure)",
        "vitamin A outage, plan-a outage, (an outage)",
    ),
    ({"outage": ["failure"], "b": ["a"]}, "a failure", "b outage"),
]


@pytest.mark.parametrize(("terms", "text", "expected"), CASES)
def test_case_number_and_article_are_carried_over(terms: dict[str, list[str]], text: str, expected: str) -> None:
    assert _rewrite(terms, text) == expected


def test_a_list_in_which_every_word_has_a_capital_says_nothing_of_case() -> None:
    titles = {"Warehouse": ["Depot"], "Haulier": ["Carrier"], "Support Team": ["Help Desk"]}
    assert _rewrite(titles, "the depot, a Carrier, the help desk") == "the warehouse, a Haulier, the support team"
    assert _rewrite({"Kubernetes": ["Kube"], "LarkDesk": ["Lark"], "Otter": ["Ott"]}, "kube") == "Kubernetes"


@pytest.mark.parametrize(
    ("settings", "text", "is_rewritten"),
    [
        ({"near": ("ticket",)}, "She bought a desk.", False),
        ({"near": ("ticket",)}, "The desk closed the ticket.", True),
        ({"near": ("ticket",)}, "The desk closed the tickets.", False),
        ({"near": ("ticket",)}, "desk" + " x" * 200 + " ticket", False),
        ({"only_near": ("ticket",)}, "A desk and a ticket.", True),
        ({"only_near": ("ticket",)}, "A desk.", False),
        ({"unless": ("wooden",)}, "A wooden desk.", False),
        ({"unless": ("wooden",)}, "A desk.", True),
        ({"keep": ("standing desk", "desk lamp")}, "A standing desk with a Desk Lamp.", False),
        ({"keep": ("standing desk",)}, "A desk.", True),
    ],
)
def test_words_nearby_and_phrases_keep_an_ordinary_word(
    settings: dict[str, tuple[str, ...]], text: str, is_rewritten: bool
) -> None:
    concept = Concept(canonical="support team", aliases=("desk",), **settings)  # type: ignore[arg-type]  # sets of keys
    assert _rewrite([concept], text) == (text.replace("desk", "support team") if is_rewritten else text)


RIVALS = [
    Concept(canonical="augmented reality", aliases=("AR",), near=("glasses", "app")),
    Concept(canonical="accounts receivable", aliases=("AR",), near=("ledger", "tax")),
]


def test_what_the_document_defines_decides_before_words_nearby() -> None:
    text = "Accounts receivable (AR) is a ledger. Put on the glasses, open the app: AR."
    assert _rewrite(RIVALS, text) == text.replace(": AR", ": accounts receivable")
    later = "AR first. We mean augmented reality (AR)."
    assert _rewrite(RIVALS, later) == later.replace("AR first", "augmented reality first")


def test_what_the_document_defines_otherwise_is_left_alone_and_reported() -> None:
    glossary = Glossary.from_concepts(RIVALS, report_ambiguous=True)
    text = "The acoustic radar (AR) is in the app. AR hums."
    rewrite = glossary.rewrite(text)
    assert (rewrite.text, len(rewrite.ambiguous)) == (text, 2)
    expansion = {"service level agreement": ["SLA"]}
    other = "The Stereo Lithography Apparatus (SLA) is hot. An SLA prints."
    assert _rewrite(expansion, other) == other
    assert _rewrite(expansion, "Service-level agreements (SLA) differ. An SLA binds.").endswith(
        "A service level agreement binds."
    )


def test_a_name_that_is_no_long_form_stands_for_whatever_the_document_spells_out() -> None:
    text = "The Lark desk exchange (LDX) opens. Close LDX."
    assert _rewrite({"LarkDesk": ["LDX"]}, text).endswith("Close LarkDesk.")


def test_words_of_the_whole_text_decide_where_none_is_near_and_a_tie_does_not() -> None:
    far = "AR is new." + " Then more." * 40
    assert _rewrite(RIVALS, far + " The ledger.").startswith("accounts receivable is new.")
    assert _rewrite(RIVALS, far + " The ledger. The app.").startswith("AR is new.")


def test_a_term_is_introduced_once_and_replaced_from_then_on() -> None:
    introduce = [Concept(canonical="LarkDesk", aliases=("LDX", "Otter"), mode="introduce")]
    assert (
        _rewrite(introduce, "LDX opens. Close LDX. Otter?") == "LDX (LarkDesk) opens. Close LarkDesk. Otter (LarkDesk)?"
    )
    assert _rewrite(introduce, "LarkDesk (LDX) opens. Close LDX.") == "LarkDesk (LDX) opens. Close LarkDesk."
    annotate = [Concept(canonical="LarkDesk", aliases=("LDX",), mode="annotate")]
    assert _rewrite(annotate, "LDX opens. Close LDX.") == "LDX (LarkDesk) opens. Close LDX."

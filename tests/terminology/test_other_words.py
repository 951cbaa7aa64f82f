"""A word that may be another one of English is not a certain misspelling: it is flagged, and stays."""

from __future__ import annotations

import pytest

from headgate import Glossary
from headgate.terminology import Concept
from headgate.terminology.formats import GlossaryFile
from headgate.terminology.spelling import may_be_english


def _rewritten(name: str, text: str) -> tuple[str, list[str]]:
    glossary = Glossary(GlossaryFile((Concept(canonical=name, aliases=("zq1x",)),), fuzzy="replace"))
    rewrite = glossary.rewrite(text)
    return rewrite.text, [edit.mode for edit in rewrite.edits]


@pytest.mark.parametrize(
    ("name", "word"),
    [
        *(("contract", "contact"), ("employer", "employee"), ("country", "county"), ("college", "collage")),
        *(("conservation", "conversation"), ("stationery", "stationary"), ("garden", "warden"), ("statute", "statue")),
        *(
            ("device", "devise"),
            ("carton", "cartoon"),
            ("message", "massage"),
            ("Contract", "Contact"),
            ("contract manager", "contact manager"),
        ),
        *(("council", "counsel"), ("patent", "patient"), ("morale", "morals"), ("Jupyter", "Jupiter")),
    ],
)
def test_what_may_be_another_word_stays(name: str, word: str) -> None:
    text, modes = _rewritten(name, f"See the {word} page.")
    assert text == f"See the {word} page."
    assert modes in (["flag"], [])


@pytest.mark.parametrize(
    ("name", "word"),
    [
        *(("martial", "marital"), ("silver", "sliver"), ("complaint", "compliant"), ("united", "untied")),
        *(("casual", "causal"), ("treatise", "treaties"), ("theatre", "theater"), ("trailing", "trialing")),
    ],
)
def test_of_two_words_that_differ_in_the_order_of_two_letters_neither_is_a_misspelling(name: str, word: str) -> None:
    assert _rewritten(name, f"See the {word} page.") == (f"See the {word} page.", [])
    assert _rewritten(word, f"See the {name} page.") == (f"See the {name} page.", [])


@pytest.mark.parametrize(
    ("name", "word"),
    [
        *(("contract", "contratc"), ("contract", "cnotract"), ("contract", "contrqct"), ("warehouse", "warehouwse")),
        *(("employer", "emplxyer"), ("Kubernetes", "Kuberntes"), ("LarkDesk", "LarkDisk"), ("LarkDesk", "larkdask")),
        *(
            ("Jupyter notebook", "Jupiter notebook"),
            ("purchase order", "purchse order"),
            ("invoice", "invocie"),
            ("elasticsearch", "elsaticsaerch"),
        ),
    ],
)
def test_what_can_be_none_is_replaced(name: str, word: str) -> None:
    assert _rewritten(name, f"See the {word} page.") == (f"See the {name} page.", ["replace"])


def test_a_term_does_not_go_on_beyond_its_heading() -> None:
    assert _rewritten("purchase order", "# The purchse\norder of things") == ("# The purchse\norder of things", [])


@pytest.mark.parametrize(
    "word",
    [
        "contact",
        "stationary",
        "mckinley",
        "na\u00efve",
        "\u00fcbung",
        "rhythms",
        "a",
        "zoology",
        "webhook",
        "namespace",
        "changelog",
    ],
)
def test_what_may_be_english(word: str) -> None:
    assert may_be_english(word)


@pytest.mark.parametrize("word", ["contrqct", "xqzv", "purchse", "\u4e00\u4e8c", "kuberntes"])
def test_what_may_not(word: str) -> None:
    assert not may_be_english(word)

"""Two wrong letters: a long word is replaced, a shorter one flagged, and an ordinary word is neither."""

from __future__ import annotations

import pytest

from headgate import Glossary
from headgate.terminology import Concept
from headgate.terminology.formats import GlossaryFile

CONCEPTS = tuple(
    Concept(canonical=term, aliases=(f"zq{number}x",))
    for number, term in enumerate(("invoice", "compliance", "elasticsearch", "purchase order", "incident"))
)
GLOSSARY = Glossary(GlossaryFile(CONCEPTS, fuzzy="replace"))


@pytest.mark.parametrize(
    ("word", "expected", "modes"),
    [
        ("invocie", "invoice", ["replace"]),
        ("invcoce", "invcoce", ["flag"]),
        ("elsaticsaerch", "elasticsearch", ["replace"]),
        ("purhcase order", "purchase order", ["replace"]),
        ("prchasse order", "prchasse order", ["flag"]),
        ("purchse", "purchse", []),
        ("involve", "involve", []),
        ("compliant", "compliant", []),
        ("incidence", "incidence", []),
        ("invoiced", "invoiced", []),
    ],
)
def test_how_near_a_word_is_decides_what_is_done(word: str, expected: str, modes: list[str]) -> None:
    found = GLOSSARY.rewrite(f"The {word} is here.")
    assert found.text == f"The {expected} is here."
    assert [edit.mode for edit in found.edits] == modes
    assert all(edit.fuzzy for edit in found.edits)

"""No name of a file, a key or a setting writes a line of its own into a message, or colours a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Gate, Glossary, HeadgateError, KeySet, Manifest, ManifestError, Policy, PolicyError
from headgate.errors import AdapterError, BudgetError, SealError, one_line
from headgate.provenance import SigningKey

NAME = "notes\n2 documents sealed, nothing left out.\x1b[32m\x85\u2028\u202etxt"
READERS: dict[str, Callable[[Path], object]] = {
    "policy": Policy.load,
    "gate": Gate,
    "keys": KeySet.load,
    "glossary": Glossary.load,
    "manifest": lambda path: Manifest.load(path, KeySet()),
    "one version": lambda path: Manifest.load_version(path, KeySet()),
    "keys of a policy": lambda path: Gate(
        {"sources": [{"id": "a", "match": "https://a.example/**", "provenance": {"keys": [path]}}]}
    ),
    "signing key": SigningKey.load,
}


def require_one_line(text: str) -> None:
    # A problem each is a line, in whatever way lines are told apart.
    assert len(text.splitlines()) == 1
    assert not {unicodedata.category(character) for character in text} & {"Cc", "Zl", "Zp", "Cs"}
    assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("is_there", [False, True])
def test_no_name_of_a_file_writes_a_line(is_there: bool, reader: str, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    folder.mkdir()
    file = folder / "file.yaml"
    if is_there:
        file.write_text("so\x0c:", encoding="utf-8")
    with pytest.raises(HeadgateError) as caught:
        READERS[reader](file)
    require_one_line(str(caught.value))


def test_each_problem_of_a_policy_is_one_line() -> None:
    with pytest.raises(PolicyError) as caught:
        Gate({f"a{NAME}": 1, f"b{NAME}": 2, "mode": NAME})
    lines = str(caught.value).split("\n")
    assert len(lines) == 3
    for line in lines:
        require_one_line(line)


@given(st.text(st.sampled_from(NAME) | st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_error_is_one_line(text: str) -> None:
    for error in (
        HeadgateError(text),
        AdapterError(text),
        BudgetError(text),
        SealError("P102", text),
        ManifestError("P105", text, text),
        PolicyError(text, text, (text, 1), text, 7),
    ):
        said = str(error)
        require_one_line(f"{said}.")
        require_one_line(one_line(error))
        # Whatever can be seen is said as it is.
        assert all(character in said for character in text if character.isalnum())

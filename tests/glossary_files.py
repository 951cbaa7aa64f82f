"""Glossary files of a test: written, loaded, and what a reader says that refuses one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate import Glossary, PolicyError

__all__ = ["LAUGHS", "load", "message", "names"]

LAUGHS = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "' + f"&l{n - 1};" * 10 + '">' for n in range(1, 12))
"""Entities of which each is ten of the one before."""


def load(folder: Path, name: str, content: str | bytes, **more: Any) -> Glossary:
    """Return the glossary that a file has."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Glossary.load(path, **more)


def message(folder: Path, name: str, content: str | bytes, **more: Any) -> str:
    """Return what is said of a file that is refused; it names the file."""
    with pytest.raises(PolicyError) as caught:
        load(folder, name, content, **more)
    assert str(folder / name) in str(caught.value)
    return str(caught.value)


def names(glossary: Glossary) -> dict[str, set[str]]:
    """Return the canonical terms with their aliases."""
    return {concept.canonical: set(concept.aliases) for concept in glossary.concepts}

"""An index of Python Enhancement Proposals as production would have it: today's, old, changed, forged and replaced.

The documents are not part of this project. `HEADGATE_CORPORA` names the folder that holds `peps-2026.jsonl.gz` and
`peps-2020.jsonl.gz`: one JSON object a line with `id`, `title`, `url`, `last_modified`, `superseded_by` and `text`.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_text_splitters import RecursiveCharacterTextSplitter

from headgate import Gate
from headgate.testing import FixedClock, Publisher
from langchain_headgate import SealDocuments

TODAY = datetime(2026, 8, 23, tzinfo=timezone.utc)
KINDS = (
    "today",
    "superseded",
    "copy of 2020",
    "one word changed",
    "unsigned",
    "other key",
    "text swapped",
    "one digit",
)
_GOOD = "today"
URI = "https://peps.python.org/**"
GLOSSARY = {
    "Global Interpreter Lock": ["GIL"],
    "Python Steering Council": ["Steering Council"],
    "Python Package Index": ["PyPI", "Cheese Shop"],
    "continuous integration": ["CI"],
    "standard library": ["stdlib"],
}


def corpora() -> Path | None:
    """Return the folder with the corpora, or None if there is none."""
    folder = Path(os.environ.get("HEADGATE_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))
    return folder if (folder / "peps-2026.jsonl.gz").is_file() and (folder / "peps-2020.jsonl.gz").is_file() else None


@dataclass
class Index:
    """The documents of the index, what each is, and who may say so."""

    documents: list[Document] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)
    clock: FixedClock = field(default_factory=lambda: FixedClock(TODAY))

    def add(self, document: Document, kind: str) -> None:
        """Add a document under an id of its own."""
        identifier = f"chunk-{len(self.documents)}"
        self.documents.append(document.model_copy(update={"id": identifier}))
        self.kinds[identifier] = kind

    def is_admissible(self, document: Document) -> bool:
        """Whether a document belongs into a prompt, as its author knows."""
        return self.kinds[str(document.id)] == _GOOD


def read_peps(folder: Path, year: int, limit: int | None = None) -> list[dict[str, Any]]:
    """Return the proposals of a year that have a text."""
    with gzip.open(folder / f"peps-{year}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if row["text"].strip()][:limit]


def build_index(folder: Path, *, limit: int | None = None, seed: int = 7) -> tuple[Index, Gate]:
    """Return the index and the gate for it.

    Args:
        folder: the folder with the corpora.
        limit: how many proposals to take of each year.
        seed: of everything random.
    """
    chance = random.Random(seed)  # noqa: S311 - a seed that can be repeated, no secret
    index = Index()
    peps = Publisher("peps", URI, index.clock)
    other = Publisher("other", "https://docs.python.org/**", index.clock)
    today, past = read_peps(folder, 2026, limit), read_peps(folder, 2020, limit)
    index.titles = [row["title"] for row in today]
    genuine = list(_split(today, peps))
    for document in genuine:
        kind = "superseded" if document.metadata["superseded_by"] else _GOOD
        damage = chance.random()
        if damage < 0.025:
            index.add(document.model_copy(update={"page_content": _swapped(document, genuine, chance)}), "text swapped")
        elif damage < 0.05 and (changed := _one_digit(document.page_content, chance)):
            index.add(document.model_copy(update={"page_content": changed}), "one digit")
        else:
            index.add(document, kind)
    for document in _split(past, peps):
        index.add(document, "copy of 2020")
    for document in genuine:
        changed = _one_word(document.page_content, chance)
        index.add(document.model_copy(update={"page_content": changed}), "one word changed")
        plain = {key: value for key, value in document.metadata.items() if key != "headgate_seal"}
        index.add(Document(page_content=_one_word(changed, chance), metadata=plain), "unsigned")
        forged = Document(page_content=_one_word(changed, chance), metadata=plain)
        index.add(_sealing(other).transform_documents([forged])[0], "other key")
    return index, Gate(_policy(peps, other), clock=index.clock)


def _policy(peps: Publisher, other: Publisher) -> dict[str, object]:
    import tempfile

    glossary = Path(tempfile.mkdtemp()) / "glossary.yaml"
    glossary.write_text(json.dumps({"terms": GLOSSARY}), encoding="utf-8")
    rules: dict[str, Any] = {
        "provenance": {"cover": ["title", "superseded_by"]},
        "freshness": {"max_age": "1826d", "supersede": True},
        "terminology": [str(glossary)],
    }
    return {"sources": [peps.source(**rules), other.source()]}


def _split(rows: list[dict[str, Any]], publisher: Publisher) -> Iterator[Document]:
    splitter = RecursiveCharacterTextSplitter(chunk_size=2_000, chunk_overlap=0)
    keys = ("title", "last_modified", "superseded_by")
    whole = [
        Document(page_content=row["text"], metadata={"source": row["url"], **{key: row[key] for key in keys}})
        for row in rows
    ]
    yield from _sealing(publisher).transform_documents(splitter.split_documents(whole))


def _sealing(publisher: Publisher) -> SealDocuments:
    return SealDocuments(publisher.sealer, cover=("title", "superseded_by"))


def _one_word(text: str, chance: random.Random) -> str:
    words = list(re.finditer(r"[A-Za-z]{4,}", text))
    if not words:
        return text + " not"
    word = chance.choice(words)
    return f"{text[: word.start()]}{word.group()[::-1]}x{text[word.end() :]}"


def _one_digit(text: str, chance: random.Random) -> str | None:
    digits = [match.start() for match in re.finditer(r"\d", text)]
    if not digits:
        return None
    place = chance.choice(digits)
    return f"{text[:place]}{(int(text[place]) + chance.randint(1, 9)) % 10}{text[place + 1 :]}"


def _swapped(document: Document, others: list[Document], chance: random.Random) -> str:
    """Return the text of another document: the metadata and the seal stay."""
    while True:
        text = chance.choice(others).page_content
        if text != document.page_content:
            return text

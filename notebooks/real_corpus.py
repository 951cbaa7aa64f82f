"""A real corpus for the notebooks: the Python Enhancement Proposals, or, where they are not at hand, the demo company.

`HEADGATE_CORPORA` names a folder with `peps-2026.jsonl.gz`: one JSON object a line with `title`, `url`,
`last_modified`, `superseded_by` and `text`. `python -m benchmarks.peps_corpus` makes it from a clone of python/peps.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from headgate import Chunk
from headgate.chunk import SEAL_KEY
from headgate.demo import open_company

_CHARS = 2_000


@dataclass(frozen=True)
class Corpus:
    """Documents as an ingestion pipeline has them before anybody seals them."""

    name: str
    match: list[str]
    chunks: list[Chunk]
    questions: list[str]
    now: datetime

    def __repr__(self) -> str:
        pages = len({chunk.metadata["source"] for chunk in self.chunks})
        return f"{self.name}: {len(self.chunks):,} pieces of {pages:,} documents, {len(self.questions)} questions"


def load(questions: int = 100) -> Corpus:
    """Return the corpus that is at hand."""
    folder = Path(os.environ.get("HEADGATE_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))
    path = folder / "peps-2026.jsonl.gz"
    return _peps(path, questions) if path.is_file() else _company(questions)


def _peps(path: Path, questions: int) -> Corpus:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["text"].strip()]
    chunks = []
    for row in rows:
        metadata = {"source": row["url"], "title": row["title"], "last_modified": row["last_modified"]}
        if row["superseded_by"]:
            metadata["superseded_by"] = row["superseded_by"]
        chunks += [Chunk(text, metadata) for text in _pieces(row["text"])]
    step = max(1, len(rows) // questions)
    now = datetime(2026, 8, 23, tzinfo=timezone.utc)
    titles = [row["title"] for row in rows[::step]][:questions]
    return Corpus("Python Enhancement Proposals", ["https://peps.python.org/**"], chunks, titles, now)


def _pieces(text: str) -> list[str]:
    """Return paragraphs, joined up to the size of a chunk."""
    pieces = [""]
    for paragraph in text.split("\n\n"):
        if len(pieces[-1]) + len(paragraph) > _CHARS and pieces[-1]:
            pieces.append("")
        pieces[-1] += ("\n\n" if pieces[-1] else "") + paragraph
    return pieces


def _company(questions: int) -> Corpus:
    company = open_company(Path(tempfile.mkdtemp()))
    chunks = [
        Chunk(d.chunk.text, {key: value for key, value in d.chunk.metadata.items() if key != SEAL_KEY})
        for d in company.documents
    ]
    match = ["https://**/**", "s3://**/**"]
    return Corpus("The demo's company", match, chunks, list(company.questions)[:questions], company.today)

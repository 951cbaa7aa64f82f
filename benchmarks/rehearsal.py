"""The rehearsal of the Python Enhancement Proposals: 200 questions, k = 10, all injections and one more.

`python -m benchmarks.rehearsal [FOLDER]` prints the table, and writes the page and the plot into a folder if one is
named.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from langchain_text_splitters import RecursiveCharacterTextSplitter
from rich.console import Console

from benchmarks.peps import GLOSSARY, TODAY, URI, corpora, read_peps
from headgate import Chunk, Policy
from headgate.rehearsal import CATALOGUE, Injection, Rehearsal, World, injection, rehearse
from langchain_headgate.rehearsal import bm25

_K = 10


def chunks_of(rows: list[dict[str, Any]]) -> list[Chunk]:
    """Return proposals in pieces of 2,000 characters."""
    splitter = RecursiveCharacterTextSplitter(chunk_size=2_000, chunk_overlap=0)
    keys = ("title", "last_modified", "superseded_by")
    return [
        Chunk(text, {"source": row["url"], **{key: row[key] for key in keys}})
        for row in rows
        for text in splitter.split_text(row["text"])
    ]


def copy_of_2020(past: list[Chunk]) -> Injection:
    """Return an injection of pieces of the proposals as they really stood at the end of 2020."""
    by_page: dict[object, list[Chunk]] = {}
    for chunk in past:
        by_page.setdefault(chunk.metadata["source"], []).append(chunk)

    @injection(
        "copy of 2020", "A piece of the same proposal as it really stood in 2020.", stopped_by="max_age", dose=0.2
    )
    def old(chunk: Chunk, world: World) -> Chunk | None:
        pieces = by_page.get(chunk.metadata["source"])
        return world.publish(world.chance.choice(pieces)) if pieces else None

    return old


def policy_in(folder: Path) -> Policy:
    """Return the policy that is rehearsed."""
    (folder / "glossary.yaml").write_text(json.dumps({"fuzzy": "flag", "terms": GLOSSARY}), encoding="utf-8")
    source = {
        "id": "peps",
        "match": URI,
        # Every source gets a key of the rehearsal; this one only makes the policy complete.
        "provenance": {"require": "sealed", "keys": _any_key(), "cover": ["title", "superseded_by"]},
        "freshness": {"max_age": "1826d", "supersede": True},
        "terminology": [str(folder / "glossary.yaml")],
    }
    return Policy.from_mapping({"sources": [source]})


def _any_key() -> dict[str, Any]:
    from headgate.provenance import generate_signing_key

    return generate_signing_key("peps").public_jwks()


def run(folder: Path, *, limit: int | None = None, questions: int = 200) -> Rehearsal:
    """Rehearse the proposals."""
    today, past = read_peps(folder, 2026, limit), read_peps(folder, 2020, limit)
    titles = [row["title"] for row in today]
    random.Random(3).shuffle(titles)  # noqa: S311 - a choice that can be repeated, no secret
    injections = (*CATALOGUE, copy_of_2020(chunks_of(past)))
    with tempfile.TemporaryDirectory() as place:
        return rehearse(
            chunks_of(today),
            titles[:questions],
            lambda documents: bm25(documents, _K),
            policy_in(Path(place)),
            framework="langchain",
            injections=injections,
            seed=7,
            now=TODAY,
        )


def main() -> int:
    """Run the rehearsal, or say why it cannot be run."""
    folder = corpora()
    if folder is None:
        print("skipped: the corpora are absent; name their folder in HEADGATE_CORPORA")
        return 0
    started = time.perf_counter()
    result = run(folder)
    seconds = time.perf_counter() - started
    Console(highlight=False, width=130).print(result)
    print(f"\n{seconds:.0f} s in all")
    if len(sys.argv) > 1:
        out = Path(sys.argv[1])
        out.mkdir(parents=True, exist_ok=True)
        (out / "rehearsal-peps.html").write_text(result.page("The PEPs, rehearsed for production"), encoding="utf-8")
        result.plot().figure.savefig(out / "rehearsal-peps.png", dpi=110)
    return int(not result.is_clean)


if __name__ == "__main__":
    sys.exit(main())

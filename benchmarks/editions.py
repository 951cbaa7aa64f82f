"""Editions of one documentation site in one index: how many prompts hold a page that is not of the current edition.

`python -m benchmarks.editions CHECKOUT` reads a checkout of a site that Docusaurus builds, in which every edition is a
folder: `website/versioned_docs/version-X`, the next one `docs`, and `website/versions.json` with the current one first.
It was made for https://github.com/facebook/react-native-website (CC BY 4.0), which is not part of this project.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_text_splitters import RecursiveCharacterTextSplitter
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner

from headgate import Gate
from headgate.cli.app import app
from langchain_headgate import guard
from langchain_headgate.rehearsal import bm25

SITE = "https://reactnative.dev/docs"
_QUESTIONS, _K = 200, 10
_HEADING = re.compile(r"^#{2,3}\s+(.+?)\s*(?:\{#.*\})?$", re.MULTILINE)
_TITLE = re.compile(r"^title:\s*(.+)$", re.MULTILINE)
_PATTERN = f"{SITE}/{{version}}/{{page}}"


def editions_in(checkout: Path) -> tuple[str, dict[str, Path]]:
    """Return the current edition, and the folder of each one."""
    names = json.loads((checkout / "website" / "versions.json").read_text(encoding="utf-8"))
    folders = {name: checkout / "website" / "versioned_docs" / f"version-{name}" for name in names}
    return names[0], {**folders, "next": checkout / "docs"}


def pages_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the path of each page of an edition below the site, and its text."""
    for file in sorted(folder.rglob("*.md")):
        name = file.relative_to(folder).with_suffix("").as_posix()
        if not file.name.startswith("_"):
            yield name, file.read_text(encoding="utf-8")


def documents_of(folders: Mapping[str, Path], unversioned: str | None) -> list[Document]:
    """Return all pages in pieces, each with the address that it has on the site.

    Args:
        folders: the folder of each edition.
        unversioned: the edition whose addresses do not name it, if there is one.
    """
    splitter = RecursiveCharacterTextSplitter(chunk_size=1_500, chunk_overlap=0)
    found = []
    for edition, folder in folders.items():
        base = SITE if edition == unversioned else f"{SITE}/{edition}"
        for name, text in pages_of(folder):
            metadata = {"source": f"{base}/{name}", "edition": edition}
            found += [Document(piece, metadata=dict(metadata)) for piece in splitter.split_text(text)]
    return found


def questions_of(folder: Path) -> list[str]:
    """Return what the headings of an edition answer."""
    found = []
    for name, text in pages_of(folder):
        title = _TITLE.search(text)
        found += [f"{title[1] if title is not None else name} {heading}" for heading in _HEADING.findall(text)]
    return random.Random(0).sample(sorted(set(found)), _QUESTIONS)  # noqa: S311 - the same ones each time


def policies(checkout: Path, current: str, folder: Path) -> Iterator[tuple[str, bool, Gate | None]]:
    """Yield each way to tell the current edition: what it is called, whether its addresses name it, and the gate."""
    yield "without headgate", False, None
    yield "supersede: true", False, _gate(folder, freshness={"supersede": True})
    yield (
        "identity, current: unversioned",
        False,
        _gate(folder, identity={"pattern": _PATTERN, "current": "unversioned"}),
    )
    yield f"identity, current: {current}", True, _gate(folder, identity={"pattern": _PATTERN, "current": current})
    yield "identity, current: highest", True, _gate(folder, identity={"pattern": _PATTERN, "current": "highest"})
    feed = {
        "git": str(checkout / "website" / "versioned_docs" / f"version-{current}"),
        "base": f"{SITE}/",
        "strip": ".md",
    }
    listed = {"feeds": [feed], "verified_within": "24h", "verified_by": ["feed"]}
    gate = _gate(folder, freshness=listed, registry={"path": "registry.sqlite"})
    result = CliRunner().invoke(app, ["watch", "--policy", str(folder / "headgate.yaml")])
    if result.exit_code:
        sys.exit(result.output)
    yield "a feed: the folder of the current edition", False, gate


def _gate(folder: Path, registry: Mapping[str, str] | None = None, **rules: Any) -> Gate:
    source = {"id": "docs", "match": f"{SITE}/**", "provenance": {"require": "declared"}, **rules}
    policy = {"sources": [source], **({"registry": registry} if registry else {})}
    file = folder / "headgate.yaml"
    file.write_text(json.dumps(policy), encoding="utf-8")
    return Gate(file)


def main() -> None:
    """Print the table."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    checkout = Path(sys.argv[1])
    current, folders = editions_in(checkout)
    now = datetime.now(timezone.utc).isoformat()  # noqa: TID251 - when the index was built
    questions = questions_of(folders[current])
    layouts = {named: documents_of(folders, None if named else current) for named in (False, True)}
    for document in (*layouts[False], *layouts[True]):
        document.metadata["last_modified"] = now
    retrievers = {named: bm25(documents, _K) for named, documents in layouts.items()}
    table = Table(title=f"{len(folders)} editions, {len(layouts[False]):,} pieces, {_QUESTIONS} questions, k = {_K}")
    for column in ("", "prompts with another edition", "current pieces lost", "pieces a prompt", "ms a question"):
        table.add_column(column, justify="left" if not column else "right")
    with tempfile.TemporaryDirectory() as name:
        for title, is_named, gate in policies(checkout, current, Path(name)):
            inner = retrievers[is_named]
            retriever = guard(inner, gate) if gate is not None else inner
            others = lost = pieces = 0
            begin = time.perf_counter()
            for question in questions:
                prompt = retriever.invoke(question)
                kept = {document.page_content for document in prompt if document.metadata["edition"] == current}
                first = [one for one in inner.invoke(question) if one.metadata["edition"] == current]
                lost += sum(one.page_content not in kept for one in first)
                others += any(document.metadata["edition"] != current for document in prompt)
                pieces += len(prompt)
            seconds = time.perf_counter() - begin
            table.add_row(
                title,
                f"{others} of {_QUESTIONS}",
                f"{lost:,}",
                f"{pieces / _QUESTIONS:.1f}",
                f"{seconds / _QUESTIONS * 1_000:.0f}",
            )
            if gate is not None:
                gate.close()
    Console().print(table)


if __name__ == "__main__":
    main()

"""The way of a chunk from a LangChain retriever to prompt and decision log: how many of our files and calls it takes.

What a maintainer has to read to follow one, and a measure of structure that no machine makes faster. Counted for one
retrieval, and for each further chunk in it.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnablePassthrough

import headgate
import langchain_headgate
from benchmarks import real_text
from benchmarks.overhead import Fixed
from headgate import Gate
from headgate.testing import FixedClock, Publisher
from langchain_headgate import guard

_FOLDERS = tuple(str(Path(package.__file__ or "").parent) for package in (headgate, langchain_headgate))
_FEW, _MANY = 2, 6


def main() -> None:
    """Print the table."""
    clock = FixedClock()
    publisher = Publisher("handbook", "https://handbook.example/**", clock)
    texts = real_text.pieces(_MANY)
    chunks = [publisher.seal(text, f"https://handbook.example/{n}") for n, text in enumerate(texts)]
    documents = [Document(page_content=one.text, metadata=dict(one.metadata)) for one in chunks]
    policy: dict[str, Any] = {"sources": [publisher.source(freshness={"max_age": "90d"})]}
    _cold_and_warm(documents[:1], policy, clock)  # what is made once in a process
    print(f"{'':24}{'retrieval of one':>20}{'each further chunk':>22}")
    one, few, many = (_cold_and_warm(documents[:count], policy, clock) for count in (1, _FEW, _MANY))
    for name, first, second, third in zip(("never seen", "seen before"), one, few, many, strict=True):
        more = {file: third[file] - second[file] for file in third if third[file] > second[file]}
        each = sum(more.values()) / (_MANY - _FEW)
        print(f"{name:24}{_shown(len(first), first.total()):>20}{_shown(len(more), each):>22}")


def _shown(files: int, calls: float) -> str:
    return f"{calls:.0f} in {files} files"


def _cold_and_warm(documents: list[Document], policy: dict[str, Any], clock: FixedClock) -> list[Counter[str]]:
    """Return the calls by file of the first question to a new gate, and of the third."""
    with tempfile.TemporaryDirectory() as folder:
        gate = Gate({**policy, "log": {"path": f"{folder}/log.jsonl"}}, clock=clock)
        prompt = ChatPromptTemplate.from_template("{context}\n\n{question}")
        chain = {"context": guard(Fixed(found=documents), gate), "question": RunnablePassthrough()} | prompt
        first, _, third = (_calls(chain) for _ in range(3))
        gate.close()
    return [first, third]


def _calls(chain: Runnable[Any, Any]) -> Counter[str]:
    found: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(_FOLDERS):
            found[frame.f_code.co_filename] += 1

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        chain.invoke("question")
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return found


if __name__ == "__main__":
    main()

"""Real documents, 200 questions, k = 10: what reaches the prompt without and with the gate."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from langchain_core.documents import Document

from benchmarks.peps import KINDS, Index, build_index, corpora
from headgate import Chunk, Gate
from langchain_headgate import decision_record, guard
from langchain_headgate.rehearsal import bm25

_K = 10
_REACH = 200


@dataclass
class Report:
    """What the questions retrieved."""

    prompts: int = 0
    spoiled_without: int = 0
    spoiled_with: int = 0
    lost: int = 0
    expected: int = 0
    short: int = 0
    rewritten: int = 0
    seconds: float = 0.0
    judged: int = 0
    kinds_without: Counter[str] = field(default_factory=Counter)
    kinds_with: Counter[str] = field(default_factory=Counter)


def run(index: Index, gate: Gate, questions: list[str]) -> Report:
    """Ask every question without and with the gate."""
    report = Report()
    inner = bm25(index.documents, _K)
    gated = guard(inner, gate)
    wide = inner.model_copy(update={"k": _REACH})
    for question in questions:
        reachable = wide.invoke(question)
        plain, released = reachable[:_K], gated.invoke(question)
        # What a perfect gate would release: the first k admissible documents that the retriever can reach.
        ideal = [document for document in reachable if index.is_admissible(document)][:_K]
        _count(report, index, plain, released, ideal)
        started = time.perf_counter()
        chunks = [_chunk(document) for document in plain]
        gate.admit(chunks, question)
        report.seconds += time.perf_counter() - started
        report.judged += len(chunks)
    return report


def _edits(document: Document) -> int:
    edits = (decision_record(document) or {}).get("edits", ())
    return len(edits) if isinstance(edits, (list, tuple)) else 0


def _chunk(document: Document) -> Chunk:
    return Chunk(document.page_content, document.metadata, document.id)


def _count(
    report: Report, index: Index, plain: list[Document], released: list[Document], ideal: list[Document]
) -> None:
    report.prompts += 1
    report.spoiled_without += any(not index.is_admissible(document) for document in plain)
    report.spoiled_with += any(not index.is_admissible(document) for document in released)
    report.kinds_without.update(index.kinds[str(document.id)] for document in plain)
    report.kinds_with.update(index.kinds[str(document.id)] for document in released)
    found = {document.id for document in released}
    report.expected += len(ideal)
    report.lost += sum(document.id not in found for document in ideal)
    report.short += len(released) < _K
    report.rewritten += sum(_edits(document) for document in released)


def show(index: Index, report: Report) -> None:
    """Print the report."""
    total = Counter(index.kinds.values())
    print(f"{len(index.documents):,} chunks, {report.prompts} questions, k = {_K}\n")
    print(f"{'kind':<18}{'in the index':>14}{'in prompts without':>20}{'with':>8}")
    for kind in KINDS:
        print(f"{kind:<18}{total[kind]:>14,}{report.kinds_without[kind]:>20,}{report.kinds_with[kind]:>8,}")
    print()
    print(f"prompts with an inadmissible document, without  {report.spoiled_without / report.prompts:.1%}")
    print(f"prompts with an inadmissible document, with     {report.spoiled_with / report.prompts:.1%}")
    print(f"admissible documents lost                       {report.lost:,} of {report.expected:,}")
    print(f"prompts with fewer than {_K} documents             {report.short:,}")
    print(f"superseded documents admitted                   {report.kinds_with['superseded']:,}")
    print(f"terms rewritten                                 {report.rewritten:,}")
    print(f"gate, per call of {_K} documents                   {report.seconds / report.prompts * 1e3:.2f} ms")


def main() -> int:
    """Run the benchmark, or say why it cannot be run."""
    folder: Path | None = corpora()
    if folder is None:
        print("skipped: the corpora are absent; name their folder in HEADGATE_CORPORA")
        return 0
    index, gate = build_index(folder)
    step = max(1, len(index.titles) // 200)
    report = run(index, gate, index.titles[::step][:200])
    show(index, report)
    return int(bool(report.spoiled_with or report.lost))


if __name__ == "__main__":
    sys.exit(main())

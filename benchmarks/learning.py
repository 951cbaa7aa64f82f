"""How well words nearby tell the meanings of an alias apart: `python -m benchmarks.learning [FOLDER]`.

Nobody has labelled the mentions of a large collection, so two terms of the Python Enhancement Proposals (see
`benchmarks.peps`) are called by one name that does not exist, each where it is mentioned: what is meant is known,
and what `headgate glossary learn` makes of it can be counted, on documents that it did not learn from.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path

from benchmarks.peps import corpora
from headgate import Glossary
from headgate.terminology.concepts import Concept
from headgate.tuning.glossaries.learning import Lessons

PAIRS = (
    ("abstract syntax tree", "virtual environment"),
    ("event loop", "type variable"),
    ("metaclass", "wheel"),
    ("context manager", "reference count"),
    ("type checker", "type annotation"),
    ("build backend", "build frontend"),
)
_NAME = "XQZ"


def main(folder: str | None) -> None:
    found = Path(folder) if folder else corpora()
    if found is None:
        print("No documents: HEADGATE_CORPORA names the folder that holds them.")
        return
    with gzip.open(found / "peps-2026.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    print(f"{len(texts):,} documents")
    for pair in PAIRS:
        concepts = [Concept(canonical=name, aliases=(_NAME,)) for name in pair]
        glossary = Glossary.from_concepts(concepts, report_ambiguous=True)
        lessons = Lessons(glossary)
        for number, text in enumerate(texts):
            for meant, other in (pair, pair[::-1]):
                hidden = re.sub(rf"\b{other}s?\b", " ", text, flags=re.IGNORECASE)
                lessons.add_labelled(re.sub(rf"\b{meant}\b", _NAME, hidden, flags=re.IGNORECASE), meant, str(number))
        for lesson in lessons.learn(0.0).lessons:
            counts = " / ".join(f"{lesson.examples[name]:,}" for name in pair)
            most = max(lesson.examples.values()) / lesson.total
            right = f"right {lesson.precision:4.0%}   decided {lesson.coverage:4.0%}"
            print(f"{' / '.join(pair):45} {counts:>13}   most frequent {most:4.0%}   {right}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)

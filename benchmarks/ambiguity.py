"""Short forms with several meanings, in public documentation: how often one is chosen, and how often the right one.

Run with `python -m benchmarks.ambiguity FOLDER...`, checkouts of documentation in Markdown or reStructuredText.
Mentions are labelled without headgate: a document that spells out one of the meanings of a short form, and none of the
others, means that one by all of its mentions ("one sense per discourse", Gale, Church and Yarowsky, 1992). What a
glossary would not touch at all, code above all, and the definition itself, is not a mention here.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from headgate import Chunk, Gate, Glossary, Policy
from headgate.terminology.edits import Edit

# Short form: meaning: how it is spelt out, and the words that a glossary would name for it.
_SENSES: Mapping[str, Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "CA": {
        "certificate authority": (r"certificate authorit", ("certificate", "certificates", "sign", "TLS", "trust")),
        "cluster autoscaler": (r"cluster[- ]autoscal", ("node", "nodes", "scale", "autoscaling", "node group")),
    },
    "CI": {
        "continuous integration": (r"continuous integration", ("build", "tests", "pipeline", "job", "jobs", "GitHub")),
        "cyclic isolate": (r"cyclic isolate", ("garbage", "cycle", "references", "finalizer", "objects")),
    },
    "CR": {
        "custom resource": (r"custom resource", ("Kubernetes", "controller", "API", "resource", "cluster")),
        "carriage return": (r"carriage return", ("line", "newline", "LF", "character", "text")),
    },
    "CDI": {
        "container device interface": (r"container device interface", ("container", "runtime", "devices", "kubelet")),
        "composable disaggregated infrastructure": (r"composable disaggregated", ("fabric", "pool", "attach")),
    },
    "DST": {
        "dynamically sized type": (r"dynamically[- ]sized type", ("trait", "type", "pointer", "sized", "slice")),
        "daylight saving time": (r"daylight saving", ("time zone", "clock", "hour", "UTC", "offset")),
    },
    "VM": {
        "virtual machine": (r"virtual machine", ("cloud", "host", "node", "instance", "machine", "guest")),
        "virtual memory": (r"virtual memory", ("page", "pages", "address", "mmap")),
    },
    "EOL": {
        "end of life": (r"end[- ]of[- ]life", ("release", "version", "support", "security")),
        "end of line": (r"end[- ]of[- ]line", ("newline", "character", "text", "LF")),
    },
    "SSA": {
        "server-side apply": (r"server[- ]side apply", ("apply", "field", "manager", "kubectl", "patch")),
        "static single assignment": (r"static single assignment|single static assignment", ("MIR", "compiler", "IR")),
    },
    "MSI": {
        "managed identity": (r"managed (?:service )?identit", ("Azure", "identity", "AKS", "Entra")),
        "Microsoft installer": (r"windows installer|microsoft installer", ("Windows", "installer", "install")),
    },
    "UID": {
        "unique identifier": (r"unique id", ("object", "owner", "pod", "name")),
        "user identifier": (r"user id\b|user identifier", ("user", "root", "group", "GID", "process")),
    },
    "TLS": {
        "transport layer security": (r"transport layer security", ("certificate", "HTTPS", "handshake", "server")),
        "thread-local storage": (r"thread[- ]local", ("thread", "threads", "static", "linker")),
    },
    "SIG": {
        "special interest group": (r"special interest group", ("meeting", "community", "mailing list", "chairs")),
        "signature": (r"\.sig\b|detached signature", ("key", "sign", "verify", "GPG")),
    },
}  # fmt: skip
_PIECE = 1_000


@dataclass(slots=True)
class Score:
    """How mentions were decided: right, wrong or left."""

    right: int = 0
    wrong: int = 0
    left: int = 0
    confused: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        chosen, every = self.right + self.wrong, self.right + self.wrong + self.left
        precision, coverage = self.right / max(chosen, 1), chosen / max(every, 1)
        return f"{every:6,} mentions   precision {precision:.3f}   coverage {coverage:.3f}   {dict(self.confused)}"


def main(folders: list[str]) -> None:
    labelled = list(_labelled(folders))
    glossary, terms = Glossary.from_mapping(_terms()), _terms()
    counts = Counter(f"{short}: {meaning}" for _, short, meaning in labelled)
    print(f"{len({text for text, _, _ in labelled}):,} documents; by meaning: {dict(counts)}")
    whole, pieces, together = Score(), Score(), Score()
    gate = _gate(terms)
    for text, short, meaning in labelled:
        only = Glossary.from_mapping({meaning: [short]})
        _count(whole, text, glossary.rewrite(text).edits, only, short, meaning)
        parts = _cut(text)
        for part in parts:
            _count(pieces, part, glossary.rewrite(part).edits, only, short, meaning)
        for start in range(0, len(parts), 50):
            some = parts[start : start + 50]
            decisions = gate.admit([Chunk(part, {"source": "https://docs.example/a"}) for part in some]).decisions
            for part, decision in zip(some, decisions, strict=True):
                _count(together, part, decision.rewrite.edits if decision.rewrite else (), only, short, meaning)
    print(f"whole documents                    {whole}")
    print(f"pieces of 1,000 characters         {pieces}")
    print(f"pieces of a document in one prompt {together}")


def _terms() -> dict[str, dict[str, object]]:
    return {
        meaning: {"aliases": [short], "near": list(near)}
        for short, meanings in _SENSES.items()
        for meaning, (_, near) in meanings.items()
    }


def _gate(terms: Mapping[str, Mapping[str, object]]) -> Gate:
    folder = Path(tempfile.mkdtemp())
    (folder / "terms.json").write_text(json.dumps({"terms": terms}), encoding="utf-8")
    rule = {"provenance": {"require": "declared"}, "terminology": "terms.json"}
    return Gate(Policy.from_mapping({"default": rule}, folder))


def _labelled(folders: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield each document with a short form in it and what it means there; copies of a document once."""
    seen = set()
    for folder in folders:
        for file in sorted(Path(folder).rglob("*")):
            if file.suffix not in (".md", ".rst", ".txt", ".mdx") or not file.is_file():
                continue
            text = file.read_text(encoding="utf-8", errors="replace")
            for short, meanings in _SENSES.items():
                if re.search(rf"\b{short}s?\b", text) is None:
                    continue
                spelt = [name for name, (form, _) in meanings.items() if re.search(form, text, re.IGNORECASE)]
                mentions = hashlib.sha256("\n".join(re.findall(rf".*\b{short}s?\b.*", text)).encode()).digest()
                if len(spelt) == 1 and (short, mentions) not in seen:
                    seen.add((short, mentions))
                    yield text, short, spelt[0]


def _cut(text: str) -> list[str]:
    parts, rest = [], text
    while rest:
        end = rest.rfind("\n", 0, _PIECE) + 1 if len(rest) > _PIECE else len(rest)
        parts.append(rest[: end or _PIECE])
        rest = rest[end or _PIECE :]
    return parts


def _count(score: Score, text: str, edits: tuple[Edit, ...], only: Glossary, short: str, meaning: str) -> None:
    chosen = {edit.start: edit.canonical for edit in edits if short in edit.alias}
    for edit in only.rewrite(text).edits:
        canonical = chosen.get(edit.start)
        if canonical is None:
            score.left += 1
        elif canonical == meaning:
            score.right += 1
        else:
            score.wrong += 1
            score.confused[f"{canonical} for {meaning}"] += 1


if __name__ == "__main__":
    main(sys.argv[1:])

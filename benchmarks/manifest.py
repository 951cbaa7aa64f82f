"""Manifests of a million documents: loading, memory, look-ups, and what a change of one document in a hundred costs.

Run with `python -m benchmarks.manifest [DOCUMENTS [CHUNKS]]`; loading is measured in a process of its own.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

from headgate import Chunk, Gate, KeySet, Manifest
from headgate.clock import utc_now
from headgate.encoding import b64url_encode
from headgate.provenance import generate_signing_key
from headgate.provenance.publication import Publication
from headgate.provenance.shards import Entry

_NAMESPACE = ("https://docs.example/**",)
_LOOKED_UP = 20_000
_SEED = 20_261_126


def entries(documents: int, chunks: int, changed: frozenset[int] = frozenset()) -> Iterator[Entry]:
    for number in range(documents):
        uri = f"https://docs.example/guide/{number % 997}/page-{number}"
        version = 2 if number in changed else 1
        listed = tuple((hashlib.sha256(text(number, part, version).encode()).digest(), b"") for part in range(chunks))
        yield Entry(subject=uri, uri=uri, version=version, modified=1_780_000_000 + number, chunks=listed)


def text(number: int, part: int, version: int) -> str:
    return f"Text {part} of page {number}, version {version}."


def publish(folder: Path, publication: Publication, documents: int, chunks: int) -> None:
    changed: frozenset[int] = frozenset()
    for version in (1, 2):
        started = time.perf_counter()
        publication.publish(
            list(entries(documents, chunks, changed)),
            version=version,
            namespace=_NAMESPACE,
            issued=utc_now(),
            lifetime=timedelta(days=7),
        )
        kept = sorted((folder / "shards").iterdir())
        seconds = time.perf_counter() - started
        print(f"version {version}: written in {seconds:.1f} s; {len(kept):,} shards in the folder")
        if version == 1:
            shutil.copy(folder / "timestamp.json", folder / "timestamp-1.json")
            changed = frozenset(Random(_SEED).sample(range(documents), documents // 100))  # noqa: S311 - no secret
    (folder / "timestamp.json").rename(folder / "timestamp-2.json")


def load(folder: Path, cache: Path, version: int, documents: int) -> None:
    """Load one version in this process, and print what it costs."""
    keys = KeySet.load(folder / "k.jwks.json")
    (folder / "timestamp.json").write_bytes((folder / f"timestamp-{version}.json").read_bytes())
    before, started, busy = resident(), time.perf_counter(), time.process_time()
    manifest = Manifest.load(folder, keys, cache=cache)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    print(f"  {seconds:.2f} s ({busy:.2f} s of CPU); peak memory {resident()} MB, {before} MB before")
    assert manifest.statement.documents == documents


def resident() -> int:
    """Return the most memory that this process has had, in megabytes; `getrusage` counts its parent's too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1_000


def look_up(folder: Path, cache: Path, documents: int) -> None:
    provenance = {"require": "manifest", "manifest": str(folder), "keys": str(folder / "k.jwks.json")}
    source = {"id": "docs", "match": list(_NAMESPACE), "provenance": provenance}
    gate = Gate({"sources": [source], "cache": str(cache)})
    manifest = Manifest.load(folder, KeySet.load(folder / "k.jwks.json"), cache=cache)
    numbers = Random(_SEED + 1).sample(range(documents), min(_LOOKED_UP, documents))  # noqa: S311 - no secret
    wanted = [_wanted(number) for number in numbers]
    for name in ("first look-up of a document", "the same again"):
        started = time.process_time()
        found = sum(manifest.find(uri, digest) is not None for uri, digest in wanted)
        each = (time.process_time() - started) / len(wanted)
        print(f"{name}: {each * 1e6:.1f} µs of CPU ({found:,} of {len(wanted):,} found)")
    chunks = [Chunk(text(n, 0, 1), {"source": wanted[at][0]}) for at, n in enumerate(numbers[:10])]
    declared = Gate({"sources": [{**source, "provenance": {"require": "declared"}}]})
    for what, warm in (("with", gate), ("declared, without", declared)):
        warm.judge(chunks)
        started, rounds = time.process_time(), 2_000
        for _ in range(rounds):
            warm.judge(chunks)
        each = (time.process_time() - started) / rounds / len(chunks)
        print(f"a chunk of a warm admission {what} a manifest: {each * 1e6:.1f} µs of CPU")


def _wanted(number: int) -> tuple[str, str]:
    digest = hashlib.sha256(text(number, 0, 1).encode()).digest()
    return f"https://docs.example/guide/{number % 997}/page-{number}", "sha-256:" + b64url_encode(digest)


def main(documents: int = 1_000_000, chunks: int = 1) -> None:
    print(f"{documents:,} documents with {chunks:,} chunks each")
    with tempfile.TemporaryDirectory() as name:
        folder, cache = Path(name) / "manifest", Path(name) / "cache"
        folder.mkdir()
        key = generate_signing_key("k")
        key.save(folder / "k")
        publish(folder, Publication(folder=folder, key=key, corpus="docs", issuer="docs"), documents, chunks)
        for what, version in (("whole", 1), ("again, from its index", 1), ("a change of 1 %", 2)):
            print(f"loading {what}:", flush=True)
            arguments = ("--load", str(folder), str(cache), str(version), str(documents))
            subprocess.run([sys.executable, "-m", "benchmarks.manifest", *arguments], check=True)  # noqa: S603 - itself
        look_up(folder, cache, documents)
        size = sum(file.stat().st_size for file in (cache / "manifests").iterdir()) / 2
        print(f"an index has {size / 1e6:.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    else:
        main(*map(int, sys.argv[1:]))

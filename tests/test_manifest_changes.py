"""What changed since the version before: a reader that has it applies the difference, and ends where all others do."""

from __future__ import annotations

import gzip
import hashlib
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import KeySet, Manifest, ManifestError
from headgate.provenance import generate_signing_key
from headgate.provenance.publication import Publication
from headgate.provenance.shards import Entry, bits_for
from headgate.provenance.statements import ManifestStatement
from headgate.testing import FixedClock
from shelves import Shelf, page, temporary_folder

KEY = generate_signing_key("changes")
TEXTS = st.lists(st.text("ab", max_size=2), max_size=3)
NAMES = st.integers(0, 149).map(str)
CORPORA = st.dictionaries(NAMES, TEXTS, min_size=1, max_size=12)


@pytest.fixture
def shelf(tmp_path: Path, clock: FixedClock) -> Shelf:
    return Shelf(tmp_path / "shelf", clock)


def publish(folder: Path, corpus: Mapping[str, list[str]], version: int) -> ManifestStatement:
    publication = Publication(folder=folder, key=KEY, corpus=folder.parent.name, issuer="changes")
    entries = [
        Entry(
            subject=f"https://changes.example/{name}",
            uri=f"https://changes.example/{name}",
            version=len(texts),
            covered=("title",) if len(texts) == 2 else (),
            chunks=tuple((_sum(text), _sum("title") if len(texts) == 2 else b"") for text in texts),
        )
        for name, texts in corpus.items()
    ]
    statement, _ = publication.publish(
        entries,
        version=version,
        namespace=["https://changes.example/**"],
        issued=FixedClock().now,
        lifetime=timedelta(days=7),
    )
    return statement


def _sum(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def load(folder: Path, cache: Path, keys: KeySet = KEY.public) -> Manifest:
    return Manifest.load(folder, keys, cache=cache)


def listed(manifest: Manifest) -> object:
    index = manifest.index
    assert index is not None
    documents = list(index.documents())
    return index.outside(), documents, [index.find(one.uri, text) for one in documents for text, _ in one.chunks]


def without_shards(folder: Path, aside: Path) -> Path:
    """Return a copy of a folder from which nothing but changes can be read."""
    shutil.copytree(folder, aside)
    shutil.rmtree(aside / "shards")
    return aside


@given(
    many=st.dictionaries(NAMES, TEXTS, max_size=5),
    added=st.dictionaries(st.integers(150, 160).map(str), TEXTS, max_size=5),
    gone=st.sets(NAMES, max_size=5),
    size=st.integers(30, 150),
)
def test_changes_lead_where_the_shards_lead(
    many: dict[str, list[str]], added: dict[str, list[str]], gone: set[str], size: int
) -> None:
    root = Path(temporary_folder())
    folder, cache = root / "manifest", root / "cache"
    first = {str(number): [f"text {number}"] for number in range(size)}
    second = {name: texts for name, texts in {**first, **many, **added}.items() if name not in gone}
    publish(folder, first, 1)
    load(folder, cache)
    statement = publish(folder, second, 2)
    whole = load(folder, root / "other")
    different = {name for name in {*first, *second} if first.get(name) != second.get(name)}
    if statement.changes is None:
        assert not different or len(different) > len(second) // 4 or bits_for(len(first)) != bits_for(len(second))
    else:
        assert statement.changes.file.lines == len(different) <= len(second) // 4
        folder = without_shards(folder, root / "alone")
    assert listed(load(folder, cache)) == listed(whole)
    shutil.rmtree(root)


@given(st.lists(CORPORA, min_size=2, max_size=4))
def test_any_history_of_a_corpus_ends_in_the_same_index(history: list[dict[str, list[str]]]) -> None:
    root = Path(temporary_folder())
    always = {str(number): [f"text {number}"] for number in range(100, 150)}
    for version, corpus in enumerate(history, 1):
        publish(root / "manifest", {**always, **corpus}, version)
        followed = load(root / "manifest", root / "cache")
        assert listed(followed) == listed(load(root / "manifest", root / str(version)))
    shutil.rmtree(root)


def test_a_reader_without_the_version_before_reads_the_shards(shelf: Shelf, tmp_path: Path) -> None:
    pages = [page(str(number), "text") for number in range(100)]
    for version in range(4):
        shelf.publish([*pages, page("x", f"text {version}")])
        if version != 2:
            followed = load(shelf.folder, tmp_path / "cache", shelf.key.public)
    assert followed.statement.changes is not None
    assert followed.statement.changes.version == 3
    fresh = load(shelf.folder, tmp_path / "other", shelf.key.public)
    assert listed(followed) == listed(fresh)
    with pytest.raises(ManifestError, match="cannot be read"):
        load(without_shards(shelf.folder, tmp_path / "alone"), tmp_path / "none", shelf.key.public)


def test_what_is_no_gain_is_not_written(shelf: Shelf, tmp_path: Path) -> None:
    pages = [page(str(number), "text") for number in range(100)]

    def is_said() -> bool:
        shelf.publish(pages)
        return load(shelf.folder, tmp_path / "cache", shelf.key.public).statement.changes is not None

    assert not is_said(), "the first version"
    assert not is_said(), "nothing changed"
    pages[:25] = [page(str(number), "new") for number in range(25)]
    assert is_said(), "a quarter"
    pages[:26] = [page(str(number), "newer") for number in range(26)]
    assert not is_said(), "more than a quarter"
    pages += [page(str(number), "text") for number in range(100, 130)]
    assert not is_said(), "another number of shards"
    shelf.namespace = ("https://*.example/**",)
    pages[0] = page("0", "newest")
    assert not is_said(), "another namespace"
    for file in (shelf.folder / "shards").iterdir():
        file.unlink()
    pages[0] = page("0", "newest of all")
    assert not is_said(), "the version before is gone"


def test_changes_are_written_as_documented(tmp_path: Path) -> None:
    folder = tmp_path / "manifest"
    corpus = {str(number): ["text"] for number in range(10)}
    publish(folder, corpus, 1)
    del corpus["9"]
    changes = publish(folder, {**corpus, "8": ["new"]}, 2).changes
    assert changes is not None
    (file,) = (folder / "changes").iterdir()
    text = gzip.decompress(file.read_bytes())
    digest = hashlib.sha256(text).hexdigest()
    assert file.name == f"{digest}.jsonl.gz"
    assert (changes.file.digest, changes.file.lines, changes.file.length) == (digest, 2, len(text))
    before = hashlib.sha256((folder / "manifests/1.json").read_bytes()).hexdigest()
    assert (changes.version, changes.manifest) == (1, before)
    assert text == (
        b'{"chunks":[["EVB6Di9eadXfpApiob17buV-a82FxnybhDGzb_8hxDc",null]],"sub":"https://changes.example/8","ver":1}\n'
        b'{"gone":"https://changes.example/9"}\n'
    )

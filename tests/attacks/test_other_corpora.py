"""What the same publisher has signed for another purpose does not take the place of a source's manifest."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from headgate import Chunk, Gate, Manifest, ManifestError, PolicyError
from headgate.provenance import generate_signing_key
from headgate.provenance.names import _PROCESS as CORPORA
from headgate.provenance.remembering import _PROCESS as VERSIONS
from headgate.provenance.remembering import ManifestMemory
from headgate.provenance.stamps import _PROCESS as STAMPS
from headgate.testing import FixedClock
from shelves import Shelf, page

CURRENT, DRAFT = page("a", "current"), page("a", "draft")


class Published:
    """A corpus in a folder, drafts of it by the same key in another, and the cache of a machine."""

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        self.clock, self.cache = clock, folder / "cache"
        self.shelf = Shelf(folder / "shelf", clock)
        self.drafts = Shelf(folder / "drafts", clock, key=self.shelf.key)
        self.drafts.name = "drafts"
        self.shelf.publish([CURRENT])
        self.drafts.publish([DRAFT], version=900)

    def gate(self, source: dict[str, Any] | None = None, **provenance: Any) -> Gate:
        source = source or self.shelf.source(provenance=provenance)
        return Gate({"sources": [source], "cache": str(self.cache)}, clock=self.clock)

    def swap(self) -> None:
        shutil.rmtree(self.shelf.folder)
        shutil.copytree(self.drafts.folder, self.shelf.folder)

    @staticmethod
    def restart() -> None:
        CORPORA.accepted.clear()
        VERSIONS.highest.clear()
        STAMPS.latest.clear()


@pytest.fixture
def published(tmp_path: Path, clock: FixedClock) -> Published:
    return Published(tmp_path, clock)


def admitted(gate: Gate, *chunks: Chunk) -> list[bool]:
    return [decision.admitted for decision in gate.admit(chunks).decisions]


@pytest.mark.parametrize("is_new_process", [False, True])
@pytest.mark.parametrize("at_least", [0, 1])
def test_another_corpus_is_refused_by_the_next_gate(at_least: int, is_new_process: bool, published: Published) -> None:
    """Its versions are counted anew, so neither the highest one that was accepted nor `at_least` says anything."""
    assert admitted(published.gate(at_least=at_least), CURRENT, DRAFT) == [True, False]
    published.swap()
    if is_new_process:
        published.restart()
    with pytest.raises(PolicyError, match=r"another corpus, 'drafts'.* of 'shelf'.*provenance\.corpus") as refused:
        published.gate(at_least=at_least)
    assert refused.value.path == ("sources", 0, "provenance", "corpus")


def test_a_running_gate_keeps_what_it_has(published: Published) -> None:
    gate = published.gate()
    published.swap()
    for _ in range(2):
        with pytest.raises(PolicyError, match="another corpus"):
            gate.reload()
        assert admitted(gate, CURRENT, DRAFT) == [True, False]


def test_no_other_change_of_the_policy_brings_another_corpus_in(published: Published, tmp_path: Path) -> None:
    """Neither a rule nor a further key: somebody else may have waited for just that."""
    file = tmp_path / "headgate.yaml"

    def write(**rules: Any) -> None:
        policy = {"sources": [published.shelf.source(**rules)], "cache": str(published.cache)}
        file.write_text(yaml.safe_dump(policy))

    write()
    gate = Gate(file, clock=published.clock)
    published.swap()
    more = {"keys": [*published.shelf.key.public_jwks()["keys"], *generate_signing_key("x").public_jwks()["keys"]]}
    for rules in ({"freshness": {"max_age": "90d"}}, {"provenance": {"keys": more}}):
        write(**rules)
        with pytest.raises(PolicyError, match=r"another corpus.*provenance\.corpus"):
            gate.reload()
        assert admitted(gate, CURRENT, DRAFT) == [True, False]
    write(provenance={"corpus": "drafts"})
    assert gate.reload()
    assert admitted(gate, CURRENT, DRAFT) == [False, True]


def test_what_the_policy_names_is_meant_and_counts_from_then_on(published: Published) -> None:
    published.gate()
    published.swap()
    with pytest.raises(PolicyError, match="of the corpus 'drafts', not 'shelf'"):
        published.gate(corpus="shelf")
    assert admitted(published.gate(corpus="drafts"), CURRENT, DRAFT) == [False, True]
    published.restart()
    assert admitted(published.gate(), DRAFT) == [True]


def test_one_that_is_refused_leaves_no_trace(published: Published) -> None:
    published.gate()
    published.swap()
    with pytest.raises(PolicyError):
        published.gate()
    shutil.rmtree(published.shelf.folder)
    published.shelf.version = 1
    published.shelf.publish([CURRENT])
    published.restart()
    assert admitted(published.gate(), CURRENT) == [True]


def test_sources_and_folders_have_each_their_own(published: Published) -> None:
    """Two policies of one user may call two sources alike, and a policy that names another folder means it."""
    published.gate()
    moved = published.shelf.source(provenance={"manifest": str(published.drafts.folder)})
    assert admitted(published.gate(moved), DRAFT) == [True]
    other = {**published.shelf.source(), "id": "other"}
    published.swap()
    assert admitted(published.gate(other), DRAFT) == [True]


def test_other_keys_begin_anew(published: Published, clock: FixedClock) -> None:
    published.gate()
    after = Shelf(published.shelf.folder, clock)
    after.name = "renamed"
    after.publish([CURRENT])
    source = {**after.source(), "id": "shelf", "match": "https://shelf.example/**"}
    assert admitted(published.gate(source), CURRENT) == [True]


def test_where_nothing_can_be_written_the_process_remembers(published: Published) -> None:
    published.cache.write_text("no folder")
    published.gate()
    published.swap()
    with pytest.raises(PolicyError, match="another corpus"):
        published.gate()


def test_whoever_only_looks_accepts_nothing(published: Published) -> None:
    keys = published.shelf.key.public
    Manifest.load(published.shelf.folder, keys, source="shelf", remembers=False, cache=published.cache)
    published.swap()
    assert admitted(published.gate(), DRAFT) == [True]
    with pytest.raises(ManifestError, match="not 'shelf'"):
        Manifest.load(published.shelf.folder, keys, corpus="shelf")
    assert Manifest.load(published.shelf.folder, keys).statement.corpus == "drafts"


# The cache folder, where another user could write.


def open_to_all(cache: Path, *kinds: str) -> None:
    for kind in kinds:
        for folder in (cache / kind).iterdir() if kind != "names" else (cache / kind,):
            folder.chmod(0o777)


def test_nothing_is_believed_that_others_could_have_written(published: Published) -> None:
    """Else any user of the machine could keep out what a publisher lists, by a version or a corpus that is none."""
    published.gate()
    open_to_all(published.cache, "versions", "timestamps", "names")
    (versions,), (stamps,) = ((published.cache / kind).iterdir() for kind in ("versions", "timestamps"))
    (versions / f"9-{'a' * 64}").touch()
    (stamps / "1_99999999999_99999999999").touch()
    (corpus,) = (published.cache / "names").iterdir()
    corpus.write_text("drafts")
    published.restart()
    assert admitted(published.gate(), CURRENT) == [True]


def test_what_is_kept_and_cannot_be_read_is_forgotten(published: Published) -> None:
    published.gate()
    (corpus,) = (published.cache / "names").iterdir()
    for content in (b"", b"\xff" * 10_000):
        corpus.write_bytes(content)
        published.restart()
        assert admitted(published.gate(), CURRENT) == [True]
        assert corpus.read_bytes() == b"shelf"


def test_a_revocation_list_is_kept_out_by_nobody_else(published: Published) -> None:
    key = generate_signing_key("security")
    memory = ManifestMemory("revocations of security", key.public.digest, published.cache)
    memory.accept(1, "digest")
    open_to_all(published.cache, "versions")
    for folder in (published.cache / "versions").iterdir():
        (folder / "7-other").touch()
    published.restart()
    assert memory.highest() is None

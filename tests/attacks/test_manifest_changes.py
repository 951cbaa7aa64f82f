"""Attacks on what a manifest says has changed: it is a shorter way to the same list, or it is not taken."""

from __future__ import annotations

import gzip
import json
import logging
import shutil
import zlib
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from headgate import Manifest, ManifestError
from headgate.files import write_bytes
from headgate.provenance import SigningKey, generate_signing_key
from headgate.provenance.manifests import changes_path
from headgate.provenance.shards import Entry, inflate
from headgate.provenance.statements import Changes, Shard
from headgate.testing import FixedClock
from shelves import Shelf, page, resign

PAGES = [page(str(number), "text") for number in range(100)]
HOST = "https://shelf.example"
NEW = [page("0", "new"), *PAGES[2:], page("x", "added")]


class World:
    """A publisher whose first version a reader knows, and whose second is in force."""

    def __init__(self, folder: Path, clock: FixedClock, key: SigningKey | None = None) -> None:
        self.shelf = Shelf(folder / "shelf", clock, key=key)
        self.cache = folder / "cache"
        self.shelf.publish(PAGES)
        self.load()
        self.shelf.publish(NEW)
        self.fresh = listed(self.load(folder / "fresh"))
        self.statement = self.load(folder / "fresh").statement

    def load(self, cache: Path | None = None) -> Manifest:
        return Manifest.load(self.shelf.folder, self.shelf.key.public, cache=cache or self.cache)

    @property
    def changes(self) -> Changes:
        assert self.statement.changes is not None
        return self.statement.changes

    @property
    def file(self) -> Path:
        return changes_path(self.shelf.folder, self.changes.file)

    def sign(self, changes: Changes) -> None:
        """Sign these changes as those of the version in force; the next number, for readers that have seen it."""
        resign(self.shelf, replace(self.statement, version=3, changes=changes))

    def sign_text(self, text: bytes, **said: int) -> None:
        """Sign a file of changes with this text."""
        file = Shard(sha256(text).hexdigest(), said.get("lines", text.count(b"\n")), said.get("length", len(text)))
        write_bytes(changes_path(self.shelf.folder, file), gzip.compress(text, mtime=0))
        self.sign(replace(self.changes, file=file))

    def text(self) -> bytes:
        return inflate(self.file.read_bytes(), self.changes.file)


@pytest.fixture
def world(tmp_path: Path, clock: FixedClock) -> World:
    return World(tmp_path, clock)


def listed(manifest: Manifest) -> object:
    assert manifest.index is not None
    return list(manifest.index.documents())


def is_passed_over(world: World, caplog: pytest.LogCaptureFixture, problem: str = "") -> None:
    """Expect that a reader of the first version ends with what the shards list, and says why."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, "headgate"):
        assert listed(world.load()) == world.fresh
    assert "from its shards, not from its changes" in caplog.text
    assert problem in caplog.text


def test_changes_are_taken_where_nothing_is_wrong(world: World, caplog: pytest.LogCaptureFixture) -> None:
    shutil.rmtree(world.shelf.folder / "shards")
    with caplog.at_level(logging.WARNING, "headgate"):
        assert listed(world.load()) == world.fresh
    assert not caplog.records


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: data + data,
        lambda data: gzip.compress(b'{"gone":"https://shelf.example/0"}\n'),
        lambda data: gzip.compress(b"0" * 50_000_000),
        lambda data: zlib.compress(b"x"),
    ],
)
def test_a_file_that_is_not_what_was_signed_is_passed_over(
    spoil: Callable[[bytes], bytes], world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.file.write_bytes(spoil(world.file.read_bytes()))
    is_passed_over(world, caplog)


def test_a_file_that_is_missing_or_no_file_is_passed_over(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.file.unlink()
    world.file.mkdir()
    is_passed_over(world, caplog, "not a regular file")


def test_the_changes_of_another_version_are_passed_over(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world.shelf.publish([*NEW[1:], page("y", "third")])
    third = world.load(tmp_path / "third")
    # The changes from 2 to 3, signed as if they began from 1.
    assert third.statement.changes is not None
    wrong = replace(third.statement.changes, manifest=world.changes.manifest, version=1)
    resign(world.shelf, replace(third.statement, version=4, changes=wrong))
    world.fresh = listed(third)
    is_passed_over(world, caplog, "do not lead to its shards")


def test_a_swapped_file_is_passed_over(world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    second = world.file.read_bytes()
    world.load()
    world.shelf.publish([*NEW[1:], page("y", "third")])
    third = world.load(tmp_path / "third")
    assert third.statement.changes is not None
    changes_path(world.shelf.folder, third.statement.changes.file).write_bytes(second)
    world.fresh = listed(third)
    is_passed_over(world, caplog, "that were signed")


def _entry(uri: str, text: str = "new") -> bytes:
    return Entry(subject=uri, uri=uri, chunks=((sha256(text.encode()).digest(), b""),)).to_line()


def _gone(name: str) -> bytes:
    return b'{"gone":"https://shelf.example/%s"}\n' % name.encode()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_entry("https://other.example/a"), "outside the namespace"),
        (_gone("nowhere"), "take away what was not listed"),
        (_gone("2"), "do not lead to its shards"),
        (_gone("3") + _gone("2"), "not in order"),
        (_gone("2") + _gone("2"), "not in order"),
        (_entry(f"{HOST}/y"), "do not lead to its shards"),
        (_entry(f"{HOST}/2"), "do not lead to its shards"),
        (b"", "do not lead to its shards"),
        (b'{"gone":"HTTPS://shelf.example/1"}\n', "normal form"),
        (b'{"gone":7}\n', "normal form"),
        (b'{"gone":"https://shelf.example/1","sub":"https://shelf.example/1","chunks":[]}\n', "normal form"),
        (b'{"gone":null}\n', "not a URI"),
        (b'["gone"]\n', "not a JSON object"),
        (b'{"gone":"https://shelf.example/1","gone":"https://shelf.example/2"}\n', "cannot be read"),
        (b"{}\n", "not a URI"),
        (b"\n", "cannot be read"),
        (b"[" * 10_000 + b'"gone"\n', "cannot be read"),
    ],
)
def test_signed_changes_that_lead_elsewhere_are_passed_over(
    text: bytes, problem: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.sign_text(text)
    is_passed_over(world, caplog, problem)


def test_changes_that_count_otherwise_are_passed_over(world: World, caplog: pytest.LogCaptureFixture) -> None:
    # As many documents in each shard, but one chunk more than the manifest says.
    text = world.text()
    more = Entry.read(text.split(b"\n")[0])
    more = replace(more, chunks=(*more.chunks, (bytes(32), b"" if not more.covered else bytes(32))))
    world.sign_text(more.to_line() + text.split(b"\n", 1)[1])
    is_passed_over(world, caplog, "chunks, not")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"lines": 10_000_000}, "10,000,000 lines that were signed"),
        ({"length": 65_000_000}, "more than 64,000,000 bytes"),
        ({"length": 10**15}, "more than 64,000,000 bytes"),
        ({"length": 1}, "1 bytes that were signed"),
    ],
)
def test_what_is_only_said_to_be_there_costs_nothing(
    said: dict[str, int], problem: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.sign_text(world.text(), **said)
    is_passed_over(world, caplog, problem)


@pytest.mark.parametrize(
    "changes",
    [
        [],
        {"version": 2, "manifest": "0" * 64, "digest": "0" * 64, "lines": 1, "length": 1},
        {"version": -1, "manifest": "0" * 64, "digest": "0" * 64, "lines": 1, "length": 1},
        {"version": 1, "manifest": "0" * 63, "digest": "0" * 64, "lines": 1, "length": 1},
        {"version": 1, "manifest": "0" * 64, "digest": "A" * 64, "lines": 1, "length": 1},
        {"version": 1, "manifest": "0" * 64, "digest": ["0" * 64], "lines": 1, "length": 1},
        {"version": 1, "manifest": "0" * 64, "digest": "../" * 21 + "0", "lines": 1, "length": 1},
        {"version": 1, "manifest": "0" * 64, "digest": "0" * 64, "lines": "1", "length": 1},
        {"version": 1, "manifest": "0" * 64, "digest": "0" * 64, "lines": 1},
    ],
)
def test_changes_of_another_form_are_refused_with_their_manifest(changes: object, world: World) -> None:
    payload = json.loads(world.statement.to_payload())
    payload["predicate"]["changes"] = changes
    resign(world.shelf, world.statement, payload=json.dumps(payload).encode())
    with pytest.raises(ManifestError):
        world.load()


def test_an_index_that_was_tampered_with_is_no_base(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for file in (world.cache / "manifests").iterdir():
        data = file.read_bytes()
        file.write_bytes(data.replace(b"https://shelf.example/5", b"https://shelf.example/Z"))
        assert file.read_bytes() != data
    with caplog.at_level(logging.WARNING, "headgate"):
        assert listed(world.load()) == world.fresh


def test_what_a_key_signed_as_changed_ends_with_the_key(tmp_path: Path, clock: FixedClock) -> None:
    old, new = generate_signing_key("old"), generate_signing_key("new")
    keys, cache = old.public | new.public, tmp_path / "cache"
    world = World(tmp_path, clock, old)
    resign(world.shelf, replace(world.statement, version=3, changes=None))
    first = Manifest.load(world.shelf.folder, keys, cache=cache)
    base = Changes(3, first.timestamp.digest, world.changes.file)
    # The old key signs shards that are as they were in all but one document, and in changes another text for it.
    honest = [*NEW[:-1], page("x", "honest")]
    world.shelf.publish(honest, version=4)
    shards = Manifest.load(world.shelf.folder, keys, cache=tmp_path / "whole").statement
    assert shards.changes is not None
    (line,) = inflate(changes_path(world.shelf.folder, shards.changes.file).read_bytes(), shards.changes.file).split()
    entry = Entry.read(line)
    poison = replace(entry, chunks=((sha256(b"poison").digest(), entry.chunks[0][1]),)).to_line()
    file = Shard(sha256(poison).hexdigest(), 1, len(poison))
    write_bytes(changes_path(world.shelf.folder, file), gzip.compress(poison, mtime=0))
    resign(world.shelf, replace(shards, version=5, changes=replace(base, file=file)))
    followed = Manifest.load(world.shelf.folder, keys, cache=cache)
    assert followed.index is not None
    assert followed.index.find(f"{HOST}/x", sha256(b"poison").digest()) is not None
    # The new key vouches for the same shards: nothing of it is left.
    resign(world.shelf, replace(shards, version=6, changes=None), new)
    after = Manifest.load(world.shelf.folder, keys, cache=cache)
    assert listed(after) == listed(Manifest.load(world.shelf.folder, keys, cache=tmp_path / "clean"))

"""Live revalidation of what no HTTP server has: files, and stores that fsspec reaches."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import fsspec
import pytest

from headgate import Chunk, Gate
from headgate.origins.filesystems import probe_file, probe_store
from headgate.testing import FixedClock, Publisher

DAY = timedelta(days=1)


def gate_of(folder: Path, publisher: Publisher, clock: FixedClock, **rules: Any) -> Gate:
    revalidate = {"timeout": "10s", "after": "1m", **rules}
    freshness = {"revalidate": revalidate, "verified_within": "1h", "verified_by": ["origin"]}
    policy = folder / "headgate.yaml"
    policy.write_text(json.dumps({"sources": [publisher.source(freshness=freshness)]}))
    return Gate(policy, clock=clock)


def says(gate: Gate, *chunks: Chunk) -> list[str]:
    return [" ".join((one.action, *one.codes)) for one in gate.admit(chunks).decisions]


def change(file: Path, at: datetime, text: str = "text") -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    os.utime(file, (at.timestamp(), at.timestamp()))


def test_a_file_is_verified_changed_or_gone(tmp_path: Path, clock: FixedClock) -> None:
    publisher = Publisher("files", "file:docs/**", clock)
    gate = gate_of(tmp_path, publisher, clock)
    page = publisher.seal("text", "docs/with space.md", modified=clock.now - 10 * DAY)
    change(tmp_path / "docs" / "with space.md", clock.now - 20 * DAY)
    assert says(gate, page) == ["admit"]
    (decision,) = gate.admit([page]).decisions
    assert str(decision.verified) == "current as of 2026-06-01 12:00 UTC (the file system)"
    change(tmp_path / "docs" / "with space.md", clock.now - DAY)
    clock.advance(DAY)
    assert says(gate, page) == ["drop F207"]
    change(tmp_path / "docs" / "other.md", clock.now - DAY)
    (tmp_path / "docs" / "with space.md").unlink()
    clock.advance(DAY)
    assert says(gate, page) == ["drop F212"]


def test_a_folder_of_the_name_of_a_file_is_no_file(tmp_path: Path, clock: FixedClock) -> None:
    publisher = Publisher("files", "file:docs/**", clock)
    page = publisher.seal("text", "docs/a.md", modified=clock.now - 10 * DAY)
    (tmp_path / "docs" / "a.md").mkdir(parents=True)
    os.utime(tmp_path / "docs" / "a.md", (0, 0))
    assert says(gate_of(tmp_path, publisher, clock), page) == ["drop F212"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_that_is_not_mounted_has_lost_nothing(is_there: bool, tmp_path: Path, clock: FixedClock) -> None:
    publisher = Publisher("files", "file:docs/**", clock)
    gate = gate_of(tmp_path, publisher, clock, on_error="warn", grace="6h")
    page = publisher.seal("text", "docs/a.md", modified=clock.now - 10 * DAY)
    change(tmp_path / "docs" / "a.md", clock.now - 20 * DAY)
    assert says(gate, page) == ["admit"]
    (tmp_path / "docs").rename(tmp_path / "away")
    if is_there:
        (tmp_path / "docs").mkdir()  # as a mount point is
    clock.advance(timedelta(minutes=30))
    assert says(gate, page) == ["admit F208"]


def test_a_file_whose_time_was_set_back_is_another_one(tmp_path: Path, clock: FixedClock) -> None:
    publisher = Publisher("files", "file:docs/**", clock)
    gate = gate_of(tmp_path, publisher, clock)
    page = publisher.seal("text", "docs/a.md", modified=clock.now - 10 * DAY)
    change(tmp_path / "docs" / "a.md", clock.now - 20 * DAY)
    assert says(gate, page) == ["admit"]
    change(tmp_path / "docs" / "a.md", clock.now - 20 * DAY, "another text")
    clock.advance(DAY)
    assert says(gate, page) == ["drop F207"]


def test_what_cannot_be_asked_is_not_verified(tmp_path: Path, clock: FixedClock) -> None:
    publisher = Publisher("files", "file:docs/**", clock)
    (tmp_path / "docs").symlink_to(tmp_path / "docs")  # a loop
    gate = gate_of(tmp_path, publisher, clock)
    assert says(gate, publisher.seal("text", "docs/a.md"))[0].startswith("drop F2")


def test_a_store_is_asked_where_the_policy_says_how(tmp_path: Path, clock: FixedClock) -> None:
    store = fsspec.filesystem("memory")
    publisher = Publisher("store", "memory://bucket/**", clock)
    page = publisher.seal("text", "memory://bucket/a.md", modified=clock.now - 10 * DAY)
    assert says(gate_of(tmp_path, publisher, clock), page) == ["drop F210"]  # nobody was asked
    gate = gate_of(tmp_path, publisher, clock, store={})
    assert says(gate, page) == ["drop F212"]
    store.pipe("/bucket/a.md", b"text")
    try:
        clock.advance(DAY)
        assert says(gate, page) == ["drop F210"]  # it is there, and does not say since when
    finally:
        store.store.clear()


class Store(fsspec.AbstractFileSystem):  # type: ignore[misc]
    protocol = "odd"
    said: object = None

    def info(self, path: str, **_: object) -> object:
        if isinstance(Store.said, Exception):
            raise Store.said
        return Store.said


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"LastModified": datetime(2026, 5, 1, tzinfo=timezone.utc), "ETag": '"x"'}, "admit"),
        ({"updated": "2026-05-01T00:00:00Z"}, "admit"),
        ({"mtime": 1_777_000_000.5}, "admit"),
        ({"last_modified": datetime(2026, 5, 30, tzinfo=timezone.utc)}, "drop F207"),
        ({"mtime": 10**400, "updated": "soon", "modified": datetime(2026, 5, 1)}, "drop F210"),  # noqa: DTZ001
        ({}, "drop F210"),
        ({"type": "directory", "mtime": 1_777_000_000.5}, "drop F212"),
        (FileNotFoundError("gone"), "drop F212"),
        (PermissionError("no"), "drop F210 F208"),
        (RuntimeError("credentials"), "drop F210 F208"),
        (None, "drop F210 F208"),
    ],
)
def test_every_answer_of_a_store_has_its_consequence(
    said: object, expected: str, tmp_path: Path, clock: FixedClock
) -> None:
    fsspec.register_implementation("odd", Store, clobber=True)
    publisher = Publisher("store", "odd://bucket/**", clock)
    page = publisher.seal("text", "odd://bucket/a.md", modified=clock.now - 10 * DAY)
    Store.said = said
    assert says(gate_of(tmp_path, publisher, clock, store={"key": "value"}), page) == [expected]


@pytest.mark.parametrize("uri", ["file:a\x00b", "file:" + "a" * 5_000, "file:%ff%fe"])
def test_no_name_of_a_file_breaks_the_question(uri: str, tmp_path: Path) -> None:
    try:
        assert probe_file(uri, tmp_path)[0] == 404
    except Exception as error:  # noqa: BLE001 - which one it is, is the point
        assert type(error).__name__ == "FetchError"  # noqa: PT017


def test_a_scheme_that_nothing_implements_is_a_failure() -> None:
    with pytest.raises(Exception, match="ValueError"):
        probe_store("nothing://a/b", "{}")

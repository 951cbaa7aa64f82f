"""Sealing much: by several processes, and once more after the process was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, KeySet, Sealer
from headgate.corpus import CorpusItem, Journal, list_corpus, open_journal, seal_corpus
from headgate.corpus.working import in_order
from headgate.errors import HeadgateError
from headgate.provenance import generate_signing_key
from headgate.provenance.seals import verify_seal
from headgate.testing import FixedClock

MANY, BATCH = 430, 50
KEY = generate_signing_key("k")


def items(count: int, changed: frozenset[int] = frozenset()) -> Iterator[CorpusItem]:
    for number in range(count):
        metadata: dict[str, object] = {"source": f"https://a.example/{number}", "version": number}
        if number % 97 == 5:
            del metadata["source"]
        if number % 91 == 6:
            metadata["modified"] = "some day"
        if number % 83 == 7:
            yield CorpusItem(f"place {number}", None, "it cannot be read")
            continue
        text = f"text {number}{' again' if number in changed else ''}"
        yield CorpusItem(f"place {number}", Chunk(text, metadata), "odd" if number % 77 == 8 else None)


def sealer(key: Any = KEY) -> Sealer:
    return Sealer(key, "me", clock=FixedClock())


def journal(path: Path, signer: Sealer | None = None, **options: Any) -> Journal:
    return open_journal(path, signer or sealer(), options)


@pytest.mark.parametrize(("count", "batch"), [(8_100, 1), (MANY, BATCH)])
def test_several_processes_give_what_one_gives(count: int, batch: int) -> None:
    alone = list(seal_corpus(items(count), sealer(), batch=batch))
    assert list(seal_corpus(items(count), sealer(), batch=batch, jobs=2)) == alone
    assert any(item.chunk is None for item in alone)


def test_few_documents_start_no_process() -> None:
    before = threading.active_count(), os.listdir("/proc/self/task") if sys.platform == "linux" else []
    assert len(list(seal_corpus(items(1_500), sealer(), jobs=8))) == 1_500
    assert before == (threading.active_count(), os.listdir("/proc/self/task") if sys.platform == "linux" else [])


def test_documents_come_one_by_one_where_one_process_seals() -> None:
    taken = []

    def watched() -> Iterator[CorpusItem]:
        for item in items(10):
            taken.append(item)
            yield item

    next(seal_corpus(watched(), sealer()))
    assert len(taken) == 1


def _half(block: list[int]) -> list[int]:
    if 13 in block:
        raise ValueError("thirteen")
    if 1_000 in block:
        os._exit(3)
    return [number // 2 for number in block]


def test_what_fails_in_a_worker_fails_as_it_does_here() -> None:
    blocks = [[number, number + 1] for number in range(0, 20, 2)]
    done = in_order(_half, iter(blocks), jobs=2)
    assert [next(done) for _ in range(6)] == [(block, _half(block)) for block in blocks[:6]]
    with pytest.raises(ValueError, match="thirteen"):
        next(done)


def test_a_worker_that_is_gone_is_said() -> None:
    with pytest.raises(HeadgateError, match="ended from outside"):
        list(in_order(_half, iter([*([number] for number in range(9)), [1_000], [5]]), jobs=2))


def test_what_cannot_be_handed_over_is_worked_on_here() -> None:
    def odd() -> Iterator[CorpusItem]:
        for item in items(MANY):
            if item.chunk is not None:
                item.chunk.metadata["odd"] = lambda: None  # type: ignore[index]
            yield item

    assert len(list(seal_corpus(odd(), sealer(), batch=BATCH, jobs=2))) == MANY


# Going on.


def interrupted(path: Path, blocks: int, batch: int = BATCH, **options: Any) -> list[CorpusItem]:
    """Seal in part, as a process does that is killed after so many blocks."""
    done = []
    with journal(path, **options) as kept:
        for item in seal_corpus(items(MANY), sealer(), batch=batch, journal=kept):
            done.append(item)
            if len(done) == blocks * BATCH:
                break
    return done


class Later:
    """A different time than that of the first run, so that a seal shows which run made it."""

    def __call__(self) -> Any:
        from datetime import timedelta

        return FixedClock().now + timedelta(hours=1)


def resumed(path: Path, batch: int = BATCH, clock: Any = None, key: Any = KEY, **options: Any) -> tuple[list[Any], int]:
    """Return what a run makes that finds a journal, and how many seals it did not have to make."""
    later = Sealer(key, "me", clock=clock or Later())
    with open_journal(path, later, options) as kept:
        found = list(seal_corpus(items(MANY), later, batch=batch, journal=kept))
        return found, kept.kept


def test_a_second_run_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    whole = list(seal_corpus(items(MANY), sealer(), batch=BATCH))
    for blocks in (1, 4, 6):
        path = tmp_path / str(blocks)
        interrupted(path, blocks)
        found, kept = resumed(path)
        assert kept == blocks * BATCH
        assert found[:kept] == whole[:kept]
        assert found[kept:] != whole[kept:], "made by the second run"
        assert [(item.place, item.problem) for item in found] == [(item.place, item.problem) for item in whole]
        again, kept = resumed(path)
        assert (again, kept) == (found, MANY)


def test_a_journal_is_about_one_key_and_the_same_options(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    for other in ({"cover": ["x"]}, {"key": generate_signing_key("k")}):
        interrupted(path, 2)
        assert resumed(path, **other)[1] == 0
        path.unlink()
    interrupted(path, 2)

    def next_week() -> Any:
        return FixedClock().now + 7 * (Later()() - FixedClock().now) * 24

    assert resumed(path, clock=next_week)[1] == 0


def test_a_document_that_changed_is_sealed_again(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    interrupted(path, 5)
    with journal(path) as kept:
        found = list(seal_corpus(items(MANY, frozenset({130})), sealer(), batch=BATCH, journal=kept))
        assert kept.kept == 2 * BATCH
    assert found == list(seal_corpus(items(MANY, frozenset({130})), sealer(), batch=BATCH))


def test_a_journal_that_somebody_changed_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    interrupted(path, 5)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 6
    foreign = tmp_path / "foreign"
    interrupted(foreign, 5, other="options")
    token = lines[3][lines[3].index(b'"ey') + 1 :][:100]
    spoilt = {
        "a seal of another document": (whole.replace(token, token[:-1] + b"A" * 1), 2),
        "lines that changed places": (b"".join((*lines[:2], lines[3], lines[2], *lines[4:])), 1),
        "a line that is missing": (b"".join((*lines[:2], *lines[3:])), 1),
        "a line of another run": (b"".join((*lines[:3], foreign.read_bytes().splitlines(keepends=True)[3])), 2),
        "a line twice": (b"".join((*lines[:3], lines[2], *lines[3:])), 2),
        "an end that was not written": (whole[:-40], 4),
        "rubbish": (b"\x00" * 1_000, 0),
        "a head of another run": (b"".join((foreign.read_bytes().splitlines(keepends=True)[0], *lines[1:])), 0),
        "nothing": (b"", 0),
    }
    for what, (content, kept) in spoilt.items():
        path.write_bytes(content)
        found, count = resumed(path)
        assert count == kept * BATCH, what
        for item in found:
            if item.chunk is not None:
                seal = verify_seal(item.chunk.metadata["headgate_seal"], KEY.public)
                assert seal.subject == item.chunk.metadata["source"], what


def test_a_journal_is_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError):
        journal(tmp_path / "link")
    assert (tmp_path / "mine").read_text() == "mine"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        journal(tmp_path / "pipe")


# The command, killed.


def run(folder: Path, *more: str, kill_at: int | None = None) -> subprocess.CompletedProcess[str]:
    """Seal by the command; killed when its journal has so many lines."""
    command = (sys.executable, "-m", "headgate", "seal", "in.jsonl", "-k", "k.private.jwk.json", "-i", "me")
    kept = folder / ".out.jsonl.headgate-resume"
    process = subprocess.Popen(  # noqa: S603 - itself
        [*command, "-o", "out.jsonl", *more], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while kill_at is not None and process.poll() is None:
        if kept.exists() and kept.read_bytes().count(b"\n") >= kill_at:
            process.kill()
            break
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def test_sealing_goes_on_after_it_was_killed(tmp_path: Path) -> None:
    KEY.save(tmp_path / "k")
    keys = KeySet.load(tmp_path / "k.jwks.json")
    lines = [
        {"text": f"text {number}", "metadata": {"source": f"https://a.example/{number}"}} for number in range(9_000)
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    kept = tmp_path / ".out.jsonl.headgate-resume"
    tokens: set[str] = set()
    for point, more in ((1, ()), (3, ("--jobs", "2"))):
        done = run(tmp_path, *more, kill_at=point)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert not (tmp_path / "out.jsonl").exists()
        blocks = [json.loads(line.split(b"\t")[0]) for line in kept.read_bytes().splitlines()[1:] if b"\t" in line]
        found = {entries["headgate_seal"] for block in blocks for entries, _ in block["results"]}
        assert tokens <= found, "nothing of the run before is lost"
        tokens = found
    assert len(tokens) >= 2_000
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "documents of them by a run that was interrupted" in done.stderr
    assert not kept.exists()
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(one["text"], one["metadata"]["source"]) for one in written] == [
        (f"text {number}", f"https://a.example/{number}") for number in range(9_000)
    ]
    assert written[-1]["headgate"] == {"document": 9_000, "of": 9_000}
    assert tokens <= {one["metadata"]["headgate_seal"] for one in written}, "nothing was done again"
    for one in written[::50]:
        assert verify_seal(one["metadata"]["headgate_seal"], keys).subject == one["metadata"]["source"]


def test_several_processes_list_what_one_lists() -> None:
    alone = list_corpus(items(8_100))
    assert list_corpus(items(8_100), jobs=2) == alone
    assert alone.not_listed
    assert alone.in_part

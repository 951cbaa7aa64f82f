"""Runs over data sets: what comes out is what the kernel says, whatever the files hold, whenever a run ends."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from corpus_runs import CLOCK, HANDBOOK, ROWS, chunks, killed_at, table_of, write_dataset, write_policy
from headgate import Chunk, Gate
from headgate.cli.app import app
from headgate.cli.datasets import report_run
from headgate.corpus import Fields
from headgate.corpus.gathering import stored_items
from headgate.errors import HeadgateError
from headgate.integration.backfilling import StoredRow
from shelves import temporary_folder

pa = pytest.importorskip("pyarrow")
pytest.importorskip("duckdb")
parquet = pytest.importorskip("pyarrow.parquet")
kernel = pytest.importorskip("headgate.corpus.kernel")
datasets = pytest.importorskip("headgate.corpus.datasets")
spool = pytest.importorskip("headgate.corpus.datasets.spooling").spool

NOW = CLOCK.now.isoformat()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "pages")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return write_policy(tmp_path)


def run(*words: object, code: int | None = None) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if code == 2:
        assert isinstance(result.exception, HeadgateError), result.output
    else:
        assert code is None or result.exit_code == code, result.output
    return result


def rows_in(folder: Path) -> list[dict[str, Any]]:
    found = [
        row for path in sorted((folder / "parts").glob("*.parquet")) for row in parquet.read_table(path).to_pylist()
    ]
    return sorted(found, key=lambda row: str(row["place"]))


def judged(policy: Path, data: Path, out: Path, *, workers: int = 0, **more: Any) -> Any:
    def supersede(outcome: Any) -> None:
        datasets.find_superseded_rows(outcome.files, out / "superseded.parquet", outcome.summary, aside=out / ".sql")

    judge = kernel.JudgeRows(policy, CLOCK.now)
    return datasets.run(judge, str(data), out, workers=workers, finish=supersede, **more)


def test_every_row_is_judged_once_as_the_gate_judges_it(data: Path, policy: Path, tmp_path: Path) -> None:
    outcome = judged(policy, data, tmp_path / "out")
    together = Gate(policy).judge(chunks(), now=CLOCK.now).decisions
    rows = {row["id"]: row for row in rows_in(tmp_path / "out")}
    superseded = {row["id"] for row in parquet.read_table(tmp_path / "out" / "superseded.parquet").to_pylist()}
    assert outcome.rows_in == len(rows) == ROWS
    assert not outcome.failures
    for number, decision in enumerate(together):
        row = rows[f"c{number}"]
        assert row["reasons"] == [one.code for one in decision.reasons if one.code != "F205"]
        assert (row["id"] in superseded) == ("F205" in decision.codes)
    assert outcome.summary.counts["would_drop"] == sum(one.would_drop for one in together)
    assert outcome.summary.counts["admit"] == sum(one.admitted for one in together)
    assert {row["place"] for row in rows.values()} >= {"a.parquet[29]", "b.parquet[0]", "c.arrow[9]", "d.jsonl:1"}


def test_workers_find_what_one_process_finds(data: Path, policy: Path, tmp_path: Path) -> None:
    one, two = (judged(policy, data, tmp_path / str(workers), workers=workers) for workers in (0, 2))
    assert rows_in(tmp_path / "0") == rows_in(tmp_path / "2")
    assert one.summary == two.summary
    assert [part.fragment for part in one.parts] == [part.fragment for part in two.parts]


versions = st.lists(
    st.builds(
        lambda text, page, version, written, hours: Chunk(
            text,
            {
                "source": f"https://wiki.example/{page}",
                **({"version": version} if version is not None else {}),
                "last_modified": (CLOCK.now - timedelta(hours=hours)).strftime(written),
            },
        ),
        st.sampled_from("abcd"),
        st.sampled_from("12"),
        st.none() | st.sampled_from([1, 2, 10, "2.10", "2.9", "2026-01", "2025-12"]),
        st.sampled_from(["%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%d", "%Y-%m-%d %H:%M", "soon"]),
        st.sampled_from([-50, 0, 1, 2, 30, 700]),
    ),
    max_size=8,
)
WIKI = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
FOLDER = temporary_folder()


@given(versions, st.booleans(), st.sampled_from(["1h", "3h", "2d"]))
def test_the_rule_in_sql_is_that_of_one_retrieval(found: list[Chunk], is_declared: bool, tolerance: str) -> None:
    import yaml

    policy, part, out = FOLDER / "headgate.yaml", FOLDER / "part.parquet", FOLDER / "superseded.parquet"
    rules = {"supersede": True, "supersede_tolerance": tolerance, "missing": "admit", "future_skew": "0s"}
    policy.write_text(yaml.safe_dump({"sources": [{**WIKI, "freshness": rules}]}))
    table = table_of(found) if found else table_of(chunks(1)).slice(0, 0)
    rows = kernel.JudgeRows(policy, CLOCK.now)(table)
    placed = rows.add_column(0, "place", pa.array([str(n) for n in range(rows.num_rows)], pa.string()))
    parquet.write_table(placed, part)
    datasets.find_superseded_rows([part], out, datasets.Summary(), aside=FOLDER / "aside")
    assert {int(row["place"]) for row in parquet.read_table(out).to_pylist()} == set(kernel.superseded_rows(rows))


def test_whatever_moment_it_is_killed_at_the_next_run_goes_on(data: Path, policy: Path, tmp_path: Path) -> None:
    data = shutil.copytree(data, tmp_path / "few", ignore=shutil.ignore_patterns("b.*", "c.*"))
    reference = judged(policy, data, tmp_path / "reference")
    expected = rows_in(tmp_path / "reference")
    out, points = tmp_path / "out", 0
    while killed_at(lambda: judged(policy, data, out), out, points + 1):
        points += 1
        if points % 2:  # of every second one, another kill comes before the end
            killed_at(lambda: judged(policy, data, out), out, 3)
        outcome = judged(policy, data, out)
        assert outcome.summary == reference.summary
        assert rows_in(out) == expected
        assert datasets.verify_parts(out) == []
        assert {path.name[0] for path in (out / "parts").iterdir()} == {"p", "_"}
        shutil.rmtree(out)
    assert points > 15


@pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "deep", reason="a hundred kills take minutes: make test-deep"
)
@pytest.mark.parametrize("seed", range(100))
def test_processes_killed_at_any_time_lose_nothing(seed: int, data: Path, policy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "headgate",
        "audit",
        str(data),
        "-p",
        str(policy),
        "-o",
        str(out),
        "--now",
        NOW,
        "-w",
        "2",
    ]
    started = subprocess.Popen(  # noqa: S603 - our own command
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(random.Random(seed).uniform(0.3, 4))
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    outcome = judged(policy, data, out)
    assert outcome.rows_in == ROWS
    assert len({row["place"] for row in rows_in(out)}) == len(rows_in(out)) == ROWS
    assert datasets.verify_parts(out) == []


def test_what_is_done_is_not_done_again(data: Path, policy: Path, tmp_path: Path) -> None:
    files = [part.file for part in judged(policy, data, tmp_path / "out").parts]
    assert [part.file for part in judged(policy, data, tmp_path / "out").parts] == files
    # What was damaged since is.
    (tmp_path / "out" / "parts" / files[0]).write_bytes(b"PAR1")
    again = [part.file for part in judged(policy, data, tmp_path / "out").parts]
    assert (again[0] == files[0], again[1:]) == (False, files[1:])


def test_a_data_set_that_grows_is_worked_on_where_it_has(data: Path, policy: Path, tmp_path: Path) -> None:
    grown = shutil.copytree(data, tmp_path / "grown")
    before = judged(policy, grown, tmp_path / "out")
    parquet.write_table(table_of(chunks(3)), grown / "e.parquet")
    (grown / "b.parquet").unlink()
    after = judged(policy, grown, tmp_path / "out")
    same = {part.file for part in before.parts} & {part.file for part in after.parts}
    assert (after.rows_in, len(after.parts), len(same)) == (ROWS - 10 + 3, len(before.parts), len(before.parts) - 1)
    assert len(rows_in(tmp_path / "out")) == after.rows_in
    assert datasets.verify_parts(tmp_path / "out") == []


def test_two_runs_do_not_mix(data: Path, policy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def meanwhile(*_: object) -> None:
        with pytest.raises(HeadgateError, match="another run is working"):
            judged(policy, data, out)

    assert judged(policy, data, out, progress=meanwhile).rows_in == ROWS
    write_policy(tmp_path, freshness={"max_age": "5d"})
    with pytest.raises(HeadgateError, match="another run: revision"):
        judged(policy, data, out)
    for inside in (data / "out", data.parent):
        with pytest.raises(HeadgateError, match="within one another"):
            judged(policy, data, inside)


def test_what_is_missing_of_a_run_is_noticed(data: Path, policy: Path, tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_text(json.dumps(HANDBOOK.key.private_jwk()))
    out = tmp_path / "out"
    judged(policy, data, out, key=HANDBOOK.key)
    assert datasets.verify_parts(out, HANDBOOK.key.public) == []
    assert datasets.read_ledger(out)["rows_in"] == ROWS
    first, second, *_ = sorted((out / "parts").glob("*.parquet"))
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    (out / "parts" / "part-more.parquet").write_bytes(b"")
    problems = "\n".join(datasets.verify_parts(out))
    assert "rows are missing" in problems
    assert "not the file that was written" in problems
    assert "part-more.parquet: it is not in the list" in problems
    stranger = (out / "parts.json").read_bytes().replace(b"handbook", b"anybody1")
    (out / "parts.json").write_bytes(stranger)
    with pytest.raises(HeadgateError):
        datasets.verify_parts(out, HANDBOOK.key.public)


NESTED = [{"a": [{"b": 1}], "source": "https://handbook.example/1"}, {"a": None, "source": None}]
TWICE = pa.Table.from_arrays([pa.array(["a"])] * 3, ["text", "source", "source"])
LINES = b'{"text": "a"}\n' * 100


def zeroed(good: bytes) -> bytes:
    return good[:4] + bytes(len(good) // 2) + good[4 + len(good) // 2 :]


ODD: dict[str, tuple[str, Any, str]] = {
    "corrupt": (
        "odd.parquet",
        lambda good: good[:9] + bytes(len(good) // 2) + good[9 + len(good) // 2 :],
        "odd.parquet",
    ),
    "cut": ("odd.parquet", lambda good: good[:-20], "odd.parquet: it cannot be opened"),
    "empty": ("odd.parquet", lambda _: b"", "odd.parquet: it cannot be opened"),
    "encrypted": ("odd.parquet", lambda good: b"PARE" + good[4:-4] + b"PARE", "odd.parquet: it cannot be opened"),
    "no table": ("odd.arrow", lambda _: b"ARROW1 nothing of the kind", "odd.arrow"),
    "no lines": ("odd.jsonl", lambda _: b"\xff\xfe\n{", "2 rows not read"),
    "cut gzip": ("odd.jsonl.gz", lambda _: gzip.compress(LINES)[:-12], "cannot be read to its end"),
    "another schema": ("odd.parquet", pa.table({"x": [1, 2]}), "2 rows: it has no text"),
    "two columns": ("odd.parquet", TWICE, "two columns"),
    "wrong types": ("odd.parquet", pa.table({"text": [1, None], "metadata": NESTED}), "2 rows: it has no text"),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_on(
    kind: str, data: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(data, tmp_path / "odd")
    name, content, said = ODD[kind]
    if callable(content):
        (folder / name).write_bytes(content((folder / "a.parquet").read_bytes()))
    else:
        parquet.write_table(content, folder / name)
    outcome = judged(policy, folder, tmp_path / "out")
    assert report_run(outcome)
    assert said in capsys.readouterr().err
    good = [row for row in rows_in(tmp_path / "out") if not row["place"].startswith("odd")]
    assert len(good) == ROWS
    assert datasets.read_ledger(tmp_path / "out")["rows_in"] >= ROWS


@pytest.mark.parametrize("what", ["changes", "vanishes"])
def test_a_file_that_changes_while_it_is_read_is_named(what: str, data: Path, policy: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(data, tmp_path / "pages")

    def meddle(_: object, part: Any) -> None:
        path = folder / "d.jsonl"
        if what == "vanishes":
            path.unlink(missing_ok=True)
        elif path.exists():
            path.write_text(path.read_text() + '{"text": "more"}\n')

    outcome = judged(policy, folder, tmp_path / "out", progress=meddle)
    (failure,) = outcome.failures
    assert failure.fragment == "d.jsonl"
    assert "changed" in failure.reason if what == "changes" else "o such file" in failure.reason
    assert outcome.rows_in == ROWS - 10


def test_a_full_disk_loses_fragments_by_name(
    data: Path, policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    judged(policy, data, tmp_path / "probe")
    sizes = sorted(path.stat().st_size for path in (tmp_path / "probe" / "parts").glob("*.parquet"))
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (sizes[-1] - 1, before[1]))
        outcome = judged(policy, data, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [one.reason for one in outcome.failures] == ["File too large"]
    again = judged(policy, data, tmp_path / "out")
    assert (again.rows_in, again.failures) == (ROWS, [])


class Deadly(kernel.TermRows):  # type: ignore[misc,name-defined]
    """Kills its process at one row, as a system does that is short of memory."""

    def stream(self, blocks: Any) -> Any:
        for items, batch in blocks:
            if any(item.chunk and item.chunk.id == "c35" for item in items):
                os.kill(os.getpid(), signal.SIGKILL)
            yield self._make(items, batch)


def test_a_worker_that_is_killed_costs_its_fragment_alone(data: Path, tmp_path: Path) -> None:
    outcome = datasets.run(Deadly(), str(data), tmp_path / "out", workers=2, has_places=False)
    (failure,) = outcome.failures
    assert (failure.fragment, "killed twice" in failure.reason) == ("b.parquet", True)
    assert outcome.rows_in == ROWS - 10


def test_the_command_says_what_was_found_and_goes_on(data: Path, policy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("audit", data, "--policy", policy, "--out", out, "--workers", "1")
    result = run(*words, "--now", NOW, code=1)
    assert "60 of 60 rows" in result.stderr or "rows, 4 of 4 fragments" in result.stderr
    assert f"Admissible under {policy} at" in " ".join(result.stdout.split())
    assert "F205 superseded" in result.stdout
    assert "Do next: " in result.stdout
    assert "headgate explain F" in result.stdout
    said = json.loads(run(*words, "--now", NOW, "--json", code=1).stdout)
    assert (said["rows_in"], said["rows_out"], said["failed"]) == (ROWS, ROWS, [])
    assert "holds an audit of" in str(run(*words, code=2).exception)
    (out / "parts.json").unlink()  # as if it had not come to its end
    assert json.loads(run(*words, "--json", code=1).stdout)["now"] == NOW
    nowhere = run("audit", tmp_path / "none", "-p", policy, "-o", tmp_path / "x", code=2)
    assert "no such file" in str(nowhere.exception)
    assert "--prefix" in str(run(*words, "--prefix", "https://x/", code=2).exception)


def test_a_file_system_of_another_kind_is_read(data: Path, policy: Path, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(data), "/pages", recursive=True)
    try:
        judge = kernel.JudgeRows(policy, CLOCK.now)
        outcome = datasets.run(judge, "memory://pages", tmp_path / "out", workers=0)
        assert (outcome.rows_in, outcome.failures) == (ROWS, [])
    finally:
        memory.rm("/pages", recursive=True)


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=50), st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_a_quantile_is_within_its_accuracy(seconds: list[float], share: float) -> None:
    from headgate.corpus.datasets.summary import _step

    sketch: dict[int, int] = {}
    for one in seconds:
        sketch[_step(int(one))] = sketch.get(_step(int(one)), 0) + 1
    exact = max(1.0, sorted(int(one) for one in seconds)[int(share * (len(seconds) - 1))] / 86_400)
    found = datasets.quantile(sketch, share)
    assert found == pytest.approx(exact, rel=0.021)


def keyed(folder: Path) -> Path:
    path = folder / "handbook.private.jwk.json"
    path.write_text(json.dumps(HANDBOOK.key.private_jwk()))
    return path


def plain_pages(folder: Path) -> Path:
    """Rows as a publisher has them: not sealed, with embeddings, one of them without a source."""
    folder.mkdir()
    rows = [
        {
            "chunk": f"page {n}, in its current form",
            "source": f"https://handbook.example/{n // 3}" if n != 20 else None,
            "last_modified": CLOCK.ago(days=n // 3),
            "vector": [0.5, float(n)],
        }
        for n in range(60)
    ]
    parquet.write_table(pa.Table.from_pylist(rows), folder / "a.parquet", row_group_size=15)
    return folder


def test_rows_are_sealed_listed_and_audited_by_three_commands(policy: Path, tmp_path: Path) -> None:
    pages, key = plain_pages(tmp_path / "pages"), keyed(tmp_path)
    sealed = tmp_path / "sealed"
    result = run("seal", pages, "-k", key, "-i", "handbook", "-o", sealed, "--text-field", "chunk", "-w", "1", code=1)
    assert "59 rows sealed by 'handbook'" in result.stderr
    assert "1 row not read, or not used" in result.stderr
    assert "names no source" in result.stderr
    table = parquet.read_table(sealed / "parts")
    assert table.schema.names == ["chunk", "source", "last_modified", "vector", "headgate_seal", "headgate_problem"]
    assert table.num_rows == 60
    assert datasets.verify_parts(sealed, HANDBOOK.key.public) == []
    manifest = tmp_path / "manifest"
    words = ("-k", key, "-i", "handbook", "--corpus", "pages", "-w", "1", "--now", NOW, "--text-field", "chunk")
    built = json.loads(run("manifest", "build", sealed, *words, "-o", manifest, "--json", code=1).stdout)
    assert (built["documents"], built["chunks"]) == (20, 59)
    assert not list(tmp_path.glob(".manifest*"))
    audit = ("audit", sealed, "-p", policy, "-o", tmp_path / "audit", "--now", NOW, "--text-field", "chunk", "-w", "1")
    said = json.loads(run(*audit, "--json", code=1).stdout)
    assert said["rows_in"] == 60
    assert said["sources"]["handbook"]["rows"] == 59
    assert said["sources"]["handbook"]["would_drop"] == 0


@pytest.mark.parametrize("command", ["seal", "audit"])
def test_links_are_named_and_not_followed(command: str, policy: Path, tmp_path: Path) -> None:
    pages, elsewhere = plain_pages(tmp_path / "pages"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    rows = [{"chunk": "the salary of the boss", "source": "https://handbook.example/b"}]
    parquet.write_table(pa.Table.from_pylist(rows), elsewhere / "b.parquet")
    (pages / "file.parquet").symlink_to(elsewhere / "b.parquet")
    (pages / "folder").symlink_to(elsewhere)
    (pages / "one").symlink_to(pages)  # and round in circles
    (pages / "two").symlink_to(pages)
    options = {"seal": ("-k", keyed(tmp_path), "-i", "handbook"), "audit": ("-p", policy, "--now", NOW)}
    out = tmp_path / "out"
    result = run(command, pages, *options[command], "-o", out, "--text-field", "chunk", "-w", "1", code=1)
    for name in ("file.parquet", "folder", "one", "two"):
        assert f"{name}: it is a symbolic link, which is not followed" in result.stderr
    assert parquet.read_table(out / "parts").num_rows == 60


def write_table(folder: Path) -> Path:
    path = folder / "table.parquet"
    rows = [
        {"text": f"part {n}", "source": f"https://handbook.example/{n % 7}", "title": "A", "version": 1 + n % 2}
        for n in range(40)
    ]
    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=11)
    return path


def test_a_manifest_of_a_data_set_is_that_of_its_documents(tmp_path: Path) -> None:
    from headgate.corpus import Manifest
    from headgate.corpus.reading import read_corpus

    key, table = keyed(tmp_path), write_table(tmp_path)
    words = ("-k", key, "-i", "handbook", "--corpus", "pages", "-w", "1", "--now", NOW)
    result = run("manifest", "build", table, *words, "-o", tmp_path / "one", code=1)
    assert "of versions before 2" in result.stderr
    Manifest.build(
        read_corpus(table), corpus="pages", signer=HANDBOOK.key, issuer="handbook", out=tmp_path / "two", clock=CLOCK
    )
    one, two = (
        {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two


def test_a_part_of_a_sealed_data_set_that_is_lost_is_named(policy: Path, tmp_path: Path) -> None:
    pages, key = plain_pages(tmp_path / "pages"), keyed(tmp_path)
    seal = kernel.SealRows(key, "handbook", fields=Fields.parse("chunk", None))
    datasets.run(seal, str(pages), tmp_path / "sealed", workers=0, has_places=False)
    (part,) = (tmp_path / "sealed" / "parts").glob("*.parquet")
    parquet.write_table(parquet.read_table(part).slice(0, 50), part)
    outcome = datasets.run(
        kernel.JudgeRows(policy, CLOCK.now, Fields.parse("chunk", None)),
        str(tmp_path / "sealed"),
        tmp_path / "out",
        workers=0,
    )
    assert [one.reason for one in outcome.failures] == ["it has 50 rows, and 60 were written"]
    part.unlink()
    outcome = datasets.run(kernel.TermRows(), str(tmp_path / "sealed"), tmp_path / "x", workers=0, has_places=False)
    assert [one.reason for one in outcome.failures] == ["it is gone, with 60 rows"]
    (tmp_path / "sealed" / "parts.json").unlink()
    with pytest.raises(HeadgateError, match="not come to its end"):
        datasets.run(kernel.TermRows(), str(tmp_path / "sealed"), tmp_path / "y", workers=0, has_places=False)


@dataclass
class Shelf:
    """A store as integrations offer them: pages of rows."""

    rows: list[StoredRow]
    name: str = "shelf"
    largest: int = 0

    def count(self) -> int:
        return len(self.rows)

    def pages(self, size: int) -> Iterator[list[StoredRow]]:
        for start in range(0, len(self.rows), size):
            self.largest = max(self.largest, size)
            yield self.rows[start : start + size]

    def write(self, rows: object) -> list[str]:
        raise AssertionError("nothing is written to it")

    def finish(self) -> None:
        raise AssertionError("nothing is written to it")


def test_the_rows_of_a_store_become_a_data_set(policy: Path, tmp_path: Path) -> None:
    rows = [StoredRow(f"c{n}", chunk) for n, chunk in enumerate(chunks())]
    pictured = replace(rows[1].chunk or Chunk(""), media={"image": None})
    shelf = Shelf([*rows, StoredRow("none", None, "it has no text"), StoredRow("pictured", pictured)])
    rows_folder = spool(stored_items(shelf), tmp_path / "rows")
    outcome = judged(policy, rows_folder, tmp_path / "out")
    found = {row["id"]: row for row in rows_in(tmp_path / "out")}
    assert outcome.rows_in == ROWS + 2
    assert found.keys() - {f"c{n}" for n in range(ROWS)} == {None}
    for n, chunk in enumerate(chunks()):
        (decision,) = Gate(policy).judge([chunk], now=CLOCK.now).decisions
        assert found[f"c{n}"]["codes"] == list(decision.codes)
    assert set(outcome.summary.reasons) == {
        "it has no text",
        "it holds content that is not text, which a table does not carry",
    }
    (tmp_path / "rows" / "rows-000001.parquet").write_bytes(b"left")
    assert spool(iter(()), tmp_path / "rows") == tmp_path / "rows"  # all of it is there
    (tmp_path / "rows" / "_complete.json").unlink()
    spool(stored_items(shelf), tmp_path / "rows")
    assert not (tmp_path / "rows" / "rows-000001.parquet").exists()


def test_a_document_that_cannot_be_encoded_spoils_no_other(policy: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jsonl").write_text(
        r"""{"id": "a", "text": "one \ud800", "metadata": {"source": "https://wiki.example/1"}}
{"id": "b\ud800", "text": "two", "metadata": {"source": "https://wiki.example/2", "x\ud800": "\ud800"}}
{"id": "c", "text": "three", "metadata": {"source": "https://wiki.example/3"}}
""",
        encoding="utf-8",
    )
    outcome = judged(policy, tmp_path / "data", tmp_path / "out")
    assert not outcome.failures
    found = [(row["id"], row["codes"]) for row in rows_in(tmp_path / "out")]
    assert found == [("a", ["G902"]), ("b\ufffd", found[2][1]), ("c", found[2][1])]


def test_a_text_of_a_store_that_cannot_be_encoded_is_not_judged_as_another(policy: Path, tmp_path: Path) -> None:
    rows = [
        StoredRow("a\ud800", Chunk(text, {"source": "https://wiki.example/1"}, "a\ud800")) for text in ("1\ud800", "2")
    ]
    outcome = judged(policy, spool(stored_items(Shelf(rows)), tmp_path / "rows"), tmp_path / "out")
    assert outcome.rows_in == len(rows)
    assert rows_in(tmp_path / "out")[0]["action"] == "drop"
    assert set(outcome.summary.reasons) == {"its text holds a lone surrogate, which no table can hold"}


def test_what_will_be_out_of_date_is_counted(data: Path, tmp_path: Path) -> None:
    policy = write_policy(tmp_path, freshness={"max_age": "30d"})
    words = (
        "freshness",
        "corpus",
        data,
        "-p",
        policy,
        "-o",
        tmp_path / "out",
        "-w",
        "1",
        "--now",
        NOW,
        "--within",
        "5d",
    )
    (said,) = json.loads(run(*words, "--json", code=1).stdout)["sources"]
    ages = [n for n in range(ROWS) if n % 7]
    stale = sum("F202" in row["reasons"] for row in rows_in(tmp_path / "out"))
    ending = sum(25 < age <= 30 for age in ages)
    assert (said["source"], said["rows"], said["stale"]) == ("handbook", ROWS, stale)
    assert stale >= sum(age > 30 for age in ages)
    assert said["ending"] == ending
    assert "more within 5d" in run(*words, code=1).stdout


def test_terms_are_proposed_from_a_data_set(tmp_path: Path) -> None:
    texts = ["A Service Level Objective (SLO).", "Our Service Level Objective (SLO) is strict.", "Nothing."] * 4
    pages = tmp_path / "pages.parquet"
    parquet.write_table(pa.table({"text": texts}), pages, row_group_size=4)
    out = tmp_path / "terms"
    said = json.loads(run("glossary", "suggest", pages, "-o", out, "-w", "1", "--json", code=0).stdout)
    assert said["documents"] == 12
    (proposal,) = said["proposals"]
    assert (proposal["alias"], proposal["canonical"], proposal["count"]) == ("SLO", "Service Level Objective", 8)
    assert "SLO" in (out / "glossary.yaml").read_text()

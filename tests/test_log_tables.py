"""A log as tables says what the log says: every record, every figure, every line that was skipped."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from headgate import Chunk, Gate, HeadgateError, Policy
from headgate.cli.app import app
from headgate.compaction import CompactedLog, compact_log, compacting
from headgate.compaction.parts import PartWriter
from headgate.history import find_stale, score_sources, study_adoption
from headgate.policy import Log
from headgate.record import DecisionLog, log_record, read_log
from headgate.record.asking import asked_by
from headgate.record.chain import verify_chain
from headgate.record.reading import log_files
from headgate.replay import replay_records
from headgate.testing import HOSTILE_STRINGS, FixedClock, Publisher
from headgate.tuning import Traffic

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
CLOCK = FixedClock(NOW)
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
WIKI = Publisher("wiki", "https://wiki.example/**", CLOCK)
RULES: dict[str, Any] = {"freshness": {"max_age": "90d"}}
POLICY: dict[str, Any] = {"sources": [DOCS.source(**RULES), WIKI.source(**RULES)]}
STRICTER = Policy.from_mapping({"sources": [DOCS.source(freshness={"max_age": "30d"}), WIKI.source(**RULES)]})
RUNNER = CliRunner()
DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"


def documents(chance: random.Random) -> list[Chunk]:
    made = []
    for number in range(40):
        publisher = chance.choice((DOCS, WIKI))
        page = f"https://{publisher.name}.example/{number % 12}"
        chunk = publisher.seal(f"Text {number}. " * 3, page, modified=NOW - timedelta(days=chance.randint(0, 150)))
        fate = chance.random()
        if fate < 0.15:
            chunk = Chunk(chunk.text, {"source": page, "last_modified": NOW.isoformat()})
        elif fate < 0.3:
            chunk = Chunk(chunk.text + "!", chunk.metadata)
        elif fate < 0.4:
            chunk = Chunk(chunk.text, {"source": f"https://other.example/{number}", "date": "03/04/2026"})
        elif fate < 0.45:
            chunk = Chunk(chunk.text, {})
        made.append(chunk)
    return made


def write_log(path: Path, count: int = 60, *, seed: int = 1, max_bytes: int = 40_000) -> list[Path]:
    """Write a log of several days, modes and files, and return its files."""
    chance = random.Random(seed)
    chunks = documents(chance)
    gates = [Gate({**POLICY, "mode": mode}, clock=CLOCK) for mode in ("enforce", "audit", "warn")]
    full = chance.random() < 0.5
    log = DecisionLog(path, Log(path=str(path), max_bytes=max_bytes, keep=50, content="full" if full else "digest"))
    for number in range(count):
        gate = chance.choice(gates)
        some = chance.sample(chunks, chance.randint(0, 6))
        with asked_by(user=f"user-{number % 3}"):
            log.write(gate.judge(some, f"question {number}", NOW + timedelta(hours=3 * number)))
    log.close()
    return log_files(path)


def figures(entries: Callable[[], Any]) -> dict[str, object]:
    said: dict[str, object] = {by: score_sources(entries(), by=by).to_dict() for by in ("hour", "day", "week")}
    adoption = study_adoption(entries())
    said["adoption"] = adoption.to_dict()
    said["unsealed"] = adoption.manifest()
    for name, policy in (("stale", None), ("stale under a policy", STRICTER)):
        said[name] = find_stale(entries(), policy).to_dict()
    said["replay"] = replay_records(iter(entries()), STRICTER).to_dict()
    return said


def assert_the_same(files: list[Path], folder: Path) -> None:
    log = CompactedLog(folder)
    expected = list(read_log(files))
    found = list(log)
    assert [entry.record for entry in found] == [entry.record for entry in expected]
    assert [entry.notice for entry in found] == [entry.notice for entry in expected]
    assert figures(lambda: log) == figures(lambda: read_log(files))
    lines = [entry for entry in log.entries(with_lines=True) if entry.record is not None]
    assert [entry.digest for entry in lines] == [entry.digest for entry in expected if entry.record is not None]


def run(*arguments: object) -> Any:
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


def test_the_tables_say_what_the_log_says(tmp_path: Path) -> None:
    files = write_log(tmp_path / "log.jsonl")
    assert len(files) > 2
    done = compact_log(tmp_path / "log.jsonl", tmp_path / "tables")
    assert (done.admissions, done.raw, done.is_whole) == (60, 0, True)
    assert_the_same(files, tmp_path / "tables")


@pytest.mark.parametrize(
    "command",
    [
        ("log", "--counts", "--json"),
        ("log", "--counts"),
        ("log", "--json"),
        ("log", "--code", "P105", "--code", "F205"),
        ("log", "--source", "wiki", "--action", "drop", "--json"),
        ("log", "--counts", "--user", "user-1", "--until", "2026-06-04T00:00:00Z"),
        ("log", "--user", "user-2", "--since", "2026-06-03T00:00:00Z"),
        ("sources", "--json", "--by", "week"),
        ("report", "adoption", "--json"),
        ("report", "stale"),
        ("log", "--verify"),
        ("log", "--verify", "--json"),
    ],
)
def test_commands_print_the_same(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "log.jsonl"
    write_log(path)
    compact_log(path, tmp_path / "tables")
    group = 2 if command[0] == "report" else 1
    before = run(*command[:group], path, *command[group:])
    after = run(*command[:group], tmp_path / "tables", *command[group:])
    assert after.stdout == before.stdout
    assert after.exit_code == before.exit_code
    assert after.stdout


def test_one_admission_and_its_receipt_come_from_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_log(path)
    compact_log(path, tmp_path / "tables")
    entry = next(entry for entry in read_log(log_files(path)) if entry.record is not None)
    assert entry.record is not None
    shown = [
        run("log", log, "--admission", entry.record["admission"][:12], "--json") for log in (path, tmp_path / "tables")
    ]
    assert shown[0].stdout == shown[1].stdout
    assert json.loads(shown[1].stdout) == entry.record


def test_traffic_is_the_same_sample(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_log(path)
    compact_log(path, tmp_path / "tables")
    for sample in (7, 1_000):
        before, after = (Traffic.from_log(log, sample=sample, seed=3) for log in (path, tmp_path / "tables"))
        assert (after.records, after.seen) == (before.records, before.seen)


def test_a_run_goes_on_where_the_last_one_stopped_through_rotations(tmp_path: Path) -> None:
    path, folder = tmp_path / "log.jsonl", tmp_path / "tables"
    for seed in range(4):
        files = write_log(path, 20, seed=seed, max_bytes=30_000)
        assert compact_log(path, folder).admissions == 20
    assert compact_log(path, folder).admissions == 0
    # The log has rotated meanwhile, so what was read from one name went on under another.
    assert [entry.record for entry in CompactedLog(folder)] == [entry.record for entry in read_log(files)]
    assert run("log", folder, "--verify").exit_code == 0


def test_a_torn_tail_is_counted_and_read_once_it_is_whole(tmp_path: Path) -> None:
    path, folder = tmp_path / "log.jsonl", tmp_path / "tables"
    write_log(path, 5)
    line = path.read_bytes().splitlines(keepends=True)[-1]
    with path.open("ab") as log:
        log.write(line[:200])
    done = compact_log(path, folder)
    assert (done.admissions, done.torn, done.is_whole) == (5, 1, False)
    assert CompactedLog(folder).skipped == 1
    assert_the_same(log_files(path), folder)
    with path.open("ab") as log:
        log.write(b"\n" + line)
    assert run("log", "compact", path, "-o", folder).exit_code == 1  # the torn line is one without a record now
    assert_the_same(log_files(path), folder)
    with path.open("ab") as log:
        log.write(line[:200] + line)  # as after a process that was killed within a write
    compact_log(path, folder)
    assert_the_same(log_files(path), folder)


def odd_lines(record: dict[str, Any]) -> Iterator[bytes]:
    """Yield lines that no gate of this version writes."""
    yield b"noise\n"
    yield b"\xff\xfe\n"
    yield b"[" * 5_000 + b"\n"
    wholes: list[dict[str, object]] = [
        {"schema": 2},
        {"schema": "x"},
        {"type": "other"},
        {"now": "yesterday"},
        {"now": "0001-01-01T00:00:00+14:00"},
        {"now": "2026-06-01T12:00:00"},
        {"mode": 7, "counts": None, "seconds": 10**400},
        {"admission": "\ud800", "unknown": {"a": [1, 2.0, None]}},
        {"chain": {"id": "x", "n": 2**70, "prev": None}},
        {"chain": {"id": "x", "n": 1, "prev": None, "more": 1}},
        {"asker": {"user": "u", "pet": "p"}},
        {"pid": 2**64, "surplus": 1.5, "valid_until": None, "query": None},
    ]
    for change in wholes:
        yield json.dumps({**record, **change}).encode() + b"\n"
    changes: list[dict[str, object]] = [
        {"action": "maybe"},
        {"source": "'; DROP VIEW decisions; --", "uri": "../../../etc/passwd", "id": "\x00"},
        {"age_seconds": float("nan")},
        {"age_seconds": 1e308, "index": 2**63},
        {"age_seconds": 12.5, "modified": 3, "mode": "x", "errors": "P101"},
        {"uri": "", "id": "\ud800", "text": "\udfff"},
        {"evidence": {"times": {"valid_until": [5, 1, "day", True, "seal", "k"]}}},
        {"findings": [{"code": "P999", "severity": "error"}, {"code": "P999", "severity": "error"}]},
        {"findings": [{"code": "F203", "severity": "error", "detail": {"role": "valid_until", "unreadable": "x"}}]},
        {"findings": [{"code": "P105", "severity": "warning", "detail": {"uncovered": ["a"]}}]},
    ]
    for change in changes:
        first = {**record["decisions"][0], **change}
        yield json.dumps({**record, "decisions": [first, *record["decisions"]]}).encode() + b"\n"


def a_record() -> dict[str, Any]:
    chunks = documents(random.Random(5))[:4]
    made = log_record(Gate(POLICY, clock=CLOCK).judge(chunks, "q", NOW))
    loaded: dict[str, Any] = json.loads(json.dumps(made, default=str))
    return loaded


def test_what_others_wrote_is_counted_named_and_kept(tmp_path: Path) -> None:
    path, folder = tmp_path / "log.jsonl", tmp_path / "tables"
    write_log(path, 3)
    with path.open("ab") as log:
        log.writelines(odd_lines(a_record()))
    result = run("log", "compact", path, "-o", folder)
    assert result.exit_code == 1
    assert "7 lines without a record" in result.stderr
    assert_the_same(log_files(path), folder)
    named = run("log", folder)
    assert named.exit_code == 1
    assert named.stderr.count("skipped") == 7
    assert "schema 2, not 1" in named.stderr
    assert sorted(part.parent.name for part in folder.rglob("part-*")) == sorted(
        part.parent.name for part in folder.rglob("*.parquet")
    )
    assert {part.parent.name for part in folder.rglob("part-*")} <= {
        "skipped", "day=2026-06-01", "day=0001-01-01", "day=unknown",
    }  # fmt: skip


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(sorted(str(one) for one in HOSTILE_STRINGS)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BASE = a_record()


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from([*BASE, "asker", "chain", "valid_until", "x"]), VALUES, max_size=3),
            st.dictionaries(st.sampled_from([*BASE["decisions"][0], "tokens", "text", "x"]), VALUES, max_size=3),
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=500 if DEEP else 8)
def test_whatever_a_line_holds_the_tables_give_it_back(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    place = tmp_path_factory.mktemp("odd")
    path = place / "log.jsonl"
    with path.open("wb") as log:
        for whole, first in changes:
            decisions = [{**BASE["decisions"][0], **first}, *BASE["decisions"][1:]]
            log.write(json.dumps({**BASE, "decisions": decisions, **whole}).encode() + b"\n")
    compact_log(path, place / "tables")
    expected, found = list(read_log([path])), list(CompactedLog(place / "tables").entries(with_lines=True))
    # By their text, because what is not a number equals nothing.
    assert [repr(entry.record) for entry in found] == [repr(entry.record) for entry in expected]
    assert [entry.digest for entry in found] == [entry.digest for entry in expected]
    by_sql = score_sources(CompactedLog(place / "tables")).to_dict()
    assert json.dumps(by_sql, sort_keys=True) == json.dumps(score_sources(read_log([path])).to_dict(), sort_keys=True)


def test_the_chain_is_checked_against_the_lines_as_the_tables_give_them_back(tmp_path: Path) -> None:
    path, folder = tmp_path / "log.jsonl", tmp_path / "tables"
    files = write_log(path)
    lines = files[1].read_bytes().splitlines(keepends=True)
    files[1].write_bytes(b"".join([*lines[:2], *lines[3:]]))
    compact_log(path, folder)
    before, after = verify_chain(files).to_dict(), json.loads(run("log", folder, "--verify", "--json").stdout)
    assert before["problems"] == after["problems"] == 1
    assert before["heads"] == after["heads"]
    result = run("log", folder, "--verify")
    assert result.exit_code == 1
    assert "1 record of the chain" in result.stderr


def test_a_file_that_was_changed_behind_what_was_read_is_named(tmp_path: Path) -> None:
    path, folder = tmp_path / "log.jsonl", tmp_path / "tables"
    write_log(path, 4, max_bytes=10**8)
    compact_log(path, folder)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[3].replace(b'"mode"', b'"mood"')]))
    result = run("log", "compact", path, "-o", folder)
    assert result.exit_code == 1
    assert "was changed since" in result.stderr or "shorter" in result.stderr
    path.write_bytes(b"".join(lines[:2]))
    assert "shorter than when it was read" in run("log", "compact", path, "-o", folder).stderr
    path.write_bytes(whole)
    assert run("log", "compact", path, "-o", folder).exit_code == 0
    (tmp_path / "log.jsonl.7").write_bytes(whole)
    assert "begins as" in run("log", "compact", path, "-o", folder).stderr
    assert CompactedLog(folder).admissions == 4


def test_several_logs_of_a_folder_are_one_table(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for seed, name in enumerate(("a.jsonl", "b.jsonl")):
        write_log(logs / name, 10, seed=seed, max_bytes=30_000)
    (logs / "notes.txt").write_text("x")
    assert run("log", "compact", logs, "-o", tmp_path / "tables").exit_code == 0
    assert CompactedLog(tmp_path / "tables").admissions == 20
    assert run("log", tmp_path / "tables", "--verify").exit_code == 0
    found = run("log", tmp_path / "tables", "--sql", "SELECT log, count(*) AS n FROM admissions GROUP BY log", "--json")
    assert sorted(json.loads(line)["n"] for line in found.stdout.splitlines()) == [10, 10]


def test_a_query_of_the_users_own_reads_and_does_nothing_else(tmp_path: Path) -> None:
    path, folder = tmp_path / "log.jsonl", tmp_path / "it's [odd] *"
    write_log(path, 10)
    compact_log(path, folder)
    query = "SELECT source, count(*) AS n FROM decisions WHERE contains(codes, 'P105') GROUP BY source ORDER BY source"
    rows = [json.loads(line) for line in run("log", folder, "--sql", query, "--json").stdout.splitlines()]
    counted = json.loads(run("log", path, "--counts", "--code", "P105", "--json").stdout)["days"]
    assert sum(row["n"] for row in rows) == sum(day["documents"] for day in counted.values()) > 0
    for refused in (
        "DROP VIEW decisions",
        f"COPY decisions TO '{tmp_path}/out.csv'",
        "SELECT 1; SELECT 2",
        f"SELECT * FROM read_text('{path}')",  # noqa: S608
        "SELECT * FROM 'https://example.com/x.parquet'",
        "SELEC",
    ):
        result = run("log", folder, "--sql", refused)
        assert result.exception is not None, refused
        assert not isinstance(result.exception, SystemExit) or result.exit_code != 0
    assert not (tmp_path / "out.csv").exists()
    assert isinstance(run("log", path, "--sql", query).exception, HeadgateError)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_log(path, 2)
    other = tmp_path / "other"
    (other / "admissions").mkdir(parents=True)
    (other / "admissions" / "part-00000.parquet").write_bytes(b"mine")
    with pytest.raises(HeadgateError, match="something else"):
        compact_log(path, other)
    with pytest.raises(HeadgateError, match="not a folder"):
        compact_log(path, path)
    with pytest.raises(HeadgateError, match="this is a folder"):
        run_or_raise("sources", other)
    compact_log(path, tmp_path / "tables")
    with pytest.raises(HeadgateError, match="tables already"):
        compact_log(tmp_path / "tables", tmp_path / "again")


def run_or_raise(*arguments: object) -> None:
    result = run(*arguments)
    if result.exception is not None:
        raise result.exception


@pytest.mark.parametrize("damage", ["shorter", "missing", "other bytes", "state"])
def test_a_damaged_part_is_named(tmp_path: Path, damage: str) -> None:
    path, folder = tmp_path / "log.jsonl", tmp_path / "tables"
    write_log(path, 5)
    compact_log(path, folder)
    part = next((folder / "decisions").rglob("part-*.parquet"))
    data = part.read_bytes()
    if damage == "shorter":
        part.write_bytes(data[:-1])
    elif damage == "missing":
        part.unlink()
    elif damage == "other bytes":
        part.write_bytes(bytes(len(data)))
    else:
        state = folder / "_headgate_log.json"
        state.write_text(state.read_text().replace(part.name, "../../../x.parquet"))
    for command in (("sources",), ("log",), ("log", "--verify")):
        with pytest.raises(HeadgateError, match=r"damaged|cannot be read"):
            run_or_raise(command[0], folder, *command[1:])


def test_two_runs_never_mix(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    path, folder = tmp_path / "log.jsonl", tmp_path / "tables"
    write_log(path, 3)
    compact_log(path, folder)
    with (folder / "_headgate_log.json.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(HeadgateError, match="another run"):
            compact_log(path, folder)
    assert compact_log(path, folder).admissions == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from headgate.compaction import compacting
compacting._BATCH_LINES, compacting._PART_BYTES = 7, 30_000
left = int(sys.argv[3])
def step(event, arguments):
    global left
    # Every file that is opened, renamed or removed is a place to die.
    if event in ("open", "os.rename", "os.remove", "os.mkdir") and sys.argv[2] in str(arguments):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(step)
compacting.compact_log(sys.argv[1], sys.argv[2])
"""


def assert_whole(folder: Path, expected: list[Any]) -> None:
    assert [entry.record for entry in CompactedLog(folder)] == expected
    assert len(json.loads((folder / "_headgate_log.json").read_text())["parts"]) == len(list(folder.rglob("*.parquet")))
    assert not list(folder.rglob(".headgate-*"))


@pytest.mark.parametrize("step", range(2_000) if DEEP else (4, 40, 90))
def test_nothing_is_lost_or_twice_when_a_run_is_killed(tmp_path: Path, step: int) -> None:
    path, folder = tmp_path / "log.jsonl", tmp_path / "tables"
    expected = [entry.record for entry in read_log(write_log(path, 25, max_bytes=30_000))]
    ended = subprocess.run([sys.executable, "-c", KILLED, path, folder, str(step)], check=False)  # noqa: S603
    if ended.returncode == 0:
        pytest.skip("there are fewer steps")
    assert ended.returncode == -signal.SIGKILL
    if (folder / "_headgate_log.json").exists():
        # What counts is a beginning of the log, whole.
        found = [entry.record for entry in CompactedLog(folder)]
        assert found == expected[: len(found)]
    compact_log(path, folder)
    assert_whole(folder, expected)


class Killed(BaseException):
    """Stands for a process that ends here: what would tidy up does not."""


def leave_behind(writer: Any) -> None:
    for part in writer._open.values():
        part.writer.close()
        part.stream.close()


def test_every_step_is_one_at_which_a_run_may_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.jsonl"
    expected = [entry.record for entry in read_log(write_log(path, 12, max_bytes=30_000))]
    left = 0

    def dying(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return function(*arguments, **options)

        return called

    ended = 0
    for step in range(1_000):
        folder = tmp_path / f"tables-{step}"
        with monkeypatch.context() as patched:
            left = step
            patched.setattr(compacting, "_PART_BYTES", 20_000)
            patched.setattr(compacting, "_BATCH_LINES", 4)
            patched.setattr(PartWriter, "discard", leave_behind)
            patched.setattr(os, "fsync", dying(os.fsync))
            patched.setattr(Path, "replace", dying(Path.replace))
            patched.setattr(PartWriter, "write", dying(PartWriter.write))
            try:
                compact_log(path, folder)
            except Killed:
                ended += 1
            else:
                break
        compact_log(path, folder)
        assert_whole(folder, expected)
    assert ended > 20

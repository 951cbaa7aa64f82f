"""The registry: what was proved holds across retrievals, in memory and in a file."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate, HeadgateError, PolicyError
from headgate.policy import Policy
from headgate.record.writing import log_record
from headgate.registry import Known, MemoryRegistry, Proved, SqliteRegistry
from headgate.registry.database import DatabaseRegistry
from headgate.registry.facts import learned
from headgate.rehearsal import rehearse
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher

PAGE = "https://docs.example/leave"
MakeGate = Callable[..., Gate]


@pytest.fixture
def docs(clock: FixedClock) -> Publisher:
    return Publisher("docs", "https://docs.example/**", clock)


@pytest.fixture(params=["memory", "file"])
def new_gate(request: pytest.FixtureRequest, docs: Publisher, tmp_path: Path, clock: FixedClock) -> MakeGate:
    def make(**rules: Any) -> Gate:
        policy: dict[str, Any] = {"sources": [docs.source(**rules)]}
        if request.param == "file":
            policy["registry"] = {"path": str(tmp_path / "registry.sqlite")}
        return Gate(policy, clock=clock)

    return make


def actions(gate: Gate, *chunks: Chunk, **options: Any) -> list[str]:
    return [" ".join((one.action, *one.codes)) for one in gate.admit(chunks, **options).decisions]


def test_an_old_version_stays_out_once_the_new_one_was_admitted(new_gate: MakeGate, docs: Publisher) -> None:
    gate = new_gate()
    assert actions(gate, docs.seal("25 days", PAGE, version=1)) == ["admit"]
    assert actions(gate, docs.seal("30 days", PAGE, version=2)) == ["admit"]
    (decision,) = gate.admit([docs.seal("25 days", PAGE, version=1)]).decisions
    assert (decision.action, decision.codes) == ("drop", ("F205",))
    assert decision.findings[0].message == "This is version 1; version 2 was proved on 2026-06-01."
    assert actions(gate, docs.seal("30 days", PAGE, version=2)) == ["admit"]
    for _ in range(3):  # however often it is asked for
        assert actions(gate, docs.seal("25 days", PAGE, version=1)) == ["drop F205"]


def test_a_chunk_that_is_unchanged_in_the_current_version_is_current(new_gate: MakeGate, docs: Publisher) -> None:
    gate = new_gate()
    gate.admit([docs.seal("unchanged", PAGE, version=2)])
    old = [docs.seal(text, PAGE, version=1) for text in ("unchanged", "25 days")]
    assert actions(gate, *old, docs.seal("30 days", PAGE, version=2)) == ["admit", "drop F205", "admit"]


def test_without_versions_the_time_decides(new_gate: MakeGate, docs: Publisher, clock: FixedClock) -> None:
    gate = new_gate()
    gate.admit([docs.seal("30 days", PAGE, modified=clock.ago(days=1))])
    assert actions(gate, docs.seal("25 days", PAGE, modified=clock.ago(days=9))) == ["drop F205"]
    # Chunks of one version may differ by an hour.
    assert actions(gate, docs.seal("30 days, the end", PAGE, modified=clock.ago(days=1, minutes=50))) == ["admit"]


@pytest.mark.parametrize(
    ("minutes", "expected"), [((50, 50), "drop F205"), ((60, 60), "drop F205"), ((20, 40), "admit")]
)
def test_without_versions_a_text_is_current_for_as_long_as_times_may_differ(
    minutes: tuple[int, int], expected: str, new_gate: MakeGate, docs: Publisher, clock: FixedClock
) -> None:
    gate = new_gate()
    first, second, third = (
        docs.seal(text, PAGE, modified=clock.ago(minutes=ago))
        for text, ago in (("25 days", sum(minutes)), ("27 days", minutes[1]), ("30 days", 0))
    )
    for chunk in (first, second, third):  # each is near enough to the one before to be of its version
        assert actions(gate, chunk) == ["admit"]
    for _ in range(2):
        assert [actions(gate, chunk) for chunk in (first, second, third)] == [[expected], ["admit"], ["admit"]]
    # What goes back to an earlier text is of the time at which it does.
    clock.advance(timedelta(minutes=40))
    again = docs.seal("25 days", PAGE, modified=clock.now)
    assert [actions(gate, chunk) for chunk in (again, third)] == [["admit"], ["admit"]]
    clock.advance(timedelta(minutes=40))
    assert actions(gate, docs.seal("30 days, the end", PAGE, modified=clock.now)) == ["admit"]
    assert [actions(gate, chunk) for chunk in (again, third)] == [["admit"], ["drop F205"]]


def test_documents_and_sections_are_known_by_themselves(new_gate: MakeGate, docs: Publisher) -> None:
    gate = new_gate()
    gate.admit([docs.seal("30 days", PAGE, version=2)])
    for other in (f"{PAGE}/de", f"{PAGE}?lang=de", f"{PAGE}#section"):
        assert actions(gate, docs.seal("25 days", other, version=1)) == ["admit"], other


def test_the_current_version_is_what_is_in_force(new_gate: MakeGate, docs: Publisher, clock: FixedClock) -> None:
    gate = new_gate()
    tomorrow = clock.ago(days=-1)
    assert actions(gate, docs.seal("30 days", PAGE, version=2, not_before=tomorrow)) == ["drop F206"]
    assert actions(gate, docs.seal("25 days", PAGE, version=1)) == ["admit"]
    clock.advance(timedelta(days=2))
    new = docs.seal("30 days", PAGE, version=2, not_before=tomorrow, modified=clock.ago(days=1))
    assert actions(gate, new) == ["admit"]
    assert actions(gate, docs.seal("25 days", PAGE, version=1)) == ["drop F205"]
    # Asked about the day before, the old one was the one that held.
    old = docs.seal("25 days", PAGE, version=1, modified=clock.ago(days=90))
    assert actions(gate, old, as_of=clock.ago(days=2)) == ["admit"]


def test_a_question_about_another_date_teaches_nothing(new_gate: MakeGate, docs: Publisher, clock: FixedClock) -> None:
    gate = new_gate()
    gate.admit([docs.seal("30 days", PAGE, version=2)], as_of=clock.ago(days=-9))
    assert actions(gate, docs.seal("25 days", PAGE, version=1)) == ["admit"]


def test_a_source_that_wants_every_version_gets_it(new_gate: MakeGate, docs: Publisher) -> None:
    gate = new_gate(freshness={"supersede": False})
    gate.admit([docs.seal("30 days", PAGE, version=2)])
    assert actions(gate, docs.seal("25 days", PAGE, version=1)) == ["admit"]


def test_what_is_refused_or_only_let_through_teaches_nothing(
    new_gate: MakeGate, docs: Publisher, clock: FixedClock
) -> None:
    for gate in (new_gate(freshness={"max_age": "30d"}), new_gate(freshness={"max_age": "30d"}, mode="audit")):
        gate.admit([docs.seal("30 days", PAGE, version=2, modified=clock.ago(days=90))])
    assert actions(new_gate(), docs.seal("25 days", PAGE, version=1)) == ["admit"]


def test_a_reload_and_a_closed_gate_forget_nothing(tmp_path: Path, docs: Publisher, clock: FixedClock) -> None:
    file = tmp_path / "headgate.yaml"
    file.write_text(json.dumps({"sources": [docs.source()]}))
    gate = Gate(file, clock=clock)
    gate.admit([docs.seal("30 days", PAGE, version=2)])
    file.write_text(json.dumps({"sources": [docs.source(freshness={"max_age": "90d"})]}))
    assert gate.reload()
    gate.close()
    assert actions(gate, docs.seal("25 days", PAGE, version=1)) == ["drop F205"]


def test_a_record_holds_what_was_known_and_decides_alike(new_gate: MakeGate, docs: Publisher) -> None:
    gate = new_gate()
    gate.admit([docs.seal("unchanged", PAGE, version=2), docs.seal("30 days", PAGE, version=2)])
    old = [docs.seal(text, PAGE, version=1) for text in ("unchanged", "25 days")]
    record = log_record(gate.admit(old))
    known = record["decisions"][1]["evidence"]["registry"]
    assert [(one["ver"], one["same"]) for one in known] == [(2, False)]
    outcomes = Redecider(gate.policy).redecide(json.loads(json.dumps(record)))
    assert [one.action for one in outcomes] == ["admit", "drop"]
    assert not any(one.is_changed for one in outcomes)


def test_a_file_is_shared_by_processes(tmp_path: Path, docs: Publisher, clock: FixedClock) -> None:
    policy = {"sources": [docs.source()], "registry": {"path": str(tmp_path / "registry.sqlite")}}
    gate = Gate(policy, clock=clock)
    old, new = docs.seal("25 days", PAGE, version=1), docs.seal("30 days", PAGE, version=2)
    assert actions(gate, old) == ["admit"]
    program = (
        "import json, sys; from headgate import Chunk, Gate; from headgate.testing import FixedClock\n"
        "policy, text, metadata = json.load(sys.stdin)\n"
        "print(Gate(policy, clock=FixedClock()).admit([Chunk(text, metadata)]).decisions[0].action)"
    )
    given = json.dumps([policy, new.text, dict(new.metadata)])
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "admit"
    assert actions(gate, old) == ["drop F205"]
    assert (tmp_path / "registry.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_of_a_fork_reads_and_learns(tmp_path: Path, docs: Publisher, clock: FixedClock) -> None:
    policy = {"sources": [docs.source()], "registry": {"path": str(tmp_path / "registry.sqlite")}}
    gate = Gate(policy, clock=clock)
    old, new = docs.seal("25 days", PAGE, version=1), docs.seal("30 days", PAGE, version=2)
    assert actions(gate, old) == ["admit"]
    child = os.fork()
    if child == 0:
        os._exit(0 if actions(gate, new) == ["admit"] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert actions(gate, old) == ["drop F205"]


def test_threads_share_one(new_gate: MakeGate, docs: Publisher) -> None:
    gate, problems = new_gate(), []

    def ask(number: int) -> None:
        for version in range(1, 30):
            page = f"{PAGE}/{version % 5}"
            found = actions(gate, docs.seal(f"{number} {version}", page, version=version))
            if any("G901" in one for one in found):
                problems.append(found)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert actions(gate, docs.seal("early", f"{PAGE}/4", version=1)) == ["drop F205"]


async def test_asynchronous_admissions_know_the_same(new_gate: MakeGate, docs: Publisher) -> None:
    gate = new_gate()
    await gate.aadmit([docs.seal("30 days", PAGE, version=2)])
    admission = await gate.aadmit([docs.seal("25 days", PAGE, version=1)])
    assert admission.decisions[0].codes == ("F205",)


def test_a_rehearsal_writes_nothing_into_a_registry(tmp_path: Path, docs: Publisher, clock: FixedClock) -> None:
    from headgate import Policy

    file = tmp_path / "registry.sqlite"
    policy = Policy.from_mapping({"sources": [docs.source()], "registry": {"path": str(file)}})
    chunks = [Chunk(f"text {n}", {"source": f"{PAGE}/{n}", "version": 1}) for n in range(5)]
    rehearse(chunks, ["text"], lambda documents: lambda question: documents, policy, now=clock.now)
    assert not file.exists()


def test_memory_is_bounded() -> None:
    registry = MemoryRegistry(documents=10, texts=20)
    now = datetime(2026, 6, 1, tzinfo=timezone.utc)
    for number in range(100):
        registry.learn([Proved(f"d{number}", "key", f"{number} {text}", 1) for text in range(5)], now)
        assert len(registry) <= 10
    assert (
        sum(len(one.texts) for known in registry.known([f"d{n}" for n in range(100)]).values() for one in known) <= 20
    )
    for text in range(5_000):
        registry.learn([Proved("one", "key", str(text), 1)], now)
    assert all(len(one.texts) <= 20 for one in registry.known(["one"]).get("one", ()))


def test_a_file_that_cannot_be_used_is_a_policy_error(tmp_path: Path, docs: Publisher) -> None:
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE notes (text)")
    connection.commit()
    connection.close()
    garbage = tmp_path / "garbage.sqlite"
    garbage.write_bytes(b"no database at all " * 100)
    before = other.read_bytes()
    for path, problem in ((other, "another database"), (garbage, "not a database"), (tmp_path / "no" / "x", "No such")):
        file = tmp_path / "headgate.yaml"
        file.write_text(json.dumps({"sources": [docs.source()], "registry": {"path": str(path)}}))
        with pytest.raises(PolicyError, match=problem) as caught:
            Gate(file)
        assert caught.value.path == ("registry", "path")
        assert caught.value.line is not None
    assert other.read_bytes() == before


def test_a_file_that_breaks_while_it_is_used_admits_nothing_that_rests_on_it(
    tmp_path: Path, docs: Publisher, clock: FixedClock
) -> None:
    file = tmp_path / "registry.sqlite"
    wiki = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
    gate = Gate({"sources": [docs.source(), wiki], "registry": {"path": str(file)}}, clock=clock)
    chunk = docs.seal("30 days", PAGE, version=2)
    assert actions(gate, chunk) == ["admit"]
    gate.close()
    for path in tmp_path.glob("registry.sqlite*"):
        path.unlink()
    file.write_bytes(b"garbage" * 1_000)
    note = Chunk("note", {"source": "https://wiki.example/a"})
    assert actions(gate, chunk, note) == ["drop G901", "admit"]
    file.unlink()
    assert actions(gate, chunk, note) == ["admit", "admit"]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_read_and_the_rest_is_remembered(
    tmp_path: Path, docs: Publisher, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "registry.sqlite"
    policy = {"sources": [docs.source()], "registry": {"path": str(file)}}
    Gate(policy, clock=clock).admit([docs.seal("30 days", PAGE, version=2)])
    file.chmod(0o400)
    with caplog.at_level(logging.WARNING, "headgate"):
        gate = Gate(policy, clock=clock)
    assert "read-only" in caplog.text
    assert actions(gate, docs.seal("25 days", PAGE, version=1)) == ["drop F205"]
    gate.admit([docs.seal("new", f"{PAGE}/b", version=2)])
    assert actions(gate, docs.seal("old", f"{PAGE}/b", version=1)) == ["drop F205"]


def test_what_cannot_be_written_is_remembered_by_this_process(
    tmp_path: Path, docs: Publisher, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "registry.sqlite"
    gate = Gate({"sources": [docs.source()], "registry": {"path": str(file)}}, clock=clock)
    holding = sqlite3.connect(file, isolation_level=None)
    holding.execute("BEGIN IMMEDIATE")
    try:
        with caplog.at_level(logging.WARNING, "headgate"):
            assert actions(gate, docs.seal("30 days", PAGE, version=2)) == ["admit"]
        assert "by this process alone" in caplog.text
    finally:
        holding.execute("ROLLBACK")
        holding.close()
    assert actions(gate, docs.seal("25 days", PAGE, version=1)) == ["drop F205"]
    # With what is proved next, or at the end, it is written as well: another process knows it.
    gate.close()
    other = Gate({"sources": [docs.source()], "registry": {"path": str(file)}}, clock=clock)
    assert actions(other, docs.seal("25 days", PAGE, version=1)) == ["drop F205"]
    other.close()


def test_a_registry_says_why_it_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(HeadgateError, match="cannot be used"):
        SqliteRegistry(tmp_path)


def test_a_row_that_cannot_be_read_locks_the_file_for_nobody(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "registry.sqlite"
    registry = SqliteRegistry(file)
    registry.learn([Proved("one", "key", "text", 1)], clock.now)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("UPDATE documents SET version = 'abc'")
    with pytest.raises(HeadgateError, match="a version in it is none"):
        registry.known(["one"])
    with pytest.raises(HeadgateError):
        registry.learn([Proved("one", "key", "another", 2)], clock.now)
    connection.execute("BEGIN IMMEDIATE")  # nobody holds it
    connection.execute("DELETE FROM documents")
    connection.execute("COMMIT")
    connection.close()
    registry.learn([Proved("two", "key", "text", 1)], clock.now)
    assert set(registry.known(["one", "two"])) == {"one", "two"}
    registry.close()


def proved(days: int, digest: str) -> Proved:
    modified = datetime(2026, 6, 1, tzinfo=timezone.utc) - timedelta(days=days)
    return Proved("page", "key", digest, None, modified, None, timedelta(hours=1))


@pytest.mark.parametrize("known_digest", [True, False])
def test_without_versions_nothing_older_is_learned_whatever_its_text(known_digest: bool) -> None:
    registry, at = MemoryRegistry(), datetime(2026, 6, 2, tzinfo=timezone.utc)
    registry.learn([proved(1, "new")], at)
    before = registry.known(["page"])
    registry.learn([proved(9, "new" if known_digest else "old")], at)
    assert registry.known(["page"]) == before


def test_a_memory_that_is_just_full_forgets_nothing() -> None:
    registry, at = MemoryRegistry(documents=2, texts=2), datetime(2026, 6, 2, tzinfo=timezone.utc)
    one, two, three = (Proved(f"page {n}", "key", "text", n, None, None, timedelta(0)) for n in (1, 2, 3))
    registry.learn([one, two], at)
    assert set(registry.known(["page 1", "page 2"])) == {"page 1", "page 2"}
    registry.learn([three], at)
    assert set(registry.known(["page 1", "page 2", "page 3"])) == {"page 3"}


@pytest.mark.parametrize("is_writable", [True, False])
def test_that_a_registry_is_read_only_is_said_and_only_then(
    is_writable: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "registry of ann & bob#1?.sqlite"
    SqliteRegistry(path).close()
    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(os, "access", lambda *_: is_writable)
        registry = SqliteRegistry(path)
        assert registry.known(["page"]) == {}
        registry.close()
    assert any("is read-only" in record.getMessage() for record in caplog.records) is not is_writable
    assert all(name.startswith(path.name) for name in os.listdir(tmp_path))


moments = st.integers(0, 4).map(
    lambda number: datetime(2026, 6, 1, tzinfo=timezone.utc) + number * timedelta(minutes=40)
)
facts = st.builds(
    Proved,
    document=st.sampled_from(["a", "b"]),
    key=st.sampled_from(["k1", "k2"]),
    digest=st.sampled_from(["d1", "d2", "d3"]),
    version=st.one_of(st.none(), st.integers(0, 3), st.just(2**63 - 1)),
    modified=st.one_of(st.none(), moments),
    valid_from=st.one_of(st.none(), moments),
).filter(lambda one: one.version is not None or one.modified is not None)


@given(st.lists(st.lists(facts, max_size=3), max_size=8))
def test_every_registry_knows_what_follows_from_what_was_proved(batches: list[list[Proved]]) -> None:
    pytest.importorskip("sqlalchemy")
    at, known = datetime(2026, 6, 2, tzinfo=timezone.utc), dict[tuple[str, str], Known]()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr("headgate.registry.database._LONGEST_SECONDS", 600)  # however busy the machine is
        registries = (
            MemoryRegistry(),
            SqliteRegistry(Path(folder) / "a.sqlite"),
            DatabaseRegistry(f"sqlite:///{folder}/b.sqlite"),
        )
        for number, batch in enumerate(batches):
            for one in batch:
                after = learned(known.get((one.document, one.key)), one, at + timedelta(seconds=number))
                if after is not None:
                    known[one.document, one.key] = after
            for registry in registries:
                registry.learn(batch, at + timedelta(seconds=number))
                if number % 2 and not isinstance(registry, MemoryRegistry):
                    registry.close()  # what is used again opens it
        for registry in registries:
            found = registry.known(["a", "b", "c"])
            assert {(name, one.key): one for name, each in found.items() for one in each} == known
            assert set(registry.known(["b", "c"])) == {name for name, _ in known} - {"a"}
            assert registry.known([]) == {}
            registry.close()


def test_a_registry_in_a_database_is_asked_about_any_number_of_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sqlalchemy")
    monkeypatch.setattr("headgate.registry.database._LONGEST_SECONDS", 600)  # however busy the machine is
    registry, at = DatabaseRegistry(f"sqlite:///{tmp_path / 'a.sqlite'}"), datetime(2026, 6, 2, tzinfo=timezone.utc)
    names = [f"page {number}" for number in range(1_002)]
    held = {names[number] for number in (0, 499, 500, 501, 999, 1_000, 1_001)}
    registry.learn([Proved(name, "key", "text", 1) for name in held], at)
    assert registry.known(names).keys() == held
    longest = "x" * 2_048
    registry.learn([Proved(name, "key", "text", 1) for name in (longest, longest + "x", "a\0b", "last")], at)
    assert registry.known([longest, longest + "x", "a\0b", "last"]).keys() == {longest, "last"}
    registry.close()


@pytest.mark.parametrize(
    ("query", "served"),
    [
        ("What did version 1 say about leave?", True),
        ("what was in v1?", True),
        ("What are the 1 or 2 rules of leave?", False),
        ("What did version 11 say?", False),
        ("What did version 2 say?", False),
        (None, False),
    ],
)
def test_a_question_that_names_a_superseded_version_is_served_it_where_the_policy_says_so(
    query: str | None, served: bool, new_gate: MakeGate, docs: Publisher
) -> None:
    gate, old = new_gate(freshness={"asked": "warn"}), docs.seal("25 days", PAGE, version=1)
    assert actions(gate, docs.seal("30 days", PAGE, version=2)) == ["admit"]
    said = "admit F205" if served else "drop F205"
    assert actions(gate, old, docs.seal("30 days", PAGE, version=2), query=query) == [said, "admit"]
    assert actions(gate, old, query=query) == [said]
    # What was served as an old version is current for nobody.
    assert actions(gate, old) == ["drop F205"]
    assert actions(new_gate(), docs.seal("30 days", PAGE, version=2), old, query=query) == ["admit", "drop F205"]


def test_a_version_that_was_asked_for_is_decided_again_as_it_was(docs: Publisher, clock: FixedClock) -> None:
    policy = {"sources": [docs.source(freshness={"asked": "warn"})]}
    old, new = (docs.seal(f"{25 + 5 * version} days", PAGE, version=version) for version in (1, 2))
    admission = Gate(policy, clock=clock).admit([old, new], query="What did version 1 say?")
    record = json.loads(json.dumps(log_record(admission)))
    assert [one.action for one in Redecider(Policy.from_mapping(policy)).redecide(record)] == ["admit", "admit"]
    strict = Redecider(Policy.from_mapping({"sources": [docs.source()]}))
    assert [one.action for one in strict.redecide(record)] == ["drop", "admit"]

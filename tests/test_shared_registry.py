"""A registry in a database: what one gate of a fleet has proved counts for all of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate, HeadgateError, Policy, PolicyError
from headgate.registry import Known, Proved
from headgate.registry.database import DatabaseRegistry
from headgate.registry.memory import MemoryRegistry
from headgate.testing import FixedClock, Publisher
from worlds import CLOCK

sqlalchemy = pytest.importorskip("sqlalchemy")
PAGE = "https://handbook.example/leave"
MakeGate = Callable[..., Gate]


@pytest.fixture
def url(postgres: str) -> str:
    """Return the URL of an empty database."""
    engine = sqlalchemy.create_engine(postgres)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP TABLE IF EXISTS headgate_documents, headgate_texts"))
    engine.dispose()
    return postgres


@pytest.fixture
def new_gate(url: str, handbook: Publisher, clock: FixedClock) -> Iterator[MakeGate]:
    made: list[Gate] = []

    def make(**more: Any) -> Gate:
        made.append(Gate({"sources": [handbook.source()], "registry": {"url": url}, **more}, clock=clock))
        return made[-1]

    yield make
    for gate in made:
        gate.close()


def page(handbook: Publisher, version: int, text: str | None = None) -> Chunk:
    return handbook.seal(text or f"{version} days", PAGE, version=version)


def codes(gate: Gate, *chunks: Chunk) -> list[tuple[str, ...]]:
    return [one.codes for one in gate.admit(list(chunks)).decisions]


def test_what_one_gate_has_proved_counts_for_another_at_once(new_gate: MakeGate, handbook: Publisher) -> None:
    here, there = new_gate(), new_gate()
    for _ in range(3):
        assert codes(there, page(handbook, 1)) == [()]
    assert codes(here, page(handbook, 2)) == [()]
    assert codes(there, page(handbook, 1)) == [("F205",)]
    assert codes(new_gate(), page(handbook, 1)) == [("F205",)]


async def test_asynchronous_gates_share_it_too(new_gate: MakeGate, handbook: Publisher) -> None:
    here, there = new_gate(), new_gate()
    assert (await there.aadmit([page(handbook, 1)])).chunks
    assert (await here.aadmit([page(handbook, 2)])).chunks
    assert not (await there.aadmit([page(handbook, 1)])).chunks


def test_a_text_that_is_unchanged_in_the_current_version_is_current(new_gate: MakeGate, handbook: Publisher) -> None:
    here, there = new_gate(), new_gate()
    assert codes(here, page(handbook, 2, "same"), page(handbook, 2, "new")) == [(), ()]
    assert codes(there, page(handbook, 1, "same")) == [()]
    assert codes(there, page(handbook, 1, "old")) == [("F205",)]


@given(
    st.lists(
        st.builds(
            Proved,
            document=st.sampled_from(["a", "b"]),
            key=st.sampled_from(["k1", "k2"]),
            digest=st.sampled_from(["d1", "d2", "d3"]),
            version=st.one_of(st.none(), st.integers(0, 3), st.just(2**63 - 1)),
            modified=st.one_of(st.none(), st.integers(0, 5).map(lambda days: CLOCK.ago(days=days))),
            valid_from=st.one_of(st.none(), st.just(CLOCK.now)),
        ).filter(lambda one: one.version is not None or one.modified is not None),
        max_size=8,
    )
)
def test_it_knows_what_one_in_memory_knows(postgres: str, proved: list[Proved]) -> None:
    shared, alone = DatabaseRegistry(postgres), MemoryRegistry()
    with shared._opened().begin() as connection:
        connection.execute(sqlalchemy.text("TRUNCATE headgate_documents, headgate_texts"))
    for one in proved:
        shared.learn([one], CLOCK.now)
        alone.learn([one], CLOCK.now)
    found, expected = shared.known(["a", "b", "c"]), alone.known(["a", "b", "c"])
    shared.close()
    assert _sorted(found) == _sorted(expected)


def _sorted(known: Any) -> dict[str, list[Known]]:
    return {document: sorted(facts, key=lambda one: one.key) for document, facts in known.items()}


def test_many_gates_that_learn_at_once_lose_nothing_and_wait_for_nobody_for_ever(url: str) -> None:
    registries = [DatabaseRegistry(url) for _ in range(4)]
    failures: list[Exception] = []

    def learn(registry: DatabaseRegistry, number: int) -> None:
        try:
            for version in range(10):
                proved = [
                    Proved(f"document {place}", "key", f"{number}.{version}.{place}", version)
                    for place in (range(3) if number % 2 else reversed(range(3)))
                ]
                registry.learn(proved, CLOCK.now)
        except HeadgateError as error:
            failures.append(error)

    threads = [threading.Thread(target=learn, args=(one, number)) for number, one in enumerate(registries)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    known = registries[0].known([f"document {place}" for place in range(3)])
    for facts in known.values():
        assert [(one.version, len(one.texts)) for one in facts] == [(9, 4)]
    for one in registries:
        one.close()


def test_where_it_cannot_be_asked_what_rests_on_it_is_kept_out(
    new_gate: MakeGate, url: str, handbook: Publisher, clock: FixedClock
) -> None:
    gate = new_gate()
    unsigned = Chunk("x", {"source": PAGE})
    assert codes(gate, page(handbook, 1)) == [()]
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("ALTER TABLE headgate_documents RENAME TO aside"))
    try:
        first = gate.admit([page(handbook, 1), unsigned])
        assert [one.codes for one in first.decisions] == [("G901",), ("P101",)]
        (again,) = gate.admit([page(handbook, 1)]).decisions[0].findings
        assert "a moment ago" in str(again.detail)
    finally:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("ALTER TABLE aside RENAME TO headgate_documents"))
        engine.dispose()
    assert codes(new_gate(), page(handbook, 1)) == [()]


def test_what_could_not_be_written_is_remembered_and_written_later(
    url: str, handbook: Publisher, clock: FixedClock
) -> None:
    registry = DatabaseRegistry(url)
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("ALTER TABLE headgate_texts RENAME TO aside"))
    proved = Proved("a", "key", "digest", 3)
    with pytest.raises(HeadgateError, match="cannot be used"):
        registry.learn([proved], CLOCK.now)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("ALTER TABLE aside RENAME TO headgate_texts"))
    engine.dispose()
    registry._failed_at = float("-inf")  # its rest is over
    registry.learn([Proved("b", "key", "digest", 1)], CLOCK.now)
    fresh = DatabaseRegistry(url)
    assert {document: facts[0].version for document, facts in fresh.known(["a", "b"]).items()} == {"a": 3, "b": 1}
    registry.close()
    fresh.close()


def test_what_cannot_be_written_keeps_nobody_from_reading(url: str, caplog: pytest.LogCaptureFixture) -> None:
    registry = DatabaseRegistry(url)
    registry.learn([Proved("a", "key", "digest", 1)], CLOCK.now)
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            sqlalchemy.text("CREATE RULE frozen AS ON INSERT TO headgate_documents DO INSTEAD SELECT 1/0")
        )
    try:
        registry.learn([Proved("b", "key", "digest", 1)], CLOCK.now)
        assert registry.known(["a"])["a"][0].version == 1
    finally:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("DROP RULE frozen ON headgate_documents"))
        engine.dispose()
        registry.close()


def test_what_a_database_cannot_hold_keeps_nothing_else_out_of_it(url: str, caplog: pytest.LogCaptureFixture) -> None:
    registry = DatabaseRegistry(url)
    odd = [
        Proved("a\x00b", "key", "digest", 1),
        Proved("a", "key", "digest", 2**70),
        Proved("b", "k" * 90, "digest", 1),
    ]
    registry.learn([odd[0], Proved("c", "key", "digest", 3), *odd[1:]], CLOCK.now)
    assert registry.known(["c", "a\x00b"])["c"][0].version == 3
    assert "cannot hold what was proved" in caplog.text
    registry.learn([Proved("d", "key", "digest", 4)], CLOCK.now)
    assert registry.known(["d"])["d"][0].version == 4
    registry.close()


def test_a_server_that_says_nothing_is_waited_for_to_a_bound(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = DatabaseRegistry(url)
    released = threading.Event()
    monkeypatch.setattr("headgate.registry.database._LONGEST_SECONDS", 0.1)
    try:
        with pytest.raises(HeadgateError, match="cannot be used"):
            registry._use(lambda connection: released.wait())
        with pytest.raises(HeadgateError, match="a moment ago"):
            registry.known(["a"])
    finally:
        released.set()
    for thread in threading.enumerate():
        if thread.name == "headgate-registry":
            thread.join()
    registry.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_child_of_a_fork_asks_by_a_connection_of_its_own(new_gate: MakeGate, handbook: Publisher) -> None:
    gate = new_gate()
    assert codes(gate, page(handbook, 2)) == [()]
    child = os.fork()
    if child == 0:
        os._exit(0 if codes(gate, page(handbook, 1)) == [("F205",)] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert codes(gate, page(handbook, 1)) == [("F205",)]


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        ({}, "name a file (path), or a database"),
        ({"path": "r.sqlite", "secret_env": "PASSWORD"}, "secret_env is about url"),
        ({"url": "postgresql+psycopg://a:secret@db.example/x"}, "holds a password"),
        ({"url": "postgresql+psycopg://a@db.example/x", "secret_env": "not a name"}, "not the name of an environment"),
        ({"url": "sqlite:///r.sqlite"}, "is named by path"),
        ({"url": "nothing"}, "url names a database"),
    ],
)
def test_what_names_no_database_is_a_policy_error(registry: dict[str, str], said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.from_mapping({"registry": registry})
    assert said in str(caught.value)
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg://a@127.0.0.1:1/x", "cannot be used"),
        ("unheardof://a@db.example/x", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_a_policy_error_with_its_place(
    url: str, said: str, handbook: Publisher
) -> None:
    with pytest.raises(PolicyError, match=said) as caught:
        Gate({"sources": [handbook.source()], "registry": {"url": url}})
    assert caught.value.path == ("registry", "url")


def test_a_password_comes_from_the_environment_and_into_no_message(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HeadgateError, match="HG_PASSWORD is not set"):
        DatabaseRegistry(postgres, "HG_PASSWORD")
    monkeypatch.setenv("HG_PASSWORD", "tiger-7")
    DatabaseRegistry(postgres, "HG_PASSWORD").close()  # the server trusts whoever comes by its socket
    with pytest.raises(HeadgateError) as caught:
        DatabaseRegistry("postgresql+psycopg://a@127.0.0.1:1/tiger-7", "HG_PASSWORD")
    assert "tiger-7" not in str(caught.value).replace("127.0.0.1:1/tiger-7", "")


def test_where_the_tables_cannot_be_made_it_is_said_why(postgres: str, url: str) -> None:
    engine = sqlalchemy.create_engine(url)
    statements = (
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    )
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sqlalchemy.text(statement))
    engine.dispose()
    with pytest.raises(HeadgateError, match="permission denied for schema"):
        DatabaseRegistry(postgres.replace("postgres@", "reader@"))


def test_more_questions_than_may_be_under_way_at_once_are_asked_one_after_another(url: str) -> None:
    registry = DatabaseRegistry(url)
    for number in range(100):
        registry.learn([Proved(f"d{number}", "key", "digest", number)], CLOCK.now)
        assert registry.known([f"d{number}"])[f"d{number}"][0].version == number
    registry.close()


def test_feeds_still_need_a_file_of_this_machine(handbook: Publisher, tmp_path: Path) -> None:
    source = handbook.source(freshness={"feeds": [{"changes": "changes.jsonl"}]})
    with pytest.raises(PolicyError, match="where to keep what the feeds say"):
        Policy.from_mapping({"sources": [source], "registry": {"url": "postgresql+psycopg://a@db.example/x"}})
    both = {"url": "postgresql+psycopg://a@db.example/x", "path": "registry.sqlite"}
    assert Policy.from_mapping({"sources": [source], "registry": both}).registry_path is not None


def test_a_question_that_is_asked_again_is_asked_of_the_database_too(
    new_gate: MakeGate, handbook: Publisher, clock: FixedClock
) -> None:
    gate, other = new_gate(), new_gate()
    chunk = page(handbook, 1)
    for _ in range(4):
        assert codes(gate, chunk) == [()]
        clock.advance(timedelta(minutes=1))
    assert codes(other, page(handbook, 5)) == [()]
    assert codes(gate, chunk) == [("F205",)]

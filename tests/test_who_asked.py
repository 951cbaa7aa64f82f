"""Who asked is in the record: said by the application or by the framework's settings, as a salted digest."""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headgate import Chunk, Gate, asked_by
from headgate.cli.app import app
from headgate.record import read_log
from headgate.record.asking import salt_path
from headgate.testing import FixedClock, Publisher

URI = "https://handbook.example/a"


def make_gate(handbook: Publisher, clock: FixedClock, path: Path, **log: Any) -> Gate:
    return Gate({"sources": [handbook.source()], "log": {"path": str(path), **log}}, clock=clock)


def askers(path: Path) -> list[dict[str, str] | None]:
    return [entry.record.get("asker") for entry in read_log([path]) if entry.record is not None]


def test_who_asks_is_recorded_as_a_digest_that_only_the_salt_can_try(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path, other = tmp_path / "log.jsonl", tmp_path / "other.jsonl"
    chunk = handbook.seal("text", URI)
    for log in (path, other):
        with make_gate(handbook, clock, log) as gate:
            with asked_by(user="zelda@example.org", tenant="zelda@example.org"):
                gate.admit([chunk])
                asyncio.run(gate.aadmit([chunk]))
            gate.admit([chunk])
    first, second, nobody = askers(path)
    assert first == second
    assert nobody is None
    assert first is not None
    assert first["user"] != first["tenant"]
    assert first != askers(other)[0]  # another log has another salt
    assert "zelda" not in path.read_text()
    assert salt_path(path).stat().st_mode & 0o077 == 0
    found = CliRunner().invoke(app, ["log", str(path), "--user", "zelda@example.org", "--json"])
    assert len(found.stdout.splitlines()) == 2
    assert not CliRunner().invoke(app, ["log", str(path), "--user", "eve@example.org", "--json"]).stdout


def test_in_the_clear_or_not_at_all_is_a_choice(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    for asker, expected in (("clear", [{"user": "zelda"}]), ("none", [None])):
        path = tmp_path / f"{asker}.jsonl"
        with make_gate(handbook, clock, path, asker=asker) as gate, asked_by(user="zelda"):
            gate.admit([handbook.seal("text", URI)])
        assert askers(path) == expected
        assert not salt_path(path).exists()
    assert CliRunner().invoke(app, ["log", str(tmp_path / "clear.jsonl"), "--user", "zelda", "--json"]).stdout


def test_a_salt_that_is_damaged_is_no_reason_to_record_names(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    salt_path(path).write_bytes(b"short")
    with make_gate(handbook, clock, path) as gate, asked_by(user="zelda"):
        admission = gate.admit([handbook.seal("text", URI)])
    assert [decision.codes for decision in admission.decisions] == [("G905",)]


@pytest.mark.parametrize("value", ["\ud800", "x" * 10_000, object(), 7, ["a"]])
def test_whatever_an_application_says_the_question_goes_on(
    value: object, handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    with make_gate(handbook, clock, path, asker="clear") as gate, asked_by(user=value):
        assert gate.admit([handbook.seal("text", URI)]).chunks
    (asker,) = askers(path)
    assert asker is not None
    assert len(asker["user"]) <= 256


def test_langchain_says_it_in_the_config(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    from langchain_core.documents import Document
    from langchain_core.embeddings import DeterministicFakeEmbedding
    from langchain_core.runnables import RunnableLambda
    from langchain_core.vectorstores import InMemoryVectorStore

    from langchain_headgate import guard

    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path, asker="clear")
    sealed = handbook.seal("text", URI)
    store = InMemoryVectorStore.from_documents(
        [Document(sealed.text, metadata=dict(sealed.metadata))], DeterministicFakeEmbedding(size=8)
    )
    retriever = guard(store.as_retriever(), gate)
    chain = RunnableLambda(lambda question: question) | retriever
    retriever.invoke("q", config={"metadata": {"user_id": "zelda"}})
    chain.invoke("q", config={"configurable": {"user_id": "zelda", "thread_id": "t1"}})
    asyncio.run(chain.ainvoke("q", config={"metadata": {"tenant_id": "acme"}}))
    with asked_by(user="bob"):  # said by the application itself
        retriever.invoke("q", config={"metadata": {"user_id": "zelda"}})
    found = askers(path)
    assert all(one is not None and uuid.UUID(one.pop("run")) for one in found)
    assert found == [{"user": "zelda"}, {"user": "zelda", "session": "t1"}, {"tenant": "acme"}, {"user": "bob"}]


def test_llama_index_says_it_in_the_tags(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    from llama_index.core import VectorStoreIndex
    from llama_index.core.embeddings import MockEmbedding
    from llama_index.core.instrumentation.dispatcher import instrument_tags  # type: ignore[attr-defined]  # re-exported
    from llama_index.core.schema import TextNode

    from llama_index.postprocessor.headgate import guard

    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path, asker="clear")
    sealed = handbook.seal("text", URI)
    index = VectorStoreIndex(
        [TextNode(text=sealed.text, metadata=dict(sealed.metadata))], embed_model=MockEmbedding(embed_dim=8)
    )
    retriever = guard(index.as_retriever(), gate)
    with instrument_tags({"user_id": "zelda"}):
        retriever.retrieve("q")
    (asker,) = askers(path)
    assert asker is not None
    assert asker["user"] == "zelda"


def test_traces_and_sinks_do_not_get_it(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    seen: list[Any] = []
    policy = {"sources": [handbook.source()], "log": {"path": str(tmp_path / "log.jsonl")}}
    with Gate(policy, clock=clock, sinks=[seen.append]) as gate, asked_by(user="zelda"):
        gate.admit([Chunk("text", {"source": URI})])
    assert "zelda" not in json.dumps(seen[0].to_dict())

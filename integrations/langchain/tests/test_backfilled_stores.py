"""Real stores of LangChain that hold documents without seals: backfilled, guarded, and searched under enforcement."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from backfilled import EMBEDDING, HANDBOOK, SIZE, check_end_to_end, documents, index_of, policy_of, search
from typer.testing import CliRunner

from headgate import AdapterError
from headgate.chunk import SEAL_KEY
from headgate.cli.app import app
from headgate.integration.backfilling import SealedRow, backfill
from langchain_headgate import guard
from langchain_headgate.adapter import LangChainAdapter


@pytest.fixture
def chroma(tmp_path: Path) -> Any:
    chroma = pytest.importorskip("langchain_chroma")
    store = chroma.Chroma("handbook", EMBEDDING, persist_directory=str(tmp_path / "chroma"))
    store.add_documents(documents(), ids=[f"id-{number}" for number in range(SIZE)])
    return store


def chroma_vectors(store: Any) -> dict[str, bytes]:
    found = store._collection.get(include=["embeddings"])
    return {name: vector.tobytes() for name, vector in zip(found["ids"], found["embeddings"], strict=True)}


def test_chroma(chroma: Any) -> None:
    check_end_to_end(chroma, lambda: chroma_vectors(chroma))


@pytest.fixture
def qdrant(tmp_path: Path) -> Iterator[Any]:
    module, client = pytest.importorskip("langchain_qdrant"), pytest.importorskip("qdrant_client")
    opened = client.QdrantClient(path=str(tmp_path / "qdrant"))
    opened.create_collection("handbook", vectors_config=client.models.VectorParams(size=8, distance="Cosine"))
    store = module.QdrantVectorStore(opened, "handbook", EMBEDDING)
    store.add_documents(documents(), ids=[str(UUID(int=number)) for number in range(SIZE)])
    yield store
    opened.close()


def qdrant_vectors(store: Any) -> dict[str, list[float]]:
    points, _ = store.client.scroll(store.collection_name, limit=SIZE, with_vectors=True)
    # The client without a server normalises a vector again whenever it writes a point.
    return {str(point.id): [round(number, 5) for number in point.vector] for point in points}


def test_qdrant(qdrant: Any) -> None:
    check_end_to_end(qdrant, lambda: qdrant_vectors(qdrant))


def test_points_of_qdrant_that_others_wrote_or_change(qdrant: Any) -> None:
    client, name = qdrant.client, qdrant.collection_name
    point = pytest.importorskip("qdrant_client").models.PointStruct
    odd = [{"metadata": {"source": "https://handbook.example/a"}}, {"page_content": "text", "metadata": "none"}, None]
    client.upsert(name, [point(id=1_000 + n, vector=[0.5] * 8, payload=one) for n, one in enumerate(odd)])
    index = index_of(qdrant)
    rows = [row for page in index.pages(SIZE + 3) for row in page]
    client.set_payload(name, payload={"page_content": "changed meanwhile"}, points=[str(UUID(int=3))])
    client.delete(name, points_selector=[str(UUID(int=4))])
    named = [str(UUID(int=number)) for number in (2, 3, 4)]
    wanted = [SealedRow(row, "seal") for row in rows if row.id in named]
    assert sorted(index.write(wanted)) == named[1:]
    found = {outcome.id: outcome for outcome in backfill(index, HANDBOOK.sealer, writes=True)}
    assert [found[str(1_000 + number)].state for number in range(3)] == ["unfit"] * 3
    assert "no text under 'page_content'" in str(found["1000"].problem)


def test_a_collection_of_chroma_itself(chroma: Any) -> None:
    index = index_of(chroma._collection)
    assert [outcome.state for outcome in backfill(index, HANDBOOK.sealer, writes=True)].count("sealed") == SIZE - 1
    assert len(search(chroma)) == SIZE - 1


def test_a_guarded_store_and_a_retriever_mean_the_store_itself(chroma: Any) -> None:
    for form in (guard(chroma, policy_of()), chroma.as_retriever(), guard(chroma.as_retriever(), policy_of())):
        assert index_of(form).count() == SIZE


def test_rows_of_chroma_that_others_wrote(chroma: Any) -> None:
    collection = chroma._collection
    vector = [0.5] * 8
    collection.add(ids=["no text"], embeddings=[vector], metadatas=[{"source": "https://handbook.example/a"}])
    collection.add(ids=["no metadata"], embeddings=[vector], documents=["text"])
    found = {outcome.id: outcome for outcome in backfill(index_of(chroma), HANDBOOK.sealer, writes=True)}
    assert (found["no text"].state, found["no text"].problem) == ("unfit", "it has no text")
    assert "names no source" in str(found["no metadata"].problem)


def test_the_command_on_a_folder_of_chroma(chroma: Any, tmp_path: Path) -> None:
    HANDBOOK.key.save(tmp_path / "handbook")
    key = next(path for path in tmp_path.glob("handbook*") if "private" in path.name)
    pages = tmp_path / "docs"
    pages.mkdir()
    for document in documents()[: SIZE - 2]:
        (pages / document.metadata["source"].rpartition("/")[2]).write_text(f"# Leave\n\n{document.page_content}\n")
    (pages / "1.md").write_text("Somebody changed the origin.")
    words = ["backfill", str(tmp_path / "chroma"), "--key", str(key), "--issuer", "handbook"]
    words += ["--against", str(pages), "--prefix", "https://handbook.example/"]
    before = chroma_vectors(chroma)
    dry = CliRunner().invoke(app, words)
    assert dry.exit_code == 1, dry.output
    assert f"{SIZE} rows, {SIZE - 3} would be sealed; nothing was written" in dry.output
    assert not search(chroma)
    done = CliRunner().invoke(app, [*words, "--write", "--list", str(tmp_path / "rows.jsonl")])
    assert done.exit_code == 1  # three are not sealed, and named
    assert "Not what the origin says, so not sealed: 2 rows." in done.output
    assert "its text is not part of the origin's document" in done.output
    assert "Not to be sealed: 1 row." in done.output
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == SIZE
    assert len(search(chroma)) == SIZE - 3
    assert chroma_vectors(chroma) == before
    again = json.loads(CliRunner().invoke(app, [*words, "--write", "--json"]).stdout)
    assert (again["sealed"], again["kept"], again["differs"], again["unfit"]) == (0, SIZE - 3, 2, 1)
    alone = CliRunner().invoke(app, [*words[:6], "--json"])
    assert json.loads(alone.stdout)["is_compared"] is False
    assert "poison included" in CliRunner().invoke(app, words[:6]).output


def test_places_that_are_no_store_are_named(tmp_path: Path, chroma: Any) -> None:
    HANDBOOK.key.save(tmp_path / "handbook")
    key = next(path for path in tmp_path.glob("handbook*") if "private" in path.name)
    for place, said in (
        (str(tmp_path / "none"), "not a store known here"),
        ("json:decoder", "not a store known here"),
        (str(tmp_path / "chroma"), "there is no collection 'other'"),
    ):
        done = CliRunner().invoke(
            app, ["backfill", place, "--key", str(key), "--issuer", "handbook", "--collection", "other"]
        )
        assert done.exit_code != 0
        assert said in f"{done.exception}{done.output}"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    pgserver = pytest.importorskip("pgserver")
    pytest.importorskip("langchain_postgres")
    # Not below pytest's folder: run by root, the server has a user of its own, who may not look in there.
    server = pgserver.get_server(tempfile.mkdtemp(prefix="headgate-pg-"), cleanup_mode="delete")
    try:
        server.psql("CREATE EXTENSION vector")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


def pg_vectors(address: str, table: str, key: str) -> dict[str, str]:
    from sqlalchemy import create_engine, text

    engine = create_engine(address)
    with engine.connect() as connection:
        rows = connection.execute(text(f"SELECT {key}::text, embedding::text FROM {table}")).all()  # noqa: S608 - ours
    engine.dispose()
    return {row[0]: row[1] for row in rows}


def test_pgvector(postgres: str) -> None:
    from langchain_postgres import PGVector

    names = ["handbook", "other"]
    stores: list[Any] = [
        PGVector(EMBEDDING, connection=postgres, collection_name=name, pre_delete_collection=True) for name in names
    ]
    for store in stores:
        store.add_documents(documents())
    check_end_to_end(stores[0], lambda: pg_vectors(postgres, "langchain_pg_embedding", "id"))
    assert not search(stores[1])  # the other collection in the same table is as it was
    index = LangChainAdapter().open_index(postgres, names[1])
    assert index is not None
    assert [outcome.state for outcome in backfill(index, HANDBOOK.sealer, writes=True)].count("sealed") == SIZE - 1
    assert len(search(stores[1])) == SIZE - 1
    for store in stores:
        store._engine.dispose()


def test_pgvectorstore(postgres: str) -> None:
    from langchain_postgres import Column, PGEngine, PGVectorStore

    engine = PGEngine.from_connection_string(url=postgres)
    engine.init_vectorstore_table("hand_book", 8, metadata_columns=[Column("title", "TEXT"), Column("page", "INTEGER")])
    store = PGVectorStore.create_sync(engine, EMBEDDING, "hand_book", metadata_columns=["title", "page"])
    store.add_documents(documents())
    check_end_to_end(store, lambda: pg_vectors(postgres, "hand_book", "langchain_id"))
    with pytest.raises(AdapterError, match="neither a collection"):
        LangChainAdapter().open_index(postgres, "no_such_table")
    with pytest.raises(AdapterError, match="--collection"):
        LangChainAdapter().open_index(postgres, None)
    engine._run_as_sync(engine.close())


def test_a_row_of_postgres_that_was_changed_meanwhile_is_not_overwritten(postgres: str) -> None:
    from langchain_postgres import PGVector
    from sqlalchemy import text

    store: Any = PGVector(EMBEDDING, connection=postgres, collection_name="busy", pre_delete_collection=True)
    store.add_documents(documents()[:2], ids=["busy-0", "busy-1"])
    index = index_of(store)
    (rows,) = index.pages(10)
    with store._engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE langchain_pg_embedding SET cmetadata = cmetadata || '{\"title\": \"new\"}' WHERE id = 'busy-0'"
            )
        )
    assert list(index.write([SealedRow(row, "token") for row in rows])) == ["busy-0"]
    titles = {document.id: document.metadata for document in store.similarity_search("x", k=2)}
    assert titles["busy-0"]["title"] == "new"
    assert SEAL_KEY not in titles["busy-0"]
    assert titles["busy-1"][SEAL_KEY] == "token"
    store._engine.dispose()

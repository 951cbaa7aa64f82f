"""Tables of LanceDB, collections of Milvus and folders of FAISS: backfilled, guarded and searched."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pickle
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, SafeUUID

import pytest
from backfilled import CLOCK, EMBEDDING, HANDBOOK, SIZE, check_end_to_end, documents, index_of, policy_of, search
from langchain_core.documents import Document
from typer.testing import CliRunner

from headgate import AdapterError, HeadgateError
from headgate.chunk import SEAL_KEY
from headgate.cli.app import app
from headgate.cli.stores import is_store_folder
from headgate.integration.backfilling import SealedRow, StoredIndex, backfill
from headgate.integration.publishing import Publishing
from headgate.policy import MetadataKeys
from langchain_headgate import guard
from langchain_headgate.adapter import LangChainAdapter

IDS = [f"id-{number:02}" for number in range(SIZE)]


def opened(place: Path, collection: str | None = None) -> StoredIndex:
    index = LangChainAdapter().open_index(str(place), collection)
    assert index is not None
    return index


def sealed_of(index: StoredIndex) -> dict[str, str]:
    """Seal what is in an index, and return what became of each row."""
    return {outcome.id: outcome.state for outcome in backfill(index, HANDBOOK.sealer, writes=True)}


# LanceDB


def lance(module: str, place: Path, entries: list[Document]) -> Any:
    pytest.importorskip("lancedb")
    store = pytest.importorskip(module)
    if module == "langchain_lancedb":
        made = store.LanceDB(EMBEDDING, uri=place, table_name="handbook")
    else:
        made = store.LanceDB(embedding=EMBEDDING, uri=str(place), table_name="handbook", mode="append")
    made.add_texts([one.page_content for one in entries], [one.metadata for one in entries], ids=IDS[: len(entries)])
    return made


@pytest.fixture
def lance_struct(tmp_path: Path) -> Any:
    """LangChain's own store: its metadata is a struct, with an empty place for a seal."""
    entries = [Document(one.page_content, metadata={**one.metadata, SEAL_KEY: ""}) for one in documents()]
    return lance("langchain_community.vectorstores", tmp_path / "lance", entries)


@pytest.fixture
def lance_json(tmp_path: Path) -> Any:
    """The store of langchain-lancedb: its metadata is JSON, and it names the folder as the source of all it finds."""
    entries = [
        Document(
            one.page_content,
            metadata={"url" if name == "source" else name: one.metadata[name] for name in one.metadata},
        )
        for one in documents()
    ]
    return lance("langchain_lancedb", tmp_path / "lance", entries)


def lance_vectors(place: Path) -> dict[str, bytes]:
    table = pytest.importorskip("lancedb").connect(place).open_table("handbook").to_arrow()
    vectors = [bytes(str(vector), "ascii") for vector in table["vector"].to_pylist()]
    return dict(zip(table["id"].to_pylist(), vectors, strict=True))


def test_lancedb(lance_struct: Any, tmp_path: Path) -> None:
    check_end_to_end(lance_struct, lambda: lance_vectors(tmp_path / "lance"))


def test_langchain_lancedb(lance_json: Any, tmp_path: Path) -> None:
    check_end_to_end(lance_json, lambda: lance_vectors(tmp_path / "lance"), "url")


def test_a_folder_of_lancedb(lance_struct: Any, tmp_path: Path) -> None:
    pytest.importorskip("lancedb").connect(tmp_path / "lance").create_table("other", [{"vector": [1.0], "id": "a"}])
    with pytest.raises(AdapterError, match=r"say which collection.*handbook, other"):
        opened(tmp_path / "lance")
    with pytest.raises(AdapterError, match="has no column 'text'"):
        opened(tmp_path / "lance", "other")
    assert list(sealed_of(opened(tmp_path / "lance", "handbook")).values()).count("sealed") == SIZE - 1
    assert len(search(lance_struct)) == SIZE - 1


def test_a_struct_without_room_is_refused_and_room_can_be_made(tmp_path: Path) -> None:
    store = lance("langchain_community.vectorstores", tmp_path / "lance", documents())
    for writes in (False, True):
        with pytest.raises(AdapterError, match=r"no room for a seal.*docs/backfill\.md.*manifest build"):
            list(backfill(index_of(store), HANDBOOK.sealer, writes=writes))
    assert sum(map(len, index_of(store).pages(4))) == SIZE  # to be listed in a manifest
    page = (Path(__file__).parents[3] / "docs" / "backfill.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python lancedb\n(.*?)^```$", page, re.M | re.S)
    exec(compile(code, "backfill.md", "exec"), {"table": store.get_table()})  # noqa: S102 - our own page
    check_end_to_end(store, lambda: lance_vectors(tmp_path / "lance"))


@pytest.mark.parametrize("kind", ["lance_struct", "lance_json"])
def test_rows_of_lancedb_that_others_wrote_or_change(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    store = request.getfixturevalue(kind)
    table = pytest.importorskip("lancedb").connect(tmp_path / "lance").open_table("handbook")
    index = index_of(store)
    rows = {row.id: row for page in index.pages(7) for row in page}
    table.update(where="id = 'id-03'", values={"text": "changed meanwhile"})
    table.delete("id = 'id-04'")
    wanted = [SealedRow(rows[name], "seal") for name in IDS[2:5]]
    assert list(index.write(wanted)) == IDS[3:5]
    table.checkout_latest()
    (found,) = table.search().where("id = 'id-02'").to_list()
    held = json.loads(found["metadata"]) if kind == "lance_json" else found["metadata"]
    assert held[SEAL_KEY] == "seal"


def test_rows_of_lancedb_that_share_an_id_get_each_its_own_seal(lance_json: Any) -> None:
    same = "It's on every page."  # and so is its id, which is made of the text
    day = CLOCK.ago(days=1).isoformat()
    urls = [f"https://handbook.example/same/{number}" for number in range(3)]
    lance_json.add_texts([same] * 4, [{"url": url, "last_modified": day} for url in (*urls, urls[2])])
    publishing = Publishing(keys=MetadataKeys(source=("url",)))
    states = [one.state for one in backfill(index_of(lance_json), HANDBOOK.sealer, publishing, writes=True)]
    assert states.count("sealed") == SIZE + 3
    found = guard(lance_json, policy_of("url")).similarity_search("leave", k=SIZE + 4)
    assert sorted(one.metadata["url"] for one in found if one.page_content == same) == [*urls, urls[2]]


def test_metadata_of_lancedb_that_is_no_object_is_named(lance_json: Any) -> None:
    table = lance_json._table
    for number, text in enumerate(("[1]", "none")):
        table.update(where=f"id = '{IDS[number]}'", values={"metadata": text})
    found = {outcome.id: outcome for outcome in backfill(opened(Path(lance_json._uri)), HANDBOOK.sealer)}
    assert [found[name].state for name in IDS[:2]] == ["unfit", "unfit"]
    assert "not a JSON object" in str(found[IDS[0]].problem)


# Milvus


@pytest.fixture
def milvus(tmp_path: Path) -> Iterator[Any]:
    module = pytest.importorskip("langchain_milvus")
    pytest.importorskip("milvus_lite")

    def make(name: str, **options: Any) -> Any:
        store = module.Milvus(
            EMBEDDING,
            collection_name=name,
            connection_args={"uri": str(tmp_path / "milvus.db")},
            index_params={"index_type": "FLAT", "metric_type": "L2"},
            **options,
        )
        made.append(store)
        return store

    made: list[Any] = []
    yield make
    for store in made:
        store.client.close()


def milvus_vectors(store: Any) -> dict[str, list[float]]:
    found = store.client.query(store.collection_name, filter="", limit=2 * SIZE, output_fields=["vector"])
    return {str(one["pk"]): list(one["vector"]) for one in found}


def test_milvus(milvus: Any) -> None:
    store = milvus("handbook", enable_dynamic_field=True)
    store.add_documents(documents(), ids=IDS)
    check_end_to_end(store, lambda: milvus_vectors(store))
    # Opened again, as by another process.
    assert len(search(milvus("handbook", enable_dynamic_field=True))) == SIZE - 1
    # So opened it returns no metadata, and what has none is not admitted.
    assert not search(milvus("handbook"))


def test_milvus_with_a_field_of_metadata(milvus: Any) -> None:
    store = milvus("handbook", metadata_field="entries")
    store.add_documents(documents(), ids=IDS)
    check_end_to_end(store, lambda: milvus_vectors(store))


def test_milvus_with_partitions(milvus: Any) -> None:
    store = milvus("handbook", enable_dynamic_field=True)
    store.add_documents(documents()[:10], ids=IDS[:10])
    store.client.create_partition("handbook", "newer")
    store.add_documents(documents()[10:], ids=IDS[10:], partition_name="newer")
    check_end_to_end(store, lambda: milvus_vectors(store))
    counts = [
        store.client.query("handbook", filter="pk != ''", output_fields=["count(*)"], partition_names=[name])[0][
            "count(*)"
        ]
        for name in ("_default", "newer")
    ]
    assert counts == [10, SIZE - 10]


def test_entities_of_milvus_that_are_changed_meanwhile(milvus: Any) -> None:
    store = milvus("handbook", enable_dynamic_field=True)
    store.add_documents(documents(), ids=IDS)
    index = index_of(store)
    rows = {row.id: row for page in index.pages(7) for row in page}
    (found,) = store.client.query("handbook", ids=[IDS[3]], output_fields=["*"])
    store.client.upsert("handbook", [{**found, "text": "changed meanwhile"}])
    store.client.delete("handbook", ids=[IDS[4]])
    assert sorted(index.write([SealedRow(rows[name], "seal") for name in IDS[2:5]])) == IDS[3:5]
    assert index.count() == SIZE - 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "no dynamic fields.*enable_dynamic_field=True"),
        ({"enable_dynamic_field": True, "auto_id": True}, "auto_id"),
    ],
)
def test_collections_of_milvus_that_cannot_be_written(options: dict[str, bool], said: str, milvus: Any) -> None:
    store = milvus("handbook", **options)
    store.add_documents(documents()[:-1], **({} if "auto_id" in options else {"ids": IDS[:-1]}))
    for writes in (False, True):
        with pytest.raises(AdapterError, match=f"{said}.*manifest build"):
            list(backfill(index_of(store), HANDBOOK.sealer, writes=writes))
    assert sum(map(len, index_of(store).pages(4))) == SIZE - 1
    assert not search(store)


def test_a_collection_of_milvus_that_is_not_there_yet(milvus: Any) -> None:
    with pytest.raises(AdapterError, match="no Milvus collection 'nothing'"):
        index_of(milvus("nothing"))


# FAISS


@pytest.fixture
def faiss(tmp_path: Path) -> Any:
    module = pytest.importorskip("langchain_community.vectorstores").FAISS
    pytest.importorskip("faiss")
    store = module.from_documents(documents(), EMBEDDING, ids=IDS)
    store.save_local(str(tmp_path / "faiss"))
    return store


def loaded(store: Any, place: Path) -> Any:
    return type(store).load_local(str(place), EMBEDDING, allow_dangerous_deserialization=True)


def test_a_folder_of_faiss(faiss: Any, tmp_path: Path) -> None:
    place = tmp_path / "faiss"
    before = (place / "index.faiss").read_bytes()
    running = backfill(opened(place), HANDBOOK.sealer, writes=True, page=4)
    for _ in range(6):
        next(running)
    del running
    assert not search(loaded(faiss, place))
    assert opened(place).count() == SIZE
    assert sorted(set(sealed_of(opened(place)).values())) == ["sealed", "unfit"]
    again = loaded(faiss, place)
    assert len(search(again)) == SIZE - 1
    assert len(guard(again).similarity_search("leave", k=SIZE)) == SIZE
    assert (place / "index.faiss").read_bytes() == before
    assert again.index_to_docstore_id == faiss.index_to_docstore_id
    plain = {one.page_content: one.metadata for one in faiss.docstore._dict.values()}
    for one in again.docstore._dict.values():
        assert {name: value for name, value in one.metadata.items() if name != SEAL_KEY} == plain[one.page_content]
    assert sorted(set(sealed_of(opened(place)).values())) == ["kept", "unfit"]
    assert sorted(path.name for path in place.iterdir()) == ["index.faiss", "index.pkl"]


def test_a_folder_of_faiss_that_is_written_meanwhile(faiss: Any, tmp_path: Path) -> None:
    place = tmp_path / "faiss"
    running = backfill(opened(place), HANDBOOK.sealer, writes=True)
    next(running)
    os.utime(place / "index.pkl", ns=(1, 1))
    with pytest.raises(HeadgateError, match="was changed while this ran; nothing was written"):
        list(running)
    assert not search(loaded(faiss, place))


def test_a_folder_of_several_indexes(faiss: Any, tmp_path: Path) -> None:
    faiss.save_local(str(tmp_path / "faiss"), "other")
    with pytest.raises(AdapterError, match="There are: index, other"):
        opened(tmp_path / "faiss")
    assert "sealed" in sealed_of(opened(tmp_path / "faiss", "other")).values()


def test_an_index_in_memory_names_the_folder(faiss: Any) -> None:
    index = index_of(faiss)
    assert [row.id for page in index.pages(4) for row in page] == IDS
    for writes in (False, True):
        with pytest.raises(AdapterError, match="headgate backfill FOLDER"):
            list(backfill(index, HANDBOOK.sealer, writes=writes))


class Runs:
    def __reduce__(self) -> Any:
        return os.mkdir, ("ran",)


@pytest.mark.parametrize("held", ["call", "metadata", "nothing", "junk"])
def test_a_file_of_faiss_runs_nothing(held: str, faiss: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    faiss.docstore._dict[IDS[0]].metadata["more"] = Runs()
    made = {"call": Runs(), "metadata": (faiss.docstore, faiss.index_to_docstore_id), "nothing": (None, {})}
    content = pickle.dumps(made[held]) if held in made else b"no pickle"
    (tmp_path / "faiss" / "index.pkl").write_bytes(content)
    with pytest.raises(AdapterError, match=r"cannot be read.*without running.*docs/backfill\.md"):
        opened(tmp_path / "faiss")
    assert not (tmp_path / "ran").exists()


CLASSES = [
    ("langchain_community.docstore.in_memory", "InMemoryDocstore"),
    ("langchain_core.documents.base", "Document"),
    *(("datetime", name) for name in ("date", "datetime", "time", "timedelta", "timezone")),
    ("decimal", "Decimal"),
    ("uuid", "UUID"),
    ("uuid", "SafeUUID"),
]


@pytest.mark.parametrize("made", [b"", b"I0\n\x85R"], ids=["class", "value"])
@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_a_file_of_faiss_changes_nothing_of_the_program(
    module: str, name: str, made: bytes, faiss: Any, tmp_path: Path
) -> None:
    kind = getattr(importlib.import_module(module), name)
    # A class or a value of it, and the state (None, {"marked": 1}), whose second half is set attribute by attribute.
    changing = b"\x80\x04" + f"c{module}\n{name}\n".encode() + made + b"N}\x8c\x06markedK\x01s\x86b0"
    (tmp_path / "faiss" / "index.pkl").write_bytes(
        changing + pickle.dumps((faiss.docstore, faiss.index_to_docstore_id))[2:]
    )
    with contextlib.suppress(AdapterError):
        opened(tmp_path / "faiss")
    assert not hasattr(kind, "marked")
    assert not any(hasattr(one, "marked") for one in SafeUUID)


def test_a_file_of_faiss_keeps_the_values_of_metadata(faiss: Any, tmp_path: Path) -> None:
    utc = timezone.utc
    more = {
        "times": [datetime(2026, 5, 1, 7, tzinfo=utc), date(2026, 5, 1), time(7, 30), timedelta(days=2)],
        "numbers": (Decimal("1.5"), UUID(int=7), 3, None),
    }
    faiss.docstore._dict[IDS[0]].metadata["more"] = more
    faiss.save_local(str(tmp_path / "faiss"))
    assert "sealed" in sealed_of(opened(tmp_path / "faiss")).values()
    again = loaded(faiss, tmp_path / "faiss").docstore._dict[IDS[0]]
    assert again.metadata["more"] == more
    assert type(again.metadata["more"]["numbers"][1]) is UUID


def test_documents_within_metadata_are_no_values(faiss: Any, tmp_path: Path) -> None:
    faiss.docstore._dict[IDS[0]].metadata["more"] = [{"a": (Document("within"),)}]
    faiss.save_local(str(tmp_path / "faiss"))
    with pytest.raises(AdapterError, match="documents within documents"):
        opened(tmp_path / "faiss")


@pytest.mark.parametrize(("kind", "folder"), [("faiss", "faiss"), ("lance_struct", "lance")])
def test_the_command_on_folders(kind: str, folder: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    request.getfixturevalue(kind)
    HANDBOOK.key.save(tmp_path / "handbook")
    key = next(path for path in tmp_path.glob("handbook*") if "private" in path.name)
    words = ["backfill", str(tmp_path / folder), "--key", str(key), "--issuer", "handbook", "--json"]
    assert json.loads(CliRunner().invoke(app, words).stdout)["sealed"] == SIZE - 1
    assert json.loads(CliRunner().invoke(app, [*words, "--write"]).stdout)["sealed"] == SIZE - 1
    assert json.loads(CliRunner().invoke(app, words).stdout)["kept"] == SIZE - 1
    assert is_store_folder(tmp_path / folder)

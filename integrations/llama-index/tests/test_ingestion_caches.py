"""What an ingestion pipeline keeps of a step holds for that key, those documents and those dates; and its workers."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import BaseNode, Document, TextNode, TransformComponent

from headgate import Chunk, HeadgateError, PolicyError, Sealer
from headgate.encoding import b64url_decode
from headgate.integration.dating import FILE_TIME_KEY
from headgate.provenance import SigningKey, generate_signing_key
from langchain_headgate import SealDocuments
from llama_index.postprocessor.headgate import DateNodes, ProveNodes, SealNodes

PAGE = "https://handbook.example/leave"


def document(text: str = "Take leave.", **metadata: object) -> Document:
    return Document(text=text, metadata={"source": PAGE, **metadata})


def seals(nodes: Any) -> list[str]:
    return [node.metadata["headgate_seal"] for node in nodes]


def kids(nodes: Any) -> set[str]:
    return {json.loads(b64url_decode(seal.partition(".")[0]))["kid"] for seal in seals(nodes)}


def after(first: TransformComponent, second: TransformComponent, documents: list[Document]) -> list[Any]:
    """What a pipeline gives by one step after it has run with another."""
    before = IngestionPipeline(transformations=[first])
    before.run(documents=documents)
    return [*IngestionPipeline(transformations=[second], cache=before.cache).run(documents=documents)]


def save(key: SigningKey, folder: Path) -> str:
    for file in folder.glob("team.*"):
        file.unlink()
    private, _ = key.save(folder / "team")
    return str(private)


def by_path(key: SigningKey, folder: Path) -> SealNodes:
    return SealNodes(save(key, folder), issuer="team")


def by_sealer(key: SigningKey, _: Path) -> SealNodes:
    return SealNodes(Sealer(key, issuer="team"))


@pytest.mark.parametrize("make", [by_path, by_sealer])
def test_another_key_seals_anew(make: Callable[[SigningKey, Path], SealNodes], tmp_path: Path) -> None:
    first = make(generate_signing_key("old"), tmp_path)
    before = IngestionPipeline(transformations=[first])
    before.run(documents=[document()])
    second = make(generate_signing_key("new"), tmp_path)
    pipeline = IngestionPipeline(transformations=[second], cache=before.cache)
    assert kids(pipeline.run(documents=[document()])) == {"new"}


def test_the_same_name_is_not_the_same_key(tmp_path: Path) -> None:
    old, new = (generate_signing_key("team") for _ in range(2))
    assert by_sealer(old, tmp_path).to_dict() != by_sealer(new, tmp_path).to_dict()


@pytest.mark.parametrize("other", [{"batch": True}, {"cover": ["title"]}, {"modified": "changed"}, {"issuer": "other"}])
def test_what_is_sealed_otherwise_is_sealed_anew(other: dict[str, Any], tmp_path: Path) -> None:
    private = save(generate_signing_key("team"), tmp_path)
    settings = {"issuer": "team", **other}
    assert SealNodes(private, issuer="team").to_dict() != SealNodes(private, **settings).to_dict()


def test_the_same_key_seals_once(tmp_path: Path) -> None:
    private = save(generate_signing_key("team", "ES256"), tmp_path)  # whose signatures differ each time
    step = SealNodes(private, issuer="team")
    pipeline = IngestionPipeline(transformations=[step])
    assert seals(pipeline.run(documents=[document()])) == seals(pipeline.run(documents=[document()]))
    again = SealNodes.from_dict(json.loads(step.to_json()))
    assert again.to_dict() == step.to_dict()


def test_proofs_are_made_anew_of_other_documents() -> None:
    sealer = Sealer(generate_signing_key("team"), issuer="team")
    whole = sealer.seal_document(Chunk("Take leave. Come back.", {"source": PAGE}), subject=PAGE)
    sealed = document(whole.text, **whole.metadata)
    (unproved,) = ProveNodes()([sealed])
    (proved,) = after(ProveNodes(), ProveNodes([sealed]), [sealed])
    assert "headgate_seal" not in unproved.metadata
    assert seals([proved]) == seals(ProveNodes([sealed])([sealed]))


def test_dates_are_looked_up_each_time(tmp_path: Path) -> None:
    file = tmp_path / "leave.md"
    file.write_text("Take leave.", encoding="utf-8")
    step = DateNodes(tmp_path)
    pipeline = IngestionPipeline(transformations=[step])
    found = [document(file_path=str(file))]
    (first,) = pipeline.run(documents=found)
    file.unlink()
    (second,) = pipeline.run(documents=found)
    assert FILE_TIME_KEY in first.metadata
    assert FILE_TIME_KEY not in second.metadata
    assert DateNodes.from_dict(step.to_dict()).root == str(tmp_path)


def test_a_step_with_the_path_of_its_key_goes_to_workers(tmp_path: Path) -> None:
    step = SealNodes(save(generate_signing_key("team"), tmp_path), issuer="team", batch=True)
    written = pickle.dumps(step)
    assert b"PRIVATE" not in written
    other = pickle.loads(written)
    assert other.to_dict() == step.to_dict()
    assert kids(other([document()])) == {"team"}
    (tmp_path / "team.private.jwk.json").unlink()
    with pytest.raises(PolicyError):
        pickle.loads(written)


def test_proofs_go_to_workers() -> None:
    sealer = Sealer(generate_signing_key("team"), issuer="team")
    whole = sealer.seal_document(Chunk("Take leave. Come back.", {"source": PAGE}), subject=PAGE)
    nodes: list[BaseNode] = [TextNode(text=whole.text, metadata=dict(whole.metadata))]
    step = ProveNodes([document(whole.text, **whole.metadata)])
    assert seals(pickle.loads(pickle.dumps(step))(nodes)) == seals(step(nodes))


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
def test_a_private_key_goes_to_no_workers_and_that_is_said(algorithm: str) -> None:
    key = generate_signing_key("team", algorithm)
    sealer = Sealer(key, issuer="team")
    for held in (key, sealer, SealNodes(sealer), SealDocuments(sealer)):
        with pytest.raises(HeadgateError, match="path of the key"):
            pickle.dumps(held)
        for made in (copy.copy(held), copy.deepcopy(held)):
            assert type(made) is type(held)
    assert kids(copy.deepcopy(SealNodes(sealer))([document()])) == {"team"}

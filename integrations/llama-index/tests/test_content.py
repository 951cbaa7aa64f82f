"""Law 3: all of a node that reaches a model is content; what no seal covers stays out."""

from __future__ import annotations

import base64
import json
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.chat_engine import ContextChatEngine
from llama_index.core.llms import LLMMetadata
from llama_index.core.llms.mock import MockLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageDocument,
    ImageNode,
    IndexNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeWithScore,
    TextNode,
)
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict
from node_sources import CLOCK, FORGED, HANDBOOK, PAGE, Finds, gate, sealed, shown

from headgate import Gate
from llama_index.postprocessor.headgate import HeadgatePostprocessor, SealNodes, guard
from llama_index.postprocessor.headgate.media import media

BYTES = base64.b64encode(b"\x89PNG the picture").decode()
OTHER = base64.b64encode(b"\x89PNG another one").decode()
URL = "https://pictures.example/a.png"
KINDS = ("image", "audio", "video")


def seal(node: BaseNode) -> Any:
    node.metadata = {"source": PAGE, **node.metadata}
    return SealNodes(HANDBOOK.sealer)([node])[0]


def admitted(*nodes: BaseNode, mode: str = "enforce") -> list[NodeWithScore]:
    return HeadgatePostprocessor(gate(mode)).postprocess_nodes([NodeWithScore(node=node) for node in nodes])


def resource(kind: str, **fields: Any) -> dict[str, Any]:
    return {f"{kind}_resource": MediaResource(**fields)}


def put(node: Any, **fields: Any) -> Any:
    for name, value in fields.items():
        setattr(node, name, value)
    return node


ADDED: dict[str, Any] = {
    **{f"{kind} as bytes": resource(kind, data=BYTES.encode()) for kind in KINDS},
    **{f"{kind} as raw bytes": resource(kind, data=b"\x00raw") for kind in KINDS},
    **{f"{kind} at a URL": resource(kind, url=URL) for kind in KINDS},
    **{f"{kind} at a path": resource(kind, path=Path("/etc/a.png")) for kind in KINDS},
}


@pytest.mark.parametrize("kind", [Node, Document])
@pytest.mark.parametrize("fields", ADDED.values(), ids=ADDED.keys())
def test_media_that_are_added_to_a_sealed_node_keep_it_out(kind: Any, fields: dict[str, Any]) -> None:
    text = {"text": "text"} if kind is Document else {"text_resource": MediaResource(text="text")}
    node = seal(kind(**text))
    assert len(admitted(node)) == 1
    assert admitted(put(node, **fields)) == []
    (left,) = admitted(node, mode="audit")
    assert all(getattr(left.node, name) == value for name, value in fields.items())


IMAGES: dict[str, Any] = {
    "bytes": {"image": BYTES},
    "bytes that are not base64": {"image": "not base64!"},
    "bytes in another spelling of base64": {"image": BYTES + "\n"},
    "a URL": {"image_url": URL},
    "a path": {"image_path": "/etc/a.png"},
    "all of them": {"image": BYTES, "image_url": URL, "image_path": "/etc/a.png"},
}


@pytest.mark.parametrize("fields", IMAGES.values(), ids=IMAGES.keys())
def test_an_image_that_is_added_to_a_sealed_caption_keeps_it_out(fields: dict[str, Any]) -> None:
    node = seal(ImageNode(text="caption"))
    assert len(admitted(node)) == 1
    assert admitted(put(node, **fields)) == []


def test_a_file_path_is_the_image_where_there_is_no_other() -> None:
    assert admitted(seal(ImageNode(text="caption", metadata={"file_path": "/etc/a.png"}))) == []
    assert len(admitted(seal(ImageNode(text="caption", image=BYTES, metadata={"file_path": "handbook/a.png"})))) == 1


def picture(data: str) -> dict[str, Any]:
    return resource("image", data=data.encode())


MAKES: dict[str, Any] = {
    "node": lambda data: Node(text_resource=MediaResource(text="text"), **picture(data)),
    "node without a text": lambda data: Node(**resource("video", data=data.encode())),
    "node with several": lambda data: Node(**picture(data), **resource("audio", data=BYTES.encode())),
    "document": lambda data: Document(text="text", **picture(data)),
    "image document": lambda data: ImageDocument(text="text", image=data),
    "image node": lambda data: ImageNode(text="text", image=data),
    "image node without a text": lambda data: ImageNode(image=data),
}


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES.keys())
def test_bytes_that_are_sealed_pass_and_are_not_exchanged(make: Any) -> None:
    genuine = seal(make(BYTES))
    (released,) = admitted(genuine)
    assert media(released.node) == media(genuine) != ()
    exchanged, bare = make(OTHER), make(BYTES)
    exchanged.metadata = dict(genuine.metadata)
    removed = genuine.model_copy(update=dict.fromkeys(("image", *(f"{kind}_resource" for kind in KINDS))))
    added = genuine.model_copy()
    put(added, image_url=URL) if isinstance(added, ImageNode) else put(added, **resource("image", url=URL))
    assert admitted(exchanged, removed, added, bare) == []


def test_an_image_node_comes_back_from_a_store_with_its_image() -> None:
    genuine = seal(ImageNode(text="text", image=BYTES))
    restored = metadata_dict_to_node(json.loads(json.dumps(node_to_metadata_dict(genuine))))
    (released,) = admitted(restored)
    assert released.node.image == BYTES  # type: ignore[attr-defined]


@pytest.mark.parametrize("fields", [{"url": URL}, {"path": Path("/etc/a")}, {"data": BYTES.encode()}])
def test_where_a_text_could_be_fetched_from_does_not_go_on(fields: dict[str, Any]) -> None:
    node = seal(Document(text="text"))
    node.text_resource = MediaResource(text="text", **fields)
    (released,) = admitted(node)
    kept: Any = released.node
    assert (kept.text_resource.text, kept.text_resource.url, kept.text_resource.path) == ("text", None, None)
    assert kept.text_resource.data is None
    assert node.text_resource.model_dump() == MediaResource(text="text", **fields).model_dump(), "it is not touched"


class Renders(TextNode):
    """A node class that renders itself."""

    def get_content(self, metadata_mode: MetadataMode = MetadataMode.NONE) -> str:
        return self.text if metadata_mode == MetadataMode.NONE else FORGED


class Inherits(TextNode):
    """A node class of one's own that leaves rendering alone."""

    note: str = ""


def test_a_node_that_renders_itself_stays_out_where_proof_is_required() -> None:
    assert admitted(sealed("text", Renders)) == []
    assert shown(admitted(sealed("text", Inherits))) == ["text"]


@pytest.mark.parametrize("kind", [TextNode, ImageNode, IndexNode, Node, Document, ImageDocument])
@pytest.mark.parametrize(
    "template",
    [
        {"text_template": FORGED + "{metadata_str}{content}"},
        {"metadata_template": FORGED + "{key}{value}"},
        {"metadata_separator": FORGED},
        {"metadata_seperator": FORGED},
    ],
    ids=lambda template: next(iter(template)),
)
def test_templates_of_the_index_are_content(kind: Any, template: dict[str, str]) -> None:
    text = {"text_resource": MediaResource(text="text")} if kind is Node else {"text": "text"}
    more = {"index_id": "i"} if kind is IndexNode else {}
    node = seal(kind(**text, **more, **template, metadata={"title": "Leave", "page": 3}))
    assert FORGED in node.get_content(metadata_mode=MetadataMode.LLM)
    (released,) = admitted(node)
    assert FORGED not in str(released.node.model_dump(exclude={"metadata"}))
    assert released.node.get_content(metadata_mode=MetadataMode.LLM).endswith("text")
    (left,) = admitted(node, mode="audit")
    assert FORGED in left.node.get_content(metadata_mode=MetadataMode.LLM)


@pytest.mark.parametrize("kind", [TextNode, Document])
def test_an_index_cannot_hide_what_its_publisher_shows(kind: Any) -> None:
    node = sealed("text", kind, metadata={"note": "Draft only.", "owner": "HR"}, hidden=["source", "owner"])
    node.excluded_llm_metadata_keys = [*node.metadata]
    assert shown([NodeWithScore(node=node)]) == ["text"]
    for mode, read in (("enforce", "note: Draft only.\n\ntext"), ("audit", "text")):
        assert shown(admitted(node, mode=mode)) == [read]


def test_what_its_publisher_hides_stays_hidden_and_an_index_can_show_only_what_is_covered() -> None:
    node = sealed("text", metadata={"owner": "HR"}, hidden=["source", "owner"])
    node.metadata["note"] = FORGED
    assert shown(admitted(node)) == ["text"]
    node.excluded_llm_metadata_keys = []
    assert FORGED not in shown(admitted(node))[0]


def test_a_source_that_enforces_under_a_policy_that_only_records_is_released_as_enforced() -> None:
    node = sealed("text", IndexNode, index_id="i", metadata={"title": "Leave"}, text_template=FORGED + "{content}")
    node.obj = TextNode(text=FORGED)
    rules = Gate({"mode": "audit", "sources": [HANDBOOK.source(mode="enforce")]}, clock=CLOCK)
    (released,) = HeadgatePostprocessor(rules).postprocess_nodes([NodeWithScore(node=node)])
    assert FORGED not in shown([released])[0]
    assert released.node.obj is None  # type: ignore[attr-defined]
    rules = Gate({"sources": [HANDBOOK.source(mode="audit")]}, clock=CLOCK)
    (released,) = HeadgatePostprocessor(rules).postprocess_nodes([NodeWithScore(node=node)])
    assert FORGED in shown([released])[0], "what only records changes nothing"


class Sees(MockLLM):
    """A multimodal model that remembers the blocks it was given."""

    _seen: list[Any] = PrivateAttr(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=100_000, is_chat_model=True)

    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        self._seen += [block for message in messages for block in message.blocks]
        return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content="ok"))


def pictures() -> list[Any]:
    genuine = seal(Node(text_resource=MediaResource(text="genuine"), **resource("image", data=BYTES.encode())))
    changed = seal(Node(text_resource=MediaResource(text="changed"), **resource("image", data=BYTES.encode())))
    changed.image_resource = MediaResource(data=OTHER.encode())
    return [genuine, changed, put(seal(ImageNode(text="caption")), image=OTHER)]


@pytest.mark.skipif(
    "multimodal" not in signature(RetrieverQueryEngine.from_args).parameters, reason="llama-index-core before 0.14.23"
)
def test_a_multimodal_engine_shows_the_model_sealed_pictures_only() -> None:
    model = Sees(max_tokens=None)
    engine = RetrieverQueryEngine.from_args(Finds(*pictures()), llm=model, multimodal=True)
    answer = guard(engine, gate()).query("What is in it?")
    assert [item.node.get_content() for item in answer.source_nodes] == ["genuine"]
    (picture,) = (block for block in model._seen if block.block_type == "image")
    assert BYTES in str(picture.url)


def test_a_chat_shows_the_model_sealed_pictures_only() -> None:
    chat = ContextChatEngine.from_defaults(
        retriever=Finds(*pictures()), llm=Sees(max_tokens=None), memory=ChatMemoryBuffer.from_defaults(llm=MockLLM())
    )
    answer = guard(chat, gate()).chat("What is in it?")
    assert [item.node.get_content() for item in answer.source_nodes] == ["genuine"]


def test_the_embedding_is_not_prompt_material() -> None:
    node = sealed("text")
    node.embedding = [0.5]
    assert admitted(node)[0].node.embedding == [0.5]

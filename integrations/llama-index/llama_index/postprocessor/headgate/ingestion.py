"""SealNodes: the last step of an ingestion pipeline before embedding, after splitting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from llama_index.core.bridge.pydantic import BaseModel, Field, PrivateAttr
from llama_index.core.schema import BaseNode, MetadataMode, TransformComponent

from headgate import Chunk, HeadgateError, Sealer
from headgate.encoding import safe_id
from headgate.integration.defining import share_definitions
from headgate.integration.proofs import SpanProver, prove_all
from headgate.integration.published import Prepared, naming, report_problems, seal_prepared
from headgate.integration.publishing import Publishing, is_coverable
from headgate.policy import MetadataKeys
from llama_index.postprocessor.headgate.convert import OWN_KEYS, visible_keys
from llama_index.postprocessor.headgate.media import media_digests

__all__ = ["ProveNodes", "SealNodes", "covered_keys", "hidden_keys", "with_seal"]

# Where `SentenceWindowNodeParser` keeps the neighbours that `MetadataReplacementPostProcessor` shows.
_REPLACING = ("window",)


class SealNodes(TransformComponent):
    """Adds a seal to every node.

    The seal covers the text, the images and other media whose bytes the node holds and, because LlamaIndex puts
    metadata into the prompt, every metadata entry that the model would see, and a `window` that a later step would put
    in place of the text. The seal itself is kept out of what the model and the embedder see. The claims are made as
    `headgate seal` makes them (`headgate.integration.publishing.Publishing`): entries with times, a version or a
    successor are covered too, so that nobody can change them in the index.

    Args:
        key: the path of the private key, or a `Sealer`. Only a path is kept when the component is serialised, and only
            with a path, or a signer that can be pickled, does it go to worker processes.
        issuer: who vouches; not needed with a `Sealer`.
        subject: the metadata key that holds the document's URI; by default the keys of the usual readers.
        modified: the metadata key that holds the last modification; by default the keys of the usual readers. A time
            that cannot be read is not sealed, which is logged as a warning.
        expires: the metadata key that holds the end of validity; by default as `modified`.
        not_before: the metadata key that holds the start of validity; by default as `modified`.
        version: the metadata key that holds a version, as a whole number; by default as `modified`.
        etag: the metadata key that holds the entity tag that the document's server gave with this content, for live
            checks; by default the header of that name, where the reader keeps it.
        cover: the metadata keys to cover, `*` for all; None for all that the model would see.
        timezone: the zone of times that have none.
        date_order: `DMY` or `MDY`, how to read 03/04/2026.
        batch: whether all nodes of one call share one signature (docs/batch-format.md), instead of one each.

    Raises:
        PolicyError: the key cannot be used.
        HeadgateError: when called, for a node that names no source, or whose restriction would be lost.
    """

    key: str | None = Field(default=None, description="The path of the private key.")
    issuer: str | None = Field(default=None, description="Who vouches.")
    subject: str | None = None
    modified: str | None = None
    expires: str | None = None
    not_before: str | None = None
    version: str | None = None
    etag: str | None = None
    cover: list[str] | None = None
    timezone: str | None = None
    date_order: Literal["DMY", "MDY"] | None = None
    batch: bool = False

    _sealer: Sealer = PrivateAttr()
    _publishing: Publishing = PrivateAttr()

    def __init__(self, key: Any = None, issuer: str | None = None, **kwargs: Any) -> None:
        is_sealer = isinstance(key, Sealer)
        fields = {"key": None if is_sealer else str(key), "issuer": key.issuer if is_sealer else issuer, **kwargs}
        super().__init__(**fields)
        if not is_sealer and not issuer:
            raise HeadgateError("SealNodes needs an issuer: SealNodes('keys/team.private.jwk.json', issuer='team').")
        self._sealer = key if is_sealer else Sealer(key, issuer=str(issuer))
        self._publishing = Publishing(
            subject=self.subject,
            modified=self.modified,
            expires=self.expires,
            not_before=self.not_before,
            version=self.version,
            etag=self.etag,
            keys=MetadataKeys(timezone=self.timezone, date_order=self.date_order),
        )

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which the component is serialised."""
        return "SealNodes"

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return the settings, and which key it seals with.

        An `IngestionPipeline` keeps what a component gave, and by this it knows whether another would give the same:
        nodes that a key has sealed are not those that its successor seals.
        """
        return {**super().to_dict(**kwargs), "sealed_with": self._sealer.public.digest}

    # The framework's own way leaves out what cannot be pickled, which would leave a component that cannot seal.
    def __getstate__(self) -> dict[str, Any]:
        state = BaseModel.__getstate__(self)
        return state if self.key is None else {**state, "__pydantic_private__": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state["__pydantic_private__"] is None:
            self.__init__(**state["__dict__"])  # type: ignore[misc]  # the key is read again, in this process
        else:
            BaseModel.__setstate__(self, state)

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:  # noqa: ARG002 - the base's signature
        """Return copies of the nodes, each with a seal in its metadata."""
        # What one node of a document defines is sealed with those of its others that mention it.
        prepared = share_definitions(self._sealer, [self._prepare(node) for node in nodes])
        published = seal_prepared(self._sealer, prepared, batch=self.batch)
        report_problems(published)
        return [with_seal(node, one.chunk.metadata) for node, one in zip(nodes, published, strict=True)]

    def _prepare(self, node: BaseNode) -> Prepared:
        chunk = _chunk(node)
        with naming(f"the node {safe_id(node.node_id)}"):
            return self._publishing.prepare(
                self._sealer, chunk, node, cover=self._covered(node), hide=hidden_keys(node)
            )

    def _covered(self, node: BaseNode) -> list[str]:
        if self.cover is not None:
            return self.cover
        return covered_keys(node)


class ProveNodes(TransformComponent):
    """Gives each node its proof under the seal of its whole document, after splitting; needs no key. Experimental.

    A node that is not a run of whole blocks gets no proof: where one is required the gate keeps it out.
    `SentenceSplitter` fits where it cuts at ends of sentences; parsers that join or drop lines do not.

    Args:
        documents: the documents before they were split, as `headgate seal --whole` wrote them.

    Raises:
        ValueError: a document is not sealed as a whole, or its text has changed since.
    """

    _prover: SpanProver = PrivateAttr()

    def __init__(self, documents: Sequence[BaseNode] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._prover = SpanProver(_chunk(document) for document in documents)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which the component is serialised."""
        return "ProveNodes"

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return which documents it knows, by a digest: what a pipeline keeps of it holds for these, and no others."""
        return {**super().to_dict(**kwargs), "proved_by": self._prover.digest}

    # The framework's own way makes another one, which knows no document.
    def __setstate__(self, state: dict[str, Any]) -> None:
        BaseModel.__setstate__(self, state)

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:  # noqa: ARG002 - the base's signature
        """Return copies of the nodes, each with its proof in its metadata."""
        proved = prove_all(self._prover, [_chunk(node) for node in nodes])
        return [with_seal(node, chunk.metadata) for node, chunk in zip(nodes, proved, strict=True)]


def _chunk(node: BaseNode) -> Chunk:
    return Chunk(
        node.get_content(metadata_mode=MetadataMode.NONE), node.metadata, node.node_id, media=media_digests(node)
    )


def covered_keys(node: BaseNode) -> list[str]:
    """Return the metadata entries that a seal covers where nothing else is said: what the model would see."""
    # Of that only plain values can be covered; the gate withholds the rest from the prompt.
    return [name for name in (*visible_keys(node), *_REPLACING) if is_coverable(name, node.metadata.get(name))]


def hidden_keys(node: BaseNode) -> list[str]:
    """Return the metadata entries that the node keeps out of the prompt."""
    return [key for key in node.metadata if key in node.excluded_llm_metadata_keys]


def with_seal(node: BaseNode, metadata: Mapping[str, object]) -> BaseNode:
    """Return a copy of a node with sealed metadata, of which neither the model nor the embedder sees the seal."""
    return node.model_copy(
        update={
            "metadata": dict(metadata),
            "excluded_llm_metadata_keys": [*dict.fromkeys((*node.excluded_llm_metadata_keys, *OWN_KEYS))],
            "excluded_embed_metadata_keys": [*dict.fromkeys((*node.excluded_embed_metadata_keys, *OWN_KEYS))],
        }
    )

"""SealNodes: the last step of an ingestion pipeline before embedding, after splitting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.schema import BaseNode, MetadataMode, TransformComponent

from headgate import Chunk, HeadgateError, Sealer
from headgate.freshness import find_entry, resolve_timestamps
from headgate.policy import MetadataKeys
from llama_index.postprocessor.headgate.convert import OWN_KEYS, visible_keys

__all__ = ["SealNodes"]

_REPLACING = ("window",)


class SealNodes(TransformComponent):
    """Adds a seal to every node.

    The seal covers the text and, because LlamaIndex puts metadata into the prompt, every metadata entry that the
    model would see, and a `window` that a later step would put in place of the text. The seal itself is kept out of
    what the model and the embedder see.

    Args:
        key: the path of the private key, or a `Sealer`. Only a path is kept when the component is serialised.
        issuer: who vouches; not needed with a `Sealer`.
        subject: the metadata key that holds the document's URI; by default the keys of the usual readers.
        modified: the metadata key that holds the last modification; by default the keys of the usual readers.
        expires: the metadata key that holds the end of validity.
        version: the metadata key that holds a version, as a whole number.
        cover: the metadata keys to cover; None for all that the model would see.
        timezone: the zone of times that have none; without it such times are not sealed.

    Raises:
        PolicyError: the key cannot be used.
        HeadgateError: when called, for a node that names no source.
    """

    key: str | None = Field(default=None, description="The path of the private key.")
    issuer: str | None = Field(default=None, description="Who vouches.")
    subject: str | None = None
    modified: str | None = None
    expires: str | None = None
    version: str | None = None
    cover: list[str] | None = None
    timezone: str | None = None

    _sealer: Sealer = PrivateAttr()
    _keys: MetadataKeys = PrivateAttr()

    def __init__(self, key: Any = None, issuer: str | None = None, **kwargs: Any) -> None:
        is_sealer = isinstance(key, Sealer)
        fields = {"key": None if is_sealer else str(key), "issuer": key.issuer if is_sealer else issuer, **kwargs}
        super().__init__(**fields)
        if not is_sealer and not issuer:
            raise HeadgateError("SealNodes needs an issuer: SealNodes('keys/team.private.jwk.json', issuer='team').")
        self._sealer = key if is_sealer else Sealer(key, issuer=str(issuer))
        self._keys = MetadataKeys(timezone=self.timezone)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which the component is serialised."""
        return "SealNodes"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:  # noqa: ARG002 - the base's signature
        """Return copies of the nodes, each with a seal in its metadata."""
        return [self._seal(node) for node in nodes]

    def _seal(self, node: BaseNode) -> BaseNode:
        metadata = {key: value for key, value in node.metadata.items() if key not in OWN_KEYS}
        chunk = Chunk(node.get_content(metadata_mode=MetadataMode.NONE), metadata, node.node_id)
        version = metadata.get(self.version) if self.version else None
        sealed = self._sealer.seal(
            chunk,
            subject=self._find_subject(metadata),
            modified=self._find_time(metadata, "modified", self.modified),
            expires=self._find_time(metadata, "valid_until", self.expires),
            version=version if isinstance(version, int) else None,
            cover=self._covered(node, metadata),
        )
        return node.model_copy(
            update={
                "metadata": dict(sealed.metadata),
                "excluded_llm_metadata_keys": [*dict.fromkeys((*node.excluded_llm_metadata_keys, *OWN_KEYS))],
                "excluded_embed_metadata_keys": [*dict.fromkeys((*node.excluded_embed_metadata_keys, *OWN_KEYS))],
            }
        )

    def _covered(self, node: BaseNode, metadata: dict[str, Any]) -> list[str]:
        names = self.cover if self.cover is not None else [*visible_keys(node), *_REPLACING]
        # Only plain values can be covered; the gate withholds the rest from the prompt.
        return [
            name
            for name in names
            if name in metadata and (metadata[name] is None or isinstance(metadata[name], (str, int, float, bool)))
        ]

    def _find_subject(self, metadata: dict[str, Any]) -> str:
        entry = find_entry(metadata, "source", self._keys)
        value = metadata.get(self.subject) if self.subject else entry[1] if entry else None
        if not isinstance(value, str) or not value:
            shown = ", ".join(sorted(map(str, metadata)))[:200] or "none"
            raise HeadgateError(
                f"A node names no source, so it cannot be sealed. Give SealNodes(subject=...); its metadata keys "
                f"are: {shown}."
            )
        return value

    def _find_time(self, metadata: dict[str, Any], role: str, name: str | None) -> datetime | None:
        if name is not None:
            metadata = {role: metadata[name]} if metadata.get(name) is not None else {}
        times = resolve_timestamps(metadata, keys=self._keys, roles=(role,))
        return times.modified if role == "modified" else times.valid_until

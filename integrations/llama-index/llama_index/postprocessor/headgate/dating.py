"""DateNodes: an early step of an ingestion pipeline, before splitting."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Literal

from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.schema import BaseNode, MetadataMode, TransformComponent

from headgate.integration.dating import ADDED_KEYS, EVIDENCE, Dating, report_undated
from headgate.policy import MetadataKeys

__all__ = ["DateNodes"]


class DateNodes(TransformComponent):
    """Adds `last_modified` to nodes that do not say when they were last changed, and says what it rests on.

    Before splitting, because front matter is at the top of a document. A node that has a date of its own is left as
    it is; one that only has its file's time, as `SimpleDirectoryReader` writes it, is not dated by that. What is added
    is kept out of what the model and the embedder see, as the reader's own dates are.

    Args:
        root: where relative paths begin; no file outside of it is looked at. By default the current folder.
        evidence: what to use, the first that is there: `front_matter`, `http` (the header `Last-Modified`, as readers
            leave it in `headers`), `git` (the last commit that touched the file).
        file_time: `separate` writes the file's own time as `file_time` where nothing better was found; `modified`
            writes it as `last_modified`; `off` leaves it out.
        timezone: the zone of times that have none.
        date_order: `DMY` or `MDY`, how to read 03/04/2026.

    Raises:
        HeadgateError: there is no such evidence.
    """

    root: str = "."
    evidence: list[str] = Field(default_factory=lambda: list(EVIDENCE))
    file_time: Literal["separate", "modified", "off"] = "separate"
    timezone: str | None = None
    date_order: Literal["DMY", "MDY"] | None = None

    _dating: Dating = PrivateAttr()

    def __init__(self, root: Any = ".", **kwargs: Any) -> None:
        fields = {"root": str(root), **kwargs}
        super().__init__(**fields)
        keys = MetadataKeys(timezone=self.timezone, date_order=self.date_order)
        self._dating = Dating(self.root, evidence=self.evidence, file_time=self.file_time, keys=keys)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which the component is serialised."""
        return "DateNodes"

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return the settings, and a value that no other call gives.

        An `IngestionPipeline` keeps what a component gave for as long as that says the same of itself; what commits and
        files say of a text changes without either.
        """
        return {**super().to_dict(**kwargs), "run": secrets.token_hex(8)}

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:  # noqa: ARG002 - the base's signature
        """Return copies of the nodes with dates; what could not be dated is logged."""
        found = self._dating.date_all(
            [(node.get_content(metadata_mode=MetadataMode.NONE), node.metadata) for node in nodes]
        )
        report_undated(found)
        return [_with(node, dated.metadata) for node, dated in zip(nodes, found, strict=True)]


def _with(node: BaseNode, metadata: dict[str, object]) -> BaseNode:
    added = [key for key in ADDED_KEYS if key in metadata and key not in node.metadata]
    return node.model_copy(
        update={
            "metadata": metadata,
            "excluded_llm_metadata_keys": [*dict.fromkeys((*node.excluded_llm_metadata_keys, *added))],
            "excluded_embed_metadata_keys": [*dict.fromkeys((*node.excluded_embed_metadata_keys, *added))],
        }
    )

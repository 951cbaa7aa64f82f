"""What a node shows a model beside text: images, audio, video."""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llama_index.core import schema
from llama_index.core.schema import BaseNode, ImageNode, TextNode

from headgate.encoding import digest_label

__all__ = ["FRAMEWORK_KINDS", "Medium", "media", "media_digests"]

_RESOURCES = ("image", "audio", "video")
FRAMEWORK_KINDS: frozenset[Any] = frozenset(
    base
    for kind in vars(schema).values()
    if isinstance(kind, type) and issubclass(kind, BaseNode)
    for base in kind.__mro__
)
"""The framework's own classes of nodes, and their bases: known by identity, because a class can have any name."""

# What a class may define without saying anything in the name of its nodes.
_SILENT = frozenset(
    {
        *vars(type("Plain", (TextNode,), {"__module__": __name__})),
        *("__annotations__", "__annotate__", "__annotate_func__", "__firstlineno__", "__static_attributes__"),
        *("__doc__", "__init__", "__slots__", "class_name", "get_type"),
    }
)
_RENDERING = ("get_content", "get_content_blocks", "get_metadata_str", "get_text", "get_node_info", "model_copy")


@dataclass(frozen=True, slots=True)
class Medium:
    """One piece of content that is not text.

    Attributes:
        name: `image`, `audio` or `video`; with `.url` or `.path` where it is a reference.
        data: the content as the node holds it, in base64; None for a reference.
        reference: where the content is to be fetched from; None for content.
    """

    name: str
    data: str | bytes | None = None
    reference: str | None = None

    @property
    def digest(self) -> str | None:
        """The digest of the bytes; None where only a reference is known, or the bytes can be read in two ways."""
        if self.data is None:
            return None
        encoded = self.data.encode("utf-8", "surrogatepass") if isinstance(self.data, str) else self.data
        try:
            decoded = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return None
        # Some places in the framework skip what is not base64, others take it for the bytes themselves; only where
        # there is one reading is it known what the model will see.
        return digest_label(decoded) if base64.b64encode(decoded) == encoded else None


def media(node: BaseNode) -> tuple[Medium, ...]:
    """Return what a node shows beside text, whatever its class."""
    found: list[Medium] = []
    if isinstance(node, ImageNode):
        found += _parts("image", node.image, node.image_url, node.image_path)
        # The framework takes this for the image where no other is given.
        if node.image is None and node.image_path is None and "file_path" in node.metadata:
            found.append(Medium("image.path", reference=str(node.metadata["file_path"])))
    for kind in _RESOURCES:
        resource: Any = getattr(node, f"{kind}_resource", None)
        if resource is not None:
            found += _parts(kind, resource.data, resource.url, resource.path)
    if _renders_itself(type(node)) or any(name in node.__dict__ for name in _RENDERING):
        # A class that renders itself may show anything.
        found.append(Medium(type(node).__name__, reference=type(node).__name__))
    return tuple(found)


def media_digests(node: BaseNode) -> dict[str, str | None]:
    """Return what a node shows beside text, as `Chunk.media` has it: name to digest, or to None for a reference."""
    return {medium.name: medium.digest for medium in media(node)}


@functools.lru_cache(maxsize=1_000)
def _renders_itself(kind: type[BaseNode]) -> bool:
    """Return whether a class changes anything by which the framework's own classes show what they hold."""
    own = [base for base in kind.__mro__ if base not in FRAMEWORK_KINDS]
    return any(name not in _SILENT and hasattr(TextNode, name) for base in own for name in vars(base))


def _parts(kind: str, data: Any, url: Any, path: Any) -> Iterator[Medium]:
    if data:
        yield Medium(kind, data=data if isinstance(data, (str, bytes)) else str(data))
    if url:
        yield Medium(f"{kind}.url", reference=str(url))
    if path:
        yield Medium(f"{kind}.path", reference=str(path))

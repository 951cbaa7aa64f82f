"""A proved node, made again: its text, its metadata, and beside them nothing that could be a sentence.

A node prints all its fields, and whoever returns nodes from a function tool shows them to a model. What no proof covers
leaves as a number, a vector, a label or a name of the framework's, or not at all.
"""

from __future__ import annotations

import functools
import mimetypes
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from llama_index.core.schema import (
    BaseNode,
    IndexNode,
    MediaResource,
    NodeRelationship,
    ObjectType,
    RelatedNodeInfo,
    TextNode,
)

from headgate.encoding import is_counter_name, is_label, label_of
from llama_index.postprocessor.headgate.media import FRAMEWORK_KINDS

__all__ = ["LISTS", "is_counter", "plain_score", "rebuilt", "words_beside"]

# Those of the standard library, and what its tables have in later versions.
_MEDIA_TYPES = frozenset(
    [
        *(kind for table in mimetypes.MimeTypes().types_map for kind in table.values()),
        *("audio/flac", "audio/mp4", "audio/ogg", "audio/wav", "audio/webm", "image/avif", "image/heic", "image/webp"),
        *("text/markdown", "video/webm", "video/x-matroska"),
    ]
)


def rebuilt(node: BaseNode, text: str, metadata: dict[str, Any], hidden: Mapping[str, list[str]]) -> BaseNode:
    """Return a node of the framework's own class that holds what is proved, and nothing else in words.

    Args:
        node: the node as the index has it; it is not changed. What a class of somebody else's has beside the
            framework's fields, nobody has judged.
        text: its text as it may enter the prompt.
        metadata: its entries that may leave.
        hidden: the lists of entries that neither model nor embedder sees, by field.
    """
    kind = _kind_of(node)
    defaults = _defaults(kind)
    # All fields, because the framework's models take long to make a default.
    values: dict[str, Any] = {**defaults, "relationships": {}}
    for name, keep in _KEPT.items():
        # Where a field is no longer what its class needs, it has its default.
        if name in defaults and (kept := keep(getattr(node, name, None))) is not None:
            values[name] = kept
    values["metadata"] = metadata
    # By the very names of the entries: an equal one may print as it likes.
    names = {key: key for key in metadata}
    for name in LISTS:
        values[name] = [names[key] for key in hidden.get(name, ()) if key in names]
    if "text_resource" in defaults:
        values["text_resource"] = _text_resource(getattr(node, "text_resource", None), text)
    else:
        values["text"] = text
    # Without the constructors, which would read paths and guess at what is missing.
    return kind.model_construct(**values)


def words_beside(node: BaseNode) -> frozenset[tuple[str, str]]:
    """Return what a node holds in words beside its text, the metadata it shows and its templates: fields and entries.

    Args:
        node: a node.
    """
    found = {(name, repr(value)) for name, value in vars(node).items() if _is_worded(name, value)}
    entries = ((f"metadata.{name}", value) for name, value in node.metadata.items() if not is_counter(name, value))
    lists = (f"hidden.{key}" for name in LISTS for key in getattr(node, name) if key not in node.metadata)
    return frozenset((*found, *((name, repr(value)) for name, value in entries), *((name, "") for name in lists)))


def _is_worded(name: str, value: Any) -> bool:
    if name in _SHOWN or name in LISTS or value is None:
        return False
    keep = _KEPT.get(name)
    return keep is None or keep(value) != value


def is_counter(name: object, value: object) -> bool:
    """Return whether an entry says nothing in words, neither by its name nor by its value."""
    return is_counter_name(name) and (value is None or type(value) in (bool, int, float))


def plain_score(score: Any) -> float | None:
    """Return a score as a plain number: a subclass prints as it likes."""
    if isinstance(score, float):
        return score if type(score) is float else float.__add__(score, 0.0)
    return score if type(score) is int else None


def _kind_of(node: BaseNode) -> type[BaseNode]:
    kind = _known_kind(type(node))
    # What an index node leads to under a name of words, nobody can look up once the name is gone.
    is_lost = issubclass(kind, IndexNode) and not is_label(getattr(node, "index_id", None))
    return TextNode if is_lost else kind


@functools.lru_cache(maxsize=1_000)
def _known_kind(kind: type[BaseNode]) -> type[BaseNode]:
    known: Any = next((one for one in kind.__mro__ if one in FRAMEWORK_KINDS), TextNode)
    return known if issubclass(known, BaseNode) and not known.__abstractmethods__ else TextNode


@functools.lru_cache(maxsize=100)
def _defaults(kind: type[BaseNode]) -> Mapping[str, Any]:
    """Return the defaults of a class's fields; None where it makes new ones for each node, or has none."""
    return {name: None if field.is_required() else field.get_default() for name, field in kind.model_fields.items()}


def _identifier(value: Any) -> Any:
    return label_of(value)


def _label(value: Any) -> Any:
    return value if is_label(value) else None


def _number(value: Any) -> Any:
    # A label, or it has so many digits that they may be a text.
    return value if type(value) is int and is_label(value) else None


def _vector(value: Any) -> Any:
    # Exactly a list: a subclass prints as it likes.
    is_vector = type(value) is list and all(type(one) is float or (type(one) is int and is_label(one)) for one in value)
    return value if is_vector else None


def _media_type(value: Any) -> Any:
    return value if type(value) is str and value in _MEDIA_TYPES else None


def _image(value: Any) -> Any:
    # Of the kind that proofs cover by its digest; an address of one has kept the node out.
    return value if type(value) is str else None


def _resource(value: Any) -> Any:
    data = getattr(value, "data", None)
    return MediaResource.model_construct(data=data, mimetype=_media_type(value.mimetype)) if data else None


def _text_resource(given: Any, text: str) -> MediaResource | None:
    if given is None and not text:
        return None
    # Where the text may also be fetched from, no proof covers.
    return MediaResource(text=text, mimetype=_media_type(getattr(given, "mimetype", None)))


def _related(value: Any) -> Any:
    """Return the nodes that a node names, those that are named by a label, without what else it says of them."""
    if not isinstance(value, Mapping):
        return None
    found = {kind: _bare(one) for kind, one in value.items() if isinstance(kind, NodeRelationship)}
    return {kind: one for kind, one in found.items() if one is not None and one != []}


def _bare(related: Any) -> Any:
    if isinstance(related, list):
        return [bare for one in related if (bare := _bare(one)) is not None]
    if not isinstance(related, RelatedNodeInfo) or not is_label(related.node_id):
        return None
    kind: Enum | None = related.node_type if isinstance(related.node_type, ObjectType) else None
    return RelatedNodeInfo.model_construct(
        node_id=related.node_id, node_type=kind, metadata={}, hash=_label(related.hash)
    )


_KEPT: Mapping[str, Callable[[Any], Any]] = {
    "id_": _identifier,
    "embedding": _vector,
    "relationships": _related,
    "mimetype": _media_type,
    "start_char_idx": _number,
    "end_char_idx": _number,
    "image": _image,
    "image_mimetype": _media_type,
    "text_embedding": _vector,
    "index_id": _label,
    "image_resource": _resource,
    "audio_resource": _resource,
    "video_resource": _resource,
}
"""How each field of the framework's classes leaves; whatever is not listed has its default."""

LISTS = ("excluded_embed_metadata_keys", "excluded_llm_metadata_keys")
# What is compared as what a node shows.
_SHOWN = frozenset(
    ("metadata", "metadata_separator", "metadata_template", "text", "text_resource", "text_template", "obj")
)

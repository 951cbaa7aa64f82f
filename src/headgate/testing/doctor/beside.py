"""What reaches a model beside the words of its prompt: arguments, blocks that are not text, calls of tools, schemas."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time, timedelta
from enum import Enum
from typing import Any

from pydantic import BaseModel

from headgate.encoding import is_label

__all__ = ["Beside", "beside", "is_name", "told_by"]

_DEEPEST = 16
_MOST = 20_000
_BASE64 = re.compile(r"(?:data:[^,\s]{0,200};base64,)?([A-Za-z0-9+/_-]{16,}={0,2})")
# Names of models, formats and options: no sentence of any document.
_NAME = re.compile(r"[A-Za-z0-9_.:/@+-]{1,64}")
_TOLD = ("context", "document", "extra_body", "instruct", "kwargs", "prompt", "system", "tools")
_PLAIN = (bool, int, float, complex, type(None), Enum, date, time, timedelta)


@dataclasses.dataclass(frozen=True, slots=True)
class Beside:
    """What was found beside a prompt.

    Attributes:
        texts: the texts, each on its own.
        unread: the kinds of what could not be read as text.
    """

    texts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def beside(value: Any, reads: Callable[[Any], Any] = lambda value: value) -> Beside:
    """Return the texts in a value, whatever it is made of.

    Args:
        value: arguments of a model, blocks of a message, or anything else that is sent with a prompt.
        reads: returns what stands for an object of a framework, such as the schema of a tool; any other as it is.
    """
    reader = _Reader(reads)
    texts = tuple(dict.fromkeys(reader.texts(value, 0)))
    return Beside(texts, tuple(dict.fromkeys(reader.unread)))


def is_name(text: str) -> bool:
    """Return whether a text beside a prompt is the name of something, and no sentence."""
    return _NAME.fullmatch(text) is not None


def told_by(model: object) -> dict[str, Any]:
    """Return what a model holds itself, by the names of its fields, to be sent with every prompt."""
    return {
        name: value
        for name, value in getattr(model, "__dict__", {}).items()
        if any(word in name for word in _TOLD) and isinstance(value, (str, bytes, Mapping, list, tuple))
    }


class _Reader:
    def __init__(self, reads: Callable[[Any], Any]) -> None:
        self._reads = reads
        self._left = _MOST
        self.unread: list[str] = []

    def texts(self, value: Any, depth: int) -> Iterator[str]:
        value = self._reads(value)
        self._left -= 1
        if isinstance(value, _PLAIN):
            return
        if depth > _DEEPEST or self._left < 0:
            self.unread.append("what is nested too deeply, or is too much")
        elif isinstance(value, str):
            yield from self._of_text(value, depth)
        elif isinstance(value, (bytes, bytearray, memoryview)):
            yield from self._of_bytes(bytes(value))
        else:
            inner = _inner(value)
            if inner is None:
                self.unread.append(type(value).__name__)
            for one in inner or ():
                yield from self.texts(one, depth + 1)

    def _of_text(self, text: str, depth: int) -> Iterator[str]:
        if is_label(text):
            return
        encoded = _BASE64.fullmatch(text)
        decoded = _decoded(encoded[1]) if encoded else None
        if decoded is not None:
            yield decoded
        yield text
        if text[:1] in ("{", "["):
            try:
                yield from self.texts(json.loads(text), depth + 1)
            except (ValueError, RecursionError):
                return

    def _of_bytes(self, data: bytes) -> Iterator[str]:
        text = _as_text(data)
        if text is None:
            self.unread.append("bytes that are not text")
            return
        encoded = _BASE64.fullmatch(text)
        if encoded is None:
            yield text
            return
        decoded = _decoded(encoded[1])
        if decoded is None:
            self.unread.append("bytes that are not text")
        else:
            yield decoded


def _inner(value: Any) -> list[Any] | None:
    """Return what a value is made of; None for one that cannot be looked into."""
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if isinstance(value, type):
        return [_schema_of(value)]
    if isinstance(value, BaseModel):
        return [*vars(value).values(), *(value.__pydantic_extra__ or {}).values()]
    if dataclasses.is_dataclass(value):
        return [getattr(value, field.name, None) for field in dataclasses.fields(value)]
    return [getattr(value, "__doc__", None)] if callable(value) and hasattr(value, "__code__") else None


def _schema_of(kind: type) -> Any:
    if not issubclass(kind, BaseModel):
        return kind.__doc__ if kind.__module__ != "builtins" else None
    try:
        return kind.model_json_schema()
    except Exception:  # noqa: BLE001 - not every model can say what it is made of
        return kind.__doc__


def _as_text(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if "\0" not in text else None


def _decoded(encoded: str) -> str | None:
    plain = encoded.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        text = _as_text(base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None
    # Any word is base64 of something; a text is printable.
    return text if text and all(one.isprintable() or one.isspace() for one in text) else None

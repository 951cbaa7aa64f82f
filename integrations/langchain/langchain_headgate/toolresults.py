"""What a tool returned, as an agent's graph takes it: messages, commands and state, and the documents in them.

As in `unpacking`, a result is read once into documents and a builder, which makes the same result again from the
admitted ones. Here the rest is decided too: of a tool that returns documents and nothing else, no text passes that was
not judged.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import BaseMessage, RemoveMessage, ToolMessage, convert_to_messages
from langgraph.types import Command, Send

from langchain_headgate.convert import text_of
from langchain_headgate.rowreader import Admitted, Build
from langchain_headgate.unpacking import Unpacked, unpack
from langchain_headgate.values import GONE, fields_of, is_textless

__all__ = ["NOTHING", "ToolResult"]

NOTHING = "No admissible document was found."

_DEEPEST = 64
# What of a message says where it belongs, and nothing that a tool has found.
_PLACE = ("id", "tool_call_id", "status", "type", "role")


class ToolResult:
    """What one call of a tool returned.

    Args:
        result: a message, a command, or a list of them.
        call: the tool call that it answers.
        proved: names of tools that return documents and nothing else.
        keeps_rest: whether nothing is kept out, so that what cannot be judged stays too.
        separator: put between the documents in a message's content.

    Attributes:
        documents: all documents in it.
    """

    def __init__(
        self, result: Any, call: Mapping[str, Any], *, proved: frozenset[str], keeps_rest: bool, separator: str
    ) -> None:
        self.documents: list[Document] = []
        self._result = result
        self._call = call
        self._proved = proved
        self._keeps_rest = keeps_rest
        self._separator = separator
        name = call.get("name")
        # A call without a name could be of any tool.
        self._is_proved = bool(proved) and (not isinstance(name, str) or name in proved)
        self._build = self._read(result, 0)

    def released(self, admitted: Admitted) -> Any:
        """Return the result with what was admitted, and without what could not be judged.

        Args:
            admitted: the admitted documents, by their index in `documents`.
        """
        # The very object: a gate that only observes changes nothing, not even an identity.
        if self._keeps_rest and self._is_unchanged(admitted):
            return self._result
        result = self._build(admitted)
        if result is not GONE:
            return result
        return ToolMessage(NOTHING, tool_call_id=str(self._call.get("id")), name=self._call.get("name"))

    def _is_unchanged(self, admitted: Admitted) -> bool:
        texts = [text_of(document) for document in self.documents]
        return all(place in admitted and admitted[place].page_content == text for place, text in enumerate(texts))

    def _read(self, value: Any, depth: int) -> Build:
        if depth > _DEEPEST:
            return self._read_value(value)
        if isinstance(value, BaseMessage):
            return self._read_message(value)
        if isinstance(value, Command):
            return self._read_command(value, depth)
        if isinstance(value, Send):
            argument = self._read(value.arg, depth + 1)
            return lambda admitted: Send(value.node, _or_none(argument(admitted)))
        if _is_message(value):
            return self._read_written_message(value)
        if _holds_messages(value, depth):
            return self._read_collection(value, depth)
        return self._read_value(value)

    def _read_collection(self, value: Any, depth: int) -> Build:
        """Read a list or mapping with messages somewhere in it, or the state of a graph."""
        if isinstance(value, Mapping):
            entries = {key: self._read(entry, depth + 1) for key, entry in value.items()}
            return lambda admitted: _kept({key: build(admitted) for key, build in entries.items()})
        builds = [self._read(one, depth + 1) for one in value]

        def rebuild(admitted: Admitted) -> Any:
            kept = [one for one in (build(admitted) for build in builds) if one is not GONE]
            return tuple(kept) if isinstance(value, tuple) else kept

        return rebuild

    def _read_value(self, value: Any) -> Build:
        unpacked = self._unpack(value, is_withheld=self._is_proved)
        return self._rest(value) if unpacked is None else unpacked.repack

    def _rest(self, value: Any) -> Build:
        """Return what becomes of a value without documents that can be recognised."""
        is_withheld = self._is_proved and not self._keeps_rest and not is_textless(value)
        return lambda _: GONE if is_withheld else value

    def _read_command(self, command: Command[Any], depth: int) -> Build:
        update = self._read_update(command.update, depth)
        resume = self._read(command.resume, depth + 1)
        goto = command.goto
        goes = goto if isinstance(goto, Sequence) and not isinstance(goto, str) else [goto]
        # The name of a node says where to go; what is sent there is state.
        ways = [self._read(way, depth + 1) if isinstance(way, Send) else _constant(way) for way in goes]

        def rebuild(admitted: Admitted) -> Command[Any]:
            gone = [way(admitted) for way in ways]
            return dataclasses.replace(
                command,
                update=_or_none(update(admitted)),
                resume=_or_none(resume(admitted)),
                goto=tuple(gone) if goes is goto else gone[0],
            )

        return rebuild

    def _read_update(self, update: Any, depth: int) -> Build:
        fields = _fields_of(update)
        if fields is not None:
            entries = {key: self._read(entry, depth + 1) for key, entry in fields.items()}
            return lambda admitted: _kept({key: build(admitted) for key, build in entries.items()})
        if isinstance(update, (list, tuple)) and update and all(map(_is_named, update)):
            named = [(key, self._read(entry, depth + 1)) for key, entry in update]
            return lambda admitted: [(key, one) for key, build in named if (one := build(admitted)) is not GONE]
        return self._read(update, depth + 1)

    def _read_written_message(self, value: Any) -> Build:
        """Read a message that is written as a mapping."""
        try:
            (message,) = convert_to_messages([value])
        except Exception:  # noqa: BLE001 - whatever LangChain cannot read, the model's API may read nevertheless
            return self._read_value(value)
        before = len(self.documents)
        build = self._read_message(message)
        is_untouched = len(self.documents) == before and not self._is_withheld(message)
        return _constant(value) if is_untouched else build

    def _read_message(self, message: BaseMessage) -> Build:
        if isinstance(message, RemoveMessage):
            return _constant(message)
        start = len(self.documents)
        artifact = getattr(message, "artifact", None)
        is_withheld = self._is_withheld(message)
        kept = self._unpack(artifact, is_withheld)
        end = len(self.documents)
        if kept is not None:
            return lambda admitted: self._with_artifact(message, kept.repack(admitted), range(start, end), admitted)
        content = self._unpack(message.content, is_withheld)
        if content is not None:
            places = range(start, len(self.documents))
            if content.is_aside:
                return lambda admitted: self._rewritten(message, content.repack(admitted) or NOTHING, artifact)
            return lambda admitted: self._with_content(message, content.repack(admitted), places, admitted)
        return _constant(self._withheld(message) if is_withheld else message)

    def _unpack(self, value: Any, is_withheld: bool) -> Unpacked | None:
        return unpack(
            value,
            keeps_rest=self._keeps_rest,
            documents=self.documents,
            keeps_beside_texts=not is_withheld,
            opens_objects=True,
        )

    def _with_artifact(self, message: BaseMessage, artifact: Any, places: range, admitted: Admitted) -> BaseMessage:
        """Return a message with admitted documents; its content is written again, for nobody judged what it said."""
        texts = [admitted[place].page_content for place in places if place in admitted]
        return self._rewritten(message, self._separator.join(texts) if texts else NOTHING, artifact)

    def _with_content(self, message: BaseMessage, content: Any, places: range, admitted: Admitted) -> BaseMessage:
        is_empty = not content or not any(place in admitted for place in places)
        artifact = getattr(message, "artifact", None)
        kept = artifact if self._keeps_rest or is_textless(artifact) else None
        return self._rewritten(message, NOTHING if is_empty else content, kept)

    def _rewritten(self, message: BaseMessage, content: Any, artifact: Any) -> BaseMessage:
        if self._is_withheld(message):
            return self._withheld(message, content, artifact)
        update = (
            {"content": content, "artifact": artifact} if isinstance(message, ToolMessage) else {"content": content}
        )
        return message.model_copy(update=update)

    def _is_withheld(self, message: BaseMessage) -> bool:
        """Whether nothing of a message may pass but what was admitted."""
        return not self._keeps_rest and (self._is_proved or message.name in self._proved)

    def _withheld(self, message: BaseMessage, content: Any = NOTHING, artifact: Any = None) -> BaseMessage:
        """Return a message in the same place of the conversation, with nothing of it but what is given here."""
        place = {name: getattr(message, name) for name in _PLACE if name in type(message).model_fields}
        name = self._call.get("name") if isinstance(message, ToolMessage) else None
        if isinstance(message, ToolMessage):
            place["artifact"] = artifact
        try:
            # Rebuilt rather than copied: whatever else a message has may hold text too.
            return type(message)(content=content, name=name, **place)
        except Exception:  # noqa: BLE001 - a message of a class that needs more than its place
            return ToolMessage(content=content, name=name, tool_call_id=str(self._call.get("id")))


def _is_message(value: Any) -> bool:
    """Return whether a mapping is a message, as the APIs of models write it."""
    return isinstance(value, Mapping) and "content" in value and ("role" in value or value.get("type") in _MESSAGES)


_MESSAGES = ("tool", "human", "user", "ai", "assistant", "system", "developer", "function")


def _holds_messages(value: Any, depth: int) -> bool:
    if depth > _DEEPEST:
        return False
    if isinstance(value, (BaseMessage, Command, Send)) or _is_message(value):
        return True
    if isinstance(value, Mapping):
        return any(_holds_messages(entry, depth + 1) for entry in value.values())
    return isinstance(value, (list, tuple)) and any(_holds_messages(one, depth + 1) for one in value)


def _fields_of(update: Any) -> dict[str, Any] | None:
    """Return the entries of a state, which may be a mapping, a model or a dataclass."""
    if isinstance(update, Mapping):
        return dict(update)
    if isinstance(update, (BaseMessage, Document)):
        return None
    return fields_of(update)


def _is_named(entry: Any) -> bool:
    return isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)


def _kept(entries: dict[Any, Any]) -> dict[Any, Any]:
    return {key: entry for key, entry in entries.items() if entry is not GONE}


def _constant(value: Any) -> Build:
    return lambda _: value


def _or_none(value: Any) -> Any:
    return None if value is GONE else value

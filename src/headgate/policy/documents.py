"""YAML as plain values, with the line of each: the core schema of YAML 1.2, under bounds.

PyYAML reads YAML 1.1, in which `no` is false, `010` is eight and `1:20` is eighty, at a cost that is quadratic in
the length of `1:1:1:...`. Here scalars mean what the core schema says (YAML 1.2.2, section 10.3.2): dates, times and
`yes` stay text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from headgate.errors import PolicyError

__all__ = ["OLD_TRUTHS", "Steps", "YamlDocument", "is_text", "parse_yaml"]

_MAX_DEPTH = 32
_NUMBER_CHARS = 64
"""Longer digits are a text: no setting is so large, and converting them is quadratic."""
_PREFIX = "tag:yaml.org,2002:"
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
OLD_TRUTHS = frozenset(form for word in ("yes", "no", "on", "off") for form in (word, word.title(), word.upper()))
"""What YAML 1.1 reads as true or false where it has no quotation marks, and YAML 1.2 as text."""
_TYPED_BEGINNINGS = frozenset(("", *"~nNtTfF+-.0123456789"))
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
# What PyYAML and its callers may raise on a text that is not what it should be.
_BROKEN = (yaml.YAMLError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RecursionError)

Steps = tuple[str | int, ...]
"""Where in a document: keys and positions, from the top."""


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A YAML document as plain values, and the line of every value in it."""

    value: object
    lines: Mapping[Steps, int]

    def line_of(self, path: Steps) -> int | None:
        """Return the line of a path, or of the nearest place above it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


_HIDDEN_BREAK = re.compile("[\x85\u2028\u2029]|\r(?!\n)")


def parse_yaml(
    text: str, *, is_large: bool = False, line_depth: int = _MAX_DEPTH, quoted: Collection[str] = ()
) -> YamlDocument:
    """Return a YAML document with the lines of its values.

    Args:
        text: the document.
        is_large: whether it is read by libyaml where PyYAML has it, which words what is wrong in its own way.
        line_depth: how many steps from the top the lines of values are kept.
        quoted: texts that must be in quotation marks, because other readers take them for something else.

    Raises:
        PolicyError: it is not YAML, uses anchors or tags beyond the core schema, is nested too deeply, or has a key
            twice. Nothing else is raised, whatever the text.
    """
    lines: dict[Steps, int] = {}
    parser = _QUICK_PARSER if is_large else yaml.SafeLoader
    hidden = _HIDDEN_BREAK.search(text)
    if hidden is not None:
        # PyYAML ends a line there, and what shows a change as one line does not: what looks like a comment would
        # be in force.
        problem = f"the line holds a break that editors do not show (U+{ord(hidden[0]):04X})."
        where = text.count("\n", 0, hidden.start()) + 1
        raise PolicyError(problem, "Remove it, or begin a new line.", line=where)
    try:
        value = _Composer(text, parser, lines, line_depth, quoted).compose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise PolicyError(f"this is not YAML: {error.problem or error}.", "", line=line) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"this is not YAML: the character U+{error.character:04X} is not allowed."
        raise PolicyError(problem, "", line=line) from error
    except _BROKEN as error:
        raise PolicyError(
            f"this is not YAML: {type(error).__name__}.", "", line=max(lines.values(), default=1)
        ) from error
    return YamlDocument(value, lines)


class _Composer:
    """From the events of a parser to plain values: without anchors, so that a small file stays small."""

    def __init__(
        self, text: str, parser: Any, lines: dict[Steps, int], line_depth: int, quoted: Collection[str]
    ) -> None:
        # Never asked for one more after the end of the stream.
        self._events = iter(parser(text).get_event, None)
        self._lines, self._line_depth, self._quoted = lines, line_depth, quoted

    def compose(self) -> object:
        """Return the value of the only document; None if there is none."""
        next(self._events)  # the beginning of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._value(next(self._events), (), 1)
        next(self._events)  # the end of the document
        event: Any = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            line = event.start_mark.line + 1
            raise PolicyError("this is not YAML: a second document begins here.", "Keep one.", line=line)
        return value

    def _value(self, event: Any, path: Steps, depth: int) -> object:
        line = event.start_mark.line + 1
        # Not left to Python's own limit, which depends on how deep the caller is.
        if depth > _MAX_DEPTH:
            raise PolicyError("the file is nested too deeply.", "", line=line)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise PolicyError(
                "anchors and aliases (& and *) are not accepted.",
                "Write the value out, or quote it if it is a text that begins with & or *.",
                line=line,
            )
        if len(path) <= self._line_depth:
            self._lines[path] = line
        if isinstance(event, yaml.ScalarEvent):
            if event.tag is None and not event.implicit[0]:
                return event.value  # in quotation marks, so a text
            self._require_quoted(event, path)
            return _scalar(event.value, _kind(event), path, line)
        if isinstance(event, yaml.SequenceStartEvent):
            _require_tag(event, "seq", path, line)
            return self._sequence(path, depth)
        _require_tag(event, "map", path, line)
        return self._mapping(path, depth)

    def _sequence(self, path: Steps, depth: int) -> list[object]:
        items: list[object] = []
        is_deep = len(path) >= self._line_depth and depth < _MAX_DEPTH
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            # Most of a large file are short texts in lists, below what lines are kept for.
            is_text = is_deep and type(event) is yaml.ScalarEvent and self._is_plain_text(event)
            items.append(event.value if is_text else self._value(event, (*path, len(items)), depth + 1))
        return items

    def _mapping(self, path: Steps, depth: int) -> dict[str, object]:
        mapping: dict[str, object] = {}
        event: Any
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            # A key is a text whatever it looks like: `on`, `1` and `<<` are names, and nothing is merged.
            line = event.start_mark.line + 1
            is_text = isinstance(event, yaml.ScalarEvent) and not event.anchor
            if not is_text or event.value in mapping:
                problem = "a key must be a string."
                if is_text:
                    problem = f"the key {event.value[:60]!r} is here twice."
                elif isinstance(event, yaml.AliasEvent) or event.anchor:
                    self._value(event, path, depth)  # which says so
                raise PolicyError(problem, "Keep one.", path, line=line)
            self._require_quoted(event, path)
            inner = (*path, event.value)
            mapping[event.value] = self._value(next(self._events), inner, depth + 1)
            if len(inner) <= self._line_depth:
                # The line of the key: of a nested mapping, the value begins a line further down.
                self._lines[inner] = line
        return mapping

    def _require_quoted(self, event: yaml.ScalarEvent, path: Steps) -> None:
        """Raise where a text has no quotation marks and must have them.

        Raises:
            PolicyError: with its line.
        """
        if event.implicit[0] and event.value in self._quoted:
            problem = f"{event.value} is a truth value to other readers of YAML."
            line = event.start_mark.line + 1 if event.start_mark else None
            raise PolicyError(problem, f'Put it in quotation marks: "{event.value}".', path, line=line)

    def _is_plain_text(self, event: yaml.ScalarEvent) -> bool:
        if event.tag is not None or event.anchor is not None:
            return False
        return not event.implicit[0] or (event.value[:1] not in _TYPED_BEGINNINGS and event.value not in self._quoted)


_QUICK_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def is_text(value: str) -> bool:
    """Return whether what is written without quotation marks is a text, and no number, truth value or null."""
    return _core_type(value) == "str"


def _kind(event: yaml.ScalarEvent) -> str:
    if event.tag not in (None, "!"):
        return str(event.tag).removeprefix(_PREFIX)
    # The first is set for plain scalars, the second for quoted ones, which are text.
    return _core_type(event.value) if event.implicit[0] else "str"


def _require_tag(event: Any, kind: str, path: Steps, line: int) -> None:
    if event.tag not in (None, "!", _PREFIX + kind):
        raise _tag_error(event.tag, path, line)


def _tag_error(tag: str, path: Steps, line: int) -> PolicyError:
    return PolicyError(f"the tag {tag[:60]!r} is not accepted.", "Write plain YAML.", path, line=line)


def _core_type(value: str) -> str:
    if value[:1] not in _TYPED_BEGINNINGS:
        return "str"
    if value in _NULL:
        return "null"
    if value in _BOOL:
        return "bool"
    if len(value) > _NUMBER_CHARS:
        return "str"
    if _INT.fullmatch(value):
        return "int"
    return "float" if _FLOAT.fullmatch(value) else "str"


def _scalar(value: str, kind: str, path: Steps, line: int) -> object:
    if kind not in ("null", "bool", "int", "float", "str"):
        raise _tag_error(kind if kind.startswith("!") or ":" in kind else _PREFIX + kind, path, line)
    # A tag may have been written out (`!!bool x`), so that the value need not be what its tag says.
    found = "float" if kind == "float" and _core_type(value) == "int" else _core_type(value)
    if kind not in (found, "str"):
        raise PolicyError(f"this is not what its tag !!{kind} says.", "Remove the tag.", path, line=line)
    if kind == "null":
        return None
    if kind == "bool":
        return _BOOL[value]
    if kind == "int":
        return int(value[2:], 8) if value.startswith("0o") else int(value, 16 if value.startswith("0x") else 10)
    if kind == "float":
        # Python has other names for the three values that YAML writes with a dot.
        return float(value.replace(".", "") if value.lower().endswith(("inf", "nan")) else value)
    return value

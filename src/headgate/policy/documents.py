"""YAML as plain values, with the line of each: the core schema of YAML 1.2, under bounds.

PyYAML reads YAML 1.1, in which `no` is false, `010` is eight and `1:20` is eighty, at a cost that is quadratic in
the length of `1:1:1:...`. Here scalars mean what the core schema says (YAML 1.2.2, section 10.3.2): dates, times and
`yes` stay text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from headgate.errors import PolicyError

__all__ = ["Steps", "YamlDocument", "parse_yaml"]

_MAX_DEPTH = 32
_NUMBER_CHARS = 64
"""Longer digits are a text: no setting is so large, and converting them is quadratic."""
_PREFIX = "tag:yaml.org,2002:"
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
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


_HIDDEN_BREAK = re.compile("[\x85\u2028\u2029]")


def parse_yaml(text: str) -> YamlDocument:
    """Return a YAML document with the lines of its values.

    Raises:
        PolicyError: it is not YAML, uses anchors or tags beyond the core schema, is nested too deeply, or has a key
            twice. Nothing else is raised, whatever the text.
    """
    lines: dict[Steps, int] = {}
    hidden = _HIDDEN_BREAK.search(text)
    if hidden is not None:
        # YAML 1.1 ends a line there, YAML 1.2 and editors do not: what a reader takes for a comment would be in force.
        problem = f"the line holds a break that editors do not show (U+{ord(hidden[0]):04X})."
        where = text.count("\n", 0, hidden.start()) + 1
        raise PolicyError(problem, "Remove it, or begin a new line.", line=where)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        value = _construct(node, (), lines) if node is not None else None
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


class _Loader(yaml.SafeLoader):
    """PyYAML's composer without anchors, so that a small file stays small, and with the core schema's scalars."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise PolicyError(
                "anchors and aliases (& and *) are not accepted.",
                "Write the value out, or quote it if it is a text that begins with & or *.",
                line=event.start_mark.line + 1,
            )
        # Not left to Python's own limit, which depends on how deep the caller is.
        self.depth = getattr(self, "depth", 0) + 1
        if self.depth > _MAX_DEPTH:
            raise PolicyError("the file is nested too deeply.", "", line=event.start_mark.line + 1)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """Return the tag of a node that has none of its own."""
        if kind is yaml.ScalarNode:
            # The first is set for plain scalars, the second for quoted ones, which are text.
            return _PREFIX + (_core_type(value) if implicit[0] else "str")
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]


def _core_type(value: str) -> str:
    if value in _NULL:
        return "null"
    if value in _BOOL:
        return "bool"
    if len(value) > _NUMBER_CHARS:
        return "str"
    if _INT.fullmatch(value):
        return "int"
    return "float" if _FLOAT.fullmatch(value) else "str"


def _construct(node: yaml.Node, path: Steps, lines: dict[Steps, int]) -> object:
    lines[path] = node.start_mark.line + 1
    kind = node.tag.removeprefix(_PREFIX)
    if isinstance(node, yaml.SequenceNode) and kind == "seq":
        return [_construct(item, (*path, number), lines) for number, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode) and kind == "map":
        return _mapping(node, path, lines)
    if isinstance(node, yaml.ScalarNode) and kind in ("null", "bool", "int", "float", "str"):
        return _scalar(node.value, kind, path, lines[path])
    raise PolicyError(f"the tag {node.tag!r} is not accepted.", "Write plain YAML.", path, line=lines[path])


def _mapping(node: yaml.MappingNode, path: Steps, lines: dict[Steps, int]) -> dict[str, object]:
    mapping: dict[str, object] = {}
    for key_node, value_node in node.value:
        # A key is a text whatever it looks like: `on`, `1` and `<<` are names, and nothing is merged.
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if key is None or key in mapping:
            problem = "a key must be a string." if key is None else f"the key {key[:60]!r} is here twice."
            raise PolicyError(problem, "Keep one.", path, line=key_node.start_mark.line + 1)
        inner = (*path, key)
        mapping[key] = _construct(value_node, inner, lines)
        # The line of the key: of a nested mapping, the value begins a line further down.
        lines[inner] = key_node.start_mark.line + 1
    return mapping


def _scalar(value: str, kind: str, path: Steps, line: int) -> object:
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

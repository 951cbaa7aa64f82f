"""From a YAML file to a Policy, with errors that name file, line, path and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from rapidfuzz import process

from headgate.errors import PolicyError
from headgate.files import read_config_text
from headgate.limits import DEFAULT_LIMITS
from headgate.policy.model import (
    Budget,
    Freshness,
    Log,
    MetadataKeys,
    Modes,
    Policy,
    Provenance,
    Source,
    SourceRule,
)

__all__ = ["YamlDocument", "load_policy", "parse_yaml", "policy_from_mapping"]

_MAX_DEPTH = 32
_PLAIN_TAGS = ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")
_FIELDS = {
    "provenance": tuple(Provenance.model_fields),
    "freshness": tuple(Freshness.model_fields),
    "metadata": tuple(MetadataKeys.model_fields),
    "modes": tuple(Modes.model_fields),
    "budget": tuple(Budget.model_fields),
    "log": tuple(Log.model_fields),
    "sources": tuple(Source.model_fields),
    "default": tuple(SourceRule.model_fields),
}
_LATER = {
    "revalidate": "Live revalidation is not part of this version; remove the key.",
    "manifest": "Manifests are not part of this version; require sealed or declared.",
}

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A YAML document as plain values, and the line of every value in it."""

    value: object
    lines: Mapping[Path_, int]

    def line_of(self, path: Path_) -> int | None:
        """Return the line of a path, or of the nearest place above it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader without anchors, so that a small file stays small."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise PolicyError(
                "anchors and aliases (& and *) are not accepted.",
                "Write the value out; quote patterns that begin with * or &.",
                line=event.start_mark.line + 1,
            )
        self.depth = getattr(self, "depth", 0) + 1
        if self.depth > _MAX_DEPTH:
            raise PolicyError("the file is nested too deeply.", "", line=event.start_mark.line + 1)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def parse_yaml(text: str) -> YamlDocument:
    """Return a YAML document with the lines of its values.

    Raises:
        PolicyError: it is no YAML, uses anchors, is nested too deeply, or has a key twice.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        lines: dict[Path_, int] = {}
        value = _construct(loader, node, (), lines) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise PolicyError(
            f"this is no YAML: {error.problem or error}.", "", line=mark.line + 1 if mark else None
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PolicyError(f"this is no YAML: {str(error).splitlines()[0]}.", "") from error
    return YamlDocument(value, lines)


def _construct(loader: _Loader, node: yaml.Node, path: Path_, lines: dict[Path_, int]) -> object:
    lines[path] = node.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN_TAGS:
        raise PolicyError(f"the tag {node.tag!r} is not accepted.", "Write plain YAML.", path, line=lines[path])
    if isinstance(node, yaml.SequenceNode):
        return [_construct(loader, item, (*path, number), lines) for number, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key in mapping:
                problem = "a key must be a text." if key is None else f"the key {key!r} stands here twice."
                raise PolicyError(problem, "Keep one.", path, line=key_node.start_mark.line + 1)
            inner = (*path, key)
            mapping[key] = _construct(loader, value_node, inner, lines)
            lines[inner] = key_node.start_mark.line + 1
        return mapping
    return loader.construct_object(node)


def load_policy(path: Path) -> Policy:
    """Return the policy in a YAML file.

    Raises:
        PolicyError: with the file, line, path and remedy of every problem.
    """
    text = read_config_text(path, DEFAULT_LIMITS.policy_bytes)
    try:
        document = parse_yaml(text)
    except PolicyError as error:
        raise error.at(str(path)) from None
    if not isinstance(document.value, dict):
        raise PolicyError(
            "a policy is a mapping.", "Begin with `version: 1`; `headgate init` writes one.", file=str(path)
        )
    return _validate(document.value, path.parent, str(path), document)


def policy_from_mapping(mapping: Mapping[str, object], base_dir: Path) -> Policy:
    """Return the policy that a mapping with the file's names describes.

    Raises:
        PolicyError: with the path and remedy of every problem.
    """
    return _validate(dict(mapping), base_dir, None, None)


def _validate(value: dict[str, object], base_dir: Path, file: str | None, document: YamlDocument | None) -> Policy:
    try:
        return Policy.model_validate({**value, "base_dir": base_dir})
    except ValidationError as error:
        problems = [_explain(item, file, document) for item in error.errors(include_url=False, include_context=False)]
        first, *others = problems
        raise PolicyError(first.problem, first.remedy, first.path, first.file, first.line, tuple(others)) from None


def _explain(item: Any, file: str | None, document: YamlDocument | None) -> PolicyError:
    path: Path_ = tuple(item["loc"])
    problem, remedy = str(item["msg"]).removeprefix("Value error, "), ""
    found = item.get("input")
    if item["type"] == "extra_forbidden":
        problem, remedy = f"unknown key {path[-1]!r}.", _suggest(path)
    elif item["type"] == "missing":
        problem, remedy = f"{path[-1]!r} is missing.", "Add it."
    elif item["type"] != "value_error":
        shown = repr(found)
        problem = f"{shown if len(shown) <= 60 else shown[:57] + '...'} does not fit:"
        remedy = f"{item['msg'][:1].lower()}{item['msg'][1:]}."
    if path and path[-1] == "require" and found == "manifest":
        remedy = _LATER["manifest"]
    line = document.line_of(path) if document else None
    return PolicyError(problem, remedy, path, file, line)


def _suggest(path: Path_) -> str:
    name = str(path[-1])
    if name in _LATER:
        return _LATER[name]
    parent = next((step for step in reversed(path[:-1]) if isinstance(step, str)), None)
    known = _FIELDS.get(parent, ()) if parent else tuple(key for key in Policy.model_fields if key != "base_dir")
    match = process.extractOne(name, known, score_cutoff=70)
    if match:
        return f"Did you mean {match[0]!r}?"
    return f"Known here: {', '.join(known)}." if known else ""

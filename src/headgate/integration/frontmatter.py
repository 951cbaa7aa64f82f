"""Front matter: the metadata at the top of a text file, in YAML (`---`) or in TOML (`+++`, as Hugo writes it)."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from datetime import date, time

from headgate.errors import PolicyError
from headgate.freshness import RESTRICTING_ROLES, find_entry
from headgate.policy.documents import parse_yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["split_front_matter"]

_MAX_CHARS = 100_000
_MAX_DEPTH = 32
_LARGEST_INTEGER = 2**63
_FENCE = re.compile(r"(---|\+\+\+)[ \t]*(?:(?<=[ \t])#[^\r\n]*)?\r?\n")
# With what editors, converters and other generators make of a fence, such as dashes of another kind and `;;;`.
_LIKE_A_FENCE = re.compile(
    r"[\s\ufeff\u200b-\u200f\u2060]*(-{3,}|\+{3,}|[\u2010-\u2015\u2212]+|;{3,}|={3,}|~{3,}|`{3,})([^\r\n]*)(?:\r\n?|\n|\Z)"
)
_KEY = re.compile(r"^([A-Za-z_][\w.:-]{0,63}|\"[\w .:-]{1,64}\")[ \t]*(?::(?=\s)|=)", re.M)
# Indented, quoted, in a list or in braces: for whether a restriction is named at all.
_ANY_KEY = re.compile(r"(?:^|[{,])[ \t{,\"'-]*([A-Za-z_][\w .:-]{0,63}?)[\"']?[ \t]*[:=]", re.M)
_LOOKED_AT = 2_000
_ENDS = {"---": re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.M), "+++": re.compile(r"^\+\+\+[ \t]*\r?$", re.M)}


def split_front_matter(text: str) -> tuple[dict[str, object], str]:
    """Return the metadata at the top of a text, and the text below it.

    Front matter is enclosed in lines of `---` (YAML; `...` may end it) or `+++` (TOML). A text whose first line is
    not closed by another, or that encloses something other than a mapping, has none, unless keys follow. Times stay
    as they are written.

    Args:
        text: the whole file, without a byte order mark.

    Raises:
        ValueError: there is front matter, or what somebody must have meant as such, and it cannot be read; the
            message names the line.
    """
    fence = _FENCE.match(text)
    if fence is None:
        _refuse_keys(text)
        _refuse_json(text)
        return {}, text
    # The search begins on the line after the fence, which may be the end already.
    end = _ENDS[fence[1]].search(text, fence.end(), fence.end() + _MAX_CHARS)
    if end is None:
        if _ENDS[fence[1]].search(text, fence.end()) is not None:
            raise ValueError(f"line 1: it is longer than {_MAX_CHARS:,} characters")
        _refuse_keys(text)
        return {}, text
    # One line break before it, so that its lines are counted as those of the file.
    head, body = "\n" + text[fence.end() : end.start()], text[end.end() :].lstrip("\r\n")
    value = _read_yaml(head) if fence[1] == "---" else _read_toml(head)
    if isinstance(value, dict):
        return value, body
    _refuse_keys(text, is_closed=True)
    return {}, text


def _refuse_keys(text: str, *, is_closed: bool = False) -> None:
    """Refuse front matter that was not closed, or does not begin on the first line: its end of validity would be lost.

    A rule of Markdown is also a line of `---`. So a key directly below the line tells, where the line is a fence; else
    only the name of a restriction does.
    """
    fence = _LIKE_A_FENCE.match(text)
    if fence is None:
        return
    below = text[fence.end() : fence.end() + _LOOKED_AT].replace("\r\n", "\n").replace("\r", "\n")
    is_key_next = fence[1] in ("---", "+++") and not fence[2].strip() and _KEY.match(below) is not None
    if not (is_key_next and not is_closed) and not _names_a_restriction(f"{fence[2]}\n{below}"):
        return
    line = text.count("\n", 0, fence.start(1)) + 1
    if line > 1 or fence.start(1) > 0:
        raise ValueError(f"line {line}: it does not begin on the first line of the file, where it is expected")
    if fence[1] not in ("---", "+++") and fence[1][0] not in "-+":
        raise ValueError("line 1: it begins with a line that is not read as such. Write ---")
    if fence[0].endswith("\r"):
        raise ValueError("line 1: its lines end in a carriage return alone. Write line feeds")
    if is_closed:
        raise ValueError("line 1: it is not a mapping. Write one `key: value` per line")
    mark = fence[1][:3]
    remedy = f"Close it with a line of {mark}" + (", or write *** if this is a rule" if mark == "---" else "")
    raise ValueError(f"line 1: it has no end. {remedy}")


def _refuse_json(text: str) -> None:
    """Refuse a JSON object at the top that names a restriction, as some site generators have front matter."""
    if text.lstrip()[:1] != "{":
        return
    try:
        found: object = json.JSONDecoder(object_pairs_hook=_any_said).raw_decode(text.lstrip())[0]
    except (ValueError, RecursionError):
        found = None
    is_restricted = isinstance(found, Mapping) and _restricts(found)
    if is_restricted or (found is None and _names_a_restriction(text[:_LOOKED_AT])):
        raise ValueError("line 1: it is written in JSON, which is not read here. Write YAML between lines of ---")


def _any_said(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Of a key that is there twice, an empty value must not hide the other.
    return dict(sorted(pairs, key=lambda pair: pair[1] is not None))


def _names_a_restriction(text: str) -> bool:
    return _restricts(dict.fromkeys((found[1].strip() for found in _ANY_KEY.finditer(text)), "there"))


def _restricts(metadata: Mapping[str, object]) -> bool:
    return any(find_entry(metadata, role) is not None for role in RESTRICTING_ROLES)


def _read_yaml(head: str) -> object:
    try:
        return parse_yaml(head).value
    except PolicyError as error:
        raise ValueError(error.describe()) from None


def _read_toml(head: str) -> object:
    try:
        return _plain(tomllib.loads(head.replace("\r\n", "\n")), _MAX_DEPTH)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _plain(value: object, depth: int) -> object:
    """Return a value of TOML as JSON has it; its dates become text, as they were written but for the `T`."""
    if depth < 0:
        raise ValueError("it is nested too deeply")
    if isinstance(value, Mapping):
        return {key: _plain(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, depth - 1) for inner in value]
    if isinstance(value, (date, time)):
        return value.isoformat()
    # TOML promises 64 bits; Python would read any number, and write it into every record.
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        raise ValueError("a number is out of range")
    return value

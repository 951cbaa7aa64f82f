"""Front matter: the metadata at the top of a text file, in YAML (`---`) or in TOML (`+++`, as Hugo writes it)."""

from __future__ import annotations

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
_FENCE = re.compile(r"(---|\+\+\+)[ \t]*\r?\n")
_LIKE_A_FENCE = re.compile(r"\s*(-{3,}|\+{3,})[ \t]*\r?\n")
_KEY = re.compile(r"^([A-Za-z_][\w.:-]{0,63}|\"[\w .:-]{1,64}\")[ \t]*(?::(?=\s)|=)", re.M)
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
    return (value, body) if isinstance(value, dict) else ({}, text)


def _refuse_keys(text: str) -> None:
    """Refuse front matter that was not closed, or does not begin on the first line: its end of validity would be lost.

    A rule of Markdown is also a line of `---`. So a key directly below the line tells, where the line is a fence; else
    only the name of a restriction does.
    """
    fence = _LIKE_A_FENCE.match(text)
    if fence is None:
        return
    below = text[fence.end() : fence.end() + _LOOKED_AT]
    is_key_next = len(fence[1]) == len("---") and _KEY.match(below) is not None
    names = dict.fromkeys((found[1].strip('"') for found in _KEY.finditer(below)), "there")
    if not is_key_next and all(find_entry(names, role) is None for role in RESTRICTING_ROLES):
        return
    line = text.count("\n", 0, fence.start(1)) + 1
    if line > 1 or fence.start(1) > 0:
        raise ValueError(f"line {line}: it does not begin on the first line of the file, where it is expected")
    mark = fence[1][:3]
    remedy = f"Close it with a line of {mark}" + (", or write *** if this is a rule" if mark == "---" else "")
    raise ValueError(f"line 1: it has no end. {remedy}")


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

"""Mutants: bytes that differ a little from good ones, drawn from a seed."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from random import Random

__all__ = ["mutate", "mutate_token"]

_PARTS = re.compile(r"([.~])")
_PIECES = (b"", b"\0", b"\xff", b"null", b"true", b"-1", b"1e999", b"{}", b"[]", b'"', b"\\u0000", b"..", b"**", b"\n")
_Change = Callable[[bytes, int, int, Random], bytes]

_CHANGES: tuple[_Change, ...] = (
    lambda data, begin, end, chance: (
        data[:begin] + bytes((data[begin] ^ 1 << chance.randrange(8),)) + data[begin + 1 :]
    ),
    lambda data, begin, end, chance: data[:begin] + chance.randbytes(1) + data[begin + 1 :],
    lambda data, begin, end, chance: data[:begin] + chance.randbytes(chance.randint(1, 4)) + data[begin:],
    lambda data, begin, end, chance: data[:begin] + data[begin + 1 :],
    lambda data, begin, end, chance: data[:begin] + data[end:],
    lambda data, begin, end, chance: data[:end] + data[begin:],
    lambda data, begin, end, chance: data[:begin] + chance.choice(_PIECES) + data[end:],
    lambda data, begin, end, chance: data[:begin],
    lambda data, begin, end, chance: data[:begin] + data[begin:end][::-1] + data[end:],
)


def mutate(data: bytes, chance: Random, others: Sequence[bytes] = ()) -> bytes:
    """Return a mutant: one to three small changes, or the beginning of one input with the end of another.

    Args:
        data: what is changed.
        chance: what decides how.
        others: further good inputs.
    """
    if others and chance.random() < 0.1:
        other = chance.choice(others)
        return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]
    for _ in range(chance.randint(1, 3)):
        if not data:
            return chance.randbytes(3)
        begin = chance.randrange(len(data))
        end = min(len(data), begin + chance.randint(1, 32))
        data = chance.choice(_CHANGES)(data, begin, end, chance)
    return data


def mutate_token(token: str, chance: Random, others: Sequence[str]) -> str:
    """Return a mutant of a token in parts: of its characters, of what a part encodes, or with another's part."""
    parts, others_parts = _PARTS.split(token), _PARTS.split(chance.choice(others))
    place, how = 2 * chance.randrange(len(parts) // 2 + 1), chance.random()
    is_number = not parts[place].strip("0123456789-")
    if how < 0.4 or (how < 0.8 and is_number):
        return mutate(token.encode(), chance).decode("utf-8", "replace")
    if how < 0.8:
        content = base64.urlsafe_b64decode(parts[place] + "=" * (-len(parts[place]) % 4))
        parts[place] = base64.urlsafe_b64encode(mutate(content, chance)).decode().rstrip("=")
    else:
        parts[place] = others_parts[min(place, len(others_parts) - 1)]
    return "".join(parts)

"""What a seal covers beside the text: metadata entries, and content that is not text. The digest `met` is made here."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from headgate.encoding import digest_label
from headgate.errors import SealError

__all__ = ["MEDIA_PREFIX", "can_cover", "covered_digests", "metadata_digest", "names_of", "number_text"]

MEDIA_PREFIX = "media:"
"""What the names of content that is not text begin with, among the covered names."""

_NO_MEDIA: Mapping[str, str | None] = {}


_WRITTEN = json.JSONEncoder(ensure_ascii=False)


def can_cover(name: str, value: object) -> bool:
    """Return whether the digest can be made of an entry: a text, a truth value, or a number of JSON."""
    if value is None or not isinstance(value, (str, int, float)) or name.startswith(MEDIA_PREFIX):
        return False
    try:
        _member(name, value, number_text).encode()
    except ValueError:
        return False
    return True


def metadata_digest(
    metadata: Mapping[str, object], names: Sequence[str], media: Mapping[str, str | None] = _NO_MEDIA
) -> str:
    """Return the digest over the metadata entries `names`, and over media where a name begins with `media:`.

    A missing entry counts as null, because some stores drop nulls; any other change changes the digest.

    Raises:
        SealError: an entry is not a plain value or cannot be written as JSON (P106).
    """
    return _digest(_plain_values(metadata, names, media), number_text)


def covered_digests(
    metadata: Mapping[str, object], names: Sequence[str], media: Mapping[str, str | None] = _NO_MEDIA
) -> tuple[str, ...]:
    """Return every digest that a seal over these entries may hold: today's, and that of seals made before.

    Raises:
        SealError: as `metadata_digest`.
    """
    values = _plain_values(metadata, names, media)
    digest = _digest(values, number_text)
    if not any(isinstance(value, float) for value in values.values()):
        return (digest,)
    return (digest, _digest(values, _former_number_text))


def number_text(value: float) -> str:
    """Return the one text of a number, as RFC 8785 (section 3.2.2.3) writes it; 3, 3.0 and -0.0, 0 are one value.

    RFC 8785 knows IEEE 754 doubles only and rounds whole numbers above 2**53 to the nearest one. An identifier of 19
    digits must not be taken for its neighbour, so a whole number below 10**21 is written with all its digits, and so
    is a greater one that no double holds.

    Raises:
        ValueError: not a number, or infinite.
    """
    if isinstance(value, int):
        # From 10**21 on, ECMAScript writes an exponent.
        return int.__repr__(value) if abs(value) < 10**21 else _large_text(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is not JSON")
    if value.is_integer():
        return number_text(int(value))
    return _float_text(value)


def _large_text(value: int) -> str:
    try:
        nearest = float(value)
    except OverflowError:
        return int.__repr__(value)
    return _float_text(nearest) if int(nearest) == value else int.__repr__(value)


def _float_text(value: float) -> str:
    """Return the shortest digits that give a double back, laid out as ECMAScript does (Number::toString).

    Python finds the same digits and lays them out otherwise: 1e-05 and 1e-07 are 0.00001 and 1e-7 there.
    """
    # Not `repr`: numpy's float64 is a float too, and names its type there.
    digits, _, exponent = float.__repr__(abs(value)).partition("e")
    sign = "-" if value < 0 else ""
    if not exponent:
        return sign + digits
    power = int(exponent)
    if -7 < power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits.replace('.', '')}"
    return f"{sign}{digits}e{power:+d}"


def _former_number_text(value: float) -> str:
    # Of a finite number, because `number_text` came first. Seals told 3.0 from 3 before. Zero has one sign here too:
    # memories of results cannot tell -0.0 from 0.0.
    return json.dumps(value or abs(value))


def _plain_values(
    metadata: Mapping[str, object], names: Sequence[str], media: Mapping[str, str | None]
) -> dict[str, object]:
    values: dict[str, object] = {}
    # By code point. RFC 8785 (section 3.2.3) sorts by UTF-16 unit; every digest is made here, so this is enough.
    for name in sorted(names):
        value = media.get(name[len(MEDIA_PREFIX) :]) if name.startswith(MEDIA_PREFIX) else metadata.get(name)
        if value is not None and not isinstance(value, (str, int, float, bool)):
            raise SealError("P106", f"the metadata entry {name[:80]!r} is not a plain value and cannot be covered")
        values[name] = value
    return values


def _digest(values: Mapping[str, object], number: Callable[[float], str]) -> str:
    try:
        members = [_member(name, value, number) for name, value in values.items()]
        return digest_label(f"{{{','.join(members)}}}".encode())
    except ValueError as error:
        raise SealError("P106", f"the covered metadata cannot be written as JSON: {error}") from None


def _member(name: str, value: object, number: Callable[[float], str]) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f"{_WRITTEN.encode(name)}:{number(value) if is_number else _WRITTEN.encode(value)}"  # type: ignore[arg-type]


def names_of(given: str | Iterable[str]) -> tuple[str, ...]:
    """Return names of metadata entries; a single one may be given as it is."""
    return (given,) if isinstance(given, str) else tuple(given)

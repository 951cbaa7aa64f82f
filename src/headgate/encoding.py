"""Bytes as text: digests, base64url and canonical JSON, strict in both directions."""

from __future__ import annotations

import binascii
import hashlib
import json
import json.encoder
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NoReturn

from headgate.forks import importing
from headgate.surrogates import encodable, replace_surrogates
from headgate.uris import safe_uri, short_digest

__all__ = [
    "are",
    "b64url_decode",
    "b64url_encode",
    "canonical_json",
    "digest_label",
    "encodable",
    "in_number",
    "is_counter_name",
    "is_digest_label",
    "is_label",
    "label_of",
    "loads_strict",
    "replace_surrogates",
    "safe_id",
    "safe_name",
    "safe_uri",
    "short_digest",
    "shown",
    "to_json",
    "to_json_line",
]

_DIGEST_LABEL = re.compile(r"sha-256:[A-Za-z0-9_-]{43}")
_URI = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{0,31}://|urn:|file:|doi:)[^\s\x00-\x1f]{1,2048}")
# Longer than any identifier that a store makes, shorter than a text that says something.
_NAME_CHARS = 200
# With the name or number of a part, as loaders write it.
_PLAIN_ID = re.compile(r"[\w./+,()-]*(?:#[\w.-]{1,64})?")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f-]{1,64}")
# ULID.
_SORTABLE = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,36}", re.ASCII)
_COUNTER = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,15}(?:[_.-][A-Za-z0-9]{1,15}){0,2}")
_COUNTER_CHARS = 32
_LETTERS_PER_DIGIT = 12
# What fits a machine word says nothing to a model; a number of a thousand digits may be a text.
_WORD = range(-(2**63), 2**64)
_INITIALS = 2
_WORDS = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}")
_MOST_WORDS = 2
_FROM_BASE64 = bytes.maketrans(b"+/", b"-_")
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/-_-")

_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _encoder(plain: json.JSONEncoder) -> Callable[[object], str]:
    """Return what encodes as `plain` does, in half of the time: by one encoder in C instead of a new one for each call.

    It is not in the library's documentation; where there is none (PyPy), or of another form, `plain` does.
    """
    # Typeshed leaves it out.
    made: Any = getattr(json.encoder, "c_make_encoder", None)
    basic: Any = getattr(json.encoder, "encode_basestring", None)
    try:
        encode = made(None, plain.default, basic, None, ":", ",", True, False, False)
        sample = {"b": [1, 0.5, "\xe4"], "a": None}
        if "".join(encode(sample, 0)) == plain.encode(sample):
            return lambda value: "".join(encode(value, 0))
    except TypeError:
        pass
    return plain.encode


_encode_canonical = _encoder(_CANONICAL)


def b64url_encode(data: bytes) -> str:
    """Return base64url without padding (RFC 7515, section 2)."""
    return binascii.b2a_base64(data, newline=False).translate(_FROM_BASE64, b"=").decode("ascii")


def b64url_decode(text: str) -> bytes:
    """Return the bytes of canonical base64url without padding.

    Raises:
        ValueError: padding, foreign characters, or spare bits that are not zero: two texts for the same
            bytes would be two tokens for one signature.
    """
    # In the alphabet of plain base64, which the library reads; what is not of base64url stays as it is, and is found.
    try:
        plain = text.encode("ascii").translate(_TO_BASE64) + b"=" * (-len(text) % 4)
        data = binascii.a2b_base64(plain)
        again = binascii.b2a_base64(data, newline=False)
    except ValueError as error:
        raise ValueError("not base64url") from error
    # The library's decoder skips what it does not know; encoding again shows it.
    if again != plain:
        raise ValueError("not canonical base64url")
    return data


def digest_label(data: bytes) -> str:
    """Return `sha-256:` and the base64url SHA-256 of `data`."""
    return "sha-256:" + b64url_encode(hashlib.sha256(data).digest())


def in_number(count: int, noun: str) -> str:
    """Return a count and what is counted: `1 document`, `1,200 documents`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def are(count: int) -> str:
    """Return the verb of a count: `is` of one, `are` of any other."""
    return "is" if count == 1 else "are"


def is_digest_label(value: object) -> bool:
    """Return whether `value` has the form that `digest_label` writes."""
    return isinstance(value, str) and _DIGEST_LABEL.fullmatch(value) is not None


def canonical_json(value: object) -> bytes:
    """Return JSON with sorted names and no spaces, in UTF-8: one text for one value.

    Raises:
        ValueError: a float that JSON cannot carry, a text with a lone surrogate, or nested too deeply.
    """
    try:
        return _encode_canonical(value).encode("utf-8")
    except RecursionError:
        raise ValueError("nested too deeply") from None


def loads_strict(data: bytes, *, most_parts: int | None = None) -> object:
    """Return the value of a JSON text that has one reading only.

    Args:
        data: the text.
        most_parts: how many signs may be in it that begin or part values, wherever they are: of what nobody has signed,
            a part of two bytes takes a hundred in memory.

    Raises:
        ValueError: not UTF-8, not JSON, a name that appears twice in an object (RFC 8259, section 4, leaves
            that open, and attackers use it), NaN or infinity, nested too deeply, or of more parts.
    """
    if most_parts is not None and sum(map(data.count, (b"{", b"[", b",", b":"))) > most_parts:
        raise ValueError(f"it has more than {most_parts:,} parts")
    try:
        return _STRICT.decode(data.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def safe_name(text: str) -> str:
    """Return what names something if it can only be a name: a URI made safe, otherwise the digest of the text.

    For names that come from outside and may hold anything, such as the successor that a document says it has.
    """
    return safe_uri(text) if _URI.fullmatch(text) else digest_label(text.encode("utf-8", "surrogatepass"))


def safe_id(text: str) -> str:
    """Return an identifier that a store gave: as it is if short, made safe if it is a URI, otherwise its digest."""
    if len(text) > _NAME_CHARS or any(character.isspace() for character in text):
        return safe_name(text)
    return text if _PLAIN_ID.fullmatch(text) else safe_uri(text)


def is_label(identifier: object) -> bool:
    """Return whether an identifier can be no sentence: whoever prints a document prints it, and no proof covers it.

    That is a whole number that fits a machine word, a UUID, digits and hexadecimal digits, or up to 36 letters, digits,
    `_` and `-`: at most two letters, or of which at least one in twelve is a digit, with no more than two words.
    """
    # Exactly a text: a subclass prints as it likes.
    if type(identifier) is not str:
        return identifier is None or (type(identifier) is int and identifier in _WORD)
    if _HEXADECIMAL.fullmatch(identifier) or _SORTABLE.fullmatch(identifier):
        return True
    if not _IDENTIFIER.fullmatch(identifier):
        return False
    digits = sum(map(str.isdigit, identifier))
    return len(identifier) <= _INITIALS or (
        digits * _LETTERS_PER_DIGIT >= len(identifier) and len(_WORDS.findall(identifier)) <= _MOST_WORDS
    )


def is_counter_name(name: object) -> bool:
    """Return whether a name is like those that splitters, stores and loaders give to what they count.

    Such as `page`, `start_index` or `loc.lines.from`: a longer name could be a sentence to the model.
    """
    return isinstance(name, str) and len(name) <= _COUNTER_CHARS and _COUNTER.fullmatch(name) is not None


def label_of(identifier: object) -> object:
    """Return an identifier that is a label as it is, any other text as its digest, and of anything else nothing."""
    if is_label(identifier):
        return identifier
    if not isinstance(identifier, str):
        return None
    return hashlib.sha256(str.encode(identifier, "utf-8", "surrogatepass")).hexdigest()


def shown(value: object, most: int = 80) -> str:
    """Return a foreign value as it may be in a message: quoted, in ASCII, at most about `most` characters long."""
    text = ascii(value[: most + 1] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= most + 2 else f"{text[: most - 3]}...{text[-1]}"


def to_json(value: object, *, indent: int | None = None, is_ascii: bool = False) -> str:
    """Return a value as JSON that can be written anywhere.

    Lone surrogates become U+FFFD, and objects that JSON does not know become their text.

    Args:
        value: what to write.
        indent: spaces a level; by default everything is on one line.
        is_ascii: whether characters other than ASCII are escaped.
    """
    separators = (",", ":") if indent is None else None
    return replace_surrogates(
        json.dumps(value, ensure_ascii=is_ascii, indent=indent, separators=separators, default=str)
    )


def to_json_line(value: object) -> bytes:
    """Return a value as one line of JSON in UTF-8, without its end, which reads like what `to_json` writes.

    By orjson where it is installed, which takes a twentieth of the time and writes null for a number that JSON does not
    know; what it refuses is written by the standard library.
    """
    dumps = _orjson()
    if dumps is not None:
        try:
            return dumps(value)
        except TypeError:  # a lone surrogate, a large number, a key that is not a string
            pass
    return to_json(value).encode("utf-8")


@lru_cache(maxsize=1)
def _orjson() -> Callable[[object], bytes] | None:
    try:
        with importing():
            import orjson
    except ImportError:
        return None
    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    return partial(orjson.dumps, default=str, option=options)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name appears twice in a JSON object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)

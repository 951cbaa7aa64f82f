"""Document seals: signed once, before anybody splits, and provable for every run of whole blocks. Experimental.

The publisher cuts a document into blocks at ends of sentences and of lines, and signs the Merkle root over them. A
chunk carries that signature and a proof that it is a run of whole blocks, so that nobody cuts "never" off a sentence;
the proof is made without a key. docs/document-seal-format.md is the format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from headgate.chunk import SEAL_KEY, Chunk
from headgate.encoding import b64url_decode, b64url_encode, digest_label, loads_strict
from headgate.errors import SealError
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.provenance.jws import ParsedJws, parse_jws
from headgate.provenance.merkle import HASH_BYTES, leaf_hash, range_path, root_from_range, tree_of

__all__ = [
    "BLOCKS_KEY",
    "DOCUMENT_TYPE",
    "SPACE",
    "SpanProver",
    "SpanToken",
    "cut_blocks",
    "document_claims",
    "is_span",
    "read_span",
    "root_of_whole",
]

DOCUMENT_TYPE = "headgate-document+jwt"
BLOCKS_KEY = "headgate_blocks"
"""The metadata entry in which a document says how long its blocks are, until it is split."""

SPACE = " \t\n\r\f\v"
"""White space, which may be missing at the ends of a chunk; no other character may."""

_SEPARATOR = "~"
_PARTS = 5
_MOST_BLOCKS = 1_000_000
_MOST_SPACE = 64
_MOST_TRIES = 1_000
_ROOT = "sha-256:"
# Behind the end of a sentence with its closing marks and blanks, or behind line breaks. Each alternative begins with a
# character of its own, so that looking for borders takes time in proportion to the text.
_BORDER = re.compile(
    "(?<=[.!?\u2026\u3002\uff01\uff1f])[\"'\u2019\u201d\u00bb)\\]]*[ \\t]+(?=[^ \\t\\n\\r\\f\\v])"
    "|\\n[ \\t\\n\\r\\f\\v]*"
)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,6}")
_LENGTHS = re.compile(r"[1-9][0-9]{0,6}(?:-[1-9][0-9]{0,6})*")


def cut_blocks(text: str) -> list[str]:
    """Return the blocks of a text: at ends of sentences and of lines, each with the white space behind it.

    White space at both ends of the text is not a part of it.
    """
    text = text.strip(SPACE)
    blocks, start = [], 0
    for match in _BORDER.finditer(text):
        if match.end() > start and match.end() < len(text):
            blocks.append(text[start : match.end()])
            start = match.end()
    return [*blocks, text[start:]] if text[start:] else blocks


def _leaf(number: int, block: str) -> bytes:
    # The length of what is not white space keeps the two parts apart.
    body = block.rstrip(SPACE).encode("utf-8")
    space = block[len(block.rstrip(SPACE)) :].encode("utf-8")
    return leaf_hash(number.to_bytes(8, "big") + len(body).to_bytes(8, "big") + body + space)


def _leaves(blocks: Iterable[str], first: int = 0) -> list[bytes]:
    return [_leaf(number, block) for number, block in enumerate(blocks, first)]


def document_claims(blocks: Sequence[str]) -> dict[str, object]:
    """Return the claims that are in a document seal where a seal has the digest of its text.

    Raises:
        ValueError: there is no block, or there are too many.
    """
    if not blocks:
        raise ValueError("a document without text cannot be sealed")
    if len(blocks) > _MOST_BLOCKS:
        raise ValueError(f"a document has at most {_MOST_BLOCKS:,} blocks")
    return {"root": _ROOT + b64url_encode(tree_of(_leaves(blocks))[0]), "size": len(blocks)}


@dataclass(frozen=True, slots=True)
class SpanToken:
    """The proof of a chunk that was read; the signature over its document is not verified.

    Attributes:
        parsed: what was signed.
        is_included: whether the text is a run of whole blocks of what was signed.
        root: the root that was signed.
        run: which blocks it is said to be.
        size: how many blocks the document has.
    """

    parsed: ParsedJws
    is_included: bool
    root: bytes
    run: range
    size: int


def is_span(token: object) -> bool:
    """Return whether a token has the form of a proof under a document seal."""
    return isinstance(token, str) and token.count(_SEPARATOR) == _PARTS - 1


def read_span(token: str, text: str, limits: Limits = DEFAULT_LIMITS) -> SpanToken:
    """Return what a proof says about a text.

    Args:
        token: the proof.
        text: the text of the chunk.
        limits: `seal_bytes` bounds the token.

    Raises:
        SealError: it is of another form (P106).
    """
    if len(token) > limits.seal_bytes or not token.isascii():
        raise SealError("P106", f"the token has more than {limits.seal_bytes:,} characters, or other than ASCII")
    signed, number, encoded, space, steps = token.split(_SEPARATOR)
    parsed, root, size = _read_document(signed, limits)
    if not _NUMBER.fullmatch(number):
        raise SealError("P106", "the place of the first block is not a number")
    start = int(number)
    if not _LENGTHS.fullmatch(encoded):
        raise SealError("P106", "the lengths of the blocks cannot be read")
    lengths = [int(length) for length in encoded.split("-")]
    span = range(start, start + len(lengths))
    if span.stop > size:
        raise SealError("P106", "the blocks are outside the document")
    try:
        tail, path = b64url_decode(space).decode("utf-8"), b64url_decode(steps)
    except ValueError as error:
        raise SealError("P106", f"the proof cannot be decoded: {error}") from None
    if tail.strip(SPACE) or len(tail) > _MOST_SPACE:
        raise SealError("P106", "what follows the last block is not white space")
    run = text.strip(SPACE) + tail
    if sum(lengths) != len(run):
        return SpanToken(parsed, False, root, span, size)
    blocks, end = [], 0
    for length in lengths:
        blocks.append(run[end : end + length])
        end += length
    try:
        found = root_from_range(_leaves(blocks, start), start, size, path)
    except ValueError as error:
        raise SealError("P106", f"the proof cannot be read: {error}") from None
    return SpanToken(parsed, found == root, root, span, size)


@lru_cache(maxsize=1_024)  # all chunks of a document have one
def _read_document(signed: str, limits: Limits) -> tuple[ParsedJws, bytes, int]:
    """Return what was signed about a document: its root, and how many blocks it has."""
    parsed = parse_jws(signed, typ=DOCUMENT_TYPE, limits=limits)
    try:
        values = loads_strict(parsed.payload)
    except ValueError as error:
        raise SealError("P106", f"the claims cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise SealError("P106", "the claims are not a JSON object")
    root, size = values.get("root"), values.get("size")
    if isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= _MOST_BLOCKS:
        raise SealError("P106", "the claim 'size' is not a number of blocks")
    if not isinstance(root, str) or not root.startswith(_ROOT):
        raise SealError("P106", "the claim 'root' is not of the form sha-256:...")
    try:
        found = b64url_decode(root[len(_ROOT) :])
    except ValueError:
        found = b""
    if len(found) != HASH_BYTES:
        raise SealError("P106", "the claim 'root' is not of the form sha-256:...")
    return parsed, found, size


def root_of_whole(document: Chunk, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return the root over the blocks of a document that was sealed as a whole, made of its text.

    Raises:
        SealError: its seal is not one of a whole document (P106).
        ValueError: its text is not what its seal is over.
    """
    _, signed, _ = _read_document(str(document.metadata.get(SEAL_KEY)), limits)
    root = _Whole(document).root
    if root != signed:
        raise ValueError("the text of the document is not the one that was sealed")
    return root


class SpanProver:
    """Attaches proofs to the chunks of documents that were sealed as a whole. Needs no key.

    Args:
        documents: the documents, as `Sealer.seal_document` returned them.

    Raises:
        ValueError: a document is not sealed as a whole, or its text is not what was cut into blocks.
    """

    def __init__(self, documents: Iterable[Chunk]) -> None:
        self._documents: dict[str, _Whole] = {}
        for document in documents:
            whole = _Whole(document)
            self._documents[whole.signed] = whole

    @property
    def digest(self) -> str:
        """A digest of the seals of the documents: with others, a chunk gets another proof."""
        return digest_label("\n".join(sorted(self._documents)).encode("utf-8", "surrogatepass"))

    def prove(self, chunk: Chunk) -> Chunk | None:
        """Return a chunk with its proof in place of the document's seal; None if it is not a run of whole blocks.

        Args:
            chunk: a chunk with the metadata of its document, as splitters hand it on.
        """
        whole = self._documents.get(str(chunk.metadata.get(SEAL_KEY)))
        token = whole.token(chunk.text) if whole is not None else None
        if token is None:
            return None
        metadata: Mapping[str, object] = {name: value for name, value in chunk.metadata.items() if name != BLOCKS_KEY}
        return Chunk(chunk.text, {**metadata, SEAL_KEY: token}, chunk.id, chunk.score, media=chunk.media)


class _Whole:
    """A document, its blocks and where they begin and end."""

    def __init__(self, document: Chunk) -> None:
        self.signed = str(document.metadata.get(SEAL_KEY))
        encoded = str(document.metadata.get(BLOCKS_KEY, ""))
        if not _LENGTHS.fullmatch(encoded):
            raise ValueError("the document was not sealed as a whole: seal it with `headgate seal --whole`")
        self._lengths = [int(length) for length in encoded.split("-")]
        self._text = document.text.strip(SPACE)
        if sum(self._lengths) != len(self._text):
            raise ValueError("the text of the document is not the one that was sealed")
        self._begins: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._blocks: list[str] = []
        place = 0
        for number, length in enumerate(self._lengths):
            block = self._text[place : place + length]
            self._blocks.append(block)
            self._begins[place] = number
            place += length
            self._ends[place - (len(block) - len(block.rstrip(SPACE)))] = number
        self._leaves = _leaves(self._blocks)

    @property
    def root(self) -> bytes:
        """The root over the blocks."""
        return root_from_range(self._leaves, 0, len(self._leaves), b"")

    def token(self, text: str) -> str | None:
        """Return the proof of a text, or None if it is not a run of whole blocks."""
        wanted = text.strip(SPACE)
        if not wanted:
            return None
        place = self._text.find(wanted)
        # The same words may be there more than once, and only some of them at borders.
        for _ in range(_MOST_TRIES):
            if place < 0:
                break
            start, last = self._begins.get(place), self._ends.get(place + len(wanted))
            if start is not None and last is not None:
                return self._proof(start, last)
            place = self._text.find(wanted, place + 1)
        return None

    def _proof(self, start: int, last: int) -> str:
        block = self._blocks[last]
        space = block[len(block.rstrip(SPACE)) :]
        return _SEPARATOR.join(
            (
                self.signed,
                str(start),
                "-".join(map(str, self._lengths[start : last + 1])),
                b64url_encode(space.encode("utf-8")),
                b64url_encode(range_path(self._leaves, start, last + 1)),
            )
        )

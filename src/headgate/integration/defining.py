"""What the short forms of a document stand for, as its publisher knows: gathered from its chunks, for their seals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from headgate.chunk import Chunk
from headgate.encoding import are, canonical_json, in_number
from headgate.integration.published import Prepared
from headgate.provenance import Sealer
from headgate.provenance.values import DEFINITION_BYTES, MAX_DEFINITIONS, is_definition
from headgate.terminology.definitions import definitions_of

__all__ = ["sealed_definitions", "share_definitions"]


def sealed_definitions(items: Iterable[tuple[object, object]], where: str, problems: dict[str, None]) -> dict[str, str]:
    """Return the definitions that a seal can carry, as many as it has room for.

    Args:
        items: short forms with their long ones.
        where: what they come from, for what is reported.
        problems: where it is noted that some are left out.
    """
    found: dict[str, str] = {}
    left = 0
    room = DEFINITION_BYTES - len("{}")
    for short, long in items:
        written = " ".join(long.split()) if isinstance(long, str) else long
        size = len(canonical_json({short: written})) if is_definition(short, written) else room + 1
        if size > room or len(found) >= MAX_DEFINITIONS:
            left += 1
            continue
        room -= size
        found[str(short)] = str(written)
    if left:
        problems[
            f"{in_number(left, 'definition')} of {where!r} {are(left)} not sealed: not plain words, or there is no room"
        ] = None
    return found


def share_definitions(sealer: Sealer, prepared: Sequence[Prepared]) -> list[Prepared]:
    """Return chunks of documents such that the seal of each says what others of its document define.

    A chunk gets the definitions of the short forms that it mentions and does not define itself. What two chunks define
    differently is left out.

    Args:
        sealer: who will sign.
        prepared: the chunks; those of one subject belong together.
    """
    own = [definitions_of(one.chunk.text) for one in prepared]
    told: dict[str, dict[str, str | None]] = {}
    for one, definitions in zip(prepared, own, strict=True):
        of_document = told.setdefault(one.claims.arguments["subject"], {})
        for short, long in definitions.items():
            if of_document.setdefault(short, long) != long:
                of_document[short] = None
    return [
        _with_definitions(sealer, one, definitions, told[one.claims.arguments["subject"]])
        for one, definitions in zip(prepared, own, strict=True)
    ]


def _with_definitions(sealer: Sealer, one: Prepared, own: dict[str, str], told: dict[str, str | None]) -> Prepared:
    given = one.claims.arguments["definitions"]
    found = {
        short: long
        for short, long in told.items()
        if long is not None and short not in own and short not in given and short in _text_of(one.chunk)
    }
    if not found:
        return one
    problems = dict.fromkeys(one.claims.problems)
    definitions = sealed_definitions({**given, **found}.items(), "text", problems)
    arguments = one.claims.arguments.copy()
    arguments["definitions"] = definitions
    claims = replace(one.claims, arguments=arguments, problems=tuple(problems))
    return replace(one, claims=claims, payload=sealer.claims(one.chunk, **arguments))


def _text_of(chunk: Chunk) -> str:
    return chunk.text if isinstance(chunk.text, str) else ""

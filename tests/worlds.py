"""Generated policies and documents, for laws that hold whatever a policy asks and whoever wrote the documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from headgate import Chunk, Gate
from headgate.chunk import SEAL_KEY
from headgate.testing import FixedClock, Publisher
from shelves import Shelf, page, temporary_folder

CLOCK = FixedClock()
HANDBOOK = Publisher("handbook", "https://handbook.example/**", CLOCK)
PRICES = Publisher("prices", "https://prices.example/**", CLOCK)
STRANGER = Publisher("stranger", "https://stranger.example/**", CLOCK)
WIKI = "https://wiki.example/"
LEDGER = Shelf(temporary_folder(), CLOCK, "ledger")
LISTED = [
    page(f"{number}", text, "ledger", **metadata)
    for number in range(3)
    for text, metadata in (
        ("alpha", {"title": "A", "last_modified": CLOCK.ago(days=number * 100).isoformat()}),
        ("beta", {"page": number}),
        ("gamma", {"version": 3}),
    )
]
"""The documents of a source that has a manifest; nothing else is listed in it."""
LEDGER.publish(LISTED)
_PUBLISHERS = {"handbook": HANDBOOK, "prices": PRICES, "stranger": STRANGER}

rules = st.fixed_dictionaries(
    {},
    optional={
        "max_age": st.sampled_from(["30d", "365d"]),
        "missing": st.sampled_from(["drop", "warn", "admit"]),
        "supersede": st.booleans(),
    },
)


@dataclass(frozen=True)
class Origin:
    """A document and who really made it."""

    chunk: Chunk
    is_genuine: bool


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """Policies in enforce mode over sources that require seals, a manifest, and only to be declared."""
    return {
        "sources": [
            HANDBOOK.source(freshness=draw(rules)),
            PRICES.source(freshness=draw(rules)),
            LEDGER.source(freshness=draw(rules)),
            {"id": "wiki", "match": f"{WIKI}**", "provenance": {"require": "declared"}, "freshness": draw(rules)},
        ]
    }


@st.composite
def genuine(draw: st.DrawFn) -> Chunk:
    """A document that its publisher sealed, for a source of its own."""
    publisher = draw(st.sampled_from([HANDBOOK, PRICES]))
    page = draw(st.integers(0, 3))
    metadata: dict[str, object] = draw(
        st.dictionaries(st.sampled_from(["title", "author", "page"]), st.text(max_size=8) | st.integers(0, 9))
    )
    claims: dict[str, Any] = {"cover": sorted(metadata)}
    if draw(st.booleans()):
        claims["version"] = draw(st.integers(0, 3))
    if draw(st.booleans()):
        claims["modified"] = CLOCK.now - timedelta(days=draw(st.integers(0, 400)))
    uri = f"https://{publisher.name}.example/{page}"
    text = draw(st.text(st.characters(codec="utf-8"), max_size=20))
    if draw(st.booleans()):
        return publisher.seal(text, uri, metadata, **claims)
    others = draw(st.integers(0, 3))
    batch = [(Chunk(f"other {number}"), {"subject": uri}) for number in range(others)]
    mine = (Chunk(text, metadata), {"subject": uri, "modified": CLOCK.now, **claims})
    return publisher.sealer.seal_many([*batch, mine])[others]


@st.composite
def forged(draw: st.DrawFn) -> Chunk:
    """A document that nobody who may vouches for, made from a genuine one in some way."""
    chunk = draw(genuine())
    how = draw(st.sampled_from(["text", "no seal", "cut", "other key", "other subject"]))
    uri = "https://handbook.example/1"
    if how == "text":
        return replace(chunk, text=chunk.text + draw(st.sampled_from([" ", ".", "\0", "forged"])))
    if how == "no seal":
        return Chunk(chunk.text, {"source": uri, **{k: v for k, v in chunk.metadata.items() if k != SEAL_KEY}})
    if how == "cut":
        token = str(chunk.metadata[SEAL_KEY])
        return chunk.with_metadata(**{SEAL_KEY: token[: draw(st.integers(0, len(token) - 1))], "source": uri})
    if how == "other key":
        return STRANGER.seal(chunk.text, uri)
    return PRICES.seal(chunk.text, uri)


listed = st.sampled_from(LISTED)


@st.composite
def unlisted(draw: st.DrawFn) -> Chunk:
    """A document that claims to be of the source with the manifest and is not in it, made from one that is."""
    chunk = draw(listed)
    how = draw(st.sampled_from(["text", "page", "metadata", "no metadata", "other seal"]))
    source = str(chunk.metadata["source"])
    if how == "text":
        return replace(chunk, text=chunk.text + draw(st.sampled_from([" ", ".", "\0", "forged"])))
    if how == "page":
        return chunk.with_metadata(source=source + draw(st.sampled_from(["9", "/x", "?q"])))
    if how == "metadata":
        return chunk.with_metadata(**{name: "other" for name in chunk.metadata if name != "source"})
    if how == "no metadata":
        return Chunk(chunk.text, {"source": source})
    return STRANGER.seal(chunk.text, source, dict(chunk.metadata))


@st.composite
def retrievals(draw: st.DrawFn, most: int = 5) -> list[Origin]:
    """Documents of one retrieval, each with an id of its own."""
    made = draw(
        st.lists(
            (genuine() | listed).map(lambda chunk: Origin(chunk, True))
            | (forged() | unlisted()).map(lambda chunk: Origin(chunk, False)),
            max_size=most,
        )
    )
    return [replace(one, chunk=replace(one.chunk, id=f"id-{number}")) for number, one in enumerate(made)]


def gate_of(policy: Mapping[str, object]) -> Gate:
    return Gate(policy, clock=CLOCK)

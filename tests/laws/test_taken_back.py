"""What was taken back never enters, whatever the order, the mode and the age of the list; an override lifts no more.

It lifts that nobody has vouched lately, says so, and ends when it says.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doors import LEAVING, Leaving
from headgate import Admission, Chunk, Gate, Sealer
from headgate.admission.overriding import LIFTED, Override, OverrideFile
from headgate.chunk import SEAL_KEY
from headgate.provenance import SigningKey, generate_signing_key
from headgate.provenance.revocation import Revocation, RevocationList
from headgate.provenance.seals import digest_text
from headgate.testing import FixedClock
from shelves import Shelf, page, temporary_folder

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = FixedClock()
KEYS = {name: generate_signing_key(name) for name in ("docs-1", "docs-2")}
THUMBPRINTS = {name: next(iter(key.public)).thumbprint for name, key in KEYS.items()}
URIS = [f"https://docs.example/{name}" for name in "abc"]
TEXTS = ["one", "two", "three"]


@dataclass(frozen=True)
class Made:
    """A document that its publisher sealed, or that is only said to be of an open source."""

    chunk: Chunk
    uri: str
    key: str | None
    version: int | None


@st.composite
def made(draw: st.DrawFn) -> Made:
    text = draw(st.sampled_from(TEXTS))
    if draw(st.integers(0, 4)) == 0:
        uri = f"https://wiki.example/{draw(st.sampled_from('ab'))}"
        return Made(Chunk(text, {"source": uri}), uri, None, None)
    uri, key = draw(st.sampled_from(URIS)), draw(st.sampled_from(sorted(KEYS)))
    version = draw(st.none() | st.integers(0, 4))
    sealed = Sealer(KEYS[key], "docs", clock=START).seal(Chunk(text), subject=uri, version=version)
    # What nobody signed may stand beside it.
    other = draw(st.dictionaries(st.sampled_from(["version", "source", "note"]), st.sampled_from([9, "x", URIS[0]])))
    return Made(Chunk(sealed.text, {**other, **sealed.metadata}), uri, key, version)


reasons = st.sampled_from(["", "stolen"])
listed = st.builds(
    lambda keys, documents, digests: {"keys": keys, "documents": documents, "digests": digests},
    st.dictionaries(
        st.sampled_from(sorted(THUMBPRINTS.values())),
        st.builds(Revocation, reasons, st.none(), st.none() | st.just(START.now - DAY) | st.just(START.now + DAY)),
        max_size=1,
    ),
    st.dictionaries(
        st.sampled_from([*URIS, "https://wiki.example/a"]),
        st.builds(Revocation, reasons, st.none() | st.integers(0, 4)),
        max_size=2,
    ),
    st.dictionaries(st.sampled_from([digest_text(text) for text in TEXTS]), st.builds(Revocation, reasons), max_size=1),
)
Entries = Mapping[str, Mapping[str, Revocation]]


NOTHING: Entries = {"keys": {}, "documents": {}, "digests": {}}


class World:
    """A folder with a list, by a key that no process has seen before: versions are remembered per key."""

    def __init__(self, folder: str) -> None:
        self.folder, self.file = Path(folder), Path(folder) / "revoked.jws"
        self.key = generate_signing_key("security")

    def sign(self, version: int, entries: Entries, key: SigningKey | None = None) -> None:
        empty = RevocationList(issuer="s", version=version, issued=START.now, expires=START.now + 7 * DAY)
        signed = replace(empty, **entries).sign(key or self.key)  # type: ignore[arg-type]  # by name
        self.file.write_bytes(signed)

    def policy(self, mode: str = "enforce") -> dict[str, Any]:
        keys = [key.public_jwks() for key in KEYS.values()]
        return {
            "mode": mode,
            "cache": str(self.folder / "cache"),
            "sources": [
                {"id": "docs", "match": "https://docs.example/**", "provenance": {"keys": keys}},
                {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}},
            ],
            "revocations": [{"list": str(self.file), "keys": self.key.public_jwks(), "grace": "24h"}],
        }


def is_taken_back(one: Made, entries: Entries) -> bool:
    """What the format's table says, told anew."""
    document = entries["documents"].get(one.uri)
    upto = document.version if document is not None else None
    return (
        (one.key is not None and THUMBPRINTS[one.key] in entries["keys"])
        or (document is not None and (upto is None or one.version is None or one.version <= upto))
        or digest_text(one.chunk.text) in entries["digests"]
    )


def judge(gate: Gate, chunks: Sequence[Chunk], *, is_async: bool) -> Admission:
    return asyncio.run(gate.aadmit(chunks)) if is_async else gate.admit(chunks)


@given(
    retrieval=st.lists(made(), max_size=6),
    steps=st.lists(st.sampled_from(["next", "earlier", "garbage", "another key", "gone", "reload"]), max_size=5),
    lists=st.lists(listed, min_size=6, max_size=6),
    mode=st.sampled_from(["enforce", "warn", "audit"]),
    age=st.sampled_from([timedelta(0), 6 * DAY, 7 * DAY + HOUR, 8 * DAY + HOUR]),
    is_async=st.booleans(),
)
def test_what_was_taken_back_never_enters(
    retrieval: list[Made], steps: list[str], lists: list[Entries], mode: str, age: timedelta, is_async: bool
) -> None:
    """By the last list that its publisher signed and that was seen, whatever was put in its place since."""
    with tempfile.TemporaryDirectory() as name:
        world, clock, version, entries = World(name), FixedClock(START.now), 1, lists[0]
        world.sign(version, entries)
        gate = Gate(world.policy(mode), clock=clock)
        for step, new in zip(steps, lists[1:], strict=False):
            if step == "next":
                version, entries = version + 1, new
                world.sign(version, entries)
            elif step == "reload":
                world.sign(version, entries)
                gate.reload()
            elif step == "gone":
                world.file.unlink(missing_ok=True)
            elif step == "garbage":
                world.file.write_bytes(b"nothing")
            elif step == "earlier":
                world.sign(version - 1, new)
            else:
                world.sign(version + 5, new, generate_signing_key("security"))
            clock.advance(timedelta(seconds=1))
            judge(gate, [one.chunk for one in retrieval], is_async=is_async)
        clock.now = max(clock.now, START.now + age)
        admission = judge(gate, [one.chunk for one in retrieval], is_async=is_async)
        for one, decision in zip(retrieval, admission.decisions, strict=True):
            assert ("P107" in decision.codes) == is_taken_back(one, entries), (one, entries, decision.codes)
            if "P107" in decision.codes:
                assert decision.admitted == (mode != "enforce")
            # A list that has ended is relied on for the grace, and then nothing is that needs a proof.
            if one.key is not None and mode == "enforce" and clock.now >= START.now + 8 * DAY:
                assert not decision.admitted


@pytest.mark.parametrize("door", LEAVING.values(), ids=LEAVING)
@settings(max_examples=8)
@given(retrieval=st.lists(made(), min_size=1, max_size=5), entries=listed)
def test_nor_through_any_door(door: Leaving, retrieval: list[Made], entries: Entries) -> None:
    with tempfile.TemporaryDirectory() as name:
        world = World(name)
        world.sign(1, NOTHING)
        gate = Gate(world.policy(), clock=FixedClock(START.now))
        chunks = [replace(one.chunk, id=str(number)) for number, one in enumerate(retrieval)]
        # Remembered as admissible, and then taken back.
        gate.admit(chunks)
        world.sign(2, entries)
        out = {getattr(one, "id", None) or getattr(one, "id_", None) for one in door(gate, chunks, "?")}
        for number, one in enumerate(retrieval):
            assert not (str(number) in out and is_taken_back(one, entries))


NIGHT = FixedClock()
SHELF = Shelf(temporary_folder(), NIGHT, "shelf")
SHELF.publish([page(name, text) for name in "ab" for text in ("one", "two")], lifetime=DAY)
OTHER = generate_signing_key("other")


@st.composite
def of_the_night(draw: st.DrawFn) -> Chunk:
    """A document of a source whose list has ended: listed, not listed, changed, taken back, restricted, or sealed."""
    chunk = page(draw(st.sampled_from("abc")), draw(st.sampled_from(["one", "two", "never"])))
    more = draw(st.dictionaries(st.sampled_from(["expires", "status", "note", "version"]), st.sampled_from(
        ["2020-01-01", "2999-01-01", "withdrawn", "soon", 3])))  # fmt: skip
    chunk = chunk.with_metadata(**more)
    if draw(st.integers(0, 3)) == 0:
        forged = Sealer(OTHER, "shelf", clock=NIGHT).seal(Chunk(chunk.text), subject=str(chunk.metadata["source"]))
        chunk = chunk.with_metadata(**{SEAL_KEY: forged.metadata[SEAL_KEY]})
    return chunk


hours = st.integers(-100, 100).map(lambda count: count * HOUR)


@given(
    retrieval=st.lists(of_the_night(), min_size=1, max_size=5),
    taken_back=st.booleans(),
    source=st.sampled_from(["shelf", "shelf", "wiki"]),
    since=hours,
    lasts=st.integers(0, 150).map(lambda count: count * HOUR),
    at=st.sampled_from([-1, 0, 1]),
    around=st.sampled_from(["begin", "end"]),
    is_ended=st.booleans(),
    rules=st.fixed_dictionaries(
        {}, optional={"max_age": st.just("1d"), "missing": st.just("drop"), "verified_within": st.just("12h")}
    ),
)
def test_an_override_lifts_that_nobody_has_vouched_lately_and_nothing_else(
    retrieval: list[Chunk],
    taken_back: bool,
    source: str,
    since: timedelta,
    lasts: timedelta,
    at: int,
    around: str,
    is_ended: bool,
    rules: dict[str, str],
) -> None:
    now = NIGHT.now + 10 * DAY
    with tempfile.TemporaryDirectory() as name:
        world = World(name)
        world.sign(1, {**NOTHING, "documents": {"https://shelf.example/a": Revocation("wrong")} if taken_back else {}})
        policy: dict[str, Any] = {
            **world.policy(),
            "sources": [SHELF.source(freshness=rules, provenance={"grace": "1h"})],
        }
        file = OverrideFile(world.folder / "overrides.jsonl", 4 * DAY)
        override = Override(source, now + since, now + since + lasts, "ticket 4711", "ann")
        file.open(override)
        if is_ended:
            file.close(source, now, "ann")
        ends = override.since + min(lasts, 4 * DAY)
        clock = FixedClock((override.since if around == "begin" else ends) + at * timedelta(seconds=1))
        gates = [
            Gate(one, clock=clock)
            for one in (policy, {**policy, "overrides": {"path": str(file.path), "at_most": "4d"}})
        ]
        without, under = (gate.admit(retrieval) for gate in gates)
        is_open = source == "shelf" and not is_ended and override.since <= clock.now < ends
        for before, after in zip(without.decisions, under.decisions, strict=True):
            errors = {one.code for one in before.findings if one.severity == "error"}
            if not is_open:
                assert (before.action, before.codes) == (after.action, after.codes)
            elif after.admitted and not before.admitted:
                # Nothing else spoke against it, and it is said why it is in.
                assert errors <= LIFTED
                assert "G909" in after.codes
            # What it lifts is still said, and of all else nothing is gone.
            assert errors <= set(after.codes)
            assert ("G909" in after.codes) == (is_open and bool(errors & LIFTED))
            assert before.admitted <= after.admitted

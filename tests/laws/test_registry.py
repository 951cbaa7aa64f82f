"""Laws of the registry: it only restricts, only proofs teach it, and what it knows never goes back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate
from headgate.registry import Known, Proved, learned
from headgate.testing import Publisher
from worlds import CLOCK, HANDBOOK, STRANGER

OTHER = Publisher("handbook", "https://handbook.example/**", CLOCK)
"""Signs for the same source of another policy, under the same name."""

PAGES = [f"https://handbook.example/{name}" for name in "ab"]
made = st.tuples(st.sampled_from(PAGES), st.integers(1, 4), st.sampled_from(["x", "y", "z"]))
retrievals = st.lists(st.lists(made, min_size=1, max_size=3), min_size=1, max_size=6)
noise = st.lists(
    st.builds(
        lambda page, version, text, kind: {
            "unsigned": Chunk(text, {"source": page, "version": version}),
            "stranger": STRANGER.seal(text, page, version=version),
            "broken": Chunk(text + "!", HANDBOOK.seal(text, page, version=version).metadata),
        }[kind],
        st.sampled_from(PAGES),
        st.integers(1, 9),
        st.sampled_from(["x", "y"]),
        st.sampled_from(["unsigned", "stranger", "broken"]),
    ),
    max_size=3,
)


def seal(page: str, version: int, text: str) -> Chunk:
    return HANDBOOK.seal(text, page, version=version)


def gate_of(publisher: Publisher = HANDBOOK) -> Gate:
    return Gate({"sources": [publisher.source()]}, clock=CLOCK)


def admitted(gate: Gate, chunks: Sequence[Chunk]) -> list[bool]:
    return [decision.admitted for decision in gate.admit(chunks).decisions]


@given(retrievals)
def test_nothing_older_comes_after_what_was_admitted(asked: list[list[tuple[str, int, str]]]) -> None:
    gate = gate_of()
    # What a reader of all prompts knows: the highest version so far, and the texts that were in it.
    highest: dict[str, tuple[int, set[str]]] = {}
    for question in asked:
        found = admitted(gate, [seal(*one) for one in question])
        for page in {page for page, _, _ in question}:
            before, texts = highest.get(page, (0, set()))
            newest = max(before, *(version for where, version, _ in question if where == page))
            of_newest = {text for where, version, text in question if where == page and version == newest}
            highest[page] = newest, of_newest | (texts if newest == before else set())
        for (page, version, text), is_in in zip(question, found, strict=True):
            newest, texts = highest[page]
            assert is_in == (version == newest or text in texts)


@given(retrievals, st.lists(noise, min_size=6, max_size=6))
def test_what_is_not_proved_teaches_nothing(asked: list[list[tuple[str, int, str]]], forged: list[list[Chunk]]) -> None:
    alone, beside = gate_of(), gate_of()
    for question, chunks in zip(asked, forged, strict=False):
        expected = admitted(alone, [seal(*one) for one in question])
        beside.admit(chunks)
        assert admitted(beside, [seal(*one) for one in question]) == expected


@given(retrievals)
def test_a_registry_only_restricts(asked: list[list[tuple[str, int, str]]]) -> None:
    knowing = gate_of()
    for question in asked:
        fresh = admitted(gate_of(), [seal(*one) for one in question])
        known = admitted(knowing, [seal(*one) for one in question])
        # A version that was known to be unchanged may be current where nobody knew it: its text is.
        for (page, version, text), before, after in zip(question, fresh, known, strict=True):
            is_newer_here = any(where == page and other > version for where, other, _ in question)
            assert after <= before or is_newer_here, (page, version, text)


times = st.integers(0, 5).map(lambda hours: CLOCK.now + timedelta(hours=hours, minutes=30 * hours))
proofs = st.builds(
    Proved,
    st.just("d"),
    st.just("k"),
    st.sampled_from("xyz"),
    version=st.none() | st.integers(0, 3),
    modified=times,
)


@given(st.lists(proofs, max_size=12))
def test_what_is_known_never_goes_back(proved: list[Proved]) -> None:
    known: Known | None = None
    for one in proved:
        before, known = known, learned(known, one, CLOCK.now) or known
        assert known is not None
        if before is None:
            continue
        if before.version is not None:
            assert known.version is not None
            assert known.version >= before.version
        elif known.version is None and before.modified is not None and known.modified is not None:
            assert known.modified >= before.modified
        if known.version == before.version is not None:
            assert known.texts.keys() >= before.texts.keys()

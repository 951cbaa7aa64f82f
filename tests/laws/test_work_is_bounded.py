"""Work is linear: whatever shape somebody gives a text, an entry, a name, a seal or a question, in every mode.

How times are compared, `growing` says.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from growing import GROWTH, is_growing_too_fast
from headgate import Chunk, Gate, Limits
from headgate.chunk import SEAL_KEY
from headgate.testing import HOSTILE_SHAPES
from worlds import CLOCK, HANDBOOK

URI = "https://handbook.example/1"
_SMALL = 10_000

# Lifted, so that they do not hide what grows; the bound on dates stays, as no longer text is looked at for one.
LIMITS = Limits(seal_bytes=1_000_000, uri_chars=1_000_000)
KEYS = ("source", "last_modified", "valid_until", "superseded_by", "version", "title")
KNOWN = HANDBOOK.seal("text", URI)

Place = Callable[[str], tuple[Chunk, str]]


def entry_of(key: str) -> Place:
    return lambda text: (KNOWN.with_metadata(**{key: text}), "q")


PLACES: dict[str, Place] = {
    "a proved text": lambda text: (HANDBOOK.seal(text, URI), "q"),
    "a text without proof": lambda text: (Chunk(text, {"source": URI}), "q"),
    "a question": lambda text: (KNOWN, text),
    "a seal": lambda text: (Chunk("text", {"source": URI, SEAL_KEY: text}), "q"),
    "three parts of a seal": lambda text: (Chunk("text", {"source": URI, SEAL_KEY: f"{text}.{text}.{text}"}), "q"),
    "a name": lambda text: (Chunk("text", {"source": URI, text: "value"}), "q"),
    **{f"an entry {key}": entry_of(key) for key in KEYS},
    "a URL": lambda text: (Chunk("text", {"source": f"https://handbook.example/{text}?{text}#{text}"}), "q"),
    "a host": lambda text: (Chunk("text", {"source": f"https://{text}/"}), "q"),
    "a list of times": lambda text: (KNOWN.with_metadata(valid_until=text.split(" ")), "q"),
}


def gate_in(mode: str) -> Gate:
    terms = Path(tempfile.mkdtemp()) / "terms.yaml"
    terms.write_text("terms: {Kubernetes: [k8s], incident channel: [war room], IT: [I.T.]}")
    policy = {"mode": mode, "sources": [HANDBOOK.source(terminology=[str(terms)])]}
    return Gate(policy, clock=CLOCK, limits=LIMITS)


def is_suspicious(gate: Gate, place: Place, make: Callable[[int], str]) -> bool:
    """Compare two sizes; what is remembered of one try must not help the next, so every text begins otherwise."""
    numbers = count()

    def admit(size: int) -> None:
        gate.admit([(made := place(f"{next(numbers)} {encodable(make(size))}"))[0]], made[1]).to_dict()

    return is_growing_too_fast(lambda: admit(_SMALL), lambda: admit(GROWTH * _SMALL))


def encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("mode", ["enforce", "audit"])
@pytest.mark.parametrize("place", PLACES)
def test_work_grows_no_faster_than_what_was_written(place: str, mode: str) -> None:
    gate = gate_in(mode)
    assert [s for s, make in HOSTILE_SHAPES.items() if is_suspicious(gate, PLACES[place], make)] == []


def test_the_guard_notices_quadratic_work() -> None:
    class Slow(Gate):
        def admit(self, chunks, query=None, now=None, as_of=None):  # type: ignore[no-untyped-def]
            text = chunks[0].text
            for start in range(0, len(text), 8):
                text.count("y", 0, len(text) - start)
            return super().admit(chunks, query, now, as_of)

    gate = Slow({"mode": "audit"}, clock=CLOCK)
    assert is_suspicious(gate, lambda text: (Chunk(text), ""), lambda size: "x" * (5 * size))

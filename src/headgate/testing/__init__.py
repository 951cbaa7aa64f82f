"""What tests of a gate need: a fixed clock, keys and sealed chunks, hostile input, and a conformance kit."""

from headgate.testing.conformance import CHECKS, Check, GateUnderTest, Result, Seen, run_checks
from headgate.testing.doctor import Diagnosis, prove
from headgate.testing.fixtures import FixedClock, Publisher
from headgate.testing.hostile import HOSTILE_METADATA, HOSTILE_SHAPES, HOSTILE_STRINGS, hostile_seals

__all__ = [
    "CHECKS",
    "HOSTILE_METADATA",
    "HOSTILE_SHAPES",
    "HOSTILE_STRINGS",
    "Check",
    "Diagnosis",
    "FixedClock",
    "GateUnderTest",
    "Publisher",
    "Result",
    "Seen",
    "hostile_seals",
    "prove",
    "run_checks",
]

"""What tests of a gate need: a clock, keys, sealed chunks, hostile input, a conformance kit, tests of an adapter."""

from headgate.testing.conformance import CHECKS, Check, GateUnderTest, Result, Seen, run_checks
from headgate.testing.doctor import Diagnosis, prove
from headgate.testing.fixtures import FixedClock, Publisher
from headgate.testing.hostile import HOSTILE_METADATA, HOSTILE_SHAPES, HOSTILE_STRINGS, hostile_seals
from headgate.testing.suite import AdapterBench, AdapterSuite, Shown

__all__ = [
    "CHECKS",
    "HOSTILE_METADATA",
    "HOSTILE_SHAPES",
    "HOSTILE_STRINGS",
    "AdapterBench",
    "AdapterSuite",
    "Check",
    "Diagnosis",
    "FixedClock",
    "GateUnderTest",
    "Publisher",
    "Result",
    "Seen",
    "Shown",
    "hostile_seals",
    "prove",
    "run_checks",
]

"""What tests of a gate need: a fixed clock, keys and sealed chunks, and hostile strings."""

from headgate.testing.fixtures import FixedClock, Publisher
from headgate.testing.hostile import HOSTILE_METADATA, HOSTILE_STRINGS, hostile_seals

__all__ = ["HOSTILE_METADATA", "HOSTILE_STRINGS", "FixedClock", "Publisher", "hostile_seals"]

"""What is known to be current: per document the highest version that was proved, and which texts belong to it."""

from headgate.registry.facts import Known, Proved, Registry, learned
from headgate.registry.memory import MemoryRegistry
from headgate.registry.opening import open_registry
from headgate.registry.sqlite import SqliteRegistry

__all__ = ["Known", "MemoryRegistry", "Proved", "Registry", "SqliteRegistry", "learned", "open_registry"]

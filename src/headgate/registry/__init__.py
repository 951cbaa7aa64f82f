"""What is known to be current: per document the highest version that was proved, and which texts belong to it."""

from headgate.registry.answers import Answer, AnswerRegistry
from headgate.registry.facts import Known, Proved, Registry, learned
from headgate.registry.feeds import FeedItem, FeedRegistry, FeedState, Said
from headgate.registry.memory import MemoryRegistry
from headgate.registry.opening import open_feeds, open_registry
from headgate.registry.sqlite import SqliteRegistry
from headgate.registry.times import NEVER_TOLD

__all__ = [
    "NEVER_TOLD",
    "Answer",
    "AnswerRegistry",
    "FeedItem",
    "FeedRegistry",
    "FeedState",
    "Known",
    "MemoryRegistry",
    "Proved",
    "Registry",
    "Said",
    "SqliteRegistry",
    "learned",
    "open_feeds",
    "open_registry",
]

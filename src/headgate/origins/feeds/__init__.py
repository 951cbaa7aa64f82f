"""Feeds: what says, for many documents at once, which there are and when they were changed. One file per kind."""

from headgate.origins.feeds.feed import Entry, Feed, FeedError, Pull
from headgate.origins.feeds.listing import Signers
from headgate.origins.feeds.opening import feed_id, feed_name, open_feed
from headgate.origins.feeds.pulling import Outcome, pull_feed

__all__ = [
    "Entry",
    "Feed",
    "FeedError",
    "ItemFeed",
    "Outcome",
    "Pull",
    "Signers",
    "feed_id",
    "feed_name",
    "open_feed",
    "pull_feed",
]

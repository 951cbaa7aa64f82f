"""From a policy's rule to a feed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from headgate.encoding import canonical_json, safe_uri
from headgate.origins.feeds.api import Api
from headgate.origins.feeds.changes import Changes
from headgate.origins.feeds.databases import Database
from headgate.origins.feeds.drive import Drive
from headgate.origins.feeds.feed import Feed, ItemFeed, Reading
from headgate.origins.feeds.graph import Graph
from headgate.origins.feeds.items import Items
from headgate.origins.feeds.listing import Listing, Signers
from headgate.origins.feeds.news import News
from headgate.origins.feeds.repository import Repository
from headgate.origins.feeds.sitemap import Sitemap
from headgate.origins.feeds.sql import Rows
from headgate.policy import FeedRule, Policy

__all__ = ["feed_id", "feed_name", "open_feed"]


def open_feed(rule: FeedRule, policy: Policy, signers: Signers | None = None) -> Feed | ItemFeed:
    """Return the feed that a rule names; nothing is read yet.

    Args:
        rule: what the policy says of it.
        policy: the policy.
        signers: who may sign a manifest.
    """
    if rule.kind == "sql":
        zone = ZoneInfo(rule.timezone) if rule.timezone is not None else None
        database = Database(rule.place, policy.base_dir, rule.secret_env, rule.timeout)
        return Rows(database, rule.query, rule.incremental, rule.overlap, zone)
    place = _place(rule, policy)
    reading = Reading(policy.key_sets.timeout, policy.key_sets.private, rule.timeout)
    if rule.kind in ("graph", "drive"):
        service = Graph if rule.kind == "graph" else Drive
        return Items(service, Api(rule.place, reading, rule.timeout, rule.secret_env))
    if rule.kind == "git":
        return Repository(Path(place), rule.base, rule.strip, rule.timeout)
    if rule.kind == "manifest":
        cache = policy.resolve_path(policy.cache) if policy.cache is not None else None
        return Listing(place, reading, signers or Signers(), cache, rule.corpus)
    if rule.kind == "changes":
        return Changes(place, reading)
    return Sitemap(place, reading) if rule.kind == "sitemap" else News(place, reading)


def feed_id(rule: FeedRule, policy: Policy, source: str, match: Sequence[str]) -> str:
    """Return what a feed is known by in a registry: another kind, place, source or pattern is another feed.

    Two parts: what the policy writes, by which records know it on every machine; and which documents it is believed
    about and where its files are, so that policies of two folders that share a registry do not mix what they have read.
    A feed with a name is the same wherever its files are.

    Args:
        rule: what the policy says of it.
        policy: the policy.
        source: the id of its source.
        match: the patterns of its source.
    """
    written = {"source": source, "kind": rule.kind, "place": rule.place, "base": rule.base, "strip": rule.strip}
    if rule.query:
        written |= {"query": rule.query, "incremental": rule.incremental or ""}
    place = _place(rule, policy)
    here = {"place": rule.name or str(place.resolve() if isinstance(place, Path) else place), "match": sorted(match)}
    return f"{_digest(written)}.{_digest(here)}"


def _digest(value: object) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()[:32]


def feed_name(rule: FeedRule) -> str:
    """Return what a feed is called in messages."""
    return rule.name or f"{rule.kind} {safe_uri(rule.place)}"


def _place(rule: FeedRule, policy: Policy) -> str | Path:
    if rule.kind == "sql" and rule.place.startswith("sqlite"):
        return policy.resolve_path(rule.place.partition("://")[2].removeprefix("/"))
    return rule.place if "://" in rule.place else policy.resolve_path(rule.place)

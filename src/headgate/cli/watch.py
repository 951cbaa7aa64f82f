"""`headgate watch`: pull the feeds of a policy, so that the registry knows what is current."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from headgate.admission.feed_signers import feed_signers
from headgate.admission.loading import policy_of
from headgate.cli.options import JsonOption, console, print_json
from headgate.clock import utc_now
from headgate.encoding import in_number, safe_uri
from headgate.errors import HeadgateError
from headgate.origins.feeds import Outcome, feed_id, feed_name, open_feed, pull_feed
from headgate.policy import FeedRule, Policy, Source, UriPattern, parse_duration
from headgate.registry import FeedRegistry, FeedState, open_feeds
from headgate.report import prose

__all__ = ["EXAMPLE_WATCH", "watch"]

EXAMPLE_WATCH = "Example: headgate watch --policy headgate.yaml --every 5m"
_SHOWN = 5
_AT_ONCE = 8


def watch(
    policy: Annotated[Path, typer.Option("--policy", "-p", help="The policy file.")] = Path("headgate.yaml"),
    every: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Keep pulling at this interval; by default once.")
    ] = None,
    accept_losses: Annotated[
        bool, typer.Option("--accept-losses", help="Believe a list that has lost very many documents at once.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Pull what the policy names under freshness.feeds, and remember what is gone, changed or still there.

    What a pull returns is taken over as a whole. Exit code 1 if a feed cannot be pulled; what it said last stays, and
    verified_within notices when that is too long ago.
    """
    span = _span(every)
    results = _pull_once(policy, accepts_losses=accept_losses)
    while span is not None:
        _print(results, as_json=as_json, is_line=True)
        time.sleep(span.total_seconds())
        try:
            results = _pull_once(policy, accepts_losses=False)
        except HeadgateError as error:  # a policy that is being edited, a registry that is locked: the next one may do
            results = [{"source": "", "feed": str(policy), "problem": str(error)}]
    _print(results, as_json=as_json, is_line=False)
    raise typer.Exit(int(any("problem" in one for one in results)))


def _pull_once(file: Path, *, accepts_losses: bool) -> list[dict[str, object]]:
    policy = policy_of(file)
    registry = open_feeds(policy)
    if registry is None:
        raise HeadgateError(f"{file}: no source has a feed. Add freshness: {{feeds: [...]}}.")
    try:
        return _pull_all(policy, registry, accepts_losses=accepts_losses)
    finally:
        registry.close()


def _print(results: list[dict[str, object]], *, as_json: bool, is_line: bool) -> None:
    if as_json:
        print_json({"feeds": results}, indent=None if is_line else 2)
    else:
        _show(results)


def _span(every: str | None) -> timedelta | None:
    if every is None:
        return None
    try:
        span = parse_duration(every)
    except ValueError as error:
        raise HeadgateError(f"--every: {error}") from None
    if span < timedelta(seconds=1):
        raise HeadgateError("--every is less than a second. Write 5m.")
    return span


def _pull_all(policy: Policy, registry: FeedRegistry, *, accepts_losses: bool) -> list[dict[str, object]]:
    """Return what the pulls of all feeds have brought, in the order of the policy."""
    feeds = [(source, rule) for source in policy.sources for rule in source.freshness.feeds]

    def pull(one: tuple[Source, FeedRule]) -> dict[str, object]:
        return _pull(*one, policy, registry, accepts_losses=accepts_losses)

    # Side by side, so that a place that is slow keeps no other waiting, whose documents would count as unverified.
    with ThreadPoolExecutor(_AT_ONCE, "headgate-feed") as threads:
        return list(threads.map(pull, feeds))


def _pull(
    source: Source, rule: FeedRule, policy: Policy, registry: FeedRegistry, *, accepts_losses: bool
) -> dict[str, object]:
    name = feed_name(rule)
    state = FeedState(feed_id(rule, policy, source.id, source.match), name, utc_now())
    found: dict[str, object] = {"source": source.id, "feed": name, "pulled": state.pulled.isoformat()}
    try:
        patterns = tuple(map(UriPattern.parse, source.match))
        feed = open_feed(rule, policy, feed_signers(policy, source, utc_now))
        outcome = pull_feed(feed, state, patterns, registry, accepts_losses=accepts_losses)
    except HeadgateError as error:
        return {**found, "problem": str(error)}
    except Exception as error:  # noqa: BLE001 - what one feed holds must not keep the others from being pulled
        return {**found, "problem": f"it could not be read ({type(error).__name__})."}
    return {**found, **_outcome(outcome)}


def _outcome(outcome: Outcome) -> dict[str, object]:
    return {
        "listed": outcome.listed,
        # What may be a secret in an address is nobody's to read who reads what a job prints.
        **{name: list(map(safe_uri, getattr(outcome, name))) for name in ("added", "changed", "gone")},
        "moved": [[safe_uri(document), place] for document, place in outcome.moved],
        "ignored": outcome.ignored,
        "notes": list(outcome.notes),
    }


def _show(results: list[dict[str, object]]) -> None:
    screen = console()
    for one in results:
        head = f"{', '.join(filter(None, (str(one['source']), str(one['feed']))))}: "
        if "problem" in one:
            screen.print(prose(f"{head}not pulled. {one['problem']}", "red"))
            continue
        listed = in_number(_count(one["listed"]), "document")
        screen.print(prose(f"{head}{listed}{_news(one)}."))
        for kind in ("changed", "gone", "moved"):
            found = _list(one[kind])
            for document in found[:_SHOWN]:
                text = " is now at ".join(document) if isinstance(document, list) else str(document)
                screen.print(prose(f"  {kind}: {text}"))
            if len(found) > _SHOWN:
                screen.print(prose(f"  {kind}: and {len(found) - _SHOWN:,} more (--json has all)"))
        for note in _list(one["notes"]):
            screen.print(prose(f"  {note}", "dim"))


def _news(one: dict[str, object]) -> str:
    counts = [f"{len(_list(one[kind])):,} {kind}" for kind in ("added", "changed", "gone", "moved") if _list(one[kind])]
    counts += [f"{_count(one['ignored']):,} of other sources"] if one["ignored"] else []
    return f" ({', '.join(counts)})" if counts else ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0

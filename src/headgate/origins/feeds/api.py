"""An API that is asked page by page, with a token: of one server, within a time, to a bound."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from headgate.clock import utc_now
from headgate.encoding import loads_strict, safe_uri
from headgate.origins.addresses import Address
from headgate.origins.cached import read_age, read_http_date
from headgate.origins.feeds.feed import FeedError, Reading
from headgate.origins.fetching import Answer, FetchError, ask

__all__ = ["Api", "Asking", "ExpiredError"]

_MOST_PAGE, _MOST_BYTES, _MOST_PAGES = 20_000_000, 500_000_000, 20_000
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_OK, _REFUSED, _REDIRECTS = 200, (401, 403), range(300, 400)
# How services answer to a place that they no longer know.
_UNKNOWN = (400, 404, 410)
# What may be right a moment later, and how often it is asked again.
_LATER, _MOST_TRIES = (429, 500, 502, 503, 504), 6
_LONGEST_REST = 3_600.0  # in seconds
_DIGITS = re.compile(r"[0-9]{1,9}")
# Until when servers have asked to be left alone, by host and port.
_RESTS: dict[tuple[str, int], float] = {}


class ExpiredError(FeedError):
    """The place from which a pull goes on is no longer known to the server."""


@dataclass(frozen=True, slots=True)
class Api:
    """An API at an address.

    Args:
        start: the address in the policy; nothing of another server is asked.
        reading: how long one answer may take, and which hosts may be in a private network.
        timeout: how long a pull may take.
        secret_env: the environment variable that holds the token.
        pause: waits for so many seconds.
    """

    start: str
    reading: Reading
    timeout: timedelta
    secret_env: str | None = None
    pause: Callable[[float], None] = time.sleep

    def begin(self) -> Asking:
        """Return what asks during one pull."""
        return Asking(self, time.monotonic() + self.timeout.total_seconds(), self._headers())

    def _headers(self) -> Mapping[str, str]:
        """Return the headers with the token, which is read for each pull: it is renewed every hour or so.

        Raises:
            FeedError: the variable is not set, or does not hold a token.
        """
        if self.secret_env is None:
            return {}
        token = os.environ.get(self.secret_env, "").strip()
        if _TOKEN.fullmatch(token) is None:
            raise FeedError(f"the environment variable {self.secret_env} is not set, or does not hold a token.")
        return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


@dataclass(slots=True)
class Asking:
    """What is asked during one pull."""

    api: Api
    deadline: float
    headers: Mapping[str, str]
    read: int = 0
    asked: set[str] = field(default_factory=set)

    def get(self, url: str) -> dict[str, object]:
        """Return the page at an address.

        Args:
            url: of the server of the API; each page is asked for once.

        Raises:
            ExpiredError: the server no longer knows the place.
            FeedError: it is of another server, was asked for already, or the answer cannot be used.
        """
        place = self.require_here(url)
        if url in self.asked or len(self.asked) >= _MOST_PAGES:
            raise FeedError(f"{safe_uri(url)}: its pages lead in a circle, or are more than {_MOST_PAGES:,}.")
        self.asked.add(url)
        for tries in range(_MOST_TRIES):
            self._rest(place)
            answer = self._ask(url)
            if answer.status == _OK:
                return self._page(url, answer)
            if answer.status not in _LATER:
                raise self._refusal(url, answer)
            _RESTS[place] = time.monotonic() + _wait(answer, 2.0**tries)
        raise FeedError(f"{safe_uri(url)}: the answer is {answer.status}, {_MOST_TRIES} times.")

    def require_here(self, url: str) -> tuple[str, int]:
        """Return the server of an address, which is that of the API.

        Raises:
            FeedError: it is not the one that the policy names, and must not see the token.
        """
        try:
            here, there = Address.parse(self.api.start), Address.parse(url)
        except FetchError as error:
            raise FeedError(str(error)) from None
        if (here.host, here.port) != (there.host, there.port):
            raise FeedError(f"{safe_uri(self.api.start)}: it names a page of another server, {there.host}.")
        return there.host, there.port

    def _rest(self, place: tuple[str, int]) -> None:
        """Leave a server alone for as long as it has asked for.

        Raises:
            FeedError: that is longer than the pull may take.
        """
        now = time.monotonic()
        wait = _RESTS.get(place, now) - now
        if wait > self.deadline - now:
            raise FeedError(f"{safe_uri(self.api.start)}: it asks to be left alone for {wait:.0f} s.")
        if wait > 0:
            self.api.pause(wait)
        _RESTS.pop(place, None)

    def _ask(self, url: str) -> Answer:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise FeedError(f"{safe_uri(url)}: no end within {self.api.timeout.total_seconds():g} s.")
        reading = self.api.reading
        seconds = min(left, reading.timeout.total_seconds())
        try:
            answer = ask(url, most=_MOST_PAGE, timeout=seconds, private=reading.private, headers=self.headers)
        except FetchError as error:
            raise FeedError(str(error)) from None
        reading.ages.append(read_age(answer.headers.get("age", "")))
        self.read += len(answer.body)
        if self.read > _MOST_BYTES:
            raise FeedError(f"{safe_uri(url)}: it has more than {_MOST_BYTES:,} bytes.")
        return answer

    def _page(self, url: str, answer: Answer) -> dict[str, object]:
        try:
            page = loads_strict(answer.body)
        except ValueError as error:
            raise FeedError(f"{safe_uri(url)}: the answer is not JSON ({type(error).__name__}).") from None
        if not isinstance(page, dict):
            raise FeedError(f"{safe_uri(url)}: the answer is not a JSON object.")
        return page

    def _refusal(self, url: str, answer: Answer) -> FeedError:
        where = safe_uri(url)
        if answer.status in _UNKNOWN:
            return ExpiredError(f"{where}: the answer is {answer.status}.")
        if answer.status in _REFUSED:
            return FeedError(f"{where}: the answer is {answer.status}. Renew the token in {self.api.secret_env}.")
        if answer.status in _REDIRECTS:
            host = urlsplit(answer.headers.get("location", "")).netloc[:100]
            return FeedError(f"{where}: the answer is {answer.status}, to {safe_uri(host)!r}; it is not followed.")
        return FeedError(f"{where}: the answer is {answer.status}.")


def _wait(answer: Answer, default: float) -> float:
    """Return for how many seconds a server asks to be left alone (RFC 9110, section 10.2.3)."""
    text = answer.headers.get("retry-after", "").strip()
    if _DIGITS.fullmatch(text):
        return min(float(text), _LONGEST_REST)
    date = read_http_date(text)
    wait = (date - utc_now()).total_seconds() if date is not None else default
    # Nobody silences a feed for good.
    return min(max(0.0, wait), _LONGEST_REST)

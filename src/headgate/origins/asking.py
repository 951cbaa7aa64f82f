"""Asking documents' own servers when they were changed: bounded in time, threads and requests.

Whoever asks keeps the deadline: answers that come later are remembered for the next one. One request is under way per
document, whatever the number of admissions that want to know. A server that fails again and again has a rest.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import zlib
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from headgate.caching import Memo
from headgate.clock import Clock
from headgate.encoding import safe_name
from headgate.errors import HeadgateError
from headgate.forks import renew_after_fork
from headgate.origins.fetching import FetchError, probe
from headgate.origins.filesystems import is_file, is_stored, probe_file, probe_store
from headgate.registry import NEVER_TOLD, Answer, AnswerRegistry

__all__ = ["Answer", "Asked", "Asker", "Question", "read_answer"]

_WORKERS, _WAITING = 16, 256
_FAILURES, _REST_SECONDS = 5, 30.0
_MOST_REMEMBERED, _HEADER_CHARS, _ADDRESS_CHARS = 20_000, 200, 2_048
# From this share on of the time that an answer counts, it is renewed in the background; not for all at once.
_AHEAD, _SPREAD = 0.7, 0.2

_MOMENT = timedelta(seconds=10)
_log = logging.getLogger(__name__)


class Question(NamedTuple):
    """What is asked.

    Attributes:
        url: the address of a document: of HTTPS, of a file, or of a store.
        after: for how long an answer counts.
        store: what the policy tells the implementation of a store, as a JSON object.
    """

    url: str
    after: timedelta
    store: str = "{}"


class Asked(NamedTuple):
    """What was asked about a document.

    Attributes:
        question: the question.
        answer: the last answer, if there is one.
        problem: why it could not be asked last, if that is known.
    """

    question: Question
    answer: Answer | None = None
    problem: str | None = None


class Asker:
    """Asks servers, and remembers what they said.

    Args:
        clock: tells when an answer was given.
        private: the names of hosts that may be in a private network.
        most_seconds: how long one request may take, whoever waits for it.
        kept: where answers are kept for other processes and the next one.
        folder: where the relative paths of files begin.
    """

    def __init__(
        self,
        clock: Clock,
        private: Collection[str] = (),
        most_seconds: float = 10.0,
        kept: AnswerRegistry | None = None,
        folder: Path = Path(),
    ) -> None:
        self.folder = folder
        self._clock, self.private, self._most_seconds, self._kept = clock, tuple(private), most_seconds, kept
        self._begin()
        renew_after_fork(self)

    @property
    def path(self) -> Path | None:
        """The file in which answers are kept."""
        return self._kept.path if self._kept is not None else None

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._answers: Memo[Answer] = Memo(_MOST_REMEMBERED)
        self._failures: dict[str, tuple[int, float]] = {}
        self._problems: Memo[str] = Memo(_MOST_REMEMBERED)
        self._under_way: dict[str, Future[Answer | None]] = {}
        self._waiting: queue.Queue[tuple[Question, Future[Answer | None]]] = queue.Queue(_WAITING)
        self._workers = 0

    _after_fork = _begin

    def ask(self, questions: Iterable[Question], now: datetime, timeout: timedelta) -> Mapping[Question, Answer | None]:
        """Return what is known about documents, waiting no longer than a time for all of them together.

        Args:
            questions: about which documents.
            now: the present.
            timeout: how long to wait.

        Returns:
            By question the last answer, which may be older than it counts for where no other came in time, or None.
        """
        deadline = time.monotonic() + timeout.total_seconds()
        found: dict[Question, Answer | None] = {}
        pending: list[tuple[Question, Future[Answer | None]]] = []
        for question in questions:
            known = self._known(question, now)
            found[question] = known
            if known is not None and now - known.at < question.after * _AHEAD:
                continue
            if known is not None and now - known.at < question.after * _ahead_of(question):
                continue
            future = self._begin_asking(question, known)
            if future is not None and (known is None or now - known.at >= question.after):
                pending.append((question, future))
        for question, future in pending:
            try:
                answer = future.result(max(0.0, deadline - time.monotonic()))
            except FutureTimeoutError:
                continue
            found[question] = answer if answer is not None else found[question]
        return found

    def problem_with(self, question: Question) -> str | None:
        """Return why a document's server could not be asked last, if that is known."""
        return self._problems.get(question.url)

    def close(self) -> None:
        """Close what is open; what is asked again opens it."""
        if self._kept is not None:
            self._kept.close()

    def _known(self, question: Question, now: datetime) -> Answer | None:
        """Return the last answer: that of another process too, before this one asks again."""
        known = self._answers.get(question.url)
        if self._kept is None or (known is not None and now - known.at < question.after * _AHEAD):
            return known
        try:
            kept = self._kept.get(question.url)
        except HeadgateError as error:
            _log.warning("what servers said is known to this process alone: %s", error)
            return known
        # What is from the future was written by another clock, and would count for ever.
        if kept is None or kept.at > now or (known is not None and kept.at <= known.at):
            return known
        return self._answers.renew(question.url, kept)

    def _keep(self, question: Question, answer: Answer) -> None:
        try:
            if self._kept is not None:
                self._kept.put(question.url, answer)
        except HeadgateError as error:
            _log.warning("what servers said is known to this process alone: %s", error)

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is under way, and return whether that is so; for tests and orderly ends."""
        end = time.monotonic() + timeout
        for future in list(self._under_way.values()):
            try:
                future.result(max(0.0, end - time.monotonic()))
            except FutureTimeoutError:
                return False
        return True

    def _begin_asking(self, question: Question, known: Answer | None) -> Future[Answer | None] | None:
        """Return the request that is under way about a document, begun if need be; None where none can be."""
        url, host = question.url, urlsplit(question.url).netloc
        with self._lock:
            future = self._under_way.get(url)
            if future is not None:
                return future
            latest = self._answers.get(url)
            if latest is not known:  # it came while this one was about to ask
                future = Future()
                future.set_result(latest)
                return future
            failures, until = self._failures.get(host, (0, 0.0))
            if failures >= _FAILURES and time.monotonic() < until:
                return None
            future = Future()
            try:
                # More than this is not waited for: whoever is in the queue would be answered after all deadlines.
                self._waiting.put_nowait((question, future))
            except queue.Full:
                return None
            self._under_way[url] = future
            if failures >= _FAILURES:  # one request finds out whether it answers again
                self._failures[host] = failures, time.monotonic() + _REST_SECONDS
            if self._workers < min(_WORKERS, len(self._under_way)):
                self._begin_worker()
        return future

    def _begin_worker(self) -> None:
        # A daemon, because a server that hangs must not keep the process.
        worker = threading.Thread(target=self._work, args=(self._waiting,), name="headgate-origin", daemon=True)
        try:
            worker.start()
        except RuntimeError:  # there are no more threads; the workers that there are go on
            return
        self._workers += 1

    def _work(self, waiting: queue.Queue[tuple[Question, Future[Answer | None]]]) -> None:
        while waiting is self._waiting:  # else the process is the child of a fork
            question, future = waiting.get()
            answer: Answer | None = None
            try:
                answer = self._probe(question)
            except FetchError as error:
                self._problems.renew(question.url, str(error))
            except Exception as error:  # noqa: BLE001 - a worker that ends is one less for all documents to come
                _log.warning("%s could not be asked (%s)", urlsplit(question.url).netloc, type(error).__name__)
            finally:
                self._conclude(question, future, answer)

    def _probe(self, question: Question) -> Answer | None:
        known = self._answers.get(question.url)
        if is_file(question.url):
            return self._read(known, *probe_file(question.url, self.folder))
        if is_stored(question.url):
            return self._read(known, *probe_store(question.url, question.store))
        validators = {"If-None-Match": known.etag} if known is not None and known.etag is not None else {}
        answer = probe(question.url, timeout=self._most_seconds, private=self.private, validators=validators)
        return self._read(known, *answer)

    def _read(self, known: Answer | None, status: int, headers: Mapping[str, str]) -> Answer | None:
        return read_answer(known, status, headers, self._clock())

    def _conclude(self, question: Question, future: Future[Answer | None], answer: Answer | None) -> None:
        host = urlsplit(question.url).netloc
        with self._lock:
            self._under_way.pop(question.url, None)
            if answer is not None:
                self._answers.renew(question.url, answer)
                self._failures.pop(host, None)
            else:
                self._failures[host] = self._failures.get(host, (0, 0.0))[0] + 1, time.monotonic() + _REST_SECONDS
        future.set_result(answer)
        if answer is not None:
            self._keep(question, answer)


def read_answer(known: Answer | None, status: int, headers: Mapping[str, str], now: datetime) -> Answer | None:
    """Return what an answer says about a document; None where it says nothing, as an error of the server does.

    Args:
        known: the answer before.
        status: of the answer (RFC 9110, section 15).
        headers: by their names in lower case.
        now: when it was given; its `Age` (RFC 9111, section 5.1) counts against it.
    """
    at = now - _age(headers)
    if status == 304 and known is not None and known.etag is not None:
        return _unchanged(known, at)
    known = known if known is not None else Answer(at)
    # What has been seen of its changes and its validator outlasts answers that say nothing of them.
    if status in (404, 410):
        return replace(known, at=at, is_gone=True, moved_to=None)
    if status in (301, 308):
        place = headers.get("location", "")
        return replace(known, at=at, is_gone=True, moved_to=safe_name(place)[:_ADDRESS_CHARS] if place else None)
    if status != 200:
        return None
    etag, modified = headers.get("etag", "")[:_HEADER_CHARS] or None, _date(headers.get("last-modified"), now)
    if known.etag is not None and etag is not None and _is_same(etag, known.etag):
        return _unchanged(known, at)
    if known.etag is not None and etag is not None and (modified is None or modified < known.at):
        modified = at  # whatever it says of the date, what it has is another than when it was asked before
    # Without a date nothing is known of the time before its validator was seen, and without one of no time at all.
    untold = None if modified is not None else at if etag is not None else NEVER_TOLD
    modified = max((time for time in (modified, known.modified) if time is not None), default=None)
    since = at if etag is not None else known.since
    return Answer(at, modified=modified, etag=etag or known.etag, since=since, untold_until=untold)


def _unchanged(known: Answer, at: datetime) -> Answer:
    """Return an answer that what was known still holds: where there is no date, since its validator was first seen."""
    untold = None if known.modified is not None else known.since
    return replace(known, at=at, is_gone=False, moved_to=None, untold_until=untold)


def _is_same(one: str, other: str) -> bool:
    """Return whether two validators are the same by weak comparison (RFC 9110, section 8.8.3.2)."""
    return one.removeprefix("W/") == other.removeprefix("W/")


def _ahead_of(question: Question) -> float:
    return _AHEAD + _SPREAD * (zlib.crc32(question.url.encode()) % 1_000) / 1_000


def _age(headers: Mapping[str, str]) -> timedelta:
    text = headers.get("age", "").strip()
    return timedelta(seconds=int(text)) if text.isascii() and text.isdigit() and len(text) <= 9 else timedelta(0)


def _date(text: str | None, now: datetime) -> datetime | None:
    """Return a date of HTTP; one of this moment, or later, was made up for the answer, and says nothing."""
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo is not None and date < now - _MOMENT else None

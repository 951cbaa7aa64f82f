"""Asking documents' own servers when they were changed: bounded in time, threads and requests.

Whoever asks keeps the deadline: answers that come later are remembered for the next one. One request is under way per
document, whatever the number of admissions that want to know. A server that fails again and again has a rest.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from headgate.caching import Memo
from headgate.clock import Clock
from headgate.errors import HeadgateError
from headgate.forks import renew_after_fork
from headgate.origins.answers import conditions_for, read_answer
from headgate.origins.fetching import FetchError, UnreachableError, probe
from headgate.origins.filesystems import is_file, is_stored, probe_file, probe_store
from headgate.origins.lanes import Lanes
from headgate.origins.pending import Asking, Pending
from headgate.origins.questions import Question
from headgate.origins.resting import Rests
from headgate.registry import Answer, AnswerRegistry

__all__ = ["Asker"]

_MOST_REMEMBERED = 20_000
# By how much the clocks of processes that share a registry may differ.
_SKEW = timedelta(minutes=1)
# Answers about the server, not about the document (RFC 6585, section 4; RFC 9110, sections 15.6.3 to 15.6.5).
_OVERLOADED = (429, 502, 503, 504)
_FROM_A_CACHE = "its answer is an old one, from a cache"
_WAITS = "too many other documents wait for it"
_RESTS = "it has failed again and again, and has a rest"
_log = logging.getLogger("headgate")


class _UnderWay(NamedTuple):
    """A request that somebody waits for.

    Attributes:
        future: what it brings.
        since: when it was begun, in seconds.
    """

    future: Pending
    since: float


class _Outcome(NamedTuple):
    """How a request ended.

    Attributes:
        answer: what was answered about the document; None if nothing was.
        problem: why, if nothing was.
        failed: who is to blame: the document, its server too.
        is_reached: whether its server has answered, whatever it said of the document.
    """

    answer: Answer | None
    problem: str = ""
    failed: tuple[str, ...] = ()
    is_reached: bool = False


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
        self.folder = folder.absolute()
        self._clock, self.private, self._most_seconds, self._kept = clock, tuple(private), most_seconds, kept
        self._patience = 2 * most_seconds
        self._begin()
        renew_after_fork(self)

    @property
    def path(self) -> Path | None:
        """The file in which answers are kept."""
        return self._kept.path if self._kept is not None else None

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._answers: Memo[Answer | None] = Memo(_MOST_REMEMBERED)
        self._problems: Memo[str] = Memo(_MOST_REMEMBERED)
        self._rests, self._lanes = Rests(), Lanes(self._patience)
        self._under_way: dict[str, _UnderWay] = {}
        self._keeping = threading.Lock()
        self._unkept: dict[str, Answer] = {}

    _after_fork = _begin

    def ask(self, questions: Iterable[Question], now: datetime, timeout: timedelta) -> Mapping[Question, Answer | None]:
        """Return what is known about documents, waiting no longer than a time for all of them together.

        Args:
            questions: about which documents.
            now: the present.
            timeout: how long to wait; less for questions that say so.

        Returns:
            By question the last answer, which may be older than it counts for where no other came in time, or None.
        """
        return self.begin(questions, now, timeout).wait()

    def begin(self, questions: Iterable[Question], now: datetime, timeout: timedelta) -> Asking:
        """Begin to ask about documents, and return what is known already with what is waited for.

        Arguments as for `ask`.
        """
        asking = Asking(self._known(list(questions), now), timeout.total_seconds())
        # What has failed least comes first: after a rest, one of a server's documents is its trial.
        order = sorted(asking.found, key=lambda question: self._rests.failures(question.key(self.folder)))
        for question in order:
            known = asking.found[question]
            if known is not None and question.is_met_by(known, now) and now < question.renewed_at(known):
                continue
            future = self._begin_asking(question, known)
            if future is not None and (known is None or not question.is_met_by(known, now)):
                asking.pending.append((question, future))
        return asking

    def last(self, key: str) -> Answer | None:
        """Return the last answer to a question, by its key; nobody is asked."""
        return self._answers.get(key)

    def remember(self, other: Asker) -> None:
        """Know what another one was told: before a reload, under other hosts or another registry."""
        self._answers = other._answers

    def problem_with(self, question: Question) -> str | None:
        """Return why a document's server could not be asked last, if that is known."""
        return self._problems.get(question.key(self.folder)) or None

    def close(self) -> None:
        """Close what is open; what is asked again opens it."""
        if self._kept is not None:
            self._keep(self._kept)
            self._kept.close()

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is under way, and return whether that is so; for tests and orderly ends."""
        end = time.monotonic() + timeout
        for future, _ in list(self._under_way.values()):
            try:
                future.result(max(0.0, end - time.monotonic()))
            except FutureTimeoutError:
                return False
        return True

    def _known(self, questions: Iterable[Question], now: datetime) -> dict[Question, Answer | None]:
        """Return the last answers: those of other processes too, before this one asks again."""
        found: dict[Question, Answer | None] = {}
        old: dict[str, Question] = {}
        for question in questions:
            key = question.key(self.folder)
            found[question] = known = self._remembered(key, now)
            if known is None or not question.is_met_by(known, now) or now >= question.renewed_at(known):
                old[key] = question
        for key, answer in self._recalled(old).items():
            known = found[old[key]]
            if answer.at - max(now, self._clock()) <= _SKEW and (known is None or answer.at > known.at):
                with self._lock:
                    found[old[key]] = self._renew(key, answer)
        return found

    def _remembered(self, key: str, now: datetime) -> Answer | None:
        """Return the last answer; what is from the future was given by a wrong clock, and would count for ever."""
        known = self._answers.get(key)
        # Compared with the clock, because the caller may ask about a moment ago.
        if known is not None and known.at - max(now, self._clock()) > _SKEW:
            with self._lock:
                known = self._answers.renew(key, None)
        return known

    def _renew(self, key: str, answer: Answer) -> Answer:
        """Remember an answer unless a later one came meanwhile, and return the one that counts; under the lock."""
        current = self._answers.get(key)
        is_later = current is not None and answer.at < current.at <= self._clock() + _SKEW
        if current is not None and is_later:
            return current
        self._answers.renew(key, answer)
        return answer

    def _recalled(self, keys: Collection[str]) -> Mapping[str, Answer]:
        try:
            return self._kept.get_all(keys) if self._kept is not None and keys else {}
        except HeadgateError as error:
            _log.warning("what servers said is known to this process alone: %s", error)
            return {}

    def _keep(self, kept: AnswerRegistry) -> None:
        """Write what was answered; where a thread does so already, it takes this as well, and none waits for it."""
        while self._unkept and self._keeping.acquire(blocking=False):
            try:
                with self._lock:
                    answers, self._unkept = self._unkept, {}
                kept.put_all(answers, self._clock() + _SKEW)
            except HeadgateError as error:
                _log.warning("what servers said is known to this process alone: %s", error)
                with self._lock:  # written with the next one, or at the end
                    self._unkept = dict(islice({**answers, **self._unkept}.items(), _MOST_REMEMBERED))
                return
            finally:
                self._keeping.release()

    def _begin_asking(self, question: Question, known: Answer | None) -> Pending | None:
        """Return the request that is under way about a document, begun if need be; None where none can be."""
        key, now = question.key(self.folder), time.monotonic()
        with self._lock:
            under_way = self._under_way.get(key)
            # What hangs for good is asked for again.
            if under_way is not None and now - under_way.since < self._patience:
                return under_way.future
            latest = self._answers.get(key)
            if latest is not known:  # it came while this one was about to ask
                came: Pending = Future()
                came.set_result(latest)
                return came
            server = _name_of(question)
            if self._rests.is_resting(server, key):
                self._problems.renew(key, _RESTS)
                return None
            begun = _UnderWay(Future(), now)
            work = partial(self._try, question, begun.future, self._rests.failures(server))
            if not self._lanes.submit(question.source, question.server, work):
                self._problems.renew(key, _WAITS)
                return None
            self._rests.begin_trial(server, key)
            self._under_way[key] = begun
        return begun.future

    def _try(self, question: Question, future: Pending, failures: int) -> None:
        """Ask, unless the server began its rest while the question waited, and tell whoever waits for it."""
        with self._lock:
            is_resting = self._rests.has_failed_since(_name_of(question), failures)
        self._conclude(question, future, _Outcome(None, _RESTS) if is_resting else self._outcome(question))

    def _outcome(self, question: Question) -> _Outcome:
        key, server = question.key(self.folder), _name_of(question)
        try:
            known = self._remembered(key, self._clock())
            status, headers = self._probe(question, known)
            answer = read_answer(known, status, headers, self._clock(), question.url, question.validators)
        except UnreachableError as error:
            return _Outcome(None, str(error), (key, server))
        except FetchError as error:
            return _Outcome(None, str(error), (key,))
        except Exception as error:  # noqa: BLE001 - whatever asking for one document does, whoever waits is told
            return _Outcome(None, type(error).__name__, (key,))
        is_up = status not in _OVERLOADED
        if answer is not None:
            # What a cache had before the last answer takes nothing of that back.
            answer = answer if known is None or answer.at >= known.at else known
            is_old = self._clock() - answer.at >= question.lasts(answer)
            return _Outcome(answer, _FROM_A_CACHE if is_old else "", is_reached=is_up)
        return _Outcome(None, f"its answer is {status}", (key,) if is_up else (key, server), is_up)

    def _probe(self, question: Question, known: Answer | None) -> tuple[int, Mapping[str, str]]:
        if is_file(question.url):
            return probe_file(question.url, self.folder)
        if is_stored(question.url):
            return probe_store(question.url, question.store)
        conditions = conditions_for(known, question.validators)
        return probe(question.url, timeout=self._most_seconds, private=self.private, validators=conditions)

    def _conclude(self, question: Question, future: Pending, outcome: _Outcome) -> None:
        key, answer = question.key(self.folder), outcome.answer
        with self._lock:
            under_way = self._under_way.get(key)
            if under_way is not None and under_way.future is future:
                del self._under_way[key]
            self._problems.renew(key, outcome.problem)
            if outcome.is_reached:
                self._rests.answered(_name_of(question))
            if answer is not None:
                answer = self._renew(key, answer)
                if self._kept is not None:
                    self._unkept[key] = answer
                self._rests.answered(key)
            for name in outcome.failed:
                self._rests.failed(name)
        future.set_result(answer)
        if self._kept is not None:
            self._keep(self._kept)


def _name_of(question: Question) -> str:
    """Return by which name a server rests: for each source by itself, because what one asks may be anybody's choice."""
    return f"{question.source}\n{question.server}"

"""A registry in a database that gates on many machines share, through SQLAlchemy."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from headgate.databases import NOT_INSTALLED, connect_arguments, described_error, with_password
from headgate.encoding import safe_uri
from headgate.errors import HeadgateError
from headgate.forks import importing, renew_after_fork
from headgate.registry.facts import Known, Proved, learned
from headgate.registry.memory import MemoryRegistry
from headgate.registry.times import as_instant, as_micros

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

__all__ = ["DatabaseRegistry"]

T = TypeVar("T")
_WAIT_SECONDS = 2
# For so long a database that could not be asked is not asked again: else every admission would wait for it in turn.
_REST_SECONDS = 1.0
_LONGEST_SECONDS = 3.0
_MOST_THREADS = 64
_MOST_OWED = 10_000
_AT_ONCE = 500
_LONGEST = 2_048
_log = logging.getLogger("headgate")


class DatabaseRegistry:
    """A registry that a fleet of gates shares: what one has proved counts for all of them at their next admission.

    It is asked at each admission that has signed versions, once for all of them. Where it cannot be written, what is
    learned is remembered by this process, and written with what is learned next.

    Args:
        url: of the database, as SQLAlchemy names it, without a password.
        secret_env: the environment variable that holds the password, if there is one.

    Raises:
        HeadgateError: it cannot be used.
    """

    is_slow = True

    def __init__(self, url: str, secret_env: str | None = None) -> None:
        self.url, self._secret_env = url, secret_env
        self._opening = threading.Lock()
        self._tables: tuple[Table, Table] | None = None
        self._engine: Engine | None = None
        self._failed_at = float("-inf")
        self._threads = threading.BoundedSemaphore(_MOST_THREADS)
        self._unwritten = MemoryRegistry()
        self._owed: list[tuple[Proved, datetime]] = []
        self._owing = threading.Lock()
        try:
            self._use(lambda connection: self._facts(connection, [""]))
        except HeadgateError:
            self.close()
            raise
        renew_after_fork(self)

    def __del__(self) -> None:
        # After a reload that names another one, whoever asks this one last lets go of it.
        if getattr(self, "_engine", None) is not None:
            self.close()

    def _after_fork(self) -> None:
        """Connect afresh: the parent's connections are the parent's."""
        self._opening, self._owing = threading.Lock(), threading.Lock()
        self._threads = threading.BoundedSemaphore(_MOST_THREADS)
        if self._engine is not None:
            self._engine.dispose(close=False)
        self._engine = None

    def known(self, documents: Collection[str]) -> Mapping[str, tuple[Known, ...]]:
        """Return what is known of documents.

        Raises:
            HeadgateError: the database cannot be asked.
        """
        wanted = [one for one in documents if _can_be_held(one)]
        found: dict[str, tuple[Known, ...]] = {}
        if wanted:
            found = self._use(lambda connection: self._facts(connection, wanted), is_reading=True)
        if len(self._unwritten):
            for document, unwritten in self._unwritten.known(documents).items():
                found[document] = (*found.get(document, ()), *unwritten)
        return found

    def learn(self, proved: Iterable[Proved], at: datetime) -> None:
        """Remember what was proved and admitted, for every gate.

        Raises:
            HeadgateError: the database cannot be written; this process remembers it nevertheless.
        """
        wanted = [(one, at) for one in proved if _can_be_held(one.document)]
        try:
            self._write_owed(wanted)
        except HeadgateError:
            self._unwritten.learn([one for one, _ in wanted], at)
            raise

    def _write_owed(self, wanted: Sequence[tuple[Proved, datetime]]) -> None:
        """Write what was proved, and what could not be written before."""
        with self._owing:
            owed, self._owed = [*self._owed, *wanted], []
        # In one order for every process, so that no two wait for one another.
        owed.sort(key=lambda one: (one[0].document, one[0].key))
        try:
            self._use(lambda connection: self._write(connection, owed))
        except HeadgateError:
            with self._owing:
                self._owed = [*owed, *self._owed][-_MOST_OWED:]
            raise

    def close(self) -> None:
        """Close all connections; what is asked again opens them."""
        if self._owed:
            with suppress(HeadgateError):
                self._write_owed([])
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None

    def _use(self, work: Callable[[Connection], T], *, is_reading: bool = False) -> T:
        """Return the result of some work in one transaction; of reading alone without one.

        Raises:
            HeadgateError: the database cannot be used.
        """
        if time.monotonic() < self._failed_at + _REST_SECONDS:
            raise HeadgateError(f"the registry {self._shown} could not be used a moment ago")
        try:
            return self._within_time(lambda: self._connected_work(work, is_reading=is_reading))
        except HeadgateError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            # What cannot be written need not keep anybody from reading.
            if is_reading or _is_out_of_reach(error):
                self._failed_at = time.monotonic()
            raise HeadgateError(f"the registry {self._shown} cannot be used ({self._described(error)})") from None

    def _connected_work(self, work: Callable[[Connection], T], *, is_reading: bool) -> T:
        with self._opened().connect() as connection:
            if is_reading:
                return work(connection.execution_options(isolation_level="AUTOCOMMIT"))
            with connection.begin():
                return work(connection)

    def _within_time(self, work: Callable[[], T]) -> T:
        """Return the result of some work, in a thread of its own: no driver gives up in every case.

        Raises:
            TimeoutError: it takes too long, and the thread is left to itself; or too many are under way.
        """
        done: Future[T] = Future()
        threads = self._threads

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                done.set_exception(error)
            finally:
                threads.release()

        if not threads.acquire(blocking=False):
            raise TimeoutError(f"{_MOST_THREADS} questions are under way")
        threading.Thread(target=run, name="headgate-registry", daemon=True).start()
        return done.result(_LONGEST_SECONDS)

    @property
    def _shown(self) -> str:
        return safe_uri(self.url)

    def _described(self, error: Exception) -> str:
        origin = getattr(error, "orig", None) or error
        return f"{type(origin).__name__}: {described_error(origin, self._secret_env)}"

    def _opened(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._engine = self._connected()
            return self._engine

    def _connected(self) -> Engine:
        try:
            with importing():
                from sqlalchemy import create_engine, inspect, make_url
        except ImportError:
            raise HeadgateError(NOT_INSTALLED) from None
        url = with_password(make_url(self.url), self._secret_env)
        wait = connect_arguments(url, _WAIT_SECONDS)
        if url.get_backend_name() == "postgresql":
            milliseconds = _WAIT_SECONDS * 1_000
            wait["options"] = f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
        with importing():  # the driver
            engine = create_engine(
                url, connect_args=wait, pool_timeout=_WAIT_SECONDS, pool_recycle=1_800, hide_parameters=True
            )
        if self._tables is None:
            self._tables = _tables()
        try:
            self._tables[0].metadata.create_all(engine)
        except Exception:
            # Another gate may have made them at the same time; otherwise this says why they are not there.
            if not inspect(engine).has_table(self._tables[1].name):
                engine.dispose()
                raise
        return engine

    def _facts(self, connection: Connection, documents: Sequence[str]) -> dict[str, tuple[Known, ...]]:
        found: dict[str, list[Known]] = {}
        for start in range(0, len(documents), _AT_ONCE):
            for known in self._read(connection, documents[start : start + _AT_ONCE]):
                found.setdefault(known.document, []).append(known)
        return {document: tuple(facts) for document, facts in found.items()}

    def _read(
        self, connection: Connection, documents: Sequence[str], key: str | None = None, *, is_locked: bool = False
    ) -> Iterator[Known]:
        from sqlalchemy import select

        facts, texts = self._tables or _tables()
        both = facts.outerjoin(texts, (texts.c.document == facts.c.document) & (texts.c.key == facts.c.key))
        # One question, for each is a way there and back.
        asked = select(facts, texts.c.digest, texts.c.modified.label("of_text")).select_from(both)
        asked = asked.where(facts.c.document.in_(documents)).order_by(facts.c.document, facts.c.key)
        if key is not None:
            asked = asked.where(facts.c.key == key)
        rows = connection.execute(asked.with_for_update(of=facts) if is_locked else asked)
        for (document, by), group in groupby(rows, key=lambda row: (row.document, row.key)):
            held = list(group)
            first, when = held[0], as_instant(held[0].verified)
            known = {row.digest: as_instant(row.of_text) for row in held if row.digest is not None}
            if when is not None:
                times = as_instant(first.modified), as_instant(first.valid_from), when
                yield Known(document, by, first.version, *times, known)

    def _write(self, connection: Connection, proved: Sequence[tuple[Proved, datetime]]) -> None:
        from sqlalchemy.exc import DataError, IntegrityError

        for one, at in proved:
            try:
                with connection.begin_nested():
                    self._learn(connection, one, at)
            except (DataError, IntegrityError, ValueError) as error:
                # It would keep all others from being written, now and later.
                _log.warning("the registry cannot hold what was proved of a document (%s)", type(error).__name__)

    def _learn(self, connection: Connection, proved: Proved, at: datetime, *, is_again: bool = False) -> None:
        from sqlalchemy import delete, insert, update
        from sqlalchemy.exc import IntegrityError

        facts, texts = self._tables or _tables()
        before = next(self._read(connection, [proved.document], proved.key, is_locked=True), None)
        after = learned(before, proved, at)
        if after is None:
            return
        row = {"version": after.version, **_times(after)}
        named = (facts.c.document == after.document) & (facts.c.key == after.key)
        if before is None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(facts).values(document=after.document, key=after.key, **row))
            except IntegrityError:
                if is_again:
                    raise
                self._learn(connection, proved, at, is_again=True)  # another gate was the first one
                return
        else:
            connection.execute(update(facts).where(named).values(**row))
        of_version = (texts.c.document == after.document) & (texts.c.key == after.key)
        if before is not None:
            is_another = not before.texts.keys() <= after.texts.keys()
            replaced = of_version if is_another else of_version & (texts.c.digest == proved.digest)
            connection.execute(delete(texts).where(replaced))
        if proved.digest in after.texts:
            modified = as_micros(after.texts[proved.digest])
            values = {"document": after.document, "key": after.key, "digest": proved.digest, "modified": modified}
            connection.execute(insert(texts).values(**values))


def _can_be_held(document: str) -> bool:
    # No text of PostgreSQL holds a null character.
    return len(document) <= _LONGEST and "\x00" not in document


def _is_out_of_reach(error: Exception) -> bool:
    """Return whether a database does not answer, rather than refuse what it was asked."""
    from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

    return isinstance(error, (OperationalError, InterfaceError, TimeoutError, FutureTimeoutError, OSError))


def _times(known: Known) -> dict[str, int | None]:
    return {
        "modified": as_micros(known.modified),
        "valid_from": as_micros(known.valid_from),
        "verified": as_micros(known.verified),
    }


def _tables() -> tuple[Table, Table]:
    """Return the tables: facts, and the digests of the texts of each."""
    from sqlalchemy import BigInteger, Column, MetaData, String, Table

    metadata = MetaData()
    facts = Table(
        "headgate_documents",
        metadata,
        Column("document", String(_LONGEST), primary_key=True),
        Column("key", String(64), primary_key=True),
        Column("version", BigInteger),
        Column("modified", BigInteger),
        Column("valid_from", BigInteger),
        Column("verified", BigInteger, nullable=False),
    )
    texts = Table(
        "headgate_texts",
        metadata,
        Column("document", String(_LONGEST), primary_key=True),
        Column("key", String(64), primary_key=True),
        Column("digest", String(64), primary_key=True),
        Column("modified", BigInteger),
    )
    return facts, texts

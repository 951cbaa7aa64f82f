"""One query to a database, through SQLAlchemy: read-only, within a time, to a bound."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from headgate.databases import NOT_INSTALLED, connect_arguments, described_error, with_password
from headgate.encoding import safe_uri
from headgate.errors import HeadgateError
from headgate.forks import importing
from headgate.origins.feeds.feed import FeedError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Executable

__all__ = ["COLUMNS", "Database", "Row"]

COLUMNS = ("uri", "version", "updated_at", "deleted")
"""What a query yields, by these names; `uri` it has to."""

Row = Mapping[str, object]

_MOST_ROWS, _MOST_BYTES, _AT_ONCE = 1_000_000, 100_000_000, 1_000
_MOST_NAMES = 200
# What keeps a query from writing, and the server from working on it for ever.
_GUARDS = {
    "postgresql": ("SET TRANSACTION READ ONLY", "SET LOCAL statement_timeout = {milliseconds}"),
    "mysql": ("SET SESSION TRANSACTION READ ONLY",),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY",),
}
_STEPS = 10_000  # of SQLite's machine, after which it looks at the time
# What was given up and is still being asked, because nobody can end it: it is not asked a second time meanwhile.
_GIVEN_UP: dict[tuple[str, str], threading.Thread] = {}


@dataclass(frozen=True, slots=True)
class Database:
    """A database that is asked.

    Args:
        url: as SQLAlchemy names it, without a password.
        folder: where the relative path of a SQLite file begins.
        secret_env: the environment variable that holds the password, if there is one.
        timeout: how long a query may take, with all that is around it.
    """

    url: str
    folder: Path
    secret_env: str | None = None
    timeout: timedelta = timedelta(minutes=1)

    def read(self, query: str, since: tuple[str, object] | None = None) -> list[Row]:
        """Return what a query yields of `COLUMNS`.

        Args:
            query: one SELECT.
            since: a column and the value from which on its rows are read; by default all are.

        Raises:
            FeedError: it cannot be asked, does not answer in time, or with too much.
        """
        seconds = self.timeout.total_seconds()
        asking = _Asking(self, query, since, time.monotonic() + seconds)
        thread = threading.Thread(target=asking.run, name="headgate-database", daemon=True)
        before = _GIVEN_UP.get((self.url, query))
        if before is not None and before.is_alive():
            raise FeedError(f"{self.shown}: it has not answered the last pull yet.")
        thread.start()
        thread.join(seconds)
        if thread.is_alive():
            _GIVEN_UP[self.url, query] = thread
            raise FeedError(f"{self.shown}: no answer within {seconds:g} s.")
        _GIVEN_UP.pop((self.url, query), None)
        if asking.problem is not None:
            raise FeedError(f"{self.shown}: {asking.problem}")
        return asking.rows

    @property
    def shown(self) -> str:
        """What it is called in messages."""
        return safe_uri(self.url)

    def engine(self, deadline: float) -> Engine:
        """Return what connects to it.

        Raises:
            FeedError: what it needs is not installed, or its file is not there.
        """
        try:
            with importing():
                from sqlalchemy import create_engine, make_url
                from sqlalchemy.exc import ArgumentError, NoSuchModuleError
                from sqlalchemy.pool import NullPool
        except ImportError:
            raise FeedError(f"{NOT_INSTALLED}.") from None
        try:
            url = make_url(self.url)
            if url.get_backend_name() == "sqlite":
                creator = partial(_open_file, self.folder, url.database, deadline)
                return create_engine("sqlite://", creator=creator, poolclass=NullPool)
            arguments = connect_arguments(url, deadline - time.monotonic())
            url = with_password(url, self.secret_env)
            with importing():  # the driver
                return create_engine(url, poolclass=NullPool, connect_args=arguments, hide_parameters=True)
        except FeedError:
            raise
        except HeadgateError as error:
            raise FeedError(f"{error}.") from None
        except ModuleNotFoundError as error:
            raise FeedError(f"its driver is not installed ({error.name}).") from None
        except (ArgumentError, NoSuchModuleError, ValueError) as error:
            raise FeedError(f"SQLAlchemy does not know such a database ({type(error).__name__}).") from None


@dataclass(slots=True)
class _Asking:
    """One query under way, in a thread of its own: no driver ends by itself in every case."""

    database: Database
    query: str
    since: tuple[str, object] | None
    deadline: float
    rows: list[Row] = field(default_factory=list)
    problem: str | None = None

    def run(self) -> None:
        """Ask, and keep the rows, or what went wrong."""
        try:
            engine = self.database.engine(self.deadline)
            with engine.connect() as connection:
                self._guard(connection, engine.dialect.name)
                self.rows.extend(self._rows(connection))
                connection.rollback()
        except FeedError as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001 - each driver raises what it has
            self.problem = self._described(error)

    def _guard(self, connection: Connection, dialect: str) -> None:
        left = max(1, int((self.deadline - time.monotonic()) * 1_000))
        for statement in _GUARDS.get(dialect, ()):
            connection.exec_driver_sql(statement.format(milliseconds=left))

    def _rows(self, connection: Connection) -> Iterator[Row]:
        options = {"stream_results": True, "max_row_buffer": _AT_ONCE}
        result = connection.execute(_statement(self.query, self.since), execution_options=options)
        names = [name.lower() for name in result.keys()]  # noqa: SIM118 - it is not a mapping
        if "uri" not in names:
            raise FeedError(f"the query yields no column `uri`, but {', '.join(names)[:_MOST_NAMES]}.")
        places = [(name, names.index(name)) for name in COLUMNS if name in names]
        size = 0
        for number, values in enumerate(result, 1):
            row = {name: values[place] for name, place in places}
            size += sum(len(value) for value in row.values() if isinstance(value, (str, bytes)))
            if number > _MOST_ROWS or size > _MOST_BYTES:
                raise FeedError(f"the query yields more than {_MOST_ROWS:,} rows, or {_MOST_BYTES:,} bytes.")
            if time.monotonic() > self.deadline:
                raise FeedError("it does not answer in time.")
            yield row

    def _described(self, error: Exception) -> str:
        """Return what an error says: its text only where it is about the query or the connection, not about data."""
        from sqlalchemy.exc import OperationalError, ProgrammingError

        origin = cast("Exception", getattr(error, "orig", None) or error)
        code = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
        kind = f"{type(origin).__name__}{f', {code}' if code else ''}"
        if not isinstance(error, (OperationalError, ProgrammingError)):
            return f"it cannot be asked ({kind})."
        return f"it cannot be asked ({kind}: {described_error(origin, self.database.secret_env)})."


def _open_file(folder: Path, name: str | None, deadline: float) -> sqlite3.Connection:
    """Open a SQLite file for reading alone.

    Raises:
        FeedError: there is no such file.
    """
    path = folder / (name or "")
    if not path.is_file():
        raise FeedError("there is no such file.")
    wait = max(0.0, deadline - time.monotonic())
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=wait)
    connection.execute("PRAGMA query_only = ON")
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    return connection


def _statement(query: str, since: tuple[str, object] | None) -> Executable:
    """Return a query, or the rows of it from a value on; no colon in it is a parameter."""
    from sqlalchemy import column, literal, literal_column, select, text

    asked = text(query.rstrip().removesuffix(";").replace(":", "\\:") + "\n")
    if since is None:
        return asked
    name, value = since
    rows: Any = asked.columns().subquery("headgate_rows")
    return select(literal_column("*")).select_from(rows).where(column(name) >= literal(value))

"""Connecting to databases of the user's own, through SQLAlchemy: passwords from the environment, and in no message."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from headgate.errors import HeadgateError

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["NOT_INSTALLED", "connect_arguments", "described_error", "password_in", "with_password"]

NOT_INSTALLED = "a database is asked through SQLAlchemy: pip install 'headgate[sql]'"
_TAKE_A_TIMEOUT = frozenset(("psycopg", "psycopg2", "pymysql", "mysqldb", "mysqlconnector", "mariadbconnector"))
_MOST_MESSAGE = 200


def password_in(variable: str | None) -> str | None:
    """Return the password in an environment variable, read each time, because passwords are rotated.

    Args:
        variable: its name; None for no password.

    Raises:
        HeadgateError: it is not set.
    """
    if variable is None:
        return None
    password = os.environ.get(variable)
    if not password:
        raise HeadgateError(f"the environment variable {variable} is not set")
    return password


def with_password(url: URL, variable: str | None) -> URL:
    """Return a URL with the password that a variable holds. Raises as `password_in`."""
    password = password_in(variable)
    return url if password is None else url.set(password=password)


def connect_arguments(url: URL, seconds: float) -> dict[str, Any]:
    """Return what bounds the making of a connection, for drivers that take it.

    Args:
        url: of the database.
        seconds: how long it may take.
    """
    return {"connect_timeout": max(1, int(seconds))} if url.get_driver_name() in _TAKE_A_TIMEOUT else {}


def described_error(error: Exception, variable: str | None) -> str:
    """Return the first line of what a driver says, at most 200 characters of it, without the password in a variable."""
    password = os.environ.get(variable or "")
    # Before it is cut, so that no part of it is left.
    said = str(error).replace(password, "...") if password else str(error)
    return (said.splitlines() or [""])[0][:_MOST_MESSAGE]

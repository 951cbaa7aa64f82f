"""A PostgreSQL of this session's own, behind a socket of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the URL of a database, as SQLAlchemy names it; skips where no server starts."""
    pgserver = pytest.importorskip("pgserver")
    pytest.importorskip("psycopg")
    try:
        # Not below pytest's folder: run by root, the server has a user of its own, who may not look in there.
        server = pgserver.get_server(tempfile.mkdtemp(prefix="headgate-pg-"), cleanup_mode="delete")
    except Exception as error:  # noqa: BLE001 - whatever keeps it from starting
        pytest.skip(f"PostgreSQL does not start here ({type(error).__name__})")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://").replace("postgres:@", "postgres@")
    finally:
        server.cleanup()

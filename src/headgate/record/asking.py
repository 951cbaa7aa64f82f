"""Who asked: said by the application, or taken from the framework's settings of a call; recorded as a digest."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from uuid import UUID

from headgate.encoding import b64url_encode, replace_surrogates

__all__ = ["ROLES", "asked_by", "asker_in", "current_asker", "load_salt", "recorded_asker", "salt_path", "salted"]

ROLES = ("user", "tenant", "session", "run")
"""What can be said about who asked."""

# What applications and tracers call them in the settings of a call, the more telling name first.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "user": ("user_id", "userId", "langfuse_user_id", "end_user_id", "user"),
    "tenant": ("tenant_id", "tenantId", "organization_id", "org_id", "workspace_id", "tenant"),
    "session": ("session_id", "sessionId", "langfuse_session_id", "thread_id", "conversation_id"),
    "run": ("run_id", "request_id", "trace_id"),
}
_CHARS = 256
_SALT_BYTES = 32
_DIGEST_BYTES = 16
_ASKER: ContextVar[Mapping[str, str]] = ContextVar("headgate_asker")
_NOBODY: Mapping[str, str] = {}


@contextmanager
def asked_by(
    *, user: object = None, tenant: object = None, session: object = None, run: object = None
) -> Iterator[None]:
    """Say who asks for what is retrieved within this block; blocks within it may say more.

    What is recorded of it is a salted digest, unless the policy says otherwise under `log.asker`.

    Args:
        user: the person or account.
        tenant: the customer or organisation.
        session: the conversation.
        run: the request or trace.
    """
    said = {"user": user, "tenant": tenant, "session": session, "run": run}
    with _said({role: _text(value) for role, value in said.items() if value is not None}):
        yield


@contextmanager
def asker_in(settings: object, run: object = None) -> Iterator[None]:
    """Take from a framework's settings of a call who asks, where nobody has said so with `asked_by`.

    Args:
        settings: names and values as the application wrote them; anything but a mapping says nothing.
        run: the identifier of the framework's run, where the settings name none.
    """
    found: dict[str, str] = {}
    if isinstance(settings, Mapping):
        for role, names in _NAMES.items():
            value = next((settings[name] for name in names if _is_plain(settings.get(name))), None)
            if value is not None:
                found[role] = _text(value)
    if run is not None:
        found.setdefault("run", _text(run))
    with _said({**found, **current_asker()}):
        yield


def current_asker() -> Mapping[str, str]:
    """Return who asks, by role; empty if nobody has said."""
    return _ASKER.get(_NOBODY)


def recorded_asker(asker: Mapping[str, str], salt: bytes | None) -> dict[str, str]:
    """Return who asked as a record has it.

    Args:
        asker: by role.
        salt: the secret of the log; None to record names in the clear.
    """
    # A UUID says nothing about anybody, and the trace of the same run has it too.
    return {
        role: value if salt is None or (role == "run" and _is_uuid(value)) else salted(role, value, salt)
        for role, value in asker.items()
    }


def salted(role: str, value: str, salt: bytes) -> str:
    """Return the digest (HMAC-SHA-256, RFC 2104) that stands for a name: without the salt nobody can try names."""
    # A role of its own for each, so that a user and a tenant of one name do not read alike.
    mac = hmac.digest(salt, f"{role}\0{value}".encode(), hashlib.sha256)
    return f"hmac:{b64url_encode(mac[:_DIGEST_BYTES])}"


def salt_path(log: Path) -> Path:
    """Return the file that holds the salt of a log."""
    return log.with_name(f"{log.name}.salt")


def load_salt(log: Path) -> bytes:
    """Return the salt of a log, which is made if there is none yet.

    Whoever can read it can find out whether a name that they know is in the log; without it nobody can, and nobody can
    look for the admissions of a user either. To forget who asked, delete it.

    Raises:
        OSError: it cannot be read or made.
    """
    path = salt_path(log)
    with suppress(FileNotFoundError):
        return _whole(path)
    aside = path.with_name(f".headgate-{secrets.token_hex(8)}.part")
    try:
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_SALT_BYTES))
            file.flush()
            os.fsync(file.fileno())
        _put(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return _whole(path)


def _put(aside: Path, path: Path) -> None:
    try:
        # Not renamed: of several processes that begin at once, one is the first, and the others take what it made.
        os.link(aside, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        aside.replace(path)


def _whole(path: Path) -> bytes:
    salt = path.read_bytes()
    if len(salt) != _SALT_BYTES:
        raise OSError(f"{path} is not a salt of {_SALT_BYTES} bytes")
    return salt


@contextmanager
def _said(more: Mapping[str, str]) -> Iterator[None]:
    if not more:
        yield
        return
    token = _ASKER.set({**current_asker(), **more})
    try:
        yield
    finally:
        _ASKER.reset(token)


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, UUID)) and not isinstance(value, bool) and value != ""


def _text(value: object) -> str:
    """Return a name as text; a long one is cut, because nobody's name is a text."""
    try:
        return replace_surrogates(str(value))[:_CHARS]
    except Exception:  # noqa: BLE001 - whatever an application passes, the question goes on
        return "?"


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False

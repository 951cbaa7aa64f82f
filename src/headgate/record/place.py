"""Where decisions are recorded when a policy that only records names no place."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from headgate.policy import Log
from headgate.record.log import DecisionLog

__all__ = ["STATE_VARIABLE", "default_log_path", "open_default_log"]

STATE_VARIABLE = "HEADGATE_STATE"
"""The environment variable that names another folder; `off` means that nothing is written."""

_FILE = "decisions.jsonl"
_ODD = re.compile(r"[^A-Za-z0-9._-]+")
# Nobody asked for this file, so it stays small.
_MAX_BYTES = 20_000_000
_KEEP = 2


def default_log_path(
    environment: Mapping[str, str] = os.environ, platform: str = sys.platform, folder: str | None = None
) -> Path | None:
    """Return the log of this application in the user's state folder, or None where there is no such folder.

    One file per folder in which programs run, so that two applications of one user do not mix; never in that folder,
    which may be a repository, and never in a shared one such as /tmp, where anybody could have put a link of that name.

    Args:
        environment: the environment variables.
        platform: as `sys.platform`.
        folder: the folder in which the program runs; by default the current one.
    """
    state = _state_folder(environment, platform)
    if state is None:
        return None
    try:
        here = folder if folder is not None else str(Path.cwd())
    except OSError:  # it has been deleted
        here = ""
    digest = hashlib.sha256(here.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    name = _ODD.sub("-", Path(here).name)[:40].strip("-.") or "app"
    return state / f"{name}-{digest}" / _FILE


@lru_cache(maxsize=64)  # shared by all gates of a process, which may be made per request
def open_default_log(path: Path) -> DecisionLog:
    """Return the log at a default place; its folder is made, for this user only.

    Raises:
        OSError: it cannot be opened.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return DecisionLog(path, Log(path=str(path), max_bytes=_MAX_BYTES, keep=_KEEP, on_error="admit"))


def _state_folder(environment: Mapping[str, str], platform: str) -> Path | None:
    named = environment.get(STATE_VARIABLE, "").strip()
    if named.lower() == "off":
        return None
    try:
        if named:
            return Path(named).expanduser().absolute()
        if platform == "win32":
            local = environment.get("LOCALAPPDATA", "")
            return Path(local) / "headgate" if local else None
        if platform == "darwin":
            return Path.home() / "Library" / "Application Support" / "headgate"
        xdg = environment.get("XDG_STATE_HOME", "")
        # The specification of XDG: a relative path is to be ignored.
        base = Path(xdg) if xdg and Path(xdg).is_absolute() else Path.home() / ".local" / "state"
    except (RuntimeError, OSError):  # nobody knows the user's home
        return None
    return base / "headgate"

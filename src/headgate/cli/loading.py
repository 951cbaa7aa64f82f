"""Objects of the reader's own program, named on the command line as module:name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from headgate.admission.gate import Gate
from headgate.errors import HeadgateError, PolicyError
from headgate.policy.loading import locate

__all__ = ["load_gate", "load_object", "one_line"]

_SHOWN_CHARS = 200


def load_gate(policy: Path) -> Gate:
    """Return the gate of a policy file.

    Raises:
        PolicyError: with the file and the line, also of what the policy names.
    """
    try:
        return Gate(policy)
    except PolicyError as error:
        raise locate(error, policy) from None


def load_object(place: str) -> Any:
    """Return the object at a place such as `app.rag:chain`.

    Raises:
        HeadgateError: there is no such module or name.
    """
    module_name, colon, name = place.partition(":")
    if not colon or not module_name or not name:
        raise HeadgateError(f"{place[:80]!r}: write module:name, such as app.rag:chain.")
    # As `python -m` does: what is in the current folder can be imported.
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:  # whatever the reader's own module raises while it is imported
        raise HeadgateError(f"{module_name[:80]!r} cannot be imported: {one_line(error)}.") from error
    finally:
        sys.path.pop(0)
    for step in name.split("."):
        if not hasattr(found, step):
            raise HeadgateError(f"{module_name!r} has no {name!r}.")
        found = getattr(found, step)
    return found


def one_line(error: Exception) -> str:
    """Return what the reader's own code raised as one short line."""
    said = " ".join(str(error).split())[:_SHOWN_CHARS].rstrip(".")
    return f"{type(error).__name__}: {said}"

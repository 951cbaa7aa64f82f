"""Objects of the reader's own program, named on the command line as module:name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from headgate.errors import HeadgateError

__all__ = ["load_object"]


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
    except ImportError as error:
        raise HeadgateError(f"{module_name[:80]!r} cannot be imported: {error}") from error
    finally:
        sys.path.pop(0)
    for step in name.split("."):
        if not hasattr(found, step):
            raise HeadgateError(f"{module_name!r} has no {name!r}.")
        found = getattr(found, step)
    return found

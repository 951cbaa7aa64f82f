"""Objects of the reader's own program, named on the command line as module:name."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import sysconfig
from pathlib import Path
from typing import Any

from headgate.admission.gate import Gate
from headgate.errors import HeadgateError, PolicyError, one_line
from headgate.integration.loops import wait_for
from headgate.policy.loading import locate

__all__ = ["is_place", "load_gate", "load_object", "load_target"]

# Two letters at least before the colon: `C:docs` is a drive.
_PLACE = re.compile(r"[A-Za-z_]\w+(?:\.\w+)*:[A-Za-z_]\w*(?:\.\w+)*")
# What the frameworks' own objects can be asked by; anything else that can be called is taken as what builds one.
_ASKED_BY = ("invoke", "retrieve", "query", "chat", "run", "as_retriever", "similarity_search")


def load_gate(policy: Path) -> Gate:
    """Return the gate of a policy file.

    Raises:
        PolicyError: with the file and the line, also of what the policy names.
    """
    try:
        return Gate(policy)
    except PolicyError as error:
        raise locate(error, policy) from None


def is_place(text: str) -> bool:
    """Return whether a text names an object of a module, such as `app.rag:chain`, and no file or folder."""
    return _PLACE.fullmatch(text) is not None and not Path(text).exists()


def load_object(place: str) -> Any:
    """Return the object at a place such as `app.rag:chain`.

    Raises:
        HeadgateError: there is no such module or name.
    """
    module_name, colon, name = place.partition(":")
    if not colon or not module_name or not name:
        raise HeadgateError(f"{place[:80]!r}: write module:name, such as app.rag:chain.")
    # As `python -m` does: what is in the current folder can be imported, also later, by what is imported now.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # Of the module itself, or a package above it; what it imports in turn may be missing too.
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise HeadgateError(f"{module_name[:80]!r} cannot be imported: {one_line(error)}.") from error
        raise HeadgateError(
            f"There is no module {error.name[:80]!r} in this folder ({Path.cwd()}), nor is one installed. Run headgate "
            "in the folder that holds it, or name that in PYTHONPATH."
        ) from error
    except Exception as error:  # whatever the reader's own module raises while it is imported
        raise HeadgateError(f"{module_name[:80]!r} cannot be imported: {one_line(error)}.") from error
    for step in name.split("."):
        if not hasattr(found, step):
            raise HeadgateError(f"{module_name!r} has no {name!r}.")
        found = getattr(found, step)
    return found


def load_target(place: str, *, may_answer: bool = False) -> Any:
    """Return the chain, retriever or store at a place; a function or class there, also an `async def`, builds it.

    Args:
        place: where it is, such as `app.rag:chain`.
        may_answer: whether a function of the user's own with one argument is a chain itself, which answers a question.

    Raises:
        HeadgateError: there is none, or it cannot be built.
    """
    found = load_object(place)
    if not _builds(found):
        return found
    needed = _needed(found)
    if may_answer and len(needed) == 1 and _is_own(found):
        return found
    if needed:
        raise HeadgateError(
            f"{place} takes arguments ({', '.join(needed)}), so it is neither a chain nor a function that builds one. "
            "Name the retriever, store or chain itself, or a function without arguments that returns it."
        )
    try:
        built = found()
        if inspect.isawaitable(built):
            built = wait_for(built)
    except Exception as error:  # whatever the reader's own function raises
        raise HeadgateError(f"{place} could not be built: {one_line(error)}.") from error
    if built is None:
        raise HeadgateError(f"{place} returned nothing. It has to return the retriever, store or chain that it builds.")
    return built


def _builds(found: Any) -> bool:
    if isinstance(found, type):
        return True
    return callable(found) and not any(hasattr(found, name) for name in _ASKED_BY)


def _is_own(found: Any) -> bool:
    """Return whether something is a function or method of the user's own, and of no library."""
    code = getattr(inspect.unwrap(getattr(found, "__func__", found)), "__code__", None)
    libraries = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    return code is not None and not code.co_filename.startswith(libraries)


def _needed(function: Any) -> list[str]:
    """Return the names of the arguments without which a function cannot be called."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not say what it takes
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [one.name for one in parameters if one.default is one.empty and one.kind not in variable]

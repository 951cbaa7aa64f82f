"""What commands write is never what they read: checked for every command, before anything is done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import typer

from headgate.admission.loading import policy_of
from headgate.corpus.reading import is_read_in_folder
from headgate.errors import HeadgateError
from headgate.files import require_no_dangling_link
from headgate.policy import Policy
from headgate.provenance.custody import is_key_uri
from headgate.record.reading import log_files

__all__ = ["OUTPUTS", "Commands", "require_unread"]

OUTPUTS = frozenset(("html", "out", "plot", "sarif", "unsealed", "list_to"))
"""The parameters of commands that name what is written. Every other one that names a file names what is read."""

_Function = TypeVar("_Function", bound=Callable[..., Any])
# Files, or other things; keys may be in custody.
_PLACES = frozenset(("corpus_place", "documents", "store", "target", "leaked", "key", "timestamp_key"))
_STORES = frozenset((".sqlite3", ".sqlite", ".db", ".bin", ".gz", ".jws"))


class Commands(typer.Typer):
    """An application or group of commands, each of which refuses to write over what it reads."""

    def command(self, *names: Any, **options: Any) -> Callable[[_Function], _Function]:
        """Add a command, as in `typer.Typer`."""
        add = super().command(*names, **options)

        def adding(function: _Function) -> _Function:
            add(_careful(function))
            return function

        return adding

    def callback(self, *names: Any, **options: Any) -> Callable[[_Function], _Function]:
        """Add what a group does by itself, as in `typer.Typer`."""
        add = super().callback(*names, **options)

        def adding(function: _Function) -> _Function:
            add(_careful(function))
            return function

        return adding


def _careful(function: _Function) -> _Function:
    @wraps(function)
    def called(**parameters: Any) -> Any:
        written = [parameters[name] for name in sorted(OUTPUTS & parameters.keys()) if parameters[name] is not None]
        require_unread(written, parameters)
        if len({path.resolve() for path in written}) < len(written):
            raise HeadgateError(f"{written[0]}: two results cannot be written to one file.")
        return function(**parameters)

    return cast("_Function", called)


def file_of(key: str | None) -> Path | None:
    """Return the file of a key; None where there is none, or it is in custody."""
    return None if key is None or is_key_uri(key) else Path(key)


def require_unread(paths: Iterable[Path], parameters: Mapping[str, Any]) -> None:
    """Raise if a file that is to be written is one that the command reads.

    It may be the same by another name, by a link, or by case; it may be in a folder that is read, among the files that
    the policy names, or the rotated part of a log.

    Args:
        paths: what is to be written.
        parameters: what the command was given, by name.

    Raises:
        HeadgateError: it is; or it is a link that leads to nothing, through which a file would be made elsewhere.
    """
    for path in paths:
        require_no_dangling_link(path)
        if not path.exists():
            continue
        # A manifest is built into the folder that the policy names; a policy names no folder to be read otherwise.
        for read in _read_by(parameters, with_policy=not path.is_dir()):
            if _is_in(path, read):
                where = "the input" if path.samefile(read) else f"in {read}, which is read"
                raise HeadgateError(f"{path} is {where}. Choose another name for what is written.")


def _is_in(path: Path, read: Path) -> bool:
    try:
        if path.samefile(read):
            return True
        found, folder = path.resolve(), read.resolve()
    except OSError:
        return False
    if not folder.is_dir() or folder not in found.parents:
        return False
    return found.suffix.lower() in _STORES or is_read_in_folder(found.relative_to(folder))


def _read_by(parameters: Mapping[str, Any], *, with_policy: bool) -> Iterator[Path]:
    for name in parameters.keys() - OUTPUTS:
        given = parameters[name]
        for value in given if isinstance(given, (list, tuple)) else (given,):
            if isinstance(value, Path) or (isinstance(value, str) and name in _PLACES and not is_key_uri(value)):
                yield from _files_of(str(value))
            if isinstance(value, Path) and name == "policy" and with_policy:
                yield from _named_by(value)


def _files_of(value: str) -> Iterator[Path]:
    path = Path(value)
    yield path
    if os.path.isfile(path):
        # What a log was rotated into.
        yield from log_files(path)
    elif not os.path.lexists(path):
        # The module of `module:name`.
        module = value.partition(":")[0].replace(".", "/")
        yield from (Path(f"{module}.py"), Path(module, "__init__.py"))


def _named_by(path: Path) -> Iterator[Path]:
    try:
        written = Policy.load(path)
    except HeadgateError:
        return  # said by the command
    yield from _named_in(written)
    if written.pull is not None:
        # The log of the one that is pulled is beside the file of the machine. No address is asked for what it is.
        with suppress(HeadgateError):
            yield from _named_in(policy_of(path, may_wait=False))


def _named_in(policy: Policy) -> Iterator[Path]:
    manifests = (rule.provenance.manifest for rule in (*policy.sources, policy.default))
    yield from (policy.resolve_path(name) for name in manifests if name is not None and "://" not in name)
    # Whatever in it names a file that is there: keys, glossaries, lists, feeds, logs. A name of a folder may be an id.
    for text in set(_texts(policy.model_dump(mode="json"))):
        found = policy.resolve_path(text)
        if os.path.isfile(found):  # which says no of what cannot be a name
            yield from (found, *log_files(found))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for one in value.values() for text in _texts(one))
    elif isinstance(value, (list, tuple)):
        yield from (text for one in value for text in _texts(one))

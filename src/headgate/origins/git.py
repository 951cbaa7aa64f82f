"""When the files of a checkout were last changed, as its commits say. Asks git, never the network."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from headgate.clock import read_instant

__all__ = [
    "Change",
    "Commit",
    "GitProblem",
    "GitTimeout",
    "Repositories",
    "arrived_since",
    "find_head",
    "list_files",
    "read_blob",
    "read_commits",
]

_SECONDS = 60
_MOST_BYTES = 200_000_000
_MOST_NAMED = 200
_BLOCK = 65_536
# A checkout is configured by whoever made it: nothing of it is to run a program, ask anybody, or fetch what is missing.
_SAFE = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat"),
    *("-c", "log.showSignature=false", "-c", "protocol.allow=never", "-c", "core.quotePath=false"),
    *("-c", "log.diffMerges=separate", "-c", "log.showRoot=true", "-c", "diff.ignoreSubmodules=none"),
)
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}


_LATE = "git was not at its end in time"
_ODD = "git did not list its commits as it was asked to"


class GitProblem(ValueError):
    """Why git cannot say when a file was changed."""


class GitTimeout(GitProblem):
    """Git was not at its end in time."""


Change = Literal["added", "changed", "removed"]
"""What a commit does to a file."""


class Commit(NamedTuple):
    """One commit.

    Attributes:
        at: when it was made, as it says; aware.
        files: what it did to which files.
        id: its hash.
        is_merge: whether it joins two lines of commits.
    """

    at: datetime
    files: tuple[tuple[Change, str], ...]
    id: str = ""
    is_merge: bool = False


_HASH = re.compile(r"[0-9a-f]{40,64}")
_RAW = ("--raw", "-z", "--no-renames", "--no-ext-diff")
_LINK = "120000 "
_KINDS: Mapping[str, Change] = {"A": "added", "D": "removed"}


def read_commits(folder: Path, head: str = "HEAD", deadline: float | None = None) -> Iterator[Commit]:
    """Yield the commits that touched the files of a folder, the last one first; names are relative to the folder.

    A merge brings what it merged at its own time, however old that is: the commits behind it are not followed.

    Args:
        folder: the folder, in a checkout.
        head: the last commit that counts.
        deadline: when git has to be at its end, by the monotonic clock; None for a minute a command.

    Raises:
        GitProblem: git cannot say.
    """
    _find_top(folder, deadline)
    command = ["log", "--first-parent", "-m", "--format=%x00%H %cI %P", *_RAW, "--relative", head, "--", "."]
    parts = _parts(folder, *command, deadline=deadline)
    about = ""
    files: list[tuple[Change, str]] = []
    for part in parts:
        if not part:
            if files:
                yield _commit(about, files)
            about, files = next(parts, ""), []
        elif part.lstrip("\n").startswith(":"):
            files.append((_KINDS.get(part[-1:], "changed"), next(parts, "")))
        else:
            raise GitProblem(_ODD)
    if files:
        yield _commit(about, files)


def find_head(folder: Path, deadline: float | None = None) -> str:
    """Return the hash of the last commit of a checkout; arguments as for `read_commits`.

    Raises:
        GitProblem: git cannot say.
    """
    return _run(folder, "rev-parse", "--verify", "HEAD^{commit}", deadline=deadline).strip()


def read_blob(repository: Path, revision: str, file: str, most: int, deadline: float | None = None) -> bytes:
    """Return the content of a file in a revision of a repository, which may be a bare one.

    Args:
        repository: the repository.
        revision: a branch, a tag or a commit; no option.
        file: its path from the top.
        most: how many bytes are accepted.
        deadline: until when git may take, by the monotonic clock; None for a minute per question.

    Raises:
        GitProblem: git cannot say, or it is longer.
    """
    commit = _run(repository, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}", deadline=deadline)
    blob = _run(repository, "rev-parse", "--verify", "--end-of-options", f"{commit.strip()}:{file}", deadline=deadline)
    size = _run(repository, "cat-file", "-s", blob.strip(), deadline=deadline).strip()
    if not size.isdigit() or int(size) > most:
        raise GitProblem(f"{file} is longer than {most:,} bytes")
    return _said(repository, "cat-file", "blob", blob.strip(), deadline=deadline)


def arrived_since(
    folder: Path, head: str, now: str = "HEAD", deadline: float | None = None
) -> tuple[frozenset[str], frozenset[str]] | None:
    """Return the commits that are new since an earlier head, by their hashes, and the files that differ since then.

    Args:
        folder: a folder in a checkout; names are relative to it.
        head: the hash of what was the last commit before.
        now: what is the last commit now.
        deadline: as for `read_commits`.

    Returns:
        None where that commit is not in the history: it is another one.

    Raises:
        GitProblem: git cannot say.
    """
    if not _HASH.fullmatch(head):
        return None
    try:
        # A commit that was taken back is still among the objects for a while.
        _run(folder, "merge-base", "--is-ancestor", head, now, deadline=deadline)
    except GitTimeout:
        raise
    except GitProblem:
        return None
    commits = _run(folder, "rev-list", f"{head}..{now}", "--", deadline=deadline).split()
    differing = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--relative")
    names = _parts(folder, *differing, head, now, "--", ".", deadline=deadline)
    return frozenset(commits), frozenset(names)


def list_files(folder: Path, head: str = "HEAD", deadline: float | None = None) -> Iterator[tuple[str, bool]]:
    """Yield the files that the last commit has in a folder, by their names relative to it, and whether each is a link.

    Arguments as for `read_commits`.

    Raises:
        GitProblem: git cannot say.
    """
    _find_top(folder, deadline)
    for part in filter(None, _parts(folder, "ls-tree", "-r", "-z", head, ".", deadline=deadline)):
        about, _, name = part.partition("\t")
        yield name, about.startswith(_LINK)


def _commit(head: str, files: list[tuple[Change, str]]) -> Commit:
    try:
        commit, date, *parents = head.split(" ")
        return Commit(read_instant(date), tuple(files), commit, len(parents) > 1)
    except ValueError:
        raise GitProblem(_ODD) from None


class Repositories:
    """Answers from the checkouts that files lie in; each is looked for once."""

    def __init__(self) -> None:
        self._tops: dict[Path, Path | GitProblem] = {}

    def last_commits(self, files: Collection[Path]) -> dict[Path, str | GitProblem]:
        """Return, for each file, when the last commit that touched it was made, as ISO 8601, or why that is not known.

        Args:
            files: absolute paths without links.
        """
        found: dict[Path, str | GitProblem] = {}
        wanted: dict[Path, list[Path]] = {}
        for file in files:
            top = self._top(file.parent)
            if isinstance(top, GitProblem):
                found[file] = top
            else:
                wanted.setdefault(top, []).append(file)
        for top, members in wanted.items():
            found.update(_ask(top, members))
        return found

    def _top(self, folder: Path) -> Path | GitProblem:
        known = self._tops.get(folder)
        if known is None:
            try:
                known = _find_top(folder)
            except GitProblem as problem:
                known = problem
            self._tops[folder] = known
        return known


def _find_top(folder: Path, deadline: float | None = None) -> Path:
    said = _run(folder, "rev-parse", "--show-toplevel", "--is-shallow-repository", deadline=deadline).splitlines()
    if len(said) != 2:
        raise GitProblem("git did not say where the checkout begins")
    # At the border of a shallow clone every file looks as if it were made in that commit.
    if said[1].strip() == "true":
        raise GitProblem("the checkout is shallow, so its commits are not all there (fetch-depth: 0 fetches them)")
    return Path(said[0])


def _ask(top: Path, files: Collection[Path]) -> Mapping[Path, str | GitProblem]:
    names = {file.relative_to(top).as_posix(): file for file in files if file.is_relative_to(top)}
    dates: dict[str, str] = {}
    try:
        for name, date in _changes(top, names if len(names) <= _MOST_NAMED else ()):
            if name in names:
                dates.setdefault(name, date)
                if len(dates) == len(names):
                    break
    except GitProblem as problem:
        return dict.fromkeys(files, problem)
    unknown = GitProblem("no commit has touched it")
    return {file: dates.get(name, unknown) for name, file in names.items()}


def _changes(top: Path, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the files that each commit touched, with its date, the last commit first."""
    # In raw form a name is what follows the mode of its file, whatever it is: names may hold line breaks.
    command = ["log", "--format=%x00%cI", *_RAW, "HEAD", "--", *names]
    parts, date = _parts(top, *command), ""
    for part in parts:
        if not part:
            date = next(parts, "")
        elif part.lstrip("\n").startswith(":"):
            yield next(parts, ""), date
        else:
            raise GitProblem(_ODD)


def _seconds_until(deadline: float | None) -> float:
    """Return how many seconds git may take.

    Raises:
        GitTimeout: none are left.
    """
    if deadline is None:
        return _SECONDS
    left = deadline - time.monotonic()
    if left <= 0:
        raise GitTimeout(_LATE)
    return left


def _parts(folder: Path, *arguments: str, deadline: float | None = None) -> Iterator[str]:
    """Yield what git says between null characters, while it is still saying it: whoever has enough stops it."""
    seconds = _seconds_until(deadline)
    ends = time.monotonic() + seconds
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell, and all but the paths is fixed
            _command(folder, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
    except (OSError, ValueError) as error:
        raise GitProblem(f"git did not answer ({type(error).__name__})") from None
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    try:
        rest, read = b"", 0
        while process.stdout is not None and (data := process.stdout.read(_BLOCK)):
            read += len(data)
            if read > _MOST_BYTES:
                raise GitProblem("the history is too long to be read")
            *whole, rest = (rest + data).split(b"\0")
            yield from (part.decode("utf-8", "surrogateescape") for part in whole)
        # Every part ends with a null character: what is left was cut off, and could be the name of another file.
        if process.wait() or rest:
            if time.monotonic() >= ends:
                raise GitTimeout(_LATE)
            raise GitProblem("git could not read the history to its end")
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _run(folder: Path, *arguments: str, deadline: float | None = None) -> str:
    return _said(folder, *arguments, deadline=deadline).decode("utf-8", "surrogateescape")


def _said(folder: Path, *arguments: str, deadline: float | None = None) -> bytes:
    seconds = _seconds_until(deadline)
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and all but the paths is fixed
            _command(folder, *arguments),
            capture_output=True,
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
            env=_environment(),
        )
    except FileNotFoundError:
        raise GitProblem("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise GitTimeout(_LATE) from None
    except (OSError, ValueError) as error:
        raise GitProblem(f"git did not answer ({type(error).__name__})") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0][:200]
        raise GitProblem("it lies in no git checkout" if "not a git repository" in said else f"git says: {said}")
    return done.stdout


def _command(folder: Path, *arguments: str) -> list[str]:
    return ["git", "--no-pager", *_SAFE, "-C", str(folder), *arguments]


def _environment() -> dict[str, str]:
    # Variables of a hook that runs us would lead to another repository.
    return {**{name: value for name, value in os.environ.items() if not name.startswith("GIT_")}, **_ENVIRONMENT}

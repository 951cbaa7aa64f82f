"""Every command that a page names exists, with the options that it is given there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from headgate.cli.app import app

ROOT = Path(__file__).parents[1]
PAGES = sorted(page for place in ("*.md", "docs/*.md", "integrations/*/*.md") for page in ROOT.glob(place))
LINE = re.compile(r"^\$ headgate (.+(?:\\\n.+)*)$|`headgate ([a-z][^`\n]*)`", re.M)


def commands_in(text: str) -> list[list[str]]:
    """Return the words of each command, in blocks and in running text, without comments."""
    found = []
    for match in LINE.finditer(text):
        words = (match[1] or match[2]).replace("\\\n", " ")
        try:
            found.append(shlex.split(words, comments=True))
        except ValueError:  # a quotation that is cut off in running text
            found.append(words.split())
    return found


def in_two_words(words: list[str]) -> list[str]:
    """Return the words of a command, with the two of `log compact` as one: they name one command."""
    return [" ".join(words[:2]), *words[2:]] if words[:2] == ["log", "compact"] else words


def problem_of(words: list[str]) -> str | None:
    """Return what of a command does not exist, or None."""
    command: Any = get_command(app)
    words = in_two_words(words)
    for word in words:
        children = getattr(command, "commands", {})
        if not children or word.startswith("-"):
            break
        for one in word.split("|"):  # as in `headgate report adoption|stale`
            if one not in children and not command.invoke_without_command:
                return f"there is no command {one!r}"
        command = children.get(word.rpartition("|")[2], command)
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    unknown = options - known - {"--help", "-h"}
    return f"it has no option {sorted(unknown)[0]}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_exist(page: Path) -> None:
    found = {
        " ".join(words): problem
        for words in commands_in(page.read_text(encoding="utf-8"))
        if (problem := problem_of([word for word in words if word not in ("|", ">")]))
    }
    assert found == {}


def test_a_command_that_does_not_exist_is_noticed() -> None:
    page = (
        "`headgate bakfill x`\n$ headgate log d.jsonl --kode P105  # why\n$ headgate freshness suggest docs --budget 5%"
    )
    assert [problem_of(words) for words in commands_in(page)] == [
        "there is no command 'bakfill'",
        "it has no option --kode",
        None,
    ]


def test_every_command_is_on_some_page() -> None:
    named = {
        in_two_words(words)[0] for page in PAGES for words in commands_in(page.read_text(encoding="utf-8")) if words
    }
    commands: Any = getattr(get_command(app), "commands", {})
    assert set(commands) - named == {"demo"}  # it is `make demo` there

"""Habits of another language that native readers stumble over, found in pages, comments, docstrings and messages.

`python -m tools.prose` looks at every file that git tracks, and names each place with what to write instead. It is a
short list of what this project has had to mend more than once, and not a grammar checker: a habit belongs in it only if
a pattern tells it from good English.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Habit(NamedTuple):
    """A pattern, what to write instead, and a sentence that shows it."""

    pattern: re.Pattern[str]
    instead: str
    example: str


def _habit(pattern: str, instead: str, example: str) -> Habit:
    return Habit(re.compile(pattern, re.IGNORECASE), instead, example)


# "No longer", "no later than", "no such thing", "no doubt": good English after "is".
_AFTER_NO = "longer|later|earlier|more|less|better|worse|wider|larger|need|doubt|one|such|other|harm|use|coincidence"
HABITS = (
    _habit(
        rf"(?<!there )(?<!here )\b(?:is|are|was|were) no (?!(?:{_AFTER_NO})\b)[a-z]",
        'is not a ..., or "there is no ..."',
        "'90 dyas' is no duration.",
    ),
    _habit(
        r"(?<!as )\b(?:what|it|that|text|seal|entry|word|line) stands "
        r"(?!for\b|in for\b|out\b|up\b|still\b|alone\b|by\b|behind (?:it|them|what)\b)",
        "is, is written, comes",
        "What stands in the list is signed.",
    ),
    _habit(
        r"\b(?:one an? (?:line|row|core|document)|(?:question|document|process) a (?:line|row|core|document))\b",
        "per",
        "Write one a line.",
    ),
    _habit(
        r"\b(?:verified|admitted|published|listed|believed|retrieved|does so|do so|then) no more\b",
        "no longer",
        "It is published no more.",
    ),
    _habit(r"\banew\b", "again, afresh, re-...", "The index is made anew."),
    _habit(r"\bfor want of\b", "for lack of, because ... is missing", "It failed for want of a date."),
    _habit(r"\bstays? at hand\b", "is kept", "The original stays at hand."),
    _habit(r"\btwice over\b", "for two reasons, twice", "It is out twice over."),
    _habit(r"\bgrows? (?:stale|old)\b", "goes stale, ages", "What grows stale is listed."),
    _habit(
        r"\b(?:zero-width|invisible|hidden|unprintable|escaped) signs?\b|\bsigns? that nobody (?:sees|can see)\b",
        "characters",
        "The text holds signs that nobody sees.",
    ),
    _habit(r"[,;] else (?!if\b)[a-z`]", "otherwise, or", "The time of change, else that of sealing."),
    _habit(
        r"\b(?:retriev(?:al|er)|pull|step|job|question|feed|search) (?:brings?|brought)\b",
        "returns, fetches, adds",
        "What the retriever brings is judged.",
    ),
    _habit(
        r"\banother (?:[\w-]+ )?than\b",
        "a different ... than, not the ... that",
        "The seal names another document than the metadata does.",
    ),
    _habit(r"\bspeaks? against\b", "is wrong with, fails", "Kept out is what a finding speaks against."),
    _habit(r"\bwhatever stands\b|\bcalled like\b", "is, is written; is named", "Whatever stands in the file is read."),
    _habit(
        r"\b(?:objects? of JSON|workbooks? of Excel)\b", "JSON objects, Excel workbooks", "It is an object of JSON."
    ),
    # Not in code, where a number may be divided by what follows.
    _habit(
        r"(?<![\w'\"{])[0-9.]+ %(?=[.,;:)|]|$| (?:[a-z]{4,}|of|are|is|and|in|by)\b)",
        "5%, without a blank",
        "It holds for 95 % of them.",
    ),
    _habit(r"\bmore particular\b|\bmost particular\b", "more specific", "The most particular mode wins."),
)
_LOOKED_AT = ("*.py", "*.md", "*.yml", "*.yaml", "Makefile", "*.toml")
# Documents of an imagined company, words of other languages, and this list.
_LEFT_OUT = re.compile(r"^(?:src/headgate/demo/larkfield/|tools/prose\.py$|tests/)")


def habits_in(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the words and what to write instead, for each habit that is found in a text."""
    for number, line in enumerate(text.splitlines(), 1):
        for habit in HABITS:
            for match in habit.pattern.finditer(line):
                yield number, match[0], habit.instead


def main() -> int:
    """Look at every tracked file, and return 1 if a habit is found."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *_LOOKED_AT],  # noqa: S607 - whichever git made the clone
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    count = 0
    for name in filter(None, listed.stdout.split("\0")):
        if _LEFT_OUT.search(name) or not (ROOT / name).is_file():
            continue
        for line, words, instead in habits_in((ROOT / name).read_text(encoding="utf-8")):
            sys.stdout.write(f"{name}:{line}: {words!r}; write: {instead}\n")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())

"""Acronyms that documents define themselves: `Service Level Objective (SLO)`, as proposals for a glossary.

The rule is that of Schwartz and Hearst (2003): going backwards, every character of the short form is found in the words
before the bracket, and its first one begins a word.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Acronyms", "Proposal", "definitions_in", "draft_glossary"]

_SHORT = re.compile(r"\(([A-Z][A-Za-z0-9&/+-]{1,9})\)")
_BREAK = re.compile(r"[.;:!?()\[\]{}<>|\"`*#\n](?=\s|$)|\n|[()\[\]{}<>|`*#]")
_WORD = re.compile(r"\S+")
_LOOKED_AT = 200_000
_BEFORE_CHARS = 160
_MOST_FORMS = 20_000
_MOST_PROPOSED = 200


@dataclass(frozen=True, slots=True)
class Proposal:
    """What documents say that a short form stands for.

    Attributes:
        short: the short form.
        long: the long forms that were found, the most frequent first, with the number of documents.
    """

    short: str
    long: tuple[tuple[str, int], ...]


class Acronyms:
    """Counts definitions, document by document."""

    def __init__(self) -> None:
        self._forms: dict[str, Counter[str]] = {}
        self._spellings: dict[tuple[str, str], Counter[str]] = {}

    def add(self, text: object) -> None:
        """Look for definitions in the text of a document, within a bound."""
        if not isinstance(text, str):
            return
        for short, long in {(short, long) for short, long in definitions_in(text[:_LOOKED_AT])}:
            key = " ".join(long.casefold().removesuffix("s").split())
            if short not in self._forms and len(self._forms) >= _MOST_FORMS:
                continue
            self._forms.setdefault(short, Counter())[key] += 1
            self._spellings.setdefault((short, key), Counter())[long] += 1

    def proposals(self) -> list[Proposal]:
        """Return the short forms that most documents define, in alphabetical order."""
        ranked = sorted(self._forms, key=lambda short: (-sum(self._forms[short].values()), short))[:_MOST_PROPOSED]
        return [Proposal(short, self._long_forms(short)) for short in sorted(ranked)]

    def _long_forms(self, short: str) -> tuple[tuple[str, int], ...]:
        found = self._forms[short].most_common(5)
        return tuple((self._spellings[short, key].most_common(1)[0][0], count) for key, count in found)


def draft_glossary(proposals: list[Proposal], policy: str) -> str:
    """Return the text of a glossary that reports what it finds and changes nothing.

    Args:
        proposals: what documents define.
        policy: the name of the policy file, for the comments.
    """
    lines = [
        f"# Short forms that the documents of {policy} define themselves. Read them: nobody has.",
        "# mode: flag reports (T304) and changes no text. Where your users say the long form, remove",
        "# the mode, and the short form is replaced by it before the prompt.",
        "terms:",
    ]
    by_long: dict[str, list[str]] = {}
    doubtful = [one for one in proposals if len(one.long) > 1]
    for one in proposals:
        if len(one.long) == 1:
            by_long.setdefault(one.long[0][0], []).append(one.short)
    known = {short for shorts in by_long.values() for short in shorts}
    for long, shorts in sorted(by_long.items()):
        if long not in known:
            aliases = ", ".join(map(json.dumps, shorts))
            lines.append(f"  {json.dumps(long)}: {{aliases: [{aliases}], mode: flag}}")
    if len(lines) == 4:
        lines[-1] = "terms: {}"
    for one in doubtful:
        meanings = "; ".join(f"{ascii(long)[1:-1]} ({count})" for long, count in one.long)
        lines.append(f"# {one.short} means several things here. Which one, for which source? {meanings}")
    return "\n".join(lines) + "\n"


def definitions_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield the short forms that a text defines, each with its long form."""
    for match in _SHORT.finditer(text):
        short = match[1][:-1] if match[1].endswith("s") and match[1][:-1].isupper() else match[1]
        if sum(sign.isupper() for sign in short) < 2:
            continue
        before = text[max(0, match.start() - _BEFORE_CHARS) : match.start()]
        breaks = [found.end() for found in _BREAK.finditer(before)]
        long = _long_form(short, before[breaks[-1] if breaks else 0 :].strip())
        if long is not None:
            yield short, long


def _long_form(short: str, before: str) -> str | None:
    words = [(found.start(), found[0]) for found in _WORD.finditer(before)]
    most = min(len(short) + 5, 2 * len(short))
    if len(words) > most:
        before = before[words[-most][0] :]
    at = len(before) - 1
    for number in range(len(short) - 1, -1, -1):
        sign = short[number].lower()
        if not sign.isalnum():
            continue
        while at >= 0 and (before[at].lower() != sign or (number == 0 and at > 0 and before[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return None
        at -= 1
    long = " ".join(before[at + 1 :].split())
    # A long form is several words, or one word that is much longer, and does not hold the short one.
    if len(long) < len(short) + 4 or short.lower() in long.lower().split() or len(long.split()) < 2:
        return None
    return long if long.isprintable() and long[0].isalnum() else None

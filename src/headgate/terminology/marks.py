"""What a single line says to programs: fields, sessions, statements, keys, addresses, targets of links.

A line is read when somebody asks about a place in it, and not before: a text has many lines, and few of them hold a
term of the glossary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from headgate.terminology.addresses import addresses, urls
from headgate.terminology.bounds import at_most
from headgate.terminology.fields import fields
from headgate.terminology.inline import marks_in_line
from headgate.terminology.keys import is_yaml, keys_in_line, names_in, yaml_keys, yaml_references
from headgate.terminology.programs import is_mail, is_org, session, statement
from headgate.terminology.references import labels_in_line
from headgate.terminology.spans import Zones

__all__ = ["Lines"]

Span = tuple[int, int]

# A line without any of these signs is prose, or one statement or session.
_TELLING = re.compile(r"[\[\]@\\$%|:!?=]|www\.")
# Without one of these no line is one of a session.
_PROMPT = re.compile(r"[>$#%:)\u276f]|\.\.\.")
_BEFORE_NAMES = frozenset("-?")
_ORG_SIGNS = frozenset("#:")
_FIELD_SIGNS = frozenset(":@/")


class Lines:
    """Tells of places whether they are within what a line says to programs.

    Args:
        text: the text; its lines end with line feeds.
        most: how many marks are looked at in a line.
    """

    __slots__ = ("_is_mail", "_is_org", "_known", "_most", "_sessions", "_text", "_yaml_names")

    def __init__(self, text: str, most: int) -> None:
        self._text, self._most = text, most
        self._known: tuple[int, int, Zones | None] = (-1, -1, None)
        self._is_mail: bool | None = None
        self._is_org: bool | None = None
        self._yaml_names: frozenset[str] | None = None
        # The last line that goes on with a session, and whether it is one.
        self._sessions: tuple[int, bool] = (-1, False)

    def touches(self, start: int, end: int) -> bool:
        """Return whether a span shares a character with such a mark.

        Raises:
            TooMuchWork: a line has more marks than `most`.
        """
        while True:
            known = self._known
            if not known[0] <= start <= known[1]:
                known = self._known = self._read(start)
            if known[2] is not None and known[2].touches(start, end):
                return True
            if end <= known[1] or known[1] >= len(self._text):
                return False
            start = known[1] + 1

    def _read(self, position: int) -> tuple[int, int, Zones | None]:
        text = self._text
        begin = text.rfind("\n", 0, position) + 1
        finish = text.find("\n", position)
        finish = len(text) if finish < 0 else finish
        spans = list(at_most(self._most, self._spans(begin, finish), "marks of markup in one line"))
        return begin, finish, Zones(spans) if spans else None

    def _spans(self, begin: int, finish: int) -> Iterator[Span]:
        text = self._text
        line = text[begin:finish]
        whole = statement(text, begin, finish)
        if whole is not None:
            yield whole
        elif _PROMPT.search(line) is not None and self._is_session(begin, finish):
            yield begin, finish
        sign = line.lstrip()[:1]
        if sign in _ORG_SIGNS and self._is_org_comment(line.strip()):
            yield begin, finish
        if sign in _FIELD_SIGNS or ":[" in line or "quotes[" in line or "src_" in line:
            yield from fields(text, begin, finish)
        if ":" in line or sign in _BEFORE_NAMES:
            yield from self._yaml_keys(begin, finish)
        if _TELLING.search(line) is not None:
            yield from self._marks(begin, finish, line)

    def _marks(self, begin: int, finish: int, line: str) -> Iterator[Span]:
        text = self._text
        yield from keys_in_line(text, begin, finish, line)
        yield from marks_in_line(text, begin, finish, line)
        yield from labels_in_line(text, begin, finish, line)
        if "://" in line or "www." in line:
            yield from urls(text, begin, finish)
        if "@" in line:
            yield from addresses(text, begin, finish)

    def _yaml_keys(self, begin: int, finish: int) -> Iterator[Span]:
        text = self._text
        if self._yaml_names is None:
            self._yaml_names = names_in(text) if is_yaml(text) else frozenset()
        if self._yaml_names:
            yield from yaml_keys(text, begin, finish)
            # Renamed in one place, it would name nothing in the other.
            yield from yaml_references(text, begin, finish, self._yaml_names)

    def _is_org_comment(self, line: str) -> bool:
        """Return whether a line is a comment of Org, or one of fixed width (Org syntax, sections 5.3 and 5.5)."""
        if line[1:2] not in ("", " ", "\t"):
            return False
        if self._is_org is None:
            self._is_org = is_org(self._text)
        return self._is_org

    def _is_session(self, begin: int, finish: int) -> bool:
        """Return whether a line is one of a session; a line of dots goes on with what is above it."""
        prompt = session(self._text, begin, finish)
        if prompt is None:
            return False
        if prompt == ">>>":
            if self._is_mail is None:
                self._is_mail = is_mail(self._text)
            return not self._is_mail
        return prompt != "..." or self._goes_on(begin)

    def _goes_on(self, begin: int) -> bool:
        text, above = self._text, begin
        answer = False
        while above > 0:
            if above == self._sessions[0]:
                answer = self._sessions[1]
                break
            finish = above - 1
            above = text.rfind("\n", 0, finish) + 1
            prompt = session(text, above, finish)
            if prompt != "...":
                answer = prompt is not None and self._is_session(above, finish)
                break
        self._sessions = begin, answer
        return answer

"""Whether a question names a version or an edition by its number. No I/O."""

from __future__ import annotations

import re

__all__ = ["names_version"]

_MOST_CHARS = 10_000
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def names_version(query: object, version: str) -> bool:
    """Return whether a question names a version by its number; words such as `next` are words of any question.

    A number without a dot is one of any question too ("give me 2 examples"), unless it is said to be a version.

    Args:
        query: the question, if it is known.
        version: the version or the edition, as it is written.
    """
    number = _NUMBER.search(version)
    if not isinstance(query, str) or number is None:
        return False
    lead = "" if "." in number[0] else r"(?:v|version|release|edition|ver\.?)\s?"
    pattern = rf"(?<![\w.]){lead}[vV]?{re.escape(number[0])}(?![\w-]|\.\d)"
    return re.search(pattern, query[:_MOST_CHARS], re.IGNORECASE) is not None

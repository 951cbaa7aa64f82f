"""Private keys in files that are published: readers pass over what they do not use, and it is there all the same."""

from __future__ import annotations

import re
from collections.abc import Mapping

from headgate.encoding import loads_strict
from headgate.provenance.material import to_text

__all__ = ["holds_private_key", "holds_private_members"]

_MARK = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
# RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1; `priv` of the keys of later algorithms.
_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"))


def holds_private_key(data: bytes, *, is_key_file: bool) -> bool:
    """Return whether a private key is anywhere in a file.

    Args:
        data: its content.
        is_key_file: whether keys are all that it is for; in other JSON, short names mean other things.

    Raises:
        PolicyError: it is a key file in UTF-16.
    """
    if _MARK.search(data.decode("utf-8", "replace")):
        return True
    if not is_key_file:
        return False
    try:
        return holds_private_members(loads_strict(to_text(data)))
    except ValueError:  # PEM
        return False


def holds_private_members(value: object) -> bool:
    """Return whether a value of JSON holds, however deep, a member that only private and symmetric keys have."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, Mapping):
            if _PRIVATE & one.keys():
                return True
            left += one.values()
        elif isinstance(one, (list, tuple)):
            left += one
        elif isinstance(one, str) and _MARK.search(one):
            return True
    return False

"""No regular expression of the project can be made to try the same characters in a growing number of ways."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import headgate

parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
# What is not installed by default; `make test-engines` has them.
ENGINES = {"headgate.corpus.engines.ray": ["ray"], "headgate.corpus.engines.spark": ["pyspark"]}
REPEATS = {"MAX_REPEAT", "MIN_REPEAT"}


def patterns() -> Iterator[tuple[str, str, int]]:
    """Yield every compiled pattern that a module holds, by its name."""
    for module in pkgutil.walk_packages(headgate.__path__, "headgate."):
        if module.name.rpartition(".")[2] == "__main__":
            continue
        if module.name in ENGINES and any(importlib.util.find_spec(name) is None for name in ENGINES[module.name]):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                yield f"{module.name}.{name}", value.pattern, value.flags


def is_endless(operation: str, argument: Any) -> bool:
    return operation in REPEATS and argument[1] == parser.MAXREPEAT


def may_be_empty(operation: str, argument: Any) -> bool:
    return (operation in REPEATS and argument[0] == 0) or operation in ("AT", "ASSERT", "ASSERT_NOT")


def ambiguities(pattern: Any) -> Iterator[str]:
    """Yield repetitions whose body can be nothing else than a repetition: what they match divides in many ways."""
    for code, argument in pattern:
        operation = str(code)
        if is_endless(operation, argument) and any(is_alone(body) for body in alternatives(argument[2])):
            yield f"{operation} {argument}"
        for inner in bodies(operation, argument):
            yield from ambiguities(inner)


def is_alone(body: Any) -> bool:
    needed = [(str(code), argument) for code, argument in body if not may_be_empty(str(code), argument)]
    if len(needed) == 1 and needed[0][0] == "SUBPATTERN":
        return any(is_alone(inner) for inner in alternatives(needed[0][1][-1]))
    return len(needed) == 1 and is_endless(*needed[0])


def alternatives(body: Any) -> list[Any]:
    items = list(body)
    if len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
        return alternatives(items[0][1][-1])
    if len(items) == 1 and str(items[0][0]) == "BRANCH":
        return list(items[0][1][1])
    return [body]


def bodies(operation: str, argument: Any) -> list[Any]:
    if operation in REPEATS:
        return [argument[2]]
    if operation == "SUBPATTERN":
        return [argument[-1]]
    if operation == "BRANCH":
        return list(argument[1])
    return [argument[1]] if operation in ("ASSERT", "ASSERT_NOT") else []


def test_no_repetition_repeats_what_is_nothing_but_a_repetition() -> None:
    found = {name: list(ambiguities(parser.parse(text, flags & ~re.DEBUG))) for name, text, flags in patterns()}
    assert len(found) > 100
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.parametrize("text", ["(?:a+)*", "(?:[._-]?[0-9]+)*x", "(a|b+)*", "(?:(?:x?y+))*", "z(?:(a+)|c)+"])
def test_the_guard_notices_one(text: str) -> None:
    assert list(ambiguities(parser.parse(text)))


@pytest.mark.parametrize("text", ["(?:[._-][0-9]+)*", "(?:a|b)*", "a+b*", "(?:[A-Z][a-z]* +)+Time"])
def test_the_guard_lets_others_be(text: str) -> None:
    assert not list(ambiguities(parser.parse(text)))

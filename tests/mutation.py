"""`make mutants`: which small changes to the decision core would no test notice?

Runs mutmut over the rooms that decide, with the operators that change a decision: comparisons, constants, conditions,
`and`/`or`, `not`. Changes to texts and to what is merely passed on are left out: messages are tested by their sense.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from mutmut.__main__ import cli  # type: ignore[import-untyped,unused-ignore]
from mutmut.mutation import mutators
from mutmut.runners.harness import PytestRunner

_DECIDING = (
    mutators.operator_number,
    mutators.operator_name,
    mutators.operator_keywords,
    mutators.operator_remove_unary_ops,
    mutators.operator_swap_op,
    mutators.operator_if_exp,
)


_arguments = PytestRunner._pytest_args_regular_run


def _arguments_that_are_found(runner: PytestRunner, tests: Iterable[str]) -> list[str]:
    """Return pytest's arguments, with all cases of a test instead of one that pytest does not find by its name.

    It does not find names with a backslash, nor those that hold an address and are others the next time.
    """
    names = (name.partition("[")[0] if "\\" in name or " at 0x" in name else name for name in tests)
    found: list[str] = _arguments(runner, dict.fromkeys(names))
    return found


def main() -> None:
    """Run mutmut's command line with the deciding operators only."""
    operators: Any = mutators.mutation_operators  # in place, because others have imported it by name
    operators[:] = [pair for pair in operators if pair[1] in _DECIDING]
    setattr(PytestRunner, "_pytest_args_regular_run", _arguments_that_are_found)  # noqa: B010 - mypy allows no assignment
    sys.exit(cli())


if __name__ == "__main__":
    main()

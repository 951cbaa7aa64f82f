"""`make mutants`: which small changes to the decision core would no test notice?

Runs mutmut over the rooms that decide, with the operators that change a decision: comparisons, constants, conditions,
`and`/`or`, `not`. Changes to texts and to what is merely passed on are left out: messages are tested by their sense.
"""

from __future__ import annotations

import sys
from typing import Any

from mutmut.__main__ import cli  # type: ignore[import-untyped,unused-ignore]
from mutmut.mutation import mutators

_DECIDING = (
    mutators.operator_number,
    mutators.operator_name,
    mutators.operator_keywords,
    mutators.operator_remove_unary_ops,
    mutators.operator_swap_op,
    mutators.operator_if_exp,
)


def main() -> None:
    """Run mutmut's command line with the deciding operators only."""
    operators: Any = mutators.mutation_operators  # in place, because others have imported it by name
    operators[:] = [pair for pair in operators if pair[1] in _DECIDING]
    sys.exit(cli())


if __name__ == "__main__":
    main()

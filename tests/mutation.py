"""`make mutants`: which small changes to the decision core would no test notice?

Runs mutmut over the rooms that decide, with the operators that change a decision: comparisons, constants, conditions,
`and`/`or`, `not`. Changes to texts and to what is merely passed on are left out: messages are tested by their sense.
There are many thousand such changes, so a seeded random sample is tried, as many from each room; what it says about a
room comes with the interval in which the true share lies at 95 % (Wilson's). `tests/README.md` lists the changes that
are equal in effect, with the reason.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from typing import Any, NamedTuple

import mutmut.__main__ as tool  # type: ignore[import-untyped,unused-ignore]
from mutmut.mutation import mutators
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.runners.harness import PytestRunner
from mutmut.stats import status_by_exit_code

_DECIDING = (
    mutators.operator_number,
    mutators.operator_name,
    mutators.operator_keywords,
    mutators.operator_remove_unary_ops,
    mutators.operator_swap_op,
    mutators.operator_if_exp,
)
# What never ends, or brings the process down, is noticed by whoever waits for it.
_NOTICED = frozenset(("killed", "timeout", "segfault"))
_ROOM = re.compile(r"headgate\.(\w+)")
_QUANTILE = 1.96  # of the normal distribution, for 95 %


class Tried(NamedTuple):
    """A change that was tried.

    Attributes:
        name: mutmut's name for it, which begins with the module.
        room: the room that was changed.
        status: what became of it, in mutmut's words.
    """

    name: str
    room: str
    status: str

    @property
    def is_noticed(self) -> bool:
        """Whether a test failed."""
        return self.status in _NOTICED


def sampled(mutants: Sequence[Any], count: int, seed: int) -> list[Any]:
    """Return as many changes of each room, chosen by chance, or all of a room that has fewer.

    Args:
        mutants: as mutmut lists them: data, name, result.
        count: how many in all; 0 for all there are.
        seed: of the choice.
    """
    rooms: dict[str, list[Any]] = defaultdict(list)
    for one in mutants:
        rooms[_room(one[1])].append(one)
    if not count:
        return list(mutants)
    share, chance = -(-count // len(rooms)), random.Random(seed)
    return [one for room in sorted(rooms) for one in chance.sample(rooms[room], min(share, len(rooms[room])))]


def interval(noticed: int, tried: int) -> tuple[float, float]:
    """Return Wilson's interval of a share at 95 %."""
    share, square = noticed / tried, _QUANTILE**2 / tried
    middle, spread = share + square / 2, _QUANTILE * sqrt(share * (1 - share) / tried + square / tried / 4)
    return (middle - spread) / (1 + square), (middle + spread) / (1 + square)


def main() -> None:
    """Try a sample of changes, and print what came of them; exit code 1 where less than nine of ten are noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="how many changes are tried; 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=None, help="how many at once; by default one per core")
    options = parser.parse_args()
    operators: Any = mutators.mutation_operators  # in place, because others have imported it by name
    operators[:] = [pair for pair in operators if pair[1] in _DECIDING]
    setattr(PytestRunner, "_pytest_args_regular_run", _arguments_that_are_found)  # noqa: B010 - mypy allows no assignment
    chosen: list[Any] = []
    collect: Callable[..., Any] = tool.collect_source_file_mutation_data

    def collect_sample(*, mutant_names: Sequence[str]) -> tuple[list[Any], Any]:
        mutants, data = collect(mutant_names=mutant_names)
        chosen[:] = sampled(mutants, options.count, options.seed)
        return chosen, data

    tool.collect_source_file_mutation_data = collect_sample
    tool._run((), options.jobs)
    tried = [Tried(name, _room(name), status_by_exit_code[data.exit_code_by_key[name]]) for data, name, _ in chosen]
    sys.exit(_report(tried))


_arguments = PytestRunner._pytest_args_regular_run


def _arguments_that_are_found(runner: PytestRunner, tests: Iterable[str]) -> list[str]:
    """Return pytest's arguments, with all cases of a test instead of one that pytest does not find by its name.

    It does not find names with a backslash, nor those that hold an address and are others the next time.
    """
    names = (name.partition("[")[0] if "\\" in name or " at 0x" in name else name for name in tests)
    found: list[str] = _arguments(runner, dict.fromkeys(names))
    return found


def _room(name: str) -> str:
    found = _ROOM.match(name)
    return found[1] if found is not None else name


def _report(tried: Sequence[Tried]) -> int:
    """Print what was not noticed, and the share that was by room; return the exit code."""
    unnoticed = [f"\n{one.name}: {one.status}\n{get_diff_for_mutant(one.name)}" for one in tried if not one.is_noticed]
    table = [f"\n{'room':16}{'tried':>8}{'noticed':>10}{'share':>8}   interval at 95 %"]
    for room in (*sorted({one.room for one in tried}), ""):
        of_room = [one for one in tried if room in ("", one.room)]
        noticed = sum(one.is_noticed for one in of_room)
        low, high = interval(noticed, len(of_room))
        share = f"{noticed / len(of_room):.0%}"
        table.append(f"{room or 'all':16}{len(of_room):>8}{noticed:>10}{share:>8}   {low:.0%} to {high:.0%}")
    sys.stdout.write("\n".join((*unnoticed, *table, "")))
    return int(len(unnoticed) > len(tried) / 10)


if __name__ == "__main__":
    main()

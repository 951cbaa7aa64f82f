"""`make fuzz`, first part: a million mutated seals and a hundred thousand mutated manifests, and what became of them.

Every mutant is drawn from the seed that is printed, so that a run can be repeated. It fails where one is admitted,
where one crashes something, or where one takes more steps than the bound.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from fuzzing.mutating import mutate, mutate_token
from fuzzing.steps import count_steps
from headgate import Chunk, Manifest, ManifestError
from headgate.chunk import SEAL_KEY

_SHARE = 1_000
"""How many mutants one task makes; each task has a seed of its own, so the processes do not matter."""

# A seal that holds takes some 700 steps and a manifest of five documents some 1,600, most of them for what is constant.
_MOST_STEPS = {"seals": 5_000, "manifests": 5_000}


@dataclass
class Outcome:
    """What became of some mutants.

    Attributes:
        counts: how many were refused, by code; and how many say the same as what was signed.
        wrong: mutants that were admitted, or crashed something.
        most_steps: the most steps that one took.
        slowest: that one.
    """

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    most_steps: int = 0
    slowest: str = ""

    def add(self, other: Outcome) -> None:
        """Count what became of some more."""
        self.counts.update(other.counts)
        self.wrong += other.wrong
        if other.most_steps > self.most_steps:
            self.most_steps, self.slowest = other.most_steps, other.slowest

    def judge(self, mutant: object, look: Callable[[], str]) -> None:
        """Count what `look` says of a mutant; it returns a code, `says the same`, or `admitted`."""
        said = ""

        def run() -> None:
            nonlocal said
            said = look()

        try:
            steps = count_steps(run)
            if steps > self.most_steps:
                self.most_steps, self.slowest = steps, repr(mutant)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a crash
            said = f"crashed with {type(error).__name__}: {error}"
        if said == "admitted" or said.startswith("crashed"):
            self.wrong.append(f"{said}: {mutant!r}")
        self.counts[said.split(":")[0]] += 1


def try_seals(seed: int) -> Outcome:
    """Try mutants of seals: of the token, of the text, and of the covered metadata."""
    from fuzzing.targets import GATE, SEALED, is_original

    chance, outcome = Random(seed), Outcome()
    tokens = [str(chunk.metadata[SEAL_KEY]) for chunk in SEALED]

    def look(chunk: Chunk) -> str:
        (decision,) = GATE.admit([chunk]).decisions
        return "admitted" if decision.admitted else decision.reasons[0].code

    for _ in range(_SHARE):
        number = chance.randrange(len(SEALED))
        chunk = sealed = SEALED[number]
        while is_original(chunk):
            if chance.random() < 0.9:
                chunk = sealed.with_metadata(**{SEAL_KEY: mutate_token(tokens[number], chance, tokens)})
            else:
                chunk = Chunk(mutate(sealed.text.encode(), chance).decode("utf-8", "replace"), sealed.metadata)
        outcome.judge(chunk, partial(look, chunk))
    return outcome


def try_manifests(seed: int) -> Outcome:
    """Try mutants of each file of a manifest, in its folder."""
    from fuzzing.targets import CLOCK
    from shelves import Shelf, page

    chance, outcome = Random(seed), Outcome()
    with tempfile.TemporaryDirectory() as name:
        shelf = Shelf(Path(name) / "shelf", CLOCK)
        shelf.publish([page(str(number), f"text {number}", title="A") for number in range(5)])
        files = {file: file.read_bytes() for file in sorted(shelf.folder.rglob("*")) if file.is_file()}
        keys, cache = shelf.key.public, Path(name) / "cache"
        original = Manifest.load(shelf.folder, keys, cache=Path(name) / "first").statement

        def look() -> str:
            try:
                manifest = Manifest.load(shelf.folder, keys, cache=cache)
            except ManifestError as error:
                return error.code
            finally:
                shutil.rmtree(cache, ignore_errors=True)
            # What is not signed may differ: how a file is packed, or further signatures beside the valid one.
            return "says the same" if manifest.statement == original and manifest.refusal is None else "admitted"

        for _ in range(_SHARE):
            file = chance.choice(list(files))
            mutant = files[file]
            while mutant == files[file]:
                mutant = mutate(files[file], chance, list(files.values()))
            file.write_bytes(mutant)
            outcome.judge((file.name, mutant), look)
            file.write_bytes(files[file])
    return outcome


def run(kind: str, try_some: Callable[[int], Outcome], mutants: int, seed: int, processes: int) -> bool:
    """Try mutants in several processes, print what became of them, and return whether all is well."""
    outcome = Outcome()
    with ProcessPoolExecutor(processes) as pool:
        for done, some in enumerate(pool.map(try_some, range(seed, seed + -(-mutants // _SHARE))), 1):
            outcome.add(some)
            if sys.stderr.isatty():
                print(f"\r{done * _SHARE:,} {kind}", end="", file=sys.stderr)
    total, bound = sum(outcome.counts.values()), _MOST_STEPS[kind]
    said = ", ".join(f"{code} {count:,}" for code, count in outcome.counts.most_common())
    print(f"{total:,} mutated {kind} from seed {seed}: {said}; at most {outcome.most_steps:,} of {bound:,} steps.")
    if outcome.most_steps > bound:
        outcome.wrong.append(f"{outcome.most_steps:,} steps: {outcome.slowest}")
    for wrong in outcome.wrong[:20]:
        print(f"WRONG {wrong}", file=sys.stderr)
    return not outcome.wrong


def main() -> None:
    """Run the campaign; exit with 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seals", type=int, default=1_000_000)
    parser.add_argument("--manifests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None, help="repeats a run; by default another one each time")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    seed = wanted.seed if wanted.seed is not None else Random().randrange(10**9)
    seals = run("seals", try_seals, wanted.seals, seed, wanted.processes)
    manifests = run("manifests", try_manifests, wanted.manifests, seed, wanted.processes)
    sys.exit(0 if seals and manifests else 1)


if __name__ == "__main__":
    main()

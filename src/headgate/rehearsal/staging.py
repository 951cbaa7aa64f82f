"""From a curated corpus to the index that production would have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from headgate.admission.gate import Gate
from headgate.chunk import Chunk
from headgate.codes import first_reason
from headgate.errors import HeadgateError
from headgate.rehearsal.injecting import Injection
from headgate.rehearsal.world import World

__all__ = ["ID_KEY", "Staged", "identify", "stage"]

ID_KEY = "headgate_rehearsal"
"""The metadata entry that says which document it is, for stores that give documents ids of their own."""


@dataclass(slots=True)
class Staged:
    """The index, and what only its author knows.

    Attributes:
        chunks: what is in the index for the first half of the questions.
        later: what is in it for the second half; the same list if nothing changes.
        labels: the injection behind each chunk's id; curated documents have none.
        later_labels: the same for the second half.
        curated: how many curated documents there are.
        left_out: curated documents that the policy would not admit as they are, by code.
        injected: how many documents each injection affected.
    """

    chunks: list[Chunk] = field(default_factory=list)
    later: list[Chunk] = field(default_factory=list)
    labels: dict[str, Injection] = field(default_factory=dict)
    later_labels: dict[str, Injection] = field(default_factory=dict)
    curated: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)


def stage(corpus: Sequence[Chunk], injections: Sequence[Injection], doses: Mapping[str, float], world: World) -> Staged:
    """Return the index that production would have.

    Args:
        corpus: the curated chunks.
        injections: what happens to them.
        doses: by the injection's name, the share of the curated chunks that it affects.
        world: keys, clock and chance.

    Raises:
        HeadgateError: an injection failed.
    """
    staged = Staged()
    curated = _publish(corpus, world, staged)
    staged.curated = len(curated)
    untouched = list(range(len(curated)))
    world.chance.shuffle(untouched)
    replaced: dict[int, Chunk] = {}
    later: dict[int, Chunk] = {}
    added: list[Chunk] = []
    for one in injections:
        count = round(doses.get(one.name, one.dose) * len(curated))
        if one.kind == "replaces":
            _replace(
                one,
                curated,
                world,
                staged,
                untouched=untouched,
                count=count,
                into=later if one.from_half else replaced,
            )
        else:
            _add(one, curated, world, staged, count=count, added=added)
    staged.chunks = [_named(replaced.get(number, chunk)) for number, chunk in enumerate(curated)]
    staged.chunks += map(_named, added)
    staged.later = staged.chunks
    if later:
        staged.later = [_named(later[n]) if n in later else chunk for n, chunk in enumerate(staged.chunks)]
    # What was spoiled in the first half still is in the second.
    staged.later_labels = {**staged.labels, **staged.later_labels}
    return staged


def identify(chunk: Chunk) -> str:
    """Return which document of the index a chunk is."""
    return str(chunk.metadata.get(ID_KEY) or chunk.id)


def _named(chunk: Chunk) -> Chunk:
    return chunk.with_metadata(**{ID_KEY: str(chunk.id)})


def _publish(corpus: Sequence[Chunk], world: World, staged: Staged) -> list[Chunk]:
    """Return the curated chunks as their publishers publish them, without those that would not be admitted alone."""
    policy = world.policy.model_copy(update={"budget": None, "quarantine": None, "registry": None})
    gate = Gate(policy, clock=lambda: world.now)
    published = []
    for number, chunk in enumerate(corpus):
        candidate = replace(world.publish(chunk), id=f"curated-{number}", score=None)
        # Alone, so that two versions in the corpus do not compete before anything has happened to them.
        decision = gate.judge([candidate]).decisions[0]
        if decision.admitted:
            published.append(candidate)
        else:
            reason = first_reason(finding.code for finding in decision.reasons)
            staged.left_out.update((reason,) if reason is not None else ())
    return published


def _made(one: Injection, chunk: Chunk, world: World) -> Chunk | None:
    try:
        return one.make(chunk, world)
    except Exception as error:  # an injection may be anybody's
        raise HeadgateError(f"the injection {one.name!r} failed: {type(error).__name__}: {error}") from error


def _replace(
    one: Injection,
    curated: Sequence[Chunk],
    world: World,
    staged: Staged,
    *,
    untouched: list[int],
    count: int,
    into: dict[int, Chunk],
) -> None:
    labels = staged.later_labels if one.from_half else staged.labels
    passed: list[int] = []
    while untouched and staged.injected[one.name] < count:
        number = untouched.pop()
        made = _made(one, curated[number], world)
        if made is None:
            passed.append(number)
            continue
        into[number] = replace(made, id=curated[number].id)
        labels[str(curated[number].id)] = one
        staged.injected[one.name] += 1
    # Given back: what this injection cannot use, another may.
    untouched[:0] = passed


def _add(
    one: Injection, curated: Sequence[Chunk], world: World, staged: Staged, *, count: int, added: list[Chunk]
) -> None:
    order = list(range(len(curated)))
    world.chance.shuffle(order)
    for number in order:
        if staged.injected[one.name] >= count:
            break
        made = _made(one, curated[number], world)
        if made is None:
            continue
        staged.injected[one.name] += 1
        identifier = f"{one.name.replace(' ', '-')}-{staged.injected[one.name]}"
        added.append(replace(made, id=identifier))
        staged.labels[identifier] = one

"""Every target of `make fuzz`, on its seeds and on some mutants of them."""

from __future__ import annotations

from random import Random

import pytest

from fuzzing.campaign import Outcome, try_manifests, try_seals
from fuzzing.mutating import mutate
from fuzzing.steps import count_steps
from fuzzing.targets import GATE, SEALED, TARGETS
from headgate import Chunk


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_its_seeds_and_for_mutants_of_them(name: str) -> None:
    target, chance = TARGETS[name], Random(name)
    for seed in target.seeds:
        target.run(seed)
        for _ in range(100):
            target.run(mutate(seed, chance, target.seeds))


@pytest.mark.parametrize("try_some", [try_seals, try_manifests])
def test_no_mutant_is_admitted(try_some: object) -> None:
    assert callable(try_some)
    outcome = try_some(1)
    assert outcome.wrong == []
    assert sum(outcome.counts.values()) == 1_000
    assert outcome.counts["says the same"] < 20


def test_the_campaign_would_notice_an_admission_and_a_crash() -> None:
    def crash() -> str:
        raise KeyError("x")

    outcome = Outcome()
    outcome.judge("a", lambda: "admitted")
    outcome.judge("b", crash)
    outcome.judge("c", lambda: "P102")
    assert [wrong.split(":")[0] for wrong in outcome.wrong] == ["admitted", "crashed with KeyError"]


def test_the_seeds_are_good() -> None:
    assert all(decision.admitted for decision in GATE.admit(SEALED).decisions)
    assert not GATE.admit([Chunk("forged", SEALED[0].metadata)]).decisions[0].admitted


def test_steps_are_counted() -> None:
    assert count_steps(lambda: [len("x") for _ in range(100)]) >= 100
    assert count_steps(lambda: None) < 10

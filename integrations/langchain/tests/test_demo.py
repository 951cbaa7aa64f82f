"""The demo does what its page says."""

from __future__ import annotations

import re

import pytest

from headgate.codes import CODES
from headgate.demo import DemoResult, load_chain_builder, render_page, run_demo


@pytest.fixture(scope="module")
def result() -> DemoResult:
    return run_demo(load_chain_builder())


def test_every_prompt_is_spoiled_without_the_gate_and_none_with_it(result: DemoResult) -> None:
    assert len(result.documents) >= 40
    assert len(result.questions) >= 12
    assert result.spoiled(guarded=False) == len(result.questions)
    assert result.spoiled(guarded=True) == 0
    assert result.rewritten() > 10


def test_no_good_document_is_lost(result: DemoResult) -> None:
    for question in result.questions:
        released = {identifier for identifier, _ in question.guarded.documents}
        assert len(released) == 4
        assert {i for i, _ in question.without.documents if not result.is_bad(i)} <= released


def test_every_kind_of_trouble_is_met_and_named(result: DemoResult) -> None:
    dropped = [
        decision
        for question in result.questions
        for decision in question.guarded.admission["decisions"]  # type: ignore[index]
        if decision["action"] == "drop"
    ]
    met = {finding["code"] for decision in dropped for finding in decision["findings"]}
    assert {"F201", "F202", "F203", "F204", "F205", "F206", "P101", "P103", "P104", "P105", "P106", "P109"} <= met
    assert set(result.kept_out()) <= met <= set(CODES)
    # One count: every document that was dropped, once.
    assert sum(result.kept_out().values()) == len(dropped)


def test_the_prompts_hold_the_companys_own_names(result: DemoResult) -> None:
    for question in result.questions:
        for _, text in question.guarded.documents:
            assert not re.search(r"\bLDX\b|Project Otter|war room|grey pack", text)


def test_the_page_shows_every_question_and_no_script(result: DemoResult) -> None:
    page = render_page(result)
    for question in result.questions:
        assert question.question.replace("'", "&#x27;") in page
    assert "<script" not in page
    assert len(page) < 256_000

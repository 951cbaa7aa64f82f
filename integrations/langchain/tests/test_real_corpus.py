"""Real documents through a real chain: nothing inadmissible in a prompt, nothing admissible lost."""

from __future__ import annotations

import pytest
from benchmarks.corpus import run
from benchmarks.peps import build_index, corpora

FOLDER = corpora()


@pytest.mark.skipif(FOLDER is None, reason="the corpora are absent; HEADGATE_CORPORA names their folder")
def test_only_genuine_current_chunks_reach_the_prompt() -> None:
    assert FOLDER is not None
    index, gate = build_index(FOLDER, limit=60)
    assert {"one digit", "text swapped", "copy of 2020", "unsigned", "other key"} <= set(index.kinds.values())
    report = run(index, gate, index.titles[:40])
    assert report.spoiled_without == report.prompts == 40
    assert report.spoiled_with == 0
    assert report.lost == 0
    assert report.expected > 200
    assert set(report.kinds_with) == {"today"}

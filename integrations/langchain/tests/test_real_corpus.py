"""Real documents through a real chain: nothing inadmissible in a prompt, nothing admissible lost."""

from __future__ import annotations

import pytest

# In the repository only; an sdist of the integration is without them.
peps = pytest.importorskip("benchmarks.peps")
corpus = pytest.importorskip("benchmarks.corpus")
FOLDER = peps.corpora()


@pytest.mark.skipif(FOLDER is None, reason="the corpora are absent; HEADGATE_CORPORA names their folder")
def test_only_genuine_current_chunks_reach_the_prompt() -> None:
    assert FOLDER is not None
    index, gate = peps.build_index(FOLDER, limit=60)
    assert {"one digit", "text swapped", "copy of 2020", "unsigned", "other key"} <= set(index.kinds.values())
    report = corpus.run(index, gate, index.titles[:40])
    assert report.spoiled_without == report.prompts == 40
    assert report.spoiled_with == 0
    assert report.lost == 0
    assert report.expected > 200
    assert set(report.kinds_with) == {"today"}

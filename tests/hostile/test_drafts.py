"""Whatever is in an index, a policy can be drafted from it, and nothing of it becomes more than a quoted value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from growing import GROWTH, is_growing_too_fast
from headgate import Chunk, Gate, Glossary, Policy
from headgate.corpus import CorpusItem, audit_corpus, draft_policy, enforced_counts, survey_corpus
from headgate.corpus.acronyms import Acronyms, draft_glossary
from headgate.testing import HOSTILE_METADATA, HOSTILE_SHAPES, HOSTILE_STRINGS

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


def draft(folder: Path, metadata: Mapping[str, Any], text: Any = "Text.") -> tuple[str, str]:
    corpus = [CorpusItem("d", Chunk(text, metadata))]
    survey = survey_corpus(corpus, NOW)
    path = folder / "headgate.yaml"
    path.write_text(draft_policy(survey), encoding="utf-8")
    policy = Policy.load(path)
    assert policy.mode == "audit"
    check = audit_corpus(Gate(policy.model_copy(update={"log": None}).enforced()), corpus, NOW)
    glossary = draft_glossary(survey.acronyms, "headgate.yaml")
    (folder / "g.yaml").write_text(glossary, encoding="utf-8")
    Glossary.load(folder / "g.yaml")
    return draft_policy(survey, check=check), enforced_counts(check)


@pytest.mark.parametrize("key", ["source", "url", "kb", "last_modified", "expires", "headgate_seal", "headgate"])
def test_hostile_metadata_makes_a_draft_that_loads(tmp_path: Path, key: str) -> None:
    for value in HOSTILE_METADATA:
        draft(tmp_path, {key: value})
        draft(tmp_path, {key: value, "source": "https://a.example/x"})


@pytest.mark.parametrize("text", HOSTILE_STRINGS)
def test_hostile_texts_and_names_make_a_draft_that_loads(tmp_path: Path, text: str) -> None:
    drafted, said = draft(tmp_path, {"source": f"https://a.example/{text}/x", text[:50]: f"kb/{text}/a.md"}, text)
    assert all(sign.isprintable() or sign == "\n" for sign in drafted)
    assert said in drafted


def test_work_on_short_forms_grows_with_the_text() -> None:
    def propose(text: str) -> None:
        acronyms = Acronyms()
        acronyms.add(text)
        acronyms.proposals()

    shapes = {piece: piece.__mul__ for piece in ("(AB)", "a b (AB) ", "((((", "A" * 9 + ")", "(ABCDEFGHIJ) x ")}
    for name, make in {**shapes, **HOSTILE_SHAPES}.items():
        small, large = make(8_000), make(GROWTH * 8_000)
        assert not is_growing_too_fast(partial(propose, small), partial(propose, large), 0.01), name

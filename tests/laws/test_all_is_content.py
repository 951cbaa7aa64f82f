"""All that reaches the model is content: what no attestation covers stays out, and what is covered cannot be hidden."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.prompts import PromptTemplate
from langchain_core.prompts import format_document as as_prompted

from doors import DOORS, Shelf, documents, nodes, read
from headgate import Chunk
from langchain_headgate import guard
from llama_index.postprocessor.headgate import HeadgatePostprocessor, SealNodes
from worlds import CLOCK, HANDBOOK, STRANGER, gate_of

URI = "https://handbook.example/1"
GATE = gate_of({"sources": [HANDBOOK.source()]})

names = st.sampled_from(["title", "summary", "warning", "url", "author", "k", "window", "notes\nIgnore all"])
words = st.text("abcXYZ019", min_size=1, max_size=10)
doors = st.sampled_from(sorted(DOORS))


def told(prefix: str, entries: dict[str, str]) -> dict[str, object]:
    """Return entries whose values say what they are."""
    return {name: f"{prefix}-{value}" for name, value in entries.items()}


@given(st.dictionaries(names, words, max_size=4), st.dictionaries(names, words, max_size=4), doors)
def test_what_nobody_vouches_for_is_not_read(covered: dict[str, str], added: dict[str, str], name: str) -> None:
    sealed = HANDBOOK.seal("text", URI, told("COVERED", covered), cover=sorted(covered))
    entries = {key: value for key, value in told("UNCOVERED", added).items() if key not in covered}
    chunk = dataclasses.replace(sealed.with_metadata(**entries), id="1")
    prompt = DOORS[name](GATE, [chunk], "q")["1"]
    assert "UNCOVERED" not in prompt
    assert "Ignore all" not in prompt or "notes\nIgnore all" in covered


@given(st.dictionaries(names, words, min_size=1, max_size=4))
def test_a_template_prints_what_is_covered_and_nothing_else(entries: dict[str, str]) -> None:
    plain = {key: value for key, value in entries.items() if key.isidentifier()}
    sealed = HANDBOOK.seal("text", URI, told("COVERED", plain), cover=sorted(plain))
    (found,) = guard(Shelf(found=documents([sealed.with_metadata(note="UNCOVERED")])), GATE).invoke("q")
    for key, value in plain.items():
        prompt = PromptTemplate.from_template("{page_content} {" + key + "}")
        assert as_prompted(found, prompt) == f"text COVERED-{value}"
    with pytest.raises(ValueError, match="note"):
        as_prompted(found, PromptTemplate.from_template("{note}"))


@given(st.dictionaries(names.filter(str.isidentifier), words, min_size=1, max_size=4), st.data())
def test_what_is_covered_cannot_be_hidden(entries: dict[str, str], data: Any) -> None:
    (item,) = nodes([Chunk("text", {"source": URI, **told("COVERED", entries)}, "1")])
    item.node.excluded_llm_metadata_keys = ["source"]
    (node,) = SealNodes(HANDBOOK.sealer)([item.node])
    node.excluded_llm_metadata_keys += data.draw(st.lists(st.sampled_from(sorted(entries))))
    item.node = node
    prompt = read(HeadgatePostprocessor(GATE).postprocess_nodes([item], query_str="q"))["1"]
    for name, value in entries.items():
        if name != "window":  # it takes the place of a text, and is kept from the model by who sealed it
            assert f"COVERED-{value}" in prompt


@given(st.sampled_from(["https://handbook.example/2", "https://evil.example/login", "javascript:alert(1)"]), doors)
def test_a_citation_leads_to_what_is_proved(declared: str, name: str) -> None:
    chunk = dataclasses.replace(HANDBOOK.seal("text", URI).with_metadata(source=declared), id="1")
    read = DOORS[name](GATE, [chunk], "q")
    assert declared not in read.get("1", "")
    admission = GATE.admit([chunk])
    assert {"P111", "P104"} & set(admission.decisions[0].codes)
    for released in admission.chunks:
        assert released.metadata["source"] == URI


@given(
    st.dictionaries(
        st.sampled_from(["image", "audio", "url"]), st.none() | st.just("sha-256:" + "A" * 43), min_size=1, max_size=3
    )
)
def test_media_that_nobody_vouches_for_keeps_a_document_out(media: dict[str, str | None]) -> None:
    chunk = dataclasses.replace(HANDBOOK.seal("text", URI), media=media)
    decision = GATE.admit([chunk]).decisions[0]
    assert not decision.admitted
    assert "P116" in decision.codes


def test_a_foreign_seal_covers_nothing() -> None:
    chunk = STRANGER.seal("text", URI, {"title": "COVERED"}, cover=["title"])
    assert GATE.admit([chunk], now=CLOCK.now).chunks == ()

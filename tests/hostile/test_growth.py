"""Time grows no faster than the text, and memory stays within a few times its size, whatever somebody wrote.

How times are compared, `growing` says.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from functools import partial

import pytest

from growing import GROWTH, is_growing_too_fast
from headgate import Glossary, Limits
from headgate.terminology import Concept
from headgate.testing import HOSTILE_SHAPES

_CHARS = 4_000


def _fuzzy_glossary() -> Glossary:
    from headgate.terminology.formats import GlossaryFile

    concepts = (
        Concept(canonical="Kubernetes", aliases=("k8s", "orchestrator")),
        Concept(canonical="abcabcabction", aliases=("cfg",)),
    )
    return Glossary(GlossaryFile(concepts, fuzzy="replace"))


GLOSSARIES = {
    "plain": Glossary.from_mapping({"Kubernetes": ["k8s", "kube"], "grey": ["gray"]}),
    "spellings of canonical terms": Glossary.from_mapping({"K8S": ["k8s"], "A": ["a"]}),
    "aliases that overlap": Glossary.from_mapping(
        {f"T{count}": [" ".join(["a"] * count), " ".join(["k8s"] * count)] for count in range(1, 20)}
    ),
    "terms that depend on their neighbours": Glossary.from_concepts(
        [
            Concept(canonical="Kubernetes", aliases=("k8s",), mode="annotate"),
            Concept(canonical="Aa", aliases=("a",), near=("k8s",)),
            Concept(canonical="Bb", aliases=("a",), near=("x",), keep_quoted=True),
        ],
        report_ambiguous=True,
    ),
    "near misses": _fuzzy_glossary(),
}


def _is_suspicious(glossary: Glossary, small: str, large: str) -> bool:
    return is_growing_too_fast(partial(glossary.rewrite, small), partial(glossary.rewrite, large))


@pytest.mark.parametrize("name", GLOSSARIES)
def test_rewriting_takes_time_in_proportion_to_the_text(name: str) -> None:
    glossary = GLOSSARIES[name]
    gc.collect()
    gc.disable()
    try:
        suspicious = [
            shape
            for shape, make in HOSTILE_SHAPES.items()
            if _is_suspicious(glossary, make(_CHARS), make(GROWTH * _CHARS))
        ]
    finally:
        gc.enable()
    assert suspicious == []


@pytest.mark.parametrize(("reads", "is_noticed"), [(lambda size: size, False), (lambda size: size**2 / 20_000, True)])
def test_this_test_notices_quadratic_growth(reads: Callable[[int], float], is_noticed: bool) -> None:
    spent = 0.0

    def work(size: int) -> None:
        nonlocal spent
        spent += reads(size) * 1e-6

    assert is_growing_too_fast(partial(work, 20_000), partial(work, 80_000), clock=lambda: spent) is is_noticed


def test_text_with_too_many_occurrences_or_marks_is_left_as_it_is_and_says_so() -> None:
    limits = Limits(edits=10)
    plain = GLOSSARIES["plain"]
    assert plain.rewrite("k8s " * 41, limits=limits).unsettled == "more than 40 occurrences"
    assert plain.rewrite("k8s " * 40, limits=limits).unsettled == "more than 10 edits"
    for marks in ("`k` ", "<b> ", "<pre> ", "```\n", "https://a.example ", "x::\n\n  y\n\nz\n", "x\n\n    y\n\n"):
        # Wherever the marks have to be read to know what a term stands in: in its line, before it, around it.
        texts = [f"{marks * 41} k8s\n", f"k8s {marks * 41}\n", f"k8s\n\n{marks * 41}\n\n    k8s\n"]
        left = [text for text in texts if plain.rewrite(text, limits=limits).unsettled is not None]
        assert left, marks
        for text in left:
            rewrite = plain.rewrite(text, limits=limits)
            assert (rewrite.unsettled or "").startswith("more than 40 ")
            assert rewrite.text == text
        assert plain.rewrite(f"k8s\n\n{marks * 2}\n", limits=limits).unsettled is None


def test_a_text_longer_than_the_limit_is_left_as_it_is_and_says_so() -> None:
    rewrite = GLOSSARIES["plain"].rewrite("k8s!!!", limits=Limits(text_bytes=5))
    assert (rewrite.text, rewrite.unsettled) == ("k8s!!!", "more than 5 characters")
    assert GLOSSARIES["plain"].rewrite("k8s!!", limits=Limits(text_bytes=5)).text == "Kubernetes!!"


@pytest.mark.parametrize("shape", ["double blanks", "one letter", "pairs of backticks", "list items", "words", "URLs"])
def test_memory_stays_within_a_few_times_the_text(shape: str) -> None:
    text = HOSTILE_SHAPES[shape](1_000_000)
    limits = Limits(edits=2_000)
    tracemalloc.start()
    try:
        GLOSSARIES["aliases that overlap"].rewrite(text, limits=limits)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(text)

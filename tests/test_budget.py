"""Which texts fit into a budget of tokens. Every byte is a token here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate, Policy, PolicyError
from headgate.admission.budget import Fit, TokenBudget
from headgate.record import read_admission
from headgate.record.writing import log_record
from headgate.testing import FixedClock

LONG = "0123456789" * 2_000

pytestmark = pytest.mark.usefixtures("offline_tokens")


@pytest.mark.parametrize(
    ("most", "texts", "kept"),
    [
        (10, ["0123456789"], ["0123456789"]),
        (9, ["0123456789"], [None]),
        (10, ["01234", "56789", "x", ""], ["01234", "56789", None, ""]),
        # What does not fit leaves its room to what follows.
        (10, ["0123456789x", "0123456", "789", "x"], [None, "0123456", "789", None]),
        (len(LONG), [LONG, "x"], [LONG, None]),
        (len(LONG) - 1, [LONG], [None]),
        (1, ["é"], [None]),
        (2, ["é"], ["é"]),
    ],
)
def test_a_text_fits_whole_or_not_at_all(most: int, texts: list[str], kept: list[str | None]) -> None:
    fits = TokenBudget(most, "bytes").fit(texts)
    counts = [len(text.encode()) for text in texts]
    assert fits == [Fit(count, one, 0 if one is None else count) for count, one in zip(counts, kept, strict=True)]


@pytest.mark.parametrize(
    ("most", "texts", "kept"),
    [
        (4, ["0123456789", "x"], ["0123", None]),
        (1, ["0123456789"], ["0"]),
        # Only the first that does not fit is cut, and what a cut leaves over is nobody's.
        (5, ["0123", "456", "7"], ["0123", "4", None]),
        (4, ["0123", "456"], ["0123", None]),
        # A cut never splits a character.
        (5, ["éééé", "x"], ["éé", None]),
        (1, ["é"], [None]),
        (10_000, [LONG], [LONG[:10_000]]),
        (8_192, [LONG], [LONG[:8_192]]),
        (len(LONG) - 1, [LONG], [LONG[:-1]]),
    ],
)
def test_the_first_text_that_does_not_fit_may_be_cut(most: int, texts: list[str], kept: list[str | None]) -> None:
    fits = TokenBudget(most, "bytes", cut="tokens").fit(texts)
    assert [fit.text for fit in fits] == kept
    assert [fit.is_cut for fit in fits] == [
        one is not None and one != text for text, one in zip(texts, kept, strict=True)
    ]
    assert [fit.tokens for fit in fits] == [len(text.encode()) for text in texts]


@pytest.mark.parametrize("length", [0, 1, 8_191, 8_192, 8_193, 20_000])
def test_every_token_counts_however_long_the_text(length: int) -> None:
    assert TokenBudget(1, "bytes").count(LONG[:length]) == length


@pytest.mark.parametrize(
    ("most", "text", "kept"),
    [
        (14, "One two. Three four.", "One two. "),
        (18, "One two.\n\nThree. Four five.", "One two.\n\nThree. "),
        (9, "One two. Three four.", "One two. "),
        (8, "One two. Three four.", None),  # not even its first sentence, with the blank behind it
        (40, "A heading\n\nA sentence that does not end in time, and so stays out.", "A heading\n\n"),
        (12, "  One two. Three four.", "  One two. "),
        (5, "no border at all", None),
    ],
)
def test_a_cut_may_keep_whole_sentences_only(most: int, text: str, kept: str | None) -> None:
    (fit,) = TokenBudget(most, "bytes", cut="sentences").fit([text])
    assert fit.text == kept
    assert fit.left == len((kept or "").encode())


@pytest.mark.parametrize("cut", ["tokens", "sentences"])
def test_a_cut_never_divides_a_term_and_never_goes_below_the_floor(cut: Any) -> None:
    text = "Short. K8s (Kubernetes. Or so) is used. More."
    term = (text.index("K8s"), text.index(" is used"))
    for most in range(1, len(text)):
        (fit,) = TokenBudget(most, "bytes", cut=cut, floor=6).fit([text], [[term]])
        end = len(fit.text or "")
        assert end == 0 or end >= 6
        assert not term[0] < end < term[1]
        assert end <= most
        assert fit.text is None or text.startswith(fit.text)


@given(st.text(max_size=60), st.integers(1, 80), st.integers(1, 10), st.sampled_from(["tokens", "sentences"]))
def test_what_enters_is_a_beginning_that_fits(text: str, most: int, floor: int, cut: Any) -> None:
    first, second = TokenBudget(most, "bytes", cut=cut, floor=floor).fit([text, text])
    assert text.startswith(first.text or "")
    assert first.left + second.left <= most
    assert not first.is_cut or first.left >= floor
    assert first.left == len((first.text or "").encode())


def test_what_cannot_be_cut_takes_no_room() -> None:
    texts = ["0123456789", "no end in sight", "abc."]
    for cut, floor in (("sentences", 1), ("tokens", 6)):
        fits = TokenBudget(15, "bytes", cut=cut, floor=floor).fit(texts)  # type: ignore[arg-type]  # one of two
        assert [fit.left for fit in fits] == [10, 0, 4]


def declared(text: str) -> Chunk:
    return Chunk(text, {"source": "https://wiki.example/a"})


def gate_with(tmp_path: Path, clock: FixedClock, **budget: object) -> Gate:
    (tmp_path / "terms.yaml").write_text("terms:\n  - {canonical: Kubernetes, aliases: [K8s]}\n")
    policy = {
        "budget": {"encoding": "bytes", **budget},
        "default": {"provenance": {"require": "none"}, "terminology": "terms.yaml"},
    }
    return Gate(Policy.from_mapping(policy, tmp_path), clock=clock)


def test_tokens_are_told_before_and_after(tmp_path: Path, clock: FixedClock) -> None:
    admission = gate_with(tmp_path, clock, max_tokens=35, cut="sentences").admit(
        [declared("K8s."), declared("First one. And K8s again, at length."), declared("More.")]
    )
    assert [one.tokens for one in admission.decisions] == [(4, 11), (36, 11), (5, 0)]
    assert [one.text for one in admission.chunks] == ["Kubernetes.", "First one. "]
    assert [one.codes for one in admission.decisions] == [("T301",), ("T301", "B401"), ("B402",)]
    assert admission.tokens == (45, 22)
    record = json.loads(json.dumps(log_record(admission)))
    assert [one["tokens"] for one in read_admission(record)["decisions"]] == [[4, 11], [36, 11], [5, 0]]
    assert Gate({"default": {"provenance": {"require": "none"}}}, clock=clock).admit([declared("x")]).tokens is None


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({"max_tokens": 10, "floor": 5}, "Add cut: sentences"),
        ({"max_tokens": 10, "cut": "tokens", "floor": 11}, "more than max_tokens"),
        ({"max_tokens": 10, "cut": "words"}, "tokens"),
        ({"max_tokens": 10, "cut": True, "floor": 0}, "floor"),
    ],
)
def test_a_budget_that_cannot_be_is_an_error(budget: dict[str, object], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Policy.from_mapping({"budget": budget})


@pytest.mark.parametrize(
    "sign",
    [
        "e\u0301",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family
        "\U0001f44d\U0001f3fd",  # a thumb with a tone of skin
        "\u0915\u094d\u0937\u093f",  # a syllable of Devanagari
        "\u2764\ufe0f",
        "\U0001f1e9\U0001f1ea",  # a flag
    ],
)
def test_a_cut_leaves_signs_whole_as_people_see_them(sign: str) -> None:
    text = f"{sign} {sign}{sign} b"
    whole = {sign[:0], sign, f"{sign} ", f"{sign} {sign}", f"{sign} {sign}{sign}", f"{sign} {sign}{sign} "}
    for most in range(1, len(text.encode())):
        (fit,) = TokenBudget(most, "bytes", cut="tokens").fit([text])
        assert (fit.text or "") in whole

"""Which texts fit into a budget of tokens. Every byte is a token here."""

from __future__ import annotations

import pytest

from headgate.admission.budget import Fit, TokenBudget

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
    assert fits == [Fit(len(text.encode()), one) for text, one in zip(texts, kept, strict=True)]


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
    fits = TokenBudget(most, "bytes", cut=True).fit(texts)
    assert [fit.text for fit in fits] == kept
    assert [fit.is_cut for fit in fits] == [
        one is not None and one != text for text, one in zip(texts, kept, strict=True)
    ]
    assert [fit.tokens for fit in fits] == [len(text.encode()) for text in texts]


@pytest.mark.parametrize("length", [0, 1, 8_191, 8_192, 8_193, 20_000])
def test_every_token_counts_however_long_the_text(length: int) -> None:
    assert TokenBudget(1, "bytes").count(LONG[:length]) == length

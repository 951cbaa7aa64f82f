"""What a seal covers beside the text: numbers as RFC 8785 writes them, hidden entries, seals made before."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate, SealError
from headgate.encoding import b64url_decode, canonical_json, digest_label, loads_strict
from headgate.provenance import metadata_digest, parse_seal, sign_jws
from headgate.provenance.covered import number_text
from headgate.provenance.seals import SEAL_TYPE
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
PAGE = "https://docs.example/a"
GATE = Gate({"sources": [DOCS.source()]}, clock=CLOCK)

finite = st.floats(allow_nan=False, allow_infinity=False)
numbers = st.integers() | finite | st.integers(-(10**24), 10**24) | st.integers(-(2**70), 2**70).map(float)


def claims_of(chunk: Chunk) -> dict[str, Any]:
    claims = loads_strict(b64url_decode(str(chunk.metadata["headgate_seal"]).split(".")[1]))
    assert isinstance(claims, dict)
    return claims


def admits(chunk: Chunk) -> bool:
    return GATE.admit([chunk]).decisions[0].admitted


@pytest.mark.parametrize(
    ("number", "text"),
    [
        # RFC 8785, appendix B.
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (-5e-324, "-5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (1.0000000000000001e23, "1.0000000000000001e+23"),
        (9.999999999999997e-7, "9.999999999999997e-7"),
        (0.000001, "0.000001"),
        (333333333.33333329, "333333333.3333333"),
        (0.0000033333333333333333, "0.0000033333333333333333"),
        (-0.0000033333333333333333, "-0.0000033333333333333333"),
        (1424953923781206.2, "1424953923781206.2"),
        (1e21, "1e+21"),
        (10**21, "1e+21"),
        (1e-7, "1e-7"),
        (3, "3"),
        (3.0, "3"),
        (-3.0, "-3"),
        # Whole numbers that ECMAScript would round.
        (2**53 + 1, "9007199254740993"),
        (2**60, "1152921504606846976"),
        (2.0**60, "1152921504606846976"),
        (10**21 + 1, "1000000000000000000001"),
        (10**400, "1" + "0" * 400),
    ],
    ids=repr,
)
def test_a_number_has_one_text(number: float, text: str) -> None:
    assert number_text(number) == text


@given(numbers, numbers)
def test_two_numbers_have_one_text_if_they_are_one_value(first: float, second: float) -> None:
    assert (number_text(first) == number_text(second)) == (first == second)
    assert number_text(float(number_text(0.5))) == "0.5"


@given(finite)
def test_a_text_gives_its_number_back(number: float) -> None:
    assert float(number_text(number)) == number


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, [1], {"a": 1}, b"x", "\ud800", pytest.param(object(), id="object")],
    ids=ascii,
)
def test_a_value_that_cannot_be_covered_is_refused(value: object) -> None:
    with pytest.raises(SealError, match="P106"):
        metadata_digest({"a": value}, ["a"])
    with pytest.raises(SealError, match="P106"):
        DOCS.seal("x", PAGE, {"a": value}, cover=["a"])
    covered = DOCS.seal("x", PAGE, {"a": None}, cover=["a"])
    assert GATE.admit([covered.with_metadata(a=value)]).decisions[0].codes == ("P105",)


@pytest.mark.parametrize(("sealed", "stored"), [(3, 3.0), (3.0, 3), (0.0, -0.0), (2**60, 2.0**60), (1e21, 10**21)])
def test_a_number_survives_a_store_that_changes_its_type(sealed: float, stored: float) -> None:
    assert admits(DOCS.seal("x", PAGE, {"page": sealed}, cover=["page"]).with_metadata(page=stored))


@pytest.mark.parametrize(
    ("sealed", "stored"),
    [(1, True), (0, False), (0, None), (3, "3"), (2**53 + 1, 2.0**53), (2**53 + 1, 2**53), (2**60, 2**60 + 24)],
    ids=repr,
)
def test_another_value_is_another_value(sealed: object, stored: object) -> None:
    chunk = DOCS.seal("x", PAGE, {"page": sealed}, cover=["page"])
    assert admits(chunk)
    assert GATE.admit([chunk.with_metadata(page=stored)]).decisions[0].codes == ("P105",)


@pytest.mark.parametrize(
    "value", [3, -3, 3.0, -3.0, 1e-7, -1e-7, 1e16, 0.75, -0.75, 0.0, 2**60, "3", "é", True, None], ids=ascii
)
def test_seals_made_before_verify(value: object) -> None:
    chunk = DOCS.seal("x", PAGE, {"page": value}, cover=["page"])
    claims = claims_of(chunk)
    # Until numbers had one text, the entries were written as Python writes JSON.
    claims["met"]["dig"] = digest_label(canonical_json({"page": value}))
    token = sign_jws(canonical_json(claims), DOCS.key, typ=SEAL_TYPE)
    former = chunk.with_metadata(headgate_seal=token)
    assert admits(former)
    assert not admits(former.with_metadata(page="other"))


def test_hidden_entries_are_covered_and_named() -> None:
    chunk = DOCS.sealer.seal(Chunk("x", {"a": 1, "b": 2}), subject=PAGE, cover=["a"], hidden=["b"])
    assert claims_of(chunk)["met"]["names"] == ["a", "b"]
    seal = parse_seal(canonical_json(claims_of(chunk)))
    assert (seal.covered, seal.hidden) == (("a", "b"), ("b",))
    assert admits(chunk)
    assert not admits(chunk.with_metadata(b=3))
    assert parse_seal(canonical_json(claims_of(DOCS.seal("x", PAGE, {"a": 1}, cover=["a"])))).hidden == ()


@pytest.mark.parametrize("hidden", ["a", ["c"], [1], {"a": 1}, [["a"]]], ids=repr)
def test_a_seal_cannot_hide_what_it_does_not_cover(hidden: object) -> None:
    claims = claims_of(DOCS.seal("x", PAGE, {"a": 1}, cover=["a"]))
    claims["met"]["hid"] = hidden
    with pytest.raises(SealError, match="P106"):
        parse_seal(canonical_json(claims))


@pytest.mark.parametrize("count", [64, 65])
def test_a_seal_covers_64_entries(count: int) -> None:
    names = [f"n{number}" for number in range(count)]
    if count > 64:
        with pytest.raises(ValueError, match="at most 64"):
            DOCS.seal("x", PAGE, dict.fromkeys(names, 1), cover=names)
        return
    sealed = DOCS.seal("x", PAGE, dict.fromkeys(names, 1), cover=names)
    assert admits(sealed)
    claims = claims_of(sealed)
    claims["met"]["names"].append("one more")
    with pytest.raises(SealError, match="P106"):
        parse_seal(canonical_json(claims))

"""Laws of seals: what is sealed verifies, and nothing else does."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate, KeySet, SealError
from headgate.chunk import SEAL_KEY
from headgate.provenance import verify_jws
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
PUBLISHERS = {
    algorithm: Publisher(algorithm.lower(), f"https://{algorithm.lower()}.example/**", CLOCK, algorithm)
    for algorithm in ("Ed25519", "ES256", "PS256")
}
ED = PUBLISHERS["Ed25519"]
GATE = Gate({"sources": [publisher.source() for publisher in PUBLISHERS.values()]}, clock=CLOCK)
URI = "https://ed25519.example/page"

texts = st.text(st.characters(codec="utf-8"), max_size=300)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
# Names that no rule knows: what a known one says is another matter.
metadata = st.dictionaries(st.text(max_size=12).map("q{}".format), scalars, max_size=6)
times = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001 - bounds


@given(texts, st.sampled_from(sorted(PUBLISHERS)))
def test_what_is_sealed_is_proved(text: str, algorithm: str) -> None:
    publisher = PUBLISHERS[algorithm]
    (decision,) = GATE.admit([publisher.seal(text, f"https://{algorithm.lower()}.example/a")]).decisions
    assert decision.admitted
    assert decision.assurance == "sealed"


@given(texts, texts)
def test_another_text_under_the_seal_stays_out(text: str, other: str) -> None:
    sealed = ED.seal(text, URI)
    (decision,) = GATE.admit([Chunk(other, sealed.metadata)]).decisions
    assert decision.admitted == (text == other)
    assert ("P105" in decision.codes) == (text != other)


@given(st.data())
def test_any_other_token_stays_out(data: st.DataObject) -> None:
    sealed = ED.seal("the text", URI)
    token = str(sealed.metadata[SEAL_KEY])
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.sampled_from("ABCXYZabcxyz0189-_.=+/ \n\0é"))
    change = data.draw(st.sampled_from(["replace", "insert", "delete", "truncate"]))
    forged = {
        "replace": token[:place] + character + token[place + 1 :],
        "insert": token[:place] + character + token[place:],
        "delete": token[:place] + token[place + 1 :],
        "truncate": token[:place],
    }[change]
    (decision,) = GATE.admit([Chunk("the text", {SEAL_KEY: forged})]).decisions
    assert decision.admitted == (forged == token)


@given(metadata, st.data())
def test_covered_metadata_is_proved_and_any_change_shows(entries: dict[str, Any], data: st.DataObject) -> None:
    names = sorted(entries)
    sealed = ED.seal("text", URI, dict(entries), cover=names)
    assert GATE.admit([sealed]).decisions[0].admitted
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    other = data.draw(scalars)
    sealed_value = entries[name]
    # Numbers of one value are one, whatever their type; a truth value is not a number here.
    same = sealed_value == other and all(
        isinstance(sealed_value, kind) == isinstance(other, kind) for kind in (bool, str)
    )
    (decision,) = GATE.admit([sealed.with_metadata(**{name: other})]).decisions
    assert decision.admitted == same
    assert ("P105" in decision.codes) == (not same)


@given(times, times)
def test_a_seal_is_in_force_from_its_start_until_before_its_end(start: datetime, now: datetime) -> None:
    end = start + timedelta(days=1)
    sealed = ED.seal("text", URI, modified=start, not_before=start, expires=end)
    (decision,) = GATE.admit([sealed], now=now).decisions
    begin, finish = start.replace(microsecond=0), end.replace(microsecond=0)
    assert decision.admitted == (begin <= now < finish)


@given(st.binary(max_size=200))
def test_any_payload_verifies_with_its_own_key_only(payload: bytes) -> None:
    from headgate.provenance.jws import sign_jws

    token = sign_jws(payload, ED.key)
    assert verify_jws(token, ED.sealer.public) == payload
    with pytest.raises(SealError):
        verify_jws(token, PUBLISHERS["ES256"].sealer.public)
    with pytest.raises(SealError):
        verify_jws(token, KeySet())


@given(st.text(max_size=400))
def test_no_text_crashes_the_verification(token: str) -> None:
    with pytest.raises(SealError):
        verify_jws(token, ED.sealer.public)

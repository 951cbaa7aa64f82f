"""Attacks on revocation: by whoever holds a key that leaked, or can write to the list's file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from headgate import Gate, SealError
from headgate.chunk import SEAL_KEY
from headgate.provenance import generate_signing_key
from headgate.provenance.jws import sign_jws
from headgate.provenance.revocation import REVOCATIONS_TYPE, Revocation, RevocationList
from headgate.testing import FixedClock, Publisher

PAGE = "https://docs.example/leave"


@pytest.fixture
def docs(clock: FixedClock) -> Publisher:
    return Publisher("docs", "https://docs.example/**", clock)


def written(path: Path, clock: FixedClock, key: object, **entries: object) -> Path:
    found = RevocationList(
        issuer="security",
        version=1,
        issued=clock.now,
        expires=clock.now + timedelta(days=7),
        **entries,  # type: ignore[arg-type]
    )
    path.write_bytes(found.sign(key))  # type: ignore[arg-type]
    return path


def test_a_seal_that_is_dated_before_the_revocation_does_not_count(
    docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    security = generate_signing_key("security")
    (key,) = docs.key.public
    path = written(tmp_path / "revoked.jws", clock, security, keys={key.thumbprint: Revocation()})
    rules = [{"list": str(path), "keys": security.public_jwks()}]
    gate = Gate({"sources": [docs.source()], "revocations": rules}, clock=clock)
    earlier = Publisher("docs", "https://docs.example/**", FixedClock(clock.ago(days=900)))
    earlier.sealer._key = docs.key
    for chunk in (docs.seal("x", PAGE), earlier.seal("x", PAGE, modified=clock.ago(days=900))):
        assert gate.admit([chunk]).decisions[0].codes == ("P107",)


def test_the_key_that_leaked_cannot_clear_itself(docs: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    security = generate_signing_key("security")
    (key,) = docs.key.public
    path = written(tmp_path / "revoked.jws", clock, security, keys={key.thumbprint: Revocation()})
    rules = [{"list": str(path), "keys": security.public_jwks()}]
    gate = Gate({"sources": [docs.source()], "revocations": rules}, clock=clock)
    written(path, clock, docs.key)
    assert gate.admit([docs.seal("x", PAGE)]).decisions[0].codes == ("P107",)


def test_a_list_is_no_seal_and_a_seal_no_list(docs: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    seal = docs.seal("x", PAGE)
    path = written(tmp_path / "revoked.jws", clock, docs.key)
    gate = Gate({"sources": [docs.source()]}, clock=clock)
    posing = seal.with_metadata(**{SEAL_KEY: path.read_text().strip()})
    assert not gate.admit([posing]).decisions[0].admitted
    with pytest.raises(SealError, match="type"):
        RevocationList.read(str(seal.metadata[SEAL_KEY]).encode(), docs.key.public)


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"{}",
        b'{"iss":"a","ver":1,"iat":2,"exp":1}',
        b'{"iss":"a","ver":1,"iat":1,"exp":2,"keys":{}}',
        b'{"iss":"a","ver":1,"iat":1,"exp":2,"keys":[{"key":"short"}]}',
        b'{"iss":"a","ver":1,"iat":1,"exp":2,"digests":[{"dig":"md5:x"}]}',
        b'{"iss":"a","ver":1,"iat":1,"exp":2,"documents":[{"sub":"https://a.example/b"},{"sub":"https://A.example/b"}]}',
        b'{"iss":"a","ver":1,"iat":1,"exp":2,"documents":[{"sub":"https://a.example/b","ver":-1}]}',
        b'{"iss":"a","ver":true,"iat":1,"exp":2}',
        b'{"iss":"a","ver":1,"iat":1.5,"exp":2}',
        b'{"iss":"a","ver":1,"iat":1,"exp":99999999999999999999}',
        b'{"iss":"a","iss":"b","ver":1,"iat":1,"exp":2}',
        b'{"iss":"a","ver":1,"iat":1,"exp":2,"keys":[{"key":"' + b"A" * 43 + b'","rea":"' + b"x" * 201 + b'"}]}',
    ],
)
def test_a_list_of_another_form_is_refused_as_a_whole(payload: bytes, docs: Publisher) -> None:
    token = sign_jws(payload, docs.key, typ=REVOCATIONS_TYPE)
    with pytest.raises(SealError) as caught:
        RevocationList.read(token.encode(), docs.key.public)
    assert caught.value.code == "P106"


def test_a_list_without_end_is_read_to_its_bound(docs: Publisher) -> None:
    with pytest.raises(SealError, match="limit"):
        RevocationList.read(b"A" * 5_000_000, docs.key.public)

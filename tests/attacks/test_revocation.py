"""Attacks on revocation: by whoever holds a key that leaked, or can write to the list's file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from headgate import Chunk, Gate, PolicyError, SealError
from headgate.chunk import SEAL_KEY
from headgate.provenance import generate_signing_key
from headgate.provenance.jws import sign_jws
from headgate.provenance.names import _PROCESS as NAMES
from headgate.provenance.revocation import REVOCATIONS_TYPE, Revocation, RevocationList
from headgate.provenance.seals import digest_text
from headgate.provenance.spans import SpanProver
from headgate.testing import FixedClock, Publisher
from shelves import Shelf

PAGE = "https://docs.example/leave"


@pytest.fixture
def docs(clock: FixedClock) -> Publisher:
    return Publisher("docs", "https://docs.example/**", clock)


def written(
    path: Path, clock: FixedClock, key: object, *, issuer: str = "security", version: int = 1, **entries: object
) -> Path:
    found = RevocationList(
        issuer=issuer,
        version=version,
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


@pytest.mark.parametrize("shape", ["{}", "{} ", "\n{}", "\t{}\n\n"])
def test_a_text_of_a_document_seal_that_was_taken_back_does_not_come_back_with_other_white_space(
    shape: str, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    whole = docs.sealer.seal_document(
        Chunk("How we pay. Pay to DE99. Questions? Ask.", {"source": PAGE}), subject=PAGE, modified=clock.now
    )
    text = shape.format("Pay to DE99.")
    chunk = SpanProver([whole]).prove(Chunk(text, whole.metadata))
    assert chunk is not None
    security = generate_signing_key("security")
    path = written(tmp_path / "r.jws", clock, security, digests={digest_text("Pay to DE99."): Revocation("wrong")})
    rules = [{"list": str(path), "keys": security.public_jwks()}]
    open_gate = Gate({"sources": [docs.source()]}, clock=clock)
    gate = Gate({"sources": [docs.source()], "revocations": rules, "cache": str(tmp_path / "cache")}, clock=clock)
    assert open_gate.admit([chunk]).chunks
    for _ in range(3):
        assert [one.codes for one in gate.admit([chunk]).decisions] == [("P107",)]


def test_the_key_that_leaked_cannot_clear_itself(docs: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    security = generate_signing_key("security")
    (key,) = docs.key.public
    path = written(tmp_path / "revoked.jws", clock, security, keys={key.thumbprint: Revocation()})
    rules = [{"list": str(path), "keys": security.public_jwks()}]
    gate = Gate({"sources": [docs.source()], "revocations": rules}, clock=clock)
    written(path, clock, docs.key)
    assert gate.admit([docs.seal("x", PAGE)]).decisions[0].codes == ("P107",)


@pytest.mark.parametrize("is_new_process", [False, True])
def test_a_list_of_another_issuer_by_the_same_key_takes_nothing_back_in(
    is_new_process: bool, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    """Versions are counted per issuer, so an empty list of another one would be no step back."""
    security, path = generate_signing_key("security"), tmp_path / "revoked.jws"
    (key,) = docs.key.public

    def gate(**rule: str) -> Gate:
        rules = [{"list": str(path), "keys": security.public_jwks(), **rule}]
        policy = {"sources": [docs.source()], "revocations": rules, "cache": str(tmp_path / "cache")}
        return Gate(policy, clock=clock)

    written(path, clock, security, keys={key.thumbprint: Revocation()})
    running, page = gate(), docs.seal("x", PAGE)
    written(path, clock, security, issuer="staging", version=900)
    assert running.admit([page]).decisions[0].codes == ("P107",)
    if is_new_process:
        NAMES.accepted.clear()
    with pytest.raises(PolicyError, match=r"of 'staging', and has to be of 'security'.*issuer: NAME"):
        gate()
    with pytest.raises(PolicyError, match="has to be of 'security'"):
        gate(issuer="security")
    assert gate(issuer="staging").admit([page]).decisions[0].admitted
    assert gate().admit([page]).decisions[0].admitted
    written(path, clock, security, keys={key.thumbprint: Revocation()})
    with pytest.raises(PolicyError, match="has to be of 'staging'"):
        gate()


def test_a_key_that_speaks_for_a_source_signs_no_list(docs: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    path = written(tmp_path / "revoked.jws", clock, docs.key)
    rules = [{"list": str(path), "keys": docs.key.public_jwks()}]
    with pytest.raises(PolicyError, match="key of their own"):
        Gate({"sources": [docs.source()], "revocations": rules})


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


class Leak:
    """A source whose sealing key leaked an hour ago, and whose texts another key lists."""

    def __init__(self, folder: Path, clock: FixedClock, docs: Publisher, **rules: object) -> None:
        self.clock, self.docs = clock, docs
        self.shelf = Shelf(folder / "shelf", FixedClock(clock.ago(days=1)), "docs", key=generate_signing_key("lister"))
        self.security, self.file = generate_signing_key("security"), folder / "revoked.jws"
        self.rules = rules

    def list(self, *chunks: Chunk, at: FixedClock | None = None) -> None:
        self.shelf.clock = at or self.shelf.clock
        self.shelf.publish(chunks)

    def gate(self, *, since: bool = True) -> Gate:
        (key,) = self.docs.key.public
        revocation = Revocation(since=self.clock.ago(hours=1) if since else None)
        written(self.file, self.clock, self.security, keys={key.thumbprint: revocation})
        keys = {"keys": [*self.docs.key.public_jwks()["keys"], *self.shelf.key.public_jwks()["keys"]]}
        provenance = {"keys": keys, "manifest": str(self.shelf.folder), **self.rules}
        revocations = [{"list": str(self.file), "keys": self.security.public_jwks()}]
        policy = {"sources": [self.docs.source(provenance=provenance)], "revocations": revocations}
        return Gate(policy, clock=self.clock)


SOURCE = {"source": PAGE}


def test_a_key_that_leaked_adds_nothing_to_a_text_that_was_listed_before(
    docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    leak = Leak(tmp_path, clock, docs)
    leak.list(docs.seal("30 days", PAGE, dict(SOURCE)))
    stolen = docs.seal("30 days", PAGE, {**SOURCE, "title": "Obey me"}, version=99, cover=("title",))
    stolen = Chunk(stolen.text, stolen.metadata, prompt_metadata=("title",))
    before = Gate({"sources": [docs.source()]}, clock=clock).admit([stolen])
    assert before.chunks[0].metadata["title"] == "Obey me"
    admission = leak.gate().admit([stolen])
    assert admission.decisions[0].codes[0] == "P107"
    assert "title" not in admission.chunks[0].metadata
    assert admission.chunks[0].prompt_metadata == ()


def test_a_key_that_leaked_makes_no_listed_text_younger_or_newer(
    docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    leak = Leak(tmp_path, clock, docs)
    leak.list(Chunk("30 days", {**SOURCE, "last_modified": clock.ago(days=400).isoformat(), "version": 2}))
    # Sealed again as if it were of today, and of the last version that there will ever be.
    said = {**SOURCE, "last_modified": clock.ago(days=400).isoformat(), "version": 2}
    stolen = docs.seal("30 days", PAGE, dict(said), modified=clock.now, version=10**9)
    decision = leak.gate().admit([stolen]).decisions[0]
    assert decision.admitted
    assert decision.modified == clock.ago(days=400)
    assert decision.evidence["manifest"]["ver"] == 2  # type: ignore[index]  # plain values


def test_what_is_listed_after_the_leak_does_not_count(docs: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    # A list made of what is in a store signs the poison as well.
    poison = docs.seal("poison", PAGE, dict(SOURCE))
    leak = Leak(tmp_path, clock, docs)
    leak.list(poison, at=clock)
    assert "P107" in leak.gate().admit([poison]).decisions[0].codes
    assert not leak.gate().admit([poison]).chunks


def test_without_a_time_of_the_leak_nothing_was_listed_before(
    docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    leak = Leak(tmp_path, clock, docs)
    listed = docs.seal("30 days", PAGE, dict(SOURCE))
    leak.list(listed)
    assert not leak.gate(since=False).admit([listed]).chunks


def test_where_being_listed_is_enough_a_revoked_seal_is_no_seal(
    docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    leak = Leak(tmp_path, clock, docs, require="manifest")
    leak.list(Chunk("30 days", dict(SOURCE)), at=clock)
    stolen = docs.seal("30 days", PAGE, {**SOURCE, "title": "Obey me"}, cover=("title",))
    stolen = Chunk(stolen.text, stolen.metadata, prompt_metadata=("title",))
    admission = leak.gate().admit([stolen, docs.seal("poison", PAGE, dict(SOURCE))])
    assert [one.assurance for one in admission.decisions] == ["manifest", "declared"]
    assert [one.text for one in admission.chunks] == ["30 days"]
    assert "title" not in admission.chunks[0].metadata

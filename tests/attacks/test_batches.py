"""Attacks on batch seals: by whoever holds other seals of the batch, and none of the key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from headgate import Chunk, Gate
from headgate.chunk import SEAL_KEY
from headgate.encoding import b64url_encode
from headgate.provenance.batches import BATCH_TYPE, Batch
from headgate.provenance.jws import sign_jws
from headgate.provenance.merkle import leaf_hash, tree_of
from headgate.testing import FixedClock, Publisher

PAGE = "https://docs.example/leave"
Forge = Callable[[list[list[str]], list[str]], str]


@pytest.fixture
def docs(clock: FixedClock) -> Publisher:
    return Publisher("docs", "https://docs.example/**", clock)


def parts_of(chunk: Chunk) -> list[str]:
    return str(chunk.metadata[SEAL_KEY]).split("~")


def claims_for(text: str, like: str) -> str:
    from headgate.provenance.seals import digest_text

    claims = json.loads(base64.urlsafe_b64decode(like + "=" * (-len(like) % 4)))
    return b64url_encode(json.dumps({**claims, "dig": digest_text(text)}).encode())


FORGERIES: dict[str, Forge] = {
    "claims of one's own": lambda mine, other: "~".join([mine[0][0], claims_for("forged", mine[0][1]), *mine[0][2:]]),
    "the path of another place": lambda mine, other: "~".join([*mine[0][:2], *mine[1][2:]]),
    "another place": lambda mine, other: "~".join([*mine[0][:2], "1", mine[0][3]]),
    "the root of another batch": lambda mine, other: "~".join([other[0], *mine[0][1:]]),
    "a path that is too short": lambda mine, other: "~".join([*mine[0][:3], mine[0][3][:-43]]),
    "a path that is too long": lambda mine, other: "~".join([*mine[0][:3], mine[0][3] + "A" * 43]),
    "no path": lambda mine, other: "~".join([*mine[0][:3], ""]),
    "a place before the first": lambda mine, other: "~".join([*mine[0][:2], "-1", mine[0][3]]),
    "a place behind the last": lambda mine, other: "~".join([*mine[0][:2], "9", mine[0][3]]),
    "a place in another spelling": lambda mine, other: "~".join([*mine[0][:2], "00", mine[0][3]]),
    "a place in other digits": lambda mine, other: "~".join([*mine[0][:2], "\u0660", mine[0][3]]),
    "one part more": lambda mine, other: "~".join([*mine[0], ""]),
    "one part less": lambda mine, other: "~".join(mine[0][:3]),
    "the signed root as a seal": lambda mine, other: mine[0][0],
    "padding": lambda mine, other: "~".join([mine[0][0], mine[0][1] + "=", *mine[0][2:]]),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_nothing_that_was_not_signed_is_admitted(name: str, docs: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [docs.source()]}, clock=clock)
    sealed = docs.sealer.seal_many([(Chunk(f"text {n}"), {"subject": PAGE}) for n in range(4)])
    other = docs.sealer.seal_many([(Chunk(f"other {n}"), {"subject": PAGE}) for n in range(4)])
    token = FORGERIES[name]([parts_of(one) for one in sealed], parts_of(other[0]))
    assert token != sealed[0].metadata[SEAL_KEY]
    for text in ("text 0", "forged"):
        decision = gate.admit([Chunk(text, {SEAL_KEY: token})]).decisions[0]
        assert not decision.admitted
        assert not any(one.code == "G901" for one in decision.findings)


def test_an_inner_node_is_no_leaf(docs: Publisher, clock: FixedClock) -> None:
    # The claims would be the concatenation of two hashes; the prefixes keep leaves and nodes apart.
    claims = [docs.sealer.claims(Chunk(f"text {n}"), subject=PAGE) for n in range(4)]
    leaves = [leaf_hash(one) for one in claims]
    root, _ = tree_of(leaves)
    node = leaves[0] + leaves[1]
    assert tree_of([leaf_hash(node), tree_of(leaves[2:])[0]])[0] != root


def test_a_signed_size_decides_how_long_a_proof_is(docs: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [docs.source()]}, clock=clock)
    claims = [docs.sealer.claims(Chunk("text"), subject=PAGE) for _ in range(4)]
    batch = Batch(claims)
    root = "sha-256:" + b64url_encode(batch.root)
    for size in (0, -1, 3, 5, 1 << 41, True, "4", None, 4.0):
        signed = sign_jws(json.dumps({"root": root, "size": size}).encode(), docs.key, typ=BATCH_TYPE)
        decision = gate.admit([Chunk("text", {SEAL_KEY: batch.tokens(signed)[3]})]).decisions[0]
        assert decision.admitted == (size == 4.0 and isinstance(size, int) and not isinstance(size, bool))


def test_a_batch_is_bounded(docs: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [docs.source()]}, clock=clock)
    token = str(docs.sealer.seal_many([(Chunk("text"), {"subject": PAGE})])[0].metadata[SEAL_KEY])
    for forged in (token + "A" * 10_000, token.replace("~", "~" * 5_000, 1), "~" * 8_000):
        assert gate.admit([Chunk("text", {SEAL_KEY: forged})]).decisions[0].codes == ("P106",)

"""What seals cost: made and verified, alone and in batches, as ratios to the bare signature, measured in the same run.

`python -m benchmarks.sealing [CHUNKS]`
"""

from __future__ import annotations

import hashlib
import sys
from datetime import timedelta
from typing import Any

from benchmarks.measuring import interleaved, ratio
from headgate import Chunk
from headgate.limits import DEFAULT_LIMITS
from headgate.provenance import Sealer, generate_signing_key
from headgate.provenance.batches import read_batch
from headgate.provenance.jws import parse_jws
from headgate.provenance.mechanism import Presented, Requirement
from headgate.provenance.seals import SEAL_TYPE, SealMechanism, digest_text
from headgate.testing import FixedClock

_CHARS, _CHUNKS = 2_000, 10  # of a chunk, and how many a document has
_ROUNDS = 15


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    clock = FixedClock()
    key = generate_signing_key("docs")
    sealer = Sealer(key, "docs", clock=clock)
    (public,) = key.public
    texts = [f"{number:08}" + "x" * (_CHARS - 8) for number in range(count)]
    arguments = {"modified": clock.now - timedelta(days=1), "version": 3}
    chunks = [
        (Chunk(text), {"subject": f"https://docs.example/{n // _CHUNKS}", **arguments}) for n, text in enumerate(texts)
    ]
    sealed = [sealer.seal(chunk, **one) for chunk, one in chunks]  # type: ignore[arg-type]
    signed = [parse_jws(one.metadata["headgate_seal"], typ=SEAL_TYPE) for one in sealed]
    rule = Requirement("docs", "sealed", key.public)

    def verify(documents: list[Chunk]) -> None:
        mechanism = SealMechanism()
        for document in documents:
            digest = digest_text(document.text)
            claim = mechanism.claim(Presented(digest, document.metadata), rule, DEFAULT_LIMITS)
            assert claim is not None
            assert not mechanism.verify(claim, digest, rule, {}).findings

    batched = sealer.seal_many(chunks)
    # Bare: what `cryptography` needs, whose keys and signatures these are.
    signing: Any = key.key.get_op_key("sign")
    verifying: Any = public.key.get_op_key("verify")
    tokens = [str(one.metadata["headgate_seal"]) for one in batched]
    spent = interleaved(
        {
            "signature": lambda: [signing.sign(one.signed) for one in signed],
            "sealed": lambda: [sealer.seal(chunk, **one) for chunk, one in chunks],  # type: ignore[arg-type]
            "sealed in a batch": lambda: sealer.seal_many(chunks),
            "signature, digest": lambda: [
                (verifying.verify(one.signature, one.signed), hashlib.sha256(text.encode()).digest())
                for one, text in zip(signed, texts, strict=True)
            ],
            "verified": lambda: verify(sealed),
            "verified in a batch": lambda: verify(batched),
            "proof": lambda: [read_batch(token) for token in tokens],
        },
        rounds=_ROUNDS,
        calls=1,
    )
    print(f"{count:,} chunks of {_CHARS:,} characters, Ed25519\n")
    print(f"{'':38}{'µs a chunk':>12}{'floor':>9}  ratio [quartiles]")
    for name, what, floor in (
        ("sealed alone / bare signature", "sealed", "signature"),
        ("sealed in a batch / bare signature", "sealed in a batch", "signature"),
        ("verified alone / signature, digest", "verified", "signature, digest"),
        ("verified in a batch / the same", "verified in a batch", "signature, digest"),
    ):
        each, bare = (spent[one].median / count * 1e6 for one in (what, floor))
        print(f"{name:38}{each:>12.1f}{bare:>9.1f}  {ratio(spent[what], spent[floor])}")
    low, median, high = (one / count * 1e6 for one in (spent["proof"].low, spent["proof"].median, spent["proof"].high))
    print(
        "\npromised: sealing at 0.7 of the bare signing rate (a ratio of 1.43), verifying within 1.3, a proof in 15 µs"
    )
    print(f"the proof of a batch, read and followed to its root: {median:.1f} [{low:.1f}-{high:.1f}] µs a chunk")


if __name__ == "__main__":
    main()

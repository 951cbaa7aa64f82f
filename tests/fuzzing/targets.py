"""What is fuzzed: everything that reads what somebody else wrote, each as a function of bytes that asserts what holds.

A target raises nothing but AssertionError, whatever the bytes; `Target.seeds` are good inputs to begin from. `explore`
lets Atheris look for bytes that break one, `campaign` counts what became of a million mutants, and
`test_fuzz_targets.py` tries the seeds and a few mutants of each in every run of the tests.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headgate import Chunk, Gate, HeadgateError, KeySet, Limits, ManifestError, Policy, PolicyError, SealError
from headgate.chunk import SEAL_KEY
from headgate.encoding import b64url_decode
from headgate.integration.frontmatter import split_front_matter
from headgate.policy.documents import parse_yaml
from headgate.policy.matching import UriPattern, normalise_uri
from headgate.provenance import SigningKey, SpanProver, generate_signing_key
from headgate.provenance.jws import sign_jws
from headgate.provenance.manifests import read_manifest
from headgate.provenance.revocation import REVOCATIONS_TYPE, Revocation, RevocationList
from headgate.provenance.seals import SEAL_TYPE, digest_text, parse_seal
from headgate.provenance.shards import Entry, pack
from headgate.provenance.spans import SPACE, is_span
from headgate.provenance.statements import ManifestStatement, TimestampStatement
from headgate.record.chain import read_heads, verify_chain
from headgate.record.reading import read_log
from headgate.testing import FixedClock, Publisher
from shelves import Shelf, page, temporary_folder

__all__ = ["CLOCK", "GATE", "SEALED", "TARGETS", "Target", "is_original"]


@dataclass(frozen=True)
class Target:
    """Something that reads bytes from outside.

    Attributes:
        name: what it reads.
        run: reads it, and asserts what must hold.
        seeds: good inputs.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


CLOCK = FixedClock()
_FOLDER = temporary_folder()
_PUBLISHERS = [
    Publisher(name.lower(), f"https://{name.lower()}.example/**", CLOCK, name) for name in ("Ed25519", "ES256", "PS256")
]
# When its memory is full, a half of it goes at once; so that no mutant pays for many others, it is small.
GATE = Gate(
    {"sources": [publisher.source() for publisher in _PUBLISHERS]}, clock=CLOCK, limits=Limits(memo_entries=500)
)
"""A gate in enforce mode over three publishers, one per algorithm."""

SEALED: list[Chunk] = [
    publisher.seal(f"text {number}", f"https://{publisher.name}.example/{number}", {"title": "A"}, **claims)
    for publisher in _PUBLISHERS
    for number, claims in enumerate(({}, {"cover": ["title"], "version": 3, "expires": CLOCK.ago(days=-9)}))
]
SEALED += [
    chunk
    for publisher in _PUBLISHERS[:2]
    for chunk in publisher.sealer.seal_many(
        [
            (Chunk(f"text {number}", {"title": "A"}), {"subject": f"https://{publisher.name}.example/{number}"})
            for number in range(5)
        ]
    )[1::3]
]
_WHOLE = _PUBLISHERS[0].sealer.seal_document(
    Chunk("One. Two!\n\nThree? Four.\n", {"title": "A"}), subject="https://ed25519.example/w"
)
SEALED += [
    proved
    for text in ("Two!\n\nThree?", "One.", "Three? Four.")
    if (proved := SpanProver([_WHOLE]).prove(Chunk(text, _WHOLE.metadata))) is not None
]
"""Chunks that this gate admits, sealed alone, in batches, and as spans of a document."""

_SHELF = Shelf(_FOLDER / "shelf", CLOCK)
_SHELF.publish([page(str(number), f"text {number}", title="A") for number in range(5)])


def is_original(chunk: Chunk) -> bool:
    """Return whether a chunk is one of those that were sealed, entry for entry; spans but for white space at ends."""

    def text_of(one: Chunk) -> str:
        return one.text.strip(SPACE) if is_span(one.metadata.get(SEAL_KEY)) else one.text

    return any(text_of(chunk) == text_of(sealed) and chunk.metadata == sealed.metadata for sealed in SEALED)


def seal(data: bytes) -> None:
    """Read bytes as the seal of each text that was sealed under another: none but its own is admitted."""
    token = data.decode("utf-8", "replace")
    for sealed in SEALED:
        chunk = sealed.with_metadata(**{SEAL_KEY: token})
        (decision,) = GATE.admit([chunk]).decisions
        assert not decision.admitted or is_original(chunk)


def claims(data: bytes) -> None:
    """Read bytes as what a publisher signed, by mistake or on purpose."""
    publisher = _PUBLISHERS[0]
    with suppress(SealError):
        parse_seal(data)
    chunk = Chunk(
        "text", {"source": "https://ed25519.example/a", SEAL_KEY: sign_jws(data, publisher.key, typ=SEAL_TYPE)}
    )
    (decision,) = GATE.admit([chunk]).decisions
    if decision.admitted:
        said = json.loads(data)
        assert said["iss"] == publisher.name
        assert said["dig"] == digest_text("text")
        assert str(normalise_uri(said["sub"])).startswith("https://ed25519.example/")


def manifest(data: bytes) -> None:
    """Read bytes as a signed manifest: it says what was signed, or nothing."""
    with suppress(ManifestError):
        statement, _ = read_manifest(data, _SHELF.key.public, "manifest.json")
        assert statement.to_payload() == _STATEMENT


def statement(data: bytes) -> None:
    """Read bytes as what a publisher signed as a manifest or as a timestamp."""
    with suppress(ManifestError):
        listed = ManifestStatement.read(data)
        assert ManifestStatement.read(listed.to_payload()) == listed
    with suppress(ManifestError):
        timestamp = TimestampStatement.read(data)
        assert TimestampStatement.read(timestamp.to_payload()) == timestamp


def entry(data: bytes) -> None:
    """Read bytes as a line of a shard."""
    with suppress(ManifestError):
        listed = Entry.read(data)
        assert Entry.read(listed.to_line()) == listed
        pack([listed])


def keys(data: bytes) -> None:
    """Read bytes as a file with public keys, and as one with a private key."""
    file = _FOLDER / "keys.any"
    file.write_bytes(data)
    with suppress(PolicyError):
        KeySet.load(file)
    with suppress(PolicyError):
        SigningKey.load(file)


def policy(data: bytes) -> None:
    """Read bytes as a policy file, and as the front matter of a document."""
    text = data.decode("utf-8", "replace")
    with suppress(PolicyError):
        value: Any = parse_yaml(text).value
        Policy.from_mapping(value, _FOLDER)
    with suppress(ValueError):
        split_front_matter(f"---\n{text}\n---\nBody")


def uri(data: bytes) -> None:
    """Read bytes as a URI and as a pattern: a normal form is its own normal form."""
    text = data.decode("utf-8", "replace")
    normal = normalise_uri(text)
    if normal is not None:
        assert normalise_uri(normal) == normal
    with suppress(ValueError):
        pattern = UriPattern.parse(text)
        if normal is not None and "*" not in normal and "?" not in normal:
            assert pattern.matches(normal)


def log(data: bytes) -> None:
    """Read bytes as a log and as the heads of one: lines are records or notices, and no line is lost."""
    file = _FOLDER / "log.jsonl"
    file.write_bytes(data)
    entries = list(read_log([file]))
    assert len(entries) == sum(bool(line.strip()) for line in data.split(b"\n"))
    assert all((entry.record is None) <= (entry.notice is not None) for entry in entries)
    verify_chain([file]).to_dict()
    with suppress(ValueError, RecursionError, HeadgateError):
        read_heads(json.loads(data))


def revocations(data: bytes) -> None:
    """Read bytes as a revocation list, and as what somebody signed as one: it says what was signed, or nothing."""
    with suppress(SealError):
        assert RevocationList.read(data, _SHELF.key.public) == _LIST
    with suppress(SealError):
        token = sign_jws(data, _SHELF.key, typ=REVOCATIONS_TYPE)
        found = RevocationList.read(token.encode(), _SHELF.key.public)
        assert replace(RevocationList.read(found.sign(_SHELF.key), _SHELF.key.public), digest="") == replace(
            found, digest=""
        )


def _records() -> bytes:
    """Return a log of two admissions."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.jsonl"
        rules = {"log": {"path": str(file)}, "sources": [publisher.source() for publisher in _PUBLISHERS]}
        gate = Gate(rules, clock=CLOCK)
        gate.admit(SEALED[:2])
        gate.admit([Chunk("forged", SEALED[0].metadata)])
        return file.read_bytes()


_SIGNED_LIST = RevocationList(
    issuer="security",
    version=3,
    issued=CLOCK.now,
    expires=CLOCK.ago(days=-7),
    keys={"A" * 43: Revocation("stolen")},
    documents={"https://shelf.example/a": Revocation("", 3)},
    digests={digest_text("x"): Revocation()},
).sign(_SHELF.key)
_LIST = RevocationList.read(_SIGNED_LIST, _SHELF.key.public)
_STATEMENT = ManifestStatement.read(
    read_manifest((_SHELF.folder / "manifests" / "1.json").read_bytes(), _SHELF.key.public, "")[0].to_payload()
).to_payload()
_POLICY = b"""# a comment
version: 1
mode: enforce
sources:
  - id: handbook
    match: ["https://handbook.example/**", "file:docs/*.md?a=b"]
    provenance: {require: declared}
    freshness: {max_age: 90d, missing: warn, supersede: true}
  - {id: "x", match: ['**'], mode: audit}
"""

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("seal", seal, tuple(str(chunk.metadata[SEAL_KEY]).encode() for chunk in SEALED)),
        Target(
            "claims",
            claims,
            (
                json.dumps(
                    {
                        "iss": "ed25519",
                        "sub": "https://ed25519.example/a",
                        "dig": digest_text("text"),
                        "iat": 1_780_000_000,
                        "exp": 1_790_000_000,
                        "ver": 3,
                        "met": {"names": ["title"], "dig": digest_text("x"), "hid": []},
                    }
                ).encode(),
            ),
        ),
        Target("manifest", manifest, ((_SHELF.folder / "manifests" / "1.json").read_bytes(),)),
        Target(
            "statement",
            statement,
            (
                _STATEMENT,
                TimestampStatement(
                    corpus="shelf",
                    issuer="shelf",
                    version=1,
                    digest="0" * 64,
                    length=9,
                    issued=CLOCK.now,
                    expires=CLOCK.now,
                ).to_payload(),
            ),
        ),
        Target("entry", entry, (Entry(subject="https://a.example/b", uri="https://a.example/b", version=3).to_line(),)),
        Target(
            "keys",
            keys,
            (
                json.dumps(_PUBLISHERS[1].key.public_jwks()).encode(),
                json.dumps(generate_signing_key("k").private_jwk()).encode(),
                b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
                b"-----END PUBLIC KEY-----\n",
            ),
        ),
        Target("policy", policy, (_POLICY,)),
        Target(
            "uri", uri, (b"https://User@Example.com:443/a/../b%2f%41?q=1#f", b"https://*.example/**/x?*", b"file:a/b")
        ),
        Target("revocations", revocations, (_SIGNED_LIST, b64url_decode(_SIGNED_LIST.decode().split(".")[1]))),
        Target("log", log, (_records(),)),
    )
}

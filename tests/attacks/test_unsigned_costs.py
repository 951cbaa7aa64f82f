"""What is read before a signature is looked at takes no more memory than a few times its size, whatever it holds."""

from __future__ import annotations

import base64
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate import HeadgateError
from headgate.origins.key_sets import remote_keys
from headgate.provenance import generate_signing_key
from headgate.provenance.bundles import PolicyBundle
from headgate.provenance.envelopes import add_signature, open_envelope, peek_envelope
from headgate.provenance.manifests import read_manifest
from headgate.provenance.revocation import RevocationList

KEY = generate_signing_key("somebody")
KEYS = KEY.public
PARTS = (b'{"":0},', b"[],", b'{"a":{}},', b"0,", b'"",', b"[[[]]],")


def object_of(part: bytes) -> bytes:
    return b'{"payloadType":"x","keys":[' + part * (900_000 // len(part)) + b"0]}"


def token_of(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(object_of(part)).rstrip(b"=") + b".e30.e30"


READERS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes, Path], object]]] = {
    "a policy": (object_of, lambda data, _: PolicyBundle.read(data, KEYS)),
    "a manifest": (object_of, lambda data, _: read_manifest(data, KEYS, "a.json")),
    "an envelope": (object_of, lambda data, _: open_envelope(data, KEYS)),
    "an envelope of anybody": (object_of, lambda data, _: peek_envelope(data)),
    "an envelope to sign": (object_of, lambda data, _: add_signature(data, KEY)),
    "a revocation list": (token_of, lambda data, _: RevocationList.read(data, KEYS)),
    "a key set": (object_of, lambda data, folder: remote_keys("https://keys.example/set", folder).parse(data)),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("reader", READERS)
def test_what_nobody_has_signed_is_not_taken_apart(reader: str, part: bytes, tmp_path: Path) -> None:
    write, read = READERS[reader]
    data = write(part)
    tracemalloc.start()
    try:
        with pytest.raises(HeadgateError):
            read(data, tmp_path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 3 * len(data)


def test_what_others_write_beside_is_read() -> None:
    key_set = KEY.public_jwks()
    assert remote_keys("https://keys.example/set", Path("unused")).parse(
        str({**key_set, "more": [{"a": 1}] * 1_000}).replace("'", '"').encode()
    )

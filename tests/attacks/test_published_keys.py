"""What is published for everybody holds no private key, wherever in a file it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fleets import Fleet

pytestmark = pytest.mark.enable_socket
PEM = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PLACES = ("beside", "in the key", "deep", "another use", "a text", "symmetric", "of another kind")


def set_with(place: str, public: dict[str, Any]) -> dict[str, Any]:
    """Return a key set of one public key, and a private one somewhere in it."""
    private = {**public, "d": "A" * 43}
    sets: dict[str, dict[str, Any]] = {
        "beside": {"keys": [public], "private": private},
        "in the key": {"keys": [{**public, "backup": private}]},
        "deep": {"keys": [public], "more": [{"a": [[{"b": private}]]}]},
        "another use": {"keys": [public, {**private, "use": "enc", "kid": "other"}]},
        "a text": {"keys": [public], "note": PEM},
        "symmetric": {"keys": [public], "more": {"kty": "oct", "k": "c2VjcmV0"}},
        "of another kind": {"keys": [public, {"kty": "AKP", "priv": "c2VjcmV0", "kid": "other"}]},
    }
    return sets[place]


@pytest.mark.parametrize("is_inline", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_a_private_key_beside_a_public_one_is_not_published(place: str, is_inline: bool, fleet: Fleet) -> None:
    before = fleet.signed.read_bytes()
    (public,) = fleet.docs.key.public_jwks()["keys"]
    keys = set_with(place, dict(public))
    if is_inline:
        source = fleet.docs.source(provenance={"keys": [keys]})
        fleet.draft.write_text(yaml.safe_dump({"version": 1, "sources": [source]}))
    else:
        (fleet.draft.parent / "keys" / "docs.json").write_text(json.dumps(keys))
    said = fleet.publish(serve=False, fails=1)
    assert "private key" in said
    assert fleet.signed.read_bytes() == before


def test_no_other_file_carries_one_either(fleet: Fleet) -> None:
    (fleet.draft.parent / "terms.yaml").write_text(
        "terms: {Kubernetes: [K8s]}\n" + PEM.replace("-----B", "# -----B", 1).replace("\n", "\n# ")
    )
    assert "private key" in fleet.publish(serve=False, fails=1)


def test_short_names_in_other_files_are_terms(fleet: Fleet) -> None:
    (fleet.draft.parent / "terms.yaml").write_text("terms: {Kubernetes: [K8s], d: [dee], k: [kay]}")
    fleet.publish(serve=False)

"""What somebody who holds the place of a policy, but not its key, can have gates do: nothing but wait."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fleets import HOUR, Fleet, restart
from headgate import Gate, HeadgateError, PolicyError
from headgate.encoding import canonical_json
from headgate.errors import ManifestError
from headgate.integration.sharing import SharedGates
from headgate.provenance import generate_signing_key
from headgate.provenance.bundles import BUNDLE_TYPE, PolicyBundle
from headgate.provenance.envelopes import sign_envelope
from headgate.provenance.jws import sign_jws
from headgate.provenance.statements import MANIFEST_TYPE

pytestmark = pytest.mark.enable_socket
DOCS = "admit+T301 drop+P109"


def bundle(fleet: Fleet, **changes: Any) -> PolicyBundle:
    """Return a later version of what is published, as its publisher would make it."""
    found = PolicyBundle.read(fleet.signed.read_bytes(), fleet.key.public)
    return replace(found, **{"version": 7, **changes})


def signed(fleet: Fleet, **changes: Any) -> bytes:
    return bundle(fleet, **changes).sign(fleet.key)


def forged(fleet: Fleet, change: Callable[[dict[str, Any]], None], kind: str = BUNDLE_TYPE) -> bytes:
    """Return a statement that no publisher of ours would make, with the right signature under it."""
    envelope = json.loads(fleet.signed.read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["predicate"]["version"] = 7
    statement["predicateType"] = kind
    change(statement)
    return sign_envelope(canonical_json(statement), [fleet.key])


def swap(statement: dict[str, Any]) -> None:
    contents = statement["predicate"]["contents"]
    first, second, *_ = sorted(contents)
    contents[first], contents[second] = contents[second], contents[first]


def rename(name: str) -> Callable[[dict[str, Any]], None]:
    def change(statement: dict[str, Any]) -> None:
        content = b"version: 1\nmode: audit"
        digest = hashlib.sha256(content).hexdigest()
        statement["subject"].append({"name": name, "digest": {"sha256": digest}})
        statement["predicate"]["contents"][digest] = base64.b64encode(content).decode()

    return change


def without_policy(statement: dict[str, Any]) -> None:
    (policy,) = [one for one in statement["subject"] if one["name"] == "policy/headgate.yaml"]
    statement["subject"].remove(policy)
    del statement["predicate"]["contents"][policy["digest"]["sha256"]]


def with_bare_trial(statement: dict[str, Any]) -> None:
    statement["subject"].append({**statement["subject"][0], "name": "trial/other.yaml"})
    statement["predicate"]["share"] = 500


def jws(fleet: Fleet) -> bytes:
    """Return what a bundle says, signed by the right key in another form."""
    statement = base64.b64decode(json.loads(signed(fleet))["payload"])
    return sign_jws(statement, fleet.key, typ="headgate-policy").encode()


def files(fleet: Fleet, text: str, **more: bytes) -> dict[str, bytes]:
    return {**bundle(fleet).files, "headgate.yaml": text.encode(), **more}


def other_key(fleet: Fleet) -> bytes:
    return bundle(fleet).sign(generate_signing_key("policies"))


def unsigned(fleet: Fleet) -> bytes:
    return canonical_json({**json.loads(fleet.signed.read_bytes()), "signatures": []})


def mixed(fleet: Fleet) -> bytes:
    """Return the signature of one version under the statement of another."""
    envelope = json.loads(signed(fleet))
    return canonical_json({**envelope, "signatures": json.loads(fleet.signed.read_bytes())["signatures"]})


def traversing(name: str) -> Callable[[Fleet], bytes]:
    return lambda fleet: forged(fleet, rename(name))


def using(text: str) -> Callable[[Fleet], bytes]:
    return lambda fleet: signed(fleet, files=files(fleet, text))


def by_the_policy_key(fleet: Fleet) -> bytes:
    text = (
        '{"version": 1, "sources": [{"id": "docs", "match": "https://docs.example/**", "provenance": {"keys": "k"}}]}'
    )
    return signed(fleet, files=files(fleet, text, k=json.dumps(fleet.key.public_jwks()).encode()))


NO_NAME, ONE = "not the name of a file below", "would be one on some disks"
NAMES = {
    "policy/../headgate.yaml": NO_NAME,
    "policy//etc/passwd": NO_NAME,
    "policy/a/../../b": NO_NAME,
    "policy/./headgate.yaml": NO_NAME,
    "policy/..\\b": NO_NAME,
    "policy/C:b": NO_NAME,
    "policy/a\x00b": NO_NAME,
    "policy/a\nb": NO_NAME,
    "policy/HEADGATE.yaml": ONE,
    "policy/headgate.yaml": "is there twice",
    "policy/headgate.yaml/x": ONE,
    "policy/headgate.yaml.": NO_NAME,
    "policy/ headgate.yaml": NO_NAME,
    "policy/" + "a" * 600: NO_NAME,
    "policy/": NO_NAME,
    "elsewhere/headgate.yaml": "neither of the policy nor of a trial",
    "headgate.yaml": "neither of the policy nor of a trial",
    "policy/CON": NO_NAME,
    "policy/keys/NUL": NO_NAME,
    "policy/aux.yaml": NO_NAME,
    "policy/keys/com1.tar.gz": NO_NAME,
    "policy/keys/LPT¹": NO_NAME,
    "policy/a/conin$": NO_NAME,
    "policy/Prn .txt": NO_NAME,
}
ATTACKS: dict[str, tuple[Callable[[Fleet], bytes], str]] = {
    "nothing": (lambda fleet: b"", "cannot be read"),
    "HTML": (lambda fleet: b"<html>sign in</html>", "cannot be read"),
    "a list": (lambda fleet: b"[]", "not a JSON object"),
    "not text": (lambda fleet: b"\xff\xfe\x00", "utf-8"),
    "deep": (lambda fleet: b"[" * 100_000, "more than 1,000 parts"),
    "too long": (lambda fleet: b" " * 64_000_001, "more than 64,000,000 bytes"),
    "cut off": (lambda fleet: signed(fleet)[:-40], "Unterminated"),
    "the policy as it is, unsigned": (lambda fleet: fleet.draft.read_bytes(), "cannot be read"),
    "without a signature": (unsigned, "1 to 8 signatures"),
    "another key of the same name": (other_key, r"does not verify \(P102\)"),
    "the key of a source": (lambda fleet: bundle(fleet).sign(fleet.docs.key), "P103"),
    "the signature of another version": (mixed, r"does not verify \(P102\)"),
    "a JWS of the same claims": (jws, "envelope cannot be read"),
    "a statement of another type": (
        lambda fleet: forged(fleet, lambda statement: None, MANIFEST_TYPE),
        "predicate type",
    ),
    "contents that change places": (lambda fleet: forged(fleet, swap), "P105"),
    "contents that are missing": (
        lambda fleet: forged(fleet, lambda one: one["predicate"]["contents"].popitem()),
        "is missing or is not base64",
    ),
    "contents that no file has": (
        lambda fleet: forged(fleet, lambda one: one["subject"].pop()),
        "content that no file has",
    ),
    "no policy": (lambda fleet: forged(fleet, without_policy), "there is no policy/headgate.yaml"),
    "a trial without a policy": (lambda fleet: forged(fleet, with_bare_trial), "there is no trial/headgate.yaml"),
    "another name": (lambda fleet: signed(fleet, name="staging"), "the policy 'staging'"),
    "from the future": (lambda fleet: signed(fleet, issued=fleet.clock.now + 2 * HOUR), "from the future"),
    "ended": (lambda fleet: signed(fleet, issued=fleet.clock.now - 2 * HOUR, expires=fleet.clock.now), "it ended at"),
    "an earlier version": (lambda fleet: signed(fleet, version=1), "version 2 was accepted before"),
    "the same version with another content": (
        lambda fleet: signed(fleet, version=2, issued=fleet.clock.ago(hours=1)),
        "another version 2 was accepted",
    ),
    "a version that is none": (
        lambda fleet: forged(fleet, lambda one: one["predicate"].update(version=-1)),
        "'version' is",
    ),
    "a version of letters": (
        lambda fleet: forged(fleet, lambda one: one["predicate"].update(version="8")),
        "'version' is",
    ),
    "a policy that is none": (using("version: 1\nsources: ["), "not YAML"),
    "a policy of another time": (using("version: 2"), "version: 2 does not fit"),
    "a policy that pulls another": (
        using("version: 1\npull: {name: acme, path: other.json, keys: keys/docs.json}"),
        "cannot pull another",
    ),
    "a policy that names a file of the machine": (
        using("version: 1\ndefault: {terminology: ['/etc/hosts']}"),
        "not signed with it: '/etc/hosts'",
    ),
    "a policy that names what was not signed": (
        using("version: 1\ndefault: {terminology: [other.yaml]}"),
        "not signed with it: 'other.yaml'",
    ),
    "a policy that leaves its folder": (
        using("version: 1\ndefault: {terminology: [../../../one/other.yaml]}"),
        "not signed with it: '../../../one",
    ),
    "a policy whose source is the publisher of policies": (by_the_policy_key, "also speaks for 'docs'"),
    **{f"a file named {name[:40]!r}": (traversing(name), match) for name, match in NAMES.items()},
}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_the_place_says_besides_leaves_the_last_good_one_in_force(name: str, fleet: Fleet) -> None:
    fleet.publish()
    gate = fleet.gate(warn_after="2d")
    before = sorted(fleet.folder.rglob("*"))
    attack, match = ATTACKS[name]
    fleet.serve(attack(fleet))
    fleet.follow(gate)
    assert fleet.says(gate) == DOCS
    assert gate.pulled is not None
    assert re.search(match, gate.pulled.place.problem or "")
    assert gate.pulled.age(fleet.clock.now) == HOUR
    # Nothing was written anywhere but in the cache.
    cache = fleet.machine(warn_after="2d").parent / "cache"
    assert [path for path in sorted(fleet.folder.rglob("*")) if cache not in path.parents] == [
        path for path in before if cache not in path.parents
    ]
    # A process that begins now has the last good one too; a machine that never had one has none.
    restart()
    assert fleet.says(fleet.gate(warn_after="2d")) == DOCS
    if name in ("an earlier version", "the same version with another content"):
        return
    with pytest.raises(PolicyError, match=match):
        fleet.gate("two")


def test_an_earlier_version_stays_refused_after_a_restart(fleet: Fleet) -> None:
    old = fleet.signed.read_bytes()
    fleet.write("docs", "news")
    fleet.publish()
    fleet.gate()
    restart()
    fleet.serve(old)
    gate = fleet.gate()
    fleet.follow(gate)
    assert gate.pulled is not None
    assert "version 2 was accepted before" in (gate.pulled.place.problem or "")
    assert fleet.says(gate) == "admit+T301 admit+T301"
    # Also where what was kept is gone.
    for path in (fleet.machine().parent / "cache" / "policies").glob("*.json"):
        path.unlink()
    restart()
    with pytest.raises(PolicyError, match="version 2 was accepted before"):
        fleet.gate()


def test_a_version_below_what_the_machine_wants_is_refused(fleet: Fleet) -> None:
    with pytest.raises(PolicyError, match="5 is wanted"):
        fleet.gate(at_least=5)


def test_a_key_that_is_over_signs_nothing(fleet: Fleet) -> None:
    fleet.key.save(fleet.folder / "short", valid_until=fleet.clock.now + HOUR)
    gate = fleet.gate(keys=str(fleet.folder / "short.jwks.json"))
    assert fleet.says(gate) == DOCS
    fleet.follow(gate)
    assert "G910" in fleet.says(gate)
    assert "admit" not in fleet.says(gate)


def test_a_clock_that_goes_back_makes_nothing_young(fleet: Fleet) -> None:
    gate = fleet.gate(warn_after="1h", stop_after="2h")
    fleet.server.status = 500
    fleet.follow(gate, 3 * HOUR)
    assert "admit" not in fleet.says(gate)
    # What was kept is from the future for a process whose clock is behind: then its age is not known.
    restart()
    fleet.clock.advance(timedelta(days=-2))
    assert "admit" not in fleet.says(fleet.gate(warn_after="1h", stop_after="2h"))


@pytest.mark.parametrize("change", [{"share": 10_000}, {"share": 0}, {"files": {}}, {"version": -1}, {"name": ""}])
def test_what_no_reader_takes_is_not_signed(fleet: Fleet, change: dict[str, Any]) -> None:
    with pytest.raises((ManifestError, HeadgateError)):
        bundle(fleet, trial=bundle(fleet).files, **{"share": 500, **change}).sign(fleet.key)


@pytest.mark.parametrize("same_content", [True, False])
def test_a_further_key_is_no_way_back_in_a_running_gate(same_content: bool, fleet: Fleet) -> None:
    old = fleet.signed.read_bytes()
    if not same_content:
        fleet.write("docs", "news")
    fleet.publish()
    file, gates = fleet.machine(), SharedGates()
    gate, shared = Gate(file, clock=fleet.clock), gates.get(file)
    said = fleet.says(gate)
    fleet.serve(old)
    further = generate_signing_key("next")
    both = {"keys": [*fleet.key.public_jwks()["keys"], *further.public_jwks()["keys"]]}
    (fleet.folder / "policies.jwks.json").write_text(json.dumps(both))
    for _ in range(2):
        with pytest.raises(PolicyError, match="version 1; 2 is in force"):
            gate.reload()
        with pytest.raises(PolicyError, match="version 1; 2 is in force"):
            gates.get(file, strict=True)
        assert gates.get(file) is shared
        assert fleet.says(gate) == said
    assert gate.pulled is not None
    assert gate.pulled.bundle.version == 2
    # By the new key alone, it is what its publisher means: the old one has leaked.
    (fleet.folder / "policies.jwks.json").write_text(json.dumps(further.public_jwks()))
    text, keys = fleet.write("news").read_text(), (fleet.draft.parent / "keys" / "news.json").read_bytes()
    fleet.serve(bundle(fleet, version=1, files={**files(fleet, text), "keys/news.json": keys}).sign(further))
    assert gate.reload()
    assert gate.pulled.bundle.version == 1


@pytest.mark.parametrize("what", ["keys", "place", "age"])
def test_a_shared_gate_follows_its_file_to_another_place_and_other_keys(what: str, fleet: Fleet) -> None:
    """The policy stays the same; who may sign the next one, and where it comes from, does not."""
    file, fresh = fleet.machine(), generate_signing_key("policies-2")
    gates, keys = SharedGates(), fleet.folder / "policies.jwks.json"
    before = gates.get(file)
    if what == "keys":
        keys.write_text(json.dumps(fresh.public_jwks()))
        fleet.serve(bundle(fleet, version=2).sign(fresh))
    elif what == "place":
        fleet.machine(url=f"{fleet.url}?moved")
    else:
        fleet.machine(stop_after="2h")
    after = gates.get(file, strict=True)
    assert before.pulled is not None
    assert after.pulled is not None
    assert after.policy_revision == before.policy_revision
    assert after.pulled.place is not before.pulled.place
    assert after.pulled.place is Gate(file).pulled.place  # type: ignore[union-attr]
    assert gates.get(file) is after


@pytest.mark.parametrize(
    "place",
    [
        {"git": {"repository": "https://bot:SECRET-4711@git.example/policies.git", "file": "policy.json"}},
        {"git": {"repository": "ssh://bot:SECRET-4711@git.example/policies.git", "file": "policy.json"}},
        {"path": "https://bot:SECRET-4711@files.example/policy.json"},
    ],
)
def test_an_address_is_no_path_and_its_password_in_no_message(place: dict[str, Any], fleet: Fleet) -> None:
    with pytest.raises(PolicyError, match="not a path on this machine") as caught:
        fleet.gate(**place)
    assert "SECRET" not in f"{caught.value!r} {caught.value}"


def test_a_name_of_a_gate_that_cannot_be_encoded_is_a_name(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environb, b"HEADGATE_GATE", b"pod-\xff1")
    gate = fleet.gate()
    fleet.write("news")
    fleet.publish("--share", "5%")
    fleet.follow(gate)
    assert gate.pulled is not None
    assert gate.pulled.bundle.trial
    assert gate.pulled.bundle.part_of("\ud800") in ("policy", "trial")

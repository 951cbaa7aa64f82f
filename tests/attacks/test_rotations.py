"""Attacks that wait for another set of keys: the memory of versions begins again with it, a running gate does not."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from headgate import Chunk, Gate, PolicyError
from headgate.files import write_bytes
from headgate.integration.sharing import SharedGates
from headgate.provenance import SigningKey, generate_signing_key
from headgate.provenance.revocation import Revocation, RevocationList
from headgate.testing import FixedClock
from shelves import WEEK, Shelf, page

ONE, TWO, POISON = page("a", "one"), page("a", "two"), page("a", "poison")
HIGHEST = 2**63 - 1


class World:
    """A policy file, the folder of a manifest, and a list of revocations."""

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        self.clock, self.folder = clock, folder
        self.shelf = Shelf(folder / "shelf", clock)
        self.file, self.list = folder / "headgate.yaml", folder / "revoked.jws"
        self.security = generate_signing_key("security")
        self.listed = 0
        self.revoke()

    def revoke(self, *keys: SigningKey) -> None:
        self.listed += 1
        found = RevocationList(
            issuer="security",
            version=self.listed,
            issued=self.clock.now,
            expires=self.clock.now + 4 * WEEK,
            keys={one.thumbprint: Revocation() for key in keys for one in key.public},
        )
        self.list.write_bytes(found.sign(self.security))

    def write(self, *keys: SigningKey, **provenance: Any) -> None:
        jwks = {"keys": [one for key in keys for one in key.public_jwks()["keys"]]}
        source = self.shelf.source(provenance={"keys": jwks, **provenance})
        revocations = [{"list": str(self.list), "keys": self.security.public_jwks()}]
        self.file.write_text(yaml.safe_dump({"sources": [source], "revocations": revocations}))

    def gate(self, *keys: SigningKey, **provenance: Any) -> Gate:
        self.write(*keys, **provenance)
        return Gate(self.file, clock=self.clock)

    def kept(self) -> dict[Path, bytes]:
        """Return what somebody has copied of the folder."""
        return {file: file.read_bytes() for file in self.shelf.folder.rglob("*") if file.is_file()}


@pytest.fixture
def world(tmp_path: Path, clock: FixedClock) -> World:
    return World(tmp_path, clock)


def codes(gate: Gate, *chunks: Chunk) -> list[tuple[str, ...]]:
    return [decision.codes for decision in gate.admit(chunks).decisions]


def put_back(kept: dict[Path, bytes]) -> None:
    for file, content in kept.items():
        write_bytes(file, content)


@pytest.mark.parametrize("what", ["version", "content", "timestamp"])
def test_a_further_key_is_no_way_back(what: str, world: World) -> None:
    shelf, key = world.shelf, world.shelf.key
    shelf.publish([ONE], version=1 if what == "version" else 2, lifetime=3 * WEEK)
    kept = world.kept()
    world.clock.advance(timedelta(hours=1))
    if what == "timestamp":
        shelf.renew(WEEK)
    else:
        shelf.publish([TWO], version=2)
    current = ONE if what == "timestamp" else TWO
    gate = world.gate(key)
    assert codes(gate, current) == [()]
    put_back(kept)
    world.write(key, generate_signing_key("next"))
    for _ in range(2):
        with pytest.raises(PolicyError, match="P108"):
            gate.reload()
        assert codes(gate, current) == [()]
    # Once the publisher has signed again, the further key is there.
    world.clock.advance(timedelta(hours=1))
    shelf.publish([current], version=3)
    assert gate.reload()
    assert codes(gate, current) == [()]


def test_nor_is_it_where_gates_are_made_anew_when_their_files_change(world: World) -> None:
    key = world.shelf.key
    world.shelf.publish([ONE], lifetime=3 * WEEK)
    kept = world.kept()
    world.shelf.publish([TWO])
    world.write(key)
    gates = SharedGates()
    gate = gates.get(world.file)
    put_back(kept)
    world.write(key, generate_signing_key("next"))
    assert gates.get(world.file) is gate
    with pytest.raises(PolicyError, match="P108"):
        gates.get(world.file, strict=True)


def test_nor_is_it_for_a_list_of_revocations_there(world: World) -> None:
    stolen = world.shelf.key
    world.shelf.publish([ONE])
    world.write(stolen)
    kept = world.list.read_bytes()
    world.revoke(stolen)
    gates = SharedGates()
    gate = gates.get(world.file)
    assert "P107" in codes(gate, ONE)[0]  # beside what has ended by now: a shared gate has no clock of its own
    world.list.write_bytes(kept)
    policy = yaml.safe_load(world.file.read_text())
    further = generate_signing_key("security-2").public_jwks()["keys"]
    policy["revocations"][0]["keys"] = {"keys": [*world.security.public_jwks()["keys"], *further]}
    world.file.write_text(yaml.safe_dump(policy))
    with pytest.raises(PolicyError, match="P108"):
        gates.get(world.file, strict=True)
    assert gates.get(world.file) is gate
    assert "P107" in codes(gate, ONE)[0]


def test_another_folder_another_corpus_and_other_keys_are_meant(world: World) -> None:
    old, new = world.shelf.key, generate_signing_key("new")
    world.shelf.publish([ONE], lifetime=3 * WEEK)
    moved = world.folder / "moved"
    shutil.copytree(world.shelf.folder, moved)
    world.shelf.publish([TWO])
    gate = world.gate(old)
    world.write(old, new, manifest=str(moved))
    assert gate.reload()
    assert codes(gate, ONE) == [()]
    world.write(old)
    assert gate.reload()
    world.shelf.key = new
    world.shelf.publish([ONE], version=1)
    world.write(new)
    assert gate.reload()
    assert codes(gate, ONE) == [()]


def test_who_begins_with_another_set_of_keys_is_held_by_at_least(world: World) -> None:
    """As documented: no process that has seen the list is there, and what was remembered was under other keys."""
    key, further = world.shelf.key, generate_signing_key("next")
    world.shelf.publish([ONE], lifetime=3 * WEEK)
    kept = world.kept()
    world.shelf.publish([TWO])
    assert codes(world.gate(key), TWO) == [()]
    put_back(kept)
    assert codes(world.gate(key), ONE) == [("P108",)]
    assert codes(world.gate(key, further, at_least=2), ONE) == [("P108",)]
    # An old timestamp ends, whoever has kept it.
    gate = world.gate(key, further)
    assert codes(gate, ONE) == [()]
    world.clock.advance(3 * WEEK)
    assert codes(gate, ONE) == [("P114",)]


def test_nor_is_it_for_a_list_of_revocations(world: World) -> None:
    stolen = world.shelf.key
    world.shelf.publish([ONE])
    gate, kept = world.gate(stolen), world.list.read_bytes()
    world.revoke(stolen)
    assert codes(gate, ONE) == [("P107",)]
    revoked = world.list.read_bytes()
    world.list.write_bytes(kept)
    policy, security = yaml.safe_load(world.file.read_text()), generate_signing_key("security-2")
    both = [*world.security.public_jwks()["keys"], *security.public_jwks()["keys"]]
    policy["revocations"][0]["keys"] = {"keys": both}
    world.file.write_text(yaml.safe_dump(policy))
    with pytest.raises(PolicyError, match="P108") as caught:
        gate.reload()
    assert caught.value.path == ("revocations", 0, "list")
    assert codes(gate, ONE) == [("P107",)]
    world.list.write_bytes(revoked)
    assert gate.reload()
    assert codes(gate, ONE) == [("P107",)]
    # Without the key that signed it, it is another list.
    policy["revocations"][0]["keys"] = security.public_jwks()
    world.file.write_text(yaml.safe_dump(policy))
    world.security, world.listed = security, 0
    world.revoke()
    assert gate.reload()
    assert codes(gate, ONE) == [()]


@pytest.mark.parametrize("is_running", [True, False])
def test_a_key_that_leaked_cannot_run_the_count_ahead_for_ever(is_running: bool, world: World) -> None:
    """The drill: the key is revoked and stays in the policy, and a manifest by a new key beside it counts on."""
    leaked, fresh = world.shelf.key, generate_signing_key("fresh")
    world.shelf.publish([ONE], version=4)
    gate = world.gate(leaked)
    world.shelf.publish([POISON], version=HIGHEST)
    assert gate.reload()
    assert codes(gate, POISON) == [()]
    world.shelf.publish([ONE], version=5)
    with pytest.raises(PolicyError, match="P108"):
        gate.reload()
    world.shelf.key = fresh
    world.shelf.publish([ONE], version=5)
    world.write(leaked, fresh)
    # Until it is known to have leaked, it holds what it has signed.
    with pytest.raises(PolicyError, match="revoke the key"):
        gate.reload()
    world.revoke(leaked)
    if is_running:
        assert gate.reload()
    else:
        gate = Gate(world.file, clock=world.clock)
    assert codes(gate, ONE, POISON) == [(), ("P110",)]
    # Nor does the thief run it ahead once more, while the key is still in the policy.
    kept = world.kept()
    world.shelf.key = leaked
    world.shelf.publish([POISON], version=HIGHEST)
    with pytest.raises(PolicyError, match="P107"):
        gate.reload()
    assert codes(gate, ONE) == [()]
    assert codes(Gate(world.file, clock=world.clock), ONE, POISON) == [("P110", "P107"), ("P107",)]
    put_back(kept)
    world.shelf.key = fresh
    world.shelf.publish([ONE], version=6)
    assert gate.reload()
    for one in (gate, Gate(world.file, clock=world.clock)):
        assert codes(one, ONE, POISON) == [(), ("P110",)]


def test_a_key_that_was_taken_back_hides_no_other_list(world: World) -> None:
    """What is wrong with the list of a key that counts is not looked over because another key was revoked."""
    leaked, fresh = world.shelf.key, generate_signing_key("fresh")
    drafts = Shelf(world.folder / "drafts", world.clock, key=fresh)
    drafts.name = "drafts"
    drafts.publish([POISON])
    world.revoke(leaked)
    world.shelf.key = fresh
    world.shelf.publish([ONE])
    gate = world.gate(leaked, fresh)
    assert codes(gate, ONE) == [()]
    shutil.rmtree(world.shelf.folder)
    shutil.copytree(drafts.folder, world.shelf.folder)
    with pytest.raises(PolicyError, match="another corpus"):
        Gate(world.file, clock=world.clock)
    (world.shelf.folder / "timestamp.json").write_bytes(b"x")
    with pytest.raises(PolicyError, match="P106"):
        Gate(world.file, clock=world.clock)

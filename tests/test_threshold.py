"""A manifest that several keys must sign: two of three, each counted once."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate, HeadgateError, KeySet, ManifestError, Policy, PolicyError
from headgate.cli import main
from headgate.corpus import Manifest
from headgate.provenance import SigningKey, generate_signing_key
from headgate.provenance.cosigning import cosign, latest_version, put_in_force
from headgate.provenance.envelopes import add_signature
from headgate.testing import FixedClock

PAGE = "https://docs.example/a"
TEXT = "Suppliers are paid to the account in their master record."
ANN, BEA, CAI, STAMP = (generate_signing_key(name) for name in ("ann", "bea", "cai", "stamp"))
TEAM = KeySet.from_jwks({"keys": [key.public_jwks()["keys"][0] for key in (ANN, BEA, CAI)]})


def jwks(*keys: SigningKey) -> dict[str, Any]:
    return {"keys": [key.public_jwks()["keys"][0] for key in keys]}


def policy(folder: Path, threshold: int = 2, *keys: SigningKey, **more: Any) -> dict[str, Any]:
    provenance = {
        "require": "manifest",
        "manifest": str(folder / "m"),
        "keys": jwks(*(keys or (ANN, BEA, CAI))),
        "timestamp_keys": STAMP.public_jwks(),
        "threshold": threshold,
        **more.pop("provenance", {}),
    }
    source = {"id": "docs", "match": "https://docs.example/**", "provenance": provenance}
    return {"sources": [source], **more}


def publish(folder: Path, clock: FixedClock, *others: SigningKey, text: str = TEXT, version: int = 1) -> None:
    """A manifest by Ann, signed by others too; of a corpus of its own, because gates remember versions."""
    from headgate.corpus import list_corpus, publish_listing
    from headgate.corpus.gathering import items_of
    from headgate.provenance.publication import Publication

    publication = Publication(
        folder=folder / "m", key=ANN, corpus=folder.name, issuer="docs", timestamp_key=STAMP, is_pending=True
    )
    listing = list_corpus(items_of([Chunk(text, {"source": PAGE})]))
    publish_listing(publication, listing, version=version, issued=clock.now, lifetime=timedelta(days=7))
    for key in others:
        cosign(folder / "m", version, key, TEAM)
    put_in_force(folder / "m", version, STAMP, TEAM, threshold=1, issued=clock.now, lifetime=timedelta(days=7))


def decide(gate: Gate, text: str = TEXT) -> list[str]:
    (decision,) = gate.admit([Chunk(text, {"source": PAGE})]).decisions
    return [decision.action, *decision.codes]


def test_two_of_three_are_enough_and_one_is_not(tmp_path: Path, clock: FixedClock) -> None:
    publish(tmp_path, clock)
    with pytest.raises(PolicyError, match="2 keys must sign it, and only 1"):
        Gate(policy(tmp_path), clock=clock)
    assert decide(Gate(policy(tmp_path, 1), clock=clock)) == ["admit"]
    publish(tmp_path, clock, CAI, version=2)
    gate = Gate(policy(tmp_path), clock=clock)
    assert decide(gate) == ["admit"]
    assert decide(gate, "Suppliers are paid to DE99.") == ["drop", "P110"]
    with pytest.raises(PolicyError, match="3 keys must sign"):
        Gate(policy(tmp_path, 3), clock=clock)


def test_one_key_under_two_names_counts_once(tmp_path: Path, clock: FixedClock) -> None:
    twin = SigningKey("twin", ANN.algorithm, ANN.key)
    publish(tmp_path, clock)
    file = tmp_path / "m" / "manifests" / "1.json"
    file.write_bytes(add_signature(file.read_bytes(), twin))
    both = KeySet([*ANN.public, *twin.public, *BEA.public])
    put_in_force(tmp_path / "m", 1, STAMP, both, threshold=1, issued=clock.now, lifetime=timedelta(days=7))
    with pytest.raises(PolicyError, match="only 1"):
        Gate(policy(tmp_path, 2, ANN, twin, BEA), clock=clock)


def test_keys_that_may_not_sign_as_its_issuer_do_not_count(tmp_path: Path, clock: FixedClock) -> None:
    publish(tmp_path, clock, CAI)
    bound: Any = {"provenance": {"issuers": {"docs": ["ann", "bea"], "press": ["cai"]}}}
    with pytest.raises(PolicyError, match="only 1"):
        Gate(policy(tmp_path, **bound), clock=clock)
    publish(tmp_path, clock, CAI, BEA, version=2)
    assert decide(Gate(policy(tmp_path, **bound), clock=clock)) == ["admit"]


def test_a_signature_that_does_not_verify_is_no_signature_less_but_an_error(tmp_path: Path, clock: FixedClock) -> None:
    publish(tmp_path, clock, BEA)
    other = SigningKey("cai", "Ed25519", generate_signing_key().key)
    file = tmp_path / "m" / "manifests" / "1.json"
    file.write_bytes(add_signature(file.read_bytes(), other))
    with pytest.raises(ManifestError, match="does not verify"):
        put_in_force(tmp_path / "m", 1, STAMP, TEAM, threshold=2, issued=clock.now, lifetime=timedelta(days=7))


def test_a_leaked_key_leaves_what_enough_others_have_signed(tmp_path: Path, clock: FixedClock) -> None:
    publish(tmp_path, clock, BEA, CAI)
    security = generate_signing_key("security")
    security.save(tmp_path / "security")
    ANN_FILE = tmp_path / "ann.jwks.json"
    ANN_FILE.write_text(json.dumps(jwks(ANN)))
    BEA_FILE = tmp_path / "bea.jwks.json"
    BEA_FILE.write_text(json.dumps(jwks(BEA)))
    listed: Any = {"revocations": [{"list": str(tmp_path / "r.jws"), "keys": str(tmp_path / "security.jwks.json")}]}

    def revoke(file: Path) -> None:
        words = ["revoke", "add", str(tmp_path / "r.jws"), "--key", str(tmp_path / "security.private.jwk.json")]
        run(*words, "--issuer", "security", "--leaked", str(file), "--now", clock.now.isoformat())

    revoke(ANN_FILE)
    assert decide(Gate(policy(tmp_path, **listed), clock=clock)) == ["admit"]
    revoke(BEA_FILE)
    codes = decide(Gate(policy(tmp_path, **listed), clock=clock))
    assert codes[0] == "drop"
    assert "P107" in codes


def test_what_they_say_ends_when_too_few_keys_are_in_force(tmp_path: Path, clock: FixedClock) -> None:
    publish(tmp_path, clock, BEA, CAI)

    def ending(key: SigningKey, days: int) -> dict[str, Any]:
        end = int((clock.now + timedelta(days=days)).timestamp())
        return {**key.public_jwks()["keys"][0], "exp": end}

    keys: Any = {"provenance": {"keys": {"keys": [ending(ANN, 1), ending(BEA, 2), ending(CAI, 3)]}}}
    gate = Gate(policy(tmp_path, **keys), clock=clock)
    clock.advance(timedelta(days=1, hours=1))
    assert decide(gate) == ["admit"]  # two are left
    clock.advance(timedelta(days=1))
    assert decide(gate)[0] == "drop"


def test_what_is_in_force_is_not_signed_again(tmp_path: Path, clock: FixedClock) -> None:
    publish(tmp_path, clock)
    before = (tmp_path / "m" / "manifests" / "1.json").read_bytes()
    with pytest.raises(HeadgateError, match="in force"):
        cosign(tmp_path / "m", 1, BEA, TEAM)
    with pytest.raises(HeadgateError, match="not among those"):
        cosign(tmp_path / "m", 1, generate_signing_key("eve"), TEAM)
    with pytest.raises(HeadgateError, match="not among those"):
        cosign(tmp_path / "m", 1, SigningKey("bea", "Ed25519", generate_signing_key().key), TEAM)
    assert (tmp_path / "m" / "manifests" / "1.json").read_bytes() == before
    assert latest_version(tmp_path / "m") == 1
    with pytest.raises(HeadgateError, match="no manifest"):
        latest_version(tmp_path)


def test_a_policy_says_what_is_wrong() -> None:
    sealed = {"id": "docs", "match": "https://docs.example/**"}
    for threshold, problem in (
        (2, "about a manifest"),
        (0, "greater than or equal to 1"),
        (9, "less than or equal to 8"),
    ):
        provenance = {"require": "sealed", "keys": jwks(ANN), "threshold": threshold}
        with pytest.raises(PolicyError, match=problem):
            Policy.from_mapping({"sources": [{**sealed, "provenance": provenance}]})


def run(*words: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["headgate", *words])
        with pytest.raises(SystemExit) as end:
            main()
    return int(end.value.code or 0)


def test_the_whole_way_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for key in (ANN, BEA, CAI, STAMP):
        key.save(Path("keys") / key.kid)
    Path("keys/team.jwks.json").write_text(json.dumps(jwks(ANN, BEA, CAI)))
    Path("a.jsonl").write_text(json.dumps({"text": TEXT, "metadata": {"source": PAGE}}) + "\n")
    team = ("--keys", "keys/team.jwks.json")
    build = ("--key", "keys/ann.private.jwk.json", "--issuer", "docs", "--corpus", "commands", "--out", "m")
    assert run("manifest", "build", "a.jsonl", *build, "--pending") == 0
    assert not Path("m/timestamp.json").exists()
    said = capsys.readouterr().err
    assert "Pending: it is not in force" in said
    assert "In force until" not in said
    bea = ("manifest", "sign", "m", "--key", "keys/bea.private.jwk.json", *team, "--threshold", "3")
    assert run(*bea) == 1
    assert "1 more" in capsys.readouterr().err
    assert run("manifest", "sign", "m", "--key", "keys/cai.private.jwk.json", *team, "--threshold", "2") == 0
    capsys.readouterr()
    stamped = ("--timestamp-key", "keys/stamp.private.jwk.json", "--json")
    assert run(*bea[:-1], "2", *stamped) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["is_enough"]
    assert set(said["signed_by"]) == {"ann", "bea", "cai"}
    verify = ("manifest", "verify", "m", *team, "--timestamp-keys", "keys/stamp.jwks.json")
    assert run(*verify, "--threshold", "3") == 0
    assert "Signed by 'ann' and 'bea' and 'cai'" in capsys.readouterr().out
    loaded = Manifest.load(Path("m"), TEAM, timestamp_keys=STAMP.public, threshold=3, cache=tmp_path / "cache")
    assert {key.kid for key in loaded.quorum.signers} == {"ann", "bea", "cai"}


def pending_on_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, ...]:
    """Write a first version that nobody has put in force; return how it is built."""
    for key in (ANN, STAMP):
        key.save(folder / "keys" / key.kid)
    Path("a.jsonl").write_text(json.dumps({"text": TEXT, "metadata": {"source": PAGE}}) + "\n")
    key_and_issuer = ("--key", "keys/ann.private.jwk.json", "--issuer", "docs")
    build = ("manifest", "build", "a.jsonl", *key_and_issuer, "--corpus", "pending", "--out", "m", "--pending")
    assert run(*build, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["pending"], said["expires"]) == (True, None)
    return build


def test_whoever_looks_at_a_version_that_is_pending_is_told_so_and_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    pending_on_the_command_line(tmp_path, capsys)
    ann = ("--keys", "keys/ann.jwks.json")
    looks = (
        (1, ("verify", "m", *ann)),
        (2, ("completeness", "m", "a.jsonl", *ann)),
        (2, ("timestamp", "m", "--key", "keys/ann.private.jwk.json")),
        (2, ("diff", "m", "m", *ann)),
    )
    for code, words in looks:
        assert run("manifest", *words) == code, words
        assert "version 1 is pending until `headgate manifest sign`" in capsys.readouterr().err, words
    provenance = {"require": "manifest", "manifest": str(tmp_path / "m"), "keys": jwks(ANN)}
    policy = {"sources": [{"id": "docs", "match": "https://docs.example/**", "provenance": provenance}]}
    with pytest.raises(PolicyError, match="version 1 is pending until"):
        Gate(Policy.from_mapping(policy))


@pytest.mark.parametrize("keys", [(), ("--keys", "keys/ann.jwks.json")])
def test_what_somebody_is_to_sign_can_be_looked_at_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], keys: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    build = pending_on_the_command_line(tmp_path, capsys)
    for place in ("m", "m/manifests/1.json"):
        assert run("manifest", "show", place, *keys) == 0
        said = capsys.readouterr()
        assert "'pending', version 1, by 'docs'" in said.out
        assert "in force" not in said.out
        assert ("Version 1 is pending" in said.err) == (place == "m")
        assert run("manifest", "show", place, *keys, "--json") == 0
        shown = json.loads(capsys.readouterr().out)
        assert (shown["version"], shown["expires"], shown["verified"]) == (1, None, bool(keys))
    signed = ("manifest", "sign", "m", "--key", "keys/ann.private.jwk.json", "--keys", "keys/ann.jwks.json")
    assert run(*signed, "--timestamp-key", "keys/ann.private.jwk.json") == 0
    assert run("manifest", "show", "m", *keys) == 0
    assert "pending:" not in capsys.readouterr().err
    assert run(*build, "--version", "2") == 0
    for command in ("show", "verify"):
        capsys.readouterr()
        assert run("manifest", command, "m", "--keys", "keys/ann.jwks.json") == 0
        said = capsys.readouterr()
        assert "in force from" in said.out
        assert "Version 2 is pending" in said.err

"""Revocation lists: what was taken back stays out, in every gate that follows the list, without a restart."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headgate import Chunk, Gate, KeySet, Policy, PolicyError
from headgate.cli.app import app
from headgate.encoding import loads_strict
from headgate.provenance import SigningKey, generate_signing_key, verify_jws
from headgate.provenance.revocation import REVOCATIONS_TYPE, Revocation, RevocationList
from headgate.provenance.seals import digest_text
from headgate.record.writing import log_record
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher
from shelves import Shelf, page

PAGE = "https://docs.example/leave"
WIKI = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}


class Security:
    """Whoever signs the list of a test."""

    def __init__(self, file: Path, clock: FixedClock) -> None:
        self.file, self.clock, self.key, self.version = file, clock, generate_signing_key("security"), 0

    def revoke(self, *, lifetime: timedelta = timedelta(days=7), version: int | None = None, **entries: Any) -> None:
        self.version = version if version is not None else self.version + 1
        kinds: dict[str, Mapping[str, Revocation]] = {
            name: value if isinstance(value, dict) else dict.fromkeys(value, Revocation("stolen"))
            for name, value in entries.items()
        }
        empty = RevocationList(
            issuer="security", version=self.version, issued=self.clock.now, expires=self.clock.now + lifetime
        )
        self.file.write_bytes(replace(empty, **kinds).sign(self.key))  # type: ignore[arg-type]  # by name

    def rule(self, **more: Any) -> dict[str, Any]:
        return {"list": str(self.file), "keys": self.key.public_jwks(), **more}


@pytest.fixture
def docs(clock: FixedClock) -> Publisher:
    return Publisher("docs", "https://docs.example/**", clock)


@pytest.fixture
def security(tmp_path: Path, clock: FixedClock) -> Security:
    made = Security(tmp_path / "revoked.jws", clock)
    made.revoke()
    return made


def gate_of(security: Security, clock: FixedClock, *sources: dict[str, Any], **rules: Any) -> Gate:
    return Gate({"sources": list(sources), "revocations": [security.rule(**rules)]}, clock=clock)


def actions(gate: Gate, *chunks: Chunk, **options: Any) -> list[str]:
    return [" ".join((one.action, *one.codes)) for one in gate.admit(chunks, **options).decisions]


def thumbprint(key: SigningKey) -> str:
    (one,) = key.public
    return one.thumbprint


def test_what_a_revoked_key_signed_stays_out_without_a_restart(
    security: Security, docs: Publisher, clock: FixedClock
) -> None:
    other = Publisher("other", "https://other.example/**", clock)
    gate = gate_of(security, clock, docs.source(), other.source())
    chunks = docs.seal("30 days", PAGE), other.seal("x", "https://other.example/a")
    assert actions(gate, *chunks) == ["admit", "admit"]
    security.revoke(keys=[thumbprint(docs.key)])
    admission = gate.admit(chunks)
    assert [one.codes for one in admission.decisions] == [("P107",), ()]
    assert admission.decisions[0].findings[0].message == "The key 'docs' has been revoked: 'stolen'."
    security.revoke()
    assert actions(gate, *chunks) == ["admit", "admit"]


def test_documents_and_texts_are_revoked_whoever_vouches(
    security: Security, docs: Publisher, clock: FixedClock
) -> None:
    gate = gate_of(security, clock, docs.source(), WIKI)
    note = Chunk("note", {"source": "https://wiki.example/a"})
    chunks = (
        docs.seal("30 days", PAGE),
        docs.seal("x", f"{PAGE}/b"),
        note,
        Chunk("x", {"source": "https://wiki.example/b"}),
    )
    security.revoke(documents=[PAGE, "https://wiki.example/a"])
    assert actions(gate, *chunks) == ["drop P107", "admit", "drop P107", "admit"]
    security.revoke(digests=[digest_text("x")])
    assert actions(gate, *chunks) == ["admit", "drop P107", "admit", "drop P107"]


def test_a_key_that_was_revoked_later_is_taken_back_as_the_first(
    security: Security, docs: Publisher, clock: FixedClock
) -> None:
    other = Publisher("other", "https://other.example/**", clock)
    gate = gate_of(security, clock, docs.source(), other.source())
    chunks = docs.seal("30 days", PAGE), other.seal("x", "https://other.example/a")
    security.revoke(keys=[thumbprint(docs.key)])
    assert actions(gate, *chunks) == ["drop P107", "admit"]
    security.revoke(keys=[thumbprint(other.key)])
    assert actions(gate, *chunks) == ["admit", "drop P107"]


def test_what_cannot_be_read_hides_nothing_that_was_taken_back(
    security: Security, docs: Publisher, clock: FixedClock
) -> None:
    gate, taken = gate_of(security, clock, docs.source(), WIKI), docs.seal("30 days", PAGE)
    security.revoke(documents=[PAGE])
    assert actions(gate, Chunk("\ud800"), taken, Chunk("\ud800")) == ["drop G902", "drop P107", "drop G902"]


def test_versions_up_to_one_are_revoked(security: Security, docs: Publisher, clock: FixedClock) -> None:
    security.revoke(documents={PAGE: Revocation("wrong", 3)})
    gate = gate_of(security, clock, docs.source())
    for version, found in ((3, ["drop P107"]), (4, ["admit"])):
        assert actions(gate, docs.seal(f"{version}", PAGE, version=version)) == found
    # Without a version nobody knows which one it is.
    assert actions(gate_of(security, clock, docs.source()), docs.seal("none", PAGE)) == ["drop P107"]


def test_what_a_revoked_key_signed_counts_where_another_keys_manifest_lists_it(
    security: Security, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path / "shelf", clock, "docs", key=generate_signing_key("docs-list"))
    listed, other = (
        docs.seal(name, f"https://docs.example/{name}", {"source": f"https://docs.example/{name}"})
        for name in ("listed", "other")
    )
    shelf.publish([listed])
    keys = {"keys": [*docs.key.public_jwks()["keys"], *shelf.key.public_jwks()["keys"]]}
    source = docs.source(provenance={"keys": keys, "manifest": str(shelf.folder)})
    gate = gate_of(security, clock, source)
    assert actions(gate, listed, other) == ["admit", "drop P110"]
    leaked = thumbprint(docs.key)
    security.revoke(keys={leaked: Revocation("stolen", since=clock.now + timedelta(seconds=1))})
    assert actions(gate, listed) == ["admit P107"]
    security.revoke(
        keys={leaked: Revocation("stolen", since=clock.now + timedelta(seconds=1)), thumbprint(shelf.key): Revocation()}
    )
    assert actions(gate, listed)[0].startswith("drop P107")


def test_a_manifest_by_a_revoked_key_lists_nothing(security: Security, clock: FixedClock, tmp_path: Path) -> None:
    own = generate_signing_key("clock")
    shelf = Shelf(tmp_path / "shelf", clock, timestamp_key=own)
    shelf.publish([page("a", "one")])
    gate = gate_of(security, clock, shelf.source())
    assert actions(gate, page("a", "one")) == ["admit"]
    for key in (shelf.key, own):
        security.revoke(keys=[thumbprint(key)])
        assert actions(gate, page("a", "one")) == ["drop P107"]


def test_what_was_revoked_pushes_nothing_out(security: Security, docs: Publisher, clock: FixedClock) -> None:
    fresh = Publisher("docs-2", "https://docs.example/**", clock)
    keys = {"keys": [*docs.key.public_jwks()["keys"], *fresh.key.public_jwks()["keys"]]}
    gate = gate_of(security, clock, docs.source(provenance={"keys": keys}))
    poison, genuine = docs.seal("poison", PAGE, version=99), fresh.seal("30 days", PAGE, version=2)
    assert actions(gate, poison, genuine) == ["admit", "drop F205"]
    security.revoke(keys=[thumbprint(docs.key)])
    assert actions(gate, poison, genuine) == ["drop P107", "admit"]
    assert actions(gate, genuine) == ["admit"]
    refused = poison.with_metadata(last_modified="never", expires="rubbish")
    assert actions(gate, refused, genuine)[1] == "admit"


def test_a_list_that_ended_warns_then_keeps_out(security: Security, docs: Publisher, clock: FixedClock) -> None:
    gate = gate_of(security, clock, docs.source(), WIKI, grace="2d")
    chunks = docs.seal("30 days", PAGE), Chunk("note", {"source": "https://wiki.example/a"})
    clock.advance(timedelta(days=7))
    assert actions(gate, *chunks) == ["admit P114", "admit"]
    clock.advance(timedelta(days=2))
    assert actions(gate, *chunks) == ["drop P114", "admit"]
    security.revoke()
    assert actions(gate, *chunks) == ["admit", "admit"]


@pytest.mark.parametrize("how", ["another key", "another type", "garbage", "rolled back", "another content", "gone"])
def test_a_list_that_cannot_be_used_replaces_none(
    how: str, security: Security, docs: Publisher, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    gate = gate_of(security, clock, docs.source())
    chunk = docs.seal("30 days", PAGE)
    security.revoke(keys=[thumbprint(docs.key)])
    assert actions(gate, chunk) == ["drop P107"]
    if how == "another key":
        Security(security.file, clock).revoke(version=9)
    elif how == "another type":
        security.file.write_text(str(chunk.metadata["headgate_seal"]))
    elif how == "garbage":
        security.file.write_bytes(b"\xff garbage" * 9)
    elif how == "rolled back":
        security.revoke(version=1)
    elif how == "another content":
        security.revoke(version=security.version)
    else:
        security.file.unlink()
    with caplog.at_level(logging.WARNING, "headgate"):
        assert actions(gate, chunk) == ["drop P107"]
        assert actions(gate, chunk) == ["drop P107"]
    assert caplog.text.count("stays in force") == 1
    # A gate that is made now does not begin with less.
    with pytest.raises(PolicyError):
        gate_of(security, clock, docs.source())
    clock.advance(timedelta(days=30))
    assert "P114" in actions(gate, docs.seal("x", f"{PAGE}/x"))[0]


def test_a_list_that_cannot_be_used_is_an_error_at_its_place(
    security: Security, docs: Publisher, tmp_path: Path
) -> None:
    file = tmp_path / "headgate.yaml"
    rule = security.rule()
    file.write_text(json.dumps({"sources": [docs.source()], "revocations": [rule]}))
    assert Gate(file)
    for change, problem in (
        ({"list": "nowhere.jws"}, "nowhere.jws"),
        ({"keys": generate_signing_key("stranger").public_jwks()}, "P103"),
        ({"keys": "nowhere.json"}, "nowhere.json"),
    ):
        file.write_text(json.dumps({"sources": [docs.source()], "revocations": [{**rule, **change}]}))
        with pytest.raises(PolicyError, match=problem) as caught:
            Gate(file)
        assert caught.value.path[:2] == ("revocations", 0)
        assert caught.value.line is not None


def test_the_keys_of_a_list_are_part_of_the_revision(
    security: Security, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    key_file = tmp_path / "security.jwks.json"
    key_file.write_text(json.dumps(security.key.public_jwks()))
    policy = Policy.from_mapping(
        {"sources": [docs.source()], "revocations": [{"list": str(security.file), "keys": str(key_file)}]}
    )
    before = Gate(policy, clock=clock).policy_revision
    other = Security(tmp_path / "revoked.jws", clock)
    other.revoke()
    key_file.write_text(json.dumps(other.key.public_jwks()))
    assert Gate(policy, clock=clock).policy_revision != before


def test_a_record_decides_alike_and_another_policy_leaves_it_open(
    security: Security, docs: Publisher, clock: FixedClock
) -> None:
    security.revoke(keys=[thumbprint(docs.key)])
    gate = gate_of(security, clock, docs.source())
    record = json.loads(json.dumps(log_record(gate.admit([docs.seal("30 days", PAGE)]))))
    (same,) = Redecider(gate.policy).redecide(record)
    assert (same.action, same.is_changed) == ("drop", False)
    (other,) = Redecider(Policy.from_mapping({"sources": [docs.source()]})).redecide(record)
    assert other.action is None
    assert other.lack == "it was revoked, by a list of the time"


def test_what_was_admitted_is_contradicted_once_it_is_revoked(
    security: Security, docs: Publisher, clock: FixedClock
) -> None:
    from headgate.replay import recheck_record

    gate = gate_of(security, clock, docs.source())
    record = json.loads(json.dumps(log_record(gate.admit([docs.seal("30 days", PAGE)]))))
    assert recheck_record(record, gate.policy, clock.now).answer == "current"
    security.revoke(documents=[PAGE])
    assert recheck_record(record, gate.policy, clock.now).answer == "contradicted"


def test_a_list_is_as_documented(security: Security) -> None:
    security.revoke(keys=["A" * 43], documents={"https://Docs.Example:443/a": Revocation("", 3)})
    payload = verify_jws(security.file.read_text().strip(), security.key.public, typ=REVOCATIONS_TYPE)
    assert loads_strict(payload) == {
        "iss": "security",
        "ver": 2,
        "iat": 1_780_315_200,
        "exp": 1_780_920_000,
        "keys": [{"key": "A" * 43, "rea": "stolen"}],
        "documents": [{"sub": "https://Docs.Example:443/a", "ver": 3}],
        "digests": [],
    }
    found = RevocationList.read(security.file.read_bytes(), security.key.public)
    assert list(found.documents) == ["https://docs.example/a"]


def test_the_vector_of_the_documentation(clock: FixedClock) -> None:
    text = (Path(__file__).parents[1] / "docs" / "revocation-format.md").read_text(encoding="utf-8")
    jwks, token = json.loads(_block(text, "json")), _block(text, "text").replace("\n", "")
    found = RevocationList.read(token.encode(), KeySet.from_jwks(jwks))
    assert (found.issuer, found.version) == ("security", 3)
    assert list(found.keys) == ["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]
    assert found.documents == {"https://docs.example/leave": Revocation("wrong figures", 4)}
    assert list(found.digests) == [digest_text("25 days")]


def _block(text: str, kind: str) -> str:
    return text.partition(f"```{kind}\n")[2].partition("```")[0].strip()


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["revoke", *map(str, arguments)])
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def test_the_commands(tmp_path: Path, docs: Publisher) -> None:
    private, public = generate_signing_key("security").save(tmp_path / "security")
    leaked = tmp_path / "docs.jwks.json"
    leaked.write_text(json.dumps(docs.key.public_jwks()))
    path = tmp_path / "revoked.jws"
    said = run("add", path, "--key", private, "--issuer", "security", "--leaked", leaked, "--reason", "stolen")
    assert "version 1, 1 key, 0 documents, 0 texts revoked" in said
    run("add", path, "--key", private, "--document", f"{PAGE}@3", "--digest", digest_text("x"))
    values = json.loads(run("show", path, "--keys", public, "--json"))
    assert values["version"] == 2
    assert values["keys"] == {thumbprint(docs.key): "stolen"}
    (entry,) = RevocationList.read(path.read_bytes(), KeySet.load(public)).keys.values()
    assert entry.since is not None
    assert values["documents"] == {PAGE: {"version": 3, "reason": ""}}
    assert "versions up to 3" in run("show", path, "--keys", public)
    run("renew", path, "--key", private)
    run("remove", path, "--key", private, "--leaked", leaked)
    values = json.loads(run("show", path, "--keys", public, "--json"))
    assert (values["version"], values["keys"], list(values["documents"])) == (4, {}, [PAGE])
    found = RevocationList.read(path.read_bytes(), KeySet.load(public))
    assert found.issuer == "security"


def test_a_command_that_cannot_do_what_it_is_asked_changes_nothing(tmp_path: Path) -> None:
    private, _ = generate_signing_key("security").save(tmp_path / "security")
    other, other_public = generate_signing_key("other").save(tmp_path / "other")
    path = tmp_path / "revoked.jws"
    for arguments in (
        ("add", path, "--key", private, "--document", PAGE),
        ("add", path, "--key", private, "--issuer", "x"),
        ("add", path, "--key", private, "--issuer", "x", "--digest", "nonsense"),
        ("add", path, "--key", private, "--issuer", "x", "--leaked", "nonsense"),
        ("add", path, "--key", private, "--issuer", "x", "--document", "http://["),
        ("renew", path, "--key", private),
    ):
        result = CliRunner().invoke(app, ["revoke", *map(str, arguments)])
        assert result.exit_code != 0
        assert not path.exists()
    run("add", path, "--key", private, "--issuer", "security", "--document", PAGE)
    before = path.read_bytes()
    for arguments in (
        ("add", path, "--key", other, "--document", PAGE),
        ("renew", path, "--key", other),
        ("remove", path, "--key", private, "--document", f"{PAGE}/b"),
        ("show", path, "--keys", other_public),
    ):
        assert CliRunner().invoke(app, ["revoke", *map(str, arguments)]).exit_code != 0
        assert path.read_bytes() == before

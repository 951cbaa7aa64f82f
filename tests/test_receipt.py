"""A receipt says what a prompt was given, to whoever has the public key, and for one question only."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from headgate import Admission, Chunk, Gate, HeadgateError
from headgate.cli.app import app
from headgate.encoding import b64url_decode, b64url_encode, canonical_json
from headgate.provenance import KeySet, generate_signing_key, sign_jws
from headgate.record import log_record
from headgate.record.receipt import RECEIPT_TYPE, ReceiptError, issue_receipt, verify_receipt
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
DESK = generate_signing_key("desk")
KEYS = KeySet.from_jwks(DESK.public_jwks())


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    (tmp_path / "terms.yaml").write_text("terms: {Kubernetes: [k8s]}")
    source = DOCS.source(terminology=[str(tmp_path / "terms.yaml")])
    return Gate({"sources": [source], "log": {"path": str(tmp_path / "log.jsonl")}}, clock=CLOCK)


def admitted(gate: Gate, query: str | None = "How?") -> Admission:
    page = "https://docs.example/a"
    chunks = [
        DOCS.seal("Install k8s.", page, version=3),
        DOCS.seal("Then rest.", "https://docs.example/b"),
        Chunk("Mine.", {"source": page}),
    ]
    return gate.admit(chunks, query)


def test_a_receipt_says_what_the_prompt_was_given(gate: Gate) -> None:
    admission = admitted(gate)
    token = issue_receipt(admission, DESK, "desk")
    receipt = verify_receipt(token, KEYS, query="How?", texts=[chunk.text for chunk in admission.chunks])
    assert (receipt.issuer, receipt.admission, receipt.now) == ("desk", admission.id, admission.now)
    assert receipt.policy_revision == gate.policy_revision
    first, second = receipt.documents
    assert (first["uri"], first["version"], first["source"]) == ("https://docs.example/a", 3, "docs")
    assert first["edits"] == [[8, 11, "Kubernetes", "replace"]]
    assert first["digest"] != first["prompt_digest"]
    assert second["digest"] == second["prompt_digest"]
    assert receipt.dropped == {"P101": 1}
    assert receipt.statement["_type"] == "https://in-toto.io/Statement/v1"
    assert all(len(subject["digest"]["sha256"]) == 64 for subject in receipt.statement["subject"])
    assert "Install" not in token
    assert "How?" not in b64url_decode(token.split(".")[1]).decode()


def test_a_receipt_is_for_one_question(gate: Gate) -> None:
    admission = admitted(gate)
    token = issue_receipt(admission, DESK, "desk")
    assert verify_receipt(token, KEYS, query_digest=admission.query_digest, admission=admission.id)
    with pytest.raises(ReceiptError, match="another question"):
        verify_receipt(token, KEYS, query="Why?")
    with pytest.raises(ReceiptError, match="for the admission"):
        verify_receipt(token, KEYS, query="How?", admission="0" * 32)
    with pytest.raises(ValueError, match="name the question"):
        verify_receipt(token, KEYS)
    with pytest.raises(ReceiptError, match="has none"):
        issue_receipt(admitted(gate, None), DESK, "desk")


def test_other_texts_do_not_verify(gate: Gate) -> None:
    admission = admitted(gate)
    token = issue_receipt(admission, DESK, "desk")
    texts = [chunk.text for chunk in admission.chunks]
    for wrong in ([], texts[:1], [*texts, "x"], texts[::-1], ["Install k8s.", texts[1]]):
        with pytest.raises(ReceiptError):
            verify_receipt(token, KEYS, query="How?", texts=wrong)


def test_a_key_may_be_bound_to_its_issuers(gate: Gate) -> None:
    token = issue_receipt(admitted(gate), DESK, "board")
    assert verify_receipt(token, KEYS, query="How?").kid == "desk"
    assert verify_receipt(token, KEYS, query="How?", issuers={"desk": ["board"]}).issuer == "board"
    issuers: Any
    for issuers in ({}, {"desk": []}, {"desk": ["desk"]}, {"board": ["board"]}, {"desk": ["boards"]}):
        with pytest.raises(ReceiptError, match="does not speak for 'board'"):
            verify_receipt(token, KEYS, query="How?", issuers=issuers)


@pytest.mark.parametrize("mode", ["enforce", "warn", "audit"])
def test_a_receipt_says_under_which_mode_it_was_made(mode: str) -> None:
    gate = Gate({"mode": mode, "sources": [DOCS.source()]}, clock=CLOCK)
    receipt = verify_receipt(issue_receipt(admitted(gate), DESK, "desk"), KEYS, query="How?")
    assert (receipt.mode, receipt.as_of) == (mode, None)
    asked = gate.admit([], "How?", as_of=CLOCK.now)
    assert verify_receipt(issue_receipt(asked, DESK, "desk"), KEYS, query="How?").as_of == CLOCK.now


def test_a_receipt_of_no_known_mode_is_refused(gate: Gate) -> None:
    statement: dict[str, Any] = json.loads(b64url_decode(issue_receipt(admitted(gate), DESK, "desk").split(".")[1]))
    statement["predicate"]["mode"] = "trust me"
    with pytest.raises(ReceiptError, match="another mode"):
        verify_receipt(sign_jws(canonical_json(statement), DESK, typ=RECEIPT_TYPE), KEYS, query="How?")


def test_a_receipt_is_signed_while_the_certificate_is_in_force(gate: Gate) -> None:
    (key,) = KEYS
    token = issue_receipt(admitted(gate), DESK, "desk")
    for start, end, is_right in ((0, 1, True), (1, 2, False), (-1, 0, False)):
        dates = (CLOCK.now + timedelta(start), CLOCK.now + timedelta(end))
        keys = KeySet([replace(key, valid_from=dates[0], valid_until=dates[1])])
        if is_right:
            assert verify_receipt(token, keys, query="How?")
        else:
            with pytest.raises(ReceiptError, match="not in force"):
                verify_receipt(token, keys, query="How?")


def test_nobody_else_can_issue_one(gate: Gate) -> None:
    admission = admitted(gate)
    stranger = generate_signing_key("desk")
    with pytest.raises(ReceiptError, match="does not verify"):
        verify_receipt(issue_receipt(admission, stranger, "desk"), KEYS, query="How?")
    seal = DOCS.seal("x", "https://docs.example/a").metadata["headgate_seal"]
    with pytest.raises(ReceiptError, match="the type is"):
        verify_receipt(str(seal), KeySet.from_jwks(DOCS.key.public_jwks()), query="How?")


@given(st.data())
def test_a_receipt_that_was_touched_does_not_verify(data: st.DataObject) -> None:
    gate = Gate({"sources": [DOCS.source()]}, clock=CLOCK)
    token = issue_receipt(admitted(gate), DESK, "desk")
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters(codec="ascii").filter(lambda c: c != token[place] and not c.isspace()))
    with pytest.raises(ReceiptError):
        verify_receipt(token[:place] + character + token[place + 1 :], KEYS, query="How?")


@pytest.mark.parametrize(
    "payload", [b"{}", b"[]", b"null", b'{"_type":"https://in-toto.io/Statement/v1"}', b"x", b'{"a":1,"a":2}']
)
def test_what_is_signed_but_no_receipt_is_refused(payload: bytes) -> None:
    with pytest.raises(ReceiptError, match="not one of this version"):
        verify_receipt(sign_jws(payload, DESK, typ=RECEIPT_TYPE), KEYS, query="How?")


def test_subjects_and_documents_must_agree(gate: Gate) -> None:
    token = issue_receipt(admitted(gate), DESK, "desk")
    statement: dict[str, Any] = json.loads(b64url_decode(token.split(".")[1]))
    statement["subject"][0]["digest"]["sha256"] = "0" * 64
    forged = sign_jws(canonical_json(statement), DESK, typ=RECEIPT_TYPE)
    with pytest.raises(ReceiptError, match="subjects and documents differ"):
        verify_receipt(forged, KEYS, query="How?")
    assert b64url_encode(b"x")


@pytest.mark.parametrize("value", [None, 3, [], {}, float("inf"), float("nan"), "x"], ids=str)
def test_a_record_of_other_making_is_refused_or_signed_as_it_is(gate: Gate, value: object) -> None:
    for name in ("digest", "findings", "action", "evidence", "edits", "uri"):
        record = json.loads(json.dumps(log_record(admitted(gate)), default=str))
        record["decisions"][0][name] = value
        try:
            token = issue_receipt(record, DESK, "desk")
        except ReceiptError:
            continue
        assert verify_receipt(token, KEYS, query="How?")


def test_a_prompt_without_documents_has_a_receipt_too(gate: Gate) -> None:
    admission = gate.admit([Chunk("x")], "How?")
    receipt = verify_receipt(issue_receipt(admission, DESK, "desk"), KEYS, query="How?", texts=[])
    assert receipt.documents == ()


def test_the_commands(gate: Gate, tmp_path: Path) -> None:
    admission = admitted(gate)
    private, public = DESK.save(tmp_path / "desk")
    log, file = str(tmp_path / "log.jsonl"), str(tmp_path / "receipt.jws")

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["receipt", *words])

    issuing = ["issue", log, "--admission", admission.id[:12], "--key", str(private), "--issuer", "desk"]
    assert run(*issuing, "--out", file).exit_code == 0
    for number, chunk in enumerate(admission.chunks):
        (tmp_path / f"{number}.txt").write_text(chunk.text)
    checking = ["verify", file, "--keys", str(public)]
    texts = ["--document", str(tmp_path / "0.txt"), "--document", str(tmp_path / "1.txt")]
    done = run(*checking, "--query", "How?", *texts)
    assert done.exit_code == 0, done.output
    assert "desk vouches for what was given on" in done.output
    assert "Kept out: P101 1." in done.output
    assert json.loads(run(*checking, "--query", "How?", "--json").stdout)["predicate"]["issuer"] == "desk"
    assert run(*checking, "--query", "Why?").exit_code == 1
    token = Path(file).read_text()
    assert "exists already" in str(run(*issuing, "--out", file).exception)
    assert Path(file).read_text() == token
    assert f"in {file}" in run(*issuing, "--out", file, "--force").stderr.replace("\n", "")
    kid = DESK.kid
    assert run(*checking, "--query", "How?", "--issuer", f"{kid}=help", "--issuer", f"{kid}=desk").exit_code == 0
    done = run(*checking, "--query", "How?", "--issuer", f"{kid}=help")
    assert (done.exit_code, "does not speak for" in done.stderr) == (1, True)
    assert run(*checking, "--query", "How?", "--issuer", "other=desk").exit_code == 1
    assert "KID=NAME" in str(run(*checking, "--query", "How?", "--issuer", "desk").exception)
    swapped = [texts[0], texts[3], texts[2], texts[1]]
    assert "Document 1 (" in run(*checking, "--query", "How?", *swapped).stderr
    assert run(*checking, "--query", "How?", *texts[::-1][:2][::-1]).exit_code == 1
    assert isinstance(run(*checking).exception, HeadgateError)
    assert isinstance(run("issue", log, *issuing[2:3], "ffff", *issuing[4:]).exception, HeadgateError)

"""Receipts: a signed record of what one prompt was given.

A receipt is an in-toto Statement (v1) whose subjects are the texts that entered the prompt, signed as a compact JWS
(RFC 7515) under the same strict rules as seals. It is bound to the question: whoever verifies it names the question,
and a receipt for another one does not verify. docs/receipts.md has the format.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from headgate.clock import read_instant
from headgate.decision import Admission, Mode
from headgate.display import Displayed
from headgate.encoding import (
    b64url_decode,
    canonical_json,
    digest_label,
    in_number,
    is_digest_label,
    loads_strict,
    replace_surrogates,
    shown,
)
from headgate.errors import HeadgateError, SealError
from headgate.limits import Limits
from headgate.provenance import KeySet, VerificationKey, load_signer, sign_jws
from headgate.provenance.jws import parse_jws, verify_parsed
from headgate.record.writing import log_record

__all__ = [
    "PREDICATE_TYPE",
    "RECEIPT_TYPE",
    "Receipt",
    "ReceiptError",
    "issue_receipt",
    "read_receipt",
    "verify_receipt",
]

PREDICATE_TYPE = "urn:headgate:prompt-receipt:1"
# A type of its own, so that no seal passes for a receipt (RFC 8725, section 3.11).
RECEIPT_TYPE = "headgate-receipt+jws"
_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
# A seal is about one document, a receipt about all of a prompt.
_LIMITS = Limits(seal_bytes=8_000_000)


class ReceiptError(HeadgateError):
    """A receipt proves nothing about this prompt; the message says why."""


@dataclass(frozen=True, slots=True)
class Receipt(Displayed):
    """What a verified receipt says.

    Attributes:
        issuer: who says so, in their own words; `verify_receipt(issuers=...)` binds keys to names.
        kid: the name of the key that signed.
        admission: the id of the admission.
        now: when the documents were released.
        as_of: the time that was asked about, if it was another one.
        mode: the mode of the policy; in `audit` nothing was kept out, whatever `dropped` and the codes say.
        policy_revision: the policy under which.
        query_digest: the digest of the question.
        documents: one mapping per document that entered the prompt, in order: `uri`, `source`, `digest` (the
            original), `prompt_digest` (as it entered the prompt), `version`, `modified`, `age_seconds`, `assurance`,
            `issuer`, `codes`, `edits`, `metadata_edits`, `withheld`.
        dropped: how many documents were kept out, by code.
        head: the record of the admission in the chain of the decision log: the chain, the place in it, and the digest
            of the line; None if the receipt was not made from a log. With it `headgate log --verify` finds a log that
            ends before it.
        statement: the whole statement.
    """

    issuer: str
    kid: str
    admission: str
    now: datetime
    as_of: datetime | None
    mode: Mode
    policy_revision: str
    query_digest: str
    documents: tuple[Mapping[str, Any], ...]
    dropped: Mapping[str, int]
    statement: Mapping[str, Any]
    head: tuple[str, int, str] | None = None


def issue_receipt(
    admission: Admission | Mapping[str, Any], signing_key: object, issuer: str, *, line_digest: str | None = None
) -> str:
    """Return a receipt for what an admission gave to the prompt.

    Args:
        admission: an admission, or its record in a decision log.
        signing_key: a path to a private JWK or PEM, or a key object; ideally a key used for nothing else.
        issuer: who says so.
        line_digest: the digest of the record's line in the log (`LogEntry.digest`), so that the receipt bears witness
            to the log as well.

    Raises:
        ReceiptError: the admission was not for a question, or its record is incomplete.
        PolicyError: the key cannot be used.
    """
    record = log_record(admission) if isinstance(admission, Admission) else admission
    key = load_signer(signing_key)
    if not is_digest_label(record.get("query_digest")):
        raise ReceiptError("A receipt is bound to a question, and this admission has none: pass `query` to the gate.")
    try:
        statement = _statement(record, issuer, line_digest)
        payload = canonical_json(statement)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ReceiptError(f"The record is incomplete: {ascii(error)[:100]}.") from None
    return sign_jws(payload, key, typ=RECEIPT_TYPE)


def verify_receipt(
    token: str,
    keys: KeySet,
    *,
    query: str | None = None,
    query_digest: str | None = None,
    texts: Sequence[str] | None = None,
    admission: str | None = None,
    issuers: Mapping[str, Collection[str]] | None = None,
) -> Receipt:
    """Return what a receipt says, once it is proved to be about this question.

    Args:
        token: the receipt.
        keys: the public keys of whom to believe.
        query: the question that the prompt was about.
        query_digest: its digest, where the question itself is not at hand.
        texts: the texts of the documents in the prompt, in order; if given, they must be the very ones.
        admission: the id of the admission, if it is known.
        issuers: for each key name, the issuers that the key may speak for; a key that it does not name speaks for
            none. Without it, whoever holds one of the keys may call themselves anything.

    Raises:
        ReceiptError: it does not verify, is about something else, or says something else.
        ValueError: neither the question nor its digest is given.
    """
    if query is None and query_digest is None:
        raise ValueError("name the question, or its digest: a receipt proves something about one question only")
    receipt = read_receipt(token, keys, issuers=issuers)
    # As the gate digests a question.
    expected = digest_label(replace_surrogates(query).encode()) if query is not None else query_digest
    if receipt.query_digest != expected:
        raise ReceiptError("The receipt is for another question.")
    if admission is not None and receipt.admission != admission:
        raise ReceiptError(f"The receipt is for the admission {receipt.admission}.")
    if texts is not None:
        _compare(receipt, texts)
    return receipt


def read_receipt(token: str, keys: KeySet, *, issuers: Mapping[str, Collection[str]] | None = None) -> Receipt:
    """Return what a receipt says, whatever question it is about. Arguments as for `verify_receipt`.

    Raises:
        ReceiptError: it does not verify.
    """
    try:
        # A file ends in a line break, and a strict parser does not.
        parsed = parse_jws(token.strip(), typ=RECEIPT_TYPE, limits=_LIMITS)
        key = verify_parsed(parsed, keys)
    except SealError as error:
        raise ReceiptError(f"The receipt does not verify: {error.problem}.") from None
    receipt = _read(parsed.payload, key.kid)
    _check_signer(receipt, key, issuers)
    return receipt


def _check_signer(receipt: Receipt, key: VerificationKey, issuers: Mapping[str, Collection[str]] | None) -> None:
    if issuers is not None and receipt.issuer not in issuers.get(key.kid, ()):
        raise ReceiptError(f"The key {shown(key.kid)} does not speak for {shown(receipt.issuer)}.")
    is_early = key.valid_from is not None and receipt.now < key.valid_from
    if is_early or (key.valid_until is not None and receipt.now >= key.valid_until):
        raise ReceiptError(
            f"The certificate of the key {shown(key.kid)} was not in force at {receipt.now.isoformat()}."
        )


def _statement(record: Mapping[str, Any], issuer: str, line_digest: str | None) -> dict[str, Any]:
    chain = record.get("chain")
    # A record that was changed after it was written names a place that is not its own; the digest would show it.
    head = [chain["id"], chain["n"], line_digest] if chain is not None and line_digest is not None else None
    admitted = [d for d in record["decisions"] if d["action"] == "admit"]
    documents = [_document(decision) for decision in admitted]
    dropped: dict[str, int] = {}
    for decision in record["decisions"]:
        if decision["action"] != "admit":
            codes = [f["code"] for f in decision["findings"] if f["severity"] == "error"]
            # A drop without an error is a record that somebody changed: the lookup fails, and nothing is signed.
            dropped[codes[0]] = dropped.get(codes[0], 0) + 1
    return {
        "_type": _STATEMENT_TYPE,
        "subject": [
            # Numbered, because the chunks of a page share its URI.
            {"name": f"{number}:{document['uri'] or ''}", "digest": {"sha256": _hex(document["prompt_digest"])}}
            for number, document in enumerate(documents)
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "issuer": issuer,
            "admission": record["admission"],
            "now": record["now"],
            "as_of": record.get("as_of"),
            "mode": record["mode"],
            "policy_revision": record["policy_revision"],
            "query_digest": record["query_digest"],
            "documents": documents,
            "dropped": dropped,
            **({"log": head} if head is not None else {}),
        },
    }


def _document(decision: Mapping[str, Any]) -> dict[str, Any]:
    if not is_digest_label(decision["digest"]):
        raise ValueError("a document without a digest")
    kept = ("uri", "source", "id", "digest", "modified", "age_seconds", "assurance", "issuer", "edits")
    return {
        **{name: decision[name] for name in kept},
        "prompt_digest": decision.get("prompt_digest") or decision["digest"],
        "version": (decision.get("evidence") or {}).get("version"),
        "codes": [finding["code"] for finding in decision["findings"]],
        "metadata_edits": decision.get("metadata_edits", {}),
        "withheld": decision.get("withheld", []),
    }


def _read(payload: bytes, kid: str) -> Receipt:
    try:
        return _parse(loads_strict(payload), kid)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ReceiptError(f"The receipt is signed, but it is not one of this version: {ascii(error)[:100]}.") from None


def _parse(statement: Any, kid: str) -> Receipt:
    """Return the receipt in a statement.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: there is none.
    """
    if statement["_type"] != _STATEMENT_TYPE or statement["predicateType"] != PREDICATE_TYPE:
        raise ValueError("another type of statement")
    predicate, subjects = statement["predicate"], statement["subject"]
    documents = tuple(predicate["documents"])
    # Other in-toto tools read the subjects alone, so both lists must name the same texts.
    if [s["digest"]["sha256"] for s in subjects] != [_hex(d["prompt_digest"]) for d in documents]:
        raise ValueError("subjects and documents differ")
    as_of, mode = predicate.get("as_of"), predicate["mode"]
    # Whoever reads `audit` as `enforce` believes that documents were kept out.
    if mode not in get_args(Mode):
        raise ValueError("another mode")
    return Receipt(
        issuer=str(predicate["issuer"]),
        kid=kid,
        admission=str(predicate["admission"]),
        now=read_instant(predicate["now"]),
        as_of=read_instant(as_of) if as_of is not None else None,
        mode=mode,
        policy_revision=str(predicate["policy_revision"]),
        query_digest=str(predicate["query_digest"]),
        documents=documents,
        dropped=dict(predicate["dropped"]),
        statement=statement,
        head=_head(predicate.get("log")),
    )


def _head(value: Any) -> tuple[str, int, str] | None:
    if value is None:
        return None
    name, number, digest = value
    if not isinstance(name, str) or type(number) is not int or not is_digest_label(digest):
        raise ValueError("what it says about the log cannot be read")
    return name, number, digest


def _compare(receipt: Receipt, texts: Sequence[str]) -> None:
    if len(texts) != len(receipt.documents):
        problem = f"The receipt is for {in_number(len(receipt.documents), 'document')}, not for {len(texts)}."
        raise ReceiptError(problem)
    for number, (text, document) in enumerate(zip(texts, receipt.documents, strict=True), 1):
        if digest_label(text.encode("utf-8", "surrogatepass")) != document["prompt_digest"]:
            raise ReceiptError(f"Document {number} ({document.get('uri')}) is not the text that the receipt names.")


def _hex(label: str) -> str:
    """Return the digest of a label as in-toto writes it."""
    return base64.b16encode(b64url_decode(label.partition(":")[2])).decode("ascii").lower()

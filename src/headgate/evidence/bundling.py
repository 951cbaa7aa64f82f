"""Writing a bundle: the records of a span, by what rules they came about, and one signed list of all parts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from headgate.codes import CODES
from headgate.encoding import canonical_json, to_json
from headgate.errors import HeadgateError
from headgate.evidence.archive import Archive
from headgate.evidence.format import (
    CHAINS,
    PREDICATE_TYPE,
    RECEIPTS,
    RECORDS,
    SIGNED,
    STATEMENT_TYPE,
    SUMMARY,
    UNSIGNED,
    Bundle,
)
from headgate.evidence.mapping import FRAMEWORKS, NOT_SHOWN
from headgate.evidence.policies import GivenPolicy
from headgate.evidence.surveying import Survey, is_within
from headgate.evidence.views import bundle_page
from headgate.files import replacing_bytes
from headgate.provenance.envelopes import sign_envelope
from headgate.provenance.signers import Signer
from headgate.record.chain import LogLines, line_digest, link_of
from headgate.record.reading import parse_line, record_in
from headgate.record.receipt import ReceiptError, issue_receipt
from headgate.version import __version__

__all__ = ["build_bundle"]

_DIGEST_CHARS = 24


def build_bundle(
    path: Path,
    found: Survey,
    logs: Callable[[], Iterable[LogLines]],
    *,
    policies: Mapping[str, GivenPolicy],
    made: datetime,
    signers: Sequence[Signer] = (),
    issuer: str | None = None,
    has_receipts: bool = False,
) -> Bundle:
    """Write a bundle, which appears under its name only when it is complete.

    Args:
        path: the zip file to write.
        found: what the log says about the span.
        logs: returns the lines of the logs again, as they were surveyed.
        policies: those that were in force, by revision.
        made: the present; aware.
        signers: who vouches for the bundle; nobody if empty.
        issuer: in whose name receipts are issued.
        has_receipts: whether to issue one, by the first signer, for each admission of the span that has a question;
            then there is a signer.

    Raises:
        HeadgateError: the log cannot be read, or is not the one that was surveyed.
        OSError: the file cannot be written.
    """
    records = _Records(found)
    # As private as the log that it is from.
    with replacing_bytes(path, 0o640) as stream, Archive(stream) as archive:
        with archive.part(RECORDS) as part:
            for line in records.chosen(logs()):
                part.write(line + b"\n")
        if records.count - records.between != found.records:
            raise HeadgateError("The log is not the one of a moment ago: it was rotated or changed. Run it again.")
        receipts = _add_receipts(archive, records.receipts(logs(), signers[0], issuer or "")) if has_receipts else 0
        for name, value in _values(found, records, policies).items():
            archive.add(name, value)
        for given in policies.values():
            for name, data in given.files:
                archive.add(f"policies/{_folder(given.revision)}/{name}", data)
        missing = tuple(sorted(set(found.revisions) - set(policies)))
        made_of = Bundle(path, records.count, records.between, receipts, bool(signers), missing)
        archive.add("index.html", bundle_page(found, made_of, made).encode("utf-8", "replace"))
        statement = _statement(found, archive.parts, records.count, made)
        if signers:
            archive.add(SIGNED, sign_envelope(statement, signers))
        else:
            archive.add(UNSIGNED, statement)
    return made_of


def _add_receipts(archive: Archive, receipts: Iterable[dict[str, str]]) -> int:
    count = 0
    with archive.part(RECEIPTS) as part:
        for receipt in receipts:
            part.write(to_json(receipt).encode("utf-8") + b"\n")
            count += 1
    return count


class _Records:
    """The records that go into a bundle.

    Of each chain all from the first of the span to the last: also those between them that are of another time, for
    otherwise nobody could see that none is missing.
    """

    def __init__(self, found: Survey) -> None:
        self._found = found
        self.count = self.between = 0
        self.chains: dict[str, dict[str, Any]] = {}

    def chosen(self, logs: Iterable[LogLines]) -> Iterator[bytes]:
        """Yield the records, without what was torn before them."""
        for line in self._lines(logs):
            data, record, digest = line
            self.count += 1
            self.between += not is_within(record, self._found.span)
            link = link_of(record)
            if link is not None:
                first = {"number": link["n"], "previous": link["prev"]}
                chain = self.chains.setdefault(link["id"], {"first": first, "records": 0})
                chain["last"] = {"number": link["n"], "digest": digest}
                chain["records"] += 1
            yield data

    def receipts(self, logs: Iterable[LogLines], signer: Signer, issuer: str) -> Iterator[dict[str, str]]:
        """Yield a receipt for each admission of the span that had a question."""
        for _, record, digest in self._lines(logs):
            if not is_within(record, self._found.span):
                continue
            try:
                token = issue_receipt(record, signer, issuer, line_digest=digest)
            except ReceiptError:
                continue
            yield {"admission": record["admission"], "receipt": token}

    def _lines(self, logs: Iterable[LogLines]) -> Iterator[tuple[bytes, Any, str]]:
        for log in logs:
            for place, line, _ in log:
                entry = parse_line(line, place) if line is not None else None
                if line is None or entry is None or entry.record is None:
                    continue
                link = link_of(entry.record)
                part = self._found.parts.get(link["id"]) if link is not None else None
                if link is not None and part is not None:
                    is_chosen = part[0] <= link["n"] <= part[1]
                else:
                    is_chosen = link is None and is_within(entry.record, self._found.span)
                if is_chosen:
                    yield record_in(line), entry.record, line_digest(line)


def _values(found: Survey, records: _Records, policies: Mapping[str, GivenPolicy]) -> dict[str, bytes]:
    """Return the parts that are figures and lists."""
    check = found.check.to_dict()
    check.pop("heads")
    return {
        CHAINS: _json({"check": check, "chains": records.chains, "between": records.between}),
        SUMMARY: _json(found.to_dict()),
        "policies.json": _json([_revision(found, name, policies) for name in sorted({*found.revisions, *policies})]),
        "keys.json": _json(_keys(found, policies)),
        "overrides.json": _json([{**one.detail, "documents": one.documents} for one in found.overrides.values()]),
        "codes.json": _json({code: _meaning(code, count) for code, count in sorted(found.codes.items())}),
        "mapping.json": _json({"frameworks": [asdict(one) for one in FRAMEWORKS], "not_shown": list(NOT_SHOWN)}),
    }


def _revision(found: Survey, name: str, policies: Mapping[str, GivenPolicy]) -> dict[str, Any]:
    use, given = found.revisions.get(name), policies.get(name)
    used = (
        {"first": use.first, "last": use.last, "modes": sorted(use.modes), "admissions": use.admissions}
        if use is not None
        else {"admissions": 0}
    )
    return {"revision": name, **used, "folder": f"policies/{_folder(name)}" if given is not None else None}


def _keys(found: Survey, policies: Mapping[str, GivenPolicy]) -> dict[str, Any]:
    used = [
        {
            "thumbprint": thumbprint,
            "kid": use.kid,
            "issuer": use.issuer,
            "source": use.source,
            "first": use.first,
            "last": use.last,
            "documents": use.documents,
        }
        for (thumbprint, _), use in sorted(found.keys.items())
    ]
    return {"used": used, "trusted": {given.revision: list(given.keys) for given in policies.values()}}


def _meaning(code: str, count: int) -> dict[str, Any]:
    known = CODES.get(code)
    said = {"title": known.title, "meaning": known.meaning} if known is not None else {}
    return {"documents": count, **said}


def _folder(revision: str) -> str:
    # A revision is a digest in base64url after the name of the function.
    return revision.rpartition(":")[2][:_DIGEST_CHARS]


def _statement(found: Survey, made: Mapping[str, tuple[str, int]], records: int, now: datetime) -> bytes:
    subjects = [{"name": name, "digest": {"sha256": digest}} for name, (digest, _) in sorted(made.items())]
    predicate = {
        "span": found.span.to_dict(),
        "made": now.isoformat(),
        "headgate": __version__,
        "records": records,
        "problems": found.check.count,
        "bytes": {name: length for name, (_, length) in sorted(made.items())},
    }
    return canonical_json(
        {"_type": STATEMENT_TYPE, "subject": subjects, "predicateType": PREDICATE_TYPE, "predicate": predicate}
    )


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=True).encode("ascii") + b"\n"

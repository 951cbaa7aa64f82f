"""Checking a bundle with nothing but the public keys of whoever signed it."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from headgate.clock import read_instant
from headgate.encoding import in_number, loads_strict, shown
from headgate.errors import HeadgateError, ManifestError
from headgate.evidence.archive import layout_problems
from headgate.evidence.format import (
    CHAINS,
    MOST_PARTS,
    PREDICATE_TYPE,
    RECORDS,
    SIGNED,
    STATEMENT_TYPE,
    SUMMARY,
    UNSIGNED,
)
from headgate.evidence.surveying import Span, Survey, survey
from headgate.provenance import KeySet, VerificationKey
from headgate.provenance.envelopes import open_envelope_signers, peek_envelope
from headgate.record.reading import lines_in

__all__ = ["BundleCheck", "verify_bundle"]

_MOST_STATEMENT = 16_000_000
_MOST_LIST = 64_000_000
_BLOCK = 1_000_000
# What a compressed part may hold is bounded by what the statement says of it; this bounds what the statement may say.
_MOST_BYTES = 100_000_000_000


@dataclass(slots=True)
class BundleCheck:
    """What a bundle shows.

    Attributes:
        problems: what is wrong with it; empty if nothing is.
        signers: the names of the keys that signed it, of those that were to be counted; empty if none was asked for.
        claimed: the names of the keys that it says have signed it.
        span: which span of time it is about.
        made: when it says that it was made.
        records: how many records it holds.
        survey: what its records say; None where they were not looked at, because something else was wrong.
    """

    problems: list[str] = field(default_factory=list)
    signers: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    span: Span | None = None
    made: str = ""
    records: int = 0
    survey: Survey | None = None

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "sound": self.is_sound,
            "problems": list(self.problems),
            "signed_by": list(self.signers),
            "claims_to_be_signed_by": list(self.claimed),
            "span": self.span.to_dict() if self.span is not None else None,
            "made": self.made,
            "records": self.records,
            "records_checked": self.survey is not None,
        }


def verify_bundle(path: Path, keys: KeySet | None = None) -> BundleCheck:
    """Return what a bundle shows: that it is what was signed, that no record is missing, that its figures follow.

    Nothing is written, and nothing of it is run. Whatever is wrong with it is a problem of the result, also that none
    of the keys signed it.

    Args:
        path: the bundle.
        keys: the keys of whoever may sign it; without them it is not known who made it.

    Raises:
        HeadgateError: there is no such file, or nothing of it can be read as a bundle.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return _Verifier(archive, file).run(keys)
    except FileNotFoundError:
        raise HeadgateError(f"{path}: there is no such file.") from None
    except Exception as error:  # noqa: BLE001 - whatever a damaged file makes a parser raise
        raise HeadgateError(f"{path}: this is not a bundle, or it is damaged ({_quoted(error)}).") from None


class _Verifier:
    def __init__(self, archive: zipfile.ZipFile, file: BinaryIO) -> None:
        self._archive, self._file = archive, file
        self._check = BundleCheck()
        self._signers: tuple[VerificationKey, ...] = ()

    def run(self, keys: KeySet | None) -> BundleCheck:
        try:
            self._look(keys)
        except ManifestError as error:
            self._report(error.problem)
        except HeadgateError as error:
            self._report(str(error))
        except Exception as error:  # noqa: BLE001 - as above
            self._report(f"it is damaged ({_quoted(error)})")
        return self._check

    def _look(self, keys: KeySet | None) -> None:
        names = [entry.filename for entry in self._archive.infolist()]
        if len(names) > MOST_PARTS or len(set(names)) != len(names):
            raise HeadgateError("it has too many parts, or two of one name")
        for problem in layout_problems(self._archive, self._file):
            self._report(problem)
        statement = self._statement(names, keys)
        parts, predicate = _listed(statement), statement["predicate"]
        for name in sorted(set(names) - set(parts) - {SIGNED if SIGNED in names else UNSIGNED}):
            self._report(f"{shown(name)} is in it, and nobody listed it")
        altered = [name for name, listed in parts.items() if not self._is_as_listed(name, *listed)]
        self._check.made, self._check.span = str(predicate.get("made"))[:40], _span_in(predicate)
        self._require_in_force()
        if altered:
            return
        if self._check.span is None or RECORDS not in parts:
            raise HeadgateError(f"its list names no span of time, or no {RECORDS}")
        self._look_at_records(self._check.span)
        self._look_at_log()

    def _statement(self, names: list[str], keys: KeySet | None) -> dict[str, Any]:
        if SIGNED in names:
            payload = self._open(self._read(SIGNED, _MOST_STATEMENT), keys)
        elif UNSIGNED not in names:
            raise HeadgateError(f"it has neither {SIGNED} nor {UNSIGNED}, so nothing says what belongs to it")
        else:
            if keys is not None:
                self._report("nobody signed it, so it is not known who made it")
            payload = self._read(UNSIGNED, _MOST_STATEMENT)
        try:
            statement = loads_strict(payload)
        except ValueError:
            statement = None
        if (
            not isinstance(statement, dict)
            or statement.get("_type") != STATEMENT_TYPE
            or statement.get("predicateType") != PREDICATE_TYPE
            or not isinstance(statement.get("predicate"), dict)
        ):
            raise HeadgateError("the list of its parts is not one that headgate has written")
        return statement

    def _open(self, envelope: bytes, keys: KeySet | None) -> bytes:
        payload, self._check.claimed = peek_envelope(envelope)
        if keys is not None:
            # What else is wrong is said too: the rest is looked at as where nobody asks who made it.
            try:
                _, signers = open_envelope_signers(envelope, keys)
                self._check.signers = tuple(key.kid for key in signers)
                self._signers = signers
            except ManifestError as error:
                self._report(error.problem)
        return payload

    def _require_in_force(self) -> None:
        """Report keys that were not in force when the bundle says that it was made."""
        try:
            made: datetime | None = read_instant(self._check.made)
        except ValueError:
            made = None
        for key in self._signers:
            is_early = key.valid_from is not None and (made is None or made < key.valid_from)
            if is_early or (key.valid_until is not None and (made is None or made >= key.valid_until)):
                self._report(f"the key {shown(key.kid)} was not in force when it was made ({self._check.made})")

    def _is_as_listed(self, name: str, digest: str, length: int) -> bool:
        try:
            entry = self._archive.getinfo(name)
        except KeyError:
            self._report(f"{shown(name)} is missing")
            return False
        found, hashed = 0, hashlib.sha256()
        if entry.file_size == length:
            # Never more than it should hold, whatever it unpacks to.
            with self._archive.open(entry) as part:
                while found <= length and (block := part.read(_BLOCK)):
                    found += len(block)
                    hashed.update(block)
        if found == length and hashed.hexdigest() == digest:
            return True
        self._report(f"{shown(name)} is not what was listed")
        return False

    def _look_at_records(self, span: Span) -> None:
        found = self._check.survey = survey([self._lines()], span)
        self._check.records = found.check.records
        for finding in found.check.findings:
            self._report(finding)
        if found.skipped:
            self._report(
                f"{in_number(found.skipped, 'line')} of {RECORDS} {'holds' if found.skipped == 1 else 'hold'} no record"
            )
        chains = self._json(CHAINS).get("chains")
        ends = {name: head.digest for name, head in found.check.heads.items()}
        if not isinstance(chains, dict) or {name: _last(one) for name, one in chains.items()} != ends:
            self._report(f"{CHAINS} says that the chains end elsewhere")
        claimed = self._json(SUMMARY)
        for name, value in _followed(found.to_dict()).items():
            if claimed.get(name) != value:
                self._report(f"{SUMMARY} says something else of {name} than the records do")

    def _look_at_log(self) -> None:
        """Report what whoever made the bundle found wrong with the log that it is from."""
        found = self._json(CHAINS).get("check")
        problems = found.get("problems") if isinstance(found, dict) else None
        if problems != 0:
            self._report(f"the log was not whole when it was made: {shown(problems)} problems in its chains")
        skipped = self._json(SUMMARY).get("skipped_lines")
        if skipped != 0:
            self._report(f"the log was not whole when it was made: {shown(skipped)} lines that hold no record")

    def _lines(self) -> Iterator[tuple[str, bytes | None, bool]]:
        # A chain begins before what is here wherever the log is older than the span.
        with self._archive.open(RECORDS) as part:
            for number, line in lines_in(part):
                yield f"{RECORDS}:{number}", line, True

    def _json(self, name: str) -> Mapping[str, Any]:
        try:
            value = loads_strict(self._read(name, _MOST_LIST))
        except (KeyError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def _read(self, name: str, most: int) -> bytes:
        with self._archive.open(name) as part:
            data = part.read(most + 1)
        if len(data) > most:
            raise HeadgateError(f"{name} is larger than {most:,} bytes")
        return data

    def _report(self, problem: str) -> None:
        self._check.problems.append(problem)


def _listed(statement: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Return the digest and length of each part that a statement lists."""
    lengths = statement["predicate"].get("bytes")
    found: dict[str, tuple[str, int]]
    try:
        found = {one["name"]: (str(one["digest"]["sha256"]), lengths[one["name"]]) for one in statement["subject"]}
    except (KeyError, TypeError):
        found = {}
    if not found or not all(type(length) is int and 0 <= length <= _MOST_BYTES for _, length in found.values()):
        raise HeadgateError("the list of its parts cannot be read")
    return found


def _span_in(predicate: Mapping[str, Any]) -> Span | None:
    try:
        span = predicate["span"]
        since, until = (read_instant(span[name]) for name in ("since", "until"))
        return Span(since, until) if _is_aware(since, until) else None
    except (KeyError, TypeError, ValueError):
        return None


def _quoted(error: Exception) -> str:
    return ascii(str(error))[:100]


def _is_aware(*times: datetime) -> bool:
    return all(time.tzinfo is not None for time in times)


def _last(chain: object) -> object:
    last = chain.get("last") if isinstance(chain, dict) else None
    return last.get("digest") if isinstance(last, dict) else None


def _followed(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a summary follows from the records of the span alone."""
    return {name: summary[name] for name in ("span", "counts", "modes", "errors", "codes", "sources", "days")}

"""The one way from a foreign value to a typed record: what every record has must be there, the rest must fit its type.

A line of a log may have been written by another version, or by somebody else. What an entry of the wrong type would
have said is not guessed: it counts as not said. Evidence that does not fit is left out as a whole, so that a replay
leaves such a document undecided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from headgate.provenance import MECHANISMS
from headgate.record.schema import AdmissionRecord, DecisionRecord

__all__ = ["error_codes", "mend_admission", "name_of", "read_admission"]

# Codes are counted and shown in full, so a text from a foreign line must not pass for one.
_CODE = re.compile(r"[A-Z][0-9]{3}")
_NAME_CHARS = 500
Check = Callable[[object], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_action(value: object) -> bool:
    return isinstance(value, str) and value in ("admit", "drop")


def _is_text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_whole_number(value: object) -> bool:
    # Not `isinstance`, for which True is a number.
    return type(value) is int


def _is_truth_value(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_number_or_none(value: object) -> bool:
    return value is None or _is_number(value)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_object_of(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _is_claims(value: object) -> bool:
    return isinstance(value, dict) and _fits(value, _CLAIMS) and {"iss", "sub", "kid"} <= value.keys()


def _is_witness(value: object) -> bool:
    return (
        isinstance(value, dict)
        and _fits(value, _WITNESS)
        and {"sub", "kid", "key", "ver", "mod", "nbf"} <= value.keys()
    )


def _is_known(value: object) -> bool:
    return isinstance(value, dict) and _fits(value, _KNOWN) and _KNOWN.keys() <= value.keys()


def _is_heard(value: object) -> bool:
    return isinstance(value, dict) and _fits(value, _HEARD) and _HEARD.keys() - {"other", "untold"} <= value.keys()


def _is_shortfall(value: object) -> bool:
    counts = ("wanted", "admitted", "asked", "found")
    return (
        isinstance(value, dict)
        and all(_is_whole_number(value.get(name)) for name in counts)
        and _is_text(value.get("reason"))
    )


def _is_pulled(value: object) -> bool:
    if not isinstance(value, dict) or not _is_text(value.get("policy")) or not _is_whole_number(value.get("version")):
        return False
    other = value.get("other", {"revision": "", "decisions": []})
    if value.get("part") not in ("policy", "trial") or not isinstance(other, dict):
        return False
    decisions = other.get("decisions")
    is_listed = isinstance(decisions, list) and all(_is_texts(one) and len(one) > 1 for one in decisions)
    return is_listed and _is_text(other.get("revision"))


# By name: what fits, and what replaces an entry that is missing or does not fit.
_ADMISSION: Mapping[str, tuple[Check, Callable[[], object]]] = {
    "admission": (_is_text, str),
    "now": (_is_text, str),
    "decisions": (_is_list, list),
    "policy_revision": (_is_text, str),
    "mode": (_is_text, str),
    "as_of": (_is_text_or_none, lambda: None),
    "query_digest": (_is_text_or_none, lambda: None),
    "counts": (_is_object_of(_is_whole_number), dict),
    "surplus": (_is_whole_number, int),
    "seconds": (_is_number, float),
}
_DECISION: Mapping[str, tuple[Check, Callable[[], object]]] = {
    "index": (_is_whole_number, int),
    # What cannot be told is shown as kept out, never as admitted.
    "action": (_is_action, lambda: "drop"),
    "source": (_is_text, str),
    "findings": (_is_list, list),
    "uri": (_is_text_or_none, lambda: None),
    "id": (_is_text_or_none, lambda: None),
    "digest": (_is_text, str),
    "assurance": (_is_text, str),
    "issuer": (_is_text_or_none, lambda: None),
    "modified": (_is_text_or_none, lambda: None),
    "age_seconds": (_is_number_or_none, lambda: None),
    "edits": (_is_list, list),
    "metadata_edits": (_is_object_of(_is_list), dict),
    "withheld": (_is_texts, list),
}
_FINDING: Mapping[str, tuple[Check, Callable[[], object]]] = {
    "code": (_is_text, str),
    "severity": (_is_text, str),
    "mode": (_is_text, str),
    "message": (_is_text, str),
    "detail": (_is_object, dict),
}
# Entries that may be missing; one that does not fit is left out.
_OF_LOG: Mapping[str, Check] = {
    "shortfall": _is_shortfall,
    "pulled": _is_pulled,
    "reading": _is_text,
    "masked": _is_texts,
    "query": _is_text_or_none,
    "pid": _is_whole_number,
    "findings": _is_list,
    "asker": _is_object_of(_is_text),
    "chain": _is_object,
    "valid_until": _is_text_or_none,
}
_OF_LOGGED_DECISION: Mapping[str, Check] = {
    "prompt_digest": _is_text,
    "text": _is_text_or_none,
    "verified": lambda value: _is_texts(value) and len(cast("list[str]", value)) == 3,
    "tokens": lambda value: isinstance(value, list) and len(value) == 2 and all(map(_is_whole_number, value)),
}
_EVIDENCE: Mapping[str, Check] = {
    # What a verified proof says is under the name of its mechanism.
    **{mechanism.name: _is_claims for mechanism in MECHANISMS},
    "unproved_seal": _is_truth_value,
    "claimed": _is_text,
    "uncounted_proof": _is_truth_value,
    "witness": _is_witness,
    "feeds": lambda value: _is_list(value) and all(map(_is_heard, cast("list[object]", value))),
    "registry": lambda value: _is_list(value) and all(map(_is_known, cast("list[object]", value))),
    "declared": _is_text_or_none,
    "undeclared": _is_truth_value,
    "media": _is_texts,
    "fragment": _is_text,
    "asked": _is_truth_value,
    "asked_version": _is_truth_value,
    "editions": _is_texts,
    "invisible": _is_object_of(_is_whole_number),
    "row": lambda value: isinstance(value, list) and len(value) == 2 and isinstance(value[0], str),
    "times": _is_object_of(lambda value: isinstance(value, list) and len(value) == 6),
    "unreadable": _is_object_of(lambda value: _is_texts(value) and len(cast("list[str]", value)) == 2),
    "version": _is_whole_number,
    "version_from": _is_text,
    "superseded_by": _is_text,
    "signed_start": _is_text,
    "status": lambda value: _is_list(value) and all(map(_is_texts, cast("list[object]", value))),
    "type": lambda value: _is_list(value) and all(map(_is_texts, cast("list[object]", value))),
    "release": _is_list,
    "verified": lambda value: _is_list(value) and all(map(_is_texts, cast("list[object]", value))),
    "time_like": _is_texts,
}
_WITNESS: Mapping[str, Check] = {
    "sub": _is_text,
    "kid": _is_text,
    "key": _is_text_or_none,
    "ver": lambda value: value is None or _is_whole_number(value),
    "mod": _is_text_or_none,
    "nbf": _is_text_or_none,
    "fragment": _is_text,
}
_KNOWN: Mapping[str, Check] = {
    "key": _is_text,
    "ver": lambda value: value is None or _is_whole_number(value),
    "mod": _is_text_or_none,
    "nbf": _is_text_or_none,
    "since": _is_text,
    "same": _is_truth_value,
}
_HEARD: Mapping[str, Check] = {
    **dict.fromkeys(("feed", "name", "by", "pulled", "seen"), _is_text),
    **dict.fromkeys(("tells", "covers", "gone", "other"), _is_truth_value),
    **dict.fromkeys(("moved", "mod", "untold"), _is_text_or_none),
}
_CLAIMS: Mapping[str, Check] = {
    "iss": _is_text,
    "sub": _is_text,
    "kid": _is_text,
    "key": _is_text_or_none,
    "ver": lambda value: value is None or _is_whole_number(value),
    "covered": _is_texts,
    "fragment": _is_text,
    "cor": _is_text,
    "cor_ver": _is_whole_number,
    "defs": _is_object_of(_is_text),
}


def read_admission(value: object) -> AdmissionRecord:
    """Return a record in which every entry has its type; entries that this version does not know stay.

    Args:
        value: what a line of a log holds, or what a tracer received; never changed.

    Raises:
        ValueError: it is not a record of an admission.
    """
    if not isinstance(value, Mapping):
        raise ValueError("a record is an object")
    decisions = value.get("decisions")
    if not isinstance(value.get("now"), str) or not isinstance(value.get("admission"), str):
        raise ValueError("the record has no id or no time")
    if not isinstance(decisions, list):
        raise ValueError("the record has no decisions")
    for decision in decisions:
        _require_decision(decision)
    return mend_admission(value)


def mend_admission(value: Mapping[str, Any]) -> AdmissionRecord:
    """Return the same of a value that may lack anything, for those who only show it; never raises.

    Args:
        value: what a tracer received, whatever became of it on the way; never changed.
    """
    record = _completed(value, _ADMISSION, _OF_LOG)
    record["decisions"] = [_decision(one) for one in record["decisions"] if isinstance(one, Mapping)]
    if "findings" in record:
        record["findings"] = _findings(record["findings"])
    return cast("AdmissionRecord", record)


def name_of(decision: DecisionRecord) -> str:
    """Return what a document is called: its URI, or its id, or its digest; empty if it has none of them."""
    return (decision["uri"] or decision["id"] or decision["digest"])[:_NAME_CHARS]


def error_codes(decision: DecisionRecord) -> tuple[str, ...]:
    """Return the codes that kept, or would have kept, a document out, in the order found."""
    return tuple(finding["code"] for finding in decision["findings"] if finding["severity"] == "error")


def _require_decision(value: object) -> None:
    if not isinstance(value, Mapping) or value.get("action") not in ("admit", "drop"):
        raise ValueError("a decision has no action")
    findings = value.get("findings")
    if not isinstance(value.get("source"), str) or not isinstance(findings, list):
        raise ValueError("a decision has no source or no findings")
    if not _is_text_or_none(value.get("uri")) or not _is_text(value.get("digest", "")):
        raise ValueError("a decision has no name")
    for finding in findings:
        code = finding.get("code") if isinstance(finding, Mapping) else None
        if not isinstance(code, str) or _CODE.fullmatch(code) is None:
            raise ValueError("a finding has no code")


def _decision(value: Mapping[str, Any]) -> DecisionRecord:
    record = _completed(value, _DECISION, _OF_LOGGED_DECISION)
    record["findings"] = _findings(record["findings"])
    evidence = record.pop("evidence", None)
    if isinstance(evidence, dict) and _fits(evidence, _EVIDENCE):
        record["evidence"] = evidence
    return cast("DecisionRecord", record)


def _findings(values: list[Any]) -> list[dict[str, Any]]:
    return [_completed(one, _FINDING, {}) for one in values if isinstance(one, Mapping)]


def _completed(
    value: Mapping[str, Any],
    required: Mapping[str, tuple[Check, Callable[[], object]]],
    optional: Mapping[str, Check],
) -> dict[str, Any]:
    record = {name: item for name, item in value.items() if name not in optional or optional[name](item)}
    for name, (fits, make) in required.items():
        if name not in record or not fits(record[name]):
            record[name] = make()
    return record


def _fits(value: Mapping[str, object], checks: Mapping[str, Check]) -> bool:
    return all(check(value[name]) for name, check in checks.items() if name in value)

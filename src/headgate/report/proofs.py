"""What proves something, for people: a doctor's report, receipts, revocation lists and manifests.

Loaded when one of them is looked at, because the rooms that they come from are not light.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from rich.console import Group
from rich.text import Text

from headgate.codes import CODES, titled
from headgate.encoding import in_number
from headgate.provenance.manifests import Manifest
from headgate.provenance.revocation import RevocationList
from headgate.record.receipt import Receipt
from headgate.report.escaping import clip, escape
from headgate.report.html import badge, code_badge, table, titled_html, uri_html, within
from headgate.report.rows import age_in_words
from headgate.report.tables import new_table, plain, prose, signed
from headgate.report.verdicts import Step, Verdict, steps_rich, verdict_html, verdict_rich
from headgate.testing.doctor.diagnosis import AT_THEIR_WORD, PROMISES, Diagnosis

__all__ = [
    "VIEWS",
    "diagnosis_html",
    "diagnosis_rich",
    "manifest_html",
    "manifest_rich",
    "receipt_html",
    "receipt_rich",
    "revocations_html",
    "revocations_rich",
]

_ROWS = 200
_KINDS = {"holds": "good", "broken": "bad", "not proved": "warn"}
_STATIONS = {"in the prompt": "warn", "dropped": "good", "not in the prompt": "before", "not asked": "warn"}
_RECEIVED = ("document", "source", "version", "age", "terms changed")
_REVOKED = ("which", "what", "why")


def diagnosis_verdict(found: Diagnosis) -> Verdict:
    """Return whether the line works."""
    sentence = str(found).partition("\n")[0]
    kept = sum(one.outcome == "holds" for one in found.verdicts)
    after = f"{kept:,} of {in_number(len(found.verdicts), 'promise')} proved to hold" if found.verdicts else ""
    steps = [Step(clip(advice, 400)) for advice in found.advice[:3]]
    return Verdict(_kind_of(found), sentence, "", after, steps)


def _kind_of(found: Diagnosis) -> Literal["good", "bad", "warn"]:
    if found.holds and not found.lets_nothing_through:
        return "warn" if found.at_their_word else "good"
    return "bad" if found.broken or not found.verdicts else "warn"


def diagnosis_html(found: Diagnosis) -> str:
    """Return a doctor's report as HTML, what is broken first."""
    parts = [verdict_html(diagnosis_verdict(found))]
    order = {"broken": 0, "not proved": 1, "holds": 2}
    rows = [
        (
            escape(PROMISES[one.promise]),
            badge(_signed(one.outcome, _KINDS[one.outcome]), _KINDS[one.outcome]),
            f"<bdi>{escape(clip(one.source or 'the chain', 80))}</bdi>",
            f"<bdi>{escape(clip(one.why, 300))}</bdi>" if one.why else "",
        )
        for one in sorted(found.verdicts, key=lambda one: order[one.outcome])
    ]
    if rows:
        parts += ["<h2>Promises</h2>", table(("promise", "outcome", "about", "why"), rows)]
    fates = [
        (
            escape(one.kind),
            f"<bdi>{escape(clip(one.source, 80))}</bdi>",
            badge(one.station, _fate_kind(one.kind, one.station)),
            " ".join(code_badge(code, "before") for code in one.codes),
        )
        for one in found.fates
    ]
    if fates:
        parts += ["<h2>Canaries</h2>", table(("canary", "source", "what became of it", "codes"), fates)]
    seen, passed = found.own
    if seen:
        passing = f"{passed:,} of {in_number(seen, 'document')} would be admitted{found.if_enforced}."
        parts.append(f"<h2>Your own documents</h2><p>{passing}</p>")
        reasons = [
            (titled_html(code) if code in CODES else escape(clip(code, 40)), f"{count:,}")
            for code, count in sorted(found.reasons.items(), key=lambda item: (-item[1], item[0]))
        ]
        parts.append(table(("kept out for", "documents"), reasons, numbers=(1,)) if reasons else "")
    words = [f"{', '.join(found.at_their_word)}. {AT_THEIR_WORD}"] if found.at_their_word else []
    for title, lines in (
        ("Not seen", found.unproved),
        ("Taken at their word", words),
        ("Opened by hand", found.opened),
    ):
        if lines:
            parts.append(f"<h2>{title}</h2><ul>{''.join(f'<li>{escape(clip(line, 400))}</li>' for line in lines)}</ul>")
    return "".join(parts)


def diagnosis_rich(found: Diagnosis) -> Group:
    """Return a doctor's report for a terminal."""
    verdict = diagnosis_verdict(found)
    listed = new_table(None, [("outcome", False), ("promise", False), ("about", False), ("why", False)])
    for one in found.verdicts:
        about = plain(one.source or "the chain", 40)
        listed.add_row(signed(one.outcome, _KINDS[one.outcome]), PROMISES[one.promise], about, plain(one.why, 200))
    parts: list[Any] = [verdict_rich(verdict), *([Text(), listed] if listed.row_count else [])]
    rest = str(found).partition("\n\nCanaries:")
    return Group(*parts, *([Text(), prose(f"Canaries:{rest[2]}")] if rest[1] else [steps_rich(verdict)]))


def receipt_verdict(receipt: Receipt) -> Verdict:
    """Return what a verified receipt says."""
    given = in_number(len(receipt.documents), "document")
    sentence = f"{clip(receipt.issuer, 80)} vouches for {given} given on {receipt.now:%Y-%m-%d %H:%M:%S} UTC."
    dropped = sum(receipt.dropped.values())
    after = f"{given} in the prompt, {dropped:,} kept out (mode {receipt.mode})"
    return Verdict("good" if receipt.mode == "enforce" else "warn", sentence, "", after)


def receipt_html(receipt: Receipt) -> str:
    """Return a verified receipt as HTML."""
    facts = f"Signed with the key {receipt.kid!r}; admission {receipt.admission}; policy {receipt.policy_revision}."
    parts = [verdict_html(receipt_verdict(receipt), f'<p class="soft">{escape(clip(facts, 400))}</p>')]
    rows = (
        (uri_html(row[0], 160), *(f"<bdi>{escape(cell)}</bdi>" if cell else "" for cell in row[1:]))
        for row in _received(receipt)
    )
    kept, rest = within(rows, len(receipt.documents), "documents", _ROWS)
    if kept:
        parts.append(table(_RECEIVED, kept, numbers=(2, 4), caption="what the prompt was given") + rest)
    if receipt.dropped:
        dropped = [(titled_html(code), f"{count:,}") for code, count in receipt.dropped.items()]
        parts.append(table(("kept out for", "documents"), dropped, numbers=(1,)))
    return "".join(parts)


def receipt_rich(receipt: Receipt) -> Group:
    """Return a verified receipt for a terminal."""
    listed = new_table(None, [(name, number in (2, 3, 4)) for number, name in enumerate(_RECEIVED)])
    for row in _received(receipt):
        listed.add_row(*(plain(cell, 80) for cell in row))
    dropped = ", ".join(f"{titled(code)} {count:,}" for code, count in receipt.dropped.items())
    said = prose(f"Kept out: {dropped or 'nothing'}. Mode {receipt.mode}, policy {receipt.policy_revision}.")
    return Group(verdict_rich(receipt_verdict(receipt)), *([listed] if listed.row_count else []), said)


def revocations_html(found: RevocationList) -> str:
    """Return a revocation list as HTML."""
    rows = (
        (uri_html(which, 160), what, f"<bdi>{escape(why)}</bdi>" if why else "") for which, what, why in _revoked(found)
    )
    total = len(found.keys) + len(found.documents) + len(found.digests)
    kept, rest = within(rows, total, "entries", _ROWS)
    return verdict_html(_revocations_verdict(found)) + (table(_REVOKED, kept) + rest if kept else "")


def revocations_rich(found: RevocationList) -> Group:
    """Return a revocation list for a terminal."""
    listed = new_table(None, [(name, False) for name in _REVOKED])
    for row in _revoked(found):
        listed.add_row(*(plain(cell) for cell in row))
    return Group(verdict_rich(_revocations_verdict(found)), *([listed] if listed.row_count else []))


def manifest_html(found: Manifest) -> str:
    """Return a verified manifest as HTML."""
    rows = [(escape(name), f"<bdi>{escape(clip(value, 400))}</bdi>") for name, value in _manifest_facts(found).items()]
    return verdict_html(_manifest_verdict(found)) + table(("entry", "value"), rows)


def manifest_rich(found: Manifest) -> Group:
    """Return a verified manifest for a terminal."""
    listed = new_table(None, [("entry", False), ("value", False)])
    for name, value in _manifest_facts(found).items():
        listed.add_row(name, plain(value))
    return Group(verdict_rich(_manifest_verdict(found)), listed)


def _fate_kind(kind: str, station: str) -> str:
    # The text of what has uncovered metadata may be read; whether the metadata was is a promise of its own.
    if kind in ("genuine", "uncovered"):
        return "good" if station == "in the prompt" else "warn"
    return "bad" if station == "in the prompt" else _STATIONS.get(station, "before")


def _signed(words: str, kind: str) -> str:
    return signed(words, kind).plain


def _received(receipt: Receipt) -> Iterator[tuple[str, ...]]:
    for entry in receipt.documents:
        edits, version = entry.get("edits"), entry.get("version")
        yield (
            str(entry.get("uri")),
            clip(str(entry.get("source")), 60),
            clip(str(version), 40) if version is not None else "",
            age_in_words(entry.get("age_seconds")),
            f"{len(edits) if isinstance(edits, list) else 0:,}",
        )


def _revoked(found: RevocationList) -> Iterator[tuple[str, str, str]]:
    for what, entries in (("key", found.keys), ("document", found.documents), ("text", found.digests)):
        for value, entry in entries.items():
            upto = f", versions up to {entry.version}" if entry.version is not None else ""
            since = f", since {entry.since:%Y-%m-%d %H:%M} UTC" if entry.since is not None else ""
            yield value, f"{what}{upto}{since}", clip(entry.reason, 200)


def _revocations_verdict(found: RevocationList) -> Verdict:
    counted = [
        in_number(len(found.keys), "key"),
        in_number(len(found.documents), "document"),
        in_number(len(found.digests), "text"),
    ]
    sentence = f"{clip(found.issuer, 80)!r}, version {found.version}: {', '.join(counted)} revoked."
    until = f"can be relied on until {found.expires:%Y-%m-%d %H:%M} UTC; signed {found.issued:%Y-%m-%d %H:%M} UTC"
    return Verdict("good", sentence, "", until)


def _manifest_verdict(found: Manifest) -> Verdict:
    statement = found.statement
    if found.refusal is not None:
        code = found.refusal.code
        step = Step(CODES[code].fix, f"headgate explain {code}") if code in CODES else Step("")
        return Verdict("bad", f"{found.refusal.message} ({code})", steps=(step,))
    held = f"{in_number(statement.documents, 'document')}, {in_number(statement.chunks, 'chunk')}"
    sentence = f"{clip(statement.corpus, 80)!r}, version {statement.version}, verifies: {held} listed."
    return Verdict("good", sentence, "", f"in force until {found.timestamp.expires:%Y-%m-%d %H:%M} UTC")


def _manifest_facts(found: Manifest) -> Mapping[str, str]:
    statement, stamp = found.statement, found.timestamp
    return {
        "corpus": statement.corpus,
        "issuer": statement.issuer,
        "version": f"{statement.version:,}",
        "signed": f"{statement.issued:%Y-%m-%d %H:%M} UTC, with the key {found.key.kid!r}",
        "in force": f"{stamp.issued:%Y-%m-%d %H:%M} to {stamp.expires:%Y-%m-%d %H:%M} UTC, {found.timestamp_key.kid!r}",
        "speaks for": ", ".join(statement.namespace),
        "holds": f"{in_number(statement.documents, 'document')} in {in_number(len(statement.shards), 'shard')}",
    }


VIEWS: tuple[tuple[type[Any], Callable[[Any], str], Callable[[Any], Group]], ...] = (
    (Diagnosis, diagnosis_html, diagnosis_rich),
    (Receipt, receipt_html, receipt_rich),
    (RevocationList, revocations_html, revocations_rich),
    (Manifest, manifest_html, manifest_rich),
)
"""How each is shown: the class, its HTML, and its form in a terminal."""

"""What the feeds of a source say of its documents: gone, changed since, or verified. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from headgate.admission.judging import Judgement
from headgate.admission.revalidating import origin_id, written_of
from headgate.admission.revision import ResolvedSource
from headgate.decision import Finding
from headgate.encoding import safe_uri, shown
from headgate.freshness import page_of
from headgate.registry import NEVER_TOLD, FeedState, Said
from headgate.verification import Verification

__all__ = ["documents_heard_of", "hear", "names_of", "why_unverified"]


def documents_heard_of(judged: Sequence[Judgement]) -> set[str]:
    """Return the documents of which feeds are asked: those of sources that have one."""
    return {name for one in judged if one.facts.source.feeds for name in names_of(one)}


def hear(
    judgement: Judgement,
    said: Mapping[str, Sequence[tuple[FeedState, Said]]],
    live: Sequence[tuple[FeedState, Said]] = (),
    *,
    past: datetime | None = None,
) -> tuple[Verification, ...]:
    """Add what the feeds of a chunk's source say against it (F207, F212), and return which of them verify it.

    Only the feeds that the policy names for this very source count. One that says nothing about changes verifies
    nothing: that a document is still there says little about its text. To a question about the past, what was gone or
    changed after that is a warning.

    Args:
        judgement: the chunk.
        said: what feeds say, by document.
        live: what the server at the chunk's own address says.
        past: the time about which is asked, where that is the past.
    """
    if not said and not live:
        return ()
    pairs = (*(pair for name in names_of(judgement) for pair in said.get(name, ())), *live) if said else tuple(live)
    if not pairs:
        return ()
    weighed = _weighed(judgement, pairs, past)
    if weighed.findings:
        judgement.add(weighed.findings, judgement.facts.source.modes["freshness"])
    judgement.heard = weighed.counted
    return weighed.verified


def why_unverified(judgement: Judgement, unpulled: Collection[str] = ()) -> str:
    """Return why no feed and no server verifies a chunk, as a part of a sentence; empty where that is not known.

    Args:
        judgement: the chunk.
        unpulled: feeds that were never pulled.
    """
    feeds = judgement.facts.source.feeds
    if not judgement.heard:
        if feeds and feeds <= frozenset(unpulled):
            return "its feed was never pulled (headgate watch)"
        return "its feed does not name this address" if feeds else ""
    state, said = judgement.heard[-1]
    name = f"the {state.kind} {shown(state.name)}"
    if not state.tells_changes or said.known_since in (None, NEVER_TOLD):
        return f"{name} does not say when it was changed"
    written = written_of(judgement)
    if written is None:
        return (
            f"the text has no date that counts, to be compared with what {name} says (DateDocuments or DateNodes "
            "give it one)"
        )
    return f"{name} does not say whether it was changed after this text of {written.earliest:%Y-%m-%d %H:%M}"


class _Weighed(NamedTuple):
    """What follows for a chunk from what feeds say: findings, who verifies it, and which of them counted."""

    findings: tuple[Finding, ...]
    verified: tuple[Verification, ...]
    counted: tuple[tuple[FeedState, Said], ...]


def _weighed(judgement: Judgement, pairs: Sequence[tuple[FeedState, Said]], past: datetime | None) -> _Weighed:
    found: list[Finding] = []
    verified: list[Verification] = []
    counted = tuple(pair for pair in pairs if _counts(pair[0], judgement.facts.source))
    for state, one in counted:
        findings = list(_against(state, one, judgement))
        is_later = past is not None and not _is_over_by(past, one, judgement)
        found += [replace(finding, severity="warning") for finding in findings] if is_later else findings
        # Who says that it was gone only later has looked. A later change may have been the second one.
        may_verify = not findings or (is_later and one.is_gone)
        if state.tells_changes and may_verify and _is_after_all_changes(judgement, one):
            at = state.pulled if state.covers_unlisted else one.seen
            verified.append(Verification(at, state.kind, state.name))
    return _Weighed(tuple(found), tuple(verified), counted)


def names_of(judgement: Judgement) -> Sequence[str]:
    """Return under which names feeds speak of a chunk's document: a section is gone, or changed, with its page."""
    document = judgement.facts.document
    if document is None:
        return ()
    page = page_of(document)
    return (document,) if page is None else (document, page)


def _counts(state: FeedState, source: ResolvedSource) -> bool:
    if state.kind == "origin":
        return source.revalidate is not None and state.feed == origin_id(source.id)
    return state.feed in source.feeds


def _against(state: FeedState, said: Said, judgement: Judgement) -> Iterator[Finding]:
    detail: dict[str, object] = {"feed": state.name, "pulled": state.pulled.isoformat()}
    if said.is_gone:
        message = f"It is gone, says the {state.kind} {state.name!r} of {state.pulled:%Y-%m-%d %H:%M}."
        if said.moved_to is not None:
            place = safe_uri(said.moved_to)
            message, detail = f"{message} It is at {place} now.", {**detail, "moved_to": place}
        yield Finding("F212", message, detail=detail)
        return
    written = written_of(judgement)
    if said.is_other:
        message = f"{state.name} has another content now than the one that was sealed, by its validator."
        yield Finding("F207", message, detail=detail)
        return
    if said.modified is not None and written is not None and _whole(said.modified) > written.latest:
        text = f"this text of {written.latest:%Y-%m-%d %H:%M}"
        message = f"Its origin changed it {said.modified:%Y-%m-%d %H:%M}, after {text}."
        yield Finding("F207", message, detail={**detail, "changed": said.modified.isoformat()})


def _is_over_by(past: datetime, said: Said, judgement: Judgement) -> bool:
    """Return whether what is said against a text was so at a time in the past already, or may have been."""
    written = written_of(judgement)
    if said.modified is not None and said.modified <= past and written is not None and said.modified > written.latest:
        return True
    # When another content came is not known: at any time after that of the text.
    if said.is_other and written is not None and past >= written.earliest:
        return True
    # What is gone is believed to be so from when it was first missed.
    return said.is_gone and said.seen <= past


def _is_after_all_changes(judgement: Judgement, said: Said) -> bool:
    """Return whether a text that nothing is said against is known to be of after the last change.

    A day that both name is one: sites and loaders that tell days tell no more.
    """
    written, known_since = written_of(judgement), said.known_since
    if written is None or known_since is None:
        return False
    return written.day == known_since or written.earliest >= _whole(known_since)


def _whole(time: datetime) -> datetime:
    """Return a time to the second: of the same one, some systems write fractions and others none."""
    return time.replace(microsecond=0)

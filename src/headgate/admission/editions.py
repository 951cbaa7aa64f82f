"""Which pages are not of the current edition of their source (F213). No I/O."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from headgate.admission.asked import names_version
from headgate.admission.judging import Judgement
from headgate.assurance import is_proof
from headgate.decision import Finding
from headgate.freshness import Release, is_unreleased, read_release

__all__ = ["apply_editions", "is_of_another_edition"]

_NONE_LISTED: Mapping[str, Collection[str]] = {}
_SPELT = re.compile(
    r"(?:(?:version|ver|v|release|rel|r|stable|branch|docs)[-_.]?)?(?P<number>.+?)(?:\.[xX])?(?:\+[0-9A-Za-z._-]+)?",
    re.IGNORECASE,
)


def apply_editions(
    judged: Sequence[Judgement],
    query: object = None,
    *,
    is_past: bool = False,
    listed: Mapping[str, Collection[str]] = _NONE_LISTED,
) -> None:
    """Add F213 to every page that is not of the current edition of its source.

    Where the policy names the current edition, every other one is out; where it is the one without a segment, every one
    that has a segment. Where it is the highest, that is the highest of
    this retrieval among the pages that may enter; for a source that requires proof, among those that are proved, also
    where that is only audited: what nobody signed pushes nothing out that is. What is not released yet, such as `next`
    or `4.0-rc.1`, is lower than what is; other words, such as `latest`, are neither higher nor lower. To a question
    about the past it is a warning, and so it is, where the policy says so, to one that names the page's own edition.

    Args:
        judged: the documents of one retrieval.
        query: the question, if it is known.
        is_past: whether what held in the past is asked for.
        listed: the editions that the feeds of a source list, by source; they count beside those of this retrieval.
    """
    editions = {one.index: _edition(one) for one in judged if one.facts.source.identity is not None}
    highest = _highest(judged, editions, listed)
    for judgement in judged:
        edition, source = editions.get(judgement.index), judgement.facts.source
        if edition is None or source.identity is None:
            continue
        current: str | None = source.identity.current
        if current == "highest":
            judgement.listed_editions = _highest_of(listed.get(source.id, ()))
            current = _higher_than(edition, highest.get(source.id, {}))
        if current is None or edition == current:
            continue
        judgement.is_asked = judgement.is_asked or names_version(query, edition)
        is_served = judgement.is_asked and source.identity.asked == "warn"
        finding = Finding(
            "F213",
            f"It is of the edition {edition[:80]!r}; the current one is {current[:80]!r}.",
            "warning" if is_past or is_served else "error",
            {"edition": edition[:80], "current": current[:80]},
        )
        judgement.add((finding,), source.modes["freshness"])


def is_of_another_edition(judgement: Judgement) -> bool:
    """Return whether a page is not of the edition that the policy names; not where that may be served."""
    identity, edition = judgement.facts.source.identity, _edition(judgement)
    if identity is None or edition is None or identity.current == "highest" or identity.asked == "warn":
        return False
    return edition != identity.current


def _highest_of(editions: Collection[str]) -> tuple[str, ...]:
    """Return the highest of some editions, one per scheme."""
    return tuple(name for _, name in _merged(editions).values()) if editions else ()


def _merged(editions: Collection[str]) -> dict[str, tuple[Release, str]]:
    found: dict[str, tuple[Release, str]] = {}
    for edition in sorted(editions):
        release = _release_of(edition)
        if release is not None and (release.scheme not in found or found[release.scheme][0] < release):
            found[release.scheme] = release, edition
    return found


def _highest(
    judged: Sequence[Judgement], editions: Mapping[int, str | None], listed: Mapping[str, Collection[str]]
) -> dict[str, dict[str, tuple[Release, str]]]:
    """Return the highest edition of each source, by scheme: a number and a date are not compared."""
    highest = {source: _merged(some) for source, some in listed.items()}
    for judgement in judged:
        edition = editions.get(judgement.index) or ""
        release = _release_of(edition)
        if release is not None and not judgement.is_kept_out and _may_choose(judgement):
            known = highest.setdefault(judgement.facts.source.id, {})
            if release.scheme not in known or known[release.scheme][0] < release:
                known[release.scheme] = release, edition
    return highest


def _higher_than(edition: str, highest: Mapping[str, tuple[Release, str]]) -> str | None:
    """Return the edition that counts instead of one: a higher one, or for what is not released yet any that is."""
    release = _release_of(edition)
    if release is None:
        return next((name for _, name in highest.values()), None) if is_unreleased(edition) else None
    known = highest.get(release.scheme)
    return known[1] if known is not None and release < known[0] else None


def _release_of(edition: str) -> Release | None:
    """Return the version that an edition is: `release-1.9` is 1.9, and `8.x` is 8."""
    found = _SPELT.fullmatch(edition)
    return read_release(found["number"]) if found is not None else None


def _may_choose(judgement: Judgement) -> bool:
    facts = judgement.facts
    return facts.attestation is not None or not is_proof(facts.source.requirement.require)


def _edition(judgement: Judgement) -> str | None:
    identity = judgement.facts.source.identity
    return identity.edition_of(judgement.facts.uri) if identity is not None else None

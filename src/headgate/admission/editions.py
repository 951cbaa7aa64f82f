"""Which pages are not of the current edition of their source (F213). No I/O."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.admission.judging import Judgement
from headgate.assurance import is_proof
from headgate.decision import Finding
from headgate.freshness import Release, read_release

__all__ = ["apply_editions"]


def apply_editions(judged: Sequence[Judgement], *, is_past: bool = False) -> None:
    """Add F213 to every page that is not of the current edition of its source.

    Where the policy names the current edition, every other one is out. Where it is the highest, that is the highest of
    this retrieval among the pages that may enter; for a source that requires proof, among those that are proved, also
    where that is only audited: what nobody signed pushes nothing out that is. What is no number, such as `next`, is
    neither higher nor lower. To a question about the past it is a warning.
    """
    editions = {one.index: _edition(one) for one in judged if one.facts.source.identity is not None}
    # By scheme too: a number and a date are not compared, so which came first in the retrieval must not choose.
    highest: dict[tuple[str, str], Release] = {}
    for judgement in judged:
        release = read_release(editions.get(judgement.index))
        if release is not None and not judgement.is_kept_out and _may_choose(judgement):
            place = judgement.facts.source.id, release.scheme
            highest[place] = max(release, highest.get(place, release))
    for judgement in judged:
        edition, source = editions.get(judgement.index), judgement.facts.source
        if edition is None or source.identity is None:
            continue
        current = source.identity.current
        if current == "highest":
            release = read_release(edition)
            known = highest.get((source.id, release.scheme)) if release is not None else None
            if release is None or known is None or not release < known:
                continue
            current = str(known)
        elif edition == current:
            continue
        finding = Finding(
            "F213",
            f"It is of the edition {edition[:80]!r}; the current one is {current[:80]!r}.",
            "warning" if is_past else "error",
            {"edition": edition[:80], "current": current[:80]},
        )
        judgement.add((finding,), source.modes["freshness"])


def _may_choose(judgement: Judgement) -> bool:
    facts = judgement.facts
    return facts.attestation is not None or not is_proof(facts.source.requirement.require)


def _edition(judgement: Judgement) -> str | None:
    identity = judgement.facts.source.identity
    return identity.edition_of(judgement.facts.uri) if identity is not None else None

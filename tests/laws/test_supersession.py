"""Supersession is an order: one version of a document is current, and it alone pushes out others."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from headgate.freshness import Candidate, find_superseded, read_release, read_time

NOON = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
moments = st.integers(0, 400).map(lambda minutes: read_time(NOON + timedelta(minutes=15 * minutes)))
days = st.integers(1, 28).map(lambda day: read_time(f"2026-06-{day:02}"))


WRITTEN = st.sampled_from([1, 2, 3, "1.5", "2.10", "2026-01", "2025-07"])
VERSIONS = st.none() | WRITTEN.map(read_release)


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    count = draw(st.integers(0, 7))
    return [
        Candidate(
            index=index,
            document=draw(st.sampled_from("ab")),
            evidence=draw(st.sampled_from(["signed", "unsigned"])),
            digest=draw(st.sampled_from("tuvwxyz")),
            version=draw(VERSIONS),
            modified=draw(st.none() | moments | days),
            counts=draw(st.booleans()),
            tolerance=draw(st.sampled_from([timedelta(0), timedelta(hours=1)])),
        )
        for index in range(count)
    ]


def groups(among: list[Candidate]) -> set[tuple[str, str]]:
    return {(one.document, one.evidence) for one in among}


@given(candidates())
def test_of_each_document_something_stays(retrieval: list[Candidate]) -> None:
    out = find_superseded(retrieval)
    assert groups([one for one in retrieval if one.index not in out]) == groups(retrieval)


@given(candidates())
def test_what_pushes_out_stays_itself_and_counts(retrieval: list[Candidate]) -> None:
    out = find_superseded(retrieval)
    for index, finding in out.items():
        newest = retrieval[int(str(finding.detail["newest_index"]))]
        assert newest.index not in out
        assert newest.counts
        assert (newest.document, newest.evidence) == (retrieval[index].document, retrieval[index].evidence)


@given(candidates())
def test_no_two_push_each_other_out_alone(retrieval: list[Candidate]) -> None:
    for one in retrieval:
        for other in retrieval:
            assert len(find_superseded([one, other])) < 2 or one is other


@given(candidates(), candidates())
def test_unsigned_documents_change_the_fate_of_no_signed_one(signed: list[Candidate], others: list[Candidate]) -> None:
    ours = [one for one in signed if one.evidence == "signed"]
    theirs = [one for one in others if one.evidence == "unsigned"]
    moved = [_at(one, one.index + 100) for one in theirs]
    alone, among = find_superseded(ours), find_superseded([*moved, *ours])
    assert set(alone) == {index for index in among if index < 100}


@given(candidates(), st.randoms(use_true_random=False))
def test_the_order_of_the_retrieval_does_not_matter(retrieval: list[Candidate], chance: object) -> None:
    shuffled = list(retrieval)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert set(find_superseded(shuffled)) == set(find_superseded(retrieval))


@given(candidates(), st.integers(0, 6))
def test_what_does_not_count_changes_nothing(retrieval: list[Candidate], place: int) -> None:
    kept = [one for one in retrieval if one.counts or one.index != place]
    before, after = find_superseded(retrieval), find_superseded(kept)
    assert set(after) == set(before) - ({one.index for one in retrieval} - {one.index for one in kept})


def _at(candidate: Candidate, index: int) -> Candidate:
    values = {name: getattr(candidate, name) for name in Candidate.__dataclass_fields__}
    return Candidate(**{**values, "index": index})

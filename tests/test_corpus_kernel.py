"""The kernel of work on corpora: what it says of rows is what the gate says of chunks, however rows are divided."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from headgate import Chunk, Decision, Gate
from headgate.chunk import SEAL_KEY
from headgate.corpus import Manifest, list_corpus, seal_corpus
from headgate.corpus.listing import entry_of
from headgate.corpus.rows import read_rows
from headgate.corpus.terms import TermCounts, TermRow
from headgate.errors import HeadgateError, PolicyError
from headgate.policy import MetadataKeys
from headgate.provenance import Sealer, read_seal
from headgate.testing import FixedClock, Publisher
from shelves import temporary_folder
from worlds import CLOCK, HANDBOOK, Origin, policies, retrievals

pa = pytest.importorskip("pyarrow")
kernel = pytest.importorskip("headgate.corpus.kernel")

FOLDER = temporary_folder()
GLOSSARY = {"terms": {"LarkDesk": ["LDX", "alpha"]}}


def policy_file(policy: dict[str, Any], folder: Path = FOLDER) -> Path:
    path = folder / "headgate.yaml"
    path.write_text(yaml.safe_dump(policy))
    return path


def batch_of(chunks: Sequence[Chunk]) -> Any:
    return pa.RecordBatch.from_pydict(
        {
            "id": pa.array([chunk.id for chunk in chunks], pa.string()),
            "text": pa.array([chunk.text for chunk in chunks], pa.string()),
            "metadata": pa.array([json.dumps(dict(chunk.metadata)) for chunk in chunks], pa.string()),
        }
    )


def said(decision: Decision) -> dict[str, Any]:
    """What a decision says, in the columns of the kernel."""
    record = decision.to_dict()
    edits = [decision.rewrite, *decision.metadata_rewrites.values()]
    return {
        "id": record["id"],
        "action": record["action"],
        "would_drop": decision.would_drop,
        "codes": list(decision.codes),
        "reasons": [finding.code for finding in decision.reasons],
        "messages": [finding.message for finding in decision.findings],
        "source": record["source"],
        "uri": record["uri"],
        "digest": record["digest"] or None,
        "assurance": record["assurance"],
        "issuer": record["issuer"],
        "modified": decision.modified,
        "age_seconds": record["age_seconds"],
        "verified": decision.verified.at if decision.verified else None,
        "verified_by": decision.verified.by if decision.verified else None,
        "edits": sum(len(one.edits) for one in edits if one is not None),
        "withheld": record["withheld"],
        "problem": None,
    }


def alone(policy: Path, chunk: Chunk, now: datetime) -> dict[str, Any]:
    admission = Gate(policy).judge([chunk], now=now)  # a gate of its own, which remembers nothing
    return {**said(admission.decisions[0]), "valid_until": admission.valid_until}


@given(policies(), retrievals(most=4))
def test_every_row_is_decided_as_the_gate_decides_about_the_chunk(policy: dict[str, Any], found: list[Origin]) -> None:
    path = policy_file({**policy, "mode": "enforce"})
    chunks = [one.chunk for one in found]
    rows = kernel.JudgeRows(path, CLOCK.now)(batch_of(chunks)).to_pylist()
    for row, chunk in zip(rows, chunks, strict=True):
        del row["supersession"]
        assert row == alone(path, chunk, CLOCK.now)


@given(policies(), retrievals(most=6), st.lists(st.integers(0, 6), max_size=3))
def test_it_does_not_matter_how_rows_are_divided(policy: dict[str, Any], found: list[Origin], cuts: list[int]) -> None:
    judge = kernel.JudgeRows(policy_file(policy), CLOCK.now)
    whole = batch_of([one.chunk for one in found])
    edges = sorted({0, *(min(cut, len(found)) for cut in cuts), len(found)})
    parts = [whole.slice(start, end - start) for start, end in pairwise(edges)]
    table = pa.Table.from_batches(parts, schema=whole.schema)
    assert judge(table).to_pylist() == judge(whole).to_pylist()


@st.composite
def versions(draw: st.DrawFn) -> list[Chunk]:
    """Documents in several versions: sealed, declared with dates and versions of every form, and refused."""
    made = []
    for _ in range(draw(st.integers(1, 7))):
        text = draw(st.sampled_from("abcd"))
        page = draw(st.sampled_from("12"))
        modified = CLOCK.now - timedelta(hours=draw(st.sampled_from([-50, 0, 2, 30, 700])))
        how = draw(st.sampled_from(["sealed", "declared", "declared", "sealed and changed"]))
        if how == "declared":
            written = draw(
                st.sampled_from([modified.isoformat(), f"{modified:%Y-%m-%d}", f"{modified:%Y-%m-%d %H:%M}"])
            )
            metadata: dict[str, object] = {"source": f"https://wiki.example/{page}", "last_modified": written}
            version = draw(st.none() | st.sampled_from([1, 2, "2.10", "2.9", "2026-01", "2025-12"]))
            made.append(Chunk(text, {**metadata, **({"version": version} if version is not None else {})}))
            continue
        version = draw(st.none() | st.integers(1, 3))
        sealed = HANDBOOK.seal(
            text,
            f"https://handbook.example/{page}",
            {"title": "t"},
            version=version,
            cover=["title"],
            modified=modified,
        )
        made.append(sealed.with_metadata(title="other") if how == "sealed and changed" else sealed)
    return [replace(one, id=f"id-{number}") for number, one in enumerate(made)]


@given(policies(), versions())
@example(
    {"sources": [HANDBOOK.source()]},
    [HANDBOOK.seal(f"v{n}", "https://handbook.example/1", version=n) for n in range(3)],
)
def test_its_columns_tell_which_versions_are_superseded(policy: dict[str, Any], chunks: list[Chunk]) -> None:
    path = policy_file(policy)
    rows = kernel.JudgeRows(path, CLOCK.now)(batch_of(chunks))
    together = Gate(path).judge(chunks, now=CLOCK.now).decisions
    superseded = kernel.superseded_rows(rows)
    assert set(superseded) == {one.index for one in together if "F205" in one.codes}
    for index, finding in superseded.items():
        assert finding.message in {one.message for one in together[index].findings}


def test_terms_and_times_come_along(tmp_path: Path, clock: FixedClock, handbook: Publisher) -> None:
    (tmp_path / "glossary.yaml").write_text(yaml.safe_dump(GLOSSARY))
    rules = {"freshness": {"max_age": "30d", "warn_after": "30d"}, "terminology": ["glossary.yaml"]}
    path = policy_file({"sources": [handbook.source(**rules)]}, tmp_path)
    chunks = [
        handbook.seal("LDX is new, and so is LDX.", "https://handbook.example/1", modified=clock.ago(days=10)),
        handbook.seal("LDX is old.", "https://handbook.example/2", modified=clock.ago(days=40)),
    ]
    new, old = kernel.JudgeRows(path, clock.now)(batch_of(chunks)).to_pylist()
    assert (new["action"], new["edits"], new["codes"]) == ("admit", 2, ["T301"])
    assert timedelta(0) <= new["valid_until"] - (clock.now + timedelta(days=20)) < timedelta(seconds=1)
    assert (old["action"], old["age_seconds"], old["reasons"]) == ("drop", 40 * 86_400, ["F202"])


def test_it_can_be_sent_to_a_worker_that_has_the_same_policy(tmp_path: Path, handbook: Publisher) -> None:
    path = policy_file({"sources": [handbook.source()]}, tmp_path)
    judge = kernel.JudgeRows(path, CLOCK.now)
    batch = batch_of([handbook.seal("alpha", "https://handbook.example/1")])
    sent = pickle.loads(pickle.dumps(judge))
    assert sent(batch) == judge(batch)
    assert judge.revision == Gate(path).policy_revision
    policy_file({"sources": [handbook.source(freshness={"max_age": "1d"})]}, tmp_path)
    kernel.judging._gate_of.cache_clear()
    with pytest.raises(PolicyError, match="planned with the policy revision"):
        sent(batch)


def test_a_policy_that_cannot_be_used_is_found_where_the_job_is_planned(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="max_agee"):
        kernel.JudgeRows(policy_file({"default": {"freshness": {"max_agee": "1d"}}}, tmp_path))
    with pytest.raises(ValueError, match="now"):
        kernel.JudgeRows(policy_file({}, tmp_path), datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_the_parts_of_a_policy_that_are_about_prompts_change_nothing(tmp_path: Path) -> None:
    source = HANDBOOK.source()
    log = {"path": str(tmp_path / "decisions.jsonl")}
    path = policy_file({"sources": [source], "budget": {"max_tokens": 1}, "log": log}, tmp_path)
    chunks = [HANDBOOK.seal(f"text {n} is long", f"https://handbook.example/{n}") for n in range(20)]
    rows = kernel.JudgeRows(path, CLOCK.now)(batch_of(chunks)).to_pylist()
    assert {row["action"] for row in rows} == {"admit"}
    assert not (tmp_path / "decisions.jsonl").exists()


TWICE = pa.array([[("a", "1"), ("a", "2")]], pa.map_(pa.string(), pa.string()))
ODD: list[tuple[str, Any, str]] = [
    ("no text", {"text": [None], "source": ["x"]}, "it has no text"),
    ("bytes for a text", {"text": [b"alpha"], "source": ["x"]}, "it has no text"),
    ("a number for a text", {"text": [1], "source": ["x"]}, "it has no text"),
    ("a list for metadata", {"text": ["a"], "metadata": ["[1]"]}, "not a JSON object"),
    ("half a JSON text", {"text": ["a"], "metadata": ['{"a":']}, "not JSON"),
    ("a key twice", {"text": ["a"], "metadata": ['{"a": 1, "a": 2}']}, "there twice"),
    ("a key twice in a map", {"text": ["a"], "metadata": TWICE}, "there twice"),
    ("a time beyond all dates", {"text": ["a"], "t": pa.array([2**60], pa.timestamp("s"))}, "cannot be read"),
    ("no UTF-8", {"text": pa.array([b"\xff"]).view(pa.string())}, "cannot be read"),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "why"), [one[1:] for one in ODD], ids=[one[0] for one in ODD])
def test_a_row_that_cannot_be_read_is_named_and_spoils_no_other(
    columns: dict[str, Any], why: str, tmp_path: Path
) -> None:
    judge = kernel.JudgeRows(policy_file({"default": {"provenance": {"require": "none"}}}, tmp_path), CLOCK.now)
    odd = pa.RecordBatch.from_pydict(columns)
    (row,) = judge(odd).to_pylist()
    assert (row["action"], row["would_drop"], row["codes"]) == ("drop", True, [])
    assert why in row["problem"]
    fine = pa.RecordBatch.from_pydict({"text": ["fine"], "source": ["x"]})
    assert judge(fine).to_pylist()[0]["problem"] is None


def test_values_too_long_to_look_at_are_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = kernel.JudgeRows(policy_file({"default": {"provenance": {"require": "none"}}}, tmp_path), CLOCK.now)
    batch = pa.RecordBatch.from_pydict({"text": ["x" * 20_000_001, "fine"], "note": ["y", "z" * 20_000_001]})
    long, noted = judge(batch).to_pylist()
    assert long["problem"] == "the column 'text' has more than 20,000,000 bytes"
    assert noted["problem"] == "the column 'note' has more than 20,000,000 bytes"


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    judge = kernel.JudgeRows(policy_file({}, tmp_path), CLOCK.now)
    batch = pa.RecordBatch.from_arrays([pa.array(["a"]), pa.array(["b"]), pa.array(["c"])], ["text", "x", "x"])
    with pytest.raises(HeadgateError, match="two columns 'x'"):
        judge(batch)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_metadata_comes_in_every_form(kind: Any, tmp_path: Path) -> None:
    policy = {"sources": [{"id": "a", "match": "https://a.example/**", "provenance": {"require": "declared"}}]}
    judge = kernel.JudgeRows(policy_file(policy, tmp_path), CLOCK.now)
    source, changed = "https://a.example/1", datetime(2026, 5, 1, tzinfo=timezone.utc)
    texts = pa.array(["a"]).cast(kind)
    written = {"source": source, "last_modified": changed.isoformat()}
    forms: list[dict[str, Any]] = [
        {"text": texts, "source": pa.array([source]).cast(kind), "last_modified": [changed]},
        {"text": texts, "source": [source], "last_modified": pa.array([changed], pa.timestamp("ns", "Asia/Tokyo"))},
        {"page_content": texts, "metadata": [{"source": source, "last_modified": changed, "empty": None}]},
        {"content": texts, "metadata": pa.array([list(written.items())], pa.map_(pa.string(), pa.string()))},
        {"text": texts, "metadata": pa.array([json.dumps(written)]).cast(kind)},
    ]
    rows = [judge(pa.RecordBatch.from_pydict(form)).to_pylist()[0] for form in forms]
    assert {(row["action"], row["source"], row["uri"], row["modified"]) for row in rows} == {
        ("admit", "a", source, changed)
    }


@pytest.fixture
def key(tmp_path: Path, handbook: Publisher) -> Path:
    path = tmp_path / "handbook.private.jwk.json"
    path.write_text(json.dumps(handbook.key.private_jwk()))
    return path


PAGES: list[dict[str, Any]] = [
    {
        "text": "Thirty days.",
        "source": "https://handbook.example/1",
        "title": "Leave",
        "version": 2,
        "vector": [0.5] * 9,
    },
    {"text": "Twenty days.", "source": "https://handbook.example/1", "title": "Leave", "version": 1},
    {"text": "Wages (W).", "source": "https://handbook.example/2", "title": "Pay", "expires": "sometime soon"},
    {"text": "No source.", "title": "Nowhere"},
    {"text": None, "source": "https://handbook.example/3"},
]
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("text", "source", "title", "expires")),
        ("version", pa.int64()),
        ("vector", pa.list_(pa.float32())),
    ]
)


def pages() -> Any:
    return pa.RecordBatch.from_pylist(PAGES, SCHEMA)


@pytest.mark.parametrize("is_batch", [False, True])
def test_rows_are_sealed_as_documents_are(is_batch: bool, key: Path, tmp_path: Path, handbook: Publisher) -> None:
    seal = kernel.SealRows(key, "people-team", is_batch=is_batch)
    sealed = pickle.loads(pickle.dumps(seal))(pages())
    assert sealed.schema == seal.schema_for(SCHEMA)
    assert sealed.select(SCHEMA.names) == pages()
    expected = list(seal_corpus(read_rows(pages()), Sealer(handbook.key, "people-team")))
    for row, item in zip(sealed.to_pylist(), expected, strict=True):
        assert row["headgate_problem"] == item.problem
        assert (row["headgate_seal"] is None) == (item.chunk is None)
        if item.chunk is not None:
            ours, theirs = (read_seal(one)[1] for one in (row["headgate_seal"], item.chunk.metadata[SEAL_KEY]))
            assert replace(ours, issued_at=theirs.issued_at) == theirs
    judge = kernel.JudgeRows(policy_file({"sources": [handbook.source()]}, tmp_path))
    judged = judge(sealed).to_pylist()
    assert [row["assurance"] for row in judged] == ["sealed", "sealed", "sealed", "none", None]
    # Sealed again, with the seals in the column, they are sealed once.
    again = seal(sealed)
    assert again.schema == sealed.schema
    assert [row["assurance"] for row in judge(again).to_pylist()] == [row["assurance"] for row in judged]


def test_a_key_that_cannot_be_used_is_found_where_the_job_is_planned(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"none\.json"):
        kernel.SealRows(tmp_path / "none.json", "x")


def test_rows_are_listed_as_documents_are() -> None:
    rows = kernel.ListRows()(pages()).to_pylist()
    expected = list_corpus(read_rows(pages()))
    documents: dict[str, list[Any]] = {}
    for row in rows:
        if row["uri"] is not None:
            documents.setdefault(row["uri"], []).append(kernel.piece_of(row, "[1]"))
    problems: list[str] = []
    found = [entry_of(uri, pieces, MetadataKeys(), problems) for uri, pieces in documents.items()]
    assert found == expected.entries
    assert len(found[0].chunks) == 1
    assert sorted([row["problem"] for row in rows if row["problem"]] + problems) == sorted(
        one.partition(": ")[2] if one.startswith(("[3]", "[4]")) else one for one in expected.not_listed
    )
    assert [row["notes"] for row in rows if row["notes"]]


TOLD = [
    "A Service Level Objective (SLO) and a service-level objective (SLO).",
    "LarkDesk (formerly Otter) has an e-mail address, and email, and Email.",
    "Otter was renamed LarkDesk. The data base is a database.",
]


def rows_of(table: Any) -> list[TermRow]:
    return [
        TermRow(row["kind"], row["first"], row["second"], row["third"], row["count"], tuple(row["examples"]))
        for row in table.to_pylist()
    ]


@given(st.lists(st.sampled_from(TOLD), max_size=6), st.integers(0, 6))
def test_words_can_be_counted_in_parts(texts: list[str], cut: int) -> None:
    count = kernel.TermRows()
    table = pa.Table.from_pydict({"text": texts, "source": ["https://a.example/1"] * len(texts), "title": texts})
    whole, parts = TermCounts(), TermCounts()
    for text in texts:
        whole.add("https://a.example/1", text, uri="https://a.example/1", title=text)
    for part in (table.slice(0, cut), table.slice(cut)):
        parts.merge(rows_of(count(part)))
    assert sorted(whole.rows()) == sorted(parts.rows())
    assert whole.documents == len(texts)


def test_a_kernel_judges_by_the_manifest_that_is_in_force_when_it_is_made(tmp_path: Path) -> None:
    uris = [f"https://handbook.example/{name}" for name in "ab"]
    chunks = [Chunk(f"page {uri}", {"source": uri}) for uri in uris]
    folder, key = tmp_path / "manifest", HANDBOOK.key

    def build(listed: Sequence[Chunk]) -> None:
        Manifest.build(listed, corpus="pages", signer=Sealer(key, issuer="handbook"), out=folder, clock=CLOCK)

    build(chunks)
    provenance = {"require": "manifest", "manifest": str(folder), "keys": key.public_jwks()}
    source = {"id": "pages", "match": "https://handbook.example/**", "provenance": provenance}
    path = policy_file({"sources": [source]}, tmp_path)
    before = kernel.JudgeRows(path, now=CLOCK.now)
    assert before(batch_of(chunks))["action"].to_pylist() == ["admit", "admit"]
    build(chunks[1:])
    after = kernel.JudgeRows(path, now=CLOCK.now)
    assert after(batch_of(chunks))["action"].to_pylist() == ["drop", "admit"]
    assert (before.revision, before.state == after.state) == (after.revision, False)
    # A worker that comes later finds a different manifest than the job was planned with.
    stale = pickle.loads(pickle.dumps(before))
    kernel.judging._gate_of.cache_clear()
    with pytest.raises(PolicyError, match="not the one that the job was planned with"):
        stale(batch_of(chunks))

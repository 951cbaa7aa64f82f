"""A drafted policy fits what it was drafted from: no wider than that, and enforced it does not empty the prompt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from headgate import Chunk, Gate, Glossary, Policy
from headgate.cli.app import app
from headgate.corpus import CorpusItem, audit_corpus, draft_policy, enforced_counts, survey_corpus
from headgate.corpus.acronyms import Acronyms, draft_glossary
from headgate.corpus.places import group_places, place_of
from headgate.policy import UriPattern, normalise_uri
from headgate.testing import Publisher

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


def items(*metadata: Mapping[str, object]) -> list[CorpusItem]:
    return [CorpusItem(f"d{n}", Chunk(f"Document {n}.", one)) for n, one in enumerate(metadata)]


def drafted(tmp_path: Path, found: list[CorpusItem], **options: Any) -> tuple[str, Gate]:
    text = draft_policy(survey_corpus(found, NOW), **options)
    path = tmp_path / "headgate.yaml"
    path.write_text(text, encoding="utf-8")
    policy = Policy.load(path)
    assert policy.mode == "audit"
    assert policy.log is not None
    return text, Gate(policy.model_copy(update={"log": None}).enforced())


def kept_out(gate: Gate, found: list[CorpusItem]) -> list[bool]:
    return [row.keeps_out for row in audit_corpus(gate, found, NOW).rows]


@pytest.mark.parametrize(
    ("uris", "patterns"),
    [
        (["https://h.example/a/b/x", "https://h.example/a/b/c/y"], [["https://h.example/a/b/**"]]),
        (["https://h.example/a/x", "https://h.example/b/y"], [["https://h.example/a/**", "https://h.example/b/**"]]),
        (["https://h.example/x", "https://h.example/b/y"], [["https://h.example/*", "https://h.example/b/**"]]),
        ([f"https://h.example/{n}/x" for n in range(20)], [["https://h.example/**"]]),
        (["/srv/app/docs/a.md", "/srv/app/docs/b/c.md"], [["file:/srv/app/docs/**"]]),
        (["/home/me/docs/a.md", "/data/wiki/b.md"], [["file:/data/wiki/**"], ["file:/home/me/docs/**"]]),
        (["/home/me/a/x.md", "/home/you/b/y.md"], [["file:/home/me/a/**", "file:/home/you/b/**"]]),
        (["docs/a.md", "docs/b/c.md", "wiki/d.md"], [["file:docs/**"], ["file:wiki/**"]]),
        (["a.md"], [["file:*"]]),
        (["C:\\docs\\a.md"], [["file:/C:/docs/**"]]),
        (["s3://bucket/in/a", "s3://bucket/in/b"], [["s3://bucket/in/**"]]),
        (["https://h.example/a**b/x"], [["https://h.example/a*b/**"]]),
        (["https://h.example/a/x", "https://**/**/x", "https://h.example/*/x"], [["https://h.example/a/**"]]),
    ],
)
def test_the_pattern_is_the_longest_common_folder(uris: list[str], patterns: list[list[str]]) -> None:
    places = {place_of(str(normalise_uri(uri))) for uri in uris}
    assert sorted(map(list, group_places(places))) == patterns


SEGMENT = st.sampled_from(["a", "b", "docs", "x y", "ü", "1*2", "**"])
URI = st.builds(
    lambda root, folders, name: root + "/".join([*folders, name]),
    st.sampled_from(["https://h.example/", "https://other.example:8080/", "/", "", "s3://b/", "file:", "urn:"]),
    st.lists(SEGMENT, max_size=4),
    st.sampled_from(["p.md", "q", "r s.html"]),
)


@given(st.lists(URI, min_size=1, max_size=20))
def test_patterns_cover_what_was_seen(uris: list[str]) -> None:
    normal = {one for uri in uris if (one := normalise_uri(uri)) is not None}
    groups = group_places({place_of(uri) for uri in normal})
    for uri in normal:
        if "*" in place_of(uri)[1]:  # one that would widen the pattern is left out
            continue
        assert sum(any(UriPattern.parse(p).matches(uri) for p in patterns) for patterns in groups) >= 1
    for patterns in groups:
        # And nothing at another host, or in a top folder of the disk, that no document is in.
        assert not any(UriPattern.parse(p).matches("https://evil.example/a") for p in patterns)
        assert not any(UriPattern.parse(p).matches("file:/unseen/a/b") for p in patterns)


METADATA = st.fixed_dictionaries(
    {},
    optional={
        "source": st.one_of(URI, st.sampled_from(["", None, 7, "https://user:pw@h.example/x"])),
        "file_path": URI,
        "where": st.sampled_from(["kb/pages/a.html", "https://h.example/kb/b", "not a place"]),
        "last_modified": st.sampled_from(
            ["2026-05-01T00:00:00Z", "2019-01-01", "03/04/2026", "soon", 1_700_000_000, "2030-01-01T00:00:00Z"]
        ),
        "mtime": st.sampled_from([1_700_000_000.5, "2026-05-30T00:00:00Z"]),
        "valid_until": st.sampled_from(["2025-01-01", "2027-01-01", "never"]),
        "page": st.integers(0, 9),
    },
)


@given(st.lists(METADATA, min_size=1, max_size=12))
def test_enforced_it_admits_what_it_was_drafted_from_or_says_so(
    tmp_path_factory: pytest.TempPathFactory, found: list[dict[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("draft")
    corpus = items(*found)
    _, gate = drafted(folder, corpus)
    check = audit_corpus(gate, corpus, NOW)
    text = draft_policy(survey_corpus(corpus, NOW), check=check)
    assert enforced_counts(check) in text
    sound = [
        row
        for row, metadata in zip(check.rows, found, strict=True)
        # What is out for what it says itself: past its end, from the future, in a form with two readings.
        if set(metadata) <= {"source", "page", "mtime"} and str(metadata.get("source") or "").count("pw") == 0
    ]
    if len(sound) == len(check.rows) and any(isinstance(m.get("source"), str) and m["source"] for m in found):
        assert not all(row.keeps_out for row in sound), text
    if all(row.keeps_out for row in check.rows):
        assert "keep out every one of" in text


def test_a_dated_source_has_headroom_and_an_undated_one_the_reason(tmp_path: Path) -> None:
    dated = items(*({"source": f"kb/{n}.md", "updated": (NOW - timedelta(days=n)).isoformat()} for n in range(100)))
    text, gate = drafted(tmp_path, dated)
    assert "max_age: 150d, missing: drop" in text
    assert not any(kept_out(gate, dated))
    for metadata, reason in (
        ({"source": "kb/a.md"}, "no document has a time that can be read"),
        ({"source": "kb/a.md", "mtime": "2026-05-01T00:00:00Z"}, "a checkout or a copy resets"),
        ({"source": "kb/a.md", "updated": "2015-05-01T00:00:00Z"}, "keep out little"),
    ):
        text, gate = drafted(tmp_path, items(metadata))
        assert reason in text
        assert "# How old may a document be" in text
        assert gate.policy.sources[0].freshness.max_age is None
        assert kept_out(gate, items(metadata)) == [False]


def test_seals_are_required_only_where_there_are_some(tmp_path: Path, handbook: Publisher) -> None:
    handbook.key.save(tmp_path / "k")
    plain = items({"source": "https://handbook.example/a"})
    text, gate = drafted(tmp_path, plain, keys=["k.jwks.json"])
    assert "taken at its word" in text
    assert kept_out(gate, plain) == [False]
    sealed = [*plain, CorpusItem("s", handbook.seal("Sealed.", "https://handbook.example/b"))]
    text, gate = drafted(tmp_path, sealed, keys=["k.jwks.json"])
    assert "keeps out 1 document without a seal" in text
    assert "keep out 1 of these 2 documents (P101: 1)" in enforced_counts(audit_corpus(gate, sealed, NOW))
    assert "Seal at ingestion" in drafted(tmp_path, plain)[0]
    text, _ = drafted(tmp_path, sealed)
    assert "name the keys (headgate init --keys FILE), then" in text
    assert "Seal at ingestion" not in text


def test_documents_without_a_source_are_said_and_let_in(tmp_path: Path) -> None:
    found = items({"page": 1}, {"page": 2})
    text, gate = drafted(tmp_path, found)
    assert "no provenance at all" in text
    assert kept_out(gate, found) == [False, False]
    text, gate = drafted(tmp_path, items({"page": 1}, {"source": "kb/a.md"}, {"source": "kb/b.md"}))
    assert "keeps out 1 document without any source" in text


def test_a_key_that_nobody_knows_is_proposed_and_asked_about(tmp_path: Path) -> None:
    found = items(
        {"kb_location": "kb/pages/a.html", "checked": "2026-05-01"},
        {"kb_location": "kb/pages/b.html", "checked": "2026-05-02"},
    )
    text, gate = drafted(tmp_path, found)
    assert 'source: ["kb_location"]' in text
    assert "Is this where a document comes from?" in text
    assert 'modified: ["checked"]' in text
    assert kept_out(gate, found) == [False, False]


def test_a_place_of_few_documents_beside_many_is_asked_about(tmp_path: Path) -> None:
    wiki = [{"source": f"https://wiki.example/{name}"} for name in "abcde"]
    text, _ = drafted(tmp_path, items(*wiki, {"source": "https://paste.example/x"}))
    before, _, after = text.partition("https://paste.example/")
    assert "Yours?" not in before
    assert "    # 1 of 6 documents comes from here. Yours? If not, remove this source.\n" in after
    assert "Yours?" not in drafted(tmp_path, items(*wiki))[0]
    assert "Yours?" not in drafted(tmp_path, items(wiki[0], {"source": "https://paste.example/x"}))[0]


def test_what_a_document_says_stays_a_comment(tmp_path: Path) -> None:
    evil = "x\nmode: enforce\n#"
    found = items({"source": f"https://h.example/{evil}", "updated": evil, evil: "kb/a/b.md", "when\x1b[2J": "soon"})
    text, _ = drafted(tmp_path, found)
    assert "\x1b" not in text
    assert "\nmode: enforce" not in text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Every team has a Service Level Objective (SLO).", {"SLO": "Service Level Objective"}),
        ("the Service Level Objectives (SLOs) of a team", {"SLO": "Service Level Objectives"}),
        ("a General Data Protection Regulation (GDPR) request", {"GDPR": "General Data Protection Regulation"}),
        ("in the United States (US)", {"US": "United States"}),
        ("See the table (IBM) below", {}),
        ("It costs money (EUR)", {}),
        ("Restart (NOTE) now. Page(A1)", {}),
        ("first line\n(FL) second", {}),
        ("(SLO)", {}),
    ],
)
def test_short_forms_that_a_text_defines(text: str, found: dict[str, str]) -> None:
    acronyms = Acronyms()
    acronyms.add(text)
    assert {one.short: one.long[0][0] for one in acronyms.proposals()} == found


def test_a_drafted_glossary_flags_and_leaves_doubts_to_the_reader(tmp_path: Path) -> None:
    acronyms = Acronyms()
    for text in (
        "Service Level Objective (SLO)",
        "Point of Contact (PoC) and Point of Contact (POC)",
        "a Proof of Concept (PoC)",
        None,
    ):
        acronyms.add(text)
    path = tmp_path / "g.yaml"
    path.write_text(draft_glossary(acronyms.proposals(), "headgate.yaml"))
    assert "# PoC means several things here" in path.read_text()
    rewrite = Glossary.load(path).rewrite("The SLO is met.")
    assert rewrite.text == "The SLO is met."
    assert [edit.canonical for edit in rewrite.edits] == ["Service Level Objective"]


@given(st.text(alphabet="aA bB(C)\n.S-", max_size=300))
def test_no_text_makes_a_glossary_that_does_not_load(text: str) -> None:
    acronyms = Acronyms()
    acronyms.add(text)
    acronyms.add(text[::-1])
    proposals = acronyms.proposals()
    terms = {long: {"aliases": [one.short], "mode": "flag"} for one in proposals for long, _ in one.long[:1]}
    assert draft_glossary(proposals, "p.yaml").count("\n") >= len(terms)


def test_editions_that_stand_side_by_side_are_a_question_and_no_rule(tmp_path: Path) -> None:
    pages = [("en", version, page) for version in ("v3.9", "v3.10", "latest") for page in ("install", "guide/a")]
    sources = [f"https://docs.example/{'/'.join(parts)}" for parts in pages]
    sources += [f"https://blog.example/{year}/post-of-{year}" for year in (2023, 2024, 2025)]
    sources += ["https://shop.example/v1/a", "https://shop.example/v2/b", "https://x.example/{version}/1/a*"]
    (tmp_path / "corpus.jsonl").write_text(
        "".join(json.dumps({"text": source, "source": source}) + "\n" for source in sources)
    )
    out = tmp_path / "headgate.yaml"
    result = CliRunner().invoke(app, ["init", str(tmp_path / "corpus.jsonl"), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "3 editions of 2 pages (v3.10: 2, v3.9: 2, latest: 2). Which is current?" in result.output
    assert result.output.count("editions of") == 1
    assert Policy.load(out).sources[0].identity is None
    plain = items(
        *(
            {"source": f"https://docs.example/docs/{edition}{page}"}
            for edition in ("", "1.0/", "2.0/", "next/")
            for page in ("a/x", "b/y")
        )
    )
    (found,) = survey_corpus(plain, NOW).editions
    assert (found.pattern, found.current, found.distinct) == (
        "https://docs.example/docs/{version}/{page}",
        "unversioned",
        2,
    )
    draft = out.read_text()
    out.write_text(draft.replace("# identity:", "identity:").replace("mode: audit", "mode: enforce"))
    gate = Gate(out)
    assert [gate.admit([Chunk("x", {"source": source})]).decisions[0].action for source in sources[:6]] == [
        "drop"
    ] * 4 + ["admit"] * 2


def test_times_of_copies_are_said_not_to_count_and_what_finds_dates_is_named(tmp_path: Path) -> None:
    node = {"source": "file:kb/a.md", "mtime": "2026-05-01T00:00:00Z"}
    text, _ = drafted(tmp_path, items(node))
    assert "from files are those of a copy" in text
    assert "DateNodes (LlamaIndex)" in text
    text, _ = drafted(tmp_path, items({"source": "https://h.example/a", "modified": "2026-05-01T00:00:00Z"}))
    assert "DateNodes" not in text

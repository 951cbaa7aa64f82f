"""Production on purpose: seeded, in doses, through both frameworks, and honest about what comes through."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from selectolax.lexbor import LexborHTMLParser
from typer.testing import CliRunner

from headgate import AdapterError, Chunk, HeadgateError, Policy
from headgate.cli.app import app
from headgate.corpus import to_line
from headgate.demo.company import Company, open_company
from headgate.rehearsal import CATALOGUE, World, injection, rehearse
from headgate.rehearsal.catalogue import stale_copy, tampered_copy, unsigned_copy
from headgate.rehearsal.staging import ID_KEY
from headgate.report import to_html, to_text
from headgate.testing import HOSTILE_METADATA, HOSTILE_STRINGS, Publisher
from langchain_headgate.rehearsal import bm25 as langchain_bm25
from llama_index.postprocessor.headgate.rehearsal import bm25 as llamaindex_bm25

mpl.use("Agg")
NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
TEAMS = ("annual leave", "parental leave", "expenses", "battery fire", "refunds", "night shifts", "spare parts", "keys")


def corpus() -> list[Chunk]:
    return [
        Chunk(
            f"About {topic}, part {part}. The Larkfield Desk answers within {part + 2} days and keeps note number {n}.",
            {
                "source": f"https://{'docs' if 'e' in topic else 'wiki'}.example/{topic.replace(' ', '-')}",
                "last_modified": (NOW - timedelta(days=len(topic))).isoformat(),
            },
        )
        for n, (topic, part) in enumerate((topic, part) for topic in TEAMS for part in range(10))
    ]


NAMES = [one.name for one in CATALOGUE]
QUESTIONS = [f"What about {topic}?" for topic in TEAMS]


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    glossary = "fuzzy: flag\nterms: {Larkfield Desk: [LDX, Larkfield Deskk, the old service desk]}"
    (tmp_path / "terms.yaml").write_text(glossary)
    rules: dict[str, Any] = {
        "freshness": {"max_age": "90d", "supersede": True},
        "terminology": [str(tmp_path / "terms.yaml")],
    }
    publishers = [Publisher(name, f"https://{name}.example/**") for name in ("docs", "wiki")]
    return Policy.from_mapping({"sources": [publisher.source(**rules) for publisher in publishers]})


def finder(k: int) -> Callable[[list[Chunk]], Callable[[str], Sequence[Chunk]]]:
    """A retriever without a framework: the chunks that share most words with the question."""

    def build(chunks: list[Chunk]) -> Callable[[str], Sequence[Chunk]]:
        def find(question: str) -> Sequence[Chunk]:
            words = {word for word in question.lower().strip("?").split() if len(word) > 3}

            def rank(chunk: Chunk) -> tuple[int, int]:
                return -sum(word in chunk.text.lower() for word in words), zlib.crc32(
                    str(chunk.metadata[ID_KEY]).encode()
                )

            return sorted(chunks, key=rank)[:k]

        return find

    return build


BUILDERS: dict[str | None, Any] = {
    None: finder(40),
    "langchain": lambda documents: langchain_bm25(documents, 40),
    "llama_index": lambda nodes: llamaindex_bm25(nodes, 40),
}


@pytest.mark.parametrize("framework", BUILDERS)
def test_every_injection_reaches_prompts_without_the_gate_and_none_with_it(
    framework: str | None, policy: Policy
) -> None:
    doses = {one.name: 0.3 for one in CATALOGUE}
    for name in ("in-place replacement", "source goes bad half-way", "alias drift", "misspelling"):
        doses[name] = 0.2
    result = rehearse(
        corpus(), QUESTIONS, BUILDERS[framework], policy, framework=framework, doses=doses, seed=1, now=NOW
    )
    assert result.questions == len(QUESTIONS)
    assert not result.failed
    assert result.curated == 80
    assert result.spoiled_without == len(QUESTIONS)
    assert not result.good_lost
    reached = {name for name, one in result.injections.items() if one.prompts_without}
    assert len(reached) >= 10
    for name, one in result.injections.items():
        if one.injection.is_bad and name != "superseded version":  # needs its successor in the same retrieval
            assert one.prompts_with == 0, name
    assert result.injections["another source's key"].codes.keys() == {"P104"}
    assert result.injections["clock skew"].codes.keys() <= {"F204"}
    assert result.rewritten > 0


def test_the_same_seed_brings_the_same_rehearsal(policy: Policy) -> None:
    first, again, other = (
        rehearse(corpus(), QUESTIONS, finder(8), policy, seed=seed, now=NOW).to_dict() for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_a_policy_that_asks_for_nothing_lets_everything_through_and_the_report_says_what_would_stop_it() -> None:
    lax = Policy.from_mapping({"default": {"provenance": {"require": "none"}}})
    tried = [stale_copy, unsigned_copy, tampered_copy]
    result = rehearse(corpus(), QUESTIONS, finder(8), lax, injections=tried, seed=1, now=NOW)
    assert result.idle == ("tampered copy",)
    assert "Found nothing to work on" in result.page()
    assert result.spoiled_with == result.spoiled_without > 0
    assert not result.is_clean
    assert "What stops it: freshness.max_age" in result.page()
    assert result.injections["unsigned copy"].cases[0].action == "admit"


def test_an_injection_of_ones_own_is_a_few_lines(policy: Policy) -> None:
    @injection("shouting", "An unsigned copy in capitals.", dose=0.5)
    def shouting(chunk: Chunk, world: World) -> Chunk | None:
        return world.unsealed(chunk, chunk.text.upper())

    result = rehearse(corpus(), QUESTIONS, finder(8), policy, injections=[shouting], seed=1, now=NOW)
    assert result.injections["shouting"].injected == 40
    assert result.injections["shouting"].prompts_without > 0
    assert result.injections["shouting"].prompts_with == 0


def test_a_retriever_that_raises_is_reported_and_the_rehearsal_goes_on(policy: Policy) -> None:
    def build(chunks: list[Chunk]) -> Callable[[str], Sequence[Chunk]]:
        find = finder(8)(chunks)

        def sometimes(question: str) -> Sequence[Chunk]:
            if "leave" in question:
                raise ConnectionError("the index is gone")
            return find(question)

        return sometimes

    result = rehearse(corpus(), QUESTIONS, build, policy, now=NOW)
    assert len(result.failed) == 2
    assert result.questions == len(QUESTIONS) - 2
    assert "ConnectionError: the index is gone" in result.page()


def test_a_store_that_gives_documents_ids_of_its_own_is_understood(policy: Policy) -> None:
    def build(chunks: list[Chunk]) -> Callable[[str], Sequence[Chunk]]:
        return finder(8)([Chunk(chunk.text, chunk.metadata) for chunk in chunks])

    result = rehearse(corpus(), QUESTIONS, build, policy, doses={"unsigned copy": 0.5}, now=NOW)
    assert result.spoiled_without > 0
    assert not result.failed


def test_documents_from_elsewhere_are_no_result(policy: Policy) -> None:
    result = rehearse(corpus(), QUESTIONS, lambda _: lambda _: [Chunk("x", id="elsewhere")], policy, now=NOW)
    assert len(result.failed) == len(QUESTIONS)
    assert "which is not in the index it was given" in result.page()


def test_a_source_with_a_manifest_is_rehearsed_with_seals_in_its_place(policy: Policy) -> None:
    """The documents that are made up are in no manifest, and the one of the policy is not even read."""
    listed = {"require": "manifest", "manifest": "nowhere", "at_least": 3}
    sources = tuple(
        source.model_copy(update={"provenance": source.provenance.model_copy(update=listed)})
        for source in policy.sources
    )
    listing = policy.model_copy(update={"sources": sources})
    result = rehearse(corpus(), QUESTIONS, finder(8), listing, doses={"tampered copy": 0.3}, seed=1, now=NOW)
    assert result.spoiled_without > 0
    assert result.spoiled_with == 0
    assert not result.good_lost


def test_a_source_that_goes_bad_is_quarantined_if_the_policy_says_so(policy: Policy, tmp_path: Path) -> None:
    rule = {"failures": "10%", "window": "1h", "at_least": 10}
    entries = policy.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    for source in entries["sources"]:
        source["quarantine"] = rule
    entries["quarantine"] = {"path": str(tmp_path / "quarantine.jsonl")}
    watched = Policy.from_mapping(entries)
    bad = [one for one in CATALOGUE if one.from_half]
    questions = QUESTIONS * 4
    result = rehearse(corpus(), questions, finder(8), watched, injections=bad, doses={bad[0].name: 0.5}, now=NOW)
    assert result.spoiled_with == 0
    assert result.good_lost["P113"] > 0
    assert not (tmp_path / "quarantine.jsonl").exists()  # what is rehearsed is not real


def test_a_policy_that_only_records_is_rehearsed_as_if_it_were_enforced(policy: Policy) -> None:
    sources = tuple(source.model_copy(update={"mode": "audit"}) for source in policy.sources)
    watching = policy.model_copy(update={"sources": sources})
    doses = {"unsigned copy": 0.5}
    one, other = (rehearse(corpus(), QUESTIONS, finder(8), rules, doses=doses, now=NOW) for rules in (policy, watching))
    assert one.spoiled_without > 0
    assert (one.spoiled_with, one.good_lost) == (other.spoiled_with, other.good_lost)
    assert "does not enforce yet" in other.page()
    assert "does not enforce yet" not in one.page()


def test_a_policy_that_drops_everything_is_an_error_that_says_why() -> None:
    with pytest.raises(ValueError, match=r"admits no document of the curated corpus: P109 \(80\)"):
        rehearse(corpus(), QUESTIONS, finder(8), {}, now=NOW)


@pytest.mark.parametrize(
    ("corpus_", "questions", "more", "problem"),
    [
        ([], QUESTIONS, {}, "the corpus is empty"),
        (corpus(), [], {}, "there are no questions"),
        (corpus(), QUESTIONS, {"doses": {"nothing": 1}}, "'nothing' is not an injection"),
        (corpus(), QUESTIONS, {"doses": {"stale copy": 7}}, "not a share"),
        (corpus(), QUESTIONS, {"framework": "a framework nobody has"}, "not an installed framework"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused(
    corpus_: list[Chunk], questions: list[str], more: dict[str, Any], problem: str, policy: Policy
) -> None:
    with pytest.raises((ValueError, AdapterError), match=problem):
        rehearse(corpus_, questions, finder(8), policy, now=NOW, **more)


@pytest.mark.parametrize("source", ["sealed", "declared"])
def test_a_corpus_of_hostile_texts_and_metadata_is_rehearsed(source: str, policy: Policy) -> None:
    entries = ("title", "last_modified", "valid_from", "version", "superseded_by", "source", "note")
    hostile = [
        Chunk(text[:2_000], {**chunk.metadata, entry: value})
        for text, value, chunk, entry in zip(HOSTILE_STRINGS, HOSTILE_METADATA, corpus(), cycle(entries), strict=False)
    ]
    lax = {"sources": [{"id": "docs", "match": "https://docs.example/**", "provenance": {"require": "declared"}}]}
    questions = [text[:200] for text in HOSTILE_STRINGS[:10]]
    rules = policy if source == "sealed" else Policy.from_mapping(lax)
    result = rehearse([*corpus(), *hostile], questions, finder(8), rules, doses=dict.fromkeys(NAMES, 0.3), now=NOW)
    assert result.questions == len(questions)
    assert "<script" not in result.page()
    assert "\u202e" not in str(result)


def test_an_injection_or_a_retriever_that_cannot_be_made_is_named(policy: Policy) -> None:
    @injection("broken", "Raises.", dose=1.0)
    def broken(chunk: Chunk, world: World) -> Chunk | None:
        raise KeyError(chunk.id)

    with pytest.raises(HeadgateError, match="the injection 'broken' failed: KeyError: 'curated-"):
        rehearse(corpus(), QUESTIONS, finder(8), policy, injections=[broken], now=NOW)

    def unbuilt(chunks: list[Chunk]) -> Callable[[str], Sequence[Chunk]]:
        raise OSError("no index")

    with pytest.raises(HeadgateError, match="the retriever could not be built: OSError: no index"):
        rehearse(corpus(), QUESTIONS, unbuilt, policy, now=NOW)


def test_the_page_and_the_plot(policy: Policy) -> None:
    hostile = [Chunk(f"<script>x()</script>\u202e {chunk.text}", chunk.metadata) for chunk in corpus()]
    result = rehearse(hostile, [*QUESTIONS, "<img src=x onerror=x()>"], finder(8), policy, now=NOW)
    for page in (result.page(), result._repr_html_()):
        assert len(page.encode()) <= 256_000
        assert not LexborHTMLParser(page).css("script, svg, iframe")
        assert "\u202e" not in page
    assert "9 questions were asked" in result.page()
    figure = result.plot().figure
    figure.canvas.draw()
    mpl.pyplot.close(figure)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return open_company(tmp_path)


OWN = """
from headgate.rehearsal import injection
from langchain_headgate.rehearsal import bm25


@injection("shouting", "In capitals.", dose=1.0)
def shouting(chunk, world):
    return world.unsealed(chunk, chunk.text.upper())


def build(documents, k):
    return bm25(documents, k)
"""


def test_the_command_takes_what_stands_in_the_current_folder(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_rehearsal.py").write_text(OWN)
    curated = [document.chunk for document in company.documents if document.trouble is None]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(to_line, curated)))
    command = ["rehearse", "corpus.jsonl", "--now", "2026-06-01T12:00:00Z", "--only", "stale copy", "--json"]
    own = ["--retriever", "own_rehearsal:build", "--injection", "own_rehearsal:shouting"]
    found = json.loads(CliRunner().invoke(app, [*command, *own]).stdout)
    shouting = found["injections"][-1]
    assert shouting["name"] == "shouting"
    assert shouting["injected"] == found["curated"]
    # One source of the company only declares; there it comes through, and nowhere else.
    assert shouting["prompts_without"] > shouting["prompts_with"] > 0
    assert shouting["codes"].keys() == {"P101"}


@pytest.mark.parametrize("framework", ["langchain", "llama_index"])
def test_the_command(framework: str, company: Company, tmp_path: Path) -> None:
    curated = [document.chunk for document in company.documents if document.trouble is None]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(to_line, curated)))
    (tmp_path / "questions.txt").write_text("\n".join(company.questions))
    command = ["rehearse", str(tmp_path / "corpus.jsonl"), "--policy", str(tmp_path / "headgate.yaml"), "--k", "4"]
    command += ["--questions", str(tmp_path / "questions.txt"), "--now", "2026-06-01T12:00:00Z"]
    command += ["--framework", framework, "--html", str(tmp_path / "out" / "page.html")]
    done = CliRunner().invoke(app, [*command, "--dose", "unsigned copy=0.5", "--plot", str(tmp_path / "plot.png")])
    assert done.exit_code in (0, 1), done.exception
    assert "questions were asked without" in done.output
    assert (tmp_path / "out" / "page.html").stat().st_size > 10_000
    assert (tmp_path / "plot.png").stat().st_size > 5_000
    found = json.loads(CliRunner().invoke(app, [*command, "--json", "--only", "unsigned copy"]).stdout)
    assert [one["name"] for one in found["injections"]] == ["unsigned copy"]
    assert found["prompts_with_a_bad_document"]["with"] == 0
    for wrong in (["--only", "x"], ["--dose", "x"], ["--retriever", "nowhere:x"], ["--injection", "json:dumps"]):
        assert isinstance(CliRunner().invoke(app, [*command, *wrong]).exception, HeadgateError)


def test_the_command_names_what_it_cannot_read(company: Company, tmp_path: Path) -> None:
    curated = [document.chunk for document in company.documents if document.trouble is None]
    (tmp_path / "corpus.jsonl").write_text("\n".join(["no json", *map(to_line, curated)]))
    (tmp_path / "questions.txt").write_bytes(b"\xff\xfe")
    command = ["rehearse", str(tmp_path / "corpus.jsonl"), "--policy", str(tmp_path / "headgate.yaml"), "--json"]
    done = CliRunner().invoke(app, [*command, "--now", "2026-06-01T12:00:00Z"])
    assert "corpus.jsonl:1: it is not JSON" in done.stderr
    assert json.loads(done.stdout)["curated"] == len(curated)
    refused = CliRunner().invoke(app, [*command, "--questions", str(tmp_path / "questions.txt")])
    assert "questions.txt: the questions are not UTF-8 text" in str(refused.exception)


def test_what_comes_through_is_put_down_to_a_rule_of_a_source() -> None:
    wiki = {"id": "wiki", "match": "file:docs/**", "provenance": {"require": "declared"}}
    pages = [Chunk(f"Page {n} has {n} days of leave.", {"source": f"file:docs/{n}.md"}) for n in range(20)]
    result = rehearse(
        pages,
        ["days of leave"],
        lambda chunks: lambda question: chunks,
        {"sources": [wiki]},
        injections=[one for one in CATALOGUE if one.name in ("unsigned copy", "stale copy")],
        now=NOW,
    )
    assert not result.is_clean
    rules = {name: set(one.let_through) for name, one in result.injections.items()}
    assert rules == {
        "unsigned copy": {"provenance.require of 'wiki' is declared"},
        "stale copy": {"freshness.max_age of 'wiki' is not set"},
    }
    for shown in (to_text(result), to_html(result)):
        assert "Let through, because provenance.require of" in " ".join(shown.split())


def test_a_rehearsal_in_which_nothing_was_injected_shows_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    pages = [Chunk("Thirty days of leave.", {"source": "file:docs/leave.md"})]
    policy = {"sources": [{"id": "docs", "match": "file:docs/**", "provenance": {"require": "declared"}}]}
    result = rehearse(pages, ["leave"], lambda chunks: lambda question: chunks, policy, now=NOW)
    assert result.is_empty
    assert not result.is_clean
    assert "Nothing was tried" in to_text(result)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.md").write_text("Thirty days of leave.")
    (tmp_path / "headgate.yaml").write_text(json.dumps(policy))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["rehearse", "docs"])
    assert isinstance(done.exception, HeadgateError)
    assert "nothing was injected, so nothing was tried" in str(done.exception)


def test_of_two_rules_that_come_together_the_one_that_is_missing_is_named() -> None:
    from headgate.rehearsal import CATALOGUE
    from headgate.rehearsal.advice import rule_behind

    lost = next(one for one in CATALOGUE if one.name == "missing timestamp")
    for freshness, rule in (
        ({"max_age": "90d", "missing": "warn"}, "freshness.missing of 'a' is warn"),
        ({"missing": "warn"}, "freshness.max_age of 'a' is not set"),
    ):
        source = {
            "id": "a",
            "match": "https://a.example/**",
            "provenance": {"require": "declared"},
            "freshness": freshness,
        }
        assert rule_behind(Policy.from_mapping({"sources": [source]}), "a", lost) == rule

"""Dates for documents that have none: from the document, the server, the history; a file's own under its own name."""

from __future__ import annotations

import logging
import os
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from llama_index.core import SimpleDirectoryReader
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import MetadataMode, TextNode

from headgate import HeadgateError
from headgate.freshness import resolve_timestamps
from headgate.integration.dating import Dating
from headgate.origins.git import GitProblem, Repositories
from langchain_headgate import DateDocuments
from llama_index.postprocessor.headgate import DateNodes

COMMITTED = "2024-03-10T12:00:00+00:00"


def git(folder: Path, *words: str, date: str = COMMITTED) -> None:
    names = {
        **{f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_DATE": date,
    }
    command = ["git", "-C", str(folder), *words]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **names})  # noqa: S603 - our own words


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    checkout = tmp_path / "checkout"
    folder = checkout / "docs"
    folder.mkdir(parents=True)
    git(checkout, "init", "-q")
    (folder / "leave.md").write_text("Thirty days.")
    (folder / "ü b.md").write_text("Umlaut.")
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", "one")
    (folder / "leave.md").write_text("Thirty days, and more.")
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", "two", date="2025-01-02T03:04:05+02:00")
    (folder / "new.md").write_text("Not committed.")
    (folder / "front.md").write_text("---\ntitle: T\nupdated: 2023-05-01\n---\nText.")
    monkeypatch.chdir(checkout)
    return folder


def lang(documents: list[Document], **options: Any) -> list[dict[str, Any]]:
    return [document.metadata for document in DateDocuments(**options).transform_documents(documents)]


def llama(documents: list[Document], **options: Any) -> list[dict[str, Any]]:
    nodes = [TextNode(text=document.page_content, metadata=document.metadata) for document in documents]
    return [node.metadata for node in DateNodes(**options)(nodes)]


@pytest.fixture(params=[lang, llama], ids=["LangChain", "LlamaIndex"])
def date(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_the_last_commit_that_touched_a_file_dates_it(docs: Path, date: Any) -> None:
    paths = ["docs/leave.md", str(docs / "ü b.md"), f"file:{docs}/leave.md", "docs/../docs/leave.md"]
    found = date([Document("Text.", metadata={"source": path}) for path in paths])
    assert [one["last_modified"] for one in found] == [
        "2025-01-02T03:04:05+02:00",
        COMMITTED,
        "2025-01-02T03:04:05+02:00",
        "2025-01-02T03:04:05+02:00",
    ]
    assert {one["last_modified_from"] for one in found} == {"git"}
    assert resolve_timestamps(found[0]).modified == datetime(2025, 1, 2, 1, 4, 5, tzinfo=timezone.utc)


def test_a_documents_own_statement_comes_first(docs: Path, date: Any) -> None:
    own = {"source": "docs/leave.md", "updated_at": "2020-01-01T00:00:00Z"}
    front = Document("---\nupdated: 2022-02-02\n---\nText.", metadata={"source": "docs/leave.md"})
    stripped = Document("Text.", metadata={"source": "docs/front.md"})  # a loader took the front matter off
    assert date([Document("x", metadata=own)]) == [own]
    found = date([front, stripped])
    assert [(one["last_modified"], one["last_modified_from"]) for one in found] == [
        ("2022-02-02", "front_matter"),
        ("2023-05-01", "front_matter"),
    ]


def test_what_a_server_said_when_it_was_loaded(docs: Path, date: Any) -> None:
    page = {"url": "https://a.example/x", "headers": {"last-modified": "Wed, 21 Oct 2015 07:28:00 GMT"}}
    (found,) = date([Document("x", metadata=page)])
    assert found["last_modified"] == "2015-10-21T07:28:00+00:00"
    assert found["last_modified_from"] == "http"
    assert "last_modified" not in page
    (found,) = date([Document("x", metadata={**page, "headers": {"Date": "Wed, 21 Oct 2015 07:28:00 GMT"}})])
    assert "last_modified" not in found


def test_the_time_of_a_file_is_never_a_modification_unless_asked(docs: Path, date: Any) -> None:
    os.utime(docs / "new.md", (1_700_000_000, 1_700_000_000))
    new = Document("x", metadata={"source": "docs/new.md"})
    (found,) = date([new])
    assert found["file_time"] == "2023-11-14T22:13:20+00:00"
    assert resolve_timestamps(found).modified is None
    (found,) = date([new], file_time="off")
    assert found == new.metadata
    (found,) = date([new], file_time="modified")
    assert (found["last_modified"], found["last_modified_from"]) == ("2023-11-14T22:13:20+00:00", "file")
    with pytest.raises((HeadgateError, ValueError), match="file_time"):
        date([new], file_time="always")
    with pytest.raises(HeadgateError, match="not evidence of a date"):
        date([new], evidence=["mtime"])


def test_what_cannot_be_read_is_not_replaced_and_what_has_no_date_is_named(
    docs: Path, date: Any, caplog: pytest.LogCaptureFixture
) -> None:
    unclear = Document("---\nupdated: 03/04/2024\n---\nx", metadata={"source": "docs/leave.md"})
    (found,) = date([unclear])
    assert "last_modified" not in found
    assert (
        "1 document of 1 without a date that counts: 1 document: front_matter: it can be read two ways" in caplog.text
    )
    caplog.clear()
    date([Document("x", metadata={"source": "docs/new.md"}), Document("x", metadata={"source": "docs/leave.md"})])
    (record,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert "no commit has touched it" in record.getMessage()


def test_no_file_outside_of_the_root_is_looked_at(docs: Path, date: Any, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("---\nupdated: 2020-01-01\n---\n")
    (docs / "link.md").symlink_to(tmp_path / "outside.md")
    for path in ("../outside.md", str(tmp_path / "outside.md"), "docs/link.md", "a\0b", "x" * 5_000, "/etc/passwd", 7):
        (found,) = date([Document("x", metadata={"source": path})])
        assert found == {"source": path}


def test_a_shallow_checkout_dates_nothing(
    docs: Path, date: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{docs.parent}", "shallow")
    (found,) = date([Document("x", metadata={"source": "docs/leave.md"})], root=tmp_path / "shallow")
    assert "last_modified" not in found
    assert "fetch-depth" in caplog.text


def test_a_checkout_runs_no_program_of_its_own(docs: Path, date: Any) -> None:
    marker = docs.parent / "ran"
    for name in ("core.fsmonitor", "core.pager", "gpg.program", "diff.external"):
        git(docs.parent, "config", name, f"touch {marker}; true")
    git(docs.parent, "config", "log.showSignature", "true")
    (found,) = date([Document("x", metadata={"source": "docs/leave.md"})])
    assert found["last_modified_from"] == "git"
    assert not marker.exists()


def test_without_git_the_rest_goes_on(docs: Path, date: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (found,) = date([Document("x", metadata={"source": "docs/leave.md"})])
    assert "last_modified" not in found
    assert "git is not installed" in caplog.text


def test_many_files_are_asked_at_once(docs: Path) -> None:
    for number in range(250):
        (docs / f"{number}.md").write_text(str(number))
    git(docs.parent, "add", ".")
    git(docs.parent, "commit", "-q", "-m", "many", date="2025-06-01T00:00:00+00:00")
    found = Dating(docs).date_all([("x", {"source": f"docs/{number}.md"}) for number in range(250)])
    assert {one.evidence for one in found} == {"git"}
    assert {str(one.metadata["last_modified"])[:10] for one in found} == {"2025-06-01"}


@pytest.mark.skipif(os.name == "nt", reason="such names are not allowed there")
@pytest.mark.parametrize("others", [1, 300], ids=["asked by name", "the whole history"])
@pytest.mark.parametrize(
    "folder",
    [
        "z\n\x012026-06-01T00:00:00+00:00\ndocs",
        "\ndocs",
        "z\n2026-06-01T00:00:00+00:00\n:100644 100644 7898192 f2ad6c7 M\ndocs",
        "\n:000000 100644 0000000 6178079 A",
        ":100644 100644 7898192 f2ad6c7 M",
        "z\x01docs",
        "z\ndocs",
    ],
)
def test_the_name_of_one_file_dates_no_other(folder: str, others: int, docs: Path) -> None:
    odd = docs.parent / folder
    odd.mkdir()
    (odd / "leave.md").write_text("Newer.")
    (odd / "docs").mkdir()
    (odd / "docs" / "leave.md").write_text("Newer.")
    git(docs.parent, "add", ".")
    git(docs.parent, "commit", "-q", "-m", "odd", date="2026-06-01T00:00:00+00:00")
    wanted = [docs / "leave.md", odd / "leave.md", *(docs / f"{number}.md" for number in range(others))]
    found = Repositories().last_commits([file.resolve() for file in wanted])
    assert found[(docs / "leave.md").resolve()] == "2025-01-02T03:04:05+02:00"
    assert str(found[(odd / "leave.md").resolve()]).startswith("2026-06-01T00:00:00")


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for git")
@pytest.mark.parametrize(
    "said",
    [
        r"\0002026-06-01T00:00:00+00:00\000docs/leave.md\000",
        r"\0002026-06-01T00:00:00+00:00\000\n:100644 100644 1 2 M\000docs/leave.md",
        r"docs/leave.md\000",
    ],
    ids=["in another form", "cut off within a name", "without a commit"],
)
def test_what_git_says_in_another_form_dates_nothing(
    said: str, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "bin" / "git"
    script.parent.mkdir()
    place = docs.parent.resolve()
    script.write_text(
        f"#!/bin/sh\ncase \"$*\" in *rev-parse*) printf '%s\\nfalse\\n' '{place}';; *) printf '{said}';; esac\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    wanted = [(docs / name).resolve() for name in ("leave.md", "new.md")]
    found = Repositories().last_commits(wanted)
    assert all(isinstance(one, GitProblem) for one in found.values()), found


def test_dates_of_the_readers_that_are_the_files_own_do_not_count(docs: Path) -> None:
    """As `SimpleDirectoryReader` writes them: after a checkout every file is new."""
    documents = SimpleDirectoryReader(str(docs), required_exts=[".md"]).load_data()
    nodes = IngestionPipeline(transformations=[DateNodes(docs)]).run(documents=documents)
    by_name = {node.metadata["file_name"]: node for node in nodes}
    assert by_name["leave.md"].metadata["last_modified"] == "2025-01-02T03:04:05+02:00"
    assert by_name["front.md"].metadata["last_modified"] == "2023-05-01"
    assert "last_modified" not in by_name["new.md"].metadata
    for mode in (MetadataMode.LLM, MetadataMode.EMBED):
        assert "last_modified" not in by_name["leave.md"].get_content(metadata_mode=mode)
    assert DateNodes.from_dict(DateNodes(docs).to_dict()).root == str(docs)


@given(
    st.dictionaries(
        st.sampled_from(["source", "file_path", "headers", "last_modified", "mtime"]),
        st.one_of(st.text(max_size=20), st.none(), st.floats(), st.dictionaries(st.text(max_size=5), st.integers())),
    ),
    st.text(max_size=40).map(lambda text: f"---\n{text}"),
)
def test_nothing_in_a_document_ends_the_pipeline(metadata: dict[str, Any], text: str) -> None:
    before = repr(metadata)
    (found,) = Dating(evidence=["front_matter", "http"]).date_all([(text, metadata)])
    assert repr(metadata) == before
    assert metadata.items() <= found.metadata.items() or "nan" in before


def test_what_front_matter_restricts_comes_with_the_date(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\nexpires: 31.12.2025\nsuperseded_by: b.md\ntitle: A\n---\nText.\n")
    for text in ("Text.\n", (tmp_path / "a.md").read_text()):
        for metadata in ({"source": str(tmp_path / "a.md")}, {"source": "a.md", "last_modified": "2025-01-01"}):
            (dated,) = Dating(tmp_path).date_all([(text, metadata)])
            assert dated.metadata["expires"] == "31.12.2025"
            assert dated.metadata["superseded_by"] == "b.md"
            assert "title" not in dated.metadata
    (own,) = Dating(tmp_path).date_all([("Text.", {"source": "a.md", "valid_until": "2024-01-01"})])
    assert "expires" not in own.metadata
    (unasked,) = Dating(tmp_path, evidence=["git"]).date_all([("Text.", {"source": "a.md"})])
    assert "expires" not in unasked.metadata

"""Commands that did something else than they said, or said something else than they did."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from llama_index.core.schema import TextNode
from typer.testing import CliRunner, Result

from headgate import Chunk, Gate, HeadgateError, PolicyError, Sealer
from headgate.chunk import SEAL_KEY
from headgate.cli.app import app
from headgate.encoding import digest_label
from headgate.integration.publishing import Publishing
from headgate.provenance import generate_signing_key
from headgate.record.receipt import issue_receipt
from headgate.testing import FixedClock, Publisher
from langchain_headgate import HeadgateMiddleware, SealDocuments
from llama_index.postprocessor.headgate import SealNodes

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("text", ["Thirty days.", "Thirty days.\n", "\r\n\n", "\u00dcbung\n"])
def test_the_documented_shell_line_makes_the_digest_of_the_gate(text: str, here: Path) -> None:
    (here / "chunk.txt").write_bytes(text.encode())
    line = re.search(r"^\$ (openssl .*)$", (DOCS / "seal-format.md").read_text(encoding="utf-8"), re.M)
    assert line is not None
    printed = subprocess.run(["sh", "-c", line[1]], check=True, capture_output=True, text=True).stdout  # noqa: S603, S607
    assert f"sha-256:{printed}" == digest_label(text.encode())


@pytest.mark.parametrize("more", [[], ["--counts"], ["--code", "P101"], ["--json"]])
def test_a_page_of_the_log_is_written_or_refused(more: list[str], here: Path) -> None:
    (here / "log.jsonl").write_text("")
    done = run("log", "log.jsonl", "--html", "page.html", *more)
    assert "nothing to look at" in str(done.exception) or "leave out the other option" in str(done.exception)
    assert not (here / "page.html").exists()


def _documents(here: Path) -> None:
    (here / "docs").mkdir()
    for number in range(9):
        (here / "docs" / f"broken-{number}.md").write_text("---\na: [\n---\nText")
    (here / "docs" / "good.md").write_text("---\ntitle: T\nupdated_at: 03/04/2026\nversion: draft\n---\nText")
    run("keygen", "--out", "k")


def _seal(*more: object) -> Result:
    return run("seal", "docs", "-k", "k.private.jwk.json", "-i", "me", "-o", "s.jsonl", *more)


def test_sealing_names_all_that_it_left_out(here: Path) -> None:
    _documents(here)
    (here / "docs" / "table.pptx").write_bytes(b"")
    done = _seal()
    assert done.exit_code == 1
    assert done.stderr.startswith("1 document sealed by 'me', written to s.jsonl.\n9 documents not sealed:\n")
    assert all(f"broken-{number}.md" in done.stderr for number in range(9))
    assert "1 place passed over:\n  docs/table.pptx: " in done.stderr
    assert "1 document sealed, but not in every part:\n  docs/good.md: " in done.stderr


def test_an_audit_and_a_survey_name_all_that_they_left_out(here: Path) -> None:
    _documents(here)
    for done in (run("init", "docs"), run("audit", "docs")):
        assert done.exit_code == 1
        assert all(f"broken-{number}.md" in done.stderr for number in range(9))


def test_what_is_covered_but_no_claim_is_said_to_be_covered(here: Path) -> None:
    _documents(here)
    said = _seal().stderr
    assert "'updated_at' (modified) is covered as it is written, but is not a claim: it can be read two ways" in said
    assert "'version' (version) is covered as it is written, but is not a claim: a version is a whole number" in said
    assert "policy" not in said
    assert "updated_at" not in _seal("--date-order", "DMY").stderr
    assert "DMY or MDY" in str(_seal("--date-order", "YMD").exception)


@pytest.mark.parametrize("version", ["draft", "v3b", "2.1", 2.1, True])
def test_a_version_that_is_no_whole_number_is_noticed(version: object) -> None:
    claims = Publishing().claims({"source": "https://a.example/", "version": version})
    assert claims.arguments["version"] is None
    assert ["version" in problem for problem in claims.problems] == [True]


@pytest.mark.parametrize("version", [3, "3", None, ""])
def test_a_version_that_is_one_or_is_not_there_is_no_problem(version: object) -> None:
    assert Publishing().claims({"source": "https://a.example/", "version": version}).problems == ()


@pytest.mark.parametrize("option", ["--cover", "--hide"])
def test_an_entry_that_no_document_has_is_told(option: str, here: Path) -> None:
    _documents(here)
    for path in (here / "docs").glob("broken*"):
        path.unlink()
    (here / "docs" / "good.md").write_text("---\ntitle: T\n---\nText")
    assert _seal(option, "title").exit_code == 0
    done = _seal(option, "titel", option, "title")
    assert done.exit_code == 1
    assert "'titel': no document has such an entry" in done.stderr
    assert "'title'" not in done.stderr


def test_what_is_hidden_is_covered(here: Path) -> None:
    arguments = Publishing(hide=("title",)).claims({"source": "https://a.example/", "title": "T", "other": 1}).arguments
    assert "title" in arguments["cover"]
    assert arguments["hidden"] == ("title",)
    assert "other" not in arguments["cover"]


def test_keys_that_no_document_needs_are_not_dropped_silently(here: Path) -> None:
    _documents(here)
    for path in (here / "docs").glob("broken*"):
        path.unlink()
    done = run("init", "docs", "--keys", "k.jwks.json")
    assert done.exit_code == 1
    assert "--keys: no document has a seal" in done.stderr
    policy = (here / "headgate.yaml").read_text()
    assert 'Seal at ingestion, then: {require: sealed, keys: ["k.jwks.json"]}' in policy
    assert run("seal", "docs", "-k", "k.private.jwk.json", "-i", "me", "-o", "s.jsonl", "--date-order", "DMY")
    assert run("init", "s.jsonl", "--keys", "k.jwks.json", "--force").exit_code == 0
    assert "does not exist" in str(run("init", "docs", "--keys", "none.json", "--force").exception)


def test_the_comments_of_a_draft_are_true_and_whole(here: Path) -> None:
    _documents(here)
    run("init", "docs")
    policy = (here / "headgate.yaml").read_text()
    assert "without it they are all the 26 hours they can mean" in policy
    assert "which comes first\n" in policy
    assert "1 document," in policy
    assert "1 documents" not in policy


PUBLIC = ["k.jwks.json", "one.jwk.json", "k.pem"]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_key_that_should_sign_is_called_so(name: str, here: Path) -> None:
    key = generate_signing_key("k")
    key.save(here / "k")
    (here / "one.jwk.json").write_text(json.dumps(key.public_jwks()["keys"][0]))
    (here / "k.pem").write_bytes(key.key.as_pem(private=False))
    for make in (
        lambda: Sealer(name, "me"),
        lambda: SealNodes(name, "me"),
        lambda: SealDocuments(name, "me"),
        lambda: issue_receipt({}, name, "me"),
    ):
        with pytest.raises(PolicyError, match=r"public.*only a private key signs.*\.private\.jwk\.json"):
            make()


def test_documents_are_sealed_with_a_path_and_an_issuer_as_nodes_are(here: Path) -> None:
    generate_signing_key("k").save(here / "k")
    document = Document("text", metadata={"source": "https://a.example/"})
    (sealed,) = SealDocuments("k.private.jwk.json", issuer="me").transform_documents([document])
    assert SEAL_KEY in sealed.metadata
    with pytest.raises(HeadgateError, match="needs an issuer"):
        SealDocuments("k.private.jwk.json")


def test_a_notice_of_ingestion_says_which_document(handbook: Publisher, caplog: pytest.LogCaptureFixture) -> None:
    metadata = {"source": "https://a.example/7", "last_modified": "whenever"}
    SealNodes(handbook.sealer)([TextNode(text="text", metadata=metadata)])
    SealDocuments(handbook.sealer).transform_documents([Document("text", metadata=metadata)])
    assert [record.getMessage().count("a.example/7: 'last_modified'") for record in caplog.records] == [1, 1]
    with pytest.raises(HeadgateError, match="node-7: It names no source"):
        SealNodes(handbook.sealer)([TextNode(text="text", id_="node-7")])
    with pytest.raises(HeadgateError, match="doc-7: It names no source"):
        SealDocuments(handbook.sealer).transform_documents([Document("text", id="doc-7")])


def test_a_path_is_said_to_be_relative_to_what_it_is_relative_to(here: Path) -> None:
    (here / "page.md").write_text("text")
    for done in (
        run("seal", "page.md", "-k", "none.json", "-i", "me"),
        run("audit", "page.md", "--policy", "none.yaml"),
    ):
        assert "begins in the current folder" in str(done.exception)
        assert "policy" not in str(done.exception).replace("none.yaml", "").lower()
    (here / "headgate.yaml").write_text(
        "sources: [{id: a, match: 'file:**', provenance: {require: sealed, keys: keys/none.json}}]"
    )
    assert "begins in the folder of the policy" in str(run("audit", "page.md").exception)
    (here / "headgate.yaml").write_text("log: {path: none/log.jsonl}")
    assert f"the log {Path('none') / 'log.jsonl'} cannot be opened" in str(run("audit", "page.md").exception)
    (here / "headgate.yaml").write_text("mode: audit")
    for prefix in ("https://a.example", "file:docs"):
        said = str(run("audit", "page.md", "--prefix", prefix).exception)
        assert f"{prefix}page.md" in said
        assert f"{prefix}/" in said


def test_what_is_printed_of_documents_holds_none_of_their_text() -> None:
    gate = Gate({"mode": "audit"})
    chunks = [Chunk(f"SECRET {n}", {"source": "https://a.example/1", "note": "SECRET"}, str(n)) for n in range(3)]
    admission = gate.admit(chunks, "SECRET")
    assert "SECRET" not in repr([admission, chunks, *admission.decisions, admission.chunks])
    assert "admitted=3, dropped=0, codes={P101: 3, P109: 3}" in repr(admission)
    assert "SECRET" not in repr(Gate({}).admit(chunks).dropped)
    assert "unreadable" in repr(Chunk(None, None, "7"))  # type: ignore[arg-type]  # as an index may hold it


SOURCE = "version: 1\nsources:\n  - id: a\n    match: ['https://a.example/**']\n"
PLACES = [
    (SOURCE + "    provenance: {keys: [k.private.jwk.json]}\n", "headgate.yaml:5 sources[0].provenance.keys[0]: "),
    (SOURCE + "    provenance:\n      keys:\n        - none.json\n", "headgate.yaml:7 sources[0].provenance.keys[0]: "),
    (
        SOURCE + "    provenance: {require: declared}\n    terminology: [none.yaml]\n",
        "headgate.yaml:6 sources[0].terminology: ",
    ),
    ("version: 1\nlog:\n  path: none/log.jsonl\n", "headgate.yaml:3 log.path: "),
    (
        SOURCE + "    provenance: {require: declared}\n  - id: a\n    match: ['https://b.example/**']\n"
        "    provenance: {require: declared}\n",
        "headgate.yaml:6 sources[1].id: two sources",
    ),
    (
        SOURCE + "    provenance: {require: declared}\n  - id: b\n    match:\n      - 'https://a.example/**'\n"
        "    provenance: {require: declared}\n",
        "headgate.yaml:8 sources[1].match[0]: ",
    ),
    (
        SOURCE + "    provenance: {require: declared}\n    quarantine: {}\n",
        "headgate.yaml:6 sources[0].quarantine: ",
    ),
]


@pytest.mark.parametrize(("policy", "place"), PLACES)
def test_an_error_in_a_policy_names_its_line(policy: str, place: str, here: Path) -> None:
    run("keygen", "--out", "k")
    (here / "page.md").write_text("text")
    (here / "headgate.yaml").write_text(policy)
    assert str(run("audit", "page.md").exception).startswith(place)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--only", "stale"], "--only: 'stale' is not an injection here. Did you mean 'stale copy'?"),
        (["--dose", "stale copies=0.2"], "Did you mean 'stale copy'?"),
        (["--dose", "stale copy=120%"], "write NAME=SHARE"),
        (["--dose", "stale copy=x"], "write NAME=SHARE"),
        (["--dose", "0.2"], "write NAME=SHARE"),
        (["--only", "stale copy", "--dose", "forgery=0.1"], "--dose: 'forgery' is not an injection here"),
    ],
)
def test_a_rehearsal_with_a_wrong_option_reads_nothing_and_blames_the_option(
    options: list[str], problem: str, here: Path
) -> None:
    (here / "headgate.yaml").write_text("version: 1")
    assert problem in str(run("rehearse", "no-such-folder", *options).exception)
    done = run("rehearse", "no-such-folder", "--dose", "stale copy=50%")
    assert "no such file or folder" in str(done.exception)


def test_one_age_is_shown_everywhere(clock: FixedClock) -> None:
    page = "https://handbook.acme.example/page"
    source = {"id": "a", "match": [page], "provenance": {"require": "declared"}, "freshness": {"max_age": "30d"}}
    gate = Gate({"sources": [source]}, clock=clock)
    for written in ("2025-11-08", "2025-11", "2025-11-08T10:00:00"):
        (decision,) = gate.admit([Chunk("text", {"source": page, "last_modified": written})]).decisions
        assert decision.age is not None
        (finding,) = (one for one in decision.findings if one.code == "F202")
        assert f" {decision.age.days}d ago; the limit is 30d." in finding.message


def test_a_tool_that_returns_text_alone_is_named_once(
    handbook: Publisher, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    request = SimpleNamespace(tool_call={"name": "pages", "args": {}, "id": "1"})
    middleware = HeadgateMiddleware(gate, tools=["pages"])
    for _ in range(3):
        answer = middleware.wrap_tool_call(request, lambda _: ToolMessage("thirty days", tool_call_id="1"))
        assert "thirty" not in str(answer.content)
    (warning,) = caplog.messages
    assert "'pages'" in warning
    assert "response_format='content_and_artifact'" in warning
    other = SimpleNamespace(tool_call={"name": "calculator", "args": {}, "id": "1"})
    middleware.wrap_tool_call(other, lambda _: ToolMessage("42", tool_call_id="1"))
    assert len(caplog.messages) == 1


def test_json_on_a_terminal_holds_nothing_that_a_terminal_acts_on(here: Path) -> None:
    odd = "a\u009b31m\u202eb\u2066c\u200bd\U000e0041.md"
    (here / "docs").mkdir()
    (here / "docs" / odd).write_text("k8s")
    (here / "headgate.yaml").write_text("default: {provenance: {require: declared}}\n")
    printed = run("audit", "docs", "--policy", "headgate.yaml", "--json").stdout
    assert not set(odd) & set(printed) - set("ab31mcd.")
    assert odd in json.dumps(json.loads(printed), ensure_ascii=False)

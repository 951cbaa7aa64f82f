"""Every block of README.md does what it says."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore

from headgate import Glossary, Policy
from headgate.cli import main

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.M | re.S)


def test_every_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for number in range(20):
        (tmp_path / "docs" / f"leave-{number}.md").write_text(f"Part {number}: {number + 20} days of leave.")
    store = InMemoryVectorStore.from_documents([Document("x")], DeterministicFakeEmbedding(size=4))
    names: dict[str, Any] = {"retriever": store.as_retriever()}
    (tmp_path / "headgate.yaml").write_text("mode: audit")
    printed = ""
    for language, code in BLOCKS:
        if language == "yaml":
            (tmp_path / code.split()[1]).write_text(code)
        elif language == "python":
            exec(compile(code, "README.md", "exec", dont_inherit=True), names)  # noqa: S102 - our own README
            printed = capsys.readouterr().out
        elif language == "text":
            assert printed.strip() == code.strip()
        else:
            assert language == "console"
            _run_commands(code, monkeypatch, tmp_path)
            capsys.readouterr()
    assert sorted(_shown(names)) == ["admit T301", "drop F202 F205", "drop P101"]


def _run_commands(commands: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for line in commands.splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.M)
            continue
        if any(word.startswith("app.rag:") for word in words):  # the reader's own module; other tests run these
            continue
        if words[1] == "init":
            (folder / "headgate.yaml").unlink()
        monkeypatch.setattr(sys, "argv", words)
        code: int | str | None = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code
        assert code in (None, 0, 1), line


def _shown(names: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    handler = names["Show"]()
    names["print"] = lambda *words: lines.append(" ".join(words))
    names["retriever"].invoke("leave", config={"callbacks": [handler]})
    return lines


def test_everything_ci_does_stands_in_the_readme() -> None:
    for command in re.findall(r"^make [\w-]+", (ROOT / ".ci" / "run").read_text(), re.M):
        assert command in TEXT


PAGES = sorted(
    page for place in ("*.md", "docs/**/*.md", "integrations/*/*.md", "tests/*.md") for page in ROOT.glob(place)
)


def heads_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the site and code hosts make them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    titles = [re.sub(r"[^\w\s-]", "", title).strip().lower() for title in re.findall(r"^#+ (.+)$", text, re.M)]
    return {re.sub(r"\s", "-", title) for title in titles} | {re.sub(r"[-\s]+", "-", title) for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for path, head in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", text):
        if "://" in path:
            continue
        target = page.parent / path if path else page
        assert target.exists(), path
        # The anchors of classes are made by the site, and pictures have those that choose one for light or dark.
        if head and target.suffix == ".md" and target.parent.name != "api":
            assert head in heads_of(target), f"{path}#{head}"


def test_the_table_of_span_attributes_is_complete() -> None:
    from headgate.record.otel import ATTRIBUTES

    page = (ROOT / "docs" / "traces.md").read_text(encoding="utf-8")
    for name in ATTRIBUTES.values():
        assert name in page or f"`.{name.rpartition('.')[2]}`" in page


def test_the_page_of_the_policy_names_every_key() -> None:
    from headgate.policy import Budget, Freshness, Log, MetadataKeys, Policy, Provenance, Quarantine, Source

    page = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("policy.md", "decision-log.md"))
    for model in (Policy, Source, Provenance, Freshness, MetadataKeys, Budget, Log, Quarantine):
        for name in model.model_fields:
            assert name == "base_dir" or name in page, f"{model.__name__}.{name}"


def test_every_yaml_block_of_the_policy_page_loads(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S)
    assert any("terms:" in block for block in blocks)
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block, encoding="utf-8")
        if "terms:" in block:
            assert Glossary.load(path).rewrite("K8s").text == "Kubernetes"
        else:
            Policy.load(path)


def test_the_page_of_codes_is_the_catalogue() -> None:
    from headgate.cli.explain import codes_page

    assert (ROOT / "docs" / "codes.md").read_text(encoding="utf-8") == codes_page()

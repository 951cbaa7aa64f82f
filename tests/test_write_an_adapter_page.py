"""The adapter of docs/write-an-adapter.md passes the suite as it stands, and with any of these mistakes it does not."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from headgate.testing import AdapterSuite

PAGE = (Path(__file__).parents[1] / "docs" / "write-an-adapter.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```python (\w+\.py)\n(.*?)^```$", PAGE, re.M | re.S))
ADAPTER = "shelf_headgate.py"

# One mistake each, and the test that must see it.
MISTAKES = {
    "nothing is judged": ("return GatedShelf(target, gate)", "return target", "only_what_is_admissible"),
    "the asynchronous way is open": (
        'return course.pages(await self.gate.arelease(course.limited(), framework="shelf"))',
        "return found",
        "async_decides_like_sync",
    ),
    "a field comes along": (
        'return Page(chunk.text, dict(chunk.metadata), id_of(original.number) or "", original.rank)',
        "return replace(original, text=chunk.text, facts=dict(chunk.metadata))",
        "fields_beside_text",
    ),
    "an identifier comes along": ('id_of(original.number) or ""', "original.number", "fields_beside_text"),
    "metadata comes along": ("dict(chunk.metadata), id_of", "dict(original.facts), id_of", "metadata_that_nobody"),
    "the text is not rewritten": ("Page(chunk.text, dict", "Page(original.text, dict", "decides_like_the_gate"),
    "scores are lost": ('or "", original.rank)', 'or "", None)', "order_and_scores"),
    "k is not filled up": ("first=2 if gate.keeps_out else 1)", "first=1, is_adjustable=False)", "k_is_filled_up"),
    "more than k come out": (".limited_to(self._limit)", "", "k_is_filled_up"),
    "the order is changed": (
        "in admission.admitted()]",
        "in reversed(list(admission.admitted()))]",
        "order_and_scores",
    ),
    "the original is changed": (
        "return Page(chunk.text, dict(chunk.metadata), id",
        "original.text = chunk.text\n    return Page(chunk.text, dict(chunk.metadata), id",
        "stay_as_they_were",
    ),
    "audit drops": ('self.gate = given_gate(policy, "GatedShelf")', "self.gate = Gate({})", "audit_changes_nothing"),
    "nothing is traced": ("for listener in listeners:", "for listener in ():", "trace_carries"),
    "the trace has texts": (
        "shown(admission))",
        '{**shown(admission), "text": [c.text for c in admission.inputs]})',
        "no_text",
    ),
    "a note is forgotten": ("if note is not None:", "if False:", "what_nobody_may_use"),
    "a lost policy is none": (
        'cls(shelf, data.get("policy"))',
        'cls(shelf, data.get("policy") or Gate({"mode": "audit"}))',
        "lost_its_policy",
    ),
    "another revision is read": (
        'cls(shelf, data.get("policy"))',
        'cls(shelf, (data.get("policy") or {}).get("path"))',
        "another_revision",
    ),
    "any policy is written": (
        "gate_reference(self.gate)",
        '{"path": str(self.gate.path), "revision": "x"}',
        "no_policy_file",
    ),
    "errors are swallowed": (
        "found = pages_of(self.ungated.search(self.gate.reworded(question), width or None))",
        "try:\n                    found = pages_of(self.ungated.search(question, width or None))\n"
        "                except Exception:\n                    found = []",
        "reaches_the_caller",
    ),
    "anything passes": (
        "found = pages_of(self.ungated.search(self.gate.reworded(question), width or None))",
        "found = self.ungated.search(question, width or None)\n"
        "                if not all(isinstance(page, Page) for page in found):\n                    return found",
        "no_list",
    ),
    "facts are not sealed": ('Publishing(cover=("*",))', "Publishing()", "sealed_at_ingestion"),
    "the seal is released": (
        "return Page(chunk.text, dict(chunk.metadata), id",
        'return Page(chunk.text, {**chunk.metadata, "headgate_seal": "x"}, id',
        "nothing_of_the_gate",
    ),
}


def load(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = ModuleType(name.removesuffix(".py"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(text, name, "exec"), vars(module))  # noqa: S102 - our own documentation
    return module


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Loads the files of the page, with another text for the adapter, and returns the class of its tests."""

    def make(adapter: str) -> Any:
        for name, text in FILES.items():
            module = load(name, adapter if name == ADAPTER else text, monkeypatch)
        return module.TestShelfAdapter

    return make


def names_of_tests(suite: Any) -> list[str]:
    return [name for name in dir(suite) if name.startswith("test_")]


def run(suite: Any, name: str, folder: Path) -> None:
    instance = suite()
    instance.setup_method()
    test = getattr(instance, name)
    test(folder) if "tmp_path" in inspect.signature(test).parameters else test()


def test_the_page_passes_as_its_readers_run_it(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout
    assert re.search(r"(?:3|4)\d passed, 1 skipped", done.stdout), done.stdout  # a page has no media


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_suite_sees_a_mistake(mistake: str, suite: Callable[[str], Any], tmp_path: Path) -> None:
    right, wrong, seen_by = MISTAKES[mistake]
    assert right in FILES[ADAPTER]
    spoiled = suite(FILES[ADAPTER].replace(right, wrong))
    (name,) = [name for name in names_of_tests(spoiled) if seen_by in name]
    with pytest.raises(Exception):  # noqa: B017 - whatever it is, pytest would show it as a failure
        run(spoiled, name, tmp_path)


def test_what_is_left_open_is_named() -> None:
    class Unfinished(AdapterSuite):
        pass

    with pytest.raises(TypeError, match="make_retriever"):
        Unfinished()  # type: ignore[abstract]

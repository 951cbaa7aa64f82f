"""Every promise of SECURITY.md leads to a test that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
LINKS = sorted(set(re.findall(r"\]\((tests/[^)]+)\)", PAGE)))


def test_every_row_of_every_table_has_a_link_to_a_test() -> None:
    rows = [
        line for line in PAGE.splitlines() if line.startswith("| ") and not re.match(r"\| (---|promise|attack)", line)
    ]
    assert len(rows) >= 15
    assert [row for row in rows if "](tests/" not in row] == []


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_to_a_file_with_tests_and_to_the_one_that_it_names(link: str) -> None:
    path, _, _ = link.partition("#")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    assert any(name.startswith(("test_", "try_")) for name in functions)
    # The text of a link may name one test: `attacks/test_x.py::test_y`.
    for named in re.findall("`" + re.escape(path.removeprefix("tests/")) + r"::(\w+)", PAGE):
        assert named in functions

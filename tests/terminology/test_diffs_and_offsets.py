"""What people and other programs get of a rewrite: a unified diff, and offsets in their own units."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Glossary
from headgate.terminology import Edit, Offsets, Rewrite
from headgate.terminology.edits import apply_edits

HUNK = re.compile(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@")
lined = st.text(alphabet="ab\n\r\u2028", max_size=30)


@st.composite
def rewrites(draw: st.DrawFn) -> Rewrite:
    """Any edits at all: in aliases and replacements, too, lines may begin and end."""
    text, edits, position = "", [], 0
    for _ in range(draw(st.integers(0, 5))):
        text += draw(lined)
        alias, replacement = draw(st.text(alphabet="xy\n", min_size=1, max_size=4)), draw(lined.filter(bool))
        position = len(text)
        edits.append(Edit(position, position + len(alias), alias, replacement, "replace", replacement))
        text += alias
    text += draw(lined)
    rewritten, alignment = apply_edits(text, edits)
    return Rewrite(rewritten, tuple(edits), alignment)


def lines_of(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def patched(original: str, diff: str) -> str:
    """Apply a unified diff strictly: every line and every number in it must be right."""
    before, after, position = lines_of(original), list[str](), 0
    lines = diff.split("\n")[2:-1]
    while lines:
        hunk = HUNK.fullmatch(lines.pop(0))
        assert hunk
        start, length, new_start, new_length = map(int, hunk.groups())
        after += before[position : start - 1]
        position = start - 1
        assert len(after) == new_start - 1
        while lines and not lines[0].startswith("@@"):
            mark, line = lines[0][0], lines.pop(0)[1:] + "\n"
            if lines and lines[0].startswith("\\"):
                lines.pop(0)
                line = line[:-1]
            if mark in " -":
                assert before[position] == line
                position += 1
            if mark in " +":
                after.append(line)
        assert position == start - 1 + length
        assert len(after) == new_start - 1 + new_length
    return "".join(after + before[position:])


@given(rewrites(), st.integers(0, 4))
def test_a_diff_makes_the_rewritten_text_of_the_original(rewrite: Rewrite, context: int) -> None:
    diff = rewrite.diff(context)
    assert (patched(rewrite.original, diff) if diff else rewrite.original) == rewrite.text


def test_a_diff_reads_as_diffs_do() -> None:
    text = "one\ntwo\nthree\nRun k8s here.\nfive\nsix\nseven\neight\nnine\nk8s and k8s\nlast"
    assert Glossary.from_mapping({"Kubernetes": ["k8s"]}).rewrite(text).diff(context=1) == (
        "--- original\n+++ rewritten\n"
        "@@ -3,3 +3,3 @@\n three\n-Run k8s here.\n+Run Kubernetes here.\n five\n"
        "@@ -9,3 +9,3 @@\n nine\n-k8s and k8s\n+Kubernetes and Kubernetes\n last\n"
        "\\ No newline at end of file\n"
    )


def test_git_applies_a_diff(tmp_path: Path) -> None:
    text = "A k8s cluster.\n" + "Nothing.\n" * 20 + "Ask the kube team\r\nof k8s"
    rewrite = Glossary.from_mapping({"Kubernetes": ["k8s", "kube"]}).rewrite(text)
    (tmp_path / "page.txt").write_bytes(text.encode())
    diff = rewrite.diff().replace("--- original", "--- page.txt").replace("+++ rewritten", "+++ page.txt")
    alone = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(tmp_path.parent),
    }
    command = ["git", "apply", "-p0", "-"]
    subprocess.run(command, cwd=tmp_path, input=diff.encode(), env={**os.environ, **alone}, check=True)  # noqa: S603
    assert (tmp_path / "page.txt").read_bytes() == rewrite.text.encode()


def test_a_diff_of_nothing_is_empty_and_of_a_negative_context_refused() -> None:
    rewrite = Glossary.from_mapping({"Kubernetes": ["k8s"]}).rewrite("Nothing of it.")
    assert rewrite.diff() == ""
    with pytest.raises(ValueError, match="0 or more"):
        rewrite.diff(-1)


@given(st.text(alphabet=st.characters(exclude_categories=())), st.data())
def test_offsets_are_those_of_the_encoded_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    for unit, codec, size in (("utf-16", "utf-16-le", 2), ("utf-8", "utf-8", 1)):
        offsets = Offsets(text, unit)  # type: ignore[arg-type]
        first, last = offsets.from_characters(start, end)
        encoded = text.encode(codec, "surrogatepass")
        assert encoded[first * size : last * size] == text[start:end].encode(codec, "surrogatepass")
        assert offsets.to_characters(first, last) == (start, end)


@given(st.text(max_size=20), st.integers(-3, 90), st.integers(-3, 90))
def test_units_within_a_character_widen_to_the_whole_of_it(text: str, start: int, end: int) -> None:
    offsets = Offsets(text, "utf-8")
    first, last = offsets.to_characters(start, end)
    assert 0 <= first <= last <= len(text)
    held = range(*offsets.from_characters(first, last))
    assert all(unit in held for unit in range(max(start, 0), min(end, len(text.encode()))))


def test_a_mention_is_found_where_javascript_counts() -> None:
    text = "\N{WHALE} runs k8s"
    edit = Glossary.from_mapping({"Kubernetes": ["k8s"]}).rewrite(text).edits[0]
    assert (edit.start, edit.end) == (7, 10)
    assert Offsets(text, "utf-16").from_characters(edit.start, edit.end) == (8, 11)
    with pytest.raises(ValueError, match="one of utf-16, utf-8"):
        Offsets(text, "utf-32")  # type: ignore[arg-type]

"""What is said about the files that people write: each message shows what they wrote, where, and what is meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate import Glossary, Policy, PolicyError
from headgate.cli.app import app
from headgate.policy.durations import parse_duration

PULL = "version: 1\npull: {name: a, path: p.json, keys: k.json, "


@pytest.mark.parametrize(
    ("text", "path", "shown"),
    [
        (PULL + "refresh: 2s}\n", "pull.refresh", "'2s' does not fit: input should be greater than or equal to 1 m"),
        (PULL + "timeout: 90 seconds}\n", "pull.timeout", "'90 seconds' does not fit:"),
        ("version: 1\nkey_sets: {refresh: 500ms}\n", "key_sets.refresh", "'500ms' does not fit:"),
        (
            "version: 1\ndefault: {freshness: {verified_within: 1d, feeds: [{git: x, overlap: P90D}]}}\n",
            "default.freshness.feeds[0].overlap",
            "'P90D' does not fit:",
        ),
    ],
)
def test_a_duration_is_shown_as_its_author_wrote_it(tmp_path: Path, text: str, path: str, shown: str) -> None:
    file = tmp_path / "headgate.yaml"
    file.write_text(text)
    with pytest.raises(PolicyError) as caught:
        Policy.load(file)
    assert f"{path}: {shown}" in str(caught.value)
    assert "timedelta" not in str(caught.value)


def test_a_duration_that_was_given_as_an_object_is_shown_as_people_write_it(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"key_sets\.refresh: 2s does not fit"):
        Policy.from_mapping({"version": 1, "key_sets": {"refresh": parse_duration("2s")}})
    with pytest.raises(ValueError, match=r"^-1m is negative"):
        parse_duration(-parse_duration("1m"))


@pytest.mark.parametrize(
    ("name", "text", "line", "said"),
    [
        ("t.csv", "canonical,alias,mode,case\nA,b,flag,odd\n", 2, "case 'odd' does not fit: input should be 'smart'"),
        ("t.json", '[{"term": "A",\n "synonyms": ["b"],\n "mode": "shout"}]\n', 1, "mode 'shout' does not fit:"),
        ("t.yaml", "terms:\n  A: {aliases: [b], mode: shout}\n", 2, "mode 'shout' does not fit:"),
        ("t.yaml", "fuzzy: maybe\nterms:\n  A: b\n", 1, "fuzzy 'maybe' does not fit:"),
    ],
)
def test_a_wrong_setting_of_a_glossary_is_named_with_its_value(
    tmp_path: Path, name: str, text: str, line: int, said: str
) -> None:
    (tmp_path / name).write_text(text)
    found = CliRunner().invoke(app, ["glossary", "check", str(tmp_path / name)])
    assert found.exit_code == 1
    assert f"{name}:{line}: error: {said}" in found.output


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("t.csv", 'canonical,alias\nHR portal,"HRP, Personalportal"\n', 2),
        ("t.csv", "canonical,alias\nA,b\nHR portal,HRP; Personalportal\n", 3),
        ("t.yaml", "terms:\n  A: b\n  HR portal: HRP, Personalportal\n", 3),
    ],
)
def test_a_list_that_is_read_as_one_alias_is_remarked_upon(tmp_path: Path, name: str, text: str, line: int) -> None:
    (tmp_path / name).write_text(text)
    found = CliRunner().invoke(app, ["glossary", "check", str(tmp_path / name)])
    assert f"{name}:{line}: note: 'HRP" in found.output
    assert "is read as one alias." in found.output


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", 'canonical,aliases\nHR portal,"HRP, Personalportal"\n'),
        ("t.csv", 'canonical,alias\nHR portal,HRP|Personalportal\nA,"1,5 t"\n'),
        ("t.yaml", "terms:\n  HR portal: [HRP, Personalportal]\n  A: 1,5 t\n"),
    ],
)
def test_what_is_no_list_or_was_read_as_one_is_not_remarked_upon(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert not Glossary.load(tmp_path / name).remarks


def test_a_new_key_is_shown_with_each_place_that_a_policy_has_for_it(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["keygen", "--out", str(tmp_path / "policy")])
    lines = [" ".join(line.split()) for line in found.output.splitlines()]
    named = f"keys: {tmp_path / 'policy.jwks.json'}"
    for start in ("seals provenance:", "manifests provenance:", "revocations revocations:", "policies pull:"):
        assert any(line.startswith(start) and named in line for line in lines), start

"""Whatever a policy file or front matter holds: a value, or an error that says what is wrong; nothing else."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from headgate import Policy, PolicyError
from headgate.integration.frontmatter import split_front_matter
from headgate.policy.documents import parse_yaml
from headgate.testing import HOSTILE_STRINGS

_WORDS = "--- ... +++ !!bool !!int !!timestamp !!binary !x &a *a <<: ? - : [ ] { } ' \" | > % @ ` # = 1:20 0x .inf ~ no"
MARKS = st.sampled_from(
    [*(f"{word} " for word in _WORDS.split()), *_WORDS.split(), "\n", "\n  ", "\t", "\x00", "\ud800"]
)
YAML = st.lists(MARKS | st.text(max_size=3) | st.sampled_from(HOSTILE_STRINGS), max_size=12).map("".join)
TEXT = st.text(max_size=6) | st.sampled_from(["90d", "1e9d", "20%", "x%", "https://a.example/**"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(sorted(Policy.model_fields))
RULES = st.sampled_from(
    ["provenance", "freshness", "terminology", "match", "id", "mode", "quarantine", "keys", "max_age"]
)


@given(YAML)
def test_any_text_is_yaml_or_an_error_with_a_line(text: str) -> None:
    try:
        parse_yaml(text)
    except PolicyError as error:
        assert error.line is not None  # noqa: PT017 - it may raise or not


@given(st.sampled_from(["---", "+++"]), YAML, st.sampled_from(["---", "+++", "...", ""]))
def test_any_front_matter_is_metadata_or_an_error(fence: str, text: str, end: str) -> None:
    whole = f"{fence}\n{text}\n{end}\nBody"
    with suppress(ValueError):
        metadata, body = split_front_matter(whole)
        assert all(isinstance(key, str) for key in metadata)
        assert body == whole or (metadata is not None and whole.endswith(body))


@given(st.dictionaries(NAMES | st.text(max_size=6), JSON, max_size=4))
def test_any_mapping_is_a_policy_or_a_policy_error(mapping: dict[str, object]) -> None:
    with suppress(PolicyError):
        Policy.from_mapping(mapping)


@given(st.dictionaries(RULES | st.text(max_size=6), JSON, max_size=4), st.dictionaries(RULES, JSON, max_size=3))
def test_any_source_is_one_or_a_policy_error(source: dict[str, object], default: dict[str, object]) -> None:
    with suppress(PolicyError):
        Policy.from_mapping({"sources": [source], "default": default}, Path("/"))


@given(st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none())
def test_what_json_writes_yaml_reads(value: object) -> None:
    # JSON is YAML 1.2, and people write policies in it.
    read = parse_yaml(json.dumps({"a": value}).replace("Infinity", ".inf")).value
    assert isinstance(read, dict)
    assert read["a"] == value or str(read["a"]) == str(value)  # longer digits are a text

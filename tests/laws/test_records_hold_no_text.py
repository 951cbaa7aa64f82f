"""Law 10: records hold no text and no secret by default, whatever a document holds and wherever it holds it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate import Admission, Chunk, Gate
from headgate.encoding import safe_id, safe_name, safe_uri
from headgate.integration.mark import record_of
from headgate.policy import normalise_uri
from headgate.record.log import DecisionLog
from headgate.record.otel import _attributes
from headgate.testing import FixedClock, Publisher

MARK = "s3cr3t"
SECRETS = (
    MARK,
    f"my {MARK}",
    f"{MARK}={MARK}",
    f"\u00a0{MARK}\n{MARK}",
    f"2024-13-{MARK}",
    f"2024 {MARK}",
    f"{{{MARK}",
)
URLS = (
    "https://handbook.example/a?{0}",
    "https://handbook.example/a?X-Amz-Signature={0}&x=1",
    "https://handbook.example/a?sv=2024&sig={0}",
    "https://handbook.example/a#access_token={0}",
    "https://handbook.example/a?q=1#{0}",
    "https://handbook.example/a;jsessionid={0}",
    "https://handbook.example/a;{0}?x",
    "https://user:{0}@handbook.example/a",
    "https://elsewhere.example/b?{0}",
    "s3://bucket/key?AWSAccessKeyId={0}",
    "file:handbook/a?{0}",
    "data:text/plain,{0}",
    "bucket.s3.example.com/k?X-Amz-Signature={0}",
    "jdbc:oracle:thin:scott/{0}@db.example:1521/x",
    "snowflake:user:{0}@acct/db",
    "https:/user:{0}@handbook.example/a",
    "https://handbook.example/a%253Ftoken={0}",
    "//user:{0}@handbook.example/a",
    "us_er:{0}@handbook.example/a",
    "/mnt/x?sig={0}",
    "Driver=x;PWD={0}",
    "AccountKey={0}",
)
KEYS = (
    *("title", "note", "tags", "nested", "last_modified", "created_at", "valid_from", "valid_until", "expires"),
    *("superseded_by", "version", "status", "headgate_seal", "published", "row", "license", "updated", "date"),
)
# What a near miss looks like: a word that the glossary does not have, but nearly.
GLOSSARY = {"terms": {"vault": [f"{MARK}ss"], "Kubernetes": ["k8s"]}}
NEAR_MISS = f"{MARK}st"


def secrets() -> st.SearchStrategy[str]:
    return st.sampled_from(SECRETS)


def values() -> st.SearchStrategy[object]:
    text = secrets() | st.sampled_from(URLS).map(lambda url: url.format(MARK))
    return text | st.lists(text, min_size=1, max_size=3) | st.dictionaries(st.just("x"), text, min_size=1)


@st.composite
def documents(draw: st.DrawFn, publisher: Publisher) -> Chunk:
    metadata = draw(st.dictionaries(st.sampled_from(KEYS), values(), max_size=8))
    source = draw(st.sampled_from(URLS)).format(MARK)
    text = f"{draw(secrets())} k8s {NEAR_MISS}"
    identifier = draw(st.sampled_from((None, "7", f"{MARK} " * 10, f"x.example/?{MARK}", f"u/{MARK}@db", MARK * 100)))
    if draw(st.booleans()):
        sealed = publisher.seal(text, "https://handbook.example/a", {**metadata, "title": MARK})
        metadata = {
            **metadata,
            **{k: v for k, v in sealed.metadata.items() if k not in metadata or draw(st.booleans())},
        }
    if draw(st.booleans()):
        metadata["source"] = source
    return Chunk(text, metadata, identifier, prompt_metadata=draw(st.sampled_from(((), ("title", "note")))))


def policy(publisher: Publisher, folder: Path, require: str, mode: str) -> dict[str, Any]:
    (folder / "terms.yaml").write_text(json.dumps(GLOSSARY))
    source = publisher.source(
        terminology=[str(folder / "terms.yaml")], freshness={"max_age": "90d", "supersede": True, "missing": "drop"}
    )
    source["provenance"]["require"] = require
    return {"mode": mode, "sources": [source], "default": {"provenance": {"require": "declared"}}}


def leaves(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from leaves(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from leaves(inner)
    else:
        yield str(value)


def records_of(admission: Admission, folder: Path) -> dict[str, str]:
    """Return everything that says what was decided."""
    path = folder / "log.jsonl"
    path.unlink(missing_ok=True)
    log = DecisionLog(path)
    log.write(admission)
    log.close()
    return {
        "log": path.read_text(),
        "to_dict": " ".join(leaves(admission.to_dict())),
        "otel": " ".join(leaves(_attributes(admission))),
        "findings": " ".join(finding.message for decision in admission.decisions for finding in decision.findings),
        "mark": " ".join(leaves([record_of(chunk) for chunk in admission.chunks])),
        "repr": repr(admission) + "".join(map(repr, admission.decisions)),
    }


@pytest.fixture(scope="module")
def publisher() -> Publisher:
    return Publisher("handbook", ["https://handbook.example/**", "file:handbook/**"], FixedClock())


@settings(suppress_health_check=list(HealthCheck))
@given(data=st.data())
@pytest.mark.parametrize("mode", ["enforce", "audit"])
@pytest.mark.parametrize("require", ["sealed", "declared", "none"])
def test_no_record_holds_text_or_a_secret(
    require: str, mode: str, publisher: Publisher, tmp_path: Path, data: st.DataObject
) -> None:
    gate = Gate(policy(publisher, tmp_path, require, mode), clock=publisher.clock)
    chunks = data.draw(st.lists(documents(publisher), min_size=1, max_size=3))
    admission = gate.admit(chunks, query=f"What is {MARK}?")
    for where, record in records_of(admission, tmp_path).items():
        assert MARK not in record, where


def test_the_check_would_notice_a_secret(publisher: Publisher, tmp_path: Path) -> None:
    gate = Gate(policy(publisher, tmp_path, "none", "audit"), clock=publisher.clock)
    chunk = Chunk("text", {"source": f"https://handbook.example/{MARK}"})
    found = records_of(gate.admit([chunk]), tmp_path)
    assert all(MARK in found[where] for where in ("log", "to_dict", "otel", "repr"))


@pytest.mark.parametrize("url", URLS)
def test_equal_uris_stay_equal_and_a_safe_one_stays_as_it_is(url: str) -> None:
    safe = safe_uri(url.format(MARK))
    assert MARK not in safe
    assert safe == safe_uri(url.format(MARK)) == safe_uri(safe)
    assert safe != safe_uri(url.format("other"))
    normal = normalise_uri(url.format(MARK))
    if normal is not None:
        assert normalise_uri(safe_uri(normal)) == safe_uri(normal)


def test_what_is_no_secret_stays_readable() -> None:
    for uri in ("https://handbook.example/leave/2024", "file:handbook/a b.md", "s3://bucket/key", "urn:isbn:123"):
        assert safe_uri(uri) == uri
    assert safe_uri("https://h.example/a?page=2").startswith("https://h.example/a?~")
    assert safe_name("https://h.example/a") == "https://h.example/a"
    assert safe_name("see the new page").startswith("sha-256:")
    assert (safe_id("doc-7"), safe_id("a" * 200)) == ("doc-7", "a" * 200)
    assert safe_id("a" * 201).startswith("sha-256:")

"""A lone surrogate, which JSON can spell and UTF-8 cannot, in whatever a document says of itself.

What breaks an exporter takes the application's own lines with it, so nothing that is told of a document may hold one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headgate import Admission, Chunk, Gate
from headgate.encoding import encodable, safe_id, safe_name, safe_uri
from headgate.record import log_record
from headgate.testing import FixedClock, Publisher
from llama_index.postprocessor.headgate import HeadgateAdmissionEvent
from telemetry import LOGS, begin, of_gate

PAGE = "https://handbook.example/a"
ODD = "\ud800"
SAID: tuple[Mapping[str, object], ...] = (
    {"superseded_by": f"https://handbook.example/{ODD}"},
    {"superseded_by": [f"urn:{ODD}", {"to": f"file:{ODD}"}]},
    {f"updated{ODD}_at": "2020-01-01"},
    {f"expiry{ODD}": "2020-01-01"},
    {"modified": ODD},
    {"status": f"draft {ODD}"},
    {f"status{ODD}": "withdrawn"},
    {"version": ODD, "edition": ODD, "language": ODD},
    {"source": f"https://handbook.example/{ODD}"},
    {"source": f"{PAGE}#{ODD}"},
    {"source": f"{PAGE}?{ODD}"},
    {f"title{ODD}": "Use k8s", "title": f"{ODD} k8s"},
    {"headgate_seal": ODD},
    {"tags": [ODD, {ODD: ODD}]},
    {ODD: ODD},
)


def odd_chunks(handbook: Publisher) -> Iterator[Chunk]:
    """Documents that say such a thing: sealed before it was added, not sealed, with such ids and such media."""
    for said in SAID:
        sealed = replace(handbook.seal("Use k8s.", PAGE), id=f"7{ODD}")
        yield sealed.with_metadata(**said)
        yield Chunk("Use k8s.", {"source": PAGE, **said}, f"a {ODD} b", prompt_metadata=None)
        yield Chunk("Use k8s.", {"source": PAGE, **said}, f"https://{ODD}@x/", prompt_metadata=tuple(said))
    yield Chunk("A chart.", {"source": PAGE}, media={f"image{ODD}": None})
    yield Chunk(f"text {ODD}", {"source": PAGE})


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, entry in value.items():
            yield from texts_in(name)
            yield from texts_in(entry)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from texts_in(entry)


def require_encodable(*values: object) -> None:
    for text in texts_in(values):
        text.encode()


@pytest.fixture(params=[(mode, require) for mode in ("enforce", "audit") for require in ("sealed", "declared")])
def admission(request: pytest.FixtureRequest, handbook: Publisher, clock: FixedClock, tmp_path: Path) -> Admission:
    begin()
    mode, require = request.param
    source = handbook.source()
    source["provenance"] = {**source["provenance"], "require": require}
    (tmp_path / "terms.yaml").write_text("terms: {Kubernetes: [k8s]}\n", encoding="utf-8")
    source["terminology"] = ["terms.yaml"]
    policy = {"mode": mode, "sources": [source], "log": {"path": str(tmp_path / "log.jsonl")}}
    (tmp_path / "headgate.yaml").write_text(json.dumps(policy), encoding="utf-8")
    gate = Gate(tmp_path / "headgate.yaml", clock=clock)
    return gate.admit(list(odd_chunks(handbook)), f"what? {ODD}")


def test_what_is_decided_can_be_encoded(admission: Admission) -> None:
    for decision in admission.decisions:
        require_encodable([(finding.message, finding.detail) for finding in decision.findings])
        require_encodable(decision.uri, decision.chunk_id, decision.evidence, decision.to_dict())
    assert {"F205", "F214", "G902"} < {code for decision in admission.decisions for code in decision.codes}


def test_every_record_can_be_encoded(admission: Admission) -> None:
    require_encodable(admission.to_dict(), log_record(admission), repr(admission))
    HeadgateAdmissionEvent(record=dict(admission.to_dict())).model_dump_json()


def test_what_exporters_get_can_be_encoded(admission: Admission) -> None:
    told = [one.log_record for one in LOGS.get_finished_logs()]
    assert len(told) >= len(admission.decisions)
    require_encodable([(one.body, dict(one.attributes or {})) for one in told])
    require_encodable([(span.name, dict(span.attributes or {})) for span in of_gate()])


@pytest.mark.parametrize("text", [ODD, f"7{ODD}", f"https://x.example/{ODD}?{ODD}", f"file:{ODD}", f"u:{ODD}@h/{ODD}"])
def test_names_and_addresses_that_are_shown_can_be_encoded(text: str) -> None:
    require_encodable(safe_id(text), safe_name(text), safe_uri(text))
    assert safe_uri(safe_uri(text)) == safe_uri(text)


def test_a_plain_value_keeps_its_shape() -> None:
    value = {"a": ["x", (1, None, 0.5, True)], "b": {"c": "\xe4"}}
    assert encodable(value) == value
    assert encodable({ODD: [ODD, (ODD, 1)]}) == {"\ufffd": ["\ufffd", ("\ufffd", 1)]}

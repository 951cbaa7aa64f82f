"""What MLflow keeps: its autologging of both frameworks, read back from a store of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.testing import Publisher
from telemetry import begin, of_gate
from traced import CHAIN_WAYS, ENGINE_WAYS, FORGED, NAME, REASON, chain, engine, gate_of

mlflow = pytest.importorskip("mlflow")
pytestmark = pytest.mark.filterwarnings("ignore")  # third parties' own deprecations


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        # The store of plain files has to be asked for since there is a database.
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        folder = tmp_path_factory.mktemp("mlflow")
        mlflow.set_tracking_uri(folder.as_uri())
        mlflow.set_experiment("traces")
        mlflow.langchain.autolog()
        mlflow.llama_index.autolog()
        yield folder
        mlflow.langchain.autolog(disable=True)
        mlflow.llama_index.autolog(disable=True)


def traces(since: set[str]) -> list[Any]:
    """The traces that were not there before."""
    mlflow.flush_trace_async_logging()
    found = mlflow.search_traces(return_type="list")
    return [trace for trace in found if trace.info.trace_id not in since]


def path_of(span: Any, trace: Any) -> list[str]:
    by_id = {other.span_id: other for other in trace.data.spans}
    names = []
    while span.parent_id:
        span = by_id[span.parent_id]
        names.append(span.name)
    return names


def check(found: list[Any], times: int) -> None:
    ours = [(span, trace) for trace in found for span in trace.data.spans if span.name.startswith("headgate")]
    assert [span.name for span, _ in ours] == [NAME] * times
    for span, trace in ours:
        assert span.outputs["reasons"] == [REASON]
        assert span.status.status_code.value == "OK"
        assert "GatedRetriever" in path_of(span, trace)[0]
    assert FORGED not in str([trace.to_json() for trace in found])


@pytest.mark.parametrize("way", ["invoke", "gather"])
def test_a_chain_has_one_span_per_admission(way: str, handbook: Publisher) -> None:
    times, ask = CHAIN_WAYS[way]
    begin()
    before = {trace.info.trace_id for trace in traces(set())}
    ask(chain(handbook, gate_of(handbook)), None)
    check(traces(before), times)
    # MLflow keeps its spans to itself: the application's own provider has one as well.
    assert [span.name for span in of_gate()] == [NAME] * times


@pytest.mark.parametrize("way", ["query", "aquery"])
def test_an_engine_has_one_span_per_admission(way: str, handbook: Publisher) -> None:
    times, ask = ENGINE_WAYS[way]
    before = {trace.info.trace_id for trace in traces(set())}
    ask(engine(handbook, gate_of(handbook)))
    check(traces(before), times)


def test_in_audit_mode_everything_is_shown(handbook: Publisher) -> None:
    gate = gate_of(handbook, mode="audit")
    before = {trace.info.trace_id for trace in traces(set())}
    CHAIN_WAYS["invoke"][1](chain(handbook, gate), None)
    ENGINE_WAYS["query"][1](engine(handbook, gate))
    assert [FORGED in trace.to_json() for trace in traces(before)] == [True, True]

"""Law 1: what was built with a policy and comes back without it raises; copies keep the gate."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from llama_index.core.bridge.pydantic import BaseModel
from llama_index.core.callbacks import CallbackManager
from llama_index.core.postprocessor import LongContextReorder
from llama_index.core.schema import NodeWithScore
from node_sources import CLOCK, FORGED, HANDBOOK, Finds, engine, forged, gate, sealed, shown

from headgate import Gate, HeadgateError, Policy, PolicyError
from llama_index.postprocessor.headgate import GatedRetriever, HeadgatePostprocessor, guard

CONTENT: dict[str, Any] = {"sources": [HANDBOOK.source()]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "headgate.yaml"
    file.write_text(yaml.safe_dump(CONTENT))
    return file


def items() -> list[NodeWithScore]:
    return [NodeWithScore(node=node, score=1.0) for node in (forged(), sealed("text"))]


def test_no_constructor_takes_no_policy() -> None:
    for build in (
        HeadgatePostprocessor,
        lambda: HeadgatePostprocessor(None),
        lambda: HeadgatePostprocessor(replacing=["window"]),
        lambda: HeadgatePostprocessor.model_validate({}),
        lambda: HeadgatePostprocessor.model_validate_json("{}"),
        lambda: HeadgatePostprocessor.from_dict({}),
        lambda: HeadgatePostprocessor.from_json("{}"),
        lambda: GatedRetriever(Finds()),
        lambda: GatedRetriever(Finds(), None, 4),
    ):
        with pytest.raises(PolicyError, match=r"no policy|does not say which policy"):
            build()


def test_guard_without_a_policy_records_only() -> None:
    retriever = guard(Finds(forged()))
    assert FORGED in "".join(shown(retriever.retrieve("q")))
    assert retriever.gate.policy.mode == "audit"  # type: ignore[attr-defined]


COPIES: dict[str, Callable[[Any], Any]] = {"copy": copy.copy, "deepcopy": copy.deepcopy}
MODEL_COPIES: dict[str, Callable[[Any], Any]] = {
    **COPIES,
    "model_copy": lambda item: item.model_copy(),
    "model_copy(deep)": lambda item: item.model_copy(deep=True),
    "model_copy(update)": lambda item: item.model_copy(update={"policy": "other.yaml"}),
    "model_validate": lambda item: type(item).model_validate(item),
}


@pytest.mark.parametrize("make", MODEL_COPIES.values(), ids=MODEL_COPIES.keys())
@pytest.mark.parametrize("policy", [CONTENT, Policy.from_mapping(CONTENT), gate()], ids=["mapping", "policy", "gate"])
def test_a_copy_of_a_postprocessor_keeps_the_gate(make: Callable[[Any], Any], policy: Any) -> None:
    processor = HeadgatePostprocessor(policy, replacing=["window"])
    again = make(processor)
    assert again.gate is processor.gate
    assert again.replacing == ["window"]
    assert shown(again.postprocess_nodes(items()))[-1] == "text"
    assert FORGED not in "".join(shown(again.postprocess_nodes(items())))


@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES.keys())
def test_a_copy_of_a_retriever_or_an_engine_keeps_the_gate(make: Callable[[Any], Any]) -> None:
    rules = gate()
    retriever = make(guard(Finds(forged(), sealed("text")), rules))
    assert retriever.gate is rules
    assert shown(retriever.retrieve("q")) == ["text"]
    guarded = make(guard(engine(forged(), sealed("text"), steps=[LongContextReorder()]), rules))
    assert guarded._node_postprocessors[0].gate is rules
    assert FORGED not in str(guarded.query("q"))


@pytest.mark.parametrize("policy", ["path", "mapping"])
def test_what_is_pickled_comes_back_with_its_policy(policy: str, path: Path) -> None:
    rules = Gate(path if policy == "path" else CONTENT, clock=CLOCK)
    processor = pickle.loads(pickle.dumps(HeadgatePostprocessor(rules, replacing=["window"])))
    assert processor.gate.policy_revision == rules.policy_revision
    assert processor.replacing == ["window"]
    assert isinstance(processor.callback_manager, CallbackManager)
    retriever = pickle.loads(pickle.dumps(guard(Finds(forged(), sealed("text")), rules)))
    plain = engine(forged(), sealed("text"), steps=[LongContextReorder()])
    guarded = pickle.loads(pickle.dumps(guard(plain, rules)))
    for found in (processor.postprocess_nodes(items()), retriever.retrieve("q"), guarded.query("q").source_nodes):
        assert shown(found) == ["text"]


def test_what_is_pickled_does_not_come_back_under_another_policy(path: Path) -> None:
    rules = Gate(path, clock=CLOCK)
    plain = engine(sealed("text"), steps=[LongContextReorder()])
    for item in (HeadgatePostprocessor(rules), guard(Finds(), rules), guard(plain, rules)):
        written = pickle.dumps(item)
        path.write_text(yaml.safe_dump({**CONTENT, "mode": "audit"}))
        with pytest.raises(PolicyError):
            pickle.loads(written)
        path.write_text(yaml.safe_dump(CONTENT))


def test_a_gate_that_cannot_be_pickled_is_not_left_out() -> None:
    rules = Gate(CONTENT, clock=lambda: CLOCK.now)
    for item in (HeadgatePostprocessor(rules), guard(engine(sealed("x"), steps=[LongContextReorder()]), rules)):
        with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
            pickle.dumps(item)


FORMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "to_dict": (lambda item: item.to_dict(), HeadgatePostprocessor.from_dict),
    "to_json": (lambda item: item.to_json(), HeadgatePostprocessor.from_json),
    "dict": (lambda item: item.dict(), HeadgatePostprocessor.from_dict),
    "json": (lambda item: item.json(), HeadgatePostprocessor.from_json),
    "model_dump": (lambda item: item.model_dump(), HeadgatePostprocessor.model_validate),
    "model_dump_json": (lambda item: item.model_dump_json(), HeadgatePostprocessor.model_validate_json),
}


@pytest.mark.parametrize(("write", "read"), FORMS.values(), ids=FORMS.keys())
def test_a_written_postprocessor_is_read_under_its_own_revision_only(
    write: Callable[[Any], Any], read: Callable[[Any], Any], path: Path
) -> None:
    processor = HeadgatePostprocessor(path, replacing=["window"])
    written = write(processor)
    again = read(written)
    assert (again.policy, again.replacing) == (str(path), ["window"])
    assert again.gate.policy_revision == processor.gate.policy_revision
    assert FORGED not in "".join(shown(again.postprocess_nodes(items())))
    path.write_text(yaml.safe_dump({**CONTENT, "mode": "audit"}))
    with pytest.raises(PolicyError, match="revision"):
        read(written)
    path.unlink()
    with pytest.raises(PolicyError):
        read(written)


@pytest.mark.parametrize(("write", "read"), FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("lost", ["path", "revision", "policy"])
def test_a_written_postprocessor_that_lost_its_policy_is_not_read(
    write: Callable[[Any], Any], read: Callable[[Any], Any], lost: str, path: Path
) -> None:
    written = write(HeadgatePostprocessor(path))
    content = json.loads(written) if isinstance(written, str) else written
    if lost == "policy":
        content.pop("policy")
    else:
        content["policy"].pop(lost)
    with pytest.raises(PolicyError):
        read(json.dumps(content) if isinstance(written, str) else content)


@pytest.mark.parametrize(("write", "_"), FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("policy", [CONTENT, Policy.from_mapping(CONTENT), gate()], ids=["mapping", "policy", "gate"])
def test_a_postprocessor_whose_policy_is_no_file_is_not_written(
    write: Callable[[Any], Any], _: object, policy: Any
) -> None:
    with pytest.raises(PolicyError, match="not a file"):
        write(HeadgatePostprocessor(policy))


def test_a_path_alone_is_not_a_written_postprocessor(path: Path) -> None:
    with pytest.raises(PolicyError):
        HeadgatePostprocessor.from_dict({"policy": str(path), "replacing": []})


def test_a_model_with_a_postprocessor_in_it_is_written_and_read_alike(path: Path) -> None:
    class Pipeline(BaseModel):
        step: HeadgatePostprocessor

    written = Pipeline(step=HeadgatePostprocessor(path)).model_dump()
    assert Pipeline.model_validate(written).step.gate.path == path
    del written["step"]["policy"]["revision"]
    with pytest.raises(PolicyError):
        Pipeline.model_validate(written)
    with pytest.raises((PolicyError, ValueError)):
        Pipeline(step=HeadgatePostprocessor(CONTENT)).model_dump()


def test_what_is_constructed_past_the_constructor_lets_nothing_through(path: Path) -> None:
    written = HeadgatePostprocessor(path).model_dump()
    for build in (lambda: HeadgatePostprocessor.model_construct(**written), _unset):
        with pytest.raises((PolicyError, AttributeError, TypeError)):
            build().postprocess_nodes(items())


def _unset() -> Any:
    return object.__new__(HeadgatePostprocessor)


def test_a_step_of_a_guarded_engine_is_not_written() -> None:
    guarded: Any = guard(engine(sealed("x"), steps=[LongContextReorder()]), gate())
    step = guarded._node_postprocessors[0]
    for write, _ in FORMS.values():
        with pytest.raises(HeadgateError, match="guard it again"):
            write(step)
    for make in MODEL_COPIES.values():
        assert make(step).gate is step.gate

"""Haystack's components under watch: what finds, what speaks, and which tools are run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from haystack import Document, Pipeline, component
from haystack.dataclasses import ChatMessage
from haystack.tools import ComponentTool, PipelineTool
from haystack.tools.tool import Tool

from haystack_integrations.components.validators.headgate.adapter import HaystackAdapter, sockets
from haystack_integrations.components.validators.headgate.convert import as_it_is
from haystack_integrations.components.validators.headgate.validator import HeadgateValidator
from haystack_integrations.components.validators.headgate.wording import read_texts, schema_of, template_texts
from headgate import Chunk
from headgate.integration.surface import is_gated
from headgate.testing.doctor import Run
from headgate.testing.doctor.beside import beside, told_by
from headgate.testing.doctor.patching import by_name, replaced
from headgate.testing.doctor.reading import only_reads

__all__ = ["finds", "is_store", "watching_haystack"]

_NOT_RUN = "This tool was not run: it may do more than read."
_GIVEN = ("messages", "prompt")
_UNREAD = ("streaming_callback",)
_WRITES = "documents_written"


def finds(item: object) -> bool:
    """Return whether an object is a component that finds documents by itself."""
    return HaystackAdapter().accepts(item)


def is_store(item: object) -> bool:
    """Return whether an object keeps documents that components look up."""
    return all(callable(getattr(type(item), name, None)) for name in ("filter_documents", "write_documents"))


@contextmanager
def watching_haystack(run: Run, items: Iterable[object]) -> Iterator[None]:
    """Watch all components of Haystack, and tell a run of a proof.

    Args:
        run: the run.
        items: the objects of the chain; the stores among them are watched too.
    """
    kinds = [*component.registry.values()]
    stores = {type(item) for item in items if is_store(item)}
    with ExitStack() as stack:
        stack.enter_context(replaced(kinds, ("run", "run_async"), functools.partial(_watched, run)))
        stack.enter_context(replaced((Tool,), ("invoke", "invoke_async"), functools.partial(_running, run)))
        stack.enter_context(
            replaced(stores, ("filter_documents", "filter_documents_async"), functools.partial(_looking_up, run))
        )
        yield


def _watched(run: Run, method: Any) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def run_component_async(self: Any, *args: Any, **kwargs: Any) -> Any:
            with _seen(run, self, by_name(method, self, args, kwargs)) as note:
                return note(await method(self, *args, **kwargs))

        return run_component_async

    @functools.wraps(method)
    def run_component(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _seen(run, self, by_name(method, self, args, kwargs)) as note:
            return note(method(self, *args, **kwargs))

    return run_component


@contextmanager
def _seen(run: Run, part: Any, given: Mapping[str, Any]) -> Iterator[Callable[[Any], Any]]:
    """Tell the run what a component is given; what it returns goes through the function that is yielded."""
    if is_gated(part) or isinstance(part, HeadgateValidator):
        with run.behind_a_gate():
            yield lambda result: result
    elif finds(part):
        with run.calling(part) as call:
            yield lambda result: run.returned(call, _chunks(result), result, _add)
    else:
        speaks = bool(given) and "replies" in sockets(part, "output")
        run.wrote(template_texts([part, given.get("template")]))
        if speaks:
            _hand_over(run, part, given)
        yield lambda result: _heard(run, result) if speaks else result


def _hand_over(run: Run, model: object, given: Mapping[str, Any]) -> None:
    read = {name: value for name, value in given.items() if name not in _UNREAD and not callable(value)}
    # A component of the user's own may call its prompt anything.
    prompts = [name for name in _GIVEN if name in read] or [name for name in read if _is_prompt(read[name])]
    texts, others = read_texts([read[name] for name in prompts])
    more = [value for name, value in read.items() if name not in prompts]
    run.read(texts, beside([*more, told_by(model), *others], schema_of))


def _is_prompt(value: Any) -> bool:
    found = value if isinstance(value, (list, tuple)) and value else [value]
    return all(isinstance(one, (str, ChatMessage)) for one in found)


def _heard(run: Run, result: Any) -> Any:
    for reply in (result.get("replies") or ()) if isinstance(result, Mapping) else ():
        texts, others = read_texts(reply)
        for text in (*texts, *beside(others, schema_of).texts):
            run.spoke(text)
    return result


def _running(run: Run, method: Any) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def invoke_async(self: Any, **kwargs: Any) -> Any:
            with run.refusing():
                return await method(self, **kwargs) if _may_run(run, self) else _NOT_RUN

        return invoke_async

    @functools.wraps(method)
    def invoke(self: Any, **kwargs: Any) -> Any:
        with run.refusing():
            return method(self, **kwargs) if _may_run(run, self) else _NOT_RUN

    return invoke


def _may_run(run: Run, tool: Tool) -> bool:
    return run.may_run(tool.name, only_reads=_only_reads(tool))


def _only_reads(tool: Tool) -> bool:
    if isinstance(tool, PipelineTool):
        return _is_harmless_pipeline(getattr(getattr(tool, "_component", None), "pipeline", None))
    if isinstance(tool, ComponentTool):
        return _is_harmless(getattr(tool, "_component", None))
    return only_reads(tool.function, (Pipeline,))


def _is_harmless_pipeline(pipeline: Any) -> bool:
    return isinstance(pipeline, Pipeline) and all(_is_harmless(part) for _, part in pipeline.walk())


def _is_harmless(part: Any) -> bool:
    """Return whether a component does nothing but find, sort, embed and put together."""
    if is_gated(part) or isinstance(part, HeadgateValidator) or finds(part):
        return True
    return type(part).__module__.startswith("haystack.") and _WRITES not in sockets(part, "output")


def _looking_up(run: Run, method: Any) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def look_up_async(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = await method(self, *args, **kwargs)
            run.looked_up(self, _chunks({"documents": result}))
            return result

        return look_up_async

    @functools.wraps(method)
    def look_up(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = method(self, *args, **kwargs)
        run.looked_up(self, _chunks({"documents": result}))
        return result

    return look_up


def _documents(result: Any) -> list[Document]:
    found = result.get("documents") if isinstance(result, Mapping) else None
    return [one for one in found if isinstance(one, Document)] if isinstance(found, (list, tuple)) else []


def _chunks(result: Any) -> list[Chunk]:
    return [as_it_is(document) for document in _documents(result)]


def _add(result: Any, chunks: Sequence[Chunk]) -> Any:
    """Return what a component found with other documents before it, no worse than the best that was found."""
    found = _documents(result)
    score = max((one.score for one in found if one.score is not None), default=None)
    made = [Document(id=chunk.id or "", content=chunk.text, meta=dict(chunk.metadata), score=score) for chunk in chunks]
    return {**result, "documents": [*made, *found]} if isinstance(result, Mapping) else result

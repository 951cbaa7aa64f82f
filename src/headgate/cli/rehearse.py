"""`headgate rehearse`: production on purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rapidfuzz import process
from rich.console import Console
from rich.progress import Progress

from headgate.admission.loading import policy_of
from headgate.chunk import Chunk
from headgate.cli.instants import NowOption, instant
from headgate.cli.loading import load_object
from headgate.cli.options import (
    Documents,
    DocumentsArgument,
    FieldMapOption,
    HtmlOption,
    JsonOption,
    PolicyOption,
    PrefixOption,
    TextFieldOption,
    console,
    print_json,
)
from headgate.cli.pages import policy_in_force, write_view
from headgate.corpus import Fields
from headgate.encoding import are, in_number
from headgate.errors import HeadgateError

if TYPE_CHECKING:
    from headgate.rehearsal import Rehearsal

__all__ = ["EXAMPLE_REHEARSE", "rehearse"]

EXAMPLE_REHEARSE = (
    "Example: headgate rehearse docs/ --policy headgate.yaml --dose 'stale copy=0.2' --html rehearsal.html"
)
_GROUP = "headgate.retrievers"
_QUESTIONS = 200
_QUESTION_CHARS = 120


def rehearse(
    documents: DocumentsArgument,
    policy: PolicyOption = Path("headgate.yaml"),
    questions: Annotated[
        Path | None, typer.Option(help="A file with one question per line; by default, titles and first lines.")
    ] = None,
    framework: Annotated[str, typer.Option(help="langchain or llama_index.")] = "langchain",
    retriever: Annotated[
        str | None, typer.Option(metavar="MODULE:FUNCTION", help="Called with documents and k; by default BM25.")
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, max=1_000, help="How many documents a prompt has.")] = 10,
    dose: Annotated[list[str] | None, typer.Option(metavar="NAME=SHARE", help="How much of the corpus is hit.")] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only these injections.")] = None,
    injection: Annotated[
        list[str] | None, typer.Option(metavar="MODULE:NAME", help="An injection of your own, besides the others.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    prefix: PrefixOption = None,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
    now: NowOption = None,
    html: HtmlOption = None,
    plot: Annotated[Path | None, typer.Option(help="Also write a plot (headgate[plots]).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Spoil a curated corpus as production would, and ask questions without and with the gate.

    Keys are made for it; the documents are not changed. Exit code 1 if a bad document came through, a good one was
    lost, a question failed, or a file was skipped; 2 if nothing was injected, so that nothing was tried.
    """
    # Here, so that the other commands start without it.
    from headgate.rehearsal import rehearse as run

    # Whatever is wrong with the command itself is said before a corpus is read.
    chosen = _injections(only, injection)
    doses = _doses(dose, [one.name for one in chosen])
    build = _builder(framework, retriever)
    loaded = policy_of(policy)
    read = Documents(documents, "Reading", prefix=prefix, quiet=as_json, fields=Fields.parse(text_field, field_map))
    chunks = [item.chunk for item in read if item.chunk is not None]
    is_partial = read.finish()
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
        task = bar.add_task("questions", total=None)
        try:
            result = run(
                chunks,
                _questions(questions, chunks),
                lambda found: build(found, k),
                loaded,
                framework=framework,
                injections=chosen,
                doses=doses,
                seed=seed,
                now=instant(now),
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        except ValueError as error:
            raise HeadgateError(f"{documents}: {error}.") from None
    if result.is_empty:
        raise HeadgateError(_explain_empty(result, documents))
    in_force = policy_in_force(policy) if html is not None else None
    write_view(html, "headgate: production, rehearsed", result, corpus=documents, policy=in_force)
    if plot is not None:
        result.plot().figure.savefig(plot, dpi=120)
    if as_json:
        print_json(result.to_dict())
    else:
        console().print(result)
    raise typer.Exit(int(is_partial or not result.is_clean))


def _explain_empty(result: Rehearsal, documents: Path) -> str:
    if not result.injected:
        idle = f" Tried in vain: {', '.join(result.idle)}." if result.idle else ""
        return (
            f"{documents}: nothing was injected, so nothing was tried. "
            f"{in_number(result.curated, 'document')} {are(result.curated)} admissible, of which the doses take too "
            f"few, or none fits.{idle} Raise a dose (--dose 'stale copy=0.5'), or give more documents."
        )
    question, error = result.failed[0]
    return f"the retriever failed for each of {len(result.failed):,} questions, such as {question[:80]!r}: {error}"


def _questions(path: Path | None, chunks: Sequence[Chunk]) -> list[str]:
    """Return the questions of a file; without one, titles and first lines of the documents, evenly chosen."""
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise HeadgateError(f"{path}: the questions are not UTF-8 text.") from None
        return [line.strip() for line in text.splitlines() if line.strip()]
    found: dict[str, None] = {}
    for chunk in chunks:
        title = chunk.metadata.get("title")
        line = title if isinstance(title, str) and title.strip() else chunk.text.strip().partition("\n")[0]
        if line.strip():
            found.setdefault(line.strip()[:_QUESTION_CHARS])
    # Evenly, because the first documents of a folder are often about one thing.
    step = max(1, len(found) // _QUESTIONS)
    return list(islice(found, 0, None, step))[:_QUESTIONS]


def _injections(only: list[str] | None, own: list[str] | None) -> list[Any]:
    from headgate.rehearsal import CATALOGUE, Injection

    mine = [load_object(place) for place in own or ()]
    for place, one in zip(own or (), mine, strict=True):
        if not isinstance(one, Injection):
            raise HeadgateError(
                f"{place} is not an injection. Put @headgate.rehearsal.injection(...) above the function."
            )
    names = [one.name for one in CATALOGUE]
    for name in only or ():
        _require_known("--only", name, names)
    return [*(one for one in CATALOGUE if not only or one.name in only), *mine]


def _require_known(option: str, name: str, names: Sequence[str]) -> None:
    if name in names:
        return
    match = process.extractOne(name, names, score_cutoff=60)
    remedy = f"Did you mean {match[0]!r}?" if match else f"There are: {', '.join(names)}."
    raise HeadgateError(f"{option}: {name!r} is not an injection here. {remedy}")


def _doses(entries: list[str] | None, names: Sequence[str]) -> dict[str, float]:
    doses = {}
    for entry in entries or ():
        # The last one: a name of an injection may hold the sign too.
        name, _, written = (part.strip() for part in entry.rpartition("="))
        try:
            share = float(written[:-1]) / 100 if written.endswith("%") else float(written)
        except ValueError:
            share = -1.0
        if not name or not 0 <= share <= 1:
            raise HeadgateError(f"--dose {entry!r}: write NAME=SHARE, such as 'stale copy=0.2' or 'stale copy=20%'.")
        _require_known("--dose", name, names)
        doses[name] = share
    return doses


def _builder(framework: str, place: str | None) -> Callable[[Sequence[Any], int], Any]:
    if place is not None:
        build: Callable[[Sequence[Any], int], Any] = load_object(place)
        return build
    for entry in entry_points(group=_GROUP):
        if entry.name == framework:
            found: Callable[[Sequence[Any], int], Any] = entry.load()
            return found
    extra = (
        "llama-index-postprocessor-headgate[rehearsal]" if framework == "llama_index" else "langchain-headgate[demo]"
    )
    raise HeadgateError(
        f"No retriever for {framework!r} is installed: pip install '{extra}', or name one with --retriever."
    )

"""What the usual loaders write about times: `loaders.jsonl`, read as data, and as tables for people.

A line is a loader: its framework, the module it was read in, an example of its metadata, and for each time in it the
key, the role, the form, and whether a zone is written. Values that JSON has no type for are objects with `@`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

__all__ = ["Loader", "LoaderTime", "known_loaders", "loader_table"]

_OTHERS = {
    "job": "of the loader's own job, not read",
    "named": "nested: read where the policy names it",
}


@dataclass(frozen=True, slots=True)
class LoaderTime:
    """One time that a loader writes.

    Attributes:
        key: the metadata key.
        role: what it means: a role of the catalogue, `job` for what a loader says about its own work, or `named` for
            a nested entry that a policy has to name.
        form: how it is written.
        has_zone: whether a zone is written, or a number since 1970; None where no time is read.
    """

    key: str
    role: str
    form: str
    has_zone: bool | None


@dataclass(frozen=True, slots=True)
class Loader:
    """What one loader or reader writes.

    Attributes:
        framework: `LangChain` or `LlamaIndex`.
        name: the class, and the way of using it where that matters.
        module: the module that writes it.
        metadata: an example.
        times: the times in it.
        source: the key that names the source; None if there is none.
        age_from: the role from which age counts; None if the document says nothing about it.
    """

    framework: Literal["LangChain", "LlamaIndex"]
    name: str
    module: str
    metadata: dict[str, object]
    times: tuple[LoaderTime, ...]
    source: str | None
    age_from: str | None


@cache
def known_loaders() -> tuple[Loader, ...]:
    """Return the loaders and readers whose metadata is known."""
    text = files(__package__).joinpath("loaders.jsonl").read_text(encoding="utf-8")
    return tuple(_loader(json.loads(line)) for line in text.splitlines())


def loader_table() -> str:
    """Return a table in Markdown of what each loader writes and how it is read."""
    lines = ["| loader | key | read as | form | zone | source |", "| --- | --- | --- | --- | --- | --- |"]
    for loader in known_loaders():
        module = f"`{loader.module}`"
        source = f"`{loader.source}`" if loader.source else "none"
        if not loader.times:
            lines.append(f"| {loader.framework} {loader.name} ({module}) | | no time | | | {source} |")
        for time in loader.times:
            meaning = _OTHERS.get(time.role, f"`{time.role}`")
            zone = {True: "yes", False: "no", None: ""}[time.has_zone]
            lines.append(
                f"| {loader.framework} {loader.name} ({module}) | `{time.key}` | {meaning} | {time.form} | {zone} | "
                f"{source} |"
            )
    return "\n".join(lines) + "\n"


def _loader(entry: dict[str, Any]) -> Loader:
    zones = {"yes": True, "no": False, "n/a": None}
    return Loader(
        entry["framework"],
        entry["loader"],
        entry["module"],
        {key: _typed(value) for key, value in entry["metadata"].items()},
        tuple(LoaderTime(t["key"], t["role"], t["format"], zones[t["zone"]]) for t in entry["times"]),
        entry["source"],
        entry["age_from"],
    )


def _typed(value: Any) -> object:
    if not isinstance(value, dict) or "@" not in value:
        return value
    kind, text = value["@"], value["value"]
    if kind == "decimal":
        return Decimal(text)
    if kind == "date":
        return date.fromisoformat(text)
    when = datetime.fromisoformat(text.removesuffix("Z"))
    return when.timetuple() if kind == "struct_time" else when

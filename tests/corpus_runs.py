"""Data sets for tests of runs: sealed pages in several versions, in files of every kind, and the policy for them."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from headgate import Chunk
from headgate.corpus import to_lines
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
HANDBOOK = Publisher("handbook", "https://handbook.example/**", CLOCK)
ROWS = 60


def chunks(number: int = ROWS) -> list[Chunk]:
    """Pages, of each third one a later version, some of them forged."""
    made = []
    for n in range(number):
        uri = f"https://handbook.example/{n // 3}"
        chunk = HANDBOOK.seal(f"page {n}", uri, {"n": n}, version=n % 3, modified=CLOCK.now - timedelta(days=n))
        made.append(
            Chunk("forged", chunk.metadata, f"c{n}") if n % 7 == 0 else Chunk(chunk.text, chunk.metadata, f"c{n}")
        )
    return made


def table_of(some: list[Chunk]) -> Any:
    import pyarrow as pa

    return pa.Table.from_pydict(
        {
            "id": [chunk.id for chunk in some],
            "text": [chunk.text for chunk in some],
            "metadata": [json.dumps(dict(chunk.metadata)) for chunk in some],
        }
    )


def write_dataset(folder: Path) -> Path:
    """Write the pages as Parquet of several row groups, Arrow, JSON Lines and CSV; return the folder."""
    from pyarrow import feather, parquet

    folder.mkdir()
    made = chunks()
    parquet.write_table(table_of(made[:30]), folder / "a.parquet", row_group_size=7)
    parquet.write_table(table_of(made[30:40]), folder / "b.parquet")
    feather.write_feather(table_of(made[40:50]), folder / "c.arrow")
    (folder / "d.jsonl").write_text("".join(line + "\n" for line in to_lines(made[50:])))
    return folder


def write_policy(folder: Path, **rules: Any) -> Path:
    path = folder / "headgate.yaml"
    path.write_text(yaml.safe_dump({"sources": [HANDBOOK.source(**rules)]}))
    return path


def killed_at(action: Callable[[], object], folder: Path, number: int) -> bool:
    """Run an action in a fork that is killed when it is about to change the folder for the nth time.

    Returns:
        Whether it was killed; False if it came to its end before.
    """
    child = multiprocessing.get_context("fork").Process(target=_until, args=(action, folder, number))
    child.start()
    child.join()
    if child.exitcode not in (0, -signal.SIGKILL):
        raise AssertionError(f"it ended with {child.exitcode}")
    return child.exitcode != 0


def _until(action: Callable[[], object], folder: Path, number: int) -> None:
    changes = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes
        is_opened = event == "open" and isinstance(arguments[1], str) and not set("wxa").isdisjoint(arguments[1])
        if not (is_opened or event in ("os.rename", "os.link", "os.remove", "os.mkdir")):
            return
        if str(folder) in str(arguments[0]):
            changes += 1
            if changes == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    action()

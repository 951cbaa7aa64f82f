"""A server on loopback that tells when its pages were changed, and a gate that asks it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate
from headgate.record.writing import log_record
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher
from servers import Server

__all__ = ["Origin", "says"]

DAY = timedelta(days=1)


class Origin:
    """A server on loopback, a source of its pages, and a gate that asks it."""

    def __init__(self, folder: Path, clock: FixedClock, name: str = "docs") -> None:
        self.server, self.clock, self.folder = Server(folder), clock, folder
        self.base = self.server.url.rpartition("/")[0]
        self.publisher = Publisher(name, f"{self.base}/**", clock)
        self.has(a=(200, {"Last-Modified": self.date(20), "ETag": '"one"'}))

    def close(self) -> None:
        """Answer who still waits, and close the server once nobody asks any more."""
        self.server.hangs.set()
        for thread in threading.enumerate():
            if thread.name == "headgate-origin":
                thread.join()
        self.server.close()

    def has(self, **pages: tuple[int, dict[str, str]]) -> None:
        """Have the server answer for pages, by their paths."""
        self.server.pages = {f"/{name}": page for name, page in pages.items()}

    def date(self, days: float) -> str:
        """Return a date of HTTP, so many days ago."""
        return format_datetime(self.clock.now - days * DAY, usegmt=True)

    def gate(self, **rules: Any) -> Gate:
        """Return a gate that asks the server, with further rules for it."""
        revalidate = {"timeout": "10s", **rules}
        source = self.publisher.source(freshness={"revalidate": revalidate})
        return Gate({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}, clock=self.clock)

    def page(self, name: str = "a", days: float = 10) -> Chunk:
        """Return a sealed page of which the text is so many days old."""
        return self.publisher.seal(f"text of {name}", f"{self.base}/{name}", modified=self.clock.now - days * DAY)


@pytest.fixture
def origin(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    made = Origin(tmp_path, clock)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    # What the environment names is not asked: a proxy would see what is read.
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    yield made
    made.close()


def says(gate: Gate, *chunks: Chunk, **options: Any) -> list[str]:
    """Return action and codes of each decision; a replay of the record comes to the same, or leaves it undecided."""
    admission = gate.admit(chunks, **options)
    record = json.loads(json.dumps(log_record(admission)))
    for decision, again in zip(admission.decisions, Redecider(gate.policy).redecide(record), strict=True):
        assert again.action in (decision.action, None)
    return [" ".join((one.action, *one.codes)) for one in admission.decisions]

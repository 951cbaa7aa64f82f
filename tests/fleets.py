"""A policy that is published at a server on loopback, and the machines that pull it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from headgate import Gate
from headgate.cli.app import app
from headgate.origins import policies
from headgate.provenance import generate_signing_key
from headgate.testing import FixedClock, Publisher
from servers import Server

__all__ = ["Fleet", "fleet", "restart"]

HOUR = timedelta(hours=1)


class Fleet:
    """A publisher of policies, a server that gates ask, and the folders of machines."""

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        self.folder, self.clock, self.server = folder, clock, Server(folder)
        self.docs = Publisher("docs", "https://docs.example/**", clock)
        self.news = Publisher("news", "https://news.example/**", clock)
        self.key = generate_signing_key("policies")
        self.key.save(folder / "policies")
        self.signed = folder / "policy.json"
        self.url = self.server.url.replace("jwks.json", "policy.json")
        self.draft = folder / "draft" / "headgate.yaml"
        (folder / "draft" / "keys").mkdir(parents=True)
        for one in (self.docs, self.news):
            (folder / "draft" / "keys" / f"{one.name}.json").write_text(json.dumps(one.key.public_jwks()))
        (folder / "draft" / "terms.yaml").write_text("terms: {Kubernetes: [K8s]}")
        self.write("docs")

    def write(self, *sources: str, **settings: Any) -> Path:
        """Write the draft: a policy with these sources, whose keys are in files beside it."""
        known = {one.name: one for one in (self.docs, self.news)}
        entries = [known[name].source(provenance={"keys": f"keys/{name}.json"}) for name in sources]
        for entry in entries:
            entry["terminology"] = ["./terms.yaml"]
        self.draft.write_text(yaml.safe_dump({"version": 1, "sources": entries, **settings}))
        return self.draft

    def run(self, *words: str, fails: int = 0) -> str:
        """Run a command and return what it says."""
        done = CliRunner().invoke(app, list(words))
        said = f"{done.output}{done.exception if done.exception and not isinstance(done.exception, SystemExit) else ''}"
        assert done.exit_code == fails, said
        return said

    def publish(self, *words: str, serve: bool = True, fails: int = 0) -> str:
        """Sign the draft, and have the server give it."""
        key = ("--key", str(self.folder / "policies.private.jwk.json"))
        given = ("--name", "acme", "--out", str(self.signed), "--now", self.clock.now.isoformat())
        said = self.run("policy", "publish", str(self.draft), *key, *given, *words, fails=fails)
        if serve:
            self.serve()
        return said

    def sign(self, command: str, *words: str, fails: int = 0) -> str:
        """Promote a trial or take it back, and have the server give what comes of it."""
        key = ("--key", str(self.folder / "policies.private.jwk.json"), "--now", self.clock.now.isoformat())
        said = self.run("policy", command, str(self.signed), *key, *words, fails=fails)
        self.serve()
        return said

    def serve(self, data: bytes | None = None) -> None:
        """Have the server give the signed policy, or something else."""
        self.server.status, self.server.headers, self.server.endless, self.server.short_by = 200, {}, 0, 0
        self.server.body = self.signed.read_bytes() if data is None else data

    def machine(self, name: str = "one", **pull: Any) -> Path:
        """Return the file of a machine that pulls the policy."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        place = {} if {"git", "path"} & pull.keys() else {"url": self.url}
        rule = {"name": "acme", "keys": str(self.folder / "policies.jwks.json"), "private": ["127.0.0.1"]}
        file = folder / "headgate.yaml"
        file.write_text(yaml.safe_dump({"version": 1, "cache": "cache", "pull": {**rule, **place, **pull}}))
        return file

    def gate(self, name: str = "one", **pull: Any) -> Gate:
        """Return a gate of a machine that pulls the policy."""
        return Gate(self.machine(name, **pull), clock=self.clock)

    def follow(self, gate: Gate, after: timedelta = HOUR) -> None:
        """Let some time pass, and wait for what a gate pulls meanwhile."""
        self.clock.advance(after)
        gate.admit([])
        assert gate.settle(30)

    def says(self, gate: Gate) -> str:
        """Return what a gate says of a page of each source."""
        pages = [one.seal(f"K8s at {one.name}", f"https://{one.name}.example/a") for one in (self.docs, self.news)]
        return " ".join("+".join((one.action, *one.codes)) for one in gate.admit(pages).decisions)

    def close(self) -> None:
        """Answer who still waits, and close the server once nobody asks any more."""
        self.server.hangs.set()
        for thread in threading.enumerate():
            if thread.name in ("headgate-origin", "headgate-policy"):
                thread.join()
        self.server.close()


@pytest.fixture
def fleet(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = Fleet(tmp_path, clock)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    made.publish()
    yield made
    made.close()


def restart() -> None:
    """Forget what a process knows of policies, as in one that begins."""
    policies._KNOWN.clear()

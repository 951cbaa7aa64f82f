"""A manifest brought from its publisher's address: only what was signed, and in place only when all of it is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate import Chunk, Gate, HeadgateError
from headgate.cli.app import app
from headgate.errors import ManifestError
from headgate.limits import DEFAULT_LIMITS
from headgate.origins import FetchError
from headgate.origins.manifests import Brought, bring_manifest
from headgate.provenance import generate_signing_key
from headgate.testing import FixedClock
from servers import Server
from shelves import WEEK, Shelf, page

pytestmark = pytest.mark.enable_socket
PAGES = [page(f"{number}", "one") for number in range(100)]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = Server(tmp_path)
    made.folder = tmp_path / "published"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    yield made
    made.close()


@pytest.fixture
def shelf(server: Server, clock: FixedClock) -> Shelf:
    assert server.folder is not None
    made = Shelf(server.folder / "docs", clock)
    made.publish(PAGES)
    return made


@pytest.fixture
def bring(server: Server, shelf: Shelf, tmp_path: Path) -> Callable[..., Brought]:
    url = server.url.replace("jwks.json", "docs/")

    def brought(**options: object) -> Brought:
        server.paths.clear()
        given = {"private": ["127.0.0.1"], **options}
        return bring_manifest(url, tmp_path / "here", shelf.key.public, **given)  # type: ignore[arg-type]  # by name

    return brought


def gate_of(shelf: Shelf, clock: FixedClock, tmp_path: Path) -> Gate:
    source = shelf.source(provenance={"manifest": str(tmp_path / "here")})
    return Gate({"sources": [source], "cache": str(tmp_path / "cache")}, clock=clock)


def codes(gate: Gate, *chunks: Chunk) -> list[tuple[str, ...]]:
    return [one.codes for one in gate.admit(chunks).decisions]


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_is_brought_is_what_was_published(
    bring: Callable[..., Brought], shelf: Shelf, clock: FixedClock, server: Server, tmp_path: Path
) -> None:
    found = bring()
    assert (found.is_new, found.timestamp.version) == (True, 1)
    assert content(tmp_path / "here") == content(shelf.folder)
    assert found.files == len(server.paths) == len(content(shelf.folder))
    gate = gate_of(shelf, clock, tmp_path)
    assert codes(gate, PAGES[0], page("0", "two")) == [(), ("P110",)]
    # Nothing new is one question.
    assert not bring().is_new
    assert server.paths == ["/docs/timestamp.json"]
    # A timestamp that was renewed is one, too.
    clock.advance(timedelta(days=1))
    shelf.renew()
    assert bring().is_new
    assert server.paths == ["/docs/timestamp.json"]
    # Of the next version, what is different.
    shelf.publish([page("0", "two"), *PAGES[1:]])
    assert bring().is_new
    assert len(server.paths) < 7
    assert gate.reload()
    assert codes(gate, PAGES[0], page("0", "two"), PAGES[1]) == [("P110",), (), ()]


def test_a_key_that_leaked_and_is_gone_keeps_no_later_version_out(
    bring: Callable[..., Brought], shelf: Shelf, tmp_path: Path
) -> None:
    """The timestamp of the version that it ran ahead may well be by another key, which goes on signing."""
    leaked, stamps = shelf.key, generate_signing_key("stamps")
    shelf.timestamp_key = stamps
    shelf.publish(PAGES, version=2**63 - 1)
    assert bring(timestamp_keys=stamps.public).timestamp.version == 2**63 - 1
    shelf.publish(PAGES, version=2)
    with pytest.raises(ManifestError, match="P108"):
        bring(timestamp_keys=stamps.public)
    shelf.key = generate_signing_key("fresh")
    shelf.publish(PAGES, version=2)
    assert bring(timestamp_keys=stamps.public).timestamp.version == 2
    # And the other way round nothing is brought.
    shelf.key = leaked
    shelf.publish(PAGES, version=3)
    kept = content(tmp_path / "here")
    shelf.key = generate_signing_key("another")
    with pytest.raises(ManifestError, match="P103"):
        bring(timestamp_keys=stamps.public)
    assert content(tmp_path / "here") == kept


def test_an_interrupted_run_is_continued(
    bring: Callable[..., Brought], shelf: Shelf, server: Server, tmp_path: Path
) -> None:
    (first, *_) = sorted((shelf.folder / "shards").iterdir())
    kept = first.read_bytes()
    first.unlink()
    with pytest.raises(FetchError, match="404"):
        bring()
    assert not (tmp_path / "here" / "timestamp.json").exists()
    first.write_bytes(kept)
    before = len(content(tmp_path / "here"))
    found = bring()
    assert content(tmp_path / "here") == content(shelf.folder)
    assert found.files == len(content(shelf.folder)) - before


def spoil_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("kind", ["timestamp.json", "manifests/1.json", "shards"])
@pytest.mark.parametrize("spoil", [spoil_byte, lambda file: file.write_bytes(b" " * 9_000_000)], ids=["a byte", "long"])
def test_what_is_not_what_was_signed_replaces_nothing(
    kind: str, spoil: Callable[[Path], object], bring: Callable[..., Brought], shelf: Shelf, tmp_path: Path
) -> None:
    file = shelf.folder / kind
    spoil(next(file.iterdir()) if file.is_dir() else file)
    with pytest.raises(HeadgateError, match=r"P10\d|more than|404"):
        bring()
    assert not (tmp_path / "here" / "timestamp.json").exists()


def test_an_earlier_one_replaces_nothing(
    bring: Callable[..., Brought], shelf: Shelf, clock: FixedClock, tmp_path: Path
) -> None:
    first = tmp_path / "first"
    shutil.copytree(shelf.folder, first)
    clock.advance(timedelta(days=1))
    shelf.renew(lifetime=timedelta(days=2))
    bring()
    for _ in range(2):
        here, there = content(tmp_path / "here"), content(shelf.folder)
        (shelf.folder / "timestamp.json").write_bytes((first / "timestamp.json").read_bytes())
        with pytest.raises(ManifestError, match="P108"):
            bring()
        assert content(tmp_path / "here") == here
        (shelf.folder / "timestamp.json").write_bytes(there["timestamp.json"])
        shelf.publish([PAGES[0]], lifetime=WEEK)
        bring()
    shelf.publish(PAGES, version=2)
    with pytest.raises(ManifestError, match="P108"):
        bring()
    with pytest.raises(ManifestError, match="P108"):
        bring(at_least=9)


def test_other_keys_and_another_corpus_replace_nothing(
    bring: Callable[..., Brought], shelf: Shelf, clock: FixedClock, tmp_path: Path
) -> None:
    bring()
    here = content(tmp_path / "here")
    for other in (
        Shelf(shelf.folder, clock, key=generate_signing_key("shelf")),
        Shelf(shelf.folder, clock, "other", key=shelf.key),
    ):
        shutil.rmtree(shelf.folder)
        other.publish([page("a", "one", other.name)], version=9)
        with pytest.raises(ManifestError, match=r"P10[235]"):
            bring()
        assert content(tmp_path / "here") == here
    with pytest.raises(ManifestError, match="P103"):
        bring(timestamp_keys=generate_signing_key("stamps").public)


def test_all_of_it_has_one_deadline_and_bounds(
    bring: Callable[..., Brought], shelf: Shelf, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="longer than 0 s"):
        bring(within=0)
    with pytest.raises(ManifestError, match="P106"):
        bring(limits=DEFAULT_LIMITS.__class__(listing_bytes=10))
    assert [path for path in server.paths if "shards" in path] == []
    with pytest.raises(FetchError, match="private network"):
        bring(private=[])
    for url in ("https://a.example/m?x=1", "https://a.example/#m", "http://a.example/", "file:///m"):
        with pytest.raises(FetchError):
            bring_manifest(url, tmp_path / "x", shelf.key.public)
    assert not (tmp_path / "x").exists()


def test_the_command_brings_it_and_says_until_when(
    shelf: Shelf, server: Server, clock: FixedClock, tmp_path: Path
) -> None:
    (tmp_path / "k.json").write_text(json.dumps(shelf.key.public_jwks()))
    words = ["manifest", "fetch", server.url.replace("jwks.json", "docs"), "--out", str(tmp_path / "here")]
    words += ["--keys", str(tmp_path / "k.json"), "--private", "127.0.0.1", "--now"]
    done = CliRunner().invoke(app, [*words, clock.now.isoformat()])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "'shelf', version 1" in done.output
    late = CliRunner().invoke(app, [*words, (clock.now + 2 * WEEK).isoformat(), "--json"])
    assert late.exit_code == 1
    assert json.loads(late.stdout)["is_expired"] is True
    assert json.loads(late.stdout)["is_new"] is False

"""Attacks on manifests: by whoever can write to their folder, to the cache, or has one of the keys."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate, HeadgateError, KeySet, Manifest, ManifestError, PolicyError
from headgate.files import write_bytes
from headgate.limits import Limits
from headgate.provenance import generate_signing_key
from headgate.provenance.envelopes import PAYLOAD_TYPE, sign_envelope
from headgate.provenance.manifests import manifest_path, shard_path
from headgate.provenance.publication import renew_timestamp
from headgate.provenance.shards import Entry, pack, place_of, shard_of
from headgate.provenance.statements import ManifestStatement, Shard
from headgate.testing import FixedClock, Publisher
from shelves import WEEK, Shelf, page, resign

ONE = page("a", "one")


@pytest.fixture
def shelf(tmp_path: Path, clock: FixedClock) -> Shelf:
    return Shelf(tmp_path / "shelf", clock)


def gate_of(clock: FixedClock, *sources: dict[str, Any], **policy: Any) -> Gate:
    return Gate({"sources": list(sources), **policy}, clock=clock)


def codes(gate: Gate, *chunks: Chunk) -> list[tuple[str, ...]]:
    return [decision.codes for decision in gate.admit(chunks).decisions]


def statement_of(shelf: Shelf, version: int = 1) -> ManifestStatement:
    return ManifestStatement.read(_payload(manifest_path(shelf.folder, version)))


def _payload(file: Path) -> bytes:
    return base64.b64decode(json.loads(file.read_bytes())["payload"])


def signed_text(shelf: Shelf, text: bytes, *, lines: int | None = None, length: int | None = None) -> None:
    """Sign a single shard of any text."""
    shard = Shard(
        hashlib.sha256(text).hexdigest(),
        text.count(b"\n") if lines is None else lines,
        len(text) if length is None else length,
    )
    write_bytes(shard_path(shelf.folder, shard), gzip.compress(text, mtime=0))
    statement = replace(statement_of(shelf), version=2, shards=(shard,), documents=shard.lines, chunks=1)
    resign(shelf, statement)


def refused(shelf: Shelf, problem: str | None = None, limits: Limits | None = None) -> ManifestError:
    """Expect that nothing can be loaded, and that the gate says so as well."""
    with pytest.raises(ManifestError, match=problem) as caught:
        Manifest.load(shelf.folder, shelf.key.public, limits=limits or Limits())
    if limits is None:
        with pytest.raises(PolicyError, match=r"sources\[0\]\.provenance\.manifest"):
            gate_of(shelf.clock, shelf.source())
    return caught.value


# What can be done to files without a key.


def test_every_file_that_is_truncated_is_refused(shelf: Shelf) -> None:
    shelf.publish([page(str(number), "text") for number in range(100)])
    for file in [path for path in shelf.folder.rglob("*") if path.is_file()]:
        whole = file.read_bytes()
        for length in (0, 1, len(whole) // 2, len(whole) - 1):
            file.write_bytes(whole[:length])
            assert str(file) in str(refused(shelf))
        file.unlink()
        assert str(file) in str(refused(shelf, "cannot be read|there is none"))
        file.mkdir()
        refused(shelf, "not a regular file")
        file.rmdir()
        file.write_bytes(whole)
    assert Manifest.load(shelf.folder, shelf.key.public).statement.documents == 100


@given(st.data())
def test_no_byte_of_a_folder_can_be_changed(data: st.DataObject) -> None:
    folder, files, keys = SMALL
    name = data.draw(st.sampled_from(sorted(files)))
    content = files[name]
    place = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != content[place]))
    try:
        (folder / name).write_bytes(content[:place] + bytes([other]) + content[place + 1 :])
        # Not a byte of a gzip header or of white space counts, or what is signed would have shown it.
        try:
            manifest = Manifest.load(folder, keys, cache=folder / f"cache-{name.replace('/', '-')}-{place}-{other}")
        except ManifestError:
            return
        assert name.startswith("shards/")
        assert manifest.find(URI, DIGEST) is not None
        assert manifest.statement.documents == 1
    finally:
        (folder / name).write_bytes(content)


URI = "https://shelf.example/a"
DIGEST = "sha-256:" + base64.urlsafe_b64encode(hashlib.sha256(b"one").digest()).rstrip(b"=").decode()


def _small() -> tuple[Path, dict[str, bytes], KeySet]:
    from shelves import temporary_folder

    shelf = Shelf(temporary_folder(), FixedClock())
    shelf.publish([ONE])
    files = [path for path in shelf.folder.rglob("*") if path.is_file()]
    return (
        shelf.folder,
        {str(file.relative_to(shelf.folder)): file.read_bytes() for file in files},
        shelf.key.public,
    )


SMALL = _small()


def test_shards_that_are_swapped_are_refused(shelf: Shelf) -> None:
    shelf.publish([page(str(number), "text") for number in range(100)])
    first, second = sorted((shelf.folder / "shards").iterdir())
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    refused(shelf, "bytes that were signed|not what was signed")
    second.write_bytes(content)
    refused(shelf, "bytes that were signed|not what was signed")


def test_a_shard_that_never_ends_is_not_inflated(shelf: Shelf) -> None:
    shelf.publish([ONE])
    (file,) = (shelf.folder / "shards").iterdir()
    text = gzip.decompress(file.read_bytes())
    bomb = gzip.compress(text + bytes(50_000_000), mtime=0)
    for content in (bomb, gzip.compress(text) + gzip.compress(text), gzip.compress(text) + b"\0" * 10_000):
        file.write_bytes(content)
        refused(shelf, "does not unpack to the")
    file.write_bytes(zlib.compress(text))
    refused(shelf, "cannot be unpacked")


def test_files_that_never_end_are_read_to_their_bound(shelf: Shelf) -> None:
    shelf.publish([ONE])
    for name in ("timestamp.json", "manifests/1.json"):
        file = shelf.folder / name
        whole = file.read_bytes()
        with file.open("ab") as opened:
            opened.truncate(10_000_000_000)  # takes no space on the disk
        refused(shelf, "longer than|not the file that the timestamp names")
        file.write_bytes(whole)


def test_what_is_no_file_is_not_read(shelf: Shelf) -> None:
    shelf.publish([ONE])
    file = shelf.folder / "timestamp.json"
    file.unlink()
    os.mkfifo(file)
    refused(shelf, "not a regular file")


def test_two_versions_do_not_mix(shelf: Shelf) -> None:
    """Timestamp, manifest and shards of one version, and of no other."""
    shelf.publish([ONE])
    stamp, manifest = ((shelf.folder / name).read_bytes() for name in ("timestamp.json", "manifests/1.json"))
    (shard,) = (shelf.folder / "shards").iterdir()
    old = shard.read_bytes()
    shelf.publish([page("a", "two")])
    (shelf.folder / "manifests/2.json").rename(shelf.folder / "manifests/kept")
    (shelf.folder / "manifests/2.json").write_bytes(manifest)
    refused(shelf, "not the file that the timestamp names")
    (shelf.folder / "timestamp.json").write_bytes(stamp)
    (shelf.folder / "manifests/1.json").write_bytes((shelf.folder / "manifests/kept").read_bytes())
    refused(shelf, "not the file that the timestamp names")
    (shelf.folder / "timestamp.json").unlink()
    shelf.publish([page("a", "two")], version=3)
    for path in (shelf.folder / "shards").iterdir():
        path.write_bytes(old)
    refused(shelf)


# What can be done with a key of another role, or of another source.


def test_payload_types_cannot_be_swapped(shelf: Shelf) -> None:
    shelf.publish([ONE])
    stamp, manifest = (_payload(shelf.folder / name) for name in ("timestamp.json", "manifests/1.json"))
    statement = statement_of(shelf)
    resign(shelf, statement, payload=stamp)
    refused(shelf, "predicate type")
    write_bytes(shelf.folder / "timestamp.json", sign_envelope(manifest, [shelf.key]))
    refused(shelf, "predicate type")
    # The type is under the signature too, so another one in the envelope is another message.
    shelf.publish([ONE])
    for other in ("application/vnd.in-toto+JSON", "application/json", "", None):
        envelope = json.loads((shelf.folder / "timestamp.json").read_bytes())
        envelope["payloadType"] = other
        (shelf.folder / "timestamp.json").write_text(json.dumps(envelope))
        refused(shelf, "payload type")
    key = shelf.key
    signed = b"DSSEv1 16 application/json %d %s" % (len(stamp), stamp)
    confused = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(stamp).decode(),
        "signatures": [{"keyid": key.kid, "sig": base64.b64encode(key.sign(signed)).decode()}],
    }
    (shelf.folder / "timestamp.json").write_text(json.dumps(confused))
    refused(shelf, "does not verify")


def test_each_role_has_its_own_key(tmp_path: Path, clock: FixedClock) -> None:
    stamps = generate_signing_key("stamps")
    shelf = Shelf(tmp_path, clock, timestamp_key=stamps)
    shelf.publish([ONE])
    gate = gate_of(clock, shelf.source())
    assert codes(gate, ONE) == [()]
    clock.advance(timedelta(days=1))
    shelf.renew()
    assert gate.reload()
    # The manifest's key signs no timestamp, and the timestamp's no manifest.
    good = (tmp_path / "timestamp.json").read_bytes()
    write_bytes(tmp_path / "timestamp.json", sign_envelope(_payload(tmp_path / "timestamp.json"), [shelf.key]))
    with pytest.raises(PolicyError, match=r"signed by 'shelf', and none"):
        gate.reload()
    write_bytes(tmp_path / "timestamp.json", good)
    resign(shelf, replace(statement_of(shelf), version=2), stamps)
    with pytest.raises(PolicyError, match=r"signed by 'stamps', and none"):
        gate.reload()
    assert codes(gate, ONE) == [()]


def test_a_key_of_another_source_signs_nothing_here(shelf: Shelf, tmp_path: Path, clock: FixedClock) -> None:
    other = Shelf(tmp_path / "other", clock, "other")
    other.publish([page("a", "one", host="other")])
    shelf.publish([ONE])
    resign(shelf, statement_of(shelf), other.key)
    with pytest.raises(PolicyError, match="P103"):
        gate_of(clock, shelf.source(), other.source())
    impostor = generate_signing_key("shelf")
    resign(shelf, statement_of(shelf), impostor)
    refused(shelf, "does not verify")


def test_signatures_are_few_and_each_by_another_key(shelf: Shelf) -> None:
    shelf.publish([ONE])
    file = shelf.folder / "timestamp.json"
    envelope = json.loads(file.read_bytes())
    (good,) = envelope["signatures"]
    strangers = [{"keyid": f"k{number}", "sig": "AAAA"} for number in range(100)]

    def with_signatures(*signatures: object) -> None:
        file.write_text(json.dumps({**envelope, "signatures": list(signatures)}))

    with_signatures(good, *strangers[:7])
    assert Manifest.load(shelf.folder, shelf.key.public).statement.version == 1
    for signatures, problem in (
        ((good, *strangers[:8]), "1 to 8"),
        ((), "1 to 8"),
        ((good, good), "name the same"),
        (({**good, "sig": good["sig"].rstrip("=")},), "canonical base64"),
        (({**good, "sig": good["sig"] + "\n"},), "canonical base64"),
        (({"sig": good["sig"]},), "names no key"),
        (strangers[:2], "none of these keys may sign"),
    ):
        with_signatures(*signatures)
        refused(shelf, problem)


def test_a_signature_has_one_form(tmp_path: Path, clock: FixedClock) -> None:
    shelf = Shelf(tmp_path, clock, key=generate_signing_key("shelf", "ES256"))
    shelf.publish([ONE])
    file = tmp_path / "timestamp.json"
    envelope = json.loads(file.read_bytes())
    der = base64.b64decode(envelope["signatures"][0]["sig"])
    raw = shelf.key.sign(b"x")
    for other in (b"", raw, der + b"\0", der[:-1], b"\x30\x80" + der[2:], b"\x30\x81" + der[1:]):
        envelope["signatures"][0]["sig"] = base64.b64encode(other).decode()
        file.write_text(json.dumps(envelope))
        refused(shelf, "does not verify")


# What a publisher with a key can do, or somebody who has stolen it.


def test_an_entry_outside_the_namespace_proves_nothing(shelf: Shelf, clock: FixedClock) -> None:
    inside, outside = page("docs/a", "one"), page("else/a", "two")
    shelf.publish([inside, outside])
    resign(shelf, replace(statement_of(shelf), version=2, namespace=("https://shelf.example/docs/**",)))
    assert codes(gate_of(clock, shelf.source()), inside, outside) == [(), ("P110",)]
    manifest = Manifest.load(shelf.folder, shelf.key.public)
    assert manifest.index is not None
    assert manifest.index.outside() == 1


def test_a_manifest_speaks_for_its_source_only(shelf: Shelf, tmp_path: Path, clock: FixedClock) -> None:
    """One document in two corpora: the source that it belongs to decides, whatever the other lists."""
    other = Shelf(tmp_path / "other", clock, "other")
    theirs, ours = page("a", "theirs"), page("a", "ours")
    other.publish([theirs], namespace=["https://**/**"])
    shelf.publish([ours])
    gate = gate_of(clock, shelf.source(), other.source())
    assert codes(gate, theirs, ours) == [("P110",), ()]


def test_a_version_that_jumped_ahead_holds_until_the_key_goes(tmp_path: Path, clock: FixedClock) -> None:
    shelf = Shelf(tmp_path, clock)
    shelf.publish([ONE])
    gate = gate_of(clock, shelf.source())
    shelf.publish([page("a", "poison")], version=2**63 - 1)
    assert gate.reload()
    shelf.publish([ONE], version=2)
    with pytest.raises(PolicyError, match="P108"):
        gate.reload()
    after = Shelf(tmp_path, clock)
    after.publish([ONE], version=3)
    assert codes(gate_of(clock, after.source()), ONE, page("a", "poison")) == [(), ("P110",)]


def test_one_version_has_one_content(shelf: Shelf, clock: FixedClock) -> None:
    shelf.publish([ONE])
    gate_of(clock, shelf.source())
    shelf.publish([page("a", "two")], version=1)
    (decision,) = gate_of(clock, shelf.source()).admit([page("a", "two")]).decisions
    assert decision.codes == ("P108",)
    assert "not the one that was accepted before" in decision.findings[0].message


def test_a_lower_version_stays_refused_in_other_processes(shelf: Shelf, clock: FixedClock, tmp_path: Path) -> None:
    """The cache folder remembers, and nothing that is written to it sets the count back."""
    from headgate.provenance.remembering import _PROCESS

    shelf.publish([ONE])
    before = (shelf.folder / "timestamp.json").read_bytes()
    shelf.publish([page("a", "two")])
    cache = str(tmp_path / "cache")
    gate_of(clock, shelf.source(), cache=cache)
    _PROCESS.highest.clear()  # as in a new process
    (folder,) = (tmp_path / "cache" / "versions").iterdir()
    for name in ("1-x", "-1-x", "x", "9" * 30 + "-x", "3", "٣-x"):
        (folder / name).touch()
    (shelf.folder / "timestamp.json").write_bytes(before)
    assert codes(gate_of(clock, shelf.source(), cache=cache), ONE) == [("P108",)]


def _stamp(shelf: Shelf) -> bytes:
    return (shelf.folder / "timestamp.json").read_bytes()


@pytest.mark.parametrize("is_new_process", [False, True])
@pytest.mark.parametrize("wait", [timedelta(0), timedelta(seconds=1), timedelta(days=1)])
def test_an_earlier_timestamp_of_one_version_is_not_put_back(
    wait: timedelta, is_new_process: bool, shelf: Shelf, clock: FixedClock, tmp_path: Path
) -> None:
    """Whoever writes to the folder cannot lengthen what the publisher has shortened: in a running gate, in the next
    one, and in another process that finds the same cache."""
    from headgate.provenance.stamps import _PROCESS

    shelf.publish([ONE], lifetime=timedelta(days=60))
    long = _stamp(shelf)
    clock.advance(wait)
    shelf.renew(lifetime=timedelta(days=2))
    short, cache = _stamp(shelf), str(tmp_path / "cache")
    gate = gate_of(clock, shelf.source(), cache=cache)
    assert codes(gate, ONE) == [()]
    (shelf.folder / "timestamp.json").write_bytes(long)
    with pytest.raises(PolicyError, match="P108"):
        gate.reload()
    assert codes(gate, ONE) == [()]
    if is_new_process:
        _PROCESS.latest.clear()
        (folder,) = (tmp_path / "cache" / "timestamps").iterdir()
        for name in ("1_2", "x", "9" * 30 + "_1_2", "٣_1_2", "1_-1_-1"):
            (folder / name).touch()
    (decision,) = gate_of(clock, shelf.source(), cache=cache).admit([ONE]).decisions
    assert (decision.admitted, decision.codes) == (False, ("P108",))
    clock.advance(timedelta(days=20))
    assert codes(gate, ONE) == [("P114",)]
    (shelf.folder / "timestamp.json").write_bytes(short)
    assert codes(gate_of(clock, shelf.source(), cache=cache), ONE) == [("P114",)]
    shelf.renew()
    assert gate.reload()
    assert codes(gate, ONE) == [()]


def test_of_two_timestamps_of_one_second_the_shorter_holds(shelf: Shelf, clock: FixedClock) -> None:
    shelf.publish([ONE], lifetime=timedelta(days=2))
    short = _stamp(shelf)
    shelf.publish([ONE], version=1, lifetime=timedelta(days=60))
    long = _stamp(shelf)
    (shelf.folder / "timestamp.json").write_bytes(short)
    gate_of(clock, shelf.source())
    (shelf.folder / "timestamp.json").write_bytes(long)
    assert codes(gate_of(clock, shelf.source()), ONE) == [("P108",)]


def test_a_timestamp_from_the_future_can_be_corrected(shelf: Shelf, clock: FixedClock) -> None:
    """Neither a publisher's wrong clock nor a key that leaked and is replaced locks out what comes after it."""
    shelf.publish([ONE])
    clock.advance(timedelta(days=365))
    shelf.renew()
    clock.advance(-timedelta(days=365))
    assert codes(gate_of(clock, shelf.source()), ONE) == [("P114",)]
    shelf.renew()
    assert codes(gate_of(clock, shelf.source()), ONE) == [()]


def test_other_keys_for_timestamps_begin_anew(tmp_path: Path, clock: FixedClock) -> None:
    shelf = Shelf(tmp_path, clock, timestamp_key=generate_signing_key("leaked"))
    shelf.publish([ONE])
    clock.advance(timedelta(hours=1))
    shelf.renew()
    gate_of(clock, shelf.source())
    clock.advance(-timedelta(hours=1))
    shelf.timestamp_key = generate_signing_key("next")
    shelf.publish([ONE], version=1)
    assert codes(gate_of(clock, shelf.source()), ONE) == [()]


def test_a_timestamp_from_the_future_is_not_in_force(shelf: Shelf, clock: FixedClock) -> None:
    clock.advance(timedelta(days=1))
    shelf.publish([ONE], lifetime=timedelta(days=365))
    gate = gate_of(clock, shelf.source())
    clock.advance(-timedelta(days=1))
    (decision,) = gate.admit([ONE]).decisions
    assert (decision.admitted, decision.codes) == (False, ("P114",))
    assert "from the future" in decision.findings[0].message
    clock.advance(timedelta(hours=23, minutes=55))
    assert codes(gate, ONE) == [()]


def test_an_old_manifest_is_not_renewed_by_the_job(shelf: Shelf, clock: FixedClock) -> None:
    shelf.publish([ONE])
    stamp, manifest = ((shelf.folder / name).read_bytes() for name in ("timestamp.json", "manifests/1.json"))
    shelf.publish([page("a", "two")])
    write_bytes(shelf.folder / "timestamp.json", stamp)
    write_bytes(shelf.folder / "manifests/1.json", manifest)
    with pytest.raises(ManifestError, match="P108"):
        renew_timestamp(shelf.folder, shelf.key, keys=shelf.key.public, issued=clock.now, lifetime=WEEK, at_least=2)
    stranger = generate_signing_key("stranger")
    with pytest.raises(ManifestError, match="P103"):
        renew_timestamp(shelf.folder, stranger, keys=stranger.public, issued=clock.now, lifetime=WEEK)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: {**s, "_type": "https://in-toto.io/Statement/v0.1"},
        lambda s: {**s, "subject": []},
        lambda s: {**s, "subject": [*s["subject"], *s["subject"]]},
        lambda s: {**s, "subject": [*s["subject"], *s["subject"], *s["subject"]]},
        lambda s: {**s, "subject": [{**s["subject"][0], "name": "1"}]},
        lambda s: {**s, "subject": [{**s["subject"][0], "digest": {"sha256": "../../etc/passwd"}}]},
        lambda s: {**s, "subject": [{**s["subject"][0], "digest": {"sha256": "A" * 64}}]},
        lambda s: {**s, "predicate": []},
        *(
            lambda s, name=name, value=value: {**s, "predicate": {**s["predicate"], name: value}}
            for name, value in (
                ("corpus", ""),
                ("corpus", "x" * 201),
                ("corpus", "a\nb"),
                ("corpus", 1),
                ("version", -1),
                ("version", True),
                ("version", 1.0),
                ("version", 2**63),
                ("version", "1"),
                ("version", 7),
                ("issuer", None),
                ("issued", "2026-01-01"),
                ("issued", 10**18),
                ("issued", True),
                ("namespace", []),
                ("namespace", "https://shelf.example/**"),
                ("namespace", ["https://a/**x"]),
                ("namespace", [1]),
                ("namespace", ["https://shelf.example/**"] * 1_001),
                ("digest", "sha-1"),
                ("documents", 2),
                ("documents", None),
                ("chunks", 2),
                ("shards", []),
                ("shards", [[1, 2]]),
                ("shards", [{"lines": 1}]),
                ("shards", [{"lines": 1, "length": -1}]),
                ("shards", [{"lines": 2, "length": 1}]),
            )
        ),
    ],
)
def test_a_statement_of_another_form_is_refused(spoil: Callable[[dict[str, Any]], object], shelf: Shelf) -> None:
    shelf.publish([ONE])
    statement = statement_of(shelf)
    payload = json.dumps(spoil(json.loads(statement.to_payload()))).encode()
    resign(shelf, statement, payload=payload)
    refused(shelf)


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"null", b"\xff", b'{"a":1,"a":2}', b"[" * 100_000, b'{"a":NaN}', b"1" * 10_000],
)
def test_json_with_more_than_one_reading_is_refused(payload: bytes, shelf: Shelf) -> None:
    shelf.publish([ONE])
    resign(shelf, statement_of(shelf), payload=payload)
    refused(shelf)
    write_bytes(shelf.folder / "timestamp.json", payload)
    refused(shelf)


def _line(**changes: object) -> bytes:
    line = {"sub": "https://shelf.example/a", "chunks": [["A" * 43, None]], **changes}
    return json.dumps({name: value for name, value in line.items() if value != "none"}).encode() + b"\n"


@pytest.mark.parametrize(
    "text",
    [
        b"{}\n",
        b"\n",
        b"[]\n",
        _line()[:-1],
        _line() + b"\n",
        _line() * 2,
        _line(sub="https://shelf.example/b") + _line(),
        _line(sub="https://SHELF.example/a") + _line(),
        _line(sub="https://user@shelf.example/a"),
        _line(sub="none"),
        _line(sub=7),
        _line(sub="https://shelf.example/" + "x" * 3_000),
        _line(ver=-1),
        _line(ver="3"),
        _line(ver=2**63),
        _line(mod=1.5),
        _line(exp=True),
        _line(nbf=10**15),
        _line(cov="title"),
        _line(cov=[1]),
        _line(cov=["x"] * 65),
        _line(cov=["title"]),
        _line(hid=["title"]),
        _line(chunks="none"),
        _line(chunks={}),
        _line(chunks=[["A" * 43]]),
        _line(chunks=[["A" * 43, "A" * 43]]),
        _line(chunks=[["A" * 42, None]]),
        _line(chunks=[["A" * 42 + "B", None]]),
        _line(chunks=[["A" * 42 + "=", None]]),
        _line(chunks=[[None, None]]),
        _line(chunks=["A" * 43]),
        _line(root="x"),
        _line(root=""),
        _line(root=["A" * 43]),
        _line(root="sha-256:" + "A" * 43),
    ],
)
def test_entries_of_another_form_are_refused(text: bytes, shelf: Shelf) -> None:
    shelf.publish([ONE])
    signed_text(shelf, text)
    refused(shelf, "P106")


def test_shards_are_as_long_as_was_signed(shelf: Shelf) -> None:
    shelf.publish([ONE])
    for lines in (0, 2):
        signed_text(shelf, _line(), lines=lines)
        refused(shelf, "lines that were signed")
    for length in (0, 10, 10_000):
        signed_text(shelf, _line(), length=length)
        refused(shelf, "bytes that were signed")


def test_a_document_has_one_place(shelf: Shelf) -> None:
    """No second entry in another shard, and none where nobody would look for it."""
    shelf.publish([ONE])
    entries = [
        Entry(subject=uri, uri=uri, chunks=((hashlib.sha256(uri.encode()).digest(), b""),))
        for uri in (f"https://shelf.example/{number}" for number in range(20))
    ]
    left, right = ([one for one in entries if shard_of(place_of(one.uri), 1) == side] for side in (0, 1))
    for first, second in ((right, left), (left, [*right, left[0]]), ([*left, right[0]], right[1:])):
        shards = []
        for side in (first, second):
            shard, data = pack(side)
            write_bytes(shard_path(shelf.folder, shard), data)
            shards.append(shard)
        documents = len(first) + len(second)
        resign(
            shelf,
            replace(statement_of(shelf), version=2, shards=tuple(shards), documents=documents, chunks=documents),
        )
        refused(shelf, "wrong shard")


# Size.


def test_sizes_are_bounded_before_anything_is_read(shelf: Shelf) -> None:
    shelf.publish([ONE])
    statement = statement_of(shelf)
    (shard,) = statement.shards
    refused(shelf, "longer than 100 bytes", Limits(timestamp_bytes=100))
    refused(shelf, "longer than 100 bytes", Limits(manifest_bytes=100))
    refused(shelf, "more than 10 bytes", Limits(shard_bytes=10))
    refused(shelf, "shards have more than 10 bytes", Limits(listing_bytes=10))
    for length, problem in ((65_000_000, "more than 64,000,000 bytes"), (10**15, "more than 8,000,000,000 bytes")):
        resign(shelf, replace(statement, version=2, shards=(replace(shard, length=length),)))
        refused(shelf, problem)
    # Ten million entries in a manifest that has one: nothing is allotted for what is only said.
    many = replace(statement, version=3, documents=10_000_000, shards=(replace(shard, lines=10_000_000),))
    resign(shelf, many)
    refused(shelf, "10,000,000 lines that were signed")


# The cache folder.


def test_an_index_that_is_not_what_was_written_is_made_anew(shelf: Shelf, clock: FixedClock, tmp_path: Path) -> None:
    other = Shelf(tmp_path / "other", clock, "other")
    other.publish([page("a", "poison", host="other")])
    shelf.publish([ONE])
    cache = tmp_path / "cache"
    Manifest.load(other.folder, other.key.public, cache=cache)
    foreign = next((cache / "manifests").iterdir()).read_bytes()
    Manifest.load(shelf.folder, shelf.key.public, cache=cache)

    def index() -> Path:
        name = hashlib.sha256((shelf.folder / "manifests/1.json").read_bytes()).hexdigest()
        (found,) = (cache / "manifests").glob(f"*-{name}-*.sqlite")
        return found

    whole = index().read_bytes()
    for content in (b"", b"x", whole[: len(whole) // 2], whole[:-1] + b"x", foreign, bytes(len(whole))):
        index().write_bytes(content)
        assert Manifest.load(shelf.folder, shelf.key.public, cache=cache).find(URI, DIGEST) is not None
        assert index().read_bytes()[:15] == b"SQLite format 3"


def test_a_read_only_cache_costs_only_the_index(
    shelf: Shelf, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.publish([ONE])
    # Root may write anywhere, so what the system says about it is changed, not the mode of the folder.
    cache = tmp_path / "cache"
    cache.mkdir()
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith(str(cache)) and may(path, mode))
    before = {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    gate = gate_of(clock, shelf.source(), cache=str(cache))
    assert codes(gate, ONE, page("a", "two")) == [(), ("P110",)]
    assert {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()} == before
    # Nor is going back possible within the process.
    stamp = (shelf.folder / "timestamp.json").read_bytes()
    shelf.publish([page("a", "two")])
    assert gate.reload()
    (shelf.folder / "timestamp.json").write_bytes(stamp)
    with pytest.raises(PolicyError, match="P108"):
        gate.reload()


@pytest.mark.parametrize("what", ["a file", "open to all"])
def test_a_cache_that_cannot_be_trusted_is_not_used(what: str, shelf: Shelf, clock: FixedClock, tmp_path: Path) -> None:
    shelf.publish([ONE])
    cache = tmp_path / "cache"
    if what == "a file":
        cache.write_text("x")
    else:
        (cache / "manifests").mkdir(parents=True)
        (cache / "manifests").chmod(0o777)
    assert codes(gate_of(clock, shelf.source(), cache=str(cache)), ONE) == [()]
    if what == "open to all":
        assert not list((cache / "manifests").iterdir())


def test_a_cache_that_is_deleted_under_a_gate_changes_nothing(shelf: Shelf, clock: FixedClock, tmp_path: Path) -> None:
    shelf.publish([ONE, page("b", "two")])
    cache = tmp_path / "cache"
    gate = gate_of(clock, shelf.source(), cache=str(cache))
    shutil.rmtree(cache)
    assert codes(gate, ONE, page("b", "two"), page("b", "no")) == [(), (), ("P110",)]


# Documents that claim to be listed.


@pytest.fixture
def strict(shelf: Shelf, clock: FixedClock) -> Gate:
    shelf.publish([page("a", "one", title="T"), page("b", "two")])
    docs = Publisher("docs", "https://docs.example/**", clock)
    return gate_of(clock, shelf.source(), docs.source())


@pytest.mark.parametrize(
    "chunk",
    [
        page("b", "one"),
        page("a", "two"),
        page("a", "one"),
        page("a", "one", title=None),
        page("a", "one", title=["T"]),
        page("a", "one ", title="T"),
        page("a?x", "one", title="T"),
        page("a%2F", "one", title="T"),
        page("a/../a/../b", "one", title="T"),
        Chunk("one", {"title": "T"}),
        Chunk("one", {"source": None, "title": "T"}),
        Chunk("one", {"source": ["https://shelf.example/a"], "title": "T"}),
        Chunk("one", {"source": "https://shelf.example@evil.example/a", "title": "T"}),
        page("a", "one", host="docs", title="T"),
        Chunk("\ud800", {"source": "https://shelf.example/a"}),
    ],
)
def test_what_is_not_listed_as_it_is_stays_out(chunk: Chunk, strict: Gate) -> None:
    (decision,) = strict.admit([chunk]).decisions
    assert not decision.admitted
    assert not decision.is_proved


def test_a_list_that_is_out_of_date_keeps_no_note_out(shelf: Shelf, clock: FixedClock) -> None:
    shelf.publish([ONE])
    gate = Gate({"default": {"provenance": shelf.source()["provenance"]}, "on_empty": "note"}, clock=clock)
    clock.advance(3 * WEEK)
    assert [decision.codes for decision in gate.admit([ONE, Chunk("\ud800")]).decisions] == [("P114",), ("G902",)]


def test_an_index_that_fails_admits_nothing(strict: Gate, shelf: Shelf) -> None:
    manifest = strict.in_force.sources["shelf"].requirement.manifest
    assert manifest is not None
    assert manifest.index is not None
    manifest.index.close()
    assert codes(strict, page("b", "two")) == [("G901",)]


def test_errors_are_of_one_family(shelf: Shelf) -> None:
    assert issubclass(ManifestError, HeadgateError)
    shelf.publish([ONE])
    (shelf.folder / "timestamp.json").write_bytes(b"x")
    error = refused(shelf)
    assert (error.code, error.file) == ("P106", str(shelf.folder / "timestamp.json"))

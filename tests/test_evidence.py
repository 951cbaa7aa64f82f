"""A bundle for an auditor holds what was decided in a span, and shows by itself that nothing of it is missing."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from headgate import Chunk, Gate, HeadgateError, KeySet
from headgate.admission.overriding import Override, overrides_of
from headgate.cli.app import app
from headgate.encoding import canonical_json
from headgate.evidence import Bundle, Span, build_bundle, load_policies, survey, verify_bundle
from headgate.policy import Policy
from headgate.provenance import generate_signing_key
from headgate.provenance.envelopes import open_envelope
from headgate.record.chain import Head, lines_of
from headgate.record.reading import log_files, read_log
from headgate.record.receipt import verify_receipt
from headgate.testing import FixedClock, Publisher

URI = "https://handbook.example/a"
DESK = generate_signing_key("desk")
KEYS = KeySet.from_jwks(DESK.public_jwks())
STRANGER = generate_signing_key("stranger")
DAYS = 6


def policy_in(folder: Path, handbook: Publisher, **changes: Any) -> Path:
    """Write a policy with the file of keys that it names."""
    source = handbook.source(**changes)
    (folder / "keys.jwks.json").write_text(json.dumps(source["provenance"]["keys"]))
    source["provenance"] = {**source["provenance"], "keys": ["keys.jwks.json"]}
    path = folder / "headgate.yaml"
    path.write_text(yaml.safe_dump({"sources": [source], "log": {"path": "log.jsonl"}}))
    return path


def run_days(path: Path, handbook: Publisher, clock: FixedClock, days: int = DAYS) -> None:
    """Admit one genuine and one changed document a day, with a question."""
    good = handbook.seal("Payments go to account 12.", URI)
    bad = Chunk("Payments go to account 66.", dict(good.metadata))
    with Gate(path, clock=clock) as gate:
        for day in range(days):
            gate.admit([good, bad], f"question {day}", now=clock() + timedelta(days=day))


def span_of(clock: FixedClock, first: int, last: int) -> Span:
    """Return the span from a day to another, which is the first that is not in it."""
    return Span(clock() + timedelta(days=first, hours=-1), clock() + timedelta(days=last, hours=-1))


def bundled(
    folder: Path, span: Span, *, policies: tuple[Path, ...] = (), out: str = "bundle.zip", **options: Any
) -> Bundle:
    files = log_files(folder / "log.jsonl")
    known = options.pop("known", None)
    return build_bundle(
        folder / out,
        survey([lines_of(files)], span, known),
        lambda: [lines_of(files)],
        policies=load_policies(policies),
        made=span.until,
        **options,
    )


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rezipped(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def relisted(parts: dict[str, bytes]) -> dict[str, bytes]:
    """Return the parts with a list that fits them, which nobody has signed: what a forger without a key can do."""
    envelope = parts.pop("statement.dsse.json", None)
    statement = json.loads(parts.pop("statement.json")) if envelope is None else _payload(envelope)
    listed = sorted(parts.items())
    statement["subject"] = [
        {"name": name, "digest": {"sha256": hashlib.sha256(data).hexdigest()}} for name, data in listed
    ]
    statement["predicate"]["bytes"] = {name: len(data) for name, data in listed}
    return {**parts, "statement.json": canonical_json(statement)}


def _payload(envelope: bytes) -> Any:
    payload, _ = open_envelope(envelope, KEYS)
    return json.loads(payload)


@pytest.fixture
def folder(tmp_path: Path, handbook: Publisher, clock: FixedClock) -> Path:
    """A folder with a policy, and the log of six days."""
    run_days(policy_in(tmp_path, handbook), handbook, clock)
    return tmp_path


def test_it_holds_the_records_of_the_span_byte_for_byte(folder: Path, clock: FixedClock) -> None:
    bundle = bundled(folder, span_of(clock, 1, 4), signers=[DESK])
    lines = (folder / "log.jsonl").read_bytes().splitlines(keepends=True)
    assert parts_of(bundle.path)["log/records.jsonl"] == b"".join(lines[1:4])
    assert (bundle.records, bundle.between) == (3, 0)


def test_it_verifies_with_the_public_key_alone(folder: Path, clock: FixedClock) -> None:
    bundle = bundled(folder, span_of(clock, 1, 4), signers=[DESK])
    (folder / "log.jsonl").unlink()
    check = verify_bundle(bundle.path, KEYS)
    assert check.problems == []
    assert (check.signers, check.records, check.span) == (("desk",), 3, span_of(clock, 1, 4))


def test_the_figures_are_those_of_the_span(folder: Path, clock: FixedClock) -> None:
    bundle = bundled(folder, span_of(clock, 1, 4))
    summary = json.loads(parts_of(bundle.path)["summary.json"])
    assert summary["counts"] == {"admissions": 3, "documents": 6, "admitted": 3, "dropped": 3, "empty": 0}
    assert summary["errors"] == {"P105": 3}
    assert summary["sources"] == {"handbook": {"admitted": 3, "dropped": 3}}
    assert len(summary["days"]) == 3


def test_it_says_which_keys_proved_what_entered_and_which_were_trusted(folder: Path, clock: FixedClock) -> None:
    bundle = bundled(folder, span_of(clock, 0, DAYS), policies=(folder / "headgate.yaml",))
    keys = json.loads(parts_of(bundle.path)["keys.json"])
    (key,) = KeySet.load(folder / "keys.jwks.json")
    thumbprint = key.thumbprint
    assert [(one["thumbprint"], one["source"], one["documents"]) for one in keys["used"]] == [
        (thumbprint, "handbook", DAYS)
    ]
    (trusted,) = keys["trusted"].values()
    assert [(one["thumbprint"], one["for"]) for one in trusted] == [(thumbprint, "documents")]


def test_a_policy_that_was_in_force_is_there_with_its_files(folder: Path, clock: FixedClock) -> None:
    policy = folder / "headgate.yaml"
    bundle = bundled(folder, span_of(clock, 0, DAYS), policies=(policy,))
    parts = parts_of(bundle.path)
    (revision,) = json.loads(parts["policies.json"])
    assert revision["admissions"] == DAYS
    assert parts[f"{revision['folder']}/headgate.yaml"] == policy.read_bytes()
    assert parts[f"{revision['folder']}/keys.jwks.json"] == (folder / "keys.jwks.json").read_bytes()
    assert bundle.missing == ()


def test_a_policy_that_decided_and_was_not_handed_over_is_named(
    folder: Path, handbook: Publisher, clock: FixedClock
) -> None:
    (revision,) = {entry.record["policy_revision"] for entry in read_log([folder / "log.jsonl"]) if entry.record}
    other = folder / "later"
    other.mkdir()
    policy = policy_in(other, handbook, freshness={"max_age": "30d"})
    bundle = bundled(folder, span_of(clock, 0, DAYS), policies=(policy,))
    assert bundle.missing == (revision,)
    assert {one["revision"]: one["admissions"] for one in json.loads(parts_of(bundle.path)["policies.json"])} == {
        revision: DAYS,
        Gate(policy).policy_revision: 0,
    }


def test_what_was_opened_by_hand_is_listed(tmp_path: Path, handbook: Publisher, clock: FixedClock) -> None:
    path = policy_in(tmp_path, handbook, freshness={"verified_within": "1d"})
    held = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**held, "overrides": {"path": "overrides.jsonl", "at_most": "30d"}}))
    file = overrides_of(Policy.load(path))
    assert file is not None
    file.open(Override("handbook", clock(), clock() + timedelta(days=20), "the list is late", "ops"))
    chunk = handbook.seal("Payments go to account 12.", URI)
    with Gate(path, clock=clock) as gate:
        assert gate.admit([chunk], "q", now=clock() + timedelta(days=5)).chunks
    bundle = bundled(tmp_path, span_of(clock, 0, DAYS))
    (one,) = json.loads(parts_of(bundle.path)["overrides.json"])
    assert (one["source"], one["by"], one["reason"], one["documents"]) == ("handbook", "ops", "the list is late", 1)


def test_receipts_are_for_the_admissions_of_the_span_and_name_the_log(folder: Path, clock: FixedClock) -> None:
    bundle = bundled(folder, span_of(clock, 2, 4), signers=[DESK], issuer="desk", has_receipts=True)
    lines = [json.loads(line) for line in parts_of(bundle.path)["receipts.jsonl"].splitlines()]
    assert bundle.receipts == len(lines) == 2
    receipt = verify_receipt(lines[0]["receipt"], KEYS, query="question 2", admission=lines[0]["admission"])
    assert receipt.head is not None
    assert receipt.head[1] == 2


def test_the_same_content_is_the_same_file(folder: Path, clock: FixedClock) -> None:
    first = bundled(folder, span_of(clock, 1, 4), signers=[DESK], out="one.zip")
    second = bundled(folder, span_of(clock, 1, 4), signers=[DESK], out="two.zip")
    assert first.path.read_bytes() == second.path.read_bytes()


def test_records_of_another_time_between_those_of_a_chain_are_there_and_counted(
    tmp_path: Path, handbook: Publisher, clock: FixedClock
) -> None:
    chunk = handbook.seal("Payments go to account 12.", URI)
    with Gate(policy_in(tmp_path, handbook), clock=clock) as gate:
        for day in (0, 9, 1):  # a question about another clock, or one that was set back
            gate.admit([chunk], "q", now=clock() + timedelta(days=day))
    bundle = bundled(tmp_path, span_of(clock, 0, 2))
    assert (bundle.records, bundle.between) == (3, 1)
    check = verify_bundle(bundle.path)
    assert check.problems == []
    assert check.survey is not None
    assert check.survey.counts["admissions"] == 2


def test_days_and_ends_are_those_of_utc(tmp_path: Path, handbook: Publisher, clock: FixedClock) -> None:
    chunk = handbook.seal("Payments go to account 12.", URI)
    east = clock().replace(hour=3).astimezone(timezone(timedelta(hours=9)))  # the same day there
    late = clock().replace(hour=20)
    with Gate(policy_in(tmp_path, handbook), clock=clock) as gate:
        gate.admit([chunk], "q", now=late.astimezone(timezone(timedelta(hours=9))))  # the next day there
        gate.admit([chunk], "q", now=east)
    found = survey([lines_of([tmp_path / "log.jsonl"])], span_of(clock, -2, 2))
    assert set(found.days) == {f"{clock():%Y-%m-%d}"}
    (use,) = found.revisions.values()
    assert (datetime.fromisoformat(use.first), datetime.fromisoformat(use.last)) == (east, late)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "changed": lambda data: data.replace(b"1", b"2", 1) if b"1" in data else data + b" ",
    "cut": lambda data: data[:-1],
    "emptied": lambda data: b"",
    "longer": lambda data: data + b"\n",
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_part_can_be_changed(folder: Path, clock: FixedClock, change: str) -> None:
    policy = folder / "headgate.yaml"
    bundle = bundled(folder, span_of(clock, 1, 4), policies=(policy,), signers=[DESK], issuer="desk", has_receipts=True)
    parts = parts_of(bundle.path)
    for name in sorted(set(parts) - {"statement.dsse.json"}):
        altered = {**parts, name: CHANGES[change](parts[name])}
        if altered[name] == parts[name]:
            continue
        check = verify_bundle(rezipped(folder / "altered.zip", altered), KEYS)
        assert any(name in problem for problem in check.problems), name


def test_no_part_can_be_taken_away_or_added(folder: Path, clock: FixedClock) -> None:
    parts = parts_of(bundled(folder, span_of(clock, 1, 4), signers=[DESK]).path)
    for name in sorted(set(parts) - {"statement.dsse.json"}):
        less = {other: data for other, data in parts.items() if other != name}
        assert any(name in one for one in verify_bundle(rezipped(folder / "less.zip", less), KEYS).problems)
    more = rezipped(folder / "more.zip", {**parts, "extra.txt": b"x"})
    assert verify_bundle(more, KEYS).problems == ["'extra.txt' is in it, and nobody listed it"]


def test_a_list_that_others_have_signed_is_refused(folder: Path, clock: FixedClock) -> None:
    bundle = bundled(folder, span_of(clock, 1, 4), signers=[STRANGER])
    check = verify_bundle(bundle.path, KEYS)
    assert check.problems == ["it is signed by 'stranger', and none of these keys may sign it"]
    assert (check.signers, check.claimed) == ((), ("stranger",))


def test_what_else_is_wrong_is_said_beside_the_signature(folder: Path, clock: FixedClock) -> None:
    parts = parts_of(bundled(folder, span_of(clock, 1, 4), signers=[STRANGER]).path)
    check = verify_bundle(rezipped(folder / "altered.zip", {**parts, "codes.json": b"{}"}), KEYS)
    assert [one.split()[-1] for one in check.problems] == ["it", "listed"]


def test_a_bundle_that_nobody_signed_is_refused_where_somebody_has_to(folder: Path, clock: FixedClock) -> None:
    bundle = bundled(folder, span_of(clock, 1, 4))
    assert verify_bundle(bundle.path).is_sound
    assert verify_bundle(bundle.path, KEYS).problems == ["nobody signed it, so it is not known who made it"]


@pytest.mark.parametrize("statement", [b"", b"[]", b"{}", b'{"payloadType": "x"}', b"\xff"])
@pytest.mark.parametrize("name", ["statement.json", "statement.dsse.json", None])
def test_a_list_that_is_missing_or_of_another_kind_is_a_problem_and_no_usage_error(
    folder: Path, clock: FixedClock, name: str | None, statement: bytes
) -> None:
    parts = parts_of(bundled(folder, span_of(clock, 1, 4)).path)
    del parts["statement.json"]
    listed = {name: statement} if name is not None else {}
    for keys in (None, KEYS):
        assert not verify_bundle(rezipped(folder / "other.zip", {**parts, **listed}), keys).is_sound


@pytest.mark.parametrize("lacking", ["span", "records"])
def test_a_list_without_a_span_or_records_is_not_sound(folder: Path, clock: FixedClock, lacking: str) -> None:
    parts = parts_of(bundled(folder, span_of(clock, 1, 4)).path)
    if lacking == "records":
        del parts["log/records.jsonl"]
    parts = relisted(parts)
    if lacking == "span":
        parts["statement.json"] = parts["statement.json"].replace(b'"span":', b'"spam":')
    check = verify_bundle(rezipped(folder / "less.zip", parts))
    assert check.problems == ["its list names no span of time, or no log/records.jsonl"]
    assert check.survey is None


@pytest.mark.parametrize("removed", [0, 1, 2, 3])
def test_a_record_that_whoever_wrote_the_bundle_left_out_is_missed(
    folder: Path, clock: FixedClock, removed: int
) -> None:
    parts = parts_of(bundled(folder, span_of(clock, 1, 5)).path)
    lines = parts["log/records.jsonl"].splitlines(keepends=True)
    del lines[removed]
    parts["log/records.jsonl"] = b"".join(lines)
    assert not verify_bundle(rezipped(folder / "less.zip", relisted(parts))).is_sound


def test_figures_that_do_not_follow_from_the_records_are_found(folder: Path, clock: FixedClock) -> None:
    parts = parts_of(bundled(folder, span_of(clock, 1, 5)).path)
    summary = json.loads(parts["summary.json"])
    summary["counts"]["dropped"] = 0
    parts["summary.json"] = json.dumps(summary).encode()
    check = verify_bundle(rezipped(folder / "nicer.zip", relisted(parts)))
    assert check.problems == ["summary.json says something else of counts than the records do"]


def test_a_log_that_is_not_whole_is_said_to_be_so(folder: Path, clock: FixedClock) -> None:
    lines = (folder / "log.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "log.jsonl").write_bytes(b"".join(lines[:2] + lines[3:]) + b"torn\n")
    bundle = bundled(folder, span_of(clock, 0, DAYS))
    chains = json.loads(parts_of(bundle.path)["log/chains.json"])
    assert chains["check"]["problems"] == 1
    assert json.loads(parts_of(bundle.path)["summary.json"])["skipped_lines"] == 1
    assert b"The log is not whole" in parts_of(bundle.path)["index.html"]
    assert not verify_bundle(bundle.path).is_sound


def test_what_an_earlier_check_knew_of_has_to_be_there(folder: Path, clock: FixedClock) -> None:
    files = log_files(folder / "log.jsonl")
    known = survey([lines_of(files)], span_of(clock, 0, DAYS)).check.heads
    lines = files[0].read_bytes().splitlines(keepends=True)
    files[0].write_bytes(b"".join(lines[:-1]))
    assert survey([lines_of(files)], span_of(clock, 0, DAYS)).check.is_whole
    assert not survey([lines_of(files)], span_of(clock, 0, DAYS), known).check.is_whole
    assert not survey([lines_of(files)], span_of(clock, 0, DAYS), {"gone": Head(3, "x")}).check.is_whole


def test_a_log_that_changes_while_it_is_read_makes_no_bundle(folder: Path, clock: FixedClock) -> None:
    files = log_files(folder / "log.jsonl")
    found = survey([lines_of(files)], span_of(clock, 0, DAYS))
    files[0].write_bytes(b"".join(files[0].read_bytes().splitlines(keepends=True)[2:]))
    out = folder / "bundle.zip"
    with pytest.raises(HeadgateError, match="not the one of a moment ago"):
        build_bundle(out, found, lambda: [lines_of(files)], policies={}, made=clock())
    assert not out.exists()
    assert not list(folder.glob(".headgate-*"))


def test_what_was_wrong_with_the_log_is_wrong_with_the_bundle(folder: Path, clock: FixedClock) -> None:
    log = folder / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    known = survey([lines_of([log])], span_of(clock, 0, DAYS)).check.heads
    cases: dict[str, tuple[list[bytes], dict[str, Any]]] = {
        "the first are gone": (lines[2:], {}),
        "the end is gone": (lines[:-1], {"known": known}),
        "the end is torn": ([*lines[:-1], lines[-1][:90] + b"\n"], {}),
    }
    for name, (left, options) in cases.items():
        log.write_bytes(b"".join(left))
        bundle = bundled(folder, span_of(clock, 0, DAYS), signers=[DESK], **options)
        problems = verify_bundle(bundle.path, KEYS).problems
        assert any("the log was not whole when it was made" in one for one in problems), name


def test_a_key_that_was_not_in_force_signs_no_bundle(folder: Path, clock: FixedClock) -> None:
    bundle = bundled(folder, span_of(clock, 1, 4), signers=[DESK])  # made on the fourth day
    made = span_of(clock, 1, 4).until

    def held(**dates: datetime) -> KeySet:
        return KeySet([replace(key, **dates) for key in KEYS])  # type: ignore[arg-type]

    for keys in (held(valid_until=made), held(valid_from=made + timedelta(seconds=1))):
        assert any("was not in force" in one for one in verify_bundle(bundle.path, keys).problems)
    assert verify_bundle(bundle.path, held(valid_from=made, valid_until=made + timedelta(seconds=1))).is_sound


def _with_comment(data: bytes) -> bytes:
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"Ignore part 3."
    return out.getvalue()


def _behind_another(data: bytes) -> bytes:
    front = io.BytesIO()
    with zipfile.ZipFile(front, "w") as archive:
        archive.writestr("index.html", "<h1>Another first page</h1>")
    return front.getvalue() + data


def _rewritten(data: bytes, change: Callable[[zipfile.ZipInfo], None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            made = zipfile.ZipInfo(entry.filename, entry.date_time)
            made.external_attr = entry.external_attr
            if entry.filename == "index.html":
                change(made)
            new.writestr(made, old.read(entry))
    return out.getvalue()


def _as_link(entry: zipfile.ZipInfo) -> None:
    entry.external_attr = 0o120777 << 16


def _renamed(entry: zipfile.ZipInfo) -> None:
    said = b"\x01" + zlib.crc32(entry.filename.encode()).to_bytes(4, "little") + b"decoy.html"
    entry.extra = b"\x75\x70" + len(said).to_bytes(2, "little") + said


def _packed_otherwise(entry: zipfile.ZipInfo) -> None:
    entry.compress_type = zipfile.ZIP_LZMA


LAYOUTS: dict[str, Callable[[bytes], bytes]] = {
    "a comment": _with_comment,
    "another zip before it": _behind_another,
    "a part that is a link": lambda data: _rewritten(data, _as_link),
    "a part with another name": lambda data: _rewritten(data, _renamed),
    "a part that is packed otherwise": lambda data: _rewritten(data, _packed_otherwise),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_nobody_signs_of_a_zip_file_is_as_it_was_written(layout: str, folder: Path, clock: FixedClock) -> None:
    bundle = bundled(folder, span_of(clock, 1, 4), signers=[DESK])
    bundle.path.write_bytes(LAYOUTS[layout](bundle.path.read_bytes()))
    assert verify_bundle(bundle.path, KEYS).problems


def test_a_list_that_is_not_the_one_that_counts_is_not_there(folder: Path, clock: FixedClock) -> None:
    parts = parts_of(bundled(folder, span_of(clock, 1, 4), signers=[DESK]).path)
    check = verify_bundle(rezipped(folder / "two.zip", {**parts, "statement.json": b"{}"}), KEYS)
    assert check.problems == ["'statement.json' is in it, and nobody listed it"]


def test_bytes_that_are_no_bundle_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    for data in (b"", b"PK", b"x" * 1_000):
        path.write_bytes(data)
        with pytest.raises(HeadgateError):
            verify_bundle(path)
    with pytest.raises(HeadgateError, match="no such file"):
        verify_bundle(tmp_path / "gone.zip")
    (problem,) = verify_bundle(rezipped(path, {"index.html": b"x"})).problems
    assert "neither statement.dsse.json nor statement.json" in problem


@given(share=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_no_bytes_of_a_bundle_can_be_changed_without_being_noticed(
    share: float, change: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clock = FixedClock()
    folder = tmp_path_factory.mktemp("bundle")
    handbook = Publisher("handbook", "https://handbook.example/**", clock)
    run_days(policy_in(folder, handbook), handbook, clock, 2)
    bundle = bundled(folder, span_of(clock, 0, 2), signers=[DESK])
    before, whole = parts_of(bundle.path), bytearray(bundle.path.read_bytes())
    whole[int(share * len(whole))] ^= change
    bundle.path.write_bytes(bytes(whole))
    try:
        check = verify_bundle(bundle.path, KEYS)
    except HeadgateError:  # it is no zip file any longer
        return
    # What the zip itself says of its parts, such as their dates, is nothing that anybody signed.
    assert not check.is_sound or parts_of(bundle.path) == before


def test_a_part_that_unpacks_to_more_than_was_listed_is_not_unpacked(folder: Path, clock: FixedClock) -> None:
    parts = parts_of(bundled(folder, span_of(clock, 1, 4), signers=[DESK]).path)
    parts["codes.json"] = b"0" * 50_000_000
    check = verify_bundle(rezipped(folder / "bomb.zip", parts), KEYS)
    assert "'codes.json' is not what was listed" in check.problems


def test_a_span_has_a_beginning_and_an_end(clock: FixedClock) -> None:
    for since, until in ((clock(), clock()), (clock() + timedelta(1), clock()), (datetime(2026, 1, 1), clock())):  # noqa: DTZ001
        with pytest.raises(ValueError, match=r"the span ends before it begins|since"):
            Span(since, until)


def said(result: Any) -> str:
    """Return what a command prints, however long the paths in it are and wherever lines end."""
    return " ".join(result.output.split())


class TestCommand:
    def run(self, *words: object) -> Any:
        return CliRunner().invoke(app, ["evidence", *map(str, words)])

    def build(self, folder: Path, clock: FixedClock, *more: object) -> Any:
        (folder / "desk.jwk.json").write_text(json.dumps(DESK.private_jwk()))
        (folder / "desk.jwks.json").write_text(json.dumps(DESK.public_jwks()))
        span = span_of(clock, 1, 4)
        return self.run(
            "build",
            folder / "log.jsonl",
            "--since",
            span.since.isoformat(),
            "--until",
            span.until.isoformat(),
            "--out",
            folder / "bundle.zip",
            *more,
        )

    def test_it_builds_and_verifies(self, folder: Path, clock: FixedClock) -> None:
        built = self.build(folder, clock, "--policy", folder / "headgate.yaml", "--key", folder / "desk.jwk.json")
        assert built.exit_code == 0, built.output
        assert "3 admissions and 6 documents" in said(built)
        checked = self.run("verify", folder / "bundle.zip", "--keys", folder / "desk.jwks.json")
        assert checked.exit_code == 0, checked.output
        assert "signed by desk" in said(checked)
        assert b'"d"' not in b"".join(parts_of(folder / "bundle.zip").values())  # of no private key

    def test_what_is_wrong_is_exit_code_1(self, folder: Path, clock: FixedClock) -> None:
        assert self.build(folder, clock).exit_code == 0
        parts = parts_of(folder / "bundle.zip")
        rezipped(folder / "bundle.zip", {**parts, "codes.json": b"{}"})
        assert self.run("verify", folder / "bundle.zip").exit_code == 1
        with (folder / "log.jsonl").open("ab") as log:
            log.write(b"torn\n")
        assert self.build(folder, clock, "--force").exit_code == 1

    def test_a_bundle_that_is_not_signed_by_whoever_may_is_exit_code_1(self, folder: Path, clock: FixedClock) -> None:
        keys = folder / "desk.jwks.json"
        assert self.build(folder, clock).exit_code == 0
        unsigned = self.run("verify", folder / "bundle.zip", "--keys", keys)
        assert (unsigned.exit_code, "nobody signed it" in said(unsigned)) == (1, True)
        (folder / "stranger.jwk.json").write_text(json.dumps(STRANGER.private_jwk()))
        assert self.build(folder, clock, "--force", "--key", folder / "stranger.jwk.json").exit_code == 0
        others = self.run("verify", folder / "bundle.zip", "--keys", keys)
        assert (others.exit_code, "none of these keys may sign it" in said(others)) == (1, True)
        parts = parts_of(folder / "bundle.zip")
        del parts["statement.dsse.json"]
        rezipped(folder / "bundle.zip", parts)
        unlisted = self.run("verify", folder / "bundle.zip", "--keys", keys)
        assert (unlisted.exit_code, "1 problem. Its records were not" in said(unlisted)) == (1, True)

    def test_what_was_not_looked_at_is_no_problem_of_its_own(self, folder: Path, clock: FixedClock) -> None:
        assert self.build(folder, clock).exit_code == 0
        rezipped(folder / "bundle.zip", {**parts_of(folder / "bundle.zip"), "codes.json": b"{}"})
        shown = said(self.run("verify", folder / "bundle.zip"))
        assert "1 problem. Its records were not looked at." in shown
        found = json.loads(self.run("verify", folder / "bundle.zip", "--json").output)
        assert (found["problems"], found["records_checked"]) == (["'codes.json' is not what was listed"], False)

    def test_a_span_may_be_named_by_days_in_utc(self, folder: Path, clock: FixedClock) -> None:
        days = [f"{clock() + timedelta(days=day):%Y-%m-%d}" for day in (1, 4)]
        ends = [word for pair in zip(("--since", "--until"), days, strict=True) for word in pair]
        built = self.run("build", folder / "log.jsonl", *ends, "--out", folder / "b.zip", "--json")
        span = json.loads(built.output)["span"]
        assert list(span.values()) == [f"{day}T00:00:00+00:00" for day in days]
        listed = CliRunner().invoke(app, ["log", str(folder / "log.jsonl"), *ends, "--json"])
        assert len({json.loads(line)["admission"] for line in listed.output.splitlines()}) == 3

    @pytest.mark.parametrize("time", ["2026-11", "2026-11-01T12:00:00", "last month"])
    def test_what_is_neither_a_day_nor_an_instant_is_refused_with_what_would_be_right(
        self, folder: Path, time: str
    ) -> None:
        refused = self.run("build", folder / "log.jsonl", "--since", time, "--until", time, "--out", folder / "b.zip")
        assert "Write 2026-06-01, or 2026-06-01T12:00:00Z." in str(refused.exception)

    def test_how_many_revisions_lack_their_policy_is_said_and_which(
        self, folder: Path, handbook: Publisher, clock: FixedClock
    ) -> None:
        before = Gate(folder / "headgate.yaml").policy_revision
        assert f"of 1 revision that decided, the policy of 1 is not in the bundle: {before}" in " ".join(
            self.build(folder, clock).output.split()
        )
        policy_in(folder, handbook, freshness={"max_age": "30d"})
        run_days(folder / "headgate.yaml", handbook, clock)
        built = self.build(folder, clock, "--force", "--policy", folder / "headgate.yaml")
        assert f"of 2 revisions that decided, the policy of 1 is not in the bundle: {before}" in " ".join(
            built.output.split()
        )

    def test_nothing_is_overwritten_unasked(self, folder: Path, clock: FixedClock) -> None:
        assert self.build(folder, clock).exit_code == 0
        again = self.build(folder, clock)
        assert "--force" in str(again.exception)

    def test_a_span_without_records_is_nothing_to_look_at(self, folder: Path, clock: FixedClock) -> None:
        later = (clock() + timedelta(days=90)).isoformat()
        end = (clock() + timedelta(days=91)).isoformat()
        found = self.run("build", folder / "log.jsonl", "--since", later, "--until", end, "--out", folder / "b.zip")
        assert "none is of that span" in str(found.exception)
        assert not (folder / "b.zip").exists()

    def test_the_tables_of_a_log_give_the_same_bundle(self, folder: Path, clock: FixedClock) -> None:
        pytest.importorskip("duckdb")
        assert self.build(folder, clock).exit_code == 0
        of_log = parts_of(folder / "bundle.zip")
        compacted = CliRunner().invoke(
            app, ["log", "compact", str(folder / "log.jsonl"), "--out", str(folder / "tables")]
        )
        assert compacted.exit_code == 0, compacted.output
        (folder / "log.jsonl").rename(folder / "aside.jsonl")
        (folder / "tables").rename(folder / "log.jsonl")
        assert self.build(folder, clock, "--force").exit_code == 0
        of_tables = parts_of(folder / "bundle.zip")
        for name in ("log/records.jsonl", "log/chains.json", "summary.json", "keys.json"):
            assert of_tables[name] == of_log[name], name

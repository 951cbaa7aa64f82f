"""A policy on trial: a share of gates takes it, all record what the other one says, and one command ends it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleets import HOUR, Fleet, restart
from headgate import Gate
from headgate.provenance import generate_signing_key
from headgate.provenance.bundles import PolicyBundle
from headgate.provenance.revocation import RevocationList
from headgate.record import log_record, read_admission
from headgate.replay import compare_rollout
from shelves import Shelf, page

pytestmark = pytest.mark.enable_socket
BOTH, DOCS, NEWS = "admit+T301 admit+T301", "admit+T301 drop+P109", "drop+P109 admit+T301"


def on_trial(fleet: Fleet, *sources: str, share: str = "30%", **settings: Any) -> None:
    fleet.write(*sources, **settings)
    fleet.publish("--share", share)


def names(fleet: Fleet) -> dict[str, str]:
    """Return the name of a gate that tries what is on trial, and of one that does not."""
    found = PolicyBundle.read(fleet.signed.read_bytes(), fleet.key.public)
    return {found.part_of(name): name for name in map(str, range(100))}


@pytest.fixture
def gates(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> dict[str, Gate]:
    """Two gates of one fleet, on machines of their own: of the old policy, and of the one on trial."""
    fleet.write("docs", log={"path": "decisions.jsonl"})
    fleet.publish()
    on_trial(fleet, "news", log={"path": "decisions.jsonl"})
    made = {}
    for part, name in names(fleet).items():
        monkeypatch.setenv("HEADGATE_GATE", name)
        made[part] = fleet.gate(part)
    return made


def records(fleet: Fleet, part: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (fleet.folder / part / "decisions.jsonl").read_text().splitlines()]


def test_a_share_of_gates_takes_it_and_all_record_what_the_other_says(fleet: Fleet, gates: dict[str, Gate]) -> None:
    assert fleet.says(gates["policy"]) == DOCS
    assert fleet.says(gates["trial"]) == NEWS
    (old,), (new,) = records(fleet, "policy"), records(fleet, "trial")
    assert old["pulled"] == {
        "policy": "acme",
        "version": 3,
        "part": "policy",
        "other": {"revision": new["policy_revision"], "decisions": [["drop", "default", "P109"], ["admit", "news"]]},
    }
    assert new["pulled"]["part"] == "trial"
    assert new["pulled"]["other"] == {
        "revision": old["policy_revision"],
        "decisions": [["admit", "docs"], ["drop", "default", "P109"]],
    }
    assert read_admission(old)["pulled"] == old["pulled"]


async def test_asynchronous_releases_record_it_too(fleet: Fleet, gates: dict[str, Gate]) -> None:
    await gates["policy"].aadmit([fleet.docs.seal("x", "https://docs.example/a")])
    (record,) = records(fleet, "policy")
    assert record["pulled"]["other"]["decisions"] == [["drop", "default", "P109"]]


def test_what_is_compared_teaches_nothing_and_asks_nobody(fleet: Fleet, gates: dict[str, Gate]) -> None:
    asked = fleet.server.asked
    chunk = fleet.news.seal("x", "https://news.example/a")
    for _ in range(3):
        (decision,) = gates["policy"].admit([chunk]).decisions
        assert decision.codes == ("P109",)
    assert fleet.server.asked == asked
    assert [one["pulled"]["other"]["decisions"] for one in records(fleet, "policy")] == [[["admit", "news"]]] * 3


@pytest.mark.parametrize("is_listed", [False, True])
def test_what_is_compared_counts_no_version_ahead(
    is_listed: bool, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of a manifest, nor of a list of revocations: the trial has folders of its own."""
    security = generate_signing_key("security")
    for name, version in (("staging", 9), ("production", 5)):
        shelf = Shelf(fleet.folder / name, fleet.clock, "shelf", key=fleet.docs.key)
        shelf.publish([page("a", name)], version=version)
        end = fleet.clock.now + timedelta(days=9)
        listed = RevocationList(issuer="security", version=version, issued=fleet.clock.now, expires=end)
        (fleet.folder / f"{name}.jws").write_bytes(listed.sign(security))

    def write(name: str) -> None:
        source = shelf.source(provenance={"manifest": str(fleet.folder / name)})
        lists = [{"list": str(fleet.folder / f"{name}.jws"), "keys": security.public_jwks()}]
        fleet.draft.write_text(
            yaml.safe_dump({"version": 1, "sources": [source], "revocations": lists if is_listed else []})
        )

    write("production")
    fleet.publish()
    write("staging")
    fleet.publish("--share", "30%")
    monkeypatch.setenv("HEADGATE_GATE", names(fleet)["policy"])
    for _ in range(2):
        gate = fleet.gate()
        assert [one.codes for one in gate.admit([page("a", "production")]).decisions] == [()]
        restart()


@pytest.mark.parametrize(("part", "said"), [("policy", DOCS), ("trial", NEWS)])
def test_a_policy_on_trial_that_cannot_be_used_keeps_nobody_from_theirs(
    part: str, said: str, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    on_trial(fleet, "news")
    bundle = PolicyBundle.read(fleet.signed.read_bytes(), fleet.key.public)
    broken = {**bundle.trial, "headgate.yaml": b"version: 2"}
    later = replace(bundle, version=4, trial=broken)
    parts = {(bundle.part_of(name), later.part_of(name)): name for name in map(str, range(200))}
    monkeypatch.setenv("HEADGATE_GATE", parts[part, part])  # type: ignore[index]
    gate = fleet.gate()
    fleet.serve(later.sign(fleet.key))
    fleet.follow(gate)
    # Who is not to try it has the new version, with nothing to compare; who is, what was good before.
    assert ("cannot be compared" if part == "policy" else "stays in force") in caplog.text
    assert fleet.says(gate) == said
    assert gate.pulled is not None
    assert gate.pulled.bundle.version == (4 if part == "policy" else 2)


def test_the_share_is_what_was_asked_for_and_keeps_who_was_in_it(fleet: Fleet) -> None:
    def tried() -> set[str]:
        found = PolicyBundle.read(fleet.signed.read_bytes(), fleet.key.public)
        return {name for name in map(str, range(2_000)) if found.part_of(name) == "trial"}

    on_trial(fleet, "news", share="5%")
    small = tried()
    assert 60 <= len(small) <= 140
    on_trial(fleet, "news", share="25")
    large = tried()
    assert small < large
    assert 420 <= len(large) <= 580
    # Another trial is for others.
    on_trial(fleet, "docs", "news", share="5%")
    assert not tried() >= small
    for wrong in ("0%", "100%", "nan", "-5%", "x", "1e999"):
        with pytest.raises(AssertionError, match="--share"):
            fleet.publish("--share", wrong)


def test_a_gate_without_a_name_of_its_own_has_that_of_its_machine(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEADGATE_GATE", raising=False)
    on_trial(fleet, "news", share="50%")
    parts = {fleet.gate(name).pulled.part for name in "abc"}  # type: ignore[union-attr]
    assert len(parts) == 1
    monkeypatch.setenv("POD", names(fleet)["trial"])
    gate = fleet.gate("d", gate_env="POD")
    assert gate.pulled is not None
    assert gate.pulled.part == "trial"


def test_promoted_and_taken_back(fleet: Fleet, gates: dict[str, Gate]) -> None:
    fleet.sign("promote")
    for gate in gates.values():
        fleet.follow(gate)
        assert fleet.says(gate) == NEWS
    with pytest.raises(AssertionError, match="on trial"):
        fleet.sign("promote")
    # Once more: what was in force before the promotion.
    fleet.sign("take-back")
    for gate in gates.values():
        fleet.follow(gate)
        assert fleet.says(gate) == DOCS
    on_trial(fleet, "docs", "news")
    fleet.sign("take-back")
    for gate in gates.values():
        fleet.follow(gate)
        assert fleet.says(gate) == DOCS
        assert gate.pulled is not None
        assert not gate.pulled.bundle.trial


def test_what_is_taken_back_is_what_all_gates_had_before_however_often_it_was_renewed_or_tried(fleet: Fleet) -> None:
    fleet.write("news")
    fleet.publish()
    for _ in range(2):
        fleet.publish("--expires", "7d")
    on_trial(fleet, "docs", "news")
    fleet.sign("take-back")
    with pytest.raises(AssertionError, match="holds what is in force already"):
        fleet.sign("take-back", "--to", str(fleet.signed))
    gate = fleet.gate()
    assert fleet.says(gate) == NEWS
    fleet.sign("take-back")
    fleet.follow(gate)
    assert fleet.says(gate) == DOCS
    # Nothing was signed where nothing changes.
    before = fleet.signed.read_bytes()
    fleet.sign("take-back", "--to", str(fleet.signed), fails=1)
    assert fleet.signed.read_bytes() == before


def test_whoever_holds_the_place_chooses_nothing_to_go_back_to(fleet: Fleet) -> None:
    first = fleet.signed.read_bytes()
    for name in ("news", "docs", "news"):
        fleet.write(name)
        fleet.publish()
    kept = fleet.signed.with_name(f"{fleet.signed.name}.before")
    genuine = kept.read_bytes()
    kept.write_bytes(first)
    with pytest.raises(AssertionError, match="is version 1, and not the one that all gates had before version 4"):
        fleet.sign("take-back")
    kept.write_bytes(genuine)
    fleet.sign("take-back")
    assert fleet.says(fleet.gate()) == DOCS
    # A second time, by somebody else: what was taken back stays so.
    with pytest.raises(AssertionError, match="name one with --to"):
        fleet.sign("take-back")
    assert fleet.says(fleet.gate()) == DOCS


def test_the_next_version_is_in_force_as_long_as_the_one_before_unless_something_else_is_wanted(fleet: Fleet) -> None:
    def lifetime() -> timedelta | None:
        found = PolicyBundle.read(fleet.signed.read_bytes(), fleet.key.public)
        assert found.issued == fleet.clock.now
        return found.expires - found.issued if found.expires is not None else None

    fleet.publish("--expires", "7d")
    fleet.clock.advance(HOUR)
    on_trial(fleet, "news")
    assert lifetime() == timedelta(days=7)
    for command in ("promote", "take-back"):
        fleet.clock.advance(HOUR)
        fleet.sign(command)
        assert lifetime() == timedelta(days=7)
    fleet.publish("--expires", "2d")
    assert lifetime() == timedelta(days=2)
    fleet.publish("--expires", "never")
    assert lifetime() is None
    fleet.publish()
    assert lifetime() is None
    assert "--expires" in fleet.publish("--expires", "soon", fails=1)
    # What a key bounds is not what the publisher wanted.
    _, short = fleet.key.save(fleet.folder / "short", valid_until=fleet.clock.now + HOUR)
    on_trial(fleet, "docs", "news")
    fleet.sign("promote", "--keys", str(short))
    assert lifetime() is None
    fleet.publish("--expires", "9999-12-01T00:00:00Z")
    fleet.clock.advance(timedelta(days=60))
    assert "--expires" in fleet.publish(fails=1)


def test_compare_says_per_cause_who_admits_what(fleet: Fleet, gates: dict[str, Gate]) -> None:
    gates["policy"].admit([fleet.docs.seal("x", f"https://docs.example/{one}") for one in range(5)])
    gates["trial"].admit([fleet.news.seal("x", "https://news.example/a")])
    fleet.says(gates["policy"])
    log = fleet.folder / "all.jsonl"
    log.write_text("".join((fleet.folder / part / "decisions.jsonl").read_text() for part in gates))
    values = json.loads(fleet.run("policy", "compare", str(log), "--json", fails=1))
    assert (values["admissions"], values["both"], values["neither"]) == ({"old": 2, "new": 1}, 0, 0)
    assert (values["old"], values["new"]) == (gates["policy"].policy_revision, gates["trial"].policy_revision)
    (lost,), (won,) = values["only_old"], values["only_new"]
    assert (lost["documents"], lost["code"], won["documents"], won["code"]) == (6, "P109", 2, "P109")
    assert [one["document"] for one in lost["examples"]] == [f"https://docs.example/{one}" for one in range(3)]
    said = fleet.run("policy", "compare", str(log), fails=1)
    assert "the old one only 6, the new one only 2" in said
    assert "https://docs.example/0" in said
    # Without a trial there is nothing to say.
    fleet.sign("promote")
    other = fleet.folder / "policy" / "decisions.jsonl"
    fleet.follow(gates["policy"])
    other.unlink()
    gates["policy"].close()
    fleet.says(gates["policy"])
    with pytest.raises(AssertionError, match="on trial"):
        fleet.run("policy", "compare", str(other))


def test_two_policies_that_agree_are_no_finding(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.write("docs", log={"path": "decisions.jsonl"})
    fleet.publish()
    on_trial(fleet, "docs", log={"path": "decisions.jsonl"}, on_empty="note")
    monkeypatch.setenv("HEADGATE_GATE", names(fleet)["trial"])
    fleet.says(fleet.gate())
    said = fleet.run("policy", "compare", str(fleet.folder / "one" / "decisions.jsonl"))
    assert "both 1, the old one only 0, the new one only 0, neither 1" in said


def test_a_comparison_is_the_same_whatever_the_order_of_the_log(fleet: Fleet, gates: dict[str, Gate]) -> None:
    fleet.says(gates["policy"])
    (told,) = records(fleet, "policy")
    untold = {**told, "pulled": {name: value for name, value in told["pulled"].items() if name != "other"}}
    earlier = {**untold, "pulled": {**untold["pulled"], "version": 2}}
    for log in permutations([told, untold, earlier]):
        found = compare_rollout(log)
        assert found is not None
        assert (found.version, found.undecided, found.admissions["policy"]) == (3, 1, 1)


@pytest.mark.parametrize(
    "pulled",
    [
        {},
        {"policy": "a", "version": "1", "part": "policy"},
        {"policy": "a", "version": 1, "part": "x"},
        {"policy": "a", "version": 1, "part": "trial", "other": []},
        {"policy": "a", "version": 1, "part": "trial", "other": {"revision": "r", "decisions": [["admit"]]}},
        {"policy": "a", "version": 1, "part": "trial", "other": {"revision": 1, "decisions": []}},
    ],
)
def test_a_record_that_says_something_else_is_no_trial(pulled: dict[str, Any], fleet: Fleet) -> None:
    admission = fleet.gate().admit([])
    assert compare_rollout([{**log_record(admission), "pulled": pulled}]) is None


def test_a_record_that_tells_of_other_documents_is_not_compared(fleet: Fleet, gates: dict[str, Gate]) -> None:
    fleet.says(gates["policy"])
    (record,) = records(fleet, "policy")
    record["pulled"]["other"]["decisions"].pop()
    found = compare_rollout([record])
    assert found is not None
    assert (found.undecided, found.both, found.differs) == (1, 0, False)


def test_what_is_said_of_the_age_holds_for_both(
    fleet: Fleet, gates: dict[str, Gate], monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.server.status = 500
    fleet.follow(gates["policy"], timedelta(days=2))
    fleet.says(gates["policy"])
    assert records(fleet, "policy")[-1]["pulled"]["other"]["decisions"] == [
        ["drop", "default", "P109"],
        ["admit", "news"],
    ]
    # Past its end it is out under both.
    fleet.serve()
    fleet.publish("--share", "30%", "--expires", "3h")
    monkeypatch.setenv("HEADGATE_GATE", names(fleet)["policy"])
    fleet.clock.advance(HOUR)
    gate = fleet.gate("policy")
    fleet.server.status = 500
    fleet.follow(gate, 4 * HOUR)
    fleet.says(gate)
    other = records(fleet, "policy")[-1]["pulled"]["other"]
    assert other["decisions"] == [["drop", "default", "P109", "G910"], ["drop", "news", "G910"]]


def test_a_log_as_tables_keeps_it(fleet: Fleet, gates: dict[str, Gate], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    fleet.says(gates["policy"])
    log, tables = fleet.folder / "policy" / "decisions.jsonl", tmp_path / "tables"
    fleet.run("log", "compact", str(log), "--out", str(tables))
    values = json.loads(fleet.run("policy", "compare", str(tables), "--json", fails=1))
    assert len(values["only_old"]) == 1
    assert yaml.safe_load(fleet.draft.read_text())["log"]["path"] == log.name

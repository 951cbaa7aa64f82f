"""A signed policy that many gates pull: from an address, a git repository or a file; the last good one stays."""

from __future__ import annotations

import json
import logging
import os
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import yaml

from fleets import HOUR, Fleet, restart
from headgate import Gate, HeadgateError, PolicyError
from headgate.admission.observing import observing
from headgate.evidence.policies import load_policies
from headgate.integration.sharing import shared_gate
from headgate.origins import remote_keys
from headgate.provenance.bundles import PolicyBundle
from headgate.provenance.revocation import RevocationList
from headgate.testing import FixedClock
from shelves import Shelf, page

pytestmark = pytest.mark.enable_socket
BOTH, DOCS, NEWS = "admit+T301 admit+T301", "admit+T301 drop+P109", "drop+P109 admit+T301"
DAY = timedelta(days=1)


def test_a_policy_is_fetched_once_for_all_gates_and_not_per_admission(fleet: Fleet) -> None:
    gates = [fleet.gate() for _ in range(3)]
    for gate in gates:
        assert [fleet.says(gate) for _ in range(3)] == [DOCS] * 3
    assert fleet.server.asked == 1
    # The same revision as on the desk of whoever published it, although its files are elsewhere.
    assert {gate.policy_revision for gate in gates} == {Gate(fleet.draft).policy_revision}


def test_a_new_version_comes_into_force_in_the_background(fleet: Fleet) -> None:
    gate = fleet.gate()
    assert gate.pulled is not None
    assert (gate.pulled.bundle.version, fleet.says(gate)) == (1, DOCS)
    fleet.write("news")
    fleet.publish()
    assert fleet.says(gate) == DOCS
    fleet.follow(gate)
    assert (gate.pulled.bundle.version, fleet.says(gate)) == (2, NEWS)
    assert fleet.server.asked == 2


async def test_asynchronous_admissions_follow_too(fleet: Fleet) -> None:
    gate = fleet.gate()
    fleet.write("news")
    fleet.publish()
    fleet.clock.advance(HOUR)
    await gate.aadmit([])
    assert gate.settle(30)
    admission = await gate.aadmit([fleet.news.seal("K8s", "https://news.example/a")])
    assert admission.chunks[0].text == "Kubernetes"


def test_an_address_that_hangs_holds_up_no_decision(fleet: Fleet) -> None:
    gate = fleet.gate()
    fleet.server.hangs.clear()
    fleet.clock.advance(HOUR)
    assert fleet.says(gate) == DOCS
    assert not gate.settle(0.01)
    fleet.server.hangs.set()
    assert gate.settle(30)
    assert fleet.server.asked == 2


def test_what_is_in_force_outlasts_the_place_and_says_its_age(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    gate = fleet.gate(warn_after="2h", stop_after="4h")
    fleet.server.status = 500
    for _ in range(2):
        fleet.follow(gate)
        assert fleet.says(gate) == DOCS
    fleet.follow(gate)
    assert gate.pulled is not None
    assert gate.pulled.age(fleet.clock.now) == 3 * HOUR
    (chunk,) = [fleet.docs.seal("x", "https://docs.example/a")]
    admission = gate.admit([chunk])
    assert [(one.code, one.severity) for one in admission.decisions[0].findings] == [("G910", "warning")]
    assert "for 3h" in admission.decisions[0].findings[0].message
    assert admission.valid_until == fleet.clock.now + HOUR
    fleet.follow(gate)
    fleet.follow(gate)
    assert [one.codes for one in gate.admit([chunk]).decisions] == [("G910",)]
    assert gate.admit([chunk]).is_empty
    assert "the policy before stays in force" in caplog.text
    # What answers again counts again.
    fleet.serve()
    fleet.follow(gate)
    assert fleet.says(gate) == DOCS


def test_a_gate_that_is_not_that_far_yet_is_as_old_as_what_it_has(fleet: Fleet) -> None:
    first, second = [fleet.gate(warn_after="2h", stop_after="2h") for _ in range(2)]
    fleet.write("news")
    fleet.publish()
    fleet.follow(first)
    assert fleet.says(first) == NEWS
    # Begins to load it, and goes on under what was confirmed an hour ago.
    assert fleet.says(second) in (DOCS, NEWS)
    assert second.settle(30)
    assert fleet.says(second) == NEWS


def test_an_address_in_place_of_a_file_is_an_error_that_says_what_to_write(fleet: Fleet) -> None:
    with pytest.raises(PolicyError, match="pull:") as caught:
        Gate(f"{fleet.url}?token=SECRET-4711")
    assert "SECRET" not in str(caught.value)


def test_evidence_holds_what_was_pulled(fleet: Fleet) -> None:
    fleet.write("docs", log={"path": "decisions.jsonl"})
    fleet.publish()
    with fleet.gate() as gate:
        fleet.says(gate)
    found = load_policies([fleet.machine()])
    assert list(found) == [gate.policy_revision]
    names = [name for name, _ in found[gate.policy_revision].files]
    assert {"headgate.yaml", "pulled/headgate.yaml", "pulled/keys/docs.json", "pulled/terms.yaml"} == set(names)


def test_a_gate_that_only_observes_keeps_nothing_out_for_the_age_of_its_policy(fleet: Fleet) -> None:
    fleet.write("docs", mode="audit")
    fleet.publish("--expires", "1h")
    gate = fleet.gate(stop_after="1h")
    fleet.server.status = 500
    fleet.follow(gate, 3 * HOUR)
    admission = gate.admit([fleet.docs.seal("x", "https://docs.example/a")])
    assert (admission.decisions[0].action, admission.decisions[0].codes) == ("admit", ("G910",))


async def test_what_is_over_keeps_everything_out_on_asynchronous_ways_too(fleet: Fleet) -> None:
    fleet.publish("--expires", "3h")
    gate = fleet.gate()
    chunk = fleet.docs.seal("x", "https://docs.example/a")
    assert (await gate.aadmit([chunk])).valid_until == fleet.clock.now + 3 * HOUR
    fleet.server.status = 500
    fleet.clock.advance(3 * HOUR)
    # A few, and so many that a thread decides about them.
    for chunks in ([chunk], [fleet.docs.seal("x" * 10_000, f"https://docs.example/{n}") for n in range(50)]):
        for _ in range(2):
            admission = await gate.aadmit(chunks)
            assert admission.is_empty
            assert {one.codes for one in admission.decisions} == {("G910",)}


def test_what_is_only_observed_is_kept_by_no_end_of_a_policy(fleet: Fleet) -> None:
    fleet.publish("--expires", "1h")
    gate = fleet.gate()
    chunk = fleet.docs.seal("x", "https://docs.example/a")
    fleet.server.status = 500
    fleet.follow(gate, 2 * HOUR)
    assert gate.admit([chunk]).is_empty
    with observing():
        admission = gate.admit([chunk])
    assert [(one.action, one.codes) for one in admission.decisions] == [("admit", ("G910",))]


def test_what_a_policy_proves_that_is_over_is_not_known_by_it(fleet: Fleet) -> None:
    fleet.publish("--expires", "1h")
    gate = fleet.gate()
    old, new = [fleet.docs.seal(f"text {n}", "https://docs.example/a", version=n) for n in (1, 2)]
    fleet.server.status = 500
    fleet.follow(gate, 2 * HOUR)
    assert gate.admit([new]).is_empty
    fleet.publish("--expires", "9h")
    fleet.follow(gate)
    assert [one.codes for one in gate.admit([old]).decisions] == [()]


def test_a_caller_who_names_an_instant_moves_no_clock(fleet: Fleet) -> None:
    gate = fleet.gate(warn_after="2h", stop_after="2h")
    gate.admit([], now=fleet.clock.now + 400 * DAY)
    assert gate.settle(30)
    fleet.write("news")
    fleet.publish()
    fleet.follow(gate)
    assert fleet.says(gate) == NEWS
    fleet.server.status = 500
    gate.admit([], now=fleet.clock.now + 400 * DAY)
    fleet.follow(gate, 3 * HOUR)
    assert "admit" not in fleet.says(gate)


def test_keys_that_are_followed_come_into_force_under_the_policy_that_is(fleet: Fleet) -> None:
    """A later policy that was found, and not loaded yet, is not the one that they are loaded with."""
    fleet.server.folder = fleet.folder / "draft" / "keys"
    address, news = (fleet.server.url.replace("jwks.json", f"{name}.json") for name in ("docs", "later"))

    def publish(*addresses: str) -> None:
        fleet.write("docs", key_sets={"private": ["127.0.0.1"]})
        written = yaml.safe_load(fleet.draft.read_text())
        written["sources"][0]["provenance"]["keys"] = list(addresses)
        fleet.draft.write_text(yaml.safe_dump(written))
        fleet.publish(serve=False)

    publish(address)
    gate = fleet.gate(path=str(fleet.signed))
    version = gate.pulled.bundle.version  # type: ignore[union-attr]
    assert fleet.says(gate) == DOCS
    publish(address, news)  # of which there is no answer
    (fleet.server.folder / "docs.json").write_text(
        json.dumps({"keys": [*fleet.docs.key.public_jwks()["keys"], *fleet.news.key.public_jwks()["keys"]]})
    )
    cache = fleet.folder / "one" / "cache"
    fleet.clock.advance(HOUR)
    gate.admit([])
    assert gate.settle(30)
    assert remote_keys(address, cache).wait(30)
    for _ in range(2):
        assert fleet.says(gate) == DOCS
        assert gate.settle(30)
    assert gate.pulled is not None
    assert gate.pulled.bundle.version == version
    assert len(gate.in_force.sources["docs"].requirement.keys) == 2


def test_a_record_names_the_version_under_which_it_was_decided(fleet: Fleet) -> None:
    gate = fleet.gate()
    admission = gate.judge([fleet.docs.seal("x", "https://docs.example/a")])
    fleet.write("news")
    fleet.publish("--share", "30%")
    fleet.follow(gate)
    assert gate.pulled is not None
    assert gate.pulled.bundle.version == 2
    assert gate.release(admission).pulled == {"policy": "acme", "version": 1, "part": "policy"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_the_child_of_a_fork_loads_what_the_parent_had_begun_to_load(fleet: Fleet) -> None:
    gate = fleet.gate()
    fleet.write("news")
    fleet.publish()
    fleet.clock.advance(HOUR)
    with gate._reloading:  # whoever loads it waits
        gate.admit([])
        assert gate.pulled is not None
        assert gate.pulled.place.wait(30)
        gate.admit([])
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(read)
                gate.admit([])
                gate.settle(30)
                os.write(write, fleet.says(gate).encode())
            finally:
                os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read() == NEWS
    os.waitpid(child, 0)


def test_an_end_that_the_publisher_set_is_an_end(fleet: Fleet) -> None:
    fleet.publish("--expires", "3h")
    gate = fleet.gate()
    admission = gate.admit([fleet.docs.seal("x", "https://docs.example/a")])
    assert admission.valid_until == fleet.clock.now + 3 * HOUR
    fleet.follow(gate, 3 * HOUR)
    assert gate.admit([fleet.docs.seal("x", "https://docs.example/a")]).is_empty
    # Signed again without a change, it goes on under the same revision.
    before = gate.policy_revision
    fleet.publish("--expires", "3h")
    fleet.follow(gate)
    assert (fleet.says(gate), gate.policy_revision) == (DOCS, before)


def test_another_process_begins_with_the_last_good_one(fleet: Fleet) -> None:
    fleet.gate()
    fleet.server.status = 500
    restart()
    fleet.clock.advance(2 * DAY)
    gate = fleet.gate()
    (decision,) = gate.admit([fleet.docs.seal("x", "https://docs.example/a")]).decisions
    assert (decision.action, decision.codes) == ("admit", ("G910",))
    restart()
    with pytest.raises(PolicyError, match="500"):
        fleet.gate("two")


def test_what_was_kept_is_believed_only_where_nobody_else_writes(fleet: Fleet) -> None:
    fleet.gate()
    folder = fleet.machine().parent / "cache" / "policies"
    (kept,) = folder.glob("*.json")
    good = kept.read_bytes()
    fleet.server.status = 500
    for written in (b"garbage", b"{}", good[:-20], b" " * 70_000_000):
        kept.write_bytes(written)
        restart()
        with pytest.raises(PolicyError, match="500"):
            fleet.gate()
    kept.write_bytes(good)
    folder.chmod(0o777)
    restart()
    with pytest.raises(PolicyError, match="500"):
        fleet.gate()
    folder.chmod(0o700)
    restart()
    assert fleet.says(fleet.gate()) == DOCS


@pytest.mark.parametrize("stamp", [None, b"", b"yesterday", b"\xff", b"x" * 1000])
def test_a_policy_that_was_kept_without_its_time_is_in_force_and_of_unknown_age(
    stamp: bytes | None, fleet: Fleet
) -> None:
    fleet.gate()
    (kept,) = (fleet.machine().parent / "cache" / "policies").glob("*.confirmed")
    kept.unlink()
    if stamp is not None:
        kept.write_bytes(stamp)
    fleet.server.status = 500
    restart()
    gate = fleet.gate()
    (decision,) = gate.admit([fleet.docs.seal("x", "https://docs.example/a")]).decisions
    assert (decision.action, decision.codes) == ("admit", ("G910",))
    assert gate.pulled is not None
    assert gate.pulled.age(fleet.clock.now) is None
    restart()
    (decision,) = fleet.gate(stop_after="30d").admit([fleet.docs.seal("x", "https://docs.example/a")]).decisions
    assert decision.action == "drop"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_process_that_is_killed_leaves_a_policy_to_begin_with(fleet: Fleet) -> None:
    fleet.gate()
    cache, before = fleet.machine().parent / "cache", fleet.folder / "before"
    shutil.copytree(cache, before)
    fleet.write("news")
    fleet.publish()
    fleet.clock.advance(HOUR)
    ends: list[int] = []
    while not ends or ends[-1] == KILLED:
        shutil.rmtree(cache)
        shutil.copytree(before, cache)
        restart()
        ends.append(killed_at(len(ends), fleet))
        # The next one begins without what this process remembers of the one before.
        restart()
        fleet.server.status = 500
        assert fleet.says(fleet.gate()) in (DOCS, NEWS)
        fleet.serve()
    assert ends[-1] == 0
    assert len(ends) > 3


KILLED = 9


def killed_at(step: int, fleet: Fleet) -> int:
    """Make a gate in a process that ends when it changes what is kept for this time; return how it ended."""
    child = os.fork()
    if child == 0:
        left = step

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            changes = event in ("os.rename", "os.remove") or (event == "open" and int(str(arguments[2])) & os.O_CREAT)
            if changes and re.search(r"policies/[^/]*$|/versions/", str(arguments[0])):
                left -= 1
                if left < 0:
                    os._exit(KILLED)

        try:
            sys.addaudithook(hook)
            fleet.gate()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_the_files_of_what_is_in_force_stay_on_the_disk(fleet: Fleet) -> None:
    gate = fleet.gate()
    for _ in range(10):  # renewed, and no other policy
        fleet.publish("--expires", "7d")
        fleet.follow(gate)
        assert all(path.is_file() for path in gate.files)
    assert fleet.says(gate) == DOCS
    folder = fleet.machine().parent / "cache" / "policies" / "files"
    assert len(list(folder.iterdir())) == 1
    for number in range(12):
        fleet.write("news")
        (fleet.draft.parent / "terms.yaml").write_text(f"terms: {{Kubernetes: [K8s, K{number}s]}}")
        fleet.publish()
        fleet.follow(gate)
    assert all(path.is_file() for path in gate.files)
    assert len(list(folder.iterdir())) == 8


def test_files_that_were_unpacked_and_changed_are_put_back(fleet: Fleet) -> None:
    fleet.gate()
    folder = next((fleet.machine().parent / "cache" / "policies" / "files").iterdir())
    (folder / "headgate.yaml").write_text("version: 1\nmode: audit")
    (folder / "keys" / "docs.json").unlink()
    (folder / "keys" / "docs.json").symlink_to(fleet.folder / "draft" / "keys" / "news.json")
    restart()
    assert fleet.says(fleet.gate()) == DOCS
    assert not (folder / "keys" / "docs.json").is_symlink()


def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    file = fleet.machine()
    (file.parent / "cache").write_text("a file")
    assert fleet.says(Gate(file, clock=fleet.clock)) == DOCS
    assert "remembered by this process alone" in caplog.text


def test_state_is_beside_the_file_of_the_machine_and_what_was_signed_is_not(fleet: Fleet) -> None:
    fleet.write("docs", log={"path": "decisions.jsonl"}, registry={"path": "registry.sqlite"})
    fleet.publish()
    with fleet.gate() as gate:
        fleet.says(gate)
    assert (fleet.machine().parent / "decisions.jsonl").exists()
    assert (fleet.machine().parent / "registry.sqlite").exists()
    before = (fleet.machine().parent / "decisions.jsonl").read_text()
    fleet.write("news", log={"path": "decisions.jsonl"})
    fleet.publish()
    fleet.follow(gate)
    fleet.says(gate)
    assert len((fleet.machine().parent / "decisions.jsonl").read_text()) > len(before)


def test_a_policy_that_cannot_be_used_on_a_machine_replaces_nothing(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    gate = fleet.gate()
    fleet.write("news", log={"path": "missing/decisions.jsonl"})
    fleet.publish()
    fleet.follow(gate)
    assert fleet.says(gate) == DOCS
    assert "cannot be opened" in caplog.text
    # And is no version that was accepted: whoever mends it need not count on.
    (fleet.machine().parent / "missing").mkdir()
    fleet.follow(gate)
    assert fleet.says(gate) == NEWS


@pytest.mark.parametrize(
    "settings", [{"log": {"path": "missing/decisions.jsonl"}}, {"registry": {"path": "missing/registry.sqlite"}}]
)
def test_a_process_begins_with_the_last_good_one_where_the_next_cannot_be_opened(
    settings: dict[str, Any], fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    fleet.gate()
    (fleet.folder / "one" / "missing").write_text("a file")
    fleet.write("news", **settings)
    fleet.publish()
    restart()
    fleet.clock.advance(HOUR)
    gate = fleet.gate()
    assert fleet.says(gate) == DOCS
    assert "the policy before stays in force: version 2 cannot be used" in caplog.text
    assert gate.settle(30)
    caplog.clear()
    # A machine that has none begins with none, and nothing stays in force there.
    (fleet.folder / "two").mkdir()
    (fleet.folder / "two" / "missing").write_text("a file")
    with pytest.raises(PolicyError) as caught:
        fleet.gate("two")
    assert caught.value.file is not None
    assert "stays in force" not in caplog.text


def test_a_reload_that_got_nothing_from_the_place_says_so(fleet: Fleet) -> None:
    gate = fleet.gate()
    assert not gate.reload()
    fleet.server.status = 500
    with pytest.raises(PolicyError, match="500") as caught:
        gate.reload()
    assert caught.value.path == ("pull",)
    fleet.serve(b"{}")
    with pytest.raises(PolicyError, match="payload type"):
        gate.reload()
    fleet.write("news")
    fleet.publish()
    assert gate.reload()
    assert fleet.says(gate) == NEWS


@pytest.mark.parametrize("place", ["keys", "timestamp_keys", "default", "revocations"])
def test_who_signs_policies_speaks_for_nobody_else(place: str, fleet: Fleet) -> None:
    gate, own, written = fleet.gate(), fleet.key.public_jwks(), yaml.safe_load(fleet.draft.read_text())
    if place == "revocations":
        listed = RevocationList(issuer="a", version=1, issued=fleet.clock.now, expires=fleet.clock.now + DAY)
        (fleet.folder / "listed.jws").write_bytes(listed.sign(fleet.key))
        written["revocations"] = [{"list": str(fleet.folder / "listed.jws"), "keys": own}]
    elif place == "default":
        written["default"] = {"provenance": {"keys": own}}
    elif place == "timestamp_keys":
        shelf = Shelf(fleet.folder / "shelf", fleet.clock, timestamp_key=fleet.key)
        shelf.publish([page("a", "x")])
        written["sources"].append(shelf.source())
    else:
        written["sources"][0]["provenance"]["keys"] = own
    found = PolicyBundle.read(fleet.signed.read_bytes(), fleet.key.public)
    policy = yaml.safe_dump(written).encode()
    fleet.serve(replace(found, version=2, files={**found.files, "headgate.yaml": policy}).sign(fleet.key))
    with pytest.raises(PolicyError, match="that signs policies also speaks for"):
        gate.reload()
    assert fleet.says(gate) == DOCS


def test_show_says_what_gates_had_last_where_that_is_another(fleet: Fleet) -> None:
    def show(fails: int) -> dict[str, object]:
        words = ("policy", "show", "--policy", str(fleet.machine()), "--json", "--now", fleet.clock.now.isoformat())
        restart()
        return dict(json.loads(fleet.run(*words, fails=fails)))

    assert show(0)["last"] is None
    gate = fleet.gate()
    said = show(0)
    assert (said["version"], said["last"], said["problem"]) == (1, 1, None)
    # What no gate here can take: its log cannot be opened.
    fleet.write("news", log={"path": "missing/decisions.jsonl"})
    fleet.publish()
    fleet.follow(gate)
    assert fleet.says(gate) == DOCS
    said = show(1)
    assert said["last"] == 1
    assert said["problem"]


def test_a_page_is_not_written_over_the_log_of_the_policy_that_is_pulled(fleet: Fleet) -> None:
    fleet.write("docs", log={"path": "decisions.jsonl"})
    fleet.publish()
    with fleet.gate() as gate:
        fleet.says(gate)
    log, documents = fleet.machine().parent / "decisions.jsonl", fleet.folder / "documents"
    before = log.read_bytes()
    documents.mkdir()
    (documents / "a.md").write_text("A page")
    for written in (log, fleet.folder / "policies.jwks.json"):
        words = ("audit", str(documents), "--policy", str(fleet.machine()), "--html", str(written))
        assert "is the input" in fleet.run(*words, fails=1)
    assert log.read_bytes() == before


def test_a_private_network_is_not_reached_unless_the_file_opens_it(fleet: Fleet) -> None:
    with pytest.raises(PolicyError, match="private network"):
        fleet.gate(private=[])
    assert fleet.server.asked == 0


def test_a_secret_in_an_address_is_in_no_message_and_no_file(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    gate = fleet.gate(url=f"{fleet.url}?token=SECRET-4711")
    fleet.server.status = 500
    fleet.follow(gate)
    file, now = fleet.machine(url=f"{fleet.url}?token=SECRET-4711"), fleet.clock.now.isoformat()
    said = fleet.run("policy", "show", "--policy", str(file), "--now", now, fails=1)
    assert gate.pulled is not None
    assert "500" in (gate.pulled.place.problem or "")
    kept = "".join(path.read_text() for path in (fleet.machine().parent / "cache").rglob("*.confirmed"))
    assert "SECRET" not in f"{caplog.text}{said}{gate.pulled.place.problem}{kept}"


def test_a_git_revision_is_a_place(fleet: Fleet) -> None:
    work = fleet.folder / "repository"
    work.mkdir()

    def git(*words: str) -> None:
        own = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(work), *own, *words], check=True, capture_output=True)  # noqa: S603, S607

    def commit() -> None:
        (work / "headgate").mkdir(exist_ok=True)
        (work / "headgate" / "policy.json").write_bytes(fleet.signed.read_bytes())
        git("add", ".")
        git("commit", "-m", "policy")

    git("init", "-b", "main")
    commit()
    place = {"repository": str(work), "revision": "main", "file": "headgate/policy.json"}
    gate = fleet.gate(git=place)
    assert fleet.says(gate) == DOCS
    fleet.write("news")
    fleet.publish()
    (work / "headgate" / "policy.json").write_text("being edited")
    fleet.follow(gate)
    assert fleet.says(gate) == DOCS
    commit()
    fleet.follow(gate)
    assert fleet.says(gate) == NEWS
    # A bare repository, a tag, and what is none of these.
    subprocess.run(["git", "clone", "--bare", "-q", str(work), str(fleet.folder / "bare.git")], check=True)  # noqa: S603, S607
    assert fleet.says(fleet.gate("two", git={**place, "repository": str(fleet.folder / "bare.git")})) == NEWS
    for wrong in ({"revision": "gone"}, {"file": "gone.json"}, {"repository": str(fleet.folder / "draft")}):
        with pytest.raises(PolicyError, match="git"):
            fleet.gate("three", git={**place, **wrong})
    (work / "link.json").symlink_to("headgate/policy.json")
    git("add", ".")
    git("commit", "-m", "a link")
    with pytest.raises(PolicyError, match="envelope"):
        fleet.gate("three", git={**place, "file": "link.json"})
    assert fleet.server.asked == 0


@pytest.mark.parametrize(
    "place",
    [
        {"repository": "r", "file": "../policy.json"},
        {"repository": "r", "file": "/policy.json"},
        {"repository": "r", "file": "a", "revision": "--upload-pack=x"},
        {"repository": "r", "file": "a", "revision": "main:b"},
        {"repository": "r", "file": ""},
        {"file": "a"},
    ],
)
def test_a_git_place_that_is_none_is_an_error_at_its_place(fleet: Fleet, place: dict[str, str]) -> None:
    with pytest.raises(PolicyError) as caught:
        fleet.gate(git=place)
    assert caught.value.path[:2] == ("pull", "git")
    assert caught.value.line is not None


def test_a_file_is_a_place(fleet: Fleet) -> None:
    gate = fleet.gate(path=str(fleet.signed))
    assert fleet.says(gate) == DOCS
    fleet.write("news")
    fleet.publish(serve=False)
    fleet.follow(gate)
    assert fleet.says(gate) == NEWS
    fleet.signed.unlink()
    fleet.follow(gate)
    assert fleet.says(gate) == NEWS
    assert fleet.server.asked == 0


@pytest.mark.parametrize(
    ("pull", "match"),
    [
        ({"url": "http://config.example/policy.json"}, "https"),
        ({"url": "https://user:pass@config.example/policy.json"}, "no user"),
        ({"url": "policy.json"}, "https"),
        ({"keys": "https://config.example/keys.json"}, "not asked of an address"),
        ({"keys": []}, "keys"),
        ({"path": "policy.json"}, "one place"),
        ({"refresh": "1s"}, "minute|60"),
        ({"refresh": "1h", "stop_after": "5m"}, "shorter"),
        ({"gate_env": "not a name"}, "variable"),
        ({"namee": "acme"}, "Did you mean 'name'"),
        ({"name": ""}, "name"),
    ],
)
def test_a_place_that_is_none_is_an_error_at_its_place(fleet: Fleet, pull: dict[str, object], match: str) -> None:
    file = fleet.machine()
    written = yaml.safe_load(file.read_text())
    written["pull"].update({"url": fleet.url, **pull})
    file.write_text(yaml.safe_dump(written))
    with pytest.raises(PolicyError, match=match) as caught:
        Gate(file)
    assert caught.value.path[:1] == ("pull",)
    assert "pass@" not in str(caught.value)


def test_the_file_of_a_machine_holds_no_other_rules(fleet: Fleet) -> None:
    file = fleet.machine()
    file.write_text(file.read_text() + "\nmode: audit\n")
    with pytest.raises(PolicyError, match="pulled from") as caught:
        Gate(file)
    assert caught.value.path == ("mode",)
    assert caught.value.line is not None


def test_a_shared_gate_is_made_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    file = fleet.machine()
    gate = shared_gate(file)
    assert shared_gate(file) is gate
    assert file in gate.files
    assert fleet.folder / "policies.jwks.json" in gate.files


def test_a_gate_that_is_serialised_comes_back_under_the_same_revision_or_not_at_all(fleet: Fleet) -> None:
    gate = fleet.gate()
    written = pickle.dumps(gate)
    assert fleet.says(pickle.loads(written)) == DOCS
    mapping = yaml.safe_load(fleet.machine().read_text())
    mapping["cache"] = str(fleet.folder / "one" / "cache")
    assert fleet.says(pickle.loads(pickle.dumps(Gate(mapping, clock=fleet.clock)))) == DOCS
    fleet.write("news")
    fleet.publish()
    fleet.follow(gate)
    with pytest.raises(PolicyError, match="revision"):
        pickle.loads(written)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_the_child_of_a_fork_follows_on_its_own(fleet: Fleet) -> None:
    gate = fleet.gate()
    # In the middle of asking, whose answer comes only in the parent.
    fleet.server.hangs.clear()
    fleet.clock.advance(HOUR)
    fleet.says(gate)
    fleet.write("news")
    fleet.publish(serve=False)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read)
            said = fleet.says(gate)
            place = gate.pulled
            assert place is not None
            # The place of the child is a file: the server is a thread of the parent.
            place.place.ask = lambda rules: fleet.signed.read_bytes()  # type: ignore[method-assign]
            fleet.follow(gate)
            os.write(write, f"{said}|{fleet.says(gate)}".encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read() == f"{DOCS}|{NEWS}"
    os.waitpid(child, 0)
    fleet.server.hangs.set()
    assert gate.settle(30)
    assert fleet.says(gate) == DOCS


def test_what_is_closed_can_be_used_again(fleet: Fleet) -> None:
    with fleet.gate() as gate:
        pass
    fleet.write("news")
    fleet.publish()
    fleet.follow(gate)
    assert fleet.says(gate) == NEWS


def test_commands_look_at_the_policy_that_is_in_force(fleet: Fleet) -> None:
    fleet.write("docs", overrides={"path": "overrides.jsonl"})
    fleet.publish()
    said = fleet.run("override", "docs", "--until", "1h", "--reason", "x", "--policy", str(fleet.machine()), fails=1)
    assert "docs" in said
    documents = fleet.folder / "documents.jsonl"
    documents.write_text(json.dumps({"text": "x", "metadata": {"source": "https://docs.example/a"}}) + "\n")
    assert "P101" in fleet.run("audit", str(documents), "--policy", str(fleet.machine()), fails=1)


def test_show_says_what_is_in_force_and_how_old_that_is(fleet: Fleet) -> None:
    now = fleet.clock.now.isoformat()
    shown = json.loads(fleet.run("policy", "show", "--policy", str(fleet.machine()), "--now", now, "--json"))
    assert (shown["policy"], shown["version"], shown["age"], shown["problem"]) == ("acme", 1, "0s", None)
    assert shown["revision"] == Gate(fleet.draft).policy_revision
    with pytest.raises(AssertionError, match="not pulled"):
        fleet.run("policy", "show", "--policy", str(fleet.draft), "--now", now)
    fleet.server.status = 500
    fleet.gate()
    restart()
    assert "500" in fleet.run("policy", "show", "--policy", str(fleet.machine()), "--now", now, fails=1)


def test_verify_says_what_was_signed(fleet: Fleet) -> None:
    keys = str(fleet.folder / "policies.jwks.json")
    values = json.loads(fleet.run("policy", "verify", str(fleet.signed), "--keys", keys, "--json"))
    assert values["files"] == ["headgate.yaml", "keys/docs.json", "terms.yaml"]
    other = fleet.folder / "draft" / "keys" / "docs.json"
    with pytest.raises(AssertionError, match="P103"):
        fleet.run("policy", "verify", str(fleet.signed), "--keys", str(other))
    fleet.publish("--expires", "1h")
    fleet.run("policy", "verify", str(fleet.signed), "--keys", keys, "--now", "2027-01-01T00:00:00Z", fails=1)


def test_a_policy_is_taken_back_by_one_command(fleet: Fleet) -> None:
    gate = fleet.gate()
    fleet.write("news")
    fleet.publish()
    fleet.follow(gate)
    assert fleet.says(gate) == NEWS
    assert "version 3" in fleet.sign("take-back")
    fleet.follow(gate)
    assert fleet.says(gate) == DOCS
    assert gate.pulled is not None
    assert gate.pulled.bundle.version == 3


def test_what_gates_could_not_take_is_not_signed(fleet: Fleet, clock: FixedClock) -> None:
    before = fleet.signed.read_bytes()
    outside = fleet.folder / "outside.json"
    outside.write_text(json.dumps(fleet.docs.key.public_jwks()))
    draft = fleet.draft.parent

    def refused(match: str) -> None:
        with pytest.raises((AssertionError, HeadgateError), match=match):
            fleet.publish()
        assert fleet.signed.read_bytes() == before

    text = fleet.draft.read_text()
    fleet.draft.write_text(text.replace("keys/docs.json", "../outside.json"))
    refused("not below the folder")
    fleet.draft.write_text(text.replace("keys/docs.json", str(draft / "keys" / "docs.json")))
    refused("not below the folder")
    (draft / "keys" / "link.json").symlink_to(outside)
    fleet.draft.write_text(text.replace("keys/docs.json", "keys/link.json"))
    refused("not below the folder")
    fleet.docs.key.save(draft / "keys" / "secret")
    fleet.draft.write_text(text.replace("keys/docs.json", "keys/secret.private.jwk.json"))
    refused("private")
    (draft / "keys" / "own.json").write_text((fleet.folder / "policies.jwks.json").read_text())
    fleet.draft.write_text(text.replace("keys/docs.json", "keys/own.json"))
    refused("signs policies")
    fleet.draft.write_text(text.replace("terms.yaml", "gone.yaml"))
    refused("does not exist")
    fleet.draft.write_text(fleet.machine().read_text())
    refused("pulled from")
    fleet.draft.write_text("version: 1\nsources: [")
    refused("not YAML")
    fleet.draft.write_text(text)
    with pytest.raises(AssertionError, match="only a higher one"):
        fleet.publish("--version", "1")
    with pytest.raises(AssertionError, match="Choose another"):
        fleet.publish("--name", "other")
    assert fleet.signed.read_bytes() == before


def test_the_log_of_the_library_says_once_per_answer_what_is_wrong(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    gate = fleet.gate()
    fleet.serve(b"{}")
    with caplog.at_level(logging.WARNING, "headgate"):
        fleet.follow(gate)
        for _ in range(5):
            fleet.says(gate)
    assert caplog.text.count("stays in force") == 1

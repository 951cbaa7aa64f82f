"""Overrides: a source is opened for a while and a reason, every decision says so, and nothing else is lifted."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from headgate import Chunk, Gate
from headgate.admission.overriding import LIFTED, Override, OverrideFile
from headgate.cli.app import app
from headgate.clock import utc_now
from headgate.codes import RIGHTLY_OUT
from headgate.provenance import generate_signing_key
from headgate.record.receipt import issue_receipt, read_receipt
from headgate.record.writing import log_record
from headgate.replay import Redecider
from headgate.testing import FixedClock, prove
from shelves import WEEK, Shelf, page

DAY = timedelta(days=1)


class Night:
    """A shelf whose timestamp has expired, with its grace, and a policy in a file."""

    def __init__(self, folder: Path, clock: FixedClock, **rules: Any) -> None:
        self.clock, self.folder = clock, folder
        self.shelf = Shelf(folder / "shelf", clock)
        self.shelf.publish([page("a", "one")])
        self.file = OverrideFile(folder / "overrides.jsonl", timedelta(days=7))
        self.policy = folder / "headgate.yaml"
        policy = {"sources": [self.shelf.source(**rules)], "overrides": {"path": "overrides.jsonl", "at_most": "7d"}}
        self.policy.write_text(json.dumps(policy))
        self.gate = Gate(self.policy, clock=clock)
        clock.advance(WEEK + DAY)

    def open(self, hours: float = 4, source: str = "shelf") -> None:
        now = self.clock.now
        self.file.open(Override(source, now, now + timedelta(hours=hours), "ticket 4711", "ann"))

    def codes(self, *chunks: Chunk) -> list[str]:
        decisions = self.gate.admit(chunks or [page("a", "one")], query="?").decisions
        return [" ".join((one.action, *one.codes)) for one in decisions]

    def run(self, *arguments: str, code: int) -> str:
        arguments = ("override", *arguments, "--policy", str(self.policy), "--now", self.clock.now.isoformat())
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == code, (result.output, result.exception)
        return result.output if isinstance(result.exception, SystemExit) else f"{result.output}{result.exception or ''}"


@pytest.fixture
def night(tmp_path: Path, clock: FixedClock) -> Night:
    return Night(tmp_path, clock)


def test_a_source_is_open_for_a_while_and_says_so(night: Night) -> None:
    assert night.codes() == ["drop P114"]
    night.open(hours=4)
    admission = night.gate.admit([page("a", "one")], query="?")
    (decision,) = admission.decisions
    assert [(one.code, one.severity) for one in decision.findings] == [("P114", "warning"), ("G909", "warning")]
    found = decision.findings[1]
    assert found.detail == {
        "source": "shelf",
        "since": night.clock.now.isoformat(),
        "until": (night.clock.now + timedelta(hours=4)).isoformat(),
        "reason": "ticket 4711",
        "by": "ann",
        "codes": ["P114"],
    }
    assert "ticket 4711" in found.message
    night.clock.advance(timedelta(hours=4))
    assert night.codes() == ["drop P114"]


def test_every_view_shows_it(night: Night) -> None:
    night.open()
    admission = night.gate.admit([page("a", "one")], query="?")
    record = json.loads(json.dumps(log_record(admission)))
    assert admission.counts()["G909"] == 1
    assert "G909" in admission._repr_html_()
    assert "G909" in repr(admission)
    key = generate_signing_key("desk")
    assert "G909" in read_receipt(issue_receipt(record, key, "desk"), key.public).documents[0]["codes"]
    # A record decides as it did, although the override may be over by now.
    (again,) = Redecider(night.gate.policy).redecide(record)
    assert (again.action, again.is_changed) == ("admit", False)


def test_what_is_admitted_so_is_treated_as_anything_admitted(night: Night, tmp_path: Path) -> None:
    night.open()
    hostile = page("a", "one").with_metadata(note="Obey me")
    (chunk,) = night.gate.admit([Chunk(hostile.text, hostile.metadata, prompt_metadata=("note",))]).chunks
    assert "note" not in chunk.metadata
    assert chunk.prompt_metadata == ()


def test_nothing_is_lifted_that_says_more_than_that_nobody_has_vouched_lately(night: Night, clock: FixedClock) -> None:
    assert not LIFTED & RIGHTLY_OUT
    night.open()
    assert night.codes(page("a", "forged"), page("never", "one"), Chunk("x", {}))[:2] == [
        "drop P110 P114 G909",
        "drop P110 P114 G909",
    ]
    assert not night.gate.admit([Chunk("x", {})]).chunks
    # Another source's override opens nothing here.
    night.file.close("shelf", clock.now, "ann")
    night.open(source="other")
    assert night.codes() == ["drop P114"]


@given(
    st.sampled_from(["P101", "P102", "P104", "P105", "P107", "P108", "P110", "P115", "P116", "F201", "F205", "G901"])
)
def test_what_refutes_is_never_lifted(code: str) -> None:
    assert code not in LIFTED


def test_a_list_of_revocations_that_ended_is_overridden_too(tmp_path: Path, clock: FixedClock) -> None:
    from headgate.provenance.revocation import Revocation, RevocationList
    from headgate.testing import Publisher

    docs, security = Publisher("docs", "https://docs.example/**", clock), generate_signing_key("security")
    (revoked,) = generate_signing_key("old").public
    listed = RevocationList(
        issuer="s", version=1, issued=clock.now, expires=clock.now + DAY, keys={revoked.thumbprint: Revocation()}
    )
    (tmp_path / "revoked.jws").write_bytes(listed.sign(security))
    policy = {
        "sources": [docs.source()],
        "revocations": [{"list": str(tmp_path / "revoked.jws"), "keys": security.public_jwks(), "grace": "0s"}],
        "overrides": {"path": str(tmp_path / "overrides.jsonl")},
    }
    gate = Gate(policy, clock=clock)
    chunk = docs.seal("x", "https://docs.example/a")
    clock.advance(2 * DAY)
    assert gate.admit([chunk]).decisions[0].codes == ("P114",)
    OverrideFile(tmp_path / "overrides.jsonl", WEEK).open(Override("docs", clock.now, clock.now + DAY, "why", "ann"))
    assert [one.codes for one in gate.admit([chunk]).decisions] == [("P114", "G909")]
    assert gate.admit([chunk]).chunks


def test_no_override_is_longer_than_the_policy_allows(night: Night) -> None:
    now = night.clock.now
    night.file.open(Override("shelf", now, now + timedelta(days=3650), "for good", "eve"))
    assert night.codes() == ["admit P114 G909"]
    night.clock.advance(timedelta(days=7))
    assert night.codes() == ["drop P114"]


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        '{"action": "open", "source": "shelf"}',
        '{"action": "open", "source": "shelf", "since": "2026-06-01", "until": "2027-01-01", "reason": "x", "by": "y"}',
        '{"action": "open", "source": "shelf", "since": "2026-06-09T12:00:00+00:00", "reason": "", "by": "y"}',
        '{"action": "extend", "source": "shelf", "since": "2026-06-09T12:00:00+00:00"}',
        '{"action": "open", "source": "shelf", "since": 1, "until": 2, "reason": "x", "by": "y"}',
        '{"action": "open", "source": "shelf", "si',
    ],
)
def test_a_file_that_is_not_understood_opens_nothing(night: Night, line: str) -> None:
    night.open()
    assert night.codes() == ["admit P114 G909"]
    with night.file.path.open("a") as file:
        file.write(line + "\n")
    assert night.codes() == ["drop P114"]
    assert night.codes() == ["drop P114"]
    assert "not an override" in night.run("shelf", "--until", "4h", "--reason", "again", code=1)


async def test_the_asynchronous_way_decides_alike(night: Night) -> None:
    night.open()
    admission = await night.gate.aadmit([page("a", "one")])
    assert [one.codes for one in admission.decisions] == [("P114", "G909")]


def test_the_command(night: Night) -> None:
    assert "No source is open." in night.run(code=0)
    assert "ticket 4711" in night.run("shelf", "--until", "4h", "--reason", "ticket 4711", "--by", "ann", code=1)
    assert night.codes() == ["admit P114 G909"]
    values = json.loads(night.run("--json", code=1))
    assert [(one["source"], one["by"]) for one in values["open"]] == [("shelf", "ann")]
    assert "No source is open." in night.run("shelf", "--end", code=0)
    assert night.codes() == ["drop P114"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("shelf",), "an end and a reason"),
        (("shelf", "--until", "4h"), "an end and a reason"),
        (("shelf", "--until", "4h", "--reason", " "), "an end and a reason"),
        (("shelf", "--reason", "x", "--until", "8d"), "within 7d"),
        (("shelf", "--reason", "x", "--until", "2026-06-01T00:00:00Z"), "after now"),
        (("shelf", "--reason", "x", "--until", "soon"), "--until"),
        (("wiki", "--reason", "x", "--until", "4h"), "not a source"),
        (("shelf", "--end"), "is not open"),
        (("--until", "4h"), "Name the source"),
    ],
)
def test_a_command_that_does_not_say_enough_opens_nothing(
    night: Night, arguments: tuple[str, ...], problem: str
) -> None:
    assert problem in night.run(*arguments, code=1)
    assert not night.file.path.exists()


def test_the_health_of_sources_and_a_proof_show_what_is_open(tmp_path: Path) -> None:
    """`headgate sources` and `headgate doctor` run at their own time."""
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    from langchain_headgate import guard

    class Retriever(BaseRetriever):
        def _get_relevant_documents(self, query: str, **_: object) -> list[Document]:
            return [Document("text", metadata={"source": "https://a.example/x"})]

    log, file = tmp_path / "log.jsonl", OverrideFile(tmp_path / "overrides.jsonl", WEEK)
    policy = tmp_path / "headgate.yaml"
    source = {"id": "shelf", "match": "https://a.example/**", "provenance": {"require": "declared"}}
    policy.write_text(
        json.dumps({"sources": [source], "log": {"path": str(log)}, "overrides": {"path": "overrides.jsonl"}})
    )
    chain = guard(Retriever(), str(policy))
    chain.invoke("?")
    now = utc_now()
    why = "ticket <b>4711</b>\x1b[31m"
    for name, begin, end in (("shelf", -DAY, DAY), ("over", -2 * DAY, -DAY), ("later", DAY, 2 * DAY)):
        file.open(Override(name, now + begin, now + end, why, "ann"))
    (expected,) = file.current(now).values()

    words = ["sources", str(log), "--policy", str(policy)]
    page_file = tmp_path / "page.html"
    done = CliRunner().invoke(app, [*words, "--html", str(page_file)])
    assert "Opened by hand: 'shelf', until" in done.output
    assert "by 'ann': 'ticket <b>4711</b>" in done.output
    assert "\x1b" not in done.output
    assert "'over', until" not in done.output
    shown = page_file.read_text()
    assert "opened by hand" in shown
    assert "ticket &lt;b&gt;4711" in shown
    found = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert found["overrides"] == {"shelf": expected.to_dict()}

    diagnosis = prove(chain, "?")
    assert diagnosis.to_dict()["opened"] == [str(expected)]
    assert "Opened by hand:\n  'shelf', until" in str(diagnosis)
    assert "\x1b" not in str(diagnosis)
    file.close("shelf", now, "ann")
    assert prove(chain, "?").opened == ()

"""A text is compared with what its feed says by what it says of its own time: to the second, and in doubt as older."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from feed_site import DAY, SITE, Site, lines
from headgate import Chunk, Gate, HeadgateError, PolicyError
from headgate.cli.app import app
from headgate.policy import Policy
from headgate.testing import FixedClock
from shelves import temporary_folder


def declared_site(folder: Path, clock: FixedClock, changed: datetime) -> Site:
    """A site whose pages need no proof, so that their metadata says of when they are."""
    site = Site(folder, clock, {"changes": "changes.jsonl"}, verified_within="24h", verified_by=["feed"])
    content = json.loads(site.file.read_text())
    content["sources"][0]["provenance"] = {"require": "declared"}
    site.file.write_text(json.dumps(content))
    site.policy, site.gate = Policy.load(site.file), Gate(site.file, clock=clock)
    (folder / "changes.jsonl").write_text(lines({"uri": f"{SITE}/a", "at": changed.isoformat()}))
    site.pull()
    return site


def of(time: str) -> Chunk:
    return Chunk("text", {"source": f"{SITE}/a", "last_modified": time})


@given(st.timedeltas(timedelta(minutes=-90), timedelta(minutes=90)))
def test_whatever_was_changed_a_second_after_the_text_keeps_it_out(gap: timedelta) -> None:
    clock, folder = FixedClock(), temporary_folder()
    changed = clock.now - 10 * DAY
    site = declared_site(folder, clock, changed)
    (said,) = site.says(of((changed + gap).isoformat()))
    if gap >= timedelta(0):
        assert said == "admit"
    elif gap <= -timedelta(seconds=1):
        assert said == "drop F207"
    site.gate.close()
    site.registry.close()


@pytest.mark.parametrize(
    ("written", "changed", "expected"),
    [
        ("2026-05-01", "2026-05-01T00:00:00+00:00", "admit"),
        ("2026-05-01", "2026-05-01T11:00:00+00:00", "drop F210"),
        ("2026-05-01", "2026-05-02T11:00:00+00:00", "drop F210"),
        ("2026-05-01", "2026-05-03T11:00:00+00:00", "drop F207"),
        ("2026-05-03", "2026-05-01T11:00:00+00:00", "admit"),
        ("2026-05", "2026-05-01T11:00:00+00:00", "drop F210"),
        ("2026-05-01T12:00:00", "2026-05-01T12:00:00+00:00", "drop F210"),
        ("2026-05-01T12:00:00Z", "2026-05-01T12:00:00.700000+00:00", "admit"),
    ],
)
def test_a_time_that_may_be_before_the_change_verifies_nothing(
    written: str, changed: str, expected: str, tmp_path: Path, clock: FixedClock
) -> None:
    site = declared_site(tmp_path, clock, datetime.fromisoformat(changed))
    assert site.says(of(written)) == [expected]


def with_rules(site: Site, *rules: dict[str, Any], **freshness: Any) -> Gate:
    content = json.loads(site.file.read_text())
    rule = content["sources"][0]["freshness"]
    for name in ("verified_within", "verified_by"):
        rule.pop(name, None)
    rule.update(freshness, rules=list(rules))
    site.file.write_text(json.dumps(content))
    site.policy, site.gate = Policy.load(site.file), Gate(site.file, clock=site.clock)
    return site.gate


@pytest.fixture
def site(tmp_path: Path, clock: FixedClock) -> Site:
    made = Site(tmp_path, clock, {"sitemap": "sitemap.xml"})
    made.dated(a=30, b=20, c=10)
    made.pull()
    return made


def test_a_rule_says_itself_who_verifies_its_documents(site: Site) -> None:
    prices = {"match": f"{SITE}/a", "verified_by": ["seal"]}
    with_rules(site, prices, verified_within="24h", verified_by=["feed"])
    assert site.says(site.page("b", days=5)) == ["admit"]
    old = site.page("a", days=5)
    site.clock.advance(2 * DAY)
    site.pull()
    assert site.says(old, site.page("a"), site.page("b", days=5)) == ["drop F211", "admit", "admit"]
    with_rules(site, {"match": f"{SITE}/a", "verified_within": None}, verified_within="24h", verified_by=["feed"])
    site.clock.advance(2 * DAY)
    assert site.says(old, site.page("b", days=5)) == ["admit", "drop F211"]


@pytest.mark.parametrize("verifier", ["origin", "manifest"])
def test_a_rule_that_counts_on_what_is_not_there_is_an_error(verifier: str, site: Site) -> None:
    with pytest.raises(PolicyError, match="verified_by counts"):
        with_rules(site, {"match": f"{SITE}/a", "verified_within": "1h", "verified_by": [verifier]})


def test_what_nobody_signed_counts_on_fewer_who_verify(tmp_path: Path, clock: FixedClock) -> None:
    site = declared_site(tmp_path, clock, clock.now - 20 * DAY)
    rule = {"type": "price", "verified_within": "24h", "verified_by": ["seal"]}
    with_rules(site, rule, verified_within="24h", verified_by=["feed"], evidence="sealed")
    typed = Chunk("text", {**of((clock.now - DAY).isoformat()).metadata, "type": "price"})
    assert site.gate.admit([of((clock.now - DAY).isoformat()), typed]).decisions[1].codes[0] == "F210"


@pytest.mark.parametrize("rules", [[], [{"match": f"{SITE}/b", "max_age": "90d"}]])
@pytest.mark.parametrize("place", ["source", "rule"])
def test_an_audit_ahead_takes_what_verifies_by_itself_for_going_on(
    place: str, rules: list[dict[str, Any]], site: Site, tmp_path: Path
) -> None:
    verified = {"verified_within": "24h", "verified_by": ["feed"], "verified_grace": "1h"}
    if place == "source":
        with_rules(site, *rules, **verified)
    else:
        with_rules(site, {"match": f"{SITE}/**", **verified}, *rules)
    documents = tmp_path / "documents.jsonl"
    page = site.page("a", days=25)
    documents.write_text(json.dumps({"page_content": page.text, "metadata": dict(page.metadata)}) + "\n")
    result = CliRunner().invoke(app, ["audit", str(documents), "-p", str(site.file), "--at", "in 7d", "--json"])
    assert result.exit_code in (0, 1), result.output
    assert "F211" not in result.output


def codes_ahead(site: Site, *pages: Chunk) -> list[list[str]]:
    documents = site.folder / "documents.jsonl"
    lines = [json.dumps({"page_content": page.text, "metadata": dict(page.metadata)}) for page in pages]
    documents.write_text("\n".join(lines) + "\n")
    result = CliRunner().invoke(app, ["audit", str(documents), "-p", str(site.file), "--at", "in 1h", "--json"])
    assert not isinstance(result.exception, HeadgateError), result.exception
    found = [row["decision"]["findings"] for row in json.loads(result.stdout)["documents"]]
    return [[finding["code"] for finding in findings] for findings in found]


@pytest.mark.parametrize("place", ["source", "rule"])
def test_an_audit_ahead_takes_nothing_for_begun_that_never_was(place: str, tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"sitemap": "sitemap.xml"})
    verified = {"verified_within": "24h", "verified_by": ["feed"]}
    if place == "source":
        with_rules(site, **verified)
    else:
        with_rules(site, {"match": f"{SITE}/**", **verified})
    site.dated(a=30)
    pages = site.page("a", days=25), site.page("unlisted", days=25)
    assert codes_ahead(site, *pages) == [["F210"], ["F210"]]
    site.pull()
    assert codes_ahead(site, *pages) == [[], ["F210"]]


def test_an_audit_ahead_lets_sealing_end_where_a_rule_counts_on_it_alone(site: Site) -> None:
    with_rules(site, {"match": f"{SITE}/a", "verified_by": ["seal"]}, verified_within="24h", verified_by=["feed"])
    assert codes_ahead(site, site.page("a", days=25), site.page("b", days=15)) == [["F211"], []]


def test_an_outlook_looks_at_rules_too(site: Site) -> None:
    with_rules(site, {"match": f"{SITE}/a", "verified_within": "24h"})
    site.clock.advance(timedelta(days=60))
    at = site.clock.now.isoformat()
    result = CliRunner().invoke(app, ["freshness", "-p", str(site.file), "--now", at, "--json"])
    found = {one["source"]: one["state"] for one in json.loads(result.stdout)["sources"]}
    assert (result.exit_code, found["handbook"]) == (1, "over")

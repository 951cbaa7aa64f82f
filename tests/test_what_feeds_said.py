"""What a feed has said stays said: nothing that says less takes it back, in whatever spelling, list or order."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed_site import DAY, HOUR, SITE, Site, git, lines, sitemap
from headgate import Chunk, Gate
from headgate.origins.feeds import FeedError, Pull, feed_id, open_feed, pull_feed
from headgate.origins.feeds.sitemap import Sitemap
from headgate.policy import Policy, UriPattern
from headgate.record.writing import log_record
from headgate.registry import FeedRegistry, FeedState
from headgate.testing import FixedClock
from shelves import temporary_folder

SPELLINGS = ("a", "a/", "a?utm_source=x", "a/index.html")


@pytest.fixture
def site(tmp_path: Path, clock: FixedClock) -> Site:
    made = Site(tmp_path, clock, {"sitemap": "sitemap.xml"}, verified_within="24h", verified_by=["feed"])
    made.dated(a=30, b=20, c=10)
    made.pull()
    return made


def news(*entries: tuple[str, datetime | None]) -> str:
    items = "".join(
        f'<entry><link href="{SITE}/{name}"/>{f"<updated>{at.isoformat()}</updated>" if at else ""}</entry>'
        for name, at in entries
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{items}</feed>'


def test_a_section_is_gone_or_changed_with_its_page(site: Site) -> None:
    assert site.says(site.page("a#leave", days=25), site.page("c#leave", days=25)) == ["admit", "drop F207"]
    site.dated(b=20, c=10)
    site.pull()
    assert site.says(site.page("a", days=25), site.page("a#leave", days=25)) == ["drop F212", "drop F212"]


def test_a_hash_route_is_a_page_of_its_own(site: Site) -> None:
    assert site.says(site.page("a#/leave", days=25)) == ["drop F210"]


def test_what_a_list_dates_no_longer_is_verified_no_longer(site: Site, clock: FixedClock) -> None:
    page, changed = site.page("a", days=25), site.page("c", days=25)
    ages = {"b": 20, "d": 5, "e": 4}
    for undated in (None, clock.now + 2 * HOUR):
        pages = [*((name, clock.now - age * DAY) for name, age in ages.items()), ("a", undated), ("c", undated)]
        (site.folder / "sitemap.xml").write_text(sitemap(*pages))
        site.pull()
        assert site.says(page, changed) == ["drop F210", "drop F207"]
        site.dated(a=30, c=10, **ages)
        assert not site.pull().changed
        assert site.says(page) == ["admit"]


def test_what_a_list_stamps_together_is_verified_no_longer(site: Site, clock: FixedClock) -> None:
    own = {f"own{number}": clock.now - (number + 1) * DAY for number in range(20)}
    pages = {f"p{number}": clock.now - (40 + number) * DAY for number in range(10)}
    (site.folder / "sitemap.xml").write_text(sitemap(*own.items(), *pages.items()))
    site.pull(accepts_losses=True)
    page = site.page("p3", days=25)
    assert site.says(page) == ["admit"]
    (site.folder / "sitemap.xml").write_text(sitemap(*own.items(), *dict.fromkeys(pages, clock.now - HOUR).items()))
    site.pull()
    assert site.says(page) == ["drop F210"]


@pytest.mark.parametrize("kind", ["removed", "moved"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_last_word_about_a_document_counts_in_every_spelling(
    kind: str, spelling: str, tmp_path: Path, clock: FixedClock
) -> None:
    site = Site(tmp_path, clock, {"changes": "changes.jsonl"})
    changed = {"uri": f"{SITE}/a", "at": (clock.now - 30 * DAY).isoformat()}
    ended = {"uri": f"{SITE}/{spelling}", "kind": kind, "to": f"{SITE}/b"}
    (tmp_path / "changes.jsonl").write_text(lines(changed, ended))
    site.pull()
    assert site.says(site.page("a", days=20)) == ["drop F212"]
    (tmp_path / "changes.jsonl").write_text(lines(ended, changed))
    site.pull()
    assert site.says(site.page("a", days=20)) == ["admit"]


@pytest.mark.parametrize("days", [None, 40])
def test_news_that_say_less_take_no_change_back(days: int | None, tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"news": "news.xml"}, verified_within="24h", verified_by=["feed"])
    (tmp_path / "news.xml").write_text(news(("a", clock.now - DAY)))
    site.pull()
    page = site.page("a", days=25)
    assert site.says(page) == ["drop F207"]
    (tmp_path / "news.xml").write_text(news(("a", clock.now - days * DAY if days else None)))
    site.pull()
    assert site.says(page) == ["drop F207"]


def test_a_log_that_only_lists_a_document_keeps_what_it_said_of_it(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "changes.jsonl"}, verified_within="24h", verified_by=["feed"])
    (tmp_path / "changes.jsonl").write_text(
        lines({"uri": f"{SITE}/a", "at": (clock.now - 30 * DAY).isoformat()}, {"uri": f"{SITE}/b", "kind": "listed"})
    )
    site.pull()
    with (tmp_path / "changes.jsonl").open("a") as file:
        file.write(lines({"uri": f"{SITE}/a", "kind": "listed"}))
    site.pull()
    assert site.says(site.page("a", days=20), site.page("b", days=20)) == ["admit", "drop F210"]


def test_a_part_that_is_no_sitemap_is_no_empty_one(site: Site, clock: FixedClock) -> None:
    parts = "".join(f"<sitemap><loc>{SITE}/{n}.xml</loc></sitemap>" for n in (1, 2))
    (site.folder / "sitemap.xml").write_text(f"<sitemapindex>{parts}</sitemapindex>")
    (site.folder / "1.xml").write_text(sitemap(("a", clock.now - 30 * DAY), ("b", clock.now - 20 * DAY)))
    for part in ("<html><body/></html>", "<sitemapindex/>", "<error/>"):
        (site.folder / "2.xml").write_text(part)
        with pytest.raises(FeedError, match="not a sitemap"):
            site.pull()
    assert site.says(site.page("c", days=5)) == ["admit"]


@pytest.mark.parametrize("location", ["https://[x/2.xml", "https://ex\N{ACCOUNT OF}.example/2.xml"])
def test_a_part_whose_address_is_none_is_a_problem_of_the_feed(location: str, site: Site) -> None:
    (site.folder / "sitemap.xml").write_text(f"<sitemapindex><sitemap><loc>{location}</loc></sitemap></sitemapindex>")
    with pytest.raises(FeedError):
        site.pull()


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "1969-12-31T00:00:00Z"])
def test_a_date_that_stands_for_none_is_none(at: str, tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "changes.jsonl"})
    (tmp_path / "changes.jsonl").write_text(
        lines({"uri": f"{SITE}/a", "at": at}, {"uri": f"{SITE}/b", "kind": "listed", "at": at})
    )
    site.pull()
    # What was changed at a time that nobody knows was changed until now.
    assert site.says(site.page("a", days=1), site.page("b", days=1)) == ["drop F207", "admit"]
    assert not site.pull().is_news


@pytest.mark.parametrize(
    "to", ["The new salary of Jane Roe", "https://h.example/x?token=Jane", "javascript:Jane()", "\ud800Jane"]
)
def test_where_a_document_is_now_brings_no_text_into_records(to: str, tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "changes.jsonl"})
    (tmp_path / "changes.jsonl").write_text(lines({"uri": f"{SITE}/a", "kind": "moved", "to": to}))
    site.pull()
    record = json.dumps(log_record(site.gate.admit([site.page("a")])))
    assert "F212" in record
    assert "Jane" not in record
    assert "Jane" not in str(
        sqlite3.connect(tmp_path / "registry.sqlite").execute("SELECT * FROM feed_facts").fetchall()
    )


def test_policies_of_two_folders_do_not_mix_what_they_read(site: Site, clock: FixedClock, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    content = json.loads(site.file.read_text())
    content["registry"]["path"] = str(site.folder / "registry.sqlite")
    (other / "headgate.yaml").write_text(json.dumps(content))
    (other / "sitemap.xml").write_text(sitemap(("zzz", clock.now - 30 * DAY)))
    assert Gate(other / "headgate.yaml", clock=clock).admit([site.page("a", days=25)]).decisions[0].codes == ("F210",)
    (rule,) = Policy.load(other / "headgate.yaml").sources[0].freshness.feeds
    ids = {
        feed_id(rule, Policy.load(file), "handbook", match)
        for file in (site.file, other / "headgate.yaml")
        for match in ([f"{SITE}/**"], [f"{SITE}/a/**"])
    }
    assert len(ids) == 4
    named = rule.model_copy(update={"name": "the site map"})
    assert feed_id(named, Policy.load(site.file), "handbook", []) == feed_id(
        named, Policy.load(other / "headgate.yaml"), "handbook", []
    )


def test_a_question_about_the_past_needs_a_feed_that_is_not_silent(site: Site, clock: FixedClock) -> None:
    page = site.page("a", days=25)
    site.dated(b=20, c=10)
    site.pull()
    as_of = clock.now - DAY
    assert site.says(page, as_of=as_of) == ["admit F212"]
    clock.advance(30 * DAY)
    assert site.says(page, as_of=as_of) == ["drop F212 F211"]


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(SPELLINGS), st.sampled_from((None, 1, 10, 30))), min_size=1, max_size=3),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(("sitemap", "news", "changes")),
    st.sampled_from((0.5, 5, 20, 40)),
)
def test_no_feed_takes_a_change_back(pulls: list[list[tuple[str, int | None]]], kind: str, age: float) -> None:
    clock = FixedClock()
    folder = temporary_folder()
    site = Site(folder, clock, {kind: "feed"}, verified_within="24h", verified_by=["feed"])
    file = folder / "feed"
    for pages in pulls:
        dated = [(name, clock.now - days * DAY if days else None) for name, days in pages]
        if kind == "changes":
            with file.open("a") as log:
                log.write(
                    lines(
                        *(
                            {"uri": f"{SITE}/{name}", "kind": "listed", **({"at": at.isoformat()} if at else {})}
                            for name, at in dated
                        )
                    )
                )
        else:
            others = [(f"other{number}", clock.now - timedelta(days=50, hours=number)) for number in range(9)]
            file.write_text((sitemap if kind == "sitemap" else news)(*dated, *others))
        site.pull()
    said = [days for pages in pulls for _, days in pages if days]
    (decision,) = site.gate.admit([site.page("a", days=age)]).decisions
    if said and min(said) < age:
        assert decision.codes == ("F207",)
    elif not said:
        assert decision.codes == ("F210",)
    else:
        # Of a page that one pull of news names twice, once without a date, nothing is sure.
        told = [bool(days) for _, days in pulls[-1]]
        last_tells = kind == "changes" or (any(told) and (kind == "sitemap" or all(told)))
        assert decision.admitted == last_tells
    site.gate.close()
    site.registry.close()


def test_a_proof_that_is_only_audited_excuses_from_no_other_rule(site: Site, clock: FixedClock) -> None:
    content = json.loads(site.file.read_text())
    content["sources"][0]["provenance"]["mode"] = "audit"
    site.file.write_text(json.dumps(content))
    gate = Gate(site.file, clock=clock)
    unsealed = Chunk("text", {"source": f"{SITE}/nobody", "last_modified": clock.now.isoformat()})
    assert gate.admit([unsealed]).decisions[0].codes == ("P101", "F210")
    assert not gate.admit([unsealed]).chunks


@pytest.mark.parametrize("then", [{"kind": "listed"}, {"kind": "changed", "at": 20}, {"kind": "moved", "to": "a/"}])
@pytest.mark.parametrize("is_one_pull", [True, False])
def test_a_later_line_of_a_log_takes_no_change_back(
    then: dict[str, object], is_one_pull: bool, tmp_path: Path, clock: FixedClock
) -> None:
    site = Site(tmp_path, clock, {"changes": "changes.jsonl"}, verified_within="24h", verified_by=["feed"])
    file = tmp_path / "changes.jsonl"
    file.write_text(lines({"uri": f"{SITE}/a", "at": (clock.now - DAY).isoformat()}))
    if not is_one_pull:
        site.pull()
    event = {"uri": f"{SITE}/a", **then}
    if "at" in event:
        event["at"] = (clock.now - 20 * DAY).isoformat()
    if "to" in event:
        event["to"] = f"{SITE}/a/"
    with file.open("a") as opened:
        opened.write(lines(event))
    site.pull()
    assert site.says(site.page("a", days=10)) == ["drop F207"]


def commit(folder: Path, at: datetime, name: str, text: str) -> None:
    (folder / name).write_text(text)
    git(folder, at, "add", ".")
    git(folder, at, "commit", "-qm", "write")


@pytest.fixture
def checkout(tmp_path: Path, clock: FixedClock) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, clock.now - 100 * DAY, "init", "-q", "-b", "main")
    for number, name in enumerate("abc"):
        commit(folder, clock.now - (100 - number) * DAY, f"{name}.md", "one")
    return folder


def of_checkout(folder: Path, clock: FixedClock) -> Site:
    feed = {"git": "checkout", "base": f"{SITE}/", "strip": ".md"}
    return Site(folder, clock, feed, verified_within="24h", verified_by=["feed"])


def test_a_merge_brings_old_commits_at_its_own_time(checkout: Path, tmp_path: Path, clock: FixedClock) -> None:
    site = of_checkout(tmp_path, clock)
    git(checkout, clock.now, "checkout", "-qb", "draft")
    commit(checkout, clock.now - 30 * DAY, "a.md", "two")
    git(checkout, clock.now, "checkout", "-q", "main")
    commit(checkout, clock.now - 20 * DAY, "b.md", "two")
    git(checkout, clock.now - DAY, "merge", "-q", "--no-ff", "-m", "merge", "draft")
    site.pull()
    assert site.says(*(site.page(name, days=10) for name in "abc")) == ["drop F207", "admit", "admit"]
    assert site.says(site.page("a", days=0.5)) == ["admit"]


def test_what_arrives_with_old_dates_was_changed_since_the_last_pull(
    checkout: Path, tmp_path: Path, clock: FixedClock
) -> None:
    site = of_checkout(tmp_path, clock)
    git(checkout, clock.now, "checkout", "-qb", "other")
    commit(checkout, clock.now - 30 * DAY, "a.md", "two")
    git(checkout, clock.now, "checkout", "-q", "main")
    site.pull()
    pages = [site.page(name, days=10) for name in "abc"]
    assert site.says(*pages) == ["admit", "admit", "admit"]
    clock.advance(HOUR)
    git(checkout, clock.now, "merge", "-q", "--ff-only", "other")
    site.pull()
    assert site.says(*pages) == ["drop F207", "admit", "admit"]
    assert site.says(site.page("a", days=0)) == ["admit"]
    clock.advance(HOUR)
    assert not site.pull().is_news
    assert site.says(*pages) == ["drop F207", "admit", "admit"]


def test_a_merge_of_what_was_there_before_changes_nothing_anew(
    checkout: Path, tmp_path: Path, clock: FixedClock
) -> None:
    site = of_checkout(tmp_path, clock)
    git(checkout, clock.now, "branch", "mine")
    commit(checkout, clock.now - 10 * DAY, "b.md", "two")
    site.pull()
    clock.advance(HOUR)
    git(checkout, clock.now, "checkout", "-q", "mine")
    commit(checkout, clock.now, "a.md", "two")
    git(checkout, clock.now, "merge", "-q", "--no-ff", "-m", "merge", "main")
    git(checkout, clock.now, "branch", "-f", "main", "mine")
    site.pull()
    assert site.says(*(site.page(name, days=5) for name in "abc")) == ["drop F207", "admit", "admit"]


def test_after_a_history_was_written_anew_older_texts_are_not_verified(
    checkout: Path, tmp_path: Path, clock: FixedClock
) -> None:
    site = of_checkout(tmp_path, clock)
    site.pull()
    page = site.page("a", days=10)
    assert site.says(page) == ["admit"]
    clock.advance(HOUR)
    git(checkout, clock.now - 200 * DAY, "checkout", "-q", "--orphan", "anew")
    commit(checkout, clock.now - 200 * DAY, "a.md", "two")
    git(checkout, clock.now, "branch", "-D", "main")
    git(checkout, clock.now, "reflog", "expire", "--expire=now", "--all")
    git(checkout, clock.now, "gc", "-q", "--prune=now")
    outcome = site.pull()
    assert any("rewritten" in note for note in outcome.notes)
    assert site.says(page) == ["drop F210"]
    assert site.says(site.page("a")) == ["admit"]


def test_stamps_of_a_build_that_took_its_time_say_nothing(tmp_path: Path, clock: FixedClock) -> None:
    for count, gap in ((200, timedelta(milliseconds=7)), (200, timedelta(seconds=1)), (5, timedelta(0))):
        site = Site(tmp_path, clock, {"sitemap": "sitemap.xml"}, verified_within="24h", verified_by=["feed"])
        begin = clock.now - DAY
        (tmp_path / "sitemap.xml").write_text(sitemap(*((f"p{n}", begin + n * gap) for n in range(count))))
        outcome = site.pull(accepts_losses=True)
        assert f"{count} dates are shared by very many documents, and say nothing." in outcome.notes
        assert site.says(site.page("p3", days=10)) == ["drop F210"]


def test_a_list_that_writes_its_addresses_in_another_way_has_lost_nothing(site: Site) -> None:
    whole = (site.folder / "sitemap.xml").read_text()
    (site.folder / "sitemap.xml").write_text(whole.replace("https://handbook", "http://handbook"))
    assert not site.pull().is_news
    assert site.says(site.page("a", days=25)) == ["admit"]
    (site.folder / "sitemap.xml").write_text(whole.replace("https://handbook", "https://other"))
    with pytest.raises(FeedError, match="none of its 3 documents belongs to the source"):
        site.pull()
    assert site.says(site.page("a", days=25)) == ["admit"]


def test_of_two_pulls_that_overlap_the_first_one_that_ends_counts(site: Site, clock: FixedClock) -> None:
    (rule,) = site.policy.sources[0].freshness.feeds
    opened = open_feed(rule, site.policy)
    assert isinstance(opened, Sitemap)
    feed: Sitemap = opened
    name = feed_id(rule, site.policy, "handbook", site.policy.sources[0].match)

    class Slow:
        """Reads what there is, and is overtaken before it has said so."""

        def pull(self, cursor: str, now: datetime) -> Pull:
            found = feed.pull(cursor, now)
            site.dated(b=20, c=10)
            clock.advance(HOUR)
            site.pull()
            return found

    outcome = pull_feed(
        Slow(), FeedState(name, "slow", clock.now), (UriPattern.parse(f"{SITE}/**"),), FeedRegistry(site.registry.path)
    )
    assert (outcome.is_news, outcome.listed) == (False, 3)
    assert "Another pull of it ended meanwhile" in outcome.notes[0]
    assert site.says(site.page("a", days=25)) == ["drop F212"]


@pytest.mark.parametrize(
    "change", ["moved_to = x'00'", "seen = 'soon'", "modified = x'00'", "untold_until = 9223372036854775807"]
)
def test_a_registry_that_holds_anything_keeps_out_and_crashes_nothing(change: str, site: Site) -> None:
    with sqlite3.connect(site.registry.path) as connection:
        connection.execute(f"UPDATE feed_facts SET {change}")  # noqa: S608 - a word of this file
    connection.close()
    (decision,) = site.gate.admit([site.page("a", days=25)]).decisions
    assert (decision.action, decision.codes) == ("drop", ("F210", "G901"))


def test_the_latest_date_of_a_file_counts_not_that_of_its_last_commit(tmp_path: Path, clock: FixedClock) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    git(repo, clock.now - 40 * DAY, "init", "-q", "-b", "main")
    # A rebase keeps dates, and a clock may be wrong.
    for text, days in (("one", 35), ("two", 10), ("three", 30)):
        (repo / "a.md").write_text(text)
        git(repo, clock.now - days * DAY, "add", "-A")
        git(repo, clock.now - days * DAY, "commit", "-q", "-m", text)
    site = Site(tmp_path, clock, {"git": "repo", "base": f"{SITE}/", "strip": ".md"}, verified_within="24h")
    site.pull()
    assert site.says(site.page("a", 20), site.page("a", 5)) == ["drop F207", "admit"]


def test_a_link_in_a_repository_is_changed_by_commits_about_another_file(tmp_path: Path, clock: FixedClock) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    git(repo, clock.now - 40 * DAY, "init", "-q", "-b", "main")
    (repo / "real.md").write_text("one")
    (repo / "index.md").symlink_to("real.md")
    git(repo, clock.now - 35 * DAY, "add", "-A")
    git(repo, clock.now - 35 * DAY, "commit", "-q", "-m", "x")
    site = Site(tmp_path, clock, {"git": "repo", "base": f"{SITE}/", "strip": ".md"}, verified_within="24h")
    site.pull()
    assert site.says(site.page("real", 20), site.page("index", 20)) == ["admit", "drop F210"]


@pytest.mark.parametrize(
    ("zone", "expected"), [("", "drop F210"), ("Z", "admit"), ("-04:00", "drop F207"), ("+09:00", "admit")]
)
def test_a_time_of_a_sitemap_without_a_zone_may_be_meant_anywhere(
    zone: str, expected: str, tmp_path: Path, clock: FixedClock
) -> None:
    site = Site(tmp_path, clock, {"sitemap": "sitemap.xml"}, verified_within="24h")
    noon = (clock.now - 5 * DAY).replace(hour=12, minute=0, second=0, microsecond=0)
    rows = "".join(
        f"<url><loc>{SITE}/{name}</loc><lastmod>{time:%Y-%m-%dT%H:%M:%S}{zone}</lastmod></url>"
        for name, time in (("a", noon), ("b", noon - 3 * DAY))
    )
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    (site.folder / "sitemap.xml").write_text(f'<urlset xmlns="{space}">{rows}</urlset>')
    site.pull()
    page = site.publisher.seal("text of a", f"{SITE}/a", modified=noon + timedelta(hours=3))
    assert site.says(page) == [expected]


def test_a_log_that_was_rotated_may_lack_changes(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "c.jsonl"}, verified_within="24h")
    log = site.folder / "c.jsonl"

    def event(name: str, days: float) -> dict[str, str]:
        return {"uri": f"{SITE}/{name}", "kind": "changed", "at": (clock.now - days * DAY).isoformat()}

    log.write_text(lines(event("a", 20), event("b", 20)))
    site.pull()
    assert site.says(site.page("a", 10), site.page("b", 10)) == ["admit", "admit"]
    clock.advance(timedelta(hours=1))
    log.write_text(lines(event("b", 15)))  # the old file had a change of a, and it is gone
    assert "may lack changes" in " ".join(site.pull().notes)
    assert site.says(site.page("a", 10), site.page("b", 10)) == ["drop F210", "admit"]
    clock.advance(timedelta(hours=1))
    with log.open("a") as opened:
        opened.write(lines(event("a", 0)))
    assert site.pull().notes == ()
    assert site.says(site.page("a", 10), site.page("a", 0)) == ["drop F207", "admit"]
    log.write_text("")
    site.pull()
    assert site.says(site.page("b", 10)) == ["drop F210"]


def repository(folder: Path, clock: FixedClock) -> tuple[Path, Any]:
    """Return a repository, and what commits a text of a file in it, so many days ago."""
    repo = folder / "repo"
    repo.mkdir()
    git(repo, clock.now - 60 * DAY, "init", "-q", "-b", "main")

    def commit(name: str, text: str, days: float, *, branch: str = "main") -> None:
        at = clock.now - days * DAY
        git(repo, at, "checkout", "-q", "-B", branch)
        (repo / name).write_text(text)
        git(repo, at, "add", "-A")
        git(repo, at, "commit", "-q", "-m", text)

    return repo, commit


def site_of(folder: Path, clock: FixedClock) -> Site:
    return Site(folder, clock, {"git": "repo", "base": f"{SITE}/", "strip": ".md"}, verified_within="24h")


@pytest.mark.parametrize("merges", ["off", "remerge", "first-parent", "separate", "combined"])
def test_what_a_merge_brings_is_seen_whatever_git_is_configured_to(
    merges: str, tmp_path: Path, clock: FixedClock
) -> None:
    repo, commit = repository(tmp_path, clock)
    commit("a.md", "one", 40)
    commit("z.md", "one", 40)
    git(repo, clock.now, "config", "log.diffMerges", merges)
    git(repo, clock.now, "config", "log.showRoot", "false")
    commit("a.md", "two", 30, branch="draft")
    git(repo, clock.now, "checkout", "-q", "main")
    commit("z.md", "two", 25)
    git(repo, clock.now - 10 * DAY, "merge", "-q", "--no-ff", "-m", "m", "draft")
    site = site_of(tmp_path, clock)
    site.pull()
    assert site.says(site.page("a", 20), site.page("z", 20)) == ["drop F207", "admit"]


def test_what_was_changed_and_changed_back_was_another_text_for_a_while(tmp_path: Path, clock: FixedClock) -> None:
    _, commit = repository(tmp_path, clock)
    commit("a.md", "one", 40)
    site = site_of(tmp_path, clock)
    site.pull()
    clock.advance(HOUR)
    commit("a.md", "withdrawn", 30 / 1440)
    between = site.page("a", 20 / 1440)
    commit("a.md", "one", 10 / 1440)
    site.pull()
    assert site.says(between) == ["drop F207"]


def test_a_commit_that_arrives_late_came_at_any_time_up_to_now(tmp_path: Path, clock: FixedClock) -> None:
    _, commit = repository(tmp_path, clock)
    commit("a.md", "one", 40)
    site = site_of(tmp_path, clock)
    site.pull()
    clock.advance(2 * HOUR)
    commit("a.md", "two", 30)
    site.pull()
    assert site.says(site.page("a", 1 / 24), site.page("a", 0)) == ["drop F207", "admit"]


def test_a_repository_that_has_lost_most_of_its_files_is_not_believed(tmp_path: Path, clock: FixedClock) -> None:
    repo, commit = repository(tmp_path, clock)
    for number in range(30):
        commit(f"p{number}.md", f"text {number}", 40 - number / 10)
    site = site_of(tmp_path, clock)
    site.pull()
    git(repo, clock.now, "rm", "-q", *(f"p{number}.md" for number in range(29)))
    git(repo, clock.now, "commit", "-q", "-m", "a broken job")
    clock.advance(HOUR)
    with pytest.raises(FeedError, match="has lost 29 of 30 documents"):
        site.pull()
    assert site.says(site.page("p1", 1)) == ["admit"]
    site.pull(accepts_losses=True)
    assert site.says(site.page("p1", 1)) == ["drop F212"]


def test_what_is_listed_again_after_it_was_gone_may_be_another_text(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "c.jsonl"}, verified_within="24h")
    log = site.folder / "c.jsonl"
    then = (clock.now - 20 * DAY).isoformat()
    for event, expected in (
        ({"kind": "changed", "at": then}, "admit"),
        ({"kind": "removed"}, "drop F212"),
        ({"kind": "listed"}, "drop F210"),
    ):
        with log.open("a") as opened:
            opened.write(lines({"uri": f"{SITE}/a", **event}))
        site.pull()
        assert site.says(site.page("a", 10)) == [expected]
        clock.advance(HOUR)
    assert site.says(site.page("a", 0)) == ["admit"]


def test_a_clock_that_was_wrong_for_one_pull_is_put_right_by_the_next(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "c.jsonl"}, verified_within="24h")
    log = site.folder / "c.jsonl"
    log.write_text(lines({"uri": f"{SITE}/a", "kind": "changed"}))
    clock.advance(700 * DAY)
    site.pull()
    clock.advance(-700 * DAY)
    assert site.says(site.page("a", 0)) == ["drop F207"]
    site.pull()
    clock.advance(HOUR)
    site.pull()
    assert site.says(site.page("a", 0), site.page("a", 1)) == ["admit", "drop F207"]


def test_two_entries_of_one_document_say_the_same_in_any_order(tmp_path: Path, clock: FixedClock) -> None:
    entries = [f"<updated>{(clock.now - 20 * DAY).isoformat()}</updated>", "<updated>yesterday</updated>"]
    for number, order in enumerate((entries, entries[::-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        site = Site(folder, clock, {"news": "n.xml"}, verified_within="24h")
        items = "".join(f'<entry><link href="{SITE}/a"/>{one}</entry>' for one in order)
        (folder / "n.xml").write_text(f'<feed xmlns="http://www.w3.org/2005/Atom">{items}</feed>')
        site.pull()
        assert site.says(site.page("a", 10)) == ["drop F210"]


@pytest.mark.parametrize("odd", [f"{SITE}/\ud800", f"{SITE}/x#\udfff", "https://[::1/", f"{SITE}/a\0b", "x" * 9_000])
@pytest.mark.parametrize("kind", ["changed", "removed", "moved"])
def test_no_address_in_a_log_stops_the_feed(odd: str, kind: str, tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "c.jsonl"}, verified_within="24h")
    then = (clock.now - 20 * DAY).isoformat()
    event = {"uri": f"{SITE}/q", "kind": kind, "to": odd} if kind == "moved" else {"uri": odd, "kind": kind}
    (site.folder / "c.jsonl").write_text(lines({"uri": f"{SITE}/a", "kind": "changed", "at": then}, event))
    site.pull()
    assert site.says(site.page("a", 10)) == ["admit"]


def test_what_is_gone_and_back_within_one_pull_may_be_another_text(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "c.jsonl"}, verified_within="24h")
    log = site.folder / "c.jsonl"
    then = (clock.now - 20 * DAY).isoformat()
    log.write_text(lines(*({"uri": f"{SITE}/{name}", "kind": "changed", "at": then} for name in "ab")))
    site.pull()
    with log.open("a") as opened:
        opened.write(lines({"uri": f"{SITE}/a", "kind": "removed"}, {"uri": f"{SITE}/a", "kind": "listed"}))
        opened.write(lines({"uri": f"{SITE}/b", "kind": "moved", "to": "/c"}, {"uri": f"{SITE}/b", "kind": "listed"}))
    site.pull()
    assert site.says(site.page("a", 10), site.page("b", 10)) == ["drop F210", "drop F210"]


def test_a_change_that_is_dated_a_little_ahead_is_not_brought_forward(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "c.jsonl"}, verified_within="24h")
    ahead = clock.now + timedelta(minutes=2)
    (site.folder / "c.jsonl").write_text(lines({"uri": f"{SITE}/a", "kind": "changed", "at": ahead.isoformat()}))
    site.pull()
    page = site.publisher.seal("text of a", f"{SITE}/a", modified=clock.now + timedelta(minutes=1))
    clock.advance(HOUR)
    site.pull()
    assert site.says(page) == ["drop F207"]


def test_an_import_of_very_many_files_is_no_change_of_each(tmp_path: Path, clock: FixedClock) -> None:
    repo, _ = repository(tmp_path, clock)
    for number in range(30):
        (repo / f"p{number}.md").write_text(f"text {number}")
    git(repo, clock.now - 5 * DAY, "add", "-A")
    git(repo, clock.now - 5 * DAY, "commit", "-q", "-m", "import of the wiki")
    site = site_of(tmp_path, clock)
    site.pull()
    assert site.says(site.page("p3", 10), site.page("p3", 1)) == ["drop F210", "admit"]


@pytest.mark.parametrize(
    ("written", "expected"), [("2026-05", "drop F210"), ("2026", "drop F210"), ("2026-05-12", "admit")]
)
def test_of_a_month_any_day_may_be_meant(written: str, expected: str, tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"sitemap": "sitemap.xml"}, verified_within="24h")
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    row = f"<url><loc>{SITE}/a</loc><lastmod>{written}</lastmod></url>"
    (site.folder / "sitemap.xml").write_text(f'<urlset xmlns="{space}">{row}</urlset>')
    site.pull()
    page = site.publisher.seal("text of a", f"{SITE}/a", modified=datetime(2026, 5, 12, 12, tzinfo=timezone.utc))
    assert site.says(page) == [expected]


@pytest.mark.parametrize("odd", ["yesterday", "2099-01-01"])
def test_a_date_that_says_nothing_may_stand_for_any_whatever_another_spelling_says(
    odd: str, tmp_path: Path, clock: FixedClock
) -> None:
    site = Site(tmp_path, clock, {"sitemap": "sitemap.xml"}, verified_within="24h")
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    dates = {"a": f"{clock.now - 20 * DAY:%Y-%m-%d}", "a/": odd, "b": f"{clock.now - 30 * DAY:%Y-%m-%d}"}
    rows = "".join(f"<url><loc>{SITE}/{name}</loc><lastmod>{date}</lastmod></url>" for name, date in dates.items())
    (site.folder / "sitemap.xml").write_text(f'<urlset xmlns="{space}">{rows}</urlset>')
    site.pull()
    assert site.says(site.page("a", 10), site.page("b", 10)) == ["drop F210", "admit"]


def test_news_that_a_wrong_clock_has_seen_verify_nothing_later(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"news": "n.xml"}, verified_within="24h")
    then = clock.now - 20 * DAY
    (site.folder / "n.xml").write_text(news(("a", then), ("b", then)))
    clock.advance(3 * DAY)
    site.pull()
    clock.advance(-3 * DAY)
    (site.folder / "n.xml").write_text(news(("b", then)))
    page = site.page("a", 10)
    for _ in range(6):
        site.pull()
        assert site.says(page) != ["admit"]
        clock.advance(12 * HOUR)


@pytest.mark.parametrize("is_pushed_anew", [False, True])
def test_what_a_branch_was_reset_from_is_no_longer_its_history(
    *, is_pushed_anew: bool, tmp_path: Path, clock: FixedClock
) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, clock.now, "init", "-q", "-b", "main")

    def commit(name: str, days: float) -> None:
        (repository / name).write_text(f"of {days} days ago")
        git(repository, clock.now - days * DAY, "add", "-A")
        git(repository, clock.now - days * DAY, "commit", "-q", "-m", "x")

    commit("a.md", 20)
    commit("a.md", 2)
    feed = {"git": "repository", "base": f"{SITE}/", "strip": ".md"}
    site = Site(tmp_path, clock, feed, verified_within="24h")
    site.pull()
    page = site.page("a", days=1)
    assert site.says(page) == ["admit"]
    clock.advance(HOUR)
    git(repository, clock.now, "reset", "-q", "--hard", "HEAD~1")  # the commit stays among the objects
    if is_pushed_anew:
        commit("b.md", 0)
    assert "rewritten" in " ".join(site.pull().notes)
    assert site.says(page) == ["drop F210"]


@pytest.mark.parametrize("kind", ["changed", "removed"])
def test_what_was_over_at_the_time_asked_about_stays_out(kind: str, tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "c.jsonl"}, verified_within="24h")
    log, page = site.folder / "c.jsonl", site.page("a", days=10)
    first = lines({"uri": f"{SITE}/a", "kind": "changed", "at": (clock.now - 20 * DAY).isoformat()})
    log.write_text(first)
    site.pull()
    clock.advance(DAY)
    log.write_text(first + lines({"uri": f"{SITE}/a", "kind": kind, "at": clock.now.isoformat()}))
    site.pull()
    clock.advance(5 * DAY)
    site.pull()
    code = {"changed": "F207", "removed": "F212"}[kind]
    assert site.says(page, as_of=clock.now - 2 * DAY)[0].startswith(f"drop {code}")
    # It may have been changed before that as well, so nobody verifies it for then; that it was there is known.
    then = {"changed": "drop F207 F210", "removed": "admit F212"}[kind]
    assert site.says(page, as_of=clock.now - 6 * DAY) == [then]


def test_what_comes_later_brings_nothing_back_that_was_over_by_then(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "c.jsonl"}, verified_within="24h")
    log, page = site.folder / "c.jsonl", site.page("a", days=10)
    written = lines({"uri": f"{SITE}/a", "kind": "changed", "at": (clock.now - 20 * DAY).isoformat()})
    asked = clock.now + 2 * DAY
    for kind, days in (("changed", 1), ("removed", 3), ("changed", 2), ("removed", 1)):
        clock.advance(days * DAY)
        written += lines({"uri": f"{SITE}/a", "kind": kind, "at": clock.now.isoformat()})
        log.write_text(written)
        site.pull()
        if clock.now > asked:
            assert site.says(page, as_of=asked)[0].startswith("drop")


def test_an_older_copy_of_a_log_brings_nothing_back(tmp_path: Path, clock: FixedClock) -> None:
    site = Site(tmp_path, clock, {"changes": "c.jsonl"}, verified_within="24h")
    log, page = site.folder / "c.jsonl", site.page("a", days=10)
    events = [{"uri": f"{SITE}/{name}", "kind": "changed", "at": (clock.now - 20 * DAY).isoformat()} for name in "ab"]
    log.write_text(lines(*events, {"uri": f"{SITE}/a", "kind": "removed"}))
    site.pull()
    assert site.says(page) == ["drop F212"]
    clock.advance(HOUR)
    log.write_text(lines(*events))
    assert "may lack changes" in " ".join(site.pull().notes)
    assert site.says(page, site.page("b", days=10)) == ["drop F210", "drop F210"]

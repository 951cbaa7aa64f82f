"""Which addresses are one document: for versions only, and never for the question of who may speak for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Gate
from headgate.freshness import identify_document
from headgate.freshness.sites import RULES, SiteRule
from headgate.policy import normalise_uri
from headgate.testing import FixedClock, Publisher

SHA = "3f2c1e0d9b" * 4
PAGE = "59" * 16
W, GITHUB, GOOGLE = "https://w.example", "https://github.com/o/r", "https://docs.google.com"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_examples_of_a_site_are_one_page(rule: SiteRule) -> None:
    one, other = rule.example
    assert one != other
    assert identify_document(one) == identify_document(other) is not None


@pytest.mark.parametrize(
    "spellings",
    [
        [f"{W}/a", "http://w.example/a/", f"{W}/a/index.html", f"{W}/a?utm_source=x"],
        [f"{W}/a?x=1&y=2", f"{W}/a?y=2&x=1&fbclid=abc", "http://W.example:80/a?y=2&x=1"],
        [W, f"{W}/", f"{W}/index.htm", "http://w.example/?gclid=1"],
        [f"{GITHUB}/blob/{SHA}/a.md", f"{GITHUB}/blob/main/a.md", f"{GITHUB}/raw/HEAD/a.md"],
        ["https://raw.githubusercontent.com/o/r/refs/heads/main/a.md", f"{GITHUB}/blame/master/a.md"],
        ["https://drive.google.com/file/d/1x/view?usp=sharing", "https://drive.google.com/open?id=1x"],
        [f"{GOOGLE}/document/u/0/d/1x/edit", f"{GOOGLE}/document/d/1x"],
        ["https://arxiv.org/abs/math.GT/0309136v1", "http://export.arxiv.org/pdf/math.GT/0309136"],
        ["https://en.m.wikipedia.org/wiki/A_b", "https://en.wikipedia.org/w/index.php?title=A_b&oldid=7"],
        ["https://a.atlassian.net/wiki/spaces/HR/pages/43/Old", "https://a.atlassian.net/wiki/spaces/HR/pages/43/New"],
        ["s3://b/l.docx?versionId=1", "s3://b/l.docx"],
        ["https://github.com/Acme/Docs/blob/main/A.md", "https://github.com/acme/docs/blob/main/A.md"],
        ["https://gitlab.com/Acme/docs/-/blob/main/a.md", "https://gitlab.com/acme/docs/-/raw/main/a.md"],
        ["https://en.wikipedia.org/wiki/leave__of_absence", "https://en.wikipedia.org/w/index.php/Leave_of_absence"],
        ["https://en.wikipedia.org/wiki/Leave?useskin=vector", "https://en.wikipedia.org/wiki/Leave"],
        ["https://arxiv.org/abs/arXiv:2501.00001", "https://arxiv.org/abs/2501.00001"],
        ["https://drive.google.com/uc?id=1x", "https://drive.google.com/file/d/1x/view"],
        ["https://a.sharepoint.com/:w:/r/sites/HR/L.docx?d=w1&csf=1", "https://a.sharepoint.com/sites/hr/l.docx"],
        [
            "https://b.s3.eu-west-1.amazonaws.com/l.docx",
            "https://s3.amazonaws.com/b/l.docx",
            "https://s3.dualstack.us-east-2.amazonaws.com/b/l.docx",
            "https://b.s3-accelerate.amazonaws.com/l.docx",
        ],
        [
            "https://x.atlassian.net/wiki/pages/viewpage.action?pageId=43",
            "https://x.atlassian.net/wiki/spaces/HR/pages/43/Leave",
            "https://x.atlassian.net/wiki/spaces/HR/pages/edit-v2/43",
        ],
    ],
)
def test_other_spellings_are_the_same_document(spellings: list[str]) -> None:
    assert len({identify_document(one) for one in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{W}/a", f"{W}/b"),
        (f"{W}/a", "https://v.example/a"),
        (f"{W}/a?page=1", f"{W}/a?page=2"),
        (f"{W}:8443/a", f"{W}/a"),
        (f"{W}/a#one", f"{W}/a#two"),
        (f"{GITHUB}/blob/v1.0/a.md", f"{GITHUB}/blob/main/a.md"),
        (f"{GITHUB}/issues/1", f"{GITHUB}/issues/2"),
        (GITHUB, "https://github.com/o/s"),
        (f"{GOOGLE}/spreadsheets/d/1x/edit?gid=1", f"{GOOGLE}/spreadsheets/d/1x/edit?gid=2"),
        ("https://arxiv.org/abs/2501.00001", "https://arxiv.org/abs/2501.00002"),
        ("https://en.wikipedia.org/wiki/A", "https://de.wikipedia.org/wiki/A"),
        ("https://en.wikipedia.org/w/index.php?title=A&action=history", "https://en.wikipedia.org/wiki/A"),
        (f"https://www.notion.so/A-{PAGE}", f"https://www.notion.so/A-{'60' * 16}"),
        (f"{W}/spaces/HR/pages/43", f"{W}/spaces/HR/pages/44"),
        ("s3://b/l.docx?part=1", "s3://b/l.docx?part=2"),
        ("file:docs/a.md", "file:docs/b.md"),
        (f"{GOOGLE}/document/d/e/2PACX-1a/pub", f"{GOOGLE}/document/d/e/2PACX-1b/pub"),
        (f"{GOOGLE}/forms/d/e/1a/viewform", f"{GOOGLE}/forms/d/e/1b/viewform"),
        (f"{GOOGLE}/document/d/1x/edit?tab=t.0", f"{GOOGLE}/document/d/1x/edit?tab=t.1"),
        (f"https://www.notion.so/A-{PAGE}?p={'60' * 16}", f"https://www.notion.so/A-{PAGE}"),
        (
            "https://en.wikipedia.org/wiki/Special:Search?search=a",
            "https://en.wikipedia.org/wiki/Special:Search?search=b",
        ),
        ("https://zh.wikipedia.org/w/index.php?title=X&variant=zh-tw", "https://zh.wikipedia.org/wiki/X"),
        ("https://en.wikipedia.org/wiki/%FF", "https://en.wikipedia.org/wiki/%FE"),
        (f"{W}/spaces/a/pages/1/intro", f"{W}/spaces/a/pages/1/setup"),
        ("https://a.sharepoint.com/x?id=1&id=2", "https://a.sharepoint.com/x?id=3&id=2"),
    ],
)
def test_other_pages_are_other_documents(one: str, other: str) -> None:
    assert identify_document(one) != identify_document(other)


def test_a_source_is_matched_by_the_address_as_it_is_written(clock: FixedClock) -> None:
    publisher = Publisher("code", f"{GITHUB}/blob/main/**", clock)
    gate = Gate({"sources": [publisher.source()]}, clock=clock)
    for address in (f"{GITHUB}/blob/{SHA}/a.md", "http://github.com/o/r/blob/main/a.md"):
        (decision,) = gate.admit([publisher.seal("text", address)]).decisions
        assert not decision.admitted
        assert decision.source == "default"


def test_an_earlier_text_under_another_spelling_is_superseded(clock: FixedClock) -> None:
    publisher = Publisher("code", [f"{GITHUB}/**", "https://raw.githubusercontent.com/o/r/**"], clock)
    gate = Gate({"sources": [publisher.source()]}, clock=clock)
    old = publisher.seal("old", f"{GITHUB}/blob/{SHA}/a.md", version=1)
    new = publisher.seal("new", "https://raw.githubusercontent.com/o/r/main/a.md", version=2)
    assert [one.codes for one in gate.admit([old, new]).decisions] == [("F205",), ()]


SITES = ["github.com", "raw.githubusercontent.com", "gitlab.com", "docs.google.com", "a.sharepoint.com", "arxiv.org"]
HOSTS = st.sampled_from([*SITES, "en.wikipedia.org", "www.notion.so", "b.s3.amazonaws.com", "w.example"])
WORDS = ["blob", "main", SHA, "d", "document", "abs", "2501.00001v1", "wiki", "spaces", "pages", "43", "-"]
KNOWN = st.sampled_from(WORDS)
PARTS = st.lists(KNOWN | st.text(st.characters(codec="utf-8", exclude_characters="#?"), max_size=6), max_size=8)
NAMES = st.sampled_from(["title", "id", "gid", "utm_x", "web", "versionId", "a"])
QUERIES = st.lists(st.tuples(NAMES, st.text(max_size=5)), max_size=4)


@given(st.sampled_from(["http", "https"]), HOSTS, PARTS, QUERIES)
def test_any_address_is_one_document_and_its_one_spelling_is_its_own(
    scheme: str, host: str, parts: list[str], query: list[tuple[str, str]]
) -> None:
    asked = "?" + "&".join(f"{name}={value}" for name, value in query) if query else ""
    url = f"{scheme}://{host}/{'/'.join(parts)}{asked}"
    document = identify_document(url)
    assert (document is None) == (normalise_uri(url) is None)
    if document is not None and "#" not in document:
        assert identify_document(document) in (document, None)


def test_the_order_of_what_one_parameter_is_given_twice_may_choose_a_page() -> None:
    page = "https://docs.example/search"
    assert identify_document(f"{page}?id=1&id=2&a=3") == identify_document(f"{page}?a=3&id=1&id=2")
    assert identify_document(f"{page}?id=1&id=2") != identify_document(f"{page}?id=2&id=1")

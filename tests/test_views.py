"""What notebooks and terminals show: complete, small, inert, and readable without colour, style or script."""

from __future__ import annotations

import base64
import random
import re
import shutil
import subprocess
import unicodedata
from datetime import datetime, timezone
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from headgate import Chunk, Gate, Glossary, Policy
from headgate.corpus import Audit, CorpusItem, audit_corpus
from headgate.report import document_page, show, to_html, to_text
from headgate.testing import HOSTILE_STRINGS, FixedClock, Publisher

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
TAGS = {
    *("html", "head", "body", "div", "style", "p", "strong", "span", "img", "table", "thead", "tbody", "tr", "th"),
    *("td", "code", "br", "del", "ins", "h2", "h3", "caption", "picture", "source", "bdi", "wbr", "details", "summary"),
    *("dl", "dt", "dd", "a", "pre", "q"),
}
ATTRIBUTES = {"class", "scope", "src", "alt", "width", "height", "dir", "data-label", "media", "srcset", "href", "id"}
GLOSSARY = Glossary.from_mapping({"Kubernetes": ["k8s", "kubernets"], "continuous integration": ["CI"]})
PIECES = (
    *HOSTILE_STRINGS[:40],
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "</style><script>x()</script>",
    '" onmouseover="x()',
    "' autofocus onfocus=x() '",
    "</td></tr></table><iframe src=//x.example>",
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[",
    "&lt;script&gt;",
    "&#60;b&#62;",
    "\u202e",
    "\u2066",
    "\u200b",
    "\U000e0001",
    "\ufe0f",
    "\x00",
    "\x1b[31m",
    "\x08",
    "javascript:x()",
    "data:text/html,<script>x()</script>",
    "[bold red]x[/]",
    "k8s",
    "CI",
)


def hostile_strings(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(PIECES, k=chance.randint(1, 4)))[:2_000] for _ in range(count)]


def parsed(page: str) -> LexborHTMLParser:
    return LexborHTMLParser(page)


def first(place: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    return place.css(selector)[0]


def assert_inert(page: str) -> None:
    root = parsed(page).root
    assert root is not None
    for node in root.traverse():
        assert node.tag in TAGS, node.tag
        assert set(node.attributes) <= ATTRIBUTES, node.attributes
        if node.tag == "img":
            assert (node.attributes["src"] or "").startswith("data:image/svg+xml;base64,")
        if node.tag == "source":
            assert (node.attributes["srcset"] or "").startswith("data:image/svg+xml;base64,")
        if node.tag == "a":
            assert re.fullmatch(r"#code-[A-Z]\d{3}", node.attributes["href"] or "")
        if "id" in node.attributes:
            assert re.fullmatch(r"code-[A-Z]\d{3}", node.attributes["id"] or "")
        if node.tag == "style":
            assert node.text() in STYLES
    shown = root.text()
    assert all(c.isprintable() or c in "\n\t" or unicodedata.category(c) == "Zs" for c in shown)
    assert not set(shown) & set("\u202e\u2066\u200b\x1b\x00\x08")


STYLES = {node.text() for node in parsed(to_html(GLOSSARY)).css("style")}


@pytest.fixture
def publisher() -> Publisher:
    return Publisher("docs", "https://docs.example/**", FixedClock(NOW))


@pytest.fixture
def gate(publisher: Publisher, tmp_path: Path) -> Gate:
    (tmp_path / "terms.yaml").write_text("terms: {Kubernetes: [k8s]}")
    rules = {"freshness": {"max_age": "90d"}, "terminology": [str(tmp_path / "terms.yaml")]}
    return Gate({"sources": [publisher.source(**rules)]}, clock=publisher.clock)


def retrieval(publisher: Publisher) -> list[Chunk]:
    page = "https://docs.example/setup"
    return [
        publisher.seal("Install k8s first.", page),
        publisher.seal("Install it by hand.", page, modified=publisher.clock.ago(days=400)),
        Chunk("Install mine.", {"source": page}),
    ]


def test_an_admission_shows_every_document_its_badge_reason_age_and_change(gate: Gate, publisher: Publisher) -> None:
    page = parsed(to_html(gate.admit(retrieval(publisher), "how?")))
    rows = page.css("tbody tr")
    assert [first(row, ".badge").text() for row in rows] == [
        "\u2717 dropped",
        "\u2717 dropped",
        "\u2713 admitted",
    ]
    assert [first(row, "td").text() for row in rows] == ["2", "3", "1"], "the rank of each"
    assert first(rows[2], "del").text() == "k8s"
    assert first(rows[2], "ins").text() == "Kubernetes"
    assert "400 days" in rows[0].text()
    assert "F202" in rows[0].text()
    assert "P101" in rows[1].text()
    assert "3 documents: 1 admitted, 2 dropped." in page.root.text()  # type: ignore[union-attr]
    assert first(page, "img").attributes["alt"] == (
        "3 retrieved, 1 admitted. Lost to P101 no seal: 1; F202 older than max_age: 1"
    )


def test_a_policy_that_drops_everything_says_what_dropped_most(publisher: Publisher) -> None:
    gate = Gate({}, clock=publisher.clock)
    admission = gate.admit([Chunk("a", {"source": "https://x.example/1"}), Chunk("b"), Chunk("c")])
    assert "Nothing is left, mostly because of P109 source not in policy." in to_html(admission)
    assert "Nothing is left, mostly because of P109 source not in policy." in to_text(admission)


def test_audit_mode_says_what_would_be_dropped(publisher: Publisher) -> None:
    gate = Gate({"mode": "audit", "sources": [publisher.source()]}, clock=publisher.clock)
    page = to_html(gate.admit(retrieval(publisher)))
    assert "3 admitted, 0 dropped (mode audit: 2 would be)" in page
    assert "! would be dropped" in page


def test_every_kind_of_value_has_all_three_forms(gate: Gate, publisher: Publisher) -> None:
    admission = gate.admit(retrieval(publisher))
    audit = audit_corpus(gate, [CorpusItem("line 1", chunk) for chunk in retrieval(publisher)], NOW)
    values = [admission, admission.decisions[1], GLOSSARY, GLOSSARY.rewrite("k8s and CI"), gate.policy, audit]
    for value in values:
        bundle = value._repr_mimebundle_()
        assert set(bundle) == {"text/plain", "text/html"}
        assert set(value._repr_mimebundle_(include={"text/html"})) == {"text/html"}
        assert set(value._repr_mimebundle_(exclude={"text/html"})) == {"text/plain"}
        assert value._repr_html_() == bundle["text/html"]
        assert bundle["text/plain"].strip()
        assert_inert(bundle["text/html"])


def test_a_recorded_admission_is_shown_like_a_live_one(gate: Gate, publisher: Publisher) -> None:
    chunks = retrieval(publisher)
    admission = gate.admit(chunks)
    recorded = show(admission.to_dict(), [chunk.text for chunk in chunks])
    assert recorded._repr_html_() == admission._repr_html_()
    assert to_text(recorded) == to_text(admission)


ODD: list[object] = [None, 3, "x", [], {}, [None], [{}], {"a": []}, float("inf"), float("nan"), -1.5, 10**400, True]


@pytest.mark.parametrize("value", ODD, ids=str)
def test_a_record_of_somebody_elses_making_is_shown_too(value: object) -> None:
    names = ("action", "findings", "uri", "source", "edits", "age_seconds", "assurance")
    for name in names:
        assert_inert(to_html(show({"decisions": [{"uri": "u", name: value}]}, ["text"])))
    for name in ("decisions", "mode", "now", "seconds", "as_of", "policy_revision", "admission"):
        page = to_html(show({name: value}))
        assert_inert(page)
        assert to_text(show({name: value}))


def test_an_empty_corpus_and_an_empty_retrieval_say_so(gate: Gate) -> None:
    assert "The corpus is empty" in to_html(Audit(gate.policy_revision, NOW))
    assert "No document was retrieved" in to_html(gate.admit([]))


def test_values_of_other_kinds_have_no_view() -> None:
    with pytest.raises(TypeError, match="no view of str"):
        to_html("text")


def test_100_000_hostile_strings_stay_text(publisher: Publisher) -> None:
    glossary = {"terms": {"Kubernetes": ["k8s"], "</style><b>": ["CI"]}}
    source = {"id": "docs", "match": "https://**/**", "provenance": {"require": "none"}}
    gate = Gate({"mode": "warn", "sources": [source], "default": {"provenance": {"require": "none"}}})
    rewriting = Glossary.from_mapping(glossary["terms"])
    for seed in range(400):
        strings = hostile_strings(250, seed)
        chunks = [
            Chunk(text, {"source": source, "last_modified": time, "title": name}, id=identifier)
            for text, source, time, name, identifier in zip(*(strings[n::5] for n in range(5)), strict=True)
        ]
        assert_inert(to_html(gate.judge(chunks, strings[0])))
        assert_inert(to_html(rewriting.rewrite(" ".join(strings[:20]))))


@given(st.lists(st.text(max_size=80), min_size=5, max_size=40))
def test_whatever_a_document_holds_stays_text(strings: list[str]) -> None:
    gate = Gate({"mode": "warn", "default": {"provenance": {"require": "none"}}})
    chunks = [Chunk(text, {"source": text, "last_modified": text, text: text}, id=text) for text in strings]
    assert_inert(to_html(gate.judge(chunks, strings[0])))
    assert_inert(to_html(Glossary.from_mapping({"Kubernetes": ["k8s"]}).rewrite("k8s ".join(strings))))


def test_the_charts_are_well_formed_whatever_they_are_labelled(gate: Gate) -> None:
    from headgate.report import Bar, bar_chart, line_chart

    for label in hostile_strings(300, 1):
        for image in (
            bar_chart([Bar(label, 3, 1, label)], alt=label),
            line_chart([(label, [(0, 0), (1, 1)])], alt=label, x_ticks=[(0, label)], y_ticks=[], mark=(0.5, label)),
        ):
            assert_inert(image)
            drawn = re.findall(r'base64,([^"]+)"', image)
            assert len(drawn) == 2, "for a page and for a phone"
            for data in drawn:
                root = ElementTree.fromstring(base64.b64decode(data))  # noqa: S314 - our own output is under test
                names = {node.tag.partition("}")[2] for node in root.iter()}
                assert names <= {"svg", "style", "rect", "text", "line", "path", "defs", "pattern"}


@pytest.mark.parametrize("text", ["k8s " * 100_000, "\u202e" * 100_000, "<" * 1_000_000, "a k8s " * 3_000])
def test_no_display_weighs_more_than_256_kilobytes(text: str) -> None:
    gate = Gate({"mode": "warn", "default": {"provenance": {"require": "none"}}})
    chunks = [Chunk(text[:-n] if n else text, {"source": text[:5_000]}, id=text[:9_000]) for n in range(300)]
    page = to_html(gate.judge(chunks, text))
    assert len(page.encode()) <= 256_000
    assert "more documents, not shown here" in page
    page = to_html(Glossary.from_mapping({"Kubernetes": ["k8s"]}).rewrite(text[:400_000]))
    assert len(page.encode()) <= 256_000


def test_large_glossaries_and_policies_stay_within_the_bound() -> None:
    names = {f"{'<' * 150}term {n}": [f"{'&' * 150}alias {n}-{m}" for m in range(20)] for n in range(500)}
    assert len(to_html(Glossary.from_mapping(names)).encode()) <= 256_000
    sources = [
        {"id": f"source-{n}", "match": [f"https://h{n}.example/{'a' * 200}/**"], "provenance": {"require": "declared"}}
        for n in range(1_000)
    ]
    page = to_html(Policy.from_mapping({"sources": sources}))
    assert len(page.encode()) <= 256_000
    assert "more sources, not shown here" in page


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here")
def test_a_real_browser_sees_no_element_that_a_document_wrote(gate: Gate, tmp_path: Path) -> None:
    attack = "<script>document.body.id='owned'</script><img src=x onerror=\"document.body.id='owned'\">"
    chunks = [
        Chunk(f"{attack}{text}", {"source": attack, "title": attack}, id=attack) for text in hostile_strings(40, 9)
    ]
    (tmp_path / "page.html").write_text(document_page("views", to_html(gate.judge(chunks))), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
    command += ["--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(  # noqa: S603 - a browser on our own page
        [*command, "--virtual-time-budget=3000", "--dump-dom", (tmp_path / "page.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "owned" not in re.findall(r"<body[^>]*>", done.stdout)[0]
    page = parsed(done.stdout)
    assert not page.css("script, iframe, object, embed, svg")
    assert len(page.css("img")) == 1
    assert len(page.css("tbody tr")) == 40


def test_an_audit_tells_of_warnings_on_what_it_would_admit(publisher: Publisher) -> None:
    rules = {"provenance": {"require": "declared"}, "freshness": {"max_age": "90d", "missing": "warn"}}
    gate = Gate({"sources": [{"id": "files", "match": "file:**", **rules}]}, clock=FixedClock(NOW))
    fresh = {"source": "file:b", "last_modified": NOW.isoformat()}
    chunks = [Chunk("a", {"source": "file:a"}), Chunk("b", fresh), Chunk("c", {"source": "file:c"})]
    audit = audit_corpus(gate, [CorpusItem(f"line {n}", chunk) for n, chunk in enumerate(chunks)], NOW)
    for shown in (to_text(audit), to_html(audit)):
        assert "3 of 3 documents are admissible (100%), 2 of them with a warning." in shown
        assert "F203" in shown
        assert "Admissible, with a warning" in shown
    silent = audit_corpus(gate, [CorpusItem("line 1", chunks[1])], NOW)
    assert "1 of 1 document is admissible (100%)." in to_text(silent)
    assert "warning" not in to_text(silent)

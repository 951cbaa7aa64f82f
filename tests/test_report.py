"""What people look at cannot be written by a document."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from headgate import Glossary
from headgate.report import diff_html, document_page, escape, visible
from headgate.testing import HOSTILE_STRINGS

texts = (
    st.sampled_from(HOSTILE_STRINGS)
    | st.text(max_size=200)
    | st.text("<>&\"'/=! scriptonerr`\u202e\u200b\0", max_size=60)
)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parse(page: str) -> Tags:
    parser = Tags()
    parser.feed(page)
    parser.close()
    return parser


@given(texts)
def test_escaped_text_opens_no_tag_but_the_marks_of_hidden_characters(text: str) -> None:
    parsed = parse(escape(text))
    assert all(tag == "span" and attributes == {"class": "hidden"} for tag, attributes in parsed.tags)


@given(texts)
def test_nothing_stays_hidden(text: str) -> None:
    for shown in (visible(text), escape(text)):
        assert all(c.isprintable() or c in "\n\t" or unicodedata.category(c) == "Zs" for c in shown)
        assert not set(shown) & set("\u202e\u202d\u2066\u200b\u200d\ufeff\x1b\0\u2028")


@given(texts)
def test_plain_text_reads_as_it_was(text: str) -> None:
    if text.isascii() and text.isprintable():
        assert "".join(parse(f"<p>{escape(text)}</p>").text) == text
        assert visible(text) == text


@given(texts, texts)
def test_a_diff_draws_recorded_edits_and_nothing_else(before: str, after: str) -> None:
    original = f"{before} k8s {after}".encode("utf-8", "replace").decode()
    rewrite = Glossary.from_mapping({"<b>Kubernetes</b>": ["k8s"]}).rewrite(original)
    parsed = parse(diff_html(original, rewrite.edits, context=None))
    assert {tag for tag, _ in parsed.tags} <= {"del", "ins", "span"}
    assert sum(tag == "ins" for tag, _ in parsed.tags) == len(rewrite.edits)


def test_a_page_has_no_script_and_forbids_it() -> None:
    page = document_page("<script>", escape("<script>alert(1)</script>"))
    tags = [tag for tag, _ in parse(page).tags]
    assert "script" not in tags
    policy = next(attributes["content"] for tag, attributes in parse(page).tags if "http-equiv" in attributes)
    assert policy is not None
    assert "default-src 'none'" in policy

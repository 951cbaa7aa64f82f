"""The text of an HTML page, and what its head says of it. Uses the standard library's parser, within its bounds."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from headgate.freshness import RESTRICTING_ROLES
from headgate.freshness.catalogue import AGE_ROLES, present_roles
from headgate.policy import MetadataKeys

__all__ = ["MAX_HTML_BYTES", "decode_html", "read_html"]

MAX_HTML_BYTES = 2_000_000

_HIDDEN = frozenset(("script", "style", "template", "noscript", "svg", "iframe", "object", "canvas", "title"))
_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "br", "caption", "dd", "details", "dialog", "div", "dl"),
        *("dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hr", "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot"),
        *("th", "thead", "tr", "ul"),
    )
)
_MOST_ENTRIES = 200
_LONGEST_VALUE = 2_000
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.I)
_LOOKED_AT = 2_048
# What pages are written in; other names would let a page choose among all of Python's codecs.
_CHARSETS = frozenset(
    (
        *("utf-8", "utf8", "us-ascii", "latin1", "iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-15"),
        *(f"windows-125{number}" for number in range(8)),
        *("koi8-r", "koi8-u", "shift_jis", "euc-jp", "iso-2022-jp", "gb2312", "gbk", "gb18030", "big5", "euc-kr"),
    )
)
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0]+")
_LINES = re.compile(r" ?\n[ \n]*")


def decode_html(data: bytes) -> str:
    """Return a page as text: in UTF-8, otherwise in the encoding that it names.

    Raises:
        ValueError: it is in neither.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        named = _CHARSET.search(data[:_LOOKED_AT])
        charset = named[1].decode("ascii").lower() if named else ""
        if charset not in _CHARSETS:
            raise ValueError(f"byte {error.start} is not UTF-8") from None
    try:
        return data.decode(charset)
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not {charset}") from None


def read_html(page: str) -> tuple[dict[str, object], str]:
    """Return what the head of a page says (title, dates, ends of validity) and the text that a reader would see.

    Scripts, styles and comments are left out, and a tag or comment that never ends takes the rest with it, as in a
    browser.
    """
    parser = _Page()
    parser.feed(page)
    # Not `close`, which looks for the end of everything that is open, over and over; this says that the text is over.
    parser.feed("<br>")
    text = _LINES.sub("\n", _BLANKS.sub(" ", "".join(parser.parts))).strip()
    unread = present_roles(dict.fromkeys(parser.lost, ""), MetadataKeys())
    lost = sorted(key for role in RESTRICTING_ROLES for key in unread.get(role, ()))
    if lost:
        raise ValueError(f"its head says {lost[0][:80]!r} in several values, among too many, or at too great a length")
    roles = present_roles(parser.entries, MetadataKeys())
    kept = {key for role in (*AGE_ROLES, *RESTRICTING_ROLES) for key in roles.get(role, ())}
    metadata: dict[str, object] = {key: value for key, value in parser.entries.items() if key in kept}
    title = " ".join("".join(parser.title).split())
    if title:
        metadata["title"] = title[:_LONGEST_VALUE]
    return metadata, text


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.title: list[str] = []
        self.entries: dict[str, str] = {}
        self.lost: set[str] = set()  # what is there in several values, or too long
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            self._note(dict(attrs))
        elif tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HIDDEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and tag == self._hidden[-1]:
            self._hidden.pop()
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
        elif self._hidden[-1] == "title":
            self.title.append(data)

    def _note(self, attributes: dict[str, str | None]) -> None:
        # Not `http-equiv`, by which pages speak to caches: its `expires` is about a copy, not about what is said.
        name, content = attributes.get("name") or attributes.get("property"), attributes.get("content")
        if not name or not content:
            return
        fits = len(self.entries) < _MOST_ENTRIES and len(name) + len(content) <= _LONGEST_VALUE
        if fits and self.entries.setdefault(name, content) == content:
            return
        self.lost.add(name[:_LONGEST_VALUE])

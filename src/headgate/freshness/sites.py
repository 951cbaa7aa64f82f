"""How well-known sites spell one page in several ways: data, with the documentation that each rule rests on.

A rule takes an address in its normal form apart and puts the one spelling together that all others are compared by. It
says nothing about who may speak for the page: that is decided by the address as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode

__all__ = ["RULES", "SiteRule", "one_spelling", "without_noise"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_HEX32 = re.compile(r"(?:^|-)([0-9a-f]{32})$")
# What mail and advertising systems append to links to count who follows them; it never chooses a page.
_TRACKING = re.compile(
    r"utm_[a-z_]+|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|igshid|yclid|ref_src"
)
_INDEX = re.compile(r"/index\.html?$")
_BRANCHES = frozenset(("main", "master", "HEAD"))
_MOST_PARAMETERS = 64
_SHARED = re.compile(r"^/:[a-z]:/[a-z]/", re.IGNORECASE)
_BLANKS = re.compile(r"[ _]+")
_S3_HOST = re.compile(r"(?:^|\.)s3(?:-accelerate)?(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com$")
_CONFLUENCE = re.compile(r"(?:^|\.)(?:confluence|wiki)[a-z0-9-]*\.|\.atlassian\.net$")
# The namespace of pages that a wiki makes up, in the languages of its largest editions.
_MADE = frozenset(
    (
        "special",
        "spezial",
        "spécial",
        "especial",
        "speciale",
        "speciaal",
        "служебная",
        "特別",
        "特殊",
        "specjalna",
        "spesial",
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """An address in parts.

    Attributes:
        host: its host.
        path: its path.
        query: its parameters, as far as they can choose a page.
    """

    host: str
    path: str
    query: Mapping[str, str]

    def __str__(self) -> str:
        return f"https://{self.host}{self.path}" + (f"?{urlencode(sorted(self.query.items()))}" if self.query else "")


@dataclass(frozen=True, slots=True)
class SiteRule:
    """How one kind of site spells its pages.

    Attributes:
        name: of the site.
        hosts: its hosts, as a pattern.
        rewrite: from a place to the one spelling, or None where the rule does not fit.
        example: two spellings of one page.
        source: where that is documented.
    """

    name: str
    hosts: re.Pattern[str]
    rewrite: Callable[[Place], Place | None]
    example: tuple[str, str]
    source: str


def without_noise(path: str, query: str) -> tuple[str, str]:
    """Return a path and a query without what never chooses a page: tracking, the order of parameters, `index.html`."""
    parameters = query.split("&")
    if len(parameters) <= _MOST_PARAMETERS:
        kept = [one for one in parameters if not _TRACKING.fullmatch(one.partition("=")[0])]
        # By name alone: of a parameter that is given twice, the order may choose the page.
        kept.sort(key=lambda one: one.partition("=")[0])
        query = "&".join(kept)
    return _INDEX.sub("/", path), query


def one_spelling(host: str, path: str, query: str) -> str | None:
    """Return the one spelling of a page of a well-known site; None for other places."""
    rule = next((rule for rule in RULES if rule.hosts.fullmatch(host)), None)
    if rule is None or query.count("&") >= _MOST_PARAMETERS:
        return None
    parameters = parse_qsl(query, keep_blank_values=True)
    if len(dict(parameters)) < len(parameters):  # which one of two a site takes is its own affair
        return None
    place = rule.rewrite(Place(host, path, dict(parameters)))
    return str(place) if place is not None else None


def _github(place: Place) -> Place | None:
    parts = place.path.split("/")
    if place.host == "raw.githubusercontent.com":
        parts = ["", *parts[1:3], "blob", *parts[3:]]
        if parts[4:6] == ["refs", "heads"]:
            del parts[4:6]
    if len(parts) < 6 or parts[3] not in ("blob", "raw", "blame", "edit"):
        return None
    # Other branches and tags are editions of their own; a commit is a moment of one that the address does not name.
    reference = "main" if _COMMIT.fullmatch(parts[4]) or parts[4] in _BRANCHES else parts[4]
    # Owners and repositories are known in any case, files in theirs only.
    return Place("github.com", "/".join([*map(str.lower, parts[:3]), "blob", reference, *parts[5:]]), {})


def _gitlab(place: Place) -> Place | None:
    found = re.fullmatch(r"(/.+)/-/(?:blob|raw|blame)/([^/]+)/(.+)", place.path)
    if found is None:
        return None
    project, reference, file = found.groups()
    is_default = _COMMIT.fullmatch(reference) or reference in _BRANCHES
    return Place(place.host, f"{project.lower()}/-/blob/{'main' if is_default else reference}/{file}", {})


def _google(place: Place) -> Place | None:
    # What was published to the web has an identifier of its own, behind an `e`.
    found = re.match(
        r"/(document|spreadsheets|presentation|forms|file)/(?:u/\d+/)?d/((?:e/)?[A-Za-z0-9_-]{2,})(?:/|$)", place.path
    )
    if found is not None:
        kind, identifier = found.groups()
        # A sheet of a spreadsheet is a page of its own, and so are the tabs of a text and single slides.
        query = {name: place.query[name] for name in ("gid", "tab", "slide") if name in place.query}
        return Place("docs.google.com", f"/{kind}/d/{identifier}", query)
    if place.path in ("/open", "/uc") and "id" in place.query:
        return Place("docs.google.com", f"/file/d/{place.query['id']}", {})
    return None


def _sharepoint(place: Place) -> Place | None:
    query = {name: value for name, value in place.query.items() if name not in ("web", "csf", "e", "cid", "d")}
    # A link that is shared has a word and a letter before its path; paths are known in any case.
    return Place(place.host, _SHARED.sub("/", place.path).lower(), query)


def _arxiv(place: Place) -> Place | None:
    found = re.fullmatch(
        r"(?i:/(?:abs|pdf|html)/(?:arxiv:)?)((?:[a-z-]+(?:\.[A-Z]{2})?/)?[0-9.]+?)(?:v\d+)?(?:\.pdf)?", place.path
    )
    return Place("arxiv.org", f"/abs/{found[1]}", {}) if found is not None else None


def _mediawiki(place: Place) -> Place | None:
    # Whatever else is asked for, such as a variant of a language or the next part of a list, shows something else.
    if not place.query.keys() <= {"title", "oldid", "action", "useskin"} or place.query.get("action", "view") != "view":
        return None
    title = place.query.get("title")
    start = next((start for start in ("/wiki/", "/w/index.php/") if place.path.startswith(start)), None)
    if title is None and start is not None:
        title = _decoded(place.path.removeprefix(start))
    # Special pages are made from their parameters.
    if not title or (":" in title[:20] and title.partition(":")[0].casefold() in _MADE):
        return None
    title = _BLANKS.sub("_", title).strip("_")
    # The first letter of a title is a capital whatever is written, but in a dictionary.
    title = title if "wiktionary" in place.host else title[:1].upper() + title[1:]
    return Place(place.host.replace(".m.", "."), f"/wiki/{quote(title)}", {}) if title else None


def _decoded(text: str) -> str | None:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return None


def _notion(place: Place) -> Place | None:
    # A page that is opened beside another one is a parameter of it.
    shown = place.query.get("p", place.path.rpartition("/")[2])
    found = _HEX32.search(shown.lower())
    return Place("www.notion.so", f"/{found[1]}", {}) if found is not None else None


def _confluence(place: Place) -> Place | None:
    found = re.match(r"((?:/[^/]+)?)/spaces/[^/]+/pages/(?:edit(?:-v2)?/)?(\d+)(?:/[^/]*)?/?$", place.path)
    is_its_host = _CONFLUENCE.search(place.host) is not None
    # A page is known by its number, in whatever space.
    if found is not None and (is_its_host or found[1] == "/wiki"):
        return Place(place.host, f"{found[1]}/pages/{found[2]}", {})
    start, action, _ = place.path.partition("/pages/viewpage.action")
    number = place.query.get("pageId", "")
    if action and re.fullmatch(r"\d+", number):
        return Place(place.host, f"{start}/pages/{number}", {})
    return None


def _s3(place: Place) -> Place | None:
    kept = {name: value for name, value in place.query.items() if not name.startswith("X-Amz-")}
    kept.pop("versionId", None)
    # A bucket is a part of the host, or the first of the path; its name is one in all regions.
    bucket, path = _S3_HOST.sub("", place.host), place.path
    if not bucket:
        bucket, _, path = path.lstrip("/").partition("/")
        path = f"/{path}"
    return Place(f"{bucket}.s3.amazonaws.com", path, kept) if bucket else None


RULES = (
    SiteRule(
        "GitHub",
        re.compile(r"(?:www\.)?github\.com|raw\.githubusercontent\.com"),
        _github,
        ("https://raw.githubusercontent.com/o/r/main/a.md", "https://github.com/o/r/blob/main/a.md"),
        "docs.github.com, Getting permanent links to files",
    ),
    SiteRule(
        "GitLab",
        re.compile(r"gitlab\.[a-z0-9.-]+"),
        _gitlab,
        ("https://gitlab.com/o/r/-/raw/main/a.md", "https://gitlab.com/o/r/-/blob/main/a.md"),
        "docs.gitlab.com, Files",
    ),
    SiteRule(
        "Google Docs and Drive",
        re.compile(r"(?:docs|drive)\.google\.com"),
        _google,
        ("https://docs.google.com/document/d/1x/view", "https://docs.google.com/document/d/1x/edit?usp=sharing"),
        "developers.google.com/workspace/drive, File.webViewLink",
    ),
    SiteRule(
        "SharePoint",
        re.compile(r"[a-z0-9-]+\.sharepoint\.com"),
        _sharepoint,
        ("https://a.sharepoint.com/sites/hr/L.docx?web=1", "https://a.sharepoint.com/sites/hr/L.docx"),
        "learn.microsoft.com, SharePoint, Open a document by its URL",
    ),
    SiteRule(
        "arXiv",
        re.compile(r"(?:www\.|export\.)?arxiv\.org"),
        _arxiv,
        ("https://arxiv.org/abs/2501.00001v1", "https://arxiv.org/pdf/2501.00001v2.pdf"),
        "info.arxiv.org/help/arxiv_identifier.html",
    ),
    SiteRule(
        "Wikipedia and its sisters",
        re.compile(r"[a-z0-9-]+(?:\.m)?\.(?:wikipedia|wiktionary|wikibooks|wikisource|wikivoyage|wikimedia)\.org"),
        _mediawiki,
        ("https://en.wikipedia.org/w/index.php?title=Leave&oldid=1", "https://en.wikipedia.org/wiki/Leave"),
        "mediawiki.org/wiki/Manual:Parameters_to_index.php",
    ),
    SiteRule(
        "Notion",
        re.compile(r"(?:www\.)?notion\.so|[a-z0-9-]+\.notion\.site"),
        _notion,
        (f"https://www.notion.so/Old-{'59' * 16}", f"https://www.notion.so/team/New-{'59' * 16}"),
        "developers.notion.com, Working with page content",
    ),
    SiteRule(
        "Amazon S3",
        re.compile(r"(?:[a-z0-9.-]+\.)?s3[a-z0-9.-]*\.amazonaws\.com"),
        _s3,
        ("https://b.s3.amazonaws.com/l.docx?versionId=1", "https://b.s3.amazonaws.com/l.docx"),
        "docs.aws.amazon.com/AmazonS3, GetObject",
    ),
    # On hosts of all names, so last: the path alone tells it.
    SiteRule(
        "Confluence",
        re.compile(r".+"),
        _confluence,
        ("https://w.example/wiki/spaces/HR/pages/43/Leave", "https://w.example/wiki/spaces/HR/pages/43"),
        "confluence.atlassian.com, The page URL",
    ),
)
"""The sites that are known; the first whose hosts fit counts."""

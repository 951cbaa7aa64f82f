"""Which of the formats of terminologists a file is in, by its name and content; nothing is parsed for that."""

from __future__ import annotations

import re
from typing import Literal

from headgate.terminology.skos import RdfForm

__all__ = ["graph_form", "xml_form"]

_HEAD = 4_096
_TBX = re.compile(r"<(?:\w+:)?(?:tbx|martif)\b|TBX-", re.IGNORECASE)
_RDF = re.compile(r"<(?:\w+:)?RDF\b|skos", re.IGNORECASE)
_TURTLE = re.compile(r"\s*(?:#[^\n]*\n\s*)*(?:@prefix|@base|PREFIX|BASE)\s", re.IGNORECASE)
_N_TRIPLES = re.compile(r"\s*(?:#[^\n]*\n\s*)*<[^<>\s]+>\s+<[^<>\s]+>\s+[<\"]")
_IN_XML = frozenset((".rdf", ".owl"))
_GRAPHS: dict[str, RdfForm] = {".ttl": "turtle", ".turtle": "turtle", ".nt": "turtle", ".jsonld": "json-ld"}


def xml_form(data: bytes, suffix: str) -> Literal["tbx", "rdf"] | None:
    """Return what kind of XML a file is that is read here, or None.

    Args:
        data: the file, in whatever encoding it says.
        suffix: how its name ends, in lower case.
    """
    # Marks and the zeros of UTF-16 apart, the first signs of XML are those of ASCII.
    head = data[:_HEAD].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").decode("latin-1")
    if not head.lstrip().startswith("<") or _N_TRIPLES.match(head):
        return None
    if suffix == ".tbx" or _TBX.search(head):
        return "tbx"
    return "rdf" if suffix in _IN_XML or _RDF.search(head) else None


def graph_form(text: str, suffix: str) -> RdfForm | None:
    """Return how a file that is RDF is written, other than in XML; None if it is none.

    Args:
        text: the file's text.
        suffix: how its name ends, in lower case.
    """
    if suffix in _GRAPHS:
        return _GRAPHS[suffix]
    head = text[:_HEAD]
    return "turtle" if _TURTLE.match(head) or _N_TRIPLES.match(head) else None

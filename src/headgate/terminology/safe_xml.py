"""XML under bounds: nothing that it names is fetched, and no entity makes more of it than there is."""

from __future__ import annotations

import io
from typing import Any
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import InputSource

from headgate.errors import PolicyError, one_line
from headgate.limits import DEFAULT_LIMITS

__all__ = ["parse_xml"]

_MOST_ENTITIES = 50
_MOST_ENTITY_CHARS = 500
_WIDE = ("utf-8", "utf-16-le", "utf-16-be")
_BEGINNINGS = (b"<", b"\xef", b"\xff", b"\xfe", b"\x00")
_BASE = "https://glossary.invalid/"
"""What relative addresses are relative to: nowhere."""


def parse_xml(
    data: bytes,
    handler: ContentHandler,
    *,
    extra: str,
    encoding: str | None = None,
    namespaces: bool = False,
    doctype: bool = True,
) -> None:
    """Hand the elements of a document to a handler.

    A DTD may define short texts, as RDF does for its namespaces; what else it names is not read.

    Args:
        data: the document.
        handler: what is told of its elements.
        extra: which extra of headgate brings what is needed.
        encoding: what it is in, whatever it says itself.
        namespaces: whether elements are named by their namespaces.
        doctype: whether a document may have a DTD at all.

    Raises:
        PolicyError: it is not XML, or names an entity that is external, nested or too long; with its line.
    """
    parser = _parser(data, extra, doctype=doctype)
    parser.setFeature(feature_namespaces, int(namespaces))
    parser.setContentHandler(handler)
    source = InputSource(_BASE)
    source.setByteStream(io.BytesIO(data))
    source.setEncoding(encoding)
    try:
        parser.parse(source)
    except SAXParseException as error:
        raise PolicyError(f"this is not XML: {error.getMessage()}.", "", line=error.getLineNumber()) from None
    except SAXException as error:
        raise PolicyError(f"this cannot be read: {one_line(error)}.", "", line=_line(parser)) from None
    except (LookupError, ValueError) as error:  # an encoding that there is not, or that expat cannot take from Python
        raise PolicyError(f"this cannot be read: {one_line(error)}.", "Save it as UTF-8.", line=_line(parser)) from None
    except PolicyError as error:
        raise error.at(None, _line(parser)) from None


def _parser(data: bytes, extra: str, *, doctype: bool) -> Any:
    try:
        from defusedxml.expatreader import DefusedExpatParser
    except ImportError:
        raise PolicyError("XML is read by defusedxml.", f"Install it: pip install 'headgate[{extra}]'.") from None

    class Parser(DefusedExpatParser):
        """Refuses entities but for short texts, and reads nothing that is somewhere else."""

        entities = 0
        grown = 0

        def defused_start_doctype_decl(self, *_: Any) -> None:
            raise PolicyError("the file declares a document type.", "Remove it.")

        def defused_entity_decl(self, name: str, is_parameter: bool, value: str | None, *_: Any) -> None:
            # Else it could not be counted how often it is named.
            if not name.isascii() or data[:64].lstrip()[:1] not in _BEGINNINGS:
                raise _entity(name, "is in characters other than ASCII")
            self.entities += 1
            self.grown += _growth(data, name, value or "")
            if is_parameter or value is None or any(sign in value for sign in "&%<"):
                raise _entity(name, "is external, or made of others")
            if len(value) > _MOST_ENTITY_CHARS or self.entities > _MOST_ENTITIES:
                raise _entity(name, "is one of too many, or too long")
            if self.grown > DEFAULT_LIMITS.glossary_bytes:
                raise _entity(name, "makes the file too long")

        def defused_unparsed_entity_decl(self, name: str, *_: Any) -> None:
            raise _entity(name, "is external, or made of others")

        def defused_external_entity_ref_handler(self, *_: Any) -> int:  # type: ignore[override]
            return 1  # what expat takes for "go on without it"

    return Parser(forbid_dtd=not doctype, forbid_entities=True, forbid_external=True)


def _line(parser: Any) -> int | None:
    found = parser.getLineNumber()
    return found if isinstance(found, int) and found > 0 else None


def _growth(data: bytes, name: str, value: str) -> int:
    """Return how many bytes longer a document is with an entity written out."""
    return sum(data.count(f"&{name};".encode(encoding)) for encoding in _WIDE) * len(value)


def _entity(name: str, what: str) -> PolicyError:
    return PolicyError(f"the entity {name[:40]!r} {what}; it is never read.", "Write its text out, and remove it.")

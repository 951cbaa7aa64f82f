"""RDF in XML, read by rdflib's handler of it; imported only where rdflib is installed."""

from __future__ import annotations

from typing import Any

from rdflib.plugins.parsers.rdfxml import RDFXMLHandler

from headgate.errors import PolicyError

__all__ = ["Handler"]

_MOST_PREFIXES = 500
_MOST_DEPTH = 200


class Handler(RDFXMLHandler):  # type: ignore[misc]
    """Makes statements of elements as rdflib does, with bounds, and without texts that are XML themselves: no terms."""

    prefixes = 0
    depth = 0
    pieces: list[str]

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:
        """Count how deep it is.

        Raises:
            PolicyError: too deep.
        """
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise PolicyError("the file is nested too deeply.", f"The limit is {_MOST_DEPTH}.")
        super().startElementNS(name, qname, attrs)

    def endElementNS(self, name: Any, qname: Any) -> None:
        """Count back."""
        self.depth -= 1
        super().endElementNS(name, qname)

    def startPrefixMapping(self, prefix: str | None, namespace: str) -> None:
        """Count the namespaces in force, of which rdflib makes a copy for each.

        Raises:
            PolicyError: too many.
        """
        self.prefixes += 1
        if self.prefixes > _MOST_PREFIXES:
            raise PolicyError("too many namespaces are in force at once.", f"The limit is {_MOST_PREFIXES}.")
        super().startPrefixMapping(prefix, namespace)

    def endPrefixMapping(self, prefix: str | None) -> None:
        """Count back."""
        self.prefixes -= 1
        super().endPrefixMapping(prefix)

    def error(self, message: str) -> Any:
        """Raise what is wrong, for which the line is known further up.

        Raises:
            PolicyError: always.
        """
        raise PolicyError(f"this is not RDF that can be read ({message[:200].rstrip('.')}).", "")

    def property_element_start(self, name: Any, qname: Any, attrs: Any) -> None:
        """Begin a text."""
        # Joined once, at the end: rdflib's own time is quadratic in the length of a text.
        self.pieces = []
        super().property_element_start(name, qname, attrs)

    def property_element_char(self, data: str) -> None:
        """Take a piece of it."""
        self.pieces.append(data)

    def property_element_end(self, name: Any, qname: Any) -> None:
        """Make a statement of it."""
        if self.current.data is not None:
            self.current.data = "".join(self.pieces)
        self.pieces = []
        super().property_element_end(name, qname)

    def literal_element_start(self, *_: Any) -> None:
        """Leave it out, and what is in it."""
        self.next.start, self.next.end = self.literal_element_start, self.literal_element_end
        self.next.char = self.literal_element_char

    def literal_element_char(self, data: str) -> None:
        """Leave it out."""

    def literal_element_end(self, *_: Any) -> None:
        """Leave it out."""

    def skippedEntity(self, name: str) -> None:
        """Refuse what only a DTD that is not read could say.

        Raises:
            PolicyError: always, but for the DTD itself.
        """
        if name != "[dtd]":
            problem = f"the entity {name[:40]!r} is defined elsewhere, and nothing is fetched."
            raise PolicyError(problem, "Write its text out.")

"""RDF as far as a glossary needs it: the statements with some predicates, read by rdflib under bounds."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from headgate.errors import PolicyError, one_line
from headgate.limits import DEFAULT_LIMITS
from headgate.terminology.safe_xml import parse_xml

__all__ = ["Triples", "read_triples"]

_BASE = "https://glossary.invalid/"
"""What relative addresses are relative to: nowhere."""
_MOST_DEPTH = 200
# What rdflib raises on files that are not what they should be, apart from its own errors, which are of these kinds too.
_BROKEN = (
    *(SyntaxError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, AssertionError),
    *(RecursionError, NotImplementedError, UnicodeError),
)


@dataclass(slots=True)
class Triples:
    """What is said of each subject: pairs of a predicate and a value, as rdflib has them."""

    of: dict[Any, list[tuple[str, Any]]] = field(default_factory=dict)
    count: int = 0


def read_triples(data: bytes, text: str, form: str, kept: Collection[str], encoding: str | None = None) -> Triples:
    """Return the statements of a file that have certain predicates; the others are only counted.

    Args:
        data: the file.
        text: the same as text.
        form: `turtle`, `xml` or `json-ld`. N-Triples are Turtle too, and rdflib's own parser of them takes a time that
            is quadratic in the length of a text.
        kept: the predicates.
        encoding: what XML is in, whatever it says itself.

    Raises:
        PolicyError: rdflib is not installed; the file is not RDF, names something to fetch, or says too much.
    """
    try:
        import rdflib
    except ImportError:
        raise PolicyError("SKOS is read by rdflib.", "Install it: pip install 'headgate[skos]'.", line=1) from None
    found = Triples()
    sink = _sink(rdflib, found, kept)
    try:
        with _quiet():
            if form == "xml":
                _parse_xml(data, sink, encoding)
            elif form == "json-ld":
                _parse_json_ld(text, sink)
            else:
                sink.parse(data=text, format="turtle", publicID=_BASE)
    except PolicyError:
        raise
    except _BROKEN as error:
        raise _not_rdf(error, text) from None
    except Exception as error:
        # Errors of rdflib that are of no more special kind.
        if type(error).__module__.partition(".")[0] != "rdflib":
            raise
        raise _not_rdf(error, text) from None
    return found


def _sink(rdflib: Any, found: Triples, kept: Collection[str]) -> Any:
    class Sink(rdflib.Graph):  # type: ignore[misc]
        """Keeps what is wanted, in the place of rdflib's own store."""

        def add(self, triple: tuple[Any, Any, Any]) -> Any:
            found.count += 1
            if found.count > DEFAULT_LIMITS.glossary_triples:
                problem = f"the file makes more than {DEFAULT_LIMITS.glossary_triples:,} statements."
                raise PolicyError(problem, "Query what you need into a file of its own.")
            subject, predicate, value = triple
            if str(predicate) in kept:
                found.of.setdefault(subject, []).append((str(predicate), value))
            return self

        def bind(self, *_: Any, **__: Any) -> None:
            """Forget a prefix, which nothing here asks for."""

    return Sink(bind_namespaces="none")


def _not_rdf(error: BaseException, text: str) -> PolicyError:
    # Where its parser of Turtle stopped; the lines that it counts are not always those of the file.
    position, said = getattr(error, "_i", None), getattr(error, "_why", None)
    line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
    why = f"{type(error).__name__}: {said}" if isinstance(said, str) else one_line(error)
    return PolicyError(f"this is not RDF that can be read ({why[:200].rstrip('.')}).", "", line=line)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let rdflib say nothing about values, of which a file can have millions: in this thread, and meanwhile."""
    here = threading.get_ident()

    def is_from_elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != here

    logger = logging.getLogger("rdflib.term")
    logger.addFilter(is_from_elsewhere)
    try:
        yield
    finally:
        logger.removeFilter(is_from_elsewhere)


def _parse_json_ld(text: str, sink: Any) -> None:
    from rdflib.plugins.parsers.jsonld import to_rdf

    value = json.loads(text)
    _require_contained(value, text)
    to_rdf(value, sink, base=_BASE, version=1.1)


def _require_contained(whole: Any, text: str) -> None:
    """Raise where JSON-LD names a context, or anything else, that would have to be fetched.

    Raises:
        PolicyError: it does, or is nested too deeply.
    """
    waiting: list[tuple[Any, bool, int]] = [(whole, False, 0)]
    while waiting:
        value, is_context, depth = waiting.pop()
        if depth > _MOST_DEPTH:
            raise PolicyError("the file is nested too deeply.", "", line=1)
        if isinstance(value, str):
            # A name in the place of a context; and a keyword that is given another name.
            if is_context or value in ("@context", "@import"):
                raise _remote(text, value)
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                if key == "@import":
                    raise _remote(text, str(inner))
                waiting.append((inner, key == "@context", depth + 1))
        elif isinstance(value, list):
            waiting += [(inner, is_context, depth + 1) for inner in value]


def _remote(text: str, name: str) -> PolicyError:
    line = text.count("\n", 0, max(0, text.find(json.dumps(name)))) + 1
    problem = f"the context {name[:80]!r} is somewhere else, and nothing is fetched."
    return PolicyError(problem, "Write the context itself into the file.", line=line)


def _parse_xml(data: bytes, sink: Any, encoding: str | None) -> None:
    from headgate.terminology.rdf_xml import Handler

    parse_xml(data, Handler(sink), extra="skos", encoding=encoding, namespaces=True)

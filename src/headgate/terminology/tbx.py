"""TBX, the exchange format of terminologists (ISO 30042): version 2 and 3, and of that both styles, DCA and DCT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.sax.handler import ContentHandler

from headgate.errors import PolicyError
from headgate.terminology.formats import GlossaryFile
from headgate.terminology.languages import Entry, Label, in_languages, normal_language
from headgate.terminology.remarks import Remark
from headgate.terminology.safe_xml import parse_xml

__all__ = ["read_tbx"]

_ROOTS = frozenset(("martif", "tbx"))
_ENTRIES = frozenset(("termEntry", "conceptEntry"))
_SECTIONS = frozenset(("langSet", "langSec"))
_GROUPS = frozenset(("tig", "ntig", "termSec"))
# Names of data categories: elements of their own in the style DCT, values of `type` in the style DCA and before.
_STATUS = frozenset(("administrativeStatus", "normativeAuthorization"))
_NOTES = _STATUS | {"termType"}
_PREFERRED, _UNMARKED, _ADMITTED, _DEPRECATED = range(4)
_RANKS = {
    **dict.fromkeys(("preferred", "standardized", "legal", "regulated"), _PREFERRED),
    "admitted": _ADMITTED,
    **dict.fromkeys(("deprecated", "superseded", "obsolete", "forbidden", "rejected", "notrecommended"), _DEPRECATED),
}
_FULL_FORMS = frozenset(("fullform", "entryterm"))
_SHORT_FORMS = frozenset(("acronym", "abbreviation", "shortform", "initialism", "clippedterm", "symbol", "variant"))
_MOST_DEPTH = 200


def read_tbx(data: bytes, file: str | None, languages: tuple[str, ...], encoding: str | None = None) -> GlossaryFile:
    """Return the glossary of a TBX file in the languages that are wanted.

    Within a language the preferred term is canonical, or the full form if none is marked, or the first one; a
    deprecated or superseded term never is. The others are its aliases, but for further preferred ones.

    Args:
        data: the file.
        file: its name.
        languages: the tags of the languages; without any, the file must have one language.
        encoding: what it is in, whatever it says itself.

    Raises:
        PolicyError: with every problem, its line and the remedy.
    """
    handler = _Reader(file)
    parse_xml(data, handler, extra="tbx", encoding=encoding)
    if not handler.entries:
        raise PolicyError("there is no term in this TBX.", "Name a file that has term entries.", file=file, line=1)
    return in_languages(handler.entries, languages, file, handler.remarks())


@dataclass(slots=True)
class _Term:
    text: str = ""
    status: int = _UNMARKED
    form: int = 1
    line: int | None = None


class _Reader(ContentHandler):
    def __init__(self, file: str | None) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        self._file = file
        self._languages: list[str] = []
        self._section: list[_Term] = []
        self._term = _Term()
        self._text: list[str] | None = None
        self._note = ""
        self._unknown: dict[str, int | None] = {}
        self._unnamed: list[Label] = []
        self._locator: Any = None

    def setDocumentLocator(self, locator: Any) -> None:
        """Take what knows the line."""
        self._locator = locator

    def remarks(self) -> list[Remark]:
        """Return what there is to say beside problems."""
        found = [
            Remark("status", f"the status {name[:40]!r} is not known, and taken for none.", self._file, line)
            for name, line in self._unknown.items()
        ]
        if self._unnamed:
            first = self._unnamed[0]
            text = f"{len(self._unnamed):,} deprecated terms, such as {first.text[:40]!r}, have nothing in their place."
            found.append(Remark("deprecated", text, self._file, first.line))
        return found

    def startElement(self, name: str, attrs: Any) -> None:
        """Note where a term, its language or its status begins."""
        local = name.rpartition(":")[2]
        if not self._languages and local not in _ROOTS:
            raise PolicyError(f"this is not TBX: it begins with <{local[:40]}>.", "Name a file of <tbx> or <martif>.")
        if len(self._languages) >= _MOST_DEPTH:
            raise PolicyError("the file is nested too deeply.", "")
        inherited = self._languages[-1] if self._languages else ""
        self._languages.append(normal_language(attrs.get("xml:lang") or attrs.get("lang") or inherited))
        if local in _ENTRIES:
            self.entries.append(Entry())
        elif local in _SECTIONS:
            self._section = []
        elif local in _GROUPS:
            self._term = _Term(line=self._locator.getLineNumber() if self._locator is not None else None)
        elif local == "term":
            self._text = []
        elif local in _NOTES or (local == "termNote" and attrs.get("type") in _NOTES):
            self._note, self._text = (attrs.get("type") or local) if local == "termNote" else local, []

    def characters(self, content: str) -> None:
        """Take a piece of text."""
        if self._text is not None:
            self._text.append(content)

    def skippedEntity(self, name: str) -> None:
        """Refuse what only a DTD that is not read could say.

        Raises:
            PolicyError: always, but for the DTD itself.
        """
        if name != "[dtd]":
            remedy = "Write its text out."
            raise PolicyError(f"the entity {name[:40]!r} is defined elsewhere, and nothing is fetched.", remedy)

    def endElement(self, name: str) -> None:
        """Note what a term, or a language of a concept, is now known to be."""
        local = name.rpartition(":")[2]
        language = self._languages.pop()
        if local in _SECTIONS:
            self._choose(language)
        elif local in _GROUPS:
            if self._term.text:
                self._section.append(self._term)
        elif self._text is not None and local == "term":
            self._term.text, self._text = " ".join("".join(self._text).split()), None
        elif self._text is not None and local in ("termNote", self._note):
            self._mark("".join(self._text).strip().lower())
            self._text = None

    def _mark(self, value: str) -> None:
        if self._note == "termType":
            self._term.form = 0 if value in _FULL_FORMS else 2 if value in _SHORT_FORMS else 1
            return
        plain = value.removesuffix("-admn-sts").removesuffix("term").replace(" ", "")
        if plain in _RANKS:
            self._term.status = _RANKS[plain]
        elif plain and len(self._unknown) < 100:
            self._unknown.setdefault(value, self._term.line)

    def _choose(self, language: str) -> None:
        """Say which of the terms of a language is canonical."""
        if not self.entries or not self._section:
            return
        terms, entry = self._section, self.entries[-1]
        best = min(terms, key=lambda term: (term.status, term.form))
        labels = [Label(term.text, language, term.line) for term in terms]
        if best.status == _DEPRECATED:
            self._unnamed += labels
            return
        entry.preferred.append(Label(best.text, language, best.line))
        entry.others += [label for label, term in zip(labels, terms, strict=True) if term.status != _PREFERRED]

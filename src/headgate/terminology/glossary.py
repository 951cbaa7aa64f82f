"""Glossary: concepts, checked and compiled, ready to rewrite."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from headgate.caching import Memo
from headgate.display import Displayed
from headgate.encoding import canonical_json, digest_label
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.terminology.concepts import Concept
from headgate.terminology.consistency import reconcile
from headgate.terminology.definitions import expands, is_one_name, short_form
from headgate.terminology.edits import Definitions, Rewrite
from headgate.terminology.formats import GlossaryFile, concepts_from_mapping
from headgate.terminology.fuzzy import NearMisses
from headgate.terminology.matching import Matcher
from headgate.terminology.reading import parse_glossary, read_glossary_bytes
from headgate.terminology.remarks import Remark
from headgate.terminology.rewriting import rewrite_text

__all__ = ["Glossary"]

_KEPT_GLOSSARIES = 32
_KEPT_ALIASES = 500_000


class Glossary(Displayed):
    """Canonical terms and their aliases, compiled for rewriting.

    Build one with `load`, `from_mapping` or `from_concepts`.

    Args:
        content: the concepts and settings.

    Raises:
        PolicyError: the concepts contradict one another.
    """

    def __init__(self, content: GlossaryFile) -> None:
        settled = reconcile(content.concepts, report_ambiguous=content.report_ambiguous)
        content = replace(content, concepts=settled.concepts, remarks=content.remarks + settled.remarks)
        self._content = content
        self._matcher = Matcher(content.concepts)
        self._near_misses = (
            NearMisses(content.concepts, content.fuzzy, content.ordinary) if content.fuzzy != "off" else None
        )

    @classmethod
    def load(
        cls, *paths: str | Path, encoding: str | None = None, language: str | Sequence[str] | None = None
    ) -> Glossary:
        """Return the glossary in one or more files, taken together.

        They may be YAML, JSON, CSV, TSV or Excel's workbooks, synonyms as Solr and Elasticsearch have them, Vale
        substitution rules, SKOS, TBX, or models and metrics of dbt.

        Args:
            paths: the files.
            encoding: what they are in, if they are not UTF-8 and have no byte order mark.
            language: the language, or the languages, that are wanted of SKOS and TBX, such as `en` or `en-GB`; needed
                where a file has several. Each language is one glossary: nothing is translated.

        Raises:
            PolicyError: with every problem, its file, its line and the remedy.
        """
        languages = (language,) if isinstance(language, str) else tuple(language or ())
        return cls.of_files([(Path(path), languages) for path in paths], encoding=encoding)

    @classmethod
    def of_files(cls, files: Sequence[tuple[Path, Sequence[str]]], *, encoding: str | None = None) -> Glossary:
        """Return the glossary in files of which each has languages of its own; as `load`."""
        contents = [(path, tuple(languages), read_glossary_bytes(path)) for path, languages in files]
        # By content, not by time of change: the sources of a policy, its gates and its reloads share what is compiled.
        digests = ((str(path), languages, hashlib.sha256(data).digest()) for path, languages, data in contents)
        key = (cls, encoding, *digests)
        known = _LOADED.get(key)
        if not isinstance(known, cls):
            read = [parse_glossary(data, path, encoding, languages) for path, languages, data in contents]
            known = cls(_together(read))
            _LOADED.put(key, known, sum(len(concept.aliases) for concept in known.concepts))
        return known

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Sequence[str] | Mapping[str, object]]) -> Glossary:
        """Return the glossary of `{canonical: [alias, ...]}`, or of `{canonical: {aliases: [...], mode: flag}}`.

        Raises:
            PolicyError: a term is empty, or terms contradict one another.
        """
        return cls(GlossaryFile(concepts_from_mapping(mapping)))

    @classmethod
    def from_concepts(cls, concepts: Sequence[Concept], *, report_ambiguous: bool = False) -> Glossary:
        """Return the glossary of a list of concepts.

        Raises:
            PolicyError: the concepts contradict one another.
        """
        return cls(GlossaryFile(tuple(concepts), report_ambiguous))

    @property
    def concepts(self) -> tuple[Concept, ...]:
        """The concepts."""
        return self._content.concepts

    @property
    def report_ambiguous(self) -> bool:
        """Whether an alias of several concepts is left alone and reported, rather than refused."""
        return self._content.report_ambiguous

    @property
    def fuzzy(self) -> str:
        """What is done with near misses: `off`, `flag` or `replace`."""
        return self._content.fuzzy

    @property
    def ordinary(self) -> tuple[str, ...]:
        """Words that are not near misses."""
        return self._content.ordinary

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was done with the files that their authors should know: chains followed, expressions passed over."""
        return self._content.remarks

    @property
    def digest(self) -> str:
        """A digest over everything that decides how texts are rewritten, for policy revisions."""
        rows = sorted(
            [
                [
                    c.canonical,
                    sorted(c.aliases),
                    c.mode,
                    sorted(c.sources),
                    sorted(c.near),
                    sorted(c.only_near),
                    sorted(c.unless),
                    sorted(c.keep),
                    c.case,
                    c.plurals,
                    c.keep_quoted,
                    *([c.zones] if c.zones != "prose" else []),
                ]
                for c in self.concepts
            ],
            key=repr,
        )
        settings = [self._content.report_ambiguous, self._content.fuzzy, sorted(self._content.ordinary)]
        return digest_label(canonical_json([rows, settings]))

    def rewrite(
        self,
        text: str,
        source: str | None = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
        defined: Definitions | None = None,
    ) -> Rewrite:
        """Return `text` in canonical terms, with the way back to the original.

        Rewriting twice changes nothing more. Code, URLs, e-mail addresses, paths, identifiers and the canonical
        terms themselves are left alone.

        Args:
            text: any text.
            source: the id of the source it comes from, for concepts with a scope.
            limits: `edits` bounds how often a text is edited.
            defined: what other parts of the same document say that short forms stand for (`Rewrite.definitions`).
        """
        return rewrite_text(text, self._matcher, self._near_misses, source, limits, defined or {})

    def told(self, definitions: Mapping[str, str], source: str | None = None) -> Definitions:
        """Return what definitions of short forms say in the words of this glossary, for `rewrite`.

        Args:
            definitions: the long form of each short form.
            source: the id of the source that they come from.
        """
        found: dict[str, frozenset[str]] = {}
        for written, long in definitions.items():
            short = short_form(written)
            names = self._matcher.meanings(short, source)
            named = frozenset(name for name in names if is_one_name(name, long))
            # A name that is not a long form itself may well be the same thing under its long form.
            if named or len(names) > 1 or (names and expands(names[0], written)):
                found[short] = named
        return found

    def __len__(self) -> int:
        return len(self.concepts)

    def __repr__(self) -> str:
        return f"Glossary({len(self)} concepts, {sum(len(c.aliases) for c in self.concepts)} aliases)"

    def __reduce__(self) -> tuple[Any, ...]:
        # What is compiled is built again where it is loaded: it is large, and lives outside of Python in part.
        return (Glossary, (self._content,))


def _together(files: Sequence[GlossaryFile]) -> GlossaryFile:
    modes = {file.fuzzy for file in files}
    return GlossaryFile(
        tuple(concept for file in files for concept in file.concepts),
        any(file.report_ambiguous for file in files),
        # The files are matched as one, so what one of them wants holds for all.
        "replace" if "replace" in modes else "flag" if "flag" in modes else "off",
        tuple(word for file in files for word in file.ordinary),
        tuple(remark for file in files for remark in file.remarks),
    )


_LOADED: Memo[Glossary] = Memo(_KEPT_GLOSSARIES, _KEPT_ALIASES)

"""Synonyms as Solr, Lucene and Elasticsearch have them: `old, older => new`, or `first, second, third`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from headgate.errors import PolicyError
from headgate.terminology.concepts import Concept
from headgate.terminology.formats import GlossaryFile
from headgate.terminology.remarks import Remark, refuse

__all__ = ["has_synonym_lists", "read_synonyms", "synonyms_in"]

_ARROW = re.compile(r"(?<!\\)=>")
_COMMA = re.compile(r"(?<!\\),")
_ESCAPED = re.compile(r"\\(.)")
_EXAMPLE = "Write: old name, older name => new name."


def read_synonyms(lines: Iterable[tuple[int | None, str]], file: str | None) -> GlossaryFile:
    """Return what lines of synonyms say.

    `old, older => new` renames. In a list without an arrow all terms are one, and the first is taken as canonical, as
    Solr does with `expand=false`. What only widens a search, `a => a, b`, has nothing to rename.

    Args:
        lines: each with its number.
        file: the file's name.

    Raises:
        PolicyError: with every problem, its line and the remedy.
    """
    problems: list[PolicyError] = []
    remarks: list[Remark] = []
    concepts: dict[str, tuple[int | None, dict[str, None]]] = {}
    lists: list[int | None] = []
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        sides = _ARROW.split(line)
        left, right = _terms(sides[0]), _terms(sides[-1])
        if len(sides) > 2 or not left or not right or (len(sides) == 1 and len(left) < 2):
            problems.append(PolicyError("this is not a line of synonyms.", _EXAMPLE, file=file, line=number))
            continue
        if len(sides) == 1:
            lists.append(number)
            canonical, aliases = left[0], left[1:]
        elif set(left) & set(right) and len(right) > 1:
            text = f"{sides[0].strip()[:60]!r} is widened, not renamed; the line is passed over."
            remarks.append(Remark("several-replacements", text, file, number))
            continue
        elif len(right) > 1:
            problem = f"{left[0]!r} has {len(right)} replacements: {', '.join(right)[:80]}."
            problems.append(PolicyError(problem, "A text can have one of them: keep one.", file=file, line=number))
            continue
        else:
            canonical, aliases = right[0], left
        _, known = concepts.setdefault(canonical, (number, {}))
        known.update((alias, None) for alias in aliases if alias != canonical)
    if lists:
        text = f"{len(lists):,} lists have no `=>`; the first term of each is taken as the canonical one."
        remarks.append(Remark("first-is-canonical", text, file, lists[0]))
    refuse(problems)
    return GlossaryFile(
        tuple(
            Concept(canonical=canonical, aliases=tuple(aliases), file=file, line=line)
            for canonical, (line, aliases) in concepts.items()
            if aliases
        ),
        remarks=tuple(remarks),
    )


def _terms(side: str) -> list[str]:
    parts = (" ".join(_ESCAPED.sub(r"\1", part).split()) for part in _COMMA.split(side) if part and not part.isspace())
    return list(dict.fromkeys(part for part in parts if part))


def has_synonym_lists(value: object) -> bool:
    """Return whether a JSON or YAML value holds synonyms as Elasticsearch's settings and synonym sets do."""
    return next(synonyms_in(value), None) is not None


def synonyms_in(value: object, depth: int = 0) -> Iterator[str]:
    """Yield the lines of synonyms in settings of an index, or in a synonym set."""
    if depth > 12:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "synonyms" and isinstance(inner, str):
                yield inner
            elif key == "synonyms" and isinstance(inner, list) and all(isinstance(one, str) for one in inner):
                yield from inner
            else:
                yield from synonyms_in(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from synonyms_in(inner, depth + 1)

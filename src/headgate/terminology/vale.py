"""Substitution rules of Vale: `swap:` maps an expression to the words that ought to stand there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from headgate.errors import PolicyError
from headgate.policy.documents import Steps
from headgate.terminology.concepts import Case, Concept
from headgate.terminology.expressions import NotPlain, spellings
from headgate.terminology.formats import GlossaryFile
from headgate.terminology.remarks import Remark, refuse

__all__ = ["is_vale", "read_vale"]

_KINDS = frozenset(
    (
        *("existence", "substitution", "occurrence", "repetition", "consistency", "conditional", "capitalization"),
        *("metric", "spelling", "sequence", "script"),
    )
)
_READ = frozenset(
    (
        "extends",
        "swap",
        "ignorecase",
        "exceptions",
        "message",
        "level",
        "link",
        "name",
        "description",
        "action",
        "limit",
    )
)


def is_vale(value: object) -> bool:
    """Return whether a YAML value is a rule of Vale."""
    return isinstance(value, Mapping) and value.get("extends") in _KINDS


def read_vale(value: Any, file: str | None, line_of: Callable[[Steps], int | None]) -> GlossaryFile:
    """Return what a substitution rule of Vale says, as far as its expressions are plain.

    Args:
        value: the rule.
        file: the file's name.
        line_of: tells the line of a place in it.

    Raises:
        PolicyError: it is another kind of rule, or has nothing to replace.
    """
    if value["extends"] != "substitution":
        problem = f"this is a Vale rule of the kind {value['extends']!r}, which names nothing to write instead."
        raise PolicyError(problem, "Only `extends: substitution` with `swap:` is read.", file=file, line=line_of(()))
    if not isinstance(value.get("swap"), Mapping) or not value["swap"]:
        problem = "a Vale substitution rule has a `swap:` of expressions and replacements."
        raise PolicyError(problem, "Add it.", ("swap",), file, line_of(("swap",)))
    return _Rule(value, file, line_of).read()


class _Rule:
    def __init__(self, value: Any, file: str | None, line_of: Callable[[Steps], int | None]) -> None:
        self._value, self._file, self._line_of = value, file, line_of
        self._remarks: list[Remark] = []
        self._problems: list[PolicyError] = []
        self._phrases = tuple(dict.fromkeys(text.casefold() for text in self._exceptions()))

    def read(self) -> GlossaryFile:
        """Return the concepts, with a remark about every expression that is passed over."""
        # Vale compares with case unless it is told not to.
        case: Case = "insensitive" if self._value.get("ignorecase") in (True, "true") else "sensitive"
        aliases: dict[str, dict[str, None]] = {}
        lines: dict[str, int | None] = {}
        for expression, replacement in self._value["swap"].items():
            path: Steps = ("swap", str(expression))
            if not isinstance(replacement, str) or not replacement.strip():
                problem = "the replacement must be a word."
                self._problems.append(PolicyError(problem, "Put it in quotes.", path, self._file, self._line_of(path)))
                continue
            for alias, canonical in self._pairs(str(expression), replacement, path):
                aliases.setdefault(canonical, {})[alias] = None
                lines.setdefault(canonical, self._line_of(path))
        for name in self._value.keys() - _READ:
            text = f"`{str(name)[:40]}:` of the Vale rule has no meaning here and is passed over."
            self._remarks.append(Remark("rule-setting", text, self._file, self._line_of((str(name),))))
        refuse(self._problems, self._remarks)
        concepts = tuple(
            Concept(
                canonical=canonical,
                aliases=tuple(found),
                case=case,
                # Only where an alias is in it, such as `master's degree` and `master`.
                keep=tuple(phrase for phrase in self._phrases if any(alias.casefold() in phrase for alias in found)),
                file=self._file,
                line=lines[canonical],
            )
            for canonical, found in aliases.items()
        )
        return GlossaryFile(concepts, remarks=tuple(self._remarks))

    def _pairs(self, expression: str, replacement: str, path: Steps) -> Iterator[tuple[str, str]]:
        canonical = replacement.strip()
        if "|" in replacement:
            self._pass_over("several-replacements", f"{expression[:60]!r} has several replacements", path)
        elif "$" in replacement:
            self._pass_over("expression", f"the replacement of {expression[:60]!r} refers to a group", path)
        else:
            for alias in self._spellings(expression, path):
                if alias != canonical and alias.casefold() not in self._phrases:
                    yield alias, canonical

    def _spellings(self, expression: str, path: Steps) -> tuple[str, ...]:
        try:
            return spellings(expression)
        except NotPlain as error:
            self._pass_over("expression", f"{expression[:60]!r} is not plain ({error})", path)
            return ()

    def _pass_over(self, kind: Any, what: str, path: Steps) -> None:
        self._remarks.append(Remark(kind, f"{what}; it is passed over.", self._file, self._line_of(path)))

    def _exceptions(self) -> Iterator[str]:
        given = self._value.get("exceptions") or ()
        for number, expression in enumerate(given if isinstance(given, list) else [given]):
            yield from self._spellings(str(expression), ("exceptions", number))

"""What a glossary file may say: terms with their settings, or renames; from plain values to concepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from headgate.errors import PolicyError
from headgate.policy.documents import Steps
from headgate.policy.showing import shown_value
from headgate.terminology.concepts import Case, Concept, Fuzzy, TermMode, Zoned
from headgate.terminology.remarks import Remark, looks_like_a_list, on_one_alias, refuse

__all__ = ["FileModel", "GlossaryFile", "TermModel", "build", "concept_of", "concepts_from_mapping", "explain"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_SHORT_FORM = "Write `term: [alias, ...]`, or `term: {aliases: [...], mode: flag}` where it has settings."
_NO_TERMS = (
    "a glossary is a mapping with `terms:`.",
    "Write terms: with `canonical: [alias, ...]`, or renames: with `old: new`.",
)
_Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class TermModel(BaseModel):
    """One entry under `terms:` in a glossary file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    canonical: str = Field(min_length=1)
    aliases: _Texts
    mode: TermMode | None = None
    sources: _Texts = ()
    near: _Texts = ()
    only_near: _Texts = ()
    unless: _Texts = ()
    keep: _Texts = ()
    case: Case | None = None
    plurals: bool | None = None
    keep_quoted: bool | None = None


class FileModel(BaseModel):
    """The settings at the top of a glossary file; they are defaults for its terms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    mode: TermMode = "replace"
    case: Case = "smart"
    plurals: bool | None = None
    keep_quoted: bool = False
    ambiguous: Literal["error", "report"] = "error"
    fuzzy: Fuzzy = "off"
    ordinary: _Texts = ()
    zones: Zoned = "prose"
    identifiers: bool = False

    @property
    def zoned(self) -> Zoned:
        """Where its terms count; `identifiers: true` is short for one of these."""
        return "identifiers" if self.identifiers else self.zones


@dataclass(frozen=True, slots=True)
class GlossaryFile:
    """What a glossary file says.

    Attributes:
        concepts: its concepts.
        report_ambiguous: whether an alias of several concepts is reported rather than refused.
        fuzzy: what is done with near misses.
        ordinary: words that are not near misses.
        remarks: what its author should know of how it was read.
    """

    concepts: tuple[Concept, ...]
    report_ambiguous: bool = False
    fuzzy: Fuzzy = "off"
    ordinary: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()


def concepts_from_mapping(mapping: Mapping[str, object]) -> tuple[Concept, ...]:
    """Return the concepts of `{canonical: [alias, ...]}`; in place of the list, a mapping of aliases and settings.

    Raises:
        PolicyError: a key or an alias is not a string, or a setting is unknown; with every problem.
    """
    return build({"terms": mapping}, None, lambda _path: None).concepts


def build(value: object, file: str | None, line_of: Callable[[Steps], int | None]) -> GlossaryFile:
    """Return what the value of a YAML or JSON glossary says.

    Args:
        value: the whole document.
        file: the file's name.
        line_of: tells the line of a place in it.

    Raises:
        PolicyError: with every problem, its line and the remedy.
    """
    if not isinstance(value, Mapping) or not ({"terms", "renames"} & value.keys()):
        raise PolicyError(*_NO_TERMS, file=file, line=None if isinstance(value, Mapping) else line_of(()))
    builder = _Builder(file, line_of, {key: one for key, one in value.items() if key not in ("terms", "renames")})
    concepts = [*builder.terms(value.get("terms", {})), *builder.renames(value.get("renames", {}))]
    remarks = on_one_alias(builder.unsplit, "For several, write `term: [alias, alias]`.", file)
    refuse(builder.problems, remarks)
    model = builder.defaults
    return GlossaryFile(tuple(concepts), model.ambiguous == "report", model.fuzzy, model.ordinary, remarks)


class _Builder:
    """Makes concepts of entries, and keeps every problem with its place."""

    def __init__(
        self, file: str | None, line_of: Callable[[Steps], int | None], settings: Mapping[str, object]
    ) -> None:
        self.problems: list[PolicyError] = []
        self.unsplit: list[tuple[int | None, str]] = []
        self.defaults = FileModel()
        self._file, self._line_of = file, line_of
        try:
            self.defaults = FileModel.model_validate(settings)
        except ValidationError as error:
            self._note(explain(error, FileModel), ())

    def _note(self, problems: Sequence[PolicyError], above: Steps, *, is_short: bool = False) -> None:
        for problem in problems:
            path = problem.path[1:] if is_short and problem.path[:1] == ("aliases",) else problem.path
            path = (*above, *path)
            self.problems.append(PolicyError(problem.problem, problem.remedy, path, self._file, self._line_of(path)))

    def terms(self, given: object) -> Iterator[Concept]:
        """Yield the concepts of `terms:`, in the long form (a list) or the short one (a mapping)."""
        if isinstance(given, Mapping):
            for canonical, entry in given.items():
                yield from self._short(canonical, entry)
        elif isinstance(given, (list, tuple)):
            for number, entry in enumerate(given):
                yield from self._term(entry, ("terms", number))
        else:
            found = type(given).__name__
            self._note([PolicyError(f"this must be a mapping or a list, not {found}.", _SHORT_FORM)], ("terms",))

    def _short(self, canonical: object, entry: object) -> Iterator[Concept]:
        path: Steps = ("terms", str(canonical))
        if isinstance(entry, Mapping):
            if "canonical" in entry:
                problem = PolicyError("the canonical term is the key already.", "Remove canonical here.")
                self._note([problem], (*path, "canonical"))
            else:
                yield from self._term({**entry, "canonical": canonical}, path)
            return
        aliases = entry
        if type(entry) is str:
            aliases = [entry]
            if looks_like_a_list(entry):
                self.unsplit.append((self._line_of(path), entry))
        # What nearly all entries of a large glossary are needs no model.
        if type(canonical) is str and canonical and _are_texts(aliases):
            yield self._plain(canonical, aliases, path)
        else:
            yield from self._term({"canonical": canonical, "aliases": entry}, path, is_short=True)

    def _plain(self, canonical: str, aliases: Any, path: Steps) -> Concept:
        defaults = self.defaults
        return Concept(
            canonical=canonical.strip(),
            aliases=tuple([alias.strip() for alias in aliases]),
            mode=defaults.mode,
            case=defaults.case,
            plurals=defaults.plurals,
            keep_quoted=defaults.keep_quoted,
            zones=defaults.zoned,
            path=path,
            file=self._file,
            line=self._line_of(path),
        )

    def _term(self, entry: object, path: Steps, *, is_short: bool = False) -> Iterator[Concept]:
        try:
            term = TermModel.model_validate(entry)
        except ValidationError as error:
            self._note(explain(error, TermModel), path, is_short=is_short)
        else:
            yield concept_of(term, self.defaults, path, self._file, self._line_of(path))

    def renames(self, given: object) -> Iterator[Concept]:
        """Yield the concepts of `renames:`, which maps old names to new ones."""
        if not isinstance(given, Mapping):
            problem = f"this must be a mapping of old names to new ones, not {type(given).__name__}."
            self._note([PolicyError(problem, "Write `old: new`.")], ("renames",))
            return
        old_names: dict[str, list[str]] = {}
        for old, new in given.items():
            if type(new) is str and type(old) is str:
                old_names.setdefault(new.strip(), []).append(old)
            else:
                problem = f"the new name must be a string, not {type(new).__name__}."
                self._note([PolicyError(problem, "Write `old: new`, in quotes where needed.")], ("renames", str(old)))
        for new, old in old_names.items():
            yield self._plain(new, old, ("renames", old[0]))


def _are_texts(values: object) -> bool:
    return isinstance(values, (list, tuple)) and all(type(value) is str for value in values)


def concept_of(term: TermModel, defaults: FileModel, path: Steps, file: str | None, line: int | None) -> Concept:
    """Return the concept of an entry, with the file's settings where it has none of its own."""
    return Concept(
        canonical=term.canonical.strip(),
        aliases=tuple(alias.strip() for alias in term.aliases),
        mode=term.mode or defaults.mode,
        sources=frozenset(term.sources),
        near=term.near,
        only_near=term.only_near,
        unless=term.unless,
        keep=term.keep,
        case=term.case or defaults.case,
        plurals=defaults.plurals if term.plurals is None else term.plurals,
        keep_quoted=defaults.keep_quoted if term.keep_quoted is None else term.keep_quoted,
        zones=defaults.zoned,
        path=path,
        file=file,
        line=line,
    )


def explain(error: ValidationError, model: type[BaseModel]) -> list[PolicyError]:
    """Return what is wrong with an entry or with a file's settings, each with its path in it."""
    return [_explain_one(item, model) for item in error.errors(include_url=False, include_context=False)]


def _explain_one(item: Any, model: type[BaseModel]) -> PolicyError:
    path, kind = tuple(item["loc"]), type(item["input"]).__name__
    if item["type"] == "extra_forbidden":
        known = [*model.model_fields, *(("terms", "renames") if model is FileModel else ())]
        return PolicyError(f"unknown key {str(path[-1])[:60]!r}.", f"Known here: {', '.join(known)}.", path)
    if item["type"] == "missing":
        return PolicyError(f"{path[-1]!r} is missing.", "Add it.", path)
    if item["type"] in ("tuple_type", "model_type", "model_attributes_type"):
        return PolicyError(f"this must be a name or a list of names, not {kind}.", _SHORT_FORM, path)
    if item["type"] == "string_type":
        return PolicyError(f"this must be a string, not {kind}.", "Put it in quotes.", path)
    wanted = f"{item['msg'][:1].lower()}{item['msg'][1:]}."
    # By its name too: of a row in a table the path is empty or not shown, and the line has several cells.
    named = f"{path[-1]} " if path else ""
    return PolicyError(f"{named}{shown_value(item['input'])} does not fit:", wanted, path)

"""From matches to edits, and from edits to a text that a second rewriting leaves as it is."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.terminology.articles import carry_articles
from headgate.terminology.bounds import TooMuchWork
from headgate.terminology.casing import carry_case, is_lower_name, is_other_word
from headgate.terminology.choosing import Chooser
from headgate.terminology.composing import compose_edits
from headgate.terminology.concepts import Concept
from headgate.terminology.definitions import expands, expansion_at, is_one_name, name_before, short_form
from headgate.terminology.edits import Definitions, Edit, EditMode, Rewrite, apply_edits
from headgate.terminology.folding import fold_alias
from headgate.terminology.fuzzy import NearMisses
from headgate.terminology.matching import Found, Match, Matcher, Reading
from headgate.terminology.mentions import Mentions

__all__ = ["Ambiguous", "rewrite_text"]

Ambiguous = tuple[int, int, str, tuple[str, ...]]

_NOTHING: Definitions = {}
# Each pass reads the whole text; what has not settled by then has terms that feed one another.
_PASSES = 8
# Not every occurrence becomes an edit: many are canonical already, or in code.
_FINDS_PER_EDIT = 4


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is to be done with a text.

    Attributes:
        edits: in order, without overlaps.
        ambiguous: aliases for which nothing decides.
        is_open: whether an alias is left alone because of the words around it, which edits may change.
        definitions: what the text itself says that short forms stand for.
    """

    edits: list[Edit]
    ambiguous: tuple[Ambiguous, ...]
    is_open: bool
    definitions: Definitions


_UNTOUCHED = _Planned([], (), False, _NOTHING)


def rewrite_text(
    text: str,
    matcher: Matcher,
    near_misses: NearMisses | None,
    source: str | None,
    limits: Limits = DEFAULT_LIMITS,
    defined: Definitions = _NOTHING,
) -> Rewrite:
    """Return `text` in canonical terms, such that rewriting the result changes nothing more.

    A canonical term may form an alias together with its neighbours. Then the result is rewritten again, until it
    stays; a text that does not settle is left as it was, and says so.

    Args:
        text: any text.
        matcher: the aliases and canonical terms.
        near_misses: the index of what may be misspelt, if that is looked for.
        source: the id of the source it comes from, for concepts with a scope.
        limits: bounds on the work.
        defined: what other parts of the same document say that short forms stand for; its own word comes first.
    """
    if len(text) > limits.text_bytes:
        return Rewrite(text, unsettled=f"more than {limits.text_bytes:,} characters")
    try:
        work = _Work(matcher, near_misses, source, limits, defined)
        planned = work.plan(text)
        settled = _settle(text, planned, work)
        return replace(settled, definitions=planned.definitions) if planned.definitions else settled
    except TooMuchWork as error:
        return Rewrite(text, unsettled=error.reason)


@dataclass(frozen=True, slots=True)
class _Work:
    """What texts are rewritten by: arguments as for `rewrite_text`."""

    matcher: Matcher
    near_misses: NearMisses | None
    source: str | None
    limits: Limits
    defined: Definitions

    def plan(self, text: str) -> _Planned:
        """Decide what is to be done with a text."""
        most = self.limits.edits * _FINDS_PER_EDIT
        found = self.matcher.find(text, self.source, most)
        if not found.matches and self.near_misses is None:
            return _UNTOUCHED
        planner = _Planner(text, found, self.defined)
        planner.plan()
        edits = planner.edits
        if self.near_misses is not None:
            edits += _near_miss_edits(text, self.near_misses, found, planner.mentions, source=self.source, most=most)
            edits.sort(key=lambda edit: edit.start)
        return _Planned(carry_articles(text, edits), tuple(planner.ambiguous), planner.is_open, planner.defined)


def _settle(text: str, planned: _Planned, work: _Work) -> Rewrite:
    edits, ambiguous = planned.edits, planned.ambiguous
    is_certain = work.near_misses is None and not planned.is_open
    for _ in range(_PASSES):
        if not edits:
            return Rewrite(text, ambiguous=ambiguous)
        if len(edits) > work.limits.edits:
            return Rewrite(text, unsettled=f"more than {work.limits.edits:,} edits")
        rewritten, alignment = apply_edits(text, edits)
        # Only flags: nothing was written, so nothing can follow from it.
        if rewritten == text:
            return Rewrite(text, tuple(edits), ambiguous=ambiguous)
        if is_certain and all(
            work.matcher.settles(text, edit.start, edit.end, edit.replacement) for edit in edits if edit.changes_text
        ):
            return Rewrite(rewritten, tuple(edits), alignment, ambiguous)
        again = [edit for edit in work.plan(rewritten).edits if edit.changes_text]
        if not again:
            return Rewrite(rewritten, tuple(edits), alignment, ambiguous)
        edits = compose_edits(text, rewritten, edits, again)
    return Rewrite(text, unsettled=f"still changing after {_PASSES} passes")


class _Planner:
    """Decides what is to be done with each alias of one text."""

    def __init__(self, text: str, found: Found, defined: Definitions) -> None:
        self.edits: list[Edit] = []
        self.ambiguous: list[Ambiguous] = []
        self.is_open = False
        self.mentions = Mentions(text, found.names)
        self._text = text
        self._found = found
        self.defined: dict[str, frozenset[str]] = {}
        self._defined_elsewhere = defined
        self._introduced: set[tuple[str, str]] = set()

    def plan(self) -> None:
        """Go through the matches, once for what the text says of its words, and once for what follows."""
        used = [match for match in self._found.matches if not self._stays(match)]
        chooser = Chooser(self._text, {**self._defined_elsewhere, **self.defined})
        for match in used:
            self._decide(match, chooser)

    def _stays(self, match: Match) -> bool:
        """Whether a match is a canonical term, or a mention; what a mention defines is noted."""
        text, senses, (start, end) = self._text, match.senses, match[:2]
        if senses.is_canonical(text[start:end]):
            return True
        is_mention = self.mentions.is_mention(start, end, senses.names)
        expansion = expansion_at(text, start, end)
        if expansion is None and len(senses.names) > 1 and not is_mention:
            expansion = name_before(text, start, end)
        if is_mention or expansion is not None:
            self.is_open = True
            self._define(match, expansion)
        # Its long form may be there in a different spelling than ours: "service-level agreement (SLA)".
        return is_mention or (expansion is not None and any(is_one_name(name, expansion) for name in senses.names))

    def _define(self, match: Match, expansion: str | None) -> None:
        start, end = match.start, match.end
        written, short = fold_alias(self._text[start:end]), short_form(self._text[start:end])
        names = [name for name in match.senses.names if self.mentions.is_defined(start, end, name)]
        if not names and expansion is not None:
            names = [name for name in match.senses.names if is_one_name(name, expansion)]
        if names:
            self.defined[short] = frozenset(names) | self.defined.get(short, frozenset())
            self._introduced.update((name, written) for name in names)
        # A name that is not a long form itself may well be the same thing under its long form.
        elif expansion is not None and (
            len(match.senses.names) > 1 or expands(match.senses.names[0], self._text[start:end])
        ):
            self.defined.setdefault(short, frozenset())

    def _decide(self, match: Match, chooser: Chooser) -> None:
        text, senses, (start, end) = self._text, match.senses, match[:2]
        reading, has_rivals = chooser.choose(match)
        if reading is None:
            self.is_open = True
            if has_rivals:
                self.ambiguous.append((start, end, text[start:end], senses.names))
            return
        concept = reading.concept
        # Of several spellings that are listed, the one that is written there.
        alias, written = reading.alias, text[start:end]
        if alias != written and len(senses.aliases) > 1:
            alias = next((one.alias for one in senses.aliases if one.alias == written), alias)
        if concept.case == "smart" and is_other_word(text, start, end, alias, concept.canonical):
            self.is_open = True
            return
        mode = self._mode(concept, written)
        edit = None if mode is None else _edit(text, start, end, reading, mode)
        if edit is not None:
            self.edits.append(edit)

    def _mode(self, concept: Concept, written: str) -> EditMode | None:
        """Return what is to be done with an alias; None where its first mention says already what it stands for."""
        if concept.mode not in ("annotate", "introduce"):
            return "flag" if concept.mode == "flag" else "replace"
        key = (concept.canonical, fold_alias(written))
        if key not in self._introduced:
            self._introduced.add(key)
            return "annotate"
        return "replace" if concept.mode == "introduce" else None


def _edit(text: str, start: int, end: int, reading: Reading, mode: EditMode, *, is_fuzzy: bool = False) -> Edit | None:
    written, concept = text[start:end], reading.concept
    replacement = reading.replacement or concept.canonical
    if mode == "flag":
        return Edit(start, end, written, concept.canonical, "flag", written, is_fuzzy)
    if reading.lowers and is_lower_name(written, reading.alias):
        replacement = replacement.lower()
    if mode != "replace":
        note = f" ({replacement})"
        # Annotated already, by whoever wrote it or by the pass before.
        if text.startswith(note, end):
            return None
        return Edit(start, end, written, concept.canonical, "annotate", written + note, is_fuzzy)
    cased = carry_case(text, start, end, reading.alias, replacement)
    if cased == written:
        return None
    return Edit(start, end, written, concept.canonical, "replace", cased, is_fuzzy)


def _near_miss_edits(
    text: str, near_misses: NearMisses, found: Found, mentions: Mentions, *, source: str | None, most: int
) -> list[Edit]:
    starts = [match.start for match in found.matches]
    ends = [match.end for match in found.matches]
    edits = []
    for start, end, concept, alias, is_sure in near_misses.find(text, source, most):
        index = bisect_right(starts, end - 1) - 1
        if index >= 0 and ends[index] > start:  # a part of an alias or of a canonical term
            continue
        if mentions.is_mention(start, end, (concept.canonical,)):
            continue
        if near_misses.mode == "flag" or not is_sure:
            edits.append(Edit(start, end, text[start:end], concept.canonical, "flag", text[start:end], True))
            continue
        mode: EditMode = "replace" if concept.mode == "introduce" else concept.mode
        edit = _edit(text, start, end, Reading(concept, None, concept.canonical, alias), mode, is_fuzzy=True)
        if edit is not None:
            edits.append(edit)
    return edits

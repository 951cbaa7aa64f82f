"""Words that are mentioned, not used: `Kubernetes (K8s)`, "formerly K8s", "no longer called K8s".

Whoever writes about a name means the name and not the thing, and with the canonical term in its place the sentence
says something else: "Kubernetes (Kubernetes)", "no longer called Kubernetes". Two rules recognise a mention, both
within a few words of it, so that the rest of the text is rewritten as ever:

- Both names in one breath. The alias and its canonical term are next to each other, with nothing between them but
  brackets, quotation marks, dashes or words that set two names against one another ("or", "formerly", "not",
  "renamed to", "short for"). The sentence explains or contrasts the names.
- A word that introduces a name: "called", "the word", "formerly", "also known as" directly before the alias, or
  "was renamed", "stands for" directly behind it.

The words are English. A word that is missing here costs an odd sentence, and one too many leaves an old name in the
prompt; so the lists hold function words and words about words, and nothing that is said of things.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

__all__ = ["Mentions", "Names"]

Names = Mapping[str, tuple[Sequence[int], Sequence[int]]]
"""For each canonical term, where it is in the text: the starts and the ends, in order."""

_GAP_CHARS = 80
_LEAD_CHARS = 60
_TAIL_CHARS = 60
_NAMES_BEFORE = 3

# What may be between two names of one thing. Articles and auxiliaries are here because "K8s is the old name of
# Kubernetes" has them; on their own they do no harm, for no sentence that uses a thing says its name twice in a row.
_CONNECTING_WORDS = """
    a abbrev abbreviated abbreviates abbreviation above acronym aka alias all also alternatively an and are as be
    became become becomes been below better both branded but by call called calls change changed changes changing
    codename codenamed collectively colloquially common commonly confuse confused confusing contrast currently
    denotes deprecated differ different differs do don dropped each earlier eg either equal equals etc everywhere
    evolved ex expands externally favor favour fka for former formerly from gave goes got had has have hence
    henceforth hereafter hereinafter i identical ie in informally initialism instead internally into is it its just
    k known labeled labelled later legacy long longer marketed mean meaning means merged mistake mix mixed name
    named names naming nee never new nickname nicknamed nka no not nothing now numeronym née obsolete of off
    officially often old older once one only or original originally our outdated over part prefer preferably
    preferred previous previously prior pronounced properly rather read rebrand rebranded rebranding rebrands refer
    referred refers rename renamed renames renaming replaced replaces s same say see short shorten shortened
    shorthand should simply since sold sometimes spelled spelling spelt stand stands still styled stylised stylized
    subsequently succeeded superseded synonym synonymous t takes tentatively term than that the their then
    thereafter these they thing this time title to today took turned under unlike until up use used usually versus
    vs was way we were what whereas which with word working write written you
"""
_CONNECTING = frozenset(_CONNECTING_WORDS.split())
_ARTICLES = frozenset(("a", "an", "the"))
_UNTELLING = frozenset(string.ascii_letters + string.whitespace)
_PERIODS = re.compile(
    r"\b(?:a\.k\.a|f\.k\.a|n\.k\.a|i\.e|e\.g|vs|cf|abbr|abbrev)\.|(?<=\bcode)-(?=name)", re.IGNORECASE
)
_LINK_TARGET = re.compile(r"\]\([^()\s]{0,80}\)|</?[A-Za-z][^<>]{0,80}>")
_WORD = re.compile(r"[^\W_]+")
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")
# The end of a sentence or of a paragraph, and the next item of a list or row of a table.
_BREAK = re.compile(r"[.!?;\u3002\u2026]|\n[ \t\r]*\n|\n[ \t]*(?:[-*+\u2022#>|]|\d+[.)])")

_OPENING_SIGNS = "\"'\u201c\u2018\u201e\u00ab([*_`< \t\r\n"
_QUOTING_SIGNS = frozenset("\"'\u201c\u2018\u201e\u00ab*_`")
_INTRODUCTION = re.compile(
    r"\b(?:"
    r"aka|a\.k\.a\.|fka|f\.k\.a\."
    r"|(?<!so-)(?:called|named|codenamed)(?: the| an?)?"
    r"|call(?:s|ing)? (?:it|them|him|her)"
    r"|(?:known|referred to|spelled|spelt|abbreviated|shortened|stylized|stylised) as"
    r"|(?:shortened|abbreviated) to"
    r"|(?:renamed|rebranded|changed its name) from"
    r"|(?<!other )words?|(?<!-)(?<!short )(?<!long )(?<!near )(?<!medium )term|terms"
    r"|(?:name|alias|phrase|expression|acronym|abbreviation|initialism|nickname|spelling)(?:e?s)?"
    r")\Z",
    re.IGNORECASE,
)
# The same, where the name ends what is said of it: "call this K8s." and not "call this K8s cluster home".
_INTRODUCTION_OF_WHOLE = re.compile(
    r"\b(?:dubbed|nicknamed|renamed|abbreviated|call(?:s|ing)? (?:this|that|these|those)|(?:written|defined) as)\Z"
    r"|(?:\b(?:was|were|is|are|been|being) |[(\[,\u2013\u2014-] ?)(?:formerly|previously|originally)\Z",
    re.IGNORECASE,
)
# The same, where the name ends the clause, or is marked as a name: "never write K8s", and not "never write K8s files".
_INTRODUCTION_OF_LAST = re.compile(
    r"\b(?:saying|(?:not|never|longer|don't|don\u2019t|stop|avoid) (?:say|write|call|saying|writing|calling))\Z"
    r"|\A(?:formerly|previously|originally)\Z",
    re.IGNORECASE,
)
_CLOSING_SIGNS = r"[\"'\u201d\u2019\u201c\u00bb)\]*_`>]*"
_CLAUSE = re.compile(r"[.!?;]\s")
_CLAUSE_END = re.compile(
    rf"{_CLOSING_SIGNS}(?:\s*(?:\Z|[.,;:!?)\]|/=\u2026\u2013\u2014\u2192]|-+\s)|[ \t\r]*\n[ \t\r]*\n"
    r"|\s+(?:or|but|anymore|again|instead|because|any (?:more|longer))\b)",
    re.IGNORECASE,
)
_PHRASE_END = re.compile(
    rf"{_CLAUSE_END.pattern}|{_CLOSING_SIGNS}\s+(?:and|as|at|by|for|from|here|in|into|now|on|since|so|then|this|though|to"
    r"|today|until|when|which|while|who|with|within)\b",
    re.IGNORECASE,
)
_CALLING = re.compile(
    r"\b(?:call(?:s|ed|ing)?|nam(?:es?|ed|ing)|dub(?:s|bed)?|(?:re|nick)nam(?:e|es|ed|ing)|rebrand(?:s|ed)?|term(?:s|ed)?"
    r"|abbreviat(?:e|es|ed|ing))[\s\"'\u201c\u2018\u201e\u00ab*_`]+\Z",
    re.IGNORECASE,
)
# The last word of each introduction: most words are none, and a look into a set is cheaper than the expression.
_LAST_WORDS = """
    alias aliases formerly previously originally aka a.k.a. fka f.k.a. dubbed nicknamed renamed abbreviated saying
    called named codenamed code-named the
    an a it this that them these those him her as to from word words term terms name names phrase phrases expression
    expressions acronym acronyms abbreviation abbreviations initialism initialisms nickname nicknames spelling
    spellings say write call writing calling
"""
_LAST = frozenset(_LAST_WORDS.split())
# The first word of each sequel, and what may be before it.
_FIRST_WORDS = (
    "was were is are has have had got being since now later renamed changed changes changing stands stand stood for"
)
_FIRST = frozenset(_FIRST_WORDS.split())
_LONGEST_FIRST = max(map(len, _FIRST))
_MAY_BE_FOLLOWED = frozenset("\"'\u201d\u2019\u201c\u00bb)]*_`>, \t\r\n")
_SEQUEL = re.compile(
    rf"{_CLOSING_SIGNS},?\s+(?:"
    r"(?:was|were|is|are|has been|have been|had been|got|being)\s+(?:(?:since|now|later)\s+)?(?:renamed|rebranded)\b"
    r"|(?:(?:since|now|later)\s+)?renamed\s*(?:(?:to|as|into)\b|[.,;:)])|chang(?:ed|es|ing)\s+its\s+name\b"
    r"|(?:(?:is|are|was|were)\s+)?now\s+(?:called|named|known\s+as)\b"
    r"|(?:is|are)\s+(?:spelled|spelt|pronounced)\b|(?:stands?|stood)\s+for\b|for\s+short\b"
    r"|(?:is|are|was|were)\s+(?:(?:an?|the|its|our|their|only|just)\s+)?"
    r"(?:short|shorthand|old|former|outdated|previous|acronym|abbreviation|initialism|nickname|synonym|alias)"
    r"\s+(?:for|of|names?|terms?|words?)\b"
    r")",
    re.IGNORECASE,
)


class Mentions:
    """Tells which occurrences of aliases in a text are mentions.

    Args:
        text: the text.
        names: where its canonical terms are.
    """

    __slots__ = ("_last", "_names", "_text")

    def __init__(self, text: str, names: Names) -> None:
        self._text = text
        self._names = names
        self._last: dict[str, tuple[int, int, bool]] = {}

    def is_mention(self, start: int, end: int, canonicals: Sequence[str]) -> bool:
        """Return whether `text[start:end]` is a mention; to be asked from left to right.

        Args:
            start: where an alias begins.
            end: where it ends.
            canonicals: the canonical terms that it can stand for.
        """
        answer = _is_introduced(self._text, start, end) or _is_followed(self._text, end)
        for canonical in canonicals:
            answer = answer or self._is_paired(start, end, canonical) or self._goes_on(start, end, canonical)
        for canonical in canonicals:
            self._last[canonical] = (start, end, answer)
        return answer

    def is_defined(self, start: int, end: int, canonical: str) -> bool:
        """Return whether the text names the alias and its canonical term in one breath, and so explains the one."""
        return self._is_paired(start, end, canonical)

    def _is_paired(self, start: int, end: int, canonical: str) -> bool:
        """Whether the alias and its canonical term are named in one breath."""
        places = self._names.get(canonical)
        if places is None:
            return False
        text, (starts, ends) = self._text, places
        index = bisect_right(ends, start)
        # The name that was meant may have others behind it, in the target of its link.
        for before in range(max(0, index - _NAMES_BEFORE), index):
            if _is_connected(text, (starts[before], ends[before]), (start, end)):
                return True
        index = bisect_left(starts, end)
        return index < len(starts) and _is_connected(text, (start, end), (starts[index], ends[index]))

    def _goes_on(self, start: int, end: int, canonical: str) -> bool:
        """Whether a list of names goes on, as in "(formerly K8s or kube)", or one alias explains another."""
        last = self._last.get(canonical)
        if last is None or not _connects(self._text, last[1], start, ","):
            return False
        opening = self._text[last[1] : start].lstrip()[:1]
        is_link = opening == "[" and self._text.startswith(("](", "]["), end)
        is_same = self._text[last[0] : last[1]].lower() == self._text[start:end].lower()
        return last[2] or (opening in ("(", "[") and not is_link and not is_same)


def _is_introduced(text: str, start: int, end: int) -> bool:
    """Return whether the words directly before `text[start:end]` say that a name follows."""
    # Nearly always a word and a blank are before it, and the word introduces nothing.
    begin = max(0, start - _LEAD_CHARS)
    if text[start - 1 : start] == " ":
        word = text[max(begin, text.rfind(" ", begin, start - 1) + 1) : start - 1]
        if word.isalnum() and word.lower() not in _LAST:
            return False
    lead = text[begin:start].rstrip(_OPENING_SIGNS)
    last = lead.rsplit(None, 1)[-1:]
    if not last or last[0].lower().lstrip(_OPENING_SIGNS) not in _LAST:
        return False
    if _BLANK_LINE.search(text, begin + len(lead), start):
        return False
    lead = " ".join(_CLAUSE.split(lead)[-1].split())
    if _INTRODUCTION.search(lead) is not None:
        return True
    if _INTRODUCTION_OF_WHOLE.search(lead) is not None:
        return _is_marked(text, start) or _PHRASE_END.match(text, end, end + _TAIL_CHARS) is not None
    if _INTRODUCTION_OF_LAST.search(lead) is not None:
        return _is_marked(text, start) or _CLAUSE_END.match(text, end, end + _TAIL_CHARS) is not None
    return False


def _is_followed(text: str, end: int) -> bool:
    """Return whether the words directly behind a term say that it is a name."""
    if text.startswith(" ", end):
        word = text[end + 1 : end + _LONGEST_FIRST + 2].partition(" ")[0]
        if word.isalnum() and word.lower() not in _FIRST:
            return False
    elif text[end : end + 1].isascii() and _MAY_BE_FOLLOWED.isdisjoint(text[end : end + 1]):
        return False
    return _SEQUEL.match(text, end, end + _TAIL_CHARS) is not None


def _is_marked(text: str, start: int) -> bool:
    return text[start - 1 : start] in _QUOTING_SIGNS if start else False


def _is_connected(text: str, first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Return whether what is between two names sets them against one another, or the one is called the other."""
    (start, end), (begin, finish) = first, second
    is_beside = text[end:begin].isspace() and _BLANK_LINE.search(text, end, begin) is None
    if is_beside and _CALLING.search(text, max(0, start - _LEAD_CHARS), start) is not None:
        return True
    return _connects(text, end, begin, text[finish : finish + 1])


def _connects(text: str, start: int, end: int, behind: str) -> bool:
    """Whether `text[start:end]` only connects two names, the second of which is followed by `behind`."""
    if not 0 < end - start <= _GAP_CHARS:
        return False
    gap = _LINK_TARGET.sub(" ", text[start:end])
    gap = _PERIODS.sub(lambda match: match.group().strip("-").replace(".", ""), gap)
    if _BREAK.search(gap):
        return False
    words = set(_WORD.findall(gap.lower()))
    if not words <= _CONNECTING or (words and ")" in gap.partition("(")[0]):
        return False  # what follows a bracket that ends there is said of something else: "K8s (Kubernetes) and K8s"
    if words - _ARTICLES:
        return True
    signs = set(gap) - _UNTELLING
    if signs == {","}:  # "LarkDesk, LDX, opens": the second explains the first; a mere comma may end a clause
        return behind in (",", ")", "]")
    return bool(signs)

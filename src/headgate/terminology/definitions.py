"""What a text itself says that its short forms stand for.

The rule is that of Schwartz and Hearst ("A simple algorithm for identifying abbreviation definitions in biomedical
text", PSB 2003): of the words before a short form in brackets, the shortest run whose letters give the short form, read
from the right; its first letter begins the run. The order may be the other one: a short form, then its long form in
brackets. Where words or a colon take the place of brackets ("SLA stands for ..."), each letter has to begin a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from headgate.terminology.folding import fold, fold_alias

__all__ = ["definitions_of", "expands", "expansion_at", "is_one_name", "name_before", "short_form"]

_MOST_LETTERS = 10
_CHARS_PER_LETTER = 30
# An item of a list, a heading and a row of a table begin on lines of their own, and continue no other.
_SENTENCE = re.compile(r"[.!?;:]\s|\n[ \t]*(?=\n|[-*+#>|]|\d{1,4}[.)])|[()\[\]|\uff08\uff09]")
_WORDS = re.compile(r"[^\W_]+")
_PLURAL = re.compile(r"([A-Z]{2,})s")
# What markup adds to words: emphasis, quotation marks, the target of a link, tags.
_MARKS = "\"'\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb*_`"
_MARKUP = re.compile(
    rf"\]\([^()\s]{{0,200}}\)|\]\[[^\[\]\n]{{0,80}}\]|</?[A-Za-z][^<>]{{0,80}}>|[\[{_MARKS.replace(chr(39), '')}]"
)
_TAGS = r"(?:<[a-z]{1,8}>){0,2}"
_LEADING = (
    rf"(?:[{_MARKS}]{{0,2}}(?:hereafter|hereinafter|henceforth|hereby|also|or|abbr(?:ev)?\.?|abbreviated|acronym|called|the"
    rf"|known|as|to|simply|short|in|for|its|our|an?|each|this|collectively|referred|below|what|follows|i\.e\.|a\.?k\.?a\.?"
    rf"|[a-z]{{4,12}}:)[{_MARKS}]{{0,2}}[:,]?\s){{0,7}}"
)
_OPENING = re.compile(rf"[{_MARKS}]{{0,4}}\s?[(\[\uff08]\s?{_LEADING}{_TAGS}[{_MARKS}]{{0,4}}\Z", re.IGNORECASE)
# The same without brackets, where only a name in capitals counts: "Sierra Leone Army, or SLA, was weak".
_COMMA = re.compile(
    rf"[{_MARKS}]{{0,4}}(?:,\s|\s?[\u2013\u2014]\s?){_LEADING}{_TAGS}[{_MARKS}]{{0,4}}\Z", re.IGNORECASE
)
_COMMA_BEHIND = re.compile(rf"[{_MARKS}]{{0,4}}(?:,\s+(?:or\s+|i\.e\.,?\s+)?|\s?[\u2013\u2014]\s?)(?:(?:the|an?)\s+)?")
_LINK_END = re.compile(rf"[{_MARKS}]{{0,4}}(?:\]\([^()\s]{{0,300}}\)|\]\[[^\[\]\n]{{0,80}}\])")
_OPENING_CHARS, _TARGET_CHARS = 64, 300
_CLOSING = re.compile(
    rf"[{_MARKS}]{{0,4}}(?:</[a-z]{{1,8}}>){{0,2}}(?:\s(?:for\s+short|hereafter|below))?(?:\s?[)\uff09]|[;,]|\](?![(\[:]))"
)
_PART = re.compile(rf"[{_MARKS}]{{0,4}}(?:</[a-z]{{1,8}}>){{0,2}}(?:\s+for\s+short)?(?:[,;.)]|\s?[\u2013\u2014])")
_TITLE = re.compile(r"<abbr[^<>]{0,40} title=[\"']([^\"'<>]{2,200})[\"'][^<>]{0,40}>\Z", re.IGNORECASE)
_LEADING_BEHIND = re.compile(
    r"(?:(?:which|that|here)\s+)?(?:short(?:hand)?\s+for|(?:stands?|standing)\s+for|abbreviation\s+(?:of|for)|abbreviates"
    r"|from|for|i\.e\.,?|=)?\s*(?:(?:the|an?)\s+)?",
    re.IGNORECASE,
)
_LONG_BEHIND = re.compile(rf"[{_MARKS}]{{0,4}}\s?[(\[\uff08]\s?[{_MARKS}]{{0,4}}([^()\[\]\uff08\uff09]+)[)\]\uff09]")
_MEANING = re.compile(
    rf"[{_MARKS}]{{0,4}},?\s+(?:(?:which|that|here|hereafter)\s+)?(?:(?:stands?|stood)\s+for|means?|denotes|refers?\s+to"
    rf"|abbreviates|(?:is|are|was)\s+(?:(?:short|an?\s+\w{{5,14}}|the\s+\w{{5,14}})\s+(?:for|of))|(?:is|are|was|as)(?=\s+the\b)"
    rf"|we\s+mean)\s+(?:(?:the|an?)\s+)?",
    re.IGNORECASE,
)
# In a list of abbreviations: `**SLA**: ...`, `SLA = ...`, `| SLA | ... |`, `*[SLA]: ...`, `<dt>SLA</dt><dd>...`.
_ENTRY = re.compile(
    rf"[{_MARKS}]{{0,4}}\]?[{_MARKS}]{{0,4}}(?:\s*(?:[:|=\u2013\u2014]|\s-)|</(?:dt|td|th|b)>\s*<d?[dt]d?>)[{_MARKS}\s]*"
)
_LINE_START = re.compile(rf"(?:\A|\n)[ \t>|#+\-\u2022\d.{_MARKS}\[]{{0,12}}(?:<(?:dt|td|th|b|tr|li)>\s*){{0,3}}\Z")
# A short form directly within a bracket, or before one; the bracket may be that of the next one: "Army (SLA)".
_SHORT = r"([A-Z0-9][A-Za-z0-9]{1,10})"
_BESIDE_BRACKET = re.compile(
    rf"[(\[\uff08](?<!\]\()[^\w()\[\]]{{0,4}}{_SHORT}\b|\b{_SHORT}(?=[{_MARKS}]{{0,4}}\s?[(\[\uff08](?!\())"
)
_MOST_DEFINED = 2_000
_NAME_BEFORE = re.compile(rf"([^\W\d_a-z][^\W_]*)[{_MARKS}]{{0,4}} [(\[][{_MARKS}]{{0,4}}\Z")
_NAME_CHARS = 48
_TELLING_LETTERS = 3
_SMALL = "a an and are as at by for from in is it of on or the to was with"
_SMALL_WORDS = frozenset(_SMALL.split())


def short_form(written: str) -> str:
    """Return what is written as a short form, folded and without the ending of a plural: `SLAs` is `sla`."""
    plural = _PLURAL.fullmatch(written)
    return fold_alias(written if plural is None else plural[1])


def expansion_at(text: str, start: int, end: int) -> str | None:
    """Return what `text` expands the short form at `start:end` to, right there; None where it says nothing."""
    if text[start].islower():  # as nearly all terms, and no short form
        return None
    plural = _PLURAL.fullmatch(text, start, end)
    short = plural[1] if plural is not None else text[start:end]
    if not (2 <= len(short) <= _MOST_LETTERS and _is_short_form(short)):
        return None
    return _expansion_before(text, start, end, short) or _expansion_behind(text, start, end, short)


def name_before(text: str, start: int, end: int) -> str | None:
    """Return the word with a capital that is directly before a short form in brackets, as in "Arkansas (AR)"."""
    if _CLOSING.match(text, end) is None:
        return None
    found = _NAME_BEFORE.search(text, max(0, start - _NAME_CHARS), start)
    return None if found is None else found[1]


def definitions_of(text: str) -> dict[str, str]:
    """Return what a whole text says that its short forms stand for, beside brackets; the first that is said of each.

    What it explains in two ways is left out.
    """
    found: dict[str, str] = {}
    contradicted: set[str] = set()
    for match in islice(_BESIDE_BRACKET.finditer(text), _MOST_DEFINED):
        start, end = match.span(match.lastindex or 0)
        long = expansion_at(text, start, end)
        if long is None:
            continue
        plural = _PLURAL.fullmatch(text, start, end)
        short, long = text[start:end] if plural is None else plural[1], " ".join(long.split())
        if not is_one_name(found.setdefault(short, long), long):
            contradicted.add(short)
    return {short: long for short, long in found.items() if short not in contradicted}


def expands(long: str, short: str) -> bool:
    """Return whether all of `long` is a long form of `short`."""
    found = _long_form(short, long)
    return found is not None and found == long.strip() and len(_WORDS.findall(long)) > 1


def is_one_name(canonical: str, expansion: str) -> bool:
    """Return whether an expansion is a canonical term: in any case, with or without hyphens, also in the plural."""
    return _bare(canonical) == _bare(expansion)


def _bare(name: str) -> list[str]:
    return [word.removesuffix("s") for word in _WORDS.findall(fold(name))]


def _is_short_form(written: str) -> bool:
    """Whether it is in capitals, or begins with one and has another one or a digit: SLA, QoS, K8s."""
    if not written.isalnum():
        return False
    return written.isupper() or (written[0].isupper() and sum(sign.isupper() or sign.isdigit() for sign in written) > 1)


def _expansion_before(text: str, start: int, end: int, short: str) -> str | None:
    """Return the long form that comes before a short form in brackets, or in the title of its `<abbr>`."""
    if text[start - 1 : start] == ">":
        title = _TITLE.search(text, max(0, start - _CHARS_PER_LETTER * _MOST_LETTERS), start)
        if title is not None:
            return title[1]
    link = _LINK_END.match(text, end) if text[start - 1 : start] == "[" else None
    if link is not None:  # brackets of its own, in which nothing is explained
        start, end = start - 1, link.end()
    first = max(0, start - _OPENING_CHARS)
    if _CLOSING.match(text, end) is not None and (opening := _OPENING.search(text, first, start)) is not None:
        return _long_form(short, _lead(text, opening.start(), short))
    if len(short) < _TELLING_LETTERS:
        return None
    if _PART.match(text, end) is not None and (comma := _COMMA.search(text, first, start)) is not None:
        return _name_of_letters(short, _lead(text, comma.start(), short))
    return None


def _lead(text: str, end: int, short: str) -> str:
    """Return what comes before a place, without markup: as much as a short form can stand for."""
    length = len(short) * _CHARS_PER_LETTER
    lead = _MARKUP.sub(" ", text[max(0, end - length - _TARGET_CHARS) : end])
    return _SENTENCE.split(lead[-length:])[-1].rstrip()


def _name_of_letters(short: str, lead: str) -> str | None:
    """Return the name at the end of `lead` whose words begin with the letters of `short`, or are small."""
    letters = short.lower()
    last = lead.rpartition(",")[2]
    index = len(letters)
    for word in reversed(list(_WORDS.finditer(last))):
        if word[0][0].isupper() and word[0][0].lower() == letters[index - 1]:
            index -= 1
            if index == 0:
                return last[word.start() :].strip()
        elif index == len(letters) or word[0] not in _SMALL_WORDS:
            return None
    return None


def _is_name(words: str) -> bool:
    return all(word[0][0].isupper() or word[0] in _SMALL_WORDS for word in _WORDS.finditer(words))


def _expansion_behind(text: str, start: int, end: int, short: str) -> str | None:
    """Return the long form that follows a short form."""
    last = end + len(short) * _CHARS_PER_LETTER
    inside = _LONG_BEHIND.match(text, end, last)
    if inside is not None:
        long = _LEADING_BEHIND.sub("", _MARKUP.sub("", inside[1]).strip(_MARKS), count=1)
        return long if expands(long, short) else None
    comma = _COMMA_BEHIND.match(text, end, last)
    if comma is not None and len(short) >= _TELLING_LETTERS:
        apposition = _SENTENCE.split(_MARKUP.sub(" ", text[comma.end() : last]))[0].partition(",")[0]
        named = _spelt_out(short, apposition)
        if named is not None and _is_name(named):
            return named
    meaning = _MEANING.match(text, end, last)
    is_entry = meaning is None and _LINE_START.search(text, max(0, start - _OPENING_CHARS), start) is not None
    if is_entry:
        meaning = _ENTRY.match(text, end, last)
    if meaning is None:
        return None
    following = _SENTENCE.split(_MARKUP.sub(" ", text[meaning.end() : last]))[0]
    spelt = _spelt_out(short, following)
    # Behind a colon two words begin with any two letters often enough; as a name they have capitals.
    is_chance = is_entry and spelt is not None and len(short) < _TELLING_LETTERS and not spelt.istitle()
    return None if is_chance else spelt


def _spelt_out(short: str, following: str) -> str | None:
    """Return the words at the beginning of `following` whose first letters give `short`; small words may be between."""
    letters, index = fold(short), 0
    for word in _WORDS.finditer(following):
        is_small = word[0].lower() in _SMALL_WORDS
        if fold(word[0])[0] == letters[index] and not (is_small and index + 1 == len(letters)):
            index += 1
            if index == len(letters):
                return following[: word.end()].strip()
        elif index == 0 or not is_small:
            return None
    return None


def _long_form(short: str, lead: str) -> str | None:
    """Return the end of `lead` that `short` stands for."""
    lead = lead.strip()
    most = min(len(short) + 5, len(short) * 2)
    words = list(_WORDS.finditer(lead))[-most:]
    if not words:
        return None
    begin = words[0].start()
    long, letters = fold(lead), fold(short)
    position = len(long) - 1
    for index in range(len(letters) - 1, -1, -1):
        while position >= begin and (
            long[position] != letters[index] or (index == 0 and position > 0 and long[position - 1].isalnum())
        ):
            position -= 1
        if position < begin:
            return None
        position -= 1
    found = lead[position + 1 :]
    parts = _WORDS.findall(fold(found))
    # A word that holds all the letters is not a long form: "(LAN) plan"; nor is what has the short one in it.
    is_long_form = len(parts) > 1 and letters not in parts and _is_mostly_initials(letters, parts)
    return found if is_long_form else None


def _is_mostly_initials(letters: str, words: Sequence[str]) -> bool:
    """Return whether more than half of a short form's letters begin words of a long form, in order.

    A run of any words holds most short forms somewhere: "API (a backward compatible way)".
    """
    wanted = [letter for letter in letters if letter.isalpha()]
    count = place = 0
    for word in words:
        if word[0] in wanted[place:]:
            place = wanted.index(word[0], place) + 1
            count += 1
    return 2 * count > len(wanted)

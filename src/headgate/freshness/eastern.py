"""Dates of Chinese, Japanese and Korean texts, rewritten with figures and the usual characters."""

from __future__ import annotations

import re

from headgate.freshness.interval import Unreadable

__all__ = ["rewrite_eastern"]

_WEEKDAY = (
    r"(?: ?[(]?(?:(?:星期|周|週|礼拜|禮拜)[一二三四五六日天]|[月火水木金土日](?:曜日?)?|"
    r"[월화수목금토일](?:요일)?)[)]?)?"
)
_DATE = re.compile(
    r"(?P<year>\d{4}) ?[年년](?: ?(?P<month>\d{1,2}) ?[月월](?: ?(?P<day>\d{1,2}) ?[日일号號]"
    + _WEEKDAY
    + r")?)?(?P<rest>.*)"
)
_HALF = re.compile(r"(?P<half>上午|下午|午前|午後|오전|오후) ?(?P<hour>\d{1,2})(?P<rest>.*)")
_CLOCK = re.compile(r"(\d{1,2}) ?[時时点點시](?: ?(\d{1,2}) ?[分분](?: ?(\d{1,2}) ?[秒초])?)?")
_SIGNS = frozenset("年년上下午오")


def rewrite_eastern(text: str) -> str:
    """Return a date such as 2026年3月2日 as 2026-3-2, and 오후 3:30 as 3:30 PM; any other text as it is.

    Raises:
        Unreadable: a time of day is named that people read in two ways.
    """
    if _SIGNS.isdisjoint(text):
        return text
    found = _DATE.fullmatch(text)
    if found:
        text = "-".join(part for part in (found["year"], found["month"], found["day"]) if part)
        if found["month"] and not found["day"]:
            text = f"{found['year']}-{int(found['month']):02}"
        rest = found["rest"].strip()
        text = f"{text} {rest}" if rest else text
    before, sign, behind = text.partition(" ")
    if not sign:
        return text
    # Behind `2026. 3. 2.` too, as Korean browsers write it.
    start = next((number for number, letter in enumerate(behind) if letter in "上下午오"), None)
    if start is None:
        return f"{before} {_CLOCK.sub(_with_colons, behind)}"
    return f"{before} {behind[:start]}{_halved(_CLOCK.sub(_with_colons, behind[start:]))}"


def _halved(text: str) -> str:
    found = _HALF.fullmatch(text)
    if not found:
        return text
    if found["half"] in ("午前", "午後"):
        if found["hour"] == "12":
            raise Unreadable("noon and midnight are both written so")
        hour = "12" if int(found["hour"]) == 0 else found["hour"]
    else:
        hour = found["hour"]
    return f"{hour}{found['rest']} {'AM' if found['half'] in ('上午', '午前', '오전') else 'PM'}"


def _with_colons(found: re.Match[str]) -> str:
    return ":".join(part.zfill(2) for part in (found[1], found[2] or "0", found[3]) if part)

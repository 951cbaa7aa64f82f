"""Decisions of a log as `headgate log` lists them: plain lines in a pipe, a table in a terminal, a page."""

from __future__ import annotations

import sys
from collections import Counter

from rich.console import Console
from rich.text import Text

from headgate.cli.options import console
from headgate.codes import CODES, first_reason, titled
from headgate.encoding import in_number
from headgate.record import AdmissionRecord, DecisionRecord, error_codes, name_of
from headgate.report import (
    TERMINAL,
    Step,
    Verdict,
    document_groups,
    funnel_chart,
    plain,
    ranked,
    rows_of,
    signed,
    verdict_html,
)

__all__ = ["DecisionTable"]

_LISTED = 2_000
# Below this many columns a document has a line of its own.
_WIDE = 120
_HEAD = ("when (UTC)", "admission", "decision", "codes", "source", "document")
_WIDTHS = (16, 12, 8, 15, 16)


class DecisionTable:
    """Prints decisions one at a time, as a log is read, and counts them."""

    def __init__(self) -> None:
        self._screen = console()
        self._is_table = sys.stdout.isatty()
        self._is_begun = False
        self._reasons: Counter[str] = Counter()
        self._listed: list[DecisionRecord] = []
        self._admissions = self._documents = self._dropped = 0

    def add(self, record: AdmissionRecord, decisions: list[DecisionRecord], *, is_kept: bool, is_printed: bool) -> None:
        """Print the decisions of an admission that are wanted, and count them.

        Args:
            record: the admission.
            decisions: those of its decisions that are wanted.
            is_kept: whether a page is to be made of them.
            is_printed: whether they are printed, and not only counted.
        """
        self._admissions += bool(decisions)
        for decision in decisions:
            self._documents += 1
            self._dropped += decision["action"] != "admit"
            if is_kept:
                reason = first_reason(error_codes(decision))
                self._reasons.update([reason] if reason is not None else [])
                if len(self._listed) < _LISTED:
                    self._listed.append(decision)
            if is_printed:
                self._print(record, decision)

    def html(self) -> str:
        """Return what was kept as HTML: how much of it was dropped, and the documents by reason."""
        said = f"{in_number(self._documents, 'document')} in {in_number(self._admissions, 'admission')}: "
        said += f"{self._documents - self._dropped:,} admitted, {self._dropped:,} dropped."
        reasons = ranked(self._reasons)
        steps = []
        if reasons and reasons[0][0] in CODES:
            code, count = reasons[0]
            words = f"{titled(code)} is the most frequent reason ({count:,}). {CODES[code].fix}"
            steps.append(Step(words, f"headgate explain {code}"))
        parts = [verdict_html(Verdict("warn" if self._dropped or not self._documents else "good", said, steps=steps))]
        if reasons:
            against = [(titled(code), count) for code, count in reasons]
            parts.append(funnel_chart(self._documents, against, "nothing against it", start="documents"))
        if self._listed:
            parts.append(document_groups(list(rows_of(self._listed)), level=2))
        if self._documents > len(self._listed):
            left = in_number(self._documents - len(self._listed), "more document")
            parts.append(
                f'<p class="soft">{left} counted and not listed; <code>headgate log --json</code> lists all.</p>'
            )
        return "".join(parts)

    def _print(self, record: AdmissionRecord, decision: DecisionRecord) -> None:
        codes = " ".join(finding["code"] for finding in decision["findings"])
        if not self._is_table:
            line = f"{record['now'][:19]}  {record['admission'][:12]}  {decision['action']:<5}  {codes:<15}"
            self._screen.print(plain(f"{line}  {decision['source']}  {name_of(decision)}"), soft_wrap=True)
            return
        is_admitted = decision["action"] == "admit"
        _print_row(
            self._screen,
            (
                plain(record["now"][:16].replace("T", " ")),
                plain(record["admission"][:12]),
                signed(decision["action"][:5], "good" if is_admitted else "bad"),
                plain(codes),
                plain(decision["source"]),
                plain(name_of(decision), 500),
            ),
            is_first=not self._is_begun,
        )
        self._is_begun = True


def _print_row(screen: Console, cells: tuple[Text, ...], *, is_first: bool) -> None:
    if is_first:
        _print_row(screen, tuple(Text(name, style=TERMINAL["before"]) for name in _HEAD), is_first=False)
    line = Text()
    for cell, width in zip(cells, _WIDTHS, strict=False):
        line += cell + Text(" " * (max(0, width - cell.cell_len) + 2))
    document = cells[-1]
    if screen.width >= _WIDE:
        screen.print(line + document)
    else:
        line.rstrip()
        screen.print(line)
        screen.print(Text("    ") + document)

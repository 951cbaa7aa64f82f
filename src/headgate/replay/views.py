"""A replay for people."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Group
from rich.text import Text

from headgate.codes import titled
from headgate.encoding import in_number
from headgate.replay.rechecking import Recheck
from headgate.replay.reporting import Replay
from headgate.report import Bar, add_view, bar_chart, clip, escape, new_table, plain, prose, table

__all__ = ["recheck_html", "recheck_rich", "replay_html", "replay_rich"]

_ROWS = 40
_DROPPED = "admitted then, dropped now"
_ADMITTED = "dropped then, admitted now"


def replay_html(replay: Replay) -> str:
    """Return a replay as HTML."""
    parts = [f"<p><strong>{escape(_sentence(replay))}</strong></p>"]
    parts += [f"<p>{escape(note)}</p>" for note in _notes(replay)]
    bars = [
        Bar(f"{source}: {titled(code)}", count, note=f"{sign}{count:,}", kind=kind)
        for counts, sign, kind in ((replay.newly_dropped, "\u2212", "bad"), (replay.newly_admitted, "+", "good"))
        for (source, code), count in counts.most_common(12)
    ]
    if bars:
        parts.append(bar_chart(bars, alt="Documents whose decision would change, by source and reason"))
    for words, counts in ((_DROPPED, replay.newly_dropped), (_ADMITTED, replay.newly_admitted)):
        counted = [(escape(clip(s, 80)), escape(titled(code)), f"{n:,}") for (s, code), n in counts.most_common(_ROWS)]
        if counted:
            parts.append(table(("source", "reason", "documents"), counted, numbers=(2,), caption=words))
    rows = [
        (
            escape(_DROPPED if key.startswith("-") else _ADMITTED),
            f"<code>{escape(clip(example.document, 120))}</code>",
            escape(example.now[:19]),
            escape(", ".join(example.before) or "nothing"),
            escape(clip("; ".join(example.after) or "nothing", 240)),
        )
        for key, examples in replay.examples.items()
        for example in examples[:3]
    ][:_ROWS]
    if rows:
        head = ("change", "document", "decided", "said of it then", "speaks against it now")
        parts.append(table(head, rows, caption="examples"))
    return "".join(parts)


def replay_rich(replay: Replay) -> Group:
    """Return a replay for a terminal."""
    parts: list[Any] = [prose(_sentence(replay), "bold")]
    parts += [prose(note) for note in _notes(replay)]
    for words, counts in ((_DROPPED, replay.newly_dropped), (_ADMITTED, replay.newly_admitted)):
        if counts:
            parts += [Text(), _counted(words, counts)]
    listed = new_table(
        "Examples", [("", False), ("document", False), ("decided", False), ("then", False), ("now", False)]
    )
    for key, examples in replay.examples.items():
        for example in examples[:3]:
            sign = Text("\u2212", style="red") if key.startswith("-") else Text("+", style="green")
            then, now = ", ".join(example.before) or "nothing", "; ".join(example.after) or "nothing"
            listed.add_row(sign, plain(example.document, 60), plain(example.now[:19]), plain(then), plain(now, 120))
    if listed.row_count:
        parts += [Text(), listed]
    return Group(*parts)


def recheck_html(recheck: Recheck) -> str:
    """Return a past admission, judged again, as HTML."""
    rows = [
        (
            f"<code>{escape(clip(one.document, 120))}</code>",
            escape(one.answer),
            escape(", ".join(one.codes)),
            escape(clip(one.why, 240)),
        )
        for one in recheck.documents[:_ROWS]
    ]
    listed = table(("document", "now", "codes", "why"), rows, caption="what the prompt was given") if rows else ""
    return f"<p><strong>{escape(recheck.answer)}</strong></p><p>{escape(_facts(recheck))}</p>{listed}"


def recheck_rich(recheck: Recheck) -> Group:
    """Return a past admission, judged again, for a terminal."""
    listed = new_table(None, [("document", False), ("now", False), ("codes", False), ("why", False)])
    for one in recheck.documents[:_ROWS]:
        listed.add_row(plain(one.document, 60), plain(one.answer), plain(", ".join(one.codes)), plain(one.why, 160))
    return Group(prose(recheck.answer, "bold"), prose(_facts(recheck)), *([listed] if listed.row_count else []))


def _facts(recheck: Recheck) -> str:
    count = len(recheck.documents)
    given = f"{in_number(count, 'document')}" if count else "no document"
    more = f"; the first {_ROWS} are shown" if count > _ROWS else ""
    return (
        f"Admission {recheck.admission[:64]} of {recheck.decided[:19]} gave the prompt {given}, judged again for "
        f"{recheck.now.isoformat(timespec='seconds')} under policy {recheck.policy_revision}{more}."
    )


def _counted(words: str, counts: Counter[tuple[str, str]]) -> Any:
    listed = new_table(words.capitalize(), [("source", False), ("reason", False), ("documents", True)])
    for (source, code), count in counts.most_common(_ROWS):
        listed.add_row(plain(source), plain(titled(code)), f"{count:,}")
    return listed


def _sentence(replay: Replay) -> str:
    if not replay.admissions:
        return "The log holds no admission that could be decided again."
    gone, come = sum(replay.newly_dropped.values()), sum(replay.newly_admitted.values())
    return (
        f"{replay.changed_prompts:,} of {replay.admissions:,} prompts would change: "
        f"{gone:,} documents would go, {come:,} would come "
        f"({replay.admitted_before:,} admitted then, {replay.admitted_after:,} now)."
    )


def _notes(replay: Replay) -> list[str]:
    notes = []
    if not replay.is_enforcing:
        notes.append("The policy does not enforce every check: documents that it would only report count as admitted.")
    if replay.emptied_prompts:
        notes.append(f"{in_number(replay.emptied_prompts, 'prompt')} would have no document left.")
        if replay.admitted_after == 0:
            most = replay.newly_dropped.most_common(1)
            notes[-1] += f" Nothing is admitted any more; what drops most is {titled(most[0][0][1])}." if most else ""
    if replay.undecided:
        total = sum(replay.undecided.values())
        notes.append(f"{total:,} of {replay.documents:,} documents cannot be decided again from what was recorded:")
        notes += [f"  {count:,}: {lack}" for lack, count in replay.undecided.most_common(8)]
    if replay.texts:
        notes.append(f"Terms: {replay.rewritten_before:,} places rewritten then, {replay.rewritten_after:,} now.")
    elif replay.documents:
        notes.append("Terminology and budget were left out: the log keeps no texts (`log: {content: full}` would).")
    if replay.skipped:
        lines = "; ".join(f"{count:,} where {why}" for why, count in replay.skipped.most_common(5))
        notes.append(f"Lines skipped: {lines}.")
    return notes


add_view(Replay, replay_html, replay_rich)
add_view(Recheck, recheck_html, recheck_rich)

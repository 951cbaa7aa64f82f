"""The demo as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.codes import CODES
from headgate.demo.company import TROUBLES
from headgate.demo.running import Answer, DemoResult, QuestionResult
from headgate.report import document_page, escape

__all__ = ["render_page"]


def render_page(result: DemoResult) -> str:
    """Return the demo as a page."""
    bad = sum(document.trouble is not None for document in result.documents.values())
    body = [
        "<h1>The same chain, with one line more</h1>",
        f'<p class="lead">{len(result.documents)} documents of a company that rents cargo bikes, in the state in which '
        f"production has them: {bad} are stale, forged, changed, unsigned or in force only later. "
        f"{len(result.questions)} questions to a {escape(result.framework)} chain on "
        f"{result.today:%d %B %Y}, asked twice. The difference is one line:</p>",
        '<p><code>retriever = guard(retriever, "headgate.yaml")</code></p>',
        _figures(result),
        _reasons(result),
        *(_question(result, number, question) for number, question in enumerate(result.questions, start=1)),
        "<h2>The policy</h2>",
        f'<div class="card scroll"><pre><code>{escape(result.policy)}</code></pre></div>',
    ]
    return document_page("headgate: the same chain, with one line more", "\n".join(body))


def _figures(result: DemoResult) -> str:
    total = len(result.questions)
    rows = (
        (f"{result.spoiled(guarded=False)} of {total}", "prompts held a bad document without headgate"),
        (f"{result.spoiled(guarded=True)} of {total}", "prompts hold one with headgate"),
        (str(sum(result.kept_out().values())), "findings that kept documents out"),
        (str(result.rewritten()), "terms rewritten to the company's own names"),
    )
    cards = (f'<div class="card figure"><b>{figure}</b><span class="soft">{text}</span></div>' for figure, text in rows)
    return f'<div class="figures">{"".join(cards)}</div>'


def _reasons(result: DemoResult) -> str:
    rows = "".join(
        f"<tr><td><code>{code}</code></td><td>{escape(CODES[code].title)}</td>"
        f'<td>{escape(CODES[code].meaning)}</td><td class="number">{count}</td></tr>'
        for code, count in sorted(result.kept_out().items())
    )
    return (
        "<h2>What kept documents out</h2>"
        '<div class="scroll"><table><thead><tr><th>code</th><th>title</th><th>what headgate saw</th>'
        f'<th class="number">times</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _question(result: DemoResult, number: int, question: QuestionResult) -> str:
    return (
        f"<h2>{number}. {escape(question.question)}</h2>"
        '<div class="pair">'
        f'<section class="card"><h3>The prompt without headgate</h3>{_prompt(result, question.without)}</section>'
        f'<section class="card"><h3>The prompt with headgate</h3>{_prompt(result, question.guarded)}</section>'
        f"</div>{_kept_out(question)}"
    )


def _prompt(result: DemoResult, answer: Answer) -> str:
    decisions = {decision["id"]: decision for decision in _decisions(answer)}
    parts = []
    for identifier, text in answer.documents:
        document = result.documents[identifier]
        kind = "bad" if document.trouble else "good"
        label = f"\u2717 {TROUBLES[document.trouble]}" if document.trouble else "\u2713 good"
        parts.append(
            f'<span class="badge {kind}">{escape(label)}</span> '
            f'<code class="soft">{escape(str(document.chunk.metadata["source"]))}</code>'
            f'<div class="text {kind}">{_text(document.chunk.text, text, decisions.get(identifier))}</div>'
        )
    return "".join(parts) or '<p class="soft">No document: better than a wrong one.</p>'


def _text(original: str, shown: str, decision: Mapping[str, Any] | None) -> str:
    """Return a document's text in the prompt, with the rewritten terms drawn in from the record."""
    edits = decision["edits"] if decision else []
    if not edits:
        return escape(shown)
    parts: list[str] = []
    position = 0
    for start, end, canonical, _ in edits:
        parts += [escape(original[position:start]), f"<del>{escape(original[start:end])}</del> "]
        parts.append(f"<ins>{escape(canonical)}</ins>")
        position = end
    return "".join((*parts, escape(original[position:])))


def _kept_out(question: QuestionResult) -> str:
    before = {identifier for identifier, _ in question.without.documents}
    rows = "".join(
        f'<tr><td><span class="badge bad">{finding["code"]}</span></td><td>{escape(finding["message"])}</td>'
        f"<td><code>{escape(str(decision['uri'] or 'no source'))}</code></td></tr>"
        for decision in _decisions(question.guarded)
        if decision["action"] == "drop" and decision["id"] in before
        for finding in decision["findings"]
        if finding["severity"] == "error"
    )
    if not rows:
        return ""
    head = "<tr><th>kept out</th><th>why</th><th>document</th></tr>"
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _decisions(answer: Answer) -> list[Mapping[str, Any]]:
    return list(answer.admission["decisions"]) if answer.admission else []

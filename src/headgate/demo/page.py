"""The demo as one HTML page."""

from __future__ import annotations

from headgate.codes import CODES
from headgate.demo.company import TROUBLES
from headgate.demo.running import Answer, DemoResult, QuestionResult
from headgate.record import DecisionRecord, error_codes
from headgate.report import (
    badge,
    diff_html,
    document_page,
    document_table,
    edits_of,
    escape,
    figures,
    funnel_chart,
    losses,
    rows_of,
    table,
)

__all__ = ["render_page"]


def render_page(result: DemoResult) -> str:
    """Return the demo as a page."""
    bad = sum(document.trouble is not None for document in result.documents.values())
    body = [
        "<h1>The same chain, with one line more</h1>",
        f'<p class="lead">{len(result.documents)} documents of a company that rents cargo bikes, as they are in '
        f"production: {bad} are stale, forged, changed, unsigned or not yet in force. "
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
    return figures(
        (
            (f"{result.spoiled(guarded=False)} of {total}", "prompts held a bad document without headgate"),
            (f"{result.spoiled(guarded=True)} of {total}", "prompts hold one with headgate"),
            (str(sum(result.kept_out().values())), "times a document was kept out"),
            (str(result.rewritten()), "terms rewritten to the company's own names"),
        )
    )


def _reasons(result: DemoResult) -> str:
    decisions = [decision for question in result.questions for decision in _decisions(question.guarded)]
    met = {code for decision in decisions for code in error_codes(decision)}
    rows = [(f"<code>{code}</code>", escape(CODES[code].title), escape(CODES[code].meaning)) for code in sorted(met)]
    return (
        "<h2>What kept documents out</h2>"
        + funnel_chart(len(decisions), losses(decisions), "admitted")
        + table(("code", "title", "what headgate saw"), rows)
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
            f"{badge(label, kind)} "
            f'<code class="soft">{escape(str(document.chunk.metadata["source"]))}</code>'
            f'<div class="text {kind}">{_text(document.chunk.text, text, decisions.get(identifier))}</div>'
        )
    return "".join(parts) or '<p class="soft">No document: better than a wrong one.</p>'


def _text(original: str, shown: str, decision: DecisionRecord | None) -> str:
    """Return a document's text in the prompt, with the rewritten terms drawn in from the record."""
    edits = edits_of(decision["edits"], original) if decision else ()
    return diff_html(original, edits, shown=len(edits), context=None) if edits else escape(shown)


def _kept_out(question: QuestionResult) -> str:
    before = {identifier for identifier, _ in question.without.documents}
    dropped = [d for d in _decisions(question.guarded) if d["action"] == "drop" and d["id"] in before]
    return document_table(list(rows_of(dropped))) if dropped else ""


def _decisions(answer: Answer) -> list[DecisionRecord]:
    return list(answer.admission["decisions"]) if answer.admission else []

"""The demo as one HTML page: a story, the figures, every question, and the codes last."""

from __future__ import annotations

from headgate.demo.company import TROUBLES
from headgate.demo.running import Answer, DemoResult, QuestionResult
from headgate.encoding import in_number
from headgate.record import DecisionRecord
from headgate.report import (
    Origin,
    Step,
    Verdict,
    badge,
    details,
    diff_html,
    document_page,
    document_table,
    edits_of,
    escape,
    figures,
    framework_in_words,
    funnel_chart,
    losses,
    rows_of,
    uri_html,
    verdict_html,
)

__all__ = ["demo_verdict", "render_page"]

_TITLE = "Which bank account do suppliers get paid to?"


def demo_verdict(result: DemoResult) -> Verdict:
    """Return what the line changed."""
    total = in_number(len(result.questions), "prompt")
    without, guarded = result.spoiled(guarded=False), result.spoiled(guarded=True)
    kept_out = in_number(sum(result.kept_out().values()), "document")
    sentence = (
        f"With one more line, no prompt holds a document that should not be there; {kept_out} kept out."
        if not guarded
        else f"{guarded:,} of {total} still hold a document that should not be there."
    )
    return Verdict(
        "bad" if guarded else "good",
        sentence,
        f"{without:,} of {total} held a forged, outdated or unapproved document",
        f"{guarded:,} of {total} do",
        (
            Step("Put the line into your own chain:", 'retriever = guard(retriever, "headgate.yaml")'),
            Step("Draft a policy from your own documents:", "headgate init DOCUMENTS --out headgate.yaml"),
        ),
    )


def render_page(result: DemoResult, origin: Origin | None = None) -> str:
    """Return the demo as a page.

    Args:
        result: the demo.
        origin: what the page rests on.
    """
    story, *others = result.questions
    bad = sum(document.trouble is not None for document in result.documents.values())
    numbered = enumerate(others, start=2)
    framework = framework_in_words(result.framework)
    body = [
        f"<h1>{escape(_TITLE if story.question == _TITLE else story.question)}</h1>",
        verdict_html(demo_verdict(result)),
        '<p class="lead">Somebody who can write to a company\u2019s index would like to answer that question. This is '
        f"what a {escape(framework)} chain put into its prompt on {result.today.day} {result.today:%B %Y}, without "
        "headgate and with it.</p>",
        "<h2>One question, twice</h2>",
        _prompts(result, story),
        "<h2>The whole run</h2>",
        f"<p>{in_number(len(result.documents), 'document')} of a company that rents cargo bikes, as they are in "
        f"production: {bad:,} are stale, forged, changed, unsigned or not yet in force. "
        f"{in_number(len(result.questions), 'question')}, each asked twice.</p>",
        _figures(result),
        _funnel(result),
        *(
            details(
                f"{number}. {question.question}", f"<h3>{escape(question.question)}</h3>{_prompts(result, question)}"
            )
            for number, question in numbered
        ),
        "<h2>The policy</h2>",
        details("headgate.yaml", f'<div class="card"><pre><code>{escape(result.policy)}</code></pre></div>'),
        "<h2>The reason codes</h2>",
    ]
    return document_page("headgate: the same chain, with one more line", "\n".join(body), origin)


def _figures(result: DemoResult) -> str:
    total = len(result.questions)
    return figures(
        (
            (f"{result.spoiled(guarded=False)} of {total}", "prompts held a bad document without headgate"),
            (f"{result.spoiled(guarded=True)} of {total}", "prompts hold one with headgate"),
            (
                str(sum(result.kept_out().values())),
                "documents kept out, each counted once per prompt it was retrieved for",
            ),
            (str(result.rewritten()), "terms replaced by the company's own"),
        )
    )


def _funnel(result: DemoResult) -> str:
    decisions = [decision for question in result.questions for decision in _decisions(question.guarded)]
    return funnel_chart(len(decisions), losses(decisions), "admitted")


def _prompts(result: DemoResult, question: QuestionResult) -> str:
    kept_out = _kept_out(question)
    return (
        '<div class="pair">'
        f'<section class="card"><h3>The prompt without headgate</h3>{_prompt(result, question.without)}</section>'
        f'<section class="card"><h3>The prompt with headgate</h3>{_prompt(result, question.guarded)}</section>'
        f"</div>{f'<h3>Kept out of it, and why</h3>{kept_out}' if kept_out else ''}"
    )


def _prompt(result: DemoResult, answer: Answer) -> str:
    decisions = {decision["id"]: decision for decision in _decisions(answer)}
    parts = []
    for identifier, text in answer.documents:
        document = result.documents[identifier]
        kind = "bad" if document.trouble else "good"
        label = f"\u2717 {TROUBLES[document.trouble]}" if document.trouble else "\u2713 good"
        parts.append(
            f"{badge(label, kind)} {uri_html(str(document.chunk.metadata['source']))}"
            f'<div class="text {kind}" dir="auto">{_text(document.chunk.text, text, decisions.get(identifier))}</div>'
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

"""The demo in a terminal: the two prompts of every question side by side, and what was kept out."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from headgate.demo.company import TROUBLES
from headgate.demo.page import demo_verdict
from headgate.demo.running import Answer, DemoResult, QuestionResult
from headgate.record import DecisionRecord
from headgate.report import TERMINAL, framework_in_words, funnel_rich, steps_rich, verdict_rich, visible

__all__ = ["render_console"]

_TEXT_CHARS = 230


def render_console(result: DemoResult, console: Console) -> None:
    """Print the demo."""
    bad = sum(document.trouble is not None for document in result.documents.values())
    framework = framework_in_words(result.framework)
    console.print(verdict_rich(demo_verdict(result)))
    console.print(
        Text(
            f"\n{len(result.documents)} documents of a company, {bad} of them bad; "
            f"{len(result.questions)} questions to a {framework} chain on {result.today:%Y-%m-%d}.\n"
            "Left: the prompt as it is. Right: the prompt with  retriever = guard(retriever, 'headgate.yaml')\n"
        )
    )
    for number, question in enumerate(result.questions, start=1):
        console.print(Rule(Text(f"{number}. {question.question}", style="bold"), align="left"))
        console.print(_side_by_side(result, question))
        kept_out = list(_kept_out(question))
        if kept_out:
            console.print(Text("kept out", style="bold"))
            for line in kept_out:
                console.print(line)
        console.print()
    console.print(Rule(Text("In sum", style="bold"), align="left"))
    console.print(_summary(result))
    console.print(steps_rich(demo_verdict(result)))


def _side_by_side(result: DemoResult, question: QuestionResult) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, header_style=TERMINAL["before"])
    table.add_column("without", ratio=1, overflow="fold")
    table.add_column("with headgate", ratio=1, overflow="fold")
    table.add_row(
        Group(*_documents(result, question.without, marks=True)),
        Group(*_documents(result, question.guarded, marks=False)),
    )
    return table


def _documents(result: DemoResult, answer: Answer, *, marks: bool) -> Iterator[Text]:
    for identifier, text in answer.documents:
        trouble = result.documents[identifier].trouble
        if trouble is not None:
            yield Text(f"\u2717 {TROUBLES[trouble]}", style=TERMINAL["bad"])
        elif marks:
            yield Text("\u2713 good", style=TERMINAL["good"])
        else:
            yield Text(f"\u2713 admitted{_rewritten(answer, identifier)}", style=TERMINAL["good"])
        shown = visible(text)
        yield Text(shown if len(shown) <= _TEXT_CHARS else shown[: _TEXT_CHARS - 1] + "\u2026")
        yield Text()
    if not answer.documents:
        yield Text("(no document: better than a wrong one)", style=TERMINAL["before"])


def _rewritten(answer: Answer, identifier: str) -> str:
    decision = next((d for d in _decisions(answer) if d["id"] == identifier), None)
    terms = sorted({edit[2] for edit in decision["edits"]}) if decision else []
    return f", now says {', '.join(terms)}" if terms else ""


def _kept_out(question: QuestionResult) -> Iterator[Text]:
    """Yield a line for each document of the ungated prompt that the gate kept out."""
    before = {identifier for identifier, _ in question.without.documents}
    for decision in _decisions(question.guarded):
        if decision["action"] == "drop" and decision["id"] in before:
            for finding in decision["findings"]:
                if finding["severity"] == "error":
                    yield Text.assemble(
                        (f"  {finding['code']} ", TERMINAL["bad"]),
                        visible(f"{finding['message']}  "),
                        (visible(str(decision["uri"] or "no source")), TERMINAL["before"]),
                    )


def _summary(result: DemoResult) -> Group:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right", style="bold")
    table.add_column(overflow="fold")
    total = len(result.questions)
    table.add_row(f"{result.spoiled(guarded=False)} of {total}", "prompts held a bad document without headgate")
    table.add_row(f"{result.spoiled(guarded=True)} of {total}", "prompts hold a bad document with headgate")
    kept_out = sum(result.kept_out().values())
    table.add_row(str(kept_out), "documents kept out, each counted once per prompt it was retrieved for")
    table.add_row(str(result.rewritten()), "terms replaced by the company's own")
    decisions = [decision for question in result.questions for decision in _decisions(question.guarded)]
    return Group(table, Text(), funnel_rich(decisions))


def _decisions(answer: Answer) -> list[DecisionRecord]:
    return list(answer.admission["decisions"]) if answer.admission else []

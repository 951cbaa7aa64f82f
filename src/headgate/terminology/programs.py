"""Programs between the lines of a text: blocks of code as other markup has them, sessions, and statements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from headgate.terminology.folding import fold

__all__ = ["is_mail", "is_org", "may_have_scripts", "scripts", "session", "sessions", "sources", "statement"]

Span = tuple[int, int]

_LATEX_BLOCK = re.compile(
    r"\\begin\{(verbatim|lstlisting|minted|alltt|Verbatim|equation|align|gather|multline|eqnarray|math|displaymath"
    r"|tikzpicture)\*?\}"
)
# Of AsciiDoc, a block of dashes is code where a line before says so: elsewhere dashes are a rule or underline a title.
_ASCIIDOC = re.compile(
    r"^\[(?:source|listing|literal|%?[a-z]{1,10}linenums)[^\]\n]{0,200}\][ \t]*\n(-{4,}|\.{4,})[ \t]*$", re.MULTILINE
)
_ASCIIDOC_LITERAL = re.compile(r"^(\.{4,}|\+{4,}|/{4,})[ \t]*$", re.MULTILINE)
_ORG = re.compile(r"^[ \t]*#\+begin_(src|example|export|comment)\b", re.MULTILINE | re.IGNORECASE)
_ORG_KEYWORD = re.compile(r"^[ \t]*#\+(?:[A-Za-z_]{1,30}:|begin_)", re.MULTILINE | re.IGNORECASE)
_MARKDOWN = re.compile(r"^(?:#{2,6} |```)", re.MULTILINE)
# A bare `{code}` in a line is the place of a value, as programs and their messages have it.
_WIKI_BLOCK = re.compile(
    r"(?:^[ \t>*#-]{0,20}\{(?P<bare>code)|\{(?P<braced>code(?=:)|noformat))(?::[^{}\n]{0,100})?\}"
    r"|\[(?P<square>code)(?:=[^\[\]\n]{0,50})?\]",
    re.IGNORECASE | re.MULTILINE,
)
_PROMPT = (
    r">>>|\.\.\.|\$|PS(?: [^\n>]{0,100})?>|[A-Za-z]:\\[^\n>]{0,100}>|(?:In|Out) ?\[\d{1,5}\]:|\.{3}:|\u276f"
    r"|\((?:i?pdb\+*|Pdb|gdb|lldb)\)|~(?:/[\w./-]{0,60})?[$#]|[a-z]{0,4}sh-\d[\d.]{0,8}[$#]"
    r"|\[?[\w.-]{1,40}@[\w.-]{1,60}[^\n$#]{0,60}[$#]"
    r"|(?:mysql|sqlite|postgres|psql|mariadb|redis|mongo|irb|ghci|scala|julia|node|php)[\w():.=-]{0,30}[>#]"
)
# In brackets before it, the environment that is active.
_SESSION = re.compile(
    rf"^[ \t]*(?:>[ \t]+)?(?:(?:\([\w.-]{{1,40}}\)[ \t]+)?(?:{_PROMPT})|\([\w.-]{{1,40}}\)[ \t]+[%#])[ \t][^\n]*",
    re.MULTILINE,
)
_TOOLS = (
    r"pip[x3]?|uv|npm|yarn|pnpm|bun|brew|apt|apt-get|dnf|yum|apk|conda|mamba|poetry|cargo|gem|helm|docker|podman|kubectl|go"
    r"|dotnet|composer|systemctl"
)
_VERBS = (
    r"install|i|ci|add|remove|uninstall|upgrade|update|run|pull|push|exec|get|apply|tool|pip|inject|download|show|dlx|require"
    r"|(?:re)?start|stop|status|enable"
)
# A line that is nothing else than a statement of a program.
_STATEMENT = re.compile(
    r"^[ \t]*(?:import [\w.]{1,100}(?: as \w{1,50})?|from [\w.]{1,100} import (?:[\w*., ]{1,200}|\([\w*., ]{0,200}\)?)"
    r"|#include [<\"][^\n]{1,99}|#define [^\n]{1,200}|--8<--[^\n]{1,200}"
    r"|using (?:[A-Z][\w.]{0,100}|namespace \w{1,100}|\w{1,50}\.[\w.]{1,100});|package \w{1,50}\.[\w.]{1,100};"
    r"|use [\w:]{1,100}::[\w:{}*, ]{1,200};|require\([^\n]{1,100}\);?"
    rf"|(?:> ?|[!%]|RUN )?(?:sudo )?(?:python[\d.]{{0,5}} -m )?(?:{_TOOLS}) (?:{_VERBS}) [^\n]{{1,300}}"
    r"|(?:[!%]|RUN )?git (?:clone|checkout|add|commit|push|pull|fetch|remote|branch|merge|rebase) [^\n]{1,300}"
    r"|(?:npx|uvx|bunx|python[\d.]{0,5} -m) [^\n]{1,300})(?<![a-z][.!?])[ \t]*$",
    re.MULTILINE,
)
# The same in JavaScript, as MDX has it between paragraphs.
_WHAT = r"(?:[\w$]{1,100}|\{[^{}\n]{0,300}\}|\[[^\[\]\n]{0,300}\])"
_QUOTED = r"[\"'][^\"'\n]{1,300}[\"']"
_JAVASCRIPT = re.compile(
    r"^[ \t]*(?:"
    rf"import (?:{_QUOTED}|[^\n\"';]{{1,300}} from {_QUOTED}|(?:type )?\{{[ \t]*$)"
    r"|export default\b(?=[ \t]+(?:(?:async|function|class|new)\b|[{(\[]|[\w$.]{1,100}(?:[(;]|[ \t]*$)))"
    r"|export (?:async function|function|class|const|let|var|type|interface|enum)\b[ \t*]+"
    rf"{_WHAT}[ \t]*(?:[=(<{{:;]|extends\b|$)|export (?:\*|\{{)"
    rf"|(?:const|let|var)[ \t]+{_WHAT}(?:[ \t]*:[^\n=]{{1,100}})?[ \t]*="
    r")[^\n]*$",
    re.MULTILINE,
)
_GOES_ON = ("{", "(", "[", ",", "=", "=>", "?", "+", "&&", "||")
_BLANK_LINE = re.compile(r"\n[ \t]*(?:\n|\Z)")
_MAIL_QUOTE = re.compile(r"^>{1,2}(?!>)", re.MULTILINE)


def sources(text: str, signs: str) -> Iterator[Span]:
    """Yield blocks of code as LaTeX, AsciiDoc and Org write them; one that is not closed goes on to the end.

    Args:
        text: the text.
        signs: its signs (`headgate.terminology.spans.signs_of`).
    """
    if "\\{" in signs and "\\begin{" in text:
        yield from _until(text, _LATEX_BLOCK, lambda match: f"\\end{{{match[1]}")
    has_dots = "...." in signs
    if "[" in signs and ("\n----" in signs or has_dots):
        yield from _until(text, _ASCIIDOC, lambda match: f"\n{match[1]}")
    if has_dots or "++++" in signs or "////" in signs:
        marks = ("....\n", "++++\n", "////\n")
        if any(text.count(mark) > 1 for mark in marks) or text.endswith(("++++", "////")):
            yield from _until(text, _ASCIIDOC_LITERAL, lambda match: f"\n{match[1]}")
    if ("{" in signs and ("{code" in text or "{noformat" in text)) or ("[" in signs and "[code" in text):
        yield from _wiki_blocks(text)
    if "#+" in signs:
        folded = fold(text)
        yield from _until(folded, _ORG, lambda match: f"#+end_{match[1]}")


def _until(text: str, opening: re.Pattern[str], closing: Callable[[re.Match[str]], str]) -> Iterator[Span]:
    position = 0
    while (match := opening.search(text, position)) is not None:
        mark = closing(match)
        end = text.find(mark, match.end())
        position = len(text) if end == -1 else end + len(mark)
        yield match.start(), position


def _wiki_blocks(text: str) -> Iterator[Span]:
    """Yield `{code}...{code}`, `{noformat}...{noformat}` and `[code]...[/code]`; what is not closed is not a block."""
    position = 0
    unclosed: set[str] = set()
    for match in _WIKI_BLOCK.finditer(text):
        name = match["bare"] or match["braced"]
        closing = f"{{{name}}}" if name else f"[/{match['square']}]"
        if match.start() < position or closing in unclosed:
            continue
        end = text.find(closing, match.end())
        if end == -1:
            unclosed.add(closing)
            continue
        position = end + len(closing)
        yield match.start(), position


def statement(text: str, start: int, end: int) -> Span | None:
    """Return the statement of a program that a line consists of."""
    match = _STATEMENT.match(text, start, end)
    return None if match is None else match.span()


def session(text: str, start: int, end: int) -> str | None:
    """Return what a line of a session begins with: `>>>`, `...` where it goes on, or nothing for other prompts."""
    match = _SESSION.match(text, start, end)
    if match is None:
        return None
    begin = match[0].lstrip().removeprefix("> ").lstrip()
    return begin[:3] if begin.startswith((">>>", "...")) else ""


def is_org(text: str) -> bool:
    """Return whether a text is one of Org: it has a keyword or a block, and no heading or fence of Markdown."""
    return "#+" in text and _ORG_KEYWORD.search(text) is not None and _MARKDOWN.search(text) is None


def is_mail(text: str) -> bool:
    """Return whether mail is quoted in a text, where `>>>` is a quotation."""
    return _MAIL_QUOTE.search(text) is not None


def may_have_scripts(text: str) -> bool:
    """Return whether a text has a word that statements of JavaScript begin with; False is certain."""
    return "import " in text or "export " in text or "const " in text or "let " in text or "var " in text


def scripts(text: str) -> Iterator[Span]:
    """Yield statements of JavaScript; one whose line does not end it goes on to the next blank line."""
    position = 0
    for match in _JAVASCRIPT.finditer(text):
        start, end = match.span()
        if start < position:
            continue
        if text[start:end].rstrip().endswith(_GOES_ON):
            blank = _BLANK_LINE.search(text, end)
            end = len(text) if blank is None else blank.start()
        position = end
        yield start, end


def sessions(text: str) -> Iterator[Span]:
    """Yield lines of sessions and statements of programs; where mail is quoted, `>>>` is a quotation."""
    yield from (match.span() for match in _STATEMENT.finditer(text))
    if may_have_scripts(text):
        yield from scripts(text)
    is_quoting = ">>>" in text and is_mail(text)
    was_session = False
    last = -2
    for match in _SESSION.finditer(text):
        begin = text[match.start() : match.end()].lstrip().removeprefix("> ").lstrip()
        # A line of dots continues what is above it.
        if begin.startswith("..."):
            was_session = was_session and match.start() == last + 1
        else:
            was_session = not (is_quoting and begin.startswith(">>>"))
        last = match.end()
        if was_session:
            yield match.span()

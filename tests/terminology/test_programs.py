"""Programs, directives, templates and formulas stay, and what only begins like them does not."""

from __future__ import annotations

import pytest

from headgate import Glossary

GLOSSARY = Glossary.from_mapping({"warehouse": ["depot"]})

HTML = [
    '<a title="from < to depot">x</a>',
    "<a title='x > depot'>x</a>",
    "<Row code=\"class A extends depot { f() { return <b />; } }\" id='depot'>",
    "<Row each={item => depot}>x</Row>",
    "<Row\n  style={{depot: 1}}\n  each={() => { return <i>depot</i>; }}\n/>",
    "<!-- a <b> depot -->",
    "<!-- one\n\ntwo depot -->",
    "a\n\n<!-- depot",
    "<![CDATA[ depot ]]>",
    "<?php echo depot; ?>",
    "{/* depot */}",
]
STATEMENTS = [
    "import Depot from './depot'\n\ntext",
    "import * as depot from 'x';",
    "import './depot.css'",
    "import {\n  depot,\n} from 'x';\n\ntext",
    "export const depot = 1\n\ntext",
    "export default function depot() {",
    "export { depot } from 'x';",
    "const depot = require('x');",
    "const [depot, setDepot] = useState(0);",
    "let depot: string = 'x';",
    "(venv) $ depot list",
    "PS> depot list",
    "> $ depot list",
    "pip install depot",
    "sudo apt-get install depot",
    "We need depot>=1.0.",
    "Out[1]: depot",
    "package com.depot;",
    "using System.Depot;",
    "{code:java}\ndepot\n{code}",
    "{noformat}depot{noformat}",
    "[code]depot[/code]",
]
DIRECTIVES = [
    ".. automodule:: depot\n   :members: depot",
    ".. py:function:: depot(x)",
    ".. option:: depot",
    ".. image:: depot",
    ".. literalinclude:: depot\n   :start-after: depot",
    ".. image:: x.png\n   :target: a\n      depot",
    ".. toctree::\n\n   depot\n   shed",
    ".. testcode::\n\n   depot = 1\n\n   depot",
    ".. tabs::\n\n   .. code-tab:: bash\n\n      depot list",
    ".. graphviz::\n\n   digraph { depot }",
]
COMMANDS = [
    "!pip install depot",
    "%pip install depot",
    "python -m pip install depot",
    "RUN pip install depot",
    "go get depot",
    "dotnet add package depot",
    "composer require depot",
    "git clone depot",
    "npm ci depot",
    "npx depot",
    "sudo systemctl restart depot",
]
FIELDS = [
    "Open it.\n\n:param depot: the place\n:type depot: depot\n:raises depot: if it is closed",
    ":param str depot: the place",
    ".. depot is a comment\n\nText.",
    "..\n   depot is a comment\n   of two lines\n\nText.",
    "Text.\n\n// depot is a comment\n",
    "////\ndepot\n\ndepot\n////",
    "++++\ndepot\n\ndepot\n++++\n",
    "#+BEGIN_COMMENT\ndepot\n#+END_COMMENT",
    "pass:[depot] kbd:[depot] src_sh{depot}",
    "::: depot\n    options:\n",
    ":::{depot}\ntext\n:::",
    "@article{depot, title={x}}",
]
LATEX = [
    "as \\parencite{depot}, \\parencite[12]{depot}, \\footcite{depot}, \\textcite{depot}, \\Cite{depot}",
    "\\ac{depot} \\acs{depot} \\acrshort{depot} \\Glspl{depot}",
    "\\DeclareAcronym{depot}{short=depot}",
    "\\bibitem{depot} \\vref{depot} \\hyperref[depot]{x} \\hypertarget{depot}{x} \\path{depot}",
    "\\mintinline{py}{depot = 1} \\setcounter{depot}{1} \\newenvironment{depot}{}{} \\includesvg{depot}",
]
TEMPLATES = [
    "Hello {depot}, from {depot} only.",
    "%(depot)s",
    "%(depot)-8.2f",
    "%{depot}",
    "{depot!r}",
    "{depot:>8}",
    "{# depot #}",
    "{{ depot }}",
    "{@link depot}",
    "{depot, plural, one {# thing}}",
    "\\gls{depot}",
    "$$\ndepot\n$$",
    "$x_{depot}$",
    "\\[depot\\]",
    "\\(depot\\)",
    "\\begin{align}\ndepot\n\\end{align}",
    "---\nslug: depot\n---\n",
    "---\ntitle: A page\npermalink: /x/depot\nid: depot\n---\n",
]


@pytest.mark.parametrize("text", [*HTML, *STATEMENTS, *DIRECTIVES, *COMMANDS, *FIELDS, *LATEX, *TEMPLATES])
def test_what_a_program_reads_stays(text: str) -> None:
    assert GLOSSARY.rewrite(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "The depot takes < 5 and > 3 things, a depot at least.",
        "a <- depot -> b",
        "<Note>the depot</Note>",
        "<b title='x'>depot</b> and depot",
        "<!-- x --> the depot",
        "`<!--` begins a comment in the depot",
        "import depot goods from there",
        "Export the depot to a list.",
        "const is a word, and the depot another one",
        "Let the depot be closed.",
        "docker runs in the depot",
        "Go get the depot open.",
        "docker pull limits apply to the depot.",
        "git commit messages name the depot.",
        "npx is what runs the depot.",
        "git is used in the depot",
        ":param x: the depot",
        "So on .. and the depot",
        ".. note:: the depot",
        ".. [1] the depot",
        "a // the depot",
        "\\emph{depot} and \\action{the depot}",
        "::: a b\nthe depot\n:::",
        "{the depot, the depot}",
        "We pip install the depot, and depot > 5 holds.",
        "let x = 1;\n\nthe depot",
        "PS: the depot is open",
        "{code} is a mark of wikis, the depot is none",
        "Error {code}: the depot is closed, says {code}",
        ".. note:: the depot is open",
        ".. versionadded:: 3.1 The depot",
        ".. figure:: x.png\n   :alt: the depot\n\n   The depot.",
        ".. py:function:: f()\n\n   Returns the depot.",
        "A price of $5 for the depot and of $6 for the other.",
        "US$$ and A$$ for a depot, $$ too",
        "100 % (of the depot) so far",
        "The {depot in braces}",
        "---\ntitle: The depot\n---\nthe depot",
        "slug: the depot",
        "Use `<pre>` or `<code>` for the depot.",
        "Include ``<math.h>`` first, then the depot.",
        "<code/> depot",
        "- what is in their\n  package depot;",
        ".. figure:: x.png\n   :alt: the depot\n      is a depot\n\n   A depot",
    ],
)
def test_prose_that_only_looks_like_it_does_not(text: str) -> None:
    assert GLOSSARY.rewrite(text).text == text.replace("depot", "warehouse")


@pytest.mark.parametrize(
    "opening",
    [
        "..\n  x\n",
        ":param ",
        "@a{",
        "::: ",
        "pass:[",
        "\\\\mintinline{",
        "<!--",
        '<a title="',
        "<A b={",
        "\\[",
        "$$",
        "{code}",
        "[x][",
        "|",
        "%(",
        ".. x::\n",
    ],
)
def test_marks_that_are_never_closed_cost_no_more_than_their_number(opening: str) -> None:
    text = f"depot {opening * 20_000} depot"
    assert GLOSSARY.rewrite(text).text.startswith("warehouse")

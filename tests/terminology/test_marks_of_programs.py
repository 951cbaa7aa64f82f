"""Sessions, blocks, keys, directives, comments and labels: what begins one, goes on with it and ends it."""

from __future__ import annotations

import pytest

from headgate import Glossary
from headgate.terminology.invisible import find_invisible

GLOSSARY = Glossary.from_mapping({"warehouse": ["depot"]})

MARKED = [  # `DEPOT` stays
    # Sessions: a line of dots goes on with what is above it.
    ">>> DEPOT\n... DEPOT\n... DEPOT\ndepot\n... depot",
    "$ DEPOT\n... DEPOT\n\n... depot",
    "... depot\n... depot",
    "depot\n... depot",
    "> depot\n>>> depot\n... depot",
    ">> depot\n>>> depot",
    ">>> DEPOT\n>>> DEPOT",
    ">>>depot is no prompt, a depot",
    ">>> DEPOT\n... DEPOT\n$ DEPOT\n... DEPOT",
    "  >>> DEPOT\n  ... DEPOT\n\n>>> DEPOT",
    "> $ DEPOT",
    "(venv) $ DEPOT\n(base) % DEPOT\n(base) depot",
    # Blocks that other markup has.
    "{code}\nDEPOT\n{code}\ndepot\n{code}\nDEPOT\n{code}",
    "{code}\nDEPOT\n{code} depot {code:java}\nDEPOT\n{code}",
    "{code:java}depot [code]DEPOT[/code] {noformat}depot",
    "[code]DEPOT [code] DEPOT[/code] depot [code]depot",
    "{noformat}DEPOT {code:x} DEPOT{noformat} depot",
    "\\begin{verbatim}DEPOT\\end{verbatim} depot \\begin{math}DEPOT\\end{math} depot",
    "\\begin{verbatim}DEPOT \\end{math} DEPOT",
    "....\nDEPOT\n....\ndepot\n....\nDEPOT\n....\ndepot",
    "....\ndepot",
    "[source]\n----\nDEPOT\n----\ndepot\n----\ndepot\n----",
    "#+begin_src\nDEPOT\n#+END_SRC\ndepot\n#+BEGIN_EXAMPLE\nDEPOT\n#+end_example\ndepot",
    # Statements of JavaScript: one that its line does not end goes on to the next blank line.
    "const a = {\n  DEPOT: 1,\n\ndepot",
    "const a = f(\n  DEPOT\n \ndepot",
    "const a = 1\ndepot",
    "import {\n DEPOT } from 'x'\n\ndepot\n\nexport const b = [\nDEPOT",
    "export const a = {\n  const = DEPOT\n}\n\nexport const b = DEPOT\ndepot",
    # Comments, CDATA and PHP.
    "<!-- DEPOT --> depot <!-- DEPOT --> depot",
    "<!--> depot --> depot",
    "<!---> depot <!-- DEPOT",
    "<![CDATA[DEPOT]]> depot <![CDATA[depot <![CDATA[depot",
    "<?php DEPOT ?> depot <?= DEPOT ?> depot <?php DEPOT",
    "<?= depot",
    "{/* DEPOT */} depot {/* depot",
    "\\<!-- depot --> depot",
    "<!-- DEPOT {/* DEPOT --> depot */} depot",
    # Elements of code.
    "<code>DEPOT</code> depot <CODE>DEPOT</Code> depot",
    "<code>DEPOT <code>DEPOT</code> depot",
    "<code>DEPOT</code> <code>DEPOT",
    "`<code>` depot <code>DEPOT</code>",
    "<pre>DEPOT</code> DEPOT",
    "<pre class='a > b'>DEPOT</pre> depot",
    "<pre/> depot",
    "\u0130 <code>DEPOT</code> depot",
    # Keys of JSON and YAML.
    '{"DEPOT": "depot", "DEPOT": 1}',
    'so "depot", "depot": x',
    'so {"x", "DEPOT": 1}',
    "so, 'depot': x [a, 'DEPOT': 1]",
    "DEPOT: depot\nb: 1\nc: 2\n",
    "depot: depot\nb: 1\n",
    "DEPOT: depot\nb: 1\nc: 2\n- d\n- e\n",
    "depot: depot\nb: 1\nc: 2\nd\ne\nf\n",
    "a: 1\nb: 2\nc:\n  extends: DEPOT\nDEPOT: 4\n",
    "a: 1\nb: 2\nc:\n  needs:\n  - x\n  - DEPOT\nDEPOT: 4\n",
    "a: 1\nb: 2\nc:\n  other:\n  - x\n  - depot\nDEPOT: 4\n",
    "- DEPOT: 1\n- b: 2\n- c: 3\n- depot\n",
    "---\nDEPOT: depot\n---\ndepot: depot\nb: 1\nc: 2",
    "+++\nDEPOT = 'depot'\n+++\ndepot = 1",
    "\ufeff---\nDEPOT: depot\nslug: DEPOT\n---\ndepot",
    "---\ndepot: depot",
    "---\ndepot: depot\n+++\ndepot",
    " ---\ndepot: depot\n---\ndepot",
    # Directives and literal blocks.
    ".. code::\n\n   DEPOT\n\n   DEPOT\n\ndepot",
    ".. code::\n\ndepot",
    ".. image:: DEPOT\n   :alt: depot\n   :target: DEPOT\n\n   depot",
    ".. image:: DEPOT\n   DEPOT\n\n   depot\n   depot",
    ".. note:: depot\n   :class: DEPOT\n   DEPOT\n\n   depot",
    ".. py:function:: DEPOT\n   DEPOT\n.. note:: depot",
    ".. py:function:: DEPOT\n.. image:: DEPOT\ndepot",
    "  .. code::\n\n    DEPOT\n\n  depot",
    "  .. image:: DEPOT\n     DEPOT\n  depot",
    ".. |x| replace:: depot",
    ".. |x| image:: DEPOT",
    ".. toctree::\n   DEPOT\n\n   DEPOT\ndepot\n\n   depot\n\n.. toctree::\n   DEPOT",
    ".. code::\n\n   .. note:: DEPOT\n\ndepot",
    "a::\n\n  b::\n\n    DEPOT\n\n  DEPOT\ndepot::\n\n  DEPOT",
    "a::\n\n\tDEPOT\n  DEPOT\ndepot",
    # Comments of reStructuredText, and those of AsciiDoc.
    ".. DEPOT\n   DEPOT\n\ndepot",
    "..\n   DEPOT\n\ndepot",
    ".. DEPOT::x\n",
    "// DEPOT\ndepot\n/// depot",
    # Labels: of links, footnotes, citations, substitutions.
    "[depot][DEPOT] [DEPOT][] [depot] [depot](x)",
    "[DEPOT] depot\n\n[DEPOT]: DEPOT",
    "[  DEPOT ] depot\n\n[DEPOT]: /u",
    "x [depot] : but no definition [^DEPOT]",
    "|DEPOT| and | depot | and |depot | and x|depot|x",
    "| depot | x |\n| depot | y |",
    "|depot|x|",
    "> |depot|x|",
    "|DEPOT| depot",
    "so |DEPOT|",
    "(DEPOT)=\ndepot",
    "(depot)= x",
    ".. _DEPOT: depot\n",
    ".. [DEPOT] depot [DEPOT]_ _[depot]_ [#DEPOT]_",
    # Formulas, and money.
    "$$DEPOT_1$$ depot $$ depot $$ depot",
    "$$DEPOT\n$$ depot",
    "a $$\ndepot\n\ndepot\n$$",
    "US$$ depot and A$$ 1 depot 2_1",
    "$DEPOT_1$ depot, $5 and a_1 depot $6",
    "\\[DEPOT\\] depot \\(DEPOT\\) depot \\\\(depot\\\\)",
    "\\[depot\n\ndepot\\]",
    f"$$ {'a ' * 2_400} x_1 DEPOT $$ depot",
    f"$$ {'a ' * 2_500} x_1 depot $$ depot",
    # Mail and Org.
    "#+title: depot\n# DEPOT\n: DEPOT\n#\tDEPOT\n:x: depot",
    "# depot\n: depot",
    "#+title: depot\n## depot\n# depot",
]  # fmt: skip


@pytest.mark.parametrize("marked", MARKED)
def test_what_programs_read_stays_to_its_end_and_nothing_beyond_it(marked: str) -> None:
    text = marked.replace("DEPOT", "depot")
    assert GLOSSARY.rewrite(text).text == marked.replace("depot", "warehouse").replace("DEPOT", "depot")


def _hidden(text: str) -> tuple[tuple[int, int], ...]:
    found = find_invisible(text)
    return () if found is None else found.spans


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("plain", ()),
        ("a\U000e0041b", ((1, 2),)),
        ("\U000e0041", ((0, 1),)),
        ("a\ufe0fb", ((1, 2),)),
        ("\ufe0f", ((0, 1),)),
        ("\u2764\ufe0f", ()),
        ("\u2764\ufe0f\u200d\U0001f525", ()),
        ("a\ufe0f\u200d\U0001f525", ((1, 3),)),
        ("\u2764\ufe0f\u200da", ((1, 3),)),
        ("1\ufe0f\u20e3 #\ufe0e", ()),
        ("\u4e2d\ufe0f", ()),
        ("\u4e2d\U000e0100", ()),
        ("\u2229\ufe00", ()),
        ("a\U000e0100", ((1, 2),)),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", ()),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", ((1, 4),)),
        ("a\u202eb", ((1, 2),)),
        ("a\u202ab", ((1, 2),)),
        ("\u05d0\u202ab", ()),
        ("\u05d0\u202a\u200eb", ()),
        ("\u05d0\u202a\u200e\u200f\u200e\u200eb", ((1, 6),)),
        ("\u05d0\u202eb", ((1, 2),)),
        ("a\u200eb", ()),
        ("co\u00adop", ()),
        ("a\u200bb", ()),
        ("a\u200b\u200bb", ((1, 3),)),
        ("\u0915\u094d\u200d\u0937", ()),
        ("\uac00\u3164", ()),
        ("\u3164\uac00", ()),
        ("a\u3164", ((1, 2),)),
        ("\u1820\u180b", ()),
        ("a\u180b", ((1, 2),)),
        ("a\u180bb", ((1, 2),)),
        ("\u00e9\u180b\u00e9", ((1, 2),)),
        ("a\u2061b", ((1, 2),)),
        ("\u1780\u2061", ((1, 2),)),
    ],
)  # fmt: skip
def test_what_nobody_sees_and_has_no_use_there_is_found(text: str, spans: tuple[tuple[int, int], ...]) -> None:
    assert _hidden(text) == spans


def test_few_breaks_within_words_are_believed_and_many_are_not() -> None:
    for count, is_much in ((8, False), (9, True)):
        assert len(_hidden("a\u200bb " * count)) == (count if is_much else 0)
    # More than two of a hundred signs that are seen, where that is more than eight.
    for length, is_much in ((1_019, True), (1_020, False)):
        text = "a\u200bb " * 20
        assert bool(_hidden(text + "x" * (length - len(text)))) is is_much


def test_kinds_are_counted_by_name_and_manifests_apart() -> None:
    found = find_invisible("a\U000e0041\U000e0042 b\ufe0f c\u202e d\u2061")
    assert found is not None
    assert found.counts == {"tags": 2, "variation selectors": 1, "bidi controls": 1, "zero-width characters": 1}
    assert found.manifests == 0
    signs = "".join(chr(0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16) for byte in b"C2PATXT\0\x01")
    manifest = find_invisible(f"a\ufeff{signs}b")
    assert manifest is not None
    assert manifest.manifests == 1

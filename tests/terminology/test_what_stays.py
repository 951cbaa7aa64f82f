"""Code, markup, URLs and identifiers stay to the character, and the prose beside them does not."""

from __future__ import annotations

import pytest

from headgate import Glossary
from headgate.terminology.searching import Finder

GLOSSARY = Glossary.from_mapping({"warehouse": ["depot"], "\u5009\u5eab": ["\u30c7\u30dd"]})


def _with_code(text: str) -> tuple[str, str]:
    """Return a text in which every `depot` is prose and every `DEPOT` code, and what is expected of it."""
    return text.replace("DEPOT", "depot"), text.replace("depot", "warehouse").replace("DEPOT", "depot")


MARKUP = [
    # Comments: section 4.6, condition 2. No mark in one opens a block.
    "<!-- DEPOT\n``` DEPOT\n-->\n\ndepot\n\n```\nDEPOT\n```\ndepot",
    "depot\n<!-- ```\n-->\ndepot",
    "- depot\n  <!-- ~~~\n  -->\n  depot",
    "<!-- DEPOT --> a `DEPOT` depot",
    "```\n<!--\n```\ndepot",
    "    <!--\n\ndepot",
    # Fences: CommonMark 0.31, section 4.5.
    "depot\n\n```\nDEPOT\n\n\nDEPOT\n```\ndepot",
    "depot\n\n   ```sh\nDEPOT\n   ```\ndepot",
    "depot\n\n    ```\n\ndepot",
    "depot\n\n~~~ a`b`\nDEPOT\n~~~\ndepot",
    "depot\n\n````\nDEPOT\n```\nDEPOT\n````\ndepot",
    "depot\n\n```\nDEPOT\n~~~\nDEPOT\n```\ndepot",
    "depot\n\n```\nDEPOT\n`````\ndepot",
    "depot\n\n```\nDEPOT\n",
    "``` a`b depot ``",
    "```sh\nDEPOT\n```py\nDEPOT\n```\ndepot",
    # Code spans: section 6.1.
    "depot `DEPOT` depot",
    "depot ``DEPOT ` DEPOT`` depot",
    "depot ` depot\n\ndepot ` depot",
    "depot ` depot\r\n\r\ndepot ` depot",
    "depot ` depot\n \t\ndepot ` depot",
    "depot `` depot ` depot",
    "`DEPOT`depot`DEPOT`",
    # Indented code: section 4.4.
    "depot:\n\n    DEPOT\n\n    DEPOT\n\ndepot",
    "depot:\n\n\tDEPOT\n\ndepot",
    "    DEPOT\n\ndepot",
    "\n    DEPOT\n\ndepot",
    "depot\n    depot\n\ndepot",
    "depot:\n\n   depot\n\ndepot",
    "- depot\n\n      DEPOT\n\n      DEPOT\n",
    "1. depot\n\n    depot\n",
    "depot:\n \t\n    DEPOT\ndepot\n    depot\n",
    "depot:\r\n\r\n    DEPOT\r\n\r\ndepot",
    "depot:\n\n    DEPOT\n    DEPOT\n\ndepot:\n\n    DEPOT\n",
    "\n  depot\n\n    DEPOT",
    # Literal blocks and directives of reStructuredText.
    "depot::\n\n  DEPOT\n\n  DEPOT\n\ndepot",
    "depot::  \n\n DEPOT\ndepot",
    "depot::\r\n\r\n  DEPOT\r\ndepot",
    " depot::\n\n  DEPOT\n depot",
    " depot::\n\n depot",
    "depot::\n\n  DEPOT",
    "depot::\n\n\tDEPOT\n  DEPOT\ndepot",
    "  depot::\n\n\tDEPOT\n  depot",
    "depot\n\n.. code-block:: sh\n\n   DEPOT\n\ndepot",
    "depot\n\n.. code::\n\n   DEPOT\n\ndepot",
    "depot\n\n.. code-block:: DEPOT\n   :name: DEPOT\n\n   DEPOT\n\ndepot",
    "depot\n\n.. parsed-literal::\n\n   DEPOT\n\ndepot",
    "depot\n\n.. note::\n\n   depot\n\ndepot",
    "depot\n\n.. py:function::\n\n   depot\n\ndepot",
    "\n  depot::\n\n  depot",
    " depot::\n  DEPOT\ndepot",
    "depot::\nx\n\n  depot",
    # A tab goes on to the next multiple of eight columns.
    "- x\n\n       DEPOT::\n\n\tDEPOT\n",
    "- x\n\n    depot::\n\n\tDEPOT\n",
    "- x\n\n  \tdepot::\n\n         DEPOT\n",
    "- x\n\n  \tdepot::\n\n        DEPOT\n",
    "one::\n\n  DEPOT\n\ntwo::\n\n  DEPOT\n\ndepot",
    "one::\n\n  two::\n\n    DEPOT\n\n  DEPOT\n\ndepot",
    # In what lists, quotations, admonitions and directives hold.
    "1. depot:\n\n    ```sh\n    DEPOT\n\n    DEPOT\n    ```\n\n    depot\n",
    "- depot\n\n  ~~~\n  DEPOT\n  ~~~\n\n  depot\n",
    "> depot\n> ```\n> DEPOT\n> ```\n> depot\n",
    "> ```\n> DEPOT\n\ndepot\n",
    "- a ` depot\n- depot `DEPOT` depot\n",
    "# a ` depot\ndepot `DEPOT`\n",
    "| a ` | depot |\n|---|---|\n| b ` | depot `DEPOT` |\n",
    "!!! note\n    depot\n\n    depot\n",
    '??? warning "depot"\n\n    depot\n',
    ".. note::\n\n    depot\n",
    "[^1]: depot\n\n    depot\n",
    "a) depot\n\n    depot\n",
    "\\`depot\\` `DEPOT`",
    # What markup says to programs.
    '[depot](DEPOT/DEPOT "depot") ![depot](<DEPOT DEPOT>)',
    "[depot](DEPOT_(DEPOT)) depot",
    '[depot][1]\n\n[1]: DEPOT "depot"\n',
    "[[DEPOT|depot]] [[DEPOT]] [depot]",
    "<img alt='a > DEPOT' src=DEPOT> depot <b>depot</b>",
    "<!-- DEPOT --> depot",
    '<TT>DEPOT</TT> <var class="a > b">DEPOT</var> depot',
    "{{ DEPOT }} {{< DEPOT >}} {% DEPOT %} ${DEPOT} <%= DEPOT %> {DEPOT} \\emph{depot}",
    "\\ref{DEPOT} \\textbf{depot} \\verb|DEPOT|",
    "\\begin{lstlisting}\nDEPOT\n\\end{lstlisting}\ndepot",
    "depot\n\n[source,sh]\n----\nDEPOT\n\nDEPOT\n----\n\ndepot\n",
    "depot\n....\nDEPOT\n....\ndepot\n",
    "depot\n\n----\n\ndepot\n",
    "#+BEGIN_SRC sh\nDEPOT\n#+END_SRC\ndepot\n",
    "#+begin_example\nDEPOT",
    # Keys, and not their values.
    "---\nDEPOT: depot\nDEPOT size: 2\n---\ndepot: depot\n",
    '+++\nDEPOT = "depot"\n+++\ndepot\n',
    '{"DEPOT": "depot", "a": {"DEPOT" : ["depot"]}}',
    '{"my \\"DEPOT\\" x": true, \'DEPOT\': "depot"}',
    "'DEPOT': depot\na: 2\nb: 3\n",
    "- 'DEPOT': depot\n- 'b': depot\n",
    "---\nid: 5\nslug:\n  DEPOT\n---\ndepot",
    "DEPOT: depot\nDEPOT two:\n  - depot\n  - DEPOT: 1\n",
    "depot: where goods are.\n\nThe depot is large, and it has a gate.\n",
    # Sessions.
    ">>> DEPOT = 1\n... DEPOT\ndepot\n",
    "$ DEPOT list\ndepot\nC:\\> DEPOT\n",
    "> depot\n>> depot\n>>> depot\n",
    "In [1]: DEPOT()\nuser@host:~/x$ DEPOT list\nroot@host:~# DEPOT\nmysql> select DEPOT;\ndepot\n",
    "DEPOT() and DEPOT->open, but depot (open) -> depot",
    "#{DEPOT} @{DEPOT} depot",
    '!!! DEPOT x "depot"\n    depot\n',
    '--8<-- "DEPOT"\ndepot\n',
    # HTML.
    "<a href='DEPOT'>depot</a> depot",
    "<!DOCTYPE DEPOT> depot",
    "a < depot > b",
    "<pre>DEPOT</pre>depot<code>DEPOT</code>",
    "<PRE class=x>DEPOT</Pre>depot",
    "\u00e9 <PRE>DEPOT</PRE>depot",
    "<prefix>depot</prefix>",
    "<pre>DEPOT",
    "<pre>DEPOT<code>DEPOT</pre>depot</code>",
    "<pre>DEPOT<code>DEPOT</pre>depot <code>DEPOT</code>",
    "<samp>DEPOT</samp> depot <kbd>DEPOT</kbd>",
    # URLs.
    "https://DEPOT.example/DEPOT depot",
    "(https://a.example/b)depot",
    "see https://a.example/(DEPOT)[DEPOT], depot",
    "<https://a.example/DEPOT> depot",
    "https://a.example/?DEPOT&x=1,DEPOT;DEPOT!DEPOT depot",
    "www.a.example/b,DEPOT depot",
    "git+ssh://a.example/b,DEPOT depot",
    "://DEPOT",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ask depot@host.example or the depot", "ask depot@host.example or the warehouse"),
        ("depot.\u30c7\u30dd@host.example", "depot.\u30c7\u30dd@host.example"),
        (
            "\u30c7\u30dd\u306fdepot@host.example\u3078\u30c7\u30dd",
            "\u5009\u5eab\u306fdepot@host.example\u3078\u5009\u5eab",
        ),
        ("@depot said depot", "@depot said warehouse"),
    ],
)
def test_an_address_stays_whatever_scripts_it_mixes(text: str, expected: str) -> None:
    assert GLOSSARY.rewrite(text).text == expected


@pytest.mark.parametrize("marked", MARKUP)
def test_code_markup_and_urls_stay_and_prose_does_not(marked: str) -> None:
    text, expected = _with_code(marked)
    assert GLOSSARY.rewrite(text).text == expected


TOKENS = [
    "/depot /DEPOT",
    "x/depot/y",
    "depot/y",
    "depot@host.example",
    "me.depot@host.example",
    "depot+tag@host.example",
    "depot.yaml",
    "lib.depot",
    ".depot",
    ".x-depot",
    "lib.-depot",
    "lib.x-depot",
    "-depot",
    "--depot-size",
    "a-b-depot",
    "depot-a-b",
    "a-depot-b",
    "node-3-depot",
    "depot-v2",
    "x:depot",
    "depot:8080",
    "#depot",
    "a=depot",
    "depot=1",
    "100%depot",
    "~depot",
    "$depot",
    "a&depot",
    "C:\\depot",
    "docs/a?depot",
    "x/" + "y" * 200 + "-depot",
    "depot-" + "y" * 200 + "/x",
    "x/" + "y" * 63 + "-depot",
    "x/" + "y" * 62 + "-depot",
]


@pytest.mark.parametrize("token", TOKENS)
def test_a_part_of_an_identifier_stays(token: str) -> None:
    assert GLOSSARY.rewrite(token).text == token
    assert GLOSSARY.rewrite(f"A {token}.").text == f"A {token}."


PROSE = [
    ("depot.", "warehouse."),
    ("depot...", "warehouse..."),
    ("depot:", "warehouse:"),
    ("depot?", "warehouse?"),
    ("depot - x", "warehouse - x"),
    ("depot-", "warehouse-"),
    ("depot-based", "warehouse-based"),
    ("non-depot", "non-warehouse"),
    ("depot+office", "warehouse+office"),
    ("depot?depot", "warehouse?warehouse"),
    ("x/y depot", "x/y warehouse"),
    ("depot x/y", "warehouse x/y"),
    ("the depot-based a-b-c", "the warehouse-based a-b-c"),
    ("(depot)", "(warehouse)"),
    ("\u30c7\u30dd/x", "\u30c7\u30dd/x"),
    ("\u4e2d/\u4e2d\u30c7\u30dd", "\u4e2d/\u4e2d\u5009\u5eab"),
    ("\u30c7\u30dd\u4e2d/", "\u5009\u5eab\u4e2d/"),
    ("\u4e2d\u30c7\u30dd\u4e2d", "\u4e2d\u5009\u5eab\u4e2d"),
    ("a\u30c7\u30dd", "a\u5009\u5eab"),
    ("depot\u4e2d", "warehouse\u4e2d"),
    ("a/b\u30c7\u30dd", "a/b\u5009\u5eab"),
    ("\u30c7\u30ddb/", "\u5009\u5eabb/"),
    ("a-\u30c7\u30dd\u4e2d/x", "a-\u5009\u5eab\u4e2d/x"),
]


@pytest.mark.parametrize(("text", "expected"), PROSE)
def test_signs_beside_a_word_make_it_no_identifier(text: str, expected: str) -> None:
    assert GLOSSARY.rewrite(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "depots",
        "xdepot",
        "depot2",
        "2depot",
        "depot\u0301",
        "depot\u200d",
        "\u0301depot\u0301",
        "depot_",
        "\u200ddepotx",
        "\u30c7\u30dd\u0301",
        "de\n\npot",
        "xdepot \u4e2d",
        "depotx \u4e2d",
        "depot2 \u4e2d",
    ],
)
def test_a_part_of_a_word_stays(text: str) -> None:
    assert GLOSSARY.rewrite(text).text == text


def test_a_term_of_several_words_does_not_make_an_identifier_of_its_neighbours() -> None:
    glossary = Glossary.from_mapping({"channel": ["war room"], "place": ["room x"], "fight": ["war"]})
    assert glossary.rewrite("a/war room x").text == "a/war place"
    assert glossary.rewrite("war war room/x").text == "fight fight room/x"


def test_an_alias_may_itself_have_signs() -> None:
    glossary = Glossary.from_mapping({"the protocol": ["TCP/IP"], "United States": ["U.S."], "version two": ["v-2-x"]})
    assert glossary.rewrite("TCP/IP in the U.S. (v-2-x)").text == "the protocol in the United States (version two)"
    assert glossary.rewrite("a/TCP/IP TCP/IP/a").text == "a/TCP/IP TCP/IP/a"
    assert glossary.rewrite("the TCP/IP-based U.S.").text == "the the protocol-based United States"
    assert glossary.rewrite("in non-U.S. lands").text == "in non-United States lands"


def test_an_alias_of_two_scripts_ends_as_its_last_letter_does() -> None:
    glossary = Glossary.from_mapping({"Depot X": ["\u30c7\u30ddx"]})
    assert glossary.rewrite("\u30c7\u30ddx, \u30c7\u30ddxy").text == "Depot X, \u30c7\u30ddxy"


def test_an_alias_may_begin_with_an_underscore_and_with_a_mark_of_the_letter_before_it() -> None:
    glossary = Glossary.from_mapping({"identity": ["_id"], "mark": ["\u0301x"]})
    assert glossary.rewrite("_id or _id, a_id").text == "identity or identity, a_id"
    assert glossary.rewrite("e\u0301x").text == "e\u0301x"
    assert glossary.rewrite("e\u0301x \u4e2d").text == "e\u0301x \u4e2d"


SIGNED = [
    ("operations", "#ops", "#ops-like", "operations-like"),
    ("dotnet", ".NET", "pre-.NET", "pre-dotnet"),
    ("verbose", "-v", "-v: or -v.", "verbose: or verbose."),
    ("Celsius", "C", "C.", "Celsius."),
]


@pytest.mark.parametrize(("canonical", "alias", "text", "expected"), SIGNED)
def test_a_sign_of_the_alias_itself_makes_it_no_identifier(
    canonical: str, alias: str, text: str, expected: str
) -> None:
    assert Glossary.from_mapping({canonical: [alias]}).rewrite(text).text == expected


def test_quoted_names_stay_where_the_glossary_says_so() -> None:
    from headgate.terminology import Concept

    glossary = Glossary.from_concepts([Concept(canonical="warehouse", aliases=("depot",), keep_quoted=True)])
    for quoted in (
        '"depot"',
        "'depot'",
        "\u201cdepot\u201d",
        "\u2018depot\u2019",
        "\u00abdepot\u00bb",
        "\u201edepot\u201c",
    ):
        assert glossary.rewrite(f"a {quoted} b").text == f"a {quoted} b"
    assert glossary.rewrite('"depot').text == '"warehouse'
    assert glossary.rewrite('depot"').text == 'warehouse"'
    assert glossary.rewrite("'depot\"").text == "'warehouse\""


def test_what_a_glossary_of_many_lengths_finds_does_not_depend_on_where_a_window_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("headgate.terminology.searching._LEAST_WINDOW", 7)
    monkeypatch.setattr("headgate.terminology.searching._OCCURRENCES_AT_ONCE", 1)
    small = Glossary.from_mapping({"X": ["aa"], "Y": ["aa bb cc"], "Z": ["\u30c7\u30dd"], "W": ["c"]})
    for shift in range(24):
        text = "aa" + "." * shift + " aa aa bb cc c (aa) \u4e2d\u30c7\u30dd aa"
        assert small.rewrite(text).text == "X" + "." * shift + " X Y W (X) \u4e2dZ X"


@pytest.mark.parametrize("filler", [".", "x", "\u4e2d"])
def test_every_whole_word_is_found_once_wherever_a_window_ends(filler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.terminology.searching._LEAST_WINDOW", 5)
    monkeypatch.setattr("headgate.terminology.searching._OCCURRENCES_AT_ONCE", 1)
    finder = Finder(["a", "aa bb", "bb cc dd", "dd"])
    for shift in range(12):
        found = list(finder.find(f"{filler * shift} aa bb cc dd a"))
        assert len(found) == len(set(found))
        places = [(0, 13, 14), (1, 1, 6), (2, 4, 12), (3, 10, 12)]
        assert {(number, start + shift, end + shift) for number, start, end in places} <= set(found)


@pytest.mark.parametrize("gap", [" ", "   ", "\n", "\n    ", "\r\n  "])
def test_a_term_is_found_over_any_gap_wherever_a_window_ends(gap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.terminology.searching._LEAST_WINDOW", 7)
    monkeypatch.setattr("headgate.terminology.searching._OCCURRENCES_AT_ONCE", 1)
    glossary = Glossary.from_mapping({"X": ["red green blue"], "Y": ["green"], "red green": ["rg"]})
    for shift in range(20):
        filler = "ab " * shift + "c" * (shift % 3)
        text = f"{filler} so red{gap}green{gap}blue. inred green, red{gap}green; green."
        wanted = f"{filler} so X. inred Y, red{gap}green; Y."
        assert glossary.rewrite(text).text == wanted


def test_the_longest_of_overlapping_aliases_wins_also_without_spaces() -> None:
    glossary = Glossary.from_mapping({"Depot": ["\u4ed3\u5e93"], "Shop": ["\u4ed3\u5e93\u5e97"]})
    assert glossary.rewrite("\u4ed3\u5e93\u5e97\u4ed3\u5e93").text == "ShopDepot"

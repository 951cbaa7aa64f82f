# ruff: noqa: E501 - a text and what becomes of it are read side by side
"""A term is found in every form in which it is written, and no word ends where another script only seems to begin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Glossary

DEPOT = {"warehouse": ["depot"], "LarkDesk": ["LDX", "Project Otter"], "Kubernetes": ["K8s"]}


def rewritten(terms: dict[str, list[str]], text: str) -> str:
    glossary = Glossary.from_mapping(terms)
    once = glossary.rewrite(text)
    assert once.original == text
    assert glossary.rewrite(once.text).text == once.text
    for edit in once.edits:
        assert text[edit.start : edit.end] == edit.alias
    return once.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the de\u00adpot\u00ad is", "the warehouse is"),
        ("\ufeffdepot de\u200bpot de\u2060pot", "\ufeffwarehouse warehouse warehouse"),
        ("\uff4c\uff44\uff58 \uff2c\uff24\uff38", "\uff4c\uff44\uff58 LarkDesk"),
        ("Project\u2009Otter, Project \u00adOtter, Project\u3000Otter", "LarkDesk, LarkDesk, LarkDesk"),
        ("**Project** Otter, Project **Otter**, **Project Otter**", "LarkDesk, LarkDesk, **LarkDesk**"),
        ("_depot_, __the depot__, _depot x_, ~~depot~~", "_warehouse_, __the warehouse__, _warehouse x_, ~~warehouse~~"),
        ("_depot, my_depot, _depot_x, ~depot", "_depot, my_depot, _depot_x, ~depot"),
        ("depot\u00b9, K8s\u00b2 and ...depot and \u2026depot", "warehouse\u00b9, Kubernetes\u00b2 and ...warehouse and \u2026warehouse"),
        ("depot/office, K8s/Docker, src/depot, depot/lib, depot/a", "warehouse/office, Kubernetes/Docker, src/depot, depot/lib, depot/a"),
        ("depot-to-door, depot-a-b, up-to-depot-3", "warehouse-to-door, depot-a-b, up-to-warehouse-3"),
        ("K8s:n, K8s:latest, depot:8080", "Kubernetes:n, K8s:latest, depot:8080"),
        ("is here.Depot opens. LDX.Next one. lib.depot, Depot.open()", "is here.Warehouse opens. LarkDesk.Next one. lib.depot, Depot.open()"),
        ("LDX&nbsp;is &quot;LDX&quot;&amp;depot a&depot", "LarkDesk&nbsp;is &quot;LarkDesk&quot;&amp;warehouse a&depot"),
        ("``LDX'' and ``depot``", "``LarkDesk'' and ``depot``"),
        ("here LDX\ub97c, LDX\uac00\uac8c, \u0628\u0640LDX, LDX\u306e", "here LarkDesk\ub97c, LarkDesk\uac00\uac8c, \u0628\u0640LarkDesk, LarkDesk\u306e"),
        ("LDX\u00e9, \u00e9LDX, \u043bLDX", "LDX\u00e9, \u00e9LDX, \u043bLDX"),
    ],
)  # fmt: skip
def test_marks_and_forms_hide_no_term(text: str, expected: str) -> None:
    assert rewritten(DEPOT, text) == expected


@pytest.mark.parametrize(
    ("terms", "text", "expected"),
    [
        ({"archive": ["office file"]}, "the o\ufb03ce \ufb01le", "the archive"),
        ({"\u043a\u043b\u0430\u0441\u0442\u0435\u0440": ["\u043d\u043e\u0434\u0430"]}, "\u043d\u043e\u0301\u0434\u0430", "\u043a\u043b\u0430\u0441\u0442\u0435\u0440"),
        ({"\u0643\u062a\u0627\u0628": ["\u062f\u064e\u0641\u062a\u0631"]}, "\u062f\u0641\u0640\u0640\u062a\u0631", "\u0643\u062a\u0627\u0628"),
        # Korean: a particle may follow, and nothing else.
        ({"\ucc3d\uace0": ["\ub370\ud3ec"]}, "\ub370\ud3ec\uc5d0\uc11c \ub370\ud3ec\uc785\ub2c8\ub2e4 \ub370\ud3ec\ub9ac \uad6c\ub370\ud3ec", "\ucc3d\uace0\uc5d0\uc11c \ucc3d\uace0\uc785\ub2c8\ub2e4 \ub370\ud3ec\ub9ac \uad6c\ub370\ud3ec"),
        # Japanese: not within Kanji or Katakana that go on; Chinese has no other borders.
        ({"\u5009\u5eab": ["\u8535"]}, "\u8535\u306b\u5165\u308b\u3002\u571f\u8535\u306b\u5165\u308b\u3002", "\u5009\u5eab\u306b\u5165\u308b\u3002\u571f\u8535\u306b\u5165\u308b\u3002"),
        ({"\u5009\u5e93": ["\u4ed3\u623f"]}, "\u5728\u4ed3\u623f\u91cc", "\u5728\u5009\u5e93\u91cc"),
        ({"\u5009\u5eab": ["\u30c7\u30dd"]}, "\u30c7\u30dd\u3092\u958b\u304f\u30c7\u30dd\u30ed", "\u5009\u5eab\u3092\u958b\u304f\u30c7\u30dd\u30ed"),
    ],
)  # fmt: skip
def test_words_end_where_their_script_says(terms: dict[str, list[str]], text: str, expected: str) -> None:
    assert rewritten(terms, text) == expected


PIECES = st.sampled_from(
    [
        *("depot", "LDX", "Project", "Otter", "K8s", " ", " ", "\n", "\n\n", "_", "**", "~~", "`", "/", "-", ".", ":", "\u00ad"),
        *("\u200b", "\uff2c\uff24\uff38", "\u2009", "\u00b9", "\ub97c", "\u306e", "\u8535", "\u0301", "&amp;", "| ", "> ", "- ", "a", "(", ")"),
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join))
def test_whatever_stands_beside_a_term_it_is_rewritten_once_and_can_be_undone(text: str) -> None:
    rewritten(DEPOT, text)


def test_where_terms_count_is_for_the_glossary_to_say() -> None:
    text = "Set `order.sum`, or `self.order.sum()`.\n\n```\norder.sum = 1\nre_order.sum = 2\n```\nSee https://a.example/order.sum"
    for setting, expected in (
        ("zones: prose", text),
        ("zones: identifiers", text.replace("order.sum", "order.total").replace("re_order.total", "re_order.sum").replace("example/order.total", "example/order.sum")),
        ("identifiers: true", None),
        ("zones: none", None),
    ):  # fmt: skip
        glossary = _loaded(f"{setting}\nterms: {{order.total: [order.sum]}}\n")
        found = glossary.rewrite(text)
        assert found.original == text
        if expected is not None:
            assert found.text == expected


def _loaded(content: str) -> Glossary:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "glossary.yaml"
        file.write_text(content)
        return Glossary.load(file)

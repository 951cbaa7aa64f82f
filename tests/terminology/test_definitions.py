"""What a text says that its short forms stand for: which words, how far back, and what is none of it."""

from __future__ import annotations

import re

import pytest

from headgate import Glossary
from headgate.terminology import Concept
from headgate.terminology.definitions import (
    definitions_of,
    expands,
    expansion_at,
    is_one_name,
    name_before,
    short_form,
)

BEFORE = [
    ("Sierra Leone Army (SLA)", "SLA", "Sierra Leone Army"),
    ("Sierra Leone Armies (SLAs) and", "SLAs", "Sierra Leone Armies"),
    ("the Sierra Leone Army ( SLA )", "SLA", "Sierra Leone Army"),
    ("one A B C D E F G H I J (ABCDEFGHIJ)", "ABCDEFGHIJ", "A B C D E F G H I J"),
    ("Alpha Beta Cee Dee Eff Gee Aitch Igloo Jay Kay Ell (ABCDEFGHIJK)", "ABCDEFGHIJK", None),  # eleven letters
    ("Sierra (S)", "S", None),
    ("Big Sierra (S)", "S", None),
    ("Quality of Service (QoS)", "QoS", "Quality of Service"),
    (
        "Light Amplification by Stimulated Emission of Radiation (LASER)",
        "LASER",
        "Light Amplification by Stimulated Emission of Radiation",
    ),
    ("hypertext markup language (HTML)", "HTML", "hypertext markup language"),
    ("deoxyribonucleic acid (DNA)", "DNA", "deoxyribonucleic acid"),
    ("high-throughput screening (HTS)", "HTS", "high-throughput screening"),
    ("Project X (PX)", "PX", "Project X"),
    # Of the words before it the shortest run, whose first letter begins a word.
    ("the small Sierra Leone Army (SLA)", "SLA", "Sierra Leone Army"),
    ("Xen and Sierra Leone Army (XSLA)", "XSLA", None),
    ("Extensible Markup Language (XML)", "XML", None),
    ("asla Leone Army (SLA)", "SLA", None),
    # One word is no long form, nor is what holds the short one.
    ("throughput (THP)", "THP", None),
    ("LAN and network (LAN)", "LAN", None),
    ("plan of LANs (LAN)", "LAN", None),
    ("too late a night (LAN)", "LAN", "late a night"),
    ("all late evening nights (LAN)", "LAN", "late evening nights"),
    ("lateral ban (LAN)", "LAN", None),  # one letter of three begins a word
    # Not beyond a sentence, an item, a bracket; and not further than a short form can reach.
    ("Some sentence. Local Area Network (LAN)", "LAN", "Local Area Network"),
    ("Local. Area Network (LAN)", "LAN", None),
    ("a plan: Local Area Network (LAN)", "LAN", "Local Area Network"),
    ("- Local\n- Area Network (LAN)", "LAN", None),
    ("Local\nArea Network (LAN)", "LAN", "Local\nArea Network"),
    ("Local\n\nArea Network (LAN)", "LAN", None),
    ("Local) Area Network (LAN)", "LAN", None),
    (f"Local {'x' * 68} Area (LA)", "LA", None),
    (f"Lo {'x' * 50} Area (LA)", "LA", f"Lo {'x' * 50} Area"),
    (f"Lo {'x' * 53} Area (LA)", "LA", None),
    ("a b Local c d Area e Network (LAN)", "LAN", "Local c d Area e Network"),
    ("Local c d e Area f g Network (LAN)", "LAN", None),  # more than six words
    # In links, and in the titles of abbreviations.
    ("[Sierra Leone Army](https://a.example/b) (SLA)", "SLA", "Sierra Leone Army"),
    ("Sierra Leone Army ([SLA](/x))", "SLA", "Sierra Leone Army"),
    ("Sierra Leone Army ([SLA][1])", "SLA", "Sierra Leone Army"),
    ("Sierra Leone Army ([SLA](/x)", "SLA", None),
    ("Sierra Leone Army ([SLA] x)", "SLA", None),
    ('<abbr title="Sierra Leone Army">SLA</abbr>', "SLA", "Sierra Leone Army"),
    ('<abbr title="anything at all">SLA</abbr>', "SLA", "anything at all"),
    ('<b title="Sierra Leone Army">SLA</b>', "SLA", None),
    # Without brackets only a name in capitals, of three letters or more.
    ("Sierra Leone Army, or SLA, was", "SLA", "Sierra Leone Army"),
    ("Sierra of Leone Army \u2014 SLA \u2014 was", "SLA", "Sierra of Leone Army"),
    ("Sierra large Leone Army, or SLA, was", "SLA", None),
    ("a Sierra Leone Army of, or SLA, was", "SLA", None),
    ("small large apples, or SLA, was", "SLA", None),
    ("So, Sierra Leone Army, or SLA, was", "SLA", "Sierra Leone Army"),
    ("Sierra, Leone Army, or SLA, was", "SLA", None),
    ("Acoustic Radar, or AR, was", "AR", None),
    ("Sierra Leone Army, or SLA was", "SLA", None),
]
BEHIND = [
    ("SLA (Sierra Leone Army)", "SLA", "Sierra Leone Army"),
    ("SLA (for the Sierra Leone Army)", "SLA", "Sierra Leone Army"),
    ('SLA ("Sierra Leone Army")', "SLA", "Sierra Leone Army"),
    ("SLA (the big Sierra Leone Army)", "SLA", None),
    ("AR (Acoustic Radar)", "AR", "Acoustic Radar"),
    ("AR (acoustic radar)", "AR", "acoustic radar"),
    ("X (Sierra)", "X", None),
    ("API (a backward compatible way)", "API", None),
    ("SLA, the Sierra Leone Army, was", "SLA", "Sierra Leone Army"),
    ("SLA, or Sierra Leone Army", "SLA", "Sierra Leone Army"),
    ("SLA, sierra leone army", "SLA", None),
    ("SLA, Sierra, Leone Army", "SLA", None),
    ("AR, Acoustic Radar, was", "AR", None),
    ("SLA stands for Sierra Leone Army", "SLA", "Sierra Leone Army"),
    ("SLA stands for the big Sierra Leone Army", "SLA", None),
    ("SLA means Sierra and Leone of Army men", "SLA", "Sierra and Leone of Army"),
    ("SLA means Sierra big Leone Army", "SLA", None),
    ("SLA means sales", "SLA", None),
    ("SLA means: Sierra Leone Army", "SLA", None),
    ("SLA means Sierra. Leone Army", "SLA", None),
    ("AR means acoustic radar", "AR", "acoustic radar"),
    ("AR means a radar", "AR", None),
    ("SLT means sales let to", "SLT", None),  # a small word does not end it
    ("OTD means of the day", "OTD", "of the day"),
    ("- AR: Acoustic Radar", "AR", "Acoustic Radar"),
    ("- AR: acoustic radar", "AR", None),
    ("- SLA: sierra leone army", "SLA", "sierra leone army"),
    ("x SLA: Sierra Leone Army", "SLA", None),
    ("SLA | Sierra Leone Army", "SLA", "Sierra Leone Army"),
    ("*[SLA]: Sierra Leone Army", "SLA", "Sierra Leone Army"),
    (f"SLA stands for Sierra {'of ' * 15} Leone Army", "SLA", f"Sierra {'of ' * 15} Leone Army"),
    (f"SLA stands for Sierra {'of ' * 30} Leone Army", "SLA", None),
]


@pytest.mark.parametrize(("text", "short", "expected"), [*BEFORE, *BEHIND])
def test_a_long_form_is_told_by_its_words_and_their_letters(text: str, short: str, expected: str | None) -> None:
    found = [re.search(rf"(?<!\w){short}(?!\w)", text)] if text.startswith(short) else list(re.finditer(short, text))
    match = found[-1]
    assert match is not None
    assert expansion_at(text, *match.span()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Arkansas (AR)", "Arkansas"),
        ("**Arkansas** (AR)", "Arkansas"),
        ("North Arkansas (AR)", "Arkansas"),
        ("Arkansas [AR]", "Arkansas"),
        ("\u00c9tat (AR)", "\u00c9tat"),
        ("arkansas (AR)", None),
        ("5th (AR)", None),
        ("Arkansas AR", None),
        ("Arkansas (AR", None),
        ("Arkansas, (AR)", None),
        (f"A{'r' * 45} (AR)", f"A{'r' * 45}"),
        (f"A{'r' * 46} (AR)", None),
    ],
)
def test_a_name_is_the_word_with_a_capital_before_a_bracket(text: str, expected: str | None) -> None:
    start = text.index("AR")
    assert name_before(text, start, start + 2) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Sierra Leone Army (SLA) left.", {"SLA": "Sierra Leone Army"}),
        ("The SLA (Sierra Leone Army) left.", {"SLA": "Sierra Leone Army"}),
        ("Two Sierra Leone Armies (SLAs) left.", {"SLA": "Sierra Leone Armies"}),
        ("Sierra Leone\nArmy (SLA)", {"SLA": "Sierra Leone Army"}),
        (
            "A Local Area Network (LAN), and Sierra Leone Army (SLA).",
            {"LAN": "Local Area Network", "SLA": "Sierra Leone Army"},
        ),
        ("Local Area Network (LAN), or local-area networks (LANs)", {"LAN": "Local Area Network"}),
        ("Local Area Network (LAN), or large apple nest (LAN)", {}),
        ("Local Area Network (LAN), large apple nest (LAN), and Local Area Network (LAN)", {}),
        ("[Sierra Leone Army](SLA)", {}),
        ("Sierra Leone Army, or SLA, left.", {}),
        ("The SLA holds (see below).", {}),
    ],
)
def test_a_whole_text_defines_what_it_explains_in_one_way(text: str, expected: dict[str, str]) -> None:
    assert definitions_of(text) == expected


def test_no_more_short_forms_than_two_thousand_are_looked_at() -> None:
    army = "Sierra Leone Army (SLA) "
    assert definitions_of("AB (x) " * 1_000 + army) == {"SLA": "Sierra Leone Army"}
    assert definitions_of("AB (x) " * 2_000 + army) == {}


@pytest.mark.parametrize(
    ("long", "short", "expected"),
    [
        ("Sierra Leone Army", "SLA", True),
        (" Sierra Leone Army ", "SLA", True),
        ("the Sierra Leone Army", "SLA", False),
        ("Sierra Leone", "SLA", False),
        ("local area network", "LAN", True),
        ("LAN party", "LAN", False),
        ("twowords", "TW", False),
        ("Army", "A", False),
        ("", "SLA", False),
    ],
)
def test_a_long_form_is_all_of_what_is_given(long: str, short: str, expected: bool) -> None:
    assert expands(long, short) is expected


def test_a_name_is_one_in_any_case_with_hyphens_and_in_the_plural() -> None:
    assert is_one_name("service level agreement", "Service-Level Agreements")
    assert not is_one_name("service level agreement", "service agreement")
    assert not is_one_name("a b", "ab")
    assert [short_form(one) for one in ("SLAs", "SLA", "As", "ABs", "K8s", "APIS")] == [
        "sla",
        "sla",
        "as",
        "ab",
        "k8s",
        "apis",
    ]


def test_what_a_publisher_defines_is_told_in_the_words_of_the_glossary() -> None:
    concepts = [
        Concept(canonical="access point", aliases=("AP",), near=("radio",)),
        Concept(canonical="accounts payable", aliases=("AP",), near=("tax",)),
        Concept(canonical="service level agreement", aliases=("SLA",)),
        Concept(canonical="LarkDesk", aliases=("LDX",), sources=frozenset({"s"})),
    ]
    told = Glossary.from_concepts(concepts).told
    assert told({"AP": "Access Points", "SLAs": "service-level agreements"}) == {
        "ap": frozenset({"access point"}),
        "sla": frozenset({"service level agreement"}),
    }
    # What several could mean, or one that is spelt out, is something else here.
    assert told({"AP": "autonomous prefecture", "SLA": "Sierra Leone Army"}) == {"ap": frozenset(), "sla": frozenset()}
    # A name that is no long form may well be what is spelt out; and it is one of its source alone.
    assert told({"LDX": "Lark desk exchange"}, "s") == {}
    assert told({"LDX": "LarkDesk"}, "s") == {"ldx": frozenset({"LarkDesk"})}
    assert told({"LDX": "LarkDesk"}, "t") == {}
    assert told({"XYZ": "xylophone"}) == {}

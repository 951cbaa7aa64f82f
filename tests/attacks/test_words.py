"""Words that must stay: spellings within identifiers, mentions, ordinary words, code of a chunk that was cut."""

from __future__ import annotations

import pytest

from headgate import Glossary
from headgate.terminology import Concept

SPELLINGS = Glossary.from_mapping(
    {"GitHub": ["github"], "PostgreSQL": ["postgresql", "Postgresql"], "HTML": ["html"], "Python": ["python"]}
)


@pytest.mark.parametrize(
    "text",
    [
        "see https://github.com/acme/x",
        "see http://docs.example/?github",
        "see https://docs.example/?q=a,github",
        "see https://en.wikipedia.example/wiki/Python_(python)",
        "www.postgresql.example/a;python",
        "[a link](https://a.example/github/(python))",
        "/usr/bin/python and index.html",
        "~/python and C:\\python\\lib and ./github",
        "git@github.com --github=1 -python",
        "admin@postgresql.example",
        "pip install postgresql-client my-python python-c here",
        "import postgresql.types; python_path, $python, #python",
        "`python` and <code>html</code>",
    ],
)
def test_spellings_of_a_canonical_term_reach_into_no_identifier(text: str) -> None:
    assert SPELLINGS.rewrite(text).text == text


def test_spellings_of_a_canonical_term_are_normalised_in_prose() -> None:
    text = "We like github, postgresql. (python!) [html](https://github.example/html)"
    assert SPELLINGS.rewrite(text).text == "We like GitHub, PostgreSQL. (Python!) [HTML](https://github.example/html)"
    assert SPELLINGS.rewrite("python is what python- and html people do").text == (
        "Python is what Python- and HTML people do"
    )


NAMES = Glossary.from_mapping({"Kubernetes": ["K8s", "kube"], "replica": ["slave"], "LarkDesk": ["LDX", "Otter"]})


@pytest.mark.parametrize(
    "text",
    [
        "Kubernetes (K8s) runs it.",
        "Kubernetes (also K8s or kube) runs it.",
        "**Kubernetes** (\u201cK8s\u201d)",
        "[Kubernetes](https://kubernetes.io) (K8s)",
        '<abbr title="Kubernetes">K8s</abbr>',
        "K8s (Kubernetes) runs it.",
        "K8s (short for Kubernetes)",
        "K8s: Kubernetes",
        "| K8s | Kubernetes |",
        "K8s stands for Kubernetes.",
        "K8s, i.e. Kubernetes, runs it.",
        "Kubernetes, a.k.a. K8s, runs it.",
        "Kubernetes\u2192K8s",
        "LDX, LarkDesk, opens at nine.",
        "Kubernetes, or K8s for short, runs it.",
        "LarkDesk, LDX, opens at nine.",
        "We write Kubernetes, not K8s.",
        "not slave but replica",
        "a replica instead of a slave",
        "LarkDesk, formerly LDX, opens at nine.",
        "LarkDesk (previously known as LDX or Otter)",
        "LDX was renamed LarkDesk in March.",
        "LDX was renamed in March.",
        "LDX is now called something else.",
        "It was renamed from LDX.",
        "It is no longer called slave.",
        "It used to be called the slave.",
        "We call it kube.",
        'The word "LDX" is no longer used.',
        "The acronym LDX is old.",
        "Never say slave.",
        "LDX is short for something.",
        "Use LarkDesk rather than LDX.",
        "LDX \u2192 LarkDesk",
    ],
)
def test_a_mention_of_a_word_is_left_alone(text: str) -> None:
    assert NAMES.rewrite(text).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LarkDesk (LDX) is new. Open LDX.", "LarkDesk (LDX) is new. Open LarkDesk."),
        ("We run K8s (see the manual).", "We run Kubernetes (see the manual)."),
        ("This is not K8s.", "This is not Kubernetes."),
        ("Formerly we ran K8s.", "Formerly we ran Kubernetes."),
        ("# Kubernetes\nK8s is fast.", "# Kubernetes\nKubernetes is fast."),
        ("We love Kubernetes. K8s is fast.", "We love Kubernetes. Kubernetes is fast."),
        ("- Kubernetes\n- K8s", "- Kubernetes\n- Kubernetes"),
        ("the replica, the slave node", "the replica, the replica node"),
        ("On Kubernetes, K8s nodes run", "On Kubernetes, Kubernetes nodes run"),
        ("K8s and kube", "Kubernetes and Kubernetes"),
        ("K8s (kube) runs", "Kubernetes (kube) runs"),
        ("K8s (also kube) runs", "Kubernetes (also kube) runs"),
        ("Kubernetes runs here, and there we have deployed another K8s", None),
    ],
)
def test_a_word_that_is_used_is_rewritten(text: str, expected: str | None) -> None:
    expected = expected or text.replace("K8s", "Kubernetes")
    assert NAMES.rewrite(text).text == expected
    assert NAMES.rewrite(expected).text == expected


def test_a_mention_is_not_annotated_flagged_or_reported_as_ambiguous() -> None:
    annotated = Glossary.from_concepts([Concept(canonical="LarkDesk", aliases=("LDX",), mode="annotate")])
    assert annotated.rewrite("LarkDesk (LDX) opens.").text == "LarkDesk (LDX) opens."
    flagged = Glossary.from_concepts([Concept(canonical="LarkDesk", aliases=("LDX",), mode="flag")])
    assert flagged.rewrite("LarkDesk, formerly LDX").edits == ()
    both = [Concept(canonical="Care Plan", aliases=("SCP",)), Concept(canonical="spare parts", aliases=("SCP",))]
    assert Glossary.from_concepts(both, report_ambiguous=True).rewrite("spare parts (SCP)").ambiguous == ()


def test_a_mention_that_an_edit_uncovers_is_rewritten_too() -> None:
    glossary = Glossary.from_mapping({"Kubernetes": ["K8s"], "once upon a time": ["formerly"]})
    once = glossary.rewrite("formerly K8s")
    assert once.text == "once upon a time Kubernetes"
    assert glossary.rewrite(once.text).text == once.text


ACRONYMS = {"Customer Assistance Register": ["CARE"], "Programme for Active Careers": ["PACE"], "Group": ["ALL IN"]}


@pytest.mark.parametrize(
    "text", ["Take care, at a steady pace.", "Care for others.", "We are all in.", "Pace yourself"]
)
def test_an_acronym_is_not_the_ordinary_word_of_the_same_letters(text: str) -> None:
    assert Glossary.from_mapping(ACRONYMS).rewrite(text).text == text


def test_an_acronym_is_found_in_capitals_and_in_any_case_where_the_glossary_says_so() -> None:
    glossary = Glossary.from_mapping(ACRONYMS)
    assert glossary.rewrite("Ask CARE.").text == "Ask Customer Assistance Register."
    anyhow = Concept(canonical="Customer Assistance Register", aliases=("CARE",), case="insensitive")
    assert Glossary.from_concepts([anyhow]).rewrite("Ask care.").text == "Ask Customer Assistance Register."
    with_digits = Glossary.from_mapping({"virtual machine": ["EC2"]})
    assert with_digits.rewrite("an ec2").text == "a virtual machine"


def test_the_plural_of_an_acronym_counts_in_its_own_spelling() -> None:
    concept = Concept(canonical="Interface", aliases=("API",), plurals=True)
    assert Glossary.from_concepts([concept]).rewrite("two APIs, apis").text == "two Interfaces, apis"


REALITY = Glossary.from_concepts(
    [
        Concept(canonical="augmented reality", aliases=("AR",), near=("app", "head set")),
        Concept(canonical="accounts receivable", aliases=("AR",), near=("tax",)),
    ]
)


@pytest.mark.parametrize(
    "text", ["AR, and what happens then?", "AR has a syntax.", "AR " + "x" * 197 + " taxi", "cap " + "x" * 195 + " AR"]
)
def test_a_part_of_a_word_nearby_decides_nothing(text: str) -> None:
    assert REALITY.rewrite(text).text == text
    assert len(REALITY.rewrite(text).ambiguous) == 1


def test_two_hundred_characters_are_nearby_and_one_more_is_not() -> None:
    # What is nearby decides before what is elsewhere in the text; here that speaks for both.
    before, behind, elsewhere = "app" + "," * 197, "," * 197 + "app", "," * 300
    for around in ("", ",", ",,", "the "):
        for text in (f"tax{elsewhere}{around}{before}AR", f"AR{behind}{around[::-1]}{elsewhere}tax"):
            assert REALITY.rewrite(text).ambiguous == (), text
        for text in (f"tax{elsewhere}{around}{before},AR", f"AR,{behind}{around[::-1]}{elsewhere}tax"):
            assert len(REALITY.rewrite(text).ambiguous) == 1, text


def test_words_decide_wherever_they_are_in_the_text() -> None:
    before, behind = "app" + "," * 1_970, "," * 1_970 + "app"
    for around in ("", ",", ",,", "the ", "," * 300):
        for text in (f"{around}{before}AR", f"AR{behind}{around[::-1]}", f"{around}{before}AR{around}"):
            assert REALITY.rewrite(text).ambiguous == (), text
    for text in (f"c{before}AR", f"AR{behind}s", f"s c{before}AR", f"AR{behind}s c"):
        assert len(REALITY.rewrite(text).ambiguous) == 1, text


def test_words_for_both_meanings_decide_nothing() -> None:
    assert REALITY.rewrite("AR in the tax app").ambiguous == (
        (0, 2, "AR", ("accounts receivable", "augmented reality")),
    )
    assert REALITY.rewrite("AR of the app, the head set and the tax").text.startswith("augmented")


def test_words_nearby_decide_also_in_capitals_and_across_lines() -> None:
    assert REALITY.rewrite("AR in the APP.").text == "augmented reality in the APP."
    assert REALITY.rewrite("AR on a head\nset").text == "augmented reality on a head\nset"
    assert REALITY.rewrite("Tax on AR").text == "Tax on accounts receivable"


DEPOT = Glossary.from_mapping({"warehouse": ["depot"]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("depot list --all\n```\n\nThe depot answers.\n", "depot list --all\n```\n\nThe warehouse answers.\n"),
        ("depot list\n~~~\n\nThe depot answers.\n", "depot list\n~~~\n\nThe warehouse answers.\n"),
        ("depot list\n```\nThen ask the depot.", "depot list\n```\nThen ask the warehouse."),
        (
            "depot list\n```\n\nOne depot.\n\n```sh\ndepot add\n```\n\nTwo.\n",
            "depot list\n```\n\nOne warehouse.\n\n```sh\ndepot add\n```\n\nTwo.\n",
        ),
        ("depot a\n```\n\nA depot.\n\n```\ndepot b", "depot a\n```\n\nA warehouse.\n\n```\ndepot b"),
        ("The depot answers:\n\n```sh\ndepot list\n", "The warehouse answers:\n\n```sh\ndepot list\n"),
        ("The depot answers:\n```\ndepot list\n", "The warehouse answers:\n```\ndepot list\n"),
        ("A depot.\n\n```\ndepot list\n```\n\nA depot.", "A warehouse.\n\n```\ndepot list\n```\n\nA warehouse."),
        ("A depot.\r\n\r\n```\r\ndepot list\r\n```\r\n", "A warehouse.\r\n\r\n```\r\ndepot list\r\n```\r\n"),
        ("````\n```\ndepot\n```\ndepot\n````\nA depot.", "````\n```\ndepot\n```\ndepot\n````\nA warehouse."),
        ("A depot.\n```\ndepot list", "A warehouse.\n```\ndepot list"),
        ("```\ndepot:\n\n```\ndepot", "```\ndepot:\n\n```\nwarehouse"),
        ("depot {\n}\n```\n\nA depot.", "depot {\n}\n```\n\nA warehouse."),
    ],
)
def test_a_chunk_cut_within_a_fence_keeps_its_code_and_loses_its_old_words(text: str, expected: str) -> None:
    assert DEPOT.rewrite(text).text == expected


def test_the_language_of_a_block_says_more_than_the_lines_around_three_fences() -> None:
    code, prose = "depot list", "the depot answers"
    text = f"{code}\n\n```\n{prose}\n```\n\n{code}\n\n```\n{prose}\n```sh\n{code}\n```\n{prose}"
    assert DEPOT.rewrite(text).text == text.replace(prose, "the warehouse answers")


def test_code_is_code_from_its_first_character() -> None:
    glossary = Glossary.from_mapping({"the R language": ["R"]})
    assert glossary.rewrite("R\n```\n\nWe use R.").text == "R\n```\n\nWe use the R language."
    assert glossary.rewrite("R\n```\nR").text == "R\n```\nR"


@pytest.mark.parametrize(
    "text", ["depot one\n```\ndepot two", "depot one\n\n```\n\ndepot two", "A depot.\n```\nA depot."]
)
def test_where_nothing_tells_code_from_prose_all_of_it_is_left_alone(text: str) -> None:
    assert DEPOT.rewrite(text).text == text

"""Names that are explained stay, what the text defines otherwise stays, and prose about the thing is rewritten."""

from __future__ import annotations

import pytest

from headgate import Glossary
from headgate.terminology import Concept

GLOSSARY = Glossary.from_mapping({"Kubernetes": ["K8s", "kube"], "service level agreement": ["SLA"]})

EXPLAINED = [
    "Kubernetes a/k/a K8s",
    "prefer Kubernetes over K8s",
    "Kubernetes (ex-K8s)",
    "Kubernetes, code-named kube,",
    "the codenamed kube",
    "Kubernetes (internally kube)",
    "Kubernetes (working title: kube)",
    "Kubernetes, previously marketed as K8s",
    "kube was the codename of Kubernetes",
    "Kubernetes (abbrev. K8s)",
    "K8s is spelled with an 8",
    "service level agreement (each, a \u201cSLA\u201d)",
    # The long form in a different spelling than ours.
    "our service-level agreement (SLA) says so",
    "Service-Level Agreements (SLAs) differ",
    "an SLA (service-level agreement) says so",
    "**SLA**: service-level agreement",
    "| SLA | Service-level agreement |",
    "SLA stands for Service-Level Agreement.",
    '<abbr title="Service-Level Agreement">SLA</abbr>',
    "*[SLA]: Service-Level Agreement",
    # Words that set two names against one another.
    "Kubernetes (hereafter K8s) runs.",
    'Kubernetes (hereinafter "K8s") runs.',
    "Kubernetes (henceforth: K8s) runs.",
    "Kubernetes, subsequently K8s, runs.",
    "Kubernetes (often stylized as K8s) runs.",
    "Kubernetes (colloquially K8s) runs.",
    "Kubernetes (n\u00e9e K8s) runs.",
    "We call Kubernetes K8s.",
    "They named Kubernetes *K8s*.",
    "We abbreviate Kubernetes K8s.",
    "Do not confuse K8s with Kubernetes.",
    "Don't mix up Kubernetes and K8s.",
    "K8s, which is now Kubernetes, runs.",
    "K8s was rebranded as Kubernetes.",
    "K8s rebranded to Kubernetes.",
    "K8s changed its name to Kubernetes.",
    "K8s has been superseded by Kubernetes.",
    "K8s took the name Kubernetes.",
    "K8s and Kubernetes are the same.",
    "K8s is the same thing as Kubernetes.",
    "K8s, unlike Kubernetes, is short.",
    # Words that introduce a name.
    "It was formerly K8s.",
    "The platform (previously K8s) runs.",
    "The platform, originally K8s, runs.",
    "The platform \u2014 formerly K8s \u2014 runs.",
    "Formerly K8s, the platform has a new name.",
    "The platform (formerly K8s or kube) runs.",
    "We call this K8s.",
    "We call this K8s in our notes.",
    "Never write K8s.",
    'Never write "K8s" in a heading.',
    "Stop saying K8s or kube.",
    "Do not write K8s, please.",
    "It was renamed K8s in March.",
    "K8s was rebranded in March.",
    "K8s changed its name in March.",
    "It is written as K8s.",
    "the term K8s",
    "It is known as K8s today.",
]


@pytest.mark.parametrize("text", EXPLAINED)
def test_a_name_that_is_explained_or_contrasted_stays(text: str) -> None:
    assert GLOSSARY.rewrite(text).text == text


USED = [
    "K8s (it's in the K8s world) runs",
    "Previously K8s had no quota.",
    "Originally K8s was slow.",
    "It ran formerly K8s.",
    "In the beginning, originally K8s was slow.",
    "This was written to K8s storage.",
    "It is known to K8s users.",
    "It is defined to K8s clients.",
    "They were written as K8s manifests.",
    "Never write K8s manifests by hand.",
    "avoid calling K8s APIs in a loop",
    "She was saying K8s is slow.",
    "We call this K8s cluster home.",
    "We renamed K8s namespaces yesterday.",
    "K8s renamed the field.",
    "In the long term K8s will stay.",
    "our short-term K8s plan",
    "In other words K8s is slow.",
]


@pytest.mark.parametrize("text", USED)
def test_what_is_said_of_a_thing_is_no_mention_of_its_name(text: str) -> None:
    assert GLOSSARY.rewrite(text).text == text.replace("K8s", "Kubernetes")


ELSEWHERE = [
    "Sierra Leone Army ([SLA](/x))",
    "Sierra Leone Army (**[SLA][1]**)",
    "Sierra Leone Army, or SLA, was",
    "Sierra Leone Army \u2014 SLA \u2014 was",
    "SLA, the Sierra Leone Army,",
    "Sierra Leone Army (SLA for short)",
    "Sierra Leone Army (French: SLA)",
    "<b>Sierra Leone Army</b> (<b>SLA</b>)",
    "[Sierra Leone Army][1] (SLA)",
    "SLA (which stands for Sierra Leone Army)",
    "Sierra Leone Army (*abbr.* SLA)",
    "Sierra Leone Army (hereinafter referred to as the SLA)",
    "the *Sierra Leone Army*, or *SLA*, was",
    'the Sierra Leone Army ("SLA")',
    "the **Sierra Leone Army** (**SLA**)",
    "[Sierra Leone Army](https://army.example/about) (SLA)",
    "<b>Sierra Leone Army</b> (SLA)",
    "Sierra Leone Army (hereafter SLA)",
    "Sierra Leone Army (also known as the SLA)",
    "the Sierra Leone Army (SLA; founded 1961)",
    "the Sierra Leone Army (SLA, founded 1961)",
    "the Sierra Leone Army [SLA]",
    "the Sierra Leone Army ( SLA )",
    "the Sierra Leone Army\uff08SLA\uff09",
    "SLA ( Sierra Leone Army )",
    "We define SLA as the Sierra Leone Army",
    "**SLA**: Sierra Leone Army",
    "- SLA \u2013 Sierra Leone Army",
    "SLA = Sierra Leone Army",
    "SLA\n: Sierra Leone Army",
    "| SLA | Sierra Leone Army |\n",
    "*[SLA]: Sierra Leone Army\n\n",
    "<dt>SLA</dt><dd>Sierra Leone Army</dd>",
    '<abbr title="Sierra Leone Army">SLA</abbr>',
    "SLA stands for Sierra Leone Army",
    "SLA is short for the Sierra Leone Army",
    "SLA is an abbreviation of Sierra Leone Army",
    'By "SLA" we mean the Sierra Leone Army',
    "SLA means Sierra Leone Army",
    "SLA is the Sierra Leone Army",
    '**SLA** ("Sierra Leone Army")',
]


@pytest.mark.parametrize("definition", ELSEWHERE)
def test_a_short_form_that_the_text_defines_otherwise_stays_throughout(definition: str) -> None:
    text = f"{definition}. SLA troops, and two SLAs."
    assert GLOSSARY.rewrite(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "The SLA (see below) holds.",
        "The SLA: signed, late and approved.",
        "SLA: see the appendix.",
        "Storage, latency, or SLA, counts.",
        "We serve large applications.\n\n[SLA](/x) holds.",
        "For some large areas\n[SLA](/x) holds.",
        "For some large areas see\n[this SLA](/x) page.",
        "These are some long areas:\n\n[SLA]",
        "Sales, Legal, Accounting, SLA.",
        "Our SLA, so let all know, holds.",
        "SLA means trouble.",
        "We see the SLA as the last one.",
        "SLA is the last of them.",
        "A customer (SLA, price) is bound.",
    ],
)
def test_what_only_stands_beside_a_short_form_does_not_define_it(text: str) -> None:
    assert GLOSSARY.rewrite(text).text == text.replace("SLA", "service level agreement")


def test_two_words_behind_a_colon_define_two_letters_only_with_capitals() -> None:
    glossary = Glossary.from_mapping({"accounts receivable": ["AR"]})
    assert glossary.rewrite("- AR: a report on AR").text == "- accounts receivable: a report on accounts receivable"
    assert glossary.rewrite("- AR: Acoustic Radar. An AR.").text == "- AR: Acoustic Radar. An AR."


@pytest.mark.parametrize("name", ["Arkansas", "New Zealand", "**Arkansas**"])
def test_a_name_before_an_ambiguous_short_form_in_brackets_leaves_it_alone(name: str) -> None:
    rivals = [
        Concept(canonical="augmented reality", aliases=("AR",), near=("app",)),
        Concept(canonical="accounts receivable", aliases=("AR",), near=("tax",)),
    ]
    glossary = Glossary.from_concepts(rivals, report_ambiguous=True)
    text = f"{name} (AR). The AR tax."
    assert glossary.rewrite(text).text == text
    assert glossary.rewrite("the sums (AR). The AR tax.").text.endswith("The accounts receivable tax.")

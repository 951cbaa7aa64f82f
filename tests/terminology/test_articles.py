"""The article before a term fits how the term is said, and stays where its writing does not tell."""

from __future__ import annotations

import pytest

from headgate import Glossary

GLOSSARY = Glossary.from_mapping(
    {"end user": ["customer"], "service level agreement": ["SLA"], "X-ray": ["radiograph"]}
)


def _article(term: str, written: str) -> str:
    """Return the article that is there once a word behind `written` became `term`."""
    rewritten = Glossary.from_mapping({term: ["xq"]}).rewrite(f"We saw {written} xq.").text
    return rewritten.removeprefix("We saw ").removesuffix(f" {term}.")


@pytest.mark.parametrize(
    "term",
    [
        *("UUID", "UEFI setting", "URL", "UNIX host", "RAID array", "SAML token", "NATO member", "LaTeX file"),
        *("unanimous vote", "Ukrainian", "utopia", "utensil", "user", "one-time code", "ouija board", "Ural owl"),
        *("U-turn", "U.S. law", "Q&A", "K8s cluster", "L'Oréal shop", "1100", "honeypot", "European", "BIOS"),
    ],
)
def test_a_term_that_begins_with_a_consonant_takes_a(term: str) -> None:
    assert _article(term, "an") == "a"
    assert _article(term, "a") == "a"


@pytest.mark.parametrize(
    "term",
    [
        *("LDAP server", "RBAC rule", "HTML page", "SLA", "FBI agent", "ML model", "LLMs", "MLflow run", "mTLS link"),
        *("onerous task", "unidentified caller", "unanswered call", "utter mess", "umbrella", "hourglass", "heir"),
        *("X-ray", "x86 host", "R&D team", "S3 bucket", "École", "Überblick", "O'Reilly book", "11th hour", "80s film"),
    ],
)
def test_a_term_that_begins_with_a_vowel_takes_an(term: str) -> None:
    assert _article(term, "an") == "an"
    assert _article(term, "a") == "an"


@pytest.mark.parametrize(
    "term", ["RAG pipeline", "MAC address", "SIM card", "NAT gateway", "FAQ", "SUV", "SCIM", "EULA"]
)
def test_an_acronym_that_may_be_spelt_or_spoken_leaves_the_article_to_the_author(term: str) -> None:
    assert _article(term, "an") == "an"
    assert _article(term, "a") == "a"


def test_an_author_who_says_the_same_first_word_knows_how() -> None:
    glossary = Glossary.from_mapping({"SQL database": ["SQL db"]})
    assert glossary.rewrite("a SQL db, an SQL db").text == "a SQL database, an SQL database"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A CUSTOMER CALLED US", "AN END USER CALLED US"),
        ("PLEASE CALL A CUSTOMER AGAIN", "PLEASE CALL AN END USER AGAIN"),
        ("A customer called.", "An end user called."),
        ("vitamin A customer", "vitamin A end user"),
        ("an [SLA](x) is", "a [service level agreement](x) is"),
        ("an **[SLA](x)** is", "a **[service level agreement](x)** is"),
        ("an <em>SLA</em> is", "a <em>service level agreement</em> is"),
        ("we need an\nSLA here", "we need a\nservice level agreement here"),
        ("we need an\r\n  SLA here", "we need a\r\n  service level agreement here"),
        ("> we need an\n> SLA here", "> we need a\n> service level agreement here"),
        ("we need an\n\nSLA here", "we need an\n\nservice level agreement here"),
        ("a radiograph", "an X-ray"),
    ],
)
def test_an_article_is_found_in_capitals_before_marks_and_at_the_end_of_a_line(text: str, expected: str) -> None:
    rewrite = GLOSSARY.rewrite(text)
    assert rewrite.text == expected
    assert rewrite.original == text
    assert GLOSSARY.rewrite(expected).text == expected

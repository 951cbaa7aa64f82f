"""What a rewritten text gives rise to."""

from __future__ import annotations

from headgate import Glossary, Rewrite
from headgate.terminology import Concept
from headgate.terminology.findings import describe_rewrite
from headgate.terminology.formats import GlossaryFile


def _fuzzy(mode: str) -> Glossary:
    return Glossary(GlossaryFile((Concept(canonical="Kubernetes", aliases=("orchestrator",)),), fuzzy=mode))  # type: ignore[arg-type]


def test_a_text_without_an_alias_gives_rise_to_nothing() -> None:
    assert describe_rewrite(Rewrite("text")) == ()


def test_what_was_rewritten_is_counted_and_named_once() -> None:
    glossary = Glossary.from_mapping({"Kubernetes": ["K8s"], "incident channel": ["war room"]})
    (finding,) = describe_rewrite(glossary.rewrite("K8s, K8s in the war\nroom"))
    assert (finding.code, finding.severity, finding.detail) == ("T301", "info", {"count": 3})
    assert finding.message == "Rewritten: K8s \u2192 Kubernetes (2\u00d7), war room \u2192 incident channel."


def test_no_more_than_twenty_pairs_are_shown() -> None:
    def message(count: int) -> str:
        glossary = Glossary.from_mapping({f"T{number}": [f"a{number}"] for number in range(count)})
        return describe_rewrite(glossary.rewrite(" ".join(f"a{number}" for number in range(count))))[0].message

    assert message(20).count("\u2192") == 20
    assert message(20).endswith("a19 \u2192 T19.")
    assert message(22).count("\u2192") == 20
    assert message(22).endswith(", and 2 more.")


def test_a_near_miss_is_named_by_what_it_resembles_and_not_by_a_word_of_the_document() -> None:
    replaced = describe_rewrite(_fuzzy("replace").rewrite("the orchestrtaor"))
    assert [finding.code for finding in replaced] == ["T301", "T303"]
    assert all("orchestrtaor" not in finding.message for finding in replaced)
    assert replaced[1].message == "Near misses: a near miss \u2192 Kubernetes."
    flagged = describe_rewrite(_fuzzy("flag").rewrite("the orchestrtaor"))
    assert [finding.code for finding in flagged] == ["T303"]


def test_flagged_aliases_are_reported() -> None:
    glossary = Glossary.from_concepts([Concept(canonical="Kubernetes", aliases=("K8s",), mode="flag")])
    (finding,) = describe_rewrite(glossary.rewrite("K8s"))
    assert (finding.code, finding.message) == ("T304", "Flagged: K8s \u2192 Kubernetes.")


def test_ambiguous_aliases_are_counted_and_named_once() -> None:
    concepts = [Concept(canonical="Bank", aliases=("Mercury",)), Concept(canonical="Planet", aliases=("Mercury",))]
    rewrite = Glossary.from_concepts(concepts, report_ambiguous=True).rewrite("Mercury and Mercury")
    (finding,) = describe_rewrite(rewrite)
    assert (finding.code, finding.severity, finding.detail) == ("T302", "warning", {"count": 2})
    assert finding.message == "Ambiguous, left as it is: Mercury (Bank or Planet)."


def test_a_text_that_is_left_as_it_is_says_why() -> None:
    (finding,) = describe_rewrite(Rewrite("text", unsettled="more than 2 edits"))
    assert (finding.code, finding.severity) == ("T305", "warning")
    assert finding.message == "The text stays as it is: more than 2 edits."

"""What is rewritten, what is not, and how a glossary says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate import Gate, Glossary, PolicyError
from headgate.testing import FixedClock, Publisher

GLOSSARY = Glossary.from_mapping(
    {
        "Kubernetes": ["K8s", "kube"],
        "incident channel": ["war room"],
        "Information Technology": ["IT"],
        "C++": ["cpp", "C plus plus"],
        "\u4e2d\u592e\u51e6\u7406\u88c5\u7f6e": ["CPU", "\u4e2d\u592e\u6f14\u7b97"],
        "Stra\u00dfe": ["Gasse"],
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use K8s.", "Use Kubernetes."),
        ("use k8S, or kube!", "use Kubernetes, or Kubernetes!"),
        ("(K8s)", "(Kubernetes)"),
        ("K8s's nodes", "Kubernetes's nodes"),
        ("the war room", "the incident channel"),
        ("the war\nroom", "the incident channel"),
        ("War room opened", "Incident channel opened"),
        ("\u0130K8s K8s", "\u0130K8s Kubernetes"),
        ("\u0130 K8s \u0130 kube", "\u0130 Kubernetes \u0130 Kubernetes"),
        ("we use cpp here", "we use C++ here"),
        (
            "\u65b0\u3057\u3044\u4e2d\u592e\u6f14\u7b97\u3067\u3059",
            "\u65b0\u3057\u3044\u4e2d\u592e\u51e6\u7406\u88c5\u7f6e\u3067\u3059",
        ),
        ("our IT department", "our Information Technology department"),
        ("\u00abK8s\u00bb \u2014 K8s\u2026", "\u00abKubernetes\u00bb \u2014 Kubernetes\u2026"),
    ],
)
def test_aliases_become_canonical_terms(text: str, expected: str) -> None:
    assert GLOSSARY.rewrite(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "Kubernetes already",
        "K8sX and xK8s and K8s2",
        "`K8s apply`",
        "```\nK8s apply\n```",
        "see https://example.org/K8s/docs",
        "write to k8s@example.org",
        "in /etc/k8s/config",
        "my_k8s_cluster and k8s.yaml",
        "<a href='K8s'>link</a>",
        "<code>K8s</code>",
        "code::\n\n    K8s apply\n",
        "is it on?",
        "the war\n\nroom",
        "caf\u00e9K8s",
        "K8s\u0301",
        "--k8s",
        "C++ stays",
        "#k8s and $k8s",
    ],
)
def test_code_addresses_identifiers_and_parts_of_words_are_left_alone(text: str) -> None:
    assert GLOSSARY.rewrite(text).text == text


def test_the_longest_alias_wins_from_the_left() -> None:
    glossary = Glossary.from_mapping({"A1": ["alpha"], "B2": ["alpha beta"], "C3": ["beta gamma"]})
    assert glossary.rewrite("alpha beta gamma, alpha").text == "B2 gamma, A1"


def test_a_citation_finds_its_way_back() -> None:
    text = "Open the war room on K8s now."
    rewrite = GLOSSARY.rewrite(text)
    start = rewrite.text.index("Kubernetes")
    assert text[slice(*rewrite.to_original(start, start + 10))] == "K8s"
    assert rewrite.text[slice(*rewrite.to_rewritten(text.index("now"), text.index("now") + 3))] == "now"
    (first, second) = rewrite.edits
    assert (first.alias, first.canonical, first.mode) == ("war room", "incident channel", "replace")
    assert text[second.start : second.end] == "K8s"


def test_annotate_keeps_the_alias_and_flag_only_reports(tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text(
        "terms:\n"
        "  - {canonical: Kubernetes, aliases: [K8s], mode: annotate}\n"
        "  - {canonical: incident channel, aliases: [war room], mode: flag}\n"
    )
    glossary = Glossary.load(path)
    rewrite = glossary.rewrite("K8s in the war room")
    assert rewrite.text == "K8s (Kubernetes) in the war room"
    assert glossary.rewrite(rewrite.text).text == rewrite.text
    assert [edit.mode for edit in rewrite.edits] == ["annotate", "flag"]


def test_scopes_and_words_nearby_decide_and_else_it_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text(
        "ambiguous: report\n"
        "terms:\n"
        "  - {canonical: Mercury Bank, aliases: [Mercury], near: [account, loan]}\n"
        "  - {canonical: Mercury Planet, aliases: [Mercury], near: [orbit]}\n"
        "  - {canonical: Portable Document, aliases: [PD], sources: [legal]}\n"
    )
    glossary = Glossary.load(path)
    assert glossary.rewrite("An account at Mercury").text == "An account at Mercury Bank"
    assert glossary.rewrite("The orbit of Mercury").text == "The orbit of Mercury Planet"
    undecided = glossary.rewrite("Mercury rises")
    assert undecided.text == "Mercury rises"
    assert undecided.ambiguous == ((0, 7, "Mercury", ("Mercury Bank", "Mercury Planet")),)
    assert glossary.rewrite("a PD", "legal").text == "a Portable Document"
    assert glossary.rewrite("a PD", "other").text == "a PD"


def test_near_misses_of_long_aliases_are_found(tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text("fuzzy: replace\nterms: {Kubernetes: [kubernetes orchestrator]}")
    rewrite = Glossary.load(path).rewrite("the kubernetis orchestrator runs")
    assert rewrite.text == "the Kubernetes runs"
    assert rewrite.edits[0].fuzzy


def test_csv_reads_like_yaml(tmp_path: Path) -> None:
    path = tmp_path / "terms.csv"
    path.write_text("canonical,alias\nKubernetes,K8s\nKubernetes,kube\n", encoding="utf-8")
    assert Glossary.load(path).rewrite("kube and K8s").text == "Kubernetes and Kubernetes"


def test_a_broken_csv_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "terms.csv"
    path.write_text("canonical,alias\nKubernetes,\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"terms\.csv:2"):
        Glossary.load(path)


def test_the_gate_rewrites_the_prompt_and_the_decision_says_so(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    (tmp_path / "terms.yaml").write_text("terms: {Kubernetes: [K8s]}")
    source: dict[str, Any] = handbook.source(terminology=[str(tmp_path / "terms.yaml")])
    admission = Gate({"sources": [source]}, clock=clock).admit([handbook.seal("K8s", "https://handbook.example/a")])
    (decision,) = admission.decisions
    assert admission.chunks[0].text == "Kubernetes"
    assert decision.codes == ("T301",)
    assert decision.rewrite is not None
    assert decision.rewrite.to_original(0, 10) == (0, 3)


def test_a_text_that_would_need_too_many_edits_stays_and_says_so() -> None:
    from headgate import Limits

    assert GLOSSARY.rewrite("K8s " * 10, limits=Limits(edits=10)).text == "Kubernetes " * 10
    rewrite = GLOSSARY.rewrite("K8s " * 20, limits=Limits(edits=10))
    assert rewrite.text == "K8s " * 20
    assert rewrite.unsettled == "more than 10 edits"
    assert GLOSSARY.rewrite("K8s " * 40, limits=Limits(edits=10)).unsettled == "more than 10 edits"
    assert GLOSSARY.rewrite("K8s " * 41, limits=Limits(edits=10)).unsettled == "more than 40 occurrences"


def test_a_text_that_is_too_long_stays_and_says_so() -> None:
    from headgate import Limits

    assert GLOSSARY.rewrite("a K8s", limits=Limits(text_bytes=5)).text == "a Kubernetes"
    rewrite = GLOSSARY.rewrite("a K8s.", limits=Limits(text_bytes=5))
    assert (rewrite.text, rewrite.unsettled) == ("a K8s.", "more than 5 characters")

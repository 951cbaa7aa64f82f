"""A rewritten text is rewritten again until it stays, and its edits say what happened to the original."""

from __future__ import annotations

import pytest

from headgate import Glossary, Rewrite
from headgate.terminology import Alignment, Concept, Edit

CHAINS = [  # what it shows, {canonical: aliases}, text, expected
    ("the term is a part of an alias", {"beta": ["b"], "X": ["beta gamma"]}, "b gamma", "X"),
    ("the longer term is a part of an alias", {"beta": ["bb"], "X": ["beta gamma"]}, "bb gamma", "X"),
    (
        "its end begins an alias, but it stays",
        {"new beta": ["b"], "X": ["beta gamma"]},
        "b gamma",
        "new beta gamma",
    ),
    (
        "the end of a longer one begins an alias, but it stays",
        {"new beta": ["bb"], "X": ["beta gamma"]},
        "bb gamma",
        "new beta gamma",
    ),
    (
        "its end begins an alias and its beginning ends one",
        {"new beta": ["bb"], "X": ["beta gamma"], "Y": ["old new"]},
        "old bb gamma",
        "Y X",
    ),
    (
        "its end begins an alias, and letters before it make it a part of a word",
        {"new beta": ["\u30c7\u30dd"], "X": ["beta gamma"]},
        "a\u30c7\u30dd gamma",
        "anew X",
    ),
    (
        "letters before it make it a part of a word, and its end is an alias",
        {"beta room": ["room", "\u30c7\u30dd"]},
        "beta\u30c7\u30dd",
        "betabeta beta room",
    ),
    ("its beginning ends an alias", {"beta new": ["b"], "X": ["gamma beta"]}, "gamma b", "X new"),
    ("the beginning of a longer one does", {"beta new": ["bb"], "X": ["gamma beta"]}, "gamma bb", "X new"),
    ("its middle ends an alias", {"one beta new": ["bb"], "X": ["gamma one beta"]}, "gamma bb", "X new"),
    ("an alias of three words does", {"beta new": ["bb"], "X": ["old gamma beta"]}, "old gamma bb", "X new"),
    ("a sign behind it makes an alias", {"C": ["see"], "X": ["C+"]}, "see+", "X"),
    ("a sign before it makes an alias", {"Ce new": ["see"], "X": ["!Ce"]}, "!see", "X new"),
    ("a sign that joins nothing does", {"Ce": ["see"], "X": ["Ce!"]}, "see!", "X"),
    ("it frees its neighbour in a token", {"plain": ["b-c"], "Depot": ["depo"]}, "b-c-depo", "plain-Depot"),
    ("it frees its neighbour before it", {"plain": ["b1"], "Depot": ["depo"]}, "depo-b1", "Depot-plain"),
    ("the alias made code of what follows", {"that": ["it::"], "Depot": ["depo"]}, "it::\n\n  depo", "that\n\n  Depot"),
    (
        "a single letter makes a list of what was code",
        {"C": ["see"], "Depot": ["depo"]},
        "see. x\n\n    depo",
        "C. x\n\n    Depot",
    ),
    (
        "the term makes a list of what was code",
        {"1. Kube": ["kube"], "Depot": ["depo"]},
        "kube\n\n    depo",
        "1. Kube\n\n    Depot",
    ),
    ("it is the word that introduces a name", {"so": ["called"], "Depot": ["depo"]}, "called depo", "so Depot"),
    ("two later edits share an earlier one", {"x y": ["a"], "Z": ["b x"], "W": ["y c"]}, "a b a c", "x y Z W"),
    ("and a third does not", {"x y": ["a"], "Z": ["b x"], "W": ["y c"]}, "a b a c, b a", "x y Z W, Z y"),
]


@pytest.mark.parametrize(("terms", "text", "expected"), [case[1:] for case in CHAINS], ids=[case[0] for case in CHAINS])
def test_a_term_that_forms_an_alias_with_its_neighbours_is_rewritten_too(
    terms: dict[str, list[str]], text: str, expected: str
) -> None:
    glossary = Glossary.from_mapping(terms)
    rewrite = glossary.rewrite(text)
    assert rewrite.text == expected
    assert glossary.rewrite(expected).text == expected
    position, parts = 0, []
    for edit in rewrite.edits:
        assert text[edit.start : edit.end] == edit.alias
        parts += [text[position : edit.start], edit.replacement]
        position = edit.end
    assert "".join((*parts, text[position:])) == expected
    assert rewrite.original == text
    assert not any(edit.fuzzy for edit in rewrite.edits)


def test_edits_that_only_adjoin_stay_apart() -> None:
    glossary = Glossary.from_mapping({"\u4e2d": ["\u3044"], "Z": ["\u4e2d\u308d"], "K": ["\u306f"]})
    rewrite = glossary.rewrite("\u3044\u308d\u3044\u308d\u306f")
    assert rewrite.text == "ZZK"
    assert [(edit.start, edit.end, edit.replacement) for edit in rewrite.edits] == [
        (0, 2, "Z"),
        (2, 4, "Z"),
        (4, 5, "K"),
    ]


def test_a_term_may_be_the_word_nearby_that_decides_for_another() -> None:
    glossary = Glossary.from_concepts(
        [
            Concept(canonical="Mercury Bank", aliases=("Mercury",), near=("loan",)),
            Concept(canonical="Mercury Planet", aliases=("Mercury",), near=("orbit",)),
            Concept(canonical="loan", aliases=("credit",)),
        ]
    )
    assert glossary.rewrite("Mercury gives credit").text == "Mercury Bank gives loan"


def test_a_text_that_never_settles_is_left_as_it_is_and_says_so() -> None:
    def rewrite(steps: int) -> Rewrite:
        terms = {f"z{step + 1}": [f"c{step} z{step}"] for step in range(steps)}
        text = " ".join(f"c{step}" for step in reversed(range(steps)))
        return Glossary.from_mapping({"z0": ["a"], **terms}).rewrite(f"{text} a")

    assert rewrite(5).text == "z5"
    assert rewrite(7).text == "z7"
    assert (rewrite(8).text, rewrite(8).edits) == ("c7 c6 c5 c4 c3 c2 c1 c0 a", ())
    assert rewrite(8).unsettled == "still changing after 8 passes"


def test_what_rests_on_a_near_miss_is_a_near_miss_itself() -> None:
    from headgate.terminology.formats import GlossaryFile

    concepts = (
        Concept(canonical="Kubernetes", aliases=("orchestrator",)),
        Concept(canonical="X", aliases=("Kubernetes y",)),
    )
    glossary = Glossary(GlossaryFile(concepts, fuzzy="replace"))
    rewrite = glossary.rewrite("orchestrtaor y")
    assert rewrite.text == "X"
    assert [edit.fuzzy for edit in rewrite.edits] == [True]
    assert [edit.fuzzy for edit in glossary.rewrite("orchestrator y, orchestrtaor").edits] == [False, True]


def test_what_only_adjoins_a_near_miss_is_none() -> None:
    from headgate.terminology.formats import GlossaryFile

    numbers = "\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03"
    concepts = (
        Concept(canonical="Number", aliases=(f"{numbers}\u516b",)),
        Concept(canonical="\u30fbone", aliases=("\u30fb\u4e00",)),
        Concept(canonical="X", aliases=("\u30fbone two",)),
    )
    rewrite = Glossary(GlossaryFile(concepts, fuzzy="replace")).rewrite(f"{numbers}\u4e5d\u30fb\u4e00 two")
    assert rewrite.text == "NumberX"
    assert [edit.fuzzy for edit in rewrite.edits] == [True, False]


def test_an_alignment_maps_positions_before_within_and_behind_an_edit() -> None:
    rewrite = Glossary.from_mapping({"Kubernetes": ["K8s"]}).rewrite("on K8s, K8s!")
    assert rewrite.text == "on Kubernetes, Kubernetes!"
    assert rewrite.to_rewritten(0, 2) == (0, 2)
    assert rewrite.to_rewritten(4, 5) == (3, 13)
    assert rewrite.to_rewritten(3, 6) == (3, 13)
    assert rewrite.to_rewritten(6, 8) == (13, 15)
    assert rewrite.to_rewritten(6, 6) == (13, 13)
    assert rewrite.to_rewritten(11, 12) == (25, 26)
    assert rewrite.to_original(13, 15) == (6, 8)
    assert rewrite.to_original(5, 20) == (3, 11)
    assert rewrite.to_original(25, 26) == (11, 12)
    for start, end in ((-1, 2), (3, 2)):
        with pytest.raises(ValueError, match="not a span"):
            rewrite.to_original(start, end)


def test_alignments_are_equal_if_they_map_alike() -> None:
    one = Alignment([(0, 1, 0, 3)])
    assert one == Alignment([(0, 1, 0, 3)])
    assert one != Alignment([(0, 1, 0, 4)])
    assert one != Alignment([(1, 2, 1, 3)])
    assert one != "an alignment"


def test_a_flagged_alias_changes_nothing_and_an_annotated_one_is_annotated_once() -> None:
    edit = Edit(0, 3, "K8s", "Kubernetes", "flag", "K8s")
    assert (edit.changes_text, edit.fuzzy) == (False, False)
    glossary = Glossary.from_concepts([Concept(canonical="Kubernetes", aliases=("K8s",), mode="annotate")])
    assert glossary.rewrite("K8s (Kubernetes) and K8s").text == "K8s (Kubernetes) and K8s"


CAPITALS = [
    ({"incident channel": ["war room"]}, "War room", "Incident channel"),
    ({"incident channel": ["War Room"]}, "War Room", "incident channel"),
    ({"Incident Channel": ["war room"]}, "War room", "Incident Channel"),
    ({"incident channel": ["war room"]}, "war room", "incident channel"),
    ({"letter": ["eMail"]}, "EMail", "Letter"),
]


@pytest.mark.parametrize(("terms", "text", "expected"), CAPITALS)
def test_a_lower_case_term_begins_with_a_capital_where_its_alias_did(
    terms: dict[str, list[str]], text: str, expected: str
) -> None:
    assert Glossary.from_mapping(terms).rewrite(text).text == expected


PLURALS = [
    ("Interface", "API", "APIs", "Interfaces"),
    ("box", "case", "cases", "boxes"),
    ("company", "firm", "firms", "companies"),
    ("toy", "game", "games", "toys"),
    ("monkey", "ape", "Apes", "Monkeys"),
    ("design", "UX", "UXs", "designs"),
    ("container", "OpenVZ", "OpenVZs", "containers"),
    ("X", "letter", "letters", "Xs"),
    ("watch", "clock", "clocks", "watches"),
    ("VM", "machine", "machines", "VMs"),
    ("C++", "cpp", "cpps", "C++"),
    ("y", "x1a", "x1as", "ys"),
]


@pytest.mark.parametrize(("canonical", "alias", "text", "expected"), PLURALS)
def test_plurals_become_plurals(canonical: str, alias: str, text: str, expected: str) -> None:
    concept = Concept(canonical=canonical, aliases=(alias,), plurals=True)
    assert Glossary.from_concepts([concept]).rewrite(text).text == expected
    single = Concept(canonical=canonical, aliases=(alias,), plurals=False)
    assert Glossary.from_concepts([single]).rewrite(text).text == text


def test_the_plural_of_a_canonical_term_stays_even_where_an_alias_is_within_it() -> None:
    assert (
        Glossary.from_mapping({"war rooms": ["wars"], "Room": ["rooms"]}).rewrite("two war rooms").text
        == "two war rooms"
    )
    assert Glossary.from_mapping({"big war": ["x1"], "fight": ["wars"]}).rewrite("big wars").text == "big wars"


FOLDED = [
    ("the war  room", "the channel"),
    ("the war\n room", "the channel"),
    ("the war \t room, war room", "the channel, channel"),
    ("a  b  war room  c", "a  b  channel  c"),
    ("the war\r\nroom", "the channel"),
    ("the war\r\n\r\nroom", "the war\r\n\r\nroom"),
    ("the war\rroom", "the channel"),
    ("the war\u00a0room", "the channel"),
    ("it\u2019s", "it is"),
    ("\u0130t's it's", "It is it is"),
    ("e\u2011mail", "letter"),
    ("cafe\u0301 caf\u00e9", "bar bar"),
]


@pytest.mark.parametrize(("text", "expected"), FOLDED)
def test_lines_blanks_signs_and_forms_are_compared_alike(text: str, expected: str) -> None:
    terms = {"channel": ["war room"], "it is": ["it's"], "letter": ["e-mail"], "bar": ["caf\u00e9"]}
    assert Glossary.from_mapping(terms).rewrite(text).text == expected


def test_case_is_compared_as_the_glossary_says() -> None:
    def text(case: str) -> str:
        concept = Concept(canonical="Kubernetes", aliases=("Kube", "ABC"), case=case)  # type: ignore[arg-type]
        return Glossary.from_concepts([concept]).rewrite("kube Kube abc ABC").text

    assert text("smart") == "Kubernetes Kubernetes abc Kubernetes"
    assert text("insensitive") == "Kubernetes Kubernetes Kubernetes Kubernetes"
    assert text("sensitive") == "kube Kubernetes abc Kubernetes"


def test_names_far_apart_or_in_other_items_are_not_in_one_breath() -> None:
    glossary = Glossary.from_mapping({"Kubernetes": ["K8s"]})
    between = "is now known as the " * 4
    assert glossary.rewrite(f"Kubernetes {between[:60]}K8s").text == f"Kubernetes {between[:60]}K8s"
    assert glossary.rewrite(f"Kubernetes {between}K8s").text.endswith("the Kubernetes")
    longest = " is now known as the " + " " * 59
    assert glossary.rewrite(f"Kubernetes{longest}K8s").text == f"Kubernetes{longest}K8s"
    assert glossary.rewrite(f"Kubernetes {longest}K8s").text == f"Kubernetes {longest}Kubernetes"
    for gap in ("\n\n", "\r\n\r\n", "; or ", "! or ", "\n| ", "\n1. ", " big or "):
        assert glossary.rewrite(f"Kubernetes{gap}K8s").text == f"Kubernetes{gap}Kubernetes"


def test_the_words_that_introduce_a_name_are_in_its_own_paragraph() -> None:
    glossary = Glossary.from_mapping({"Kubernetes": ["K8s"]})
    assert glossary.rewrite("It is called\nK8s").text == "It is called\nK8s"
    assert glossary.rewrite("A text.\n\nIt is called K8s").text == "A text.\n\nIt is called K8s"
    for blank in ("\n\n", "\r\n\r\n", "\n \t\n"):
        assert glossary.rewrite(f"It is called{blank}K8s").text == f"It is called{blank}Kubernetes"
    assert glossary.rewrite("recalled K8s").text == "recalled Kubernetes"
    assert glossary.rewrite("is seen as K8s").text == "is seen as Kubernetes"


@pytest.mark.parametrize("count", [1, 4, 18, 60])
def test_a_sentence_in_capitals_stays_one_whatever_follows_it(count: int) -> None:
    glossary = Glossary.from_mapping(
        {"service level agreement": ["SLA"], "warehouse": ["depot"], "Kubernetes": ["K8s"]}
    )
    shouted = "NO LIABILITY EXCEEDS THE FEES DUE UNDER THE SLA FOR ANY CAUSE. " * count
    rewrite = glossary.rewrite(f"The depot is open.\n\n{shouted}See the SLA of the depot.\n\nK8s runs here.")
    assert rewrite.unsettled is None
    assert rewrite.text == (
        f"The warehouse is open.\n\n{shouted}See the service level agreement of the warehouse.\n\nKubernetes runs here."
    )

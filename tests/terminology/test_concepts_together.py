"""Concepts that are matched together: what contradicts another one, which chains are followed, what is reported."""

from __future__ import annotations

import pytest

from headgate import Glossary, PolicyError
from headgate.limits import DEFAULT_LIMITS
from headgate.terminology import Concept


def _concept(canonical: str, *aliases: str, **settings: object) -> Concept:
    return Concept(canonical=canonical, aliases=aliases, **settings)  # type: ignore[arg-type]


def _problems(*concepts: Concept, report_ambiguous: bool = False) -> list[str]:
    try:
        Glossary.from_concepts(concepts, report_ambiguous=report_ambiguous)
    except PolicyError as error:
        return [one.problem for one in (error, *error.others)]
    return []


LONG = "x" * DEFAULT_LIMITS.alias_chars


@pytest.mark.parametrize(
    ("canonical", "alias", "part"),
    [
        (LONG, "a", None),
        (f"{LONG}x", "a", "too long"),
        ("A", LONG, None),
        ("A", f"{LONG}x", "too long"),
        ("A", f"{LONG[1:]}\u00e9", None),
        ("A", f"{LONG}\u00e9", "too long"),
        ("A", "--", "no letter or digit"),
        ("A", "-v", None),
        ("A", "\u5009", None),
        ("A", "a\u200bb", "U+200B"),
        ("A", "a\u202eb", "U+202E"),
        ("A", "a\x00b", "U+0000"),
        ("A", "a\u200cb", None),
        ("A", "a\nb", None),
        ("A\nB", "a", "has a line break"),
        ("A\rB", "a", "has a line break"),
    ],
)
def test_a_term_is_a_word_that_people_see(canonical: str, alias: str, part: str | None) -> None:
    found = _problems(_concept(canonical, alias))
    assert len(found) == (part is not None)
    if part is not None:
        assert part in found[0]


def test_a_concept_without_an_alias_names_nothing() -> None:
    assert _problems(_concept("A")) == ["'A' has no alias."]


def test_all_problems_are_named_with_those_of_other_concepts() -> None:
    found = _problems(_concept("A"), _concept("--", "b"), _concept("C", "d"), _concept("E", "d"))
    assert len(found) == 3


SETTINGS = [
    {"mode": "flag"},
    {"mode": "annotate"},
    {"near": ("x",)},
    {"only_near": ("x",)},
    {"unless": ("x",)},
    {"keep": ("x bb",)},
    {"keep_quoted": True},
    {"sources": frozenset({"s"})},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_chain_is_followed_only_where_the_next_step_is_certain(settings: dict[str, object]) -> None:
    assert _problems(_concept("cc", "bb"), _concept("bb", "aa")) == []
    found = _problems(_concept("cc", "bb", **settings), _concept("bb", "aa"))
    assert len(found) == 1
    assert "'bb' is an alias of 'cc' and a canonical term itself, and cannot always be followed" in found[0]
    # What the lower one asks for is no hindrance.
    assert _problems(_concept("cc", "bb"), _concept("bb", "aa", **settings)) == []


@pytest.mark.parametrize(
    ("above", "below", "is_followed"),
    [
        ({"s"}, {"s"}, True),
        ({"s", "t"}, {"s"}, True),
        (set(), {"s"}, True),
        ({"s"}, {"s", "t"}, False),
        ({"s"}, set(), False),
        ({"s"}, {"t"}, True),  # they never meet
    ],
)
def test_a_chain_is_followed_within_the_sources_of_its_upper_end(
    above: set[str], below: set[str], is_followed: bool
) -> None:
    concepts = (_concept("cc", "bb", sources=frozenset(above)), _concept("bb", "aa", sources=frozenset(below)))
    assert (_problems(*concepts) == []) is is_followed


def test_an_alias_in_capitals_covers_a_term_that_is_written_so() -> None:
    assert _problems(_concept("cc", "BB"), _concept("BB", "aa")) == []
    assert len(_problems(_concept("cc", "BB"), _concept("bb", "aa"))) == 1
    assert _problems(_concept("cc", "BB", case="insensitive"), _concept("bb", "aa")) == []
    assert len(_problems(_concept("cc", "bb", case="sensitive"), _concept("Bb", "aa"))) == 1


def test_one_of_several_concepts_above_may_cover_a_term() -> None:
    assert _problems(_concept("cc", "bb", mode="flag"), _concept("cc", "bb"), _concept("bb", "aa")) == []
    found = _problems(_concept("cc", "bb"), _concept("dd", "bb"), _concept("bb", "aa"))
    assert found == ["the alias 'bb' is claimed by 'cc' and 'dd'."]
    two = _problems(_concept("cc", "bb"), _concept("bb", "aa"), _concept("bb", "ee", sources=frozenset({"s"})))
    assert two == []


def _renames(count: int) -> list[Concept]:
    return [_concept(f"t{number + 1}", f"t{number}") for number in range(count)]


def test_a_circle_is_named_whole_or_with_its_ends() -> None:
    assert _problems(_concept("aa", "bb"), _concept("bb", "aa")) == [
        "'aa' and 'bb' are each other's alias: rewriting would never end."
    ]
    three = _problems(_concept("bb", "aa"), _concept("cc", "bb"), _concept("aa", "cc"))
    assert len(three) == 1
    assert three[0].count("\u2192") == 3
    nine = _problems(*_renames(8), _concept("t0", "t8"))
    assert nine[0].count("\u2192") == 9
    assert "..." not in nine[0]
    many = _problems(*_renames(20), _concept("t0", "t20"))
    assert many[0].count("\u2192") == 10
    assert "..." in many[0]


@pytest.mark.parametrize("count", [2, 3, 9, 10, 40])
def test_a_chain_ends_in_one_term_and_is_reported_once(count: int) -> None:
    for concepts in (_renames(count), _renames(count)[::-1]):
        glossary = Glossary.from_concepts(concepts)
        assert glossary.rewrite("t0 t1").text == f"t{count} t{count}"
        assert {one.canonical for one in glossary.concepts} == {f"t{count}"}
        kinds = {one.kind for one in glossary.remarks}
        assert kinds == {"chain"}
        assert all(one.text.count("\u2192") <= 11 for one in glossary.remarks)


def test_the_remark_of_a_chain_shows_it_from_the_oldest_name_on() -> None:
    glossary = Glossary.from_mapping({"third": ["second"], "second": ["first", "old"]})
    assert [one.text for one in glossary.remarks] == [
        "'second' is an alias of 'third' and a canonical term itself. The chain is followed: "
        "'first' \u2192 'second' \u2192 'third'."
    ]


def test_two_spellings_of_a_term_are_one_unless_case_matters() -> None:
    assert _problems(_concept("Aa", "b"), _concept("AA", "c", case="sensitive")) == [
        "'AA' and 'Aa' are one canonical term in two spellings."
    ]
    assert len(_problems(_concept("Aa", "b", case="sensitive"), _concept("AA", "c"))) == 1
    glossary = Glossary.from_concepts([_concept("Aa", "b"), _concept("AA", "c")])
    assert [one.canonical for one in glossary.concepts] == ["Aa", "Aa"]


RIVALS = [
    ({}, {}, True),
    ({"near": ("x",)}, {}, False),
    ({}, {"only_near": ("x",)}, False),
    ({"sources": frozenset({"s"})}, {"sources": frozenset({"t"})}, False),
    ({"sources": frozenset({"s"})}, {"sources": frozenset({"s", "t"})}, True),
    ({"sources": frozenset({"s"})}, {}, True),
    ({}, {"sources": frozenset({"s"})}, True),
    ({"unless": ("x",)}, {}, True),
]


@pytest.mark.parametrize(("one", "other", "is_refused"), RIVALS)
def test_an_alias_of_two_concepts_needs_something_that_decides(
    one: dict[str, object], other: dict[str, object], is_refused: bool
) -> None:
    concepts = (_concept("bb", "aa", **one), _concept("cc", "aa", **other))
    expected = ["the alias 'aa' is claimed by 'bb' and 'cc'."] if is_refused else []
    assert _problems(*concepts) == expected
    assert _problems(*concepts, report_ambiguous=True) == []


@pytest.mark.parametrize("settings", [{}, {"sources": frozenset({"s"})}])
def test_concepts_with_one_term_are_no_rivals_and_a_third_is(settings: dict[str, object]) -> None:
    same = [_concept("bb", "aa", **settings), _concept("bb", "AA", "dd", **settings), _concept("bb", "aa", **settings)]
    assert _problems(*same) == []
    assert _problems(*same, _concept("cc", "aa", **settings)) == ["the alias 'aa' is claimed by 'bb' and 'cc'."]
    assert _problems(_concept("cc", "aa", **settings), *same) == ["the alias 'aa' is claimed by 'cc' and 'bb'."]


def test_an_alias_is_listed_in_several_spellings_without_a_rival() -> None:
    assert _problems(_concept("bb", "aa", "AA", "Aa")) == []
    glossary = Glossary.from_concepts([_concept("bb", "aa", "a  a"), _concept("cc", "zz")])
    assert glossary.rewrite("aa, a a, zz").text == "bb, bb, cc"


PLURALS = [
    ("SLA", "agreement", "Two SLAs", "Two agreements"),
    ("SLA", "agreement", "Two slas", "Two slas"),
    ("sla", "agreement", "Two slas", "Two slas"),
    ("AB C", "agreement", "Two AB Cs", "Two AB Cs"),
]


@pytest.mark.parametrize(("alias", "canonical", "text", "expected"), PLURALS)
def test_only_acronyms_have_a_plural_unless_the_glossary_says_so(
    alias: str, canonical: str, text: str, expected: str
) -> None:
    glossary = Glossary.from_concepts([_concept(canonical, alias)])
    assert glossary.rewrite(text).text == expected


def test_whoever_lists_a_plural_means_the_plural_by_it() -> None:
    glossary = Glossary.from_concepts([_concept("war room", "den", "dens", plurals=True)])
    assert glossary.rewrite("a den, two dens").text == "a war room, two war rooms"
    mass = Glossary.from_concepts([_concept("operations", "op", "ops")])
    assert mass.rewrite("an op, two ops").text == "an operations, two operations"
    glass = Glossary.from_concepts([_concept("glass", "cup", "cups")])
    assert glass.rewrite("a cup, two cups").text == "a glass, two glasses"


def test_an_alias_that_only_normalises_a_spelling_leaves_the_plural() -> None:
    glossary = Glossary.from_concepts([_concept("K8S", "k8s", plurals=True)])
    assert glossary.rewrite("k8s k8ss K8Ss").text == "K8S k8ss K8Ss"
    git = Glossary.from_concepts([_concept("Git", "git", plurals=True), _concept("Hub", "hub", plurals=True)])
    assert git.rewrite("git gits hubs").text == "Git gits hubs"


def test_titles_lower_their_terms_only_where_all_of_at_least_three_are_titles() -> None:
    titles = {"Warehouse": ["Depot"], "Haulier": ["Carrier"]}
    assert Glossary.from_mapping(titles).rewrite("the depot").text == "the Warehouse"
    assert Glossary.from_mapping({**titles, "Desk": ["Help"]}).rewrite("the depot, a Depot").text == (
        "the warehouse, a Warehouse"
    )
    assert Glossary.from_mapping({**titles, "LarkDesk": ["Help"]}).rewrite("the depot").text == "the Warehouse"
    assert Glossary.from_mapping({**titles, "Desk": ["help"]}).rewrite("the depot").text == "the Warehouse"

"""Editions: of a site in several versions, only pages of the current one enter, whatever page was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from headgate import Chunk, Gate, Policy, PolicyError
from headgate.cli.app import app
from headgate.policy import Identity
from headgate.record.writing import log_record
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher

SITE = "https://docs.example"
PATTERN = f"{SITE}/{{version}}/{{page}}"


def gate_of(clock: FixedClock, current: str = "highest", **identity: Any) -> Gate:
    source = {"id": "docs", "match": f"{SITE}/**", "provenance": {"require": "declared"}}
    return Gate(
        {"sources": [{**source, "identity": {"pattern": PATTERN, "current": current, **identity}}]}, clock=clock
    )


def says(gate: Gate, *pages: str, **options: Any) -> list[str]:
    admission = gate.admit([Chunk(page, {"source": f"{SITE}/{page}"}) for page in pages], **options)
    record = json.loads(json.dumps(log_record(admission)))
    assert [one.action for one in Redecider(gate.policy).redecide(record)] == [
        one.action for one in admission.decisions
    ]
    return [" ".join((one.action, *one.codes)) for one in admission.decisions]


def test_every_page_of_another_edition_is_out_where_one_is_named(clock: FixedClock) -> None:
    gate = gate_of(clock, "v3.10")
    assert says(gate, "v3.10/a", "v3.9/a", "v4.0/a", "latest/a", "v3.10/b/c") == [
        "admit",
        "drop F213",
        "drop F213",
        "drop F213",
        "admit",
    ]
    assert says(gate, "v3.9/only-there") == ["drop F213"]
    (finding,) = gate.admit([Chunk("x", {"source": f"{SITE}/v3.9/a"})]).decisions[0].findings
    assert finding.message == "It is of the edition 'v3.9'; the current one is 'v3.10'."


def test_of_a_long_name_of_an_edition_80_characters_are_shown(clock: FixedClock) -> None:
    for length, shown in ((80, 80), (81, 80)):
        other, current = ("1" * length, "2" * length)
        gate = gate_of(clock, current)
        (finding,) = gate.admit([Chunk("x", {"source": f"{SITE}/{other}/a"})]).decisions[0].findings
        assert finding.message == f"It is of the edition {other[:shown]!r}; the current one is {current[:shown]!r}."
        assert finding.detail == {"edition": other[:shown], "current": current[:shown]}


def test_the_highest_edition_of_a_retrieval_keeps_out_the_others(clock: FixedClock) -> None:
    gate = gate_of(clock)
    assert says(gate, "v3.5/a", "v3.10/b", "v3.10/c") == ["drop F213", "admit", "admit"]
    assert says(gate, "v3.5/a", "v3.5/b") == ["admit", "admit"]
    # A word is neither higher nor lower, and a date is not compared with a number.
    assert says(gate, "latest/a", "v3.5/a", "2026-01/a") == ["admit", "admit", "admit"]


@pytest.mark.parametrize("page", ["next/a", "main/a", "v4.0-rc.1/a", "4.0b2/a", "5.0.0-SNAPSHOT/a", "v4.0-rc.1/"])
def test_what_is_not_released_yet_is_not_current(page: str, clock: FixedClock) -> None:
    gate = gate_of(clock)
    assert says(gate, page, "v3.5/b") == ["drop F213", "admit"]
    assert says(gate, page) == ["admit"]


@pytest.mark.parametrize(
    "edition",
    [
        "beta",
        "alpha",
        "rc",
        "preview",
        "snapshot",
        "Next",
        "HEAD",
        "tip",
        "v6beta",
        "v2alpha1",
        "v4rc1",
        "4.0x",
        "rc-2",
        "beta1",
        "v3.9%20",
        "Main",
        "next-15",
    ],
)
def test_an_edition_of_any_name_is_another_one(edition: str, clock: FixedClock) -> None:
    assert says(gate_of(clock, "v3.10"), f"{edition}/a", "v3.10/a") == ["drop F213", "admit"]


@pytest.mark.parametrize("segment", ["guide", "mainline", "tips", "headers", "2fa", "betatron", "nextcloud"])
def test_what_only_begins_like_an_edition_is_none(segment: str, clock: FixedClock) -> None:
    assert says(gate_of(clock, "unversioned"), f"{segment}/a") == ["admit"]


@pytest.mark.parametrize(
    ("pattern", "page"),
    [
        ("https://Docs.Example/{version}/{page}", "https://docs.example/v3.9/a"),
        ("HTTPS://docs.example:443/{version}/{page}", "https://docs.example/v3.9/a"),
        ("https://docs.example/./{version}//{page}", "https://docs.example/v3.9/a"),
        ("http://docs.example/{version}/{page}", "https://docs.example/v3.9/a"),
        ("https://docs.example/{version}/{page}", "http://docs.example/v3.9/a"),
        (
            "https://docs.example/\u043a\u043d\u0438\u0433\u0430/{version}/{page}",
            "https://docs.example/\u043a\u043d\u0438\u0433\u0430/v3.9/a",
        ),
        ("https://{version}.docs.example/{page}", "https://v3.docs.example/a"),
        ("docs/{version}/{page}", "docs/v3.9/a.md"),
        ("file:docs/{version}/{page}", "docs/v3.9/a.md"),
    ],
)
def test_a_pattern_fits_every_spelling_of_an_address(pattern: str, page: str, clock: FixedClock) -> None:
    source = {
        "id": "docs",
        "match": ["https://**/**", "http://**/**", "file:docs/**"],
        "provenance": {"require": "declared"},
    }
    gate = Gate({"sources": [{**source, "identity": {"pattern": pattern, "current": "v3.10"}}]}, clock=clock)
    (decision,) = gate.admit([Chunk("text", {"source": page})]).decisions
    assert decision.codes == ("F213",)


@pytest.mark.parametrize("edition", ["1rc" + "1" * 36 + "x", "rc" + "1" * 36 + "x", "1" + "a1" * 200 + "!"])
def test_no_name_of_an_edition_takes_time(edition: str, clock: FixedClock) -> None:
    assert len(says(gate_of(clock), f"{edition}/a", "v3.5/a")) == 2


@given(pages=st.permutations(["2026-01/a", "2025-07/a", "3.10/a", "3.9/a", "next/a"]))
def test_the_order_of_a_retrieval_chooses_no_edition(pages: list[str]) -> None:
    gate = gate_of(FixedClock())
    out = {page for page, said in zip(pages, says(gate, *pages), strict=True) if said == "drop F213"}
    assert out == {"2025-07/a", "3.9/a", "next/a"}


def test_what_is_no_page_of_an_edition_is_left_alone(clock: FixedClock) -> None:
    gate = gate_of(clock, "v2")
    assert says(gate, "about", "v2/a", "v1/a") == ["admit", "admit", "drop F213"]


@pytest.mark.parametrize(
    "page", ["v3.9/", "v3.9", "v3.9?x", "/v3.9/a", "v3.9%2Fa", "v3.9%2fa", "latest", "next/", "3.9"]
)
def test_the_page_that_an_edition_begins_with_is_of_it(page: str, clock: FixedClock) -> None:
    assert says(gate_of(clock, "v3.10"), page, "v3.10", "v3.10/") == ["drop F213", "admit", "admit"]


def test_the_current_edition_may_have_no_segment_of_its_own(clock: FixedClock) -> None:
    gate = gate_of(clock, "unversioned")
    current = ("install", "guide/install", "guide/deep/v2", "chapter1/a", "")
    others = (
        "v3.9/install",
        "0.85/guide/install",
        "next/install",
        "3.x/a",
        "release-3.9/a",
        "stable/",
        "v2",
        "12-SNAPSHOT/a",
    )
    assert says(gate, *current, *others) == ["admit"] * len(current) + ["drop F213"] * len(others)


@pytest.mark.parametrize(
    ("query", "served"),
    [
        ("how do I install 3.9?", True),
        ("install on v3.9", True),
        ("install on V3.9.", True),
        ("install 13.9 or 3.9.1 or 3.90 or 3.9-rc", False),
        ("what is next?", False),
        ("", False),
        (None, False),
        (["3.9"], False),
    ],
)
def test_a_question_that_names_an_edition_is_served_it_where_the_policy_says_so(
    query: Any, served: bool, clock: FixedClock
) -> None:
    gate = gate_of(clock, "v3.10", asked="warn")
    pages = ("v3.10/a", "v3.9/a", "next/a", "v3.8/a")
    old = "admit F213" if served else "drop F213"
    assert says(gate, *pages, query=query) == ["admit", old, "drop F213", "drop F213"]
    assert says(gate_of(clock, "v3.10"), *pages, query=query)[1] == "drop F213"
    assert says(gate_of(clock, asked="warn"), *pages, query=query)[1] == old


def test_what_nobody_signed_pushes_no_proved_page_out_in_an_audit(clock: FixedClock) -> None:
    publisher = Publisher("docs", f"{SITE}/**", clock)
    source = publisher.source(identity={"pattern": PATTERN}, provenance={"require": "sealed", "mode": "audit"})
    source["provenance"]["keys"] = publisher.source()["provenance"]["keys"]
    gate = Gate({"sources": [source]}, clock=clock)
    pages = [publisher.seal("text", f"{SITE}/v1/a"), Chunk("forged", {"source": f"{SITE}/v999/a"})]
    assert gate.admit(pages).decisions[0].admitted


def test_a_question_about_the_past_is_answered_and_marked(clock: FixedClock) -> None:
    assert says(gate_of(clock, "v2"), "v1/a", as_of=clock.ago(days=900)) == ["admit F213"]


def test_what_nobody_proved_makes_no_edition_current(clock: FixedClock) -> None:
    publisher = Publisher("docs", f"{SITE}/**", clock)
    source = publisher.source(identity={"pattern": PATTERN})
    gate = Gate({"sources": [source]}, clock=clock)
    proved = publisher.seal("text", f"{SITE}/v1/a")
    forged = Chunk("forged", {"source": f"{SITE}/v99/a"})
    lying = publisher.seal("other", f"{SITE}/v1/b").with_metadata(source=f"{SITE}/v99/b", version="99")
    assert [one.admitted for one in gate.admit([proved, forged, lying]).decisions][:2] == [True, False]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (f"{SITE}/{{page}}", "names {version} once"),
        (f"{SITE}/{{version}}/{{version}}", "names {version} once"),
        (f"{SITE}/{{version}}-{{page}}", "one name in braces"),
        (f"{SITE}/{{version}}/{{", "one name in braces"),
        ("//docs.example/{version}/{page}", "a pattern is an address"),
        ("https://user@docs.example/{version}/{page}", "a pattern is an address"),
        (f"{SITE}/page?v={{version}}", "a pattern is an address"),
        ("x" * 3_000 + "{version}", "names {version} once"),
    ],
)
def test_a_pattern_that_cannot_be_is_an_error(pattern: str, words: str) -> None:
    source = {"id": "s", "match": f"{SITE}/**", "provenance": {"require": "declared"}, "identity": {"pattern": pattern}}
    with pytest.raises(PolicyError) as error:
        Policy.from_mapping({"sources": [source]})
    assert words in str(error.value)


@given(st.lists(st.sampled_from(["a", "v1", "-", ".", "/", "x" * 50]), max_size=60).map("".join))
def test_a_pattern_fits_an_address_of_any_length_at_once(path: str) -> None:
    identity = Identity(pattern=f"{SITE}/{{lang}}/{{version}}/{{page}}")
    found = identity.edition_of(f"{SITE}/{path}")
    assert found is None or ("/" not in found and found in path)


def test_the_policy_of_the_page_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "editions.md").read_text(encoding="utf-8")
    block = page.partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "headgate.yaml").write_text(block, encoding="utf-8")
    (source,) = Policy.load(tmp_path / "headgate.yaml").sources
    assert source.identity is not None
    assert source.identity.edition_of("https://docs.acme.example/v3.10/install/linux") == "v3.10"


@pytest.mark.parametrize(
    ("edition", "question", "is_named"),
    [
        ("v2", "give me 2 examples of an installation", False),
        ("v2", "who won 2:1? is 50.2 enough? what of 2%?", False),
        ("v2", "the limit of 2 GB, in 2024", False),
        ("v2", "What does v2 say?", True),
        ("v2", "Is version 2 still supported?", True),
        ("release-3.9", "how do I install 3.9?", True),
        ("3.9.x", "how do I install 3.9?", True),
        ("stable-3.9", "how do I install 3.90?", False),
        ("2024", "the prices of 2024", False),
        ("2024", "in the edition 2024", True),
    ],
)
def test_a_question_names_an_edition_as_people_do(
    edition: str, question: str, *, is_named: bool, clock: FixedClock
) -> None:
    gate = gate_of(clock, "v99", asked="warn")
    page = Chunk("text", {"source": f"https://docs.example/{edition}/a"})
    admission = gate.admit([page], question)
    assert [one.admitted for one in admission.decisions] == [is_named]


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("8.x", "11.x"),
        ("release-1.9", "release-1.10"),
        ("version-2", "version-3"),
        ("3.9+cu118", "3.10+cu118"),
        ("2.x", "v3"),
    ],
)
def test_the_highest_is_told_in_any_spelling_of_an_edition(lower: str, higher: str, clock: FixedClock) -> None:
    assert says(gate_of(clock), f"{lower}/a", f"{higher}/a") == ["drop F213", "admit"]


@pytest.mark.parametrize(
    "page",
    [
        "3-ways-to-deploy",
        "r2-storage/buckets",
        "2024-annual-report/a",
        "404.html/a",
        "release-1-notes/a",
        "v8-engine/a",
    ],
)
def test_a_name_that_begins_with_a_number_is_no_edition(page: str, clock: FixedClock) -> None:
    assert says(gate_of(clock, "v3"), page) == ["admit"]


@pytest.mark.parametrize(
    "edition", ["3.9-rc.1", "17-ea", "5.0-SNAPSHOT", "2023-lts", "1.2.3-beta2", "3.9+cu118", "1!3.9", "8.x"]
)
def test_what_is_added_to_a_number_is_an_edition_too(edition: str, clock: FixedClock) -> None:
    assert says(gate_of(clock, "v99"), f"{edition}/a") == ["drop F213"]


def test_the_highest_edition_that_feeds_list_keeps_out_the_others_of_any_retrieval(
    clock: FixedClock, tmp_path: Path
) -> None:
    file = tmp_path / "headgate.yaml"
    source = {
        "id": "docs",
        "match": f"{SITE}/**",
        "provenance": {"require": "declared"},
        "identity": {"pattern": PATTERN},
        "freshness": {"feeds": [{"changes": "changes.jsonl"}]},
    }
    file.write_text(json.dumps({"sources": [source], "registry": {"path": "registry.sqlite"}}))

    def append(*lines: tuple[str, str]) -> None:
        with (tmp_path / "changes.jsonl").open("a", encoding="utf-8") as changes:
            changes.writelines(
                json.dumps({"uri": f"{SITE}/{page}", "kind": kind, "at": "2026-01-01T00:00:00Z"}) + "\n"
                for page, kind in lines
            )
        assert CliRunner().invoke(app, ["watch", "--policy", str(file)]).exit_code == 0

    append(("v3.9/a", "listed"), ("v3.10/a", "listed"), ("next/a", "listed"), ("about", "listed"))
    gate = Gate(file, clock=clock)
    assert says(gate, "v3.9/a") == ["drop F213"]
    assert says(gate, "v3.10/a", "next/a", "about/team") == ["admit", "drop F213", "admit"]
    # What is retrieved and not listed yet counts as well; what is gone counts no more.
    assert says(gate, "v3.10/a", "v4.0/a") == ["drop F213", "admit"]
    append(("v3.10/a", "removed"))
    assert says(gate, "v3.9/a") == ["admit"]
    gate.close()

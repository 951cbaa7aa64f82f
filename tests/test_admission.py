"""What an admission settles about a document beside whether it is let through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest

from headgate import Chunk, Gate, Limits
from headgate.chunk import SEAL_KEY
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
PAGE = "https://docs.example/a"
OPEN = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}


def gate_of(*sources: Any, **more: Any) -> Gate:
    return Gate({"sources": list(sources) or [DOCS.source()], **more}, clock=CLOCK)


@pytest.mark.parametrize(
    ("chunk", "code", "message"),
    [
        (Chunk(7, {}), "G902", "The text must be a string, not int."),  # type: ignore[arg-type]
        (Chunk("x", [("a", 1)]), "G902", "The metadata must be a mapping, not list."),  # type: ignore[arg-type]
        (Chunk("a\ud800", {}), "G902", "The text holds a lone surrogate at position 1."),
        (Chunk("a" * 11, {}), "G903", "The text has 11 characters; the limit is 10 bytes."),
        (Chunk("\u00fc" * 6, {}), "G903", "The text has 12 bytes; the limit is 10."),
        (Chunk("a" * 10, {}), None, ""),
        (Chunk("\u00fc" * 5, MappingProxyType({})), None, ""),
    ],
)
def test_what_cannot_be_read_says_why(chunk: Chunk, code: str | None, message: str) -> None:
    gate = Gate({"default": {"provenance": {"require": "none"}}}, clock=CLOCK, limits=Limits(text_bytes=10))
    (decision,) = gate.admit([chunk]).decisions
    assert [(one.code, one.message) for one in decision.findings] == ([(code, message)] if code else [])


@pytest.mark.parametrize("mode", ["enforce", "warn", "audit"])
@pytest.mark.parametrize(
    ("key", "declared", "cover", "cited"),
    [
        ("source", "https://docs.example/b", [], PAGE),
        ("source", "https://docs.example/b", ["source"], None),
        ("source", "https://evil.example/login", [], PAGE),
        ("source", "javascript:alert(1)", [], PAGE),
        ("source", PAGE, [], None),
        ("source", "HTTPS://DOCS.example:443/a", [], PAGE),
        ("url", "https://docs.example/b", [], PAGE),
        ("title", "https://docs.example/b", ["title"], None),
    ],
)
def test_a_citation_is_rewritten_to_what_is_proved(
    mode: str, key: str, declared: str, cover: list[str], cited: str | None
) -> None:
    chunk = DOCS.seal("text", PAGE, {key: declared}, cover=cover)
    (released,) = gate_of(DOCS.source(mode=mode)).admit([chunk]).chunks
    named = {"source"} if key == "title" and mode == "enforce" else set()
    assert set(released.metadata) == {*chunk.metadata, *named} - ({SEAL_KEY} if mode == "enforce" else set())
    assert released.metadata[key] == (cited if cited is not None and mode != "audit" else declared)


def test_a_document_that_names_no_source_leaves_with_the_proved_one() -> None:
    chunk = DOCS.seal("text", PAGE, {"title": "T"}, cover=["title"])
    assert [one.metadata for one in gate_of().admit([chunk]).chunks] == [{"title": "T", "source": PAGE}]


class _Name(str):
    def __str__(self) -> str:
        return "another name"


def test_names_leave_as_plain_strings_and_what_is_none_as_it_is() -> None:
    chunk = DOCS.seal("text", PAGE, {"source": PAGE})
    more = {7: "a number", None: 1, _Name("page"): 3}
    (left,) = gate_of().admit([replace(chunk, metadata={**chunk.metadata, **more})]).chunks  # type: ignore[dict-item]
    assert left.metadata == {"source": PAGE, 7: "a number", None: 1, "page": 3}
    assert {type(name) for name in left.metadata} == {str, int, type(None)}


def test_what_its_issuer_covers_as_no_source_at_all_stays_none() -> None:
    chunk = DOCS.seal("text", PAGE, {"source": None}, cover=["source"])
    assert [one.metadata for one in gate_of().admit([chunk]).chunks] == [{"source": None}]


def test_without_a_proof_a_citation_stays_as_it_is() -> None:
    chunk = Chunk("text", {"source": "https://wiki.example/a"})
    assert [one.metadata for one in gate_of(OPEN).admit([chunk]).chunks] == [chunk.metadata]


@pytest.mark.parametrize(
    ("metadata", "hints"),
    [
        ({"stamp": "2026-05-01"}, ["stamp"]),
        ({"stamp": "2026-05-01", "last_modified": "2026-05-02"}, None),
        ({"stamp": "no time"}, None),
        ({}, None),
    ],
)
def test_where_no_time_is_known_what_looks_like_one_is_recorded(
    metadata: dict[str, object], hints: list[str] | None
) -> None:
    (decision,) = gate_of(OPEN).admit([Chunk("text", {"source": "https://wiki.example/a", **metadata})]).decisions
    assert decision.evidence.get("time_like") == hints


def test_a_time_that_does_not_count_is_known_all_the_same() -> None:
    chunk = DOCS.seal("text", PAGE, modified=None).with_metadata(stamp="2026-05-01", last_modified="2026-05-02")
    (decision,) = gate_of().admit([chunk]).decisions
    assert "time_like" not in decision.evidence
    assert "modified" in str(decision.evidence["times"])


def test_what_a_refused_text_still_proves_is_recorded_and_of_a_proved_one_nothing_twice() -> None:
    proved = DOCS.seal("text", PAGE, {"title": "T"}, cover=["title"], version=2)
    first, second = gate_of().admit([proved, proved.with_metadata(title="other")]).decisions
    assert "witness" not in first.evidence
    assert "seal" not in second.evidence
    assert second.evidence["claimed"] == PAGE
    assert isinstance(second.evidence["witness"], dict)
    assert second.evidence["witness"]["ver"] == 2


class Hostile(Mapping[str, object]):
    """Metadata that cannot be read, and says why in words of a document."""

    def __getitem__(self, name: str) -> object:
        raise RuntimeError("SECRET")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("SECRET")

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("mode", ["enforce", "audit"])
def test_what_breaks_a_check_is_named_but_not_quoted(mode: str) -> None:
    (decision,) = gate_of(DOCS.source(), mode=mode).admit([Chunk("text", Hostile())]).decisions
    assert decision.action == ("drop" if mode == "enforce" else "admit")
    assert set(decision.codes) == {"G901"}
    assert {finding.detail["check"] for finding in decision.findings} >= {"provenance"}
    assert {finding.detail["error"] for finding in decision.findings} == {"RuntimeError"}
    assert "SECRET" not in str(decision.to_dict()) + str(decision)
    assert (decision.uri, decision.issuer, decision.assurance) == (None, None, "none")


class Fickle(dict[str, object]):
    """Metadata that can be looked at, and cannot be copied."""

    def __iter__(self) -> Iterator[str]:
        return super().__iter__()

    def keys(self) -> Any:
        raise RuntimeError("SECRET")


@pytest.mark.parametrize("mode", ["enforce", "warn", "audit"])
def test_metadata_that_fails_at_the_last_moment_keeps_the_document_out_where_that_is_enforced(mode: str) -> None:
    sealed = DOCS.seal("text", PAGE)
    chunk = replace(sealed, metadata=Fickle({**sealed.metadata, "note": "UNCOVERED"}), prompt_metadata=None)
    admission = gate_of(mode=mode).admit([chunk])
    assert admission.decisions[0].codes == ("P112", "G901")
    assert admission.chunks == (() if mode == "enforce" else (chunk,))
    assert "SECRET" not in str(admission.to_dict())


@pytest.mark.parametrize(
    ("first", "second", "is_replaced"),
    [
        ("", "", True),
        ("#x", "#x", True),
        ("#x", "#y", False),
        ("", "#y", False),
        ("/", "", True),
    ],
)
@pytest.mark.parametrize("is_sealed", [True, False])
def test_versions_of_one_place_compete_and_other_places_do_not(
    first: str, second: str, is_replaced: bool, is_sealed: bool
) -> None:
    old, new = CLOCK.ago(days=9), CLOCK.ago(days=1)
    if is_sealed:
        chunks = [DOCS.seal("old", PAGE + first, modified=old), DOCS.seal("new", PAGE + second, modified=new)]
    else:
        chunks = [
            Chunk(text, {"source": f"https://wiki.example/a{end}", "last_modified": time.isoformat()})
            for text, end, time in (("old", first, old), ("new", second, new))
        ]
    gate = gate_of(DOCS.source(), {**OPEN, "freshness": {"supersede": True}})
    found = [decision.codes for decision in gate.admit(chunks).decisions]
    assert found == [("F205",) if is_replaced else (), ()]


def test_what_names_no_document_is_a_version_of_none() -> None:
    gate = gate_of(default={"provenance": {"require": "none"}, "freshness": {"supersede": True}})
    chunks = [Chunk(text, {"last_modified": CLOCK.ago(days=age).isoformat()}) for text, age in (("old", 9), ("new", 1))]
    assert [decision.codes for decision in gate.admit(chunks).decisions] == [(), ()]
    assert gate.admit(chunks).decisions[0].uri is None


@pytest.mark.parametrize(
    ("claims", "replaces"),
    [
        ({"modified": CLOCK.now + timedelta(minutes=5)}, True),
        ({"modified": CLOCK.now + timedelta(minutes=5, seconds=1)}, False),
        ({"modified": CLOCK.ago(days=1), "not_before": CLOCK.now}, True),
        ({"modified": CLOCK.ago(days=1), "not_before": CLOCK.now + timedelta(seconds=1)}, False),
        ({"modified": CLOCK.ago(days=1), "expires": CLOCK.now}, True),
        ({"version": 2, "modified": None}, True),
        ({"version": 2, "modified": None, "not_before": CLOCK.now + timedelta(seconds=1)}, False),
        ({"version": 1, "modified": CLOCK.ago(days=1)}, False),
    ],
    ids=str,
)
def test_a_version_replaces_another_from_when_it_is_in_force(claims: dict[str, Any], replaces: bool) -> None:
    old = DOCS.seal("old", PAGE, version=1 if "version" in claims else None, modified=CLOCK.ago(days=9))
    admission = gate_of().admit([old, DOCS.seal("new", PAGE, **claims)])
    assert admission.decisions[0].codes == (("F205",) if replaces else ())


@pytest.mark.parametrize(("supersede", "is_replaced"), [(None, True), (True, True), (False, False)])
def test_a_policy_may_say_that_nothing_replaces_anything(supersede: bool | None, is_replaced: bool) -> None:
    rule = {} if supersede is None else {"supersede": supersede}
    chunks = [DOCS.seal("old", PAGE, modified=CLOCK.ago(days=9)), DOCS.seal("new", PAGE)]
    decisions = gate_of(DOCS.source(freshness=rule)).admit(chunks).decisions
    assert decisions[0].codes == (("F205",) if is_replaced else ())


@pytest.fixture
def glossary(tmp_path: Any) -> str:
    path = tmp_path / "terms.yaml"
    path.write_text("terms: {Kubernetes: [K8s]}")
    return str(path)


@pytest.mark.parametrize("mode", ["enforce", "warn", "audit"])
def test_terms_are_rewritten_in_all_that_the_prompt_shows(mode: str, glossary: str) -> None:
    metadata: dict[str, object] = {"page": 7, "title": "On K8s", "none": None, "author": "K8s team", "note": "K8s"}
    sealed = DOCS.seal("K8s runs.", PAGE, metadata, cover=sorted(metadata))
    shown = ("page", "title", "missing", "none", "author")
    gate = gate_of(DOCS.source(terminology=[glossary]), modes={"terminology": mode})
    admission = gate.admit([replace(sealed, prompt_metadata=shown)])
    (released,), (decision,) = admission.chunks, admission.decisions
    new = "Kubernetes" if mode != "audit" else "K8s"
    assert released.text == f"{new} runs."
    expected = {**metadata, "title": f"On {new}", "author": f"{new} team"}
    assert {name: released.metadata[name] for name in metadata} == expected
    assert set(decision.metadata_rewrites) == ({"title", "author"} if mode != "audit" else set())
    assert [finding.detail.get("metadata") for finding in decision.findings] == [None, "title", "author"]
    assert {finding.mode for finding in decision.findings} == {mode}


def test_of_metadata_as_much_is_rewritten_as_of_a_text(glossary: str) -> None:
    source = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "none"}}
    gate = Gate({"sources": [{**source, "terminology": [glossary]}]}, clock=CLOCK, limits=Limits(text_bytes=30))
    for length, is_rewritten in [(30, True), (31, False)]:
        title = "K8s".ljust(length, ".")
        metadata = {"source": "https://wiki.example/a", "title": title}
        (released,) = gate.admit([Chunk("text", metadata, prompt_metadata=("title",))]).chunks
        assert released.metadata["title"] == (title.replace("K8s", "Kubernetes") if is_rewritten else title)


@pytest.mark.parametrize(("text", "found"), [("K8s runs.", 1), ("Nothing.", 0)])
def test_an_audit_looks_up_words_only_where_enforcement_would_let_the_document_in(
    text: str, found: int, glossary: str
) -> None:
    gate = gate_of(DOCS.source(terminology=[glossary]), mode="audit")
    good = DOCS.seal(text, PAGE)
    assert [code[0] for code in gate.admit([good]).decisions[0].codes] == ["T"] * found
    late = DOCS.seal(text, PAGE, expires=CLOCK.now)
    assert gate.admit([late]).decisions[0].codes == ("F201",)
    warned = good.with_metadata(source="https://docs.example/b")
    assert [code[0] for code in gate.admit([warned]).decisions[0].codes] == ["P", *["T"] * found]


def test_a_source_without_a_glossary_keeps_its_words(glossary: str) -> None:
    wiki = Publisher("wiki", "https://wiki.example/**", CLOCK)
    gate = gate_of(DOCS.source(terminology=[glossary]), wiki.source())
    chunks = [DOCS.seal("K8s", PAGE), wiki.seal("K8s", "https://wiki.example/a")]
    assert [chunk.text for chunk in gate.admit(chunks).chunks] == ["Kubernetes", "K8s"]


def test_a_document_has_the_mode_and_the_issuer_of_its_source() -> None:
    (decision,) = gate_of().admit([DOCS.seal("text", PAGE)]).decisions
    assert (decision.source, decision.issuer, decision.uri, decision.assurance) == ("docs", "docs", PAGE, "sealed")
    (decision,) = gate_of(OPEN).admit([Chunk("text", {"source": "https://wiki.example/a"})]).decisions
    assert (decision.source, decision.issuer, decision.assurance) == ("wiki", None, "declared")
    assert (decision.modified, decision.age) == (None, None)


UNDATED = DOCS.seal("text", PAGE, modified=None)
FORGED = Chunk("another text", {**UNDATED.metadata, "source": PAGE})


@pytest.mark.parametrize(
    ("chunk", "modes", "codes", "is_admitted"),
    [
        (UNDATED, {}, ("F203",), False),
        (Chunk("text", {"source": PAGE}), {}, ("P101", "F203"), False),
        (FORGED, {}, ("P105",), False),
        (FORGED.with_metadata(expires="2020-01-01"), {}, ("P105", "F201"), False),
        (FORGED.with_metadata(expires="?"), {}, ("P105", "F203"), False),
        (FORGED, {"provenance": "audit"}, ("P105", "F203"), False),
        (FORGED, {"provenance": "audit", "freshness": "warn"}, ("P105",), True),
        (UNDATED, {"freshness": "warn"}, ("F203",), True),
    ],
)
def test_of_a_refused_seal_no_time_is_missed_unless_that_alone_keeps_the_document_out(
    chunk: Chunk, modes: dict[str, str], codes: tuple[str, ...], is_admitted: bool
) -> None:
    gate = gate_of(DOCS.source(freshness={"max_age": "90d"}), modes=modes)
    (decision,) = gate.admit([chunk]).decisions
    assert decision.codes == codes
    assert decision.admitted == is_admitted


@pytest.mark.parametrize(("days", "age"), [(0, 0), (3, 3), (-0.001, 0)])
def test_a_document_is_never_younger_than_new(days: float, age: int) -> None:
    chunk = DOCS.seal("text", PAGE, modified=CLOCK.ago(days=days))
    (decision,) = gate_of().admit([chunk]).decisions
    assert decision.modified == CLOCK.ago(days=days).replace(microsecond=0)
    assert decision.age == timedelta(days=age)

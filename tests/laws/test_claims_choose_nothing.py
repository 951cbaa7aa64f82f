"""Law 7: a claim chooses nothing until it is verified."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Decision, Gate
from headgate.chunk import SEAL_KEY
from headgate.testing import FixedClock, Publisher
from shelves import Shelf, page, temporary_folder

CLOCK = FixedClock()
OLD = (CLOCK.now - timedelta(days=900)).isoformat()
PUBLISHERS = {name: Publisher(name, f"https://{name}.example/**", CLOCK) for name in ("docs", "wiki")}
STRANGER = Publisher("stranger", "https://stranger.example/**", CLOCK)
FOLDER = temporary_folder()
Shelf(FOLDER, CLOCK, "docs", key=PUBLISHERS["docs"].key).publish([page("a", "text", "docs")])
HOSTS = ("docs", "wiki", "unknown")

modes = st.sampled_from(["enforce", "warn", "audit"])
freshness = st.sampled_from([{}, {"max_age": "90d"}, {"max_age": "90d", "missing": "admit"}])
rules = st.fixed_dictionaries(
    {
        "provenance": st.fixed_dictionaries(
            {"require": st.sampled_from(["sealed", "declared", "none"])}, optional={"mode": modes}
        ),
        "freshness": st.builds(lambda rule, mode: {**rule, "mode": mode}, freshness, modes),
    }
)
defaults = rules.map(lambda rule: {**rule, "provenance": {**rule["provenance"], "keys": [STRANGER.key.public_jwks()]}})


@st.composite
def gates(draw: st.DrawFn) -> Gate:
    sources = []
    for publisher in PUBLISHERS.values():
        rule = draw(rules)
        if publisher.name == "docs" and draw(st.booleans()):
            listed = {"require": draw(st.sampled_from(["manifest", "sealed"])), "manifest": str(FOLDER)}
            rule = {**rule, "provenance": {**rule["provenance"], **listed}}
        sources.append(publisher.source(**rule, terminology=[]))
    return Gate({"mode": draw(modes), "sources": sources, "default": draw(rules | defaults)}, clock=CLOCK)


@st.composite
def documents(draw: st.DrawFn) -> Chunk:
    declared = draw(st.sampled_from([None, *HOSTS]))
    metadata: dict[str, object] = {} if declared is None else {"source": f"https://{declared}.example/a"}
    if draw(st.booleans()):
        metadata["last_modified"] = OLD
    return Chunk("text", metadata)


@st.composite
def broken_seals(draw: st.DrawFn) -> object:
    """A seal that proves nothing about the text `text`, whatever it claims."""
    publisher = draw(st.sampled_from([*PUBLISHERS.values(), STRANGER]))
    subject = f"https://{draw(st.sampled_from(HOSTS))}.example/{draw(st.sampled_from('ab'))}"
    times: dict[str, Any] = draw(st.sampled_from([{}, {"modified": CLOCK.now, "expires": CLOCK.now + timedelta(9)}]))
    kind = draw(st.sampled_from(["transplanted", "signature", "malformed", "foreign", "metadata"]))
    if kind == "malformed":
        return draw(st.text(max_size=8) | st.integers() | st.just({"a": 1}))
    cover = ["note"] if kind == "metadata" else []
    text = "another text" if kind == "transplanted" else "text"
    token = str(publisher.seal(text, subject, {"note": "x"}, cover=cover, **times).metadata[SEAL_KEY])
    if kind == "signature":
        return token[:-8] + ("AAAAAAAA" if not token.endswith("AAAAAAAA") else "BBBBBBBB")
    if kind == "foreign":
        other = Publisher(publisher.name, "https://x.example/**", CLOCK)
        return other.seal("text", subject, **times).metadata[SEAL_KEY]
    return token


def decide(gate: Gate, chunk: Chunk) -> Decision:
    return gate.admit([chunk]).decisions[0]


@given(gates(), documents(), broken_seals())
def test_a_broken_seal_makes_nothing_milder(gate: Gate, chunk: Chunk, seal: object) -> None:
    plain, claiming = decide(gate, chunk), decide(gate, chunk.with_metadata(**{SEAL_KEY: seal}))
    assert claiming.admitted <= plain.admitted
    if claiming.admitted or "source" in chunk.metadata:
        assert claiming.source == plain.source
        assert claiming.uri == plain.uri
    # What the manifest of the declared source proves, no broken seal adds to.
    assert claiming.issuer in (None, plain.issuer)
    assert claiming.is_proved <= plain.is_proved


@given(gates(), documents(), broken_seals())
def test_what_the_declared_source_finds_is_still_found(gate: Gate, chunk: Chunk, seal: object) -> None:
    plain, claiming = decide(gate, chunk), decide(gate, chunk.with_metadata(**{SEAL_KEY: seal}))
    if claiming.admitted:
        found = {(finding.code, finding.mode) for finding in claiming.findings}
        # That a proof is missing is said by what is wrong with the one that is there; so is, where nobody is kept out
        # for it, that a time is missing.
        expected = {
            (f.code, f.mode)
            for f in plain.findings
            if f.severity == "error"
            and f.code not in ("P101", "P109")
            and (f.code, f.mode != "enforce") != ("F203", True)
        }
        assert expected <= found


def test_both_sources_have_their_say() -> None:
    docs, wiki = PUBLISHERS["docs"], PUBLISHERS["wiki"]
    gate = Gate({"sources": [docs.source(), wiki.source(mode="audit")]}, clock=CLOCK)
    token = str(wiki.seal("another text", "https://wiki.example/a").metadata[SEAL_KEY])
    decision = decide(gate, Chunk("text", {"source": "https://docs.example/a", SEAL_KEY: token}))
    assert [(f.code, f.mode) for f in decision.findings] == [("P105", "audit"), ("P101", "enforce")]
    assert (decision.action, decision.source) == ("drop", "docs")
    assert "'wiki'" in decision.findings[1].message


def test_a_sealed_page_of_one_source_that_says_it_is_of_another_is_held_to_the_stricter() -> None:
    docs, wiki = PUBLISHERS["docs"], PUBLISHERS["wiki"]
    for strict, lenient in ((docs, wiki), (wiki, docs)):
        gate = Gate({"sources": [strict.source(), lenient.source(mode="audit")]}, clock=CLOCK)
        chunk = wiki.seal("text", "https://wiki.example/a", {"source": "https://docs.example/a"})
        decision = decide(gate, chunk)
        assert [(f.code, f.mode) for f in decision.findings if f.check == "provenance"] == [("P104", "enforce")]
        assert not decision.admitted
        assert decision.source == "docs"


def test_what_is_verified_chooses_the_source() -> None:
    docs, wiki = PUBLISHERS["docs"], PUBLISHERS["wiki"]
    gate = Gate({"sources": [docs.source(), wiki.source(freshness={"max_age": "1d"})]}, clock=CLOCK)
    decision = decide(gate, wiki.seal("text", "https://wiki.example/a", modified=CLOCK.now - timedelta(9)))
    assert (decision.source, decision.codes) == ("wiki", ("F202",))

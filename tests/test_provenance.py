"""What the provenance check finds, step by step, and what a seal may claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from headgate import Chunk, Finding, Gate, Sealer, SealError
from headgate.assurance import ASSURANCES, DECLARED, MANIFEST, NONE, SEALED, Assurance, is_proof, meets
from headgate.chunk import SEAL_KEY
from headgate.encoding import b64url_decode, b64url_encode, canonical_json, loads_strict
from headgate.limits import Limits
from headgate.provenance import (
    Attestation,
    Claim,
    Presented,
    Requirement,
    Verdict,
    check_provenance,
    generate_signing_key,
    parse_seal,
    read_seal,
    sign_jws,
)
from headgate.provenance.seals import SEAL_TYPE
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
PAGE = "https://docs.example/a"


def gate_of(*sources: dict[str, Any], **more: Any) -> Gate:
    return Gate({"sources": list(sources) or [DOCS.source()], **more}, clock=CLOCK)


def findings(gate: Gate, chunk: Chunk) -> tuple[Finding, ...]:
    return gate.admit([chunk]).decisions[0].findings


def claims(**changes: Any) -> dict[str, Any]:
    token = str(DOCS.seal("text", PAGE).metadata[SEAL_KEY])
    found = loads_strict(b64url_decode(token.split(".")[1]))
    assert isinstance(found, dict)
    return {name: value for name, value in {**found, **changes}.items() if value is not ...}


def test_the_levels_of_assurance_are_in_order() -> None:
    assert ASSURANCES == (NONE, DECLARED, MANIFEST, SEALED)
    assert [is_proof(level) for level in ASSURANCES] == [False, False, True, True]
    assert meets(SEALED, DECLARED)
    assert meets(DECLARED, DECLARED)
    assert not meets(DECLARED, SEALED)


@pytest.mark.parametrize("cover", [["title"], ["title", "author"], ["title", "author", "page"]])
def test_what_the_policy_wants_to_be_covered_must_be(cover: list[str]) -> None:
    gate = gate_of(DOCS.source(provenance={"cover": ["title", "author"]}))
    chunk = DOCS.seal("text", PAGE, {"title": "T", "author": "A", "page": 1}, cover=cover)
    found = findings(gate, chunk)
    if "author" in cover:
        assert found == ()
    else:
        assert [finding.code for finding in found] == ["P105"]
        assert found[0].detail == {"uncovered": ["author"]}


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"x", float("nan"), "\ud800"], ids=ascii)
def test_what_cannot_be_covered_is_changed(value: object) -> None:
    chunk = DOCS.seal("text", PAGE, {"a": "x"}, cover=["a"])
    (finding,) = findings(gate_of(), chunk.with_metadata(a=value))
    assert (finding.code, finding.detail) == ("P105", {"covered": ["a"]})


def test_only_an_accepted_issuer_may_speak() -> None:
    gate = gate_of(DOCS.source(provenance={"issuers": ["docs", "press"]}))
    for issuer, codes in (("docs", []), ("press", []), ("pres", ["P104"]), ("x\n" + "y" * 900, ["P104"])):
        chunk = Sealer(DOCS.key, issuer, clock=CLOCK).seal(Chunk("text"), subject=PAGE)
        found = findings(gate, chunk)
        assert [finding.code for finding in found] == codes
        for finding in found:
            assert len(finding.message) < 200
            assert finding.message.isprintable()
            assert finding.detail == {"issuer": issuer[:200], "source": "docs"}


@pytest.mark.parametrize("kid", ["nobody", "other", "x\n\u202e" + "y" * 900])
def test_a_key_that_is_not_listed_and_one_of_another_source(kid: str) -> None:
    other = Publisher("other", "https://other.example/**", CLOCK)
    gate = gate_of(DOCS.source(), other.source())
    sealer = other.sealer if kid == "other" else Sealer(generate_signing_key(kid), "me", clock=CLOCK)
    (finding,) = findings(gate, sealer.seal(Chunk("text"), subject=PAGE))
    assert finding.code == ("P104" if kid == "other" else "P103")
    assert finding.detail["kid"] == kid[:200]
    assert len(finding.message) < 200
    assert finding.message.isprintable()
    assert finding.detail.get("key_of") == (["other"] if kid == "other" else None)


def test_a_token_without_a_kid_is_attested_by_the_name_of_the_key() -> None:
    head = b64url_encode(canonical_json({"alg": "Ed25519", "typ": SEAL_TYPE}))
    signed = f"{head}.{b64url_encode(canonical_json(claims()))}"
    token = f"{signed}.{b64url_encode(DOCS.key.sign(signed.encode()))}"
    (decision,) = gate_of().admit([Chunk("text", {SEAL_KEY: token})]).decisions
    assert decision.admitted
    seal = decision.evidence["seal"]
    assert isinstance(seal, dict)
    assert (seal["kid"], seal["key"]) == ("docs", next(iter(DOCS.sealer.public)).thumbprint)


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        (PAGE, []),
        ("https://docs.example/b", ["P111"]),
        ("https://evil.example/login", ["P111"]),
        ("https://u:p@evil.example/login", ["P111"]),
        ("javascript:alert(1)", ["P111"]),
        (["https://evil.example/login"], ["P111"]),
        ("notes.txt", ["P111"]),
        ("", []),
        (None, []),
        ("https://wiki.example/a", ["P104"]),
    ],
    ids=str,
)
def test_metadata_that_names_another_page_than_the_seal_is_a_finding(source: object, codes: list[str]) -> None:
    wiki = Publisher("wiki", "https://wiki.example/**", CLOCK)
    found = findings(gate_of(DOCS.source(), wiki.source()), DOCS.seal("text", PAGE, {"source": source}))
    assert [finding.code for finding in found] == codes
    assert all(finding.severity == ("warning" if finding.code == "P111" else "error") for finding in found)
    assert "u:p" not in str(found)


@pytest.mark.parametrize(
    ("source", "declared"),
    [
        ("https://docs.example/b", "https://docs.example/b"),
        ("HTTPS://x.example", "https://x.example/"),
        ("b.txt\n", None),
    ],
)
def test_a_disagreement_names_both_documents(source: str, declared: str | None) -> None:
    (finding,) = findings(gate_of(), DOCS.seal("text", PAGE, {"source": source}))
    assert finding.detail == {"declared": declared, "sealed": PAGE}
    assert PAGE in finding.message
    assert (declared or "not a URI") in finding.message


@pytest.mark.parametrize(
    ("default", "metadata", "codes"),
    [
        ({}, {}, ["P109", "P101"]),
        ({}, {"source": "https://x.example/"}, ["P109", "P101"]),
        ({"provenance": {"require": "declared"}}, {}, ["P109"]),
        ({"provenance": {"require": "declared"}}, {"source": "https://x.example/"}, []),
        ({"provenance": {"require": "none"}}, {}, []),
        ({"provenance": {"keys": [DOCS.key.public_jwks()]}}, {}, ["P101"]),
    ],
)
def test_what_no_source_matches(default: dict[str, Any], metadata: dict[str, object], codes: list[str]) -> None:
    gate = gate_of(default=default)
    found = findings(gate, Chunk("text", metadata))
    assert [finding.code for finding in found] == codes
    if metadata and "P109" in codes:
        assert found[0].detail == {"uri": "https://x.example/"}


def test_a_seal_for_a_document_of_no_source() -> None:
    (finding,) = findings(gate_of(), DOCS.seal("text", "https://x.example/a"))
    assert (finding.code, finding.detail) == ("P109", {"uri": "https://x.example/a"})


def test_a_seal_that_nobody_can_verify_is_as_good_as_none() -> None:
    source = {"id": "open", "match": ["https://docs.example/**"], "provenance": {"require": "declared"}}
    (decision,) = gate_of(source).admit([DOCS.seal("text", PAGE, {"source": PAGE})]).decisions
    assert (decision.codes, decision.assurance, decision.issuer) == ((), "declared", None)


def test_an_empty_seal_is_none() -> None:
    (finding,) = findings(gate_of(), Chunk("text", {"source": PAGE, SEAL_KEY: None}))
    assert (finding.code, finding.message) == ("P101", "'docs' requires a seal, and there is none.")


WORDS = {
    "title": "T",
    "note\nignore": 1,
    "big": 10**30,
    "n": 3,
    "x": 0.5,
    "ok": True,
    "day": date(2026, 1, 1),
    "no": None,
}


@pytest.mark.parametrize(
    ("prompt_metadata", "withheld"),
    [
        ((), ()),
        (("title", "n", "missing"), ("title", "n")),
        (("covered",), ()),
        (None, ("title", "note\nignore", "big")),
    ],
    ids=["none", "named", "covered", "unknown"],
)
@pytest.mark.parametrize("mode", ["enforce", "warn"])
def test_metadata_that_no_seal_covers_does_not_reach_the_prompt(
    mode: str, prompt_metadata: tuple[str, ...] | None, withheld: tuple[str, ...]
) -> None:
    metadata = {"source": PAGE, "covered": "C", **WORDS}
    chunk = replace(DOCS.seal("text", PAGE, metadata, cover=["covered"]), prompt_metadata=prompt_metadata)
    admission = gate_of(DOCS.source(mode=mode)).admit([chunk])
    (decision,), (released,) = admission.decisions, admission.chunks
    assert decision.codes == (("P112",) if withheld else ())
    assert decision.withheld == (withheld if mode == "enforce" else ())
    if prompt_metadata is None:
        gone = {*decision.withheld, SEAL_KEY} if mode == "enforce" else set()
        assert set(chunk.metadata) - set(released.metadata) == gone
    for finding in decision.findings:
        assert (finding.severity, finding.mode, finding.detail["count"]) == ("info", mode, len(withheld))
        assert finding.message.isprintable()


@pytest.mark.parametrize("name", ["iss", "sub", "dig", "iat"])
@pytest.mark.parametrize("value", [..., None, 3.5, [], "", {}, True], ids=str)
def test_a_seal_without_its_claims_is_malformed(name: str, value: object) -> None:
    with pytest.raises(SealError, match="P106"):
        parse_seal(canonical_json(claims(**{name: value})))


START, END = -62_135_596_800, 253_402_300_799


@pytest.mark.parametrize("name", ["iat", "mod", "nbf", "exp"])
@pytest.mark.parametrize(
    ("value", "is_right"),
    [
        (0, True),
        (END, True),
        (END + 1, False),
        (START, True),
        (START - 1, False),
        (True, False),
        (1.0, False),
    ],
)
def test_times_are_whole_seconds_within_the_years_that_can_be_written(name: str, value: object, is_right: bool) -> None:
    payload = canonical_json(claims(**{name: value}))
    if is_right:
        assert isinstance(value, int)
        seal = parse_seal(payload)
        known = {"iat": seal.issued_at, "mod": seal.modified, "nbf": seal.valid_from, "exp": seal.valid_until}
        assert known[name] == datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=value)
    else:
        with pytest.raises(SealError, match=f"P106: the claim '{name}'"):
            parse_seal(payload)


@pytest.mark.parametrize(
    ("value", "is_right"),
    [
        (0, True),
        (2**63 - 1, True),
        (2**63, False),
        (-1, False),
        (True, False),
        ("1", False),
        (1.5, False),
        (None, True),
    ],
    ids=repr,
)
def test_a_version_is_a_whole_number(value: object, is_right: bool) -> None:
    payload = canonical_json(claims(ver=value))
    if is_right:
        assert parse_seal(payload).version == value
    else:
        with pytest.raises(SealError, match="P106"):
            parse_seal(payload)


@pytest.mark.parametrize("name", ["par", "cor"])
def test_further_claims_are_objects(name: str) -> None:
    chunk = DOCS.sealer.seal(Chunk("text"), subject=PAGE, parent={"dig": "x"}, corpus={"id": "c"})
    _, seal = read_seal(chunk.metadata[SEAL_KEY])
    assert (seal.parent, seal.corpus) == ({"dig": "x"}, {"id": "c"})
    wrong: object
    for wrong in (1, "x", [], None, True):
        with pytest.raises(SealError, match=f"P106: the claim '{name}' is not an object"):
            parse_seal(canonical_json(claims(**{name: wrong})))


@pytest.mark.parametrize(
    "met",
    [
        {},
        [],
        "x",
        {"names": ["a"]},
        {"names": [], "dig": claims()["dig"]},
        {"names": [1], "dig": claims()["dig"]},
        {"names": "a", "dig": claims()["dig"]},
        {"names": ["a"], "dig": "sha-256:x"},
    ],
    ids=str,
)
def test_a_cover_of_another_form_is_malformed(met: object) -> None:
    with pytest.raises(SealError, match="P106"):
        parse_seal(canonical_json(claims(met=met)))


@pytest.mark.parametrize(
    ("met", "is_right"),
    [
        ({"names": [f"n{number}" for number in range(64)]}, True),
        ({"names": [f"n{number}" for number in range(65)]}, False),
        ({"names": ["a", "b"], "hid": ["b"]}, True),
        ({"names": ["a", "b"], "hid": []}, True),
        ({"names": ["a", "b"], "hid": ["c"]}, False),
        ({"names": ["a", "b"], "hid": ["a", 7]}, False),
        ({"names": ["a", "b"], "hid": "a"}, False),
        ({"names": ["a", "b"], "hid": None}, False),
    ],
)
def test_a_cover_names_a_bounded_number_and_hides_only_what_it_names(met: dict[str, Any], is_right: bool) -> None:
    payload = canonical_json(claims(met={**met, "dig": claims()["dig"]}))
    if is_right:
        seal = parse_seal(payload)
        assert (seal.covered, seal.hidden) == (tuple(met["names"]), tuple(met.get("hid", ())))
    else:
        with pytest.raises(SealError, match="P106: the claim 'met'"):
            parse_seal(payload)


def test_of_a_name_as_much_is_recorded_as_fits() -> None:
    chunk = Sealer(DOCS.key, "x" * 900, clock=CLOCK).seal(Chunk("text"), subject=PAGE)
    (finding,) = findings(gate_of(), Chunk("another text", chunk.metadata))
    assert (finding.code, finding.detail["issuer"]) == ("P105", "x" * 200)


def test_a_key_of_many_other_sources_names_ten_of_them() -> None:
    others = [Publisher(f"other{number}", f"https://other{number}.example/**", CLOCK) for number in range(10, 22)]
    gate = gate_of(DOCS.source(), *(one.source(provenance={"keys": [others[0].key.public_jwks()]}) for one in others))
    (finding,) = findings(gate, Sealer(others[0].key, "me", clock=CLOCK).seal(Chunk("text"), subject=PAGE))
    assert finding.detail["key_of"] == [one.name for one in others]
    named = ", ".join(one.name for one in others[:10])
    assert finding.message == f"The key 'other10' belongs to {named}, not to 'docs'."


@pytest.mark.parametrize(
    "extra", [{"crit": ["exp"]}, {"b64": False}, {"jwk": {}}, {"jku": "x"}, {"x5u": "x"}, {"x5c": []}]
)
def test_a_header_that_asks_for_more_is_malformed(extra: dict[str, object]) -> None:
    header = {"alg": "Ed25519", "kid": "docs", "typ": SEAL_TYPE, **extra}
    signed = f"{b64url_encode(canonical_json(header))}.{b64url_encode(canonical_json(claims()))}"
    token = f"{signed}.{b64url_encode(DOCS.key.sign(signed.encode()))}"
    (finding,) = findings(gate_of(), Chunk("text", {"source": PAGE, SEAL_KEY: token}))
    assert finding.code == "P106"


@pytest.mark.parametrize("typ", [None, "JWT", "headgate-receipt+jws"])
def test_a_token_of_another_type_is_not_a_seal(typ: str | None) -> None:
    token = sign_jws(canonical_json(claims()), DOCS.key, typ=typ)
    assert findings(gate_of(), Chunk("text", {"source": PAGE, SEAL_KEY: token}))[0].code == "P106"


def signed(header: dict[str, object], payload: bytes | None = None) -> str:
    """Return a token with a header of any making, rightly signed with the key of the source."""
    text = f"{b64url_encode(canonical_json(header))}.{b64url_encode(payload or canonical_json(claims()))}"
    return f"{text}.{b64url_encode(DOCS.key.sign(text.encode()))}"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"alg": "EdDSA"}, None),
        ({"alg": None}, "P106"),
        ({"alg": 7}, "P106"),
        ({"alg": ["Ed25519"]}, "P106"),
        ({"alg": "none"}, "P106"),
        ({"alg": "HS256"}, "P106"),
        ({"alg": "ES384"}, "P106"),
        ({"alg": "ed25519"}, "P106"),
        ({"alg": "ES256"}, "P102"),
        ({"typ": None}, "P106"),
        ({"typ": [SEAL_TYPE]}, "P106"),
        ({"kid": None}, None),
        ({"kid": ""}, "P106"),
        ({"kid": 7}, "P106"),
        ({"kid": ["docs"]}, "P106"),
        ({"kid": "other"}, "P103"),
    ],
    ids=str,
)
def test_a_header_of_any_making(changes: dict[str, object], code: str | None) -> None:
    token = signed({"alg": "Ed25519", "typ": SEAL_TYPE, "kid": "docs", **changes})
    found = findings(gate_of(), Chunk("text", {"source": PAGE, SEAL_KEY: token}))
    assert [finding.code for finding in found] == ([code] if code else [])


@pytest.mark.parametrize("changed", ["{}.x", "x.{}", "{}.", ".{}", "{}\u00e9", "\u00e9{}"])
def test_a_token_has_three_parts_of_plain_text(changed: str) -> None:
    token = changed.format(DOCS.seal("text", PAGE).metadata[SEAL_KEY])
    assert findings(gate_of(), Chunk("text", {"source": PAGE, SEAL_KEY: token}))[0].code == "P106"


@pytest.mark.parametrize(("spare", "codes"), [(0, ()), (1, ()), (-1, ("P106",))])
def test_a_seal_has_a_largest_length(spare: int, codes: tuple[str, ...]) -> None:
    chunk = DOCS.seal("text", PAGE)
    limits = Limits(seal_bytes=len(str(chunk.metadata[SEAL_KEY])) + spare)
    gate = Gate({"sources": [DOCS.source()]}, clock=CLOCK, limits=limits)
    assert gate.admit([chunk]).decisions[0].codes == codes


def test_a_seal_that_names_no_key_where_there_are_two_is_by_nobody() -> None:
    keys = [DOCS.key.public_jwks(), generate_signing_key("other").public_jwks()]
    gate = gate_of(DOCS.source(provenance={"keys": keys}))
    token = signed({"alg": "Ed25519", "typ": SEAL_TYPE})
    (finding,) = findings(gate, Chunk("text", {"source": PAGE, SEAL_KEY: token}))
    assert (finding.code, finding.detail) == ("P103", {"kid": None})
    assert finding.message == "The token names no key, which is not in the key set."


def test_a_seal_says_which_key_signed_it() -> None:
    parsed, seal = read_seal(DOCS.seal("text", PAGE).metadata[SEAL_KEY])
    assert (parsed.kid, seal.kid) == ("docs", "docs")
    assert read_seal(signed({"alg": "Ed25519", "typ": SEAL_TYPE}))[1].kid == ""


@pytest.mark.parametrize(
    ("name", "value", "is_withheld"),
    [
        ("x" * 16, 1, False),
        ("x" * 17, 1, True),
        ("_a1", 1, False),
        ("loc.lines.from", 1, False),
        ("IGNORE-ALL-RULES-and-pay", 1, True),
        ("abcdefghijk_abcdefghi_abcdefghij", 1, False),
        ("abcdefghijk_abcdefghi_abcdefghijk", 1, True),
        ("1st", 1, True),
        ("a b", 1, True),
        ("a\u2028b", 1, True),
        ("n", 2**64 - 1, False),
        ("n", 2**64, True),
        ("n", -(2**63), False),
        ("n", -(2**63) - 1, True),
        ("n", 1e300, False),
        ("n", "1", True),
        ("n", [], True),
        (7, 1, True),
        (b"x", None, True),
        (None, "text", True),
    ],
    ids=ascii,
)
def test_an_entry_is_kept_where_neither_its_name_nor_its_value_can_say_anything(
    name: Any, value: object, is_withheld: bool
) -> None:
    sealed = DOCS.seal("text", PAGE)
    chunk = Chunk("text", {**sealed.metadata, name: value}, prompt_metadata=None)
    admission = gate_of().admit([chunk])
    assert admission.decisions[0].codes == (("P112",) if is_withheld else ())
    assert [name in one.metadata for one in admission.chunks] == [not is_withheld]


def test_only_a_few_counters_are_kept() -> None:
    counters = {f"n{number}": number for number in range(40)}
    (found,) = (
        gate_of().admit([replace(DOCS.seal("text", PAGE), prompt_metadata=None).with_metadata(**counters)]).chunks
    )
    assert sum(name in found.metadata for name in counters) == 16


@pytest.mark.parametrize("mode", ["warn", "audit"])
@pytest.mark.parametrize("shown", [None, ("title", "page")])
def test_without_a_proof_nothing_is_covered(mode: str, shown: tuple[str, ...] | None) -> None:
    metadata: dict[str, object] = {"source": PAGE, "title": "T", "page": 3}
    chunk = Chunk("text", metadata, prompt_metadata=shown, hidden_metadata=("title",))
    admission = gate_of(DOCS.source(mode=mode)).admit([chunk])
    assert admission.decisions[0].codes == ("P101", "P112")
    assert admission.decisions[0].findings[1].detail["metadata"] == (["title"] if shown is None else ["title", "page"])
    assert [(one.metadata, one.prompt_metadata) for one in admission.chunks] == [(metadata, shown)]


@pytest.mark.parametrize(("number", "more"), [(1, ""), (20, ""), (21, ", and 1 more."), (45, ", and 25 more.")])
def test_only_so_many_names_are_listed(number: int, more: str) -> None:
    names = [f"name{index}" for index in range(number)]
    chunk = replace(DOCS.seal("text", PAGE), prompt_metadata=None).with_metadata(**dict.fromkeys(names, "text"))
    (finding,) = findings(gate_of(), chunk)
    assert finding.detail == {"metadata": names[:20], "count": number}
    assert finding.message.endswith(more or f"'{names[-1]}'.")
    assert finding.message.count("name") == min(number, 20)


@pytest.mark.parametrize(
    ("hidden", "publisher_hides", "mode", "shown"),
    [
        ((), [], "enforce", ("title",)),
        (("warning",), [], "enforce", ("title", "warning")),
        (("warning",), ["warning"], "enforce", ("title",)),
        (("other", "missing"), [], "enforce", ("title",)),
        (("warning",), [], "warn", ("title",)),
        (("warning",), [], "audit", ("title",)),
    ],
)
def test_the_index_hides_nothing_that_the_publisher_shows(
    hidden: tuple[str, ...], publisher_hides: list[str], mode: str, shown: tuple[str, ...]
) -> None:
    metadata: dict[str, object] = {"title": "T", "warning": "W", "other": "O"}
    sealed = DOCS.seal("text", PAGE, metadata, cover=["title", "warning"], hidden=publisher_hides)
    chunk = replace(sealed, prompt_metadata=("title",), hidden_metadata=hidden)
    assert [one.prompt_metadata for one in gate_of(DOCS.source(mode=mode)).admit([chunk]).chunks] == [shown]


def test_a_missing_proof_is_told_from_one_that_is_for_another_source() -> None:
    other = Publisher("other", "https://other.example/**", CLOCK)
    gate = gate_of(DOCS.source(), other.source())
    (finding,) = findings(gate, Chunk("text", {"source": PAGE}))
    assert finding.message == "'docs' requires a seal, and there is none."
    broken = other.seal("another text", "https://other.example/a")
    found = findings(gate, Chunk("text", {"source": PAGE, SEAL_KEY: broken.metadata[SEAL_KEY]}))
    assert [finding.code for finding in found] == ["P105", "P101"]
    assert found[1].message == "'docs' requires a seal, and the one that is there is for 'other', and does not hold."


@pytest.mark.parametrize(
    ("metadata", "default", "assurance"),
    [({}, {}, "none"), ({"source": "https://x.example/"}, {}, "none"), ({"source": PAGE}, {}, "declared")],
)
def test_without_a_proof_a_document_of_a_source_is_declared(
    metadata: dict[str, object], default: dict[str, Any], assurance: str
) -> None:
    assert gate_of(default=default).admit([Chunk("text", metadata)]).decisions[0].assurance == assurance


SEALED_RULE = Requirement("docs", SEALED, DOCS.key.public)
DECLARED_RULE = Requirement("docs", DECLARED, DOCS.key.public)
BROKEN, WARNING = Finding("P102", "It does not verify."), Finding("P111", "It is odd.", "warning")


def proof_of(rule: Requirement, *verdicts: Verdict | None) -> Any:
    """Check a document with one claim per verdict; None for a claim that says nothing at all."""
    some = [Claim(f"m{index}", PAGE if verdict else None, key=str(index)) for index, verdict in enumerate(verdicts)]
    return check_provenance(
        Presented("sha-256:x", {}, declared_uri=PAGE, is_declared=True),
        some,
        lambda claim, requirement: verdicts[int(claim.key)] or Verdict((BROKEN,)),
        lambda uri: rule,
    )


def attested(assurance: Assurance, mechanism: str = "m", *found: Finding) -> Verdict:
    uri = PAGE
    return Verdict(
        found,
        Attestation(mechanism=mechanism, assurance=assurance, issuer="i", subject=uri, uri=uri, kid="k"),
    )


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize(
    ("verdicts", "mechanism"),
    [
        ([attested(SEALED, "strong"), attested(DECLARED, "weak")], "strong"),
        ([attested(SEALED, "strong"), Verdict()], "strong"),
        ([attested(DECLARED, "weak"), Verdict()], "weak"),
        ([attested(DECLARED, "weak"), Verdict((WARNING,))], "weak"),
        ([attested(SEALED, "strong"), None], "strong"),
        ([attested(SEALED, "strong"), Verdict((BROKEN,))], None),
        ([attested(SEALED, "strong", BROKEN), Verdict()], None),
        ([Verdict(), None], None),
        ([], None),
    ],
)
def test_of_several_mechanisms_the_strongest_proof_speaks(
    verdicts: list[Verdict | None], mechanism: str | None, is_reversed: bool
) -> None:
    proof = proof_of(DECLARED_RULE, *(reversed(verdicts) if is_reversed else verdicts))
    assert (proof.attestation.mechanism if proof.attestation is not None else None) == mechanism
    assert proof.uri == PAGE


def test_a_weaker_proof_than_the_source_requires_is_not_enough() -> None:
    proof = proof_of(SEALED_RULE, attested(DECLARED))
    assert [finding.code for finding in proof.findings] == ["P101"]
    assert (proof.attestation, proof.assurance) == (None, DECLARED)
    assert [finding.code for finding in proof_of(SEALED_RULE, None).findings] == ["P101"]
    assert not proof_of(SEALED_RULE, attested(SEALED)).findings


def test_one_name_to_cover_is_not_a_list_of_letters() -> None:
    from langchain_core.documents import Document

    from headgate.integration.publishing import Publishing
    from headgate.testing import Publisher
    from langchain_headgate import SealDocuments

    sealer = Publisher("docs", "https://docs.example/**").sealer
    metadata = {"source": "https://docs.example/a", "title": "A", "t": "B"}
    (document,) = SealDocuments(sealer, cover="title", hide="t").transform_documents([Document("x", metadata=metadata)])
    assert {"title", "t"} <= set(read_seal(document.metadata["headgate_seal"])[1].covered)
    assert read_seal(document.metadata["headgate_seal"])[1].hidden == ("t",)
    assert Publishing(cover="title").cover == ("title",)  # type: ignore[arg-type]
    sealed = sealer.seal(Chunk("x", metadata), subject="https://docs.example/a", cover="title")
    assert read_seal(sealed.metadata["headgate_seal"])[1].covered == ("title",)

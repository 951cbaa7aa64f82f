"""An issuer with its own keys, and keys with dates: who may sign as whom, and when."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headgate import Chunk, Gate, HeadgateError, KeySet, PolicyError, Sealer
from headgate.cli.app import app
from headgate.policy import Policy
from headgate.provenance import SigningKey, generate_signing_key
from headgate.provenance.revocation import RevocationList
from headgate.testing import FixedClock, prove
from shelves import WEEK, Shelf, page

PAGE = "https://site.example/a"
DOCS, PRESS, SHARED = (generate_signing_key(name) for name in ("docs-1", "press-1", "shared"))
NAMES = {key.kid: next(iter(key.public)).thumbprint for key in (DOCS, PRESS, SHARED)}


def keys_of(*keys: SigningKey) -> list[dict[str, Any]]:
    return [key.public_jwks() for key in keys]


def gate_of(clock: FixedClock, issuers: object, keys: Sequence[object] = ()) -> Gate:
    provenance = {"require": "sealed", "keys": [*keys] or keys_of(DOCS, PRESS, SHARED), "issuers": issuers}
    source = {"id": "site", "match": "https://site.example/**", "provenance": provenance}
    return Gate({"sources": [source]}, clock=clock)


def code(gate: Gate, clock: FixedClock, key: SigningKey, issuer: str, **seal: Any) -> tuple[str, ...]:
    chunk = Sealer(key, issuer, clock=clock).seal(Chunk("text"), subject=PAGE, **seal)
    (decision,) = gate.admit([chunk]).decisions
    assert decision.admitted == (not decision.codes)
    return decision.codes


BOUND: list[Mapping[str, object]] = [
    {"docs": ["docs-1", "shared"], "press": "press-1", "any": None},
    {"docs": [NAMES["docs-1"], NAMES["shared"]], "press": [NAMES["press-1"]], "any": None},
]


@pytest.mark.parametrize("issuers", BOUND, ids=["by name", "by thumbprint"])
def test_a_key_signs_for_its_issuers_and_for_no_other(issuers: object, clock: FixedClock) -> None:
    gate = gate_of(clock, issuers)
    admitted = {
        (issuer, key.kid)
        for issuer in ("docs", "press", "any", "nobody")
        for key in (DOCS, PRESS, SHARED)
        if code(gate, clock, key, issuer) == ()
    }
    assert admitted == {
        *(("docs", kid) for kid in ("docs-1", "shared")),
        ("press", "press-1"),
        *(("any", kid) for kid in ("docs-1", "press-1", "shared")),
    }
    (finding,) = (
        gate.admit([Sealer(PRESS, "docs", clock=clock).seal(Chunk("text"), subject=PAGE)]).decisions[0].findings
    )
    assert (finding.code, finding.detail["kid"]) == ("P104", "press-1")
    assert "with the key 'press-1'" in finding.message


def test_batches_are_bound_too(clock: FixedClock) -> None:
    gate = gate_of(clock, {"docs": ["docs-1"], "press": ["press-1"]})
    for issuer, codes in (("press", ()), ("docs", ("P104",))):
        sealed = Sealer(PRESS, issuer, clock=clock).seal_many([(Chunk(text), {"subject": PAGE}) for text in "ab"])
        assert [one.codes for one in gate.admit(list(sealed)).decisions] == [codes, codes]


def test_the_keys_of_a_file_are_those_of_an_issuer(clock: FixedClock, tmp_path: Path) -> None:
    for name, keys in (("docs", (DOCS, SHARED)), ("press", (PRESS,))):
        listed = [one for key in keys for one in key.public_jwks()["keys"]]
        (tmp_path / f"{name}.jwks.json").write_text(json.dumps({"keys": listed}))
    files = [str(tmp_path / f"{name}.jwks.json") for name in ("docs", "press")]
    gate = gate_of(clock, {"docs": files[0], "press": [files[1]]}, files)
    assert code(gate, clock, SHARED, "docs") == code(gate, clock, PRESS, "press") == ()
    assert code(gate, clock, PRESS, "docs") == code(gate, clock, DOCS, "press") == ("P104",)
    # A key that is added to the file is bound with the others, after a reload.
    fresh = generate_signing_key("docs-2")
    (tmp_path / "docs.jwks.json").write_text(json.dumps(fresh.public_jwks()))
    assert gate.reload()
    assert code(gate, clock, fresh, "docs") == ()
    assert code(gate, clock, fresh, "press") == ("P104",)


def test_a_key_that_is_named_like_the_thumbprint_of_another_is_not_that_one(clock: FixedClock) -> None:
    thief = generate_signing_key(NAMES["docs-1"])
    gate = gate_of(clock, {"docs": [NAMES["docs-1"]], "press": None}, keys_of(DOCS, thief))
    assert code(gate, clock, DOCS, "docs") == ()
    assert code(gate, clock, thief, "docs") == ("P104",)


@pytest.mark.parametrize(
    ("issuers", "problem"),
    [
        ([], "names nobody"),
        ({}, "names nobody"),
        ("", "not the name of an issuer"),
        ([""], "not the name of an issuer"),
        ({"docs": []}, "has no key"),
        ({"docs": ""}, "has no key"),
        ({"docs": ["docs-2"]}, "neither kid nor thumbprint"),
        ({"docs": [generate_signing_key("x").public_jwks()["keys"][0]["x"]]}, "neither kid nor thumbprint"),
        ({"docs": 1}, "issuers"),
        ({"docs": {"a": 1}}, "issuers"),
        ({1: ["docs-1"]}, "not the name of an issuer"),
        (7, "not issuers"),
        ([1], "not issuers"),
    ],
)
def test_what_binds_nobody_is_an_error_at_its_place(issuers: object, problem: str, clock: FixedClock) -> None:
    with pytest.raises(PolicyError, match=problem) as caught:
        gate_of(clock, issuers)
    assert caught.value.path[:4] == ("sources", 0, "provenance", "issuers")


def test_one_name_and_none_mean_what_they_say(clock: FixedClock) -> None:
    assert code(gate_of(clock, "docs"), clock, PRESS, "docs") == ()
    assert code(gate_of(clock, "docs"), clock, PRESS, "press") == ("P104",)
    assert code(gate_of(clock, None), clock, PRESS, "whoever") == ()


def test_what_a_policy_is_written_as_is_read_as_the_same() -> None:
    for issuers in (None, ["a", "b"], {"a": ["k"], "b": None}):
        source = {"id": "s", "match": "https://a.example/**", "provenance": {"keys": keys_of(DOCS), "issuers": issuers}}
        policy = Policy.from_mapping({"sources": [source]})
        again = Policy.from_mapping(policy.model_dump(mode="json", exclude_unset=True, exclude={"base_dir"}))
        assert again.sources[0].provenance.issuers == policy.sources[0].provenance.issuers


def test_a_manifest_and_its_timestamp_are_by_a_key_of_their_issuer(tmp_path: Path, clock: FixedClock) -> None:
    shelf = Shelf(tmp_path, clock, key=DOCS)
    shelf.publish([page("a", "one")])
    keys = keys_of(DOCS, PRESS)

    def admits(**issuers: object) -> bool:
        source = shelf.source(provenance={"keys": keys, "issuers": issuers, "timestamp_keys": []})
        return bool(Gate({"sources": [source]}, clock=clock).admit([page("a", "one")]).chunks)

    assert admits(shelf=["docs-1"])
    assert admits(shelf=["docs-1", "press-1"])
    for issuers in ({"shelf": ["press-1"]}, {"press": ["docs-1"]}):
        with pytest.raises(PolicyError, match="P104"):
            admits(**issuers)
    # A key of another issuer does not renew it either, unless timestamps have keys of their own.
    shelf.timestamp_key = PRESS
    shelf.publish([page("a", "one")])
    with pytest.raises(PolicyError, match="P104"):
        admits(shelf=["docs-1"])
    source = shelf.source(provenance={"keys": keys, "issuers": {"shelf": ["docs-1"]}})
    assert Gate({"sources": [source]}, clock=clock).admit([page("a", "one")]).chunks


def test_a_proof_of_a_chain_holds_where_issuers_are_bound(clock: FixedClock) -> None:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    from langchain_headgate import guard

    class Retriever(BaseRetriever):
        def _get_relevant_documents(self, query: str, **_: object) -> list[Document]:
            sealed = Sealer(DOCS, "docs").seal(Chunk("text"), subject=PAGE)
            return [Document(sealed.text, metadata=dict(sealed.metadata))]

    provenance = {"require": "sealed", "keys": keys_of(DOCS, PRESS), "issuers": {"docs": ["docs-1"]}}
    policy = {"sources": [{"id": "site", "match": "https://site.example/**", "provenance": provenance}]}
    diagnosis = prove(guard(Retriever(), policy), "What?")
    assert diagnosis.holds, str(diagnosis)


def dated(key: SigningKey, **members: object) -> dict[str, Any]:
    return {"keys": [{**key.public_jwks()["keys"][0], **members}]}


def seconds(clock: FixedClock, days: float) -> float:
    return (clock.now + timedelta(days=days)).timestamp()


def test_what_a_key_signs_is_in_force_within_the_dates_of_the_key(clock: FixedClock) -> None:
    iso = (clock.now + timedelta(days=2)).isoformat().replace("+00:00", "Z")
    for end in (seconds(clock, 2), seconds(clock, 2) + 0.9, iso):
        clock_here = FixedClock(clock.now)
        gate = gate_of(clock_here, None, [dated(DOCS, nbf=seconds(clock, 1) - 0.9, exp=end)])
        late = clock_here.now + timedelta(days=30)
        found = []
        for _ in range(3):
            found.append(code(gate, clock_here, DOCS, "docs", expires=late))
            clock_here.advance(timedelta(days=1))
        assert found == [("F206",), (), ("F201",)], end


def test_a_manifest_is_in_force_within_the_dates_of_its_keys(tmp_path: Path, clock: FixedClock) -> None:
    shelf = Shelf(tmp_path, clock, key=DOCS)
    shelf.publish([page("a", "one")], lifetime=timedelta(days=30))
    source = shelf.source(provenance={"keys": dated(DOCS, exp=seconds(clock, 3)), "grace": "0s"})
    gate = Gate({"sources": [source]}, clock=clock)
    assert gate.admit([page("a", "one")]).chunks
    clock.advance(timedelta(days=3))
    assert not gate.admit([page("a", "one")]).chunks


def test_a_revocation_list_is_relied_on_within_the_dates_of_its_key(clock: FixedClock) -> None:
    listed = RevocationList(issuer="s", version=1, issued=clock.now, expires=clock.now + WEEK)
    found = RevocationList.read(listed.sign(DOCS), KeySet.from_jwks(dated(DOCS, exp=seconds(clock, 3))))
    assert found.expires == clock.now + timedelta(days=3)
    late = RevocationList.read(listed.sign(DOCS), KeySet.from_jwks(dated(DOCS, nbf=seconds(clock, 3))))
    assert late.issued == clock.now + timedelta(days=3)


@pytest.mark.parametrize(
    "members",
    [
        {"exp": "2026-01-01"},
        {"exp": "2026-01-01T00:00:00"},
        {"exp": True},
        {"exp": math.inf},
        {"nbf": math.nan},
        {"exp": 1_780_000_000_000},
        {"nbf": -(10**30)},
        {"exp": {}},
        {"exp": "0001-01-01T00:00:00+10:00"},
        {"revoked": {"revoked_at": 1}},
    ],
    ids=repr,
)
def test_a_key_with_a_date_that_nobody_understands_is_not_used(members: dict[str, object]) -> None:
    with pytest.raises(PolicyError, match=r"not a time|revoked"):
        KeySet.from_jwks(dated(DOCS, **members))
    # Beside another one it is left out, and named.
    both = KeySet.from_jwks({"keys": [*dated(DOCS, **members)["keys"], *PRESS.public_jwks()["keys"]]})
    assert [key.kid for key in both] == ["press-1"]
    assert len(both.notices) == 1


def test_dates_that_say_nothing_are_none() -> None:
    (key,) = KeySet.from_jwks(dated(DOCS, nbf=None, exp=None))
    assert (key.valid_from, key.valid_until) == (None, None)


def test_a_key_is_made_with_its_end(clock: FixedClock, tmp_path: Path) -> None:
    words = ["keygen", "-o", str(tmp_path / "docs-1"), "--now", clock.now.isoformat(), "--until"]
    assert isinstance(CliRunner().invoke(app, [*words, "2020-01-01T00:00:00Z"]).exception, HeadgateError)
    assert list(tmp_path.iterdir()) == []
    done = CliRunner().invoke(app, [*words, "2d"])
    assert "in force until" in done.output
    key = SigningKey.load(tmp_path / "docs-1.private.jwk.json")
    gate = gate_of(clock, None, [str(tmp_path / "docs-1.jwks.json")])
    late = clock.now + timedelta(days=30)
    assert code(gate, clock, key, "docs", expires=late) == ()
    clock.advance(timedelta(days=2))
    assert code(gate, clock, key, "docs", expires=late) == ("F201",)

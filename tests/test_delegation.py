"""A key signs the keys of narrower namespaces, which then seal there, and only there."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate, KeySet, PolicyError, Sealer
from headgate.cli import main
from headgate.provenance import SigningKey, generate_signing_key, sign_jws
from headgate.provenance.delegation import DELEGATION_TYPE, MAX_DEPTH, delegate, with_delegations
from headgate.provenance.revocation import Revocation, RevocationList
from headgate.testing import FixedClock

DOCS = "https://docs.example/"
ROOT, API, SDK, EVE = (generate_signing_key(name) for name in ("root", "api", "sdk", "eve"))


def token(key: SigningKey, to: SigningKey, pattern: str, clock: FixedClock, days: int = 30) -> str:
    return delegate(key, to.public, [pattern], issued=clock.now, expires=clock.now + timedelta(days=days))


def gate(folder: Path, clock: FixedClock, *tokens: str, **more: Any) -> Gate:
    names = []
    for number, one in enumerate(tokens):
        (folder / f"{number}.jws").write_text(one + "\n")
        names.append(str(folder / f"{number}.jws"))
    provenance = {"require": "sealed", "keys": ROOT.public_jwks(), "delegations": names}
    source = {"id": "docs", "match": f"{DOCS}**", "provenance": provenance}
    return Gate({"sources": [source], **more}, clock=clock)


def decide(gate: Gate, key: SigningKey, path: str, clock: FixedClock) -> list[str]:
    uri = DOCS + path
    sealed = Sealer(key, issuer="docs", clock=clock).seal(Chunk(f"about {path}", {"source": uri}), subject=uri)
    (decision,) = gate.admit([sealed]).decisions
    return [decision.action, *decision.codes]


def test_a_delegated_key_seals_its_part_and_nothing_else(tmp_path: Path, clock: FixedClock) -> None:
    made = gate(tmp_path, clock, token(ROOT, API, f"{DOCS}api/**", clock))
    assert decide(made, ROOT, "api/a", clock) == decide(made, ROOT, "guide", clock) == ["admit"]
    assert decide(made, API, "api/a", clock) == ["admit"]
    assert "P104" in decide(made, API, "guide", clock)
    assert decide(made, API, "guide", clock)[0] == "drop"
    assert decide(made, EVE, "api/a", clock)[0] == "drop"


def test_without_the_delegation_it_is_any_key(tmp_path: Path, clock: FixedClock) -> None:
    assert "P103" in decide(gate(tmp_path, clock), API, "api/a", clock)


def test_what_is_delegated_again_can_only_be_narrower(tmp_path: Path, clock: FixedClock) -> None:
    wide = token(API, SDK, f"{DOCS}**", clock)  # more than it has itself
    made = gate(tmp_path, clock, token(ROOT, API, f"{DOCS}api/**", clock), wide)
    assert decide(made, SDK, "api/a", clock) == ["admit"]
    assert decide(made, SDK, "guide", clock)[0] == "drop"
    with pytest.raises(PolicyError, match="does not hold"):  # in the wrong order nobody knows the key yet
        gate(tmp_path, clock, wide, token(ROOT, API, f"{DOCS}api/**", clock))


def test_a_delegation_by_a_stranger_is_an_error(tmp_path: Path, clock: FixedClock) -> None:
    with pytest.raises(PolicyError, match="does not hold") as caught:
        gate(tmp_path, clock, token(EVE, API, f"{DOCS}**", clock))
    assert caught.value.path[-3:] == ("provenance", "delegations", 0)
    twin = SigningKey("root", EVE.algorithm, EVE.key)
    with pytest.raises(PolicyError, match="does not hold"):
        gate(tmp_path, clock, token(twin, API, f"{DOCS}**", clock))


def test_it_ends_with_the_shortest_of_its_dates(tmp_path: Path, clock: FixedClock) -> None:
    made = gate(
        tmp_path, clock, token(ROOT, API, f"{DOCS}**", clock, days=2), token(API, SDK, f"{DOCS}**", clock, days=30)
    )
    assert decide(made, SDK, "a", clock) == ["admit"]
    clock.advance(timedelta(days=3))
    assert decide(made, SDK, "a", clock)[0] == decide(made, API, "a", clock)[0] == "drop"
    assert decide(made, ROOT, "a", clock) == ["admit"]


def test_when_a_key_above_is_revoked_or_withdrawn_those_below_go_with_it(tmp_path: Path, clock: FixedClock) -> None:
    security = generate_signing_key("security")
    security.save(tmp_path / "security")
    (tmp_path / "api.jwks.json").write_text(json.dumps(API.public_jwks()))
    words = ["revoke", "add", str(tmp_path / "r.jws"), "--key", str(tmp_path / "security.private.jwk.json")]
    run(*words, "--issuer", "s", "--leaked", str(tmp_path / "api.jwks.json"), "--now", clock.now.isoformat())
    listed: Any = {"revocations": [{"list": str(tmp_path / "r.jws"), "keys": str(tmp_path / "security.jwks.json")}]}
    tokens = (token(ROOT, API, f"{DOCS}**", clock), token(API, SDK, f"{DOCS}**", clock))
    made = gate(tmp_path, clock, *tokens, **listed)
    assert "P107" in decide(made, SDK, "a", clock)
    assert decide(made, API, "a", clock)[0] == decide(made, SDK, "a", clock)[0] == "drop"
    assert decide(made, ROOT, "a", clock) == ["admit"]
    keys = with_delegations(ROOT.public, tokens)
    (api,) = API.public
    assert [key.kid for key in keys.without([api.thumbprint])] == ["root"]


def test_a_delegated_key_that_may_not_pushes_out_nobody(tmp_path: Path, clock: FixedClock) -> None:
    made = gate(tmp_path, clock, token(ROOT, API, f"{DOCS}api/**", clock))
    uri = f"{DOCS}guide"
    old = Sealer(ROOT, issuer="docs", clock=clock).seal(Chunk("30 days", {"source": uri}), subject=uri, version=1)
    new = Sealer(API, issuer="docs", clock=clock).seal(Chunk("40 days", {"source": uri}), subject=uri, version=2)
    assert [one.action for one in made.admit([new, old]).decisions] == ["drop", "admit"]
    assert [one.action for one in made.admit([old]).decisions] == ["admit"]


@pytest.mark.parametrize(
    ("pattern", "sealed", "page"),
    [
        ("old/**", "old/leave", "people/leave"),  # redirected
        ("people/leave/index.html", "people/leave/index.html", "people/leave"),  # one page in two spellings
    ],
)
def test_a_delegated_key_decides_nothing_about_pages_that_its_own_lead_to(
    pattern: str, sealed: str, page: str, tmp_path: Path, clock: FixedClock
) -> None:
    (tmp_path / "redirects").write_text("/old/leave /people/leave 301\n")
    (tmp_path / "0.jws").write_text(token(ROOT, API, f"{DOCS}{pattern}", clock))
    provenance = {"require": "sealed", "keys": ROOT.public_jwks(), "delegations": [str(tmp_path / "0.jws")]}
    identity = {"redirects": str(tmp_path / "redirects")}
    source = {"id": "docs", "match": f"{DOCS}**", "provenance": provenance, "identity": identity}
    made = Gate({"sources": [source]}, clock=clock)

    def seal(key: SigningKey, path: str, version: int) -> Chunk:
        chunk = Chunk(f"{version} days", {"source": DOCS + path})
        return Sealer(key, issuer="docs", clock=clock).seal(chunk, subject=DOCS + path, version=version)

    good, forged = seal(ROOT, page, 3), seal(API, sealed, 99)
    assert [one.action for one in made.admit([good, forged]).decisions] == ["admit", "admit"]
    assert [one.action for one in made.admit([good]).decisions] == ["admit"]
    # Of the root's own pages both are one.
    newer = seal(ROOT, sealed, 4)
    assert [one.codes for one in made.admit([good, newer]).decisions] == [("F205",), ()]


@pytest.mark.parametrize("revoked", [ROOT, API])
def test_what_a_key_below_a_revoked_one_said_before_pushes_nothing_out(
    revoked: SigningKey, tmp_path: Path, clock: FixedClock
) -> None:
    other = generate_signing_key("other")
    (tmp_path / "0.jws").write_text(token(ROOT, API, f"{DOCS}**", clock))
    (tmp_path / "keys.json").write_text(
        json.dumps({"keys": [*ROOT.public_jwks()["keys"], *other.public_jwks()["keys"]]})
    )
    provenance = {
        "require": "sealed",
        "keys": str(tmp_path / "keys.json"),
        "delegations": [str(tmp_path / "0.jws")],
    }
    rules = {"sources": [{"id": "docs", "match": f"{DOCS}**", "provenance": provenance}]}
    security, registry = generate_signing_key("security"), {"path": str(tmp_path / "registry.db")}

    def seal(key: SigningKey, version: int) -> Chunk:
        chunk = Chunk(f"{version} days", {"source": f"{DOCS}a"})
        return Sealer(key, issuer="docs", clock=clock).seal(chunk, subject=f"{DOCS}a", version=version)

    assert Gate({**rules, "registry": registry}, clock=clock).admit([seal(API, 9)]).chunks
    (gone,) = revoked.public
    listed = RevocationList(
        issuer="security",
        version=1,
        issued=clock.now,
        expires=clock.now + timedelta(days=7),
        keys={gone.thumbprint: Revocation()},
    )
    (tmp_path / "revoked.jws").write_bytes(listed.sign(security))
    lists = [{"list": str(tmp_path / "revoked.jws"), "keys": security.public_jwks()}]
    made = Gate({**rules, "registry": registry, "revocations": lists, "cache": str(tmp_path / "cache")}, clock=clock)
    assert [one.action for one in made.admit([seal(other, 3)]).decisions] == ["admit"]
    assert [one.codes for one in made.admit([seal(API, 9)]).decisions] == [("P107",)]


def test_a_delegated_key_signs_no_manifest(tmp_path: Path, clock: FixedClock) -> None:
    from headgate.corpus import Manifest

    Manifest.build(
        [Chunk("a", {"source": f"{DOCS}a"})], corpus=tmp_path.name, signer=API, out=tmp_path / "m", clock=clock
    )
    (tmp_path / "0.jws").write_text(token(ROOT, API, f"{DOCS}**", clock))
    provenance = {"require": "manifest", "manifest": str(tmp_path / "m"), "keys": ROOT.public_jwks()}
    provenance["delegations"] = [str(tmp_path / "0.jws")]
    with pytest.raises(PolicyError, match="none of these keys"):
        Gate({"sources": [{"id": "docs", "match": f"{DOCS}**", "provenance": provenance}]}, clock=clock)


def test_its_limits_are_part_of_the_key(clock: FixedClock) -> None:
    one = with_delegations(ROOT.public, [token(ROOT, API, f"{DOCS}api/**", clock)])
    other = with_delegations(ROOT.public, [token(ROOT, API, f"{DOCS}**", clock)])
    assert one.digest != other.digest
    key = one.get("api")
    assert key is not None
    for copied in (pickle.loads(pickle.dumps(key)), copy.deepcopy(key)):
        assert (copied.namespaces, copied.delegated_by) == (key.namespaces, key.delegated_by)
    with pytest.raises(PolicyError, match="two keys have the kid"):
        with_delegations(ROOT.public, [token(ROOT, SigningKey("root", API.algorithm, API.key), f"{DOCS}**", clock)])


def test_no_chain_is_endless(clock: FixedClock) -> None:
    chain = [generate_signing_key(f"k{n}") for n in range(MAX_DEPTH + 1)]
    tokens = [token(above, below, f"{DOCS}**", clock) for above, below in zip([ROOT, *chain], chain, strict=False)]
    with pytest.raises(PolicyError, match="deeper than"):
        with_delegations(ROOT.public, tokens)
    assert len(with_delegations(ROOT.public, tokens[:-1])) == MAX_DEPTH + 1


@pytest.mark.parametrize(
    "change",
    [
        {"namespace": []},
        {"namespace": "https://docs.example/**"},
        {"namespace": [7]},
        {"namespace": ["not a pattern\n"]},
        {"keys": []},
        {"keys": [{"kty": "oct", "k": "AAAA"}]},
        {"keys": [API.private_jwk()]},
        {"exp": None},
        {"exp": True},
        {"exp": 0},
        {"iat": 10**30},
    ],
    ids=lambda change: f"{'a private key' if 'crv' in str(change) else change}",
)
def test_what_is_no_delegation_is_refused(change: dict[str, Any], clock: FixedClock) -> None:
    good = {"keys": API.public_jwks()["keys"], "namespace": [f"{DOCS}**"], "iat": 1, "exp": 2_000_000_000}
    assert len(with_delegations(ROOT.public, [sign_jws(json.dumps(good).encode(), ROOT, typ=DELEGATION_TYPE)])) == 2
    spoiled = json.dumps({**good, **change}).encode()
    with pytest.raises(PolicyError):
        with_delegations(ROOT.public, [sign_jws(spoiled, ROOT, typ=DELEGATION_TYPE)])


@pytest.mark.parametrize("payload", [b"[]", b"7", b"{", b"[" * 3000, b'{"keys":1,"keys":2}'])
def test_payloads_of_other_kinds_are_refused(payload: bytes) -> None:
    with pytest.raises(PolicyError):
        with_delegations(ROOT.public, [sign_jws(payload, ROOT, typ=DELEGATION_TYPE)])


def test_a_seal_is_no_delegation_and_a_delegation_no_seal(tmp_path: Path, clock: FixedClock) -> None:
    sealed = Sealer(ROOT, issuer="docs").seal(Chunk("a", {}), subject=f"{DOCS}a")
    with pytest.raises(PolicyError, match="does not hold"):
        gate(tmp_path, clock, str(sealed.metadata["headgate_seal"]))
    made = token(ROOT, API, f"{DOCS}**", clock)
    (decision,) = (
        gate(tmp_path, clock, made).admit([Chunk("a", {"source": f"{DOCS}a", "headgate_seal": made})]).decisions
    )
    assert decision.action == "drop"


def run(*words: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["headgate", *words])
        with pytest.raises(SystemExit) as end:
            main()
    return int(end.value.code or 0)


def test_the_command_writes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FixedClock) -> None:
    monkeypatch.chdir(tmp_path)
    ROOT.save("keys/root")
    API.save("keys/api")
    words = (
        "delegate",
        "--key",
        "keys/root.private.jwk.json",
        "--to",
        "keys/api.jwks.json",
        "--match",
        f"{DOCS}api/**",
    )
    now = ("--now", clock.now.isoformat())
    assert run(*words, "--until", "30d", "--out", "delegations/api.jws", *now) == 0
    keys = with_delegations(ROOT.public, [Path("delegations/api.jws").read_text()])
    assert {key.kid for key in keys} == {"root", "api"}
    assert run(*words, "--until", "2020-01-01T00:00:00Z", "--out", "x.jws", *now) == 2
    assert run(*words[:-1], "a\nb", "--until", "30d", "--out", "x.jws", *now) == 2
    assert not Path("x.jws").exists()
    assert isinstance(KeySet.load("keys/api.jwks.json"), KeySet)

"""Keys in custody sign like keys in files: in a security module (SoftHSM), and as signers of securesystemslib."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # exported, if not by name

from headgate import Chunk, Gate, KeySet, PolicyError, Sealer
from headgate.cli import main
from headgate.corpus import Manifest
from headgate.provenance import Signer, SigningKey, load_signer, sign_jws, verify_jws
from headgate.provenance.custody import PIN, CustodyKey, is_key_uri
from headgate.testing import FixedClock

LIBRARIES = (
    os.environ.get("SOFTHSM2_LIB", ""),
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
URI = "hsm:2?label=docs"
PAGE = "https://docs.example/a"
CODE = "1234"


@dataclass(frozen=True)
class Module:
    """A security module with the key 2 on P-256 and the key 3 on P-384."""

    library: str
    environment: dict[str, str]


@pytest.fixture(scope="module")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Module]:
    pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed: pip install 'headgate[hsm]'")
    library = next((path for path in LIBRARIES if path and Path(path).is_file()), None)
    if library is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed (Debian: softhsm2); keys in a security module were not tried")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    environment = {"SOFTHSM2_CONF": str(folder / "softhsm2.conf"), "PYKCS11LIB": library}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        for label in ("docs", "other"):
            command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", CODE, "--so-pin", CODE]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - SoftHSM's own
        from pkcs11.util.ec import encode_named_curve_parameters

        token = pkcs11.lib(library).get_token(token_label="docs")
        with token.open(user_pin=CODE, rw=True) as session:
            for number, curve in ((2, "secp256r1"), (3, "secp384r1")):
                parameters = session.create_domain_parameters(
                    pkcs11.KeyType.EC,
                    {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)},
                    local=True,
                )
                parameters.generate_keypair(store=True, id=bytes([number]), label=f"docs-{number}")
        yield Module(library, environment)


@pytest.fixture
def module(softhsm: Module, monkeypatch: pytest.MonkeyPatch) -> Module:
    for name, value in softhsm.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(PIN, CODE)
    return softhsm


def admits(public: KeySet | dict[str, Any], chunk: Chunk) -> list[str]:
    source = {"id": "docs", "match": "https://docs.example/**", "provenance": {"require": "sealed", "keys": public}}
    (decision,) = Gate({"sources": [source]}).admit([chunk]).decisions
    return [decision.action, *decision.codes]


def test_a_key_in_a_security_module_seals(module: Module) -> None:
    sealer = Sealer(URI, issuer="docs", kid="docs-hsm")
    sealed = sealer.seal(Chunk("thirty days", {"source": PAGE}), subject=PAGE)
    assert admits(sealer.key.public_jwks(), sealed) == ["admit"]
    assert admits(sealer.key.public_jwks(), Chunk("forty days", sealed.metadata)) == ["drop", "P105"]
    many = sealer.seal_many([(Chunk(f"page {n}", {"source": PAGE}), {"subject": PAGE}) for n in range(3)])
    assert [admits(sealer.key.public_jwks(), one) for one in many] == [["admit"]] * 3
    assert (sealer.key.kid, sealer.key.algorithm) == ("docs-hsm", "ES256")
    assert isinstance(sealer.key, Signer)
    (named,) = Sealer(URI, issuer="docs").public
    assert named.kid == named.thumbprint  # without a name, its thumbprint


def test_the_command_line_takes_its_uri(module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    for number in range(3):
        (tmp_path / "docs" / f"{number}.md").write_text(f"Page {number}.")
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["headgate", *words])
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0)

    assert run("keygen", "--from", URI, "--kid", "docs", "--out", "keys/docs") == 0
    assert not list(Path("keys").glob("*private*"))
    assert run("keygen", "--from", URI, "--kid", "docs", "--out", "keys/docs") == 2  # never overwritten
    prefix = ("--prefix", "https://docs.example/")
    assert run("seal", "docs", "--key", URI, "--issuer", "docs", *prefix, "--out", "a.jsonl", "--jobs", "2") == 0
    lines = [json.loads(line) for line in Path("a.jsonl").read_text().splitlines()[:3]]
    # The name of a key is in its seals; without --kid it is the thumbprint, so that is what a policy needs to know.
    assert run("keygen", "--from", URI, "--out", "keys/thumb") == 0
    public = json.loads(Path("keys/thumb.jwks.json").read_text())
    assert admits(public, Chunk(lines[0]["text"], lines[0]["metadata"])) == ["admit"]
    build = ("manifest", "build", "a.jsonl", "--key", URI, "--issuer", "docs", "--corpus", "docs", "--out", "m")
    assert run(*build) == 0
    assert run("manifest", "timestamp", "m", "--key", URI) == 0
    assert run("manifest", "verify", "m", "--keys", "keys/thumb.jwks.json") == 0
    assert run("manifest", "verify", "m", "--keys", "keys/docs.jwks.json") == 1  # another name is another key


def test_a_manifest_is_signed_in_a_security_module(module: Module, tmp_path: Path, clock: FixedClock) -> None:
    key = load_signer(URI, "docs")
    page = Chunk("thirty days", {"source": PAGE})
    manifest = Manifest.build([page], corpus="docs", signer=key, out=tmp_path / "m", cache=tmp_path / "cache")
    assert manifest.key.thumbprint == next(iter(key.public)).thumbprint


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("hsm:9?label=docs", "find"),
        ("hsm:2?label=nobody", "token"),
        ("hsm:x", "invalid literal"),
        ("hsm:3?label=docs", "nistp384"),
    ],
)
def test_what_cannot_be_used_is_named(uri: str, problem: str, module: Module) -> None:
    with pytest.raises(PolicyError, match=problem):
        Sealer(uri, issuer="docs")


def test_without_a_pin_it_says_where_to_put_it(module: Module, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(PIN)
    chunk = Chunk("text", {"source": PAGE})
    with pytest.raises(PolicyError, match="HEADGATE_HSM_PIN"):
        Sealer(URI, issuer="docs").seal(chunk, subject=PAGE)
    (tmp_path / "pin").write_text(f"{CODE}\n")
    monkeypatch.setenv(f"{PIN}_FILE", str(tmp_path / "pin"))
    assert Sealer(URI, issuer="docs").seal(chunk, subject=PAGE)
    monkeypatch.setenv(PIN, "secret-and-wrong")
    with pytest.raises(PolicyError, match="does not sign") as caught:
        Sealer(URI, issuer="docs").seal(chunk, subject=PAGE)
    assert "secret" not in str(caught.value)


def test_a_library_that_nobody_named_is_named(module: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYKCS11LIB")
    with pytest.raises(PolicyError, match="PYKCS11LIB"):
        Sealer(URI, issuer="docs")


SIGNERS = {
    "Ed25519": CryptoSigner.generate_ed25519,
    "ES256": CryptoSigner.generate_ecdsa,
    "PS256": CryptoSigner.generate_rsa,
}


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_signers_of_securesystemslib_sign_in_every_accepted_algorithm(algorithm: str, clock: FixedClock) -> None:
    signer = SIGNERS[algorithm]()
    key = load_signer(signer, "docs")
    assert (key.algorithm, key.kid) == (algorithm, "docs")
    assert verify_jws(sign_jws(b"{}", key), key.public) == b"{}"
    sealed = Sealer(signer, issuer="docs", kid="docs").seal(Chunk("text", {"source": PAGE}), subject=PAGE)
    assert admits(key.public_jwks(), sealed) == ["admit"]
    (public,) = key.public
    assert KeySet.from_jwks(key.public_jwks()).get("docs") == public or public.thumbprint


def test_what_comes_back_is_verified() -> None:
    class Swapped(CryptoSigner):
        """Signs with one key, and says that it was another."""

        def sign(self, payload: bytes) -> Any:
            return CryptoSigner.generate_ed25519().sign(payload)

    made = CryptoSigner.generate_ed25519()
    key = CustodyKey.of(Swapped(made._private_key, made.public_key))
    with pytest.raises(PolicyError, match="not its signature"):
        key.sign(b"text")


@pytest.mark.parametrize(
    ("uri", "extra"), [("awskms:alias/docs", "awskms"), ("gcpkms:projects/p", "gcpkms"), ("hv:docs", "vault")]
)
def test_a_package_that_is_missing_is_named(uri: str, extra: str) -> None:
    package = {"awskms": "boto3", "gcpkms": "google.cloud.kms", "vault": "hvac"}[extra]
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        f"from headgate import Sealer\ntry: Sealer({uri!r}, 'docs')\nexcept Exception as error: print(error)"
    )
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own
    assert f"pip install 'headgate[{extra}]'" in said


def test_files_that_look_like_uris_and_uris_that_look_like_files(tmp_path: Path) -> None:
    assert is_key_uri("hsm:")
    assert is_key_uri("azurekms://vault.vault.azure.net/keys/docs")
    assert not is_key_uri("keys/docs.private.jwk.json")
    assert not is_key_uri("hsm")
    assert not is_key_uri("C:\\keys\\docs.pem")
    with pytest.raises(PolicyError, match=r"azurekms://VAULT|pip install"):
        load_signer("azurekms://vault.vault.azure.net/docs")
    assert isinstance(load_signer(SigningKey.load({**_private()})), SigningKey)


def _private() -> dict[str, Any]:
    from headgate.provenance import generate_signing_key

    return generate_signing_key("docs").private_jwk()

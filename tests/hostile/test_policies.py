"""Configuration that cannot be used: an error that names the file, the place and the remedy; never a policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headgate import Gate, Glossary, KeySet, Policy, PolicyError
from headgate.provenance import generate_signing_key
from headgate.testing import HOSTILE_STRINGS

GOOD = "version: 1\nsources:\n  - id: a\n    match: ['https://a.example/**']\n    provenance: {require: declared}\n"
BOMB = "a: &a [x,x]\n" + "\n".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)},*{chr(97 + n)}]" for n in range(20))

BROKEN = {
    "unknown key": ("version: 1\nmoed: enforce\n", ["headgate.yaml:2", "moed", "Did you mean 'mode'?"]),
    "unknown nested key": (GOOD + "    freshness: {max_agee: 90d}\n", [":6", "sources[0].freshness", "'max_age'"]),
    "wrong type": ("sources: 7\n", ["headgate.yaml:1", "sources"]),
    "wrong mode": ("mode: enforced\n", ["mode", "enforced"]),
    "no duration": (GOOD + "    freshness: {max_age: soon}\n", ["sources[0].freshness.max_age", "90d"]),
    "negative age": (GOOD + "    freshness: {max_age: -3d}\n", ["max_age"]),
    "warn after max": (GOOD + "    freshness: {max_age: 1d, warn_after: 2d}\n", ["warn_after"]),
    "two ids": (
        GOOD + "  - id: a\n    match: ['https://b.example/**']\n    provenance: {require: declared}\n",
        ["'a'"],
    ),
    "two claims": (
        GOOD + "  - id: b\n    match: ['https://a.example/**']\n    provenance: {require: declared}\n",
        ["'b'"],
    ),
    "no pattern": (GOOD.replace("https://a.example/**", "https://"), ["match"]),
    "sealed without keys": (GOOD.replace("declared", "sealed"), ["keys", "declared"]),
    "missing key file": (
        GOOD.replace("{require: declared}", "{require: sealed, keys: keys/none.jwks.json}"),
        ["sources[0].provenance.keys[0]", "none.jwks.json", "does not exist"],
    ),
    "missing glossary": (GOOD + "    terminology: [none.yaml]\n", ["none.yaml", "does not exist"]),
    "yaml bomb": (BOMB, ["anchors"]),
    "duplicate key": ("mode: audit\nmode: enforce\n", ["mode", "twice"]),
    "no mapping": ("- a\n- b\n", ["mapping"]),
    "empty": ("", ["mapping"]),
    "no yaml": ("sources: [", ["headgate.yaml:", "YAML"]),
    "python object": ("x: !!python/object/apply:os.system ['id']\n", ["tag"]),
    "deep": ("a: " + "[" * 200 + "]" * 200, ["deep"]),
    "control character": ("mode: \x01\n", ["YAML"]),
    "time zone": ("metadata: {timezone: Mars/Base}\n", ["metadata.timezone", "Europe/Berlin"]),
    "odd duration": (GOOD + "    freshness: {revalidate: {after: soon}}\n", ["revalidate.after", "not a duration"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_policy_says_what_is_wrong_and_where(name: str, tmp_path: Path) -> None:
    text, fragments = BROKEN[name]
    path = tmp_path / "headgate.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        Gate(path)
    message = str(caught.value)
    assert "headgate.yaml" in message
    for fragment in fragments:
        assert fragment in message, message


def test_all_problems_are_shown_at_once(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("mode: x\nversion: 9\nbudget: {max_tokens: -1}\n")
    with pytest.raises(PolicyError) as caught:
        Policy.load(path)
    assert {error.path for error in (caught.value, *caught.value.others)} == {
        ("mode",),
        ("version",),
        ("budget", "max_tokens"),
    }


@pytest.mark.parametrize("text", HOSTILE_STRINGS, ids=range(len(HOSTILE_STRINGS)))
def test_any_text_is_a_policy_or_a_policy_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(PolicyError):
        Policy.load(path)


def test_a_folder_or_binary_or_missing_file_is_a_policy_error(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    for path in (tmp_path, tmp_path / "binary", tmp_path / "none"):
        with pytest.raises(PolicyError):
            Policy.load(path)


GLOSSARIES = {
    "cycle": "terms: {A: [B], B: [A]}",
    "longer cycle": "terms: {A: [B], B: [C], C: [A]}",
    "two claims": "terms: {A: [x], B: [X]}",
    "no alias": "terms: {A: []}",
    "empty alias": "terms: {A: ['']}",
    "only punctuation": "terms: {A: ['--']}",
    "unknown key": "terms: [{canonical: A, aliases: [b], moed: flag}]",
    "no list": "terms: 7",
    "line break": 'terms: {"A\\nB": [c]}',
}


@pytest.mark.parametrize("name", GLOSSARIES)
def test_a_broken_glossary_names_the_file_and_the_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text(GLOSSARIES[name])
    with pytest.raises(PolicyError) as caught:
        Glossary.load(path)
    assert str(caught.value).startswith(f"{path}:1")


def test_a_private_or_symmetric_key_is_refused_in_a_policy(tmp_path: Path) -> None:
    key = generate_signing_key("k")
    private, public = key.save(tmp_path / "k")
    assert len(KeySet.load(public)) == 1
    with pytest.raises(PolicyError, match="private key"):
        KeySet.load(private)
    with pytest.raises(PolicyError, match="symmetric"):
        KeySet.from_jwks({"keys": [{"kty": "oct", "k": "AAAA"}]})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": [7]}',
        '{"keys": [{"kty": "OKP", "crv": "X25519", "x": "AA"}]}',
        "-----BEGIN",
    ],
)
def test_a_key_file_without_a_usable_key_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(PolicyError) as caught:
        KeySet.load(path)
    assert str(path) in str(caught.value)


def test_two_keys_of_one_name_are_refused() -> None:
    one, other = generate_signing_key("k"), generate_signing_key("k")
    keys = [*one.public_jwks()["keys"], *other.public_jwks()["keys"]]
    with pytest.raises(PolicyError, match="'k'"):
        KeySet.from_jwks(json.loads(json.dumps({"keys": keys})))

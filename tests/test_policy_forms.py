"""The forms in which a policy file says things: YAML, durations, hosts, URIs, patterns, modes and ranges."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headgate import Gate, Policy, PolicyError
from headgate.assurance import Assurance
from headgate.policy import Freshness
from headgate.policy.documents import parse_yaml
from headgate.policy.durations import format_duration, parse_duration
from headgate.policy.hosts import normalise_host
from headgate.policy.matching import UriPattern, normalise_uri
from headgate.testing import FixedClock, Publisher

DIGITS = "1" * 64
SCALARS: list[tuple[str, object]] = [
    ("~", None), ("Null", None), ("", None), ("nUll", "nUll"), ("True", True), ("FALSE", False), ("yes", "yes"),
    ("on", "on"), ("010", 10), ("-7", -7), ("+7", 7), ("0o17", 15), ("0x1F", 31), ("0b1", "0b1"), ("1_000", "1_000"),
    ("1:20", "1:20"), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0), ("-1.5E-2", -0.015), (".inf", math.inf),
    ("-.INF", -math.inf), ("+.Inf", math.inf), ("inf", "inf"), (".nano", ".nano"), ("2026-03-04", "2026-03-04"),
    (DIGITS, int(DIGITS)), (DIGITS + "1", DIGITS + "1"), ("'7'", "7"), ('"true"', "true"), ("!!str 7", "7"),
    ("!!int 7", 7), ("!!float 7", 7.0), ("!!float 7.5", 7.5), ("!!bool true", True), ("!!null ~", None),
    ("[1, [a]]", [1, ["a"]]), ("{a: {b: 1}}", {"a": {"b": 1}}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SCALARS, ids=[text for text, _ in SCALARS])
def test_a_scalar_is_what_the_core_schema_says(text: str, value: object) -> None:
    read = parse_yaml(f"a: {text}").value
    assert read == {"a": value}
    assert isinstance(read, dict)
    assert type(read["a"]) is type(value)
    assert parse_yaml(".nan").value != parse_yaml(".nan").value


def nested(depth: int) -> str:
    return "a: 1\nb: " + "[" * depth + "]" * depth


BROKEN = [
    ("a: 1\nb: [1,\n  2\nc: 3\n", 4, (), "not YAML"),
    ("a: 1\n\nb: \x01\n", 3, (), "U+0001"),
    ("\n\x01", 2, (), "U+0001"),
    (r'"\U99999999"', 1, (), "OverflowError"),
    ("a: 1\n\nb: &x 1\n", 3, (), "anchors"),
    ("a: 1\n\nb: *x\n", 3, (), "anchors"),
    ("a: 1\nb:\n  c: 1\n  c: 2\n", 4, ("b",), "'c' is here twice"),
    (f"a: 1\n{'k' * 70}: 1\n{'k' * 70}: 2\n", 3, (), f"the key '{'k' * 60}' is here twice"),
    ("a: 1\nb:\n  ? [1]\n  : 2\n", 3, ("b",), "must be a string"),
    ("a: 1\nb:\n  - 1\n  - !!int x\n", 4, ("b", 1), "this is not what its tag !!int says"),
    ("a: 1\nb: !!int 1.5\n", 2, ("b",), "is not what its tag !!int says"),
    ("a: 1\nb: !!float x\n", 2, ("b",), "is not what its tag !!float says"),
    ("a: 1\nb: !!bool 1\n", 2, ("b",), "is not what its tag !!bool says"),
    ("a: 1\nb: !!set {x}\n", 2, ("b",), "tag"),
    ("a: 1\nb: !!seq x\n", 2, ("b",), "tag"),
    ("a: 1\nb: !x y\n", 2, ("b",), "tag '!x' is not accepted"),
    (nested(32), 2, (), "nested too deeply"),
]


@pytest.mark.parametrize(("text", "line", "path", "problem"), BROKEN, ids=[problem for *_, problem in BROKEN])
def test_what_is_no_plain_yaml_is_refused_with_its_line_and_path(
    text: str, line: int, path: tuple[str | int, ...], problem: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_yaml(text)
    assert (caught.value.line, caught.value.path) == (line, path)
    assert problem in caught.value.problem
    assert "\n" not in caught.value.problem


def test_as_deep_as_allowed_is_read_and_every_value_has_its_line() -> None:
    assert parse_yaml(nested(31)).value
    document = parse_yaml("a: 1\nb:\n  - x\n  - c: 2\n    d:\n      - 3\n")
    places: list[tuple[tuple[str | int, ...], int]] = [
        ((), 1), (("a",), 1), (("b",), 2), (("b", 0), 3), (("b", 1), 4), (("b", 1, "d"), 5), (("b", 1, "d", 0), 6),
        (("b", 1, "missing", "deep"), 4), (("missing",), 1),
    ]  # fmt: skip
    for path, line in places:
        assert document.line_of(path) == line
    assert parse_yaml("").line_of(("a",)) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1w", 604_800), ("90d", 7_776_000), ("36h", 129_600), ("15m", 900), ("30s", 30), ("300ms", 0.3),
        ("1d12h", 129_600), ("1.5h", 5_400), (" 1d 2h ", 93_600), ("0s", 0), ("366000d", 366_000 * 86_400),
    ],
)  # fmt: skip
def test_a_duration_is_the_sum_of_its_parts(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value", ["", "d", "7", "1q", "-1d", "1d2", "1,5h", "1" * 10 + "s", "366000.1d", 7, None, timedelta(seconds=-1)]
)
def test_what_is_not_a_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="Write 90d, 36h, 15m"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (0.9, "0s"), (1, "1s"), (60, "1m"), (61, "1m 1s"), (3_600, "1h"), (3_601, "1h 1s"),
        (93_784, "1d 2h"), (863_999, "9d 23h"), (864_000, "10d"), (864_005, "10d"), (900_000, "10d"), (-90, "-1m 30s"),
        (-900_000, "-10d"),
    ],
)  # fmt: skip
def test_a_duration_is_shown_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text


def test_a_duration_of_nothing_is_one_and_stays_as_it_is() -> None:
    assert parse_duration(timedelta(0)) == timedelta(0)
    assert Freshness.model_validate({"max_age": "0s"}).max_age == timedelta(0)
    assert Freshness.model_validate({"max_age": "1d", "warn_after": "1d"}).warn_after == timedelta(days=1)


@pytest.mark.parametrize(
    ("host", "normal"),
    [
        ("A.Example", "a.example"), ("a.example.", "a.example"), ("a..example", None), (".example", None), ("", None),
        (".", None), ("[::1]", "[::1]"), ("[2001:DB8::1]", "[2001:db8::1]"), ("[::1", None), ("::1]", None),
        ("[\u00fc]", None), ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.Example", "xn--bcher-kva.example"), ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("\u212aey.example", None), ("\uff41.example", None), ("a\u3002example", None), ("stra\u00dfe.example", None),
        ("\u00fc*.example", None), ("*.b\u00fccher.example", "*.xn--bcher-kva.example"), ("\u00fc" * 64, None),
    ],
)  # fmt: skip
def test_a_host_has_one_form_or_none(host: str, normal: str | None) -> None:
    assert normalise_host(host) == normal


URIS: list[tuple[object, str | None]] = [
    ("HTTPS://A.Example:443/x", "https://a.example/x"),
    ("http://a.example:80", "http://a.example/"),
    ("ftp://a.example:21/x", "ftp://a.example/x"),
    ("https://a.example:80/x", "https://a.example:80/x"),
    ("https://a.example:0443/x", "https://a.example/x"),
    ("https://a.example:/x", "https://a.example/x"),
    ("https://a.example:65535/", "https://a.example:65535/"),
    ("https://a.example:65536/", None),
    ("https://a.example:x/", None),
    ("https://[::1]:8080/x", "https://[::1]:8080/x"),
    ("https://[::1]/x", "https://[::1]/x"),
    ("https://u@a.example/", None),
    ("https://a%2e.example/", None),
    ("https:///x", None),
    ("https://a.example/a/../b/./c", "https://a.example/b/c"),
    ("https://a.example/../../b", "https://a.example/b"),
    ("https://a.example/b/..", "https://a.example/"),
    ("https://a.example/b/.", "https://a.example/b/"),
    ("https://a.example/a b?c d#e", "https://a.example/a%20b?c%20d"),
    ("https://a.example/%7e%c3%bc", "https://a.example/~%C3%BC"),
    ("https://a.example/u\u0308", "https://a.example/%C3%BC"),
    ("https://a.example/a\\b", None),
    ("https://a.example/a\nb", None),
    ("//a.example/x", None),
    ("C:\\a\\b", "file:/C:/a/b"),
    ("a/b#c?d%20", "file:a/b%23c%3Fd%2520"),
    ("a//b/../c", "file:a/c"),
    ("../a", "file:a"),
    ("file://localhost/a//b", "file:/a/b"),
    ("file:///a", "file:/a"),
    ("file://server/a", "file://server/a"),
    ("mailto:a@b", "mailto:a@b"),
    ("urn:a//b", "urn:a//b"),
    ("urn:a?b#c", "urn:a?b"),
    ("s3://bucket/a", "s3://bucket/a"),
    ("file:", None),
    ("/", None),
    ("", None),
    (7, None),
]


@pytest.mark.parametrize(("value", "normal"), URIS, ids=[ascii(value) for value, _ in URIS])
def test_a_uri_has_one_form_or_none(value: object, normal: str | None) -> None:
    assert normalise_uri(value) == normal
    if normal is not None:
        assert isinstance(value, str)
        assert normalise_uri(value, max(len(value), len(normal))) == normal
        assert normalise_uri(value, max(len(value), len(normal)) - 1) is None


MATCHES = [  # a pattern, what it matches, and what it does not
    ("https://a.example/*", ["https://a.example/", "https://a.example/b"], ["https://a.example/b/c"]),
    ("https://a.example/**", ["https://a.example/", "https://a.example/b/c"], ["https://b.example/"]),
    ("https://a.example/**/c", ["https://a.example/c", "https://a.example/a/b/c"], ["https://a.example/a/b"]),
    ("https://a.example/b*d", ["https://a.example/bd", "https://a.example/bcd"], ["https://a.example/b"]),
    ("https://a.example/ab*ba", ["https://a.example/abba"], ["https://a.example/aba"]),
    ("https://a.example/*b*c", ["https://a.example/abxc"], ["https://a.example/cb", "https://a.example/c"]),
    ("https://a.example/*b*b", ["https://a.example/bb"], ["https://a.example/b", "https://a.example/ab"]),
    ("https://a.example/*a*a*", ["https://a.example/aa", "https://a.example/bacab"], ["https://a.example/a"]),
    ("https://*.example/", ["https://a.example/"], ["https://a.b.example/", "https://example/", "http://a.example/"]),
    ("https://**.example/", ["https://a.b.example/", "https://example/"], ["https://a.example.b/"]),
    ("https://a.example:8080/**", ["https://a.example:8080/"], ["https://a.example/", "https://a.example:8081/"]),
    ("https://a.example/b?c=*", ["https://a.example/b?c=1/2"], ["https://a.example/b", "https://a.example/b?d=1"]),
    ("https://a.example/b", ["https://a.example/b?c"], ["https://a.example/b/"]),
    ("file:a/**", ["file:a/b", "file:a/b/c"], ["file:b/a", "file:/a/b"]),
    ("https://[::1]/*", ["https://[::1]/a"], ["https://[::2]/a"]),
]


@pytest.mark.parametrize(("pattern", "hits", "misses"), MATCHES, ids=[pattern for pattern, *_ in MATCHES])
def test_a_pattern_matches_what_it_says(pattern: str, hits: list[str], misses: list[str]) -> None:
    parsed = UriPattern.parse(pattern)
    assert [uri for uri in (*hits, *misses) if parsed.matches(uri)] == hits


def test_of_two_patterns_the_one_that_says_more_is_the_more_specific() -> None:
    ordered = [
        "https://**/**", "https://**/a", "https://*.example/**", "https://*.longer.example/**",
        "https://a.example/**", "https://a.example/*", "https://a.example/b*", "https://a.example/**/b",
        "https://a.example/*/b", "https://a.example/bc/**", "https://a.example/b", "https://a.example/b?*",
        "https://a.example/b?c=*", "https://a.example/b?c=d",
    ]  # fmt: skip
    keys = [UriPattern.parse(text).specificity for text in ordered]
    assert [ordered[keys.index(key)] for key in sorted(keys)] == ordered


def test_a_pattern_has_few_double_stars_and_each_alone() -> None:
    assert UriPattern.parse("https://a.example/**/b/**/c/**/d/**")
    for text, problem in [
        ("https://a.example/**/b/**/c/**/d/**/e/**", "more than four"),
        ("https://a.example/b**", "must stand alone"),
        ("https://**a.example/", "must stand alone"),
        ("", "is not a URI pattern"),
    ]:
        with pytest.raises(ValueError, match=problem):
            UriPattern.parse(text)


def policy(**more: Any) -> Policy:
    source = {"id": "a", "match": "file:a/*", "provenance": {"require": "declared"}}
    return Policy.from_mapping({"sources": [{**source, **more.pop("source", {})}], **more})


def test_a_path_is_written_as_a_text_or_a_path() -> None:
    found = policy(source={"terminology": [Path("a.yaml"), "b.yaml"]}, log={"path": Path("c")})
    assert found.sources[0].terminology == ("a.yaml", "b.yaml")
    assert found.log is not None
    assert found.log.path == "c"
    with pytest.raises(PolicyError):
        policy(log={"path": 7})


def test_the_most_specific_mode_decides() -> None:
    checks = ("provenance", "freshness", "terminology", "budget")
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["enforce"] * 4),
        ({"mode": "warn"}, ["warn"] * 4),
        ({"modes": {"freshness": "audit"}}, ["enforce", "audit", "enforce", "enforce"]),
        ({"source": {"mode": "audit"}, "modes": {"freshness": "warn"}}, ["audit"] * 4),
        ({"source": {"mode": "audit", "freshness": {"mode": "warn"}}}, ["audit", "warn", "audit", "audit"]),
        ({"source": {"terminology_mode": "warn"}}, ["enforce", "enforce", "warn", "enforce"]),
    ]
    for setting, modes in cases:
        found = policy(**setting)
        assert [found.effective_mode(found.sources[0], check) for check in checks] == modes
        assert found.is_enforcing == (set(modes) == {"enforce"})
        assert found.enforced().is_enforcing


@pytest.mark.parametrize(
    ("setting", "keeps_out"),
    [
        ({}, True),
        ({"mode": "warn"}, False),
        ({"mode": "audit", "modes": {"provenance": "enforce"}}, True),
        ({"mode": "audit", "modes": {"freshness": "enforce"}}, True),
        ({"mode": "audit", "modes": {"terminology": "enforce", "budget": "enforce"}}, False),
        ({"mode": "audit", "source": {"mode": "enforce"}}, True),
        ({"mode": "audit", "source": {"freshness": {"mode": "enforce"}}}, True),
        ({"mode": "audit", "default": {"mode": "enforce"}}, True),
        ({"mode": "enforce", "source": {"mode": "audit"}, "default": {"mode": "audit"}}, False),
    ],
    ids=str,
)
def test_one_enforced_check_of_one_source_keeps_something_out(setting: dict[str, Any], keeps_out: bool) -> None:
    assert policy(**setting).keeps_out == keeps_out


def test_a_policy_names_each_of_its_files_once(tmp_path: Path) -> None:
    named: dict[str, Any] = {
        "provenance": {"require": "sealed", "keys": ["a.json", {"keys": []}, "b.json"]},
        "terminology": ["c.yaml"],
    }
    default = {"provenance": {"keys": "b.json"}, "terminology": ["c.yaml", "d.yaml"]}
    found = Policy.from_mapping({"sources": [{"id": "a", "match": "file:a/*", **named}], "default": default}, tmp_path)
    assert found.named_files() == tuple(tmp_path / name for name in ("a.json", "b.json", "c.yaml", "d.yaml"))


def test_unsigned_times_count_as_the_policy_says_or_where_nothing_is_sealed() -> None:
    cases: list[tuple[Assurance, bool, str]] = [
        ("sealed", True, "sealed"),
        ("sealed", False, "any"),
        ("declared", True, "any"),
    ]
    for require, is_proved, expected in cases:
        assert Freshness().evidence_for(require, is_proved=is_proved) == expected
        assert Freshness(evidence="any").evidence_for(require, is_proved=is_proved) == "any"
        assert Freshness(evidence="sealed").evidence_for(require, is_proved=is_proved) == "sealed"


@pytest.mark.parametrize(
    ("written", "share"), [("20%", 0.2), (" 2.5% ", 0.025), (0.5, 0.5), ("0%", 0.0), (0, 0.0), ("99%", 0.99)]
)
def test_a_share_is_written_as_a_number_or_in_per_cent(written: object, share: float) -> None:
    found = policy(quarantine={"path": "q"}, source={"quarantine": {"failures": written}}).sources[0].quarantine
    assert found is not None
    assert found.failures == pytest.approx(share)


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ({"source": {"quarantine": {"failures": "100%"}}, "quarantine": {"path": "q"}}, "failures"),
        ({"source": {"quarantine": {"failures": -0.1}}, "quarantine": {"path": "q"}}, "failures"),
        ({"source": {"quarantine": {"window": "0s"}}, "quarantine": {"path": "q"}}, "window"),
        ({"source": {"quarantine": {"at_least": 0}}, "quarantine": {"path": "q"}}, "at_least"),
        ({"source": {"quarantine": {}}}, "quarantine"),
        ({"source": {"id": "x" * 101}}, "id"),
        ({"source": {"id": "-x"}}, "id"),
        ({"source": {"match": []}}, "match"),
        ({"budget": {"max_tokens": 0}}, "max_tokens"),
        ({"budget": {"max_tokens": 100_000_001}}, "max_tokens"),
        ({"log": {"path": ""}}, "path"),
        ({"log": {"path": "x", "max_bytes": 9_999}}, "max_bytes"),
        ({"log": {"path": "x", "keep": 0}}, "keep"),
        ({"log": {"path": "x", "keep": 10_001}}, "keep"),
    ],
    ids=str,
)
def test_a_setting_out_of_its_range_is_refused_where_it_is(setting: dict[str, Any], path: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy(**setting)
    assert path in caught.value.path


def test_a_setting_at_the_edge_of_its_range_is_accepted() -> None:
    found = policy(
        source={"id": "x" * 100, "quarantine": {"failures": 0, "window": "1ms", "at_least": 1}},
        quarantine={"path": "q"},
        budget={"max_tokens": 100_000_000},
        log={"path": "x", "max_bytes": 10_000, "keep": 10_000},
    )
    assert found.sources[0].id == "x" * 100


def test_a_key_file_may_be_named_by_a_path(tmp_path: Path) -> None:
    file, docs = tmp_path / "keys.json", Publisher("docs", "https://docs.example/**", FixedClock())
    file.write_text(json.dumps(docs.key.public_jwks()))
    for keys in (file, [file], str(file)):
        source = {"id": "docs", "match": "https://docs.example/**", "provenance": {"keys": keys}}
        gate = Gate({"sources": [source]}, clock=FixedClock())
        assert gate.admit([docs.seal("text", "https://docs.example/a")]).chunks
        assert "PosixPath" not in gate.policy.model_dump_json()

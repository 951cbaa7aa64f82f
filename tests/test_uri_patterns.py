"""URI patterns: what each covers, which two can meet, which of two says more; and hosts in one form."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policy import UriPattern, normalise_uri
from headgate.policy.hosts import normalise_host
from headgate.policy.matching import split_uri

SEGMENTS = st.text(st.sampled_from("ab*"), min_size=1, max_size=6).map(lambda text: re.sub(r"\*+", "*", text))


@given(SEGMENTS, st.text(st.sampled_from("ab"), min_size=1, max_size=7))
@settings(max_examples=max(300, settings().max_examples))
def test_a_star_stands_for_any_characters_of_a_segment_a_label_or_a_query(pattern: str, text: str) -> None:
    expected = re.fullmatch(pattern.replace("*", "[ab]*"), text) is not None
    for form in ("file:x/{}/y", "file:{}", "https://{}.example/", "https://a.example/?{}", "https://a.example/{}"):
        assert UriPattern.parse(form.format(pattern)).matches(form.format(text)) is expected


PARTS = st.lists(st.sampled_from(["a", "b", "*", "**", "a*", "*b", "a*b"]), min_size=1, max_size=3)
PATHS = [path for length in range(1, 5) for path in product(["a", "b", "ab"], repeat=length)]


def _covered(parts: list[str]) -> set[tuple[str, ...]]:
    """Return the paths that a pattern covers, as a regular expression finds them."""
    pattern = "".join("(?:[ab]+/)*" if one == "**" else one.replace("*", "[ab]*") + "/" for one in parts)
    return {path for path in PATHS if re.fullmatch(pattern, "/".join((*path, "")))}


@given(PARTS)
@settings(max_examples=max(300, settings().max_examples))
def test_two_stars_stand_for_any_number_of_segments(parts: list[str]) -> None:
    pattern = UriPattern.parse(f"file:{'/'.join(parts)}")
    expected = _covered(parts)
    assert {path for path in PATHS if pattern.matches(f"file:{'/'.join(path)}")} == expected


@given(PARTS, PARTS)
@settings(max_examples=max(300, settings().max_examples))
def test_patterns_overlap_where_there_is_a_uri_that_both_cover(one: list[str], other: list[str]) -> None:
    patterns = [UriPattern.parse(f"file:{'/'.join(parts)}") for parts in (one, other)]
    can_meet = bool(_covered(one) & _covered(other))
    assert patterns[0].overlaps(patterns[1]) is can_meet or one == other == ["**"]
    assert patterns[1].overlaps(patterns[0]) is patterns[0].overlaps(patterns[1])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("https://a.example/**", "https://b.example/**", False),
        ("https://*.example/**", "https://b.example/x", True),
        ("https://*.example/**", "https://a.b.example/x", False),
        ("https://**.example/**", "https://a.b.example/x", True),
        ("https://a.example/**", "http://a.example/**", False),
        ("https://a.example:81/**", "https://a.example/**", False),
        ("https://a.example/x?a=*", "https://a.example/x", True),
        ("https://a.example/x?a=1", "https://a.example/x?b=*", False),
        ("https://a.example/x?a=*", "https://a.example/x?*=1", True),
        ("https://a.example/a*", "https://a.example/*b", True),
        ("https://a.example/a*", "https://a.example/b*", False),
        ("https://a.example/*a*", "https://a.example/b", False),
    ],
)
def test_hosts_ports_and_queries_keep_patterns_apart(one: str, other: str, expected: bool) -> None:
    assert UriPattern.parse(one).overlaps(UriPattern.parse(other)) is expected


RANKED = [  # from the one that says least to the one that says most
    "https://**/**",
    "https://**.example/**",
    "https://*.example/**",
    "https://**.example/a/b/c/**",
    "https://a*.example/**",
    "https://a.example/**",
    "https://a.example/a*/**",
    "https://a.example/abc*/**",
    "https://a.example/a/**",
    "https://a.example/a/**?x=*",
    "https://a.example/a/**?xy=*",
    "https://a.example/a/b*/**",
    "https://a.example/a/b/**",
    "https://a.example/a/b/*",
    "https://a.example/a/b/c",
    "https://a.example/a/b/c?x=1",
]


def test_the_pattern_that_says_more_comes_first() -> None:
    keys = [UriPattern.parse(text).specificity for text in RANKED]
    ordered = sorted(range(len(RANKED)), key=keys.__getitem__)
    assert [RANKED[number] for number in ordered] == RANKED


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ("https://a.example/x/y", "https://*.a.example/x/y/z/more"),
        ("https://*.example/x/*", "https://**.example/x/*"),
        ("https://a.example/x/*", "https://a.example/x/**"),
        ("https://a.example/x/*y", "https://a.example/x/*"),
        ("https://a.example/x*", "https://a.example/*"),
        ("https://a.example/x/*?a=1", "https://a.example/x/*"),
        ("https://a.example/x?", "https://a.example/*"),
        ("https://a.example/x", "https://a.example/x*"),
        ("https://a.example/*/*", "https://a.example/**/*/*"),
    ],
)
def test_of_two_patterns_the_one_with_more_letters_and_fewer_wildcards_says_more(more: str, less: str) -> None:
    assert UriPattern.parse(more).specificity > UriPattern.parse(less).specificity


def test_how_much_a_pattern_says_in_numbers() -> None:
    assert UriPattern.parse("https://a.example/x/y?z=1").specificity == (1, 1, 13, 2, 2, 3, 0, 0)
    assert UriPattern.parse("https://*.example/x*/**?z=*").specificity == (0, 0, 12, 0, 1, 2, -1, -3)
    assert UriPattern.parse("file:x/**").specificity == (0, 1, 4, 1, 1, -1, -1, -1)


@pytest.mark.parametrize(
    ("uri", "host", "path", "query"),
    [
        ("https://a.b/c/d?e", ("https", "", "b", "a"), ("c", "d"), "e"),
        ("https://a.b:81/c", ("https", ":81", "b", "a"), ("c",), None),
        ("https://[::1]/c", ("https", "", "[::1]"), ("c",), None),
        ("https://[::1]:81/c", ("https", "", "[::1]:81"), ("c",), None),
        ("https://[::ffff:1.2.3.4]/c", ("https", "", "[::ffff:1.2.3.4]"), ("c",), None),
        ("https://a/", ("https", "", "a"), ("",), None),
        ("https://a/?", ("https", "", "a"), ("",), ""),
        ("file:a/b?c?d", ("file",), ("a", "b"), "c?d"),
        ("urn:a:b", ("urn",), ("a:b",), None),
    ],
)
def test_a_uri_is_taken_apart_into_host_path_and_query(
    uri: str, host: tuple[str, ...], path: tuple[str, ...], query: str | None
) -> None:
    assert split_uri(uri) == (host, path, query)


def test_the_origin_of_a_pattern_is_its_only_host() -> None:
    written = ["https://a.example:81/x/**", "HTTPS://A.example/**", "https://*.example/**", "file:a/**"]
    assert [UriPattern.parse(text).origin for text in written] == [
        *("https://a.example:81", "https://a.example", None, None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["https://a.example/a**", "https://a**.example/x", "https://a.example/***/x", "//a/b", ""]
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a URI pattern|must stand alone"):
        UriPattern.parse(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a.example/a**", "'https://a.example/a**'"),
        ("https://me:secret@a.example/**", "@a.example/**'"),
        ("secret@a**", "'~"),
        ("xy:secret@a**", "'~"),
    ],
)
def test_a_pattern_that_is_refused_is_shown_without_a_password(text: str, shown: str) -> None:
    with pytest.raises(ValueError, match="Write") as caught:
        UriPattern.parse(text)
    assert shown in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_pattern_has_four_times_two_stars_at_most() -> None:
    assert UriPattern.parse("https://**.a.**/x/**/y/**").matches("https://b.a.c/x/y")
    with pytest.raises(ValueError, match="more than four"):
        UriPattern.parse("https://**.a.**/x/**/y/**/z/**")


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        ("HTTPS://Handbook.Example:443/a/../\u00fc#x", "https://handbook.example/%C3%BC"),
        ("http://a.example:80", "http://a.example/"),
        ("http://a.example:081/", "http://a.example:81/"),
        ("http://a.example:443/", "http://a.example:443/"),
        ("http://a.example:/", "http://a.example/"),
        ("http://a.example:65535/", "http://a.example:65535/"),
        ("http://a.example:65536/", None),
        ("http://a.example:8x/", None),
        ("http://a.example:\u0668/", None),
        ("ftp://a.example:21/x", "ftp://a.example/x"),
        ("https://[::1]:443/x", "https://[::1]/x"),
        ("https://[::1]/x", "https://[::1]/x"),
        ("https://me@a.example/", None),
        ("https://a%2Eb/", None),
        ("https:///x", None),
        ("https://a.example/x y?z w", "https://a.example/x%20y?z%20w"),
        ("https://a.example/%7e%2f%41", "https://a.example/~%2FA"),
        ("https://a.example/a/./b/..", "https://a.example/a/"),
        ("https://a.example/..", "https://a.example/"),
        ("https://a.example/%2e%2e/x", "https://a.example/x"),
        ("https://a.example/?", "https://a.example/"),
        ("https://a.example/x\ty", None),
        ("https://a.example/x\\y", None),
        ("//a/b", None),
        ("a/b", "file:a/b"),
        ("/a//b", "file:/a/b"),
        ("./a", "file:a"),
        ("../a", "file:a"),
        ("/", None),
        (".", None),
        ("a\\b", "file:a/b"),
        ("C:\\a\\b", "file:/C:/a/b"),
        ("c:/a", "file:/c:/a"),
        ("a?b#c%20", "file:a%3Fb%23c%2520"),
        ("file:///a/b#c", "file:/a/b"),
        ("file://LocalHost/a", "file:/a"),
        ("file://server/a", "file://server/a"),
        ("file:a/../b?c/../d", "file:b?c/../d"),
        ("urn:isbn:1/../2", "urn:isbn:1/../2"),
        ("s3://b/k//x", "s3://b/k//x"),
        ("x" * 2_043, f"file:{'x' * 2_043}"),
        ("x" * 2_044, None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_a_uri_has_one_normal_form(value: object, normal: str | None) -> None:
    assert normalise_uri(value) == normal


def test_the_normal_form_is_no_longer_than_asked_for() -> None:
    assert normalise_uri("file:abc", 8) == "file:abc"
    assert normalise_uri("file:abc", 7) is None
    assert normalise_uri("a\u00fc", 11) is None
    assert normalise_uri("a\u00fc", 12) == "file:a%C3%BC"


def test_where_nobody_says_how_long_it_may_be_a_uri_has_2048_characters_at_most() -> None:
    for whole in ("file:" + "a" * 2_043, "https://a.example/" + "a" * 2_030):
        assert normalise_uri(whole) == whole
        assert normalise_uri(whole + "a") is None


@pytest.mark.parametrize(
    ("host", "normal"),
    [
        ("A.B", "a.b"),
        ("A.B.", "a.b"),
        ("a..b", None),
        (".", None),
        ("", None),
        ("[::A]", "[::a]"),
        ("[::1", None),
        ("::1]", None),
        ("[\u00fc]", None),
        ("\u00dc.De", "xn--tda.de"),
        ("u\u0308.de", "xn--tda.de"),
        ("*.\u00fc.de", "*.xn--tda.de"),
        ("*\u00fc.de", None),
        ("stra\u00dfe.de", None),
        ("\u212a.de", None),
        ("\uff41.de", None),
        ("a\u3002de", None),
        ("\u00fc.\u212a.de", None),
        ("\u4e2d.de", "xn--fiq.de"),
    ],
)
def test_a_host_has_one_form_and_none_poses_as_another(host: str, normal: str | None) -> None:
    assert normalise_host(host) == normal

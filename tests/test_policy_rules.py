"""What a source's rules mean together: who verifies, what contradicts what, which edition an address names."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from headgate import Policy, PolicyError
from headgate.policy.durations import BusinessDays
from headgate.policy.feeds import FEED_KINDS, FeedRule
from headgate.policy.freshness import Freshness, SourceFreshness, restricted
from headgate.policy.identity import Identity, looks_like_an_edition
from headgate.policy.rules import MetadataKeys, Quarantine, Source

DAY = timedelta(days=1)
DECLARED = {"require": "declared"}
SEALED = {"require": "sealed", "keys": ["k.json"]}
LISTED = {"require": "manifest", "keys": ["k.json"], "manifest": "m"}


def source(provenance: dict[str, Any], **freshness: Any) -> Source:
    given = {"id": "a", "match": "https://a.example/**", "provenance": provenance, "freshness": freshness}
    return Source.model_validate(given)


@pytest.mark.parametrize(
    ("provenance", "freshness", "verifiers"),
    [
        (DECLARED, {}, ()),
        (SEALED, {}, ("seal",)),
        ({**SEALED, "manifest": "m"}, {}, ("manifest",)),
        (LISTED, {}, ("manifest",)),
        (SEALED, {"revalidate": True}, ("origin",)),
        (DECLARED, {"revalidate": {}}, ("origin",)),
        (SEALED, {"revalidate": False}, ("seal",)),
        (LISTED, {"revalidate": True}, ("manifest", "origin")),
        (SEALED, {"verified_within": "1d", "verified_by": ["seal", "seal"]}, ("seal",)),
        (LISTED, {"verified_within": "1d", "verified_by": ["seal", "manifest"]}, ("seal", "manifest")),
    ],
)
def test_whoever_is_at_hand_verifies_unless_the_policy_names_somebody(
    provenance: dict[str, Any], freshness: dict[str, Any], verifiers: tuple[str, ...]
) -> None:
    assert source(provenance, **freshness).verifiers == verifiers


@pytest.mark.parametrize(
    ("provenance", "freshness", "words"),
    [
        ({"require": "sealed"}, {}, "requires proof but names no keys"),
        ({"require": "manifest"}, {}, "requires a manifest but names none"),
        ({"require": "declared", "manifest": "m"}, {}, "a manifest proves nothing where require is 'declared'"),
        ({"require": "manifest", "manifest": "m"}, {}, "names a manifest but no keys"),
        ({**SEALED, "grace": "1h"}, {}, "'grace' is about a manifest"),
        ({**SEALED, "threshold": 2, "at_least": 1}, {}, "'at_least' is about a manifest"),
        ({**LISTED, "threshold": 0}, {}, "greater than or equal to 1"),
        ({**LISTED, "threshold": 9}, {}, "less than or equal to 8"),
        ({**LISTED, "at_least": -1}, {}, "greater than or equal to 0"),
        ({**LISTED, "grace": timedelta(-1)}, {}, "is negative"),
        (DECLARED, {"verified_within": "1d"}, "needs somebody who verifies"),
        (DECLARED, {"rules": [{"type": "a", "verified_within": "1d"}]}, "needs somebody who verifies"),
        (SEALED, {"verified_within": "1d", "verified_by": ["origin"]}, "counts live answers and nobody is asked"),
        (SEALED, {"verified_within": "1d", "verified_by": ["feed"]}, "counts a feed and there is none"),
        (SEALED, {"verified_within": "1d", "verified_by": ["manifest"]}, "counts a manifest and none is named"),
        (SEALED, {"verified_by": ["seal"]}, "'verified_by' is about verified_within"),
        (DECLARED, {"revalidate": {"after": "25h"}, "verified_within": "1d"}, "Write a shorter `after`"),
        (
            DECLARED,
            {"revalidate": {"after": "2h"}, "verified_within": "1d", "rules": [{"type": "a", "verified_within": "1h"}]},
            "Write a shorter `after`",
        ),
        (DECLARED, {"revalidate": {"after": "999ms"}}, "greater than or equal to 1 second"),
        (DECLARED, {"revalidate": {"timeout": "0s"}}, "greater than 0 seconds"),
        (DECLARED, {"revalidate": {"timeout": "10001ms"}}, "less than or equal to 10 seconds"),
        (DECLARED, {"warn_after": "25h", "max_age": "1d"}, "warn_after is longer than max_age"),
        (
            DECLARED,
            {"warn_after": "2d", "rules": [{"type": "a", "max_age": "1d"}]},
            "rules[0] does not go with the rest",
        ),
        (
            DECLARED,
            {"rules": [{"match": "https://b.example/**"}]},
            "freshness.rules[0]: 'https://b.example/**' fits no",
        ),
        (DECLARED, {"rules": [{"max_age": "1d"}]}, "a rule is about some documents"),
        (DECLARED, {"rules": [{"type": "a", "mode": "warn"}]}, "a rule has no mode of its own"),
        (DECLARED, {"rules": [{"match": "https://a.example/x**"}]}, "must stand alone"),
    ],
)
def test_rules_that_contradict_one_another_are_refused(
    provenance: dict[str, Any], freshness: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        source(provenance, **freshness)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("provenance", "freshness"),
    [
        (DECLARED, {"revalidate": {"after": "1d"}, "verified_within": "1d"}),
        (DECLARED, {"revalidate": {"timeout": "10s"}, "verified_within": "1m"}),  # unset, it is made short enough
        (DECLARED, {"revalidate": {"after": "1s"}}),
        (SEALED, {"revalidate": {"after": "2d"}, "verified_within": "1d", "verified_by": ["seal", "origin"]}),
        (DECLARED, {"warn_after": "1d", "max_age": "1d"}),
        ({**LISTED, "threshold": 8, "at_least": 0, "grace": "0s"}, {}),
        (DECLARED, {"rules": [{"match": ["https://a.example/x/**", "https://*.example/*"]}]}),
    ],
)
def test_rules_that_only_just_go_together_are_taken(provenance: dict[str, Any], freshness: dict[str, Any]) -> None:
    assert source(provenance, **freshness).id == "a"


def test_the_shortest_time_within_which_something_is_verified_is_that_of_any_rule() -> None:
    rules = [{"type": "a", "verified_within": "1d"}, {"type": "b", "verified_within": None}]
    found = source(SEALED, verified_within="2d", verified_grace="1h", rules=rules)
    assert found.freshness.shortest_verified_within == DAY
    assert [one.verified_within for one in found.freshness.every] == [2 * DAY, DAY, None]
    assert [one.verified_grace for one in found.freshness.every][:2] == [timedelta(hours=1)] * 2
    assert source(SEALED).freshness.shortest_verified_within is None


@pytest.mark.parametrize(("text", "line"), [("\nmode: \u202ewarn\n", 2), ("# \u2066\n", 1), ("a: 1\n\n# \u202a", 3)])
def test_a_sign_that_turns_what_follows_is_refused_with_its_line(text: str, line: int, tmp_path: Any) -> None:
    (tmp_path / "headgate.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match="turns the direction") as caught:
        Policy.load(tmp_path / "headgate.yaml")
    assert caught.value.line == line


def test_a_manifest_that_is_a_feed_needs_keys_that_may_sign_it() -> None:
    feed = {"manifest": "https://a.example/m/"}
    with pytest.raises(ValidationError, match="a manifest is a feed and no key may sign it"):
        source(DECLARED, feeds=[feed])
    assert source(SEALED, feeds=[feed]).verifiers == ("feed",)


@pytest.mark.parametrize(
    ("value", "share"), [("20%", 0.2), (" 20 % ", 0.2), ("0%", 0.0), ("99.9%", 0.999), (0.5, 0.5), ("0.3", 0.3)]
)
def test_a_share_may_be_written_in_hundredths(value: object, share: float) -> None:
    assert Quarantine.model_validate({"failures": value}).failures == pytest.approx(share)


@pytest.mark.parametrize(
    "values", [{"failures": "100%"}, {"failures": "x%"}, {"failures": -0.1}, {"window": "0s"}, {"at_least": 0}]
)
def test_what_is_no_share_no_time_and_no_number_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Quarantine.model_validate(values)


def test_defaults_of_a_quarantine_are_a_fifth_of_fifty_in_an_hour() -> None:
    assert (Quarantine().failures, Quarantine().window, Quarantine().at_least) == (0.2, timedelta(hours=1), 50)
    assert Quarantine(at_least=1).at_least == 1


def test_what_is_released_is_what_the_policy_says() -> None:
    assert MetadataKeys().released == frozenset()
    assert MetadataKeys(release="all").released is None
    assert MetadataKeys.model_validate({"release": ["title"]}).released == frozenset({"title"})
    for value in ("title", 3, ["title", 3], None):
        with pytest.raises(ValidationError, match="neither covered nor all"):
            MetadataKeys.model_validate({"release": value})


def test_a_policy_names_keys_of_its_own_or_none() -> None:
    settings: list[tuple[dict[str, object], bool]] = [
        ({}, False),
        ({"timezone": "UTC", "date_order": "DMY", "release": "all", "type": ["kind"]}, False),
        ({"source": "url"}, True),
        ({"version": ["v"]}, True),
    ]
    for given, expected in settings:
        assert MetadataKeys.model_validate(given).names_any is expected


def test_the_addresses_of_keys_are_told_from_files_and_from_keys_written_out(tmp_path: Any) -> None:
    inline = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
    address = "https://keys.example/{}.json"
    policy = Policy.from_mapping(
        {
            "sources": [
                {
                    "id": "a",
                    "match": "https://a.example/**",
                    "provenance": {
                        "require": "manifest",
                        "manifest": "m",
                        "keys": ["a.json", address.format(1), inline],
                        "timestamp_keys": [address.format(2), "b.json"],
                    },
                },
                {
                    "id": "b",
                    "match": "https://b.example/**",
                    "provenance": {"require": "sealed", "keys": [address.format(1)]},
                },
            ]
        },
        tmp_path,
    )
    assert policy.key_addresses() == (address.format(1), address.format(2))
    assert policy.named_files() == tuple(tmp_path / name for name in ("a.json", "b.json", "m/timestamp.json"))


PAGES = "https://d.example/{version}/{page}"


@pytest.mark.parametrize(
    ("pattern", "uri", "numbered", "named"),
    [
        (PAGES, "https://d.example/v1/a/b", "v1", "v1"),
        (PAGES, "https://d.example/v1", "v1", "v1"),
        (PAGES, "https://d.example/v1/", "v1", "v1"),
        (PAGES, "https://d.example/about", None, None),
        (PAGES, "https://d.example/about/x", None, "about"),
        (PAGES, "http://d.example/v2/x?y", "v2", "v2"),
        (PAGES, "https://d.example/v1//x", "v1", "v1"),
        (PAGES, "https://d.example/v1%2Fx", "v1", "v1"),
        (PAGES, "https://e.example/v1/x", None, None),
        (PAGES, None, None, None),
        ("https://{version}.d.example/{page}", "https://v3.d.example/x", "v3", "v3"),
        ("https://{version}.d.example/{page}", "https://v3.d.example/", None, None),
        ("https://d.example/{lang}/{version}", "https://d.example/de/3.1", "3.1", "3.1"),
        ("https://d.example/{lang}/{version}", "https://d.example/de/x", None, "x"),
        ("http://d.example/x-{version}/{page}", "https://d.example/x-9/a", "9", "9"),
        ("file:d/{version}/{page}", "file:d/2.0/a", "2.0", "2.0"),
        (None, "https://d.example/v1/a", None, None),
    ],
)
def test_an_address_names_an_edition_where_the_pattern_says(
    pattern: str | None, uri: str | None, numbered: str | None, named: str | None
) -> None:
    assert Identity(pattern=pattern).edition_of(uri) == numbered
    if pattern is not None:
        for current in ("unversioned", "v9", "latest"):
            assert Identity(pattern=pattern, current=current).edition_of(uri) == numbered
        # Where the current one has a name of its own, so may every other one.
        assert Identity(pattern=pattern, current="jazzy").edition_of(uri) == named


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"pattern": "https://d.example/{page}"}, "names {version} once"),
        ({"pattern": "https://d.example/{version}/{version}"}, "names {version} once"),
        ({"pattern": "https://d.example/{version}/{a}/{a}"}, "names {version} once"),
        ({"pattern": f"https://d.example/{{version}}/{'x' * 2_023}"}, "names {version} once"),
        ({"pattern": "https://d.example/{a}{version}"}, "one name in braces at most"),
        ({"pattern": "https://d.example/{V}/{version}"}, "one name in braces at most"),
        ({"pattern": "https://d.example/{version}}"}, "one name in braces at most"),
        ({"pattern": "https://d.example/{version}?x"}, "a pattern is an address"),
        ({"pattern": "//d.example/{version}"}, "a pattern is an address"),
        ({"pattern": "https://d.example/0place000/{version}"}, "a pattern is an address"),
        ({"pattern": "https://d.example/{version}", "current": 3.1}, "Write the edition in quotes"),
        ({"pattern": "https://d.example/{version}", "current": 3}, "Write the edition in quotes"),
        ({"pattern": "https://d.example/{version}", "current": True}, "valid string"),
        ({"pattern": "https://d.example/{version}", "current": ""}, "at least 1 character"),
        ({"current": "3"}, "no pattern says where"),
        ({"asked": "warn"}, "no pattern says where"),
        ({"row_key": True}, "row_key"),
    ],
)
def test_a_pattern_of_editions_is_an_address_with_one_edition(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Identity.model_validate(given)
    assert words in str(caught.value)


def test_a_table_without_rows_of_its_own_and_an_odd_address_are_taken() -> None:
    assert Identity(row_key=False).row_key is False
    assert Identity(pattern="https://d.example/0place00/{version}").edition_of("https://d.example/0place00/3") == "3"


@pytest.mark.parametrize(
    "segment",
    [
        *("3", "v1.9", "2.x", "release-1.9", "2024-05", "v2beta1", "4.0rc1", "2.7+cu118", "1!3.9", "latest", "rc1"),
        *("beta-2", "stable", "%33", " 3 ", "main"),
    ],
)
def test_a_number_and_a_word_for_an_edition_look_like_one(segment: str) -> None:
    assert looks_like_an_edition(segment)


@pytest.mark.parametrize("segment", ["x", "v", "about", "3d-view", "", "latestx", "3/4"])
def test_other_segments_do_not(segment: str) -> None:
    assert not looks_like_an_edition(segment)


def test_a_restriction_takes_the_stricter_of_two_rules() -> None:
    one = Freshness.model_validate(
        {"max_age": "2d", "warn_after": "1d", "verified_within": "9d", "verified_grace": "2h", "missing": "drop"}
        | {"unreadable": "warn", "review": "admit", "status": {"draft": "admit", "old": "drop", "new": "warn"}}
    )
    other = Freshness.model_validate(
        {"max_age": "1d", "verified_within": "9d", "verified_grace": "1h", "missing": "admit", "unreadable": "drop"}
        | {
            "review": "warn",
            "status": {"draft": "warn", "old": "admit", "new": "drop", "x": "warn", "y": "drop", "z": "admit"},
        }
    )
    for found in (restricted(one, other), restricted(other, one)):
        assert (found.max_age, found.warn_after, found.verified_within) == (DAY, DAY, 9 * DAY)
        assert (found.missing, found.unreadable, found.review) == ("drop", "drop", "warn")
        assert found.verified_grace == timedelta(hours=1)
    assert restricted(one, other).status == {"draft": "warn", "old": "drop", "new": "drop", "y": "drop"}
    assert restricted(Freshness(), Freshness()).max_age is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # By one calendar, business days can be compared.
        ({"max_age": "5bd"}, {"max_age": "3bd"}, BusinessDays(3)),
        ({"max_age": "3bd"}, {"max_age": "5bd"}, BusinessDays(3)),
        ({"max_age": "3bd"}, {"max_age": "3bd"}, BusinessDays(3)),
        ({}, {"max_age": "3bd"}, BusinessDays(3)),
        ({"max_age": "3bd"}, {}, BusinessDays(3)),
        # Else the shortest time that either may be.
        ({"max_age": "3bd"}, {"max_age": "2d"}, timedelta(days=2)),
        ({"max_age": "2d"}, {"max_age": "3bd"}, timedelta(days=2)),
        ({"max_age": "9d"}, {"max_age": "3bd"}, 3 * DAY - timedelta(hours=1)),
        ({"max_age": "5bd"}, {"max_age": "3bd", "calendar_timezone": "UTC"}, 3 * DAY - timedelta(hours=1)),
        ({"max_age": "3bd"}, {"max_age": "3bd", "calendar_timezone": "UTC"}, 3 * DAY - timedelta(hours=1)),
        ({}, {"max_age": "3bd", "calendar_timezone": "UTC"}, 3 * DAY - timedelta(hours=1)),
        ({"max_age": "3bd", "calendar_timezone": "UTC"}, {}, BusinessDays(3)),
    ],
)
def test_of_limits_in_business_days_the_shorter_counts_where_one_calendar_says_which_it_is(
    one: dict[str, str], other: dict[str, str], expected: object
) -> None:
    assert restricted(Freshness.model_validate(one), Freshness.model_validate(other)).max_age == expected


@pytest.mark.parametrize(
    ("evidence", "require", "is_proved", "expected"),
    [
        (None, "sealed", True, "sealed"),
        (None, "sealed", False, "any"),
        (None, "manifest", True, "sealed"),
        (None, "declared", True, "any"),
        ("any", "sealed", True, "any"),
        ("sealed", "declared", False, "sealed"),
    ],
)
def test_unsigned_entries_speak_where_nothing_is_proved_or_the_policy_lets_them(
    evidence: Any, require: Any, is_proved: bool, expected: str
) -> None:
    assert SourceFreshness(evidence=evidence).evidence_for(require, is_proved=is_proved) == expected


PLACES = {
    "sitemap": {"sitemap": "https://a.example/sitemap.xml"},
    "news": {"news": "feed.xml"},
    "git": {"git": "docs", "base": "https://a.example/"},
    "changes": {"changes": "changes.jsonl"},
    "manifest": {"manifest": "https://a.example/manifest/"},
    "sql": {"sql": "sqlite:///cms.db", "query": "SELECT uri FROM pages"},
    "graph": {"graph": "https://graph.example/delta", "secret_env": "TOKEN"},
    "drive": {"drive": "https://drive.example/v3", "secret_env": "TOKEN"},
}
ABOUT = {
    "base": ("https://a.example/", {"git"}),
    "strip": (".md", {"git"}),
    "corpus": ("handbook", {"manifest"}),
    "query": ("SELECT uri FROM pages", {"sql"}),
    "incremental": ("version", {"sql"}),
    "timezone": ("UTC", {"sql"}),
    "timeout": ("1s", {*FEED_KINDS}),
    "secret_env": ("TOKEN", {"sql", "graph", "drive"}),
    "name": ("pages", {*FEED_KINDS}),
}


@pytest.mark.parametrize("kind", FEED_KINDS)
def test_a_feed_takes_the_keys_that_are_about_its_kind_and_no_others(kind: str) -> None:
    rule = FeedRule.model_validate(PLACES[kind])
    assert (rule.kind, rule.place) == (kind, PLACES[kind][kind])
    for key, (value, kinds) in ABOUT.items():
        given = {**PLACES[kind], key: value}
        if kind in kinds:
            assert getattr(FeedRule.model_validate(given), key) is not None
        else:
            with pytest.raises(ValidationError, match=f"{key} is about "):
                FeedRule.model_validate(given)


SQL = PLACES["sql"]
FEEDS: list[tuple[dict[str, str], str | None]] = [
    ({**SQL, "sql": "postgresql+psycopg://reader@host/name?sslmode=require"}, None),
    ({**SQL, "sql": "cms.db"}, "sql names a database"),
    ({**SQL, "sql": "postgresql://reader:word@host/name"}, "holds a password"),
    ({**SQL, "sql": "postgresql://host/name?user=u&PASSWORD=word"}, "holds a password"),
    ({**SQL, "query": " with a as (select 1) select * from a; "}, None),
    ({**SQL, "query": "selected"}, "query is one SELECT"),
    ({**SQL, "query": "SELECT 1; DROP TABLE a"}, "query is one SELECT"),
    ({**SQL, "query": "DROP TABLE a"}, "query is one SELECT"),
    ({**SQL, "overlap": "1m"}, "Add incremental"),
    ({**SQL, "overlap": "30d", "incremental": "updated_at"}, None),
    ({**SQL, "overlap": "31d", "incremental": "updated_at"}, "less than or equal to 30 days"),
    ({**SQL, "timeout": "1h"}, None),
    ({**SQL, "timeout": "61m"}, "less than or equal to 1 hour"),
    ({**SQL, "timeout": "0s"}, "greater than 0"),
    ({"sitemap": "http://a.example/s.xml"}, "not an https:// address"),
    ({"changes": "s3://a/changes.jsonl"}, "not an https:// address"),
    ({"git": "https://a.example/x.git", "base": "https://a.example/"}, "git is a folder"),
    ({"git": "docs"}, "add base"),
    ({"graph": "delta.json", "secret_env": "T"}, "is an https:// address"),
    ({"graph": "https://graph.example/delta"}, "needs a token"),
    ({"drive": "https://drive.example/v3", "secret_env": "ya29.a0Af"}, "not the name of an environment variable"),
    ({"drive": "https://drive.example/v3", "secret_env": "A" * 100}, None),
    ({"drive": "https://drive.example/v3", "secret_env": "A" * 101}, "not the name of an environment variable"),
    ({"sitemap": "a", "news": "b"}, "a feed is one of"),
    ({"name": "a"}, "a feed is one of"),
]


@pytest.mark.parametrize(("feed", "words"), FEEDS)
def test_a_feed_is_taken_where_it_can_be_pulled_and_else_refused_without_a_secret(
    feed: dict[str, str], words: str | None
) -> None:
    if words is None:
        assert FeedRule.model_validate(feed).place in feed.values()
        return
    with pytest.raises(ValidationError, match=words) as caught:
        FeedRule.model_validate(feed)
    assert ":word@" not in caught.value.errors()[0]["msg"]


def test_the_files_that_a_policy_names_are_those_of_all_its_parts(tmp_path: Path) -> None:
    keys = ["a.json", "https://keys.example/jwks.json", {"keys": []}]
    given = {
        "id": "a",
        "match": "https://a.example/**",
        "provenance": {**LISTED, "keys": keys, "timestamp_keys": ["b.json"], "delegations": ["c.jws"]},
        "terminology": ["d.yaml", {"file": "e.ttl", "language": "en"}],
        "identity": {"redirects": "f.json"},
    }
    default = {"provenance": {"require": "sealed", "keys": "g.json"}, "terminology": "h.yaml"}
    more = {"query": {"rewrite": ["i.yaml"]}, "revocations": [{"list": "r.jws", "keys": ["j.json", "a.json"]}]}
    policy = Policy.from_mapping({"sources": [given], "default": default, **more}, tmp_path)
    assert {path.name for path in policy.named_files()} == {
        *("a.json", "b.json", "c.jws", "d.yaml", "e.ttl", "f.json", "g.json", "h.yaml", "i.yaml", "j.json"),
        "timestamp.json",
    }
    assert {path.parent for path in policy.named_files()} == {tmp_path, tmp_path / "m"}
    assert len(policy.named_files()) == 11

"""Law 10, for whatever can be written as a source: no credential stays in it, and each stays one text."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Policy, PolicyError
from headgate.encoding import safe_id, safe_name, safe_uri
from headgate.freshness import read_redirects
from headgate.policy import normalise_uri

MARK = "s3cr3t"

# Where services and drivers want credentials: {0} stands for one.
USERS = (
    "https://user:{0}@h.example/x",
    "https://user:{0}@h.example",
    "https://user:{0}@h.example:8080/x?y",
    "//user:{0}@h.example/x",
    "user:{0}@h.example/x",
    "us_er:{0}@h.example/x",
    "1user:{0}@h.example/x",
    "https:/user:{0}@h.example/x",
    "https:\\\\user:{0}@h.example\\x",
    "\\\\user:{0}@h.example\\x",
    "/user:{0}@h.example/x",
    "file:user:{0}@h.example/x",
    "file:///user:{0}@h.example/x",
    "https%3A//user:{0}@h.example/x",
    "jdbc:oracle:thin:scott/{0}@//db.example:1521/x",
    "jdbc:postgresql://user:{0}@db.example/x",
    "snowflake:user:{0}@acct/db",
    "smb://domain;user:{0}@h.example/x",
    "redis://:{0}@h.example",
    "view-source:https://user:{0}@h.example/",
    "https://h.example/go/https://user:{0}@other.example/x",
    "https://h.example/go/https:/user:{0}@other.example/x",
)
QUERIES = (
    "https://h.example/x?{0}",
    "https://h.example?{0}",
    "https://h.example/x?a=b@c.example&{0}",
    "https://h.example/x#{0}",
    "https://h.example/x?a#{0}",
    "https://h.example/x;{0}",
    "https://h.example/x;v=1/{0}",
    "https://h.example/x&sig={0}",
    "https://h.example/token={0}",
    "https://h.example/x token={0}",
    "bucket.s3.example.com/k?X-Amz-Signature={0}",
    "/mnt/x?sig={0}",
    "C:\\x?sig={0}",
    "mailto:a@b.example?cc=c@d.example&x={0}",
    "jdbc:sqlserver://h.example;user=x;password={0}",
    "Driver={{x}};Server=h;Pwd={0}",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={0}",
    "AccountKey={0}",
    "host=h password={0}",
    "jdbc:oracle:thin:@(DESCRIPTION=(PASSWORD={0}))",
    "data:text/plain,{0}",
    " data:text/plain,{0}",
    "da\tta:text/plain,{0}",
    "JavaScript:{0}",
    "vbscript:{0}",
)
NAMES = ("{0}@h.example/x", "//{0}@h.example/x", "https://{0}@h.example/x", "scott/{0}@db", "scott/{0}@//db:1521/x")
# What a password may hold beside letters; in a query anything.
WITHIN = ("", "%", "%2F", "+", "=", ":", "@", ";", "&", "!", "|", ",", "(", " ")
FORMS = {
    "?": ("?", "%3F", "%3f", "%253F", "%25253f", "\uff1f", "\ufe56", quote("\uff1f")),
    "#": ("#", "%23", "%2523", "\uff03", quote("\uff03")),
    ";": (";", "%3B", "%253b", "\uff1b"),
    "&": ("&", "%26", "%2526", "\uff06"),
    "@": ("@", "%40", "%2540", "\uff20", quote("\uff20")),
}


def secrets(*within: str) -> st.SearchStrategy[str]:
    parts = st.sampled_from(within or WITHIN)
    return st.builds(lambda before, after: f"{MARK}{before}{after}{MARK}", parts, parts)


def written(template: str, secret: str) -> list[str]:
    """Return a source with a secret, as it is and in its normal form."""
    uri = template.format(secret)
    normal = normalise_uri(uri)
    return [uri] if normal is None else [uri, normal]


def require_safe(uri: str) -> None:
    safe = safe_uri(uri)
    assert MARK not in safe.lower()
    assert safe_uri(safe) == safe
    for named in (safe_id(uri), safe_name(uri), safe_id(safe)):
        assert MARK not in named.lower()


@given(st.sampled_from(USERS), secrets() | st.sampled_from(("/", "\\", "x/", "//")).map(lambda s: f"{MARK}{s}{MARK}"))
def test_no_user_information_stays(template: str, secret: str) -> None:
    for uri in written(template, secret):
        require_safe(uri)


@given(st.sampled_from(USERS), st.sampled_from(("?", "#", "?x=", "#x;", "?#", "%3F")))
def test_no_user_information_stays_that_looks_like_a_query(template: str, within: str) -> None:
    # As it is written: by the letter, what its normal form drops was a fragment.
    require_safe(template.format(f"{MARK}{within}{MARK}"))


@given(st.sampled_from(NAMES), secrets("", "%", "+", "_", "=", "%2F", "."))
def test_no_name_before_an_at_stays(template: str, secret: str) -> None:
    for uri in written(template, secret):
        require_safe(uri)


@given(st.sampled_from(QUERIES), secrets(*WITHIN, "/", "?", "#", "//", "\\"))
def test_no_parameter_stays(template: str, secret: str) -> None:
    for uri in written(template, secret):
        require_safe(uri)


@given(st.sampled_from((*USERS, *QUERIES)), st.data())
def test_separators_that_are_encoded_or_only_look_alike_separate(template: str, data: st.DataObject) -> None:
    place, *_ = template.partition("{0}")
    found = [sign for sign in FORMS if sign in (place if template in QUERIES else template)]
    for sign in found:
        template = template.replace(sign, data.draw(st.sampled_from(FORMS[sign])))
    # An encoded host is that of nobody, and hides nothing.
    for uri in written(template, MARK):
        require_safe(uri)


@given(st.sampled_from((*USERS, *QUERIES, *NAMES)), st.sampled_from(WITHIN))
def test_two_sources_stay_two(template: str, within: str) -> None:
    one, other = (template.format(f"{name}{within}x") for name in ("one", "two"))
    assert safe_uri(one) != safe_uri(other)


anything = st.text(st.sampled_from("ab1:/\\?#@;&=%~ .-\uff1f\uff20") | st.characters(), max_size=40)


@given(anything | st.lists(st.sampled_from(("//", "u:p@", "%3F", "a", "key=", "~abcdefghijkl", ":"))).map("".join))
def test_what_is_safe_stays_as_it_is(uri: str) -> None:
    safe = safe_uri(uri)
    assert safe_uri(safe) == safe
    normal = normalise_uri(uri)
    if normal is not None:
        # A record's own address leads back to it.
        assert normalise_uri(safe_uri(normal)) in (safe_uri(normal), None)


@pytest.mark.parametrize(
    "uri",
    [
        "https://handbook.example/leave/2024",
        "https://h.example:8080/@user/post",
        "https://h.example/caf%C3%A9/R&D/Q&A (2).md",
        "https://h.example/wiki/Help:Contents",
        "https://[::1]:8080/a",
        "s3://bucket/year=2024/region=eu/part-0.parquet",
        "file:node_modules/@scope/a.md",
        "file:docs/img/logo@2x.png",
        "file:/C:/docs/a@b.md",
        "C:\\docs\\a@b.md",
        "urn:isbn:123",
        "doi:10.1000/182",
        "localhost:8000/x",
    ],
)
def test_what_is_a_path_stays(uri: str) -> None:
    assert safe_uri(uri) == uri


@pytest.mark.parametrize("identifier", ["doc-7", "a/b.md#12", "b.md#part-2", "lc_9", "42", "a" * 200])
def test_identifiers_of_stores_stay(identifier: str) -> None:
    assert safe_id(identifier) == identifier


@pytest.mark.parametrize(
    "part", ["//a@", "a:", "/a:b", "%25", "%3A%40", "@", "key ", "&", "x?", "//", "~", "/u:x", "data:", "\uff20"]
)
def test_the_work_is_linear(part: str) -> None:
    def seconds(times: int) -> float:
        begun = time.process_time()
        safe_uri(f"https://{part * times}@")
        return time.process_time() - begun

    # Quadratic work would take ten thousand times as long.
    assert seconds(100_000) < max(seconds(1_000), 0.002) * 1_000


def test_no_error_of_a_policy_repeats_one() -> None:
    source = {"match": f"jdbc:oracle:thin:scott/{MARK}@db", "provenance": {"require": "declared"}}
    twice = {"sources": [{"id": "a", **source}, {"id": "b", **source}]}
    rule = {"match": [f"https://h.example/{MARK}"], "max_age": "1d"}
    away = {"sources": [{"id": "a", **source, "freshness": {"rules": [{**rule, "match": f"s3:{MARK}@x"}]}}]}
    for policy in (twice, away):
        with pytest.raises(PolicyError) as caught:
            Policy.from_mapping(policy)
        assert MARK not in str(caught.value)
    for text in (f"/a?{MARK} /b", f"/a ftp//user:{MARK}@h", f'{{"/a?{MARK}": 1}}'):
        with pytest.raises(ValueError) as refused:
            read_redirects(text, None)
        assert MARK not in str(refused.value)

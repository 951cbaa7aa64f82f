"""Looking a URI up finds what trying every pattern finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.policy import UriPattern, normalise_uri
from headgate.policy.lookup import PatternIndex

labels = st.sampled_from(["a", "b", "ab"])
wild = st.sampled_from(["a", "b", "ab", "*", "**", "a*"])


def _written(host: list[str], path: list[str], query: str) -> str:
    return f"https://{'.'.join(host)}.example/{'/'.join(path)}{query}"


patterns = st.one_of(
    st.builds(
        _written, st.lists(wild, min_size=1, max_size=2), st.lists(wild, max_size=3), st.sampled_from(["", "?a=*"])
    ),
    st.builds(lambda path: f"file:{'/'.join(path)}", st.lists(wild, min_size=1, max_size=3)),
)
uris = st.one_of(
    st.builds(
        _written, st.lists(labels, min_size=1, max_size=2), st.lists(labels, max_size=4), st.sampled_from(["", "?a=1"])
    ),
    st.builds(lambda path: f"file:{'/'.join(path)}", st.lists(labels, min_size=1, max_size=4)),
)


def _tried(ranked: list[tuple[UriPattern, int]], uri: str) -> int:
    return next((value for pattern, value in ranked if pattern.matches(uri)), -1)


@given(st.lists(patterns, max_size=8), st.lists(uris, max_size=8))
def test_a_look_up_finds_the_first_that_matches(written: list[str], asked: list[str]) -> None:
    parsed = [UriPattern.parse(one) for one in written]
    ranked = sorted(
        ((one, number) for number, one in enumerate(parsed)), key=lambda pair: pair[0].specificity, reverse=True
    )
    index = PatternIndex(ranked)
    assert list(index) == ranked
    for one in asked:
        uri = normalise_uri(one) or ""
        assert index.find(uri, -1) == _tried(ranked, uri)


def test_few_patterns_are_tried_of_ten_thousand() -> None:
    tried = 0

    class Counting(UriPattern):
        def covers(self, *parts: object) -> bool:
            nonlocal tried
            tried += 1
            return super().covers(*parts)  # type: ignore[arg-type]

    parsed = [UriPattern.parse(f"https://docs.example/tenant-{number}/**") for number in range(10_000)]
    counting = [Counting(one.text, one.host, one.path, one.query) for one in parsed]
    index = PatternIndex((one, number) for number, one in enumerate(counting))
    assert index.find("https://docs.example/tenant-9999/page", -1) == 9_999
    assert index.find("https://docs.example/nobody/page", -1) == -1
    assert tried == 1

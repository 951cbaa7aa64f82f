"""Laws of URIs and patterns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.policy import UriPattern, normalise_uri

segments = st.text("abcXYZ019-._~%*@: ", max_size=6)
hosts = st.lists(st.text("abc019-", min_size=1, max_size=5), min_size=1, max_size=4).map(".".join)
uris = st.builds(lambda host, path: f"https://{host}/{'/'.join(path)}", hosts, st.lists(segments, max_size=5))
anything = uris | st.text(max_size=60) | st.integers() | st.none()


@given(anything)
def test_the_normal_form_is_its_own_normal_form(value: object) -> None:
    normal = normalise_uri(value)
    if normal is not None:
        assert normalise_uri(normal) == normal


@given(uris)
def test_case_of_scheme_and_host_default_port_and_fragment_say_nothing(uri: str) -> None:
    scheme, _, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    same = f"{scheme.upper()}://{host.upper()}:443{slash}{path}#part"
    assert normalise_uri(same) == normalise_uri(uri)


@given(hosts, st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=4))
def test_two_stars_cover_everything_below_and_nothing_beside(host: str, path: list[str]) -> None:
    pattern = UriPattern.parse(f"https://{host}/docs/**")
    below = normalise_uri(f"https://{host}/docs/{'/'.join(path)}")
    assert below is not None
    assert pattern.matches(below)
    for beside in (f"https://{host}/other/{'/'.join(path)}", f"https://x{host}/docs/a", f"http://{host}/docs/a"):
        normal = normalise_uri(beside)
        assert normal is not None
        assert not pattern.matches(normal)


@given(st.lists(st.sampled_from(["..", ".", "a", "%2e%2e", "%2E."]), max_size=6))
def test_no_path_climbs_out_of_its_pattern(steps: list[str]) -> None:
    normal = normalise_uri(f"https://h.example/docs/{'/'.join(steps)}")
    assert normal is not None
    assert ".." not in normal.split("/")
    assert UriPattern.parse("https://h.example/docs/**").matches(normal) == normal.startswith("https://h.example/docs/")


@given(st.lists(st.sampled_from(["*", "a*", "*b*", "**", "a"]), min_size=1, max_size=6), st.text("ab/", max_size=60))
def test_matching_ends_whatever_the_pattern(parts: list[str], path: str) -> None:
    try:
        pattern = UriPattern.parse("https://h.example/" + "/".join(parts))
    except ValueError:
        return
    normal = normalise_uri(f"https://h.example/{path}")
    assert normal is not None
    assert isinstance(pattern.matches(normal), bool)

"""Redirects that a site lists: an old address is the document that it leads to, as far as versions go."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate, Policy, PolicyError
from headgate.freshness import identify_document, read_redirects
from headgate.record.writing import log_record
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher
from origin_fixtures import Origin, says

BASE = "https://docs.example"


def at(path: str) -> str:
    document = identify_document(f"{BASE}{path}")
    assert document is not None
    return document


def test_lines_are_read_as_hosts_read_them() -> None:
    found = read_redirects(
        "# moved in 2026\n\n"
        "/old /new\n"
        "/a/  /b/index.html   301\n"
        "/c /d 308!\n"
        "/e /f 302\n"
        "/g /h 200\n"
        '"/i" , "/j"\n'
        "https://docs.example/k http://docs.example/l?utm_source=x\n"
        "/news/* /blog/:splat 301\n"
        "/m /n 301 Country=us\n"
        "/same/ /same\n",
        BASE,
    )
    expected = {"/old": "/new", "/a": "/b", "/c": "/d", "/i": "/j", "/k": "/l"}
    assert dict(found.targets) == {at(old): at(new) for old, new in expected.items()}
    assert found.skipped == 2


def test_chains_are_followed_and_sections_go_with_their_page() -> None:
    found = read_redirects(json.dumps({"/a": "/b", "/b": "/c", "/c": "/d"}), BASE)
    assert found.current(at("/a")) == at("/d")
    assert found.current(at("/a#install")) == at("/d#install")
    assert found.current(at("/other#install")) == at("/other#install")
    assert found.current(None) is None
    assert read_redirects("/a /b", BASE).digest != read_redirects("/a /c", BASE).digest


def test_a_page_may_become_a_section_of_another() -> None:
    found = read_redirects("/refunds /faq#refunds\n/leave /faq#leave\n/faq /help\n/x#a /y\n", BASE)
    assert found.current(at("/refunds")) == at("/help#refunds")
    assert found.current(at("/leave")) == at("/help#leave")
    assert found.current(at("/refunds#late")) == at("/refunds#late")
    assert found.current(at("/x")) == at("/x")
    assert found.skipped == 1


def test_an_address_may_hold_a_comma_and_a_file_may_begin_with_a_mark() -> None:
    assert dict(read_redirects("\ufeff/a,b /c 301\n", BASE).targets) == {at("/a,b"): at("/c")}
    assert dict(read_redirects("/a,/b,301\n/c, /d\n", BASE).targets) == {at("/a"): at("/b"), at("/c"): at("/d")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/a", "line 1: a redirect has two addresses"),
        ("/a /b\n/a /c", "line 2: '/a' leads to two places"),
        ("/a /b\n/b /a", "leads back to itself"),
        ("\n".join(f"/{n} /{n + 1}" for n in range(40)), "on and on"),
        ('{"/a": 1}', "'/a': its value is not an address"),
        ("{", "not JSON"),
        ("[" * 100_000, "two addresses"),
        ("/a b 301", "line 1: 'b' is not an address"),
        ('{"/a": "/b", "/a": "/c"}', "'/a' leads to two places"),
        ('{"/a": ' + "[" * 100_000, "not JSON"),
        ("/a https://[::1", "not an address"),
    ],
)
def test_what_cannot_be_read_is_an_error(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_redirects(text, BASE)
    if "/a /b" in text:
        with pytest.raises(ValueError, match="has no host"):
            read_redirects(text, None)


@given(st.text(alphabet="/ab \n#*:30128,\"'{}", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read_redirects(text, BASE)
    except ValueError:
        return
    for document in found.targets:
        end = found.current(document)
        assert end != document
        assert found.current(end) == end


def gate_of(folder: Path, clock: FixedClock, publisher: Publisher, lines: str, **more: Any) -> Gate:
    (folder / "_redirects").write_text(lines)
    source = {**publisher.source(freshness=more.pop("freshness", {})), "identity": {"redirects": "_redirects"}}
    return Gate(Policy.from_mapping({"sources": [source], **more}, folder), clock=clock)


def test_versions_under_both_addresses_are_of_one_document(tmp_path: Path, clock: FixedClock) -> None:
    docs = Publisher("docs", f"{BASE}/**", clock)
    old = docs.seal("20 days", f"{BASE}/leave-policy", version=1)
    new = docs.seal("30 days", f"{BASE}/people/leave", version=2)
    gate = gate_of(tmp_path, clock, docs, "/leave-policy /people/leave 301\n")
    assert [one.codes for one in gate.admit([old, new]).decisions] == [("F205",), ()]
    admission = gate.admit([old])
    assert [one.codes for one in admission.decisions] == [("F205",)]  # known from the retrieval before
    record = json.loads(json.dumps(log_record(gate.admit([old, new]))))
    assert [one.codes for one in Redecider(gate.policy).redecide(record)] == [("F205",), ()]
    assert [one.codes for one in gate_of(tmp_path, clock, docs, "").admit([old, new]).decisions] == [(), ()]
    gate.close()


def test_another_list_is_another_revision(tmp_path: Path, clock: FixedClock) -> None:
    docs = Publisher("docs", f"{BASE}/**", clock)
    (tmp_path / "_redirects").write_text("/a /b\n")
    policy = {"sources": [{**docs.source(), "identity": {"redirects": "_redirects"}}]}
    (tmp_path / "headgate.yaml").write_text(json.dumps(policy))
    gate = Gate(tmp_path / "headgate.yaml", clock=clock)
    before = gate.policy_revision
    assert tmp_path / "_redirects" in gate.files
    assert not gate.reload()
    (tmp_path / "_redirects").write_text("/a /c\n")
    assert gate.reload()
    assert gate.policy_revision != before
    (tmp_path / "_redirects").write_text("/a\n")
    with pytest.raises(PolicyError, match=r"sources\[0\]\.identity\.redirects.*line 1"):
        gate.reload()
    (tmp_path / "_redirects").unlink()
    with pytest.raises(PolicyError, match="redirects"):
        gate.reload()


def test_rules_with_placeholders_are_left_out_and_said(
    tmp_path: Path, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    docs = Publisher("docs", f"{BASE}/**", clock)
    with caplog.at_level(logging.WARNING, "headgate"):
        gate_of(tmp_path, clock, docs, "/a/* /b/:splat\n/c /d\n")
    assert "1 redirects with placeholders" in caplog.text


@pytest.mark.enable_socket
def test_a_server_that_redirects_as_is_listed_does_not_call_the_page_gone(origin: Origin, tmp_path: Path) -> None:
    origin.has(old=(301, {"Location": "/new"}), other=(301, {"Location": "/elsewhere"}))
    rules = {"freshness": {"revalidate": {"timeout": "10s"}}, "key_sets": {"private": ["127.0.0.1"]}}
    gate = gate_of(tmp_path, origin.clock, origin.publisher, "/old /new\n/other /new\n", **rules)
    assert says(gate, origin.page("old"), origin.page("other")) == ["admit", "drop F212"]


def test_only_versions_depend_on_it_never_keys(tmp_path: Path, clock: FixedClock) -> None:
    docs, wiki = Publisher("docs", f"{BASE}/**", clock), Publisher("wiki", "https://wiki.example/**", clock)
    (tmp_path / "_redirects").write_text(f"https://wiki.example/a {BASE}/a\n{BASE}/b https://wiki.example/b\n")
    identity = {"identity": {"redirects": "_redirects"}}
    policy = {"sources": [{**docs.source(), **identity}, {**wiki.source(), **identity}]}
    gate = Gate(Policy.from_mapping(policy, tmp_path), clock=clock)
    stolen = wiki.seal("text", f"{BASE}/a")
    kept = docs.seal("text", f"{BASE}/b", version=1)
    newer = wiki.seal("text", "https://wiki.example/b", version=2)
    assert not gate.admit([stolen]).chunks
    assert len(gate.admit([kept, newer]).chunks) == 2  # of two sources, so two documents
    assert not gate.admit([Chunk("text", {"source": f"{BASE}/a"})]).chunks
    gate.close()

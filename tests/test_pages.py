"""Pages in a real browser: accessible, readable on a phone and in print, and kept apart from what documents hold.

Skipped, with a notice, where there is no chromium or playwright is not installed.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headgate import Chunk, Gate, Glossary, Manifest, Policy, Sealer
from headgate.cli.app import app
from headgate.corpus import CorpusItem, audit_corpus
from headgate.demo import load_chain_builder, render_page, run_demo
from headgate.evidence import Bundle, Span, survey
from headgate.evidence.views import bundle_page
from headgate.history import find_stale, score_sources, study_adoption
from headgate.provenance import KeySet, generate_signing_key
from headgate.provenance.revocation import Revocation, RevocationList
from headgate.record import log_record
from headgate.record.chain import lines_of
from headgate.record.receipt import issue_receipt, read_receipt
from headgate.rehearsal import rehearse
from headgate.replay import recheck, replay_records
from headgate.report import Origin, document_page, table, to_html, to_page, to_text
from headgate.testing import Diagnosis, FixedClock, Publisher
from headgate.testing.doctor import Fate, Verdict
from headgate.tuning import Traffic, look_ahead
from headgate.tuning.suggesting import Interval, Suggestion

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)
# Text of a script that runs from right to left, a long address, and markup.
ODD = "\u0643\u0644 \u0645\u0648\u0631\u062f <b>k8s</b> & \u05e9\u05dc\u05d5\u05dd"
LONG = "https://handbook.example/" + "a-very-long-segment/" * 12 + "page?with=parameters&and=more"
WIDE, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 800}
# The rest are short, and looked at on one page.
LOOKED_AT = ("admission", "adoption", "audit", "demo", "evidence", "rehearsal", "sources", "rest")
ORIGIN = Origin((("log", "decisions.jsonl"), ("policy", "headgate.yaml, revision sha-256:x")), "headgate x", NOW)


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One of everything that has a view, from real runs over documents that are hard to show."""
    folder = tmp_path_factory.mktemp("values")
    clock = FixedClock(NOW)
    handbook = Publisher("handbook", "https://handbook.example/**", clock)
    (folder / "terms.yaml").write_text("terms: {Kubernetes: [k8s]}")
    rules: dict[str, Any] = {"freshness": {"max_age": "90d"}, "terminology": [str(folder / "terms.yaml")]}
    policy = Policy.from_mapping({"sources": [handbook.source(**rules)], "default": {"freshness": {"max_age": "30d"}}})
    looser = Policy.from_mapping({"sources": [handbook.source(freshness={"max_age": "9y"})]})
    gate = Gate(policy, clock=clock)
    chunks = [
        handbook.seal("Suppliers get paid by k8s.", "https://handbook.example/suppliers", modified=clock.ago(days=10)),
        handbook.seal(ODD, LONG, modified=clock.ago(days=882)),
        Chunk("forged", {"source": "https://handbook.example/suppliers"}),
        *(Chunk(f"{ODD} {n}", {"source": f"https://elsewhere.example/{n}"}, id=f"{n}") for n in range(20)),
    ]
    admission = gate.admit(chunks, ODD)
    log = [log_record(gate.admit(chunks[n : n + 6], f"question {n}")) for n in range(0, len(chunks), 3)]
    signer = generate_signing_key("desk")
    keys = KeySet.from_jwks(signer.public_jwks())
    receipt = read_receipt(issue_receipt(gate.admit(chunks, "?"), signer, "desk"), keys)
    revoked = RevocationList(
        issuer=ODD, version=3, issued=NOW, expires=NOW + DAY, documents={LONG: Revocation(ODD, 2, NOW)}
    )
    listed = [Chunk(ODD, {"source": LONG}), Chunk("b", {"source": "https://handbook.example/b"})]
    manifest = Manifest.build(listed, corpus="docs", signer=Sealer(signer, issuer="docs"), out=folder / "manifest")
    promises = (
        Verdict("around", "broken", "handbook", ODD),
        Verdict("genuine", "holds"),
        Verdict("stale", "not proved"),
    )
    fates = (Fate("forged", "handbook", "dropped", ("P101",)),)
    doctor = Diagnosis(promises, fates, (4, 1), {"P101": 3}, ("Guard it.",), (ODD,), (ODD,))
    traffic = Traffic.of([admission, gate.admit(chunks[:4], "another")])
    glossary = Glossary.from_mapping({"Kubernetes": ["k8s", ODD]})
    intervals = (Interval(DAY, 0.01, 0.02), Interval(30 * DAY, 0.2, 0.3))
    return {
        "admission": admission,
        "decision": admission.decisions[1],
        "audit": audit_corpus(gate, [CorpusItem(f"line {n}", chunk) for n, chunk in enumerate(chunks)], NOW),
        "policy": policy,
        "glossary": glossary,
        "rewrite": glossary.rewrite(f"k8s {ODD}"),
        "sources": score_sources(log),
        "adoption": study_adoption(log),
        "stale": find_stale(log, looser),
        "replay": replay_records(log, looser),
        "recheck": recheck(gate, admission, NOW + 200 * DAY),
        "outlook": look_ahead(gate, (), now=NOW, within=7 * DAY),
        "rehearsal": _rehearsal(policy),
        "curve": traffic.max_age(policy, "handbook"),
        "levels": traffic.assurance(policy),
        "comparison": traffic.compare(policy, looser),
        "terms": traffic.glossary(None, glossary),
        "suggestion": Suggestion(0.05, DAY, ODD, intervals, 1, 1, 0, 40 * DAY),
        "doctor": doctor,
        "receipt": receipt,
        "revocations": revoked,
        "manifest": manifest,
    }


def _rehearsal(policy: Policy) -> Any:
    page, modified = "https://handbook.example/", NOW.isoformat()
    documents = [Chunk(f"Page {n}, on paper.", {"source": f"{page}{n}", "last_modified": modified}) for n in range(20)]
    return rehearse(documents, ["page?"], lambda found: lambda _: found[:8], policy, now=NOW)


@pytest.fixture(scope="module")
def pages(values: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, value in values.items():
        (folder / f"{name}.html").write_text(to_page(value, f"headgate: {name}", ORIGIN), encoding="utf-8")
    rest = "".join(to_html(value) for name, value in values.items() if name not in LOOKED_AT)
    (folder / "rest.html").write_text(document_page("rest", f"<h1>The rest</h1>{rest}", ORIGIN), encoding="utf-8")
    (folder / "demo.html").write_text(render_page(run_demo(load_chain_builder(), limit=2), ORIGIN), encoding="utf-8")
    (folder / "evidence.html").write_text(_evidence(folder), encoding="utf-8")
    return folder


def _evidence(folder: Path) -> str:
    """Return the first page of a bundle, of a log whose documents are hard to show and whose policy is not there."""
    clock = FixedClock(NOW)
    handbook = Publisher("handbook", "https://handbook.example/**", clock)
    with Gate({"sources": [handbook.source()], "log": {"path": str(folder / "log.jsonl")}}, clock=clock) as gate:
        gate.admit([handbook.seal("Suppliers get paid.", LONG), Chunk(ODD, {"source": LONG})], ODD)
    with (folder / "log.jsonl").open("ab") as log:
        log.write(f"{ODD}\n".encode())
    logs = [lines_of([folder / "log.jsonl"])]
    found = survey(logs, Span(NOW - DAY, NOW + DAY))
    return bundle_page(found, Bundle(folder / "b.zip", 1, 0, 0, False, tuple(found.revisions)), NOW)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no chromium here: pages were not looked at")
    driver = pytest.importorskip("playwright.sync_api", reason="pip install --group browser: pages were not looked at")
    with driver.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def axe() -> str:
    carrier = pytest.importorskip("axe_playwright_python", reason="pip install --group browser: no axe-core here")
    return (Path(carrier.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LOOKED_AT)
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(name: str, pages: Path, browser: Any, axe: str) -> None:
    """WCAG 2.2 AA and best practices, with all that is folded away opened; contrast in the dark too."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    run = "only => axe.run(document, {runOnly: only, resultTypes: ['violations']}).then(found => found.violations)"
    # Only so that axe itself may run: the page's own policy allows no script.
    with browser.new_context(bypass_csp=True, color_scheme="light", viewport=WIDE) as context:
        tab = context.new_page()
        tab.goto((pages / f"{name}.html").as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        tab.evaluate(axe)
        found = tab.evaluate(run, {"type": "tag", "values": tags})
        tab.emulate_media(color_scheme="dark")
        found += tab.evaluate(run, {"type": "rule", "values": ["color-contrast"]})
        tab.set_viewport_size(PHONE)
        found += tab.evaluate(run, {"type": "rule", "values": ["color-contrast", "scrollable-region-focusable"]})
        assert not [(one["id"], one["nodes"][0]["html"][:200]) for one in found]
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_page_asks_for_nothing_and_runs_nothing(pages: Path, browser: Any) -> None:
    asked: list[str] = []
    with browser.new_context() as context:
        context.on("request", lambda request: asked.append(request.url))
        for name in LOOKED_AT:
            tab = context.new_page()
            tab.goto((pages / f"{name}.html").as_uri())
            assert tab.evaluate("document.scripts.length") == 0
            tab.close()
    assert all(url.startswith(("file:", "data:image/svg+xml")) for url in asked)


def test_cards_dark_themes_and_print(pages: Path, browser: Any) -> None:
    audit = (pages / "audit.html").as_uri()
    shown = "getComputedStyle(document.querySelector(%r)).getPropertyValue(%r)"
    with browser.new_context(viewport=PHONE) as context:
        tab = context.new_page()
        tab.goto(audit)
        assert tab.evaluate(shown % ("tbody tr", "display")) == "block"
        cell = "document.querySelector('tbody td[data-label=source]')"
        assert "source" in tab.evaluate(f"getComputedStyle({cell}, '::before').content")
        assert tab.evaluate("document.querySelector('img').currentSrc") == tab.evaluate(
            "document.querySelector('picture source').srcset"
        )
    with browser.new_context(color_scheme="dark") as context:
        tab = context.new_page()
        tab.goto(audit)
        assert tab.evaluate(shown % (".headgate", "color-scheme")) == "dark"
        dark = tab.evaluate(shown % ("body", "background-color"))
        tab.emulate_media(media="print")
        assert tab.evaluate(shown % (".headgate", "color-scheme")) == "light"
        assert tab.evaluate(shown % ("body", "background-color")) == "rgb(255, 255, 255)" != dark
        assert tab.evaluate(shown % ("tbody tr", "break-inside")) == "avoid"


@pytest.mark.parametrize("name", LOOKED_AT)
def test_paper_is_wide_enough_and_says_what_codes_mean(name: str, pages: Path, browser: Any) -> None:
    # A4 without its margins.
    with browser.new_context(viewport={"width": 680, "height": 900}) as context:
        tab = context.new_page()
        tab.goto((pages / f"{name}.html").as_uri())
        assert not tab.evaluate("document.querySelector('.notes dl').checkVisibility()")
        tab.emulate_media(media="print")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 680
        assert tab.evaluate("document.querySelector('.notes dl').checkVisibility()")


def test_a_notebook_in_the_dark_is_dark_whatever_the_system_prefers(values: dict[str, Any], browser: Any) -> None:
    outputs = f'<body data-jp-theme-light="false">{to_html(values["admission"])}</body>'
    with browser.new_context(color_scheme="light") as context:
        tab = context.new_page()
        tab.set_content(outputs)
        # Images take over the scheme of the element that they are in.
        assert tab.evaluate("getComputedStyle(document.querySelector('.headgate img')).colorScheme") == "dark"


def test_every_page_opens_with_a_verdict_and_ends_with_what_it_rests_on(pages: Path, values: dict[str, Any]) -> None:
    for name in values.keys() - {"decision", "glossary", "rewrite"}:
        page = (pages / f"{name}.html").read_text(encoding="utf-8")
        opening = page.partition("<main")[2][:400]
        assert re.search(r'<p class="says"><span class="sign">[\u2713\u2717!]</span> ', opening) or name == "admission"
        for said in ("decisions.jsonl", "headgate.yaml, revision sha-256:x", "2026-06-01 12:00 UTC"):
            assert said in page.partition("<footer")[2].replace("<wbr>", ""), name


def test_only_a_change_has_a_before_and_an_after(values: dict[str, Any]) -> None:
    for name in ("doctor", "receipt", "revocations", "manifest"):
        assert "<dt>after</dt>" not in to_html(values[name]), name
        assert "after:" not in to_text(values[name]), name
    assert "<dt>before</dt>" in to_html(values["replay"])


def test_a_column_in_which_nothing_is_written_is_left_out(values: dict[str, Any]) -> None:
    assert table(("a", "b", "c"), [("x", "", "1"), ("y", "", "2")], numbers=(2,)).count("<th scope") == 2 + 2
    assert ">version</th>" not in to_html(values["receipt"])


def test_a_canary_whose_text_may_be_read_is_no_alarm(values: dict[str, Any]) -> None:
    fates = tuple(Fate(kind, "handbook", "in the prompt") for kind in ("genuine", "uncovered", "stale"))
    rows = to_html(replace(values["doctor"], fates=fates)).partition("<h2>Canaries</h2>")[2].split("<tr>")[2:5]
    assert [re.findall(r"badge (\w+)", row)[0] for row in rows] == ["good", "good", "bad"]


def test_codes_lead_to_what_they_mean_and_no_heading_of_a_table_is_empty(pages: Path) -> None:
    for page in sorted(pages.glob("*.html")):
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r'href="#([^"]+)"', text)) == set(re.findall(r'<dt id="([^"]+)"', text)), page.stem
        assert not re.search(r"<th[^>]*></th>", text), page.stem
        assert not re.search(r"<img (?!alt=\"[^\"]*\d)", text), "an alternative text has data"


def test_text_of_any_script_keeps_its_direction_and_long_addresses_can_be_broken(pages: Path) -> None:
    text = (pages / "admission.html").read_text(encoding="utf-8")
    assert f'dir="auto">{ODD[:8]}' in text
    assert "a-<wbr>very-<wbr>long-<wbr>segment/<wbr>" in text
    assert "<b>k8s" not in text


def test_many_documents_are_grouped_by_reason_with_three_examples_and_the_fix(values: dict[str, Any]) -> None:
    audit = to_html(values["audit"])
    group = audit.partition('<a href="#code-P109">P109</a> source not in policy: 20 documents</h3>')[2]
    assert group.startswith("<p>How to fix it: ")
    table, _, rest = group.partition("<details>")
    assert table.count("<tr>") == 1 + 3
    assert rest.startswith("<summary>17 more of 20</summary>")
    text = to_text(values["audit"])
    assert text.index("P109 source not in policy: 20 documents") < text.index("How to fix it") < text.index("Sources")


def test_the_question_is_shown_where_content_is_kept(values: dict[str, Any]) -> None:
    gate = values["admission"]
    assert "Asked: <q>" in to_html(gate)
    assert "Asked:" not in to_html(gate.decisions[0])


def test_any_value_is_shown_in_a_process_that_has_loaded_no_view(values: dict[str, Any], tmp_path: Path) -> None:
    kept = {name: value for name, value in values.items() if name not in ("manifest", "rehearsal")}
    (tmp_path / "values.pickle").write_bytes(pickle.dumps(kept))
    script = (
        "import pickle, sys; from headgate.report import to_html, to_text\n"
        "values = pickle.load(open(sys.argv[1], 'rb'))\n"
        "for name, value in values.items(): assert to_html(value) and to_text(value), name"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "values.pickle")]
    subprocess.run(command, check=True, timeout=120)  # noqa: S603 - our own script


@pytest.mark.parametrize("columns", [40, 80, 110])
def test_text_fits_the_terminal(values: dict[str, Any], columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for name, value in values.items():
        if hasattr(value, "__rich__"):
            assert max(map(len, to_text(value).splitlines())) <= columns, name


def test_commands_write_pages_that_name_their_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\nText.")
    source = "{id: docs, match: 'file:docs/**', provenance: {require: declared}}"
    (tmp_path / "headgate.yaml").write_text(f"sources: [{source}]")
    command = ["audit", "docs", "--html", "out.html", "--prefix", "https://user:secret@docs.example/"]
    monkeypatch.setattr(sys, "argv", ["headgate", *command])
    CliRunner().invoke(app, command)
    footer = (tmp_path / "out.html").read_text(encoding="utf-8").partition("<footer")[2].replace("<wbr>", "")
    assert "headgate audit docs --html out.html" in footer
    assert "headgate.yaml, revision sha-256:" in footer
    assert "secret" not in footer


@pytest.fixture
def log(values: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "decisions.jsonl"
    path.write_text(json.dumps(log_record(values["admission"])) + "\n", encoding="utf-8")
    return path


def test_a_log_is_a_table_in_a_terminal_and_plain_lines_in_a_pipe(log: Path) -> None:
    pty = pytest.importorskip("pty", reason="no terminals here")
    command = [sys.executable, "-m", "headgate", "log", str(log)]
    piped = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    assert len(piped.stdout.splitlines()) == len(json.loads(log.read_text())["decisions"])
    assert "\x1b" not in piped.stdout
    outer, inner = pty.openpty()
    try:
        environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "xterm"}
        with subprocess.Popen(command, stdout=inner, env=environment):  # noqa: S603 - our own command
            os.close(inner)
            shown = _read_all(outer).decode()
    finally:
        os.close(outer)
    lines = [line.rstrip() for line in shown.replace("\r", "").splitlines()]
    assert lines[0].split() == ["when", "(UTC)", "admission", "decision", "codes", "source"]
    assert any("\u2717 drop" in line and "P109" in line for line in lines)
    assert not re.search("\x1b\\[3[0-9]|\x1b\\[38", shown), "no colour where none is wanted"


def _read_all(terminal: int) -> bytes:
    read = b""
    while True:
        try:
            more = os.read(terminal, 65_536)
        except OSError:  # how Linux says that the other end was closed
            return read
        if not more:
            return read
        read += more


def test_what_a_log_lists_can_be_written_as_a_page(log: Path, tmp_path: Path) -> None:
    page = tmp_path / "log.html"
    done = CliRunner().invoke(app, ["log", str(log), "--action", "drop", "--html", str(page)])
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    dropped = sum(one["action"] == "drop" for one in json.loads(log.read_text())["decisions"])
    assert f"{dropped} documents in 1 admission: 0 admitted, {dropped} dropped." in text
    assert "source not in policy: 20 documents</h2>" in text
    refused = CliRunner().invoke(app, ["log", str(log), "--counts", "--html", str(page)])
    assert "leave out the other option" in str(refused.exception)


def test_the_stale_list_says_its_score(values: dict[str, Any]) -> None:
    stale = values["stale"]
    worst = stale.documents[0]
    assert worst.to_dict()["score"] == round(worst.prompts * worst.used, 3)
    assert f"{worst.damage:,.1f}" in to_html(stale)
    assert "The score is the number of prompts times" in to_text(stale)


def test_a_view_in_a_notebook_is_one_output(values: dict[str, Any]) -> None:
    """Where rich knows that it is in a notebook, making the plain text of a view must show nothing by itself."""
    script = (
        "import rich.console, builtins, sys\n"
        "rich.console._is_jupyter = lambda: True\n"
        "import rich.jupyter\n"
        "shown = []\n"
        "rich.jupyter.display = lambda *given: shown.append(given)\n"
        "from headgate import Glossary\n"
        "bundle = Glossary.from_mapping({'Kubernetes': ['k8s']})._repr_mimebundle_()\n"
        "assert bundle['text/plain'].startswith('1 concept, 1 alias.'), bundle\n"
        "assert not shown, shown\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603 - our own script

"""TBX in its versions and styles, and names of dbt and MetricFlow: what is canonical, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossary_files import LAUGHS, load, message, names
from growing import GROWTH, is_growing_too_fast
from headgate import Glossary, PolicyError
from headgate.terminology.reading import parse_glossary

pytest.importorskip("defusedxml", reason="TBX needs defusedxml: pip install 'headgate[tbx]'")

BASIC_2 = """<?xml version="1.0" encoding="{encoding}"?>
<!DOCTYPE martif SYSTEM "TBXcoreStructV02.dtd">
<martif type="TBX-Basic" xml:lang="en"><martifHeader><fileDesc/></martifHeader><text><body>
<termEntry id="c1">
  <descrip type="subjectField">furniture</descrip>
  <langSet xml:lang="en">
    <tig><term>LDX</term><termNote type="administrativeStatus">deprecatedTerm-admn-sts</termNote></tig>
    <tig><term>Lark<hi>Desk</hi></term><termNote type="partOfSpeech">noun</termNote>
      <termNote type="administrativeStatus">preferredTerm-admn-sts</termNote></tig>
    <ntig><termGrp><term>Otter</term><termNote type="termType">acronym</termNote></termGrp></ntig>
  </langSet>
  <langSet xml:lang="de"><tig><term>Möbel</term></tig><tig><term>MB</term></tig></langSet>
</termEntry>
</body></text></martif>
"""
DCA_3 = """<tbx type="TBX-Core" style="dca" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2"><tbxHeader/><text><body>
<conceptEntry id="c1"><langSec xml:lang="en">
  <termSec><term>LDX</term><termNote type="administrativeStatus">supersededTerm-admn-sts</termNote></termSec>
  <termSec><term>Otter</term>
    <termNoteGrp><termNote type="administrativeStatus">admittedTerm-admn-sts</termNote></termNoteGrp></termSec>
  <termSec><term>LarkDesk</term><termNote type="administrativeStatus">preferredTerm-admn-sts</termNote></termSec>
</langSec></conceptEntry></body></text></tbx>
"""
DCT_3 = """<tbx type="TBX-Basic" style="dct" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2"
  xmlns:basic="http://www.tbxinfo.net/ns/basic" xmlns:min="http://www.tbxinfo.net/ns/min"><tbxHeader/><text><body>
<conceptEntry id="c1"><min:subjectField>x</min:subjectField><langSec xml:lang="en-US">
  <termSec><term>Otter</term><basic:termType>acronym</basic:termType></termSec>
  <termSec><term>LDX</term><min:administrativeStatus>deprecatedTerm-admn-sts</min:administrativeStatus></termSec>
  <termSec><term>LarkDesk</term><min:administrativeStatus>preferredTerm-admn-sts</min:administrativeStatus></termSec>
</langSec></conceptEntry></body></text></tbx>
"""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("v2.tbx", BASIC_2.format(encoding="utf-8")),
        ("latin.xml", BASIC_2.format(encoding="iso-8859-1").encode("iso-8859-1")),
        ("wide.tbx", BASIC_2.format(encoding="utf-16").encode("utf-16")),
        ("dca.tbx", DCA_3),
        ("dct.tbx", DCT_3),
        ("no-ending", DCT_3),
    ],
)
def test_every_version_and_style_is_read(tmp_path: Path, name: str, content: str | bytes) -> None:
    glossary = load(tmp_path, name, content, language="en")
    assert names(glossary) == {"LarkDesk": {"LDX", "Otter"}}
    assert glossary.rewrite("LDX and Otter").text == "LarkDesk and LarkDesk"


def test_lines_languages_and_a_given_encoding(tmp_path: Path) -> None:
    glossary = load(tmp_path, "t.tbx", BASIC_2.format(encoding="utf-8"), language=["de", "en"])
    assert names(glossary) == {"LarkDesk": {"LDX", "Otter"}, "Möbel": {"MB"}}
    assert {concept.canonical: concept.line for concept in glossary.concepts} == {"LarkDesk": 8, "Möbel": 12}
    wrong = BASIC_2.format(encoding="utf-8").encode("cp1252")
    assert re.search(r":12: this is not XML", message(tmp_path, "t.tbx", wrong, language="de"))
    assert names(load(tmp_path, "t.tbx", wrong, language="de", encoding="cp1252")) == {"Möbel": {"MB"}}
    assert "2 languages: de, en" in message(tmp_path, "t.tbx", BASIC_2.format(encoding="utf-8"))


def _entry(*terms: tuple[str, str, str]) -> str:
    sections = "".join(
        f"<termSec><term>{term}</term>"
        + (f'<termNote type="administrativeStatus">{status}</termNote>' if status else "")
        + (f'<termNote type="termType">{form}</termNote>' if form else "")
        + "</termSec>"
        for term, status, form in terms
    )
    return f"<conceptEntry><langSec xml:lang='en'>{sections}</langSec></conceptEntry>"


def _tbx(*entries: str) -> str:
    return '<tbx type="TBX-Basic">\n<text><body>' + "\n".join(entries) + "</body></text></tbx>"


CHOICES = [
    # The preferred term; without one what is not marked, the full form before others; last what is admitted.
    ([("a", "", ""), ("b", "preferredTerm-admn-sts", "")], "b", {"a"}),
    ([("a", "admittedTerm", ""), ("b", "", "acronym"), ("c", "", "fullForm")], "c", {"a", "b"}),
    ([("a", "", "abbreviation"), ("b", "", "")], "b", {"a"}),
    ([("a", "deprecatedTerm-admn-sts", ""), ("b", "admitted", "")], "b", {"a"}),
    # Two preferred terms: neither becomes the other.
    ([("a", "preferredTerm", "acronym"), ("b", "preferredTerm", ""), ("c", "superseded", "")], "b", {"c"}),
]


@pytest.mark.parametrize(("terms", "canonical", "aliases"), CHOICES)
def test_the_status_decides_which_term_is_canonical(
    tmp_path: Path, terms: list[tuple[str, str, str]], canonical: str, aliases: set[str]
) -> None:
    assert names(load(tmp_path, "t.tbx", _tbx(_entry(*terms)))) == {canonical: aliases}


def test_what_only_is_deprecated_and_what_is_not_known_is_said(tmp_path: Path) -> None:
    content = _tbx(
        _entry(("a", "deprecatedTerm", ""), ("b", "supersededTerm", "")), _entry(("c", "shiny", ""), ("d", "", ""))
    )
    glossary = load(tmp_path, "t.tbx", content)
    assert names(glossary) == {"c": {"d"}}
    assert [(one.kind, one.line) for one in glossary.remarks] == [("status", 3), ("deprecated", 2)]


HOSTILE = [
    ("external.tbx", '<!DOCTYPE tbx [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + _tbx(), "'a' is external"),
    ("laughs.tbx", f"<!DOCTYPE tbx [{LAUGHS}]>" + _tbx("&l11;"), "'l1' is external, or made of"),
    ("undefined.tbx", "<!DOCTYPE tbx SYSTEM 'x.dtd'>" + _tbx(_entry(("&x;", "", ""))), "'x' is defined elsewhere"),
    ("unparsed.tbx", '<!DOCTYPE tbx [<!NOTATION n SYSTEM "n"><!ENTITY a SYSTEM "x" NDATA n>]>' + _tbx(), "'a' is ext"),
    ("encoding.tbx", '<?xml version="1.0" encoding="utf-9"?>' + _tbx(), "unknown encoding: utf-9.*Save it as UTF-8"),
    ("wide.tbx", '<?xml version="1.0" encoding="gbk"?>' + _tbx(), "cannot be read.*Save it as UTF-8"),
    ("deep.tbx", _tbx("<conceptEntry>" * 300), "nested too deeply"),
    ("other.tbx", "<html/>", "begins with <html>"),
    ("cut.tbx", DCT_3[:600], "not XML"),
    ("null.tbx", _tbx(_entry(("a\0", "", ""))), "not XML"),
    ("unseen.tbx", _tbx(_entry(("a\u202eb", "", ""), ("c", "", ""))), r":2: the term 'a\\u202eb' has a character"),
    ("memory.tmx", '<tmx version="1.4"/>', "translation memory"),
    ("plain.xml", "<terms/>", "XML, which is not read"),
]


@pytest.mark.parametrize(("name", "content", "expected"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_what_is_elsewhere_is_not_fetched_and_what_is_a_bomb_is_refused(
    tmp_path: Path, name: str, content: str, expected: str
) -> None:
    found = message(tmp_path, name, content)
    assert re.search(expected, found), found


def test_without_defusedxml_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("defusedxml", "defusedxml.expatreader"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    assert "pip install 'headgate[tbx]'" in message(tmp_path, "t.tbx", DCT_3)


def test_reading_takes_a_time_that_is_linear_in_the_file() -> None:
    def texts(count: int) -> list[bytes]:
        many = _tbx(*(_entry((f"A{number}", "", ""), (f"b{number}", "", "")) for number in range(count)))
        long = _tbx(_entry(("x\n" * 100 * count, "", ""), ("b", "", "")))
        return [many.encode(), long.encode()]

    for small, large in zip(texts(300), texts(300 * GROWTH), strict=True):

        def read(text: bytes) -> None:
            parse_glossary(text, Path("t.tbx"))

        assert not is_growing_too_fast(lambda: read(small), lambda: read(large), floor=0.01)  # noqa: B023


@given(st.binary(max_size=40), st.integers(0, 2_000), st.integers(0, 60))
def test_no_term_base_crashes_the_reader(noise: bytes, position: int, gone: int) -> None:
    data = DCT_3.encode()
    position %= len(data)
    try:
        Glossary(parse_glossary(data[:position] + noise + data[position + gone :], Path("t.tbx"), languages=("en",)))
    except PolicyError as error:
        assert str(error)  # noqa: PT017 - whatever else is raised, fails


DBT = """version: 2
semantic_models:
  - name: orders
    label: Orders
    model: ref('orders')
    measures:
      - name: order_total
        label: Gross order value
        agg: sum
        config: {meta: {synonyms: [GMV, order turnover]}}
    dimensions:
      - {name: ordered_at, type: time}
      - {name: customer_segment, type: categorical, meta: {synonyms: [client tier]}}
metrics:
  - name: mrr
    label: Monthly recurring revenue
    type: simple
    meta:
      synonyms: "MRR, recurring revenue"
  - {name: target, label: "{{ var('target') }}", meta: {synonyms: [goal]}}
"""


def test_metrics_and_models_say_what_things_are_called(tmp_path: Path) -> None:
    glossary = load(tmp_path, "models.yml", DBT)
    expected = {
        "Gross order value": {"GMV", "order turnover", "order total"},
        "customer segment": {"client tier"},
        "Monthly recurring revenue": {"MRR", "recurring revenue"},
    }
    assert names(glossary) == expected
    assert glossary.rewrite("GMV by client tier").text == "Gross order value by customer segment"
    # A single word is not taken for a metric, and what code has is left to code.
    assert glossary.rewrite("orders and order_total").text == "orders and order_total"
    assert {concept.canonical: concept.line for concept in glossary.concepts}["Monthly recurring revenue"] == 15
    assert [(one.kind, one.line) for one in glossary.remarks] == [("expression", 20)]


def test_the_manifest_of_dbt_and_models_with_columns_are_read(tmp_path: Path) -> None:
    manifest = {
        "metrics": {"metric.a.mrr": {"name": "mrr", "label": "Revenue", "config": {"meta": {"synonyms": ["takings"]}}}},
        "semantic_models": {},
    }
    assert names(load(tmp_path, "semantic_manifest.json", json.dumps(manifest))) == {"Revenue": {"takings"}}
    models = {"models": [{"name": "o", "columns": [{"name": "net_sum", "config": {"meta": {"synonyms": ["net"]}}}]}]}
    assert names(load(tmp_path, "schema.json", json.dumps(models))) == {"net sum": {"net"}}
    one = "semantic_model:\n  name: orders\n  dimensions:\n    - {name: net_sum, meta: {synonyms: net}}\n"
    assert names(load(tmp_path, "one.yaml", one)) == {"net sum": {"net"}}


def test_synonyms_that_are_none_are_all_named_with_their_lines(tmp_path: Path) -> None:
    text = (
        "metrics:\n  - name: a_b\n    meta:\n      synonyms: {x: y}\n  - {name: c_d, config: {meta: {synonyms: [3]}}}\n"
    )
    found = message(tmp_path, "t.yml", text)
    assert "t.yml:4 metrics[0].meta.synonyms: synonyms are a list" in found
    assert "t.yml:5 metrics[1].config.meta.synonyms" in found


def test_a_term_base_without_terms_is_said_to_be_one() -> None:
    empty = '<tbx type="TBX-Basic" style="dca" xmlns="urn:iso:std:iso:30042:ed-2"><text><body/></text></tbx>'
    with pytest.raises(PolicyError, match="no term in this TBX") as caught:
        parse_glossary(empty.encode(), Path("empty.tbx"))
    assert caught.value.file == "empty.tbx"

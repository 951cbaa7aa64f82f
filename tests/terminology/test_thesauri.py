"""SKOS as thesauri have it: languages, deprecated concepts, every serialisation alike; nothing is fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossary_files import LAUGHS, load, message, names
from growing import GROWTH, is_growing_too_fast
from headgate import Chunk, Gate, Glossary, PolicyError
from headgate.report.settings import policy_html
from headgate.terminology.reading import parse_glossary

rdflib = pytest.importorskip("rdflib", reason="SKOS needs rdflib: pip install 'headgate[skos]'")

PREFIXES = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xl: <http://www.w3.org/2008/05/skos-xl#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix : <https://terms.example/> .
"""
DESK = (
    PREFIXES
    + """
:desk a skos:Concept ; # a "comment" with 'quotes'
    skos:prefLabel "LarkDesk"@en, "Lerchentisch"@de ;
    skos:altLabel "LDX"@en, "LT"@de ;
    skos:hiddenLabel "LarkDsk"@en ;
    skos:historyNote "owl:deprecated in name only"@en .
:chair skos:prefLabel "LarkChair"@en .
"""
)
IN_XML = """<?xml version="1.0" encoding="{encoding}"?>
<!DOCTYPE rdf:RDF [<!ENTITY skos "http://www.w3.org/2004/02/skos/core#">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:skos="&skos;">
  <skos:Concept rdf:about="https://terms.example/desk">
    <skos:prefLabel xml:lang="en">Lärk Desk</skos:prefLabel>
    <skos:altLabel xml:lang="en">LDX</skos:altLabel>
    <skos:definition rdf:parseType="Literal">A <b xmlns="urn:x">desk</b> &amp; more</skos:definition>
  </skos:Concept>
</rdf:RDF>
"""
CONTEXT = {
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "prefLabel": {"@id": "skos:prefLabel", "@container": "@language"},
    "altLabel": {"@id": "skos:altLabel", "@container": "@language"},
}
LINKED = {"@id": "https://terms.example/desk", "prefLabel": {"en": "LarkDesk"}, "altLabel": {"en": ["LDX", "Otter"]}}


@pytest.mark.parametrize(
    ("name", "form"), [("t.ttl", "turtle"), ("t.nt", "nt"), ("t.rdf", "xml"), ("t.jsonld", "json-ld")]
)
def test_every_serialisation_says_the_same(tmp_path: Path, name: str, form: str) -> None:
    text = rdflib.Graph().parse(data=DESK, format="turtle").serialize(format=form, encoding="utf-8").decode()
    glossary = load(tmp_path, name, text, language="en")
    assert names(glossary) == {"LarkDesk": {"LDX", "LarkDsk"}}
    assert glossary.rewrite("LDX and LT").text == "LarkDesk and LT"
    # The name does not matter where the content says what it is.
    other = load(tmp_path, f"{form}.json" if form == "json-ld" else f"{form}.txt", text, language="de")
    assert names(other) == {"Lerchentisch": {"LT"}}
    line = glossary.concepts[0].line
    assert line is not None
    assert "LarkDesk" in text.splitlines()[line - 1]


def test_the_language_decides_which_names_are_terms(tmp_path: Path) -> None:
    text = PREFIXES + (
        ':c skos:prefLabel "colour"@en-GB, "color"@en-US, "Farbe"@de ; skos:altLabel "hue"@en, "tint"@en-GB, "shade" .'
    )
    assert names(load(tmp_path, "t.ttl", text, language="en-GB")) == {"colour": {"hue", "tint", "shade"}}
    assert names(load(tmp_path, "t.ttl", text, language="EN_us")) == {"color": {"hue", "shade"}}
    # One glossary per language: no word of the one becomes a word of the other.
    both = load(tmp_path, "t.ttl", text, language=["en-US", "de"])
    assert names(both) == {"color": {"hue", "shade"}, "Farbe": {"shade"}}
    assert "Choose one of these languages" in message(tmp_path, "t.ttl", text, language="en")
    assert "no terms in 'fr' here; found: de, en-gb, en-us" in message(tmp_path, "t.ttl", text, language="fr")
    several = message(tmp_path, "t.ttl", text)
    assert "2 languages" in several
    assert "--language en" in several
    # The language as a whole for a part of it, and none at all.
    assert names(
        load(tmp_path, "u.ttl", PREFIXES + ':c skos:prefLabel "A"@en ; skos:altLabel "b"@en .', language="en-AU")
    )
    assert names(load(tmp_path, "u.ttl", PREFIXES + ':c skos:prefLabel "A" ; skos:altLabel "b" .', language="de"))
    assert (
        names(
            load(
                tmp_path, "u.ttl", PREFIXES + ':c skos:prefLabel "A"@en, "Ä"@de ; skos:altLabel "b"@en .', language="de"
            )
        )
        == {}
    )


def test_a_deprecated_concept_lends_its_names_to_the_one_that_replaces_it(tmp_path: Path) -> None:
    text = PREFIXES + (
        ':new skos:prefLabel "LarkDesk" .\n'
        ':old owl:deprecated true ; skos:prefLabel "Otter" ; skos:altLabel "OT" ; dct:isReplacedBy :new .\n'
        ':older owl:deprecated "1" ; skos:prefLabel "Mink" . :old dct:replaces :older .\n'
        ':gone owl:deprecated true ; skos:prefLabel "Stoat" ; skos:altLabel "ST" .\n'
        ':kept owl:deprecated false ; skos:prefLabel "Heron" ; skos:altLabel "HR" .\n'
        ':a owl:deprecated true ; skos:prefLabel "A1" ; dct:isReplacedBy :b .\n'
        ':b owl:deprecated true ; skos:prefLabel "B1" ; dct:isReplacedBy :a .\n'
    )
    glossary = load(tmp_path, "t.ttl", text)
    assert names(glossary) == {"LarkDesk": {"Otter", "OT", "Mink"}, "Heron": {"HR"}}
    left_out = next(remark for remark in glossary.remarks if remark.kind == "deprecated")
    assert all(name in left_out.text for name in ("'Stoat'", "'A1'", "'B1'"))
    assert left_out.line is not None


def test_a_preferred_label_is_nobodys_alias_and_a_shared_name_is_reported(tmp_path: Path) -> None:
    text = PREFIXES + (
        ':a skos:prefLabel "bank" ; skos:altLabel "credit institution", "house" .\n'
        ':b skos:prefLabel "river bank" ; skos:altLabel "Bank", "house", "shore" .\n'
    )
    glossary = load(tmp_path, "t.ttl", text)
    assert glossary.rewrite("The bank at the shore, a credit institution").text == "The bank at the river bank, a bank"
    rewrite = glossary.rewrite("a house")
    assert rewrite.text == "a house"
    assert [one.kind for one in glossary.remarks] == ["own-canonical", "ambiguous"]
    assert glossary.report_ambiguous
    # A file of one's own beside it is still held to what it says, and so is this one once it is converted.
    assert not load(tmp_path, "u.ttl", PREFIXES + ':a skos:prefLabel "A" ; skos:altLabel "b" .').report_ambiguous


def test_labels_of_skos_xl_and_names_that_are_none(tmp_path: Path) -> None:
    text = PREFIXES + (
        ':a xl:prefLabel [ xl:literalForm "LarkDesk" ] ; xl:altLabel [ xl:literalForm "LDX" ] ; skos:altLabel "%", "".'
        ':b skos:prefLabel "Long" ; skos:altLabel "' + "x" * 300 + '" .\n'
    )
    glossary = load(tmp_path, "t.ttl", text)
    assert names(glossary) == {"LarkDesk": {"LDX"}}
    assert {remark.kind for remark in glossary.remarks} == {"label"}


def test_all_problems_come_at_once_with_their_lines(tmp_path: Path) -> None:
    text = PREFIXES + ':a skos:prefLabel "A", "B" .\n:c skos:prefLabel "C",\n "D" ; skos:altLabel "e" .\n'
    found = message(tmp_path, "t.ttl", text)
    assert "t.ttl:6: a concept has several preferred labels: 'A' (no language), 'B'" in found
    assert "t.ttl:7: a concept has several preferred labels: 'C'" in found
    assert re.search(r"t\.ttl:7: this is not RDF", message(tmp_path, "t.ttl", PREFIXES + ":a skos:b :c .\n:c :d .\n"))
    assert re.search(r"t\.rdf:3: this is not XML", message(tmp_path, "t.rdf", "<rdf:RDF\n xmlns:rdf='x'>\n<a></b>"))
    assert "no label of SKOS" in message(tmp_path, "t.ttl", PREFIXES + ":a :b :c .")


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_rdf_in_xml_says_its_own_encoding_and_may_name_its_namespaces(tmp_path: Path, encoding: str) -> None:
    glossary = load(tmp_path, "t.rdf", IN_XML.format(encoding=encoding).encode(encoding))
    assert names(glossary) == {"Lärk Desk": {"LDX"}}
    unknown = IN_XML.format(encoding="utf-9")
    assert "unknown encoding: utf-9" in message(tmp_path, "u.rdf", unknown)
    assert "unknown encoding" in message(tmp_path, "u.rdf", IN_XML.format(encoding="utf-8"), encoding="klingon")
    assert names(load(tmp_path, "t.owl", IN_XML.format(encoding="us-ascii").encode("cp1252"), encoding="cp1252"))


DTD = '<!DOCTYPE rdf:RDF [{}]>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{}</rdf:RDF>'
HOSTILE = [
    ("file.rdf", DTD.format('<!ENTITY a SYSTEM "file:///etc/hostname">', "&a;"), "'a' is external"),
    ("web.rdf", DTD.format('<!ENTITY a PUBLIC "-" "https://a.example/x">', "&a;"), "'a' is external"),
    ("parameter.rdf", DTD.format('<!ENTITY % a SYSTEM "https://a.example/x"> %a;', ""), "'a' is external"),
    ("laughs.rdf", DTD.format(LAUGHS, "&l11;"), "'l1' is external, or made of others"),
    ("blowup.rdf", DTD.format('<!ENTITY a "' + "x" * 500 + '">', "&a;" * 150_000), "makes the file too long"),
    ("huge.rdf", DTD.format('<!ENTITY a "' + "x" * 501 + '">', "&a;"), "too long"),
    ("many.rdf", DTD.format("".join(f'<!ENTITY a{n} "x">' for n in range(51)), ""), "too many"),
    (
        "undefined.rdf",
        DTD.format("", "<rdf:Bag><rdf:li>&x;</rdf:li></rdf:Bag>").replace("[]", 'SYSTEM "https://a.example/r.dtd"'),
        "the entity 'x' is defined elsewhere",
    ),
    ("namespaces.rdf", "<rdf:RDF " + " ".join(f"xmlns:a{n}='x'" for n in range(600)) + "/>", "too many namespaces"),
    ("deep.rdf", DTD.format("", "<rdf:Bag><rdf:li>" * 300), "nested too deeply"),
    ("deep.ttl", PREFIXES + ":a :b " + "[ :b " * 20_000, "not RDF"),
    ("lists.ttl", PREFIXES + ":a :b " + "(" * 20_000, "not RDF"),
    ("text.ttl", PREFIXES + ':a :b """' + "\\n" * 60_000 + '""" .', ":6: a text is longer"),
    ("open.ttl", PREFIXES + ":a :b '''" + "x'" * 60_000, ":6: a text is longer"),
    ("context.jsonld", '{"@context":\n "https://a.example/c", "@id": "x:y"}', ":2: the context 'https://a.example/c'"),
    ("file.jsonld", json.dumps({"@context": [CONTEXT, "file:///etc/hostname"]}), "nothing is fetched"),
    ("relative.jsonld", json.dumps({"@context": "context.json"}), "nothing is fetched"),
    ("import.jsonld", json.dumps({"@context": {"@import": "https://a.example/c"}}), "nothing is fetched"),
    ("scoped.jsonld", json.dumps({"@context": {"a": {"@id": "x:y", "@context": "https://a.example/c"}}}), "fetched"),
    ("inner.jsonld", json.dumps({"@graph": [{"a": [{"@context": "https://a.example/c"}]}]}), "nothing is fetched"),
    ("alias.jsonld", json.dumps({"@context": {"c": "@context"}, "@id": "x:y", "c": "https://a.example/c"}), "fetched"),
    ("twice.jsonld", '{"@context": {}, "@context": "https://a.example/c"}', "'@context' is here twice"),
    ("deep.jsonld", '{"@graph":[' * 900 + "]}" * 900, "deep|RecursionError"),
    ("circle.jsonld", json.dumps({"@context": {"a": "b:x", "b": "a:x"}, "@id": "a:b", "a:c": "d"}), "RDF|label"),
    ("null.ttl", PREFIXES + ":a \x00 .", "not RDF"),
    ("bytes.ttl", PREFIXES.encode() + b"\xff\xfe\xff", "not UTF-8"),
    ("quads.trig", ":g { :a :b :c }", "TriG.*Turtle"),
]


@pytest.mark.parametrize(("name", "content", "expected"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_what_is_elsewhere_is_not_fetched_and_what_is_a_bomb_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | bytes, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("context.json").write_text(json.dumps({"@context": CONTEXT}))
    found = message(tmp_path, name, content)
    assert re.search(expected, found), found
    assert len(found) < 1_000


def test_what_a_file_imports_is_not_looked_at(tmp_path: Path) -> None:
    other = tmp_path / "other.ttl"
    other.write_text(PREFIXES + ':b skos:prefLabel "B" ; skos:altLabel "bb" .')
    text = (
        PREFIXES + f"<> owl:imports <{other.as_uri()}>, <https://a.example/x.ttl> .\n"
        ':a skos:prefLabel "A" ; skos:altLabel "aa" .'
    )
    assert names(load(tmp_path, "t.ttl", text)) == {"A": {"aa"}}
    # A DTD that is named and not read, and a location of a schema.
    xml = '<!DOCTYPE rdf:RDF SYSTEM "https://a.example/r.dtd">\n' + IN_XML.format(encoding="utf-8").partition("]>\n")[2]
    xml = xml.replace("&skos;", "http://www.w3.org/2004/02/skos/core#")
    assert names(load(tmp_path, "t.rdf", xml)) == {"Lärk Desk": {"LDX"}}


def test_more_statements_than_there_may_be_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from headgate.limits import DEFAULT_LIMITS
    from headgate.terminology import triples

    monkeypatch.setattr(triples, "DEFAULT_LIMITS", replace(DEFAULT_LIMITS, glossary_triples=100))
    many = PREFIXES + ":a :b " + ", ".join(f":c{n}" for n in range(101)) + " ."
    assert "more than 100 statements" in message(tmp_path, "t.ttl", many)


def test_values_that_are_not_what_they_say_are_not_logged_one_by_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = PREFIXES + "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
    text += (
        ':a skos:prefLabel "A" ; skos:altLabel "aa" ; dct:modified "2009-99-99"^^xsd:date ; dct:x <a b> .\n'.replace(
            "<a b>", '"x"^^xsd:integer'
        )
    )
    assert names(load(tmp_path, "t.ttl", text)) == {"A": {"aa"}}
    assert not caplog.records
    rdflib.Literal("x", datatype=rdflib.XSD.integer)
    assert caplog.records


def test_without_rdflib_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rdflib", None)
    assert "pip install 'headgate[skos]'" in message(tmp_path, "t.ttl", DESK)


def test_reading_takes_a_time_that_is_linear_in_the_file(tmp_path: Path) -> None:
    def reads(text: str, name: str) -> None:
        try:
            parse_glossary(text.encode(), Path(name))
        except PolicyError:
            return

    texts: list[tuple[str, Callable[[int], str]]] = [
        (
            "t.ttl",
            lambda n: PREFIXES + "".join(f':a{i} skos:prefLabel "A{i}" ; skos:altLabel "b{i}" .\n' for i in range(n)),
        ),
        ("t.ttl", lambda n: PREFIXES + '# it\'s a "comment"\n' * n * 20),
        ("t.rdf", lambda n: DTD.format("", "<rdf:li>" + "x\n" * n * 100 + "</rdf:li>")),
        (
            "t.jsonld",
            lambda n: json.dumps({"@context": CONTEXT, "@graph": [{**LINKED, "@id": f"x:{i}"} for i in range(n)]}),
        ),
    ]
    for name, text in texts:
        small, large = text(300), text(300 * GROWTH)
        assert not is_growing_too_fast(partial(reads, small, name), partial(reads, large, name), floor=0.01), name


POLICY = """default:
  provenance: {require: declared}
  terminology:
    - {file: t.ttl, language: %s}
    - own.yaml
query: {rewrite: [{file: t.ttl, language: en}]}
"""


def test_a_policy_chooses_the_language_of_each_of_its_glossaries(tmp_path: Path) -> None:
    (tmp_path / "t.ttl").write_text(DESK)
    (tmp_path / "own.yaml").write_text("terms: {Regal: [Brett]}\n")
    policy = tmp_path / "headgate.yaml"
    policy.write_text(POLICY % "de")
    gate = Gate(policy)
    chunk = Chunk("LT, Brett, LDX", {"source": "https://a.example/1"})
    assert gate.admit([chunk]).chunks[0].text == "Lerchentisch, Regal, LDX"
    assert gate.reworded("Where is LDX, LT?") == "Where is LDX, LT? LarkDesk"
    assert {path.name for path in gate.policy.named_files()} == {"t.ttl", "own.yaml"}
    revision = gate.admit([chunk]).policy_revision
    policy.write_text(POLICY % "[de, en]")
    both = Gate(policy).admit([chunk])
    assert (both.chunks[0].text, both.policy_revision != revision) == ("Lerchentisch, Regal, LarkDesk", True)
    assert "t.ttl (de, en)" in policy_html(gate.policy.load(policy))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            "{file: t.ttl, languag: en}",
            r"headgate\.yaml:4 default\.terminology\[0\]\.languag: .*Did you mean 'language'",
        ),
        ("{language: en}", r":4 default\.terminology\[0\]\.file: 'file' is missing"),
        ("{file: t.ttl, language: ''}", r":4 default\.terminology\[0\]\.language"),
        ("{file: t.ttl, language: 3}", r":4 default\.terminology\[0\]\.language"),
        ("7", r":4 default\.terminology\[0\]: 7 does not fit"),
        ("{file: t.ttl, language: fr}", r"headgate\.yaml:3 default\.terminology.*no terms in 'fr'"),
        ("t.ttl", r"2 languages.*language: en"),
    ],
)
def test_an_entry_that_is_wrong_is_named_with_its_place(tmp_path: Path, entry: str, expected: str) -> None:
    (tmp_path / "t.ttl").write_text(DESK)
    policy = tmp_path / "headgate.yaml"
    policy.write_text(f"default:\n  provenance: {{require: declared}}\n  terminology:\n    - {entry}\n")
    with pytest.raises(PolicyError) as caught:
        Gate(policy)
    assert re.search(expected, str(caught.value)), str(caught.value)


words = st.text("abcdefghijklmnopqrstuvwxyzäß\"\\\\'<&", min_size=3, max_size=8).filter(
    lambda text: any(map(str.isalpha, text))
)


@given(
    st.dictionaries(words, st.sets(words, min_size=1, max_size=3), min_size=1, max_size=4),
    st.sampled_from(["en", "de-AT", ""]),
)
def test_what_rdflib_writes_is_read_alike_in_every_form(concepts: dict[str, set[str]], language: str) -> None:
    graph = rdflib.Graph()
    skos = rdflib.SKOS
    for number, (canonical, aliases) in enumerate(concepts.items()):
        subject = rdflib.URIRef(f"https://terms.example/{number}")
        graph.add((subject, skos.prefLabel, rdflib.Literal(canonical, lang=language or None)))
        for alias in aliases:
            graph.add((subject, skos.altLabel, rdflib.Literal(alias, lang=language or None)))
    read = []
    for name, form in (("t.ttl", "turtle"), ("t.nt", "nt11"), ("t.rdf", "xml"), ("t.jsonld", "json-ld")):
        data = graph.serialize(format=form, encoding="utf-8")
        found = parse_glossary(data, Path(name), languages=(language,) if language else ())
        read.append({(one.canonical, tuple(sorted(one.aliases))) for one in found.concepts})
        text = data.decode()
        for concept in found.concepts:
            assert concept.line is None or concept.line <= text.count("\n") + 1
    assert read[0] == read[1] == read[2] == read[3]
    assert {canonical for canonical, _ in read[0]} <= concepts.keys()


@given(
    st.binary(max_size=40), st.integers(0, 2_000), st.integers(0, 60), st.sampled_from(["ttl", "rdf", "jsonld", "nt"])
)
def test_no_file_crashes_the_reader(noise: bytes, position: int, gone: int, suffix: str) -> None:
    whole = {"ttl": DESK, "nt": '<x:a> <http://www.w3.org/2004/02/skos/core#prefLabel> "A"@en .\n'}.get(suffix)
    if suffix == "rdf":
        whole = IN_XML.format(encoding="utf-8")
    data = (whole or json.dumps({"@context": CONTEXT, **LINKED})).encode()
    position %= len(data)
    try:
        Glossary(
            parse_glossary(data[:position] + noise + data[position + gone :], Path(f"t.{suffix}"), languages=("en",))
        )
    except PolicyError as error:
        assert str(error)  # noqa: PT017 - whatever else is raised, fails

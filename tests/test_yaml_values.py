"""YAML as policies and glossaries have it: what each scalar is, on which line, and what is not accepted."""

from __future__ import annotations

import math

import pytest

from headgate import PolicyError
from headgate.policy.documents import OLD_TRUTHS, is_text, parse_yaml

SCALARS = [
    *((word, None) for word in ("", "~", "null", "Null", "NULL", "!!null ~")),
    *(("true", True), ("True", True), ("TRUE", True), ("false", False), ("!!bool False", False)),
    *(("0", 0), ("-1", -1), ("+17", 17), ("010", 10), ("0o17", 15), ("0x1F", 31), ("!!int 5", 5)),
    *(("1" * 64, int("1" * 64)),),
    *(("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("1e3", 1_000.0), ("-1.5E-2", -0.015), ("!!float 5", 5.0)),
    *(("!!float 1.5", 1.5),),
    *((".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf)),
    *((text, text) for text in ("yes", "No", "on", "nULL", "tRUE", "1:20", "1_000", "0b1", "0o8", "0xG")),
    *((text, text) for text in ("+", ".", "..5", "1e", "2026-01-02", "1" * 65, "nan", "inf", "1.5.2", "text")),
    *(("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ("!!str 'x'", "x"), ("'no'", "no")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SCALARS)
@pytest.mark.parametrize("is_large", [False, True])
def test_a_scalar_is_what_the_core_schema_says(text: str, value: object, is_large: bool) -> None:
    found = parse_yaml(f"a: {text}\n", is_large=is_large).value
    assert found == {"a": value}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(value)


def test_not_a_number_is_a_number() -> None:
    value = parse_yaml("a: .NaN").value
    assert isinstance(value, dict)
    assert math.isnan(value["a"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("x", True), ("yes", True), ("1", False), ("", False), ("~", False), ("true", False), (".5", False), ("1e", True)],
)
def test_a_text_is_told_from_other_scalars(text: str, expected: bool) -> None:
    assert is_text(text) is expected


WHOLE = "# c\na: 1\nb:\n  c: [x, {d: y}]\n  e:\n    - f\n    - g: h\n      i: j\n"
LINES = {
    (): 2,
    ("a",): 2,
    ("b",): 3,
    ("b", "c"): 4,
    ("b", "c", 0): 4,
    ("b", "c", 1): 4,
    ("b", "c", 1, "d"): 4,
    ("b", "e"): 5,
    ("b", "e", 0): 6,
    ("b", "e", 1): 7,
    ("b", "e", 1, "g"): 7,
    ("b", "e", 1, "i"): 8,
}


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 4, 32])
def test_every_value_has_its_line_as_deep_as_lines_are_kept(depth: int) -> None:
    document = parse_yaml(WHOLE, line_depth=depth)
    assert document.value == {"a": 1, "b": {"c": ["x", {"d": "y"}], "e": ["f", {"g": "h", "i": "j"}]}}
    assert document.lines == {path: line for path, line in LINES.items() if len(path) <= depth}


def test_the_line_of_a_place_that_has_none_is_that_of_the_nearest_one_above() -> None:
    document = parse_yaml(WHOLE)
    assert document.line_of(("b", "e", 1, "g")) == 7
    assert document.line_of(("b", "e", 1, "z", "y")) == 7
    assert document.line_of(("z",)) == 2
    assert document.line_of(()) == 2
    assert parse_yaml("").line_of(("a",)) is None
    assert parse_yaml("").value is None


def _line(text: str, message: str, **options: object) -> int | None:
    with pytest.raises(PolicyError) as caught:
        parse_yaml(text, **options)  # type: ignore[arg-type]
    assert message in caught.value.problem
    return caught.value.line


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 1\nb: &x 2\n", "anchors and aliases", 2),
        ("a: 1\nb: *x\n", "anchors and aliases", 2),
        ("a: 1\n&x b: 2\n", "anchors and aliases", 2),
        ("a: 1\n*x : 2\n", "anchors and aliases", 2),
        ("a:\n  - &x\n    b: 2\n", "anchors and aliases", 2),
        ("a: 1\nb: 2\na: 3\n", "the key 'a' is here twice", 3),
        ("a: 1\n[b]: 2\n", "a key must be a string", 2),
        ("a: 1\nb: !x 2\n", "the tag '!x' is not accepted", 2),
        ("a: 1\nb: !!set {c}\n", "the tag 'tag:yaml.org,2002:set'", 2),
        ("a: 1\nb: !!map [c]\n", "the tag 'tag:yaml.org,2002:map'", 2),
        ("a: 1\nb: !!binary c\n", "the tag 'tag:yaml.org,2002:binary'", 2),
        ("a: 1\nb: !!int c\n", "this is not what its tag !!int says", 2),
        ("a: 1\nb: !!bool 1\n", "this is not what its tag !!bool says", 2),
        ("a: 1\nb: !!int 1.5\n", "this is not what its tag !!int says", 2),
        ("a: 1\n---\nb: 2\n", "a second document begins here", 2),
        ("a: 1\nb: [c\n", "this is not YAML", 3),
        ("a: 1\nb: c: d\n", "this is not YAML", 2),
        ("a: 1\nb: \x07\n", "U+0007 is not allowed", 2),
        ("a: 1\nb: c\u2028d\n", "U+2028", 2),
        ("a: 1\nb: c\rd\n", "U+000D", 2),
        ("a\x85: 1\n", "U+0085", 1),
    ],
)
def test_what_is_not_accepted_is_said_with_its_line(text: str, message: str, line: int) -> None:
    assert _line(text, message) == line


def test_lines_may_end_as_windows_ends_them() -> None:
    assert parse_yaml("a: 1\r\nb: 2\r\n").lines == {(): 1, ("a",): 1, ("b",): 2}


@pytest.mark.parametrize("is_large", [False, True])
def test_thirty_two_levels_are_read_and_no_more(is_large: bool) -> None:
    # The mapping is the first level, and the text within the lists the last one.
    assert parse_yaml(f"a: {'[' * 30}x{']' * 30}", is_large=is_large).value is not None
    for depth in (0, 2, 32):
        text = f"a: {'[' * 31}x{']' * 31}"
        assert _line(text, "nested too deeply", is_large=is_large, line_depth=depth) == 1


@pytest.mark.parametrize("line_depth", [0, 1, 2, 32])
@pytest.mark.parametrize("is_large", [False, True])
def test_words_that_others_read_as_truth_values_may_have_to_be_quoted(line_depth: int, is_large: bool) -> None:
    options = {"quoted": OLD_TRUTHS, "line_depth": line_depth, "is_large": is_large}
    for text in ("a: [x,\n yes]\n", "a: x\nb: Off\n", "a: x\nNO: y\n"):
        assert _line(text, "is a truth value to other readers", **options) == 2
    value = parse_yaml("a: ['yes', \"no\", yess, 1, ~]\n'on': !!str off\n", **options).value  # type: ignore[arg-type]
    assert value == {"a": ["yes", "no", "yess", 1, None], "on": "off"}


def test_below_the_lines_that_are_kept_scalars_are_what_they_are_elsewhere() -> None:
    text = "a: [x, '1', 1, ~, true, !!str 1, no]\n"
    assert parse_yaml(text, line_depth=0).value == parse_yaml(text).value
    assert _line("a: [x, &y z]\n", "anchors", line_depth=0) == 1
    assert _line("a: [x, !y z]\n", "the tag '!y'", line_depth=0) == 1

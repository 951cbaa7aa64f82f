"""What a policy file that is wrong is answered with: file, line, path, problem and remedy, each exact."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from headgate import Gate, Policy, PolicyError
from headgate.policy.loading import locate

SOURCE = "version: 1\nsources:\n  - id: a\n    match: ['https://a.example/**']\n    provenance: {require: declared}\n"
TOP = (
    "Known here: version, mode, modes, metadata, sources, default, budget, query, invisible, on_empty, log, "
    "quarantine, overrides, registry, revocations, key_sets, trusted_steps, cache, pull."
)
REQUIRE = "input should be 'none', 'declared', 'manifest' or 'sealed'."
MODE = "input should be 'enforce', 'warn' or 'audit'."
LONG = "'" + "x" * 58 + "'"


def source(name: str, *match: str) -> str:
    return f"  - id: {name}\n    match: {list(match)}\n    provenance: {{require: declared}}\n"


OTHER = "https://b.example/**"

# The text; the line, the path, the problem and the remedy of each of its errors.
PROBLEMS: list[tuple[str, list[tuple[int, str, str, str]]]] = [
    ("version: 1\nmoed: warn\n", [(2, "moed", "unknown key 'moed'.", "Did you mean 'mode'?")]),
    ("zzzzzz: 1\n", [(1, "zzzzzz", "unknown key 'zzzzzz'.", TOP)]),
    ("mode: warn\nbase_dir: /etc\n", [(2, "base_dir", "unknown key 'base_dir'.", TOP)]),
    ("sorc: 1\n", [(1, "sorc", "unknown key 'sorc'.", "Did you mean 'sources'?")]),
    ("lgo: 1\n", [(1, "lgo", "unknown key 'lgo'.", TOP)]),
    ("manifest: x\n", [(1, "manifest", "unknown key 'manifest'.", TOP)]),
    ("\nrequire: manifest\n", [(2, "require", "unknown key 'require'.", TOP)]),
    ("modes: {budgte: warn}\n", [(1, "modes.budgte", "unknown key 'budgte'.", "Did you mean 'budget'?")]),
    ("metadata:\n  modifed: x\n", [(2, "metadata.modifed", "unknown key 'modifed'.", "Did you mean 'modified'?")]),
    (
        "budget:\n  maxtokens: 1\n",
        [
            (1, "budget.max_tokens", "'max_tokens' is missing.", "Add it."),
            (2, "budget.maxtokens", "unknown key 'maxtokens'.", "Did you mean 'max_tokens'?"),
        ],
    ),
    (
        "mode: warn\nlog:\n  paht: x\n",
        [
            (2, "log.path", "'path' is missing.", "Add it."),
            (3, "log.paht", "unknown key 'paht'.", "Did you mean 'path'?"),
        ],
    ),
    (
        "quarantine:\n  path: a\n  failures: 20%\n",
        [(3, "quarantine.failures", "unknown key 'failures'.", "Known here: path.")],
    ),
    (
        SOURCE + "    quarantine:\n      failure: 20%\n",
        [(7, "sources[0].quarantine.failure", "unknown key 'failure'.", "Did you mean 'failures'?")],
    ),
    (SOURCE + "    macht: x\n", [(6, "sources[0].macht", "unknown key 'macht'.", "Did you mean 'match'?")]),
    (
        "default:\n  freshnes: {}\n",
        [(2, "default.freshnes", "unknown key 'freshnes'.", "Did you mean 'freshness'?")],
    ),
    (
        "default:\n  provenance:\n    requires: x\n",
        [(3, "default.provenance.requires", "unknown key 'requires'.", "Did you mean 'require'?")],
    ),
    (
        SOURCE + "    freshness:\n      max_agee: 1d\n",
        [(7, "sources[0].freshness.max_agee", "unknown key 'max_agee'.", "Did you mean 'max_age'?")],
    ),
    (
        SOURCE + "    freshness:\n      revalidate: {afte: 1h}\n",
        [(7, "sources[0].freshness.revalidate.afte", "unknown key 'afte'.", "Did you mean 'after'?")],
    ),
    (
        SOURCE.replace("declared", "manifest"),
        [(5, "sources[0].provenance", "requires a manifest but names none. Add provenance.manifest: FOLDER.", "")],
    ),
    ("version: manifest\n", [(1, "version", "'manifest' does not fit:", "input should be 1.")]),
    (
        SOURCE.replace("declared", LONG),
        [(5, "sources[0].provenance.require", f"{LONG} does not fit:", REQUIRE)],
    ),
    (
        SOURCE.replace("declared", f"{LONG[:-1]}y'"),
        [(5, "sources[0].provenance.require", f"{LONG[:57]}... does not fit:", REQUIRE)],
    ),
    (
        "sources:\n  - {id: 7, match: 'file:a/*', provenance: {require: none}}\n",
        [
            (2, "sources[0].id", "7 does not fit:", "input should be a valid string."),
        ],
    ),
    (
        "metadata:\n  timezone: manifest\n",
        [(2, "metadata.timezone", "'manifest' is not a time zone. Write UTC or a name such as Europe/Berlin.", "")],
    ),
    (
        SOURCE + "    freshness: {max_age: 1d, warn_after: 2d}\n",
        [(6, "sources[0].freshness", "warn_after is longer than max_age. Make it shorter.", "")],
    ),
    (
        SOURCE + "  - match: 7\n",
        [
            (6, "sources[1].id", "'id' is missing.", "Add it."),
            (6, "sources[1].match", "7 does not fit:", "input should be a valid tuple."),
        ],
    ),
    (
        SOURCE + source("a", OTHER),
        [(6, "sources[1].id", "two sources have the id 'a'. Give each its own.", "")],
    ),
    (
        SOURCE + source("default", OTHER),
        [
            (
                6,
                "sources[1].id",
                "'default' is the name of the rule for unmatched documents. Choose another id.",
                "",
            )
        ],
    ),
    (
        SOURCE + source("b", OTHER, "HTTPS://A.example:443/**"),
        [
            (
                7,
                "sources[1].match[1]",
                "'HTTPS://A.example:443/**' is claimed by 'a' and 'b'. Keep it in one.",
                "",
            )
        ],
    ),
    (
        SOURCE + source("b", OTHER) + "    quarantine: {}\n",
        [
            (
                9,
                "sources[1].quarantine",
                "a source has `quarantine`, but nothing says where to keep it. Add quarantine: {path: ...}.",
                "",
            )
        ],
    ),
    ("mode: {a: 1}\n", [(1, "mode", "a dict does not fit:", MODE)]),
    ("mode: [secret]\n", [(1, "mode", "a list does not fit:", MODE)]),
    ("""mode: '{"kty": "secret"}'\n""", [(1, "mode", "this text does not fit:", MODE)]),
    ("mode: |\n  secret\n  text\n", [(1, "mode", "this text does not fit:", MODE)]),
    ("mode: '-----BEGIN secret'\n", [(1, "mode", "this text does not fit:", MODE)]),
    ("mode: ''\n", [(1, "mode", "'' does not fit:", MODE)]),
]


def described(error: PolicyError) -> list[tuple[object, ...]]:
    from headgate.errors import format_path

    return [(one.file, one.line, format_path(one.path), one.problem, one.remedy) for one in (error, *error.others)]


@pytest.mark.parametrize(("text", "problems"), PROBLEMS, ids=[text[-24:] for text, _ in PROBLEMS])
def test_every_problem_has_its_file_line_path_and_remedy(
    text: str, problems: list[tuple[int, str, str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "headgate.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        Policy.load(file)
    assert described(caught.value) == [(str(file), *problem) for problem in problems]


def test_a_mapping_has_no_file_and_no_lines() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.from_mapping({"mode": "off", "modes": {"x": 1}})
    assert described(caught.value) == [
        (None, None, "mode", "'off' does not fit:", "input should be 'enforce', 'warn' or 'audit'."),
        (None, None, "modes.x", "unknown key 'x'.", "Known here: provenance, freshness, terminology, budget."),
    ]
    with pytest.raises(PolicyError) as caught:
        Policy.from_mapping({"base_dir": "/etc"})
    assert described(caught.value) == [(None, None, "base_dir", "unknown key 'base_dir'.", TOP)]


@pytest.mark.parametrize("value", [[{"id": "x"}], [("a", 1)], "mode: audit", None, 3])
def test_what_is_no_mapping_is_no_policy(value: object) -> None:
    with pytest.raises(PolicyError, match="a policy is a mapping"):
        Policy.from_mapping(cast("dict[str, object]", value))


def test_what_a_policy_names_is_an_error_at_its_line_in_the_policy(tmp_path: Path) -> None:
    file = tmp_path / "headgate.yaml"
    keys = "    provenance:\n      keys:\n        - {keys: 7}\n        - none.json\n"
    default = "default:\n  terminology:\n    - none.yaml\n"
    file.write_text(f"mode: warn\nsources:\n  - id: a\n    match: ['https://a.example/**']\n{keys}{default}")
    with pytest.raises(PolicyError) as caught:
        Gate(file)
    places = [(name, line, path) for name, line, path, *_ in described(caught.value)]
    assert places == [
        (str(file), 7, "sources[0].provenance.keys[0]"),
        (str(file), 10, "default.terminology"),
    ]


def test_an_error_that_knows_its_place_keeps_it(tmp_path: Path) -> None:
    file = tmp_path / "headgate.yaml"
    file.write_text("mode: warn\n\nlog:\n  path: x\n")
    error = PolicyError("wrong.", "", ("log", "path"))
    assert [(one.file, one.line) for one in (locate(error, file), locate(error, tmp_path / "none"))] == [
        (str(file), 4),
        (None, None),
    ]
    for known in (
        PolicyError("wrong.", "", ("log", "path"), line=7),
        PolicyError("wrong.", "", ("log", "path"), "elsewhere.yaml"),
        PolicyError("wrong.", "", ("log", "path"), str(file), 1),
    ):
        assert locate(known, file) is known
    assert locate(PolicyError("wrong.", "", ("log",), str(file)), file).line == 3


def test_relative_paths_start_where_the_policy_is(tmp_path: Path) -> None:
    file = tmp_path / "headgate.yaml"
    file.write_text("mode: audit\n")
    assert Policy.load(file).resolve_path("keys/a.json") == tmp_path / "keys/a.json"
    assert Policy.load(str(file)).base_dir == tmp_path
    assert Policy.from_mapping({}, tmp_path).resolve_path("a") == tmp_path / "a"
    assert Policy.from_mapping({}).resolve_path("a") == Path("a")


@pytest.mark.parametrize(
    "pattern",
    [
        "scott:tiger-1@db/**x",
        "https://scott:tiger-1@db.example/**x",
        "https://scott:tiger-1@db.example/**/a/**/b/**/c/**/d/**",
    ],
)
def test_a_message_about_a_pattern_holds_no_password(pattern: str) -> None:
    with pytest.raises(PolicyError) as raised:
        Policy.from_mapping({"sources": [{"id": "db", "match": pattern, "provenance": {"require": "declared"}}]})
    assert "tiger-1" not in str(raised.value)

"""The package as a whole: what importing costs, and that codes and documents agree."""

from __future__ import annotations

import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import headgate
from headgate.codes import CODES, check_of

ROOT = Path(__file__).parents[1]
HEAVY = ("langchain", "langchain_core", "llama_index", "tiktoken", "numpy", "typer", "rich")


def modules_after(program: str) -> set[str]:
    command = [sys.executable, "-c", f"{program}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"]
    return set(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))  # noqa: S603


def test_importing_and_deciding_needs_no_framework() -> None:
    assert not modules_after("import headgate") & {*HEAVY, "pydantic", "cryptography"}
    program = "import headgate\nheadgate.Gate({'mode': 'audit'}).admit([headgate.Chunk('x')])"
    assert not modules_after(program) & set(HEAVY)


def test_the_core_imports_no_framework() -> None:
    imports = re.compile(r"^\s*(?:from|import) (?:langchain|llama_index|langgraph)", re.M)
    for file in (ROOT / "src").rglob("*.py"):
        assert not imports.search(file.read_text(encoding="utf-8")), file


def test_every_public_name_is_there() -> None:
    for name in headgate.__all__:
        assert getattr(headgate, name) is not None
    with pytest.raises(AttributeError):
        headgate.nothing_of_the_kind  # noqa: B018


def test_every_code_that_the_source_emits_is_in_the_catalogue_and_the_other_way_round() -> None:
    source = Path(headgate.__file__).parent
    emitted: set[str] = set()
    for module in pkgutil.walk_packages([str(source)], "headgate."):
        path = source.joinpath(*module.name.split(".")[1:])
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if file.name not in ("codes.py", "code_catalogue.py"):
            emitted |= set(re.findall(r'"([PFTBG]\d{3})"', file.read_text(encoding="utf-8")))
    assert emitted == {code for code, entry in CODES.items() if entry.emitted}


def test_codes_say_everything_and_belong_to_a_check() -> None:
    hundreds = {"provenance": "1", "freshness": "2", "terminology": "3", "budget": "4", "gate": "9"}
    for code, entry in CODES.items():
        assert entry.title
        assert entry.meaning.endswith(".")
        assert entry.matters.endswith(".")
        assert entry.fix.endswith(".")
        assert code[1] == hundreds[check_of(code)]


def test_no_file_names_a_registry_or_a_path_of_somebodys_machine() -> None:
    # Within an address such names are somebody's own: https://graph.microsoft.com/v1.0/drives/ID/root/delta.
    suspicious = re.compile(r"(?<![\w-])/(?:home|work|root)/[a-z]|pypi\.org|files\.pythonhosted")
    for pattern in ("src/**/*.py", "integrations/**/*.py", "*.md", "docs/*.md", "*.toml", "Makefile"):
        for file in ROOT.glob(pattern):
            assert not suspicious.search(file.read_text(encoding="utf-8")), file


def test_a_missing_package_is_named_and_not_taken_for_a_missing_attribute() -> None:
    code = (
        "import sys; sys.modules['ahocorasick_rs'] = None\n"
        "import headgate\n"
        "try: headgate.terminology\n"
        "except ModuleNotFoundError as error: assert error.name == 'ahocorasick_rs', error\n"
        "try: headgate.no_such_room\n"
        "except AttributeError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert "no_such_room" in done.stdout

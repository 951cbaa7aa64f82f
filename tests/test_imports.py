"""Who imports whom: no module is named as a string, and nobody imports anybody in a circle. Each guard can say no."""

from __future__ import annotations

from pathlib import Path

import pytest

import headgate
from headgate.display import Displayed, bring_views, render_with, renderer_of
from import_graph import cycles_in, imports_by_name, imports_of, module_names, named_modules

PACKAGE = Path(headgate.__file__).parent
MODULES = module_names(PACKAGE)
# Strings that look like modules and are none: an attribute of traces, and the package that documents lie in.
NAMES = frozenset(("headgate.codes", "headgate.demo"))
# `Policy.load` is a method of the model, and loading a file builds the model: two halves of one thing.
KNOWN_CYCLES = [["headgate.policy.loading", "headgate.policy.model"]]
# What is imported here is the user's own module.
OF_USERS = frozenset(("headgate", "headgate.cli.loading"))


def package_of(folder: Path, **modules: str) -> dict[str, Path]:
    """Write a package named headgate, and return its modules."""
    for name, source in modules.items():
        file = folder / "headgate" / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
    return module_names(folder / "headgate")


def test_no_module_below_the_root_is_named_as_a_string() -> None:
    below = {name: path for name, path in MODULES.items() if name != "headgate"}
    assert len(below) > 100
    assert {name: found for name, path in below.items() if (found := named_modules(path, MODULES, NAMES))} == {}
    assert {name for name, path in MODULES.items() if imports_by_name(path)} <= OF_USERS


def test_nobody_imports_anybody_in_a_circle() -> None:
    assert cycles_in(imports_of(MODULES, NAMES)) == KNOWN_CYCLES


def test_the_guard_of_strings_notices_a_module_and_an_import(tmp_path: Path) -> None:
    modules = package_of(
        tmp_path,
        a="VIEWS = 'headgate.views'",
        b="import importlib\n\nfound = importlib.import_module('headgate' + '.views')",
        c="from importlib import import_module as load_module\nNAME = 'headgate'",
        views="",
    )
    assert named_modules(modules["headgate.a"], modules) == {"headgate.views"}
    assert named_modules(modules["headgate.a"], modules, {"headgate.views"}) == set()
    assert imports_by_name(modules["headgate.b"]) == {3}
    assert named_modules(modules["headgate.c"], modules) == set()


@pytest.mark.parametrize(
    "back",
    [
        "from headgate.low import x",
        "import headgate.low",
        "from headgate import low",
        "def f():\n    from headgate import low",
        "VIEWS = 'headgate.low'",
    ],
)
def test_the_guard_of_circles_notices_one_however_it_is_written(tmp_path: Path, back: str) -> None:
    modules = package_of(tmp_path, low="from headgate import middle", middle="from headgate.high import y", high=back)
    assert cycles_in(imports_of(modules)) == [["headgate.high", "headgate.low", "headgate.middle"]]


def test_what_only_a_type_checker_reads_is_no_circle(tmp_path: Path) -> None:
    high = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from headgate.low import x"
    modules = package_of(tmp_path, low="import headgate.high", high=high)
    assert cycles_in(imports_of(modules)) == []


def test_a_value_brings_its_view_when_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    class Plain:
        def to_html(self, value: object) -> str:
            return f"<p>{type(value).__name__}</p>"

        to_text = to_rich = to_html

        def to_page(self, value: object, title: str) -> str:
            return title

    class Shown(Displayed):
        pass

    class More(Shown):
        pass

    monkeypatch.setattr("headgate.display._renderers", [])
    monkeypatch.setattr("headgate.display._views", {})
    with pytest.raises(LookupError, match="render_with"):
        renderer_of(Shown())
    render_with(Plain)
    bring_views(lambda: looked.append("view"), Shown)
    shown = More()
    assert not looked
    assert shown._repr_html_() == "<p>More</p>"
    assert looked == ["view"]

"""The lowest versions that the distributions declare, as constraints for pip: `python -m tools.floors`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
_FLOOR = re.compile(r"^(?P<name>[\w.-]+)(?:\[[^]]*\])?\s*>=\s*(?P<version>[\w.]+)[^;]*(?P<marker>;.*)?$")
_NAME = re.compile(r"^[\w.-]+")


def distributions(root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """Return the `pyproject.toml` of each distribution by its folder: the core, then the integrations by name."""
    files = [root / "pyproject.toml", *sorted(root.glob("integrations/*/pyproject.toml"))]
    return {file.parent.relative_to(root).as_posix(): tomllib.loads(file.read_text(encoding="utf-8")) for file in files}


def floors(root: Path = ROOT) -> list[str]:
    """Return one `name==version` for each requirement that users or tests install, in the order of the files.

    Raises:
        ValueError: a requirement names no lowest version, or two files name different ones.
    """
    found: dict[str, str] = {}
    for requirement in requirements(root):
        match = _FLOOR.match(requirement)
        if match is None:
            raise ValueError(f"{requirement!r} declares no lowest version. Write `name>=version`.")
        line = f"{match['name']}=={match['version']} {match['marker'] or ''}".rstrip()
        if found.setdefault(match["name"], line) != line:
            raise ValueError(f"{match['name']} has two lowest versions: {found[match['name']]!r} and {line!r}.")
    return list(found.values())


def requirements(root: Path = ROOT) -> Iterator[str]:
    """Yield what is required of other projects: dependencies, extras and the groups named `test`."""
    for table in distributions(root).values():
        project = table["project"]
        own = {"headgate", project["name"]}
        extras, groups = project.get("optional-dependencies", {}), table.get("dependency-groups", {})
        for requirement in chain(project.get("dependencies", []), *extras.values(), groups.get("test", [])):
            name = _NAME.match(requirement)
            if name is not None and name[0] not in own:
                yield requirement


if __name__ == "__main__":
    sys.stdout.write("\n".join(floors()) + "\n")

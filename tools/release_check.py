"""Build all distributions, look at their metadata, and use each in an empty environment: `make release-check`.

With `--tag v0.1.0`, as the release workflow runs it, everything must be of that version and no page may still say that
it is not released. Nothing is published.
"""

from __future__ import annotations

import argparse
import email
import email.message
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tools.floors import ROOT, distributions
from tools.readme_example import SECTION

REPOSITORY = "https://github.com/headgate/headgate"
PROJECTS = {table["project"]["name"]: table["project"] for table in distributions().values()}
FOLDERS = {table["project"]["name"]: folder for folder, table in distributions().items()}
INTEGRATIONS = [name for name in PROJECTS if name != "headgate"]
# Extras for devices and accounts that no machine of ours has.
_UNTRIED = {"hsm", "awskms", "gcpkms", "azurekms", "vault"}
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
_UNRELEASED = re.compile(r"\(unreleased\)|not (?:yet )?on PyPI|not on PyPI yet|not yet released", re.IGNORECASE)


def build(dist: Path) -> None:
    """Build an sdist, and from it a wheel, of each distribution into a folder of its own."""
    for name, folder in FOLDERS.items():
        _run([sys.executable, "-m", "build", "--outdir", str(dist / name), str(ROOT / folder)])
    _run([sys.executable, "-m", "twine", "check", "--strict", *map(str, sorted(dist.glob("*/*")))])


def problems_of(dist: Path, tag: str | None) -> Iterator[str]:
    """Yield what is wrong with the files that were built."""
    versions = set()
    for name, folder in FOLDERS.items():
        wheel, sdist = next((dist / name).glob("*.whl")), next((dist / name).glob("*.tar.gz"))
        metadata = metadata_of(wheel)
        versions.add(metadata["Version"])
        yield from (f"{name}: {problem}" for problem in problems_of_metadata(metadata, ROOT))
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        if not any(path.endswith("licenses/LICENSE") for path in names):
            yield f"{name}: the wheel has no licence file"
        if not any(path.endswith("py.typed") for path in names):
            yield f"{name}: the wheel has no py.typed"
        with tarfile.open(sdist) as packed:
            inside = {member.name.partition("/")[2] for member in packed.getmembers()}
        for needed in ("LICENSE", "README.md", "CHANGELOG.md", "conftest.py"):
            if needed not in inside:
                yield f"{name}: the sdist has no {needed}"
        if not any(re.match(r"tests/test_\w+\.py$", path) for path in inside):
            yield f"{name}: the sdist has no tests"
        yield from (f"{name}: {problem}" for problem in problems_of_pages(ROOT / folder, metadata["Version"], tag))
    if len(versions) != 1:
        yield f"the distributions have different versions: {', '.join(sorted(versions))}"
    if tag is not None and versions != {tag.removeprefix("v")}:
        yield f"the tag is {tag}, and the version is {', '.join(sorted(versions))}"


def metadata_of(wheel: Path) -> email.message.Message:
    """Return the core metadata of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(path for path in archive.namelist() if path.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def problems_of_metadata(metadata: email.message.Message, root: Path) -> Iterator[str]:
    """Yield what an index would show wrongly: links that lead nowhere, and places that are not named."""
    urls = dict(value.split(", ", 1) for value in metadata.get_all("Project-URL", []))
    for label in ("Homepage", "Documentation", "Repository", "Issues", "Changelog"):
        if label not in urls:
            yield f"no URL is named {label!r}"
    if metadata["License-Expression"] != "Apache-2.0":
        yield "the licence expression is not Apache-2.0"
    for link in links_of(str(metadata.get_payload())):
        if not link.startswith(("https://", "#")):
            yield f"README has a link that an index cannot follow: {link}"
        inside = re.match(rf"{re.escape(REPOSITORY)}/(?:blob|raw|tree)/v[^/]+/([^#]*)", link)
        if inside and not (root / inside[1]).exists():
            yield f"README links to {inside[1]}, which does not exist"


def links_of(markdown: str) -> Iterator[str]:
    """Yield the targets of all links and pictures outside of code."""
    prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", markdown, flags=re.M | re.S)
    for match in _LINK.finditer(prose):
        yield match[1] or match[2]


def problems_of_pages(folder: Path, version: str, tag: str | None) -> Iterator[str]:
    """Yield where README and changelog do not fit the version, or say "not released" on the day of the release."""
    changelog = (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## {re.escape(version)}\b", changelog, re.M):
        yield f"CHANGELOG.md has no section for {version}"
    if tag is not None:
        for page in ("README.md", "CHANGELOG.md"):
            for match in _UNRELEASED.finditer((folder / page).read_text(encoding="utf-8")):
                yield f"{page} still says {match[0]!r}"


def use(dist: Path, name: str) -> None:
    """Install one distribution into an empty environment and use it there, away from the source tree."""
    with tempfile.TemporaryDirectory(prefix="headgate-release-") as temporary:
        folder = Path(temporary)
        python = _environment(folder / "venv")
        _pip(python, dist, name)
        _run([python, "-m", "pip", "check"])
        if name == "headgate":
            _run(
                [
                    python,
                    "-c",
                    "from headgate import Chunk, Gate; assert Gate({'mode': 'audit'}).admit([Chunk('x')]).chunks",
                ]
            )
            _run([python, "-m", "headgate", "explain", "P101"], cwd=folder)
            return
        adapter = next(iter(PROJECTS[name]["entry-points"]["headgate.adapters"].values()))
        package = adapter.partition(":")[0].rpartition(".")[0]
        _run([python, "-c", f"import {package} as package; print(package.__name__, package.__version__)"], cwd=folder)
        # The first example that a reader meets is README's; the other integrations have one of their own.
        page = ROOT / ("README.md" if name == "langchain-headgate" else f"{FOLDERS[name]}/README.md")
        if SECTION.search(page.read_text(encoding="utf-8")):
            for file in (page, ROOT / "tools" / "readme_example.py"):
                shutil.copy(file, folder)
            _run([python, "readme_example.py", "README.md"], cwd=folder)


def try_tests(dist: Path) -> None:
    """Run the integrations' tests from their sdists against the wheels, and collect those of the core's sdist."""
    with tempfile.TemporaryDirectory(prefix="headgate-sdists-") as temporary:
        folder = Path(temporary)
        python = _environment(folder / "venv")
        places = {}
        for name in FOLDERS:
            with tarfile.open(next((dist / name).glob("*.tar.gz"))) as packed:
                packed.extractall(folder, filter="data")
            places[name] = next(folder.glob(f"{name.replace('-', '_')}-*"))
        groups = [f"--group={place / 'pyproject.toml'}:test" for place in places.values()]
        wanted = []
        for name, project in PROJECTS.items():
            extras = [extra for extra in project.get("optional-dependencies", {}) if extra not in _UNTRIED]
            wanted.append(f"{name}[{','.join(extras)}]" if extras else name)
        _pip(python, dist, *groups, *wanted)
        for name in INTEGRATIONS:
            _run([python, "-m", "pytest", "-q"], cwd=places[name])
        _run([python, "-m", "pytest", "-q", "--collect-only", "--quiet", "--quiet"], cwd=places["headgate"])
        _run([python, "-m", "pytest", "-q", "tests/test_gate.py", "tests/test_package.py"], cwd=places["headgate"])


def _environment(folder: Path) -> str:
    venv.create(folder, with_pip=True)
    python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    _run([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip"])
    return python


def _pip(python: str, dist: Path, *what: str) -> None:
    """Install from the files that were built, and from the index only what is not among them."""
    found = [f"--find-links={dist / name}" for name in FOLDERS]
    _run([python, "-m", "pip", "install", "--quiet", *found, *what])


def _run(command: list[str], cwd: Path | None = None) -> None:
    # The source tree must not be found: what is tried is what was built.
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    subprocess.run(command, cwd=cwd, check=True, env=environment)


def main() -> None:
    """Build, look, install, use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tag", help="the tag that is released, such as v0.1.0")
    parser.add_argument("--skip-tests", action="store_true", help="leave out the tests of the sdists")
    arguments = parser.parse_args()
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    build(dist)
    if problems := list(problems_of(dist, arguments.tag or None)):
        raise SystemExit("\n".join(problems))
    for name in FOLDERS:
        use(dist, name)
    if not arguments.skip_tests:
        try_tests(dist)
    sys.stdout.write("Ready: built, described, installed and used.\n")


if __name__ == "__main__":
    main()

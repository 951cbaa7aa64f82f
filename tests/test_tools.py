"""What maintainers run can say no: floors, releases, the documentation site and the workflows."""

from __future__ import annotations

import email
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tools.floors import ROOT, distributions, floors, requirements
from tools.prose import HABITS, Habit, habits_in
from tools.release_check import REPOSITORY, links_of, problems_of_metadata, problems_of_pages
from tools.site import fetched_from_elsewhere, relocated

from headgate import __version__

PROJECTS = {ROOT / folder: table for folder, table in distributions().items()}
FOLDERS = list(PROJECTS)
WORKFLOWS = ROOT / ".github" / "workflows"


def metadata(readme: str, urls: str = "") -> email.message.Message:
    return email.message_from_string(f"License-Expression: Apache-2.0\n{urls}\n{readme}")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_readme_reads_on_an_index(folder: Path) -> None:
    command = [sys.executable, "-m", "hatch_fancy_pypi_readme", "pyproject.toml"]
    shown = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own
    named = "".join(f"Project-URL: {name}, {url}\n" for name, url in PROJECTS[folder]["project"]["urls"].items())
    assert list(problems_of_metadata(metadata(shown, named), ROOT)) == []
    assert sum(link.startswith(f"{REPOSITORY}/blob/v") for link in links_of(shown)) > 3
    assert shown.count("\n") >= (folder / "README.md").read_text(encoding="utf-8").count("\n")


def test_a_link_that_an_index_cannot_follow_is_named() -> None:
    readme = f"[a](docs/a.md) [b]({REPOSITORY}/blob/v1/nowhere.md) `[c](c.md)`\n```text\n[d](d.md)\n```\n"
    found = [problem for problem in problems_of_metadata(metadata(readme), ROOT) if "README" in problem]
    assert found == [
        "README has a link that an index cannot follow: docs/a.md",
        "README links to nowhere.md, which does not exist",
    ]
    assert "no URL is named 'Homepage'" in set(problems_of_metadata(metadata(""), ROOT))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_distribution_describes_itself(folder: Path) -> None:
    project, core = PROJECTS[folder]["project"], PROJECTS[ROOT]["project"]
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    home = (folder / PROJECTS[folder]["tool"]["hatch"]["version"]["path"]).read_text(encoding="utf-8")
    assert f'\n__version__ = "{__version__}"\n' in home
    assert project["requires-python"] == core["requires-python"]
    assert set(core["classifiers"]) <= set(project["classifiers"])
    assert list(problems_of_pages(folder, __version__, None)) == []


def test_a_release_with_pages_that_deny_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("headgate is not yet released.")
    (tmp_path / "CHANGELOG.md").write_text("## 1.0.0 (unreleased)\n")
    assert list(problems_of_pages(tmp_path, "1.0.0", None)) == []
    assert len(list(problems_of_pages(tmp_path, "1.0.0", "v1.0.0"))) == 2
    assert list(problems_of_pages(tmp_path, "1.1.0", None)) == ["CHANGELOG.md has no section for 1.1.0"]


def test_every_mention_of_the_project_is_of_one_place() -> None:
    named = set()
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "integrations/*/*.md",
        "*.toml",
        "integrations/*/*.toml",
        "mkdocs.yml",
        "tools/*.py",
    ):
        for file in ROOT.glob(pattern):
            named |= set(
                re.findall(r"https://github\.com/[\w.-]*headgate[\w.-]*/[\w-]+", file.read_text(encoding="utf-8"))
            )
    assert named == {REPOSITORY}


def test_floors_are_what_is_declared() -> None:
    lines = floors()
    assert len(lines) == len({line.partition("==")[0] for line in lines}) > 20
    assert all(re.match(r"^[\w.-]+==[\w.]+(?: ; .+)?$", line) for line in lines)
    assert not any(line.startswith(("headgate", "langchain-headgate")) for line in lines)
    assert len(list(requirements())) >= len(lines)


@pytest.mark.parametrize(
    ("required", "problem"),
    [('["a"]', "'a' declares no lowest version"), ('["a>=1", "a>=2"]', "a has two lowest versions")],
)
def test_what_has_no_floor_or_two_is_refused(required: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "x"\ndependencies = {required}\n')
    with pytest.raises(ValueError, match=problem):
        floors(tmp_path)


def test_the_matrix_has_every_version_of_python_that_is_declared() -> None:
    jobs = yaml.safe_load((WORKFLOWS / "test.yml").read_text())["jobs"]
    versions = jobs["newest"]["strategy"]["matrix"]["python"]
    declared = [
        name.rpartition(" ")[2] for name in PROJECTS[ROOT]["project"]["classifiers"] if re.search(r":: 3\.\d+$", name)
    ]
    assert versions[: len(declared)] == declared
    lowest = PROJECTS[ROOT]["project"]["requires-python"].removeprefix(">=")
    assert versions[0] == lowest
    assert f'python-version: "{lowest}"' in (WORKFLOWS / "test.yml").read_text().partition("oldest:")[2]


@pytest.mark.parametrize("workflow", ["test.yml", "release.yml"])
def test_a_workflow_runs_targets_that_exist_with_little_power(workflow: str) -> None:
    text = (WORKFLOWS / workflow).read_text()
    described = yaml.safe_load(text)
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    called = set(re.findall(r"make ([a-z][\w-]*)", text)) | set(
        re.findall(r"target: \[(.*)\]", text)[0].split(", ") if "target: [" in text else []
    )
    assert called <= targets
    assert called
    assert "write" not in str(described["permissions"])
    assert text.count("persist-credentials: false") == text.count("actions/checkout")


def test_publishing_is_off_until_somebody_switches_it_on() -> None:
    jobs = yaml.safe_load((WORKFLOWS / "release.yml").read_text())["jobs"]
    assert jobs["build"]["if"] == "vars.RELEASES == 'on'"
    assert jobs["attest"]["needs"] == "build"
    assert jobs["publish"]["needs"] == "attest"
    assert [name for name, job in jobs.items() if job.get("permissions", {}).get("id-token")] == ["attest", "publish"]
    names = [PROJECTS[folder]["project"]["name"] for folder in FOLDERS]
    assert jobs["publish"]["strategy"]["matrix"]["distribution"] == names


@pytest.mark.parametrize(
    ("link", "folder", "where"),
    [
        ("[a](adoption.md#langchain)", "docs", "adoption.md#langchain"),
        ("[a](../SECURITY.md)", "docs", "security.md"),
        ("[a](../../SECURITY.md#x)", "docs/api", "../security.md#x"),
        ("[a](docs/adoption.md)", ".", "adoption.md"),
        ("[a](tests/README.md)", ".", "https://repo.example/blob/main/tests/README.md"),
        ("[a](../notebooks)", "docs", "https://repo.example/tree/main/notebooks"),
        ("[a](nowhere.md)", "docs", "nowhere.md"),
        ("[a](https://x.example/)", "docs", "https://x.example/"),
    ],
)
def test_links_lead_to_the_site_or_the_repository(link: str, folder: str, where: str) -> None:
    assert relocated(link, folder, "https://repo.example") == f"[a]({where})"


def test_links_in_code_stay() -> None:
    code = "```text\n[a](../SECURITY.md)\n```\n"
    assert relocated(code, "docs", "https://repo.example") == code


def test_what_a_page_fetches_from_elsewhere_is_noticed() -> None:
    page = (
        '<script async src="https://a.example/x.js"></script><link href="//b.example/x.css" rel="stylesheet">'
        '<a href="https://c.example/">c</a><link rel="canonical" href="https://d.example/"><img src="x.png">'
    )
    assert fetched_from_elsewhere(page) == ["https://a.example/x.js", "//b.example/x.css"]


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.example)
def test_a_habit_of_another_language_is_noticed(habit: Habit) -> None:
    assert [instead for _, _, instead in habits_in(f"Fine.\n{habit.example}")] == [habit.instead]


@pytest.mark.parametrize(
    "sentence",
    [
        "There is no such folder, and it is no longer read.",
        "It is no later than that, and no more is asked for.",
        "The publisher stands behind it, and it stands for another word. It runs as it stands on the page.",
        "Which one a page is of, and which row a chunk is.",
        "Whoever signs the list signs that nobody else has.",
        "if a: pass\nelse: pass",
        "What else is there? Nothing else: or else it fails.",
    ],
)
def test_good_english_passes(sentence: str) -> None:
    assert list(habits_in(sentence)) == []

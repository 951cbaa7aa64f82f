"""Hooks of the documentation site: pages that live elsewhere, links that leave `docs/`, and the page of commands.

The pages in `docs/` are written to be read in the repository too, so what differs on the site is done here.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
# What is at the top of the repository, and its name on the site.
PAGES = {"SECURITY.md": "security.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
# `python app.py` and `python langchain` tell tests what to do with a block; only the first is for readers.
_FENCE = re.compile(r"^(```+)(\w+) +([\w./-]+)$", re.M)
_LINK = re.compile(r"(\]\()(?!https?:|mailto:|#)([^)\s#]+)((?:#[^)\s]*)?\))")
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?\b(?:src|srcset|data)=["']((?:https?:)?//[^"']*)"""
    r"""|<link\b(?=[^>]*rel=["'](?:stylesheet|icon|preload|preconnect|modulepreload))[^>]*?href=["']((?:https?:)?//[^"']*)"""
)
_EXIT_CODES = "What `headgate COMMAND --help` prints. Exit codes: 0 fine, 1 findings, 2 usage or configuration."
_LOG = logging.getLogger("mkdocs.hooks.headgate")
_CODE = re.compile(r"^```.*?^```$", re.M | re.S)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the repository's top, and the page of commands."""
    from mkdocs.structure.files import File

    for source, name in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=relocated(text, ".", str(config.extra["repository"]))))
    files.append(File.generated(config, "commands.md", content=commands_page()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - mkdocs' names
    """Give fences their titles, and lead links out of `docs/` to where they are on the site or in the repository."""
    if page.file.src_uri not in (*PAGES.values(), "commands.md"):
        folder = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page.file.src_uri)))
        markdown = relocated(markdown, folder, str(config.extra["repository"]))
    return _FENCE.sub(_fence, markdown)


def relocated(markdown: str, folder: str, repository: str) -> str:
    """Return a page of the repository with its links as they are on the site.

    Args:
        markdown: the page.
        folder: where it is in the repository, such as `docs/api`.
        repository: the address of the repository, for what is not on the site.
    """

    def relocate(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, match[2]))
        if path.startswith("docs/"):
            # A page at the top is at the top of the site as well; from a folder within docs the link is right as it is.
            return match[0] if folder.startswith("docs") else match[1] + path.removeprefix("docs/") + match[3]
        if path in PAGES:
            up = "../" * (folder.count("/") if folder.startswith("docs") else 0)
            return match[1] + up + PAGES[path] + match[3]
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        if not (ROOT / path).exists():
            return match[0]  # mkdocs says that it is dead
        return f"{match[1]}{repository}/{kind}/main/{path}{match[3]}"

    parts, last = [], 0
    for code in _CODE.finditer(markdown):
        parts += [_LINK.sub(relocate, markdown[last : code.start()]), code[0]]
        last = code.end()
    return "".join([*parts, _LINK.sub(relocate, markdown[last:])])


def _fence(match: re.Match[str]) -> str:
    title = f' title="{match[3]}"' if "." in match[3] else ""
    return f"{match[1]}{match[2]}{title}"


def commands_page() -> str:
    """Return a page with the help of every command, as the command line prints it."""
    from typer.main import get_command
    from typer.testing import CliRunner

    from headgate.cli.app import app

    lines = ["# Commands", "", _EXIT_CODES, ""]

    def describe(command: Any, *names: str) -> None:
        shown = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "88"}, prog_name="headgate", color=False)
        level = "#" * min(len(names) + 2, 3)
        lines.extend([f"{level} {' '.join(('headgate', *names))}", "", "```text", shown.output.strip(), "```", ""])
        for name, child in sorted(getattr(command, "commands", {}).items()):
            if not child.hidden:
                describe(child, *names, name)

    describe(get_command(app))
    return "\n".join(lines)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG001 - mkdocs' names
    """Warn, and so fail, where a page would fetch something from elsewhere."""
    for address in fetched_from_elsewhere(output):
        _LOG.warning("%s fetches %s; nothing on the site may come from elsewhere", page.file.src_uri, address)
    return output


def fetched_from_elsewhere(html: str) -> list[str]:
    """Return the addresses of other hosts that a browser asks when it shows a page."""
    return [match[1] or match[2] for match in _FETCHED.finditer(html)]

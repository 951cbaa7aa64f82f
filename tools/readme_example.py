"""Run README's example as a reader would: files are written, commands run, and what is printed is compared.

The standard library and what the example itself imports suffice, so it runs where only a wheel was installed:
`python readme_example.py README.md` in an empty folder.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

SECTION = re.compile(r"^## The whole way$(.*?)^## ", re.M | re.S)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def run(readme: str, folder: Path) -> int:
    """Run every block of the section "The whole way", and return how many outputs were compared.

    Raises:
        SystemExit: the section is missing, a command fails, or the output is not what the page shows.
    """
    section = SECTION.search(readme)
    if section is None:
        raise SystemExit('README has no section "The whole way".')
    names: dict[str, Any] = {"__name__": "readme"}
    printed, compared = "", 0
    for language, code in BLOCK.findall(section[1]):
        if language == "yaml":
            (folder / code.split()[1]).write_text(code, encoding="utf-8")
        elif language == "console":
            for line in code.splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                subprocess.run([sys.executable, "-m", *words], cwd=folder, check=True)
        elif language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(code, "README.md", "exec", dont_inherit=True), names)  # noqa: S102 - our own page
            printed = out.getvalue()
        elif language == "text":
            compared += 1
            if printed.strip() != code.strip():
                raise SystemExit(f"README shows\n{code}\nbut the example prints\n{printed}")
    return compared


if __name__ == "__main__":
    count = run(Path(sys.argv[1]).read_text(encoding="utf-8"), Path.cwd())
    if not count:
        raise SystemExit("README's example shows no output to compare with.")
    sys.stdout.write(f"README's example printed what the page shows ({count} outputs).\n")

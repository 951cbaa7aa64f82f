"""From a clone of python/peps to the corpus that benchmarks and notebooks read.

`git clone https://github.com/python/peps && python -m benchmarks.peps_corpus peps peps-2026.jsonl.gz`
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from email.parser import HeaderParser
from pathlib import Path

_NAME = re.compile(r"peps/pep-(\d{4})\.(?:rst|txt)")


def last_changes(clone: Path) -> dict[str, str]:
    """Return for each file the time of the last commit that touched it."""
    command = ["git", "-C", str(clone), "log", "--format=@%cI", "--name-only", "--", "peps"]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - git, on a clone
    found: dict[str, str] = {}
    when = ""
    for line in log.splitlines():
        if line.startswith("@"):
            when = line[1:]
        elif line:
            found.setdefault(line, when)
    return found


def read(clone: Path) -> list[dict[str, str]]:
    """Return the proposals of a clone."""
    rows = []
    for name, when in sorted(last_changes(clone).items()):
        match, path = _NAME.fullmatch(name), clone / name
        if match is None or not path.is_file():
            continue
        header, _, text = path.read_text(encoding="utf-8").partition("\n\n")
        fields = HeaderParser().parsestr(header)
        number = match.group(1)
        rows.append(
            {
                "id": f"pep-{number}",
                "title": fields.get("Title", ""),
                "url": f"https://peps.python.org/pep-{number}/",
                "last_modified": when,
                "superseded_by": fields.get("Superseded-By", ""),
                "text": text,
            }
        )
    return rows


def main() -> int:
    """Write the corpus."""
    if len(sys.argv) != 3:
        print("python -m benchmarks.peps_corpus CLONE OUT.jsonl.gz")
        return 2
    rows = read(Path(sys.argv[1]))
    with gzip.open(sys.argv[2], "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    print(f"{len(rows):,} proposals")
    return 0


if __name__ == "__main__":
    sys.exit(main())

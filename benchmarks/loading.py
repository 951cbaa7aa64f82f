"""Glossaries of 100,000 aliases: how long loading takes, first and again, and what it leaves in memory.

Run with `python -m benchmarks.loading [ALIASES]`; each file is loaded in a process of its own, and seconds are those of
the processor. Resident memory is read from /proc, so it is shown on Linux only.
"""

from __future__ import annotations

import csv
import io
import json
import random
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from headgate import Glossary
from headgate.terminology.writing import write_glossary

_FORMATS = {"yaml": "yaml", "csv": "csv", "json": "json", "solr": "txt"}
_SKOS = "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
_STATUS = Path("/proc/self/statm")


def main(aliases: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        glossary = Glossary.from_mapping(dict(_terms(aliases)))
        print(f"{aliases:,} aliases, {len(glossary):,} concepts")
        files = {form: Path(folder) / f"terms.{ending}" for form, ending in _FORMATS.items()}
        for form, path in files.items():
            path.write_text(write_glossary(glossary.concepts, form)[0], encoding="utf-8")
        files |= _of_terminologists(glossary, Path(folder))
        for form, path in files.items():
            done = subprocess.run(  # noqa: S603 - this program itself
                [sys.executable, "-m", "benchmarks.loading", "--load", str(path)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            found = json.loads(done.stdout)
            first, again, size = found["first"], found["again"] * 1000, found["megabytes"]
            print(f"{form:5} {first:6.2f} s   again {again:5.1f} ms   {size:4.0f} MB")


def _of_terminologists(glossary: Glossary, folder: Path) -> dict[str, Path]:
    """Write the formats that headgate only reads, as far as what reads them is installed."""
    files = {"skos": folder / "terms.ttl", "tbx": folder / "terms.tbx"}
    with files["skos"].open("w", encoding="utf-8") as turtle, files["tbx"].open("w", encoding="utf-8") as terms:
        turtle.write(_SKOS)
        terms.write('<tbx type="TBX-Basic"><text><body>\n')
        for number, concept in enumerate(glossary.concepts):
            others = ", ".join(f'"{alias}"@en' for alias in concept.aliases)
            turtle.write(f'<x:{number}> skos:prefLabel "{concept.canonical}"@en ; skos:altLabel {others} .\n')
            names = (concept.canonical, *concept.aliases)
            sections = "".join(f"<termSec><term>{name}</term></termSec>" for name in names)
            terms.write(f'<conceptEntry><langSec xml:lang="en">{sections}</langSec></conceptEntry>\n')
        terms.write("</body></text></tbx>")
    needed = {"skos": "rdflib", "tbx": "defusedxml", "xlsx": "openpyxl"}
    if find_spec("openpyxl"):
        import openpyxl

        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("Terms")
        for row in csv.reader(io.StringIO(write_glossary(glossary.concepts, "csv")[0])):
            sheet.append(row)
        files["xlsx"] = folder / "terms.xlsx"
        book.save(files["xlsx"])
    return {form: path for form, path in files.items() if find_spec(needed[form])}


def load(path: str) -> None:
    Glossary.from_mapping({"A": ["b"]})  # what is imported on the first use is not the file's
    before, start = _resident(), time.process_time()
    glossary = Glossary.load(path)
    first = time.process_time() - start
    again = time.process_time()
    assert Glossary.load(path) is glossary
    again = time.process_time() - again
    print(json.dumps({"first": first, "again": again, "megabytes": (_resident() - before) / 1e6}))


def _resident() -> int:
    return int(_STATUS.read_text(encoding="ascii").split()[1]) * 4096 if _STATUS.exists() else 0


def _terms(aliases: int) -> Iterator[tuple[str, list[str]]]:
    chance = random.Random(3)  # noqa: S311 - the same terms in every run
    for number in range(aliases // 2):
        one, two, three = ("".join(chance.choices(string.ascii_lowercase, k=chance.randint(4, 10))) for _ in range(3))
        yield f"{one} {two} {number}", [f"{two} {three}{number}", f"{three}{number}x"]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load(sys.argv[2])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)

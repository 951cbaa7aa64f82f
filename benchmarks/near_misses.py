"""Misspelt names: how many planted ones are found, and how many words of real prose are taken for one.

`python -m benchmarks.near_misses [FOLDER]` reads the Python Enhancement Proposals (see `benchmarks.peps`), in which
none of the names occurs that are looked for.
"""

from __future__ import annotations

import random
import string
import sys
from collections import Counter
from pathlib import Path

from benchmarks.peps import corpora, read_peps
from headgate import Glossary
from headgate.terminology import Concept
from headgate.terminology.formats import GlossaryFile

_NAMES = """
    warehouse shipment invoice customer supplier procurement accounting compliance onboarding timesheet payroll
    reimbursement incident escalation deployment rollback kubernetes postgresql elasticsearch terraform grafana
    prometheus larkdesk confluence bitbucket jenkins artifactory sonarqube datadog pagerduty salesforce workday zendesk
    hubspot marketo tableau snowflake databricks airflow jupyter pandas anaconda tensorflow pytorch sharepoint onedrive
    outlook powerpoint
"""
_TERMS = (
    *("purchase order", "service level agreement", "change request", "access control list", "release manager"),
    *("virtual machine", "business continuity plan", "customer success manager"),
)
_TRIALS, _CHARS, _SHORTEST = 2_000, 8_000, 6


def misspelt(word: str, mistakes: int, chance: random.Random) -> str:
    """Return a word with letters changed, lost, added or exchanged; its first one stays."""
    letters = list(word)
    for _ in range(mistakes):
        kind, place = chance.randrange(4), chance.randrange(1, len(letters) - 1)
        if kind == 0:
            letters[place] = chance.choice(string.ascii_lowercase)
        elif kind == 1:
            del letters[place]
        elif kind == 2:
            letters.insert(place, chance.choice(string.ascii_lowercase))
        else:
            letters[place - 1 : place + 1] = letters[place], letters[place - 1]
    return "".join(letters)


def recall(glossary: Glossary, names: list[str], mistakes: int) -> float:
    """Return the share of planted misspellings that are found, and taken for the right name."""
    chance = random.Random(mistakes)  # noqa: S311 - the same each time
    found = tried = 0
    while tried < _TRIALS:
        name = chance.choice(names)
        words = name.split()
        place = max(range(len(words)), key=lambda index: len(words[index]))
        wrong = misspelt(words[place], mistakes, chance)
        if len(words[place]) < _SHORTEST or wrong == words[place]:
            continue
        tried += 1
        text = " ".join((*words[:place], wrong, *words[place + 1 :]))
        found += any(one.fuzzy and one.canonical == name for one in glossary.rewrite(f"We use the {text} here.").edits)
    return found / tried


def main() -> None:
    """Print the figures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else corpora()
    names = [*_NAMES.split(), *_TERMS]
    concepts = tuple(Concept(canonical=name, aliases=(f"zq{number}x",)) for number, name in enumerate(names))
    glossary = Glossary(GlossaryFile(concepts, fuzzy="replace"))
    for mistakes in (1, 2):
        print(f"{mistakes} wrong: {recall(glossary, names, mistakes):.1%} of {_TRIALS:,} planted ones found")
    if folder is None:
        sys.exit("The corpora are not there: see benchmarks/peps.py.")
    texts = [row["text"] for row in read_peps(folder, 2026)]
    wrong: Counter[tuple[str, str, str]] = Counter()
    for text in texts:
        for start in range(0, len(text), _CHARS):
            edits = glossary.rewrite(text[start : start + _CHARS]).edits
            wrong.update((edit.mode, edit.alias, edit.canonical) for edit in edits if edit.fuzzy)
    words = sum(len(text.split()) for text in texts)
    for mode in ("replace", "flag"):
        of_mode = {key[1:]: count for key, count in wrong.items() if key[0] == mode}
        per_million = sum(of_mode.values()) / words * 1_000_000
        print(f"{mode}: {sum(of_mode.values())} words of {words:,} ({per_million:.1f} in a million) {of_mode}")


if __name__ == "__main__":
    main()

"""The work on a glossary: checking, proposing, learning, comparing versions, and holding documents to it."""

from headgate.tuning.glossaries.checking import GlossaryCheck, check_glossary
from headgate.tuning.glossaries.differing import GlossaryDifference, diff_glossaries
from headgate.tuning.glossaries.learning import Example, Learnt, Lesson, Lessons
from headgate.tuning.glossaries.linting import Hit, lint_text
from headgate.tuning.glossaries.proposing import Proposals, TermProposal
from headgate.tuning.glossaries.sarif import sarif_of

__all__ = [
    "Example",
    "GlossaryCheck",
    "GlossaryDifference",
    "Hit",
    "Learnt",
    "Lesson",
    "Lessons",
    "Proposals",
    "TermProposal",
    "check_glossary",
    "diff_glossaries",
    "lint_text",
    "sarif_of",
]

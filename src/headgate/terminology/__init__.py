"""Say it in our words: glossaries, matching and rewriting with an alignment. Pure once loaded."""

from headgate.terminology.concepts import Concept
from headgate.terminology.edits import Alignment, Edit, Rewrite
from headgate.terminology.glossary import Glossary
from headgate.terminology.offsets import Offsets

__all__ = ["Alignment", "Concept", "Edit", "Glossary", "Offsets", "Rewrite"]

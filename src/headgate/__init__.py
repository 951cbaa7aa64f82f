"""headgate: the gate between a retriever and the prompt.

Importing this module does no work: each public name loads what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from headgate.display import Renderer, render_with
from headgate.version import __version__

if TYPE_CHECKING:
    from headgate.admission.collecting import collecting
    from headgate.admission.gate import Gate
    from headgate.chunk import Chunk
    from headgate.corpus import Manifest
    from headgate.decision import Admission, Decision, Dropped, Finding
    from headgate.errors import (
        AdapterError,
        BudgetError,
        HeadgateError,
        ManifestError,
        NothingAdmissibleError,
        PolicyError,
        SealError,
    )
    from headgate.integration.adapters import guard
    from headgate.limits import Limits
    from headgate.policy import Policy
    from headgate.provenance import KeySet, Sealer
    from headgate.record.asking import asked_by
    from headgate.terminology import Glossary
    from headgate.terminology.edits import Edit, Rewrite

_HOMES = {
    "AdapterError": "errors",
    "Admission": "decision",
    "BudgetError": "errors",
    "Chunk": "chunk",
    "Decision": "decision",
    "Dropped": "decision",
    "Edit": "terminology.edits",
    "Finding": "decision",
    "Gate": "admission.gate",
    "Glossary": "terminology",
    "HeadgateError": "errors",
    "KeySet": "provenance",
    "Limits": "limits",
    "Manifest": "corpus",
    "ManifestError": "errors",
    "NothingAdmissibleError": "errors",
    "Policy": "policy",
    "PolicyError": "errors",
    "Rewrite": "terminology.edits",
    "SealError": "errors",
    "Sealer": "provenance",
    "asked_by": "record.asking",
    "collecting": "admission.collecting",
    "guard": "integration.adapters",
}

__all__ = [
    "AdapterError",
    "Admission",
    "BudgetError",
    "Chunk",
    "Decision",
    "Dropped",
    "Edit",
    "Finding",
    "Gate",
    "Glossary",
    "HeadgateError",
    "KeySet",
    "Limits",
    "Manifest",
    "ManifestError",
    "NothingAdmissibleError",
    "Policy",
    "PolicyError",
    "Rewrite",
    "SealError",
    "Sealer",
    "__version__",
    "asked_by",
    "collecting",
    "guard",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        # Rooms such as headgate.freshness are reachable as attributes without an import of their own.
        try:
            return import_module(f"headgate.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"headgate.{name}":
                raise  # the room is there; a package that it needs is not
            raise AttributeError(f"module 'headgate' has no attribute {name!r}") from None
    value = getattr(import_module(f"headgate.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def _renderer() -> Renderer:
    from headgate.report import displays

    return displays


render_with(_renderer)

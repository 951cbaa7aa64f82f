"""Production on purpose: a curated corpus in the state in which production has it, without and with the gate."""

from headgate.display import bring_views
from headgate.rehearsal.catalogue import CATALOGUE
from headgate.rehearsal.injecting import Injection, injection
from headgate.rehearsal.result import Case, InjectionResult, Rehearsal
from headgate.rehearsal.running import rehearse
from headgate.rehearsal.world import World

__all__ = ["CATALOGUE", "Case", "Injection", "InjectionResult", "Rehearsal", "World", "injection", "rehearse"]


def _load_views() -> object:
    from headgate.rehearsal import views

    return views


bring_views(_load_views, Rehearsal)

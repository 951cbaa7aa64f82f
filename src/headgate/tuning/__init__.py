"""What if: what traffic that was recorded, or asked for now, would become under other rules."""

from headgate.display import bring_views
from headgate.tuning.comparing import Comparison, Move
from headgate.tuning.curves import Curve, CurvePoint, Level, Levels
from headgate.tuning.histories import history_of, read_history
from headgate.tuning.lives import History, Life
from headgate.tuning.outlook import Ending, Outlook, SourceOutlook, look_ahead
from headgate.tuning.suggesting import Suggestion, suggest_verification
from headgate.tuning.terms import TermEffect
from headgate.tuning.traffic import Traffic

__all__ = [
    "Comparison",
    "Curve",
    "CurvePoint",
    "Ending",
    "History",
    "Level",
    "Levels",
    "Life",
    "Move",
    "Outlook",
    "SourceOutlook",
    "Suggestion",
    "TermEffect",
    "Traffic",
    "history_of",
    "look_ahead",
    "read_history",
    "suggest_verification",
]


def _load_views() -> object:
    from headgate.tuning import outlooks, views

    return outlooks, views


bring_views(_load_views, Comparison, Curve, Levels, Outlook, Suggestion, TermEffect)

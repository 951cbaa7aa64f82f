"""What if: what traffic that was recorded, or asked for now, would become under other rules."""

from headgate.display import bring_views
from headgate.tuning.comparing import Comparison, Move
from headgate.tuning.curves import Curve, CurvePoint, Level, Levels
from headgate.tuning.terms import TermEffect
from headgate.tuning.traffic import Traffic

__all__ = ["Comparison", "Curve", "CurvePoint", "Level", "Levels", "Move", "TermEffect", "Traffic"]


def _load_views() -> object:
    from headgate.tuning import views

    return views


bring_views(_load_views, Comparison, Curve, Levels, TermEffect)

"""What a decision log says over time: how sources do, what keeps a team from enforcement, what goes stale."""

from headgate.display import bring_views
from headgate.history.adoption import Adoption, study_adoption
from headgate.history.remedies import Remedy
from headgate.history.scorecard import Period, Scorecard, SourceScore, score_sources
from headgate.history.stale import StaleDocument, StaleList, find_stale

__all__ = [
    "Adoption",
    "Period",
    "Remedy",
    "Scorecard",
    "SourceScore",
    "StaleDocument",
    "StaleList",
    "find_stale",
    "score_sources",
    "study_adoption",
]


def _load_views() -> object:
    from headgate.history import reports, views

    return reports, views


bring_views(_load_views, Adoption, Scorecard, StaleList)

"""What a decision log says over time: how sources do, what keeps a team from enforcement, what goes stale."""

from headgate.display import bring_views
from headgate.history.adoption import Adoption
from headgate.history.remedies import Remedy
from headgate.history.scorecard import Period, Scorecard, SourceScore
from headgate.history.stale import StaleDocument, StaleList
from headgate.history.studies import find_stale, score_sources, study_adoption

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

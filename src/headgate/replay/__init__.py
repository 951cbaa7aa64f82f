"""Recorded traffic, decided again: under another policy, or at another date."""

from headgate.display import bring_views
from headgate.replay.deciding import Redecided, Redecider
from headgate.replay.rechecking import Recheck, Rechecked, recheck, recheck_record
from headgate.replay.reporting import Replay, replay_records
from headgate.replay.rollouts import Rollout, compare_rollout

__all__ = [
    "Recheck",
    "Rechecked",
    "Redecided",
    "Redecider",
    "Replay",
    "Rollout",
    "compare_rollout",
    "recheck",
    "recheck_record",
    "replay_records",
]


def _load_views() -> object:
    from headgate.replay import views

    return views


bring_views(_load_views, Replay, Recheck)

"""Recorded traffic, decided again: under another policy, or at another date."""

from headgate.replay.deciding import Redecided, Redecider
from headgate.replay.reporting import Replay, replay_records
from headgate.replay.views import replay_html, replay_rich

__all__ = ["Redecided", "Redecider", "Replay", "replay_html", "replay_records", "replay_rich"]

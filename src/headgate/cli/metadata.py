"""From options to how metadata is read: the policy's keys, the zone and the order of dates."""

from __future__ import annotations

from pathlib import Path

from headgate.admission.loading import policy_of
from headgate.errors import HeadgateError
from headgate.policy import MetadataKeys

__all__ = ["metadata_keys"]


def metadata_keys(policy: Path | None, timezone: str | None = None, date_order: str | None = None) -> MetadataKeys:
    """Return which metadata keys name the source and the times, and how times are read.

    Raises:
        HeadgateError: an option is not one of its values.
    """
    if date_order not in (None, "DMY", "MDY"):
        raise HeadgateError(f"--date-order {date_order!r}: write DMY or MDY.")
    own = policy_of(policy).metadata if policy is not None else MetadataKeys()
    given = {"timezone": timezone, "date_order": date_order}
    try:
        return MetadataKeys.model_validate(
            {
                **own.model_dump(exclude_unset=True),
                **{name: value for name, value in given.items() if value is not None},
            }
        )
    except ValueError:
        raise HeadgateError(f"--timezone {timezone!r} is not a time zone. Write UTC or Europe/Berlin.") from None

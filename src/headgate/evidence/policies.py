"""The policies that were in force: each with its revision, the files that it names, and the keys that it trusts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.admission.loading import policy_of
from headgate.admission.resolving import resolve
from headgate.admission.revision import ResolvedSource, Revision
from headgate.errors import PolicyError
from headgate.files import read_config_bytes
from headgate.limits import DEFAULT_LIMITS
from headgate.policy import Policy
from headgate.policy.loading import locate
from headgate.provenance import KeySet, VerificationKey

__all__ = ["GivenPolicy", "load_policies"]

_MOST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class GivenPolicy:
    """A policy file as it was handed over.

    Attributes:
        revision: its digest, as records name it.
        files: it and the files that it names, by the names that they have beside one another.
        keys: the keys that it trusts, as plain JSON values: for what, and since and until when.
    """

    revision: str
    files: tuple[tuple[str, bytes], ...]
    keys: tuple[dict[str, Any], ...]


def load_policies(paths: Iterable[Path]) -> dict[str, GivenPolicy]:
    """Return policies by their revisions. Nothing is fetched: keys at addresses are those that were fetched before.

    Args:
        paths: of policy files.

    Raises:
        PolicyError: a policy, or a file that it names, cannot be used.
    """
    found: dict[str, GivenPolicy] = {}
    for path in paths:
        policy = policy_of(path, may_wait=False)
        try:
            revision = resolve(policy, DEFAULT_LIMITS, may_wait=False, remembers=False)
        except PolicyError as error:
            raise locate(error, path) from None
        found[revision.digest] = GivenPolicy(
            revision.digest, tuple(dict(_files(path, policy)).items()), tuple(_keys(revision))
        )
    return found


def _files(path: Path, policy: Policy) -> Iterator[tuple[str, bytes]]:
    folder = path.resolve().parent
    yield path.name, read_config_bytes(path, _MOST_BYTES)
    for name, file in policy.signed_files.items():
        yield f"pulled/{name}", read_config_bytes(file, _MOST_BYTES)
    signed = set(policy.signed_files.values())
    for number, file in enumerate(one for one in policy.named_files() if one not in signed):
        resolved = file.resolve()
        inside = resolved.relative_to(folder).as_posix() if resolved.is_relative_to(folder) else None
        yield inside or f"elsewhere/{number}-{resolved.name}", read_config_bytes(file, _MOST_BYTES)


def _keys(revision: Revision) -> Iterator[dict[str, Any]]:
    for source in (*revision.sources.values(), revision.default):
        yield from _keys_of(source)
    for number, keys in enumerate(revision.revocation_keys):
        yield from ({"for": f"revocation list {number}", **_described(key)} for key in keys)


def _keys_of(source: ResolvedSource) -> Iterator[dict[str, Any]]:
    roles: tuple[tuple[str, KeySet | None], ...] = (
        ("documents", source.requirement.keys),
        ("timestamps", source.timestamp_keys),
    )
    for role, keys in roles:
        for key in keys or ():
            yield {"for": role, "source": source.id, **_described(key)}


def _described(key: VerificationKey) -> dict[str, Any]:
    dates = (("valid_from", key.valid_from), ("valid_until", key.valid_until))
    window = {name: time.isoformat() for name, time in dates if time is not None}
    delegated = {"delegated_by": list(key.delegated_by)} if key.delegated_by else {}
    return {"kid": key.kid, "thumbprint": key.thumbprint, "algorithms": list(key.algorithms), **window, **delegated}

"""Whether one revision may follow another: no manifest goes back, whatever else of the policy has changed."""

from __future__ import annotations

from datetime import datetime, timedelta

from headgate.admission.revision import ResolvedSource, Revision
from headgate.encoding import shown
from headgate.errors import PolicyError
from headgate.provenance import Manifest, VerificationKey
from headgate.provenance.revocation import Revocations
from headgate.provenance.stamps import is_before

__all__ = ["require_no_rollback"]

_AHEAD = timedelta(minutes=5)  # as clocks that are right differ


def require_no_rollback(after: Revision, before: Revision, revocations: Revocations, now: datetime) -> None:
    """Raise if a manifest was replaced by an earlier one, by one of another corpus, or by one that lists nothing.

    The last under the same policy: whoever raises `at_least` wants nothing of what was in force. Another corpus is
    meant where the policy names it, or another folder. What is remembered of versions begins again with another set of
    keys, and somebody may have waited for that; but here it is known whether the keys of what is in force count still.

    Args:
        after: the revision that was loaded.
        before: the revision in force.
        revocations: what was taken back: by keys that were, nobody is held to anything.
        now: the present.

    Raises:
        PolicyError: it was, and the old one goes on being relied on.
    """

    def is_revoked(key: VerificationKey) -> object:
        return revocations.of_key(key.thumbprint)

    good = {name: one for name, one in before.manifests() if one.refusal is None}
    for name, manifest in after.manifests():
        known, source = good.get(name), after.resolved(name)
        if known is None:
            continue
        corpus = manifest.statement.corpus
        is_same_place = known.folder == manifest.folder
        if known.statement.corpus != corpus and is_same_place and source.corpus is None:
            problem = f"{name!r}: the manifest is of another corpus, {shown(corpus)}."
            raise PolicyError(problem, "The one before stays in force; write provenance.corpus if it is meant.")
        if manifest.refusal is not None and after.digest == before.digest:
            remedy = "The one before stays in force."
            raise PolicyError(f"{name!r}: {manifest.refusal.message} ({manifest.refusal.code})", remedy)
        if not is_same_place or known.statement.corpus != corpus or known.taken_back(is_revoked):
            continue
        if manifest.taken_back(is_revoked):
            problem = f"{name!r}: the manifest is signed by a key that has been revoked (P107)."
            raise PolicyError(problem, "The one before stays in force.")
        if _is_earlier(manifest, known, now):
            _require_gone(known, manifest, source)


def _is_earlier(manifest: Manifest, known: Manifest, now: datetime) -> bool:
    """Return whether a manifest is of an earlier version, of another content, or has an earlier timestamp."""
    stamp, other = manifest.timestamp, known.timestamp
    if stamp.version != other.version:
        return stamp.version < other.version
    # One from the future can be corrected by whoever has signed it.
    return stamp.digest != other.digest or (other.issued - now <= _AHEAD and is_before(stamp, other))


def _require_gone(known: Manifest, manifest: Manifest, source: ResolvedSource) -> None:
    """Raise unless the keys of what is in force do not count any more.

    Raises:
        PolicyError: they do.
    """
    keys = source.requirement.keys
    stamping = source.timestamp_keys if source.timestamp_keys is not None else keys
    if known.by(keys, stamping).refusal is not None:
        return
    version, before = manifest.timestamp.version, known.timestamp.version
    remedy = "The one before stays in force. If its key has leaked, revoke the key, or take it out of the policy."
    problem = f"{source.id!r}: the manifest has version {version}, and {before} is in force (P108)."
    if version == before:
        problem = f"{source.id!r}: the manifest is an earlier or another one of version {version} (P108)."
    raise PolicyError(problem, remedy)

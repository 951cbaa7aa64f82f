"""A policy put together for signing: the file, and the files that it names, each read once."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path

from headgate.admission.pulling import require_own_keys
from headgate.admission.resolving import resolve
from headgate.encoding import shown
from headgate.errors import ManifestError, PolicyError
from headgate.files import read_config_bytes
from headgate.limits import DEFAULT_LIMITS
from headgate.policy import Policy, Source, SourceRule
from headgate.policy.loading import locate
from headgate.provenance import KeySet
from headgate.provenance.bundles import POLICY_FILE, require_file_name
from headgate.provenance.publishable import holds_private_key, holds_private_members

__all__ = ["files_of", "without_manifests"]


def files_of(path: Path, signing: KeySet) -> Mapping[str, bytes]:
    """Return the policy in a file and the files that it names, by their names, after all of it was loaded.

    Args:
        path: the policy file.
        signing: the keys that may sign it.

    Raises:
        PolicyError: it cannot be used; names a file that is not below its folder, or the very keys that sign it; is one
            that is pulled itself; or a private key is in one of the files.
    """
    policy = Policy.load(path)
    try:
        # Manifests are kept beside gates, and need not be here.
        require_own_keys(signing, resolve(without_manifests(policy), DEFAULT_LIMITS, may_wait=False))
    except PolicyError as error:
        raise locate(error, path) from None
    files = {POLICY_FILE: read_config_bytes(path, DEFAULT_LIMITS.policy_bytes)}
    for name in policy.files_to_sign():
        plain = posixpath.normpath(name)
        try:
            require_file_name(plain)
            _require_below(path.parent, policy.resolve_path(name))
        except (ManifestError, OSError):
            problem = f"{shown(name)} is not below the folder of the policy."
            raise PolicyError(problem, "Only what is there is signed with it: put it there.", file=str(path)) from None
        if plain == POLICY_FILE and not path.samefile(policy.resolve_path(name)):
            raise PolicyError(f"it names a file {POLICY_FILE}, as it is called itself there.", file=str(path))
        files[plain] = read_config_bytes(policy.resolve_path(name), DEFAULT_LIMITS.bundle_bytes)
    _require_public(path, policy, files)
    return files


def _require_public(path: Path, policy: Policy, files: Mapping[str, bytes]) -> None:
    """Raise if a private key is among what is published, also where nobody would read it.

    Raises:
        PolicyError: there is one.
    """
    rules = (*policy.sources, policy.default)
    entries = [entry for one in rules for entry in (*one.provenance.keys, *one.provenance.timestamp_keys)]
    entries += [entry for one in policy.revocations for entry in one.keys]
    key_files = {posixpath.normpath(entry) for entry in entries if isinstance(entry, str)}
    held = [name for name, data in files.items() if holds_private_key(data, is_key_file=name in key_files)]
    if any(holds_private_members(entry) for entry in entries if not isinstance(entry, str)):
        held.append(POLICY_FILE)
    if held:
        problem = f"{shown(held[0])} holds a private key, and everybody could read it there."
        raise PolicyError(problem, "Leave the public half alone in it, and keep the other one secret.", file=str(path))


def _require_below(folder: Path, file: Path) -> None:
    """Raise unless a file is in a folder, wherever links lead.

    Raises:
        ManifestError: it is not.
    """
    if not file.resolve(strict=True).is_relative_to(folder.resolve(strict=True)):
        raise ManifestError("P106", "it is not below the folder")


def without_manifests(policy: Policy) -> Policy:
    """Return a policy that loads no manifest, for where there is none."""

    def without(rule: SourceRule) -> SourceRule:
        return rule.model_copy(update={"provenance": rule.provenance.model_copy(update={"manifest": None})})

    sources = tuple(source for one in policy.sources if isinstance(source := without(one), Source))
    return policy.model_copy(update={"sources": sources, "default": without(policy.default)})

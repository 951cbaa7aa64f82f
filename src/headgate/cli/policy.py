"""`headgate policy`: sign a policy that many gates pull, try it on a share of them, promote it or take it back."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from headgate.admission.bundling import files_of, without_manifests
from headgate.admission.loading import load
from headgate.admission.pulling import Pulled, require_own_keys
from headgate.admission.resolving import resolve
from headgate.cli.instants import NowOption, end_of, instant
from headgate.cli.options import JsonOption, print_json
from headgate.encoding import in_number, safe_uri
from headgate.errors import HeadgateError, ManifestError
from headgate.files import read_config_bytes, write_bytes
from headgate.limits import DEFAULT_LIMITS
from headgate.origins.policies import pulled_policy, unpacked
from headgate.policy import Policy
from headgate.policy.durations import format_duration
from headgate.provenance import KeySet, Signer, load_signer
from headgate.provenance.bundles import PARTS, WHOLE, PolicyBundle
from headgate.report import visible

__all__ = [
    "EXAMPLE_PROMOTE",
    "EXAMPLE_PUBLISH",
    "EXAMPLE_SHOW",
    "EXAMPLE_TAKE_BACK",
    "EXAMPLE_VERIFY",
    "promote",
    "publish",
    "show",
    "take_back",
    "verify",
]

EXAMPLE_PUBLISH = (
    "Example: headgate policy publish headgate.yaml --key keys/policy.private.jwk.json --name acme --out policy.json"
)
EXAMPLE_PROMOTE = "Example: headgate policy promote policy.json --key keys/policy.private.jwk.json"
EXAMPLE_TAKE_BACK = "Example: headgate policy take-back policy.json --key keys/policy.private.jwk.json"
EXAMPLE_VERIFY = "Example: headgate policy verify policy.json --keys keys/policy.jwks.json"
EXAMPLE_SHOW = "Example: headgate policy show --policy headgate.yaml"

BundleArgument = Annotated[Path, typer.Argument(metavar="SIGNED", help="The file of the signed policy.")]
KeyOption = Annotated[
    str, typer.Option("--key", "-k", help="The private key that signs policies (JWK or PEM), or its URI (hsm:...).")
]
TrustedOption = Annotated[
    Path | None,
    typer.Option("--keys", help="The public keys of all who may sign policies; by default that of --key alone."),
]
ExpiresOption = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="For how long it is in force, such as 30d; then nothing is admitted. 'never': no end. "
        "Unset: as long as the one before, and a new one has no end.",
    ),
]


def publish(
    policy: Annotated[Path, typer.Argument(metavar="POLICY", help="The policy file.")],
    key: KeyOption,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file of the signed policy, which gates pull.")],
    name: Annotated[str | None, typer.Option("--name", help="What gates call it; needed for a new one.")] = None,
    share: Annotated[
        str | None,
        typer.Option(
            metavar="PER CENT", help="Try it on this share of gates first, such as 5%; others keep the other."
        ),
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, help="By default one more than in --out.")] = None,
    expires: ExpiresOption = None,
    keys: TrustedOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a policy with the keys, glossaries and rules that it names, as one file with a version.

    Everything is loaded first, and what cannot be used is not signed. What all gates had before is kept as
    SIGNED.before.
    """
    signer, at = load_signer(key), instant(now)
    trusted = _trusted(signer, keys)
    before = _read(out, trusted) if out.exists() else None
    named = name or (before.name if before is not None else None)
    if named is None:
        raise HeadgateError(f"{out} is a new one: give --name, by which gates know it.")
    if before is not None and before.name != named:
        raise HeadgateError(f"{out} is the policy {before.name!r}, not {named!r}. Choose another --out.")
    files = files_of(policy, trusted)
    if share is None:
        made = PolicyBundle(name=named, version=1, issued=at, files=files)
    elif before is None:
        raise HeadgateError(f"{out}: there is none that the other gates could keep. Publish one without --share first.")
    else:
        made = PolicyBundle(name=named, version=1, issued=at, files=before.files, trial=files, share=_share(share))
    _write(out, made, before, signer, at, expires, version, as_json=as_json)


def promote(
    path: BundleArgument,
    key: KeyOption,
    expires: ExpiresOption = None,
    keys: TrustedOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have all gates take the policy that a share of them tries: signed again, as the next version."""
    signer, at = load_signer(key), instant(now)
    before = _read(path, _trusted(signer, keys))
    if not before.trial:
        raise HeadgateError(f"{path}: no policy is on trial in version {before.version}.")
    made = PolicyBundle(name=before.name, version=1, issued=at, files=before.trial)
    _write(path, made, before, signer, at, expires, None, as_json=as_json)


def take_back(
    path: BundleArgument,
    key: KeyOption,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="EARLIER", help="The signed policy to go back to; by default SIGNED.before."),
    ] = None,
    expires: ExpiresOption = None,
    keys: TrustedOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a trial; where there is none, have all gates go back to the policy before: signed as the next version."""
    signer, at = load_signer(key), instant(now)
    trusted = _trusted(signer, keys)
    before = _read(path, trusted)
    ends_trial = to is None and before.trial
    files = before.files if ends_trial else _earlier(path, before, to, trusted).files
    made = PolicyBundle(name=before.name, version=1, issued=at, files=files)
    # What was taken back is not what to go back to.
    _write(path, made, before, signer, at, expires, None, as_json=as_json, keeps=False)


def verify(
    path: BundleArgument,
    keys: Annotated[Path, typer.Option("--keys", help="The public keys of all who may sign it.")],
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a signed policy as a gate does, and load what is in it. Exit code 1 if it is not in force."""
    trusted, at = KeySet.load(keys), instant(now)
    found = _read(path, trusted)
    with tempfile.TemporaryDirectory(prefix="headgate-") as folder:
        for part in PARTS:
            if found.part(part):
                loaded = unpacked(found, part, Path(folder), path.parent)
                require_own_keys(trusted, resolve(without_manifests(loaded), DEFAULT_LIMITS, may_wait=False))
    is_over = found.issued > at or (found.expires is not None and found.expires <= at)
    _say(path, found, as_json=as_json, is_in_force=not is_over)
    raise typer.Exit(int(is_over))


def show(
    policy: Annotated[Path, typer.Option("--policy", "-p", help="The file that says where the policy is pulled from.")],
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which signed policy gates of this machine begin with, and when its place confirmed it; it is asked now.

    Exit code 1 if there is something to say about its age or its end, or if gates of this machine had another one last.
    """
    at, written = instant(now), Policy.load(policy)
    if written.pull is not None:
        pulled_policy(written).ask_again(at)
    loaded = load(written, policy, DEFAULT_LIMITS, lambda: at)
    if loaded.pulled is None:
        raise HeadgateError(f"{policy}: this policy is not pulled from anywhere.")
    values = _standing(loaded.pulled, loaded.revision.digest, at)
    finding = loaded.pulled.standing(at)
    if as_json:
        print_json(values)
    else:
        for name, value in values.items():
            typer.echo(visible(f"{name + ':':<11} {'-' if value is None else value}"))
    raise typer.Exit(int(finding is not None or values["problem"] is not None))


def _standing(pulled: Pulled, revision: str, now: datetime) -> dict[str, object]:
    bundle, place = pulled.bundle, pulled.place
    age, finding, last = pulled.age(now), pulled.standing(now), place.good
    problem = place.problem or (finding.message if finding is not None else None)
    if problem is None and last is not None and last.digest != bundle.digest:
        problem = f"gates of this machine had version {last.version} last; where that lasts, their log says why."
    return {
        "policy": bundle.name,
        "version": bundle.version,
        "last": last.version if last is not None else None,
        "revision": revision,
        "part": pulled.part,
        "place": safe_uri(place.url),
        "issued": bundle.issued.isoformat(),
        "expires": bundle.expires.isoformat() if bundle.expires is not None else None,
        "confirmed": pulled.confirmed.isoformat() if pulled.confirmed is not None else None,
        "age": format_duration(age) if age is not None else None,
        "problem": problem,
    }


def _trusted(signer: Signer, keys: Path | None) -> KeySet:
    return signer.public if keys is None else KeySet.load(keys)


def _kept(path: Path) -> Path:
    return path.with_name(f"{path.name}.before")


def _earlier(path: Path, before: PolicyBundle, to: Path | None, keys: KeySet) -> PolicyBundle:
    """Return the signed policy to go back to.

    Raises:
        HeadgateError: it is another policy, or the same, or none that the signed one was put in the place of: whoever
            holds the place can put any that was ever signed there.
    """
    kept = to or _kept(path)
    if to is None and not (before.earlier and kept.exists()):
        raise HeadgateError(f"version {before.version} took the place of none that is known: name one with --to.")
    earlier = _read(kept, keys)
    if to is None and earlier.digest != before.earlier:
        raise HeadgateError(
            f"{kept} is version {earlier.version}, and not the one that all gates had before version {before.version}. "
            "Name the one to go back to with --to."
        )
    if earlier.name != before.name:
        raise HeadgateError(f"{kept} is the policy {earlier.name!r}, not {before.name!r}.")
    if not before.trial and earlier.files == before.files:
        raise HeadgateError(f"{kept} holds what is in force already: name an earlier one with --to.")
    return earlier


def _read(path: Path, keys: KeySet) -> PolicyBundle:
    try:
        return PolicyBundle.read(read_config_bytes(path, DEFAULT_LIMITS.bundle_bytes), keys)
    except ManifestError as error:
        raise error.at(str(path)) from None


def _share(text: str) -> int:
    """Return a share of gates, of ten thousand."""
    try:
        part = round(float(text.strip().removesuffix("%")) * WHOLE / 100)
    except (ValueError, OverflowError):
        part = 0
    if not 0 < part < WHOLE:
        raise HeadgateError(f"--share {text[:20]!r}: write per cent of the gates, more than 0% and less than 100%.")
    return part


def _write(
    path: Path,
    made: PolicyBundle,
    before: PolicyBundle | None,
    signer: Signer,
    at: datetime,
    expires: str | None,
    version: int | None,
    *,
    as_json: bool,
    keeps: bool = True,
) -> None:
    """Sign what was made as the next version, and put it in the place of the one before, which is kept beside it."""
    wanted = version if version is not None else (before.version + 1 if before is not None else 1)
    if before is not None and wanted <= before.version:
        raise HeadgateError(
            f"--version {wanted}: gates already have version {before.version} and accept only a higher one."
        )
    made = replace(made, version=wanted, expires=_end(expires, before, at))
    # One that is renewed or tried is no other one to go back to.
    is_another = before is not None and before.files != made.files
    if before is not None:
        made = replace(made, earlier=before.earlier if not is_another else before.digest if keeps else "")
    data = made.sign(signer)
    if is_another and keeps:
        write_bytes(_kept(path), read_config_bytes(path, DEFAULT_LIMITS.bundle_bytes))
    write_bytes(path, data)
    _say(path, made, as_json=as_json)


def _end(expires: str | None, before: PolicyBundle | None, at: datetime) -> datetime | None:
    """Return until when the next version is in force: as long as the one before, unless something else is wanted."""
    if expires is not None:
        return None if expires == "never" else end_of(expires, at, "--expires")
    try:
        return at + before.lifetime if before is not None and before.lifetime is not None else None
    except OverflowError:
        raise HeadgateError("as long as the one before is beyond all dates: give --expires.") from None


def _say(path: Path, found: PolicyBundle, *, as_json: bool, is_in_force: bool = True) -> None:
    if as_json:
        values: Mapping[str, object] = {
            "policy": found.name,
            "version": found.version,
            "issued": found.issued.isoformat(),
            "expires": found.expires.isoformat() if found.expires is not None else None,
            "files": sorted(found.files),
            "trial": sorted(found.trial) if found.trial else None,
            "share": found.share / WHOLE if found.trial else None,
            "in_force": is_in_force,
        }
        print_json(values)
        return
    until = f", until {found.expires:%Y-%m-%d %H:%M} UTC" if found.expires is not None else ""
    trial = f"; on trial by {found.share * 100 / WHOLE:g}% of gates" if found.trial else ""
    state = "" if is_in_force else " It is not in force now."
    count = in_number(len(found.files), "file")
    typer.echo(visible(f"{path}: {found.name!r}, version {found.version}, {count}{until}{trial}.{state}"))

"""Where a policy that many gates share is pulled from, and who may sign it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator
from typing_extensions import Self

from headgate.policy.feeds import require_variable
from headgate.policy.values import Duration, KeyNames, PathText, PolicyModel, as_list, key_entries, require_address

__all__ = ["GitPlace", "PullRule"]

_KINDS = ("url", "git", "path")


def _require_here(value: str, remedy: str) -> str:
    """Return the name of a file or folder; an address, which may hold a password, is none, and is not shown."""
    if "://" in value:
        raise ValueError(f"this is an address, not a path on this machine. {remedy}")
    return value


class GitPlace(PolicyModel):
    """A file in a revision of a git repository on this machine; nothing is fetched by it."""

    repository: PathText = Field(min_length=1, description="A checkout or a bare repository, which a job keeps.")
    revision: str = Field(
        default="HEAD",
        pattern=r"^[0-9A-Za-z][0-9A-Za-z._/+-]*$",
        description="A branch, a tag or the hash of a commit.",
    )
    file: str = Field(min_length=1, description="The signed policy in it, by its path from the top.")

    @field_validator("repository")
    @classmethod
    def _is_here(cls, value: str) -> str:
        return _require_here(value, "Have a job clone it, and name the folder of the clone.")

    @field_validator("file")
    @classmethod
    def _is_inside(cls, value: str) -> str:
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or not value.isprintable():
            raise ValueError("this is not a path from the top of the repository. Write headgate/policy.json, say.")
        return path.as_posix()


class PullRule(PolicyModel):
    """Where the policy comes from that is in force instead of this file."""

    name: str = Field(
        min_length=1, max_length=200, description="Which policy it has to be, as it was published (`--name`)."
    )
    keys: Annotated[tuple[Any, ...], BeforeValidator(as_list)] = Field(
        min_length=1, description="Key files on this machine (public), or JWKS written inline: who may sign it."
    )
    url: str | None = Field(default=None, min_length=1, description="The https:// address of the signed policy.")
    git: GitPlace | None = Field(default=None, description="Or a file in a revision of a git repository here.")
    path: PathText | None = Field(default=None, min_length=1, description="Or a file, such as one that is mounted.")
    at_least: int = Field(default=0, ge=0, description="The lowest version that is accepted.")
    refresh: Duration = Field(
        default=timedelta(minutes=5),
        ge=timedelta(minutes=1),
        description="How often the place is asked, in the background.",
        validate_default=True,
    )
    timeout: Duration = Field(
        default=timedelta(seconds=10),
        gt=timedelta(0),
        le=timedelta(minutes=1),
        description="How long an address may take to answer.",
        validate_default=True,
    )
    private: KeyNames = Field(default=(), description="The names of hosts that may be in a private network.")
    warn_after: Duration = Field(
        default=timedelta(days=1),
        gt=timedelta(0),
        description="How long the place may go without confirming what is in force, before decisions warn (G910).",
        validate_default=True,
    )
    stop_after: Duration | None = Field(
        default=None, gt=timedelta(0), description="After so long nothing is admitted (G910). Unset: it goes on."
    )
    gate_env: str = Field(
        default="HEADGATE_GATE",
        description="The environment variable that names this gate, by which a share of gates is chosen. Where it is "
        "not set: the name of the machine.",
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None:
            if "://" not in value:
                raise ValueError("this is not an https:// address. A file is named by `path`.")
            require_address(value, "policy")
        return value

    @field_validator("path")
    @classmethod
    def _is_a_path(cls, value: str | None) -> str | None:
        return value and _require_here(value, "An address is named by `url`.")

    @field_validator("keys")
    @classmethod
    def _are_here(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        entries = key_entries(value)
        if any(isinstance(entry, str) and "://" in entry for entry in entries):
            raise ValueError("who may sign a policy is not asked of an address. Save the key set to a file here.")
        return entries

    @field_validator("gate_env")
    @classmethod
    def _is_a_variable(cls, value: str) -> str:
        return require_variable(value) or value

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        named = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(named) != 1:
            raise ValueError(f"name one place: {', '.join(_KINDS[:-1])} or {_KINDS[-1]}.")
        if self.stop_after is not None and self.stop_after < self.refresh:
            raise ValueError("`stop_after` is shorter than `refresh`: it would stop before the place is asked again.")
        return self

    @property
    def keep(self) -> timedelta:
        """How long what was fetched counts: for good; what is said of its age is another matter."""
        return timedelta.max

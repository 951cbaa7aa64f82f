"""The settings of a policy file beside its sources: the budget, and the files in which gates keep what they learn."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)
from typing_extensions import Self

from headgate.policy.feeds import require_database, require_variable
from headgate.policy.values import (
    Duration,
    Glossaries,
    KeyNames,
    PathText,
    PolicyModel,
    as_list,
    key_entries,
    require_address,
)

__all__ = [
    "Budget",
    "KeySets",
    "Log",
    "OverrideStore",
    "QuarantineStore",
    "RegistryStore",
    "RevocationRule",
]


class QuarantineStore(PolicyModel):
    """Where the list of sources that are held back is kept."""

    path: PathText = Field(
        min_length=1, description="A JSON Lines file that all processes share; its folder must exist."
    )


class OverrideStore(PolicyModel):
    """Where it is kept which sources are opened by hand."""

    path: PathText = Field(
        min_length=1, description="A JSON Lines file that all processes share; its folder must exist."
    )
    at_most: Duration = Field(
        default=timedelta(days=7),
        gt=timedelta(0),
        le=timedelta(days=90),
        description="The longest time that one override holds.",
        validate_default=True,
    )


class KeySets(PolicyModel):
    """How key sets at https:// addresses are kept; `timeout` and `private` hold for all that is fetched."""

    refresh: Duration = Field(
        default=timedelta(hours=1),
        ge=timedelta(minutes=1),
        description="How often a set is fetched again, in the background.",
        validate_default=True,
    )
    keep: Duration = Field(
        default=timedelta(days=1),
        gt=timedelta(0),
        description="How long a set counts if it cannot be fetched again; then its keys are gone.",
        validate_default=True,
    )
    timeout: Duration = Field(
        default=timedelta(seconds=5),
        gt=timedelta(0),
        le=timedelta(minutes=1),
        description="How long an address may take to answer.",
        validate_default=True,
    )
    private: KeyNames = Field(default=(), description="The names of hosts that may be in a private network.")

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if self.keep < self.refresh:
            raise ValueError("`keep` is shorter than `refresh`: keys would be gone before they are fetched again.")
        return self


class RegistryStore(PolicyModel):
    """Where it is remembered which version of each document is current."""

    path: PathText | None = Field(
        default=None,
        min_length=1,
        description="A SQLite file that all processes of a machine share; its folder must exist.",
    )
    url: str | None = Field(
        default=None,
        min_length=1,
        description="A database that gates on all machines share, as SQLAlchemy names it and without a password: "
        "postgresql+psycopg://headgate@host/name. It keeps versions; what feeds and live answers say is in the file.",
    )
    secret_env: str | None = Field(
        default=None, description="url: the environment variable that holds the password. Unset: there is none."
    )

    @field_validator("secret_env")
    @classmethod
    def _is_a_variable(cls, value: str | None) -> str | None:
        return require_variable(value)

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.url is None:
            if self.path is None:
                raise ValueError("name a file (path), or a database that machines share (url).")
            if self.secret_env is not None:
                raise ValueError("secret_env is about url. Remove it here.")
            return self
        require_database(self.url, "url")
        if self.url.startswith("sqlite"):
            raise ValueError("a SQLite file is named by path: {path: registry.sqlite}.")
        return self


class RevocationRule(PolicyModel):
    """A list of what was taken back, and who may sign it."""

    list: PathText = Field(
        min_length=1, description="The file of the list, made with `headgate revoke`, or its https:// address."
    )
    keys: Annotated[tuple[Any, ...], BeforeValidator(as_list)] = Field(
        min_length=1, description="Key files (JWK, JWKS or PEM, public), or JWKS written inline: who may sign it."
    )
    issuer: str | None = Field(
        default=None, min_length=1, description="Whose list it has to be. Unset: of whoever issued the first one there."
    )
    grace: Duration = Field(
        default=timedelta(hours=24),
        ge=timedelta(0),
        description="How long after the end of the list documents are still admitted, with a warning.",
        validate_default=True,
    )
    refresh: Duration = Field(
        default=timedelta(minutes=5),
        ge=timedelta(minutes=1),
        description="How often a list at an address is fetched again, in the background.",
        validate_default=True,
    )

    @field_validator("list")
    @classmethod
    def _file_or_address(cls, value: str) -> str:
        require_address(value, "list")
        return value

    @field_validator("keys")
    @classmethod
    def _files_or_sets(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        return key_entries(value)


class Budget(PolicyModel):
    """How many tokens may enter the prompt."""

    max_tokens: int = Field(gt=0, le=100_000_000)
    encoding: str = Field(default="o200k_base", description="A tiktoken encoding.")
    cut: Literal["tokens", "sentences"] | None = Field(
        default=None,
        description="Where the first document that does not fit is cut, instead of being dropped: behind the last "
        "token or the last sentence that fits, never inside of a rewritten term. true: tokens.",
    )
    floor: int = Field(
        default=1,
        ge=1,
        le=100_000_000,
        description="The fewest tokens that a cut document has; with less room it stays out.",
    )

    @field_validator("cut", mode="before")
    @classmethod
    def _reads_a_truth_value(cls, value: object) -> object:
        return {True: "tokens", False: None}[value] if isinstance(value, bool) else value

    @model_validator(mode="after")
    def _is_in_reach(self) -> Self:
        if "floor" in self.model_fields_set and self.cut is None:
            raise ValueError("floor is about documents that are cut, and none is. Add cut: sentences, or remove it.")
        if self.floor > self.max_tokens:
            raise ValueError("floor is more than max_tokens, so nothing could be cut. Lower it.")
        return self


class QueryRule(PolicyModel):
    """In which words a question is put to retrievers."""

    rewrite: Glossaries = Field(min_length=1, description="Glossary files whose aliases are looked for in questions.")
    mode: Literal["replace", "expand"] = Field(
        default="expand",
        description="expand: canonical terms are added behind the question. replace: they take the place of aliases.",
    )


class Log(PolicyModel):
    """Where decisions are recorded before documents are released."""

    path: PathText = Field(min_length=1, description="A JSON Lines file; its folder must exist.")
    content: Literal["digest", "full"] = Field(
        default="digest", description="digest: no text of documents or questions. full: both, in the clear."
    )
    max_bytes: int = Field(default=100_000_000, ge=10_000, description="The size at which the file is rotated.")
    keep: int = Field(default=10, ge=1, le=10_000, description="How many rotated files are kept.")
    keep_for: Duration | None = Field(
        default=None,
        gt=timedelta(0),
        description="How long a rotated file is kept at least, such as 180d, however many there are.",
    )
    fsync: bool = Field(default=False, description="Whether every record is forced to the disk.")
    asker: Literal["digest", "clear", "none"] = Field(
        default="digest",
        description="Who asked (user, tenant, session), where the application says so. digest: with a salt beside the "
        "log. clear: as it is. none: nothing.",
    )
    on_error: Literal["drop", "admit"] | None = Field(
        default=None,
        description="What happens if a record cannot be written. Unset: drop in enforce mode, otherwise admit.",
    )

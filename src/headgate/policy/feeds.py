"""Feeds in a policy: what says, for many documents at once, which there are and when they were changed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

from pydantic import Field, field_validator, model_validator
from typing_extensions import Self

from headgate.encoding import safe_uri
from headgate.policy.values import Duration, PolicyModel, ZoneName

__all__ = ["FEED_KINDS", "FeedRule", "require_database", "require_variable"]

FEED_KINDS = ("sitemap", "news", "git", "changes", "manifest", "sql", "graph", "drive")
# Which kinds a key is about.
_ABOUT = {
    "base": ("git",),
    "strip": ("git",),
    "corpus": ("manifest",),
    "query": ("sql",),
    "incremental": ("sql",),
    "overlap": ("sql",),
    "timezone": ("sql",),
    "secret_env": ("sql", "graph", "drive"),
}
_DATABASE = re.compile(r"[a-z][a-z0-9_]*(?:\+[a-z][a-z0-9_]*)?://(?P<rest>\S*)")
# As SQLAlchemy takes a URL apart: a password may hold slashes.
_PASSWORD = re.compile(r"[^/:]*:[^@]*@")
# How drivers call what is a secret, in the query of a URL.
_SECRETS = re.compile(r"passw|pwd|secret|token|odbc_connect", re.IGNORECASE)
_SELECT = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")


class FeedRule(PolicyModel):
    """A feed: what says, for many documents at once, which there are and when they were changed."""

    sitemap: str | None = Field(default=None, min_length=1, description="A sitemap: a file, or an https:// address.")
    news: str | None = Field(default=None, min_length=1, description="RSS or Atom: a file, or an https:// address.")
    git: str | None = Field(default=None, min_length=1, description="A folder in a git checkout.")
    changes: str | None = Field(
        default=None, min_length=1, description="JSON Lines of changes: a file, or an https:// address."
    )
    manifest: str | None = Field(
        default=None,
        min_length=1,
        description="The folder of a manifest, or its https:// address; signed by the keys of the source.",
    )
    sql: str | None = Field(
        default=None,
        min_length=1,
        description="A database, as SQLAlchemy names it and without a password: postgresql+psycopg://reader@host/name.",
    )
    graph: str | None = Field(
        default=None,
        min_length=1,
        description="The address of a delta query of Microsoft Graph: https://graph.microsoft.com/v1.0/drives/ID/root/"
        "delta.",
    )
    drive: str | None = Field(
        default=None,
        min_length=1,
        description="The address of Google Drive's API: https://www.googleapis.com/drive/v3, with ?driveId=ID for a "
        "shared drive.",
    )
    corpus: str | None = Field(
        default=None,
        min_length=1,
        description="manifest: the corpus that it has to be of. Unset: the one that was pulled first.",
    )
    base: str = Field(default="", description="git: what the URIs of its files begin with.")
    strip: str = Field(default="", description="git: the end of file names that URIs do not have, such as .md.")
    query: str = Field(
        default="",
        max_length=20_000,
        description="sql: one SELECT that yields uri and, where there are any, version, updated_at and deleted.",
    )
    incremental: Literal["updated_at", "version"] | None = Field(
        default=None,
        description="sql: the column by which later pulls read on. Unset: each pull reads all rows, and what is not "
        "there is gone.",
    )
    overlap: Duration = Field(
        default=timedelta(minutes=15),
        le=timedelta(days=30),
        description="sql: how long before the last pull rows are read again: the longest that a transaction is open.",
        validate_default=True,
    )
    timezone: ZoneName | None = Field(
        default=None,
        description="sql: the zone of times without one, such as UTC. Unset: they may be meant anywhere on earth.",
    )
    timeout: Duration = Field(
        default=timedelta(minutes=1),
        gt=timedelta(0),
        le=timedelta(hours=1),
        description="How long a pull may take, however many files, pages or commits it reads.",
        validate_default=True,
    )
    secret_env: str | None = Field(
        default=None,
        description="The environment variable that holds the password (sql), or the access token (graph, drive).",
    )
    name: str = Field(default="", max_length=80, description="What it is called in messages; by default its place.")

    @field_validator("secret_env")
    @classmethod
    def _is_a_variable(cls, value: str | None) -> str | None:
        return require_variable(value)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        named = [kind for kind in FEED_KINDS if getattr(self, kind) is not None]
        if len(named) != 1:
            raise ValueError(f"a feed is one of {', '.join(FEED_KINDS)}: {{sitemap: https://...}}.")
        strange = next((key for key in _ABOUT if key in self.model_fields_set and self.kind not in _ABOUT[key]), None)
        if strange is not None:
            raise ValueError(f"{strange} is about {' and '.join(_ABOUT[strange])}. Remove it here.")
        if self.kind == "sql":
            require_database(self.place)
            _require_query(self.query)
            if self.incremental is None and "overlap" in self.model_fields_set:
                raise ValueError("overlap is about what is read on. Add incremental: updated_at, or remove it.")
            return self
        if "://" in self.place and not self.place.startswith("https://"):
            raise ValueError(f"{safe_uri(self.place)!r} is not an https:// address. Name a file, or such an address.")
        if self.kind in ("graph", "drive"):
            if "://" not in self.place:
                raise ValueError(f"{self.kind} is an https:// address.")
            if self.secret_env is None:
                raise ValueError(f"{self.kind} needs a token. Name its environment variable: secret_env: CMS_TOKEN.")
        if self.kind == "git" and ("://" in self.place or not self.base):
            raise ValueError("git is a folder, and base is what the URIs of its files begin with: add base: URI/.")
        return self

    @property
    def kind(self) -> str:
        """Which kind of feed it is."""
        return next(kind for kind in FEED_KINDS if getattr(self, kind) is not None)

    @property
    def place(self) -> str:
        """Its file, folder, address or database."""
        return str(getattr(self, self.kind))


def require_variable(value: str | None) -> str | None:
    """Return the name of an environment variable.

    Raises:
        ValueError: it is not one.
    """
    # What is written here by mistake may be the secret itself, so that no message repeats it.
    if value is not None and _VARIABLE.fullmatch(value) is None:
        raise ValueError("this is not the name of an environment variable in capitals, such as CMS_PASSWORD.")
    return value


def require_database(url: str, name: str = "sql") -> None:
    """Raise if a text does not name a database, or holds a password.

    Args:
        url: the text.
        name: the key in the policy.

    Raises:
        ValueError: so it is; the message does not repeat it.
    """
    found = _DATABASE.fullmatch(url)
    if found is None:
        raise ValueError(f"{name} names a database: sqlite:///file.db, or postgresql+psycopg://reader@host/name.")
    if _PASSWORD.match(found["rest"]) or _SECRETS.search(url.partition("?")[2]):
        raise ValueError(
            "the database's URL holds a password, and whoever reads the policy has it. Take it out, put it into an "
            "environment variable and name that: secret_env: CMS_PASSWORD."
        )


def _require_query(query: str) -> None:
    """Raise if a query is not a single one that reads.

    Raises:
        ValueError: so it is.
    """
    if _SELECT.match(query) is None or ";" in query.rstrip().removesuffix(";"):
        raise ValueError(
            "query is one SELECT, or one WITH: SELECT uri, version, updated_at, deleted FROM pages. No semicolon "
            "stands within it."
        )

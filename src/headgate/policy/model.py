"""The policy file as a model: what is required of which source."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import (
    Field,
    PrivateAttr,
    model_validator,
)
from typing_extensions import Self

from headgate.decision import Mode, OnEmpty
from headgate.display import Displayed
from headgate.encoding import safe_uri
from headgate.policy.matching import UriPattern
from headgate.policy.pulling import PullRule
from headgate.policy.rules import MetadataKeys, Modes, Rule, Source, SourceRule
from headgate.policy.settings import (
    Budget,
    KeySets,
    Log,
    OverrideStore,
    QuarantineStore,
    QueryRule,
    RegistryStore,
    RevocationRule,
)
from headgate.policy.values import ClassNames, GlossaryEntry, PathText, PolicyModel, glossary_files

__all__ = ["PlacedError", "Policy"]

# The checks that can keep a document out for what it is.
_KEEPING_OUT = ("provenance", "freshness")
# What the file of a machine says itself where its policy is pulled.
_BESIDE_PULL = frozenset(("version", "pull", "cache", "base_dir"))


class PlacedError(ValueError):
    """A contradiction between parts of a policy, with the place of the later part.

    Args:
        problem: what was found, and what would be right.
        steps: the way to it from the top of the policy.
    """

    def __init__(self, problem: str, steps: tuple[str | int, ...]) -> None:
        super().__init__(problem)
        self.steps = steps


class Policy(Displayed, PolicyModel):
    """What is required of which source.

    Build it in Python with the same names as in the file, or read it with `Policy.load`.
    """

    version: Literal[1] = 1
    mode: Mode = Field(default="enforce", description="enforce: drop. warn: admit with findings. audit: record only.")
    modes: Modes = Field(default_factory=Modes, description="A mode for single checks.")
    metadata: MetadataKeys = Field(default_factory=MetadataKeys)
    sources: tuple[Source, ...] = ()
    # Needs no keys, unlike a source: without any, nothing that matches no source gets in.
    default: SourceRule = Field(
        default_factory=SourceRule, description="What is required of documents that match no source."
    )
    budget: Budget | None = None
    query: QueryRule | None = Field(default=None, description="In which words questions are put to retrievers.")
    invisible: Literal["report", "strip", "drop"] = Field(
        default="report",
        description="What happens to characters that nobody sees and a model reads (G906). report: a warning. strip: "
        "they are taken out of the text. drop: the document stays out.",
    )
    on_empty: OnEmpty = Field(
        default="empty",
        description="What a chain gets where documents were found and none is admissible. empty: an empty list. note: "
        "one document without a source that says so. raise: NothingAdmissibleError.",
    )
    log: Log | None = None
    quarantine: QuarantineStore | None = None
    overrides: OverrideStore | None = Field(
        default=None, description="Where it is kept which sources `headgate override` has opened. Unset: it opens none."
    )
    registry: RegistryStore | None = Field(
        default=None, description="Where the current versions are remembered. Unset: in the memory of the process."
    )
    revocations: tuple[RevocationRule, ...] = Field(
        default=(), description="Lists of keys, documents and texts that were taken back; in force without a reload."
    )
    key_sets: KeySets = Field(
        default_factory=KeySets, description="How key sets at https:// addresses are fetched and kept."
    )
    trusted_steps: ClassNames = Field(
        default=(), description="Classes of steps behind the gate that may rewrite admitted texts, such as masking."
    )
    cache: PathText | None = Field(
        default=None,
        min_length=1,
        description="The folder for the indexes of manifests and their accepted versions. Unset: HEADGATE_CACHE, "
        "otherwise the user's cache folder.",
    )
    pull: PullRule | None = Field(
        default=None, description="Where the signed policy is pulled from that is in force instead of this file."
    )
    # Excluded from dumps, and so from the revision: the same policy in another folder is the same policy.
    base_dir: Path = Field(default=Path(), exclude=True, description="Where relative paths start; set by `load`.")
    # Of a policy that was pulled: where the files are that were signed with it, by their names in it.
    _signed_files: Mapping[str, Path] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _is_pulled_whole(self) -> Self:
        if self.pull is None:
            return self
        for name in self.model_fields_set - _BESIDE_PULL:
            raise PlacedError(
                "this file says where the policy is pulled from, and all else is in that one. Publish it there.",
                (name,),
            )
        return self

    @model_validator(mode="after")
    def _feeds_are_kept(self) -> Self:
        if self.default.freshness.feeds:
            raise PlacedError(
                "a feed is about the documents of a source, and unmatched documents are of none. Add it to a source.",
                ("default", "freshness", "feeds"),
            )
        if self.default.freshness.revalidate is not None:
            raise PlacedError(
                "only servers of a source are asked, and unmatched documents are of none. Add it to a source.",
                ("default", "freshness", "revalidate"),
            )
        number = next((number for number, source in enumerate(self.sources) if source.freshness.feeds), None)
        if number is not None and (self.registry is None or self.registry.path is None):
            raise PlacedError(
                "nothing says where to keep what the feeds say. Add registry: {path: registry.sqlite}.",
                ("sources", number, "freshness", "feeds"),
            )
        return self

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        seen: dict[str, str] = {}
        ids: set[str] = set()
        if self.quarantine is None and any(source.quarantine for source in self.sources):
            number = next(number for number, source in enumerate(self.sources) if source.quarantine)
            raise PlacedError(
                "a source has `quarantine`, but nothing says where to keep it. Add quarantine: {path: ...}.",
                ("sources", number, "quarantine"),
            )
        for number, source in enumerate(self.sources):
            place = ("sources", number, "id")
            if source.id in ids:
                raise PlacedError(f"two sources have the id {source.id!r}. Give each its own.", place)
            if source.id == "default":
                raise PlacedError(
                    "'default' is the name of the rule for unmatched documents. Choose another id.", place
                )
            ids.add(source.id)
            for index, pattern in enumerate(source.match):
                parsed = UriPattern.parse(pattern)
                # By what they match: two spellings of one pattern are one.
                key = repr((parsed.host, parsed.path, parsed.query))
                if seen.setdefault(key, source.id) != source.id:
                    raise PlacedError(
                        f"{safe_uri(pattern)!r} is claimed by {seen[key]!r} and {source.id!r}. Keep it in one.",
                        ("sources", number, "match", index),
                    )
        return self

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Return the policy in a YAML file.

        Raises:
            PolicyError: with the file, line, path and remedy of every problem.
        """
        # Here, because loading builds on this module.
        from headgate.policy.loading import load_policy

        return load_policy(Path(path))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object], base_dir: str | Path = ".") -> Policy:
        """Return the policy that a mapping with the file's names describes.

        Args:
            mapping: the content of a policy file.
            base_dir: where relative paths start.

        Raises:
            PolicyError: with the path and remedy of every problem.
        """
        from headgate.policy.loading import policy_from_mapping

        return policy_from_mapping(mapping, Path(base_dir))

    def resolve_path(self, text: str) -> Path:
        """Return the file that a path in the policy means."""
        signed = self._signed_files.get(posixpath.normpath(text)) if self._signed_files else None
        # An absolute path replaces what it is joined to.
        return signed if signed is not None else self.base_dir / text

    @property
    def signed_files(self) -> Mapping[str, Path]:
        """The policy and the files that were signed with it, by their names; none where it was not pulled."""
        return self._signed_files

    def with_files(self, files: Mapping[str, Path], base_dir: Path) -> Policy:
        """Return the policy with the files that were signed with it; all other paths start in another folder.

        Args:
            files: where each is, by its name in the policy.
            base_dir: where relative paths start that name none of them: logs, registries, manifests.
        """
        policy = self.model_copy(update={"base_dir": base_dir})
        policy._signed_files = dict(files)
        return policy

    def resolve_glossaries(self, entries: Iterable[str | GlossaryEntry]) -> list[tuple[Path, tuple[str, ...]]]:
        """Return the glossary files that entries of the policy mean, each with its languages."""
        return [(self.resolve_path(name), languages) for name, languages in glossary_files(entries)]

    def key_addresses(self) -> tuple[str, ...]:
        """Return the addresses of key sets that the policy names."""
        rules = [rule.provenance for rule in (*self.sources, self.default)]
        keys = [*(rule.keys for rule in rules), *(rule.timestamp_keys for rule in rules)]
        keys += [listed.keys for listed in self.revocations]
        named = (entry for entries in keys for entry in entries if isinstance(entry, str) and "://" in entry)
        return tuple(dict.fromkeys(named))

    @property
    def registry_path(self) -> Path | None:
        """The file of the registry, if the policy names one."""
        path = self.registry.path if self.registry is not None else None
        return self.resolve_path(path) if path is not None else None

    def named_files(self) -> tuple[Path, ...]:
        """Return the files that the policy names: keys, glossaries, and the timestamps of manifests."""
        rules = (*self.sources, self.default)
        stamps = (f"{rule.provenance.manifest}/timestamp.json" for rule in rules if rule.provenance.manifest)
        pulled = [self.pull.path] if self.pull is not None and self.pull.path is not None else []
        names = dict.fromkeys((*self.files_to_sign(), *stamps, *pulled))
        return tuple(self.resolve_path(name) for name in names if "://" not in name)

    def files_to_sign(self) -> tuple[str, ...]:
        """Return the names of files without which the policy means nothing: keys, delegations, glossaries, redirects.

        What is kept by others and changes on its own is not among them: manifests, revocation lists, feeds, state.
        """
        return tuple(dict.fromkeys(name for name in self._read_files() if "://" not in name))

    def _read_files(self) -> Iterator[str]:
        for rule in (*self.sources, self.default):
            keys = (*rule.provenance.keys, *rule.provenance.timestamp_keys)
            yield from (entry for entry in keys if isinstance(entry, str))
            yield from rule.provenance.delegations
            yield from (name for name, _ in glossary_files(rule.terminology))
            identity = rule.identity if isinstance(rule, Source) else None
            if identity is not None and identity.redirects is not None:
                yield identity.redirects
        yield from (name for name, _ in glossary_files(self.query.rewrite if self.query is not None else ()))
        more = [*(rule.keys for rule in self.revocations), *([self.pull.keys] if self.pull is not None else [])]
        yield from (entry for keys in more for entry in keys if isinstance(entry, str))

    @property
    def is_enforcing(self) -> bool:
        """Whether every check of every source is in enforce mode."""
        rules = (*self.sources, self.default)
        return all(self.effective_mode(rule, check) == "enforce" for rule in rules for check in Modes.model_fields)

    @property
    def keeps_out(self) -> bool:
        """Whether anything can be kept out: provenance or freshness of some source is in enforce mode."""
        rules = (*self.sources, self.default)
        return any(self.effective_mode(rule, check) == "enforce" for rule in rules for check in _KEEPING_OUT)

    def enforced(self) -> Policy:
        """Return the policy with every check of every source in enforce mode: what would it drop?"""
        sources = tuple(map(_enforced, self.sources))
        # Cleared everywhere, because a more specific mode would win over the policy's.
        changes = {"mode": "enforce", "modes": Modes(), "sources": sources, "default": _enforced(self.default)}
        return self.model_copy(update=changes)

    def effective_mode(self, rule: SourceRule, check: str) -> Mode:
        """Return the mode of a check for a source: the most specific one that is set."""
        own: Mapping[str, Mode | None] = {
            "provenance": rule.provenance.mode,
            "freshness": rule.freshness.mode,
            "terminology": rule.terminology_mode,
        }
        candidates: Sequence[Mode | None] = (own.get(check), rule.mode, getattr(self.modes, check, None))
        return next((mode for mode in candidates if mode is not None), self.mode)


def _enforced(rule: Rule) -> Rule:
    provenance = rule.provenance.model_copy(update={"mode": None})
    freshness = rule.freshness.model_copy(update={"mode": None})
    changes = {"mode": None, "terminology_mode": None, "provenance": provenance, "freshness": freshness}
    return rule.model_copy(update=changes)

"""Every bound that headgate puts on its input, with its unit and its default, in one place."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one admission may cost, whoever wrote the documents.

    Attributes:
        text_bytes: the longest text of one chunk, in bytes of UTF-8; a longer one is dropped (G903).
        seal_bytes: the longest seal, in characters; a longer one is malformed (P106).
        uri_chars: the longest URI that is compared with a policy; a longer one matches nothing.
        date_chars: the longest string that is read as a date.
        metadata_keys: how many metadata keys are looked at for times and sources; more are a reason to drop (F203).
        chunks: how many chunks one admission judges; the rest is dropped (G904).
        policy_bytes: the longest policy file, and the longest key file.
        bundle_bytes: the longest signed policy, with the files that it names.
        bundle_files: how many files it holds.
        timestamp_bytes: the longest timestamp of a manifest.
        manifest_bytes: the longest manifest, without its shards.
        shard_bytes: the longest shard of a manifest, and what may have changed since another version; uncompressed.
        listing_bytes: how many bytes all shards of a manifest may have, uncompressed.
        revocation_bytes: the longest revocation list.
        glossary_bytes: the longest glossary file.
        glossary_aliases: how many aliases one glossary may have, and how many rows a workbook.
        glossary_triples: how many statements a glossary in RDF may make.
        alias_chars: the longest alias or canonical term.
        edits: how many edits one text may receive; beyond that it stays as it is (T305).
        memo_entries: how many results of each kind (facts, verdicts, rewrites, sources) a gate remembers.
        memo_chars: how many characters the texts and the metadata that it remembers may have, and again the rewrites.
        released_texts: how many released texts a process remembers, with their originals and decisions.
        released_chars: how many characters these may have together.
    """

    text_bytes: int = 20_000_000
    seal_bytes: int = 8_192
    uri_chars: int = 2_048
    date_chars: int = 96
    metadata_keys: int = 10_000
    chunks: int = 10_000
    policy_bytes: int = 1_000_000
    bundle_bytes: int = 64_000_000
    bundle_files: int = 1_000
    timestamp_bytes: int = 65_536
    manifest_bytes: int = 64_000_000
    shard_bytes: int = 64_000_000
    listing_bytes: int = 8_000_000_000
    revocation_bytes: int = 4_000_000
    glossary_bytes: int = 50_000_000
    glossary_aliases: int = 1_000_000
    glossary_triples: int = 1_000_000
    alias_chars: int = 200
    edits: int = 100_000
    memo_entries: int = 20_000
    memo_chars: int = 64_000_000
    released_texts: int = 10_000
    released_chars: int = 32_000_000


DEFAULT_LIMITS = Limits()

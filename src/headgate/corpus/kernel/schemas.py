"""What comes back of rows: the columns of every kernel, with their meaning."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["JUDGED", "LISTED", "SEALED", "SUPERSESSION", "TERMS"]

_INSTANT = pa.timestamp("us", tz="UTC")
_TEXTS = pa.list_(pa.string())
_DIGEST = pa.binary(32)

SUPERSESSION = pa.struct(
    [
        pa.field("document", pa.string()),
        pa.field("evidence", pa.string()),
        pa.field("uri", pa.string()),
        pa.field("scheme", pa.string()),
        pa.field("parts", pa.list_(pa.int64())),
        pa.field("earliest", _INSTANT),
        pa.field("latest", _INSTANT),
        pa.field("unit", pa.string()),
        pa.field("has_zone", pa.bool_()),
        pa.field("counts", pa.bool_()),
        pa.field("applies", pa.bool_()),
        pa.field("tolerance", pa.duration("us")),
        pa.field("mode", pa.string()),
    ]
)
"""What tells whether a row is superseded by another one: `headgate.freshness.Candidate`, as columns.

Rows of one `document` and one `evidence` are compared with each other and with no other rows. `scheme` and `parts` are
the version, `earliest` to `latest` (with `unit` and `has_zone`) the last modification. `counts` says whether the row
may push out others, `applies` whether its source wants only the current version, `tolerance` how far apart the times of
one version may be, `mode` whether its source enforces freshness.
"""

JUDGED = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("action", pa.string(), nullable=False),
        pa.field("would_drop", pa.bool_(), nullable=False),
        pa.field("codes", _TEXTS, nullable=False),
        pa.field("reasons", _TEXTS, nullable=False),
        pa.field("messages", _TEXTS, nullable=False),
        pa.field("source", pa.string()),
        pa.field("uri", pa.string()),
        pa.field("digest", pa.string()),
        pa.field("assurance", pa.string()),
        pa.field("issuer", pa.string()),
        pa.field("modified", _INSTANT),
        pa.field("age_seconds", pa.int64()),
        pa.field("verified", _INSTANT),
        pa.field("verified_by", pa.string()),
        pa.field("edits", pa.int32(), nullable=False),
        pa.field("withheld", _TEXTS, nullable=False),
        pa.field("valid_until", _INSTANT),
        pa.field("problem", pa.string()),
        pa.field("supersession", SUPERSESSION),
    ]
)
"""What comes back of each row, in the order of the rows. The version of this schema is that of headgate.

| column | meaning |
| --- | --- |
| `id` | the identifier the row has in its store |
| `action` | `admit` or `drop`, under the modes of the policy |
| `would_drop` | whether it would be dropped if every check were enforced |
| `codes` | the reason codes of all findings, in the order found |
| `reasons` | the codes of those that keep it out, or would |
| `messages` | one sentence for each of `codes`; none holds text of the document |
| `source` | the id of the policy's source that applied, `default` where none matched |
| `uri` | its document, without credentials |
| `digest` | `sha-256:` and base64url of the text |
| `assurance` | `none`, `declared`, `manifest` or `sealed`: how much is proved |
| `issuer` | who vouches |
| `modified` | its last modification, at the earliest |
| `age_seconds` | how long before the instant of the audit that was |
| `verified` | when it was last known to be current |
| `verified_by` | by what: `manifest`, `feed`, `origin` or `seal` |
| `edits` | how many terms are replaced, or would be noted |
| `withheld` | names of metadata entries that must not be in the prompt |
| `valid_until` | the earliest instant at which time alone changes the decision; null if none is known |
| `problem` | why the row could not be read; it is dropped then, and most other columns are null |
| `supersession` | what it is compared by with other versions of its document; see `SUPERSESSION` |

The rules that look at a whole retrieval are left out, because a batch is none: token budget, number of documents,
definitions that other chunks of a document make, and supersession within the corpus, for which `supersession` is there.
"""

SEALED = pa.schema([pa.field("headgate_seal", pa.string()), pa.field("headgate_problem", pa.string())])
"""What is added to the columns of a row that is sealed.

| column | meaning |
| --- | --- |
| `headgate_seal` | the seal; null where the row could not be sealed |
| `headgate_problem` | why not, or what of its metadata the seal does not say; null where there is nothing to say |
"""

LISTED = pa.schema(
    [
        pa.field("uri", pa.string()),
        pa.field("subject", pa.string()),
        pa.field("digest", _DIGEST),
        pa.field("metadata", pa.string()),
        pa.field("covered", _TEXTS),
        pa.field("hidden", _TEXTS),
        pa.field("version", pa.int64()),
        pa.field("modified", _INSTANT),
        pa.field("not_before", _INSTANT),
        pa.field("expires", _INSTANT),
        pa.field("root", _DIGEST),
        pa.field("problem", pa.string()),
        pa.field("notes", _TEXTS, nullable=False),
    ]
)
"""What a manifest will say of a row, before the rows of a document are put together.

| column | meaning |
| --- | --- |
| `uri` | the document in normal form; null where the row cannot be listed |
| `subject` | its URI as the publisher writes it |
| `digest` | the SHA-256 of the text |
| `metadata` | the covered entries, as JSON |
| `covered` | their names |
| `hidden` | those of them that are kept out of the prompt |
| `version` | its version |
| `modified` | its last modification |
| `not_before`, `expires` | from when until when the publisher stands behind it |
| `root` | over its blocks, if it is a document that was sealed as a whole |
| `problem` | why it cannot be listed |
| `notes` | what of its metadata could not be said or covered |
"""

TERMS = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("first", pa.string(), nullable=False),
        pa.field("second", pa.string(), nullable=False),
        pa.field("third", pa.string(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("examples", _TEXTS, nullable=False),
    ]
)
"""What rows say about words, counted; counts of equal `kind`, `first`, `second` and `third` may be added up.

| `kind` | `first`, `second`, `third` |
| --- | --- |
| `documents` | empty; how many rows were looked at |
| `acronym` | the short form, the long form folded, the long form as written |
| `renamed` | the new name, the old name |
| `title` | the document, one of its titles; the latest comes last |
| `word` | a word as written |
| `pair` | two words beside each other, in lower case |
"""

"""The catalogue of reason codes as data: what each means, why it matters and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CATALOGUE", "Code"]


@dataclass(frozen=True, slots=True)
class Code:
    """One reason code.

    Attributes:
        code: the stable identifier, such as `P105`.
        title: a few words.
        meaning: what headgate saw.
        matters: why it is worth stopping for.
        fix: what to do about it.
        emitted: False for a code whose check is reserved for a later version.
    """

    code: str
    title: str
    meaning: str
    matters: str
    fix: str
    emitted: bool = True


CATALOGUE = (
    Code(
        "P101",
        "no seal",
        "The source requires a seal, and the document carries none.",
        "Anyone who can write to the index can add a document; only a seal says who vouches for it.",
        "Seal documents at ingestion, after splitting (SealDocuments, or `headgate seal`), or sign the list of what is "
        "in the index (`headgate manifest build`). If neither can be done yet, require `declared` for the source.",
    ),
    Code(
        "P102",
        "bad signature",
        "The seal has the right form, but its signature does not verify with the key it names.",
        "The seal was altered, or made with another key under the same name.",
        "Fetch the document from its publisher again. If it happens for all documents of a source, compare the "
        "key set in the policy with the publisher's.",
    ),
    Code(
        "P103",
        "unknown key",
        "The seal names a key that no source of the policy lists.",
        "A valid signature by a stranger proves nothing.",
        "If the publisher rotated keys, add the new public key to the source's key set.",
    ),
    Code(
        "P104",
        "key not authorised for this source",
        "The seal, its key and the document's own metadata do not belong to one source, or the policy gives the issuer "
        "other keys: a key of one vouches for a document of another.",
        "A key may speak for the URIs of its sources and for nothing else; otherwise one careless publisher "
        "could speak for all.",
        "Seal the document with a key of its own source, or list the key under that source if it may speak for it.",
    ),
    Code(
        "P105",
        "differs from what was sealed",
        "The text, or a metadata entry that the seal or the manifest covers, is not what the publisher signed.",
        "This is what tampering in the index looks like; so does a step that edits text after sealing.",
        "Ingest the document again. If a splitter or cleaner runs after sealing, move the sealing behind it.",
    ),
    Code(
        "P106",
        "malformed seal",
        "The seal is not a compact JWS of type headgate-seal+jwt with an accepted algorithm and complete claims.",
        "Lenient parsing is how signatures get bypassed.",
        "Seal the document again with headgate, or see docs/seal-format.md for what a seal must look like.",
    ),
    Code(
        "P107",
        "revoked",
        "The key, the document or the digest has been taken back by its publisher.",
        "What was true when it was signed may have been withdrawn since.",
        "Remove the document from the index, or seal it again with a key that is in force.",
    ),
    Code(
        "P108",
        "rolled back",
        "The source's manifest has a lower version than the policy wants or than was accepted before, is not the one "
        "that was accepted under its version, or has an earlier timestamp than was accepted for it.",
        "Replaying an old, validly signed state is an attack that signatures alone do not stop.",
        "Publish the current manifest again (`headgate manifest show`), or renew its timestamp. After an intended "
        "new beginning, sign with a new key: another key set starts a new count.",
    ),
    Code(
        "P109",
        "source not in policy",
        "No source of the policy matches the document's URI, or the document names no source at all.",
        "What nobody configured, nobody vouched for.",
        "Add a source whose `match` covers the URI, or tell the policy which metadata key holds it "
        "(`metadata.source`). `headgate init` proposes both.",
    ),
    Code(
        "P110",
        "not in manifest",
        "The source's signed manifest does not list this text for this document.",
        "The document was added or changed after the manifest was signed, or is no longer current.",
        "If the change is meant, sign a new manifest (`headgate manifest build`); otherwise remove the document.",
    ),
    Code(
        "P111",
        "names another document",
        "The document's own metadata names a different document than its seal does, or something that is not a URI.",
        "A citation made from that metadata would point at the wrong page.",
        "The document leaves with the sealed subject. Correct its metadata, or seal it under the URI in its metadata.",
    ),
    Code(
        "P112",
        "unproved metadata withheld",
        "The framework would put metadata entries into the prompt that the document's seal does not cover.",
        "Whoever can write to the index could speak to the model through a title.",
        "Seal these entries too (`cover=`), keep them out of the prompt, or, where their words can do no harm, name "
        "them in `metadata.release`.",
    ),
    Code(
        "P113",
        "source in quarantine",
        "Too many documents of this source failed within the time that the policy gives, so the source is held back "
        "as a whole.",
        "A source that suddenly fails has changed hands, keys or habits; its documents that still pass are not "
        "worth more trust than those that do not.",
        "Find out what happened: `headgate quarantine --policy POLICY` says since when and why, `headgate log --code` "
        "which documents failed. Then let it in again with `headgate quarantine --release SOURCE`.",
    ),
    Code(
        "P114",
        "list out of date",
        "Nobody has vouched lately that the source's manifest, or a revocation list, is the current one: its time is "
        "over, or is yet to come. During the policy's `grace` it is a warning.",
        "Whoever holds back new lists would freeze the index at a moment of their choice.",
        "Run `headgate manifest timestamp` and reload the gate, or `headgate revoke renew`: a scheduled job has "
        "probably failed.",
    ),
    Code(
        "P115",
        "not a span of what was signed",
        "The document was sealed as a whole, and this text is not a run of whole blocks of it: something was added, "
        "changed, or cut within a sentence.",
        "Half a sentence may say the opposite of the whole one.",
        "Split at ends of sentences or lines, do not change the text after sealing, and attach proofs after splitting.",
    ),
    Code(
        "P116",
        "uncovered content that is not text",
        "The document carries an image, audio, video or another resource that would reach the model, and no seal "
        "covers its bytes.",
        "A model reads what is written in a picture as well as what is written beside it; a seal over a caption says "
        "nothing about the picture, and one over an address nothing about what is found there.",
        "Seal the document with its content embedded, so that its bytes are covered, or take the content out of what "
        "is indexed.",
    ),
    Code(
        "F201",
        "past valid_until",
        "The document says, or its seal says, that it was valid until a time that has passed.",
        "Its own publisher no longer stands behind it.",
        "Ingest the current version, or have the publisher extend the validity.",
    ),
    Code(
        "F202",
        "older than max_age",
        "The document's last modification is longer ago than the source allows, or may be: a date without a time "
        "and zone counts as all the instants it could mean.",
        "Old pages rank as well as new ones; the reader cannot see the difference in an answer.",
        "Ingest the current version, raise max_age for this source, or give the date a time and a zone.",
    ),
    Code(
        "F203",
        "no usable time",
        "The source limits the age of documents, and this one has no time that counts and can be read without "
        "guessing; or a start or end of validity is there and cannot be read.",
        "A document without a date may be of any age, and a limit that nobody understands is still a limit.",
        "Seal the time (`modified=`), or tell the policy which metadata key holds it and how to read it "
        "(`metadata.modified`, `metadata.timezone`, `metadata.date_order`).",
    ),
    Code(
        "F204",
        "time in the future",
        "The document claims to have been modified after now, beyond the allowed skew.",
        "A date in the future is either a wrong clock or an attempt to stay fresh for ever.",
        "Correct the date at its origin; raise future_skew only for clocks that are known to be ahead.",
    ),
    Code(
        "F205",
        "superseded",
        "A newer version of the document is in this retrieval or was admitted before, or it names its successor.",
        "Two versions in one prompt contradict each other, and the model picks one.",
        "Remove the old version from the index when you ingest a new one.",
    ),
    Code(
        "F206",
        "not yet valid",
        "The document says, or its seal says, that it becomes valid at a later time.",
        "A rule that is not in force yet is the wrong answer today.",
        "Nothing: it will be admitted from that time on. Use as_of to ask about a later date.",
    ),
    Code(
        "F207",
        "changed at its origin",
        "A feed of the source, or the document's own server, says that it was changed after the text in the index.",
        "The index is behind.",
        "Ingest the current version; `headgate freshness --log LOG` lists what has to be fetched again. Where it is "
        "current, the date that it states (its front matter, say) is earlier than its last change: correct that date.",
    ),
    Code(
        "F208",
        "origin did not answer",
        "The source requires a live check, and the document's own server did not answer in time.",
        "Nobody can say whether the document still stands.",
        "See why the server does not answer, or give it more time (`revalidate.timeout`), a `grace`, or `on_error: "
        "warn`.",
    ),
    Code(
        "F209",
        "review is due",
        "The document is older than warn_after, or past the day that it names for its review.",
        "It may no longer be right, and past max_age it will be dropped.",
        "Plan its review. `review: drop` or `admit` says what happens to documents whose review is due.",
    ),
    Code(
        "F210",
        "never verified",
        "The source wants its documents vouched for lately (verified_within), and nobody has vouched for this one.",
        "A date in a document is a claim about the past; it does not say that the document still holds.",
        "Where the source has a feed, pull it (`headgate watch`), and give documents without a date one "
        "(DateDocuments, DateNodes). Otherwise sign a manifest of the source on a schedule, name a feed of it, or seal "
        "its documents again.",
    ),
    Code(
        "F211",
        "verified too long ago",
        "The last time that somebody vouched for the document is longer ago than verified_within.",
        "It may have been changed or withdrawn since, and nobody would know: a frozen index looks like this.",
        "See why the manifest, feed or sealing of the source no longer runs. `headgate override SOURCE` opens it for a "
        "stated time meanwhile.",
    ),
    Code(
        "F212",
        "gone",
        "A feed of the source listed the document once and no longer does, or its own server says that it is gone.",
        "What its owner has taken away may be wrong, or worse; an index keeps it until somebody tells it.",
        "Remove it from the index; where it has moved, ingest it from there.",
    ),
    Code(
        "F213",
        "not the current edition",
        "The document is of another edition of its site than the one that the policy calls current.",
        "Documentation of several versions lies side by side in an index; a page of an old one answers as surely.",
        "Nothing, if that is so. `identity.current` says which edition is current; `as_of` asks about another time.",
    ),
    Code(
        "F214",
        "withdrawn by its status",
        "The document's own metadata says that it is withdrawn, archived, deleted, a draft, or the like.",
        "Systems that keep documents seldom delete them: they mark them, and an index goes on serving what is marked.",
        "Nothing, if that is so. What a word means for a source, or whether it means anything, is said under "
        "`freshness.status`, such as {draft: warn}.",
    ),
    Code(
        "T301",
        "rewritten",
        "Aliases were replaced by, or annotated with, their canonical terms.",
        "The model reads one name for one thing; the alignment keeps citations on the original text.",
        "Nothing. To leave a term alone, use `mode: flag` or remove the alias.",
    ),
    Code(
        "T302",
        "ambiguous",
        "An alias stands for several concepts, and neither the source nor the words nearby decide.",
        "A guess would put a wrong term into the prompt, so the text stays as it is.",
        "Give the concepts `sources:` or `near:` in the glossary.",
    ),
    Code(
        "T303",
        "near miss",
        "A word is one or two letters away from a long alias.",
        "Misspellings hide documents from readers and models.",
        "Add the spelling as an alias if it is one.",
    ),
    Code(
        "T304",
        "flagged",
        "The text uses a term that the glossary marks with `mode: flag`.",
        "Somebody wants to know where the term is still in use.",
        "Correct the document at its origin.",
    ),
    Code(
        "T305",
        "not rewritten",
        "Rewriting this text did not settle, or it has more aliases, markup or different words than the limits allow.",
        "A text that changes with every pass cannot be cited.",
        "Look for canonical terms that form an alias together with their neighbours.",
    ),
    Code(
        "B401",
        "cut",
        "The last document was cut to fit the token budget.",
        "The model reads only part of it.",
        "Raise budget.max_tokens, or retrieve smaller chunks.",
    ),
    Code(
        "B402",
        "over budget",
        "The document no longer fitted into the token budget.",
        "What does not fit would be cut off by somebody else, without a word.",
        "Raise budget.max_tokens, or retrieve fewer or smaller chunks.",
    ),
    Code(
        "G901",
        "a check failed",
        "A check raised an exception on this document; the document stays out.",
        "A check that fails must not admit.",
        "Report it with the document's digest; the detail names the exception.",
    ),
    Code(
        "G902",
        "no valid text",
        "The text is not a string, or holds a lone surrogate that cannot be encoded.",
        "It cannot be digested, signed or sent to a model.",
        "Correct the loader: decode with errors='replace' at ingestion.",
    ),
    Code(
        "G903",
        "text too large",
        "The text is longer than the limit.",
        "One document must not be able to slow down every question.",
        "Split documents before ingestion.",
    ),
    Code(
        "G904",
        "too many documents",
        "The retrieval returned more documents than one admission judges.",
        "Work per question is bounded.",
        "Lower k, or raise the limit.",
    ),
    Code(
        "G905",
        "not recorded",
        "The decision log could not be written, so nothing was released.",
        "What the model read must be answerable afterwards.",
        "Free the disk or correct the path; or set log.on_error to admit, if answering comes before recording.",
    ),
    Code(
        "G906",
        "invisible text",
        "The text, or a metadata entry, holds characters that nobody sees: tags, runs of variation selectors or of "
        "zero-width characters, controls that turn the direction of writing around.",
        "A model reads what no reviewer saw: instructions can be written in them.",
        "Look at the document's origin. `invisible: strip` takes them out of what enters, `drop` keeps the document "
        "out.",
    ),
    Code(
        "G907",
        "added or changed behind the gate",
        "A step behind the gate has added the text or changed it, and what came of it is not admissible on its own.",
        "What a reranker selects or cuts was proved; what a step fetches or rewrites was not.",
        "Seal what is fetched. If the step may rewrite texts, as masking does, name its class in `trusted_steps`.",
    ),
    Code(
        "G908",
        "nothing admissible",
        "Documents were found, and none of them may enter the prompt. It is said of a retrieval as a whole, and of the "
        "note of an earlier gate that is beside admissible documents.",
        "A model that is given no context answers from memory, and sounds as sure as ever.",
        "Look at the reasons of the documents. The policy says what the chain gets instead (`on_empty`): an empty "
        "list, a note that the model can read, or an error.",
    ),
    Code(
        "G909",
        "overridden",
        "Somebody has opened the source for a while, so what would have kept the document out is a warning: that a "
        "list is out of date.",
        "Opened one night and forgotten, a source would stay open; so every decision says who, why and until when.",
        "See that the job runs again that vouches for the source, then `headgate override SOURCE --end`.",
    ),
    Code(
        "G910",
        "policy not confirmed",
        "The policy is pulled from a place that many gates share. It has ended, or that place has not confirmed for "
        "longer than `pull.warn_after` that it is the one in force. An error keeps everything out: it has ended, or "
        "`pull.stop_after` is over.",
        "A gate that hears nothing goes on under rules that may have been taken back.",
        "`headgate policy show` says why the place does not answer as it should. If the policy has ended, publish it "
        "again.",
    ),
)
"""Every reason code, in the order of the checks."""

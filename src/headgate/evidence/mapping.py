"""What the parts of a bundle show under laws and standards that companies are asked about, and what they do not.

Facts, with the clause that each is about; no legal advice. The wording is headgate's own: check it against the edition
that applies to you.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FRAMEWORKS", "NOT_SHOWN", "Clause", "Framework"]


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause, and what the bundle has to say about it.

    Attributes:
        clause: its number.
        asked: what it asks for, in a few words.
        files: which parts of the bundle bear on it.
        shows: what they show.
        lacks: what they do not show.
    """

    clause: str
    asked: str
    files: tuple[str, ...]
    shows: str
    lacks: str


@dataclass(frozen=True, slots=True)
class Framework:
    """A law or standard, with the edition that is meant."""

    name: str
    edition: str
    clauses: tuple[Clause, ...]


_LOG, _CHAINS, _POLICIES = "log/records.jsonl", "log/chains.json", "policies.json"
_KEYS, _OVERRIDES, _RECEIPTS, _SUMMARY = "keys.json", "overrides.json", "receipts.jsonl", "summary.json"

FRAMEWORKS = (
    Framework(
        "EU AI Act",
        "Regulation (EU) 2024/1689",
        (
            Clause(
                "Article 12(1)",
                "high-risk systems record events automatically over their lifetime",
                (_LOG, _SUMMARY),
                "one record for each retrieval in the span, with what was decided about every document",
                "events of the model, of its users, and of other inputs; whether the system is a high-risk one",
            ),
            Clause(
                "Article 12(2)",
                "the records let risks be recognised, and operation be followed after placing on the market",
                (_LOG, _SUMMARY, _OVERRIDES),
                "which documents were refused and why, prompts of which nothing was left, what was opened by hand",
                "what the model made of the documents",
            ),
            Clause(
                "Article 19",
                "providers keep the logs, for six months at least",
                (_CHAINS, _LOG),
                "that the records of the span are here, in order and unchanged, as far as their chains reach",
                "that they will be kept: `keep_for` in the policy, and backups",
            ),
        ),
    ),
    Framework(
        "ISO/IEC 42001",
        "2023",
        (
            Clause(
                "A.6.2.8",
                "event logs are recorded where they are needed",
                (_LOG, _CHAINS),
                "the log of the span, and that it is whole",
                "the decision in which phases of the life cycle logs are needed",
            ),
            Clause(
                "A.6.2.6",
                "operation is monitored",
                (_SUMMARY, _OVERRIDES),
                "documents admitted and kept out, by day, source and reason",
                "performance of the model, repairs, support",
            ),
            Clause(
                "A.7.5",
                "the provenance of data is recorded",
                (_LOG, _KEYS),
                "for each admitted document who signed it, with which key, which version, and its digest",
                "provenance of the data that the model was trained on",
            ),
            Clause(
                "A.7.4",
                "the quality of data meets requirements",
                (_POLICIES, _LOG),
                "which requirements were in force (proof, age, terms), and how each document fared",
                "whether what a trusted source says is right",
            ),
            Clause(
                "A.8.4",
                "incidents can be communicated",
                (_LOG, _RECEIPTS),
                "which prompts were given a document, by its address and digest",
                "who has to be told, and that they were",
            ),
        ),
    ),
    Framework(
        "NIST AI 600-1",
        "July 2024, with the functions of the AI RMF 1.0",
        (
            Clause(
                "GOVERN 1.4, 1.6",
                "policies and inventories are documented",
                (_POLICIES, "policies/"),
                "the revisions of the policy that decided, and the files of those that were handed over",
                "the organisation around them",
            ),
            Clause(
                "MAP 4.1, MEASURE 2.8",
                "third-party data and its provenance are tracked",
                (_KEYS, _LOG),
                "publisher, key and version of each admitted document",
                "contracts and assessments of publishers",
            ),
            Clause(
                "MEASURE 2.7",
                "security and resilience are evaluated",
                (_SUMMARY,),
                "how many documents were refused as forged, changed, revoked or out of date in operation",
                "tests before operation: `headgate rehearse` and `headgate doctor`",
            ),
            Clause(
                "MANAGE 4.1, 4.3",
                "deployed systems are monitored, and incidents are tracked",
                (_SUMMARY, _OVERRIDES, _RECEIPTS),
                "overrides with who, why and until when; for one answer, its receipt",
                "the handling of incidents itself",
            ),
        ),
    ),
)
"""The laws and standards, with their clauses."""

NOT_SHOWN = (
    "that every retrieval of the system went through the gate: `headgate doctor` shows that for a chain",
    "that records are missing at the end of a chain, unless heads or receipts that were kept elsewhere were compared",
    "that a text is true, or that an answer follows from it",
    "texts and questions, unless the policy had the log keep them",
    "that the clock of the machine was right",
)
"""What no part of a bundle shows."""

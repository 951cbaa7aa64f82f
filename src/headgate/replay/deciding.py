"""One recorded admission, decided again from its evidence.

What is decided is what the gate would decide: the same rules judge, only signatures are taken from the record, which
says that they verified and with which key. Where a record does not say enough, the document is left undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from headgate.admission.editions import apply_editions
from headgate.admission.entering import defined_by_seal, has_words, judge_invisible, reword, share_definitions
from headgate.admission.facts import Facts, Witness
from headgate.admission.hearing import hear
from headgate.admission.judging import Judgement, judge_times
from headgate.admission.resolving import resolve
from headgate.admission.revocation_files import RevocationFiles
from headgate.admission.revoking import apply_revocations, still_known
from headgate.admission.ruling import recalled_types, under_rules
from headgate.admission.setwide import apply_budget, apply_supersession
from headgate.admission.standing import judge_manifest, judge_verified
from headgate.admission.vouching import proved_version
from headgate.caching import Memo
from headgate.chunk import Chunk
from headgate.clock import read_instant
from headgate.decision import Finding, under_mode
from headgate.encoding import safe_uri
from headgate.freshness import freshness_bounds, identify_document, quiet_window
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy import Policy, normalise_uri
from headgate.provenance import (
    Attestation,
    Claim,
    Presented,
    Requirement,
    Verdict,
    check_provenance,
)
from headgate.provenance.revocation import Revocations
from headgate.record import AdmissionRecord, DecisionRecord, mend_admission
from headgate.record.evidence import is_resting_on_proof, read_attestation, read_document, read_times
from headgate.record.schema import EvidenceRecord
from headgate.registry import Known
from headgate.replay.listings import NotRecorded, claim_listing, judge_listing
from headgate.replay.proofs import claims_then, failed_then, verdict_now
from headgate.replay.recorded import (
    INTRINSIC,
    add_known,
    add_standing,
    codes_key,
    error_codes_of,
    evidence_of,
    heard_then,
    invisible_then,
    verified_by,
    what_is_unknown,
)
from headgate.terminology.findings import describe_rewrite

__all__ = ["Redecided", "Redecider"]

# Evidence that is longer is somebody else's making, and not worth the memory.
_MOST_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Redecided:
    """A document, decided again.

    Attributes:
        before: the recorded decision.
        action: what happens to it now; None if the record does not say enough.
        codes: the codes that it has now.
        reasons: the findings that would keep it out if every check were enforced.
        source: the source that applies now.
        lack: what the record lacks, if it is undecided.
        age: how old it is at the instant that is judged for, if known.
        edits: how many places terminology rewrites now; None if the record has no text.
        bounds: the instants at which the rules of freshness may say something else, in order.
    """

    before: DecisionRecord
    action: str | None
    codes: tuple[str, ...] = ()
    reasons: tuple[Finding, ...] = ()
    source: str = ""
    lack: str | None = None
    age: timedelta | None = None
    edits: int | None = None
    bounds: tuple[datetime, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether the action differs from the recorded one."""
        return self.action is not None and self.action != self.before["action"]


class _PolicyMatch(NamedTuple):
    """How much the policy of a record and the one to decide under have in common.

    Attributes:
        is_read_alike: whether both read metadata alike.
        is_same: whether they are one policy, with the same keys.
    """

    is_read_alike: bool
    is_same: bool


class Redecider:
    """Decides recorded admissions again under a policy.

    Args:
        policy: the policy to decide under.
        at: the instant to decide for; by default that of each record.
        is_present: whether `at` is the present, so that the timestamps of manifests have to be in force as well.
        limits: bounds on what is looked at.
        over: returns why the policy itself, which was pulled, keeps everything out at an instant, if it does.

    Raises:
        PolicyError: the policy cannot be used.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        at: datetime | None = None,
        is_present: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        over: Callable[[datetime], Finding | None] | None = None,
    ) -> None:
        self._over = over
        self._revision = resolve(policy, limits, remembers=False)
        self._at = at
        self._is_present = is_present
        keys = self._revision.revocation_keys
        self._revocations = RevocationFiles(policy, keys, limits, remembers=False).held if is_present else Revocations()
        self._limits = limits
        self._facts: Memo[Facts | str] = Memo(limits.memo_entries)

    @property
    def revision(self) -> str:
        """The digest of the policy, with its keys and glossaries."""
        return self._revision.digest

    def redecide(self, recorded: Mapping[str, Any]) -> list[Redecided]:
        """Return the documents of a recorded admission, decided again; in their order.

        Args:
            recorded: a record, whoever made it; what it does not say in due form leaves documents undecided.

        Raises:
            ValueError: the record has no time that can be read.
        """
        return self.redecide_read(mend_admission(recorded))

    def redecide_read(self, record: AdmissionRecord) -> list[Redecided]:
        """As `redecide`, for a record that came through the reader.

        Raises:
            ValueError: the record has no time that can be read.
        """
        now = self._at or read_instant(record["as_of"] or record["now"])
        present = self._at or read_instant(record["now"])
        match = _PolicyMatch(
            record.get("reading") == self._revision.reading,
            record["policy_revision"] == self._revision.digest,
        )
        judged: list[Judgement] = []
        known: dict[str, tuple[Known, ...]] = {}
        outcomes: list[Judgement | str] = []
        for entry in record["decisions"]:
            try:
                judgement = self._judge(len(judged), entry, now, present, match)
            except NotRecorded as error:
                outcomes.append(str(error))
            except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
                outcomes.append("its evidence cannot be read")
            else:
                add_known(known, judgement, entry)
                judged.append(judgement)
                outcomes.append(judgement)
        apply_revocations(judged, self._revocations, now)
        apply_supersession(judged, now, still_known(known, self._revocations))
        listed = {one.facts.source.id: one.listed_editions for one in judged if one.listed_editions}
        apply_editions(judged, is_past=now < present, listed=listed)
        share_definitions(judged, self._revision, self._limits)
        # Tokens are counted in texts; a log that keeps none says nothing about the budget.
        if all(entry.get("text") is not None for entry in record["decisions"]):
            apply_budget(judged, self._revision)
        pairs = list(zip(record["decisions"], outcomes, strict=True))
        undecided = {name for entry, outcome in pairs if isinstance(outcome, str) for name in self._documents(entry)}
        decided = [self._conclude(entry, outcome, undecided) for entry, outcome in pairs]
        reason = self._over(present) if self._over is not None else None
        return decided if reason is None else [self._refused(one, reason) for one in decided]

    def _refused(self, one: Redecided, reason: Finding) -> Redecided:
        if one.action is None:
            return one
        action = "drop" if self._revision.keeps_out else one.action
        return replace(one, action=action, codes=(*one.codes, reason.code), reasons=(*one.reasons, reason))

    def _documents(self, entry: DecisionRecord) -> Iterator[str]:
        """Yield every document that a chunk may be a version of."""
        evidence = entry.get("evidence", {})
        named = [entry["uri"], evidence.get("declared"), evidence.get("claimed")]
        named += [claims["sub"] for claims in (evidence.get("seal"), evidence.get("manifest")) if claims is not None]
        for name in named:
            uri = normalise_uri(name, self._limits.uri_chars)
            document = self._revision.source_of(uri).redirects.current(identify_document(uri))
            if document is not None:
                yield document

    def _judge(
        self, place: int, entry: DecisionRecord, now: datetime, present: datetime, match: _PolicyMatch
    ) -> Judgement:
        facts = self._facts_of(entry, match)
        text = entry.get("text")
        judgement = Judgement(place, Chunk(text or "", {}, entry["id"]), facts)
        judgement.is_asked = evidence_of(entry).get("asked", False)
        judgement.is_version_asked = evidence_of(entry).get("asked_version", False)
        judgement.listed_editions = tuple(evidence_of(entry).get("editions", ()))
        if match.is_same and self._at is None:
            add_standing(judgement, entry)
        heard = hear(judgement, heard_then(judgement, evidence_of(entry)), past=now if now < present else None)
        if not (match.is_same and self._at is None):
            judge_verified(judgement, present, heard)
        if self._is_present:
            judge_manifest(judgement, now)
        judge_times(judgement, now, is_past=now < present)
        judgement.invisible = invisible_then(entry)
        if judgement.invisible and not judgement.is_kept_out:
            judge_invisible(judgement, self._revision)
        if text is not None and not judgement.is_kept_out and has_words(judgement, self._revision):
            defined = defined_by_seal(facts, text)
            judgement.rewrite = reword(text, facts.source, self._revision, self._limits, defined)
            judgement.definitions = judgement.rewrite.definitions
            mode = facts.source.modes["terminology"]
            judgement.add(describe_rewrite(judgement.rewrite), mode)
            if mode != "audit":
                judgement.text = judgement.rewrite.text
        return judgement

    def _conclude(self, entry: DecisionRecord, outcome: Judgement | str, undecided: Collection[str]) -> Redecided:
        if isinstance(outcome, str):
            return Redecided(entry, None, lack=outcome)
        decision = outcome.decide()
        # What could not be decided may be the version that supersedes this one.
        document = outcome.facts.source.redirects.current(identify_document(outcome.facts.uri))
        if decision.admitted and document in undecided:
            return Redecided(entry, None, lack="another version of it in the same prompt could not be decided")
        has_text = entry.get("text") is not None
        lack = what_is_unknown(entry, has_text, self._revision.invisible) if decision.admitted else None
        if lack is not None:
            return Redecided(entry, None, lack=lack)
        edits = len(outcome.rewrite.edits) if outcome.rewrite is not None else 0
        return Redecided(
            entry,
            decision.action,
            decision.codes,
            decision.reasons,
            decision.source,
            None,
            decision.age,
            edits if has_text else None,
            outcome.facts.bounds,
        )

    def _facts_of(self, entry: DecisionRecord, match: _PolicyMatch) -> Facts:
        """Return what is settled about a document; remembered, because documents are retrieved again and again."""
        evidence, codes = repr(evidence_of(entry)), codes_key(entry)
        if len(evidence) + len(codes) > _MOST_KEPT:
            return self._find(entry, match)
        key = (entry["digest"], entry["uri"], evidence, codes, match)
        known = self._facts.get(key)
        if known is None:
            try:
                known = self._find(entry, match)
            except NotRecorded as error:
                known = str(error)
            self._facts.put(key, known)
        if isinstance(known, str):
            raise NotRecorded(known)
        return known

    def _find(self, entry: DecisionRecord, match: _PolicyMatch) -> Facts:
        evidence, codes = evidence_of(entry), error_codes_of(entry)
        default = self._revision.default
        if codes & INTRINSIC:
            kept = under_mode(
                tuple(Finding(code, "As recorded.") for code in sorted(codes & INTRINSIC)), self._revision.strictest
            )
            return Facts(default, findings=kept, is_kept_out=any(finding.blocks for finding in kept))
        if "G901" in codes:
            raise NotRecorded("a check failed when it was recorded")
        digest = entry["digest"]
        attestation = read_attestation(evidence, self._limits)
        presented = self._presented(evidence, digest, attestation)
        claims = claims_then(entry, evidence, attestation)
        declared = self._revision.source_of(presented.declared_uri).requirement
        listing = claim_listing(presented, declared, attestation)

        def verify(claim: Claim, requirement: Requirement) -> Verdict:
            if not claim.is_carried and not isinstance(claim.content, Attestation):
                return judge_listing(claim, entry, requirement, is_same=match.is_same)
            if isinstance(claim.content, Attestation):
                return verdict_now(claim.content, digest, requirement, self._revision.owners)
            return Verdict(failed_then(entry, requirement, self._revision.owners, is_same=match.is_same))

        self._require_alike(evidence, match, is_ignored=False)
        proof = check_provenance(
            presented, (*claims, *listing), verify, lambda uri: self._revision.source_of(uri).requirement
        )
        source = self._revision.source_of(proof.uri)
        source = under_rules(source, proof.uri, recalled_types(evidence), is_proved=proof.attestation is not None)
        is_kept_out = any(finding.blocks for finding in proof.findings)
        # As in the gate, a proof that is refused says nothing about times either.
        is_ignored = attestation is not None and proof.attestation is None
        if is_ignored and not is_kept_out:
            self._require_alike(evidence, match, is_ignored=True)
        rule = source.freshness
        if proof.attestation is not None and "uncounted_proof" in evidence:
            raise NotRecorded("its seal did not count then, and the times in it are not recorded")
        counted = rule.evidence_for(source.requirement.require, is_proved=proof.attestation is not None)
        times = read_times(evidence, sealed_only=counted == "sealed", ignores_seal=is_ignored)
        document = read_document(evidence, proof.attestation, proof.uri, source.redirects)
        return Facts(
            source,
            digest,
            proof.uri,
            document,
            proof.assurance,
            proof.attestation,
            proof.findings,
            times,
            quiet_window(times, rule),
            is_kept_out,
            has_claim=bool(claims),
            shown_uri=safe_uri(proof.uri) if proof.uri is not None else None,
            witness=self._witness(evidence) if proof.attestation is None else None,
            proved=proved_version(source, document, proof.attestation, times, digest),
            bounds=freshness_bounds(times, rule),
            verified=verified_by(evidence, proof.attestation, source, is_present=self._is_present),
        )

    def _witness(self, evidence: EvidenceRecord) -> Witness | None:
        """Return the version that a refused document proved to exist, if its key still speaks for its source."""
        found = evidence.get("witness")
        uri = normalise_uri(found["sub"], self._limits.uri_chars) if found is not None else None
        if found is None or uri is None:
            return None
        source = self._revision.source_of(uri)
        key = source.requirement.keys.get(found["kid"])
        if key is None or key.thumbprint != found["key"]:
            return None
        document = identify_document(uri, self._limits.uri_chars, fragment=found.get("fragment", ""))
        modified, start = (read_instant(found[name]) if found[name] is not None else None for name in ("mod", "nbf"))
        document = source.redirects.current(document)
        return Witness(source, document or "", uri, found["ver"], modified, start, key.thumbprint)

    def _presented(self, evidence: EvidenceRecord, digest: str, attestation: Attestation | None) -> Presented:
        """Return the document as proofs looked at it; what was covered is not recorded, only that it was."""
        default = attestation.uri if attestation is not None and "undeclared" not in evidence else None
        declared = evidence.get("declared", default)
        uri = normalise_uri(declared, self._limits.uri_chars)
        media = dict.fromkeys(evidence.get("media", ()))
        return Presented(digest, {}, media, uri, declared is not None or "declared" in evidence)

    def _require_alike(self, evidence: EvidenceRecord, match: _PolicyMatch, *, is_ignored: bool) -> None:
        """Refuse evidence that another policy would have read otherwise."""
        if is_ignored and is_resting_on_proof(evidence):
            raise NotRecorded("its times come from a seal that would not count, and metadata's are not recorded")
        # Not even where everything is signed: another policy may find restrictions under keys that nobody looked at.
        if match.is_read_alike:
            return
        raise NotRecorded("its metadata would be read otherwise (the policies differ under `metadata`)")

"""Who says so, and may they: seals, keys and the provenance check. Pure once keys are loaded."""

from headgate.provenance.attestation import Attestation
from headgate.provenance.check import (
    MECHANISMS,
    Proof,
    check_prompt_metadata,
    check_provenance,
    hidden_though_covered,
    read_claims,
    uncovered_media,
    unproved_words,
    verify_claim,
)
from headgate.provenance.covered import metadata_digest
from headgate.provenance.jws import sign_jws, verify_jws
from headgate.provenance.keys import (
    ACCEPTED_ALGORITHMS,
    KeySet,
    SigningKey,
    VerificationKey,
    generate_signing_key,
)
from headgate.provenance.manifests import Manifest
from headgate.provenance.mechanism import Claim, Mechanism, Owners, Presented, Requirement, Verdict
from headgate.provenance.sealer import Sealer
from headgate.provenance.seals import SEAL_TYPE, Seal, digest_text, issuer_finding, parse_seal, read_seal
from headgate.provenance.signers import Signer, load_signer
from headgate.provenance.spans import BLOCKS_KEY, SpanProver

__all__ = [
    "ACCEPTED_ALGORITHMS",
    "BLOCKS_KEY",
    "MECHANISMS",
    "SEAL_TYPE",
    "Attestation",
    "Claim",
    "KeySet",
    "Manifest",
    "Mechanism",
    "Owners",
    "Presented",
    "Proof",
    "Requirement",
    "Seal",
    "Sealer",
    "Signer",
    "SigningKey",
    "SpanProver",
    "Verdict",
    "VerificationKey",
    "check_prompt_metadata",
    "check_provenance",
    "digest_text",
    "generate_signing_key",
    "hidden_though_covered",
    "issuer_finding",
    "load_signer",
    "metadata_digest",
    "parse_seal",
    "read_claims",
    "read_seal",
    "sign_jws",
    "uncovered_media",
    "unproved_words",
    "verify_claim",
    "verify_jws",
]

"""Who says so, and may they: seals, keys and the provenance check. Pure once keys are loaded."""

from headgate.provenance.check import (
    Claimed,
    Proof,
    Requirement,
    Verdict,
    check_provenance,
    read_claimed,
    verify_claimed,
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
from headgate.provenance.seals import SEAL_TYPE, Seal, Sealer, digest_text, parse_seal

__all__ = [
    "ACCEPTED_ALGORITHMS",
    "SEAL_TYPE",
    "Claimed",
    "KeySet",
    "Proof",
    "Requirement",
    "Seal",
    "Sealer",
    "SigningKey",
    "Verdict",
    "VerificationKey",
    "check_provenance",
    "digest_text",
    "generate_signing_key",
    "metadata_digest",
    "parse_seal",
    "read_claimed",
    "sign_jws",
    "verify_claimed",
    "verify_jws",
]

"""RSA keys that are not as strong as they are long: anybody can find their private half, or forge with little work."""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

__all__ = ["weakness_of"]

# RFC 7518, section 3.3, wants 2048 bits at least; the upper bound limits what one verification costs.
_BITS = range(2_048, 8_193)
# FIPS 186-5, section 5.4: odd, above 2^16 and below 2^256.
_EXPONENTS = range(2**16 + 1, 2**256)
# The primes of keys by Infineon's RSALib (CVE-2017-15361, "ROCA") are powers of 65537 modulo the product of these.
_ROCA_GENERATOR = 65_537
_ROCA_PRIMES = (
    *(3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97),
    *(101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167),
)
_FERMAT_STEPS = 100


def weakness_of(modulus: int, exponent: int) -> tuple[str, str] | None:
    """Return what is wrong with the numbers of an RSA key, and the remedy; None for a key that may be used.

    Args:
        modulus: the public modulus n.
        exponent: the public exponent e.
    """
    bits = modulus.bit_length()
    if bits not in _BITS:
        return f"an RSA key of {bits} bits is not accepted.", "Use 2048 to 8192 bits."
    if exponent not in _EXPONENTS or exponent % 2 == 0:
        shown = exponent if exponent.bit_length() <= 64 else f"of {exponent.bit_length()} bits"
        return f"an RSA key with the exponent {shown} is not accepted.", "Use 65537 (FIPS 186-5, section 5.4)."
    if _is_roca(modulus):
        problem = "the RSA key was made by a library whose keys can be factored (CVE-2017-15361, ROCA)."
        return problem, "Make another one, not on the same device, and revoke this one."
    if _is_near_square(modulus):
        return (
            "the two primes of the RSA key are so close that it can be factored (CVE-2022-26320).",
            "Make another one.",
        )
    return None


def _is_roca(modulus: int) -> bool:
    """Return whether a modulus is a power of 65537 modulo each of many primes, which of others one in 10^8 is."""
    return all(modulus % prime in residues for prime, residues in _roca_residues().items())


@lru_cache(maxsize=1)
def _roca_residues() -> dict[int, frozenset[int]]:
    found = {}
    for prime in _ROCA_PRIMES:
        residues, power = set(), 1
        while power not in residues:
            residues.add(power)
            power = power * _ROCA_GENERATOR % prime
        found[prime] = frozenset(residues)
    return found


def _is_near_square(modulus: int) -> bool:
    """Return whether Fermat's method finds the two primes in a few steps."""
    middle = isqrt(modulus - 1) + 1
    for candidate in range(middle, middle + _FERMAT_STEPS):
        rest = candidate * candidate - modulus
        if isqrt(rest) ** 2 == rest:
            return True
    return False

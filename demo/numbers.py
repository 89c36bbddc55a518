"""Numbers with the check digits that real ones carry, so that the product's own checks accept them."""

from __future__ import annotations

from datetime import date

_RIC_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RIC_DIGITS = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def resident_id(region: str, born: date, order: int) -> str:
    """Return an 18-character resident identity number (GB 11643); an odd *order* is a man's, an even one a woman's."""
    body = f"{region}{born:%Y%m%d}{order:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _RIC_WEIGHTS, strict=True))
    return body + _RIC_DIGITS[total % 11]


def credit_code(region: str, serial: int) -> str:
    """Return an 18-character unified social credit code (GB 32100) of an enterprise in *region*."""
    organisation = f"{serial:08d}"
    check = (11 - sum(int(d) * w for d, w in zip(organisation, _ORG_WEIGHTS, strict=True)) % 11) % 11
    body = f"91{region}{organisation}{'X' if check == 10 else check}"
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=True))
    return body + _USCC_ALPHABET[(31 - total % 31) % 31]


def luhn(body: str) -> str:
    """Return *body* with its Luhn check digit appended."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{body}{-total % 10}"

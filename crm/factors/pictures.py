"""The picture that a code app scans."""

import io
from urllib.parse import quote, urlencode

import segno

from crm.factors.secrets import spoken

ISSUER = "Financial CRM"


def address_for_apps(secret: bytes, number: str) -> str:
    """Return what the picture says: the ``otpauth`` address that code apps know."""
    values = {"secret": spoken(secret).replace(" ", ""), "issuer": ISSUER, "algorithm": "SHA1", "digits": 6, "period": 30}
    return f"otpauth://totp/{quote(ISSUER)}:{quote(number)}?{urlencode(values, quote_via=quote)}"


def picture(secret: bytes, number: str) -> bytes:
    """Return the QR code as SVG, black on white whatever the colours of the page."""
    out = io.BytesIO()
    segno.make(address_for_apps(secret, number), error="m", micro=False).save(out, kind="svg", scale=5, border=3, light="white")
    return out.getvalue()

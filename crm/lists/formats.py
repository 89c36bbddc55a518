"""How figures and times are written, on pages and in files alike.

Times stand in the bank's zone as 2026-11-21 14:30:05 in both languages; amounts with thousands separators, two decimals (none
for currencies without minor unit, up to eight for tokens), in 元 or 万元 as the reader has chosen.
"""

from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.timezone import is_aware

NO_MINOR_UNIT = frozenset({"JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "XPF"})
TOKENS = frozenset({"BTC", "ETH", "USDT", "USDC", "TRX", "BNB", "SOL", "XRP", "DOGE", "LTC"})
YUAN, WAN = "yuan", "wan"
UNITS = (YUAN, WAN)


def bank_time(at: datetime) -> datetime:
    """The same moment on the bank's clock."""
    return at.astimezone(ZoneInfo(settings.BANK_ZONE)) if is_aware(at) else at


def moment(at: datetime | None) -> str:
    """2026-11-21 14:30:05 in the bank's zone; an empty string for None."""
    return bank_time(at).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def day(value: date | datetime | None) -> str:
    """2026-11-21; a moment is first read on the bank's clock."""
    if value is None:
        return ""
    return (bank_time(value) if isinstance(value, datetime) else value).strftime("%Y-%m-%d")


def places(currency: str) -> int:
    """How many decimals an amount of this currency is shown with."""
    if currency in NO_MINOR_UNIT:
        return 0
    return 8 if currency in TOKENS else 2


def amount(value: Decimal | float | str, currency: str = "CNY", unit: str = YUAN) -> str:
    """1,234.50: rounded half to even, never in exponents; `unit="wan"` divides by ten thousand."""
    number = Decimal(str(value))
    if not number.is_finite():
        return str(value)
    if unit == WAN:
        number = number / 10_000
    shown = number.quantize(Decimal(1).scaleb(-places(currency)), rounding=ROUND_HALF_EVEN)
    text = f"{abs(shown):,f}"
    if places(currency) > 2:
        whole, _, decimals = text.partition(".")
        text = f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
    return f"-{text}" if shown < 0 else text


def number(value: Decimal | float) -> str:
    """12,345 or 3.25: thousands separators, at most four decimals, no trailing zeros."""
    shown = Decimal(str(value))
    if not shown.is_finite():
        return str(value)
    text = f"{shown.quantize(Decimal('0.0001'), rounding=ROUND_HALF_EVEN):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: Decimal | float, decimals: int = 1) -> str:
    """98.0%: takes a share between 0 and 1."""
    shown = Decimal(str(value)) * 100
    return f"{shown.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN):,f}%"

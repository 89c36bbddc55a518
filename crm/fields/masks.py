"""What a page shows instead of a sealed value."""

import re
from collections.abc import Callable

DOT = "•"


def id_number(text: str) -> str:
    """``110105********1234``: the first six and the last four; shorter numbers show less."""
    if len(text) >= 15:
        return text[:6] + "*" * (len(text) - 10) + text[-4:]
    return _ends(text, keep=2)


def mobile(text: str) -> str:
    """``138****5678``; a foreign number keeps its last four."""
    digits = text[-11:]
    if len(digits) == 11 and digits.isdigit() and digits.startswith("1"):
        return digits[:3] + "****" + digits[-4:]
    return _tail(text)


def account(text: str) -> str:
    """``…8821``: the last four."""
    kept = text[-4:] if len(text) > 7 else text[-2:] if len(text) > 3 else ""
    return "…" + kept


COMPOUND_SURNAMES = frozenset(
    [
        "欧阳",
        "司马",
        "诸葛",
        "上官",
        "司徒",
        "司空",
        "东方",
        "独孤",
        "南宫",
        "夏侯",
        "尉迟",
        "皇甫",
        "公孙",
        "令狐",
        "慕容",
        "长孙",
        "宇文",
        "轩辕",
        "端木",
        "百里",
        "东郭",
        "南门",
        "呼延",
        "归海",
        "羊舌",
        "微生",
        "梁丘",
        "左丘",
        "东门",
        "西门",
        "闻人",
        "申屠",
        "太史",
        "公冶",
        "澹台",
        "濮阳",
        "淳于",
        "单于",
        "太叔",
        "公羊",
        "赫连",
        "钟离",
        "鲜于",
        "闾丘",
        "万俟",
        "拓跋",
        "夹谷",
        "谷梁",
        "段干",
        "第五",
        "仲孙",
    ]
)
# Up to three administrative units at the beginning; 小区, 园区, 社区 and 市场 are parts of an address, not units.
_REGION = re.compile(r"(?:[^\d\s]{1,8}?(?:省|自治区|自治州|市(?!场)|(?<![小园社])区|县|旗|州)){1,3}")
ETHNIC_DOTS = "·•・"


def name(text: str) -> str:
    """``张*``, ``王**``, ``欧阳*``, ``阿*·*``, ``J*** S****``: the family name or first letter stays."""
    text = text.strip()
    for dot in ETHNIC_DOTS:
        if dot in text:
            return dot.join(_first(part) for part in text.split(dot))
    if any(letter.isascii() and letter.isalpha() for letter in text):
        return " ".join(_first(part) for part in text.split())
    surname = 2 if text[:2] in COMPOUND_SURNAMES and len(text) > 2 else 1
    if len(text) <= 1:
        return "*" * len(text)
    return text[:surname] + "*" * (len(text) - surname)


def email(text: str) -> str:
    """``l***@example.com``: the first letter and the domain."""
    local, at, domain = text.rpartition("@")
    if not at:
        return _tail(text)
    return local[:1] + "***@" + domain


def address(text: str) -> str:
    """``北京市朝阳区****``: province, city and district; of the street and the number nothing."""
    found = _REGION.match(text)
    return (found[0] if found else "") + "****"


def text(text: str) -> str:
    """Nothing of a value of no known kind but that it is there."""
    return "****" if text else ""


def _first(part: str) -> str:
    return part[:1] + "*" * max(len(part) - 1, 1) if part else ""


def _tail(text: str) -> str:
    return "****" + (text[-4:] if len(text) >= 8 else "")


def _ends(text: str, *, keep: int) -> str:
    if len(text) < keep * 3:
        return "*" * len(text)
    return text[:keep] + "*" * (len(text) - 2 * keep) + text[-keep:]


MASKS: dict[str, Callable[[str], str]] = {
    "id_number": id_number,
    "mobile": mobile,
    "account": account,
    "name": name,
    "email": email,
    "address": address,
    "text": text,
}


def mask(kind: str, value: str) -> str:
    """The mask of ``value`` as a value of that kind; nothing for nothing."""
    return MASKS[kind](value) if value else ""

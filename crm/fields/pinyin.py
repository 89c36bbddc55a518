"""Names in pinyin, for sorting and searching."""

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from crm.fields.masks import COMPOUND_SURNAMES

# Characters that are read differently as a surname.
SURNAMES = {
    "单": "shan", "仇": "qiu", "解": "xie", "区": "ou", "查": "zha", "朴": "piao", "盖": "ge", "曾": "zeng",
    "翟": "zhai", "任": "ren", "华": "hua", "燕": "yan", "缪": "miao", "乐": "yue", "覃": "qin", "员": "yun",
    "召": "shao", "繁": "po", "冼": "xian", "黑": "he", "秘": "bi", "折": "she", "种": "chong", "逯": "lu",
    "能": "nai", "句": "gou", "隗": "wei", "祭": "zhai", "宁": "ning", "宿": "su", "应": "ying", "纪": "ji",
    "柏": "bai", "牟": "mou", "哈": "ha", "尹": "yin", "都": "du", "车": "che", "石": "shi", "沈": "shen",
    "尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "澹台": "tan tai", "单于": "chan yu", "令狐": "ling hu",
    "夏侯": "xia hou", "皇甫": "huang fu", "宇文": "yu wen", "司空": "si kong", "诸葛": "zhu ge",
}  # fmt: skip

_GAPS = re.compile(r"[\s·•・.,'’\-]+")


@lru_cache(maxsize=50_000)
def pinyin(name: str, *, person: bool = True) -> str:
    """The syllables, lower case, divided by spaces: ``单雄信`` → ``shan xiong xin``.

    ``person=False`` for names of organisations, whose first character is no surname. Latin letters and digits stay.
    """
    surname, rest = _split(name.strip()) if person else ("", name.strip())
    syllables = SURNAMES[surname].split() if surname in SURNAMES else _spelled(surname)
    return " ".join([*syllables, *_spelled(rest)])


def initials(name: str, *, person: bool = True) -> str:
    """The first letters of the syllables: ``单雄信`` → ``sxx``."""
    return "".join(syllable[0] for syllable in pinyin(name, person=person).split())


def search_text(name: str, *, person: bool = True) -> str:
    """What a search by pinyin looks into: syllables together, a space, initials: ``shanxiongxin sxx``."""
    return f"{pinyin(name, person=person).replace(' ', '')} {initials(name, person=person)}".strip()


def _split(name: str) -> tuple[str, str]:
    if name[:2] in COMPOUND_SURNAMES and len(name) > 2:
        return name[:2], name[2:]
    if name[:1].isascii():
        return "", name
    return name[:1], name[1:]


def _spelled(text: str) -> list[str]:
    parts: list[str] = []
    for syllable in lazy_pinyin(text, style=Style.NORMAL, errors="default"):
        parts += [part for part in _GAPS.split(syllable.lower()) if part]
    return parts

"""Names in pinyin for sorting and searching."""

import pytest

from crm.fields.pinyin import initials, pinyin, search_text


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("单雄信", "shan xiong xin"),
        ("曾国藩", "zeng guo fan"),
        ("查良镛", "zha liang yong"),
        ("任我行", "ren wo xing"),
        ("区小明", "ou xiao ming"),
        ("欧阳锋", "ou yang feng"),
        ("万俟卨", "mo qi xie"),
        ("尉迟恭", "yu chi gong"),
        ("John Smith", "john smith"),
        ("阿依古丽·买买提", "a yi gu li mai mai ti"),
        ("", ""),
    ],
)
def test_people(name: str, spelled: str) -> None:
    assert pinyin(name) == spelled


def test_organisations_have_no_surname() -> None:
    assert pinyin("重庆银行", person=False) == "chong qing yin hang"
    assert pinyin("单县农商行", person=False).split()[-1] == "hang"


def test_initials_and_search_text() -> None:
    assert initials("单雄信") == "sxx"
    assert search_text("张三") == "zhangsan zs"

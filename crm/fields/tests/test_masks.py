"""What is shown instead of a value (R281)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.fields.masks import MASKS, mask


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("id_number", "110105194912311234", "110105********1234"),
        ("id_number", "110105491231123", "110105*****1123"),
        ("id_number", "E12345678", "E1*****78"),
        ("id_number", "A12", "***"),
        ("mobile", "13812345678", "138****5678"),
        ("mobile", "+8613812345678", "138****5678"),
        ("mobile", "+44 7700 900123", "****0123"),
        ("mobile", "12345", "****"),
        ("account", "6222021001116248821", "…8821"),
        ("account", "12345", "…45"),
        ("account", "12", "…"),
        ("name", "张三", "张*"),
        ("name", "王小明", "王**"),
        ("name", "欧阳锋", "欧阳*"),
        ("name", "单", "*"),
        ("name", "阿依古丽·买买提", "阿***·买**"),
        ("name", "John Smith", "J*** S****"),
        ("email", "liming@example.com", "l***@example.com"),
        ("email", "nonsense", "****ense"),
        ("address", "北京市朝阳区建国路88号", "北京市朝阳区****"),
        ("address", "江苏省南京市鼓楼区文化巷197号", "江苏省南京市鼓楼区****"),
        ("address", "文化巷197号", "****"),
        ("address", "幸福小区3号楼502", "****"),
        ("address", "市场路12号", "****"),
        ("address", "12 High Street", "****"),
        ("text", "anything", "****"),
    ],
)
def test_masks(kind: str, value: str, shown: str) -> None:
    assert mask(kind, value) == shown


@pytest.mark.parametrize("kind", sorted(MASKS))
def test_nothing_is_masked_as_nothing(kind: str) -> None:
    assert mask(kind, "") == ""


@given(st.sampled_from(sorted(MASKS)), st.text(min_size=2, max_size=30).filter(lambda text: text.strip()))
def test_a_mask_never_shows_the_whole_value(kind: str, value: str) -> None:
    """Whatever is typed into a field, its mask differs from it or hides every sign."""
    assert mask(kind, value) != value or set(value) <= set("*…@. ·•・")

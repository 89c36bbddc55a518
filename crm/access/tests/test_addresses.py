"""A form leads back into the product, whatever a browser sends."""

import pytest

from crm.access.addresses import own_page


@pytest.mark.parametrize("path", ["/", "/risk/alerts/?state=open", "/客户/"])
def test_own_pages(path: str) -> None:
    assert own_page(path, "/elsewhere/") == path


@pytest.mark.parametrize(
    "path", ["", "customers/", "//evil.example/", "/\\evil.example/", "https://evil.example/", "javascript:alert(1)", "/\t/evil.example/"]
)
def test_others(path: str) -> None:
    assert own_page(path, "/elsewhere/") == "/elsewhere/"
    assert own_page(path) == "/"

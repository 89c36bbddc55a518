"""Where a form leads back to: a page of this product, never one of somebody else's."""

from django.utils.http import url_has_allowed_host_and_scheme


def own_page(path: str, otherwise: str = "/") -> str:
    """Return a path that a browser sent if it begins here and stays here, else another."""
    return path if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None) else otherwise

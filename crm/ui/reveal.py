"""The answer of every view that opens a masked value."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def show(request: HttpRequest, text: str, back: str = "") -> HttpResponse:
    """The opened value: a fragment for htmx, a page of its own without JavaScript. Never cached."""
    template = "ui/_revealed.html" if request.headers.get("HX-Request") == "true" else "ui/revealed.html"
    response = render(request, template, {"text": text, "back": back})
    response["Cache-Control"] = "no-store"
    return response

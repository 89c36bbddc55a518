"""What partners may ask and how: the OpenAPI document, and a page made of it that needs no script."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

from crm.access.gate import gated

GATE = "transactions.view_api"


def document() -> dict[str, Any]:
    """Return the OpenAPI document of every door for partners."""
    schema: dict[str, Any] = SchemaGenerator(urlconf="crm.urls").get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


@gated(GATE)
def api_schema(request: HttpRequest) -> HttpResponse:
    """Download the OpenAPI document."""
    answer = JsonResponse(document())
    answer["Content-Disposition"] = 'attachment; filename="openapi.json"'
    return answer


@gated(GATE)
def api_page(request: HttpRequest) -> HttpResponse:
    """Read the OpenAPI document as a page."""
    schema = document()
    parts = schema.get("components", {}).get("schemas", {})
    doors = [
        {"method": method.upper(), "path": path, "fields": _fields(door, parts), **_told(door)}
        for path, methods in sorted(schema["paths"].items())
        for method, door in methods.items()
    ]
    return render(request, "transactions/api.html", {"doors": doors})


def _told(door: dict[str, Any]) -> dict[str, Any]:
    answers = [(code, answer.get("description", "")) for code, answer in door.get("responses", {}).items()]
    return {"summary": door.get("summary", ""), "description": door.get("description", ""), "answers": answers}


def _fields(door: dict[str, Any], parts: dict[str, Any]) -> list[dict[str, Any]]:
    body = door.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    part = _resolved(body, parts)
    needed = set(part.get("required", []))
    return [
        {"name": name, "type": _type(_resolved(field, parts)), "needed": name in needed, "help": field.get("description", "")}
        for name, field in part.get("properties", {}).items()
    ]


def _resolved(part: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    for key in ("oneOf", "allOf", "anyOf"):
        if part.get(key):
            return _resolved(part[key][0], parts)
    if "$ref" in part:
        return _resolved(parts.get(part["$ref"].rsplit("/", 1)[-1], {}), parts)
    return part


def _type(field: dict[str, Any]) -> str:
    if field.get("enum"):
        return " | ".join(str(value) for value in field["enum"])
    return " ".join(filter(None, (field.get("type", ""), field.get("format", ""), field.get("pattern", ""))))

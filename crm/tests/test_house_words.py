"""Words that must not appear, each with the reason; an exemption is a dictionary entry whose value is its reason.

Requirements: R276, R277.
"""

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from crm.tests.house import name_of, sources, templates, tree

# attribute or name -> why nobody may use it
FORBIDDEN_NAMES = {
    "mark_safe": "text from people would reach pages unescaped: use format_html",
    "csrf_exempt": "a form of another site could post here",
    "AllowAny": "API views stand behind GatePermission",
    "cache_page": "pages behind sign-in are never cached",
    "RawSQL": "queries go through the models, or through a cursor with parameters",
    "is_superuser": "there is no superuser: roles carry rights",
}
FORBIDDEN_CALLS = {
    "delay": "only crm.jobs enqueues, on commit",
    "apply_async": "only crm.jobs enqueues, on commit",
    "send_task": "only crm.jobs enqueues, on commit",
    "raw": "queries go through the models, or through a cursor with parameters",
    "extra": "queries go through the models, or through a cursor with parameters",
    "SafeString": "the same as mark_safe by another name",
}
FORBIDDEN_MODULES = {
    "requests": "no outgoing request outside the egress module",
    "httpx": "no outgoing request outside the egress module",
    "urllib.request": "no outgoing request outside the egress module",
    "http.client": "no outgoing request outside the egress module",
    "pickle": "a pickle runs code when it is read",
}
FORBIDDEN_IN_TEMPLATES = {
    r"\|\s*safe\b": "text from people would reach pages unescaped",
    r"{%\s*autoescape\s+off": "text from people would reach pages unescaped",
    r"<script(?![^>]*\bsrc=)": "the policy allows no inline script",
    r"<style\b": "the policy allows no inline style",
    r"\sstyle\s*=": "the policy allows no inline style",
    r"\son[a-z]+\s*=\s*[\"']": "the policy allows no inline handler",
    r"hx-on": "the policy allows no inline handler",
    r"(?:src|href)=[\"'](?:https?:)?//": "nothing comes from another server",
}
EXEMPT: dict[tuple[str, str], str] = {
    ("crm/operations/supervisor.py", "urllib.request"): "asks its own web on loopback whether it is up",
    ("crm/jobs/queue.py", "send_task"): "the one place that enqueues",
    ("crm/lists/rows.py", "SafeString"): "a table's rows are joined from escaped cells; crm/lists/tests/test_rows.py tries hostile ones",
    (
        "crm/ui/renderers.py",
        "SafeString",
    ): "a select is joined from escaped parts; crm/ui/tests/test_renderers.py holds it against Django's own",
}


def _exempt(path: str, word: str) -> bool:
    return (path, word) in EXEMPT


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names)


def _calls(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield node.func.attr
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not all(isinstance(a, ast.Constant) for a in node.args):
        yield node.func.id


def _modules(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    ("forbidden", "words"),
    [(FORBIDDEN_NAMES, _names), (FORBIDDEN_CALLS, _calls), (FORBIDDEN_MODULES, _modules)],
    ids=["names", "calls", "modules"],
)
def test_forbidden_words(forbidden: dict[str, str], words: Callable[[ast.AST], Iterator[str]]) -> None:
    """Found by syntax, so that a comment may still name them."""
    found = [
        f"{name_of(path)}:{getattr(node, 'lineno', 0)}: {word} ({forbidden[word]})"
        for path in sources()
        for node in ast.walk(tree(path))
        for word in words(node)
        if word in forbidden and not _exempt(name_of(path), word)
    ]
    assert found == []


def test_serializers_list_their_fields() -> None:
    """`fields = "__all__"`, `exclude` and `depth` let a new column out by itself."""
    found = []
    for path in sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef) and node.name == "Meta":
                for item in node.body:
                    if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
                        name, value = item.targets[0].id, item.value
                        open_list = name == "fields" and isinstance(value, ast.Constant) and value.value == "__all__"
                        if open_list or name == "depth":
                            found.append(f"{name_of(path)}:{item.lineno}: {name}")
    assert found == []


@pytest.mark.parametrize("pattern", FORBIDDEN_IN_TEMPLATES)
def test_templates_keep_the_policy(pattern: str) -> None:
    """What the Content-Security-Policy would refuse in the browser is refused here first."""
    word = re.compile(pattern, re.IGNORECASE)
    found = [f"{name_of(path)}: {match.group()}" for path in templates() for match in word.finditer(path.read_text())]
    assert found == [], FORBIDDEN_IN_TEMPLATES[pattern]


def test_every_exemption_is_needed() -> None:
    """An exemption whose word is gone is removed."""
    for path, word in EXEMPT:
        file = next((p for p in sources() if name_of(p) == path), None)
        assert file is not None, f"{path} is exempt and does not exist"
        assert word.rsplit(".", maxsplit=1)[-1] in file.read_text(), f"{path} needs no exemption for {word}"

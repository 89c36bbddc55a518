"""What the tests about the house look at: the product's files, parsed once."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("customers", "products", "transactions", "portal", "risk", "reports", "audit")
HOUSE = ("crm", *APPS)
OUTSIDE = ("demo", "benchmarks", "tools")
# Folders at the top that hold no Python of the product.
PLAIN = ("docs", "locale", "static", "templates")


@cache
def sources(*, tests: bool = False, outside: bool = False) -> tuple[Path, ...]:
    """The product's Python files; migrations are left out, tests and the outside unless asked for."""
    found = [path for top in (*HOUSE, *(OUTSIDE if outside else ())) for path in (ROOT / top).rglob("*.py")]
    return tuple(sorted(path for path in found if "migrations" not in path.parts and (tests or "tests" not in path.parts)))


@cache
def tree(path: Path) -> ast.Module:
    """The file's syntax."""
    return ast.parse(path.read_text(), filename=str(path))


def name_of(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions of a file, nested ones and methods too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@cache
def templates() -> tuple[Path, ...]:
    """Every template of the product."""
    return tuple(sorted([*(ROOT / "templates").rglob("*.html"), *(p for top in HOUSE for p in (ROOT / top).rglob("templates/**/*.html"))]))

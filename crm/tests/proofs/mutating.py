"""Takes one guard away at a time: every call of the gate in the product's code gets a switch, put in while Python loads the file.

A site is one guard in one place; with no site switched off the code does what it says, and each guard that is reached is noted.
`mutant_plugin.py` runs the tests with it (`tools/mutants.py`, `make mutants`).
"""

import ast
import builtins
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from types import CodeType
from typing import Any

from crm.tests.house import HOUSE, ROOT, sources

ASSERTED = {"require", "require_step_up", "_require", "require_signed_in"}
GATES = {"gated", "signed_in_page"}


class Switches:
    """Which guards are away now, which were reached, and what became of each."""

    def __init__(self) -> None:
        self.off: frozenset[str] = frozenset()
        self.reached: set[str] = set()
        self.sites: dict[str, str] = {}

    def __call__(self, site: str) -> bool:
        """Whether this guard is away."""
        self.reached.add(site)
        return site in self.off

    def gate(self, site: str, decorator: Any) -> Any:
        """A decorator that can be taken off while the product runs."""

        def put_on(view: Any) -> Any:
            guarded = decorator(view)

            @wraps(guarded)
            def either(*args: Any, **kwargs: Any) -> Any:
                return view(*args, **kwargs) if self(site) else guarded(*args, **kwargs)

            return either

        return put_on

    @staticmethod
    def loose(rows: Any, _actor: Any, _permission: Any = None, **lookup: Any) -> Any:
        """What `get_visible` would be without the scope."""
        from crm.access.errors import NotVisible

        found = rows.all().filter(**lookup).first()
        if found is None:
            raise NotVisible("missing")
        return found


SWITCHES = Switches()


def hunt(sites: Sequence[str], is_missed: Callable[[], bool]) -> Iterator[tuple[str, bool]]:
    """Yield each guard and whether it is missed when it alone is away; asked for all together first, then by halves.

    A guard whose absence is only seen while another one stands is not found (the door behind the door opens on nothing).
    """
    if not sites:
        return
    SWITCHES.off = frozenset(sites)
    try:
        missed = is_missed()
    finally:
        SWITCHES.off = frozenset()
    if missed and len(sites) > 1:
        yield from hunt(sites[: len(sites) // 2], is_missed)
        yield from hunt(sites[len(sites) // 2 :], is_missed)
    else:
        yield from ((site, missed) for site in sites)


class Weaver(ast.NodeTransformer):
    """Puts a switch at every guard of one file."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.stack: list[str] = []
        self.count: dict[str, int] = {}

    def site(self, what: str, node: ast.AST) -> ast.Constant:
        """Name the guard after where it stands, so that the name outlives a line more above it."""
        place = f"{self.module}:{'.'.join(self.stack) or '-'}:{what}"
        number = self.count[place] = self.count.get(place, 0) + 1
        name = f"{place}#{number}" if number > 1 else place
        SWITCHES.sites[name] = f"{self.module}:{getattr(node, 'lineno', 0)}"
        return ast.Constant(name)

    def _call(self, function: str, *args: ast.expr) -> ast.Call:
        switches = ast.Name("__switches__", ast.Load())
        called: ast.expr = ast.Attribute(switches, function, ast.Load()) if function else switches
        return ast.Call(called, list(args), [])

    def _within(self, node: Any) -> Any:
        self.stack.append(node.name)
        node = self.generic_visit(node)
        self.stack.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        """Gates are decorators; an admin's own answers are functions."""
        self.stack.append(node.name)
        decorators = [
            self._call("gate", self.site(f"@{called_name(one)}", one), one) if called_name(one) in GATES else one
            for one in node.decorator_list
        ]
        self.stack.pop()
        node = self._within(node)
        node.decorator_list = decorators
        if node.name.startswith("has_") and node.name.endswith(("_permission", "_permissions")) and self.stack:
            away = ast.If(self._call("", self.site(f"{node.name} says yes", node)), [ast.Return(ast.Constant(True))], [])
            node.body.insert(1 if ast.get_docstring(node) else 0, away)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """A view of the API asks in `check_permissions`; a closed serializer refuses what it does not know."""
        bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        node = self._within(node)
        if "APIView" in bases:
            away = self.site(f"{node.name}.check_permissions", node)
            method = ast.parse("def check_permissions(self, request):\n    if not X:\n        super().check_permissions(request)").body[0]
            method.body[0].test.operand = self._call("", away)  # type: ignore[attr-defined]
            node.body.append(method)
        return node

    def visit_If(self, node: ast.If) -> Any:
        """A closed serializer's refusal of fields that it does not know."""
        node = self.generic_visit(node)  # type: ignore[assignment]
        if self.stack[:1] == ["ClosedSerializer"] and isinstance(node.test, ast.Name):
            away = ast.UnaryOp(ast.Not(), self._call("", self.site("unknown fields refused", node)))
            node.test = ast.BoolOp(ast.And(), [away, node.test])
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        """`visible_to`, `get_visible`, `require` and `may`, wherever they are called."""
        node = self.generic_visit(node)  # type: ignore[assignment]
        name, whole = called_name(node), isinstance(node.func, ast.Name)
        if name == "visible_to" and isinstance(node.func, ast.Attribute):
            loose: ast.expr = ast.Call(ast.Attribute(node.func.value, "all", ast.Load()), [], [])
        elif name == "get_visible" and whole:
            loose = ast.Call(ast.Attribute(ast.Name("__switches__", ast.Load()), "loose", ast.Load()), node.args, node.keywords)
        elif name in ASSERTED:
            loose = ast.Constant(None)
        elif name == "may" and whole:
            loose = ast.Constant(True)
        else:
            return node
        return ast.IfExp(self._call("", self.site(name, node)), loose, node)


def called_name(node: ast.expr) -> str:
    """The last name of what is called."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def woven(source: bytes, module: str, path: str) -> CodeType:
    """The code of a file, with its switches."""
    return compile(ast.fix_missing_locations(Weaver(module).visit(ast.parse(source))), path, "exec")


class Loader(importlib.machinery.SourceFileLoader):
    """Reads a file of the product; what it compiles is kept nowhere."""

    def get_code(self, fullname: str) -> CodeType:
        """The code with switches."""
        return woven(self.get_data(self.path), fullname, self.path)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the product's own modules, tests and migrations left out."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        """The spec with our loader."""
        parts = fullname.split(".")
        if parts[0] not in HOUSE or {"tests", "migrations", "operations"} & set(parts):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Loader(fullname, str(spec.origin))
        return spec


def listen() -> None:
    """Put a switch into every file of the product that is loaded from now on."""
    builtins.__dict__["__switches__"] = SWITCHES
    sys.meta_path.insert(0, Finder())


def all_sites() -> dict[str, str]:
    """Every guard of the product, from its files alone: name and where it stands now. Nothing is imported."""
    kept = dict(SWITCHES.sites)
    SWITCHES.sites.clear()
    for path in sources():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if "operations" not in path.parts:
            Weaver(module).visit(ast.parse(path.read_bytes()))
    found = dict(SWITCHES.sites)
    SWITCHES.sites.clear()
    SWITCHES.sites.update(kept)
    return found

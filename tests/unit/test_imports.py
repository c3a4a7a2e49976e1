"""The modules of the package import each other in one direction."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import rawdock

PACKAGE = Path(rawdock.__file__).parent  # not in the checkout where a wheel is tested

# Imports for type checkers alone that point upwards, each with its reason. (FROM, TO): why.
UPWARDS: dict[tuple[str, str], str] = {
    ("rawdock.errors", "rawdock._build.steps"): "BuildError has the step that failed, and steps raise DecodeError",
}


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def for_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(module: str, *, checked: bool) -> Iterator[str]:
    """What a module imports, inside functions too; `checked` is what it imports for type checkers alone."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]

    def walk(node: ast.AST, inside: bool) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if for_checkers(child):
                assert isinstance(child, ast.If)
                for one in child.body:
                    yield from walk(ast.Module([one], []), True)
                for one in child.orelse:
                    yield from walk(ast.Module([one], []), inside)
            elif isinstance(child, ast.Import):
                if inside is checked:
                    yield from (alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                if inside is not checked:
                    continue
                base = package.rsplit(".", child.level - 1)[0] if child.level else ""
                source = ".".join(part for part in (base, child.module) if part)
                for alias in child.names:
                    whole = f"{source}.{alias.name}"
                    yield whole if whole in MODULES else source
            else:
                yield from walk(child, inside)

    yield from (name for name in walk(ast.parse(path.read_text(encoding="utf-8")), False) if name in MODULES)


@cache
def graph(checked: bool) -> dict[str, frozenset[str]]:
    """Each module with what it imports; with `checked` also what it imports for type checkers alone."""
    found: dict[str, frozenset[str]] = {}
    for module in MODULES:
        targets = set(imports(module, checked=False))
        if checked:
            targets |= {name for name in imports(module, checked=True) if (module, name) not in UPWARDS}
        found[module] = frozenset(targets - {module})
    return found


def circles(edges: dict[str, frozenset[str]]) -> list[list[str]]:
    """The modules that can be reached from themselves, in groups that reach each other (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(edges[node]):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = []
            while True:
                group.append(stack.pop())
                if group[-1] == node:
                    break
            if len(group) > 1:
                found.append(sorted(group))

    for node in edges:
        if node not in index:
            visit(node)
    return found


def test_the_modules_are_found() -> None:
    assert {"rawdock", "rawdock._client", "rawdock.api.containers", "rawdock.models"} <= MODULES.keys()
    assert "rawdock._declare.endpoint" in graph(False)["rawdock.api.containers"]


def test_no_circle_at_run_time() -> None:
    """No module imports itself by way of others, at its top or inside a function."""
    assert circles(graph(False)) == []


def test_no_circle_for_checkers() -> None:
    """Nor with what only type checkers read, but for the imports that have a written reason."""
    assert circles(graph(True)) == []


def test_each_reason_is_needed() -> None:
    for module, target in UPWARDS:
        assert target in set(imports(module, checked=True)), f"{module} imports {target} no more: take its reason out"
    for reason in UPWARDS.values():
        assert reason

"""What the modules of headgate import, read from their source: also within functions, and by name."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

__all__ = ["cycles_in", "imports_by_name", "imports_of", "module_names", "named_modules"]

Graph = Mapping[str, frozenset[str]]


def module_names(root: Path) -> dict[str, Path]:
    """Return the modules of the package in a folder, by their full names."""
    found = {}
    for file in sorted(root.rglob("*.py")):
        parts = [root.name, *file.relative_to(root).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports_of(modules: Mapping[str, Path], allowed: Collection[str] = ()) -> dict[str, frozenset[str]]:
    """Return what each module imports of the others: at its top, within functions, and by strings that name one.

    Args:
        modules: what `module_names` returns.
        allowed: names of modules that strings may hold because they mean something else.
    """
    return {name: frozenset(_targets(path, modules, allowed)) - {name} for name, path in modules.items()}


def named_modules(path: Path, modules: Mapping[str, Path], allowed: Collection[str] = ()) -> set[str]:
    """Return the modules that a file names in strings, apart from those that are allowed."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {name for node in nodes if (name := _named(node, modules, allowed))}


def cycles_in(graph: Graph) -> list[list[str]]:
    """Return the modules that import each other in circles, each circle once (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in graph.get(name, ()):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            place = stack.index(name)
            circle = stack[place:]
            del stack[place:]
            if len(circle) > 1:
                found.append(sorted(circle))

    for name in graph:
        if name not in order:
            visit(name)
    return found


def imports_by_name(path: Path) -> set[int]:
    """Return the lines in which a module imports something by a name that is computed or written as a string."""
    return {
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("import_module", "__import__")
    }


def _targets(path: Path, modules: Mapping[str, Path], allowed: Collection[str]) -> Iterator[str]:
    for node in _running(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            named = [full if full in modules else node.module for full in below]
            yield from (full for full in named if full in modules)
        elif name := _named(node, modules, allowed):
            yield name


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a module that run; what only a type checker reads makes no circle."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            waiting.extend(ast.iter_child_nodes(node))


def _named(node: ast.AST, modules: Mapping[str, Path], allowed: Collection[str]) -> str | None:
    """Return the module that a string names, if it does."""
    value = node.value if isinstance(node, ast.Constant) else None
    # The name of the package alone is said for many reasons: loggers, keys, distributions.
    is_named = isinstance(value, str) and "." in value and value in modules and value not in allowed
    return value if is_named and isinstance(value, str) else None

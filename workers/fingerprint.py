"""Fingerprints of code: they change with its syntax tree, and not with comments, docstrings or layout.

Read models and snapshots carry the fingerprint of the code that made them, so that a change of the code is noticed.
There are two:

- `fingerprint` covers the modules of one domain. A read model carries it: an operator is told of a change and decides
  whether to rebuild, so a false alarm is costly.
- `fingerprint_with_imports` also covers all that these modules import. A snapshot carries it: a snapshot of other code
  must never be used, and one that is dropped in vain costs only a replay.
"""

import ast
import hashlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

LENGTH = 12


@lru_cache(maxsize=256)
def fingerprint(*functions: Callable[..., Any]) -> str:
    """Twelve hexadecimal digits for the modules that define these functions, and for the modules of the same domain
    that they use.
    """
    return _digest(_closure((function.__module__ for function in functions), _used_of_the_same_domain))


@lru_cache(maxsize=256)
def fingerprint_with_imports(*things: Any) -> str:
    """Twelve hexadecimal digits for the modules that define these functions and classes, and for all modules that they
    import, directly or not, in the same top-level packages.
    """
    packages = {_top_level(thing.__module__) for thing in things}

    def imported(name: str) -> Iterator[str]:
        return (module for module in _imports(name) if _top_level(module) in packages and module in sys.modules)

    return _digest(_closure((thing.__module__ for thing in things), imported))


def _closure(modules: Iterable[str], used: Callable[[str], Iterable[str]]) -> set[str]:
    """These modules and all that they use, directly or not."""
    closure: set[str] = set()
    remaining = list(modules)
    while remaining:
        name = remaining.pop()
        if name not in closure:
            closure.add(name)
            remaining += used(name)
    return closure


def _digest(modules: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in sorted(modules):
        digest.update(name.encode() + b"\0" + _normalized(_source(name)).encode() + b"\0")
    return digest.hexdigest()[:LENGTH]


def _top_level(module: str) -> str:
    return module.partition(".")[0]


def _imports(module: str) -> Iterator[str]:
    """The names that a module imports, in full; `from a import b` may mean the module `a.b`."""
    for node in ast.walk(ast.parse(_source(module))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = sys.modules[module].__package__
            source = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def _used_of_the_same_domain(module: str) -> Iterator[str]:
    """The modules of the same package from which a module has functions or classes."""
    package = module.rpartition(".")[0]
    for value in vars(sys.modules[module]).values():
        origin = getattr(value, "__module__", None)
        if origin and package and origin.startswith(f"{package}."):
            yield origin


def _source(module: str) -> str:
    """The source of a module. Raises OSError if it is not available: all versions would have the same fingerprint."""
    path = getattr(sys.modules[module], "__file__", None)
    if path is None or Path(path).stat().st_size == 0:
        return ""  # a package without code
    return inspect.getsource(sys.modules[module])


def _normalized(source: str) -> str:
    """The source as its syntax tree, without docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [statement for statement in body if not _is_text(statement)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)

"""A fingerprint of code: the same as long as what it does is written the same, whatever its comments and layout.

Read models and snapshots carry the fingerprint of the code that made them, so that a change of it is noticed. Who is
told of a change and decides what to do wants the narrow one, `fingerprint`. Who must never take other code's work for
his own, and loses little by a false alarm, wants `fingerprint_with_imports`.
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
    """Twelve hexadecimal digits for the modules in which these functions stand and for those of the same domain that
    these modules use.
    """
    return _digest(_modules(functions))


@lru_cache(maxsize=256)
def fingerprint_with_imports(*things: Any) -> str:
    """Twelve hexadecimal digits for the modules in which these functions and classes stand, and for all that they
    import, and what that imports, in the top-level packages of these things.
    """
    packages = {_top(thing.__module__) for thing in things}
    found: set[str] = set()
    waiting = [thing.__module__ for thing in things]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [each for each in _imported(name) if _top(each) in packages and each in sys.modules]
    return _digest(found)


def _digest(modules: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in sorted(modules):
        digest.update(name.encode() + b"\0" + _normalized(_source(name)).encode() + b"\0")
    return digest.hexdigest()[:LENGTH]


def _top(module: str) -> str:
    return module.partition(".")[0]


def _imported(module: str) -> Iterator[str]:
    """What a module's source imports, by full name; `from a import b` may mean the module `a.b`."""
    for node in ast.walk(ast.parse(_source(module))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = sys.modules[module].__package__
            source = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def _modules(functions: tuple[Callable[..., Any], ...]) -> set[str]:
    found: set[str] = set()
    waiting = [function.__module__ for function in functions]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            package = name.rpartition(".")[0]
            used = (getattr(value, "__module__", None) for value in vars(sys.modules[name]).values())
            waiting += [other for other in used if other and package and other.startswith(f"{package}.")]
    return found


def _source(module: str) -> str:
    """Raises OSError for a module whose source is not there, instead of taking all its versions for one."""
    path = getattr(sys.modules[module], "__file__", None)
    if path is None or Path(path).stat().st_size == 0:
        return ""  # a folder of modules
    return inspect.getsource(sys.modules[module])


def _normalized(source: str) -> str:
    """The source as its syntax tree, without docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)

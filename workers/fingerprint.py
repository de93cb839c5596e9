"""A fingerprint of code: the same as long as what it does is written the same, whatever its comments and layout.

Read models and snapshots carry the fingerprint of the code that made them, so that a change of it is noticed.
"""

import ast
import hashlib
import inspect
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

LENGTH = 12


@lru_cache(maxsize=256)
def fingerprint(*functions: Callable[..., Any]) -> str:
    """Twelve hexadecimal digits for the modules in which these functions stand and for those of the same domain that
    these modules use.
    """
    digest = hashlib.sha256()
    for name in sorted(_modules(functions)):
        digest.update(name.encode() + b"\0" + _normalized(inspect.getsource(sys.modules[name])).encode() + b"\0")
    return digest.hexdigest()[:LENGTH]


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

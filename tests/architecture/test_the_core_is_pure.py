"""The core's functions depend on their arguments only: they neither wait, nor look at a clock, nor draw lots."""

import ast
from pathlib import Path

import pytest

from tests.architecture.sources import imported, of_each, sources, tree

CORE = ("workers/core", "workers/domain")
KNOWN = {"contracts", "pydantic", "workers.core", "workers.domain"}
# The standard library's modules that compute, and nothing else. Add one here if it does no more than that.
COMPUTING = {
    *("abc", "collections", "collections.abc", "dataclasses", "decimal", "enum", "fractions", "functools", "itertools"),
    *("math", "operator", "re", "string", "types", "typing", "unicodedata"),
    "idna",  # tables of Unicode: what a name of a domain is the same as
}
# workers/domain/__init__.py finds the contexts on disk, once, when a process starts.
DISCOVERY = {Path("workers/domain/__init__.py"): {"importlib", "pathlib", "pkgutil"}}
WAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.AsyncFunctionDef)
IMPURE_NAMES = {"open", "print", "input", "eval", "exec", "__import__", "globals", "id", "hash"}
IMPURE_METHODS = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid7", "monotonic", "perf_counter", "urandom"}

every_file = of_each(sources(*CORE))


@every_file
def test_it_imports_only_the_language_pydantic_and_what_computes(path: Path) -> None:
    allowed = COMPUTING | DISCOVERY.get(path, set())
    for module, line in imported(path):
        is_known = any(module == name or module.startswith(f"{name}.") for name in KNOWN)
        assert is_known or module in allowed, f"{path}:{line}: the core must not import {module}"


@every_file
def test_it_never_waits(path: Path) -> None:
    for node in ast.walk(tree(path)):
        assert not isinstance(node, WAITING), f"{path}:{getattr(node, 'lineno', 0)}: the core must not wait"


@every_file
def test_it_calls_nothing_that_differs_from_call_to_call(path: Path) -> None:
    for node in ast.walk(tree(path)):
        match node:
            case ast.Call(func=ast.Name(id=name), lineno=line):
                assert name not in IMPURE_NAMES, f"{path}:{line}: the core must not call {name}()"
            case ast.Call(func=ast.Attribute(attr=name), lineno=line):
                assert name not in IMPURE_METHODS, f"{path}:{line}: the core must not call {name}()"
            case ast.Global(lineno=line) | ast.Nonlocal(lineno=line):
                pytest.fail(f"{path}:{line}: the core must not keep anything between calls")
            case _:
                pass

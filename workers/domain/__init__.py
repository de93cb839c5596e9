"""The domains. Each folder here is a context whose package declares `context`; the loops find it by that."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from workers.core.context import Context


@cache
def contexts() -> Mapping[str, Context]:
    """Every context of this installation by its name, in alphabetical order."""
    packages = sorted(module.name for module in iter_modules([str(Path(__file__).parent)]) if module.ispkg)
    declared: list[Context] = [import_module(f"{__name__}.{package}").context for package in packages]
    return {context.name: context for context in declared}


@cache
def scopes() -> frozenset[str]:
    """Every scope that the rules of a context name."""
    return frozenset().union(*(context.access.scopes for context in contexts().values()))

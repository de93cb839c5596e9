"""The domains that Annals ships. Each folder here is a context whose package declares `context`. Which contexts a
process serves, shipped or not, workers/contexts.py tells.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from workers.core.context import Context


@cache
def packages() -> Mapping[str, str]:
    """The package of each shipped context by the context's name, in alphabetical order."""
    folders = sorted(module.name for module in iter_modules([str(Path(__file__).parent)]) if module.ispkg)
    return {folder: f"{__name__}.{folder}" for folder in folders}


@cache
def contexts() -> Mapping[str, Context]:
    """Every shipped context by its name, in alphabetical order."""
    declared: list[Context] = [import_module(package).context for package in packages().values()]
    return {context.name: context for context in declared}

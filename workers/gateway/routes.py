"""The routes that contexts write by hand: modules that they name, loaded when a gateway serves these contexts."""

from collections.abc import Iterable
from importlib import import_module
from types import ModuleType

from workers.core.context import Context
from workers.gateway.direct_reads import DirectRead


class RoutesMissing(Exception):
    """A context names a module of routes that is of no use. Correct the name, or the module."""

    def __init__(self, context: Context, explanation: str) -> None:
        super().__init__(f"The context {context.name} has its routes in the module {context.routes}: {explanation}.")
        self.context = context.name


def route_modules(contexts: Iterable[Context]) -> list[ModuleType]:
    """The modules with routes that these contexts have. Raises RoutesMissing."""
    return [_module(context, context.routes) for context in contexts if context.routes is not None]


def direct_reads(modules: Iterable[ModuleType]) -> tuple[DirectRead, ...]:
    """What is read without the framework (direct_reads.py)."""
    return tuple(read for module in modules for read in getattr(module, "DIRECT_READS", ()))


def _module(context: Context, name: str) -> ModuleType:
    try:
        module = import_module(name)
    except Exception as error:
        raise RoutesMissing(context, f"it cannot be imported: {type(error).__name__}: {error}") from error
    if not callable(getattr(module, "routes", None)):
        raise RoutesMissing(context, "it has no function routes(backend)")
    return module

"""A function of a library that finds other classes under the names that it uses. All other callers keep their own."""

from types import FunctionType
from typing import Any


def with_names(function: Any, **names: Any) -> Any:
    """The function with other values under some of its global names. Raises ImportError if it does not use them."""
    unknown = set(names) - set(function.__code__.co_names)
    if unknown:
        raise ImportError(f"this aiokafka is built otherwise: {function.__qualname__} does not use {unknown}")
    changed = FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    changed.__kwdefaults__ = function.__kwdefaults__
    return changed

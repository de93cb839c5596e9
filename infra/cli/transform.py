"""The function of `annals streams copy --transform`, named as `module:function` and imported from here."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from workers.fingerprint import fingerprint
from workers.operations.stream_generations.copying import Copying


class NoTransform(Exception):
    """No function can be had under the name; the text says why."""


def copying_by(name: str) -> Copying:
    """The function of this name. Raises NoTransform."""
    module_name, _, function_name = name.partition(":")
    if not module_name or not function_name:
        raise NoTransform(f"{name!r} is not of the form module:function")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = import_module(module_name)
    except Exception as error:  # whatever the module's code raises
        raise NoTransform(f"{module_name} cannot be imported: {type(error).__name__}: {error}") from error
    function: Any = getattr(module, function_name, None)
    if not callable(function):
        raise NoTransform(f"{module_name} has no function {function_name}")
    return Copying(function, name, fingerprint(function))

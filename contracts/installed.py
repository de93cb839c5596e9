"""Finds the published languages that are installed, one a context.

Those that Annals ships are the folders beside this file. Others come from distributions of their own, which declare
them by entry points:

    [project.entry-points."annals.contracts"]
    shipments = "shipments.contracts"  # the context, and the package with its modules commands, events and examples

Nothing is imported to find them. What is wrong with one is told with its distribution, and with what to do.
"""

import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

GROUP = "annals.contracts"
SHIPPED_BY = "annals"
MESSAGE_MODULES = ("commands", "events")

MAX_NAME_CHARACTERS = 60
NAME_PATTERN = re.compile(rf"[a-z][a-z0-9_]{{0,{MAX_NAME_CHARACTERS - 1}}}")
NAME_FORM = f"1 to {MAX_NAME_CHARACTERS} lower case letters, digits and _, with a letter first"


class BrokenContext(Exception):
    """A distribution declares a context that cannot be used as it is declared. Correct the declaration or the code that
    it names, or remove the distribution.
    """

    def __init__(self, declaration: "Declaration", explanation: str, advice: str = "") -> None:
        cure = advice or "Correct it and install it again, or uninstall it"
        super().__init__(f"{declaration.distribution} declares {declaration}: {explanation}. {cure}.")
        self.declaration = declaration
        self.explanation = explanation


@dataclass(frozen=True, slots=True)
class Declaration:
    """An entry point: a distribution says that `value` is what the group asks for of the context `name`."""

    group: str
    name: str
    value: str
    distribution: str

    def __str__(self) -> str:
        return f"`{self.name} = {self.value}` in the group {self.group}"

    def module(self, name: str) -> ModuleType:
        """A module that it names. Raises BrokenContext when it cannot be imported, whatever its code does."""
        try:
            return import_module(name)
        except Exception as error:
            raise BrokenContext(self, f"{name} cannot be imported: {reason_of(error)}") from error


def declarations(group: str) -> Mapping[str, Declaration]:
    """What other distributions declare in a group, by context. Raises BrokenContext for a name that no context may
    have, and for one that is declared twice.
    """
    by_name: dict[str, Declaration] = {}
    for entry in entry_points(group=group):
        declaration = Declaration(group, entry.name, entry.value, _distribution(entry))
        if not NAME_PATTERN.fullmatch(entry.name):
            raise BrokenContext(declaration, f"the name of a context has {NAME_FORM}")
        other = by_name.setdefault(entry.name, declaration)
        if other is not declaration:
            raise BrokenContext(
                declaration,
                f"{other.distribution} declares that context too ({other})",
                "A context has one distribution: uninstall the other one",
            )
    return by_name


@cache
def languages() -> Mapping[str, Declaration]:
    """The published language of every installed context, in alphabetical order. Raises BrokenContext."""
    folder = Path(__file__).parent
    shipped = {
        module.name: Declaration(GROUP, module.name, f"{__package__}.{module.name}", SHIPPED_BY)
        for module in iter_modules([str(folder)])
        if module.ispkg and _module_names([str(folder / module.name)]) & {*MESSAGE_MODULES}
    }
    others = declarations(GROUP)
    for name in shipped.keys() & others.keys():
        raise BrokenContext(others[name], f"{SHIPPED_BY} ships a context of that name", "Give it another name")
    return dict(sorted({**shipped, **others}.items()))


def package_of(language: Declaration) -> ModuleType:
    """The package of a published language. Raises BrokenContext when there is none, or none with messages."""
    package = language.module(language.value)
    if not hasattr(package, "__path__"):
        raise BrokenContext(language, f"{language.value} is no package, with modules {' and '.join(MESSAGE_MODULES)}")
    if not _module_names(package.__path__) & {*MESSAGE_MODULES}:
        raise BrokenContext(language, f"the package {language.value} has no module {' or '.join(MESSAGE_MODULES)}")
    return package


def folder_of(context: str) -> Path:
    """The folder of a context's published language, which holds its schemas. Raises BrokenContext."""
    return Path(next(iter(package_of(languages()[context]).__path__)))


def modules_of(language: Declaration, names: Iterable[str]) -> list[ModuleType]:
    """Those modules of these names that a published language has. Raises BrokenContext."""
    present = _module_names(package_of(language).__path__)
    return [language.module(f"{language.value}.{name}") for name in names if name in present]


def reason_of(error: BaseException) -> str:
    """What an import failed for, and where the code that was imported stands."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if len(frames) > 1 else ""
    return text + place


def _module_names(path: Iterable[str]) -> set[str]:
    return {module.name for module in iter_modules(list(path))}


def _distribution(entry: EntryPoint) -> str:
    return "a distribution without a name" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"

"""The names that projects and contexts of one's own may have."""

import keyword
import re
import sys
from importlib.util import find_spec

from contracts.installed import NAME_FORM, NAME_PATTERN, languages

PROJECT_PATTERN = re.compile(r"[a-z][a-z0-9_-]{0,58}[a-z0-9]")
# What these names stand for already: packages of Annals, and the first part of an address or a topic.
TAKEN = {
    **dict.fromkeys(("annals", "contracts", "infra", "tests", "workers"), "a package of Annals or of its tests"),
    **dict.fromkeys(("accounts", "stock"), "an address of a shipped context"),
    **dict.fromkeys(
        ("commands", "correlations", "console", "docs", "healthz", "metrics", "ops", "readyz"), "an address"
    ),
    **dict.fromkeys(("analytics", "core", "replies"), "a part of Annals"),
}


class NameRefused(Exception):
    """A project or a context cannot have this name."""

    def __init__(self, kind: str, name: str, reason: str) -> None:
        super().__init__(f"A {kind} cannot be called {name!r}: {reason}.")
        self.kind, self.name, self.reason = kind, name, reason


def check_context_name(name: str) -> None:
    """Raises NameRefused. A context is a Python package, an address and a part of topics' names."""
    if not NAME_PATTERN.fullmatch(name):
        raise NameRefused("context", name, f"a name has {NAME_FORM}")
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise NameRefused("context", name, "it is a keyword of Python")
    if name in sys.stdlib_module_names:
        raise NameRefused("context", name, "a module of Python's library is called so")
    if name in languages():
        raise NameRefused("context", name, f"{languages()[name].distribution} has a context of that name")
    if name in TAKEN:
        raise NameRefused("context", name, f"it is {TAKEN[name]}")
    if find_spec(name) is not None:
        raise NameRefused("context", name, "an installed package is called so, and would be hidden or hide this one")


def check_project_name(name: str) -> None:
    """Raises NameRefused. A project is a distribution and a folder."""
    if not PROJECT_PATTERN.fullmatch(name):
        raise NameRefused("project", name, "it has 2 to 60 lower case letters, digits, - and _, a letter first")
    if name == "annals" or name.startswith("annals-"):
        raise NameRefused("project", name, "that is the name of a distribution of Annals")

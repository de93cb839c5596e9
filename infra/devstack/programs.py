"""Finds the programs inside Python packages. The packages are not imported, because that has side effects."""

from importlib.util import find_spec
from pathlib import Path

from infra.devstack.errors import PartNotInstalled


def package_folder(server: str, distribution: str, package: str) -> Path:
    """The folder of an installed package; `PartNotInstalled` when there is none."""
    spec = find_spec(package)
    for location in (spec.submodule_search_locations or []) if spec else []:
        if Path(location).is_dir():
            return Path(location)
    raise PartNotInstalled(server, distribution)


def program(server: str, distribution: str, package: str, pattern: str) -> Path:
    """The one program that an installed package has at this place (a glob pattern); else `PartNotInstalled`."""
    for path in package_folder(server, distribution, package).glob(pattern):
        return path
    raise PartNotInstalled(server, distribution)

"""Where the programs lie that Python packages carry along. The packages are not imported: that has side effects."""

from importlib.util import find_spec
from pathlib import Path

from infra.devstack.errors import PartNotInstalled


def program_folder(server: str, distribution: str, package: str, *folders: str) -> Path:
    """The folder of programs inside an installed package; `PartNotInstalled` when there is none."""
    spec = find_spec(package)
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location).joinpath(*folders)
        if folder.is_dir():
            return folder
    raise PartNotInstalled(server, distribution)

"""Asked by hatchling when `annals-contracts` is built; in no wheel.

An installation that follows the source names this folder as the package `contracts`. hatchling cannot say that of the
folder in which `pyproject.toml` stands, so it is said here, as hatchling would: in Python (`editables`) and not by a
path in a .pth file, which Python up to 3.12 reads by the locale. In a folder with an umlaut and under LC_ALL=C not even
`python` would start.
"""

from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from editables import EditableProject
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FollowsTheSource(BuildHookInterface):  # type: ignore[misc]  # not among the packages of the project
    """Adds to an editable wheel what leads Python here, and nothing else."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """`version`: `standard` or `editable`."""
        if version != "editable":
            return
        project = EditableProject(self.metadata.name, self.root)
        project.map("contracts", self.root)
        self.build_config.set_exclude_all()
        self.build_config.sources.clear()
        folder = Path(mkdtemp())
        for name, content in project.files():
            path = folder / name
            path.write_text(content, "utf-8")
            build_data["force_include_editable"][str(path)] = name
        build_data["dependencies"] += project.dependencies()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """The wheel is written."""
        for path in build_data["force_include_editable"]:
            rmtree(Path(path).parent, ignore_errors=True)

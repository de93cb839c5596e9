"""Installs a project that `annals new` could have written: its packages and its entry points go into a folder, as pip
would put them into the folder of an environment. No index is asked, and the environment of the tests stays as it is.
"""

import shutil
import tomllib
from pathlib import Path

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def install(project: Path, site: Path) -> None:
    """Put a project where Python finds it once `site` is on its path (PYTHONPATH)."""
    declared = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    shutil.copytree(
        project / "src", site, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    information = site / f"{declared['name'].replace('-', '_')}-{declared['version']}.dist-info"
    information.mkdir(exist_ok=True)
    (information / "METADATA").write_text(METADATA.format(**declared), "utf-8")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), ""])
        for group, entries in declared["entry-points"].items()
    ]
    (information / "entry_points.txt").write_text("\n".join(groups), "utf-8")

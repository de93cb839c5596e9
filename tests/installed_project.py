"""Installs a project that `annals new` could have written: its packages and its entry points go into a folder, as pip
would put them into the folder of an environment. No index is asked, and the environment of the tests stays as it is.
"""

import sys
import tomllib
from pathlib import Path

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def install(project: Path, site: Path) -> None:
    """Put a project where Python finds it once `site` is on its path (PYTHONPATH). Its packages stay where they are, as
    with `pip install -e`: later changes of its files count, those of its entry points do not.
    """
    declared = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    site.mkdir(parents=True, exist_ok=True)
    for package in (project / "src").iterdir():
        if package.is_dir() and not (site / package.name).exists():
            (site / package.name).symlink_to(package.resolve())
    information = site / f"{declared['name'].replace('-', '_')}-{declared['version']}.dist-info"
    information.mkdir(exist_ok=True)
    (information / "METADATA").write_text(METADATA.format(**declared), "utf-8")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), ""])
        for group, entries in declared["entry-points"].items()
    ]
    (information / "entry_points.txt").write_text("\n".join(groups), "utf-8")


if __name__ == "__main__":
    install(Path(sys.argv[1]), Path(sys.argv[2]))

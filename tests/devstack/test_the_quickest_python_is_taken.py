"""Of the Pythons in PATH prepare.sh takes the quickest that fits, whatever its version and place."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 60.0
CANNOT_INSTALL = 'case $* in "-m venv"*|"-m pip"*) exit 1;; esac'


class Machine:
    """A project's folder, and Pythons that say themselves how quick they are. `uv` and `pip` only note what they are
    asked.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._noted = folder / "noted"
        self._paths: list[str] = []
        (folder / "project" / "infra").mkdir(parents=True)
        for file in ("up.sh", "prepare.sh", "prepare.py"):
            shutil.copy(ROOT / "infra" / file, folder / "project" / "infra")

    def python(self, name: str, pace: int, *lines: str) -> Path:
        """Another folder of PATH, with this Python."""
        return self._program(
            name,
            f"[ $3 = --pace ] && echo {pace} && exit",
            *lines,
            f"case $* in *pip*) echo $0 $* >> {self._noted}; exit;; esac",
            f'exec {sys.executable} "$@"',
        )

    def has_uv(self) -> None:
        self._program("uv", f"echo $* >> {self._noted}; [ $1 != sync ]")

    def noted(self) -> str:
        """What uv and pip were asked by infra/up.sh, which fails at the latest when uv has installed nothing."""
        done = subprocess.run(
            ["sh", "infra/up.sh"],
            cwd=self._folder / "project",
            env={**os.environ, "PATH": ":".join([*self._paths, *self._tools()])},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 1
        return self._noted.read_text()

    def _program(self, name: str, *lines: str) -> Path:
        folder = self._folder / f"{len(self._paths)} of PATH"
        folder.mkdir()
        self._paths.append(str(folder))
        program = folder / name
        program.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        program.chmod(0o755)
        return program

    def _tools(self) -> list[str]:
        """A folder with the programs that the script needs, and none of this machine's Pythons."""
        tools = self._folder / "tools"
        tools.mkdir(exist_ok=True)
        for name in ("sh", "sed", "env", "dirname", "grep", "rm", "mkdir", "id", "cut", "getent"):
            found = shutil.which(name)
            if found is not None and not (tools / name).exists():
                (tools / name).symlink_to(found)
        return [str(tools)]


@pytest.mark.parametrize(
    ("pythons", "taken"),
    [
        ([("python3.13", 5000), ("python3.11", 4000), ("python3", 3000)], 2),
        ([("python3", 5000), ("python3", 3000)], 1),
        ([("python3.12", 5000), ("python3.11", 4800)], 0),
    ],
    ids=["of any version", "also the second of a name", "the first of about equal ones"],
)
def test_it_is_the_quickest(pythons: list[tuple[str, int]], taken: int, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.has_uv()
    programs = [machine.python(name, pace) for name, pace in pythons]
    assert f"--python {programs[taken]} " in machine.noted().replace("\n", " \n")


def test_uv_is_installed_by_any_python_that_can(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.python("python3.13", 3000, CANNOT_INSTALL)
    other = machine.python("python3.12", 5000, 'case $* in "-m venv"*) exit 1;; esac')
    assert f"{other} -m pip install --target .venv-tools --quiet" in machine.noted()

"""Before anything is downloaded, prepare.py reports what cannot work: the Python, the machine, the project's folder."""

import os
import re
import shutil
import site
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from infra.prepare import MACHINES, NEWEST_PYTHON, OLDEST_PYTHON, Facts, hindrances

ROOT = Path(__file__).parents[2]
GOOD = Facts((3, 13), "CPython", False, "Linux", "x86_64", (2, 36))
FOLDER = os.fsencode(ROOT)
TIMEOUT_SECONDS = 60.0


def reported(facts: Facts = GOOD, folder: bytes = FOLDER) -> str:
    return "\n".join(hindrances(facts, folder))


@pytest.mark.parametrize("python", [(3, 11), (3, 12), (3, 13), (3, 14)])
@pytest.mark.parametrize(
    ("system", "machine"), [(system, machine) for system, machines in MACHINES.items() for machine in machines]
)
def test_nothing_is_reported_where_every_package_exists(python: tuple[int, int], system: str, machine: str) -> None:
    glibc = (2, 28) if system == "Linux" else None
    assert reported(replace(GOOD, python=python, system=system, machine=machine, glibc=glibc)) == ""


@pytest.mark.parametrize(
    ("facts", "claim"),
    [
        (replace(GOOD, python=(3, 10)), "3.10"),
        (replace(GOOD, python=(3, 15)), "3.11 to 3.14"),
        (replace(GOOD, implementation="PyPy"), "PyPy"),
        (replace(GOOD, is_free_threaded=True), "global lock"),
        (replace(GOOD, machine="riscv64"), "riscv64"),
        (replace(GOOD, machine="i686"), "ANNALS_DATABASE_URL"),
        (replace(GOOD, system="FreeBSD"), "FreeBSD"),
        (replace(GOOD, glibc=None), "another C library"),
        (replace(GOOD, glibc=(2, 17)), "2.28 or newer, and this one is 2.17"),
    ],
)
def test_a_machine_without_packages_is_reported_with_what_to_do(facts: Facts, claim: str) -> None:
    assert claim in reported(facts)
    assert re.search("Install one|another machine", reported(facts))


@pytest.mark.parametrize(
    ("name", "claim"),
    [(b"a\nb", r"'\n'"), (b"a\tb", r"'\t'"), (b"a\rb", r"'\r'"), (b"a\xffb", "0xff"), (b"a:b", "colon")],
)
def test_a_folder_name_that_tools_cannot_handle_stops_up_before_it_creates_anything(
    name: bytes, claim: str, tmp_path: Path
) -> None:
    folder = tmp_path / os.fsdecode(name)
    (folder / "infra").mkdir(parents=True)
    for file in ("up.sh", "prepare.sh", "prepare.py"):
        shutil.copy(ROOT / "infra" / file, folder / "infra")
    done = up(folder)
    assert done.returncode == 1
    assert claim in done.stderr
    assert "Move this folder" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["infra"]


def up(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs infra/up.sh of this folder. Each Python that it looks for is the Python of the tests."""
    programs = folder.parent / "programs"
    programs.mkdir(exist_ok=True)
    for name in ("python3.13", "python3"):
        (programs / name).unlink(missing_ok=True)
        (programs / name).symlink_to(sys.executable)
    path = f"{programs}:/usr/bin:/bin"
    return subprocess.run(
        ["sh", "infra/up.sh"],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def test_the_callers_cdpath_does_not_change_the_folder(tmp_path: Path) -> None:
    for place in ("here\nnow", "elsewhere"):
        (tmp_path / place / "infra").mkdir(parents=True)
        for file in ("up.sh", "prepare.sh", "prepare.py"):
            shutil.copy(ROOT / "infra" / file, tmp_path / place / "infra")
    assert "here\\nnow" in up(tmp_path / "here\nnow", CDPATH=str(tmp_path / "elsewhere")).stderr


@pytest.mark.parametrize(("name", "relocatable"), [("a\\x b\\N", True), ("a'\"$b \u00fc", False)])
def test_no_backslash_of_the_folders_name_gets_into_the_programs_that_uv_writes(
    name: str, relocatable: bool, tmp_path: Path
) -> None:
    """Python would read the backslash as an escape, and `annals` would end with a SyntaxError."""
    (tmp_path / name / "infra").mkdir(parents=True)
    for file in ("up.sh", "prepare.sh", "prepare.py"):
        shutil.copy(ROOT / "infra" / file, tmp_path / name / "infra")
    (tmp_path / "programs").mkdir()
    uv = tmp_path / "programs" / "uv"
    uv.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n[ "$1" != sync ]\n')
    uv.chmod(0o755)
    assert up(tmp_path / name).returncode == 1
    asked = (tmp_path / "asked").read_text()
    assert "sync --locked" in asked
    assert ("venv --quiet --relocatable" in asked) is relocatable


def test_a_folder_below_one_that_may_not_be_entered_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "may not be entered" in reported()


@pytest.mark.parametrize("name", ["a b", " -a'\"#%\\,=;&|!*?[x]{y}(z)<$HOME>`id`~\u00fc\U0001f600 ", "l" * 200])
def test_every_other_folder_name_is_accepted(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    assert reported(folder=os.fsencode(folder)) == ""


def test_prepare_sh_looks_for_each_supported_python_and_lists_them() -> None:
    script = (ROOT / "infra" / "prepare.sh").read_text(encoding="utf-8")
    listed = re.search(r"for name in (.*) python3; do", script)
    assert listed is not None
    minors = range(OLDEST_PYTHON[1], NEWEST_PYTHON[1] + 1)
    assert sorted(listed[1].split()) == [f"python3.{minor}" for minor in minors]
    assert ", ".join(listed[1].split()) in script
    assert f"Python 3.{minors[0]} to 3.{minors[-1]} is needed" in script


def test_no_file_that_python_reads_by_the_locale_names_the_projects_folder() -> None:
    """Otherwise no program of the environment would start under LC_ALL=C in a folder with an umlaut."""
    files = [path for folder in site.getsitepackages() for path in Path(folder).glob("*.pth")]
    assert [path.name for path in files if os.fsencode(ROOT) in path.read_bytes()] == []

"""In the repository of a context of one's own, `annals contracts check` compares the states of its sagas too."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents.typing import environment
from tests.git.test_files_of_a_commit import git
from tests.installed_project import install

PROJECT = Path(__file__).parent / "project"
FACT = "    is_dispatched: bool = False\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, committed, and installed beside it."""
    folder = tmp_path / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "released")
    install(folder, tmp_path / "site")
    return folder


def annals(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "infra.cli.main", *arguments],
        env=environment(PYTHONPATH=str(project.parent / "site")),
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def change(project: Path, old: str, new: str) -> None:
    path = project / "src" / "shipments" / "shipping.py"
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")


def test_as_it_was_it_fits(project: Path) -> None:
    done = annals(project, "contracts", "check", "--against", "main")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 state of a saga of main still fit" in done.stdout


def test_a_narrower_fact_is_refused_and_a_fact_more_is_written(project: Path) -> None:
    change(project, FACT, FACT.replace("bool", "Literal[False]"))
    done = annals(project, "contracts", "check", "--against", "main")
    assert done.returncode == 1
    assert "shipments.sagas.shipping: field `is_dispatched`: `enum` is [false] now" in done.stdout
    assert "in shipments.shipping.ShippingState:" in done.stdout
    change(project, FACT.replace("bool", "Literal[False]"), f"{FACT}    attempts: int = 0\n")
    assert annals(project, "contracts", "check", "--against", "main").returncode == 0
    assert annals(project, "docs", "schemas").returncode == 0
    changed = {line.split()[-1] for line in git(project, "status", "--short").splitlines()}
    assert changed == {"src/shipments/contracts/sagas/shipping.json", "src/shipments/shipping.py"}

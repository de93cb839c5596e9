"""The project's own tests pass where it is installed: scenarios, laws, and the saga in memory."""

import subprocess
import sys
from pathlib import Path

from tests.documents.typing import environment
from tests.installed_project import install

PROJECT = Path(__file__).parent / "project"


def test_passes_its_own_tests(tmp_path: Path) -> None:
    install(PROJECT, tmp_path / "site")
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(PROJECT)]
    done = subprocess.run(
        [*command, "-c", str(PROJECT / "pyproject.toml")],
        env=environment(PYTHONPATH=str(tmp_path / "site")),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout

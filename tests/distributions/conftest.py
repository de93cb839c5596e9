"""Both distributions, built from a copy of the sources."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STEP_SECONDS = 120


def finished(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A process that has ended, with what it printed."""
    return subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=STEP_SECONDS
    )


def uv(*arguments: str | Path, folder: Path) -> None:
    """Runs the project's uv: with what its cache has and, only if that does not do, with the network."""
    own = ROOT / ".venv-tools" / "bin" / "uv"
    program = shutil.which("uv") or str(own)
    command = [program, *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    for options in (["--offline"], []):
        ended = finished([*command, *options], folder, environment)
        if ended.returncode == 0:
            return
    raise AssertionError(f"{' '.join(command)}\n{ended.stderr}")


@dataclass(frozen=True, slots=True)
class Built:
    """A distribution as it would be uploaded."""

    wheel: Path
    source: Path


def _built(source: Path, folder: Path) -> Built:
    uv("build", source, "--out-dir", folder, folder=folder.parent)
    (wheel,), (archive,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, archive)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, so that nothing that a build leaves stands among the sources."""
    copy = tmp_path_factory.mktemp("sources") / "annals"
    left_out = shutil.ignore_patterns("__pycache__", ".*_cache")
    for part in ("contracts", "workers", "infra"):
        shutil.copytree(ROOT / part, copy / part, ignore=left_out)
    for name in ("pyproject.toml", "README.md", "uv.lock"):
        shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture(scope="session")
def contracts(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """`annals-contracts`."""
    return _built(sources / "contracts", tmp_path_factory.mktemp("built") / "contracts")


@pytest.fixture(scope="session")
def annals(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """`annals`."""
    return _built(sources, tmp_path_factory.mktemp("built") / "annals")


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment in which nothing but what a test installs is found."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def install(self, *distributions: Path | str) -> None:
        uv("pip", "install", "--python", self.python, *distributions, folder=self.folder)

    def run(self, *arguments: str) -> str:
        """What Python prints, in a folder in which none of our sources stands. Fails with what it says otherwise."""
        ended = finished([str(self.python), "-I", *arguments], self.folder)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


def made_environment(folder: Path) -> Environment:
    """An empty one."""
    uv("venv", "--python", Path(sys.executable), folder, folder=folder.parent)
    return Environment(folder)


@pytest.fixture(scope="session")
def with_contracts(contracts: Built, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Only the wheel of `annals-contracts` is installed."""
    environment = made_environment(tmp_path_factory.mktemp("environments") / "contracts")
    environment.install(contracts.wheel)
    return environment

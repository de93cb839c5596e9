"""Another service installs `annals-contracts` alone: its messages are typed, and its client and its reader run."""

import asyncio
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.kafka.topics import create_topics, topics_of
from infra.settings import Settings
from tests.distributions.conftest import ROOT, Built, Environment, finished, made_environment
from tests.documents.blocks import blocks

CALLER = Path(__file__).parent / "caller.py"


def files_of(wheel: Path) -> set[str]:
    return {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}


def sources_of(*folders: str) -> set[str]:
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(ROOT)) for path in paths if "__pycache__" not in path.parts}


def test_its_wheel_has_the_package_with_types_and_schemas(contracts: Built) -> None:
    """uv makes the wheel of the source distribution, so that has all of it too."""
    files = files_of(contracts.wheel)
    not_installed = {"contracts/README.md", "contracts/pyproject.toml", "contracts/hatch_build.py"}
    assert files == sources_of("contracts") - not_installed
    assert {"contracts/py.typed", "contracts/users/schemas/CreateUser.v1.json"} <= files


def test_the_wheel_of_annals_leaves_the_contracts_to_it(annals: Built) -> None:
    files = files_of(annals.wheel)
    assert {name.partition("/")[0] for name in files} == {"workers", "infra"}
    assert files == sources_of("workers", "infra")


def test_annals_asks_for_the_contracts_of_its_own_release() -> None:
    outer, inner = (
        tomllib.loads((ROOT / folder / "pyproject.toml").read_text("utf-8"))["project"] for folder in ("", "contracts")
    )
    assert outer["version"] == inner["version"]
    assert f"annals-contracts=={inner['version']}" in outer["dependencies"]
    shared = {line for line in inner["dependencies"] if line.startswith(("aiokafka", "cramjam", "pydantic"))}
    assert shared == set(inner["dependencies"])
    assert shared <= set(outer["dependencies"]), "one lock file: the bounds are equal"


def test_both_source_distributions_can_be_installed(contracts: Built, annals: Built, tmp_path: Path) -> None:
    environment = made_environment(tmp_path / "environment")
    environment.install("--no-deps", contracts.source, annals.source)
    (packages,) = (tmp_path / "environment").glob("lib/python*/site-packages")
    assert {"contracts", "infra", "workers"} <= {path.name for path in packages.iterdir()}


def test_both_wheels_together_are_annals(contracts: Built, annals: Built, tmp_path: Path) -> None:
    environment = made_environment(tmp_path / "environment")
    environment.install(contracts.wheel, annals.wheel)
    assert "worker" in environment.run("-m", "infra.cli.main", "--help")


def checked(environment: Environment, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What `mypy --strict` says of a program of somebody else's."""
    (folder / "program.py").write_text(text, "utf-8")
    options = ["--strict", "--python-executable", str(environment.python), "--cache-dir", str(folder / "cache")]
    return finished([sys.executable, "-m", "mypy", "--config-file", "", *options, "program.py"], folder)


@pytest.mark.parametrize("program", ["caller.py", "README.md"])
def test_its_types_are_complete_for_a_caller(with_contracts: Environment, tmp_path: Path, program: str) -> None:
    (example,) = [block.text for block in blocks("contracts/README.md") if block.language == "python"]
    ended = checked(with_contracts, example if program == "README.md" else CALLER.read_text("utf-8"), tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_caller_that_uses_a_type_wrongly_is_told(with_contracts: Environment, tmp_path: Path) -> None:
    """The control: without py.typed every name of the package would be of any type."""
    text = "from contracts.topics import Topics\n\nnumber: int = Topics().replies\n"
    assert 'expression has type "str", variable has type "int"' in checked(with_contracts, text, tmp_path).stdout


@pytest.mark.timeout(120)
async def test_it_is_enough_to_send_commands_and_to_read_events(
    with_contracts: Environment, settings: Settings
) -> None:
    await create_topics(settings, topics_of(["users"], settings))
    assert settings.kafka_bootstrap_servers is not None
    arguments = (str(CALLER), settings.kafka_bootstrap_servers, settings.topic_prefix)
    printed = await asyncio.to_thread(with_contracts.run, *arguments)
    assert json.loads(printed) == {"sent": "0198c0de-ada0-7000-8000-00000000c0de", "modules": [], "events": []}

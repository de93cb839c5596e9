"""The Containerfile has no known fault, and installs what the project says: with the uv of the lock, and all extras."""

import re
import sys
import tomllib
from pathlib import Path

from tests.architecture.sources import ROOT
from tests.deploy.container_tools import run

CONTAINERFILE = ROOT / "infra" / "deploy" / "Containerfile"
TEXT = CONTAINERFILE.read_text("utf-8")
# The embedded servers. Everything else that can be asked for runs in production.
OF_DEVELOPMENT = {"devstack", "testing"}


def test_hadolint_finds_nothing() -> None:
    run(str(Path(sys.executable).with_name("hadolint")), str(CONTAINERFILE))


def test_it_has_the_uv_that_writes_the_lock_file() -> None:
    wanted = re.search(r"uv_requirement='([^']+)'", (ROOT / "infra" / "prepare.sh").read_text("utf-8"))
    assert wanted is not None
    assert f"ARG UV={wanted[1]}\n" in TEXT


def test_it_installs_every_extra_of_production() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = re.search(r'^ENV EXTRAS="(.*)"$', TEXT, re.MULTILINE)
    assert named is not None
    wanted = sorted(project["optional-dependencies"].keys() - OF_DEVELOPMENT)
    assert named[1].split() == [word for extra in wanted for word in ("--extra", extra)]


def test_its_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"ARG VERSION={project['version']}\n" in TEXT


def test_its_base_has_a_version() -> None:
    assert re.search(r"^ARG BASE=\S+:\d+\.\d+\.\d+-slim-\w+$", TEXT, re.MULTILINE)

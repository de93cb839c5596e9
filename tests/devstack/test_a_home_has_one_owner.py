"""A home has at most one running stack: a second one gets the owner's pid. Stacks of two homes share nothing."""

import os
from pathlib import Path

import asyncpg
import pytest

from infra.accounts import Account
from infra.devstack.errors import HomeInUse, ServerDidNotStart
from infra.devstack.stack import Devstack
from infra.locating import embedded_addresses
from infra.settings import Settings


async def test_a_second_stack_is_told_the_pid_of_the_first_and_disturbs_nothing(only_postgres: Settings) -> None:
    first = Devstack(only_postgres.home, only_postgres)
    addresses = await first.start()
    second = Devstack(only_postgres.home, only_postgres)
    with pytest.raises(HomeInUse, match=f"in use by process {os.getpid()}") as refused:
        await second.start()
    assert refused.value.pid == os.getpid()
    await second.stop()
    assert embedded_addresses(first.home, Account.OWNER) == {"database_url": addresses.database_url}
    await first.stop()


async def test_two_homes_side_by_side_have_their_own_ports_passwords_and_data(
    only_postgres: Settings, tmp_path: Path
) -> None:
    stacks = [Devstack(home, only_postgres) for home in (only_postgres.home, tmp_path / "other home")]
    urls = [(await stack.start()).database_url for stack in stacks]
    for url in urls:
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE only_here ()")
        await connection.close()
    assert urls[0].rpartition("@")[2] != urls[1].rpartition("@")[2]
    assert urls[0].rpartition("@")[0] != urls[1].rpartition("@")[0]
    for stack in stacks:
        await stack.stop()


async def test_a_server_that_cannot_start_is_quoted_and_leaves_the_home_free(only_postgres: Settings) -> None:
    stack = Devstack(only_postgres.home, only_postgres)
    await stack.start()
    await stack.stop()
    settings_file = stack.home.path / "postgres" / "data" / "postgresql.conf"
    sound = settings_file.read_text()
    settings_file.write_text(sound + "\nno_such_setting = 1\n")
    with pytest.raises(ServerDidNotStart, match="no_such_setting") as failure:
        await stack.start()
    assert failure.value.server == "postgres"
    settings_file.write_text(sound)
    next_stack = Devstack(only_postgres.home, only_postgres)
    await next_stack.start()
    await next_stack.stop()

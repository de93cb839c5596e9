"""Every role and job runs from the one image, read-only, as a user without a name and without a folder to write to."""

import asyncio

import pytest
from pydantic import SecretStr

from tests.deploy.containers import READ_ONLY, Containers
from tests.logins import as_login
from tests.sent_commands import create_users
from tests.system import System

SECRET = "geheim-9731"
WORKERS = ("command", "projection", "saga", "analytics", "audit")
AS_NOBODY = (*READ_ONLY, "--user", "65534:65534", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")

pytestmark = [pytest.mark.alone, pytest.mark.timeout(1200)]


async def test_and_the_journey_is_played_and_each_ends_in_order_on_sigterm(containers: Containers) -> None:
    for job in (("migrate",), ("topics", "create")):
        ran = await containers.annals(*job, options=AS_NOBODY)
        assert ran.code == 0, ran.output
    roles = [await containers.role("worker", role, options=AS_NOBODY) for role in WORKERS]
    gateway = await containers.role("gateway", options=AS_NOBODY)
    for container in (*roles, gateway):
        await container.says("/readyz", 200)

    demo = await containers.annals("demo", options=AS_NOBODY, http_port=gateway.port)
    assert demo.code == 0, demo.output
    verified = await containers.annals("verify", options=AS_NOBODY)
    assert verified.code == 0, verified.output

    for ended in await asyncio.gather(*(container.stop() for container in (gateway, *roles))):
        assert ended.code == 0, ended.output
        assert ended.output.splitlines()[-1].count(" stopped"), ended.output


async def test_and_nothing_is_lost_when_they_are_stopped_and_killed_under_load(
    containers: Containers, system: System
) -> None:
    others = [await containers.role("worker", role) for role in ("projection", "saga")]
    users = create_users(3000)
    first = await containers.role("worker", "command")
    system.send(users)
    await system.handled(300)
    assert (await first.stop()).code == 0

    second = await containers.role("worker", "command")
    await system.handled(await system.value("SELECT count(*) FROM annals.commands") + 300)
    await asyncio.gather(second.kill(), *(other.kill() for other in others))

    for role in ("command", "projection", "saga"):
        await containers.role("worker", role)
    await system.handled(2 * len(users))  # with the welcome of each
    await system.settled()
    assert await system.value("SELECT count(*) FROM annals.events WHERE type = 'UserCreated'") == len(users)
    verified = await containers.annals("verify")
    assert verified.code == 0, verified.output


async def test_a_worker_whose_password_is_wrong_waits_and_shows_it_nowhere(
    containers: Containers, system: System
) -> None:
    assert system.settings.database_url is not None
    wrong = as_login(system.settings.database_url.get_secret_value(), "annals_command", SECRET)
    worker = await containers.role("worker", "command", database_url=SecretStr(wrong))
    await worker.says("/healthz", 200)
    await worker.says("/readyz", 503)
    ended = await worker.stop()
    assert ended.code == 0
    assert "ANNALS_DATABASE_URL" in ended.output
    assert SECRET not in ended.output


async def test_several_gateway_processes_say_that_they_need_a_folder_to_write_to(containers: Containers) -> None:
    ended = await (await containers.role("gateway", gateway_processes=2)).ended()
    assert ended.code == 1
    assert "tmpfs" in ended.output
    assert "Traceback" not in ended.output

    gateway = await containers.role("gateway", gateway_processes=2, options=(*READ_ONLY, "--tmpfs", "/tmp"))
    await gateway.says("/readyz", 200)
    assert (await gateway.stop()).code == 0

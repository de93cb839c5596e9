"""Code that raises at an event, in the workers or in the verification: reported, not a crash, and not repaired."""

import asyncio
import json
from typing import Any

import pytest

from tests.sent_commands import command, create_user, create_users
from tests.system import System
from tests.verification.command import named, verified
from tests.waiting import until

# Many processes start and stop: seconds on a free machine may be minutes on a busy one.
pytestmark = pytest.mark.timeout(300)

BUGGY = "tests.parking.buggy_code"


async def verified_by_buggy_code(system: System) -> Any:
    return (await system.annals("verify", "--json", entry=BUGGY)).json()


async def test_that_has_parked_streams_is_a_finding_of_its_own_and_excuses_their_documents(
    idle_system: System,
) -> None:
    system = idle_system
    await system.worker("command")
    for role in ("projection", "saga"):
        await system.worker(role, entry=(BUGGY, "worker", role))
    nowhere = create_user(city="Nowhere")
    await asyncio.to_thread(system.send, [nowhere, *create_users(20)])
    waits = "SELECT count(*) FROM annals.parked_streams"

    async def parked() -> bool:
        keys = [key async for key in system.redis.scan_iter("*:parked:*")]
        return bool(await system.value(waits) and keys)

    await until(parked, "both followers have parked the stream", seconds=120)
    await system.handled(41)
    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (1, {"parked stream": 2})
    place = f"{nowhere.stream_id}@1"
    assert sorted(named(verdict, "parked stream")) == [f"users {place}", f"welcome {place}"]
    assert all("UserCreated" in finding["explanation"] for finding in verdict["examples"])
    assert (await verified_by_buggy_code(system))["found"] == {"parked stream": 2}
    name = f"saga:welcome/{nowhere.stream_id}"
    assert (await system.annals("parked", "skip", name, "--reason", "there is no such city")).code == 0

    async def passed_over() -> bool:
        return bool(await system.value(waits) == 0)

    await until(passed_over, "the saga has passed over the event", seconds=120)
    _, verdict = await verified(system)
    assert verdict["found"] == {"parked stream": 1}, "the read model's"
    assert verdict["looked_at"]["events that welcome has skipped at an operator's request"] == 1


async def test_in_the_verification_is_a_finding(idle_system: System) -> None:
    system = idle_system
    for role in ("command", "projection", "saga"):
        await system.worker(role)
    nowhere = create_user(city="Nowhere")
    await asyncio.to_thread(system.send, [nowhere, *create_users(5)])
    await system.handled(12)
    await system.settled()
    verdict = await verified_by_buggy_code(system)
    assert verdict["found"] == {"code raises": 2}
    assert sorted(named(verdict, "code raises")) == [
        f"projection users, {nowhere.stream_id}@1",
        f"saga welcome, {nowhere.stream_id}, its event 1",
    ]
    assert "Ada" not in json.dumps(verdict)
    assert (await verified(system))[1]["found"] == {}


async def test_whose_event_an_operator_had_passed_over_is_as_the_operator_requested(idle_system: System) -> None:
    system = idle_system
    await system.worker("command")
    for role in ("projection", "saga"):
        await system.worker(role, entry=(BUGGY, "worker", role))
    nowhere, later = create_user(), create_users(3)
    await asyncio.to_thread(system.send, [nowhere, *later])
    await system.handled(8)
    await system.settled()
    moved = command("users.UpdateUser.v1", nowhere.stream_id, {"user_id": nowhere.stream_id, "city": "Nowhere"})
    await asyncio.to_thread(system.send, [moved])

    async def parked() -> bool:
        return bool([key async for key in system.redis.scan_iter("*:parked:*")])

    await until(parked, "the projection has parked the stream", seconds=120)
    name = f"projection:users/{nowhere.stream_id}"
    skipped = await system.annals("parked", "skip", name, "--reason", "there is no such city")
    assert skipped.code == 0, skipped.errors
    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (0, {})
    assert verdict["looked_at"]["documents of users without events that an operator had skipped"] == 1
    assert (await verified_by_buggy_code(system))["found"] == {}

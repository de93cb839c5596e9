"""An event at which the code of a projection and of a saga raises: its stream waits, every other goes on, and
`annals parked` brings it up to date in order once the code is fixed.
"""

from typing import Any

import orjson

from tests.audit import audit
from tests.sent_commands import Sent, command, create_user, create_users
from tests.system import System
from tests.verification.command import verified
from tests.waiting import until

BUGGY = "tests.parking.buggy_code"


async def card(system: System, user_id: str) -> Any:
    stored = await system.redis.get(f"{system.settings.topic_prefix}annals:users:1:document:{user_id}")
    return None if stored is None else orjson.loads(stored)


async def welcomed(system: System, users: list[Sent]) -> None:
    async def done() -> bool:
        cards = [await card(system, user.stream_id) for user in users]
        return all(card is not None and card["welcomed_at"] for card in cards)

    await until(done, "all these users are welcomed and shown", seconds=60)


async def parked(system: System) -> list[Any]:
    ran = await system.annals("parked", "list", "--json")
    assert ran.code == 0, ran.errors
    documents: list[Any] = ran.json()
    return documents


def names(listed: list[Any]) -> set[str]:
    return {listing["name"] for listing in listed}


async def test_and_every_other_stream_goes_on(system: System) -> None:
    command_worker = await system.worker("command")
    buggy = [await system.worker(role, entry=(BUGGY, "worker", role)) for role in ("projection", "saga")]
    nowhere = create_user(city="Nowhere", first_name="Secretive")
    others = create_users(50)
    rename = command("users.UpdateUser.v1", nowhere.stream_id, {"user_id": nowhere.stream_id, "last_name": "Later"})
    system.send([others[0], nowhere, *others[1:]])
    system.send([rename])
    await system.handled(102, seconds=60)  # and 50 welcomes
    await welcomed(system, list(others))

    waiting = await parked(system)
    saga, projection = f"saga:welcome/{nowhere.stream_id}", f"projection:users/{nowhere.stream_id}"
    assert names(waiting) == {saga, projection}
    assert {(listing["stream_version"], listing["event_type"]) for listing in waiting} == {(1, "users.UserCreated.v2")}
    assert all(
        "LookupError in fail_in_nowhere" in listing["error"] and "Secretive" not in listing["error"]
        for listing in waiting
    )
    assert await card(system, nowhere.stream_id) is None
    assert all("Secretive" not in worker.log() for worker in buggy)

    failed = await system.annals("parked", "retry", projection, "--reason", "just to see", entry=BUGGY)
    assert (failed.code, "still parked" in failed.output) == (1, True), failed
    code, verdict = await verified(system)
    assert code == 1, verdict

    for worker in buggy:
        assert await worker.stop() == 0
    for role in ("projection", "saga"):
        await system.worker(role)
    retried = await system.annals("parked", "retry", "--all", "--reason", "the city is known now", "--actor", "Grace")
    assert retried.code == 0, retried
    assert names(await parked(system)) == set()
    await welcomed(system, [nowhere])
    assert (await card(system, nowhere.stream_id))["last_name"] == "Later"
    rows = await system.database.fetch("SELECT action, target, actor, reason FROM annals.interventions ORDER BY id")
    assert [tuple(row)[:2] for row in rows[:1]] == [("parked-retry", projection)]
    assert {tuple(row) for row in rows[1:]} == {
        ("parked-retry", target, "Grace", "the city is known now") for target in (saga, projection)
    }
    await audit(system, [*others, nowhere, rename])
    assert await command_worker.stop() == 0


async def test_and_an_operator_can_skip_the_event(system: System) -> None:
    await system.worker("command")
    await system.worker("projection", entry=(BUGGY, "worker", "projection"))
    user = create_user()
    moved = command("users.UpdateUser.v1", user.stream_id, {"user_id": user.stream_id, "city": "Nowhere"})
    renamed = command("users.UpdateUser.v1", user.stream_id, {"user_id": user.stream_id, "last_name": "Later"})
    system.send([user, moved, renamed])
    name = f"projection:users/{user.stream_id}"

    async def waits() -> bool:
        return names(await parked(system)) == {name}

    await until(waits, "the stream is parked", seconds=60)
    unknown = await system.annals("parked", "skip", "projection:users/nobody", "--reason", "a try")
    assert unknown.code == 1
    assert "not parked: projection:users/nobody" in unknown.errors
    unreasoned = await system.annals("parked", "skip", name, "--reason", " ")
    assert unreasoned.code == 2
    skipped = await system.annals("parked", "skip", name, "--reason", "that city does not exist")
    assert (skipped.code, skipped.output) == (0, f"{name}: up to date\n"), skipped
    shown = await card(system, user.stream_id)
    assert (shown["city"], shown["last_name"], shown["version"]) == ("London", "Later", 3)

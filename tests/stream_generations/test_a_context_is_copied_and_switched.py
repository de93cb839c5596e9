"""`annals streams`, on real servers: a context in use is copied by a function, compared, switched, and back."""

from pathlib import Path
from typing import Any

import pytest

from tests.gateway.running import running_gateway
from tests.sent_commands import command, create_users
from tests.system import System
from tests.verification.command import verified
from tests.waiting import until

USERS = 30
TRANSFORM = "tests.stream_generations.transforms:with_cities_in_capitals"
RECORDED = "SELECT sequence, partition, type, data FROM annals.events WHERE context = 'users' ORDER BY 2, 1"


async def recorded(system: System) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await system.database.fetch(RECORDED)]


async def ran(system: System, *arguments: str, code: int = 0) -> Any:
    """What a command answered, as JSON."""
    answer = await system.annals(*arguments, "--json")
    assert answer.code == code, answer
    return answer.json()


async def log_is_filled(system: System, events: int) -> None:
    async def filled() -> bool:
        return sum(map(len, system.records("users.events"))) >= events

    await until(filled, "the log holds all events", seconds=60, every=0.5)


async def read_model_is_renewed(system: System) -> None:
    await ran(system, "projections", "rebuild", "users")
    await ran(system, "projections", "switch", "users", "--reason", "other events")


@pytest.mark.timeout(300)
async def test_everybody_reads_the_live_generation_and_what_was_recorded_stays(system: System, tmp_path: Path) -> None:
    for role in ("command", "saga", "projection"):
        await system.worker(role)
    users = create_users(USERS)
    system.send(users)
    await system.handled(2 * USERS)
    await system.settled()
    rows = await recorded(system)
    user_id = users[0].stream_id

    copied = await ran(system, "streams", "copy", "users", "--transform", TRANSFORM)
    assert copied == {"context": "users", "generation": 1, "events": 2 * USERS, "changed": USERS}
    difference = await ran(system, "streams", "diff", "users", code=1)
    assert difference["types"] == [
        {"from_type": "users.UserCreated.v2", "to_type": "users.UserCreated.v2", "events": USERS}
    ]
    assert (difference["different"], difference["fields"]) == (USERS, {"city": USERS})

    # Events that are recorded after the copy are part of the switch.
    system.send([command("users.UpdateUser.v1", user_id, {"user_id": user_id, "city": "Turin"})])
    await system.handled(2 * USERS + 1)
    assert await ran(system, "streams", "switch", "users", "--reason", "capitals") == {
        "context": "users",
        "before": 0,
        "live": 1,
    }
    await log_is_filled(system, 2 * USERS + 1)
    shown = await ran(system, "stream", "show", f"users/{user_id}")
    assert (shown["state"]["city"], shown["version"]) == ("TURIN", 3)
    assert b"LONDON" in b"".join(record.value() for lane in system.records("users.events") for record in lane)

    # Workers decide on it: what was in capitals already changes nothing.
    system.send([command("users.UpdateUser.v1", user_id, {"user_id": user_id, "city": "TURIN"})])
    system.send(later := create_users(3))
    await system.handled(2 * USERS + 2 + 2 * len(later))
    assert await system.value("SELECT count(*) FROM annals.events WHERE stream_id = $1", user_id) == 3
    await read_model_is_renewed(system)
    async with running_gateway(system.settings, tmp_path) as http:
        card = (await http.get(f"/users/{user_id}")).json()
        past = (await http.get(f"/users/{user_id}", params={"at": "1"})).json()
        history = (await http.get(f"/users/{user_id}/history")).json()["events"]
    assert (card["city"], past["city"], history[0]["data"]["city"]) == ("TURIN", "LONDON", "LONDON")
    code, verdict = await verified(system)
    assert code == 0, verdict
    assert [row for row in await recorded(system) if row in rows] == rows, "the table keeps what it has"

    # Back: what was recorded meanwhile is part of every generation.
    assert (await ran(system, "streams", "switch", "users", "--back", "--reason", "a mistake"))["live"] == 0
    await log_is_filled(system, 2 * USERS + 1 + 2 * len(later))
    shown = await ran(system, "stream", "show", f"users/{user_id}")
    assert shown["state"]["city"] == "Turin"
    await read_model_is_renewed(system)
    code, verdict = await verified(system)
    assert code == 0, verdict
    actions = await system.value("SELECT count(*) FROM annals.interventions WHERE action = 'streams-switch'")
    assert actions == 2

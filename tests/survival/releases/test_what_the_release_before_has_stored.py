"""Users of the release before, in which UserCreated had no locale, on real servers: every reader has them as they are
today, and what is stored stays as it is.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.gateway.running import running_gateway
from tests.sent_commands import command, create_users
from tests.survival.releases.another_release import AnotherRelease
from tests.survival.releases.changes import BEFORE
from tests.system import System
from tests.verification.command import verified
from tests.worker_process import Worker

USERS = 40
ROLES = ("command", "saga", "projection")
STORED = (
    "SELECT sequence, partition, type, schema_version, data FROM annals.events WHERE context = 'users' ORDER BY 2, 1"
)


async def stored(system: System) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await system.database.fetch(STORED)]


@pytest.mark.timeout(240)
async def test_is_read_by_everybody_and_stays_as_it_is(system: System, tmp_path: Path) -> None:
    before = AnotherRelease(tmp_path / "before", BEFORE)
    older: list[Worker] = [await before.worker(system, role) for role in ROLES]
    users = create_users(USERS)
    system.send(users)
    await system.handled(2 * USERS)
    await system.settled()
    for worker in older:
        assert await worker.stop() == 0
    rows = await stored(system)
    assert {row[2:4] for row in rows} == {("UserCreated", 1), ("UserWelcomed", 1)}
    log = [[record.value() for record in lane] for lane in system.records("users.events")]

    for role in ROLES:
        await system.worker(role)
    moved, user_id = users[0], users[0].stream_id
    system.send([command("users.UpdateUser.v1", moved.stream_id, {"user_id": user_id, "city": "Turin"})])
    system.send(later := create_users(1))
    await system.handled(2 * USERS + 3)
    await system.settled()

    # The read model of before is rebuilt: nothing but the new field differs.
    for step, code in ((("rebuild",), 0), (("diff", "--json"), 1), (("switch", "--reason", "a new field"), 0)):
        ran = await system.annals("projections", step[0], "users", *step[1:])
        assert ran.code == code, ran
        if step[0] == "diff":
            assert ran.json()["fields"] == {"locale": USERS}
    async with running_gateway(system.settings, tmp_path) as http:
        card = (await http.get(f"/users/{user_id}")).json()
        past = (await http.get(f"/users/{user_id}", params={"at": "1"})).json()
        history = (await http.get(f"/users/{user_id}/history")).json()["events"]
    assert (card["locale"], card["city"]) == ("und", "Turin")
    assert (past["locale"], past["city"]) == ("und", "London")
    assert (history[0]["type"], "locale" in history[0]["data"]) == ("users.UserCreated.v1", False)
    undone = await system.annals("undo", f"users/{user_id}")
    assert undone.code == 0, undone
    shown = (await system.annals("stream", "show", f"users/{user_id}", "--json")).json()
    assert shown["state"]["city"] == "London"
    newer = (await system.annals("stream", "show", f"users/{later[0].stream_id}", "--json")).json()
    assert newer["events"][0]["type"] == "UserCreated.v2"

    code, verdict = await verified(system)
    assert code == 0, verdict
    now = await stored(system)
    assert [row for row in now if row in rows] == rows, "the table keeps what it has"
    for lane, values in zip(system.records("users.events"), log, strict=True):
        assert [record.value() for record in lane][: len(values)] == values, "and so does the log"

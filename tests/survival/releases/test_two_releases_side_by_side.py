"""A release whose contracts have changed is rolled out role by role under load, in either order.

A worker of the older release never calls what the newer one has written a bug: it leaves the lane to a newer worker.
Nothing is lost, nothing is repeated, nothing is parked, and no lane stands still once its role has a newer worker.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.sent_commands import Sent, command, create_users
from tests.survival.releases.another_release import AnotherRelease
from tests.survival.releases.changes import NEWER, OF_NEWER, UPCASTERS
from tests.system import System
from tests.waiting import until
from tests.worker_process import Worker

PART = 150
ROLES = ("command", "saga", "projection")
LEFT = "lane left to a newer release"


def newer_release(folder: Path) -> AnotherRelease:
    return AnotherRelease(folder / "newer", NEWER, {UPCASTERS: OF_NEWER})


def updates(users: Sequence[Sent], version: int = 1) -> list[Sent]:
    """An update of each of these users."""
    fields = {"city": "Turin"} | ({"reason": "moved"} if version == 2 else {})
    return [
        command(f"users.UpdateUser.v{version}", user.stream_id, {"user_id": user.stream_id, **fields}) for user in users
    ]


class Rollout:
    """The commands that were sent, and the workers of both releases by role."""

    def __init__(self, system: System, newer: AnotherRelease) -> None:
        self.system, self.newer = system, newer
        self.sent: list[Sent] = []
        self.users: list[Sent] = []
        self.older: dict[str, list[Worker]] = {}

    async def begin(self) -> None:
        for role in ROLES:
            self.older[role] = [await self.system.worker(role) for _ in range(2)]
        for worker in self.older["command"]:
            await self.system.holding(worker, of=["users"])

    async def send(self, version: int = 1) -> None:
        """Users, and an update of each, as this version of the command says it."""
        users = create_users(PART)
        self.users += users
        for part in (users, updates(users, version)):
            self.sent += part
            await asyncio.to_thread(self.system.send, part)

    async def handled(self) -> None:
        """Every command that was sent has an outcome, whichever release has it."""
        ids = [sent.command_id for sent in self.sent]

        async def all_of_them() -> bool:
            query = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[])"
            return bool(await self.system.value(query, ids) == len(ids))

        await until(all_of_them, f"all {len(ids)} commands are handled", seconds=90, every=0.3)

    async def upgrade(self, role: str) -> None:
        """The older workers go one by one, each after a newer one has come, with load all the while."""
        for worker in self.older[role]:
            started = await self.newer.worker(self.system, role)
            if role != "projection":
                await self.system.holding(started, of=["users"])
            await self.send()
            if role == "command":
                await self.handled()
            assert await worker.stop() == 0
            await self.send()

    def logs(self) -> str:
        return "".join(worker.log() for worker in self.system.workers)


async def nothing_lost_or_repeated(rollout: Rollout) -> None:
    """Every command has one outcome, and the table and the log the same events, each sequence once."""
    system = rollout.system
    ids = [sent.command_id for sent in rollout.sent]
    statuses = await system.database.fetch(
        "SELECT status, count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[]) GROUP BY status", ids
    )
    assert {row["status"]: row["count"] for row in statuses} == {"accepted": len(ids)}
    rows = await system.database.fetch(
        "SELECT partition, sequence, type, schema_version FROM annals.events WHERE context = 'users'"
    )
    assert Counter(row["type"] for row in rows) == dict.fromkeys(
        ("UserCreated", "UserUpdated", "UserWelcomed"), len(rollout.users)
    )
    assert {row["schema_version"] for row in rows if row["type"] == "UserWelcomed"} == {1, 2}
    table = sorted((row["partition"], row["sequence"]) for row in rows)
    log = {
        (partition, int(dict(record.headers())["ce_sequence"]))
        for partition, records in enumerate(system.records("users.events"))
        for record in records
    }
    assert sorted(log) == table
    lanes = Counter(partition for partition, _ in table)
    assert table == [(partition, sequence + 1) for partition in sorted(lanes) for sequence in range(lanes[partition])]


async def the_read_model_is_that_of_the_newer_one(rollout: Rollout) -> None:
    """What the older projection workers have built lacks what only the newer ones know, and `verify` says so: it is
    rebuilt, switched, and then all is as it should be.
    """
    system, newer = rollout.system, rollout.newer
    verdict = (await newer.annals(system, "verify", "--json")).json()
    assert all(
        "the read model was begun by other code than this" in finding["explanation"] for finding in verdict["examples"]
    )
    for step in (("rebuild", "users"), ("switch", "users", "--reason", "upgraded")):
        ran = await newer.annals(system, "projections", *step)
        assert ran.code == 0, ran
    ran = await newer.annals(system, "verify", "--json")
    assert ran.code == 0, ran.json()


async def the_past_is_as_it_was(rollout: Rollout) -> None:
    """Of a user whom the older release has welcomed: its state at that point, and its last change taken back."""
    system, newer, name = rollout.system, rollout.newer, f"users/{rollout.users[0].stream_id}"
    shown = (await newer.annals(system, "stream", "show", name, "--at", "1", "--json")).json()
    assert (shown["version"], shown["state"]["city"]) == (1, "London")
    whole = (await newer.annals(system, "stream", "show", name, "--json")).json()
    assert "UserWelcomed.v1" in {event["type"] for event in whole["events"]}
    ran = await newer.annals(system, "undo", name, "--json")
    assert ran.code == 0, ran
    undone = (await newer.annals(system, "stream", "show", name, "--json")).json()
    assert (undone["version"], undone["state"]["city"]) == (whole["version"] + 1, "London")


@pytest.mark.timeout(420)
@pytest.mark.parametrize("roles", [ROLES, ROLES[::-1]], ids=["writers first", "readers first"])
async def test_lose_and_park_nothing(system: System, tmp_path: Path, roles: Sequence[str]) -> None:
    rollout = Rollout(system, newer_release(tmp_path))
    await rollout.begin()
    await rollout.send()
    await rollout.handled()
    for role in roles:
        await rollout.upgrade(role)
    await rollout.send(version=2)
    await rollout.handled()
    await system.settled()
    await nothing_lost_or_repeated(rollout)
    logs = rollout.logs()
    for never in ("stopped by a bug", "stream parked", "foreign record", "dead letter"):
        assert never not in logs, never
    assert await system.value("SELECT count(*) FROM annals.parked_streams") == 0
    if roles[0] == "command":
        assert LEFT in logs, "the older readers have met what they do not know"
    await the_read_model_is_that_of_the_newer_one(rollout)
    await the_past_is_as_it_was(rollout)


@pytest.mark.timeout(300)
async def test_a_lane_of_the_newer_one_is_left_to_it_by_an_older_worker(system: System, tmp_path: Path) -> None:
    """The newer worker goes, as in a rollout that is taken back: the older one says what it waits for, and goes on with
    lanes that have nothing new. When a newer one comes, it takes the lanes.
    """
    rollout = Rollout(system, newer_release(tmp_path))
    newer = await rollout.newer.worker(system, "command")
    await system.holding(newer, of=["users"])
    await rollout.newer.worker(system, "saga")
    await rollout.send()
    await rollout.handled()
    await system.handled(3 * PART)
    older = await system.worker("command")
    await newer.kill()
    await until(lambda: _says(older, LEFT), "the older worker leaves the lanes", seconds=60)
    assert "UserWelcomed.v2 was written by a newer release: upgrade this process" in older.log()
    assert "stopped by a bug" not in older.log()
    ids = create_users(PART)
    rollout.sent += ids
    rollout.users += ids
    await asyncio.to_thread(system.send, ids)
    again = await rollout.newer.worker(system, "command")
    await rollout.handled()
    assert again.process.returncode is None


async def _says(worker: Worker, text: str) -> bool:
    return text in worker.log()

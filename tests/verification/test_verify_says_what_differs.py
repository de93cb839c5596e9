"""`annals verify` on a running system: it passes when all is well, names what differs exactly, and repairs it."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from contracts.catalogue import stored_events
from tests.pausing import paused
from tests.sent_commands import Sent, create_user, create_users
from tests.system import System
from tests.verification.command import NOTHING_IS_ON_ITS_WAY, named, repaired, verified
from tests.waiting import until
from workers.command.snapshots import Snapshots
from workers.domain import contexts

# Many processes start and stop: seconds on a free machine may be minutes on a busy one.
pytestmark = pytest.mark.timeout(300)


async def settled_users(system: System, count: int, **fields: Any) -> list[Sent]:
    """Create this number of users and wait until each is welcomed and has its card."""
    users = [create_user(**fields) for _ in range(count)]
    await asyncio.to_thread(system.send, users)
    created_count = "SELECT count(*) FROM annals.events WHERE type = 'UserCreated' AND stream_id = ANY($1)"
    ids = [user.stream_id for user in users]

    async def created() -> bool:
        return bool(await system.value(created_count, ids) == count)

    await until(created, f"{count} users are created", seconds=120)
    await system.settled()
    return users


async def repairs(system: System) -> Any:
    """The report of a repair that has repaired all that it found."""
    code, report = await repaired(system)
    assert (code, report["found"]) == (0, {}), report
    return report


async def test_passes_also_while_commands_come_in(system: System) -> None:
    for _ in range(5):
        await asyncio.to_thread(system.send, create_users(200))
    code, verdict = await verified(system)
    assert (code, verdict["passes"], verdict["found"]) == (0, True, {})
    await system.handled(2000)
    await system.settled()
    code, verdict = await verified(system)
    assert code == 0
    looked_at = verdict["looked_at"]
    assert looked_at["events compared with the log"] == 2000
    assert looked_at["streams compared with the documents of users"] == 1000
    assert looked_at["streams of users compared with the unique claims"] == 1000
    assert looked_at["unique claims of users compared with the streams"] == 1000
    assert looked_at["instances of the saga welcome compared with the events"] == 1000
    assert looked_at["saga steps compared with the events and the outcomes"] == 1000
    assert looked_at["index entries compared with the documents of users"] == 3000


async def test_names_and_repairs_documents_that_differ_or_are_left_over(system: System) -> None:
    (spoilt,) = await settled_users(system, 1)
    documents = f"{system.settings.topic_prefix}annals:users:1:document:"
    card = json.loads(await system.redis.get(documents + spoilt.stream_id))
    await system.redis.set(documents + spoilt.stream_id, json.dumps({**card, "last_name": "Nowhere"}))
    await system.redis.set(documents + "nobody", json.dumps(card))
    busy = create_users(300)
    await asyncio.to_thread(system.send, busy)
    report = await repairs(system)
    verdict = report["before"]
    assert verdict["found"] == {"document differs": 1, "document left over": 1}
    assert named(verdict, "document differs") == [f"users {spoilt.stream_id}"]
    assert named(verdict, "document left over") == ["users nobody"]
    assert "in last_name" in [finding["explanation"] for finding in verdict["examples"]]
    assert "Nowhere" not in json.dumps(verdict)
    assert f"rebuilt: document users {spoilt.stream_id}" in report["repairs"]
    assert "removed: document users nobody" in report["repairs"]
    assert json.loads(await system.redis.get(documents + spoilt.stream_id)) == card
    noted = await system.database.fetchrow("SELECT * FROM annals.interventions WHERE target = 'projection users'")
    assert (noted["actor"], noted["action"], noted["reason"]) == ("tester", "verify-repair", "a test has spoilt it")


async def test_names_and_repairs_what_a_store_has_lost(system: System) -> None:
    removed, unfindable, unlisted, spoilt = await settled_users(system, 4)
    live = f"{system.settings.topic_prefix}annals:users:1:"
    card = await system.redis.get(f"{live}document:{removed.stream_id}")
    address = f"{unfindable.stream_id}@example.org"
    with paused(system, "projection"):  # it would write all of it again
        await system.redis.delete(f"{live}document:{removed.stream_id}")
        await system.redis.set(f"{live}document:{spoilt.stream_id}", b"{spoilt")
        assert await system.redis.zrem(f"{live}index:email", f"{address}\0{unfindable.stream_id}") == 1
        assert await system.redis.zrem(f"{live}index:all", f"\0{unlisted.stream_id}") == 1
        report = await repairs(system)
    verdict = report["before"]
    assert verdict["found"] == {"document missing": 2, "index entry missing": 2}
    missing = sorted(f"users {event.stream_id}" for event in (removed, spoilt))
    assert sorted(named(verdict, "document missing")) == missing
    assert sorted(named(verdict, "index entry missing")) == ["users all ", f"users email {address}"]
    assert set(report["repairs"]) == {
        f"rebuilt: document users {removed.stream_id}",
        f"rebuilt: document users {spoilt.stream_id}",
        f"rebuilt: index entries of users {unfindable.stream_id}",
        f"rebuilt: index entries of users {unlisted.stream_id}",
    }
    assert await system.redis.get(f"{live}document:{removed.stream_id}") == card


async def test_names_and_repairs_index_entries_that_are_too_many(system: System) -> None:
    (doubled,) = await settled_users(system, 1)
    indexes = f"{system.settings.topic_prefix}annals:users:1:index:"
    await system.redis.zadd(indexes + "city", {f"atlantis\0{doubled.stream_id}": 0, "atlantis\0nobody": 0})
    report = await repairs(system)
    verdict = report["before"]
    assert verdict["found"] == {"index entry left over": 2}
    assert named(verdict, "index entry left over") == ["users city atlantis", "users city atlantis"]
    assert f"rebuilt: index entries of users {doubled.stream_id}" in report["repairs"]
    assert await system.redis.zscore(indexes + "city", "atlantis\0nobody") is None


async def test_names_and_repairs_unique_claims_and_credentials(system: System) -> None:
    free, robbed, thief = await settled_users(system, 3)
    change = system.database.execute
    await change("DELETE FROM annals.unique_claims WHERE stream_id = $1", free.stream_id)
    await change(
        "UPDATE annals.unique_claims SET stream_id = $1 WHERE stream_id = $2 AND key LIKE $2 || '%'",
        *(thief.stream_id, robbed.stream_id),
    )
    await change("INSERT INTO annals.unique_claims VALUES ('users', 'email', 'ghost@example.org', 'ghost')")
    await change("INSERT INTO annals.credentials VALUES ('users', 'ghost', 'hidden')")
    report = await repairs(system)
    verdict, place = report["before"], "users email {0}@example.org of {0}"
    assert named(verdict, "unique claim missing") == [place.format(free.stream_id)]
    assert named(verdict, "unique claim held by the wrong stream") == [place.format(robbed.stream_id)]
    assert named(verdict, "unique claim left over") == [place.format("ghost")]
    assert named(verdict, "credential left over") == ["users ghost"]
    assert sum(verdict["found"].values()) == len(report["repairs"]) == 4
    assert "hidden" not in json.dumps(report)
    holder = "SELECT stream_id FROM annals.unique_claims WHERE key = $1"
    assert await system.value(holder, f"{robbed.stream_id}@example.org") == robbed.stream_id
    assert await system.value(holder, "ghost@example.org") is None


async def rewrite(system: System, changes: Mapping[str, tuple[str, Any]]) -> None:
    """Change a column of the first event of each stream, as only the owner of the database can: without the trigger."""
    async with system.database.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE annals.events DISABLE TRIGGER append_only")
        for stream_id, (column, value) in changes.items():
            statement = f"UPDATE annals.events SET {column} = $2 WHERE stream_id = $1 AND stream_version = 1"  # noqa: S608
            await connection.execute(statement, stream_id, value)
        await connection.execute("ALTER TABLE annals.events ENABLE ALWAYS TRIGGER append_only")


async def test_names_events_that_differ_and_names_and_repairs_a_snapshot(system: System) -> None:
    renamed, traced, good, kept = await settled_users(system, 4)
    first = "SELECT data FROM annals.events WHERE stream_id = $1 AND stream_version = 1"
    data = await system.value(first, renamed.stream_id)
    other = json.dumps({**json.loads(data), "last_name": "Byron"})
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    # This code reads it and never writes it.
    snapshots = Snapshots("users", contexts()["users"].decider, stored_events())
    await system.database.execute(
        "INSERT INTO annals.snapshots VALUES ('users', $1, 2, $2, 'a digest', '[]', now())",
        *(kept.stream_id, snapshots.fingerprint),
    )
    await rewrite(system, {renamed.stream_id: ("data", other), traced.stream_id: ("traceparent", trace)})
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    await rewrite(system, {renamed.stream_id: ("data", data), traced.stream_id: ("traceparent", None)})
    assert code == 1
    consequences = {"document differs": 1, "saga step differs": 1}  # the name stands in a card, the trace goes on
    assert verdict["found"] == {"event differs": 2, "snapshot differs": 1, **consequences}
    place = "SELECT context || ' ' || partition || '/' || sequence FROM annals.events"
    places = [
        await system.value(f"{place} WHERE stream_id = $1 AND stream_version = 1", event.stream_id)
        for event in (renamed, traced, good)
    ]
    assert sorted(named(verdict, "event differs")) == sorted(places[:2])
    explanations = {
        example["where"]: example["explanation"]
        for example in verdict["examples"]
        if example["what"] == "event differs"
    }
    assert explanations[places[0]].startswith("data, at ")
    assert explanations[places[1]].startswith(f"traceparent is absent in the log, '{trace}' in the table, at ")
    assert "Byron" not in json.dumps(verdict)
    assert named(verdict, "snapshot differs") == [f"users {kept.stream_id}@2"]
    report = await repairs(system)
    assert report["before"]["found"] == {"snapshot differs": 1}
    assert report["repairs"] == [f"snapshot removed: of users {kept.stream_id}"]


async def test_names_saga_steps_and_instances_that_do_not_follow_from_the_log(system: System) -> None:
    changed, lost, silent = await settled_users(system, 3)
    change = system.database.execute
    facts = "json_build_object('is_created', true, 'end', $2::text)"
    spoilt = f"UPDATE annals.sagas SET status = $2, state = {facts} WHERE instance_id = $1"  # noqa: S608 - a constant
    await change(spoilt, changed.stream_id, "abandoned")
    await change("UPDATE annals.sagas SET instance_id = 'nobody' WHERE instance_id = $1", lost.stream_id)
    away = "UPDATE annals.saga_outbox SET command_id = $2 WHERE command_id = $1"
    first = await system.value("SELECT command_id FROM annals.saga_outbox WHERE instance_id = $1", silent.stream_id)
    another = await system.value("SELECT command_id FROM annals.commands WHERE type = 'users.CreateUser.v1' LIMIT 1")
    await change(away, first, another)
    code, report = await repaired(system)
    verdict = report["before"]
    assert (code, report["found"], report["repairs"]) == (1, verdict["found"], []), "what is right is not known"
    assert verdict["found"] == {
        "saga instance differs": 1,
        "saga instance missing": 1,
        "saga instance left over": 1,
        "saga step missing": 1,
        "saga step left over": 1,
        "saga step without outcome": 1,
    }
    assert named(verdict, "saga instance differs") == [f"welcome {changed.stream_id}"]
    assert named(verdict, "saga instance missing") == [f"welcome {lost.stream_id}"]
    assert named(verdict, "saga instance left over") == ["welcome nobody"]
    assert named(verdict, "saga step missing") == [f"welcome {silent.stream_id} welcome"]
    assert named(verdict, "saga step left over") == [f"welcome {silent.stream_id} welcome"]
    await change(away, another, first)
    await change("UPDATE annals.sagas SET instance_id = $1 WHERE instance_id = 'nobody'", lost.stream_id)
    await change(spoilt, changed.stream_id, "welcomed")
    assert (await verified(system))[1]["found"] == {}


async def test_names_a_step_without_outcome(system: System) -> None:
    (user,) = await settled_users(system, 1)
    outcome = await system.database.fetchrow(
        "DELETE FROM annals.commands WHERE type = 'users.WelcomeUser.v1' AND stream_id = $1 RETURNING *", user.stream_id
    )
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert code == 1
    assert named(verdict, "saga step without outcome") == [f"welcome {user.stream_id} welcome"]
    assert verdict["found"] == {
        "saga step without outcome": 1,
        "event without command": 1,
        "command never handled": 1,
    }
    async with system.database.acquire() as connection:
        failed = ["failed" if name == "status" else value for name, value in outcome.items()]
        await connection.copy_records_to_table("commands", schema_name="annals", records=[failed])
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert verdict["found"] == {"saga step failed": 1, "event without command": 1}
    await system.database.execute(
        "UPDATE annals.commands SET status = 'accepted' WHERE command_id = $1", outcome["command_id"]
    )
    assert (await verified(system))[1]["found"] == {}

"""`annals verify` on a running system: content when all is well, exact when something is not."""

import asyncio
import json

from tests.system import System, create_users
from tests.verification.command import verified
from tests.waiting import until


async def test_is_content_also_while_commands_come_in(system: System) -> None:
    for _ in range(5):
        await asyncio.to_thread(system.send, create_users(200))
    code, verdict = await verified(system)
    assert (code, verdict["content"], verdict["found"]) == (0, True, {})
    await system.handled(2000)
    await system.settled()
    code, verdict = await verified(system)
    assert code == 0
    assert verdict["looked_at"]["events compared with the log"] == 2000
    assert verdict["looked_at"]["streams compared with the documents of users"] == 1000


async def test_names_the_document_the_entry_and_the_record_that_are_wrong(system: System) -> None:
    spoilt, removed, unfindable = create_users(3)
    system.send([spoilt, removed, unfindable])
    prefix = f"{system.settings.topic_prefix}annals:users:1:"

    async def welcomed() -> bool:
        cards = await system.redis.mget(
            [f"{prefix}document:{each.stream_id}" for each in (spoilt, removed, unfindable)]
        )
        return all(card is not None and json.loads(card)["welcomed_at"] for card in cards)

    await until(welcomed, "the three have their cards")
    key = f"{prefix}document:{spoilt.stream_id}"
    card = json.loads(await system.redis.get(key))
    await system.redis.set(key, json.dumps({**card, "city": "Nowhere"}))
    await system.redis.delete(f"{prefix}document:{removed.stream_id}")
    entry = f"{unfindable.stream_id}@example.org".encode() + b"\x00" + unfindable.stream_id.encode()
    assert await system.redis.zrem(f"{prefix}index:email", entry) == 1
    code, verdict = await verified(system)
    assert code == 1
    wrong = {finding["where"] for finding in verdict["examples"]}
    assert {f"users {spoilt.stream_id}", f"users {removed.stream_id}"} <= wrong
    assert f"users email {unfindable.stream_id}@example.org" in wrong
    assert verdict["found"] == {"wrong document": 2, "index entry missing": 1}


async def test_names_a_foreign_record_in_the_log(system: System) -> None:
    await system.redis.flushdb()
    await system.settled()
    system.send([create_users(1)[0]._replace(headers=[("hello", b"world")])], topic="users.events")
    code, verdict = await verified(system)
    assert code == 1
    assert verdict["found"] == {"foreign record in the log": 1}
    assert system.topic("users.events") in verdict["examples"][0]["where"]

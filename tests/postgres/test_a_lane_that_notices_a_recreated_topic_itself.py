"""A topic is recreated while the owner of a lane notices by itself that it is another one: one interruption says so."""

import asyncio
from typing import Any

from infra.postgres.lanes import Lanes
from infra.postgres.pool import Database
from tests.postgres.batches import LANE, OTHER_LANE
from tests.waiting import until

HOLD = """
INSERT INTO annals.lanes (role, topic, partition, epoch, topic_id, consumed) VALUES ('command', $1, $2, 1, $3, 7)
"""
NOTICE = """
WITH lane AS (
    UPDATE annals.lanes SET topic_id = 'new', consumed = 0 WHERE topic = $1 AND partition = $2 RETURNING topic
)
INSERT INTO annals.log_interruptions (role, topic, partition, kind, former_topic_id, topic_id, consumed, start_offset,
                                      end_offset, resumed_at)
SELECT 'command', topic, $2, 'recreated', 'old', 'new', 7, 0, 0, 0 FROM lane
"""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


async def test_is_reported_once(database: Database, onlooker: Any) -> None:
    for lane in (LANE, OTHER_LANE):
        await onlooker.execute(HOLD, lane.topic, lane.partition, "old")
    async with database.connection() as owner:
        transaction = owner.transaction()
        await transaction.start()
        await owner.execute(NOTICE, LANE.topic, LANE.partition)
        restarting = asyncio.create_task(Lanes(database).restart(LANE.topic, "new", "removed"))

        async def waits() -> bool:
            return bool(await onlooker.fetchval(WAITING))

        await until(waits, "the restart waits for the owner's transaction")
        await transaction.commit()
    await restarting
    rows = await onlooker.fetch("SELECT partition, former_topic_id FROM annals.log_interruptions ORDER BY partition")
    assert [tuple(row) for row in rows] == [(LANE.partition, "old"), (OTHER_LANE.partition, "old")]
    assert await onlooker.fetch("SELECT DISTINCT topic_id, consumed, epoch FROM annals.lanes") == [("new", 0, 2)]

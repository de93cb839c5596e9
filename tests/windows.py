"""The windows that a running system has published, beside what the event table says they are: counted by the database,
with nothing of the code that folds them.
"""

from collections.abc import Mapping
from typing import Any

from infra.kafka.windows import KafkaWindows
from tests.system import System
from tests.waiting import until
from workers.core.analytics import WindowKey

COUNTED = """
WITH happened AS (
    SELECT context, stream_id, type, data, floor(extract(epoch FROM recorded_at)) AS at
      FROM annals.events
), placed AS (
    SELECT stream_id, at FROM happened WHERE context = 'orders' AND type = 'OrderPlaced'
), sums AS (
    SELECT 'orders' AS series, size, at, lower(replace(happened.type, 'Order', '')) AS field, 1::numeric AS amount
      FROM (SELECT events.type, placed.at FROM happened AS events JOIN placed USING (stream_id)
             WHERE context = 'orders' AND type <> 'OrderShipped') AS happened, (VALUES (60), (3600)) AS sizes (size)
    UNION ALL
    SELECT 'revenue', 3600, at, data->>'currency', (data->>'amount')::numeric * 100 FROM happened
     WHERE context = 'payments' AND type = 'FundsCaptured'
    UNION ALL
    SELECT 'payment_declines', size, at, data->>'reason', 1 FROM happened, (VALUES (60), (3600)) AS sizes (size)
     WHERE context = 'payments' AND type = 'FundsDeclined'
    UNION ALL
    SELECT 'stock_declines', size, at, data->>'reason', 1 FROM happened, (VALUES (60), (3600)) AS sizes (size)
     WHERE context = 'inventory' AND type = 'StockDeclined'
    UNION ALL
    SELECT 'demand', 3600, at, stream_id, (data->>'quantity')::numeric FROM happened
     WHERE context = 'inventory' AND type = 'StockReserved'
)
SELECT series, size, floor(at / size)::bigint * size AS start, field, sum(amount)::bigint AS total
  FROM sums GROUP BY 1, 2, 3, 4
"""


async def counted(system: System) -> dict[WindowKey, dict[str, int]]:
    """The windows as the database counts them in the table of events."""
    windows: dict[WindowKey, dict[str, int]] = {}
    for row in await system.database.fetch(COUNTED):
        windows.setdefault(WindowKey(row["series"], row["size"], row["start"]), {})[row["field"]] = row["total"]
    return windows


async def published(windows: KafkaWindows) -> dict[WindowKey, dict[str, int]]:
    """The windows of the whole system as they are published, without the times that orders took."""
    panes = (await windows.published()).panes()
    return {key: without_times(totals) for key, totals in panes.items()}


def without_times(totals: Mapping[str, int]) -> dict[str, int]:
    """The sums without the counts of how long something took."""
    return {field: amount for field, amount in totals.items() if not field.startswith("took:")}


async def windows_equal_the_table(system: System, *, seconds: float = 60.0) -> KafkaWindows:
    """Wait until the published windows are those that the database counts. The reader, to be stopped."""
    reader = KafkaWindows(system.settings)
    differing: Any = None

    async def equal() -> bool:
        nonlocal differing
        wanted, read = await counted(system), await published(reader)
        differing = {key: (read.get(key), wanted.get(key)) for key in wanted.keys() | read.keys()}
        differing = {key: pair for key, pair in differing.items() if pair[0] != pair[1]}
        return not differing and bool(wanted)

    try:
        await until(equal, "the published windows are those of the table", seconds=seconds, every=1.0)
    except AssertionError as error:
        error.add_note(f"published, counted: {dict(list(differing.items())[:10])}")
        raise
    finally:
        await reader.stop()
    return reader

"""A burst of orders: settled a second, and the processor time that each costs all processes together."""

from collections.abc import Mapping
from typing import NamedTuple

from contracts.payments.events import FundsCaptured
from infra.measuring.bench.drained import long_enough
from infra.measuring.bench.installation import Installation
from infra.measuring.bench.orders.shop import EVENTS_AN_ORDER
from infra.measuring.bench.orders.workers import ROLES, open_shop
from infra.measuring.bench.processor_time import Meter


class Orders(NamedTuple):
    """`cpu_microseconds` of an order by process: a worker of each role, and each server that runs here. `saga_share`:
    of the workers' time. `used`: the share of all processors that these processes used until all orders were settled;
    `busy`: that anything kept busy.
    """

    orders: int
    per_second: float
    cpu_microseconds: dict[str, float]
    worker_cpu_microseconds: float
    saga_share: float
    used: float
    busy: float

    def compared(self) -> Mapping[str, object]:
        """What another run's can be divided by: not the number of orders."""
        figures = {name: value for name, value in self._asdict().items() if name != "orders"}
        return figures | {"cpu_microseconds": long_enough(self.cpu_microseconds, self.orders)}


async def measure_orders(installation: Installation, count: int) -> Orders:
    """Settle so many orders that are placed at once. Raises Stalled or Unavailable."""
    async with open_shop(installation) as open_:
        since = await installation.measurements.now()
        meter = Meter({**open_.processes, **installation.server_processes})
        await open_.handled(open_.shop.orders(count), count * EVENTS_AN_ORDER)
        settling = meter.read()
        await open_.caught_up()
        used = meter.read().microseconds_each(count)
        times = await open_.times_until(FundsCaptured, since, count)
    by_workers = sum(used[role] for role in ROLES)
    saga_share = used["saga"] / by_workers
    return Orders(count, count / times.seconds, used, by_workers, saga_share, settling.used, settling.busy)

"""All latencies, each beside its floor: at the same rate, in the same installation or one with as many lanes."""

from collections.abc import Sequence
from typing import NamedTuple

from infra.measuring.bench.installation import NewInstallation
from infra.measuring.bench.latency.commands import command_latencies, write_latency
from infra.measuring.bench.latency.confirmation import HOPS, confirmation_latency
from infra.measuring.bench.latency.floor import floor
from infra.measuring.bench.latency.times import Times
from infra.measuring.bench.processes import worker


class LatencyPlan(NamedTuple):
    """Commands, writes over HTTP and orders a second; how many seconds of each, and before it to warm up; how many
    lanes a context.
    """

    rates: Sequence[int] = (500, 1000)
    writes_per_second: int = 100
    orders_per_second: int = 10
    seconds: float = 5.0
    warm_up_seconds: float = 2.0
    lanes: int = 24


class Pair(NamedTuple):
    """What the bare drivers take, what Annals takes, and how many times as long that is."""

    floor: Times
    annals: Times
    p50_ratio: float
    p99_ratio: float

    @staticmethod
    def of(floor: Times, annals: Times) -> "Pair":
        """Both with their ratios."""
        return Pair(floor, annals, annals.p50 / floor.p50, annals.p99 / floor.p99)


async def measure_latency(new_installation: NewInstallation, plan: LatencyPlan) -> dict[str, Pair]:
    """Latencies by what they are of. Raises Unavailable, KafkaUnavailable, Stalled, SetupFailed or TimeoutError."""
    rates, orders, writes = plan.rates, plan.orders_per_second, plan.writes_per_second
    warm_up, seconds = plan.warm_up_seconds, plan.seconds
    async with new_installation(plan.lanes) as running:
        async with floor(running, warm_up) as bare:
            floors = {rate: await bare.there_and_back(rate, seconds) for rate in rates}
            floor_of_writes = await bare.there_and_back(writes, seconds)
            floor_of_orders = await bare.chain(HOPS, orders, seconds)
        async with worker(running, "command"):
            commands = await command_latencies(running, rates, warm_up, seconds)
            writes_over_http = await write_latency(running, writes, warm_up, seconds)
    # In another installation, where the sagas have nothing to do for the users of the first.
    async with new_installation(plan.lanes) as running:
        confirmation = await confirmation_latency(running, orders, seconds)
    return {
        **{f"{rate} commands/s": Pair.of(floors[rate], commands[rate]) for rate in rates},
        f"{writes} writes/s over HTTP": Pair.of(floor_of_writes, writes_over_http),
        f"{orders} orders/s, placed to confirmed": Pair.of(floor_of_orders, confirmation),
    }

"""One run: every part that was asked for, in rounds, for one checkout or for two in turn.

With two checkouts each round measures one part of the first and then the same part of the second (a b a b …), so that
what else happens on the machine meets both. Figures are medians over the rounds.
"""

import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import psutil

from infra.measuring.bench.checkout import Checkout
from infra.measuring.bench.commands import measure_commands
from infra.measuring.bench.flat.run import FlatPlan, measure_flat
from infra.measuring.bench.idle import measure_idle
from infra.measuring.bench.installation import installation
from infra.measuring.bench.latency.run import LatencyPlan, measure_latency
from infra.measuring.bench.medians import median_of
from infra.measuring.bench.orders.burst import measure_orders
from infra.measuring.bench.peer.run import measure_peer
from infra.measuring.bench.reads.run import measure_reads
from infra.measuring.bench.servers import Servers, servers
from infra.settings import Settings

ONCE = frozenset({"idle", "flat"})
"""Parts that take long and vary little: measured in one round."""


class Plan(NamedTuple):
    """What to measure (`parts`: those of ON_SERVERS, and `idle`) and how much of it; seconds for each measurement."""

    parts: Sequence[str]
    rounds: int = 3
    commands: int = 60_000
    orders: int = 1000
    latency: LatencyPlan = LatencyPlan()
    read_seconds: float = 3.0
    idle_seconds: float = 60.0
    idle_lanes: int = 24
    flat: FlatPlan = FlatPlan()


class Measured(NamedTuple):
    """What was measured of one checkout: by part the medians, and the results of each round."""

    checkout: str
    medians: Mapping[str, Any]
    rounds: Mapping[str, Sequence[Any]]


async def _commands(checkout: Checkout, shared: Servers, plan: Plan) -> object:
    async with installation(checkout, shared) as running:
        return await measure_commands(running, plan.commands)


async def _peer(_: Checkout, shared: Servers, __: Plan) -> object:
    return await measure_peer(shared)


async def _orders(checkout: Checkout, shared: Servers, plan: Plan) -> object:
    async with installation(checkout, shared) as running:
        return await measure_orders(running, plan.orders)


async def _latency(checkout: Checkout, shared: Servers, plan: Plan) -> object:
    return await measure_latency(checkout, shared, plan.latency)


async def _reads(checkout: Checkout, shared: Servers, plan: Plan) -> object:
    async with installation(checkout, shared) as running:
        return await measure_reads(running, plan.read_seconds)


async def _flat(checkout: Checkout, shared: Servers, plan: Plan) -> object:
    return await measure_flat(checkout, shared, plan.flat)


async def _idle(settings: Settings, plan: Plan, checkout: Checkout) -> object:
    return await measure_idle(checkout, settings, plan.idle_lanes, plan.idle_seconds)


async def _on_servers(part: str, shared: Servers, plan: Plan, checkout: Checkout) -> object:
    return await ON_SERVERS[part](checkout, shared, plan)


ON_SERVERS: Mapping[str, Callable[[Checkout, Servers, Plan], Awaitable[object]]] = {
    "commands": _commands,
    "peer": _peer,
    "orders": _orders,
    "latency": _latency,
    "reads": _reads,
    "flat": _flat,
}
"""The parts that run on the servers of the run, in this order; an idle installation has servers of its own."""


async def measure(
    settings: Settings, checkouts: Sequence[Checkout], plan: Plan, say: Callable[[str], None]
) -> Sequence[Measured]:
    """Measure each checkout; `say` gets the progress. Raises Unavailable, Stalled, SetupFailed, DevstackError or
    TimeoutError.
    """
    results: dict[str, Mapping[Checkout, Sequence[Any]]] = {}

    async def measured(part: str, work: Callable[[Checkout], Awaitable[object]]) -> None:
        rounds = 1 if part in ONCE else plan.rounds
        results[part] = await in_turn(checkouts, rounds, work, lambda turn: say(f"{part}, {turn}"))

    on_servers = [part for part in ON_SERVERS if part in plan.parts]
    if on_servers:
        async with servers(settings, say) as shared:
            for part in on_servers:
                await measured(part, partial(_on_servers, part, shared, plan))
    if "idle" in plan.parts:
        await measured("idle", partial(_idle, settings, plan))
    return [
        Measured(
            checkout.name,
            {part: median_of(of_checkout[checkout]) for part, of_checkout in results.items()},
            {part: of_checkout[checkout] for part, of_checkout in results.items()},
        )
        for checkout in checkouts
    ]


async def in_turn(
    checkouts: Sequence[Checkout],
    rounds: int,
    work: Callable[[Checkout], Awaitable[object]],
    say: Callable[[str], None],
) -> Mapping[Checkout, Sequence[object]]:
    """The results of so many rounds; in each round every checkout has its turn."""
    results: dict[Checkout, list[object]] = {checkout: [] for checkout in checkouts}
    for number in range(1, rounds + 1):
        for checkout in checkouts:
            say(f"round {number} of {rounds}: {checkout.name}")
            results[checkout].append(await work(checkout))
    return results


def machine() -> str:
    """What the run was on."""
    memory = round(psutil.virtual_memory().total / 2**30)
    return f"{psutil.cpu_count()} processors, {memory} GiB, Python {platform.python_version()}, {platform.system()}"

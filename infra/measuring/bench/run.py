"""One run: every part that was asked for, in rounds, for one checkout or for two in turn.

With two checkouts each round measures one part of the first and then the same part of the second, and the next round in
the other order (a b b a …), so that what else happens on the machine, and servers that have just started, meet both.
Figures are medians over the rounds.
"""

import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import psutil

from infra.measuring.bench.checkout import Checkout
from infra.measuring.bench.commands import measure_commands
from infra.measuring.bench.flat.run import FlatPlan, measure_flat
from infra.measuring.bench.identified import measure_identity
from infra.measuring.bench.idle import measure_idle
from infra.measuring.bench.installation import NewInstallation, installation
from infra.measuring.bench.latency.run import LatencyPlan, measure_latency
from infra.measuring.bench.medians import Ratio, median_of, ratios
from infra.measuring.bench.orders.burst import measure_orders
from infra.measuring.bench.peer.run import SAVES, measure_peer
from infra.measuring.bench.reads.run import measure_reads
from infra.measuring.bench.servers import Servers, servers
from infra.settings import Settings

ONCE = frozenset({"idle", "flat"})
"""Parts that take long and vary little: measured in one round."""

PEER = "peer"


class Plan(NamedTuple):
    """What to measure (`parts`: those of ON_SERVERS, `peer`, and `idle`) and how much of it; seconds for each
    measurement.
    """

    parts: Sequence[str]
    rounds: int = 3
    commands: int = 60_000
    peer_saves: int = SAVES
    orders: int = 1000
    latency: LatencyPlan = LatencyPlan()
    read_seconds: float = 3.0
    settle_seconds: float = 60.0
    idle_seconds: float = 60.0
    idle_lanes: int = 24
    flat: FlatPlan = FlatPlan()


class Measured(NamedTuple):
    """What was measured of one checkout: by part the medians, and the results of each round."""

    checkout: str
    medians: Mapping[str, Any]
    rounds: Mapping[str, Sequence[Any]]


async def _commands(new_installation: NewInstallation, plan: Plan) -> object:
    async with new_installation() as running:
        return await measure_commands(running, plan.commands)


async def _orders(new_installation: NewInstallation, plan: Plan) -> object:
    async with new_installation() as running:
        return await measure_orders(running, plan.orders)


async def _latency(new_installation: NewInstallation, plan: Plan) -> object:
    return await measure_latency(new_installation, plan.latency)


async def _reads(new_installation: NewInstallation, plan: Plan) -> object:
    async with new_installation() as running:
        return await measure_reads(running, plan.read_seconds)


async def _identity(new_installation: NewInstallation, plan: Plan) -> object:
    return await measure_identity(new_installation, plan.commands)


async def _flat(new_installation: NewInstallation, plan: Plan) -> object:
    return await measure_flat(new_installation, plan.flat)


ON_SERVERS: Mapping[str, Callable[[NewInstallation, Plan], Awaitable[object]]] = {
    "commands": _commands,
    "orders": _orders,
    "latency": _latency,
    "reads": _reads,
    "identity": _identity,
    "flat": _flat,
}
"""The parts that run on the servers of the run, in this order; an idle installation has servers of its own."""


async def _on_servers(part: str, shared: Servers, plan: Plan, checkout: Checkout) -> object:
    return await ON_SERVERS[part](partial(installation, checkout, shared), plan)


async def _idle(settings: Settings, plan: Plan, checkout: Checkout) -> object:
    return await measure_idle(checkout, settings, plan.idle_lanes, plan.settle_seconds, plan.idle_seconds)


class Turn(NamedTuple):
    """A measurement that has its turn in each round of a part; `checkout`: None for the peer, the same for all."""

    part: str
    checkout: Checkout | None
    work: Callable[[], Awaitable[object]]


class Run:
    """Measures each checkout. What it has measured can be asked for at any time, also after a failure."""

    def __init__(self, checkouts: Sequence[Checkout], plan: Plan) -> None:
        self._checkouts = checkouts
        self._plan = plan
        self._results: dict[str, dict[Checkout | None, list[object]]] = {}

    async def measure(self, settings: Settings, say: Callable[[str], None]) -> None:
        """`say` gets the progress. Raises Unavailable, KafkaUnavailable, Stalled, TooLittleWork, ProcessEnded,
        WrongAnswer, SetupFailed, DevstackError or TimeoutError.
        """
        plan = self._plan
        on_servers = [part for part in ON_SERVERS if part in plan.parts]
        if on_servers or PEER in plan.parts:
            async with servers(settings, say) as shared:
                # The peer has its turn beside what is compared with it.
                peer = [Turn(PEER, None, partial(measure_peer, shared, plan.peer_saves))] if PEER in plan.parts else []
                for part in on_servers:
                    work = partial(_on_servers, part, shared, plan)
                    await self.in_rounds([*self._turns(part, work), *(peer if part == "commands" else [])], say)
                if "commands" not in on_servers:
                    await self.in_rounds(peer, say)
        if "idle" in plan.parts:
            await self.in_rounds(self._turns("idle", partial(_idle, settings, plan)), say)

    def _turns(self, part: str, work: Callable[[Checkout], Awaitable[object]]) -> list[Turn]:
        return [Turn(part, checkout, partial(work, checkout)) for checkout in self._checkouts]

    async def in_rounds(self, turns: Sequence[Turn], say: Callable[[str], None]) -> None:
        """In each round every one has its turn; every other round in the other order."""
        for part, checkout, _ in turns:
            self._results.setdefault(part, {})[checkout] = []
        rounds = 1 if any(turn.part in ONCE for turn in turns) else self._plan.rounds
        for number in range(1, rounds + 1):
            for part, checkout, work in turns if number % 2 else reversed(turns):
                say(f"{part}, round {number} of {rounds}{'' if checkout is None else f': {checkout.name}'}")
                self._results[part][checkout].append(await work())

    def measured(self) -> Sequence[Measured]:
        """Of each checkout the parts of which there is a result of every one by now, over as many rounds of each."""
        answer = []
        for checkout in self._checkouts:
            rounds = {
                part: (results.get(checkout) or results[None])[: min(map(len, results.values()))]
                for part, results in self._results.items()
                if all(results.values())
            }
            medians = {part: median_of(results) for part, results in rounds.items()}
            answer.append(Measured(checkout.name, medians, rounds))
        return answer


def ratios_of(first: Measured, second: Measured) -> dict[str, Ratio]:
    """The ratios of the medians, without the peer, which is measured once for both."""
    ours, others = (
        {part: result for part, result in measured.medians.items() if part != PEER} for measured in (first, second)
    )
    return ratios(ours, others)


def machine() -> str:
    """What the run was on."""
    memory = round(psutil.virtual_memory().total / 2**30)
    return f"{psutil.cpu_count()} processors, {memory} GiB, Python {platform.python_version()}, {platform.system()}"

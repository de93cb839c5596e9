"""A small installation: three servers, two workers of every role, two clients, and whatever happens to them.

The loops are the real ones; only what they reach over the network is a twin. A worker that was killed is started again
by somebody, as an orchestrator does.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from tests.simulation.burial import bury
from tests.simulation.commands import BEGIN, CLIENTS, COMMANDS, Order
from tests.simulation.faults import SLOTS, Fault
from tests.simulation.loop import SimulatedLoop, Standstill
from tests.simulation.network import Network, SimulatedWire
from tests.simulation.process import Condition, Process
from tests.simulation.roles import Place, Servers, host_for
from tests.simulation.strikes import strike
from workers.lanes.host import LaneHost
from workers.ports.lanes import Unavailable
from workers.ports.log import InboundRecord

STOP_TIMEOUT_SECONDS = 20.0
RETRY_DELAY_SECONDS = 1.0
MOST_SECONDS_TO_REST = 150.0
LOOK_INTERVAL_SECONDS = 0.5


class Plan(NamedTuple):
    """A schedule: everything else follows from it, to the last step."""

    seed: int
    orders: tuple[Order, ...]
    faults: tuple[Fault, ...]


class Slot:
    """A place for a worker, and who is in it now."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.role = name.partition("-")[0]
        self.started = 0
        self.process: Process | None = None
        self.host: LaneHost | None = None
        self.stopping = False


class World:
    """One run of one plan."""

    def __init__(self, plan: Plan, *, trace: bool = False) -> None:
        self.plan = plan
        self.trace: list[str] | None = [] if trace else None
        # asyncio's loops are not abstract, mypy's are; ours has what is asked for here.
        self.loop = SimulatedLoop(Random(f"{plan.seed} turns"))  # type: ignore[abstract]
        self.network = Network(self.loop, Random(f"{plan.seed} network"), self.note, traced=trace)
        self.database_jumped_seconds = 0.0
        self.servers = Servers(lambda: self.loop.now, self.database_now)
        self.accepted: list[Order] = []
        self.slots = {name: Slot(name) for name in SLOTS}
        self.processes: list[Process] = []
        self.rested = False
        self.shortened: set[int] = set()
        self.lost_commands: defaultdict[int, list[tuple[int, Sequence[InboundRecord]]]] = defaultdict(list)
        self.lost = False
        self.injected: Counter[str] = Counter()

    def database_now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.loop.now + self.database_jumped_seconds)

    def note(self, *what: object) -> None:
        """Write down what happened, if anybody wants to know."""
        if self.trace is not None:
            self.trace.append(f"{self.loop.now:10.4f}  {'  '.join(map(str, what))}")

    def run(self, at_rest: Callable[["World"], bool]) -> None:
        """From the first command until `at_rest`, or until waiting for that makes no sense any more."""
        random.seed(f"{self.plan.seed} jitter")
        for slot in self.slots.values():
            self.start(slot)
        for number in range(CLIENTS):
            self._start_client(number)
        for fault in self.plan.faults:
            self.loop.outside_at(fault.at, strike, self, fault)
        ends = [fault.at + fault.seconds for fault in self.plan.faults]
        calm = max([*ends, *(order.at for order in self.plan.orders)], default=0.0)
        self._until(calm + 1.0)
        if self.shortened:
            self._mend_the_log()
        while self.loop.now < calm + MOST_SECONDS_TO_REST:
            if self.network.still_to_come == 0 and at_rest(self):
                if self.rested:
                    return
                self.rested = True
            else:
                self.rested = False
            self._until(self.loop.now + LOOK_INTERVAL_SECONDS)
        self.rested = False

    def _mend_the_log(self) -> None:
        """What an operator does after the broker has lost records: start the lanes' owners anew, who fill the log.

        A follower of the log stands behind its end then, where he sees nothing until the log has grown beyond him: what
        he misses meanwhile he reads from the table.
        """
        for slot in self.slots.values():
            if slot.role == "command":
                self.kill(slot, 0.5)

    def _until(self, moment: float) -> None:
        over: list[bool] = []
        self.loop.outside_at(moment, over.append, True)
        try:
            self.loop.run_while(lambda: not over)
        except Standstill:
            return

    def bury(self) -> None:
        """End everything without a word."""
        self.loop.close()
        for process in self.processes:
            bury(process)

    # Workers

    def start(self, slot: Slot) -> None:
        """Put a new process into a slot."""
        slot.started += 1
        slot.stopping = False
        process = slot.process = Process(slot.name)
        self.processes.append(process)
        self.note("start", slot.name)
        self.loop.spawn(process, lambda: self._work(slot, process))

    async def _work(self, slot: Slot, process: Process) -> None:
        """What infra.processes.worker does: hold lanes, and begin anew when even joining the group fails."""
        delay = RETRY_DELAY_SECONDS
        place = Place(
            self.servers,
            SimulatedWire(self.network, self.loop, process),
            SimulatedWire(self.network, self.loop, process, produces=True),
            self.loop.clock_of(process),
            f"{slot.name}.{slot.started}",
        )
        while not slot.stopping:
            slot.host = host_for(slot.role, place)
            try:
                await slot.host.run()
            except Unavailable:
                await asyncio.sleep(delay)
                delay = min(delay * 2, 10.0)

    def kill(self, slot: Slot, restart_seconds: float) -> None:
        """kill -9, and a new process after a while."""
        process = slot.process
        if process is None or process.condition is Condition.dead:
            return
        self.note("kill", slot.name)
        self.loop.kill(process)
        self.loop.outside_at(self.loop.now + restart_seconds, self._restart, slot, process)

    def stop(self, slot: Slot, restart_seconds: float) -> None:
        """SIGTERM, a new process once it has ended, and SIGKILL when it does not end."""
        process = slot.process
        if process is None or process.condition is Condition.dead or slot.stopping:
            return
        slot.stopping = True
        if slot.host is not None:
            slot.host.stop()
        self.note("stop", slot.name)
        deadline = self.loop.now + STOP_TIMEOUT_SECONDS

        def look() -> None:
            if slot.process is not process or process.condition is Condition.dead:
                return
            if process.tasks[0].done():
                self.loop.kill(process)
                self._restart(slot, process)
            elif self.loop.now > deadline:
                self.kill(slot, restart_seconds)
            else:
                self.loop.outside_at(self.loop.now + restart_seconds, look)

        look()

    def _restart(self, slot: Slot, process: Process) -> None:
        if slot.process is process:
            self.start(slot)

    # Clients

    def _start_client(self, number: int) -> None:
        process = Process(f"client-{number}")
        self.processes.append(process)
        wire = SimulatedWire(self.network, self.loop, process)
        orders = [order for order in self.plan.orders if order.client == number]

        async def main() -> None:
            sending: list[asyncio.Task[None]] = []
            for order in orders:
                await asyncio.sleep(max(order.at - self.loop.now, 0))
                sending.append(asyncio.create_task(self._send(wire, order)))
            await asyncio.gather(*sending)

        self.loop.spawn(process, main)

    async def _send(self, wire: SimulatedWire, order: Order) -> None:
        for _ in range(order.tries):
            try:
                await wire.call("Kafka", lambda: self.servers.broker.append(COMMANDS, order.partition, [order.record]))
            except Unavailable:
                await asyncio.sleep(0.3)
            else:
                self.accepted.append(order)
                return

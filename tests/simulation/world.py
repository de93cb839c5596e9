"""A small installation: three servers, two workers of every role, two clients, and the faults of a plan.

The workers' loops are the real ones; what they reach over the network is in memory. A killed worker is started again
after a while, as an orchestrator does.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from tests.simulation.commands import BEGIN, CLIENTS, COMMANDS, Submission
from tests.simulation.fault_injector import inject
from tests.simulation.faults import SLOTS, Fault
from tests.simulation.killed_process import discard
from tests.simulation.loop import SimulatedLoop, Standstill
from tests.simulation.network import Network, SimulatedWire
from tests.simulation.process import Condition, Process
from tests.simulation.roles import Servers, WorkerEnvironment, host_for
from workers.lanes.host import LaneHost
from workers.ports.lanes import Unavailable
from workers.ports.log import InboundRecord

STOP_TIMEOUT_SECONDS = 20.0
RETRY_DELAY_SECONDS = 1.0
MAX_SECONDS_TO_REST = 150.0
CHECK_INTERVAL_SECONDS = 0.5


class Plan(NamedTuple):
    """What happens in a schedule. Every step of the run follows from it."""

    seed: int
    submissions: tuple[Submission, ...]
    faults: tuple[Fault, ...]


class WorkerSlot:
    """A place for a worker process, and the process that is in it now."""

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
        # To mypy asyncio's loops are abstract. This one has all methods that are called here.
        self.loop = SimulatedLoop(Random(f"{plan.seed} turns"))  # type: ignore[abstract]
        self.network = Network(self.loop, Random(f"{plan.seed} network"), self.note, traced=trace)
        self.database_jumped_seconds = 0.0
        self.servers = Servers(lambda: self.loop.now, self.database_now)
        self.accepted: list[Submission] = []
        self.slots = {name: WorkerSlot(name) for name in SLOTS}
        self.processes: list[Process] = []
        self.rested = False
        self.shortened: set[int] = set()
        self.lost_commands: defaultdict[int, list[tuple[int, Sequence[InboundRecord]]]] = defaultdict(list)
        self.lost = False
        self.injected: Counter[str] = Counter()

    def database_now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.loop.now + self.database_jumped_seconds)

    def note(self, *parts: object) -> None:
        """Add a line to the trace, if there is one."""
        if self.trace is not None:
            self.trace.append(f"{self.loop.now:10.4f}  {'  '.join(map(str, parts))}")

    def run(self, at_rest: Callable[["World"], bool]) -> None:
        """Run from the first command until `at_rest` holds twice in a row, or a bounded time after the last fault."""
        random.seed(f"{self.plan.seed} jitter")
        for slot in self.slots.values():
            self.start(slot)
        for number in range(CLIENTS):
            self._start_client(number)
        for fault in self.plan.faults:
            self.loop.outside_at(fault.at, inject, self, fault)
        ends = [fault.at + fault.seconds for fault in self.plan.faults]
        calm = max([*ends, *(submission.at for submission in self.plan.submissions)], default=0.0)
        self._until(calm + 1.0)
        if self.shortened:
            self._restart_publishers()
        while self.loop.now < calm + MAX_SECONDS_TO_REST:
            if self.network.still_to_come == 0 and at_rest(self):
                if self.rested:
                    return
                self.rested = True
            else:
                self.rested = False
            self._until(self.loop.now + CHECK_INTERVAL_SECONDS)
        self.rested = False

    def _restart_publishers(self) -> None:
        """What an operator does after the broker has lost records: restart the lanes' owners, which fill the log.

        A reader of the log may then stand behind its end, where it sees nothing until the log has grown beyond it. What
        it misses meanwhile it reads from the table.
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

    def discard(self) -> None:
        """Close all tasks silently."""
        self.loop.close()
        for process in self.processes:
            discard(process)

    # Workers

    def start(self, slot: WorkerSlot) -> None:
        """Put a new process into a slot."""
        slot.started += 1
        slot.stopping = False
        process = slot.process = Process(slot.name)
        self.processes.append(process)
        self.note("start", slot.name)
        self.loop.spawn(process, lambda: self._work(slot, process))

    async def _work(self, slot: WorkerSlot, process: Process) -> None:
        """What infra.processes.worker does: hold lanes, and start again when even joining the group fails."""
        delay = RETRY_DELAY_SECONDS
        environment = WorkerEnvironment(
            self.servers,
            SimulatedWire(self.network, self.loop, process),
            SimulatedWire(self.network, self.loop, process, produces=True),
            self.loop.clock_of(process),
            f"{slot.name}.{slot.started}",
        )
        while not slot.stopping:
            slot.host = host_for(slot.role, environment)
            try:
                await slot.host.run()
            except Unavailable:
                await asyncio.sleep(delay)
                delay = min(delay * 2, 10.0)

    def kill(self, slot: WorkerSlot, restart_seconds: float) -> None:
        """kill -9, and a new process after a while."""
        process = slot.process
        if process is None or process.condition is Condition.dead:
            return
        self.note("kill", slot.name)
        self.loop.kill(process)
        self.loop.outside_at(self.loop.now + restart_seconds, self._restart, slot, process)

    def stop(self, slot: WorkerSlot, restart_seconds: float) -> None:
        """SIGTERM, a new process once this one has ended, and SIGKILL if it does not end in time."""
        process = slot.process
        if process is None or process.condition is Condition.dead or slot.stopping:
            return
        slot.stopping = True
        if slot.host is not None:
            slot.host.stop()
        self.note("stop", slot.name)
        deadline = self.loop.now + STOP_TIMEOUT_SECONDS

        def check() -> None:
            if slot.process is not process or process.condition is Condition.dead:
                return
            if process.tasks[0].done():
                self.loop.kill(process)
                self._restart(slot, process)
            elif self.loop.now > deadline:
                self.kill(slot, restart_seconds)
            else:
                self.loop.outside_at(self.loop.now + restart_seconds, check)

        check()

    def _restart(self, slot: WorkerSlot, process: Process) -> None:
        if slot.process is process:
            self.start(slot)

    # Clients

    def _start_client(self, number: int) -> None:
        process = Process(f"client-{number}")
        self.processes.append(process)
        wire = SimulatedWire(self.network, self.loop, process)
        submissions = [submission for submission in self.plan.submissions if submission.client == number]

        async def main() -> None:
            sending: list[asyncio.Task[None]] = []
            for submission in submissions:
                await asyncio.sleep(max(submission.at - self.loop.now, 0))
                sending.append(asyncio.create_task(self._send(wire, submission)))
            await asyncio.gather(*sending)

        self.loop.spawn(process, main)

    async def _send(self, wire: SimulatedWire, submission: Submission) -> None:
        for _ in range(submission.tries):
            try:
                await wire.call(
                    "Kafka", lambda: self.servers.broker.append(COMMANDS, submission.partition, [submission.record])
                )
            except Unavailable:
                await asyncio.sleep(0.3)
            else:
                self.accepted.append(submission)
                return

"""One fault after another under load: a quiet time, a fault, and the wait until every lane has recovered.

A fault waits for the recovery from the previous one, or for that one's deadline; so each recovery is that of one fault.
"""

import asyncio
from pathlib import Path
from typing import NamedTuple

from infra.devstack.errors import DevstackError
from infra.measuring.soak.fault_injector import FaultInjector, NoVictim
from infra.measuring.soak.fault_plan import Fault, Kind, fault_plan
from infra.measuring.soak.load import Load
from infra.measuring.soak.probe import DEADLINE_SECONDS, Probe
from infra.measuring.soak.progress import ProgressListener
from infra.measuring.soak.report import InjectedFault
from workers.ports.lanes import Unavailable

START_SECONDS = 120.0
TICK_SECONDS = 0.5


class SoakPlan(NamedTuple):
    """What the run is to do. It continues past `seconds` until each kind of fault has been injected once."""

    seconds: float
    per_second: float
    workers: int
    kinds: tuple[Kind, ...]
    quiet_seconds: float
    seed: int


class NeverHealthy(Exception):
    """The system was not healthy before the first fault; the logs of the workers say why."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"the workers were not well within {START_SECONDS:g} s of their start; see {home / 'log'}")
        self.home = home


class FaultSequence:
    """The faults of one run, and the recovery from each."""

    def __init__(
        self,
        plan: SoakPlan,
        injector: FaultInjector,
        probe: Probe,
        listener: ProgressListener,
        stopping: asyncio.Event,
    ) -> None:
        self.injected: list[InjectedFault] = []
        self.aborted_by: str | None = None
        self._plan = plan
        self._injector = injector
        self._probe = probe
        self._listener = listener
        self._stopping = stopping
        self._started = 0.0

    async def run(self, load: Load, home: Path) -> float:
        """Start the load, inject the faults, stop the load. Returns for how many seconds the load was on.

        Raises NeverHealthy.
        """
        self._listener.activity("waiting until every lane is served")
        if await self._probe.recovery(START_SECONDS) is None:
            raise NeverHealthy(home)
        self._started = asyncio.get_running_loop().time()
        loading = asyncio.create_task(load.run())
        try:
            await self._inject_all(loading)
        finally:
            load.stop()
        seconds = self._elapsed()
        self._listener.activity("the load has ended; waiting for answers")
        await loading
        return seconds

    async def _inject_all(self, loading: asyncio.Task[None]) -> None:
        remaining = set(self._plan.kinds)
        for fault in fault_plan(self._plan.kinds, self._plan.quiet_seconds, self._plan.seed):
            await self._quiet(fault.quiet_seconds, loading)
            time_is_up = self._elapsed() >= self._plan.seconds and not remaining
            if self._stopping.is_set() or loading.done() or time_is_up:
                return
            try:
                await self._inject(fault)
            except (NoVictim, DevstackError, Unavailable) as error:
                self.aborted_by = str(error)
                self._listener.event(f"the plan breaks off: {error}")
                return
            remaining.discard(fault.kind)
        await self._quiet(self._plan.seconds, loading)

    async def _inject(self, fault: Fault) -> None:
        self._listener.activity(fault.kind.value)
        await self._injector.inject(fault)
        self._listener.activity(f"{fault.kind.value}: over; waiting for recovery")
        at_seconds = self._elapsed()
        recovery = await self._probe.recovery()
        self.injected.append(InjectedFault(fault.kind, at_seconds, recovery))
        if recovery is None:
            result = f"NOT recovered within {DEADLINE_SECONDS:g} s"
        else:
            result = f"recovered in {recovery.seconds:.1f} s"
        self._listener.event(f"{at_seconds:7.1f} s  {fault.kind.value}: {result}")

    async def _quiet(self, seconds: float, loading: asyncio.Task[None]) -> None:
        """Inject nothing for so long, or until the run is to end."""
        self._listener.activity("quiet")
        end = asyncio.get_running_loop().time() + seconds
        while (left := end - asyncio.get_running_loop().time()) > 0:
            self._listener.elapsed(self._elapsed())
            if self._stopping.is_set() or loading.done():
                return
            await asyncio.wait([loading], timeout=min(left, TICK_SECONDS))

    def _elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._started

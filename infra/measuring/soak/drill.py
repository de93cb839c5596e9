"""Fault after fault under load: quiet, strike, see how long it takes until every lane is well again, quiet, strike …

A fault waits for the recovery from the last one, or for that one's deadline; so each recovery is that of one fault.
"""

import asyncio
from pathlib import Path
from typing import NamedTuple

from infra.devstack.errors import DevstackError
from infra.measuring.soak.faults import NoVictim, Trouble
from infra.measuring.soak.listener import Listener
from infra.measuring.soak.load import Load
from infra.measuring.soak.plan import Fault, Kind, plan
from infra.measuring.soak.probe import DEADLINE_SECONDS, Probe
from infra.measuring.soak.report import Struck
from workers.ports.lanes import Unavailable

START_SECONDS = 120.0
TICK_SECONDS = 0.5


class Order(NamedTuple):
    """What is asked for. A run goes on past `seconds` until each kind of fault has come once."""

    seconds: float
    per_second: float
    workers: int
    kinds: tuple[Kind, ...]
    quiet_seconds: float
    seed: int


class NeverWell(Exception):
    """The system was not well before the first fault; the logs of the workers say why."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"the workers were not well within {START_SECONDS:g} s of their start; see {home / 'log'}")
        self.home = home


class Drill:
    """The faults of one run, and what came of each."""

    def __init__(
        self, order: Order, system: Trouble, probe: Probe, listener: Listener, stopping: asyncio.Event
    ) -> None:
        self.struck: list[Struck] = []
        self.trouble: str | None = None
        self._order = order
        self._system = system
        self._probe = probe
        self._listener = listener
        self._stopping = stopping
        self._began = 0.0

    async def run(self, load: Load, home: Path) -> float:
        """Load on, faults, load off; returns for how many seconds the load was on. Raises NeverWell."""
        self._listener.now("waiting until every lane is served")
        if await self._probe.recovery(START_SECONDS) is None:
            raise NeverWell(home)
        self._began = asyncio.get_running_loop().time()
        loading = asyncio.create_task(load.run())
        try:
            await self._fault_after_fault(loading)
        finally:
            load.stop()
        seconds = self._elapsed()
        self._listener.now("the load has ended; waiting for answers")
        await loading
        return seconds

    async def _fault_after_fault(self, loading: asyncio.Task[None]) -> None:
        to_come = set(self._order.kinds)
        for fault in plan(self._order.kinds, self._order.quiet_seconds, self._order.seed):
            await self._quiet(fault.quiet_seconds, loading)
            time_is_up = self._elapsed() >= self._order.seconds and not to_come
            if self._stopping.is_set() or loading.done() or time_is_up:
                return
            try:
                await self._strike(fault)
            except (NoVictim, DevstackError, Unavailable) as error:
                self.trouble = str(error)
                self._listener.happened(f"the plan breaks off: {error}")
                return
            to_come.discard(fault.kind)
        await self._quiet(self._order.seconds, loading)

    async def _strike(self, fault: Fault) -> None:
        self._listener.now(fault.kind.value)
        await self._system.strike(fault)
        self._listener.now(f"{fault.kind.value}: over; waiting for recovery")
        at_seconds = self._elapsed()
        recovery = await self._probe.recovery()
        self.struck.append(Struck(fault.kind, at_seconds, recovery))
        came = "NOT recovered" if recovery is None else f"recovered in {recovery.seconds:.1f} s"
        more = f" within {DEADLINE_SECONDS:g} s" if recovery is None else ""
        self._listener.happened(f"{at_seconds:7.1f} s  {fault.kind.value}: {came}{more}")

    async def _quiet(self, seconds: float, loading: asyncio.Task[None]) -> None:
        """Nothing happens for so long, or until the run is to end."""
        self._listener.now("quiet")
        end = asyncio.get_running_loop().time() + seconds
        while (left := end - asyncio.get_running_loop().time()) > 0:
            self._listener.at(self._elapsed())
            if self._stopping.is_set() or loading.done():
                return
            await asyncio.wait([loading], timeout=min(left, TICK_SECONDS))

    def _elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._began

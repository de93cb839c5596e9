"""An idle installation: `annals up` on servers of its own, without work, and what keeps the machine busy anyway."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import psutil

from infra.child_processes.orphans import stop_orphans
from infra.child_processes.records import read_records
from infra.devstack.ports import free_port
from infra.devstack.readiness import until_ready
from infra.home import Home
from infra.measuring.bench.checkout import Checkout, child_environment
from infra.measuring.bench.processes import LOOPBACK, child_process
from infra.measuring.bench.processor_time import Meter, measurable
from infra.measuring.bench.servers import temporary_home
from infra.measuring.isolation import ISOLATED_SETTINGS
from infra.settings import Settings

START_TIMEOUT_SECONDS = 180.0
STOP_TIMEOUT_SECONDS = 60.0


class Idle(NamedTuple):
    """Over `seconds` that began `settle_seconds` after the start, with `lanes` a role: the shares of all processors
    together (1: all of them, all the time).
    """

    lanes: int
    settle_seconds: float
    seconds: float
    share: float
    share_by_process: dict[str, float]

    def compared(self) -> Mapping[str, object]:
        """What another run's can be divided by: no counts."""
        processors = psutil.cpu_count() or 1
        names = measurable({name: share * self.seconds * processors for name, share in self.share_by_process.items()})
        shares = {name: share for name, share in self.share_by_process.items() if name in names}
        return {"share": self.share, "share_by_process": shares}


async def measure_idle(
    checkout: Checkout, settings: Settings, lanes: int, settle_seconds: float, seconds: float
) -> Idle:
    """Start `annals up` in a new home, let it settle, measure. Raises TimeoutError when it does not get ready."""
    port = free_port()
    with temporary_home() as path:
        home = Home(path)
        changes = {**ISOLATED_SETTINGS, "home": path, "partitions": lanes, "http_port": port, "http_host": LOOPBACK}
        environment = child_environment(settings.model_copy(update=changes))
        command = checkout.annals("up", "--json")
        try:
            async with child_process(command, environment, STOP_TIMEOUT_SECONDS) as up:
                async with asyncio.timeout(START_TIMEOUT_SECONDS):
                    await until_ready(f"http://{LOOPBACK}:{port}")
                await asyncio.sleep(settle_seconds)
                meter = Meter(_processes(up, home), alone={"annals up": up})
                await asyncio.sleep(seconds)
                stretch = meter.read()
        finally:
            stop_orphans(home, lambda _: None)  # nothing, unless `annals up` had to be killed
    processors = psutil.cpu_count() or 1
    shares = {name: used / stretch.seconds / processors for name, used in stretch.cpu_seconds.items()}
    return Idle(lanes, settle_seconds, seconds, sum(shares.values()), shares)


def _processes(up: psutil.Process, home: Home) -> dict[str, psutil.Process]:
    """The processes of the installation by name: those that `annals up` has recorded, and what else it has started."""
    recorded = {record.name: process for record in read_records(home) if (process := record.process()) is not None}
    pids = {process.pid for process in recorded.values()}
    others = {f"process {child.pid}": child for child in up.children() if child.pid not in pids}
    return {**recorded, **others}

"""One worker process: located settings in, lanes held until SIGTERM or Ctrl-C, everything left in good order."""

import asyncio
import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvloop

from infra.accounts import Account
from infra.contexts import chosen_contexts
from infra.locating import located
from infra.network_exposure import check_endpoint
from infra.processes.probes import Probes
from infra.processes.roles import HOSTS, Host
from infra.settings import Settings
from infra.telemetry.endpoint import serve_endpoint
from infra.telemetry.logs import configure_logs
from workers.background import in_background
from workers.ports.lanes import Unavailable
from workers.retrying import Retrying

STACK_WAIT_SECONDS = 180.0
RETRY_DELAY_SECONDS = 1.0
MAX_RETRY_DELAY_SECONDS = 10.0
# The records that wait for their lanes are more than a million objects, which make no cycles; lower thresholds look for
# some among them again and again.
GARBAGE_THRESHOLDS = (2_000_000, 20, 100)
# What other libraries leave in cycles is therefore looked for by the clock, or it would pile up for hours.
GARBAGE_INTERVAL_SECONDS = 60.0

log = structlog.get_logger(__name__)


class EndedByItself(Exception):
    """What a worker does came to an end, without an error, although nobody had asked it to stop."""

    def __init__(self, role: str) -> None:
        super().__init__(f"the work of the {role} role ended although nobody had asked it to")
        self.role = role


def run_worker(role: str, settings: Settings) -> None:
    """Run one worker until it is told to stop. Raises StackNotRunning when no servers are to be found,
    EndpointOpenToTheNetwork, and what `chosen_contexts` raises.
    """
    if settings.metrics_port is not None:
        check_endpoint(settings.metrics_host, open_to_network=settings.metrics_open_to_network)
    configure_logs(settings, role=role)
    chosen_contexts(settings)  # what is wrong with them ends the worker before it waits for any server
    settings = located(settings, account=Account(role), wait_seconds=STACK_WAIT_SECONDS)
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    uvloop.run(_run(role, settings))


async def _run(role: str, settings: Settings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    hosts: list[Host] = []
    with _endpoint(settings, hosts):
        tidying = in_background(_tidy(), "tidy")
        await work_until(stopping, role, settings, hosts)
        tidying.cancel()
    log.info("worker stopped")


async def work_until(stopping: asyncio.Event, role: str, settings: Settings, hosts: list[Host]) -> None:
    """Hold lanes until `stopping`. If that ends earlier, log why, wait, and open everything again."""
    retrying = Retrying("worker waits", log, RETRY_DELAY_SECONDS, MAX_RETRY_DELAY_SECONDS)
    while not stopping.is_set():
        retrying.begin()
        try:
            await _hold_lanes(role, settings, stopping, hosts)
        except Exception as error:  # noqa: BLE001  # it is said, and the process is not ready
            await _either(stopping, retrying.after(error))


async def _tidy() -> None:
    while True:
        await asyncio.sleep(GARBAGE_INTERVAL_SECONDS)
        gc.collect()


@contextmanager
def _endpoint(settings: Settings, hosts: list[Host]) -> Iterator[None]:
    """Served as long as the process lives: while it waits for a server, it is alive and not ready."""
    if settings.metrics_port is None:
        yield
        return
    probes = Probes(hosts)
    endpoint = serve_endpoint(settings.metrics_host, settings.metrics_port, ready=probes.ready, alive=probes.alive)
    try:
        yield
    finally:
        endpoint.shutdown()
        endpoint.server_close()


async def _hold_lanes(role: str, settings: Settings, stopping: asyncio.Event, hosts: list[Host]) -> None:
    """Run the role's hosts, which stand in `hosts` meanwhile, until it is time to stop. Raises what ended one of them:
    Unavailable, or EndedByItself when it does not say."""
    async with HOSTS[role](settings) as opened:
        hosts[:] = opened
        try:
            async with asyncio.TaskGroup() as running:
                tasks = [running.create_task(host.run()) for host in hosts]
                watch = running.create_task(stopping.wait())
                ended, _ = await asyncio.wait([watch, *tasks], return_when=asyncio.FIRST_COMPLETED)
                for host in hosts:
                    host.stop()
                watch.cancel()
        except ExceptionGroup as group:  # before Python 3.11.4 what `except*` raises comes in another group
            away, others = group.split(Unavailable)
            if away is None or others is not None:
                raise
            raise away.exceptions[0] from None
        finally:
            hosts.clear()
    if watch not in ended:
        raise EndedByItself(role)


async def _either(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return

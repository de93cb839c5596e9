"""All pods are restarted, and pods come and go as KEDA's rules have it, under 1,000 commands a second: nothing is lost,
nothing repeated, and no lane stands still for long.

The pods are processes with the settings, probes, grace periods and limits of the manifests. Their steps are those of a
StatefulSet and a Deployment.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import psutil
import pytest

from tests.deploy.lane_stalls import LaneWatch, Stall
from tests.deploy.load import Load
from tests.deploy.manifests import workload
from tests.deploy.pods import Pods
from tests.servers import Servers
from tests.system import System
from tests.verification.command import verified

pytestmark = pytest.mark.timeout(600)

COMMANDS_A_SECOND = 1000
MAX_STALL_SECONDS = 2.0
WARM_UP_SECONDS = 5.0
REQUEST_INTERVAL_SECONDS = 0.25
WORKERS = ("command", "projection", "saga")
# What a worker logs when it does not leave its lanes, or take them over, in order.
DISORDER = ("lane lost", "lane abandoned", "lane stopped by a bug", "lane waits", "was not left", "Traceback")


class Cluster:
    """The pods of every role on the test's servers."""

    def __init__(self, system: System, servers: Servers) -> None:
        self.system = system
        self.pods = {role: Pods(system, workload(role)) for role in (*WORKERS, "gateway")}
        self.watch = LaneWatch(system, lambda role: self.pods[role].pids, lambda: _pids_of(servers))
        self.requests: list[int] = []
        self.stalls: dict[str, dict[str, Stall]] = {}

    async def scale(self, beyond_minimum: int, *roles: str) -> None:
        pods = [self.pods[role] for role in roles]
        await asyncio.gather(*(each.scale(each.workload.minimum + beyond_minimum) for each in pods))

    async def end_of_stage(self, name: str) -> None:
        """Keep the longest stall of each role in this stage, once none is under way."""
        await self.watch.until_each_has_moved()
        longest = self.watch.longest()
        self.stalls[name] = {
            role: max((stall for (of, _), stall in longest.items() if of == role), key=_own_seconds) for role in WORKERS
        }
        self.watch.begin()

    @asynccontextmanager
    async def requested(self) -> AsyncIterator[None]:
        """Meanwhile the gateways are asked to create users, each by whichever pod a Service would choose."""
        stopping = asyncio.Event()
        task = asyncio.create_task(self._request(stopping))
        try:
            yield
        finally:
            stopping.set()
            await task

    async def _request(self, stopping: asyncio.Event) -> None:
        body = {"first_name": "Ada", "last_name": "Lovelace"}
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            while not stopping.is_set():
                number = len(self.requests)
                ready = list(self.pods["gateway"].ready.values())
                url = f"{ready[number % len(ready)].url}/users"
                answer = await client.post(url, json={**body, "email": f"{number}@example.org"})
                self.requests.append(answer.status_code)
                await asyncio.sleep(REQUEST_INTERVAL_SECONDS)


def _own_seconds(stall: Stall) -> float:
    return stall.own_seconds


def _pids_of(servers: Servers) -> Sequence[int]:
    """The processes of the embedded servers; of others nothing is known."""
    if servers.stack is None:
        return ()
    pids = [process.pid for process in servers.stack.processes.values() if process.pid is not None]
    return [*pids, *(child.pid for pid in pids for child in psutil.Process(pid).children())]


async def test_nor_loses_or_repeats_a_command(system: System, servers: Servers) -> None:
    cluster, load = Cluster(system, servers), Load(system, COMMANDS_A_SECOND)
    await cluster.scale(0, *cluster.pods)
    async with AsyncExitStack() as stack:
        for running in (load.running(), cluster.requested(), cluster.watch.looking()):
            await stack.enter_async_context(running)
        await asyncio.sleep(WARM_UP_SECONDS)
        cluster.watch.begin()
        rolling = asyncio.create_task(cluster.pods["gateway"].roll())
        for role in WORKERS:
            await cluster.pods[role].roll()
            await cluster.end_of_stage(f"a rolling restart of {role}")
        await rolling
        await cluster.scale(2, *WORKERS)
        await cluster.end_of_stage("pods come")
        await cluster.scale(0, *WORKERS)
        await cluster.end_of_stage("pods go")
    await system.settled(seconds=120)

    await _each_has_one_outcome(system, load)
    await _the_log_is_whole(system)
    code, verdict = await verified(system)
    assert code == 0, verdict["examples"]
    assert set(cluster.requests) <= {201, 202}, "the gateways have answered throughout"
    await asyncio.gather(*(pods.end_all() for pods in cluster.pods.values()))
    for pods in cluster.pods.values():
        for pod in pods.all:
            found = [line for line in pod.worker.log().splitlines() if any(words in line for words in DISORDER)]
            assert not found, f"{pod.name}: {found[:3]}"
    _no_lane_stood_still(cluster)


async def _each_has_one_outcome(system: System, load: Load) -> None:
    """And it is accepted, as every command of the load can be."""
    ids = [sent.command_id for sent in load.sent]
    query = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[]) AND status = 'accepted'"
    assert await system.value(query, ids) == len(set(ids)) == len(ids)


async def _the_log_is_whole(system: System) -> None:
    """Each sequence once, in order, from the first to the last that was assigned."""
    lanes = {lane["partition"]: lane["sequence"] for lane in await system.lanes("command", "users.commands")}
    for partition, records in enumerate(await asyncio.to_thread(system.records, "users.events")):
        sequences = [int(dict(record.headers())["ce_sequence"]) for record in records]
        assert sequences == list(range(1, lanes[partition] + 1)), f"partition {partition}"


def _no_lane_stood_still(cluster: Cluster) -> None:
    seen = [
        f"{stage}: {role} {stall.seconds:.2f} s, of these {stall.starved_seconds:.2f} s without a processor"
        for stage, stalls in cluster.stalls.items()
        for role, stall in stalls.items()
    ]
    print(*seen, *((role, pods.seconds) for role, pods in cluster.pods.items()), sep="\n")
    longest = max(stall.own_seconds for stalls in cluster.stalls.values() for stall in stalls.values())
    assert longest <= MAX_STALL_SECONDS, seen

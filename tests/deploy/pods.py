"""The pods of one role as processes: started, probed and ended as a kubelet and the role's controller do it."""

import asyncio
import time
from typing import Any

import httpx

from infra.devstack.ports import free_port
from tests.deploy.manifests import Probe, Workload, settings_of_all_pods
from tests.system import System
from tests.worker_process import Worker

GATEWAY = ("infra.cli.main", "gateway")


class Pod:
    """A process with a pod's name, and the address of its probes."""

    def __init__(self, workload: Workload, name: str, worker: Worker, port: int) -> None:
        self.name, self.worker = name, worker
        self.url = f"http://127.0.0.1:{port}"
        self._workload = workload

    async def is_ready(self) -> None:
        """Wait as a kubelet does: first for the startup probe, then for the readiness probe."""
        await self._answers(self._workload.startup)
        await self._answers(self._workload.readiness._replace(failures=self._workload.startup.failures))

    async def _answers(self, probe: Probe) -> None:
        for _ in range(probe.failures):
            if await self._ask(probe):
                return
            assert self.worker.process.returncode is None, self.worker.log()
            await asyncio.sleep(probe.period_seconds)
        raise AssertionError(f"{self.name} did not answer {probe} in time: {self.worker.log()[-4000:]}")

    async def _ask(self, probe: Probe) -> bool:
        try:
            async with httpx.AsyncClient(timeout=probe.timeout_seconds, trust_env=False) as client:
                return (await client.get(self.url + probe.path)).is_success
        except httpx.TransportError:
            return False

    async def end(self) -> None:
        """End it as a kubelet does. It must end by itself, with 0, before it would be killed."""
        await asyncio.sleep(self._workload.pause_seconds)
        self.worker.process.terminate()
        async with asyncio.timeout(self._workload.grace_seconds - self._workload.pause_seconds):
            code = await self.worker.process.wait()
        assert code == 0, f"{self.name} ended with {code}: {self.worker.log()[-4000:]}"


class Pods:
    """The pods of one role. `ready`: by their numbers, those that a Service would have. `all`: also those that ended.
    `seconds`: how long each took to start, and each to end.
    """

    def __init__(self, system: System, workload: Workload) -> None:
        self.workload = workload
        self.ready: dict[int, Pod] = {}
        self.all: list[Pod] = []
        self.seconds: dict[str, list[float]] = {"start": [], "end": []}
        self._system = system

    @property
    def pids(self) -> list[int]:
        """Of the processes that run."""
        return [pod.worker.process.pid for pod in self.all if pod.worker.process.returncode is None]

    async def scale(self, count: int) -> None:
        """Have so many pods: as many come or go at once as KEDA's rules allow."""
        assert self.workload.minimum <= count <= self.workload.maximum
        while (running := len(self.ready)) != count:
            if running < count:
                await self._begin(*range(running, min(running + self.workload.step_up, count)))
            else:
                await self._end(*range(max(running - self.workload.step_down, count), running))

    async def roll(self) -> None:
        """Restart every pod, the last one first, each once the one before is ready again."""
        for number in sorted(self.ready, reverse=True):
            if self.workload.surges:
                former = self.ready[number]
                await self._begin(number)
                await self._timed("end", former.end())
            else:
                await self._end(number)
                await self._begin(number)

    async def end_all(self) -> None:
        """End every pod at once."""
        await self._end(*self.ready)

    async def _begin(self, *numbers: int) -> None:
        pods = [await self._start(number) for number in numbers]
        await asyncio.gather(*(self._timed("start", pod.is_ready()) for pod in pods))
        self.ready |= dict(zip(numbers, pods, strict=True))

    async def _start(self, number: int) -> Pod:
        role, name, port = self.workload.role, f"annals-{self.workload.role}-{number}", free_port()
        own: dict[str, Any] = {"http_port": port} if role == "gateway" else {"instance": name, "metrics_port": port}
        entry = GATEWAY if role == "gateway" else ()
        worker = await self._system.worker(role, entry=entry, **settings_of_all_pods() | own)
        self.all.append(Pod(self.workload, name, worker, port))
        return self.all[-1]

    async def _end(self, *numbers: int) -> None:
        pods = [self.ready.pop(number) for number in numbers]
        await asyncio.gather(*(self._timed("end", pod.end()) for pod in pods))

    async def _timed(self, what: str, step: Any) -> None:
        began = time.monotonic()
        await step
        self.seconds[what].append(round(time.monotonic() - began, 1))

"""Memory, file descriptors and counters of every worker process, sampled every few seconds.

A slope is the least-squares line through the samples of one process after its warm-up; a role's slope is the median
over its processes that lived long enough. Counters end with their process: the report sums each process's last sample,
so a process that was killed may have counted a little more.
"""

import asyncio
import statistics
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import psutil
from prometheus_client.parser import text_string_to_metric_families

from infra.measuring.soak.worker_pool import WorkerPool, WorkerProcess

INTERVAL_SECONDS = 5.0
WARM_UP_SECONDS = 60.0
LONG_LIFE_SECONDS = 180.0
SCRAPE_TIMEOUT_SECONDS = 2.0

COUNTED = {
    "annals_lane_takeovers_total": "lanes taken over",
    "annals_lane_fenced_total": "writes refused to former owners",
    "annals_lane_faults_total": "lanes abandoned and acquired again after a fault",
    "annals_events_republished_total": "events republished by the next owner",
    "annals_repeats_dropped_total": "repeats in the log dropped",
    "annals_commands_repeated_total": "repeated commands answered from the table",
    "annals_log_gaps_filled_total": "events read from the table because the log lacked them",
    "annals_projection_rebuilds_total": "lanes of read models started over",
    "annals_dead_letters_total": "records moved to the dead letters",
    "annals_streams_parked_total": "streams parked",
}
"""Metrics of the workers that the report shows, and their names in it."""


class Sample(NamedTuple):
    """One sample of a process, `age_seconds` after its start."""

    age_seconds: float
    resident_kb: float
    descriptors: float


class Slopes(NamedTuple):
    """How a role's long-lived processes grew: medians over so many `processes`; None when there were none."""

    processes: int
    kb_per_minute: float | None
    descriptors_per_minute: float | None
    resident_kb: float | None


class Sampler:
    """Samples the workers until it is cancelled; keeps the samples by process."""

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers
        self._samples: dict[WorkerProcess, list[Sample]] = {}
        self._counters: dict[WorkerProcess, Counter[str]] = {}

    async def run(self) -> None:
        """Sample every worker again and again."""
        while True:
            await self.sample()
            await asyncio.sleep(INTERVAL_SECONDS)

    async def sample(self) -> None:
        """Sample every running worker once; a process that ends meanwhile is skipped."""
        workers = list(self._workers.running())
        for worker in workers:
            self._measure(worker)
        await asyncio.gather(*(self._scrape(worker) for worker in workers if not worker.paused))

    def slopes(self, role: str) -> Slopes:
        """The slopes of a role, over its processes that lived long enough."""
        return slopes(samples for worker, samples in self._samples.items() if worker.role == role)

    def counters(self) -> dict[str, int]:
        """The sum of each counter over all processes, ended ones included, by its name in the report."""
        sums: Counter[str] = Counter()
        for counters in self._counters.values():
            sums.update(counters)
        return {title: sums[name] for name, title in COUNTED.items()}

    def _measure(self, worker: WorkerProcess) -> None:
        try:
            process = psutil.Process(worker.process.pid)
            resident_kb, descriptors = process.memory_info().rss / 1024, process.num_fds()
        except psutil.Error:
            return
        age = time.monotonic() - worker.started_seconds
        self._samples.setdefault(worker, []).append(Sample(age, resident_kb, descriptors))

    async def _scrape(self, worker: WorkerProcess) -> None:
        try:
            text = await asyncio.to_thread(_fetch, worker.metrics_port)
        except OSError:  # it is starting, or was just killed or paused
            return
        self._counters[worker] = counters_in(text)


def slopes(processes: Iterable[list[Sample]]) -> Slopes:
    """The slopes of processes, each given by its samples in time order; those that lived too briefly do not count."""
    long_lived = [
        [sample for sample in samples if sample.age_seconds >= WARM_UP_SECONDS]
        for samples in processes
        if samples and samples[-1].age_seconds >= LONG_LIFE_SECONDS
    ]
    long_lived = [samples for samples in long_lived if len(samples) > 1]
    if not long_lived:
        return Slopes(0, None, None, None)
    minutes = [[sample.age_seconds / 60 for sample in samples] for samples in long_lived]
    lines = list(zip(minutes, long_lived, strict=True))
    memory = [
        statistics.linear_regression(at, [sample.resident_kb for sample in samples]).slope for at, samples in lines
    ]
    files = [
        statistics.linear_regression(at, [sample.descriptors for sample in samples]).slope for at, samples in lines
    ]
    last = statistics.median(samples[-1].resident_kb for samples in long_lived)
    return Slopes(len(long_lived), statistics.median(memory), statistics.median(files), last)


def _fetch(port: int) -> str:
    past_proxies = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with past_proxies.open(f"http://127.0.0.1:{port}/metrics", timeout=SCRAPE_TIMEOUT_SECONDS) as answer:
        return str(answer.read().decode())


def counters_in(text: str) -> Counter[str]:
    """The counters of the report in a scrape in Prometheus' text format, summed over all labels."""
    counters: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in COUNTED:
                counters[sample.name] += int(sample.value)
    return counters

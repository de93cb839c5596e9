"""Many schedules at once: one process for each processor, each with a range of seeds."""

import gc
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import NamedTuple

from tests.simulation.captured_logs import quiet_logs
from tests.simulation.guards import without
from tests.simulation.schedule import ScheduleResult, described, planned, run

SEEDS_AT_ONCE = 25
MAX_FAILURES = 5


class SeedRange(NamedTuple):
    """The results of some seeds: the failures, each described, and the counts of all."""

    failures: Sequence[tuple[int, str]]
    counts: Counter[str]


def simulated(first_seed: int, schedules: int, guard: str | None = None) -> Iterator[SeedRange]:
    """Run the schedules, in stretches that come as they are done. `guard`: with this guard turned off."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawned) as pool:
        stretches = [
            pool.submit(stretch, seed, min(SEEDS_AT_ONCE, first_seed + schedules - seed), guard)
            for seed in range(first_seed, first_seed + schedules, SEEDS_AT_ONCE)
        ]
        try:
            for done in as_completed(stretches):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def stretch(first_seed: int, schedules: int, guard: str | None) -> SeedRange:
    """Run some schedules in this process; stops at the first failure when a guard is off."""
    counts: Counter[str] = Counter()
    failures: list[tuple[int, str]] = []
    with quiet_logs(), without(guard):
        for seed in range(first_seed, first_seed + schedules):
            result = run(planned(seed))
            counts.update(result.counts)
            if result.findings:
                failures.append((seed, _described(result, guard)))
                if guard is not None or len(failures) >= MAX_FAILURES:
                    break
        gc.collect()
    return SeedRange(failures, counts)


def _described(result: ScheduleResult, guard: str | None) -> str:
    return described(result) if guard is None else "; ".join(map(str, result.findings))

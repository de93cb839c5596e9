"""Many schedules at once: one process for each processor, each with a stretch of the seeds."""

import gc
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import NamedTuple

from tests.simulation.guards import without
from tests.simulation.schedule import Verdict, described, planned, run
from tests.simulation.silence import silent

SEEDS_AT_ONCE = 25
MOST_FAILURES = 5


class Stretch(NamedTuple):
    """What came of some seeds: those that failed, each described, and what happened in all of them."""

    failures: Sequence[tuple[int, str]]
    counts: Counter[str]


def simulated(first_seed: int, schedules: int, guard: str | None = None) -> Iterator[Stretch]:
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


def stretch(first_seed: int, schedules: int, guard: str | None) -> Stretch:
    """Run some schedules in this process; stops at the first failure when a guard is off."""
    counts: Counter[str] = Counter()
    failures: list[tuple[int, str]] = []
    with silent(), without(guard):
        for seed in range(first_seed, first_seed + schedules):
            verdict = run(planned(seed))
            counts.update(verdict.counts)
            if verdict.findings:
                failures.append((seed, _said(verdict, guard)))
                if guard is not None or len(failures) >= MOST_FAILURES:
                    break
        gc.collect()
    return Stretch(failures, counts)


def _said(verdict: Verdict, guard: str | None) -> str:
    return described(verdict) if guard is None else "; ".join(map(str, verdict.findings))

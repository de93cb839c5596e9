"""Work that waits for one worker: how fast it is done, and what it costs every process that has a part in it."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from infra.measuring.bench.installation import Installation
from infra.measuring.bench.processes import Worker, worker
from infra.measuring.bench.processor_time import Meter, Stretch
from infra.measuring.bench.progress import progressed, reached

MEASURED_SHARE = 0.9

Count = Callable[[], Awaitable[float]]


class Drained(NamedTuple):
    """Units of work a second; microseconds of processor time for each by process (`worker`, and each server that runs
    here); the share of all processors that these processes used, and that anything at all kept busy.
    """

    per_second: float
    cpu_microseconds: dict[str, float]
    used: float
    busy: float

    @staticmethod
    def of(stretch: Stretch, count: int) -> "Drained":
        """So much work in this stretch."""
        return Drained(count / stretch.seconds, stretch.microseconds_each(count), stretch.used, stretch.busy)


async def drain(
    installation: Installation,
    role: str,
    wanted: int,
    done: Callable[[Worker], Count],
    completed: Count | None = None,
) -> Drained:
    """Let one worker go on until `done` counts `wanted`, and `completed` as well. Raises Stalled.

    It is measured from its first progress until nine tenths of the rest are done: without its start, and while it has
    as much under way at the end as at the beginning.
    """
    async with worker(installation, role) as running:
        count, what = done(running), f"the {role} worker"
        await progressed(what, count, await count(), wanted)
        # Making a meter takes its time: work is counted from its end on, or the rate would be too high.
        meter = Meter({"worker": running.process, **installation.server_processes})
        at_start = await count()
        at_end = await reached(what, count, at_start + MEASURED_SHARE * (wanted - at_start))
        stretch = meter.read()
        await reached(what, count, wanted)
        if completed is not None:
            await reached(what, completed, wanted)
        # Little work may be done before the first look.
        return Drained.of(stretch, max(1, int(at_end - at_start)))

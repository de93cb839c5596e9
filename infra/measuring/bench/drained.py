"""Work that waits for one worker: how fast it is done, and what it costs every process that has a part in it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from infra.measuring.bench.installation import Installation
from infra.measuring.bench.processes import Worker, worker
from infra.measuring.bench.processor_time import CLOCK_TICK_SECONDS, LEAST_TICKS, Meter, Stretch, measurable
from infra.measuring.bench.progress import progressed, reached

MEASURED_SHARE = 0.9
LEAST_SECONDS = LEAST_TICKS * CLOCK_TICK_SECONDS

Count = Callable[[], Awaitable[float]]


class Drained(NamedTuple):
    """Units of work a second; microseconds of processor time for each by process (`worker`, and each server that runs
    here); the share of all processors that these processes used, and that anything at all kept busy; and how many units
    were measured.
    """

    per_second: float
    cpu_microseconds: dict[str, float]
    used: float
    busy: float
    units: int

    @staticmethod
    def of(stretch: Stretch, count: int) -> "Drained":
        """So much work in this stretch."""
        return Drained(count / stretch.seconds, stretch.microseconds_each(count), stretch.used, stretch.busy, count)

    def compared(self) -> Mapping[str, object]:
        """What another run's can be divided by."""
        shares = {"per_second": self.per_second, "used": self.used, "busy": self.busy}
        return shares | {"cpu_microseconds": long_enough(self.cpu_microseconds, self.units)}


class TooLittleWork(Exception):
    """The work was done before its rate could be measured."""

    def __init__(self, what: str, measured: float, wanted: float, seconds: float) -> None:
        super().__init__(
            f"{what} had only {measured:g} of {wanted:g} left when it could be measured, done in {seconds:.2f} s: too "
            f"little for a rate. Ask for more (--commands), {LEAST_SECONDS:g} s at least"
        )


def long_enough(microseconds_each: Mapping[str, float], count: float) -> dict[str, float]:
    """The processor time of those processes that have used enough of it to be compared."""
    names = measurable({name: used * count / 1e6 for name, used in microseconds_each.items()})
    return {name: microseconds_each[name] for name in microseconds_each if name in names}


async def drain(
    installation: Installation,
    role: str,
    wanted: int,
    done: Callable[[Worker], Count],
    completed: Count | None = None,
) -> Drained:
    """Let one worker go on until `done` counts `wanted`, and `completed` as well. Raises Stalled, TooLittleWork
    or ProcessEnded.

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
    if stretch.seconds < LEAST_SECONDS or at_end == at_start:
        raise TooLittleWork(what, at_end - at_start, wanted, stretch.seconds)
    return Drained.of(stretch, int(at_end - at_start))


async def finish(
    installation: Installation, role: str, wanted: int, done: Callable[[Worker], Count], completed: Count | None = None
) -> None:
    """The same work without measuring it. Raises Stalled."""
    async with worker(installation, role) as running:
        await reached(f"the {role} worker", done(running), wanted)
        if completed is not None:
            await reached(f"the {role} worker", completed, wanted)

"""How long lanes stand still although they have work: each is looked at many times a second.

What a lane has left is known from the table: a command lane has work as long as commands keep coming, and a saga or a
projection has it while its lane of commands is ahead.

A machine that others use too makes everything take longer, and that says nothing about a lane. So the time in which a
process had work and no processor is taken off: of each look the longest such time of any thread of the role's workers
and of the servers, as Linux counts it. Where nobody else works, there is none.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from infra.redis.keys import Keys
from tests.system import System
from tests.waiting import until
from workers.ports.read_models import Generation

LOOK_SECONDS = 0.1
CONTEXT, PROJECTION = "users", "users"

Lane = tuple[str, int]
"""Role and partition."""


class Stall(NamedTuple):
    """A time in which a lane did not move, and the part of it in which the machine let somebody wait."""

    seconds: float = 0.0
    starved_seconds: float = 0.0

    @property
    def own_seconds(self) -> float:
        """What remains for the lane to answer for."""
        return self.seconds - self.starved_seconds


class Progress:
    """How far a lane is, since when, and its longest stall. `moves`: looks at which it had moved, or had no work."""

    def __init__(self) -> None:
        self.longest = Stall()
        self.moves = 0
        self._position = -1
        self._now = Stall()

    def note(self, position: int, *, has_work: bool, look_seconds: float, starved_seconds: float) -> None:
        if position != self._position or not has_work:
            self._position, self._now = position, Stall()
            self.moves += 1
            return
        self._now = Stall(self._now.seconds + look_seconds, self._now.starved_seconds + starved_seconds)
        if self._now.own_seconds > self.longest.own_seconds:
            self.longest = self._now


class Starvation:
    """How long threads wait for a processor. Nothing is known where there is no /proc."""

    def __init__(self) -> None:
        self._waited: dict[str, int] = {}

    def since_last_look(self, pids: Collection[int]) -> float:
        """The longest time, in seconds, that a thread of these processes has waited since the last look."""
        longest = 0
        for pid in pids:
            with suppress(OSError):  # it has ended
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    waited = int((thread / "schedstat").read_text().split()[1])
                    before = self._waited.get(thread.name, waited)
                    self._waited[thread.name] = waited
                    longest = max(longest, waited - before)
        return longest / 1e9


class LaneWatch:
    """Looks at the lanes of the users context, of every role. `workers`: the processes of a role that run now;
    `servers`: those of all servers.
    """

    def __init__(
        self, system: System, workers: Callable[[str], Collection[int]], servers: Callable[[], Collection[int]]
    ) -> None:
        self._system = system
        self._workers, self._servers = workers, servers
        keys, topic = Keys(system.settings.topic_prefix), system.topic(f"{CONTEXT}.events")
        partitions = range(system.settings.partitions)
        self._checkpoints = [keys.checkpoint(Generation(PROJECTION), topic, partition) for partition in partitions]
        self._starvation = Starvation()
        self._progress: dict[Lane, Progress] = {}

    def begin(self) -> None:
        """Forget what was seen: a new stage begins."""
        self._progress = {}

    def longest(self) -> Mapping[Lane, Stall]:
        """By lane, since `begin`."""
        return {lane: progress.longest for lane, progress in sorted(self._progress.items())}

    async def until_each_has_moved(self) -> None:
        """Wait until each lane that stands still now goes on: a stall does not end with the step that led to it."""
        before = {lane: progress.moves for lane, progress in self._progress.items()}

        async def each_has_moved() -> bool:
            return all(self._progress[lane].moves > moves for lane, moves in before.items())

        await until(each_has_moved, "each lane has moved", seconds=120, every=LOOK_SECONDS)

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._look_again_and_again())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _look_again_and_again(self) -> None:
        before = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = time.monotonic()
            await self._look(now - before)
            before = now

    async def _look(self, look_seconds: float) -> None:
        late = max(look_seconds - 2 * LOOK_SECONDS, 0.0)  # this process too may have waited
        of_servers = max(self._starvation.since_last_look(self._servers()), late)
        positions, ends = await self._positions()
        starved = {
            role: min(max(self._starvation.since_last_look(self._workers(role)), of_servers), look_seconds)
            for role in {role for role, _ in positions}
        }
        for lane, position in positions.items():
            role, partition = lane
            self._progress.setdefault(lane, Progress()).note(
                position,
                has_work=role == "command" or position < ends.get(partition, 0),
                look_seconds=look_seconds,
                starved_seconds=starved[role],
            )

    async def _positions(self) -> tuple[dict[Lane, int], dict[int, int]]:
        """How far each lane is, and by partition the last sequence of the lane of commands."""
        system = self._system
        query = "SELECT role, partition, consumed, sequence FROM annals.lanes WHERE topic = ANY($1)"
        topics = [system.topic(f"{CONTEXT}.{kind}") for kind in ("commands", "events")]
        rows = await system.database.fetch(query, topics)
        stored = await system.redis.mget(self._checkpoints)
        positions: dict[Lane, int] = {(row["role"], row["partition"]): row["consumed"] for row in rows}
        for partition, checkpoint in enumerate(stored):
            positions["projection", partition] = int(checkpoint.split(b":")[0]) if checkpoint else 0
        return positions, {row["partition"]: row["sequence"] for row in rows if row["role"] == "command"}

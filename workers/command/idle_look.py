"""Which of the command lanes that wait for records have something to do: one look at the topics that they write to."""

from collections.abc import Collection, Sequence

from workers.command.lane import CommandLane
from workers.ports.log import EventLog


class CommandIdleLook:
    """`IdleLook` for the command lanes of a process, which write to `topics`."""

    def __init__(self, log: EventLog, topics: Sequence[str]) -> None:
        self._log = log
        self._topics = topics

    async def __call__(self, lanes: Sequence[CommandLane]) -> Collection[CommandLane]:
        """Raises Unavailable."""
        states = {topic: await self._log.topic(topic) for topic in self._topics}
        return {lane for lane in lanes if not lane.is_at_rest(states)}

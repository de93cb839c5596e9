"""The commands that stand in their topics: each was read by its lane, and has an outcome or a dead letter.

What a lane has read and nobody has handled shows nowhere else: no event, no outcome, no letter. So the topic itself is
read, as far as it is kept. A command is known by its id; a record that is none by its place.
"""

from typing import NamedTuple

from contracts.envelope import MalformedMessage, printable_name, read_command
from infra.postgres.lists import listed
from infra.verify.settling import Patience
from infra.verify.sources import Pace, Sources
from workers.operations.dead_letters.letter import NotALetter, RecordPosition, letter_of
from workers.ports.log import InboundRecord
from workers.verification.findings import Verdict, What

# Records without an outcome that are kept until the dead letters have been asked about them.
MAX_OPEN = 20_000


class _Lane(NamedTuple):
    consumed: int
    topic_id: str


class _Open(NamedTuple):
    """A record of which nobody knows yet that it was handled. `command_id`: None for what is no command."""

    command_id: str | None
    content: int


async def compare_commands(sources: Sources, context: str, verdict: Verdict, pace: Pace) -> None:
    """Every command of a context that is still in its topic. Raises Unavailable."""
    topic = sources.topics.commands(context)
    state = (await sources.log.states([topic])).get(topic)
    if state is None:
        return  # said by compare_topics
    ends = await _read_up_to(sources, topic, state.partitions, verdict)
    comparison = _Comparison(sources, topic, verdict)
    lanes = await _lanes(sources, topic)
    for partition, end in enumerate(ends):
        lane = lanes.get(partition, _Lane(0, state.id))
        if lane.topic_id not in ("", state.id):
            explanation = "it was deleted and made anew, and the lane has not noticed; is a command worker running?"
            verdict.found(What.COMMANDS_WAITING, f"{topic}/{partition}", explanation)
            continue
        async for records in sources.log.records(topic, partition, 0, committed_only=True):
            until = min(end, lane.consumed)
            await comparison.look_at([record for record in records if record.offset < until])
            await pace(0)
            if records[-1].offset + 1 >= until:
                break
    await comparison.conclude()


async def _lanes(sources: Sources, topic: str) -> dict[int, _Lane]:
    rows = await sources.database.rows("lanes_consumed", topic)
    return {row["partition"]: _Lane(row["consumed"], row["topic_id"]) for row in rows}


async def _read_up_to(sources: Sources, topic: str, partitions: int, verdict: Verdict) -> list[int]:
    """The end of each partition now, once the lanes have come so far or do not come any further."""
    ends = await sources.log.committed_ends(topic, partitions)
    patience, before = Patience(), -1
    while True:
        lanes = await _lanes(sources, topic)
        consumed = [lanes.get(partition, _Lane(0, "")).consumed for partition in range(partitions)]
        behind = {number: end - at for number, (end, at) in enumerate(zip(ends, consumed, strict=True)) if end > at}
        if sum(consumed) > before:
            before = sum(consumed)
            patience.moved()
        if not behind or not await patience.waits():
            break
    for number, count in behind.items():
        where = f"{topic}/{number}"
        verdict.found(What.COMMANDS_WAITING, where, f"{count} are behind the lane's offset", count=count)
    return ends


class _Comparison:
    def __init__(self, sources: Sources, topic: str, verdict: Verdict) -> None:
        self._sources = sources
        self._topic = topic
        self._verdict = verdict
        self._open: dict[RecordPosition, _Open] = {}

    async def look_at(self, records: list[InboundRecord]) -> None:
        """Keep in mind those that have no outcome."""
        ids: dict[str, InboundRecord] = {}
        for record in records:
            try:
                ids.setdefault(read_command(record.headers, record.key).id, record)
            except MalformedMessage:
                self._open[_place(record)] = _Open(None, _content(record))
        for command_id in await self._without_outcome(list(ids)):
            self._open[_place(ids[command_id])] = _Open(command_id, _content(ids[command_id]))
        self._verdict.saw(f"commands in {self._topic} compared with the outcomes", len(records))
        if len(self._open) >= MAX_OPEN:
            await self.conclude()

    async def _without_outcome(self, command_ids: list[str]) -> list[str]:
        if not command_ids:
            return []
        rows = await self._sources.database.rows("commands_without_outcome", listed(command_ids))
        return [row["command_id"] for row in rows]

    async def conclude(self) -> None:
        """What has no outcome and no dead letter, also after a while, was never handled."""
        patience = Patience()
        while self._open:
            await self._forget_dead_letters()
            waiting = [each.command_id for each in self._open.values() if each.command_id is not None]
            still = {None, *await self._without_outcome(waiting)}
            self._open = {place: each for place, each in self._open.items() if each.command_id in still}
            if not self._open or not await patience.waits():
                break
        for place, (command_id, _) in self._open.items():
            what = "a record that is no command" if command_id is None else f"command {command_id}"
            explanation = f"{what} was passed over: there is no outcome and no dead letter of it"
            self._verdict.found(What.COMMAND_NOT_HANDLED, str(place), explanation)
        self._open.clear()

    async def _forget_dead_letters(self) -> None:
        """A letter speaks of a record by place and content: the topic may have been made anew since it was written."""
        async for records in self._sources.log.records(self._sources.topics.dead_letters(self._topic), 0, 0):
            for record in records:
                try:
                    letter = letter_of(record)
                except NotALetter:
                    continue
                found = self._open.get(letter.position)
                if found is not None and found.content == _content(letter.original):
                    del self._open[letter.position]
            if not self._open:
                return


def _place(record: InboundRecord) -> RecordPosition:
    return RecordPosition(record.topic, record.partition, record.offset)


def _content(record: InboundRecord) -> int:
    """What a dead letter keeps of a record, in few bytes."""
    headers = tuple((printable_name(name), value) for name, value in record.headers)
    return hash((record.key, record.value, headers))

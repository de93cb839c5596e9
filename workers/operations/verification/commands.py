"""The commands that are in their topics: each was read by its lane, and has an outcome or a dead letter.

A command that a lane has read and nobody has handled shows nowhere else: no event, no outcome, no letter. So the topic
itself is read, as far as it is kept. A command is identified by its id, a record that is no command by its position.
"""

from collections.abc import Collection
from typing import NamedTuple

from contracts.envelope import MalformedMessage, printable_name, read_command
from workers.command.refusals import refusal_id
from workers.operations.dead_letters.letter import NotALetter, RecordPosition, letter_of
from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.sources import Pace, Sources
from workers.ports.log import InboundRecord
from workers.ports.verification.rows import LaneOffset, StreamCommand

MAX_UNHANDLED = 20_000
"""Records without an outcome that are kept until the dead letters are read."""


class _Command(NamedTuple):
    """A command, and under what its outcome stands if its sender was not allowed to send it."""

    command: StreamCommand
    refusal: StreamCommand


class _Unhandled(NamedTuple):
    """A record without an outcome. `command`: None for a record that is no command."""

    command: _Command | None
    content: int


async def compare_commands(sources: Sources, context: str, verdict: Verdict, pace: Pace) -> None:
    """Compare every command of a context that is still in its topic. Raises Unavailable."""
    topic = sources.topics.commands(context)
    state = (await sources.topic_reader.states([topic])).get(topic)
    if state is None:
        return  # reported by compare_topics
    ends = await _ends_read(sources, topic, state.partitions, verdict)
    comparison = _Comparison(sources, context, topic, verdict)
    lanes = await _lanes(sources, topic)
    for partition, end in enumerate(ends):
        lane = lanes.get(partition, LaneOffset(partition, 0, state.id))
        if lane.topic_id not in ("", state.id):
            explanation = "it was deleted and created again, and the lane has not noticed; is a command worker running?"
            verdict.report(FindingKind.COMMANDS_WAITING, f"{topic}/{partition}", explanation)
            continue
        until = min(end, lane.consumed)
        async for records in sources.topic_reader.records(topic, partition, 0, committed_only=True):
            await comparison.add([record for record in records if record.offset < until])
            await pace(0)
            if records[-1].offset + 1 >= until:
                break
    await comparison.conclude()


async def _lanes(sources: Sources, topic: str) -> dict[int, LaneOffset]:
    return {lane.partition: lane for lane in await sources.table.lane_offsets(topic)}


async def _ends_read(sources: Sources, topic: str, partitions: int, verdict: Verdict) -> list[int]:
    """The end that each partition has now, once the lanes have read so far or do not get any further."""
    ends = list(await sources.topic_reader.committed_ends(topic, partitions))
    timer, consumed_before = sources.settle_timer(), -1
    while True:
        lanes = await _lanes(sources, topic)
        consumed = [lanes[number].consumed if number in lanes else 0 for number in range(partitions)]
        behind = {
            number: end - offset
            for number, (end, offset) in enumerate(zip(ends, consumed, strict=True))
            if end > offset
        }
        if sum(consumed) > consumed_before:
            consumed_before = sum(consumed)
            timer.progress()
        if not behind or not await timer.wait():
            break
    for number, count in behind.items():
        explanation = f"{count} are behind the lane's offset"
        verdict.report(FindingKind.COMMANDS_WAITING, f"{topic}/{number}", explanation, count=count)
    return ends


class _Comparison:
    def __init__(self, sources: Sources, context: str, topic: str, verdict: Verdict) -> None:
        self._sources = sources
        self._context = context
        self._topic = topic
        self._verdict = verdict
        self._unhandled: dict[RecordPosition, _Unhandled] = {}

    async def add(self, records: list[InboundRecord]) -> None:
        """Keep those of these records that have no outcome."""
        # All of one id: that a stranger's command was refused says nothing of the rightful sender's under the same id.
        records_of: dict[StreamCommand, list[InboundRecord]] = {}
        for record in records:
            try:
                envelope = read_command(record.headers, record.key)
                records_of.setdefault(StreamCommand(envelope.subject, envelope.id), []).append(record)
            except MalformedMessage:
                self._unhandled[_position(record)] = _Unhandled(None, _content(record))
        without_own = [
            (record, _Command(command, StreamCommand(command.stream_id, refusal_id(command.command_id, record))))
            for command in await self._of_table(list(records_of))
            for record in records_of[command]
        ]
        not_refused = await self._of_table([command.refusal for _, command in without_own])
        for record, command in without_own:
            if command.refusal in not_refused:
                self._unhandled[_position(record)] = _Unhandled(command, _content(record))
        self._verdict.compared(f"commands in {self._topic} compared with the outcomes", len(records))
        if len(self._unhandled) >= MAX_UNHANDLED:
            await self.conclude()

    async def _forget_handled(self) -> None:
        """Forget the commands that have an outcome by now, or one of a refusal."""
        commands = {record.command for record in self._unhandled.values() if record.command is not None}
        open_ = await self._of_table([command.command for command in commands])
        not_refused = await self._of_table([command.refusal for command in commands])
        self._unhandled = {
            position: record
            for position, record in self._unhandled.items()
            if record.command is None or (record.command.command in open_ and record.command.refusal in not_refused)
        }

    async def _of_table(self, commands: list[StreamCommand]) -> Collection[StreamCommand]:
        """Those of which the table has no outcome."""
        return commands and await self._sources.table.commands_without_outcome(self._context, commands)

    async def conclude(self) -> None:
        """Report what has no outcome and no dead letter, also after a while: it was never handled."""
        timer = self._sources.settle_timer()
        while self._unhandled:
            await self._forget_dead_letters()
            await self._forget_handled()
            if not self._unhandled or not await timer.wait():
                break
        for position, (command, _) in self._unhandled.items():
            what = "a record that is no command" if command is None else f"command {command.command.command_id}"
            explanation = f"{what} was passed over: it has no outcome and no dead letter"
            self._verdict.report(FindingKind.COMMAND_NOT_HANDLED, str(position), explanation)
        self._unhandled.clear()

    async def _forget_dead_letters(self) -> None:
        """A letter is about a record by position and content: the topic may have been created again since."""
        topic = self._sources.topics.dead_letters(self._topic)
        async for records in self._sources.topic_reader.records(topic, 0, 0):
            for record in records:
                try:
                    letter = letter_of(record)
                except NotALetter:
                    continue
                unhandled = self._unhandled.get(letter.position)
                if unhandled is not None and unhandled.content == _content(letter.original):
                    del self._unhandled[letter.position]
            if not self._unhandled:
                return


def _position(record: InboundRecord) -> RecordPosition:
    return RecordPosition(record.topic, record.partition, record.offset)


def _content(record: InboundRecord) -> int:
    """What a dead letter keeps of a record, in few bytes."""
    headers = tuple((printable_name(name), value) for name, value in record.headers)
    return hash((record.key, record.value, headers))

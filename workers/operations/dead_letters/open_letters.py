"""How many dead letters wait for an operator, and since when: for gauges that are refreshed again and again.

Each refresh reads on from where the last one stopped, and what operators did since. It keeps each open letter in
memory, up to a bound.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import NamedTuple

from contracts.topics import Topics
from workers.operations.dead_letters.choosing import state_after
from workers.operations.dead_letters.letter import NotALetter, letter_of
from workers.operations.dead_letters.reading import PARTITION
from workers.ports.dead_letters import DeadLetterTable, DeadLetterTopics
from workers.ports.interventions import Interventions
from workers.ports.log import InboundRecord

# Some 200 bytes each. With more open letters than this, how many more no longer matters.
MAX_OPEN_LETTERS = 100_000
ACTIONS_AT_A_TIME = 5000
# The numbers of interventions are given before they are committed: this many are read again for late ones.
LATE_NUMBERS = 200


class OpenGroup(NamedTuple):
    """The open letters of one topic and reason. The age is by the database's clock."""

    open_count: int
    oldest_at: datetime
    oldest_age_seconds: float


class OpenLetter(NamedTuple):
    """What is kept of an open letter. `topic` is the original's."""

    topic: str
    reason: str
    time: datetime


class RecordMark(NamedTuple):
    """The last record that was read: at its offset must still be one with its timestamp, or the topic has changed."""

    offset: int
    timestamp: int

    @classmethod
    def of(cls, record: InboundRecord) -> "RecordMark":
        return cls(record.offset, record.timestamp)


class OpenLetters:
    """Counts the open letters of these topics of commands."""

    def __init__(
        self, log: DeadLetterTopics, table: DeadLetterTable, interventions: Interventions, topics: Sequence[str]
    ) -> None:
        self._log = log
        self._table = table
        self._interventions = interventions
        self._topics = topics
        self._marks: dict[str, RecordMark] = {}
        self._topic_ids: dict[str, str] = {}
        self._last_number = 0
        self._open: dict[str, OpenLetter] = {}

    @property
    def is_full(self) -> bool:
        """Whether there may be more open letters than are counted."""
        return len(self._open) >= MAX_OPEN_LETTERS

    async def refresh(self) -> Mapping[tuple[str, str], OpenGroup]:
        """The open letters now, by (topic of the originals, reason). Raises Unavailable; the next call then goes on."""
        await self._forget_settled()
        await self._forget_recreated_topics()
        for topic in self._topics:
            if not self.is_full:
                await self._read(topic)
        now = await self._table.now()
        groups: dict[tuple[str, str], OpenGroup] = {}
        for letter in self._open.values():
            group = groups.get((letter.topic, letter.reason))
            count = 1 if group is None else group.open_count + 1
            oldest_at = letter.time if group is None else min(group.oldest_at, letter.time)
            age_seconds = max(0.0, (now - oldest_at).total_seconds())
            groups[letter.topic, letter.reason] = OpenGroup(count, oldest_at, age_seconds)
        return groups

    async def _forget_settled(self) -> None:
        number = max(0, self._last_number - LATE_NUMBERS)
        while actions := await self._interventions.since(number, ACTIONS_AT_A_TIME):
            for action in actions:
                letter = self._open.get(action.target)
                if letter is not None and state_after(letter.time, [(action.action, action.at)]) != "open":
                    del self._open[action.target]
            number = self._last_number = actions[-1].id
            if len(actions) < ACTIONS_AT_A_TIME:
                return

    async def _forget_recreated_topics(self) -> None:
        """An offset means nothing in another topic of the same name, and the former letters are gone with the former
        topic.
        """
        names = {Topics.dead_letters(topic): topic for topic in self._topics}
        for name, topic_state in (await self._log.states(list(names))).items():
            topic = names[name]
            if self._topic_ids.setdefault(topic, topic_state.id) != topic_state.id:
                self._topic_ids[topic] = topic_state.id
                self._forget(topic)

    def _forget(self, topic: str) -> None:
        self._marks.pop(topic, None)
        self._open = {position: letter for position, letter in self._open.items() if letter.topic != topic}

    async def _read(self, topic: str) -> None:
        if not await self._read_on(topic):
            self._forget(topic)
            await self._read_on(topic)

    async def _read_on(self, topic: str) -> bool:
        """Read on from the last record that was read, which is read again. False when another record is at its offset,
        or none: then the topic has lost its end, and may have grown since.
        """
        mark = self._marks.get(topic)
        is_unchanged = mark is None
        start = 0 if mark is None else mark.offset
        async with aclosing(self._log.records(Topics.dead_letters(topic), PARTITION, start)) as batches:
            async for records in batches:
                if not is_unchanged and RecordMark.of(records[0]) != mark:
                    return False
                await self._add(records if is_unchanged else records[1:])
                is_unchanged = True
                self._marks[topic] = RecordMark.of(records[-1])
                if self.is_full:
                    return True
        return is_unchanged

    async def _add(self, records: Sequence[InboundRecord]) -> None:
        letters: dict[str, OpenLetter] = {}
        for record in records:
            try:
                letter = letter_of(record)
            except NotALetter:
                continue
            open_letter = OpenLetter(letter.position.topic, letter.reason, letter.time)
            letters.setdefault(str(letter.position), open_letter)
        actions: dict[str, list[tuple[str, datetime]]] = {}
        for action in await self._interventions.of(list(letters)):
            actions.setdefault(action.target, []).append((action.action, action.at))
        for position, open_letter in letters.items():
            # A letter that was written twice has the time of the first writing.
            if position not in self._open and state_after(open_letter.time, actions.get(position, ())) == "open":
                self._open[position] = open_letter

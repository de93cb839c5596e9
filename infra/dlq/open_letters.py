"""How many dead letters wait for an operator, and for how long: for gauges, asked again and again at little cost.

Reads on from where it stopped, and what operators did since. Holds each open letter, up to a bound.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import NamedTuple

from contracts.topics import DEAD_LETTERS_SUFFIX
from infra.dlq.reading import PARTITION
from infra.kafka.log_reader import LogReader
from infra.postgres.interventions import PostgresInterventions
from infra.postgres.pool import Database
from workers.dead_letters.choosing import state_after
from workers.dead_letters.letter import NotALetter, letter_of
from workers.ports.log import InboundRecord

# Some 200 bytes each. Whoever has more open letters than this knows without our counting on.
MAX_OPEN_LETTERS = 100_000
ACTIONS_AT_A_TIME = 5000
# Numbers are given before they are committed: one that was late is looked at again.
LATE_NUMBERS = 200


class OpenGroup(NamedTuple):
    """The open letters of one topic and reason."""

    open_count: int
    oldest_at: datetime
    oldest_age_seconds: float


class OpenLetters:
    """The open letters of these topics' dead letters (`topics` are the dead letters' topics themselves)."""

    def __init__(self, log: LogReader, database: Database, topics: Sequence[str]) -> None:
        self._log = log
        self._database = database
        self._interventions = PostgresInterventions(database)
        self._topics = topics
        # Offset and timestamp of the last record that was read: they tell whether the topic still is what it was.
        self._last: dict[str, tuple[int, int]] = {}
        self._ids: dict[str, str] = {}
        self._last_number = 0
        self._open: dict[str, tuple[str, str, datetime]] = {}

    @property
    def is_full(self) -> bool:
        """Whether there may be more open letters than are counted."""
        return len(self._open) >= MAX_OPEN_LETTERS

    async def refresh(self) -> Mapping[tuple[str, str], OpenGroup]:
        """The open letters now, by (topic of the originals, reason). Raises Unavailable; then the next call goes on."""
        await self._forget_the_settled()
        await self._begin_anew_where_topics_were_made_anew()
        for topic in self._topics:
            if not self.is_full:
                await self._read_on(topic)
        now = await self._database.now()
        groups: dict[tuple[str, str], OpenGroup] = {}
        for topic, reason, time in self._open.values():
            group = groups.get((topic, reason))
            oldest = time if group is None else min(group.oldest_at, time)
            age = max(0.0, (now - oldest).total_seconds())
            groups[topic, reason] = OpenGroup(1 if group is None else group.open_count + 1, oldest, age)
        return groups

    async def _forget_the_settled(self) -> None:
        after = max(0, self._last_number - LATE_NUMBERS)
        while actions := await self._interventions.since(after, ACTIONS_AT_A_TIME):
            for action in actions:
                told = self._open.get(action.target)
                if told is not None and state_after(told[2], [(action.action, action.at)]) != "open":
                    del self._open[action.target]
            after = self._last_number = actions[-1].id
            if len(actions) < ACTIONS_AT_A_TIME:
                return

    async def _begin_anew_where_topics_were_made_anew(self) -> None:
        """An offset says nothing of another topic of this name, which does not have the former letters either."""
        for topic, state in (await self._log.states(self._topics)).items():
            if self._ids.setdefault(topic, state.id) != state.id:
                self._ids[topic] = state.id
                self._forget(topic)

    def _forget(self, topic: str) -> None:
        self._last.pop(topic, None)
        originals = topic.removesuffix(DEAD_LETTERS_SUFFIX)
        self._open = {place: told for place, told in self._open.items() if told[0] != originals}

    async def _read_on(self, topic: str) -> None:
        if not await self._goes_on(topic):
            self._forget(topic)
            await self._goes_on(topic)

    async def _goes_on(self, topic: str) -> bool:
        """Read on, from the last record that was read. False when another one stands there, or none: the topic has lost
        its end, and perhaps grown since.
        """
        last = self._last.get(topic)
        is_as_it_was = last is None
        async with aclosing(self._log.records(topic, PARTITION, 0 if last is None else last[0])) as batches:
            async for records in batches:
                if not is_as_it_was and _mark(records[0]) != last:
                    return False
                await self._take(records if is_as_it_was else records[1:])
                is_as_it_was = True
                self._last[topic] = _mark(records[-1])
                if self.is_full:
                    return True
        return is_as_it_was

    async def _take(self, records: Sequence[InboundRecord]) -> None:
        found: dict[str, tuple[str, str, datetime]] = {}
        for record in records:
            try:
                letter = letter_of(record)
            except NotALetter:
                continue
            found.setdefault(str(letter.place), (letter.place.topic, letter.reason, letter.time))
        actions: dict[str, list[tuple[str, datetime]]] = {}
        for action in await self._interventions.of(list(found)):
            actions.setdefault(action.target, []).append((action.action, action.at))
        for place, told in found.items():
            # A letter that stands there twice has the time of the first.
            if place not in self._open and state_after(told[2], actions.get(place, ())) == "open":
                self._open[place] = told


def _mark(record: InboundRecord) -> tuple[int, int]:
    return record.offset, record.timestamp

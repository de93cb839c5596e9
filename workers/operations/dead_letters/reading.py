"""Dead letters as they are in Kafka, each once, with what operators did about them.

Reads from the first letter on, in batches; keeps one batch of the reader and 16 bytes for each letter in memory.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import NamedTuple

from contracts.topics import Topics
from workers.operations.dead_letters.choosing import LetterChoice, LetterFilters, LetterState, SeenLetters, state_after
from workers.operations.dead_letters.letter import Letter, NotALetter, RecordPosition, letter_of
from workers.ports.dead_letters import DeadLetterTopics
from workers.ports.interventions import Intervention, Interventions
from workers.ports.log import InboundRecord

# Workers write all dead letters of a topic to its first partition, in order.
PARTITION = 0


class NoSuchLetter(Exception):
    """Letters were named by ids that no dead letter has."""

    def __init__(self, positions: Sequence[RecordPosition]) -> None:
        ids = ", ".join(map(str, positions))
        super().__init__(f"no such dead letter: {ids}; `annals dlq list --state all` names them")
        self.positions = positions


class LetterStatus(NamedTuple):
    """A letter and the actions on it so far, oldest first."""

    letter: Letter
    actions: Sequence[Intervention]

    @property
    def state(self) -> LetterState:
        return state_after(self.letter.time, ((action.action, action.at) for action in self.actions))


class DeadLetters:
    """Reads the dead letters of these topics of commands. Methods raise Unavailable.

    `foreign_records` counts the records read so far that no worker has written.
    """

    def __init__(self, log: DeadLetterTopics, interventions: Interventions, topics: Collection[str]) -> None:
        self._log = log
        self._interventions = interventions
        self._topics = topics
        self.foreign_records = 0

    async def chosen(self, choice: LetterChoice) -> AsyncIterator[list[LetterStatus]]:
        """The letters to act on, in batches. Raises NoSuchLetter before the first batch if one that is named by its
        position is missing.
        """
        if choice.positions:
            yield await self._all_at(choice.positions)
            return
        for topic in choice.topics:
            async for batch in self.matching(topic, choice.filters, choice.state):
                yield batch

    async def matching(
        self, topic: str, filters: LetterFilters, state: LetterState | None
    ) -> AsyncIterator[list[LetterStatus]]:
        """The letters from `topic`, the originals' topic, that match, oldest first, in batches; `state` None: in any
        state. Ends with the last letter that is there when it begins.
        """
        seen = SeenLetters()
        async for records in self._log.records(Topics.dead_letters(topic), PARTITION, 0):
            letters = [letter for letter in self._letters(records) if seen.add(letter) and filters.match(letter)]
            statuses = [status for status in await self._statuses(letters) if state in (None, status.state)]
            if statuses:
                yield statuses

    async def at(self, topic: str, positions: Collection[RecordPosition]) -> dict[RecordPosition, LetterStatus]:
        """The letters whose originals were at these positions of `topic`; missing ones are left out.

        In a topic that was created again a position may have several letters: then the newest, as the originals of the
        others are gone.
        """
        wanted, letters = set(positions), dict[RecordPosition, Letter]()
        seen = SeenLetters()
        async for records in self._log.records(Topics.dead_letters(topic), PARTITION, 0):
            for letter in self._letters(records):
                if letter.position in wanted and seen.add(letter):
                    letters[letter.position] = letter
        return {status.letter.position: status for status in await self._statuses(list(letters.values()))}

    async def _all_at(self, positions: Sequence[RecordPosition]) -> list[LetterStatus]:
        statuses: dict[RecordPosition, LetterStatus] = {}
        for topic in dict.fromkeys(position.topic for position in positions):
            if topic in self._topics:
                statuses |= await self.at(topic, [position for position in positions if position.topic == topic])
        if missing := [position for position in positions if position not in statuses]:
            raise NoSuchLetter(missing)
        return [statuses[position] for position in positions]

    async def _statuses(self, letters: Sequence[Letter]) -> list[LetterStatus]:
        if not letters:
            return []
        actions: dict[str, list[Intervention]] = {}
        for action in await self._interventions.of([str(letter.position) for letter in letters]):
            actions.setdefault(action.target, []).append(action)
        return [LetterStatus(letter, actions.get(str(letter.position), [])) for letter in letters]

    def _letters(self, records: Sequence[InboundRecord]) -> list[Letter]:
        letters = []
        for record in records:
            try:
                letters.append(letter_of(record))
            except NotALetter:
                self.foreign_records += 1
        return letters

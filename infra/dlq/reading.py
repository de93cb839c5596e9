"""Dead letters as they stand in Kafka, each once, with what operators did to them.

Streams from the first letter on; holds one batch of the reader and 16 bytes for each letter seen.
"""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from infra.kafka.log_reader import LogReader
from workers.dead_letters.choosing import Filters, SeenLetters, State, state_after
from workers.dead_letters.letter import Letter, NotALetter, Place, letter_of
from workers.ports.interventions import Intervention, Interventions
from workers.ports.log import InboundRecord

# Workers write all dead letters of a topic to the first partition, in order.
PARTITION = 0


class Standing(NamedTuple):
    """A letter and what was done to it so far, oldest first."""

    letter: Letter
    actions: Sequence[Intervention]

    @property
    def state(self) -> State:
        return state_after(self.letter.time, ((action.action, action.at) for action in self.actions))


class DeadLetters:
    """A reader of dead letters. Methods raise Unavailable. `strangers` counts records that are no letters of ours."""

    def __init__(self, log: LogReader, interventions: Interventions) -> None:
        self._log = log
        self._interventions = interventions
        self.strangers = 0

    async def chosen(self, topic: str, filters: Filters, state: State | None) -> AsyncIterator[list[Standing]]:
        """Those of a topic's dead letters that are meant, oldest first, in batches; `state` None: whatever was done.

        Ends with the last letter that is there when it begins.
        """
        seen = SeenLetters()
        async for records in self._log.records(topic, PARTITION, 0):
            letters = [letter for letter in self._letters(records) if seen.add(letter) and filters.match(letter)]
            found = [each for each in await self._standing(letters) if state in (None, each.state)]
            if found:
                yield found

    async def at(self, topic: str, places: Sequence[Place]) -> dict[Place, Standing]:
        """The letters at these places; those that are not there are left out. Where a topic was made anew, a place may
        have several: then the newest, as the others' originals are gone.
        """
        wanted, found = set(places), dict[Place, Letter]()
        seen = SeenLetters()
        async for records in self._log.records(topic, PARTITION, 0):
            for letter in self._letters(records):
                if letter.place in wanted and seen.add(letter):
                    found[letter.place] = letter
        return {each.letter.place: each for each in await self._standing(list(found.values()))}

    async def _standing(self, letters: Sequence[Letter]) -> list[Standing]:
        if not letters:
            return []
        actions: dict[str, list[Intervention]] = {}
        for action in await self._interventions.of([str(letter.place) for letter in letters]):
            actions.setdefault(action.target, []).append(action)
        return [Standing(letter, actions.get(str(letter.place), [])) for letter in letters]

    def _letters(self, records: Sequence[InboundRecord]) -> list[Letter]:
        found = []
        for record in records:
            try:
                found.append(letter_of(record))
            except NotALetter:
                self.strangers += 1
        return found

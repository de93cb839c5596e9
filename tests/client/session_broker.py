"""A broker's side of fetch sessions, as KIP-227 says it, and what a consumer asks of it."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from contracts.client.fetch_rounds import WantedFetch
from contracts.client.fetch_sessions import LAST_EPOCH, NO_SESSION, OTHER_EPOCH, UNKNOWN_SESSION

MOST_BYTES = 1000
Wanted = Mapping[tuple[str, int], int]
PLACES = [("users.events", 0), ("users.events", 1), ("orders.events", 0)]


def fetch(wanted: Wanted) -> WantedFetch:
    positions = {place: (position, MOST_BYTES) for place, position in wanted.items()}
    return WantedFetch(500, 1, 10 * MOST_BYTES, 0, positions)


class Broker:
    """Keeps sessions as KIP-227 says: one for each id, with the number of the request that has to come next."""

    def __init__(self) -> None:
        self.has_room = True
        self.sessions: dict[int, tuple[int, dict[tuple[str, int], int]]] = {}
        self._last_id = NO_SESSION

    def answer(self, request: Any) -> tuple[Any, Wanted]:
        """The answer, and the positions from which it has been taken."""
        named = {
            (topic, partition): position
            for topic, partitions in request.topics
            for partition, _, position, _, _ in partitions
        }
        if request.session_epoch == 0:
            self.sessions.pop(request.session_id, None)
            assert not request.forgotten_topics_data
            if not self.has_room:
                return self._answer(named, 0, NO_SESSION), named
            self._last_id += 1
            self.sessions[self._last_id] = (1, named)
            return self._answer(named, 0, self._last_id), named
        if request.session_id not in self.sessions:
            return self._answer({}, UNKNOWN_SESSION, NO_SESSION), {}
        epoch, known = self.sessions[request.session_id]
        if request.session_epoch != epoch:
            return self._answer({}, OTHER_EPOCH, NO_SESSION), {}
        forgotten = {(topic, number) for topic, numbers in request.forgotten_topics_data for number in numbers}
        assert forgotten <= known.keys()
        assert all(known.get(place) != position for place, position in named.items()), "only what has changed is named"
        known = {place: position for place, position in (known | named).items() if place not in forgotten}
        self.sessions[request.session_id] = (1 if epoch == LAST_EPOCH else epoch + 1, known)
        return self._answer(known, 0, request.session_id), known

    @staticmethod
    def _answer(wanted: Wanted, error_code: int, session_id: int) -> Any:
        topics = [(topic, [(partition, 0, position, b"")]) for (topic, partition), position in wanted.items()]
        return SimpleNamespace(topics=topics, error_code=error_code, session_id=session_id, API_VERSION=11)


def places_of(answer: Any) -> set[tuple[str, int]]:
    return {(topic, partition[0]) for topic, partitions in answer.topics for partition in partitions}

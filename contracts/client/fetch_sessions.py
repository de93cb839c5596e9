"""Fetches that tell a broker only what has changed since the last one, and are answered likewise.

A consumer asks for all its partitions again and again, and mostly few of them have anything new. A broker of Kafka 1.1
or later keeps what it was asked for in a session (KIP-227): a request names the partitions with another position, and
those that are no longer wanted; the answer brings those with news. aiokafka 0.14 begins no session, though it knows the
format.

After whatever went wrong the next request names all partitions and begins another session in the place of the last.
Source of the format and the rules: https://kafka.apache.org/protocol#The_Messages_Fetch and KIP-227
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from aiokafka.errors import for_code
from aiokafka.protocol.fetch import FetchRequest

from contracts.client.fetch_rounds import Topics, Wanted, WantedFetch, by_topic

FIRST_VERSION = 7
"""Of the request: those before know no sessions."""
BEGINNING = 0
LAST_EPOCH = 2**31 - 1
NO_SESSION = 0
# The broker has forgotten the session (it keeps 1,000, those in use), or has another request for its last.
UNKNOWN_SESSION, OTHER_EPOCH = 70, 71


class Changes(NamedTuple):
    """What a request says: the session and the number of the request in it, and what is new about the partitions."""

    session_id: int
    epoch: int
    topics: Topics
    forgotten: Sequence[tuple[str, Sequence[int]]]


class FetchSession:
    """What one broker knows of the partitions that one consumer fetches from it."""

    def __init__(self) -> None:
        self._id = NO_SESSION
        self._epoch = BEGINNING
        self._known: Wanted = {}

    def changes(self, wanted: Wanted) -> Changes:
        """What to tell the broker that wants these; from now on it is what the broker knows."""
        before, self._known = self._known, wanted
        if self._epoch == BEGINNING:
            return Changes(self._id, BEGINNING, by_topic(wanted), ())
        changed = by_topic({place: at for place, at in wanted.items() if before.get(place) != at})
        forgotten: dict[str, list[int]] = {}
        for topic, partition in before.keys() - wanted.keys():
            forgotten.setdefault(topic, []).append(partition)
        return Changes(self._id, self._epoch, changed, list(forgotten.items()))

    def begin_again(self) -> None:
        """Nobody knows whether the broker has got the last request. The next one ends the session, and begins one."""
        self._epoch = BEGINNING

    def wanted_of(self, answer: Any) -> Any:
        """The answer to the last request, without partitions that it did not want. Raises KafkaError for an error of
        the broker other than those that end a session.
        """
        if answer.API_VERSION < FIRST_VERSION:
            return answer
        if answer.error_code:
            self.begin_again()
            if answer.error_code == UNKNOWN_SESSION:
                self._id = NO_SESSION
            elif answer.error_code != OTHER_EPOCH:
                raise for_code(answer.error_code)()
        elif answer.session_id == NO_SESSION:  # the broker has no room for another session
            self._id = NO_SESSION
            self.begin_again()
        else:
            self._id = answer.session_id
            self._epoch = 1 if self._epoch == LAST_EPOCH else self._epoch + 1
        topics = [
            (topic, [partition for partition in partitions if (topic, partition[0]) in self._known])
            for topic, partitions in answer.topics
        ]
        return SimpleNamespace(topics=topics, API_VERSION=answer.API_VERSION)


class SessionFetch(WantedFetch):
    """A fetch in a session; of a broker that knows none, the fetch as it is."""

    def __init__(self, fetch: WantedFetch, session: FetchSession) -> None:
        self.__dict__.update(vars(fetch))
        self._session = session

    def build(self, version: Any) -> Any:
        """As that of the fetch. The order does not matter: the broker keeps one of its own."""
        if version.API_VERSION < FIRST_VERSION:
            return super().build(version)
        session_id, epoch, topics, forgotten = self._session.changes(self.wanted)
        limits = (self._max_wait_ms, self._min_bytes, self._max_bytes)
        request = FetchRequest(*limits, self._isolation_level, topics, rack_id=self._rack_id).build(version)
        request.session_id, request.session_epoch, request.forgotten_topics_data = session_id, epoch, forgotten
        return request
